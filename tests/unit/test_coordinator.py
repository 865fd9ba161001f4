"""How a device's plan is followed, refreshed and computed."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import json
import logging
from typing import Any
from unittest.mock import Mock

from aiohttp import ClientConnectionError
import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN,
    CABIN_POWER,
    EMAIL,
    FEED_IN,
    GARAGE_POWER,
    HTML,
    PRICE,
    RATE_LIMITED,
    REFUSED,
    StoredSchedule,
    failed_job,
    finished_job,
    running_job,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

SENSOR = f"/api/v3_0/sensors/{BATTERY_POWER}"
MEASURED = {"soc_max": "10 kWh", "state_of_charge": {"sensor": BATTERY_SOC}}
DATA = f"{SENSOR}/data"
CATALOGUE = ["/api/v3_0/assets", "/api/v3_0/sensors"]
# The plan and measured power, the state of charge and both prices.
READING = sorted(
    f"/api/v3_0/sensors/{sensor}/data"
    for sensor in (BATTERY_POWER, BATTERY_POWER, BATTERY_SOC, PRICE, FEED_IN)
)
TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
JOB = "/api/v3_0/jobs/*"

FAILED = "Error fetching schedule of Home battery data"
RECOVERED = "Fetching schedule of Home battery data recovered"

SECONDS_10 = timedelta(seconds=10)

AUTOMATIC = device(automatic_scheduling=True)


def paths(home: Home) -> list[str]:
    """Give what the server was asked so far."""
    return [request.path for request in home.server.requests]


# --- following the plan


async def test_slots_are_followed_without_asking(home: Home) -> None:
    home.has_planned(1.0, 2.0, None, 4.0)
    await home.set_up()
    home.server.requests.clear()

    states = []
    for quarter in range(1, 5):
        await home.go_to(SLOT + quarter * QUARTER - MINUTE)
        states.append(home.state().state)
        await home.go_to(SLOT + quarter * QUARTER)
        states.append(home.state().state)

    unknown = STATE_UNKNOWN
    expected = ["1.0", "2.0", "2.0", unknown, unknown, "4.0", "4.0", unknown]
    assert states == expected
    assert home.server.requests == []


async def test_boundaries_of_any_resolution(home: Home) -> None:
    home.has_planned(
        *[-1000.0, -2000.0, -3000.0],
        power_sensor=GARAGE_POWER,
        start=SLOT + 5 * MINUTE,
        resolution=5 * MINUTE,
        unit="W",
    )
    await home.set_up(device(GARAGE_POWER))

    states = []
    for minutes in (5, 10, 15, 20):
        await home.go_to(SLOT + minutes * MINUTE)
        states.append(home.state(GARAGE_POWER).state)

    assert states == ["1.0", "2.0", "3.0", STATE_UNKNOWN]


async def test_plan_that_begins_later(home: Home) -> None:
    home.has_planned(5.0, start=SLOT + QUARTER)
    await home.set_up()
    assert home.state().state == STATE_UNKNOWN

    await home.go_to(SLOT + QUARTER)

    assert home.state().state == "5.0"


# --- polling


async def test_what_a_poll_asks(home: Home) -> None:
    """What differs between devices once for each, what does not once for all."""
    home.has_planned(*range(8))
    await home.set_up(device(BATTERY_POWER), device(CABIN_POWER))
    home.server.requests.clear()

    await home.go_to(NOW + HOUR)
    cabin = [f"/api/v3_0/sensors/{CABIN_POWER}/data"] * 2
    assert sorted(paths(home)) == sorted(CATALOGUE + READING + cabin)
    home.server.requests.clear()
    await home.go_to(NOW + HOUR + MINUTE)
    assert paths(home) == []

    assert home.plan() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


async def test_today_stays_with_the_plan(home: Home) -> None:
    """From local midnight on, also on the day after a change of daylight saving time."""
    home.has_planned(*range(8))
    await home.set_up()

    (request,) = home.plans_read()
    assert request.query["start"] == "2026-11-21T23:00:00+00:00"
    # Eleven hours and two to come, from the start of the running slot on.
    assert request.query["duration"] == "PT13H"


async def test_update_interval_is_kept(home: Home) -> None:
    await home.set_up(device(update_interval=300))
    home.has_planned(*[1.0] * 8)

    await home.go_to(NOW + 4 * MINUTE)
    assert home.state().state == STATE_UNKNOWN
    await home.go_to(NOW + 5 * MINUTE)
    assert home.state().state == "1.0"


async def test_the_same_plan_is_no_news(home: Home) -> None:
    home.has_planned(1.0, 2.0)
    await home.set_up(device(update_interval=60, update_interval_charging=60))
    reported = home.state().last_reported

    await home.go_to(NOW + MINUTE)
    await home.go_to(NOW + 2 * MINUTE)

    assert len(home.plans_read()) == 3
    assert home.state().last_reported == reported


async def test_outage(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The plan is kept and followed; the server is looked for every minute."""
    home.has_planned(*range(8))
    await home.set_up()
    home.server.fail(REFUSED)

    for moment, state in (
        (NOW + HOUR, "4.0"),
        (NOW + HOUR + MINUTE, "4.0"),
        (SLOT + HOUR + QUARTER, "5.0"),
    ):
        home.server.requests.clear()
        await home.go_to(moment)
        assert home.server.requests != []
        assert home.state().state == state
    assert caplog.text.count(FAILED) == 1
    assert "The FlexMeasures server does not answer (connection refused)" in caplog.text

    home.server.recover()
    home.has_planned(*[9.0] * 8, start=SLOT + HOUR)
    await home.go_to(SLOT + HOUR + QUARTER + MINUTE)
    assert home.state().state == "9.0"
    assert caplog.text.count(RECOVERED) == 1
    assert caplog.text.count(FAILED) == 1

    home.server.requests.clear()
    await home.go_to(SLOT + HOUR + QUARTER + 59 * MINUTE)
    assert home.server.requests == []


