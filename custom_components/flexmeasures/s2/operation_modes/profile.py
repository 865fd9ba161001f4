"""Values that follow each other in time, as messages and plans have them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple, Self

from ..messages.message import InvalidContentError
from ..plan import Plan, Window

# Longer than any plan, and short enough to be added to any moment.
FOREVER = timedelta(days=365)
_LONGEST = timedelta(days=400)

# Values that are kept of former profiles: some weeks of quarters of an hour.
_MOST_BEFORE = 2000


class Segment[T](NamedTuple):
    """A value that holds for a time."""

    start: datetime
    end: datetime
    value: T


@dataclass(frozen=True, slots=True)
class Profile[T]:
    """Values that follow each other from a start on, with or without gaps."""

    boundaries: tuple[datetime, ...]
    values: tuple[T | None, ...]
    """None where there is none."""

    @classmethod
    def from_elements(
        cls, start: datetime, elements: Iterable[tuple[timedelta, T]]
    ) -> Self:
        """Line up durations with their values.

        Raises InvalidContentError if they last longer than anyone plans.
        """
        boundaries, values = [start], []
        for duration, value in elements:
            boundaries.append(boundaries[-1] + min(duration, FOREVER))
            if boundaries[-1] - start > _LONGEST:
                raise InvalidContentError("a profile of more than a year")
            values.append(value)
        return cls(tuple(boundaries), tuple(values))

    def at(self, moment: datetime) -> T | None:
        """The value that holds at a moment; None if there is none."""
        index = bisect_right(self.boundaries, moment) - 1
        return self.values[index] if 0 <= index < len(self.values) else None

    def between(self, start: datetime, end: datetime) -> Iterator[Segment[T]]:
        """The part of it in a period."""
        for (begin, stop), value in zip(
            pairwise(self.boundaries), self.values, strict=True
        ):
            first, last = max(begin, start), min(stop, end)
            if value is not None and first < last:
                yield Segment(first, last, value)

    def preceded_by(self, former: Profile[T] | None, now: datetime) -> Profile[T]:
        """The same, and from now until it begins what a former one says.

        What was announced for later counts from then on, not before.
        """
        start = self.boundaries[0]
        if former is None or start <= now:
            return self
        before = list(former.between(now, start))
        if not 0 < len(before) <= _MOST_BEFORE:
            return self
        boundaries, values = [before[0].start], list[T | None]()
        for segment in before:
            if segment.start > boundaries[-1]:
                boundaries.append(segment.start)
                values.append(None)
            boundaries.append(segment.end)
            values.append(segment.value)
        if boundaries[-1] < start:
            boundaries.append(start)
            values.append(None)
        return Profile((*boundaries, *self.boundaries[1:]), (*values, *self.values))


def read_profile(
    start: datetime,
    elements: Sequence[Mapping[str, Any]],
    value: Callable[[Mapping[str, Any]], float],
) -> Profile[float]:
    """Line up elements that have a ``duration``; `value` reads the rest of one.

    Raises InvalidContentError if they last longer than anyone plans.
    """
    return Profile.from_elements(
        start, ((element["duration"], value(element)) for element in elements)
    )


def mean(profile: Profile[float], start: datetime, end: datetime) -> float | None:
    """The mean of the part of a period for which there are values; None if of none."""
    parts = list(profile.between(start, end))
    known = sum((part.end - part.start for part in parts), timedelta(0))
    if not known:
        return None
    return sum(part.value * ((part.end - part.start) / known) for part in parts)


def known_slots(plan: Plan, now: datetime) -> Iterator[Segment[float]]:
    """The planned power, in W, from now on: up to the first slot without one.

    A plan that begins later has its first slot then; the running slot begins now, at
    a full second.
    """
    schedule = plan.power
    if schedule is None:
        return
    start = max(now.replace(microsecond=0), schedule.start)
    for power in schedule.values[schedule.index_at(start) :]:
        if power is None:
            return
        end = schedule.slot_start(start) + schedule.resolution
        yield Segment(start, end, power * 1000)
        start = end


def window_slots(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """When each slot begins and ends of the time that a schedule is asked for."""
    start = window.start
    while start < window.end:
        end = start + window.resolution
        yield start, end
        start = end
