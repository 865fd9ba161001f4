"""How well plans foretold what a device did, by how many hours ahead.

At each full hour it is noted what the plan of that moment says of the hour that ends
some hours later: its mean power, and the state of charge at its end. When that hour
has passed, it is compared with what was measured, and only the sums of the errors of
each day are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from ..plan.plan import Plan
from ..plan.series import Series

HOURS_AHEAD: Final = (1, 6, 24)
DAYS: Final = 7
"""How long errors count."""

_HOUR: Final = timedelta(hours=1)
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of an hour; None is not known."""

    power: float | None
    """The mean, in kW."""
    soc: float | None
    """At its end, in the unit of the settings."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a plan says of an hour."""

    end: datetime
    power: float | None
    soc: float | None

    @classmethod
    def by(cls, plan: Plan, end: datetime) -> Self:
        """Read it from a plan."""
        return cls(end, _mean(plan.power, end - _HOUR, end), _at(plan.soc, end))


@dataclass(frozen=True, slots=True)
class Errors:
    """Sums of absolute errors, and of how many hours."""

    powers: int = 0
    power: float = 0.0
    socs: int = 0
    soc: float = 0.0

    def __add__(self, other: Errors) -> Errors:
        """Return those of both."""
        return Errors(
            self.powers + other.powers,
            self.power + other.power,
            self.socs + other.socs,
            self.soc + other.soc,
        )

    @classmethod
    def of(cls, foretold: Foretold, measured: Measured) -> Self:
        """Compare what was foretold with what was measured."""
        power = _difference(foretold.power, measured.power)
        soc = _difference(foretold.soc, measured.soc)
        return cls(
            int(power is not None), power or 0.0, int(soc is not None), soc or 0.0
        )

    @property
    def mean_power(self) -> float | None:
        """In kW; None if no hour is known."""
        return self.power / self.powers if self.powers else None

    @property
    def mean_soc(self) -> float | None:
        """In the unit of the settings; None if no hour is known."""
        return self.soc / self.socs if self.socs else None


_NONE: Final = Errors()

type _ByHours[Value] = Mapping[int, Value]
"""Of each of `HOURS_AHEAD`."""


@dataclass(frozen=True, slots=True)
class Skill:
    """What is still to be compared, and the errors of the last days."""

    open: _ByHours[tuple[Foretold, ...]] = field(default_factory=dict)
    days: Mapping[date, _ByHours[Errors]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            {
                int(hours): tuple(
                    Foretold(datetime.fromisoformat(end), power, soc)
                    for end, power, soc in foretold
                )
                for hours, foretold in data["open"].items()
            },
            {
                date.fromisoformat(day): {
                    int(hours): Errors(*errors) for hours, errors in each.items()
                }
                for day, each in data["days"].items()
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "open": {
                str(hours): [
                    [
                        f"{each.end:%Y-%m-%dT%HZ}",
                        _rounded(each.power),
                        _rounded(each.soc),
                    ]
                    for each in foretold
                ]
                for hours, foretold in self.open.items()
            },
            "days": {
                day.isoformat(): {
                    str(hours): [
                        each.powers,
                        _rounded(each.power),
                        each.socs,
                        _rounded(each.soc),
                    ]
                    for hours, each in errors.items()
                }
                for day, errors in self.days.items()
            },
        }

    def errors(self, hours: int) -> Errors:
        """Return those of all days, of plans that were made so many hours ahead."""
        return sum((day.get(hours, _NONE) for day in self.days.values()), _NONE)

    def after_hour(
        self, end: datetime, measured: Measured, plan: Plan, today: date
    ) -> Self:
        """Return it once an hour has ended: with its errors, and with what is foretold now.

        `today` is the day that the hour belongs to.
        """
        before = self.days.get(today, {})
        first = today - timedelta(days=DAYS - 1)
        days = {day: each for day, each in self.days.items() if first <= day < today}
        days[today] = {
            hours: sum(
                (Errors.of(each, measured) for each in foretold if each.end == end),
                before.get(hours, _NONE),
            )
            for hours, foretold in self.open.items()
        }
        return replace(
            self,
            open={
                hours: tuple(
                    _later(self.open.get(hours, ()), end, plan, end + hours * _HOUR)
                )
                for hours in HOURS_AHEAD
            },
            days=days,
        )


def _later(
    foretold: Iterable[Foretold], now: datetime, plan: Plan, end: datetime
) -> Iterable[Foretold]:
    """Return what is still to be compared, and what is foretold of one hour more."""
    yield from (each for each in foretold if each.end > now)
    new = Foretold.by(plan, end)
    if new.power is not None or new.soc is not None:
        yield new


def _mean(series: Series | None, start: datetime, end: datetime) -> float | None:
    """Return the mean of a time; None if a part of it is not known."""
    total, moment = 0.0, start
    while series and moment < end:
        if (value := series.value_at(moment)) is None:
            return None
        until = min(series.slot_start(moment) + series.resolution, end)
        total += value * (until - moment).total_seconds()
        moment = until
    return total / (end - start).total_seconds() if series else None


def _at(series: Series | None, moment: datetime) -> float | None:
    return series.interpolated_at(moment) if series else None


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else abs(one - other)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