async def test_outage_until_the_plan_ends(home: Home) -> None:
    home.has_planned(1.0, 2.0)
    await home.set_up()
    home.server.fail(ClientConnectionError())

    await home.go_to(SLOT + 2 * QUARTER)

    assert home.state().state == STATE_UNKNOWN


async def test_rate_limit(home: Home) -> None:
    """The next poll comes when the server says so."""
    home.has_planned(*[1.0] * 8)
    await home.set_up()
    home.server.answer(
        "GET", DATA, status=429, json=RATE_LIMITED, headers={"Retry-After": "296"}
    )
    await home.go_to(NOW + HOUR)
    home.server.recover()
    home.server.requests.clear()

    await home.go_to(NOW + HOUR + timedelta(seconds=290))
    assert home.server.requests == []
    await home.go_to(NOW + HOUR + timedelta(seconds=297))
    assert sorted(paths(home)) == READING


async def test_other_errors_wait_for_the_next_poll(home: Home) -> None:
    await home.set_up()
    home.server.answer("GET", DATA, status=422, json={"message": "No."})
    await home.go_to(NOW + HOUR)
    home.server.requests.clear()

    await home.go_to(NOW + HOUR + 59 * MINUTE)
    assert home.server.requests == []
    await home.go_to(NOW + 2 * HOUR)
    assert sorted(paths(home)) == sorted(CATALOGUE + READING)


async def test_login_that_is_refused_later(home: Home) -> None:
    """The user is asked for the password; the plan is followed all the while."""
    home.has_planned(*range(8))
    await home.set_up()
    home.server.tokens.clear()
    home.server.users[EMAIL].password = "another"

    await home.go_to(NOW + HOUR)

    assert len(home.reauthentications) == 1
    assert home.state().state == "4.0"
    await home.go_to(SLOT + HOUR + QUARTER)
    assert home.state().state == "5.0"


# --- computing a schedule


async def test_computed_schedule_is_followed(home: Home) -> None:
    home.has_planned(9.0, 9.0)
    await home.set_up()

    await home.compute()

    assert home.plan() == [3.0, -2.0, 0.0, 3.0, -2.0, 0.0, 3.0, -2.0]
    assert home.state().state == "3.0"
    await home.go_to(SLOT + QUARTER)
    assert home.state().state == "-2.0"


async def test_what_is_asked_to_compute(home: Home) -> None:
    """No request more than it takes; prices are read once, before and not after."""
    for sensor in (PRICE, FEED_IN):
        home.has_prices(80, 70, sensor=sensor)
    await home.set_up()
    home.server.requests.clear()

    await home.compute()

    prices = [f"/api/v3_0/sensors/{sensor}/data" for sensor in (PRICE, FEED_IN)]
    assert [(request.method, request.path) for request in home.server.requests][:4] == [
        *(("GET", path) for path in prices),
        ("POST", TRIGGER),
        ("GET", f"/api/v3_0/jobs/{next(iter(home.server.jobs))}"),
    ]
    assert sorted(paths(home)[4:]) == sorted(
        [*set(READING) - set(prices), DATA, SENSOR]
    )


