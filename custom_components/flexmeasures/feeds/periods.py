"""Periods of time that are kept together."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self


class Period(NamedTuple):
    """From a moment until another, which is not part of it."""

    start: datetime
    end: datetime


class Periods:
    """Periods in the order of time that neither overlap nor touch."""

    def __init__(self, periods: Iterable[Period] = ()) -> None:
        """Start with some."""
        self._periods: list[Period] = []
        for period in periods:
            self.add(period)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._periods)

    @property
    def first(self) -> Period:
        """The earliest; there has to be one."""
        return self._periods[0]

    @property
    def end(self) -> datetime | None:
        """The end of the last one."""
        return self._periods[-1].end if self._periods else None

    def add(self, period: Period) -> None:
        """Join a period with those that it overlaps or touches."""
        # Mostly it is the last one that grows.
        if (
            self._periods
            and self._periods[-1].start <= period.start <= self._periods[-1].end
        ):
            last = self._periods[-1]
            self._periods[-1] = Period(last.start, max(last.end, period.end))
            return
        start, end = period
        others = []
        for other in self._periods:
            if other.end < start or other.start > end:
                others.append(other)
            else:
                start, end = min(start, other.start), max(end, other.end)
        self._periods = sorted([*others, Period(start, end)])

    def cut(self, moment: datetime) -> None:
        """Forget what was before a moment."""
        self._periods = [
            Period(max(start, moment), end)
            for start, end in self._periods
            if end > moment
        ]

    def within(self, start: datetime, end: datetime) -> timedelta:
        """Return how long they are together in a period."""
        return sum(
            (
                max(min(each.end, end) - max(each.start, start), timedelta(0))
                for each in self._periods
            ),
            timedelta(0),
        )

    @classmethod
    def from_json(cls, data: Iterable[Iterable[str]]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            Period(*(datetime.fromisoformat(moment) for moment in period))
            for period in data
        )

    def as_json(self) -> list[Any]:
        """Write for storage."""
        return [[start.isoformat(), end.isoformat()] for start, end in self._periods]
