"""The FlexMeasures integration: schedules for flexible devices."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .account import async_account_api
from .const import CONF_POWER_SENSOR, DOMAIN, SUBENTRY_DEVICE
from .coordinator import (
    FlexMeasuresConfigEntry,
    FlexMeasuresData,
    ScheduleCoordinator,
    async_first_refreshes,
)
from .services import async_setup_services
from .store import AccountStore

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> bool:
    """Set up an account and its devices."""
    api = async_account_api(hass, entry.data)
    store = AccountStore(hass, entry.entry_id)
    devices = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    await store.async_restore(device.data[CONF_POWER_SENSOR] for device in devices)
    entry.runtime_data = FlexMeasuresData(
        api=api,
        coordinators={
            device.subentry_id: ScheduleCoordinator(hass, entry, device, api, store)
            for device in devices
        },
    )
    await async_first_refreshes(entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    for coordinator in entry.runtime_data.coordinators.values():
        coordinator.async_follow()
    entry.async_on_unload(store.async_close)
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> bool:
    """Unload an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Forget what was remembered of the account's devices."""
    await AccountStore(hass, entry.entry_id).async_remove()


async def _async_reload(hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
    """Take over changed settings, and devices that were added or removed."""
    await hass.config_entries.async_reload(entry.entry_id)
