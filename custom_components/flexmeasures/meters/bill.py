"""The present bill: what it is so far, and what is typical."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import islice
from typing import Final

from .bill_cycle import BillCycle, BillPeriod
from .day_book import Day, DayBook, Total

MOST_TYPICAL: Final = 12
"""Of how many bills the mean is typical."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bill is made by."""

    cycle: BillCycle
    standing_charge: float
    """Per month."""
    time_zone: tzinfo

    @property
    def fixed(self) -> float:
        """The standing charge of a whole bill."""
        return self.standing_charge * self.cycle.months

    def midnight(self, day: date) -> datetime:
        """Return when a day starts."""
        return datetime(day.year, day.month, day.day, tzinfo=self.time_zone)


@dataclass(frozen=True, slots=True)
class Typical:
    """The means of the last bills that are complete."""

    bills: tuple[BillPeriod, ...]
    """The latest first."""
    consumption: Total
    production: Total

    @property
    def cost(self) -> float | None:
        """What they cost, without the standing charge; None if that is not known."""
        return _cost(Day(self.consumption, self.production))


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of a period, as far as it has come. None is what is not known yet."""

    period: BillPeriod
    start: datetime
    end: datetime
    counted: Day
    """Amounts in the unit that the meter is shown in, money in the currency."""
    standing_charge: float
    """The share of it so far."""
    completeness: float | None
    """The share of the time so far of which the consumption is known."""
    priced: float | None
    """The share of the time so far of which it is known what it cost."""
    measured_until: datetime | None
    typical: Typical

    @property
    def usage(self) -> float | None:
        """What was consumed."""
        consumption = self.counted.consumption
        return consumption.amount if consumption.known else None

    @property
    def cost(self) -> float | None:
        """With the share of the standing charge, and without what was earned."""
        cost = _cost(self.counted)
        return None if cost is None else cost + self.standing_charge


def present_bill(terms: Terms, book: DayBook, now: datetime, resolution: int) -> Bill:
    """Return the bill that `now` is in.

    `resolution` is that of the consumption, in seconds: what still runs is not missing.
    """
    period = terms.cycle.period_of(now.astimezone(terms.time_zone).date())
    start, end = terms.midnight(period.start), terms.midnight(period.end)
    passed = int(now.timestamp() - start.timestamp())
    ended = passed - passed % resolution
    counted = book.total(period)
    return Bill(
        period=period,
        start=start,
        end=end,
        counted=counted,
        standing_charge=terms.fixed * (passed / (end.timestamp() - start.timestamp())),
        completeness=_share(counted.consumption.known, ended),
        priced=_share(counted.consumption.priced, ended),
        measured_until=book.measured_until,
        typical=_typical(terms.cycle, book, period),
    )


def first_needed(cycle: BillCycle, day: date) -> date:
    """Return the first day that the bill of a day, and what is typical then, are made of."""
    *_, first = _before(cycle, cycle.period_of(day))
    return first.start


def _typical(cycle: BillCycle, book: DayBook, period: BillPeriod) -> Typical:
    """Return the means of the bills before a period, from the first that began with data."""
    first = book.first
    bills = {
        earlier: counted
        for earlier in _before(cycle, period)
        if first is not None
        and first <= earlier.start
        and (counted := book.total(earlier)).consumption.known
    }
    return Typical(
        bills=tuple(bills),
        consumption=_mean([counted.consumption for counted in bills.values()]),
        production=_mean([counted.production for counted in bills.values()]),
    )


def _before(cycle: BillCycle, period: BillPeriod) -> Iterator[BillPeriod]:
    return islice(cycle.before(period), MOST_TYPICAL)


def _mean(totals: Sequence[Total]) -> Total:
    """Return the mean of totals; that of the money is of those that have any."""
    whole = sum(totals, Total())
    known = sum(1 for total in totals if total.known) or 1
    priced = sum(1 for total in totals if total.priced) or 1
    return Total(
        whole.amount / known,
        whole.known // known,
        whole.money / priced,
        whole.priced // priced,
    )


def _cost(counted: Day) -> float | None:
    """Return what was paid, without what was earned; None if that is not known."""
    if not counted.consumption.priced:
        return None
    return counted.consumption.money - counted.production.money


def _share(part: int, whole: int) -> float | None:
    return min(part / whole, 1.0) if whole > 0 else None
