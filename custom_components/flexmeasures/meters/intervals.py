"""What was metered in intervals of time, and what it has cost."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

HOUR: Final = 3600
DAY: Final = 24 * HOUR

# A reading that is lower by less is a slip of the meter, as Home Assistant has it too.
_NEW_METER: Final = 0.9


class Interval(NamedTuple):
    """A value of an interval; times are seconds since 1970."""

    start: int
    end: int
    value: float
    read_from: int | None = None
    """When the interval of the reading starts by which it was counted; None: of none."""

    @property
    def counted_in_hour_of(self) -> int:
        """A moment in the hour that it counts for: that in which it starts.

        What was counted between readings counts when it was read, so that none is lost
        where a meter is read a part of its time at once.
        """
        return self.start if self.read_from is None else self.read_from

    @property
    def counted_on_day_of(self) -> int:
        """A moment on the day that it counts for: that on which it starts.

        One of a day or more counts for the day that its middle is on, for it may be a
        day of another time zone.
        """
        start = self.counted_in_hour_of
        return start if self.end - start < DAY - HOUR else (start + self.end) // 2


@dataclass(frozen=True, slots=True)
class Stream:
    """What flows one way, and what it costs or earns."""

    amounts: Sequence[Interval]
    """In the unit that the meter is shown in."""
    money: Sequence[Interval] | None = None
    """In the currency; None if nobody says what it costs."""

    def within(self, start: int, end: int) -> Stream:
        """Return the intervals that start in a period."""
        return Stream(
            _within(self.amounts, start, end),
            None if self.money is None else _within(self.money, start, end),
        )


@dataclass(frozen=True, slots=True)
class Metered:
    """What a meter has counted in a period."""

    consumption: Stream
    production: Stream | None = None
    """None if it does not count that."""


def _within(intervals: Sequence[Interval], start: int, end: int) -> list[Interval]:
    return [each for each in intervals if start <= each.start < end]


def scaled(intervals: Iterable[Interval], factor: float) -> list[Interval]:
    """Return amounts in another unit."""
    return [each._replace(value=each.value * factor) for each in intervals]


def amounts_of_rates(intervals: Iterable[Interval], factor: float) -> list[Interval]:
    """Return what has flowed in each interval at a rate per hour."""
    return [
        each._replace(value=each.value * factor * ((each.end - each.start) / HOUR))
        for each in intervals
    ]


def amounts_between(readings: Iterable[Interval]) -> list[Interval]:
    """Return what was counted from each reading of a meter to the next.

    A reading is what the meter shows at the `end` of its interval.
    """
    return [
        Interval(last.end, this.end, rise(last.value, this.value), this.start)
        for last, this in pairwise(readings)
    ]


def rise(last: float, this: float) -> float:
    """Return what a meter has counted between two readings.

    One that is much lower is of a new meter, which starts at 0. What is a little lower
    is taken back, and so not counted twice when the meter is where it was.
    """
    return this if this < _NEW_METER * last else this - last


def split(net: Iterable[Interval]) -> tuple[list[Interval], list[Interval]]:
    """Return what is positive, and what is negative without its sign: each 0 where it is not."""
    consumption, production = [], []
    for each in net:
        consumption.append(each._replace(value=max(each.value, 0.0)))
        production.append(each._replace(value=max(-each.value, 0.0)))
    return consumption, production


def costs(
    amounts: Sequence[Interval], prices: Sequence[Interval], factor: float = 1.0
) -> list[Interval]:
    """Return what amounts cost; what has no price for all of its time has no cost.

    Both are in the order of time. An amount is taken to flow evenly: where prices are
    finer, each is for its share of it.
    """
    found: list[Interval] = []
    ends = [price.end for price in prices]
    for amount in amounts:
        index = bisect_right(ends, amount.start)
        at, total = amount.start, 0.0
        while at < amount.end and index < len(prices) and prices[index].start <= at:
            until = min(prices[index].end, amount.end)
            total += prices[index].value * (until - at)
            at, index = until, index + 1
        if at >= amount.end:
            price = factor * total / (amount.end - amount.start)
            found.append(amount._replace(value=amount.value * price))
    return found


def by_hour(intervals: Iterable[Interval]) -> dict[int, float]:
    """Return the sums by the hour (of UTC) that intervals count for."""
    hours: dict[int, float] = {}
    for each in intervals:
        hour = each.counted_in_hour_of // HOUR * HOUR
        hours[hour] = hours.get(hour, 0.0) + each.value
    return hours


def gaps(intervals: Iterable[Interval], start: int, end: int) -> Iterator[int]:
    """Yield the lengths of the times in a period that intervals leave out, in seconds.

    They are in the order of time; the last length may be 0.
    """
    at = start
    for each in intervals:
        if each.start > at:
            yield min(each.start, end) - at
        at = max(at, each.end)
        if at >= end:
            return
    yield end - at
