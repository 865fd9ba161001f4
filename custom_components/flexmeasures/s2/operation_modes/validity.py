"""What an RM announces for a time: what is in force, and values that follow each other."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Self

from ..messages.message import InvalidContentError
from .transitions import FOREVER

# Longer than anyone plans, and short enough to be added to any moment.
_LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Announced[T]:
    """Something that is valid from a moment on."""

    message_id: str
    valid_from: datetime
    content: T


class Announcements[T]:
    """What is in force, and what is to take its place later.

    A shallow copy stays as it is.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._parts: Sequence[Announced[T]] = ()

    def __iter__(self) -> Iterator[T]:
        """All that is known, in order of time."""
        return (part.content for part in self._parts)

    def add(self, announced: Announced[T], now: datetime) -> None:
        """Take over what is to replace what is in force, or what was to come."""
        if announced.valid_from <= now:
            self._parts = [announced, *self._upcoming(now)]
        else:
            self.forget_past(now)
            self._parts = [
                *(part for part in self._parts if part.valid_from <= now),
                announced,
            ]

    def forget_past(self, now: datetime) -> None:
        """Forget what something else has taken the place of."""
        in_force = [part for part in self._parts if part.valid_from <= now]
        self._parts = [*in_force[-1:], *self._upcoming(now)]

    def remove(self, message_id: str, now: datetime) -> bool:
        """Forget what was in a message; False if nothing was.

        What it had taken the place of does not come back.
        """
        self.forget_past(now)
        kept = [part for part in self._parts if part.message_id != message_id]
        found = len(kept) < len(self._parts)
        self._parts = kept
        return found

    def at(self, moment: datetime) -> T | None:
        """What is in force; before anything is, what will be first."""
        in_force = [part for part in self._parts if part.valid_from <= moment]
        candidates = in_force[-1:] or self._parts[:1]
        return candidates[0].content if candidates else None

    def between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, datetime, T]]:
        """What is in force in a period, part by part, with when it begins and ends."""
        ends = [*(part.valid_from for part in self._parts[1:]), end]
        for part, valid_until in zip(self._parts, ends, strict=False):
            begin, stop = max(start, part.valid_from), min(end, valid_until)
            if begin < stop:
                yield begin, stop, part.content

    def _upcoming(self, now: datetime) -> list[Announced[T]]:
        return [part for part in self._parts if part.valid_from > now]


class Segment[T](NamedTuple):
    """A value that holds for a time."""

    start: datetime
    end: datetime
    value: T


@dataclass(frozen=True, slots=True)
class Profile[T]:
    """Values that follow each other from a start on."""

    boundaries: tuple[datetime, ...]
    values: tuple[T, ...]

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
        """The value that holds at a moment; None before the first and after the last."""
        index = bisect_right(self.boundaries, moment) - 1
        return self.values[index] if 0 <= index < len(self.values) else None

    def between(self, start: datetime, end: datetime) -> Iterator[Segment[T]]:
        """The part of it in a period."""
        for (begin, stop), value in zip(
            pairwise(self.boundaries), self.values, strict=True
        ):
            first, last = max(begin, start), min(stop, end)
            if first < last:
                yield Segment(first, last, value)
