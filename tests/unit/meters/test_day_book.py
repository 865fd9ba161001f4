"""What a meter counted, day by day."""

from collections.abc import Sequence
from datetime import date, timedelta
import json
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.meters.bills.cycle import BillPeriod
from custom_components.flexmeasures.meters.bills.day_book import (
    Day,
    DayBook,
    Total,
    days_of,
)
from custom_components.flexmeasures.meters.intervals import Interval, Metered, Stream

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
    days_of_zone,
    near,
    row,
    utc,
)

UTC_ZONE = ZoneInfo("UTC")


def consumed(
    amounts: Sequence[Interval],
    first: str,
    days: int,
    zone: ZoneInfo,
    money: Sequence[Interval] | None = None,
) -> list[Total]:
    """Give what was consumed on some days, in their order."""
    start = date.fromisoformat(first)
    counted = days_of(
        Metered(Stream(amounts, money)), start, start + timedelta(days), zone
    )
    assert list(counted) == [start + timedelta(n) for n in range(days)]
    assert all(day.production == Total() for day in counted.values())
    return [day.consumption for day in counted.values()]


@pytest.mark.parametrize("step", [5 * MINUTE, QUARTER, 30 * MINUTE])
@pytest.mark.parametrize(
    ("first", "zone", "hours"),
    [
        ("2026-03-28", AMSTERDAM, (24, 23, 24)),
        ("2026-10-24", AMSTERDAM, (24, 25, 24)),
        ("2026-03-07", NEW_YORK, (24, 23, 24)),
        ("2026-10-31", NEW_YORK, (24, 25, 24)),
        ("2026-04-04", LORD_HOWE, (24, 24.5, 24)),
        ("2026-10-03", LORD_HOWE, (24, 23.5, 24)),
        ("2026-03-28", KOLKATA, (24, 24, 24)),
        ("2028-02-28", AMSTERDAM, (24, 24, 24)),
    ],
)
def test_days_of_other_lengths(
    step: int, first: str, zone: ZoneInfo, hours: tuple[float, ...]
) -> None:
    """At 1 kW, a day has as many kWh as it has hours, and all of it is known."""
    start = at(first, zone) - DAY
    count = 5 * DAY // step
    amounts = row(start, step, *[step / HOUR] * count)
    days = consumed(amounts, first, 3, zone)
    assert [day.amount for day in days] == pytest.approx(hours)
    assert [day.known for day in days] == [each * HOUR for each in hours]


def test_hours() -> None:
    """An hour is of the day on which it starts, also where that is at half past."""
    # Of 18 to 19 h UTC; midnight in India is at 18:30 h.
    start = at("2026-05-31T23:30", KOLKATA)
    days = consumed(row(start, HOUR, 1, 2, 4), "2026-05-31", 2, KOLKATA)
    assert [day.amount for day in days] == [1, 6]


@pytest.mark.parametrize(
    "zone", [AMSTERDAM, KOLKATA, NEW_YORK, LORD_HOWE, UTC_ZONE], ids=str
)
@pytest.mark.parametrize("first", ["2026-03-05", "2026-03-27", "2026-10-23"])
def test_daily_values_of_another_zone(zone: ZoneInfo, first: str) -> None:
    """A sensor's day is that of the same date, for most of it is, on DST nights too."""
    values = [
        each._replace(value=float(index))
        for index, each in enumerate(days_of_zone(first, 5, zone, 0))
    ]
    for own in (AMSTERDAM, UTC_ZONE):
        days = consumed(values, first, 5, own)
        assert [day.amount for day in days] == [0, 1, 2, 3, 4]


def test_gaps_are_not_known() -> None:
    """What is missing is no zero: it is not known."""
    start = at("2026-06-01")
    amounts = row(start, HOUR, 1.0, None, 0.0)
    money = row(start, HOUR, 0.25)
    (day,) = consumed(amounts, "2026-06-01", 1, AMSTERDAM, money)
    assert day == Total(1.0, 2 * HOUR, 0.25, HOUR)
    assert consumed([], "2026-06-01", 2, AMSTERDAM) == [Total(), Total()]
    assert Total().known_amount is None
    assert Total().known_money is None
    assert Total(0.0, HOUR, 0.0, HOUR).known_amount == 0
    assert Total(0.0, HOUR, -1.0, HOUR).known_money == -1


