"""What the present bill is expected to be in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .bill import Bill, Terms
from .day_book import Total
from .intervals import Interval, Metered, Stream, gaps

_NOTHING = Total()


@dataclass(frozen=True, slots=True)
class Expected:
    """An amount or a sum of money, and how much of it is what."""

    measured: float
    forecast: float
    """By the server."""
    typical: float
    """For the time that the server's forecast does not reach."""
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


def expectation(bill: Bill, terms: Terms, forecast: Metered) -> Expectation:
    """Return what a bill is expected to be, with what the server forecasts."""
    counted, typical = bill.counted, bill.typical
    usage = _amount(
        bill, forecast.consumption, counted.consumption, typical.consumption
    )
    paid = _money(bill, forecast.consumption, counted.consumption, typical.consumption)
    earned: Expected | None = Expected(0.0, 0.0, 0.0)
    if forecast.production is not None and counted.production != _NOTHING:
        earned = _money(
            bill, forecast.production, counted.production, typical.production
        )
    cost = None
    if paid and earned:
        cost = replace(paid - earned, standing_charge=terms.fixed)
    return Expectation(usage, cost)


def _amount(
    bill: Bill, forecast: Stream, counted: Total, typical: Total
) -> Expected | None:
    ahead, rest = _ahead(bill, forecast)
    if rest and not typical.known:
        return None
    return Expected(counted.amount, _sum(ahead.amounts), typical.amount * rest)


def _money(
    bill: Bill, forecast: Stream, counted: Total, typical: Total
) -> Expected | None:
    """Return the money of one direction; what has no price yet is at the mean price."""
    ahead, rest = _ahead(bill, forecast)
    if not (counted.priced or typical.priced) or (rest and not typical.priced):
        return None
    money = ahead.money or ()
    priced = {each.start for each in money}
    unpriced = [each for each in ahead.amounts if each.start not in priced]
    expected = _sum(money)
    if unpriced:
        if (price := _mean_price(counted) or _mean_price(typical)) is None:
            return None
        expected += _sum(unpriced) * price
    return Expected(counted.money, expected, typical.money * rest)


def _ahead(bill: Bill, forecast: Stream) -> tuple[Stream, float]:
    """Return the forecast for what is not measured of a bill.

    And the share of the bill that it leaves out.
    """
    start, end = int(bill.start.timestamp()), int(bill.end.timestamp())
    measured = int(bill.measured_until.timestamp()) if bill.measured_until else start
    since = min(max(start, measured), end)
    ahead = forecast.within(since, end)
    return ahead, sum(gaps(ahead.amounts, since, end)) / (end - start)


def _mean_price(total: Total) -> float | None:
    """Return what one of the unit cost in the mean; None if that cannot be said."""
    return total.money / total.amount if total.priced and total.amount else None


def _sum(intervals: Sequence[Interval]) -> float:
    return sum(each.value for each in intervals)
