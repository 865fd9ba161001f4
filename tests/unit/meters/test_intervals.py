"""Amounts, prices and readings in intervals of time."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.meters.intervals import (
    Interval,
    Stream,
    amounts_between,
    amounts_of_rates,
    by_hour,
    costs,
    gaps,
    rise,
    scaled,
    split,
)

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
)

START = at("2026-06-01")


def values(intervals: Sequence[Interval]) -> list[float]:
    """Give the values alone."""
    return [each.value for each in intervals]


def test_another_unit() -> None:
    """An amount in another unit is of the same time."""
    assert scaled(row(START, HOUR, 2, None, -1), 1000) == row(
        START, HOUR, 2000, None, -1000
    )


@pytest.mark.parametrize(
    ("step", "amount"), [(5 * MINUTE, 0.1), (QUARTER, 0.3), (HOUR, 1.2), (DAY, 28.8)]
)
def test_a_rate_over_time(step: int, amount: float) -> None:
    """A power of 1200 W is 1.2 kWh in an hour."""
    flowed = amounts_of_rates(row(START, step, 1200, None, 1200), 0.001)
    assert values(flowed) == pytest.approx([amount, amount])
    assert [each.start for each in flowed] == [START, START + 2 * step]


def test_a_rate_over_days_of_other_lengths() -> None:
    """At 1 kW, the days around the nights on which clocks change have 23 and 25 kWh."""
    spring = days_of_zone("2026-03-28", 3, AMSTERDAM, 1.0)
    autumn = days_of_zone("2026-10-31", 3, NEW_YORK, 1.0)
    assert values(amounts_of_rates(spring, 1)) == [24, 23, 24]
    assert values(amounts_of_rates(autumn, 1)) == [24, 25, 24]
    half = days_of_zone("2026-10-03", 3, LORD_HOWE, 1.0)
    assert values(amounts_of_rates(half, 1)) == [24, 23.5, 24]


@pytest.mark.parametrize(
    ("last", "this", "counted"),
    [
        (10.0, 12.5, 2.5),
        (10.0, 10.0, 0.0),
        (0.0, 3.0, 3.0),
        # A new meter.
        (9876.5, 1.25, 1.25),
        (9876.5, 0.0, 0.0),
        # A slip.
        (9876.5, 9876.4, -0.1),
    ],
)
def test_rise(last: float, this: float, counted: float) -> None:
    """A meter rises, is exchanged for one that starts at 0, or slips a little."""
    assert rise(last, this) == pytest.approx(counted)


def test_a_slip_is_not_counted_twice() -> None:
    """What a meter has counted in the end is how much higher it is."""
    shown = row(START, HOUR, 5000.0, 5000.3, 5000.2, 5000.6)
    assert sum(values(amounts_between(shown))) == pytest.approx(0.6)


def test_between_readings() -> None:
    """A reading is of the end of its interval, and counts from the last one on."""
    shown = row(START, HOUR, 100.0, 101.0, None, None, 104.5, 0.5, 2.0)
    assert [tuple(each)[:3] for each in amounts_between(shown)] == [
        (START + 1 * HOUR, START + 2 * HOUR, 1.0),
        (START + 2 * HOUR, START + 5 * HOUR, 3.5),
        (START + 5 * HOUR, START + 6 * HOUR, 0.5),
        (START + 6 * HOUR, START + 7 * HOUR, 1.5),
    ]


@pytest.mark.parametrize("shown", [[], row(START, HOUR, 100.0)])
def test_one_reading_counts_nothing(shown: list[Interval]) -> None:
    """What a meter shows at first was counted before."""
    assert amounts_between(shown) == []


def test_net() -> None:
    """Both directions have all intervals, so that it is known when nothing flowed."""
    consumption, production = split(row(START, QUARTER, 1.5, -2.0, 0.0))
    assert consumption == row(START, QUARTER, 1.5, 0.0, 0.0)
    assert production == row(START, QUARTER, 0.0, 2.0, 0.0)


class TestCosts:
    """What amounts cost."""

    def test_same_intervals(self) -> None:
        """An amount costs its price, which may be negative."""
        assert costs(
            row(START, HOUR, 2.0, 3.0, 0.0), row(START, HOUR, 0.25, -0.1, 9.0)
        ) == row(START, HOUR, 0.5, near(-0.3), 0.0)

    def test_another_unit(self) -> None:
        """A price of 250 EUR/MWh is 0.25 EUR/kWh."""
        assert costs(row(START, HOUR, 2.0), row(START, HOUR, 250.0), 0.001) == row(
            START, HOUR, near(0.5)
        )

    def test_finer_prices(self) -> None:
        """An amount flows evenly: it costs the mean of the prices of its time."""
        prices = row(START, QUARTER, 0.1, 0.2, 0.3, 0.8, 1.0)
        assert values(costs(row(START, HOUR, 2.0), prices)) == pytest.approx([0.7])

    def test_coarser_prices(self) -> None:
        """Each quarter of an hour has the price of its hour."""
        amounts = row(START, QUARTER, 1, 2, 3, 4, 5)
        prices = row(START, HOUR, 0.1, 0.2)
        assert values(costs(amounts, prices)) == pytest.approx([0.1, 0.2, 0.3, 0.4, 1])

    def test_prices_that_start_elsewhere(self) -> None:
        """An amount over two prices has a share of each."""
        amounts = row(START + 45 * MINUTE, HOUR, 4.0)
        prices = row(START, HOUR, 0.1, 0.5)
        assert values(costs(amounts, prices)) == pytest.approx([1 * 0.1 + 3 * 0.5])

    @pytest.mark.parametrize(
        "prices",
        [
            [],
            row(START, QUARTER, 0.1, 0.1, 0.1),
            row(START, QUARTER, None, 0.1, 0.1, 0.1),
            row(START, QUARTER, 0.1, None, 0.1, 0.1),
            row(START, QUARTER, 0.1, 0.1, 0.1, None, 0.1),
            row(START - HOUR, HOUR, 0.1, None, 0.1),
        ],
    )
    def test_partly_unpriced(self, prices: list[Interval]) -> None:
        """An amount without a price for all of its time has no cost, rather than a part of it."""
        assert costs(row(START, HOUR, 1.0), prices) == []

    def test_only_the_unpriced_lack(self) -> None:
        """A gap in the prices leaves the others as they are."""
        assert costs(
            row(START, HOUR, 1.0, 2.0, 4.0), row(START, HOUR, 0.5, None, 0.25)
        ) == row(START, HOUR, 0.5, None, 1.0)

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
        ],
    )
    def test_prices_of_a_day(
        self, first: str, zone: ZoneInfo, hours: tuple[float, float, float]
    ) -> None:
        """A day's price is for all of its half hours, however many it has."""
        days = days_of_zone(first, 3, zone, 0)
        prices = [
            each._replace(value=price)
            for each, price in zip(days, (0.1, 0.2, 0.3), strict=True)
        ]
        count = (days[-1].end - days[0].start) // (30 * MINUTE)
        cost = costs(row(days[0].start, 30 * MINUTE, *[0.5] * count), prices)
        assert len(cost) == count
        assert sum(values(cost)) == pytest.approx(
            hours[0] * 0.1 + hours[1] * 0.2 + hours[2] * 0.3
        )

    @given(
        st.lists(st.floats(-5, 5), min_size=1, max_size=40),
        st.lists(st.one_of(st.none(), st.floats(-1, 1)), max_size=40),
        st.integers(-20, 20),
    )
    def test_minute_by_minute(
        self, amounts: list[float], prices: list[float | None], shift: int
    ) -> None:
        """It is what comes out when every minute is looked at."""
        of_minute = {
            START + (7 * index + minute + shift) * MINUTE: price
            for index, price in enumerate(prices)
            for minute in range(7)
            if price is not None
        }
        expected = []
        for index, amount in enumerate(amounts):
            start = START + index * 5 * MINUTE
            found = [of_minute.get(start + minute * MINUTE) for minute in range(5)]
            known = [price for price in found if price is not None]
            if len(known) == 5:
                expected.append((start, near(amount * sum(known) / 5)))
        cost = costs(
            row(START, 5 * MINUTE, *amounts),
            row(START + shift * MINUTE, 7 * MINUTE, *prices),
        )
        assert [(each.start, each.value) for each in cost] == expected