def test_both_directions() -> None:
    """Each has its own, and both are of the same days."""
    start = at("2026-06-01")
    counted = days_of(
        Metered(
            Stream(row(start, HOUR, 1.0), row(start, HOUR, 0.3)),
            Stream(row(start, HOUR, 2.0, 3.0), row(start, HOUR, 0.1, -0.2)),
        ),
        date(2026, 6, 1),
        date(2026, 6, 2),
        AMSTERDAM,
    )
    assert counted == {
        date(2026, 6, 1): Day(
            Total(1.0, HOUR, 0.3, HOUR),
            Total(5.0, 2 * HOUR, near(-0.1), 2 * HOUR),
        )
    }


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=250),
    st.integers(0, 9),
    st.sampled_from([AMSTERDAM, NEW_YORK, LORD_HOWE, KOLKATA]),
    st.sampled_from(["2026-03-26", "2026-10-23", "2026-10-30", "2026-04-02"]),
)
def test_split_at_any_midnight(
    hours: list[float | None], boundary: int, zone: ZoneInfo, first: str
) -> None:
    """Days that are counted in two pieces are the same, and nothing is counted twice."""
    amounts = row(at(first, zone) // HOUR * HOUR, HOUR, *hours)
    metered = Metered(Stream(amounts))
    start = date.fromisoformat(first)
    middle, end = start + timedelta(boundary), start + timedelta(12)
    whole = days_of(metered, start - timedelta(1), end, zone)
    assert whole == (
        days_of(metered, start - timedelta(1), middle, zone)
        | days_of(metered, middle, end, zone)
    )
    known = [each for each in hours if each is not None]
    assert sum(day.consumption.amount for day in whole.values()) == sum(known)
    assert sum(day.consumption.known for day in whole.values()) == HOUR * len(known)


def day(amount: float) -> Day:
    """Give a day on which something was consumed."""
    return Day(Total(amount, DAY, amount / 4, DAY))


class TestBook:
    """The days that are remembered."""

    def test_total(self) -> None:
        """A period has the days from its first to before its end; others are not known."""
        book = DayBook({date(2026, 1, n): day(2.0**n) for n in range(1, 8) if n != 4})
        period = BillPeriod(date(2026, 1, 2), date(2026, 1, 6))
        assert book.total(period) == Day(Total(4 + 8 + 32, 3 * DAY, 11, 3 * DAY))
        assert DayBook().total(period) == Day()

    def test_replace(self) -> None:
        """Days become what they are now, also nothing; old ones go; others stay."""
        book = DayBook({date(2026, 1, n): day(n) for n in range(1, 6)})
        before = book.days
        book.replace(
            {date(2026, 1, 3): day(30), date(2026, 1, 4): Day()},
            first=date(2026, 1, 2),
        )
        assert book.days == {
            date(2026, 1, 2): day(2),
            date(2026, 1, 3): day(30),
            date(2026, 1, 5): day(5),
        }
        # It may be written to the store meanwhile.
        assert len(before) == 5

    @pytest.mark.parametrize(
        "book",
        [
            DayBook(),
            DayBook(
                {
                    date(2026, 1, 1): day(1.5),
                    date(2028, 2, 29): Day(
                        Total(1.25, DAY, -0.5, HOUR), Total(3.0, DAY, 0.25, DAY)
                    ),
                    # Only produced.
                    date(2028, 3, 1): Day(production=Total(3.0, DAY)),
                },
                utc(at("2028-03-02")),
            ),
        ],
    )
    def test_storage(self, book: DayBook) -> None:
        """It is the same after a restart."""
        assert DayBook.from_json(json.loads(json.dumps(book.as_json()))) == book
