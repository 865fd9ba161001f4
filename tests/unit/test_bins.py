"""How measured and expected values become those of the intervals of a sensor."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.feeds.bins import (
    Bin,
    Bins,
    Levels,
    Means,
    Step,
    first_run,
    whole_bins,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
KOLKATA = ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Give a moment, in minutes after START."""
    return START + minutes * MINUTE


def bins_of(*values: tuple[float, float], length: timedelta = QUARTER) -> list[Bin]:
    """Give bins by their starts, in minutes after START, and values."""
    return [Bin(at(start), at(start) + length, value) for start, value in values]


def fill(bins: Bins, *steps: tuple[float, float | None]) -> list[Bin]:
    """Put values at minutes after START; gives what is finished by then."""
    return [item for minutes, value in steps for item in bins.put(value, at(minutes))]


# --- means


def test_mean_is_weighted_with_time() -> None:
    means = Means(QUARTER, AMSTERDAM)

    assert fill(means, (0, 2000.0), (7.5, 0.0)) == []

    assert means.next == at(15)
    assert means.advance(at(14)) == []
    [quarter] = means.advance(at(15))
    assert quarter[:2] == (at(0), at(15))
    assert quarter.value == pytest.approx(1000.0)
    assert means.next == at(30)


def test_value_that_does_not_change_stays_exact() -> None:
    means = Means(QUARTER, AMSTERDAM)

    fill(means, *((minute / 7, 0.1) for minute in range(100)))

    assert means.advance(at(15)) == bins_of((0, 0.1))


@pytest.mark.parametrize(
    ("known", "expected"),
    [(7.4, []), (7.5, bins_of((0, 2.0))), (15, bins_of((0, 2.0)))],
)
def test_bin_has_to_be_known_for_half_of_its_time(
    known: float, expected: list[Bin]
) -> None:
    means = Means(QUARTER, AMSTERDAM)

    fill(means, (15 - known, 2.0))

    assert means.advance(at(15)) == expected


def test_value_holds_for_a_quarter_of_an_hour() -> None:
    """Or for one bin, if that is longer."""
    short = Means(5 * MINUTE, AMSTERDAM)
    long = Means(HOUR, AMSTERDAM)

    fill(short, (0, 2.0))
    fill(long, (0, 2.0))

    assert short.advance(at(600)) == bins_of(
        (0, 2.0), (5, 2.0), (10, 2.0), length=5 * MINUTE
    )
    assert short.next is None
    assert long.advance(at(600)) == bins_of((0, 2.0), length=HOUR)
    assert long.next is None


def test_value_that_ends_inside_a_bin() -> None:
    """What is known of the bin counts; what comes after a gap adds to it."""
    means = Means(QUARTER, AMSTERDAM)

    fill(means, (0, 2.0), (5, None), (12, 6.0))

    assert means.advance(at(15)) == bins_of((0, 3.5))


def test_gap_ends_with_the_next_value() -> None:
    means = Means(QUARTER, AMSTERDAM)

    fill(means, (0, 2.0), (10, None))

    assert means.advance(at(15)) == bins_of((0, 2.0))
    assert means.next is None
    assert fill(means, (100, 4.0)) == []
    assert means.next == at(105)


def test_late_value_holds_from_the_last_one_on() -> None:
    means = Means(QUARTER, AMSTERDAM)

    fill(means, (0, 2.0), (10, 5.0), (5, 8.0))

    assert means.advance(at(15)) == bins_of((0, 4.0))
    assert means.advance(at(1)) == []


@pytest.mark.parametrize(
    ("moment", "length", "time_zone", "start", "end"),
    [
        pytest.param(
            "2026-11-22T10:07:31+00:00",
            QUARTER,
            AMSTERDAM,
            "2026-11-22T10:00:00+00:00",
            "2026-11-22T10:15:00+00:00",
            id="quarter",
        ),
        pytest.param(
            "2026-11-22T10:07:31+00:00",
            HOUR,
            KOLKATA,
            "2026-11-22T09:30:00+00:00",
            "2026-11-22T10:30:00+00:00",
            id="half past in UTC",
        ),
        pytest.param(
            "2026-10-25T12:00:00+00:00",
            DAY,
            AMSTERDAM,
            "2026-10-24T22:00:00+00:00",
            "2026-10-25T23:00:00+00:00",
            id="25 hours",
        ),
        pytest.param(
            "2026-03-29T12:00:00+00:00",
            DAY,
            AMSTERDAM,
            "2026-03-28T23:00:00+00:00",
            "2026-03-29T22:00:00+00:00",
            id="23 hours",
        ),
        pytest.param(
            "2026-04-05T13:10:00+00:00",
            HOUR,
            LORD_HOWE,
            "2026-04-05T13:00:00+00:00",
            "2026-04-05T13:30:00+00:00",
            id="half an hour before midnight",
        ),
    ],
)
def test_bins_lie_on_the_grid_of_local_days(
    moment: str, length: timedelta, time_zone: ZoneInfo, start: str, end: str
) -> None:
    means = Means(length, time_zone)

    means.put(1.0, datetime.fromisoformat(start))
    means.put(1.0, datetime.fromisoformat(moment))

    assert means.next == datetime.fromisoformat(end)
    assert means.advance(datetime.fromisoformat(end)) == [
        Bin(datetime.fromisoformat(start), datetime.fromisoformat(end), 1.0)
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=15 * 60 * 1000),
            st.floats(min_value=-1e6, max_value=1e6),
        ),
        min_size=1,
    ),
    st.sampled_from([MINUTE, 5 * MINUTE, QUARTER, HOUR]),
)
def test_energy_is_conserved(steps: list[tuple[int, float]], length: timedelta) -> None:
    """The means of the bins have the energy of the values, where those leave no gap."""
    means = Means(length, AMSTERDAM)
    moments = [START]
    finished: list[Bin] = []
    for milliseconds, value in steps:
        finished += means.put(value, moments[-1])
        moments.append(moments[-1] + timedelta(milliseconds=milliseconds))
    end = moments[-1]
    finished += means.put(None, end)
    finished += means.advance(end)

    covered = finished[-1].end if finished else START
    expected = sum(
        value * ((min(stop, covered) - min(start, covered)) / HOUR)
        for (start, stop), (_, value) in zip(pairwise(moments), steps, strict=True)
    )

    assert all(one.end == other.start for one, other in pairwise(finished))
    assert not finished or finished[0].start == START
    assert end - covered < length
    assert sum(item.value * (length / HOUR) for item in finished) == pytest.approx(
        expected, rel=1e-9, abs=1e-3
    )


