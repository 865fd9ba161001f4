"""What the server already says of a device, as values of its form and for people."""

from collections.abc import Callable
import re
from typing import Any, Final

from homeassistant.const import UnitOfEnergy

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
)
from ...device.settings import STATE_OF_CHARGE
from ...plan.energy_units import from_kwh, power_in_kw, quantity_in_kwh
from ...plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE
from ..wording import Wording

FLEX_FIELDS = {
    CONF_CONSUMPTION_PRICE_SENSOR: CONSUMPTION_PRICE,
    CONF_PRODUCTION_PRICE_SENSOR: PRODUCTION_PRICE,
    CONF_SOC_SENSOR: STATE_OF_CHARGE,
    CONF_SOC_MIN: "soc-min",
    CONF_SOC_MAX: "soc-max",
}
"""Where the server keeps what a setting says."""

PRICES = (CONF_CONSUMPTION_PRICE_SENSOR, CONF_PRODUCTION_PRICE_SENSOR)

# What an owner understands, in the order in which it is told; with the key of a text
# where the value alone would not say what it is.
_NAMES: Final = {
    "soc-max": None,
    "power-capacity": None,
    "consumption-capacity": "consumption_capacity",
    "production-capacity": "production_capacity",
    "roundtrip-efficiency": "roundtrip_efficiency",
    CONSUMPTION_PRICE: None,
    PRODUCTION_PRICE: None,
    "site-power-capacity": "site_power_capacity",
}

# What is said of a capacity of nothing.
_NOTHING: Final = {
    "consumption-capacity": "gives_only",
    "production-capacity": "takes_only",
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
    def soc_unit(self) -> str | None:
        """The unit that the asset's own limits are written in; None without limits."""
        for field in ("soc-max", "soc-min"):
            quantity = str(self._flex_model.get(field))
            if quantity_in_kwh(quantity) is not None and (
                match := _ENERGY_UNIT.search(quantity)
            ):
                return match[0]
        return None

    @property
    def full_kwh(self) -> float | None:
        """How much the device holds as far as the server says, in kWh."""
        return self.values(UnitOfEnergy.KILO_WATT_HOUR, None).get(CONF_SOC_MAX)

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

    def described(self, wording: Wording) -> str:
        """Return what an owner understands of it, as a sentence."""
        known: list[str] = []
        for field, key in _NAMES.items():
            value = self.value(field, wording)
            if field in _NOTHING and power_in_kw(self._known.get(field)) == 0:
                value = wording.text(_NOTHING[field])
            elif value is not None and key is not None:
                value = f"{wording.text(key)} {value}"
            if value is not None and value not in known:
                known.append(value)
        if not known:
            return wording.text("server_knows_nothing")
        return wording.text("server_knows", settings=", ".join(known))

    def value(self, field: str, wording: Wording) -> str | None:
        """Return what a field says, a sensor by its name; None if that is not simple."""
        value = self._known.get(field)
        if (sensor_id := _sensor_reference(value)) is None:
            return wording.quantity(value)
        sensor = self._catalogue.sensors.get(sensor_id)
        return sensor.name if sensor else None


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
