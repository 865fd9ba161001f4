"""Fill levels, which have no unit, as energy."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Self

from ..handler import NotPlannableError
from ..operation_modes.modes import (
    OperationModeElement,
    charging_points,
    discharging_points,
)
from ..operation_modes.ranges import Range

_JOULES_PER_KWH = 3.6e6
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Effects:
    """What the operation modes of a storage do together."""

    joules: float | None
    """What a fill level takes where the least is lost; None if nothing changes it."""
    charging: float | None
    """How much a joule that is consumed raises the fill level, on average."""
    discharging: float | None
    """How much a joule that is produced lowers it."""

    @classmethod
    def of(cls, elements: Sequence[OperationModeElement]) -> Self:
        """Look at all elements."""
        charging, discharging = charging_points(elements), discharging_points(elements)
        joules = min((power / rate for rate, power in charging), default=None) or max(
            (power / rate for rate, power in discharging), default=None
        )
        return cls(joules, _per_joule(charging), _per_joule(discharging))


def _per_joule(points: Sequence[tuple[float, float]]) -> float | None:
    if not points:
        return None
    return sum(rate for rate, _ in points) / sum(power for _, power in points)


@dataclass(frozen=True, slots=True)
class Scale:
    """Turns fill levels into kWh of storage."""

    kwh_per_level: float
    empty: float
    """The fill level that counts as 0 kWh."""

    @classmethod
    def of(
        cls,
        effects: Effects,
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
        if effects.joules is None:
            raise NotPlannableError("s2_no_effect")
        kwh_per_level = (
            effects.joules / _JOULES_PER_KWH
            if capacity_kwh is None
            else capacity_kwh / width
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

    def charging_efficiency(self, effects: Effects) -> float | None:
        """What is stored of what is consumed, weighted with the power; None if nothing is.

        Over 1 for a heat pump.
        """
        if effects.charging is None:
            return None
        return self.stored(effects.charging)

    def discharging_efficiency(self, effects: Effects) -> float | None:
        """What is produced of what is taken from the storage, at most 1; None if nothing is."""
        if effects.discharging is None:
            return None
        # Less than a float can be is none.
        return min(1 / (self.stored(effects.discharging) or 1.0), 1.0)

    def stored(self, level_per_joule: float) -> float:
        """The share that is stored of an energy that raises the fill level so much."""
        return level_per_joule * self.kwh_per_level * _JOULES_PER_KWH
