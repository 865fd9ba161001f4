"""The present bill, and what is typical."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.flexmeasures.meters.bills.bill import (
    COMPLETE,
    Bill,
    Terms,
    first_needed,
    present_bill,
)
from custom_components.flexmeasures.meters.bills.cycle import BillCycle, BillPeriod
from custom_components.flexmeasures.meters.bills.day_book import Day, DayBook, Total

from .values import (
    AMSTERDAM,
    DAY,
    HOUR,
    KOLKATA,
    LORD_HOWE,
    MINUTE,
    NEW_YORK,
    QUARTER,
    at,
    utc,
)

ONE = timedelta(days=1)


def seconds(day: date, zone: ZoneInfo = AMSTERDAM) -> int:
    """Give how long a day is."""
    return at((day + ONE).isoformat(), zone) - at(day.isoformat(), zone)


def book(
    first: str,
    last: str,
    of_day: Callable[[date], float] = lambda _: 1.0,
    price: float | None = 0.25,
    zone: ZoneInfo = AMSTERDAM,
) -> DayBook:
    """Give days that are all known, from the first to before the last."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    days = {}
    for day in (start + n * ONE for n in range((end - start).days)):
        length = seconds(day, zone)
        amount = of_day(day)
        days[day] = Day(
            Total(amount, length)
            if price is None
            else Total(amount, length, amount * price, length)
        )
    return DayBook(days, utc(at(last, zone)))


def bill_at(
    now: str,
    known: DayBook | None = None,
    *,
    start: str = "2026-01-01",
    months: int = 1,
    standing_charge: float = 0.0,
    zone: ZoneInfo = AMSTERDAM,
    resolution: int = HOUR,
) -> Bill:
    """Give the bill at a local time."""
    return present_bill(
        Terms(BillCycle(date.fromisoformat(start), months), standing_charge, zone),
        known or DayBook(),
        utc(at(now, zone)),
        resolution,
    )


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-03-01T00:00", "2026-03-01", "2026-04-01"),
        ("2026-03-31T23:59", "2026-03-01", "2026-04-01"),
    ],
)
@pytest.mark.parametrize("zone", [AMSTERDAM, NEW_YORK, KOLKATA, LORD_HOWE], ids=str)
def test_local_midnights(now: str, start: str, end: str, zone: ZoneInfo) -> None:
    """A bill starts and ends at midnight where its owner is."""
    bill = bill_at(now, zone=zone)
    assert bill.period == BillPeriod(date.fromisoformat(start), date.fromisoformat(end))
    assert bill.start == utc(at(start, zone))
    assert bill.end == utc(at(end, zone))


def test_nothing_known() -> None:
    """What is not known is no zero."""
    bill = bill_at("2026-06-10T12:00", standing_charge=10)
    assert bill.usage is None
    assert bill.cost is None
    assert bill.typical.usage is None
    assert bill.typical.cost is None
    assert bill.typical.bills == ()
    assert bill.completeness == 0
    assert bill.priced == 0
    assert bill.measured_until is None


def test_just_begun() -> None:
    """Nothing can be missing before the first interval has ended."""
    bill = bill_at("2026-06-01T00:14", resolution=QUARTER)
    assert bill.completeness is None
    assert bill.priced is None


def test_to_date() -> None:
    """It has the days of the period alone, and the share of the standing charge so far."""
    known = book("2026-05-01", "2026-06-10", lambda day: day.day + day.month * 100.0)
    bill = bill_at("2026-06-10T00:00", known, standing_charge=10)
    # 601 to 609 kWh on nine days of thirty.
    assert bill.usage == sum(range(601, 610))
    assert bill.standing_charge == pytest.approx(3)
    assert bill.cost == pytest.approx(sum(range(601, 610)) / 4 + 3)
    assert bill.completeness == 1
    assert bill.priced == 1


def test_usage_without_a_price() -> None:
    """The standing charge alone is not what it costs."""
    bill = bill_at(
        "2026-06-10T00:00",
        book("2026-06-01", "2026-06-10", price=None),
        standing_charge=9,
    )
    assert bill.usage == 9
    assert bill.cost is None
    assert bill.priced == 0


def test_negative_prices() -> None:
    """One can earn by using energy."""
    known = book("2026-06-01", "2026-06-11", price=-0.1)
    bill = bill_at("2026-06-11T00:00", known)
    assert bill.cost == pytest.approx(-1)


def test_what_was_earned() -> None:
    """Compensation is taken off, and may be more than what was paid."""
    known = DayBook(
        {
            date(2026, 6, 1): Day(
                Total(2.0, DAY, 0.5, DAY), Total(20.0, DAY, 1.25, DAY)
            ),
            date(2026, 5, 1): Day(Total(1.0, DAY, 9.0, DAY)),
        }
    )
    bill = bill_at("2026-06-02T00:00", known, standing_charge=30)
    assert bill.usage == 2
    assert bill.cost == pytest.approx(0.5 - 1.25 + 1)


