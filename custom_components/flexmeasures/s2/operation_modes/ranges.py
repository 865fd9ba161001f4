"""Ranges of numbers, as S2 has them, and the electric power among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Self

from ..messages.message import InvalidContentError

ELECTRIC_POWER = "ELECTRIC.POWER."
SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"

# What a flex-context calls a commodity, and the kW in a unit of what S2 measures of it:
# l/s of gas with 10 kWh in a m³, g/s of hydrogen, W of heat, l/h of oil. Where the flow
# does not say how much energy it is, no price can be known.
_FUELS = {
    "NATURAL_GAS.FLOW_RATE": ("gas", 36.0),
    "HYDROGEN.FLOW_RATE": ("hydrogen", 120.0),
    "HEAT.THERMAL_POWER": ("heat", 1e-3),
    "OIL.FLOW_RATE": ("oil", 10.0),
}


class Range(NamedTuple):
    """A number range of S2, which may descend: `start` belongs to factor 0, `end` to 1."""

    start: float
    end: float

    @classmethod
    def from_wire(cls, number_range: Mapping[str, float]) -> Self:
        """Read it as messages have it."""
        return cls(number_range["start_of_range"], number_range["end_of_range"])

    @property
    def low(self) -> float:
        """The lower of both ends."""
        return min(self)

    @property
    def high(self) -> float:
        """The higher of both ends."""
        return max(self)

    def at(self, factor: float) -> float:
        """The value at an operation mode factor."""
        return self.start + factor * (self.end - self.start)

    def factor_of(self, value: float) -> float:
        """The factor, from 0 to 1, that comes nearest to a value; 0 if all are alike."""
        width = self.end - self.start
        return min(max(0.0, (value - self.start) / width), 1.0) if width else 0.0


ZERO = Range(0.0, 0.0)


def electric_power(power_ranges: Iterable[Mapping[str, Any]]) -> Range:
    """The electric power in W of all phases together; zero for other commodities.

    The symmetric quantity is already the sum of three phases.
    """
    ranges: dict[str, Range] = {}
    for power_range in power_ranges:
        quantity = power_range["commodity_quantity"]
        if quantity in ranges:
            raise InvalidContentError("two power ranges of one quantity")
        ranges[quantity] = Range.from_wire(power_range)
    if SYMMETRIC in ranges:
        return ranges[SYMMETRIC]
    electric = [
        found
        for quantity, found in ranges.items()
        if quantity.startswith(ELECTRIC_POWER)
    ]
    return Range(
        sum(found.start for found in electric), sum(found.end for found in electric)
    )


def total_power(values: Iterable[Mapping[str, Any]], key: str) -> float | None:
    """The electric power of all phases together, in W; None if none is among the values.

    The symmetric quantity is already the sum of three phases.
    """
    electric = {
        value["commodity_quantity"]: value[key]
        for value in values
        if value["commodity_quantity"].startswith(ELECTRIC_POWER)
    }
    if SYMMETRIC in electric:
        return float(electric[SYMMETRIC])
    return float(sum(electric.values())) if electric else None


def fuel_powers(power_ranges: Iterable[Mapping[str, Any]]) -> dict[str, Range]:
    """What is consumed of other commodities than electricity, in kW, by their names."""
    found: dict[str, Range] = {}
    for power_range in power_ranges:
        quantity = power_range["commodity_quantity"]
        if quantity.startswith(ELECTRIC_POWER):
            continue
        fuel, kw = _FUELS.get(quantity, (quantity, 1.0))
        flow = Range.from_wire(power_range)
        found[fuel] = Range(flow.start * kw, flow.end * kw)
    return found


@dataclass(frozen=True, slots=True)
class MeasuredPowers:
    """What was last measured of each electric quantity, also if each has its own message."""

    measured: Mapping[str, tuple[datetime, float]] = field(default_factory=dict)
    """When, and the power in W."""

    def after(self, moment: datetime, values: Iterable[Mapping[str, Any]]) -> Self:
        """The same after a ``PowerMeasurement``; what is older than what is known is left out.

        All phases together and each by itself are two ways to say it: the newer one counts.
        """
        told = {
            value["commodity_quantity"]: float(value["value"])
            for value in values
            if value["commodity_quantity"].startswith(ELECTRIC_POWER)
        }
        kept = self.measured
        if told and SYMMETRIC not in told:
            kept = {
                quantity: each
                for quantity, each in kept.items()
                if quantity != SYMMETRIC or each[0] > moment
            }
        newer = {
            quantity: (moment, power)
            for quantity, power in told.items()
            if quantity not in kept or kept[quantity][0] <= moment
        }
        return type(self)({**kept, **newer})

    @property
    def by_quantity(self) -> dict[str, float]:
        """The power of each quantity, in W."""
        return {quantity: power for quantity, (_, power) in self.measured.items()}

    @property
    def total(self) -> float | None:
        """Of all phases together, in W; None if nothing was measured."""
        powers = self.by_quantity
        if SYMMETRIC in powers:
            return powers[SYMMETRIC]
        return sum(powers.values()) if powers else None


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same ranges without overlaps, ascending and in order."""
    found: list[Range] = []
    for low, high in sorted((each.low, each.high) for each in ranges):
        if found and low <= found[-1].end:
            found[-1] = Range(found[-1].start, max(found[-1].end, high))
        else:
            found.append(Range(low, high))
    return found
