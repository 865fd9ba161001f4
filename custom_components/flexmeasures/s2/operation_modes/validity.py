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