async def test_prices_are_read_for_all_devices_at_once(home: Home) -> None:
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))

    for sensor in (PRICE, FEED_IN):
        path = f"/api/v3_0/sensors/{sensor}/data"
        assert len(home.server.requests_to("GET", path)) == 1


async def test_poll_after_computing(home: Home) -> None:
    """It comes an update interval later."""
    await home.set_up()
    await home.go_to(NOW + 30 * MINUTE)
    await home.compute()
    home.server.requests.clear()

    await home.go_to(NOW + HOUR)
    assert home.server.requests == []
    await home.go_to(NOW + HOUR + 30 * MINUTE)
    assert sorted(paths(home)) == sorted(CATALOGUE + READING)


async def test_sign_that_the_first_schedule_settles(home: Home) -> None:
    """The server may set the sensor's attribute while it computes."""
    home.server.sensors[CABIN_POWER]["attributes"] = {}
    home.server.planned_values = [0.002]
    await home.set_up(device(CABIN_POWER))
    home.server.sensors[CABIN_POWER]["attributes"] = {"consumption_is_positive": True}

    await home.call("trigger_schedule", device_id=home.device_id(CABIN_POWER))

    assert home.state(CABIN_POWER).state == "2.0"


async def test_farther_than_the_settings_plan(home: Home) -> None:
    """What was asked for once is shown to its end, also by later polls."""
    home.server.planned_values = [1.0]
    await home.set_up()
    await home.compute(duration="PT6H")
    assert home.state().attributes["end"] == "2026-11-22T17:00:00+01:00"

    await home.go_to(NOW + HOUR)
    await home.go_to(NOW + HOUR + MINUTE)
    assert home.state().attributes["start"] == "2026-11-22T11:00:00+01:00"
    assert home.state().attributes["end"] == "2026-11-22T17:00:00+01:00"

    assert await home.reload() is ConfigEntryState.LOADED
    assert home.state().attributes["end"] == "2026-11-22T17:00:00+01:00"


async def test_not_so_far_as_the_settings_plan(home: Home) -> None:
    """Polls also see what was planned before for the time after it."""
    home.has_planned(*[7.0] * 8)
    await home.set_up(device(update_interval=300, update_interval_charging=300))
    await home.compute(duration="PT1H")
    home.has_planned(*[5.0] * 8)

    await home.go_to(NOW + 5 * MINUTE)

    assert home.plan() == [5.0] * 8


async def test_planned_in_the_past(home: Home) -> None:
    """The whole schedule is returned, and what is still to come is followed."""
    home.server.planned_values = [1.0]
    await home.set_up()

    response = await home.compute(start="2026-11-22T10:03:00+01:00")

    assert response["start"] == "2026-11-22T10:00:00+01:00"
    assert response["end"] == "2026-11-22T12:00:00+01:00"
    assert home.state().attributes["start"] == "2026-11-22T10:00:00+01:00"
    await home.go_to(SLOT + 59 * MINUTE)
    assert home.state().state == "1.0"
    await home.go_to(SLOT + HOUR)
    assert home.state().state == STATE_UNKNOWN


async def test_planned_for_later(home: Home) -> None:
    """What is running until then stays."""
    home.has_planned(9.0)
    home.server.planned_values = [1.0]
    await home.set_up()
    home.server.data[BATTERY_POWER] = home.server.schedules[BATTERY_POWER]

    response = await home.compute(start="2026-11-22T12:00:00+01:00", duration="PT1H")

    assert response["start"] == "2026-11-22T12:00:00+01:00"
    query = home.plans_read()[-1].query
    assert query["start"] == "2026-11-21T23:00:00+00:00"
    assert query["duration"] == "PT13H"


async def test_planned_long_ago(home: Home) -> None:
    """Nothing is left to follow, but what was asked for is returned."""
    home.server.planned_values = [1.0]
    await home.set_up()

    response = await home.compute(start="2026-11-22T08:00:00+01:00", duration="PT1H")

    assert response["end"] == "2026-11-22T09:00:00+01:00"
    assert home.state().state == STATE_UNKNOWN


async def test_nothing_planned(home: Home) -> None:
    """A job can finish without a value for this device."""
    home.server.planned_values = [None]
    await home.set_up()

    with pytest.raises(HomeAssistantError) as caught:
        await home.compute()

    assert caught.value.translation_key == "empty_schedule"
    assert home.state().state == STATE_UNKNOWN


