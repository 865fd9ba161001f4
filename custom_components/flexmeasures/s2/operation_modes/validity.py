"""What an RM announces for a time: what is in force, and values that follow each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime


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

    def __init__(self, most_upcoming: int = 5) -> None:
        """Start with nothing, and keep no more than this of what is to come."""
        self._most_upcoming = most_upcoming
        self._parts: Sequence[Announced[T]] = ()

    def __iter__(self) -> Iterator[T]:
        """All that is known, in order of time."""
        return (part.content for part in self._parts)

    def add(self, announced: Announced[T], now: datetime) -> None:
        """Take over what is to hold from its time on, until something later does."""
        self.forget_past(now)
        if announced.valid_from <= now:
            self._parts = [announced, *self._upcoming(now)]
            return
        others = [
            part for part in self._parts if part.valid_from != announced.valid_from
        ]
        upcoming = [part for part in others if part.valid_from > now]
        if len(upcoming) >= self._most_upcoming:
            # What is for the latest is the least urgent.
            others.pop()
        self._parts = sorted([*others, announced], key=lambda part: part.valid_from)

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
        found = self.first_from(moment)
        return found[1] if found else None

    def first_from(self, moment: datetime) -> tuple[datetime, T] | None:
        """What is in force at a moment or will be first after it, and from when on it is."""
        in_force = [part for part in self._parts if part.valid_from <= moment]
        for part in in_force[-1:] or self._parts[:1]:
            return max(part.valid_from, moment), part.content
        return None

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
