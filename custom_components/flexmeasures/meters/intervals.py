"""What was metered in intervals of time, and what it has cost."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

HOUR = 3600
DAY = 24 * HOUR


class Interval(NamedTuple):
    """A value of an interval; times are seconds since 1970."""

    start: int
    end: int
    value: float


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

    def within(self, start: int, end: int) -> Metered:
        """Return the intervals that start in a period."""
        return Metered(
            self.consumption.within(start, end),
            self.production and self.production.within(start, end),
        )


def _within(intervals: Sequence[Interval], start: int, end: int) -> list[Interval]:
    return [each for each in intervals if start <= each.start < end]


def scaled(intervals: Iterable[Interval], factor: float) -> list[Interval]:
    """Return amounts in another unit."""
    return [Interval(start, end, value * factor) for start, end, value in intervals]


def amounts_of_rates(intervals: Iterable[Interval], factor: float) -> list[Interval]:
    """Return what has flowed in each interval at a rate per hour."""
    return [
        Interval(start, end, value * factor * ((end - start) / HOUR))
        for start, end, value in intervals
    ]


def amounts_between(readings: Iterable[Interval]) -> list[Interval]:
    """Return what was counted from each reading of a meter to the next.

    A reading is what the meter shows at the `end` of its interval. One that is lower
    than that before it is of a new meter, which starts at 0.
    """
    return [
        Interval(last.end, this.end, rise(last.value, this.value))
        for last, this in pairwise(readings)
    ]


def rise(last: float, this: float) -> float:
    """Return what a meter has counted between two readings."""
    return this - last if this >= last else this


def split(net: Iterable[Interval]) -> tuple[list[Interval], list[Interval]]:
    """Return what is positive, and what is negative without its sign: each 0 where it is not."""
    consumption, production = [], []
    for start, end, value in net:
        consumption.append(Interval(start, end, max(value, 0.0)))
        production.append(Interval(start, end, max(-value, 0.0)))
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
    for start, end, value in amounts:
        index = bisect_right(ends, start)
        at, total = start, 0.0
        while at < end and index < len(prices) and prices[index].start <= at:
            until = min(prices[index].end, end)
            total += prices[index].value * (until - at)
            at, index = until, index + 1
        if at >= end:
            found.append(Interval(start, end, value * factor * total / (end - start)))
    return found


def by_hour(intervals: Iterable[Interval]) -> dict[int, float]:
    """Return the sums by the hour (of UTC) in which intervals start."""
    hours: dict[int, float] = {}
    for start, _, value in intervals:
        hour = start - start % HOUR
        hours[hour] = hours.get(hour, 0.0) + value
    return hours


def gaps(intervals: Iterable[Interval], start: int, end: int) -> Iterator[int]:
    """Yield the lengths of the times in a period that intervals leave out, in seconds."""
    at = start
    for each in intervals:
        if each.start > at:
            yield min(each.start, end) - at
        at = max(at, each.end)
        if at >= end:
            return
    yield end - at
