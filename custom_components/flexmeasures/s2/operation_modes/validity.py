"""What an RM announces for a time: what is in force, and what is to come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from ..messages.message import InvalidContentError


@dataclass(frozen=True, slots=True)
class Announced[T]:
    """Something that is valid from a moment on."""

    message_id: str
    valid_from: datetime
    content: T
    valid_until: datetime | None = None
    """None: until something else takes its place."""

    def is_over(self, moment: datetime) -> bool:
        """Whether its time is over."""
        return self.valid_until is not None and self.valid_until <= moment


class Announcements[T]:
    """What is in force, and what is to take its place later.

    Of what is valid at the same time, what begins last counts; what has an end of its
    own may be in force again after it. A shallow copy stays as it is.
    """

    def __init__(self, most_upcoming: int = 5) -> None:
        """Start with nothing, and keep no more than this of what is, or may be, to come."""
        self._most_upcoming = most_upcoming
        self._parts: Sequence[Announced[T]] = ()

    def __iter__(self) -> Iterator[T]:
        """All that is known, in order of time."""
        return (part.content for part in self._parts)

    def add(self, announced: Announced[T], now: datetime) -> None:
        """Take over what holds in its time, instead of what has its id or begins with it.

        What holds already takes the place of all that was told of now. Raises
        InvalidContentError if it is over.
        """
        if announced.is_over(now):
            raise InvalidContentError("something that is over")
        kept = [
            part
            for part in self._lasting(now)
            if part.message_id != announced.message_id
            and (part.valid_from <= now or part.valid_from != announced.valid_from)
        ]
        begun = [part for part in kept if part.valid_from <= now]
        if announced.valid_from <= now:
            # What was told last counts, whichever began last.
            latest = max([announced.valid_from, *(part.valid_from for part in begun)])
            announced = replace(announced, valid_from=latest)
        elif len(kept) - len(begun) >= self._most_upcoming:
            # What is for the latest is the least urgent.
            kept.pop()
        self._parts = sorted([*kept, announced], key=lambda part: part.valid_from)
        self.forget_past(now)

    def forget_past(self, now: datetime) -> None:
        """Forget what something else has taken the place of, and what is over."""
        self._parts = self._lasting(now)

    def remove(self, message_id: str, now: datetime) -> bool:
        """Forget what was in a message; False if nothing was.

        What it had taken the place of for good does not come back.
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
        found = self._valid_at(moment) or next(
            (part for part in self._parts if part.valid_from > moment), None
        )
        return (max(found.valid_from, moment), found.content) if found else None

    def between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, datetime, T]]:
        """What is in force in a period, part by part, with when it begins and ends."""
        changes = {
            change
            for part in self._parts
            for change in (part.valid_from, part.valid_until)
            if change is not None and start < change < end
        }
        before: tuple[datetime, Announced[T]] | None = None
        for begin, stop in pairwise([*sorted({start, *changes}), end]):
            part = self._valid_at(begin)
            if before is not None and before[1] is not part:
                yield before[0], begin, before[1].content
                before = None
            if before is None and part is not None and begin < stop:
                before = begin, part
        if before is not None:
            yield before[0], end, before[1].content

    def _valid_at(self, moment: datetime) -> Announced[T] | None:
        return next(self._valid_from_on(moment), None)

    def _lasting(self, now: datetime) -> list[Announced[T]]:
        """What is in force now, or will or may be later."""
        upcoming = [part for part in self._parts if part.valid_from > now]
        outlasting: list[Announced[T]] = []
        for part in self._valid_from_on(now):
            if not outlasting or _outlasts(part, outlasting[0]):
                outlasting.insert(0, part)
        return [*outlasting[-self._most_upcoming :], *upcoming]

    def _valid_from_on(self, moment: datetime) -> Iterator[Announced[T]]:
        """What is valid, the one in force first; without an end it is once replaced for good."""
        begun = [part for part in self._parts if part.valid_from <= moment]
        for part in reversed(begun):
            is_replaced = part.valid_until is None and part is not begun[-1]
            if not is_replaced and not part.is_over(moment):
                yield part


def _outlasts[T](one: Announced[T], other: Announced[T]) -> bool:
    return other.valid_until is not None and not one.is_over(other.valid_until)