@pytest.mark.parametrize("charge", [12.0, -12.0])
@pytest.mark.parametrize(
    ("now", "start", "months", "share"),
    [
        ("2026-06-16T00:00", "2026-06-01", 1, 15 / 30),
        ("2026-02-15T00:00", "2026-02-01", 1, 14 / 28),
        ("2028-02-15T00:00", "2028-02-01", 1, 14 / 29),
        # March has an hour less, October one more.
        ("2026-03-16T00:00", "2026-03-01", 1, 15 * 24 / (31 * 24 - 1)),
        ("2026-03-31T00:00", "2026-03-01", 1, (30 * 24 - 1) / (31 * 24 - 1)),
        ("2026-10-31T00:00", "2026-10-01", 1, (30 * 24 + 1) / (31 * 24 + 1)),
        # A year has twelve of them.
        ("2026-12-31T00:00", "2026-01-01", 12, 12 * 364 / 365),
        ("2028-01-02T00:00", "2028-01-01", 12, 12 * 1 / 366),
        ("2026-06-01T00:00", "2026-06-01", 12, 0),
    ],
)
def test_standing_charge(
    charge: float, now: str, start: str, months: int, share: float
) -> None:
    """It is by the time that has passed; a tax credit is a negative one."""
    bill = bill_at(now, start=start, months=months, standing_charge=charge)
    assert bill.standing_charge == pytest.approx(charge * share)


class TestCompleteness:
    """The share of the time so far of which something is known."""

    @pytest.mark.parametrize(
        ("now", "resolution", "hours"),
        [
            ("2026-06-11T00:00", HOUR, 240),
            # What still runs is not missing.
            ("2026-06-11T00:59", HOUR, 240),
            ("2026-06-11T01:00", HOUR, 241),
            ("2026-06-11T00:59", QUARTER, 240.75),
            ("2026-06-11T00:59", 5 * MINUTE, 240 + 11 / 12),
            ("2026-06-11T23:59", DAY, 240),
            ("2026-06-08T12:00", 7 * DAY, 168),
            ("2026-06-14T23:59", 7 * DAY, 168),
            ("2026-06-15T00:00", 7 * DAY, 336),
        ],
    )
    def test_share(self, now: str, resolution: int, hours: float) -> None:
        """It is of the intervals that have ended."""
        known = DayBook({date(2026, 6, 2): Day(Total(3, 18 * HOUR, 1, 9 * HOUR))})
        bill = bill_at(now, known, resolution=resolution)
        assert bill.completeness == pytest.approx(18 / hours)
        assert bill.priced == pytest.approx(9 / hours)

    def test_never_more_than_all(self) -> None:
        """The interval that is ahead of the others does no harm."""
        known = DayBook({date(2026, 6, 1): Day(Total(3, DAY, 1, DAY))})
        bill = bill_at("2026-06-01T12:00", known)
        assert bill.completeness == 1
        assert bill.priced == 1

    @pytest.mark.parametrize("resolution", [HOUR, DAY])
    @pytest.mark.parametrize(
        ("zone", "start", "day"),
        [
            (AMSTERDAM, "2026-01-01", "2026-07-20"),
            (AMSTERDAM, "2026-07-01", "2026-12-03"),
            (NEW_YORK, "2026-01-01", "2026-03-09"),
            (NEW_YORK, "2026-10-20", "2026-11-02"),
            (KOLKATA, "2026-01-01", "2026-07-20"),
        ],
    )
    @pytest.mark.parametrize("time", ["00:00", "00:30", "12:00", "23:59"])
    def test_days_of_23_and_25_hours(
        self, resolution: int, zone: ZoneInfo, start: str, day: str, time: str
    ) -> None:
        """All that has ended is known, whether or not a clock changed; then one day is not."""
        hours = int(time[:2]) if resolution == HOUR else 0
        known = book(start, day, zone=zone)
        today = date.fromisoformat(day)
        if hours:
            known.days[today] = Day(Total(1, hours * HOUR, 1, hours * HOUR))
        bill = bill_at(
            f"{day}T{time}",
            known,
            start=start,
            months=12,
            zone=zone,
            resolution=resolution,
        )
        assert bill.completeness == 1
        first = date.fromisoformat(start)
        del known.days[first]
        passed = at(day, zone) - at(start, zone) + hours * HOUR
        bill = bill_at(
            f"{day}T{time}",
            known,
            start=start,
            months=12,
            zone=zone,
            resolution=resolution,
        )
        assert bill.completeness == pytest.approx(1 - 24 * HOUR / passed, abs=1e-12)


