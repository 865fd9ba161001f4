"""What the server already says of a device, as values of its form and for people."""

from collections.abc import Callable, Mapping
import re
from typing import Any

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
from ...plan.energy_units import from_kwh, quantity_in_kwh
from ...plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE
from .fields import shown

FLEX_FIELDS = {
    CONF_CONSUMPTION_PRICE_SENSOR: CONSUMPTION_PRICE,
    CONF_PRODUCTION_PRICE_SENSOR: PRODUCTION_PRICE,
    CONF_SOC_SENSOR: STATE_OF_CHARGE,
    CONF_SOC_MIN: "soc-min",
    CONF_SOC_MAX: "soc-max",
}
"""Where the server keeps what a setting says."""

PRICES = (CONF_CONSUMPTION_PRICE_SENSOR, CONF_PRODUCTION_PRICE_SENSOR)

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

    def described(self) -> str:
        """Return all of it as a list, for a text."""
        lines = [
            f"- {name}: {self._described(value)}"
            for name, value in sorted(self._known.items())
        ]
        return "\n".join(lines) or "–"  # noqa: RUF001

    def _described(self, value: Any) -> str:
        """Return one value."""
        if (sensor_id := _sensor_reference(value)) is not None:
            return shown(self._catalogue, sensor_id)
        if isinstance(value, list):
            return ", ".join(self._described(item) for item in value)
        return "…" if isinstance(value, Mapping) else str(value)


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