async def test_a_poll_does_not_overwrite_a_newer_plan(home: Home) -> None:
    """A poll while a job runs sees what is there, and the job's result comes after it."""
    home.has_planned(*[9.0] * 12)
    await home.set_up()
    await home.go_to(NOW + HOUR - SECONDS_10)
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=ended)
    computing = asyncio.create_task(home.compute())
    await home.until(lambda: home.server.requests_to("GET", JOB))

    await home.go_to(NOW + HOUR + SECONDS_10, is_settled=False)
    await home.until(lambda: len(home.plans_read()) == 2)
    ended.set()
    await computing
    await home.settle()
    assert len(home.plans_read()) == 3
    assert home.state().state == "3.0"


# --- why no schedule is possible

INFEASIBLE = failed_job("infeasibleOrUnbounded", "str")


@pytest.mark.parametrize(
    ("model", "measured", "level"),
    [
        pytest.param(MEASURED, [None, 12.0], "12 kWh", id="measured in the next slot"),
        pytest.param(MEASURED, [9.0, 12.0], None, id="nearer, and possible"),
        pytest.param(MEASURED, [], None, id="never measured"),
        pytest.param({}, [12.0], None, id="not said where"),
        pytest.param(
            MEASURED | {"soc_min": "2 kWh"}, [1.5], "1.5 kWh", id="below the minimum"
        ),
    ],
)
async def test_level_that_the_server_measures(
    home: Home, model: dict[str, Any], measured: list[float | None], level: str | None
) -> None:
    """The server only says that nothing fits; the level nearest to the start is why."""
    home.server.set_flex_model(BATTERY, **model)
    home.server.data[BATTERY_SOC] = StoredSchedule(SLOT, QUARTER, measured, "kWh")
    await home.set_up()
    home.server.answer("GET", JOB, status=422, json=INFEASIBLE)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("trigger_schedule", device_id=home.device_id())

    error = caught.value
    assert error.translation_placeholders
    assert error.translation_placeholders.get("level") == level
    assert error.translation_key == ("infeasible_level" if level else "infeasible")


