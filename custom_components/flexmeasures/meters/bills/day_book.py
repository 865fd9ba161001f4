"""What a meter counted day by day: what bills are added up from."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final, Self

from ..intervals import Interval, Metered, Stream
from .cycle import BillPeriod


@dataclass(frozen=True, slots=True)
class Total:
    """What was counted one way in some days."""

    amount: float = 0.0
    """In the unit that the meter is shown in."""
    known: int = 0
    """For how long the amount is known, in seconds."""
    money: float = 0.0
    """In the currency."""
    priced: int = 0
    """For how long it is known what it cost or earned, in seconds."""

    @property
    def known_amount(self) -> float | None:
        """None if nothing is known of it."""
        return self.amount if self.known else None

    @property
    def known_money(self) -> float | None:
        """None if nothing is known of it."""
        return self.money if self.priced else None

    def __add__(self, other: Total) -> Total:
        """Return what was counted in both."""
        return Total(
            self.amount + other.amount,
            self.known + other.known,
            self.money + other.money,
            self.priced + other.priced,
        )

    def as_json(self) -> list[float]:
        """Write for storage."""
        return [round(self.amount, 9), self.known, round(self.money, 9), self.priced]


_NOTHING: Final = Total()


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted on one day, or on some."""

    consumption: Total = _NOTHING
    production: Total = _NOTHING

    def __add__(self, other: Day) -> Day:
        """Return what was counted on both."""
        return Day(
            self.consumption + other.consumption, self.production + other.production
        )


@dataclass(slots=True)
class DayBook:
    """The days of the last bills, in Home Assistant's time zone."""

    days: dict[date, Day] = field(default_factory=dict)
    """Those on which something was counted."""
    measured_until: datetime | None = None
    """When the last interval ended of which the consumption is known."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        until = data["measured_until"]
        return cls(
            days={
                date.fromisoformat(day): Day(*(Total(*total) for total in totals))
                for day, totals in data["days"].items()
            },
            measured_until=datetime.fromisoformat(until) if until else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage; a day of which nothing was produced is written shorter."""
        return {
            "days": {
                day.isoformat(): [
                    total.as_json()
                    for total in (each.consumption, each.production)
                    if total is each.consumption or total != _NOTHING
                ]
                for day, each in self.days.items()
            },
            "measured_until": self.measured_until and self.measured_until.isoformat(),
        }

    def replace(self, days: Mapping[date, Day], *, first: date) -> None:
        """Replace what was counted on some days, also by nothing; drop those before `first`.

        What is written in another thread meanwhile is not touched.
        """
        self.days = {
            day: counted
            for day, counted in {**self.days, **days}.items()
            if day >= first and counted != Day()
        }

    def total(self, period: BillPeriod) -> Day:
        """Return what was counted in a period."""
        days = (
            period.start + timedelta(days=index)
            for index in range((period.end - period.start).days)
        )
        return sum((self.days[day] for day in days if day in self.days), Day())


def days_of(
    metered: Metered, first: date, last: date, time_zone: tzinfo
) -> dict[date, Day]:
    """Return what was counted on each of some days, from the first to before the last."""
    days = [first + timedelta(days=index) for index in range((last - first).days)]
    starts = [_midnight(day, time_zone) for day in (*days, last)]
    consumption = _by_day(metered.consumption, starts)
    production = _by_day(metered.production, starts)
    return {
        day: Day(consumption[index], production[index])
        for index, day in enumerate(days)
    }


def _by_day(stream: Stream | None, starts: Sequence[int]) -> list[Total]:
    """Return the totals of the days between these starts."""
    if stream is None:
        return [_NOTHING for _ in pairwise(starts)]
    amounts = _sums(stream.amounts, starts)
    money = _sums(stream.money or (), starts)
    return [
        Total(*amount, *price) for amount, price in zip(amounts, money, strict=True)
    ]


def _sums(
    intervals: Iterable[Interval], starts: Sequence[int]
) -> list[tuple[float, int]]:
    """Return the sum and for how long it is known, day by day."""
    sums = [0.0] * (len(starts) - 1)
    known = [0] * (len(starts) - 1)
    for each in intervals:
        index = bisect_right(starts, each.counted_on_day_of) - 1
        if 0 <= index < len(sums):
            sums[index] += each.value
            known[index] += each.end - each.start
    return list(zip(sums, known, strict=True))


def _midnight(day: date, time_zone: tzinfo) -> int:
    """Return when a day starts, in seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=time_zone).timestamp())