# --- levels


def test_level_is_the_value_at_the_beginning() -> None:
    levels = Levels(QUARTER, AMSTERDAM)

    assert fill(levels, (0, 1.0), (7, 2.0)) == bins_of((0, 1.0))
    assert levels.next == at(15)
    assert levels.advance(at(14)) == []
    assert levels.advance(at(15)) == bins_of((15, 2.0))
    assert fill(levels, (15, 3.0)) == []


def test_level_of_the_moment_itself_counts() -> None:
    levels = Levels(QUARTER, AMSTERDAM)

    assert fill(levels, (7, 1.0), (15, 2.0)) == []
    assert levels.advance(at(15)) == bins_of((15, 2.0))


def test_level_that_nobody_confirms() -> None:
    levels = Levels(5 * MINUTE, AMSTERDAM)

    fill(levels, (1, 1.0))

    assert levels.advance(at(600)) == bins_of(
        (5, 1.0), (10, 1.0), (15, 1.0), length=5 * MINUTE
    )
    assert levels.next is None


def test_level_that_is_not_known_any_more() -> None:
    levels = Levels(QUARTER, AMSTERDAM)

    fill(levels, (1, 1.0), (14, None))

    assert levels.advance(at(15)) == []
    assert levels.next is None


# --- forecasts


def test_forecast_in_whole_bins() -> None:
    """From the running one on, as far as all of a bin is known."""
    steps: list[Step] = [(at(-5), 1.0), (at(20), 4.0), (at(50), None)]

    bins = whole_bins(steps, QUARTER, AMSTERDAM, now=at(7), most=100)

    assert bins == bins_of((0, 1.0), (15, 3.0), (30, 4.0))


def test_forecast_that_begins_inside_a_bin() -> None:
    steps: list[Step] = [(at(10), 1.0), (at(40), None)]

    bins = whole_bins(steps, QUARTER, AMSTERDAM, now=at(7), most=100)

    assert bins == bins_of((15, 1.0))


def test_forecast_with_a_gap() -> None:
    steps: list[Step] = [(at(0), 1.0), (at(20), None), (at(21), 1.0), (at(45), None)]

    bins = whole_bins(steps, QUARTER, AMSTERDAM, now=at(7), most=100)

    assert bins == bins_of((0, 1.0), (30, 1.0))


@pytest.mark.parametrize("end", [0, -60])
def test_forecast_of_the_past(end: float) -> None:
    steps: list[Step] = [(at(-120), 1.0), (at(end), None)]

    assert whole_bins(steps, QUARTER, AMSTERDAM, now=at(7), most=100) == []


def test_forecast_for_ever() -> None:
    steps: list[Step] = [(at(0), 1.0), (at(0) + 400 * DAY, None)]

    bins = whole_bins(steps, MINUTE, AMSTERDAM, now=at(0), most=10)

    assert bins == bins_of(*((minute, 1.0) for minute in range(10)), length=MINUTE)


# --- what is posted together


def test_bins_without_a_gap_are_one_run() -> None:
    bins = bins_of((0, 1.0), (15, 2.0), (45, 3.0))

    assert first_run(bins, QUARTER, 10) == bins[:2]
    assert first_run(bins[2:], QUARTER, 10) == bins[2:]
    assert first_run(bins, QUARTER, 1) == bins[:1]
    assert first_run([], QUARTER, 10) == []


def test_bin_of_another_length_ends_a_run() -> None:
    """A day with 25 hours, or what is left before midnight."""
    bins = [
        Bin(at(0), at(0) + 25 * HOUR, 1.0),
        Bin(at(0) + 25 * HOUR, at(0) + 2 * DAY, 2.0),
    ]

    assert first_run(bins, DAY, 10) == bins[:1]
