"""The present bill: what it is so far, and what is typical."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

from ..intervals import DAY
from .cycle import BillCycle, BillPeriod
from .day_book import Day, DayBook, Total

MOST_TYPICAL: Final = 12
"""Of how many bills the mean is typical."""

COMPLETE: Final = 0.9
"""Which share of a bill has to be known for it to say what is typical."""


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
    """The money is that of those bills that are priced."""
    production: Total

    @property
    def usage(self) -> float | None:
        """What was consumed; None if that is not known."""
        return self.consumption.known_amount

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
        return self.counted.consumption.known_amount

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
    ended = _ended(terms, period, now, resolution)
    counted = book.total(period)
    return Bill(
        period=period,
        start=start,
        end=end,
        counted=counted,
        standing_charge=terms.fixed * _seconds(start, now) / _seconds(start, end),
        completeness=_share(counted.consumption.known, ended),
        priced=_share(counted.consumption.priced, ended),
        measured_until=book.measured_until,
        typical=_typical(terms, book, period),
    )


def first_needed(cycle: BillCycle, day: date) -> date:
    """Return the first day that the bill of a day, and what is typical then, are made of."""
    *_, first = _before(cycle, cycle.period_of(day))
    return first.start


def _ended(terms: Terms, period: BillPeriod, now: datetime, resolution: int) -> int:
    """Return how many seconds of a bill intervals are of that have ended."""
    if resolution % DAY:
        passed = _seconds(terms.midnight(period.start), now)
        return passed - passed % resolution
    # Such days may have 23 hours.
    days = (now.astimezone(terms.time_zone).date() - period.start).days
    ended = days - days % (resolution // DAY)
    return _seconds(
        terms.midnight(period.start),
        terms.midnight(period.start + timedelta(days=ended)),
    )


def _typical(terms: Terms, book: DayBook, period: BillPeriod) -> Typical:
    """Return the means of the bills before a period."""
    bills: list[BillPeriod] = []
    consumption: list[Total] = []
    production: list[Total] = []
    for earlier in _before(terms.cycle, period):
        counted = book.total(earlier)
        needed = COMPLETE * _seconds(
            terms.midnight(earlier.start), terms.midnight(earlier.end)
        )
        if counted.consumption.known >= needed:
            bills.append(earlier)
            consumption.append(_complete(counted.consumption, needed))
            production.append(_complete(counted.production, needed))
    return Typical(tuple(bills), _mean(consumption), _mean(production))


def _complete(total: Total, needed: float) -> Total:
    """Return that of amount and money of which enough is known."""
    amount, known, money, priced = astuple(total)
    return Total(
        *((amount, known) if known >= needed else (0.0, 0)),
        *((money, priced) if priced >= needed else (0.0, 0)),
    )


def _before(cycle: BillCycle, period: BillPeriod) -> Iterator[BillPeriod]:
    return islice(cycle.before(period), MOST_TYPICAL)


def _mean(totals: Sequence[Total]) -> Total:
    """Return the mean amount of those totals that have any, and the mean of money."""
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
    paid = counted.consumption.known_money
    return None if paid is None else paid - counted.production.money


def _share(part: int, whole: int) -> float | None:
    return min(part / whole, 1.0) if whole > 0 else None


def _seconds(start: datetime, end: datetime) -> int:
    """Return how long a time is, whatever the wall clock shows."""
    return int(end.timestamp() - start.timestamp())
