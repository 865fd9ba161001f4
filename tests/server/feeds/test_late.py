"""What comes late: after days without the server, and from what the recorder still has."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from ..conftest import call
from .sending_home import (
    AFTER,
    AMSTERDAM,
    DAY,
    HOUR,
    KWH,
    MINUTE,
    NOON,
    QUARTER,
    SECOND,
    SendingHome,
    W,
    beliefs,
    check,
    feed,
    means,
    rises,
    slots,
)
from .test_stops import COUNTER, LEVEL, POWER, SWITCH, Sensors

STEP = 47 * MINUTE


async def live(home: SendingHome, until: datetime, tick: timedelta) -> None:
    """Let the house use power until a moment, and Home Assistant notice now and then."""
    next_tick = home.now + tick
    index = 0
    while home.now + STEP < until:
        index += 1
        home.at(home.now + STEP, POWER, index * 7919 % 4001)
        home.say(COUNTER, 100 + home.now.timestamp() % 1e8 / 1000)
        home.say(LEVEL, index * 31 % 100)
        home.say(SWITCH, "on" if index % 3 else "off")
        if home.now >= next_tick:
            await home.go_to(home.now + SECOND)
            next_tick = home.now + tick
    await home.go_to(until)


@pytest.fixture
async def sensors(sending: SendingHome) -> Sensors:
    """A home with a feed of each kind, that has run for a day."""
    sensors = Sensors(sending)
    await sensors.make()
    sending.freezer.move_to(NOON - DAY - 2 * MINUTE)
    await sending.start()
    await live(sending, NOON - 7 * MINUTE, 6 * HOUR)
    return sensors


async def test_nine_days_without_the_server(
    sending: SendingHome, sensors: Sensors
) -> None:
    """All of it comes, in few requests, though Home Assistant was started anew meanwhile."""
    sending.server.stop_web()
    try:
        await live(sending, NOON + 4 * DAY, 8 * HOUR)
        await sending.stop()
        sending.freezer.tick(30 * MINUTE)
        await sending.start()
        await live(sending, NOON + 9 * DAY, 8 * HOUR)
    finally:
        sending.server.start_web()
    before = sending.network.posts
    await sending.pass_time(sending.now + HOUR, 15 * MINUTE)
    assert sending.network.posts - before <= 4 * 4 + 12
    await sending.go_to(sending.now + AFTER)
    sensors.check(NOON - DAY - HOUR)
    assert not sending.issues()
    # A day later it is still so.
    await sending.pass_time(sending.now + 25 * HOUR, 5 * HOUR)
    await sending.go_to(sending.now + AFTER)
    sensors.check(NOON - DAY - HOUR)


async def test_what_is_purged_is_lost(sending: SendingHome) -> None:
    """It is told once, with the period; all that is there comes."""
    sensor = await sending.owner.sensor("kW", "PT15M", consumption_is_positive=True)
    sending.feeds = [feed(sensor, POWER)]
    sending.shown = {
        POWER: (500, W),
        COUNTER: (0, KWH),
        LEVEL: (0, {}),
        SWITCH: (0, {}),
    }
    sending.freezer.move_to(NOON - HOUR - 2 * MINUTE)
    await sending.start()
    await sending.pass_time(NOON + 2 * MINUTE, 20 * MINUTE)
    sending.server.stop_web()
    try:
        await live(sending, NOON + 6 * DAY, 8 * HOUR)
        await sending.hass.services.async_call(
            "recorder", "purge", {"keep_days": 4}, blocking=True
        )
        await sending.settle()
        purged = sending.now - 4 * DAY
    finally:
        sending.server.start_web()
    await sending.pass_time(sending.now + HOUR, QUARTER)
    await sending.go_to(sending.now + AFTER)

    said = sending.history[POWER]
    end = sending.now - AFTER
    sent_live = means(said, slots(NOON - HOUR, NOON, QUARTER), QUARTER, 1 / 1000)
    kept = [each for each in said if each[0] >= purged]
    sent_late = means(kept, slots(NOON, end, QUARTER), QUARTER, 1 / 1000)
    check(sending.server, sensor, sent_live | sent_late)
    issue = sending.issues()[f"feed_lost_feed_{sensor}"]
    words = issue.translation_placeholders or {}
    assert words["start"] == f"{NOON.astimezone(AMSTERDAM):%-d %b %H:%M}"
    assert words["end"] == f"{min(sent_late).astimezone(AMSTERDAM):%-d %b %H:%M}"

    await sending.stop()
    await sending.start()
    await sending.pass_time(sending.now + 26 * HOUR, 6 * HOUR)
    again = sending.issues().get(f"feed_lost_feed_{sensor}")
    assert again is None or again.translation_placeholders == words


async def test_send_now(sending: SendingHome, sensors: Sensors) -> None:
    """What has ended is sent before its time."""
    sending.freezer.move_to(NOON + 6 * SECOND)
    answer = await call(
        sending.hass, "send_now", device_id=sending.device_id(sensors.power)
    )
    assert list(answer["feeds"]) == [f"Feed {sensors.power}"]
    assert answer["feeds"][f"Feed {sensors.power}"]["sent"]
    assert NOON - QUARTER in beliefs(sending.server, sensors.power)
    assert NOON not in beliefs(sending.server, sensors.level)
    await call(sending.hass, "send_now")
    assert NOON in beliefs(sending.server, sensors.level)
    await sending.go_to(NOON + AFTER)
    sensors.check(NOON - DAY - HOUR)


async def test_backfill_of_what_the_server_lost(
    sending: SendingHome, sensors: Sensors
) -> None:
    """Only that is sent."""
    await sending.go_to(NOON + AFTER)
    first, last = NOON - 5 * HOUR, NOON - 3 * HOUR
    lost = {}
    for sensor in (sensors.power, sensors.energy):
        before = len(beliefs(sending.server, sensor))
        await sending.owner.request(
            "DELETE",
            f"sensors/{sensor}/data",
            json={"start": first.isoformat(), "until": last.isoformat()},
        )
        lost[sensor] = before - len(beliefs(sending.server, sensor))
        assert 8 <= lost[sensor] <= 9
    answer = await call(
        sending.hass,
        "backfill",
        start=(NOON - 8 * HOUR).isoformat(),
        end=NOON.isoformat(),
    )
    for sensor, count in lost.items():
        told = answer["feeds"][f"Feed {sensor}"]
        assert told["sent"] == count
        assert told["sent"] + told["unchanged"] + told["unknown"] == 32
    for sensor in (sensors.level, sensors.share):
        assert answer["feeds"][f"Feed {sensor}"]["sent"] == 0
    sensors.check(NOON - DAY - HOUR)
    with pytest.raises(ServiceValidationError):
        await call(
            sending.hass,
            "backfill",
            start=NOON.isoformat(),
            end=(NOON - HOUR).isoformat(),
        )


async def import_hours(
    hass: HomeAssistant,
    entity: str,
    unit: tuple[str, str],
    hours: list[StatisticData],
) -> None:
    """Let the recorder have long-term statistics."""
    is_mean = "mean" in hours[0]
    async_import_statistics(
        hass,
        StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC
            if is_mean
            else StatisticMeanType.NONE,
            has_sum=not is_mean,
            name=None,
            source="recorder",
            statistic_id=entity,
            unit_class=unit[1],
            unit_of_measurement=unit[0],
        ),
        hours,
    )


async def test_backfill_from_statistics(sending: SendingHome) -> None:
    """Months ago, hours are known: means, and how sums rose."""
    new = sending.owner.sensor
    power = await new("kW", "PT15M", consumption_is_positive=True)
    energy = await new("kWh", "PT1H")
    day = await new("kWh", "P1D")
    counter: dict[str, Any] = {"method": "difference", "unit": "kWh"}
    sending.feeds = [
        feed(power, POWER),
        feed(energy, COUNTER, **counter),
        feed(day, COUNTER, **counter),
    ]
    sending.shown = {POWER: (500, W), COUNTER: (5000.0, KWH)}
    await sending.start()
    # The night of 25 October is in it.
    first = datetime(2026, 10, 23, 22, tzinfo=NOON.tzinfo)
    count = 3 * 24 + 1
    await import_hours(
        sending.hass,
        POWER,
        ("W", "power"),
        [
            StatisticData(start=first + index * HOUR, mean=100.0 * index)
            for index in range(count)
            if index != 7
        ],
    )
    await import_hours(
        sending.hass,
        COUNTER,
        ("kWh", "energy"),
        [
            StatisticData(
                start=first + index * HOUR, state=index * index, sum=index * index / 2
            )
            for index in range(-1, count)
        ],
    )
    await sending.settle()
    await sending.go_to(sending.now + MINUTE)
    await call(
        sending.hass,
        "backfill",
        start=first.isoformat(),
        end=(first + count * HOUR).isoformat(),
    )

    check(
        sending.server,
        power,
        {
            first + index * HOUR + quarter * QUARTER: index / 10
            for index in range(count)
            for quarter in range(4)
            # The hour after one that is not there may have been observed in part.
            if index not in {0, 7, 8}
        },
    )
    rise = {index: (index**2 - (index - 1) ** 2) / 2 for index in range(count)}
    check(
        sending.server, energy, {first + i * HOUR: value for i, value in rise.items()}
    )
    midnights = (0, 24, 49, 73)
    check(
        sending.server,
        day,
        {
            first + a * HOUR: sum(rise[index] for index in range(a, b))
            for a, b in pairwise(midnights)
        },
    )


async def test_renamed_while_the_server_is_away(sending: SendingHome) -> None:
    """The entity is the same, and its history moves with it."""
    sensor = await sending.owner.sensor("kWh", "PT15M")
    sending.freezer.move_to(NOON - 2 * MINUTE)
    await sending.start(with_account=False)
    registry = er.async_get(sending.hass)
    entry = registry.async_get_or_create(
        "sensor", "test", "meter", suggested_object_id="counter"
    )
    assert entry.entity_id == COUNTER
    sending.feeds = [
        feed(sensor, entry.id, method="difference", unit="kWh"),
    ]
    sending.say(COUNTER, 10.0, **KWH)
    await sending.add_account()
    await sending.pass_time(NOON + QUARTER + MINUTE)
    sending.network.trouble = "refuse"
    sending.at(NOON + 20 * MINUTE, COUNTER, 11.0)
    await sending.pass_time(NOON + 40 * MINUTE)
    registry.async_update_entity(COUNTER, new_entity_id="sensor.other")
    sending.hass.states.async_remove(COUNTER)
    sending.hass.states.async_set("sensor.other", "11.0", KWH)
    await sending.settle()
    sending.history["sensor.other"] = sending.history.pop(COUNTER)
    sending.shown.pop(COUNTER)
    sending.at(NOON + 50 * MINUTE, "sensor.other", 12.5, **KWH)
    await sending.pass_time(NOON + HOUR + MINUTE)
    sending.network.trouble = ""
    await sending.pass_time(NOON + 2 * HOUR + MINUTE)

    check(
        sending.server,
        sensor,
        rises(
            sending.history["sensor.other"],
            slots(NOON, NOON + 2 * HOUR, QUARTER),
            QUARTER,
        ),
    )