class TestHours:
    """In which hour of a statistic something counts."""

    def test_sums(self) -> None:
        """What starts in an hour is of that hour, in order or not."""
        quarters = row(START, QUARTER, 1, 2, 3, 4, 5)
        assert by_hour(reversed(quarters)) == {START: 10, START + HOUR: 5}

    def test_a_day(self) -> None:
        """A day's value is at the day's start, in half-hour zones in the hour around it."""
        days = days_of_zone("2026-03-28", 3, AMSTERDAM, 7)
        assert by_hour(days) == {each.start: 7 for each in days}
        assert by_hour(days_of_zone("2026-06-01", 1, KOLKATA, 7)) == {
            # Midnight is at half past 18 h UTC.
            at("2026-05-31T23:30", KOLKATA): 7
        }

    def test_both_hours_of_the_night_in_autumn(self) -> None:
        """What is counted from two to three o'clock twice is of two hours."""
        start = at("2026-10-25T02:00")
        assert by_hour(row(start, HOUR, 1, 2)) == {start: 1, start + HOUR: 2}

    def test_a_reading(self) -> None:
        """What was counted since the last reading counts where it was read."""
        shown = row(START, HOUR, 100.0, None, None, 103.0)
        assert by_hour(amounts_between(shown)) == {START + 3 * HOUR: 3}

    @given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.integers(0, 300))
    def test_split_anywhere(self, amounts: list[float], minutes: int) -> None:
        """A period in two pieces has the same hours, added up."""
        boundary = START + minutes * MINUTE
        stream = Stream(row(START, 5 * MINUTE, *amounts))
        end = START + len(amounts) * 5 * MINUTE
        first = by_hour(stream.within(START, boundary).amounts)
        second = by_hour(stream.within(boundary, max(boundary, end)).amounts)
        whole = by_hour(stream.amounts)
        assert whole.keys() == first.keys() | second.keys()
        for hour, amount in whole.items():
            assert first.get(hour, 0) + second.get(hour, 0) == pytest.approx(amount)


