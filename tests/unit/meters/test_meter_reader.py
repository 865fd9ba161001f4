"""What a meter has counted in a period that is read in pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate, pairwise
import random
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from custom_components.flexmeasures.meters.bills.day_book import Day, days_of
from custom_components.flexmeasures.meters.intervals import Interval, by_hour
from custom_components.flexmeasures.meters.meter_reader import MeterReader, MeterSources
from custom_components.flexmeasures.meters.metering import (
    MeterSeries,
    metered,
    readings,
)
from custom_components.flexmeasures.meters.readings import SensorReader, Source

from .values import (
    AMSTERDAM,
    DAY,
    HOUR,
    KOLKATA,
    LORD_HOWE,
    MINUTE,
    NEW_YORK,
    QUARTER,
    days_of_zone,
    row,
    sensor,
    settings,
    utc,
)

FIRST = date(2026, 3, 27)
DAYS = 5
"""The third of them has 23 hours in Amsterdam."""
LATER = utc(row(0, DAY, 0)[0].start + 2_000_000_000)


@dataclass
class StoredValues:
    """What the server holds: gives the values that overlap a period, as `SensorReader` does."""

    values: dict[int, list[Interval]]
    """By the ids of sensors."""

    async def async_measured(
        self, source: Source, start: datetime, end: datetime
    ) -> list[Interval]:
        """Give the values that overlap a period."""
        return [
            each
            for each in self.values.get(source.sensor.id, ())
            if each.end > start.timestamp() and each.start < end.timestamp()
        ]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give when a day starts."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


async def read_in_pieces(
    stored: Sequence[Interval],
    resolution: int,
    zone: ZoneInfo,
    boundaries: Sequence[int],
    *,
    is_read_on: bool,
    is_cumulative: bool = True,
) -> tuple[dict[date, Day], dict[int, float], dict[int, float]]:
    """Give days, and consumption and cost by hours, of what is imported piece by piece.

    `is_read_on`: each piece is given what was read before it; else it has to look back.
    """
    meter = settings(cumulative=is_cumulative, cost_sensor=2)
    energy = sensor("kWh", resolution)
    price = replace(sensor("EUR/kWh", HOUR), id=2)
    begin = int(midnight(FIRST, zone).timestamp())
    reader = MeterReader(
        cast(
            "SensorReader",
            StoredValues(
                {1: list(stored), 2: row(begin - 9 * DAY, HOUR, *[0.5] * 500)}
            ),
        ),
        meter,
    )
    sources = MeterSources(
        Source(energy, ("user",), utc(begin)),
        None,
        Source(price, ("user",), utc(begin)),
        None,
    )
    days: dict[date, Day] = {}
    counted_hours: dict[int, float] = {}
    cost_hours: dict[int, float] = {}
    before: MeterSeries | None = None
    for one, other in pairwise([0, *sorted(set(boundaries)), DAYS]):
        first, last = FIRST + timedelta(one), FIRST + timedelta(other)
        start, end = midnight(first, zone), midnight(last, zone)
        # The full hour that a day of a zone like India's starts in is a part of both.
        hour = int(start.timestamp()) // HOUR * HOUR
        until = int(end.timestamp()) // HOUR * HOUR
        series = await reader.async_measured(
            sources, utc(hour), end, now=LATER, before=before if is_read_on else None
        )
        before = series
        counted = metered(meter, series)
        assert counted.consumption.money is not None
        days |= days_of(counted, first, last, zone)
        shown = {
            each.counted_in_hour_of // HOUR * HOUR: each.value
            for each in readings(meter, series.consumption)
        }
        counted_hours |= {at: shown[at] for at in shown if hour <= at < until}
        cost = by_hour(counted.consumption.money)
        cost_hours |= {at: cost[at] for at in cost if hour <= at < until}
    return days, counted_hours, cost_hours


@pytest.mark.parametrize("zone", [AMSTERDAM, KOLKATA, LORD_HOWE], ids=str)
@pytest.mark.parametrize("resolution", [0, 30 * MINUTE, HOUR, 2 * HOUR])
@pytest.mark.parametrize("is_read_on", [True, False])
@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost(
    zone: ZoneInfo, resolution: int, seed: int, *, is_read_on: bool
) -> None:
    """At whichever midnights a period is split, and with any gaps, it comes out the same."""
    rng = random.Random(seed)  # noqa: S311
    step = resolution or HOUR
    start = int(midnight(FIRST, zone).timestamp()) // DAY * DAY
    count = (DAYS + 1) * DAY // step
    shown = accumulate((rng.randrange(4) for _ in range(count - 1)), initial=100.0)
    # The server gives an instant as five minutes.
    stored = [
        Interval(at, at + (resolution or 5 * MINUTE), value)
        for at, value in zip(
            range(start, start + count * step, step), shown, strict=True
        )
        if at == start or rng.random() < (0.3, 0.9, 1)[seed]
    ]
    boundaries = rng.sample(range(1, DAYS), rng.randrange(1, DAYS))

    whole = await read_in_pieces(stored, resolution, zone, [], is_read_on=True)
    pieces = await read_in_pieces(
        stored, resolution, zone, boundaries, is_read_on=is_read_on
    )

    assert pieces == whole
    days, hours, cost = pieces
    # A reading counts for the day on which its interval starts, an instant for that it ends.
    begin, end = (
        int(midnight(FIRST + timedelta(n), zone).timestamp()) for n in (0, DAYS)
    )
    inside = [
        n
        for n, each in enumerate(stored)
        if begin <= each.start - (not resolution) < end
    ]
    total = stored[inside[-1]].value - stored[inside[0] - 1].value
    assert sum(day.consumption.amount for day in days.values()) == total
    assert sum(day.consumption.money for day in days.values()) == pytest.approx(
        0.5 * sum(day.consumption.amount for day in days.values())
    )
    assert list(hours) == sorted(hours)
    if zone is AMSTERDAM:
        assert sum(cost.values()) == pytest.approx(
            sum(day.consumption.money for day in days.values())
        )


@pytest.mark.parametrize("zone", [AMSTERDAM, KOLKATA, NEW_YORK], ids=str)
@pytest.mark.parametrize("boundaries", [[], [1], [2, 3], [1, 2, 3, 4]])
async def test_daily_readings_of_another_zone(
    zone: ZoneInfo, boundaries: list[int]
) -> None:
    """A day of a sensor elsewhere counts for the day that most of it is on."""
    stored = [
        each._replace(value=1000.0 + 7 * index)
        for index, each in enumerate(days_of_zone("2026-03-25", 9, zone, 0))
    ]
    days, _, _ = await read_in_pieces(
        stored, DAY, AMSTERDAM, boundaries, is_read_on=True
    )
    assert {day: each.consumption.amount for day, each in days.items()} == {
        FIRST + timedelta(n): 7 for n in range(DAYS)
    }


@pytest.mark.parametrize("is_read_on", [True, False])
async def test_read_once_a_week(*, is_read_on: bool) -> None:
    """What is read by hand once a week counts on the day on which it is read."""
    begin = int(midnight(FIRST, AMSTERDAM).timestamp())
    stored = [
        Interval(at, at + 5 * MINUTE, value)
        for at, value in (
            (begin - 6 * DAY, 200.0),
            (begin + DAY + 9 * HOUR, 235.0),
            (begin + 4 * DAY, 236.0),
        )
    ]
    days, hours, cost = await read_in_pieces(
        stored, 0, AMSTERDAM, [1, 2, 3], is_read_on=is_read_on
    )
    assert {day: each.consumption.amount for day, each in days.items()} == {
        FIRST: 0,
        FIRST + timedelta(1): 35,
        FIRST + timedelta(2): 0,
        # The last one was read within the first hour of the fifth day (it has 25 in all).
        FIRST + timedelta(3): 0,
        FIRST + timedelta(4): 1,
    }
    assert list(hours) == [begin + DAY + 8 * HOUR, begin + 4 * DAY - HOUR]
    assert cost == {
        begin + DAY + 8 * HOUR: pytest.approx(35 * 0.5),
        begin + 4 * DAY - HOUR: pytest.approx(0.5),
    }


async def test_not_before_it_is_over() -> None:
    """An hour that still runs has not been counted, but an instant is known at once."""
    begin = int(midnight(FIRST, AMSTERDAM).timestamp())
    now = utc(begin + HOUR + QUARTER)
    for unit, step, known in (("kWh", HOUR, [1.0]), ("kWh", 0, [1.0, 2.0])):
        stored = row(begin, HOUR, 1.0, 2.0)
        reader = MeterReader(
            cast("SensorReader", StoredValues({1: stored})),
            settings(),
        )
        sources = MeterSources(
            Source(sensor(unit, step), ("user",), utc(begin)), None, None, None
        )
        series = await reader.async_measured(sources, utc(begin - DAY), now, now=now)
        assert [each.value for each in series.consumption.values] == known


@pytest.mark.parametrize("zone", [KOLKATA, NEW_YORK], ids=str)
@pytest.mark.parametrize("boundaries", [[], [1], [2, 3], [1, 2, 3, 4]])
async def test_daily_values_of_another_zone(
    zone: ZoneInfo, boundaries: list[int]
) -> None:
    """They are priced for all of their time, wherever a period is split."""
    days, _, _ = await read_in_pieces(
        days_of_zone("2026-03-25", 9, zone, 4.0),
        DAY,
        AMSTERDAM,
        boundaries,
        is_read_on=True,
        is_cumulative=False,
    )
    for day in days.values():
        assert day.consumption.amount == 4
        assert day.consumption.priced == day.consumption.known
        assert day.consumption.money == pytest.approx(2)
