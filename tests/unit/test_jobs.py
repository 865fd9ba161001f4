"""Schedules that the server computes, whatever happens meanwhile."""

import asyncio
from datetime import timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.scheduling.request import ScheduleRequest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from .conftest import LOOKS
from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    GARAGE_POWER,
    RATE_LIMITED,
    failed_job,
    finished_job,
    running_job,
)
from .home import HOUR, MINUTE, NOW, SLOT, Home, automatic, device

JOB = "/api/v3_0/jobs/*"
SECONDS_5 = timedelta(seconds=5)
TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
READING = f"/api/v3_0/sensors/{BATTERY_POWER}/data"

BLIPS = [
    pytest.param({"exception": ClientConnectionError("gone")}, id="cut off"),
    pytest.param({"exception": TimeoutError()}, id="no answer"),
    pytest.param({"status": 502, "text": "Bad Gateway"}, id="502"),
    pytest.param({"status": 504, "text": "Gateway Timeout"}, id="504"),
    pytest.param(
        {"status": 503, "json": {"message": "busy"}, "headers": {"Retry-After": "1"}},
        id="503",
    ),
    pytest.param({"status": 429, "json": RATE_LIMITED}, id="429"),
]


def status(home: Home, power_sensor: int = BATTERY_POWER) -> str:
    """Give how scheduling a device goes."""
    return home.value("sensor", "scheduling_status", power_sensor)


def hold(home: Home, job: Any = None) -> asyncio.Event:
    """Let the next look at a job be answered once this is set."""
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=job or finished_job(), wait_for=ended, times=1)
    return ended


async def looked_at(home: Home, times: int = 1) -> None:
    """Wait until a job is looked at."""
    await home.until(lambda: len(home.server.requests_to("GET", JOB)) >= times)


# --- what passes by itself


@pytest.mark.parametrize("blip", BLIPS)
async def test_blip_while_a_job_runs(home: Home, blip: dict[str, Any]) -> None:
    """The job that was accepted goes on: so does who waits for it."""
    await home.set_up()
    home.server.answer("GET", JOB, status=202, json=running_job(), times=1)
    home.server.answer("GET", JOB, times=2, **blip)

    response = await home.compute()

    assert len(response["schedule"]) == 8
    assert len(home.triggers) == 1
    assert status(home) == "ok"


@pytest.mark.parametrize("blip", BLIPS)
async def test_blip_while_the_result_is_read(home: Home, blip: dict[str, Any]) -> None:
    await home.set_up()
    home.server.answer("GET", READING, times=2, **blip)

    response = await home.compute()

    assert len(response["schedule"]) == 8
    assert len(home.triggers) == 1
    assert status(home) == "ok"


@pytest.mark.parametrize("blip", BLIPS)
async def test_blip_while_nobody_waits(home: Home, blip: dict[str, Any]) -> None:
    """What goes on by itself is not computed twice."""
    home.server.answer("GET", JOB, times=3, **blip)

    await home.set_up(automatic())

    assert len(home.triggers) == 1
    assert home.state().state == "3.0"
    assert status(home) == "ok"


async def test_server_that_stays_away(home: Home) -> None:
    """In the end it is told, and tried again by itself."""
    home.server.answer("GET", JOB, exception=ClientConnectionError("gone"))

    await home.set_up(automatic())

    assert len(home.server.requests_to("GET", JOB)) == LOOKS + 1
    home.server.recover()
    await home.go_to(NOW + MINUTE)
    assert len(home.triggers) == 2
    assert home.state().state == "3.0"


async def test_password_that_changes_while_a_job_runs(home: Home) -> None:
    """That does not pass by itself."""
    await home.set_up()
    home.server.answer("GET", JOB, status=401, json={"errors": ["no"]})
    home.server.answer(
        "POST", "/api/requestAuthToken", status=401, json={"errors": ["no"]}
    )

    with pytest.raises(HomeAssistantError) as caught:
        await home.compute()

    assert caught.value.translation_key == "wrong_password"
    assert len(home.reauthentications) == 1


async def test_job_that_the_server_has_lost(home: Home) -> None:
    """Its Redis was restarted, for example."""
    await home.set_up()
    home.server.answer("GET", JOB, status=404, json={"message": "Job not found."})

    with pytest.raises(HomeAssistantError) as caught:
        await home.compute()

    assert caught.value.translation_key == "job_lost"


async def test_lost_job_is_asked_for_again(home: Home) -> None:
    home.server.answer(
        "GET", JOB, status=404, json={"message": "Job not found."}, times=1
    )
    await home.set_up(automatic())
    assert len(home.triggers) == 1

    await home.go_to(NOW + MINUTE)

    assert len(home.triggers) == 2
    assert home.state().state == "3.0"
    assert status(home) == "ok"


