"""Amounts of energy in the units that people and servers use."""

from dataclasses import dataclass
from decimal import Decimal
import re
from typing import Final, Self

from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfTemperature
from homeassistant.util.unit_conversion import EnergyConverter, TemperatureConverter

from ..api.numbers import number_in
from ..local_format import with_local_mark

_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kM]?Wh)\s*")
# What is apparent limits what is real.
_POWER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kM]?)(?:W|VA)\s*")
_KILO = {"": 1e-3, "k": 1.0, "M": 1e3}

COLDEST: Final = -50.0
HOTTEST: Final = 150.0
"""Of a tank (°C): anything beyond is a sensor's fault."""


@dataclass(frozen=True, slots=True)
class TemperatureRange:
    """The temperatures (°C) at which a tank has nothing usable, and at which it is full."""

    empty: float
    full: float

    @classmethod
    def of(cls, empty: float | None, full: float | None) -> Self | None:
        """Return the range; None unless both are known, and full is the higher one."""
        if empty is None or full is None or full <= empty:
            return None
        return cls(empty, full)

    def share(self, temperature: float, unit: str) -> float | None:
        """Return how full a tank is, 0 to 1; None at a temperature that no tank has."""
        celsius = TemperatureConverter.convert(
            temperature, unit, UnitOfTemperature.CELSIUS
        )
        if not COLDEST <= celsius <= HOTTEST:
            return None
        # The range is what is usable, not what is possible: a tank that nobody needs
        # cools to below it, and a summer's sun heats it to above.
        share = (celsius - self.empty) / (self.full - self.empty)
        return min(max(share, 0.0), 1.0)


def is_temperature(unit: str | None) -> bool:
    """Return whether it is a unit of a temperature."""
    return unit in TemperatureConverter.VALID_UNITS


def in_kwh(amount: float, unit: str | None, capacity: float | None) -> float | None:
    """Return an amount of energy, or a share of the capacity (kWh); None in any other unit."""
    if unit == PERCENTAGE:
        return None if capacity is None else amount / 100 * capacity
    if unit not in EnergyConverter.VALID_UNITS:
        return None
    return EnergyConverter.convert(amount, unit, UnitOfEnergy.KILO_WATT_HOUR)


def from_kwh(kwh: float, unit: str, capacity: float | None) -> float | None:
    """Return the same amount in another unit; None for a share of an unknown capacity."""
    if unit == PERCENTAGE:
        return kwh / capacity * 100 if capacity else None
    return EnergyConverter.convert(kwh, UnitOfEnergy.KILO_WATT_HOUR, unit)


def energy_quantity(kwh: float) -> str:
    """Return the way the server reads an energy, e.g. ``4.5 kWh``."""
    return quantity(round(kwh, 6), UnitOfEnergy.KILO_WATT_HOUR)


def quantity(amount: float, unit: str) -> str:
    """Return an amount with its unit, and without an exponent, which is not read back."""
    return f"{Decimal(str(amount)):f} {unit}"


def readable(amount: float, unit: str) -> str:
    """Return an amount with its unit as people write it, e.g. ``7.5 kWh``."""
    number = f"{amount:.6f}".rstrip("0").rstrip(".")
    return f"{with_local_mark(number)} {unit}"


def quantity_in_kwh(value: object) -> float | None:
    """Return a flex-model's amount like ``10 kWh``; None for anything else, like a sensor."""
    match = _QUANTITY.fullmatch(str(value))
    amount = number_in(match[1]) if match else None
    return in_kwh(amount, match[2], None) if match and amount is not None else None


def power_in_kw(value: object) -> float | None:
    """Return a flex-model's power like ``5 kW`` or ``17 kVA``; None for anything else."""
    match = _POWER.fullmatch(str(value))
    amount = number_in(match[1]) if match else None
    return amount * _KILO[match[2]] if match and amount is not None else None
