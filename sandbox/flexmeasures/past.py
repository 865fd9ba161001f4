"""What the demo's devices have done on the days before the demo, each day the same: pure functions, Python 3.10 as for all that is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
import math
from typing import TYPE_CHECKING

from .profiles import TIME_ZONE, heat_demand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STEP = timedelta(minutes=5)
"""How often the devices have told what they do."""
QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_STEPS = timedelta(days=1) // STEP
_STEPS_OF_HOUR = _HOUR // STEP
# A measured power is a little less than the planned one, and never quite steady.
_SHARE = 0.97
_SPREAD = 0.05


def _nothing(_hour: float) -> float:
    return 0.0


def _driving(hour: float) -> float:
    """Return what a car needs on the way to work and back, in kW."""
    return 6.0 if 8 <= hour < 9 or 17 <= hour < 18 else 0.0


@dataclass(frozen=True)
class Habit:
    """What a device does every day, and how full it is then."""

    capacity: float
    """In kWh."""
    level: float
    """At midnight, in kWh."""
    spans: tuple[tuple[float, float, float], ...]
    """From and until which local hours it has which power: in kW, consumption positive."""
    stored: float
    """Of a kWh that is consumed, in kWh."""
    taken: float = 1.0
    """For a kWh that is produced, in kWh."""
    usage: Callable[[float], float] = _nothing
    """What is taken out at a local hour, in kW."""

    def planned(self, moment: datetime) -> float:
        """Return the power that was planned, in kW."""
        return self._planned[_step_of(moment)]

    def measured(self, moment: datetime) -> float:
        """Return the power that was measured, in kW."""
        return self._measured[_step_of(moment)]

    def expected_level(self, moment: datetime) -> float:
        """Return the level that was expected, in kWh."""
        return self._expected_levels[_step_of(moment)]

    def measured_level(self, moment: datetime) -> float:
        """Return the level that was measured, in kWh."""
        return self._measured_levels[_step_of(moment)]

    @cached_property
    def _planned(self) -> tuple[float, ...]:
        def power(hour: float) -> float:
            return next((kw for start, end, kw in self.spans if start <= hour < end), 0)

        return tuple(power(step / _STEPS_OF_HOUR) for step in range(_STEPS))

    @cached_property
    def _measured(self) -> tuple[float, ...]:
        return tuple(
            kw * (_SHARE + _SPREAD * math.sin(step * 2.399))
            for step, kw in enumerate(self._planned)
        )

    @cached_property
    def _expected_levels(self) -> list[float]:
        return self._levels(self._planned)

    @cached_property
    def _measured_levels(self) -> list[float]:
        return self._levels(self._measured)

    def _levels(self, powers: Sequence[float]) -> list[float]:
        """Return the levels that powers lead to, at the beginning of each step."""
        levels = [self.level]
        for step, kw in enumerate(powers):
            change = kw * (self.stored if kw > 0 else self.taken)
            hour = step / _STEPS_OF_HOUR
            levels.append(levels[-1] + (change - self.usage(hour)) / _STEPS_OF_HOUR)
        # What a battery loses by itself, or a tank: the next day begins as this one did.
        lost = (levels[-1] - self.level) / _STEPS
        return [level - lost * step for step, level in enumerate(levels[:-1])]


# The batteries give no more than the home uses: what goes to the grid is from the roof.
HABITS = {
    "battery": Habit(
        10,
        5.2,
        ((2.5, 3.75, -1.2), (11, 13.5, 1.3), (16.5, 20, -0.9), (22.5, 24, 1.26)),
        stored=0.95,
        taken=1.05,
    ),
    "ev": Habit(60, 34, ((0, 0.5, 6.8), (22.75, 24, 7.4)), stored=0.95, usage=_driving),
    "hp": Habit(
        12,
        8,
        (
            (0, 1.25, 1.2),
            (2.5, 3.75, 1.4),
            (6, 8, 1.1),
            (10.5, 14, 1.05),
            (16.5, 17.5, 0.8),
            (19.5, 21, 0.9),
            (21.5, 24, 1.53),
        ),
        stored=3.5,
        usage=heat_demand,
    ),
    "s2_battery": Habit(
        8,
        4,
        ((6, 8, -1.4), (13, 15, 1.5), (20, 22, -0.7), (22.75, 24, 1.31)),
        stored=0.95,
        taken=1.05,
    ),
}
"""By the names that the devices have in the sandbox's home."""


def devices_power(moment: datetime) -> float:
    """Return what all devices together have used, in kW."""
    return sum(habit.measured(moment) for habit in HABITS.values())


def steps_since_yesterday(
    now: datetime, step: timedelta, *, ahead: timedelta = timedelta()
) -> Iterator[datetime]:
    """Yield the moments from yesterday's midnight until now, or some time ahead of it, a step apart."""
    midnight = now.astimezone(TIME_ZONE).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    moment = (midnight - timedelta(days=1)).astimezone(now.tzinfo)
    while moment < now + ahead:
        yield moment
        moment += step


def _step_of(moment: datetime) -> int:
    local = moment.astimezone(TIME_ZONE)
    return (local.hour * 60 + local.minute) // 5
