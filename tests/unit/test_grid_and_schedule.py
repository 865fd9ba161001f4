"""Slots, the grid that they lie on, and schedules as values."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, strategies as st
import pytest

from custom_components.flexmeasures.plan.grid import (
    ceil_to_slots,
    even_runs,
    floor_to_grid,
    reading_step,
    resampled,
    slot_starts,
    slots_as_dicts,
    whole_slots,
)
from custom_components.flexmeasures.plan.schedule import Schedule

from .quarters import QUARTER, START, quarter, quarters

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
KOLKATA = ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")

MINUTES_5 = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    """Read a time with its offset."""
    return datetime.fromisoformat(text)


# --- the grid


@pytest.mark.parametrize(
    ("moment", "resolution", "time_zone", "expected"),
    [
        pytest.param(
            "2026-11-22T10:07:31+00:00",
            QUARTER,
            AMSTERDAM,
            "2026-11-22T10:00:00+00:00",
            id="inside a quarter",
        ),
        pytest.param(
            "2026-11-22T10:15:00+00:00",
            QUARTER,
            AMSTERDAM,
            "2026-11-22T10:15:00+00:00",
            id="on a boundary",
        ),
        pytest.param(
            "2026-11-22T10:14:59.999999+00:00",
            MINUTES_5,
            AMSTERDAM,
            "2026-11-22T10:10:00+00:00",
            id="just before a boundary",
        ),
        pytest.param(
            "2026-11-22T10:07:00+00:00",
            HOUR,
            KOLKATA,
            "2026-11-22T09:30:00+00:00",
            id="hours begin at half past in UTC",
        ),
        pytest.param(
            "2026-11-22T23:30:00+00:00",
            DAY,
            AMSTERDAM,
            "2026-11-22T23:00:00+00:00",
            id="a day begins at local midnight",
        ),
        pytest.param(
            "2026-11-22T18:00:00+00:00",
            DAY,
            KOLKATA,
            "2026-11-21T18:30:00+00:00",
            id="a day in Kolkata",
        ),
        pytest.param(
            "2026-03-29T03:10:00+02:00",
            HOUR,
            AMSTERDAM,
            "2026-03-29T03:00:00+02:00",
            id="after the hour that does not exist",
        ),
        pytest.param(
            "2026-03-29T23:59:00+02:00",
            DAY,
            AMSTERDAM,
            "2026-03-29T00:00:00+01:00",
            id="a day of 23 hours",
        ),
        pytest.param(
            "2026-03-30T00:30:00+02:00",
            DAY,
            AMSTERDAM,
            "2026-03-30T00:00:00+02:00",
            id="the day after it",
        ),
        pytest.param(
            "2026-10-25T02:40:00+02:00",
            QUARTER,
            AMSTERDAM,
            "2026-10-25T02:30:00+02:00",
            id="the hour that comes twice, first time",
        ),
        pytest.param(
            "2026-10-25T02:40:00+01:00",
            QUARTER,
            AMSTERDAM,
            "2026-10-25T02:30:00+01:00",
            id="the hour that comes twice, second time",
        ),
        pytest.param(
            "2026-10-25T23:30:00+01:00",
            DAY,
            AMSTERDAM,
            "2026-10-25T00:00:00+02:00",
            id="the last hour of a day of 25 hours",
        ),
        pytest.param(
            "2026-04-05T01:40:00+10:30",
            QUARTER,
            LORD_HOWE,
            "2026-04-05T01:30:00+10:30",
            id="half an hour that comes twice",
        ),
        pytest.param(
            "2026-10-04T02:35:00+11:00",
            MINUTES_5,
            LORD_HOWE,
            "2026-10-04T02:35:00+11:00",
            id="half an hour that does not exist",
        ),
        pytest.param(
            "2026-04-05T23:45:00+10:30",
            DAY,
            LORD_HOWE,
            "2026-04-05T00:00:00+11:00",
            id="a day of 24.5 hours",
        ),
    ],
)
def test_floor_to_grid(
    moment: str, resolution: timedelta, time_zone: ZoneInfo, expected: str
) -> None:
    floor = floor_to_grid(at(moment), resolution, time_zone)

    assert floor == at(expected)
    assert floor.tzinfo is UTC


MOMENTS = st.integers(
    int(at("2024-01-01T00:00:00Z").timestamp()),
    int(at("2028-01-01T00:00:00Z").timestamp()),
).map(lambda timestamp: datetime.fromtimestamp(timestamp, UTC))
RESOLUTIONS = st.sampled_from([MINUTES_5, QUARTER, 2 * QUARTER, HOUR])
TIME_ZONES = st.sampled_from([AMSTERDAM, KOLKATA, LORD_HOWE, ZoneInfo("Africa/Cairo")])


@given(MOMENTS, RESOLUTIONS, TIME_ZONES)
def test_the_grid_holds_every_moment(
    moment: datetime, resolution: timedelta, time_zone: ZoneInfo
) -> None:
    """The slot that is found holds the moment and is found again from its own start."""
    floor = floor_to_grid(moment, resolution, time_zone)

    assert floor <= moment < floor + resolution
    assert floor_to_grid(floor, resolution, time_zone) == floor


@example(at("2026-10-25T23:30:00+01:00"), AMSTERDAM)
@example(at("2026-04-05T23:45:00+10:30"), LORD_HOWE)
@given(MOMENTS, TIME_ZONES)
def test_the_grid_of_days_has_local_dates(
    moment: datetime, time_zone: ZoneInfo
) -> None:
    """A day begins at the first moment of its date, however long it is."""
    floor = floor_to_grid(moment, DAY, time_zone)

    def local_date(instant: datetime) -> date:
        return instant.astimezone(time_zone).date()

    assert local_date(floor) == local_date(moment)
    assert local_date(floor - timedelta(seconds=1)) < local_date(moment)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(), timedelta()),
        (timedelta(seconds=1), QUARTER),
        (QUARTER, QUARTER),
        (timedelta(minutes=16), timedelta(minutes=30)),
    ],
)
def test_ceil_to_slots(duration: timedelta, expected: timedelta) -> None:
    assert ceil_to_slots(duration, QUARTER) == expected


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        pytest.param(0, 1, (0, 1), id="one slot"),
        pytest.param(0.1, 0.5, (0, 1), id="inside one"),
        pytest.param(0.9, 0.2, (0, 2), id="over a boundary"),
        pytest.param(1, 2.5, (1, 3), id="the last one only in part"),
    ],
)
def test_whole_slots(start: float, duration: float, expected: tuple[int, int]) -> None:
    first, length = whole_slots(quarter(start), duration * QUARTER, QUARTER, AMSTERDAM)

    assert (first, length) == (quarter(expected[0]), expected[1] * QUARTER)


# --- slots


def test_slots_follow_each_other() -> None:
    """Each begins where the one before ends; an unknown value keeps its slot."""
    assert slots_as_dicts(START, HOUR, [1.5, None], UTC) == [
        {"start": iso(START), "end": iso(START + HOUR), "value": 1.5},
        {"start": iso(START + HOUR), "end": iso(START + 2 * HOUR), "value": None},
    ]


def iso(moment: datetime) -> str:
    """A time in UTC as a text."""
    return moment.astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(
            "2026-03-29T00:00:00+00:00",
            [
                "2026-03-29T01:00:00+01:00",
                "2026-03-29T03:00:00+02:00",
                "2026-03-29T04:00:00+02:00",
            ],
            id="an hour is left out",
        ),
        pytest.param(
            "2026-10-25T00:00:00+00:00",
            [
                "2026-10-25T02:00:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T03:00:00+01:00",
            ],
            id="an hour comes twice",
        ),
    ],
)
def test_slots_as_dicts_in_a_night_of_change(start: str, expected: list[str]) -> None:
    """Every time has the offset that holds then, so that none is told twice."""
    slots = slots_as_dicts(at(start), HOUR, [1.0, 2.0], AMSTERDAM)

    assert slots == [
        {"start": expected[0], "end": expected[1], "value": 1.0},
        {"start": expected[1], "end": expected[2], "value": 2.0},
    ]


@pytest.mark.parametrize(
    ("resolution", "wanted", "skip", "expected"),
    [
        pytest.param(5, 15, 0, [2.0, 5.0], id="means"),
        pytest.param(5, 15, 10, [4.0], id="only whole slots, from later on"),
        pytest.param(15, 5, 10, [1.0, 2.0, 2.0, 2.0, 3.0], id="repeated"),
        pytest.param(15, 10, 5, [1.0, 2.0, 2.5], id="neither divides the other"),
        pytest.param(5, 5, 0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], id="the same"),
    ],
)
def test_resampled(
    resolution: int, wanted: int, skip: int, expected: list[float]
) -> None:
    """Values of other slots are the means of what they cover."""
    values = resampled(
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        timedelta(minutes=resolution),
        timedelta(minutes=wanted),
        skip=timedelta(minutes=skip),
    )

    assert values[: len(expected)] == expected
    assert resolution > wanted or len(values) == len(expected)


def test_resampled_of_what_is_partly_unknown() -> None:
    """A gap is no zero."""
    values = [None, 2.0, 4.0, None, None, None]

    assert resampled(values, HOUR, 3 * HOUR) == [3.0, None]


# --- making schedules


@pytest.mark.parametrize(
    ("values", "start", "kept"),
    [
        pytest.param((1.0, 2.0), 0, (1.0, 2.0), id="nothing to trim"),
        pytest.param((None, None, 1.0, None), 2, (1.0,), id="both ends"),
        pytest.param((0.0, None, 1.0, None), 0, (0.0, None, 1.0), id="not the middle"),
    ],
)
def test_unplanned_ends_are_trimmed(
    values: tuple[float | None, ...], start: int, kept: tuple[float | None, ...]
) -> None:
    assert Schedule.from_values(START, QUARTER, values) == Schedule(
        quarter(start), QUARTER, kept
    )


@pytest.mark.parametrize("values", [(), (None,), (None, None)])
def test_nothing_planned_is_no_schedule(values: tuple[None, ...]) -> None:
    assert Schedule.from_values(START, QUARTER, values) is None


def test_schedules_are_in_utc() -> None:
    """Two that mean the same are equal, whatever offset the server used."""
    schedule = Schedule.from_values(START.astimezone(AMSTERDAM), HOUR, [1.0])

    assert schedule == Schedule(START, HOUR, (1.0,))
    assert schedule
    assert schedule.start.tzinfo is UTC


def test_storage_keeps_a_schedule() -> None:
    schedule = Schedule(START, timedelta(minutes=7, seconds=30), (1.0, None, -0.25))

    assert Schedule.from_json(schedule.as_json()) == schedule


# --- asking schedules


@pytest.mark.parametrize(
    ("moment", "power"),
    [
        (quarter(-0.001), None),
        (quarter(0), 3.0),
        (quarter(0.999), 3.0),
        (quarter(1), None),
        (quarter(2), 0.0),
        (quarter(2.999), 0.0),
        (quarter(3), None),
    ],
)
def test_value_at(moment: datetime, power: float | None) -> None:
    """A slot holds its start and not its end; nothing planned is not zero."""
    schedule = quarters(3.0, None, 0.0)

    assert schedule.value_at(moment) == power
    assert schedule.covers(moment) is (power is not None)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (quarter(-9.5), quarter(0)),
        (quarter(-0.5), quarter(0)),
        (quarter(0), quarter(1)),
        (quarter(0.5), quarter(1)),
        (quarter(1.5), quarter(2)),
        (quarter(2), None),
        (quarter(9), None),
    ],
)
def test_next_boundary(moment: datetime, expected: datetime | None) -> None:
    """The end is a boundary too: from then on nothing is planned."""
    assert quarters(1.0, 1.0).next_boundary(moment) == expected


@pytest.mark.parametrize(
    ("values", "moment", "expected"),
    [
        pytest.param((1.0, 1.0, 2.0), 0.5, 2, id="later slot"),
        pytest.param((1.0, 1.0, 2.0), 1, 2, id="on a boundary"),
        pytest.param((1.0, 1.0, 2.0), 2, None, id="last value"),
        pytest.param((1.0, 1.0), 0, None, id="always the same"),
        pytest.param((1.0, None, 2.0), 0, 2, id="after a gap"),
        pytest.param((1.0, None, 1.0), 0, None, id="the same after a gap"),
        pytest.param((1.0, None, 1.0), 1, 2, id="from a gap"),
        pytest.param((1.0, 2.0), -3, 0, id="before the start"),
        pytest.param((1.0, 2.0), 5, None, id="after the end"),
    ],
)
def test_next_change(
    values: tuple[float | None, ...], moment: float, expected: int | None
) -> None:
    assert quarters(*values).next_change(quarter(moment)) == (
        None if expected is None else quarter(expected)
    )


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(0, 4, quarters(1.0, 2.0, None, 4.0), id="all"),
        pytest.param(-8, 99, quarters(1.0, 2.0, None, 4.0), id="more than all"),
        pytest.param(
            1, 2, Schedule(quarter(1), QUARTER, (2.0,)), id="one in the middle"
        ),
        pytest.param(
            1, 3, Schedule(quarter(1), QUARTER, (2.0,)), id="an end without a plan"
        ),
        pytest.param(2, 3, None, id="only a gap"),
        pytest.param(-5, 0, None, id="before"),
        pytest.param(4, 9, None, id="after"),
    ],
)
def test_between(start: int, end: int, expected: Schedule | None) -> None:
    schedule = quarters(1.0, 2.0, None, 4.0)

    assert schedule.between(quarter(start), quarter(end)) == expected


@pytest.mark.parametrize("resolution", [MINUTES_5, QUARTER, HOUR, DAY])
def test_any_resolution(resolution: timedelta) -> None:
    schedule = Schedule(START, resolution, (1.0, 2.0))

    assert schedule.end == START + 2 * resolution
    assert schedule.duration == 2 * resolution
    assert [slot["start"] for slot in schedule.as_dicts(UTC)] == [
        iso(START),
        iso(START + resolution),
    ]
    assert schedule.value_at(START + resolution) == 2.0


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [("2026-03-29T00:00:00+01:00", 23), ("2026-10-25T00:00:00+02:00", 25)],
)
def test_a_day_has_as_many_hours_as_it_has(midnight: str, hours: int) -> None:
    """Each hour of a day in which the clocks change has one slot."""
    schedule = Schedule.from_values(at(midnight), HOUR, list(range(hours)))

    assert schedule
    last = at(midnight).replace(hour=23, tzinfo=AMSTERDAM)
    assert schedule.value_at(last) == hours - 1
    assert schedule.end == last.astimezone(UTC) + HOUR
    assert schedule.end.astimezone(AMSTERDAM).hour == 0


PLANS = st.builds(
    Schedule.from_values,
    MOMENTS,
    RESOLUTIONS,
    st.lists(st.none() | st.floats(-99, 99), max_size=30),
).filter(bool)


@given(PLANS, st.data())
def test_questions_agree(schedule: Schedule, data: st.DataObject) -> None:
    """The answers at one moment do not contradict each other."""
    moment = schedule.start + data.draw(
        st.timedeltas(-DAY, schedule.duration + DAY), label="after the start"
    )
    boundary = schedule.next_boundary(moment)
    change = schedule.next_change(moment)
    running = [
        slot["value"]
        for slot in schedule.as_dicts(UTC)
        if at(slot["start"]) <= moment < at(slot["end"])
    ]

    assert running in ([], [schedule.value_at(moment)])
    assert (boundary is None) is (moment >= schedule.end)
    assert boundary is None or moment < boundary <= schedule.end
    assert change is None or (boundary is not None and boundary <= change)
    assert change is None or schedule.value_at(change) != schedule.value_at(moment)
    assert Schedule.from_json(schedule.as_json()) == schedule


@given(PLANS, st.integers(-5, 35), st.integers(0, 35))
def test_a_part_is_as_the_whole(schedule: Schedule, first: int, count: int) -> None:
    """A part plans the same as the whole within its limits, and nothing outside."""
    start = schedule.start + first * schedule.resolution
    end = start + count * schedule.resolution

    part = schedule.between(start, end)

    for slot in schedule.as_dicts(UTC):
        begin = at(slot["start"])
        planned = part.value_at(begin) if part else None
        assert planned == (slot["value"] if start <= begin < end else None)


# --- runs of slots of the same length


def test_days_begin_at_local_midnight() -> None:
    """Also the one after the night that is longer."""
    start = datetime(2026, 10, 24, tzinfo=AMSTERDAM)

    starts = slot_starts(start, 4, DAY, AMSTERDAM)

    assert [moment.astimezone(AMSTERDAM) for moment in starts] == [
        datetime(2026, 10, day, tzinfo=AMSTERDAM) for day in (24, 25, 26, 27)
    ]
    assert [after - before for before, after in pairwise(starts)] == [
        DAY,
        25 * HOUR,
        DAY,
    ]


def test_days_before_a_moment() -> None:
    """Back over the night that is shorter."""
    start = datetime(2026, 3, 30, tzinfo=AMSTERDAM)

    starts = slot_starts(start, 2, -2 * DAY, AMSTERDAM)

    assert starts[-1] == datetime(2026, 3, 28, tzinfo=AMSTERDAM)


def test_runs_end_where_a_day_has_another_length() -> None:
    start = datetime(2026, 10, 24, tzinfo=AMSTERDAM)

    runs = list(even_runs(start, 4, DAY, AMSTERDAM))

    assert runs == [(start, 2), (datetime(2026, 10, 26, tzinfo=AMSTERDAM), 2)]


def test_hours_are_one_run() -> None:
    start = datetime(2026, 10, 25, tzinfo=AMSTERDAM)

    assert list(even_runs(start, 30, HOUR, AMSTERDAM)) == [(start, 30)]


@pytest.mark.parametrize(
    ("hours", "days"), [(24, 1), (25, 1), (26, 2), (49, 2), (50, 3)]
)
def test_days_that_a_period_touches(hours: int, days: int) -> None:
    """The first of them has 25 hours."""
    start = datetime(2026, 10, 25, tzinfo=AMSTERDAM)

    assert whole_slots(start, hours * HOUR, DAY, AMSTERDAM) == (start, days * DAY)


@pytest.mark.parametrize(
    ("zone", "resolution", "step"),
    [
        (AMSTERDAM, HOUR, HOUR),
        (AMSTERDAM, DAY, DAY),
        (KOLKATA, HOUR, 2 * QUARTER),
        (KOLKATA, QUARTER, QUARTER),
        (ZoneInfo("Asia/Kathmandu"), 2 * QUARTER, QUARTER),
        (LORD_HOWE, HOUR, HOUR),
        (ZoneInfo("UTC"), HOUR, HOUR),
    ],
)
def test_step_that_meets_all_grids(
    zone: ZoneInfo, resolution: timedelta, step: timedelta
) -> None:
    assert reading_step(START, DAY, resolution, zone) == step