class TestTypical:
    """The means of the last bills that are complete."""

    def test_of_twelve_at_the_most(self) -> None:
        """Of bills of a month, the last twelve: the year before."""
        # Each day has as many kWh as the number of its month; more before that.
        known = book(
            "2025-01-01",
            "2026-06-15",
            lambda day: 1000.0 if day < date(2025, 6, 1) else day.month,
        )
        typical = bill_at("2026-06-15T00:00", known).typical
        year = [(6, 30), (7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31)]
        year += [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)]
        total = sum(month * days for month, days in year)
        assert len(typical.bills) == 12
        assert typical.bills[0].start == date(2026, 5, 1)
        assert typical.bills[-1].start == date(2025, 6, 1)
        assert typical.usage == pytest.approx(total / 12)
        assert typical.cost == pytest.approx(total / 12 / 4)

    def test_fewer(self) -> None:
        """It is the mean of as many as there are; one that began in the middle is none."""
        known = book("2026-02-10", "2026-06-15", lambda day: day.month)
        typical = bill_at("2026-06-15T00:00", known).typical
        assert [bill.start.month for bill in typical.bills] == [5, 4, 3]
        assert typical.usage == pytest.approx((5 * 31 + 4 * 30 + 3 * 31) / 3)

    @pytest.mark.parametrize(("missing", "is_complete"), [(3, True), (4, False)])
    def test_gaps(self, missing: int, *, is_complete: bool) -> None:
        """A bill of which much is missing is not complete, in whichever place it is."""
        assert COMPLETE == 0.9
        known = book("2026-03-01", "2026-06-01", lambda day: day.month)
        for day in range(10, 10 + missing):
            del known.days[date(2026, 4, day)]
        typical = bill_at("2026-06-02T00:00", known).typical
        april = [4 * (30 - missing)] if is_complete else []
        assert len(typical.bills) == 2 + len(april)
        assert typical.usage == pytest.approx(
            (5 * 31 + sum(april) + 3 * 31) / (2 + len(april))
        )

    def test_partly_priced(self) -> None:
        """The mean cost is that of the bills that are priced; the usage is of all."""
        known = book("2026-03-01", "2026-06-01", lambda day: day.month)
        for day, each in known.days.items():
            if day < date(2026, 4, 20):
                amount, length = each.consumption.amount, each.consumption.known
                known.days[day] = Day(Total(amount, length))
        typical = bill_at("2026-06-02T00:00", known).typical
        assert typical.usage == pytest.approx((5 * 31 + 4 * 30 + 3 * 31) / 3)
        assert typical.cost == pytest.approx(5 * 31 / 4)

    def test_production(self) -> None:
        """What is typically earned is taken off; of bills without it there is no mean."""
        known = book("2026-04-01", "2026-06-01", lambda _: 10.0)
        for day, each in known.days.items():
            if day.month == 5:
                length = each.consumption.known
                known.days[day] += Day(production=Total(4.0, length, 0.4, length))
        typical = bill_at("2026-06-02T00:00", known).typical
        assert typical.production.amount == pytest.approx(4 * 31)
        assert typical.cost == pytest.approx((10 * 30 + 10 * 31) / 2 / 4 - 0.4 * 31)

    def test_of_several_months(self) -> None:
        """It is that of a whole bill."""
        known = book("2024-01-01", "2026-06-01", lambda _: 2.0)
        typical = bill_at("2026-06-02T00:00", known, months=12).typical
        assert [bill.start.year for bill in typical.bills] == [2025, 2024]
        assert typical.usage == pytest.approx(2 * (365 + 366) / 2)

    def test_of_a_year_of_days_over_clock_changes(self) -> None:
        """A month of which all is known is complete, whatever its nights were like."""
        known = book("2025-10-01", "2026-04-01", zone=NEW_YORK)
        typical = bill_at("2026-04-01T12:00", known, zone=NEW_YORK).typical
        assert len(typical.bills) == 6
        whole = at("2026-04-01", NEW_YORK) - at("2025-10-01", NEW_YORK)
        assert typical.consumption.known == whole // 6


@pytest.mark.parametrize(
    ("start", "months", "day", "first"),
    [
        ("2026-01-01", 1, "2026-06-15", "2025-06-01"),
        ("2026-01-31", 1, "2026-02-28", "2025-02-28"),
        ("2026-01-31", 1, "2026-02-27", "2025-01-31"),
        ("2026-01-01", 12, "2026-06-15", "2014-01-01"),
    ],
)
def test_what_is_needed(start: str, months: int, day: str, first: str) -> None:
    """Twelve bills before the present one."""
    cycle = BillCycle(date.fromisoformat(start), months)
    assert first_needed(cycle, date.fromisoformat(day)) == date.fromisoformat(first)


def test_a_new_bill() -> None:
    """At midnight the next bill begins, from nothing; the last is part of what is typical."""
    known = book("2026-05-01", "2026-06-01", lambda _: 2.0)
    before = bill_at("2026-05-31T23:59", known)
    after = bill_at("2026-06-01T00:00", known)
    assert before.usage == 62
    assert before.typical.usage is None
    assert before.end == after.start
    assert after.usage is None
    assert after.typical.usage == 62
    assert isinstance(after.measured_until, datetime)
