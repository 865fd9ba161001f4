"""When bills start and end."""

from datetime import date, timedelta
from itertools import islice

from hypothesis import example, given, strategies as st
import pytest

from custom_components.flexmeasures.meters.bills.cycle import BillCycle, BillPeriod

ONE = timedelta(days=1)

dates = st.dates(date(1990, 1, 1), date(2080, 12, 31))
cycles = st.builds(BillCycle, dates, st.integers(1, 24))


def period(start: str, end: str) -> BillPeriod:
    """Give a period by its first day, and the first of the next."""
    return BillPeriod(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("start", "months", "day", "bill"),
    [
        # Of a calendar month.
        ("2026-01-01", 1, "2026-01-01", ("2026-01-01", "2026-02-01")),
        ("2026-01-01", 1, "2026-01-31", ("2026-01-01", "2026-02-01")),
        ("2026-01-01", 1, "2026-12-31", ("2026-12-01", "2027-01-01")),
        # From a day within the month, over the year's end.
        ("2026-03-15", 1, "2026-03-14", ("2026-02-15", "2026-03-15")),
        ("2026-03-15", 1, "2027-01-14", ("2026-12-15", "2027-01-15")),
        # The 31st is the last day of a shorter month.
        ("2026-01-31", 1, "2026-02-27", ("2026-01-31", "2026-02-28")),
        ("2026-01-31", 1, "2026-02-28", ("2026-02-28", "2026-03-31")),
        ("2026-01-31", 1, "2026-03-30", ("2026-02-28", "2026-03-31")),
        ("2026-01-31", 1, "2026-04-30", ("2026-04-30", "2026-05-31")),
        ("2026-01-31", 1, "2028-02-28", ("2028-01-31", "2028-02-29")),
        ("2026-01-31", 1, "2028-02-29", ("2028-02-29", "2028-03-31")),
        # So are the 30th and the 29th of February.
        ("2026-01-30", 1, "2026-02-28", ("2026-02-28", "2026-03-30")),
        ("2026-01-30", 1, "2028-02-29", ("2028-02-29", "2028-03-30")),
        ("2026-01-29", 1, "2026-02-28", ("2026-02-28", "2026-03-29")),
        ("2026-01-29", 1, "2028-02-28", ("2028-01-29", "2028-02-29")),
        # Quarters of a year, before and after the day that was given.
        ("2026-02-01", 3, "2026-01-31", ("2025-11-01", "2026-02-01")),
        ("2026-02-01", 3, "2026-04-30", ("2026-02-01", "2026-05-01")),
        ("2026-11-30", 3, "2027-02-28", ("2027-02-28", "2027-05-30")),
        # A year that starts on a day that most years lack.
        ("2024-02-29", 12, "2025-02-27", ("2024-02-29", "2025-02-28")),
        ("2024-02-29", 12, "2025-02-28", ("2025-02-28", "2026-02-28")),
        ("2024-02-29", 12, "2028-02-28", ("2027-02-28", "2028-02-29")),
        # Two years, and a number of months that does not fit into a year.
        ("2026-07-01", 24, "2026-06-30", ("2024-07-01", "2026-07-01")),
        ("2026-01-31", 5, "2026-06-29", ("2026-01-31", "2026-06-30")),
        ("2026-01-31", 5, "2026-06-30", ("2026-06-30", "2026-11-30")),
        ("2026-01-31", 5, "2025-12-01", ("2025-08-31", "2026-01-31")),
    ],
)
def test_the_bill_of_a_day(
    start: str, months: int, day: str, bill: tuple[str, str]
) -> None:
    """A bill starts on a day of the month, or on the last of a month that lacks it."""
    cycle = BillCycle(date.fromisoformat(start), months)
    assert cycle.period_of(date.fromisoformat(day)) == period(*bill)


def test_the_bills_before() -> None:
    """They come back to the day of the month after a month that lacks it."""
    cycle = BillCycle(date(2026, 5, 31))
    before = cycle.before(cycle.period_of(date(2026, 4, 12)))
    assert list(islice(before, 4)) == [
        period("2026-02-28", "2026-03-31"),
        period("2026-01-31", "2026-02-28"),
        period("2025-12-31", "2026-01-31"),
        period("2025-11-30", "2025-12-31"),
    ]


@given(cycles, dates)
@example(BillCycle(date(2024, 2, 29), 12), date(2025, 2, 28))
@example(BillCycle(date(2026, 1, 31), 1), date(2026, 3, 1))
def test_every_day_is_on_one_bill(cycle: BillCycle, day: date) -> None:
    """Its bill holds it, and so do all days of it have that bill; the next follows on it."""
    bill = cycle.period_of(day)
    assert bill.start <= day < bill.end
    assert cycle.period_of(bill.start) == bill
    assert cycle.period_of(bill.end - ONE) == bill
    assert cycle.period_of(bill.end).start == bill.end
    assert cycle.period_of(bill.start - ONE).end == bill.start


@given(cycles, dates)
def test_bills_follow_each_other(cycle: BillCycle, day: date) -> None:
    """Those before a bill are without a gap, and the same as those of their days."""
    following = cycle.period_of(day)
    for bill in islice(cycle.before(following), 30):
        assert bill.end == following.start
        assert bill == cycle.period_of(bill.start)
        following = bill


@given(cycles)
def test_the_day_that_was_given_starts_a_bill(cycle: BillCycle) -> None:
    """It does, and the next one is as many months later, on the day or a shorter month's last."""
    bill = cycle.period_of(cycle.start)
    assert bill.start == cycle.start
    months = (bill.end.year - bill.start.year) * 12 + bill.end.month - bill.start.month
    assert months == cycle.months
    is_last_of_month = (bill.end + ONE).day == 1
    assert bill.end.day == cycle.start.day or (
        is_last_of_month and bill.end.day < cycle.start.day
    )
