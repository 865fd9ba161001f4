"""How the servers do, for *Settings > System > Repairs > System information*."""

from typing import Any

from homeassistant.components.system_health import (
    SystemHealthRegistration,
    async_check_can_reach_url,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .account import FlexMeasuresConfigEntry
from .const import DOMAIN


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Say who knows it."""
    register.async_register_info(
        async_system_health_info, f"/config/integrations/integration/{DOMAIN}"
    )


async def async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what there is to say of each server; of several, with their addresses.

    Not by accounts: their names are e-mail addresses, and this is made to be shown.
    """
    servers: dict[str, list[FlexMeasuresConfigEntry]] = {}
    for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False):
        servers.setdefault(entry.data[CONF_HOST], []).append(entry)
    infos = {host: _info(hass, host, entries) for host, entries in servers.items()}
    if len(infos) == 1:
        return next(iter(infos.values()))
    texts = async_get_cached_translations(
        hass, hass.config.language, "system_health", DOMAIN
    )
    return {
        f"{texts[f'component.{DOMAIN}.system_health.info.{key}']} ({host})": value
        for host, info in infos.items()
        for key, value in info.items()
    }


@callback
def _info(
    hass: HomeAssistant, host: str, entries: list[FlexMeasuresConfigEntry]
) -> dict[str, Any]:
    loaded = [
        entry.runtime_data
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
    ]
    devices = [device for data in loaded for device in data.coordinators.values()]
    versions = [data.server_version for data in loaded]
    schedules = [device.memory.last_schedule for device in devices]
    return {
        "can_reach_server": async_check_can_reach_url(hass, f"{host}/api/"),
        "server_version": next(filter(None, versions), None),
        "devices": len(devices),
        "last_schedule": max(filter(None, schedules), default=None),
    }
