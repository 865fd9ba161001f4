"""When a device has to be ready, and how full it has to be then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As Home Assistant names them, in the order in which Python counts them."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One moment by which the device has to be ready, in UTC."""

    moment: datetime
    target_kwh: float | None = None
    """None for what is set for all that say nothing else."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(datetime.fromisoformat(data["moment"]), data["target_kwh"])

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {"moment": self.moment.isoformat(), "target_kwh": self.target_kwh}


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """A time of the day by which the device has to be ready, on some days of the week."""

    time: time
    """Where Home Assistant is."""
    weekdays: tuple[int, ...] = tuple(range(7))
    """0 is Monday; in order."""
    target_kwh: float | None = None
    """As for an `Occasion`."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            time.fromisoformat(data["time"]),
            tuple(data["weekdays"]),
            data["target_kwh"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "time": self.time.isoformat(),
            "weekdays": list(self.weekdays),
            "target_kwh": self.target_kwh,
        }

    def after(self, moment: datetime) -> Iterator[Occasion]:
        """Return all occasions after a moment, without end.

        As calendars have it (RFC 5545): a time that there is twice is the first, and
        one that is left out is as long after midnight as it would be on another day.
        """
        zone = dt_util.get_default_time_zone()
        day = moment.astimezone(zone).date()
        while True:
            found = datetime.combine(day, self.time, zone).astimezone(UTC)
            if day.weekday() in self.weekdays and found > moment:
                yield Occasion(found, self.target_kwh)
            day += _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyBy:
    """All that is wished for of a device: by hand, by a rule and by a calendar."""

    target_kwh: float | None = None
    """How full the device has to be wherever nothing else is said."""
    once: Occasion | None = None
    """Set by hand: until it has passed there is nothing else."""
    rule: WeeklyRule | None = None
    calendar: tuple[Occasion, ...] = ()
    """In order."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote, or a version that knew no more than one time."""
        rule = data.get("ready_by_rule")
        once = data["ready_by"]
        return cls(
            target_kwh=data["target_soc_kwh"],
            once=Occasion(datetime.fromisoformat(once), data.get("ready_by_target_kwh"))
            if once
            else None,
            rule=WeeklyRule.from_json(rule) if rule else None,
            calendar=tuple(map(Occasion.from_json, data.get("ready_by_calendar", ()))),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "target_soc_kwh": self.target_kwh,
            "ready_by": self.once.moment.isoformat() if self.once else None,
            "ready_by_target_kwh": self.once.target_kwh if self.once else None,
            "ready_by_rule": self.rule.as_json() if self.rule else None,
            "ready_by_calendar": [each.as_json() for each in self.calendar],
        }

    def after(self, moment: datetime) -> Iterator[Occasion]:
        """Return what comes after a moment, in order, each with its target if one is set."""
        if self.once and self.once.moment > moment:
            yield self._with_target(self.once)
            moment = self.once.moment
        events = [each for each in self.calendar if each.moment > moment]
        for occasion in self.rule.after(moment) if self.rule else ():
            while events and events[0].moment <= occasion.moment:
                yield self._with_target(events.pop(0))
            yield self._with_target(occasion)
        yield from map(self._with_target, events)

    def next_after(self, moment: datetime) -> Occasion | None:
        """Return the first that comes after a moment."""
        return next(self.after(moment), None)

    def between(self, moment: datetime, until: datetime) -> Iterator[Occasion]:
        """Return what comes after a moment, and not after another one."""
        return takewhile(lambda each: each.moment <= until, self.after(moment))

    def since(self, moment: datetime) -> Self:
        """Return what is left of it once a moment has come."""
        return replace(
            self,
            once=self.once if self.once and self.once.moment > moment else None,
            calendar=tuple(each for each in self.calendar if each.moment > moment),
        )

    @property
    def plannable(self) -> tuple[Occasion | WeeklyRule, ...]:
        """All of which it is known how full the device has to be: the rest is not planned."""
        parts = (self.once, self.rule, *self.calendar)
        known = (self._with_target(part) for part in parts if part)
        return tuple(part for part in known if part.target_kwh is not None)

    def _with_target[Part: Occasion | WeeklyRule](self, part: Part) -> Part:
        if part.target_kwh is not None:
            return part
        return replace(part, target_kwh=self.target_kwh)
