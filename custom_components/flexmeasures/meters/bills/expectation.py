"""What the present bill is expected to be in the end."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from ..intervals import Interval, Metered, Stream, gaps
from .bill import Bill, Terms
from .day_book import Total


@dataclass(frozen=True, slots=True)
class Expected:
    """An amount or a sum of money, and how much of it is what."""

    measured: float
    forecast: float
    """By the server."""
    typical: float
    """For the time that is neither measured nor forecast."""
    standing_charge: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.measured + self.forecast + self.typical + self.standing_charge

    def __sub__(self, other: Expected) -> Expected:
        """Return what is left of each part."""
        return Expected(
            self.measured - other.measured,
            self.forecast - other.forecast,
            self.typical - other.typical,
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """None is what is not known yet."""

    usage: Expected | None
    cost: Expected | None
    """With the standing charge, and without what is earned."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What the server forecasts of one direction, for what is not measured of a bill."""

    forecast: Stream
    passed: int
    """How many seconds of the bill are before it."""
    left_out: int
    """Of how many seconds after that there is no forecast."""
    length: int
    """Of the whole bill, in seconds."""

    @classmethod
    def of(cls, bill: Bill, forecast: Stream) -> Self:
        """Return what is still to come of a bill."""
        start, end = int(bill.start.timestamp()), int(bill.end.timestamp())
        measured = int(bill.measured_until.timestamp()) if bill.measured_until else 0
        since = min(max(start, measured), end)
        ahead = forecast.within(since, end)
        left_out = sum(gaps(ahead.amounts, since, end))
        return cls(ahead, since - start, left_out, end - start)

    def rest(self, known: int) -> float:
        """Return the share of the bill that is neither known, in seconds, nor forecast."""
        return (max(self.passed - known, 0) + self.left_out) / self.length


def expectation(bill: Bill, terms: Terms, forecast: Metered) -> Expectation:
    """Return what a bill is expected to be, with what the server forecasts."""
    counted, typical = bill.counted, bill.typical
    ahead = _Ahead.of(bill, forecast.consumption)
    usage = _amount(ahead, counted.consumption, typical.consumption)
    paid = _money(ahead, counted.consumption, typical.consumption)
    earned: Expected | None = Expected(0.0, 0.0, 0.0)
    if forecast.production and _earns(bill, forecast.production):
        ahead = _Ahead.of(bill, forecast.production)
        earned = _money(ahead, counted.production, typical.production)
    cost = None
    if paid and earned:
        cost = replace(paid - earned, standing_charge=terms.fixed)
    return Expectation(usage, cost)


def _earns(bill: Bill, production: Stream) -> bool:
    """Return whether anything is produced, as far as is known, that is paid for."""
    return production.money is not None and bool(
        bill.counted.production.known
        or bill.typical.production.known
        or production.amounts
    )


def _amount(ahead: _Ahead, counted: Total, typical: Total) -> Expected | None:
    if ahead.left_out and not typical.known:
        return None
    return Expected(
        counted.amount,
        _sum(ahead.forecast.amounts),
        typical.amount * ahead.rest(counted.known),
    )


def _money(ahead: _Ahead, counted: Total, typical: Total) -> Expected | None:
    """Return the money of one direction; what has no price yet is at the mean price."""
    if not typical.priced and (ahead.left_out or not counted.priced):
        return None
    money = ahead.forecast.money or ()
    expected = _sum(money)
    if unpriced := list(_outside(ahead.forecast.amounts, money)):
        if (price := _mean_price(counted) or _mean_price(typical)) is None:
            return None
        expected += _sum(unpriced) * price
    return Expected(counted.money, expected, typical.money * ahead.rest(counted.priced))


def _outside(
    amounts: Iterable[Interval], money: Sequence[Interval]
) -> Iterator[Interval]:
    """Yield the amounts that start at a time of which it is not known what it costs."""
    ends = [each.end for each in money]
    for amount in amounts:
        index = bisect_right(ends, amount.start)
        if index == len(money) or money[index].start > amount.start:
            yield amount


def _mean_price(total: Total) -> float | None:
    """Return what one of the unit cost in the mean; None if that cannot be said.

    Money and amount may be known for different times: then at their rates.
    """
    if not total.priced or not total.amount:
        return None
    return total.money / total.priced * total.known / total.amount


def _sum(intervals: Iterable[Interval]) -> float:
    return sum(each.value for each in intervals)
