"""Amounts of energy and gas, what they cost, and the units that servers write them in."""

from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final, Self

CUBIC_FOOT: Final = 0.3048**3
"""In m³."""
_THERM: Final = 1.054804e8 / 3.6e6
"""Of the US, in kWh (NIST SP 811)."""


class Dimension(StrEnum):
    """What an amount is one of."""

    ENERGY = "energy"
    VOLUME = "volume"


_ENERGY: Final = {
    "J": 1 / 3.6e6,
    "kJ": 1 / 3.6e3,
    "MJ": 1 / 3.6,
    "GJ": 1e3 / 3.6,
    "TJ": 1e6 / 3.6,
    "Wh": 1e-3,
    "kWh": 1.0,
    "MWh": 1e3,
    "GWh": 1e6,
    "TWh": 1e9,
    "kcal": 4184 / 3.6e6,
    "BTU": 1055.056 / 3.6e6,
    "Btu": 1055.056 / 3.6e6,
    "therm": _THERM,
    "thm": _THERM,
}
"""In kWh."""
_VOLUME: Final = {
    "m³": 1.0,
    "m^3": 1.0,
    "m**3": 1.0,
    "dm³": 1e-3,
    "dm^3": 1e-3,
    "L": 1e-3,
    "l": 1e-3,
    "liter": 1e-3,
    "ft³": CUBIC_FOOT,
    "ft^3": CUBIC_FOOT,
    "ft**3": CUBIC_FOOT,
    "cubic_foot": CUBIC_FOOT,
    "cu_ft": CUBIC_FOOT,
    "CCF": 100 * CUBIC_FOOT,
}
"""In m³; a CCF is 100 cubic feet of gas, and no therm."""
_POWER: Final = {"W": 1e-3, "kW": 1.0, "MW": 1e3, "GW": 1e6}
"""In kW."""
_PER_HOUR: Final = {"s": 3600.0, "min": 60.0, "h": 1.0, "d": 1 / 24, "day": 1 / 24}

_MONEY: Final = re.compile(r"([cmkM]?)([A-Z]{3})")
_MONEY_PREFIXES: Final = {"": 1.0, "c": 1e-2, "m": 1e-3, "k": 1e3, "M": 1e6}


@dataclass(frozen=True, slots=True)
class Measure:
    """What a unit measures: an amount, or how much flows per hour."""

    dimension: Dimension
    factor: float
    """To kWh or m³; of a rate, to kW or m³/h."""
    is_rate: bool = False

    @classmethod
    def of(cls, unit: str) -> Self | None:
        """Return what a unit measures; None if that is neither energy nor gas."""
        unit = unit.replace(" ", "").replace("·", "")
        for dimension, units in (
            (Dimension.ENERGY, _ENERGY),
            (Dimension.VOLUME, _VOLUME),
        ):
            if (factor := units.get(unit)) is not None:
                return cls(dimension, factor)
            amount, _, time = unit.rpartition("/")
            if amount in units and time in _PER_HOUR:
                return cls(dimension, units[amount] * _PER_HOUR[time], is_rate=True)
        if (factor := _POWER.get(unit)) is not None:
            return cls(Dimension.ENERGY, factor, is_rate=True)
        return None


@dataclass(frozen=True, slots=True)
class Money:
    """What a unit of money, or of a price, is."""

    currency: str
    """ISO 4217."""
    factor: float
    """To whole units of the currency; of a price, per kWh or m³."""
    per: Dimension | None = None
    """What a price is for; None if it is an amount of money."""

    @classmethod
    def of(cls, unit: str) -> Self | None:
        """Return what a unit is; None if it is neither money nor a price of energy or gas."""
        money, slash, amount = unit.replace(" ", "").partition("/")
        # CCF and BTU are no currencies.
        if (match := _MONEY.fullmatch(money)) is None or Measure.of(money):
            return None
        prefix, currency = match.groups()
        factor = _MONEY_PREFIXES[prefix]
        if not slash:
            return cls(currency, factor)
        measure = Measure.of(amount)
        if measure is None or measure.is_rate:
            return None
        return cls(currency, factor / measure.factor, measure.dimension)