class TestWithin:
    """What starts in a period."""

    def test_both(self) -> None:
        """Its end is not of it."""
        stream = Stream(row(START, HOUR, 1, 2, 3), row(START, HOUR, 0.1, 0.2, 0.3))
        assert stream.within(START + HOUR, START + 2 * HOUR) == Stream(
            row(START + HOUR, HOUR, 2), row(START + HOUR, HOUR, 0.2)
        )

    def test_no_money(self) -> None:
        """What costs nothing that is known stays so."""
        assert Stream(row(START, HOUR, 1)).within(START, START + 1) == Stream(
            row(START, HOUR, 1)
        )


class TestGaps:
    """What intervals leave out of a period."""

    @pytest.mark.parametrize(
        ("hours", "left_out"),
        [
            ([], [5]),
            ([1, 1, 1, 1, 1], []),
            ([1, 1, 1, 1, 1, 1], []),
            ([None, 1, None, None, 1], [1, 2]),
            ([1, None, None, None, None, None, None, 1], [4]),
            ([None, None, None, None, None, 1], [5]),
        ],
    )
    def test_hours(self, hours: list[float | None], left_out: list[int]) -> None:
        """Each is told, of the period alone."""
        found = gaps(row(START, HOUR, *hours), START, START + 5 * HOUR)
        assert [gap / HOUR for gap in found if gap] == left_out

    def test_what_began_before(self) -> None:
        """An interval that reaches into the period, or lies in another, covers its time."""
        intervals = [
            Interval(START - HOUR, START + HOUR, 1),
            Interval(START, START + QUARTER, 1),
            Interval(START + 3 * HOUR, START + 9 * HOUR, 1),
        ]
        assert list(gaps(intervals, START, START + 5 * HOUR)) == [2 * HOUR]

    @given(
        st.lists(st.one_of(st.none(), st.just(1.0)), max_size=30),
        st.integers(-400, 400),
        st.integers(1, 800),
    )
    def test_minute_by_minute(
        self, quarters: list[float | None], first: int, count: int
    ) -> None:
        """They are as long as the minutes that nothing covers."""
        intervals = row(START, QUARTER, *quarters)
        start = START + first * MINUTE
        covered = {
            moment
            for each in intervals
            for moment in range(each.start, each.end, MINUTE)
        }
        period = range(start, start + count * MINUTE, MINUTE)
        left_out = sum(MINUTE for moment in period if moment not in covered)
        assert sum(gaps(intervals, period.start, period.stop)) == left_out
