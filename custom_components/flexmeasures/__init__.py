"""The FlexMeasures integration: schedules for flexible devices."""

import asyncio

import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .account import Account, FlexMeasuresConfigEntry
from .cem.access.view import async_setup_view
from .const import CONF_POWER_SENSOR, DOMAIN, SUBENTRY_DEVICE
from .device.entity_references import async_follow_renames
from .device.store import AccountStore
from .entity import async_remove_resource_entities
from .flows.yaml_import.importer import async_setup_yaml
from .issues.registry import async_forget_removed
from .issues.server import ServerVersion
from .issues.watcher import DeviceIssues
from .services import async_setup_services

# What is wrong with a key becomes a repair issue, and the rest holds.
CONFIG_SCHEMA = vol.Schema(
    {DOMAIN: vol.All(cv.ensure_list, [object])}, extra=vol.ALLOW_EXTRA
)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.DATETIME,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SWITCH,
]
# Written last: who follows the setpoint finds everything else up to date.
LAST_PLATFORMS = [Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, and what ``configuration.yaml`` says."""
    async_setup_services(hass)
    async_setup_view(hass)
    async_setup_yaml(hass, config.get(DOMAIN, ()))
    async_follow_renames(hass)
    async_forget_removed(hass)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> bool:
    """Set up an account and its devices."""
    store = AccountStore(hass, entry.entry_id)
    devices = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    await store.async_restore(device.data[CONF_POWER_SENSOR] for device in devices)
    # What is registered first is called last: until then others may still write. And a
    # change that is made meanwhile is one of this set-up's.
    entry.async_on_unload(store.async_close)
    entry.async_on_unload(entry.add_update_listener(_async_apply_changes))
    account = Account.async_create(hass, entry, store)
    entry.runtime_data = account
    issues = [
        DeviceIssues(hass, coordinator, account.resources.get(subentry_id))
        for subentry_id, coordinator in account.coordinators.items()
    ]
    await _async_read_first(hass, entry, issues)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await hass.config_entries.async_forward_entry_setups(entry, LAST_PLATFORMS)
    account.async_start(hass)
    for device_issues in issues:
        device_issues.async_start()
    async_remove_resource_entities(hass, entry)
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> bool:
    """Unload an account."""
    return await hass.config_entries.async_unload_platforms(
        entry, [*PLATFORMS, *LAST_PLATFORMS]
    )


async def async_remove_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Forget what was remembered of the account's devices."""
    await AccountStore(hass, entry.entry_id).async_remove()


async def _async_read_first(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, issues: list[DeviceIssues]
) -> None:
    """Read the plans and the server's version; raise ConfigEntryNotReady or -AuthFailed."""
    version = ServerVersion(hass, entry)
    try:
        await entry.runtime_data.async_read_first()
    finally:
        # Before set-up fails: a sensor that is gone may be why.
        for device_issues in issues:
            device_issues.async_report()
        # Says it better than any other failure does.
        version.async_raise_if_too_old()


async def _async_apply_changes(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Follow changed settings, and devices that were added or removed."""
    account = entry.runtime_data
    # However many changes come at once, one reload is for all of them.
    if not account.is_replaced and not account.async_take_switches(entry):
        account.is_replaced = True
        # Others that are made in the same go come first.
        await asyncio.sleep(0)
        if hass.config_entries.async_get_entry(entry.entry_id):
            await hass.config_entries.async_reload(entry.entry_id)
