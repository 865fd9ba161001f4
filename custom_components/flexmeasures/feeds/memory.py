"""What is remembered of a feed over a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from .periods import Period, Periods

REMEMBERED: Final = timedelta(days=7)
"""How long it is remembered what was known."""

_FIRST_RETRY: Final = timedelta(hours=1)
_LONGEST_WAIT: Final = timedelta(days=1)
_MOST_SET_ASIDE: Final = 50


@dataclass(frozen=True, slots=True)
class Rejection:
    """A period that the server refused to take."""

    period: Period
    reason: str
    """In the server's words."""
    retry_at: datetime
    tries: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            Period(*map(datetime.fromisoformat, data["period"])),
            data["reason"],
            datetime.fromisoformat(data["retry_at"]),
            data["tries"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "period": [moment.isoformat() for moment in self.period],
            "reason": self.reason,
            "retry_at": self.retry_at.isoformat(),
            "tries": self.tries,
        }


@dataclass(slots=True)
class FeedMemory:
    """Written by the feed and nobody else."""

    sensor: int
    """The FlexMeasures sensor that all else is about."""
    sent_as: str | None = None
    """The settings that it was sent with."""
    since: datetime | None = None
    """When its first slot began."""
    sent_until: datetime | None = None
    """Up to when everything was sent, set aside or is lost."""
    ahead: Periods = field(default_factory=Periods)
    """What was sent of later times."""
    known: Periods = field(default_factory=Periods)
    """The slots of the last days for which a value was sent."""
    checked_until: datetime | None = None
    """Up to when the server was found to have what was sent."""
    last_sent: datetime | None = None
    """When something was last sent."""
    set_aside: list[Rejection] = field(default_factory=list)
    """What the server refused, in the order of time."""
    rejected: int = 0
    """How many times it did, in all."""
    forecast_asked_at: datetime | None = None
    """When the server was last asked to forecast it."""
    forecast_at: datetime | None = None
    """When it last did."""
    lost: Period | None = None
    """What was not sent and is not recorded any more, until the user has seen it."""

    def note_sent(self, period: Period, *, is_first: bool) -> None:
        """Take note that a period was sent; `is_first`: all before it was, too."""
        if not is_first:
            self.ahead.add(period)
            return
        end = period.end
        while self.ahead and self.ahead.first.start <= end:
            end = max(end, self.ahead.first.end)
            self.ahead.cut(end)
        self.sent_until = end

    def set_period_aside(
        self, period: Period, now: datetime, reason: str, *, tries: int = 0
    ) -> None:
        """Keep a period that was refused, to be tried again later; join neighbours.

        `tries` is how often that was done before.
        """
        self.rejected += 1
        wait = min(_FIRST_RETRY * 2 ** min(tries, 10), _LONGEST_WAIT)
        rejection = Rejection(period, reason, now + wait, tries + 1)
        for other in self.set_aside:
            if other.period.end == period.start:
                # More of the same does not put it off.
                joined = Period(other.period.start, period.end)
                rejection = replace(other, period=joined, reason=reason)
                self.set_aside.remove(other)
                break
        self.set_aside.append(rejection)
        self.set_aside.sort(key=lambda each: each.period)
        del self.set_aside[:-_MOST_SET_ASIDE]

    def is_set_aside(self, start: datetime) -> bool:
        """Return whether a slot was refused, and waits to be tried again."""
        return any(
            each.period.start <= start < each.period.end for each in self.set_aside
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        lost = data["lost"]
        return cls(
            sensor=data["sensor"],
            sent_as=data["sent_as"],
            since=_moment(data["since"]),
            sent_until=_moment(data["sent_until"]),
            ahead=Periods.from_json(data["ahead"]),
            known=Periods.from_json(data["known"]),
            checked_until=_moment(data["checked_until"]),
            last_sent=_moment(data["last_sent"]),
            set_aside=[Rejection.from_json(each) for each in data["set_aside"]],
            rejected=data["rejected"],
            forecast_asked_at=_moment(data.get("forecast_asked_at")),
            forecast_at=_moment(data.get("forecast_at")),
            lost=Period(*map(datetime.fromisoformat, lost)) if lost else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "sensor": self.sensor,
            "sent_as": self.sent_as,
            "since": _text(self.since),
            "sent_until": _text(self.sent_until),
            "ahead": self.ahead.as_json(),
            "known": self.known.as_json(),
            "checked_until": _text(self.checked_until),
            "last_sent": _text(self.last_sent),
            "set_aside": [each.as_json() for each in self.set_aside],
            "rejected": self.rejected,
            "forecast_asked_at": _text(self.forecast_asked_at),
            "forecast_at": _text(self.forecast_at),
            "lost": [moment.isoformat() for moment in self.lost] if self.lost else None,
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
