"""Fill levels, which have no unit, as energy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Self

from .actuators import Element
from .base import NotPlannableError
from .modes import Range

_JOULES_PER_KWH = 3.6e6
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Scale:
    """Turns fill levels into kWh of storage."""

    kwh_per_level: float
    empty: float
    """The fill level that counts as 0 kWh."""

    @classmethod
    def of(
        cls,
        elements: Sequence[Element],
        levels: Range,
        level: float,
        capacity_kwh: float | None,
    ) -> Self:
        """The scale of a storage that may have `levels`, and has `level`.

        From the capacity if it is known; else the operation mode that charges best
        is taken to lose nothing. Raises NotPlannableError.
        """
        empty = min(levels.low, level)
        width = levels.high - levels.low
        if width <= 0:
            raise NotPlannableError("s2_no_fill_levels")
        if charging := charging_points(elements):
            joules = min(power / rate for rate, power in charging)
        elif discharging := discharging_points(elements):
            joules = max(power / rate for rate, power in discharging)
        else:
            raise NotPlannableError("s2_no_effect")
        kwh_per_level = (
            joules / _JOULES_PER_KWH if capacity_kwh is None else capacity_kwh / width
        )
        if not 0 < kwh_per_level < inf:
            raise NotPlannableError("s2_no_effect")
        return cls(kwh_per_level, empty)

    def kwh(self, level: float) -> float:
        """The energy at a fill level."""
        return self.kwh_per_level * (level - self.empty)

    def kw(self, rate: float) -> float:
        """The power of a fill rate per second."""
        return self.kwh_per_level * rate * _SECONDS_PER_HOUR

    def charging_efficiency(self, elements: Iterable[Element]) -> float | None:
        """What is stored of what is consumed, weighted with the power; None if nothing is.

        Over 1 for a heat pump.
        """
        return self._stored(charging_points(elements))

    def discharging_efficiency(self, elements: Iterable[Element]) -> float | None:
        """What is produced of what is taken from the storage, at most 1; None if nothing is."""
        drained = self._stored(discharging_points(elements))
        return None if drained is None else min(1 / drained, 1.0)

    def _stored(self, points: Sequence[tuple[float, float]]) -> float | None:
        if not points:
            return None
        rate = sum(rate for rate, _ in points)
        power = sum(power for _, power in points)
        return rate / power * self.kwh_per_level * _JOULES_PER_KWH


def charging_points(elements: Iterable[Element]) -> list[tuple[float, float]]:
    """The fill rates and powers at which consumption fills the storage."""
    return [
        (rate, power)
        for element in elements
        for rate, power in element.points()
        if rate > 0 and power > 0
    ]


def discharging_points(elements: Iterable[Element]) -> list[tuple[float, float]]:
    """The fill rates and powers at which production empties the storage."""
    return [
        (rate, power)
        for element in elements
        for rate, power in element.points()
        if rate < 0 and power < 0
    ]
