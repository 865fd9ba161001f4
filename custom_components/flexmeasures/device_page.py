"""What the page of a device, a feed or a meter says: what it is, and where on the server."""

from collections.abc import Callable, Mapping
from typing import Final, TypedDict

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .account import FlexMeasuresConfigEntry
from .api.models import Catalogue
from .const import (
    CONF_COMMODITY,
    CONF_CONSUMPTION_SENSOR,
    CONF_POWER_SENSOR,
    CONF_SENSOR,
    DOMAIN,
    SUBENTRY_DEVICE,
    SUBENTRY_FEED,
)
from .texts import async_text

_MODELS: Final[Mapping[str, str]] = {
    "battery": "model_battery",
    "building": "model_building",
    "heat-storage": "model_heat_storage",
    "household": "model_building",
    "one-way_evse": "model_car",
    "process": "model_process",
    "solar": "model_solar",
    "two-way_evse": "model_car",
    "wind": "model_wind",
}
"""The texts for the types of assets that each server has."""


class _ServerSide(TypedDict, total=False):
    """What is known from the server."""

    model: str
    configuration_url: str


@callback
def async_device_info(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, subentry: ConfigSubentry
) -> DeviceInfo:
    """Return what is known of a device, a feed or a meter by now."""
    is_thing = subentry.subentry_type == SUBENTRY_DEVICE
    # A TypedDict or a dataclass, by Home Assistant's version, with parts of it unpacked.
    make: Callable[..., DeviceInfo] = DeviceInfo
    return make(
        identifiers={(DOMAIN, subentry.subentry_id)},
        name=subentry.title,
        # Whoever has made a battery, it was not FlexMeasures.
        manufacturer=None if is_thing else "FlexMeasures",
        entry_type=None if is_thing else DeviceEntryType.SERVICE,
        **_server_side(hass, entry, subentry, entry.runtime_data.catalogue.known),
    )


@callback
def async_follow_catalogue(hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
    """Keep the pages of an account up to date with what its server says."""
    catalogue = entry.runtime_data.catalogue

    @callback
    def update() -> None:
        registry = dr.async_get(hass)
        for subentry in entry.subentries.values():
            device = registry.async_get_device_by_identifier(
                (DOMAIN, subentry.subentry_id), entry.entry_id
            )
            if device:
                registry.async_update_device(
                    device.id, **_server_side(hass, entry, subentry, catalogue.known)
                )

    catalogue.async_on_read(update)


def _server_side(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    subentry: ConfigSubentry,
    catalogue: Catalogue | None,
) -> _ServerSide:
    """Return what is known; what is not leaves the page as it is."""
    host, settings = entry.data[CONF_HOST], subentry.data
    if subentry.subentry_type == SUBENTRY_DEVICE:
        return _asset(hass, host, settings[CONF_POWER_SENSOR], catalogue)
    if subentry.subentry_type == SUBENTRY_FEED:
        return _fed_sensor(hass, host, settings[CONF_SENSOR], catalogue)
    return _ServerSide(
        model=async_text(hass, f"model_{settings[CONF_COMMODITY]}"),
        configuration_url=f"{host}/sensors/{settings[CONF_CONSUMPTION_SENSOR]}",
    )


def _asset(
    hass: HomeAssistant, host: str, power_sensor: int, catalogue: Catalogue | None
) -> _ServerSide:
    asset = catalogue.asset_of(power_sensor) if catalogue else None
    if asset is None:
        return _ServerSide()
    # A server can have types of its own.
    key = _MODELS.get(asset.type)
    return _ServerSide(
        model=async_text(hass, key) if key else asset.type,
        configuration_url=f"{host}/assets/{asset.id}",
    )


def _fed_sensor(
    hass: HomeAssistant, host: str, sensor_id: int, catalogue: Catalogue | None
) -> _ServerSide:
    found = _ServerSide(configuration_url=f"{host}/sensors/{sensor_id}")
    if catalogue and (sensor := catalogue.sensors.get(sensor_id)):
        asset = catalogue.assets.get(sensor.asset_id)
        name = f"{asset.name}: {sensor.name}" if asset else sensor.name
        found["model"] = async_text(hass, "model_feed", sensor=name)
    return found