# --- while it is computed


async def test_what_is_shown_meanwhile(home: Home) -> None:
    home.has_planned(*[9.0] * 8)
    await home.set_up()
    ended = hold(home)
    computing = asyncio.create_task(home.compute())
    await looked_at(home)
    assert status(home) == "computing"
    assert home.attributes("sensor", "scheduling_status")["reason"] is None
    assert home.state().state == "9.0"

    ended.set()
    await computing

    assert status(home) == "ok"
    assert home.state().state == "3.0"


async def test_failure_ends_it(home: Home) -> None:
    await home.set_up()
    ended = hold(home, failed_job("infeasible", "str"))
    computing = asyncio.create_task(home.compute())
    await looked_at(home)
    states = home.record()

    ended.set()
    with pytest.raises(HomeAssistantError):
        await computing

    shown = [state.state for state in states if "scheduling_status" in state.entity_id]
    assert shown == ["infeasible"]
    # Who hears of it finds everything else up to date.
    assert states[-1].attributes["event_type"] == "failed"


async def test_dead_worker_holds_up_nothing(home: Home) -> None:
    """Neither the device's readings, nor another press, nor another device."""
    home.has_planned(*[9.0] * 12)
    often = {"update_interval": 60, "update_interval_charging": 60}
    await home.set_up(device(**often), device(GARAGE_POWER, **often))
    ended = hold(home)
    first = asyncio.create_task(home.compute())
    await looked_at(home)
    home.server.requests.clear()

    response = await home.compute()
    assert len(response["schedule"]) == 8
    await home.go_to(NOW + 2 * MINUTE, is_settled=False)
    await home.until(
        lambda: home.plans_read(BATTERY_POWER) and home.plans_read(GARAGE_POWER)
    )

    ended.set()
    assert len((await first)["schedule"]) == 8


async def test_first_job_that_ends_last(home: Home) -> None:
    """What is judged is what was asked for last."""
    await home.set_up()
    missed = {
        "result": {
            "unresolved": [
                {
                    "asset": BATTERY,
                    "soc-minima": [
                        {"datetime": SLOT.isoformat(), "violation": "4.257 kWh"}
                    ],
                }
            ],
            "resolved": [],
        }
    }
    ended = hold(home, finished_job() | missed)
    first = asyncio.create_task(home.compute(soc_targets=_target()))
    await looked_at(home)
    await home.compute(soc_targets=_target())
    assert home.value("binary_sensor", "targets_met") == "on"

    ended.set()
    await first

    assert home.value("binary_sensor", "targets_met") == "on"
    assert status(home) == "ok"


def _target() -> list[dict[str, Any]]:
    return [{"value": 5, "datetime": (SLOT + HOUR).isoformat()}]


# --- over a reload


async def test_action_that_waits_over_a_reload(home: Home) -> None:
    """It gets its schedule, and the sensor shows it."""
    home.has_planned(*[9.0] * 8)
    await home.set_up()
    ended = hold(home)
    computing = asyncio.create_task(home.compute())
    await looked_at(home)

    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    ended.set()
    response = await computing

    assert [slot["value"] for slot in response["schedule"]][:3] == [3.0, -2.0, 0.0]
    assert home.state().state == "3.0"
    assert status(home) == "ok"
    assert len(home.triggers) == 1


async def test_action_that_does_not_wait_over_a_reload(home: Home) -> None:
    await home.set_up()
    ended = hold(home)
    await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, wait=False
    )
    await looked_at(home)

    await home.reload()

    assert not ended.is_set()
    assert status(home) == "ok"
    assert home.value("sensor", "last_schedule") == NOW.isoformat()
    assert len(home.triggers) == 1


@pytest.mark.parametrize("wait", [False, True])
async def test_reload_while_the_server_is_asked(
    home: Home,
    wait: bool,  # noqa: FBT001
) -> None:
    """What it accepts then is for the account that comes after."""
    await home.set_up()
    accepted = asyncio.Event()
    home.server.jobs["j"] = finished_job()
    home.server.answer(
        "POST", TRIGGER, status=202, json={"job": "j"}, wait_for=accepted, times=1
    )
    computing = asyncio.create_task(home.compute(wait=wait))
    await home.until(lambda: home.triggers)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    home.has_planned(*[3.0] * 8)

    accepted.set()
    await computing
    await home.settle()

    assert home.state().state == "3.0"
    assert home.value("sensor", "last_schedule") == NOW.isoformat()
    assert status(home) == "ok"
    assert len(home.triggers) == 1


async def test_account_that_is_unloaded_while_an_action_waits(home: Home) -> None:
    await home.set_up()
    hold(home)
    computing = asyncio.create_task(home.compute())
    await looked_at(home)

    assert await home.hass.config_entries.async_unload(home.entry.entry_id)

    with pytest.raises(HomeAssistantError) as caught:
        await computing
    assert caught.value.translation_key == "device_unloaded"


