"""Values as they come, made into one for each interval of a FlexMeasures sensor."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import NamedTuple, override

from ..plan.grid import floor_to_grid

# How long a value is believed that nothing confirms.
LONGEST_HOLD = timedelta(minutes=15)

_NEVER = datetime.min.replace(tzinfo=UTC)
_DAY = timedelta(days=1)

type Step = tuple[datetime, float | None]
"""A value that holds from a moment on, until the next step; None: nothing does."""


class Bin(NamedTuple):
    """An interval of a sensor, and its value."""

    start: datetime
    end: datetime
    value: float


class Bins(ABC):
    """Gives a value to each interval of a grid in local time, in the order of time.

    What is put holds until the next is, at most for `hold`.
    """

    def __init__(
        self, length: timedelta, time_zone: tzinfo, *, hold: timedelta | None = None
    ) -> None:
        """Start with nothing known; `hold` is usually 15 minutes or one bin."""
        self._length = length
        self._time_zone = time_zone
        self._hold = max(LONGEST_HOLD, length) if hold is None else hold
        self._value = 0.0
        self._until = _NEVER
        self._position = _NEVER

    @property
    @abstractmethod
    def next(self) -> datetime | None:
        """When another bin can be had; None while nothing holds."""

    def put(self, value: float | None, moment: datetime) -> list[Bin]:
        """Let a value hold from a moment on, and give the bins that end by it.

        Time does not go back: what is late holds from the last moment on.
        """
        moment = max(moment, self._position)
        finished = self._pass(moment, with_moment=False)
        self._position = moment
        if value is None:
            self._until = moment
        else:
            self._value, self._until = value, moment + self._hold
            self._begin(moment)
        return finished

    def advance(self, moment: datetime) -> list[Bin]:
        """Let time pass, and give the bins that can be had by now."""
        moment = max(moment, self._position)
        finished = self._pass(moment, with_moment=True)
        self._position = moment
        return finished

    @abstractmethod
    def _begin(self, moment: datetime) -> None:
        """See to it that something is made of a value that holds."""

    @abstractmethod
    def _pass(self, moment: datetime, *, with_moment: bool) -> list[Bin]:
        """Count what held since `_position`; `with_moment`: what holds at it is known."""

    def _floor(self, moment: datetime) -> datetime:
        return floor_to_grid(moment, self._length, self._time_zone)

    def _after(self, start: datetime) -> datetime:
        """Return the start of the next interval; the last one before midnight may be shorter."""
        # A day may have 25 hours.
        slack = _DAY / 2 if self._length >= _DAY else timedelta(0)
        return self._floor(start + self._length + slack)


class Means(Bins):
    """The means of the time for which there is a value: at least a share of each bin."""

    def __init__(
        self,
        length: timedelta,
        time_zone: tzinfo,
        *,
        hold: timedelta | None = None,
        least_share: float = 0.5,
    ) -> None:
        """Drop bins that are known for less than `least_share` of their time."""
        super().__init__(length, time_zone, hold=hold)
        self._least_share = least_share
        self._start = _NEVER
        self._end: datetime | None = None
        self._known = timedelta(0)
        self._mean = 0.0

    @property
    @override
    def next(self) -> datetime | None:
        return self._end

    @override
    def _begin(self, moment: datetime) -> None:
        if self._end is None:
            self._start = self._floor(moment)
            self._end = self._after(self._start)
            self._known = timedelta(0)
            self._mean = 0.0

    @override
    def _pass(self, moment: datetime, *, with_moment: bool) -> list[Bin]:
        finished: list[Bin] = []
        while (end := self._end) is not None and end <= moment:
            self._count(end)
            if self._known >= (end - self._start) * self._least_share:
                finished.append(Bin(self._start, end, self._mean))
            self._end = None
            if self._until > end:
                self._begin(end)
        self._count(moment)
        return finished

    def _count(self, moment: datetime) -> None:
        """Add what held since the last time to the open bin."""
        part = min(moment, self._until) - self._position
        if part > timedelta(0):
            self._known += part
            # Exact for a value that does not change, unlike a sum.
            self._mean += (self._value - self._mean) * (part / self._known)
        self._position = moment


class Levels(Bins):
    """The values at the beginning of the bins."""

    _next: datetime | None = None

    @property
    @override
    def next(self) -> datetime | None:
        return self._next

    @override
    def _begin(self, moment: datetime) -> None:
        if self._next is None:
            start = self._floor(moment)
            self._next = start if start == moment else self._after(start)

    @override
    def _pass(self, moment: datetime, *, with_moment: bool) -> list[Bin]:
        finished: list[Bin] = []
        while (start := self._next) is not None and (
            start < moment or (with_moment and start == moment)
        ):
            self._next = None
            if start < self._until:
                self._next = self._after(start)
                finished.append(Bin(start, self._next, self._value))
        return finished


def whole_bins(
    steps: Sequence[Step],
    length: timedelta,
    time_zone: tzinfo,
    *,
    now: datetime,
    most: int,
) -> list[Bin]:
    """Return the means of what is expected, from the running bin on, where all of a bin is known.

    The last step has to be None; no more than `most` bins come back.
    """
    first = floor_to_grid(now, length, time_zone)
    horizon = length * most
    means = Means(length, time_zone, hold=horizon, least_share=1.0)
    finished: list[Bin] = []
    for moment, value in steps:
        finished += means.put(value, min(max(moment, first), first + horizon))
    return finished


def first_run(bins: Iterable[Bin], length: timedelta, most: int) -> list[Bin]:
    """Return the first bins, as far as they follow each other without a gap in equal steps."""
    run: list[Bin] = []
    for item in islice(bins, most):
        if run and not (item.start == run[-1].end == run[-1].start + length):
            break
        run.append(item)
    return run
