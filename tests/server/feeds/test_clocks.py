"""Sensors of 5, 15 and 60 minutes and of days, over the nights in which clocks change."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .sending_home import (
    AMSTERDAM,
    DAY,
    FIVE,
    HOUR,
    KWH,
    MINUTE,
    QUARTER,
    SendingHome,
    W,
    check,
    feed,
    mean,
    means,
    numbers,
    slots,
    value_at,
)

POWER, COUNTER = "sensor.power", "sensor.counter"
KOLKATA = ZoneInfo("Asia/Kolkata")
STEP = 37 * MINUTE


@pytest.mark.parametrize(
    "start",
    [
        pytest.param("2026-03-27T22:58:00+00:00", id="spring"),
        pytest.param("2026-10-23T21:58:00+00:00", id="autumn"),
    ],
)
async def test_night_in_which_the_clocks_change(
    sending: SendingHome, start: str
) -> None:
    """Nothing is twice, missing or at another time."""
    moment = first = datetime.fromisoformat(start)
    full = first + 2 * MINUTE
    new = sending.owner.sensor
    kw: Any = {"consumption_is_positive": True}
    by_length = {
        length: await new("kW", iso, **kw)
        for length, iso in ((FIVE, "PT5M"), (QUARTER, "PT15M"), (HOUR, "PT1H"))
    }
    daily_power, daily_energy = await new("kW", "P1D", **kw), await new("kWh", "P1D")
    daily_count, hourly_count = await new("kWh", "P1D"), await new("kWh", "PT1H")
    kolkata = await new("kW", "PT1H", time_zone=KOLKATA.key, **kw)
    kolkata_daily = await new("kWh", "P1D", time_zone=KOLKATA.key)
    sending.feeds = [
        *(
            feed(sensor, POWER)
            for sensor in (
                *by_length.values(),
                daily_power,
                daily_energy,
                kolkata,
                kolkata_daily,
            )
        ),
        *(
            feed(sensor, COUNTER, method="difference", unit="kWh")
            for sensor in (daily_count, hourly_count)
        ),
    ]
    sending.shown = {POWER: (500, W), COUNTER: (100.0, KWH)}
    sending.freezer.move_to(first)
    await sending.start()
    for index in range(1, round(2.2 * DAY / STEP)):
        moment = first + index * STEP
        if not index % 5:
            await sending.pass_time(moment, 4 * HOUR)
        sending.at(moment, POWER, index * 7919 % 4001 - 1000)
        sending.at(moment, COUNTER, 100 + index * index / 100)
    await sending.pass_time(moment.replace(minute=1) + HOUR, HOUR)
    end = sending.now.replace(minute=0, second=0, microsecond=0)

    power, count = sending.history[POWER], sending.history[COUNTER]
    for length, sensor in by_length.items():
        check(
            sending.server,
            sensor,
            means(power, slots(full, end, length), length, 1 / 1000),
        )
    check(
        sending.server,
        kolkata,
        means(power, slots(full + HOUR / 2, end, HOUR), HOUR, 1 / 1000),
    )
    values, counted = numbers(power), numbers(count)

    def days_in(zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        # The first one began before Home Assistant did.
        midnight = first.astimezone(zone).replace(hour=0, minute=0)
        every = [(midnight + index * DAY).astimezone(UTC) for index in range(5)]
        return list(pairwise(each for each in every if each <= end))

    def energy(zone: ZoneInfo) -> dict[datetime, float]:
        return {
            a: value / 1000 * ((b - a) / HOUR)
            for a, b in days_in(zone)
            if (value := mean(values, a, b)) is not None
        }

    days = days_in(AMSTERDAM)
    assert [after - before for before, after in days] in (
        [DAY, DAY, 23 * HOUR],
        [DAY, DAY, 25 * HOUR],
    )
    check(sending.server, daily_energy, energy(AMSTERDAM))
    check(
        sending.server,
        daily_power,
        {a: energy(AMSTERDAM)[a] / ((b - a) / HOUR) for a, b in days[1:]},
    )

    def rise(a: datetime, b: datetime) -> float:
        before, after = value_at(counted, a), value_at(counted, b)
        assert before is not None
        assert after is not None
        return after - before

    check(sending.server, daily_count, {a: rise(a, b) for a, b in days[1:]})
    check(
        sending.server,
        hourly_count,
        {hour: rise(hour, hour + HOUR) for hour in slots(full, end, HOUR)},
    )
    # Of its first day, 81 % were observed.
    assert len(energy(KOLKATA)) == 2
    check(sending.server, kolkata_daily, energy(KOLKATA))
    assert not sending.issues()