async def test_result_that_is_asked_for_too_late(home: Home) -> None:
    """An account that is unloaded has nobody follow anything."""
    await home.set_up()
    account = home.entry.runtime_data
    job = await account.scheduler.async_trigger(
        account.coordinators[str(BATTERY_POWER)],
        ScheduleRequest(flex_model={"soc-at-start": "4 kWh"}),
    )
    await home.settle()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.server.requests.clear()

    assert await account.scheduler.async_result(job, str(BATTERY_POWER)) is None
    assert home.server.requests == []


async def test_what_goes_on_by_itself_over_a_reload(home: Home) -> None:
    """It is neither asked for again nor forgotten."""
    hold(home)
    home.add_account(automatic())
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await looked_at(home)

    await home.reload()

    assert len(home.triggers) == 1
    assert home.state().state == "3.0"
    assert status(home) == "ok"


# --- over a restart


def _remembered(home: Home, **changes: Any) -> None:
    """Let a job be under way from before a restart."""
    window = {
        "start": SLOT.isoformat(),
        "resolution": 900.0,
        "duration": 7200.0,
    }
    request = {
        "sensor": BATTERY_POWER,
        "asset": BATTERY,
        "window": window,
        "flex_model": {"sensor": BATTERY_POWER},
        "flex_context": {},
        "force": True,
        "settings": "0",
        "wishes": {
            "planned": [
                {
                    "constraint": "soc-minima",
                    "start": (SLOT + HOUR).isoformat(),
                    "end": (SLOT + HOUR).isoformat(),
                    "amount": "5 kWh",
                }
            ],
            "beyond": [],
            "limits": [],
        },
    }
    home.remembers(
        9.0,
        9.0,
        9.0,
        job={
            "id": "j",
            "since": (NOW - MINUTE).isoformat(),
            "settings": "0",
            "is_unattended": True,
            "request": request,
        }
        | changes,
    )


async def test_job_over_a_restart(home: Home) -> None:
    """Its result is judged by what was wished for before."""
    home.add_account()
    _remembered(home)
    home.has_planned(*[3.0] * 8)
    home.server.jobs["j"] = finished_job() | {
        "result": {"unresolved": [], "resolved": []}
    }

    await home.start()

    assert status(home) == "ok"
    assert home.value("binary_sensor", "targets_met") == "on"
    assert home.value("sensor", "last_schedule") == NOW.isoformat()
    assert home.triggers == []


async def test_job_that_was_forgotten_meanwhile(home: Home) -> None:
    """There is a plan, but nobody knows whether it is of that job: it is asked for again."""
    home.add_account(automatic())
    _remembered(home)
    home.has_planned(*[3.0] * 8)
    home.server.answer("GET", JOB, status=404, json={"message": "Job not found."})

    await home.start()

    assert len(home.triggers) == 1


