"""What empties a storage: leakage, and what is taken from it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple, Self

from ..messages.message import InvalidContentError
from ..operation_modes.profile import Profile
from ..operation_modes.ranges import Range


class LeakageElement(NamedTuple):
    """Leakage at some fill levels."""

    levels: Range
    rate: float
    """Fill level per second; positive empties the storage."""


@dataclass(frozen=True, slots=True)
class Leakage:
    """How fast a storage empties by itself, in order of fill levels."""

    elements: tuple[LeakageElement, ...]

    @classmethod
    def from_wire(cls, elements: Iterable[Mapping[str, Any]]) -> Self:
        """Read the elements; raises InvalidContentError if they overlap."""
        ordered = sorted(
            LeakageElement(Range(levels.low, levels.high), element["leakage_rate"])
            for element in elements
            for levels in (Range.from_wire(element["fill_level_range"]),)
        )
        if not ordered:
            raise InvalidContentError("leakage without elements")
        if any(
            before.levels.high > after.levels.low for before, after in pairwise(ordered)
        ):
            raise InvalidContentError("leakage of overlapping fill levels")
        return cls(tuple(ordered))

    def rate(self, level: float) -> float:
        """The leakage at a fill level, or at the nearest one that is known."""
        after = bisect_right(self.elements, level, key=lambda part: part.levels.low)
        nearest = min(
            self.elements[max(after - 1, 0) : after + 1],
            key=lambda element: max(
                element.levels.low - level, level - element.levels.high, 0.0
            ),
        )
        return nearest.rate

    def line(self, zero: float) -> tuple[float, float]:
        """The nearest constant rate, and rate per fill level above `zero`; none negative.

        Least squares over all fill levels.
        """
        parts = [(low - zero, high - zero, rate) for (low, high), rate in self.elements]
        width = sum(high - low for low, high, _ in parts)
        if width <= 0:
            return max(self.elements[0].rate, 0.0), 0.0
        mean = sum(rate * (high - low) for low, high, rate in parts) / width
        # Around their middle, as levels that are far from zero leave few digits.
        middle = sum((high + low) / 2 * (high - low) for low, high, _ in parts) / width
        slope = _slope((low - middle, high - middle, rate) for low, high, rate in parts)
        constant = mean - slope * middle
        if slope <= 0:
            slope, constant = 0.0, mean
        elif constant < 0:
            slope, constant = max(_slope(parts), 0.0), 0.0
        return max(constant, 0.0), slope


def _slope(parts: Iterable[tuple[float, float, float]]) -> float:
    """The slope of the best line through zero; 0 if there is none."""
    squares = moments = 0.0
    for low, high, rate in parts:
        # Integrals of x² and of the rate times x.
        squares += (high * high * high - low * low * low) / 3
        moments += rate * (high * high - low * low) / 2
    return moments / squares if squares > 0 else 0.0


@dataclass(slots=True)
class Storage:
    """A storage as it is expected to be."""

    level: float
    levels: Range
    """What it may be."""
    leakage: Leakage | None
    usage: Profile[float] | None
    targets: Profile[Range] | None = None
    holds: Callable[[datetime], bool] | None = None
    """Whether at a moment it costs less to hold the level without electricity."""

    def loss(self, moment: datetime) -> float:
        """How fast it empties, in fill level per second, if nothing is done."""
        leakage = self.leakage.rate(self.level) if self.leakage else 0.0
        usage = (self.usage.at(moment) if self.usage else None) or 0.0
        return leakage + usage

    def needed(self, moment: datetime, until: datetime) -> float:
        """The fill rate with which it is not below what it should be at the latter moment."""
        least = self.levels.low
        if self.targets and (target := self.targets.at(until)):
            least = max(least, min(target.low, self.levels.high))
        loss = self.loss(moment)
        needed = (least - self.level) / (until - moment).total_seconds() + loss
        return max(needed, loss) if self.holds and self.holds(moment) else needed

    def permitted(self, loss: float, seconds: float) -> Range:
        """The fill rates that keep it within its limits, or take it no further out.

        Zero always does: what is taken from it is not for the actuators to decide.
        """
        return Range(
            min((self.levels.low - self.level) / seconds + loss, 0.0),
            max((self.levels.high - self.level) / seconds + loss, 0.0),
        )
