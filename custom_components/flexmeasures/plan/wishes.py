"""What the state of charge has to be, and when, as a flex-model says it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from ..api.durations import parse_duration
from ..api.models import parse_moment
from .window import Window

SOC_MINIMA: Final = "soc-minima"
SOC_MAXIMA: Final = "soc-maxima"
SOC_TARGETS: Final = "soc-targets"
_CONSTRAINTS: Final = (SOC_MINIMA, SOC_MAXIMA, SOC_TARGETS)

type _Event = Mapping[str, Any]
"""An amount, and the moment or the time that it is for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the state of charge has to be from one moment to another, or at one."""

    constraint: str
    """The field of the flex-model, like ``soc-minima``."""
    start: datetime
    end: datetime
    amount: str
    """In the words that it was sent with: ``7.5 kWh``."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            data["constraint"],
            datetime.fromisoformat(data["start"]),
            datetime.fromisoformat(data["end"]),
            data["amount"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "constraint": self.constraint,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "amount": self.amount,
        }

    def may_be_at(self, moment: datetime, window: Window) -> bool:
        """Return whether a point of the grid is one that the server may move it to."""
        return self.start - window.resolution < moment < self.end + window.resolution


@dataclass(frozen=True, slots=True)
class Wishes:
    """Those for one schedule, as they were asked for."""

    window: Window
    planned: tuple[Wish, ...]
    beyond: tuple[Wish, ...]
    """After the end of what is planned."""
    limits: frozenset[str]
    """Constraints that tell the server a limit as well, which nobody wished for."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any], window: Window) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            window,
            tuple(map(Wish.from_json, data["planned"])),
            tuple(map(Wish.from_json, data["beyond"])),
            frozenset(data["limits"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage, but for the window."""
        return {
            "planned": [wish.as_json() for wish in self.planned],
            "beyond": [wish.as_json() for wish in self.beyond],
            "limits": sorted(self.limits),
        }

    def cover(self, constraint: str, moment: datetime) -> bool:
        """Return whether what the server says of a moment is about a wish."""
        return constraint not in self.limits or any(
            wish.constraint == constraint and wish.may_be_at(moment, self.window)
            for wish in self.planned
        )


def wishes_in(flex_model: Mapping[str, Any]) -> list[Wish]:
    """Return those of which the flex-model itself says the times."""
    return [wish for wish, _ in _wishes_and_events(flex_model)]


def asked_for(
    sent: Mapping[str, Any], asked: Mapping[str, Any], window: Window
) -> Wishes:
    """Return what a flex-model that is sent wishes for.

    `asked` is what the user and the asset say of it: what holds all the time that is
    planned, and is not of them, is a limit to come back to.
    """
    of_user = [event for _, event in _wishes_and_events(within(asked, window))]
    planned: list[Wish] = []
    limits: set[str] = set()
    for wish, event in _wishes_and_events(sent):
        whole = (wish.start, wish.end) == (window.start, window.end)
        if whole and event not in of_user:
            limits.add(wish.constraint)
        elif wish.end > window.start:
            planned.append(wish)
    beyond = [wish for wish in wishes_in(asked) if wish.start > window.end]
    return Wishes(window, tuple(planned), tuple(beyond), frozenset(limits))


def all_the_time(window: Window, amount: str) -> dict[str, str]:
    """Return the event of a limit that is wished for as long as is planned."""
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "value": amount,
    }


def within(flex_model: Mapping[str, Any], window: Window) -> dict[str, Any]:
    """Return a flex-model without what is wished for after the end of a window.

    The server would plan as far as its targets reach, for as long as that takes.
    """
    changed = dict(flex_model)
    for constraint in _CONSTRAINTS:
        if events := _events(flex_model, constraint):
            changed[constraint] = [
                _cut(event, window.end)
                for event in events
                if (period := period_of(event)) is None or period[0] <= window.end
            ]
    return changed


def _cut(event: _Event, end: datetime) -> _Event:
    period = period_of(event)
    if period is None or period[1] <= end:
        return event
    return {
        "start": period[0].isoformat(),
        "end": end.isoformat(),
        "value": event.get("value"),
    }


def _wishes_and_events(
    flex_model: Mapping[str, Any],
) -> Iterator[tuple[Wish, _Event]]:
    for constraint in _CONSTRAINTS:
        for event in _events(flex_model, constraint):
            if period := period_of(event):
                yield Wish(constraint, *period, str(event.get("value", ""))), event


def _events(flex_model: Mapping[str, Any], constraint: str) -> list[_Event]:
    """Return the events of a field; none if it is a sensor or one amount."""
    events = flex_model.get(constraint)
    return (
        [event for event in events if isinstance(event, Mapping)]
        if isinstance(events, list)
        else []
    )


def period_of(event: _Event) -> tuple[datetime, datetime] | None:
    """Return the time of an event; None if it cannot be read, which the server may do."""
    try:
        match event:
            case {"datetime": str(moment)}:
                return parse_moment(moment), parse_moment(moment)
            case {"start": str(start), "end": str(end)}:
                return parse_moment(start), parse_moment(end)
            case {"start": str(start), "duration": str(duration)}:
                first = parse_moment(start)
                return first, first + parse_duration(duration)
            case {"end": str(end), "duration": str(duration)}:
                last = parse_moment(end)
                return last - parse_duration(duration), last
    except ValueError, OverflowError:
        pass
    return None