async def test_level_that_cannot_be_looked_up(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The error that matters is the first one."""
    caplog.set_level(logging.DEBUG, "custom_components.flexmeasures")
    home.server.set_flex_model(BATTERY, **MEASURED)
    await home.set_up()
    path = f"/api/v3_0/sensors/{BATTERY_SOC}/data"
    home.server.answer("GET", path, status=502, text=HTML)
    home.server.answer("GET", JOB, status=422, json=INFEASIBLE)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("trigger_schedule", device_id=home.device_id())

    assert caught.value.translation_key == "infeasible"
    assert "Why no schedule fits could not be found out" in caplog.text


@pytest.mark.parametrize(
    ("state", "key"), [("QUEUED", "no_worker"), ("STARTED", "job_timeout")]
)
async def test_job_that_is_never_done(
    home: Home, no_waiting: Mock, state: str, key: str
) -> None:
    """No worker runs on the server, or it takes too long."""

    def waits(_patience: timedelta) -> Iterator[float]:
        while True:
            home.pass_time(3 * MINUTE)
            yield 0.0

    no_waiting.side_effect = waits
    await home.set_up()
    home.server.answer("GET", JOB, status=202, json=running_job(state))

    with pytest.raises(HomeAssistantError) as caught:
        await home.compute()

    assert caught.value.translation_key == key
    assert caught.value.translation_placeholders == {"minutes": "5"}
    assert len(home.server.requests_to("GET", JOB)) == 2


async def test_cabin_has_no_flex_model(home: Home) -> None:
    """What stores nothing is scheduled without a state of charge, on full hours."""
    home.server.planned_values = [-0.001]
    await home.set_up(device(CABIN_POWER))

    await home.call(
        "trigger_schedule",
        device_id=home.device_id(CABIN_POWER),
        start="2026-11-22T12:20:00+01:00",
        duration="PT90M",
    )

    (request,) = home.server.requests_to(
        "POST", f"/api/v3_0/assets/{CABIN}/schedules/trigger"
    )
    assert request.json == {
        "start": "2026-11-22T11:00:00+00:00",
        "duration": "PT2H",
        "flex-model": [{"sensor": CABIN_POWER}],
        "force-new-job-creation": True,
    }


# --- answers of other shapes than asked for


def answer_plan(home: Home, values: list[float | None], **changes: Any) -> None:
    """Let the server tell the plan from the running slot on in its own way."""
    answer = {
        "values": values,
        "start": SLOT.isoformat(),
        "duration": "PT1H",
        "unit": "kW",
        "resolution": "PT15M",
    }
    home.server.answer("GET", DATA, json=answer | changes)


@pytest.mark.parametrize(
    ("unit", "value"), [("W", 2500.0), ("kW", 2.5), ("MW", 0.0025)]
)
async def test_plan_in_another_unit(home: Home, unit: str, value: float) -> None:
    answer_plan(home, [value] * 4, unit=unit)

    await home.set_up()

    assert home.plan() == [2.5] * 4


async def test_plan_that_is_no_power(home: Home) -> None:
    answer_plan(home, [20.0] * 4, unit="°C")

    entry = await home.set_up()

    assert entry.error_reason_translation_key == "not_flexmeasures"


@pytest.mark.parametrize(
    ("values", "duration", "expected"),
    [
        pytest.param([1.0, 2.0], "PT30M", [1.0, 2.0], id="shorter"),
        pytest.param([1.0] * 16, "PT4H", [1.0] * 16, id="longer"),
        pytest.param([1.0, None, 2.0, None], "PT1H", [1.0, None, 2.0], id="nulls"),
        pytest.param([None] * 4, "PT1H", [], id="nothing but nulls"),
        pytest.param([1.0, 2.0], "PT1H", [1.0, 2.0], id="coarser"),
    ],
)
async def test_plan_of_another_length(
    home: Home,
    values: list[float | None],
    duration: str,
    expected: list[float | None],
) -> None:
    answer_plan(home, values, duration=duration)

    await home.set_up()

    assert home.plan() == expected


async def test_plan_without_values(home: Home) -> None:
    answer_plan(home, [])

    entry = await home.set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "not_flexmeasures"


# --- what is not needed to follow a plan


@pytest.mark.parametrize("status", [403, 422])
@pytest.mark.parametrize("sensor", [BATTERY_SOC, PRICE, FEED_IN])
async def test_sensor_that_cannot_be_read(home: Home, sensor: int, status: int) -> None:
    """The power is followed without knowing what it costs or leads to."""
    home.has_planned(1.0, 2.0)
    path = f"/api/v3_0/sensors/{sensor}/data"
    home.server.answer("GET", path, status=status, json={"message": "No."})

    entry = await home.set_up()

    assert entry.state is ConfigEntryState.LOADED
    assert home.state().state == "1.0"


# --- what the server may change


async def test_sign_that_another_client_has_had_settled(home: Home) -> None:
    """It is seen within 10 minutes, without a reload."""
    home.has_planned(5.0, 5.0, 5.0, 5.0)
    await home.set_up()
    assert home.state().state == "5.0"

    attributes = {"consumption_is_positive": False}
    home.server.sensors[BATTERY_POWER]["attributes"] = json.dumps(attributes)
    home.has_planned(-5.0, -5.0, -5.0, -5.0)
    await home.go_to(NOW + 11 * MINUTE)
    (coordinator,) = home.entry.runtime_data.coordinators.values()
    await coordinator.async_refresh()

    assert home.state().state == "5.0"


async def test_resolution_that_the_server_has_changed(home: Home) -> None:
    """Slots are as long as it says, also while the metadata is a few minutes old."""
    home.has_planned(1.0, 2.0)
    await home.set_up()
    path = f"/api/v3_0/sensors/{BATTERY_POWER}/data"
    home.server.answer(
        "GET",
        path,
        json={
            "values": [3.0, 4.0, None],
            "start": SLOT.isoformat(),
            "duration": "PT2H30M",
            "resolution": "PT1H",
            "unit": "kW",
        },
    )

    (coordinator,) = home.entry.runtime_data.coordinators.values()
    await coordinator.async_refresh()

    assert home.state().attributes["resolution"] == "PT1H"


async def test_entity_that_cannot_be_written(home: Home) -> None:
    """The plan is followed all the same, slot by slot."""
    home.has_planned(1.0, 2.0, 3.0)
    await home.set_up()
    coordinator = home.entry.runtime_data.coordinators[str(BATTERY_POWER)]
    followed: list[float | None] = []
    coordinator.setpoints.async_add(lambda: followed.append(coordinator.setpoint))

    def fail() -> None:
        raise ValueError("no")

    stop = coordinator.async_add_listener(fail)
    for slot in (1, 2):
        await home.go_to(SLOT + slot * QUARTER)
    stop()

    assert followed == [2.0, 3.0]
