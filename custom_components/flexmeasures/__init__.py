"""The FlexMeasures integration: schedules for flexible devices."""

import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .account import Account, FlexMeasuresConfigEntry
from .account_feeds import AccountFeeds
from .account_meters import AccountMeters
from .cem.server.view import async_setup_view
from .const import DOMAIN
from .device.entity_references import async_follow_renames
from .device.store import AccountStore
from .device_page import async_follow_catalogue
from .devices import AccountDevices, stored_parts
from .flows.yaml_import.importer import async_setup_yaml
from .frontend.setup import async_setup_frontend
from .issues.registry import async_forget_removed
from .services import async_setup_services

# What is wrong with a key becomes a repair issue, and the rest holds.
CONFIG_SCHEMA = vol.Schema(
    {DOMAIN: vol.All(cv.ensure_list, [object])}, extra=vol.ALLOW_EXTRA
)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SWITCH,
]
# Written last: who follows the setpoint, or a target, finds everything else up to date.
LAST_PLATFORMS = [Platform.DATETIME, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, the card, and what ``configuration.yaml`` says."""
    async_setup_services(hass)
    async_setup_view(hass)
    await async_setup_frontend(hass)
    async_setup_yaml(hass, config.get(DOMAIN, ()))
    async_follow_renames(hass)
    async_forget_removed(hass)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> bool:
    """Set up an account with its devices, feeds and meters."""
    store = AccountStore(hass, entry.entry_id)
    await store.async_restore(stored_parts(entry))
    # What is registered first is called last: until then others may still write.
    entry.async_on_unload(store.async_close)
    entry.runtime_data = Account.async_create(hass, entry, store)
    async_follow_catalogue(hass, entry)
    feeds = AccountFeeds(hass, entry, entry.runtime_data.feeds)
    meters = AccountMeters(hass, entry, entry.runtime_data.meters)
    devices = AccountDevices(hass, entry, (feeds.async_follow, meters.async_follow))
    # One that is made during this set-up is followed after it.
    devices.async_follow_changes()
    try:
        await devices.async_read_first()
    except HomeAssistantError:
        # After a power cut, what follows still does what it was told before.
        await entry.runtime_data.async_rest()
        raise
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await hass.config_entries.async_forward_entry_setups(entry, LAST_PLATFORMS)
    devices.async_start()
    feeds.async_start()
    meters.async_start()
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> bool:
    """Unload an account."""
    await entry.runtime_data.async_rest()
    return await hass.config_entries.async_unload_platforms(
        entry, [*PLATFORMS, *LAST_PLATFORMS]
    )


async def async_remove_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Forget what was remembered of the account's devices."""
    await AccountStore(hass, entry.entry_id).async_remove()
