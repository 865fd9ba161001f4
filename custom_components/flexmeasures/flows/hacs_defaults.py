"""What flexmeasures_hacs, which came before this integration, leaves behind as defaults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME, UnitOfEnergy
from homeassistant.core import HomeAssistant, callback

from ..api.address import ServerAddress
from ..api.durations import parse_duration
from ..api.models import Catalogue, Sensor
from ..const import (
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_RM_DISCHARGE_SENSOR,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    DOMAIN,
)
from ..plan.horizon import longest_plan
from .device.fields import ENERGY_UNITS, currencies, power_sensors
from .device.server_settings import PRICES, ServerSettings
from .device.settings_form import SENSOR_UNITS

FORMER_DOMAIN = "flexmeasures_hacs"

# Names of sensors there; the later ones are of its section for S2.
_FORMER_KEYS = {
    CONF_CONSUMPTION_PRICE_SENSOR: ("consumption_price_sensor",),
    CONF_PRODUCTION_PRICE_SENSOR: ("production_price_sensor",),
    CONF_SOC_SENSOR: ("soc_sensor", "state_of_charge_sensor_id"),
    CONF_RM_DISCHARGE_SENSOR: ("rm_discharge_sensor_id",),
}


@dataclass(frozen=True, slots=True)
class _FormerEntry:
    """A config entry of flexmeasures_hacs: one login and one device."""

    account: Mapping[str, str]
    """Host and user as this integration keeps them; the password stays there."""
    settings: Mapping[str, Any]


@callback
def async_former_account(hass: HomeAssistant) -> Mapping[str, str] | None:
    """Return host and user of the first former entry whose account is not set up here."""
    present = [
        _login(entry.data) for entry in hass.config_entries.async_entries(DOMAIN)
    ]
    for former in _former_entries(hass):
        if former.account not in present:
            return former.account
    return None


@callback
def async_former_devices(
    hass: HomeAssistant,
    account: Mapping[str, Any],
    catalogue: Catalogue,
    taken: Collection[int],
) -> dict[int, dict[str, Any]]:
    """Return settings of the former devices of this account by power sensor, but for `taken`.

    They are those of a device subentry, as far as they make sense for what the
    account has on its server.
    """
    sensors = {sensor.id: sensor for sensor in power_sensors(catalogue, taken)}
    return {
        sensor.id: {
            CONF_POWER_SENSOR: sensor.id,
            **_sensors(former.settings, catalogue, sensor),
            **_limits(former.settings),
            **_schedule_duration(former.settings, sensor),
        }
        for former in _former_entries(hass)
        if former.account == _login(account)
        and (sensor := sensors.get(former.settings.get(CONF_POWER_SENSOR, 0)))
    }


def _former_entries(hass: HomeAssistant) -> list[_FormerEntry]:
    """Read all former entries that have an address that can be used."""
    found: list[_FormerEntry] = []
    for entry in hass.config_entries.async_entries(FORMER_DOMAIN, include_ignore=False):
        values = _values(entry)
        try:
            address = ServerAddress.parse(values["url"])
        except ValueError:
            continue
        account = {CONF_HOST: str(address), CONF_USERNAME: values["username"].strip()}
        found.append(_FormerEntry(account, values))
    return found


def _values(entry: ConfigEntry) -> dict[str, Any]:
    """Return all that was entered but for the password, without a section; options win."""
    values = {"url": "", "username": "", **entry.data, **entry.options}
    values.pop(CONF_PASSWORD, None)
    return {**values, **values.get("s2", {})}


def _login(account: Mapping[str, Any]) -> dict[str, str]:
    """Return host and user of an account."""
    return {key: account[key] for key in (CONF_HOST, CONF_USERNAME)}


def _sensors(
    former: Mapping[str, Any], catalogue: Catalogue, power_sensor: Sensor
) -> dict[str, int]:
    """Return the sensors that exist, have the right unit, and prices of one currency."""
    found: dict[str, int] = {}
    for key, names in _FORMER_KEYS.items():
        for name in names:
            sensor = catalogue.sensors.get(former.get(name, 0))
            if sensor is not None and SENSOR_UNITS[key].fullmatch(sensor.unit):
                found.setdefault(key, sensor.id)
    stored = ServerSettings(catalogue, power_sensor).values(
        UnitOfEnergy.KILO_WATT_HOUR, None
    )
    prices = [{**stored, **found}.get(key, 0) for key in PRICES]
    if len(currencies(catalogue.sensors.get(price) for price in prices)) > 1:
        return {key: found[key] for key in found if key not in PRICES}
    return found


def _limits(former: Mapping[str, Any]) -> dict[str, Any]:
    """Return the unit, and limits that leave room between them: its own defaults do not."""
    unit = former.get("soc_unit")
    if unit not in ENERGY_UNITS:
        return {}
    match former.get("soc_min"), former.get("soc_max"):
        case (int() | float() as low, int() | float() as high) if 0 <= low < high:
            return {CONF_SOC_UNIT: unit, CONF_SOC_MIN: low, CONF_SOC_MAX: high}
    return {CONF_SOC_UNIT: unit}


def _schedule_duration(
    former: Mapping[str, Any], power_sensor: Sensor
) -> dict[str, float]:
    """Return how far to plan, in seconds."""
    try:
        duration = parse_duration(former.get("schedule_duration", ""))
    except ValueError:
        return {}
    if duration < power_sensor.resolution or not duration:
        return {}
    if duration > longest_plan(power_sensor.slot_length):
        return {}
    return {CONF_SCHEDULE_DURATION: duration.total_seconds()}