async def test_failure_over_a_restart(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.add_account()
    _remembered(home)
    home.server.jobs["j"] = failed_job("infeasible", "str")

    await home.start()

    assert status(home) == "infeasible"
    assert "The schedule of Home battery could not be computed" in caplog.text


@pytest.mark.parametrize(
    "request_of_later", [{}, {"window": {}}, {"window": None}, {"window": {"start": 1}}]
)
async def test_job_of_another_version(
    home: Home, request_of_later: dict[str, Any]
) -> None:
    """It is given up; all else is known."""
    home.add_account()
    _remembered(home, request=request_of_later)
    home.has_planned(*[9.0] * 8)

    await home.start()

    assert home.server.requests_to("GET", JOB) == []
    assert home.state().state == "9.0"
    assert status(home) == "planned_elsewhere"


async def test_restart_long_after(home: Home) -> None:
    """A job that has not ended yet is still waited for."""
    home.add_account()
    _remembered(home, since=(NOW - 24 * HOUR).isoformat())
    ended = hold(home, running_job())
    home.server.jobs["j"] = finished_job()
    home.has_planned(*[3.0] * 8)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert status(home) == "computing"

    ended.set()
    await home.settle()

    assert home.entry.state is ConfigEntryState.LOADED
    assert status(home) == "ok"
    assert home.state().state == "3.0"


# --- several devices


async def joint(home: Home, **settings: Any) -> None:
    """Set up two devices that are scheduled together."""
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    settings = {"schedule_duration": 6 * 3600, **settings}
    home.add_account(automatic(**settings), automatic(GARAGE_POWER, **settings))
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()
    home.server.requests.clear()


async def test_press_of_the_user_that_fails_for_another_device(home: Home) -> None:
    """It is nothing to repair: nobody scheduled by itself failed."""
    await joint(home)
    home.server.answer("GET", JOB, status=422, json=failed_job("infeasible", "str"))

    for press in range(4):
        await home.go_to(NOW + press * 6 * MINUTE)
        with pytest.raises(HomeAssistantError):
            await home.compute()

    assert status(home, GARAGE_POWER) == "infeasible"
    assert not ir.async_get(home.hass).issues


async def test_press_of_the_user_that_is_refused_for_each_alone(home: Home) -> None:
    await joint(home)
    home.server.answer(
        "POST",
        "/api/v3_0/assets/*/schedules/trigger",
        status=422,
        json={"message": "No."},
    )

    with pytest.raises(HomeAssistantError) as caught:
        await home.compute()

    assert caught.value.translation_key == "rejected"
    assert len(home.triggers) == 3


async def test_device_that_goes_while_its_result_is_read(home: Home) -> None:
    """The other one has its schedule."""
    await joint(home)
    home.server.planned_values = [2.0]
    answered = asyncio.Event()
    home.server.answer(
        "GET", READING, exception=ClientConnectionError(), wait_for=answered, times=1
    )
    computing = asyncio.create_task(
        home.call("trigger_schedule", device_id=home.device_id(GARAGE_POWER))
    )
    await home.until(lambda: home.plans_read(BATTERY_POWER))

    home.disable_device(BATTERY_POWER)
    answered.set()
    await home.settle()

    await computing
    assert home.state(GARAGE_POWER).state == "-0.002"
    assert status(home, GARAGE_POWER) == "ok"


async def test_device_that_goes_while_the_server_is_asked(home: Home) -> None:
    await joint(home)
    home.server.planned_values = [2.0]
    accepted = asyncio.Event()
    home.server.jobs["j"] = finished_job()
    home.server.answer(
        "POST",
        "/api/v3_0/assets/*/schedules/trigger",
        status=202,
        json={"job": "j"},
        wait_for=accepted,
        times=1,
    )
    computing = asyncio.create_task(
        home.call("trigger_schedule", device_id=home.device_id(GARAGE_POWER))
    )
    await home.until(lambda: home.triggers)

    home.disable_device(BATTERY_POWER)
    await home.until(lambda: len(home.entry.runtime_data.coordinators) == 1)
    accepted.set()

    await computing
    assert status(home, GARAGE_POWER) == "ok"


async def test_device_that_goes_before_the_server_is_asked(home: Home) -> None:
    await home.set_up(device(), device(GARAGE_POWER))
    home.pass_time(11 * MINUTE)
    answered = asyncio.Event()
    home.server.answer("GET", "/api/v3_0/assets", json=[], wait_for=answered, times=1)
    computing = asyncio.create_task(home.compute())
    await home.until(
        lambda: len(home.server.requests_to("GET", "/api/v3_0/assets")) == 2
    )

    home.disable_device(BATTERY_POWER)
    answered.set()

    with pytest.raises(HomeAssistantError) as caught:
        await computing
    assert caught.value.translation_key == "device_unloaded"
    assert home.triggers == []


async def test_wish_that_another_ones_schedule_grants(home: Home) -> None:
    """Who is scheduled together with it meanwhile wishes for nothing more."""
    for plug in ("binary_sensor.one", "binary_sensor.other"):
        home.hass.states.async_set(plug, "off")
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    home.add_account(
        automatic(trigger_entities=["binary_sensor.one"], schedule_duration=21600),
        automatic(
            GARAGE_POWER,
            trigger_entities=["binary_sensor.other"],
            schedule_duration=21600,
        ),
    )
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()
    home.server.requests.clear()

    home.hass.states.async_set("binary_sensor.one", "on")
    await home.go_to(NOW + SECONDS_5)
    home.hass.states.async_set("binary_sensor.other", "on")
    await home.go_to(NOW + 2 * SECONDS_5)
    await home.go_to(NOW + MINUTE)

    (trigger,) = home.triggers
    assert len(trigger.json["flex-model"]) == 2


# --- what automations hear


async def test_plan_that_changed_before_the_start(home: Home) -> None:
    """Who hears of it finds it everywhere: what is told too early, nobody would see."""
    home.has_planned(*[9.0] * 8)
    await home.set_up()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.has_planned(*[3.0] * 8)
    home.pass_time(MINUTE)
    states = home.record()

    await home.start()

    told = [
        index
        for index, state in enumerate(states)
        if state.attributes.get("event_type") == "updated"
        and state.state == (NOW + MINUTE).isoformat(timespec="milliseconds")
    ]
    shown = [
        index
        for index, state in enumerate(states)
        if state.entity_id == home.entity("sensor", "schedule") and state.state == "3.0"
    ]
    assert len(told) == 1
    assert shown[0] < told[0]
