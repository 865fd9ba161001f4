"""Limits of power, and those that an RM takes of each commodity quantity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from ..operation_modes.ranges import SYMMETRIC, Range


class Limits(NamedTuple):
    """What a power is to stay between, in W, consumption positive."""

    lower: float
    upper: float


WIDEST = Limits(-inf, inf)


@dataclass(frozen=True, slots=True)
class AllowedLimits:
    """The limits that one commodity quantity can be given."""

    lower: tuple[Range, ...]
    upper: tuple[Range, ...]

    @property
    def widest(self) -> Limits:
        """The limits that restrict least."""
        return Limits(
            min(allowed.low for allowed in self.lower),
            max(allowed.high for allowed in self.upper),
        )

    def nearest(self, wanted: Limits) -> Limits:
        """Allowed limits that restrict no more than wanted, or as little more as is allowed."""
        lower = _at_or_below(self.lower, wanted.lower)
        upper = _at_or_above(self.upper, max(wanted.upper, lower))
        return Limits(min(lower, _at_or_below(self.lower, upper)), upper)


def _at_or_above(ranges: Iterable[Range], value: float) -> float:
    """The lowest allowed value that is not below a value; else the highest of all."""
    above = [max(allowed.low, value) for allowed in ranges if allowed.high >= value]
    return min(above) if above else max(allowed.high for allowed in ranges)


def _at_or_below(ranges: Iterable[Range], value: float) -> float:
    """The highest allowed value that is not above a value; else the lowest of all."""
    below = [min(allowed.high, value) for allowed in ranges if allowed.low <= value]
    return max(below) if below else min(allowed.low for allowed in ranges)


def total(limits: Mapping[str, Limits]) -> Limits:
    """The limits of all phases together; the symmetric quantity is already their sum."""
    counted = [limits[SYMMETRIC]] if SYMMETRIC in limits else limits.values()
    return Limits(
        sum(each.lower for each in counted), sum(each.upper for each in counted)
    )


def shares(bounds: Mapping[str, float]) -> dict[str, float]:
    """The part of a limit of all phases together that falls to each quantity.

    Phases share it by what each can do: its own bound.
    """
    phases = [bound for quantity, bound in bounds.items() if quantity != SYMMETRIC]
    whole = sum(phases)
    return {
        quantity: 1.0
        if quantity == SYMMETRIC
        else bound / whole
        if whole
        else 1 / len(phases)
        for quantity, bound in bounds.items()
    }
