"""Amounts of energy in the units that people and servers use."""

from decimal import Decimal
import re

from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.util.unit_conversion import EnergyConverter

from ..api.numbers import number_in

_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kM]?Wh)\s*")


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


def quantity_in_kwh(value: object) -> float | None:
    """Return a flex-model's amount like ``10 kWh``; None for anything else, like a sensor."""
    match = _QUANTITY.fullmatch(str(value))
    amount = number_in(match[1]) if match else None
    return in_kwh(amount, match[2], None) if match and amount is not None else None
