"""What the server already says of a device, as values of its form and for people."""

from collections.abc import Callable
import re
from typing import Any

from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    DOMAIN,
)
from ...device.settings import STATE_OF_CHARGE
from ...plan.energy_units import from_kwh, quantity_in_kwh
from ...plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE

FLEX_FIELDS = {
    CONF_CONSUMPTION_PRICE_SENSOR: CONSUMPTION_PRICE,
    CONF_PRODUCTION_PRICE_SENSOR: PRODUCTION_PRICE,
    CONF_SOC_SENSOR: STATE_OF_CHARGE,
    CONF_SOC_MIN: "soc-min",
    CONF_SOC_MAX: "soc-max",
}
"""Where the server keeps what a setting says."""

PRICES = (CONF_CONSUMPTION_PRICE_SENSOR, CONF_PRODUCTION_PRICE_SENSOR)

# What an owner understands, in the order in which it is told, with the keys of its texts.
_NAMES = {
    "soc-min": "soc_min",
    "soc-max": "soc_max",
    STATE_OF_CHARGE: "state_of_charge",
    "power-capacity": "power_capacity",
    "consumption-capacity": "consumption_capacity",
    "production-capacity": "production_capacity",
    "roundtrip-efficiency": "roundtrip_efficiency",
    CONSUMPTION_PRICE: "consumption_price",
    PRODUCTION_PRICE: "production_price",
    "site-power-capacity": "site_power_capacity",
}

_ENERGY_UNIT = re.compile(r"[kM]?Wh")


class ServerSettings:
    """The flex-model of an asset, and the flex-context of it and its parents."""

    def __init__(self, catalogue: Catalogue, sensor: Sensor) -> None:
        """Read what the server says of the device with this power sensor."""
        self._catalogue = catalogue
        self._flex_model = catalogue.flex_model(sensor)
        self._known = {**catalogue.flex_context(sensor), **self._flex_model}

    @property
    def soc_unit(self) -> str:
        """The unit that the asset's own limits are written in; else kWh."""
        for field in ("soc-max", "soc-min"):
            quantity = str(self._flex_model.get(field))
            if quantity_in_kwh(quantity) is not None and (
                match := _ENERGY_UNIT.search(quantity)
            ):
                return match[0]
        return UnitOfEnergy.KILO_WATT_HOUR

    def values(self, soc_unit: str, capacity: float | None) -> dict[str, Any]:
        """Return ids of sensors, and limits in `soc_unit` as far as they can be told in it.

        `capacity` is in kWh, and needed for %.
        """
        readers: dict[str, Callable[[Any], Any]] = dict.fromkeys(
            FLEX_FIELDS, _sensor_reference
        )
        readers |= dict.fromkeys(
            (CONF_SOC_MIN, CONF_SOC_MAX),
            lambda quantity: _energy(quantity, soc_unit, capacity),
        )
        values = {
            key: readers[key](self._known.get(field))
            for key, field in FLEX_FIELDS.items()
        }
        return {key: value for key, value in values.items() if value is not None}

    async def async_described(self, hass: HomeAssistant) -> str:
        """Return what an owner understands of it as a sentence, in Home Assistant's language."""
        texts = await async_get_translations(
            hass, hass.config.language, "common", {DOMAIN}
        )

        def text(key: str) -> str:
            return texts[f"component.{DOMAIN}.common.{key}"]

        known = ", ".join(
            text(key) + self._described(self._known[field])
            for field, key in _NAMES.items()
            if field in self._known
        )
        if not known:
            return text("server_knows_nothing")
        return text("server_knows").format(settings=known)

    def _described(self, value: Any) -> str:
        """Return how a value follows the name of its field; nothing if it is no simple one."""
        if (sensor_id := _sensor_reference(value)) is not None:
            sensor = self._catalogue.sensors.get(sensor_id)
            return f" ({sensor.name})" if sensor else ""
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return f" {value}"
        return ""


def _sensor_reference(value: Any) -> int | None:
    """Return the sensor that a flex-model or flex-context field refers to."""
    match value:
        case {"sensor": int(sensor_id)}:
            return sensor_id
    return None


def _energy(quantity: Any, unit: str, capacity: float | None) -> float | None:
    """Return a quantity like ``10 kWh`` in another unit; None for anything else."""
    if (kwh := quantity_in_kwh(quantity)) is None:
        return None
    amount = from_kwh(kwh, unit, capacity)
    return None if amount is None else round(amount, 9)
