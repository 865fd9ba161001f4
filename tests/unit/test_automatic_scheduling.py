"""Schedules that a device asks for by itself, and when it does."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.s2.messages.message import ControlType
from custom_components.flexmeasures.scheduling.queue import Urgency
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    EMAIL,
    FEED_IN,
    GARAGE_POWER,
    PRICE,
    RATE_LIMITED,
    StoredSchedule,
    failed_job,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, automatic, device

TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
TRIGGERS = "/api/v3_0/assets/*/schedules/trigger"
JOB = "/api/v3_0/jobs/*"
SECOND = timedelta(seconds=1)

PLUG = "binary_sensor.plug"
SOC = "sensor.battery_state_of_charge"


def scheduled(home: Home) -> list[int]:
    """Give the power sensors of the devices that were scheduled, in order."""
    return [
        model["sensor"] for payload in home.wishes for model in payload["flex-model"]
    ]


@pytest.fixture
def soc(home: Home) -> Callable[..., None]:
    """Set what the battery's own entity says."""

    def report(value: float | str, unit: str = "kWh") -> None:
        home.hass.states.async_set(SOC, str(value), {"unit_of_measurement": unit})

    return report


# --- the interval


async def test_a_device_without_a_plan_gets_one_at_once(home: Home) -> None:
    await home.set_up(automatic())

    assert home.wishes == [
        {
            "start": "2026-11-22T10:00:00+00:00",
            "duration": "PT2H",
            "flex-model": [{"sensor": BATTERY_POWER}],
            "force-new-job-creation": True,
        }
    ]
    assert home.state().state == "3.0"


async def test_a_schedule_each_interval(home: Home) -> None:
    await home.set_up(automatic())

    for hours in (1, 2, 3):
        await home.go_to(NOW + hours * HOUR - MINUTE)
        assert len(home.wishes) == hours
        await home.go_to(NOW + hours * HOUR)
        assert len(home.wishes) == hours + 1

    assert home.wishes[-1]["start"] == "2026-11-22T13:00:00+00:00"


async def test_an_interval_that_is_no_multiple_of_the_price_check(home: Home) -> None:
    await home.set_up(automatic(update_interval=1200, update_interval_charging=1200))

    await home.go_to(NOW + 15 * MINUTE)
    assert len(home.wishes) == 1
    await home.go_to(NOW + 20 * MINUTE)
    assert len(home.wishes) == 2


async def test_without_it_nothing_is_computed(home: Home) -> None:
    await home.set_up()

    await home.go_to(NOW + 3 * HOUR)

    assert home.wishes == []


async def test_a_restart_continues_where_it_was(home: Home) -> None:
    """What was computed half an hour ago holds for another half."""
    await home.set_up(automatic())
    await home.go_to(NOW + 30 * MINUTE)
    await home.reload()
    assert len(home.wishes) == 1

    await home.go_to(NOW + HOUR)

    assert len(home.wishes) == 2


async def test_a_start_after_the_interval(home: Home) -> None:
    home.server.planned_values = [1.0]
    await home.set_up(automatic(schedule_duration=4 * 3600))
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(NOW + 2 * HOUR)
    assert len(home.wishes) == 1

    await home.start()

    assert len(home.wishes) == 2


async def test_changed_settings(home: Home) -> None:
    """They make a new schedule at once; an interval or a name does not."""
    entry = await home.set_up(automatic())
    subentry = entry.subentries[str(BATTERY_POWER)]

    data = {**subentry.data, "update_interval": 1800}
    home.hass.config_entries.async_update_subentry(
        entry, subentry, data=data, title="Battery in the cellar"
    )
    await home.settle()
    assert len(home.wishes) == 1

    subentry = entry.subentries[str(BATTERY_POWER)]
    home.hass.config_entries.async_update_subentry(
        entry, subentry, data={**data, "soc_max": 8}
    )
    await home.settle()
    assert len(home.wishes) == 2
    assert home.wishes[1]["flex-model"][0]["soc-max"] == "8 kWh"


async def test_set_up_does_not_wait_for_a_computation(home: Home) -> None:
    home.has_planned(7.0)
    home.server.answer("GET", JOB, exception=ClientConnectionError())
    entry = home.add_account(automatic())

    await home.hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.LOADED
    assert home.state().state == "7.0"


async def test_limits_of_the_settings_are_sent(home: Home) -> None:
    await home.set_up(
        automatic(
            soc_min=2,
            soc_max=8,
            soc_sensor=BATTERY_SOC,
            consumption_price_sensor=PRICE,
            production_price_sensor=FEED_IN,
        )
    )

    (payload,) = home.wishes
    assert payload["flex-model"] == [
        {
            "sensor": BATTERY_POWER,
            "soc-min": "2 kWh",
            "soc-max": "8 kWh",
            "state-of-charge": {
                "sensor": BATTERY_SOC,
                "exclude-source-types": ["scheduler"],
            },
        }
    ]
    assert payload["flex-context"] == {
        "consumption-price": {"sensor": PRICE},
        "production-price": {"sensor": FEED_IN},
    }


# --- the switch


async def test_switched_on_and_off(home: Home) -> None:
    """It is taken over without a new start."""
    home.has_planned(*[1.0] * 12)
    entry = await home.set_up()
    runtime = entry.runtime_data

    def switch(to: bool) -> None:  # noqa: FBT001
        subentry = entry.subentries[str(BATTERY_POWER)]
        home.hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, "automatic_scheduling": to}
        )

    switch(to=True)
    await home.settle()
    assert len(home.wishes) == 1
    assert entry.runtime_data is runtime

    switch(to=False)
    await home.go_to(NOW + 2 * HOUR)
    assert len(home.wishes) == 1


async def test_switched_off_while_it_waits(home: Home) -> None:
    """What was wished for before is not computed after."""
    home.hass.states.async_set(PLUG, "off")
    await home.set_up(automatic(trigger_entities=[PLUG]))
    home.hass.states.async_set(PLUG, "on")
    await home.settle()

    await home.act("turn_off", "switch", "automatic_scheduling")
    await home.go_to(NOW + MINUTE)

    assert len(home.wishes) == 1


async def test_switched_off_while_it_computes(home: Home) -> None:
    """What fails then is not tried again."""
    home.has_planned(*[1.0] * 12)
    failing = asyncio.Event()
    home.server.answer(
        "GET", JOB, exception=ClientConnectionError("gone"), wait_for=failing
    )
    entry = home.add_account(automatic())
    await home.hass.config_entries.async_setup(entry.entry_id)
    await home.until(lambda: home.server.requests_to("GET", JOB))

    subentry = entry.subentries[str(BATTERY_POWER)]
    home.hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "automatic_scheduling": False}
    )
    failing.set()
    await home.settle()
    await home.go_to(NOW + 10 * MINUTE)

    assert len(home.wishes) == 1


async def test_what_only_the_user_asked_for_makes_no_plan_older(home: Home) -> None:
    """It failed, and says why, but the plan is as good as before."""
    await home.set_up(automatic())
    home.server.answer("GET", JOB, status=422, json=failed_job("infeasible", "str"))

    with pytest.raises(HomeAssistantError):
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=9)

    assert home.value("sensor", "scheduling_status") == "infeasible"
    assert home.value("binary_sensor", "plan_out_of_date") == "off"

    await home.go_to(NOW + HOUR)
    assert home.value("binary_sensor", "plan_out_of_date") == "on"


# --- entities that were chosen


async def test_plugged_in(home: Home) -> None:
    """What happens within seconds makes one schedule."""
    home.hass.states.async_set(PLUG, "off")
    await home.set_up(automatic(trigger_entities=[PLUG]))
    await home.go_to(NOW + 10 * MINUTE)

    for seconds, state in enumerate(("on", "off", "on")):
        await home.go_to(NOW + 10 * MINUTE + seconds * SECOND)
        home.hass.states.async_set(PLUG, state)
    await home.go_to(NOW + 10 * MINUTE + 9 * SECOND)
    assert len(home.wishes) == 1
    await home.go_to(NOW + 10 * MINUTE + 10 * SECOND)
    assert len(home.wishes) == 2
    await home.go_to(NOW + 20 * MINUTE)
    assert len(home.wishes) == 2


async def test_plug_that_was_away(home: Home) -> None:
    """Only a change of what it says matters, not that it says nothing for a while."""
    home.hass.states.async_set(PLUG, "on")
    await home.set_up(automatic(trigger_entities=[PLUG]))

    for state in (STATE_UNAVAILABLE, "on", STATE_UNKNOWN, "on"):
        home.hass.states.async_set(PLUG, state)
    home.hass.states.async_remove(PLUG)
    home.hass.states.async_set(PLUG, "on")
    await home.go_to(NOW + MINUTE)
    assert len(home.wishes) == 1

    home.hass.states.async_set(PLUG, STATE_UNAVAILABLE)
    home.hass.states.async_set(PLUG, "off")
    await home.go_to(NOW + 2 * MINUTE)
    assert len(home.wishes) == 2


async def test_plug_of_a_device_that_is_not_automatic(home: Home) -> None:
    home.hass.states.async_set(PLUG, "off")
    await home.set_up(device(trigger_entities=[PLUG]))

    home.hass.states.async_set(PLUG, "on")
    await home.go_to(NOW + MINUTE)

    assert home.wishes == []


# --- the state of charge


@pytest.mark.parametrize(
    ("state", "unit", "capacity", "sent"),
    [
        (4.2, "kWh", None, "4.2 kWh"),
        (4200, "Wh", None, "4.2 kWh"),
        (0.0042, "MWh", None, "4.2 kWh"),
        (35, "%", 12, "4.2 kWh"),
    ],
)
async def test_state_of_charge_of_an_entity(
    home: Home, soc: Any, state: float, unit: str, capacity: float | None, sent: str
) -> None:
    soc(state, unit)
    await home.set_up(automatic(soc_entity=SOC, capacity=capacity))

    assert home.wishes[0]["flex-model"] == [
        {"sensor": BATTERY_POWER, "soc-at-start": sent}
    ]


@pytest.mark.parametrize(
    ("state", "unit", "reason"),
    [
        (STATE_UNAVAILABLE, "kWh", "soc_entity_unavailable"),
        (STATE_UNKNOWN, "kWh", "soc_entity_unavailable"),
        ("full", "kWh", "soc_entity_unavailable"),
        (None, "", "soc_entity_unavailable"),
        (50, "%", "soc_entity_unit"),
        (50, "°C", "soc_entity_unit"),
    ],
)
async def test_entity_that_does_not_tell_it(
    home: Home,
    soc: Any,
    caplog: pytest.LogCaptureFixture,
    state: float | str | None,
    unit: str,
    reason: str,
) -> None:
    """The server's own measurement is used, and that is said."""
    if state is not None:
        soc(state, unit)
    await home.set_up(automatic(soc_entity=SOC))

    assert home.wishes[0]["flex-model"] == [{"sensor": BATTERY_POWER}]
    assert caplog.text.count("is not taken from its entity") == 1
    assert reason in caplog.text


async def test_nobody_tells_the_state_of_charge(
    home: Home, soc: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is computed from a guess; the next report makes it possible again."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    soc(STATE_UNAVAILABLE)
    await home.set_up(automatic(soc_entity=SOC))
    assert home.wishes == []
    assert "battery state of charge is not available" in caplog.text

    soc(3)
    await home.go_to(NOW + 4 * MINUTE)
    assert home.wishes == []
    await home.go_to(NOW + 5 * MINUTE)

    (payload,) = home.wishes
    assert payload["flex-model"][0]["soc-at-start"] == "3.0 kWh"


async def test_a_battery_at_rest(home: Home, soc: Any) -> None:
    """Most entities report a change only: the level of a battery at rest stays what it was."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    home.server.planned_values = [0.0] * 8
    soc(3)
    await home.go_to(NOW + 13 * HOUR)
    await home.set_up(automatic(soc_entity=SOC))
    assert home.wishes[-1]["flex-model"][0]["soc-at-start"] == "3.0 kWh"

    await home.go_to(NOW + 14 * HOUR)
    await home.go_to(NOW + 15 * HOUR)

    assert home.attributes("sensor", "scheduling_status")["state_of_charge"] is None


async def test_level_that_does_not_move_though_energy_should_have_flowed(
    home: Home, soc: Any
) -> None:
    """It is too old; the same value is as good as another one once it is of now."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    home.server.planned_values = [2.0] * 8
    soc(3)
    await home.set_up(automatic(soc_entity=SOC))
    await home.go_to(NOW + HOUR)
    assert len(home.wishes) == 2

    await home.go_to(NOW + 2 * HOUR)
    assert len(home.wishes) == 2
    status = home.attributes("sensor", "scheduling_status")
    assert home.value("sensor", "scheduling_status") == "soc_entity_stale"
    assert status["state_of_charge"] == "soc_entity_stale"
    assert status["reason"].startswith(
        "battery state of charge has not reported the state of charge for 120 minutes"
    )

    soc(3)
    await home.go_to(NOW + 2 * HOUR + 5 * MINUTE)
    assert len(home.wishes) == 3
    assert home.value("sensor", "scheduling_status") == "ok"
    assert home.attributes("sensor", "scheduling_status")["state_of_charge"] is None


async def test_level_that_grows_old_after_its_schedule(home: Home, soc: Any) -> None:
    """It shows before another schedule is asked for."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    home.server.planned_values = [2.0] * 8
    soc(3)
    await home.set_up(device(soc_entity=SOC))
    await home.press_compute()
    assert home.attributes("sensor", "scheduling_status")["state_of_charge"] is None

    await home.go_to(SLOT + 75 * MINUTE)

    status = home.attributes("sensor", "scheduling_status")
    assert status["state_of_charge"] == "soc_entity_stale"
    assert home.value("sensor", "scheduling_status") == "ok"


async def test_level_shows_as_it_comes_and_goes(home: Home, soc: Any) -> None:
    soc(3)
    await home.set_up(device(soc_entity=SOC))

    for state, problem in (
        (STATE_UNAVAILABLE, "soc_entity_unavailable"),
        (4, None),
        (99, "soc_entity_implausible"),
    ):
        soc(state)
        await home.settle()
        status = home.attributes("sensor", "scheduling_status")
        assert status["state_of_charge"] == problem


@pytest.mark.parametrize(
    ("planned", "sent"),
    [
        pytest.param([0.0, 0.0, 0.0, 0.0], "3.0 kWh", id="at rest"),
        # A level in whole % of 10 kWh shows less than that as nothing.
        pytest.param([0.0, 0.3, 0.0, 0.0], "3.0 kWh", id="hardly moved"),
        pytest.param([0.0, 2.0, 0.0, 0.0], None, id="charged"),
        pytest.param([0.0, -2.0, None, 0.0], None, id="discharged"),
    ],
)
async def test_level_of_before_a_restart(
    home: Home, soc: Any, planned: list[float | None], sent: str | None
) -> None:
    """What flowed before Home Assistant began to watch is what was planned."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    soc(3)
    home.add_account(automatic(soc_entity=SOC))
    home.remembers(*planned, last_schedule=SLOT.isoformat())
    home.has_planned(*planned)
    await home.go_to(SLOT + HOUR + 10 * MINUTE)

    await home.start()

    levels = [wish["flex-model"][0]["soc-at-start"] for wish in home.wishes]
    assert levels == ([sent] if sent else [])


async def test_no_entity_and_no_sensor_tell_it(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")

    await home.set_up(automatic())
    await home.go_to(NOW + HOUR)

    assert home.wishes == []
    assert caplog.text.count("does not know how full this device is") == 1


def expects_soc(home: Home, *values: float) -> None:
    """Let the next schedules lead to these states of charge, one each quarter."""
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        SLOT, QUARTER, list(values), "kWh"
    )


async def test_state_of_charge_leaves_the_plan(home: Home, soc: Any) -> None:
    """By more than the set amount; between two points of the plan it is on the line."""
    expects_soc(home, 4, 5, 6, 7, 8, 8, 8, 8, 8)
    home.server.planned_values = [0.0]
    soc(4)
    await home.set_up(automatic(soc_entity=SOC, soc_deviation=0.5))
    await home.go_to(SLOT + 22.5 * MINUTE)

    for value in (5.5, 5.95, 5.05):
        soc(value)
        await home.go_to(SLOT + 23 * MINUTE)
    await home.go_to(SLOT + 24 * MINUTE)
    assert len(home.wishes) == 1

    soc(6.2)
    await home.go_to(SLOT + 25 * MINUTE)
    assert len(home.wishes) == 2
    assert home.wishes[1]["flex-model"][0]["soc-at-start"] == "6.2 kWh"


async def test_state_of_charge_that_stays_off_the_plan(home: Home, soc: Any) -> None:
    """However often it is reported, five minutes lie between two schedules."""
    expects_soc(home, *[4] * 12)
    soc(4)
    await home.set_up(automatic(soc_entity=SOC, soc_deviation=0.5))

    for minutes in range(1, 16):
        await home.go_to(NOW + minutes * MINUTE)
        soc(6 + minutes / 10)
    await home.go_to(NOW + 16 * MINUTE)

    assert len(home.wishes) == 4


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="no amount is set"),
        pytest.param({"soc_deviation": 9}, id="by less than the amount"),
        pytest.param(
            {"soc_deviation": 0.1, "automatic_scheduling": False}, id="switched off"
        ),
    ],
)
async def test_state_of_charge_that_does_not_matter(
    home: Home, soc: Any, settings: Any
) -> None:
    home.has_planned(*[1.0] * 12)
    home.server.planned_values = [0.0]
    expects_soc(home, *[4] * 12)
    soc(4)
    await home.set_up(automatic(soc_entity=SOC, **settings))
    before = len(home.wishes)

    soc(8)
    await home.go_to(NOW + 10 * MINUTE)

    assert len(home.wishes) == before


async def test_no_forecast_to_leave(home: Home, soc: Any) -> None:
    """Where the server expects no state of charge, none is compared."""
    home.server.planned_values = [0.0]
    soc(4)
    await home.set_up(automatic(soc_entity=SOC, soc_deviation=0.1))

    soc(9)
    await home.go_to(NOW + 10 * MINUTE)

    assert len(home.wishes) == 1


# --- the target


async def test_target_is_set(home: Home) -> None:
    """Its two halves together make one schedule."""
    home.has_planned(*[1.0] * 12)
    await home.set_up(automatic())
    home.server.requests.clear()

    await home.act("set_value", "number", "target_soc", value=8)
    await home.go_to(NOW + MINUTE)
    assert home.wishes == []
    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-22T12:07:00+01:00"
    )
    await home.act("set_value", "number", "target_soc", value=9)
    await home.go_to(NOW + 2 * MINUTE)

    (payload,) = home.wishes
    assert payload["flex-model"][0]["soc-minima"] == [
        {"value": "9.0 kWh", "datetime": "2026-11-22T11:00:00+00:00"}
    ]


async def test_target_that_passes(home: Home) -> None:
    """It is dropped, which is no reason for another schedule."""
    home.server.planned_values = [1.0]
    await home.set_up(automatic(schedule_duration=4 * 3600))
    await home.act("set_value", "number", "target_soc", value=8)
    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-22T11:30:00+01:00"
    )
    await home.go_to(NOW + MINUTE)
    home.server.requests.clear()

    await home.go_to(NOW + 23 * MINUTE)
    await home.go_to(NOW + 24 * MINUTE)

    assert home.wishes == []
    assert home.value("datetime", "ready_by") == STATE_UNKNOWN


# --- prices


async def test_new_prices(home: Home) -> None:
    """Those of the time that was planned are looked for every quarter of an hour."""
    home.has_prices(80.0, None, None)
    await home.set_up(automatic())

    await home.go_to(NOW + 15 * MINUTE)
    assert len(home.wishes) == 1
    home.has_prices(80.0, 70.0, None)
    await home.go_to(NOW + 29 * MINUTE)
    assert len(home.wishes) == 1
    await home.go_to(NOW + 30 * MINUTE)
    await home.go_to(NOW + 30 * MINUTE + 10 * SECOND)
    assert len(home.wishes) == 2

    await home.go_to(NOW + 45 * MINUTE + 10 * SECOND)
    await home.go_to(NOW + 46 * MINUTE)
    assert len(home.wishes) == 2


async def test_prices_beyond_the_plan_are_no_news(home: Home) -> None:
    home.has_prices(80.0, 70.0)
    await home.set_up(automatic())

    home.has_prices(80.0, 70.0, 60.0)
    await home.go_to(NOW + 15 * MINUTE)
    await home.go_to(NOW + 16 * MINUTE)

    assert len(home.wishes) == 1


# --- when it fails


async def test_it_fails(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The plan is kept; the reason is told once, in words."""
    await home.set_up(automatic())
    home.server.answer(
        "GET", JOB, status=422, json=failed_job("Prices unknown for planning window")
    )

    await home.go_to(NOW + HOUR)
    await home.go_to(NOW + 2 * HOUR)

    assert len(home.wishes) == 3
    assert caplog.text.count("The schedule of Home battery could not be computed") == 1
    assert (
        "FlexMeasures knows no prices for the coming hours. Check the feed"
        in caplog.text
    )
    # The server's traceback is in its answer.
    assert "(most recent call last): ..." not in caplog.text


async def test_server_goes_away_while_it_computes(home: Home) -> None:
    """It is asked again every minute, and then computes what was wanted."""
    home.server.answer("GET", JOB, exception=ClientConnectionError("gone"))
    await home.set_up(automatic())
    assert len(home.wishes) == 1

    await home.go_to(NOW + MINUTE)
    assert len(home.wishes) == 2
    home.server.recover()
    await home.go_to(NOW + 2 * MINUTE)

    assert len(home.wishes) == 3
    assert home.state().state == "3.0"
    await home.go_to(NOW + 10 * MINUTE)
    assert len(home.wishes) == 3


async def test_start_without_server(home: Home) -> None:
    """The plan of before is followed; a schedule is computed once the server is back."""
    home.add_account(automatic())
    home.remembers(1.0, 2.0)
    home.server.fail(ClientConnectionError())
    await home.start()
    assert home.state().state == "1.0"

    home.server.recover()
    await home.go_to(NOW + MINUTE)
    await home.go_to(NOW + 2 * MINUTE)

    assert home.state().state == "3.0"
    assert len({payload["start"] for payload in home.wishes}) == 1


async def test_password_that_changed(home: Home) -> None:
    """The user is asked for it, once, and nothing is computed until then."""
    await home.set_up(automatic(update_interval=300, update_interval_charging=300))
    home.server.answer("POST", TRIGGER, status=401, json={"message": "?"})
    home.server.users[EMAIL].password = "another"

    for minutes in range(5, 30, 5):
        await home.go_to(NOW + minutes * MINUTE)

    assert len(home.reauthentications) == 1


# --- the server's limit

THREE = (BATTERY_POWER, GARAGE_POWER, CABIN_POWER)


async def test_rate_limit_of_the_server(home: Home) -> None:
    """Another user of the account took the rest: it is asked again when it says so."""
    home.server.answer(
        "POST", TRIGGERS, status=429, json=RATE_LIMITED, headers={"Retry-After": "200"}
    )
    await home.set_up(*(automatic(sensor) for sensor in THREE))
    refused = len(home.wishes)
    assert 1 <= refused <= 3
    home.server.recover()

    await home.go_to(NOW + 199 * SECOND)
    assert len(home.wishes) == refused
    await home.go_to(NOW + 201 * SECOND)
    assert sorted(scheduled(home)[refused:]) == sorted(THREE)


async def test_own_limit(home: Home) -> None:
    """Eight in five minutes by itself: two are left to the user."""
    home.hass.states.async_set(PLUG, "off")
    await home.set_up(*(automatic(sensor, trigger_entities=[PLUG]) for sensor in THREE))
    assert len(home.wishes) == 3

    for round_, state in enumerate(("on", "off", "on"), 1):
        home.hass.states.async_set(PLUG, state)
        await home.go_to(NOW + round_ * 11 * SECOND)
    assert len(home.wishes) == 8

    for _ in range(2):
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    assert len(home.wishes) == 10

    await home.go_to(NOW + 5 * MINUTE - SECOND)
    assert len(home.wishes) == 10
    # The three of the start no longer count, and one more keeps to eight.
    await home.go_to(NOW + 5 * MINUTE)
    assert len(home.wishes) == 11


async def test_the_most_urgent_one_comes_first(home: Home) -> None:
    """When the limit is reached: a plug before new prices, and those before the hour."""
    home.hass.states.async_set(PLUG, "off")
    home.has_prices(80.0, None)
    home.server.planned_values = [1.0]
    await home.set_up(
        automatic(BATTERY_POWER, schedule_duration=4 * 3600),
        automatic(GARAGE_POWER, schedule_duration=4 * 3600),
        automatic(CABIN_POWER, schedule_duration=4 * 3600, trigger_entities=[PLUG]),
    )
    home.server.answer(
        "POST", TRIGGERS, status=429, json=RATE_LIMITED, headers={"Retry-After": "120"}
    )
    # All are due, and while nothing is let through, a plug is connected.
    await home.go_to(NOW + HOUR)
    home.server.recover()
    home.hass.states.async_set(PLUG, "on")
    await home.go_to(NOW + HOUR + MINUTE)
    home.server.requests.clear()

    await home.go_to(NOW + HOUR + 121 * SECOND)

    assert scheduled(home)[0] == CABIN_POWER
    assert sorted(scheduled(home)) == sorted(THREE)


# --- what is wished for meanwhile


async def test_target_that_is_lowered_while_a_job_fails(home: Home) -> None:
    """The wish that came after the request is not answered by it."""
    home.has_planned(*[1.0] * 40)
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=failed_job("infeasible"), wait_for=ended)
    await home.set_up(device())
    await home.act("set_value", "number", "target_soc", value=9)
    await home.act("set_value", "datetime", "ready_by", datetime="2026-11-22 18:00:00")
    await home.hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": home.entity("switch", "automatic_scheduling")},
        blocking=True,
    )
    await home.until(lambda: home.server.requests_to("GET", JOB))
    assert len(home.wishes) == 1

    home.pass_time(SECOND)
    await home.hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": home.entity("number", "target_soc"), "value": 5},
        blocking=True,
    )
    home.pass_time(SECOND)
    ended.set()
    await home.settle()
    home.server.recover()
    await home.go_to(NOW + MINUTE)

    assert len(home.wishes) == 2
    (target,) = home.wishes[1]["flex-model"][0]["soc-minima"]
    assert target["value"] == "5.0 kWh"


async def test_failed_connection_is_no_attempt(home: Home) -> None:
    """The interval does not begin anew with it."""
    home.has_planned(*[1.0] * 40)
    await home.set_up(automatic())
    assert len(home.wishes) == 1
    before = home.entry.runtime_data.coordinators[str(BATTERY_POWER)].memory
    attempt = before.last_attempt
    home.server.answer("POST", TRIGGER, exception=ClientConnectionError("gone"))

    await home.go_to(NOW + HOUR)

    assert before.last_attempt == attempt
    home.server.recover()
    await home.go_to(NOW + HOUR + MINUTE)
    assert before.last_attempt == NOW + HOUR + MINUTE


async def test_target_that_is_set_while_it_is_off(home: Home) -> None:
    """It is planned for once it is on, though the plan is not old."""
    home.has_planned(*[1.0] * 40)
    await home.set_up(automatic())
    assert len(home.wishes) == 1
    await home.act("turn_off", "switch", "automatic_scheduling")
    await home.act("set_value", "number", "target_soc", value=9)
    await home.act("set_value", "datetime", "ready_by", datetime="2026-11-22 18:00:00")
    assert len(home.wishes) == 1

    await home.act("turn_on", "switch", "automatic_scheduling")
    await home.go_to(NOW + MINUTE)

    assert len(home.wishes) == 2
    assert "soc-minima" in home.wishes[1]["flex-model"][0]


async def test_target_that_waits_over_a_reload(home: Home) -> None:
    home.has_planned(*[1.0] * 40)
    await home.set_up(automatic())
    await home.act("set_value", "number", "target_soc", value=9)
    await home.act("set_value", "datetime", "ready_by", datetime="2026-11-22 18:00:00")
    assert len(home.wishes) == 1

    await home.reload()
    await home.go_to(NOW + MINUTE)

    assert len(home.wishes) == 2


async def test_target_that_is_over_is_no_reason(home: Home) -> None:
    """Neither when its time comes nor after a reload."""
    home.has_planned(*[1.0] * 40)
    await home.set_up(device(automatic_scheduling=True, update_interval=86400))
    await home.act("set_value", "number", "target_soc", value=9)
    await home.act("set_value", "datetime", "ready_by", datetime="2026-11-22 11:30:00")
    await home.go_to(NOW + MINUTE)
    planned = len(home.wishes)

    await home.go_to(NOW + 30 * MINUTE)
    await home.reload()

    assert len(home.wishes) == planned


# --- fairness


async def test_entity_that_never_rests(home: Home) -> None:
    """It is answered minutes apart, and the first times at once."""
    home.has_planned(*[1.0] * 40)
    await home.set_up(automatic(trigger_entities=[PLUG]))
    before = len(home.wishes)

    for step in range(180):
        home.hass.states.async_set(PLUG, str(step))
        await home.go_to(NOW + 10 * (step + 1) * SECOND)

    assert 5 <= len(home.wishes) - before <= 12


async def test_a_wish_that_waits_becomes_urgent(home: Home) -> None:
    """Else a device whose plug never rests would always come first."""
    home.has_planned(*[1.0] * 60)
    home.has_planned(*[1.0] * 60, power_sensor=GARAGE_POWER)
    await home.set_up(
        automatic(trigger_entities=[PLUG]),
        automatic(GARAGE_POWER, update_interval=3600),
    )
    queue = home.entry.runtime_data.queue
    battery, garage = home.entry.runtime_data.coordinators.values()
    queue._scheduler.budget.close_until(NOW + 30 * MINUTE)
    queue.async_wish(garage, Urgency.INTERVAL)
    await home.go_to(NOW + 29 * MINUTE)
    queue.async_wish(battery, Urgency.ENTITY_CHANGED)
    home.server.requests.clear()

    await home.go_to(NOW + 30 * MINUTE)

    assert scheduled(home)[0] == GARAGE_POWER


async def test_state_of_charge_of_a_device_that_cannot_be_planned(home: Home) -> None:
    """Its resource manager is away: no attempt that is bound to fail."""
    home.has_planned(*[1.0] * 40)
    pairing = {"id": "route", "token_hash": "0" * 64}
    home.hass.states.async_set(SOC, "unknown", {"unit_of_measurement": "kWh"})
    await home.set_up(automatic(soc_entity=SOC, soc_deviation=0.5, s2=pairing))
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    resource.memory.control_type = ControlType.FILL_RATE
    before = len(home.wishes)

    for step in range(5):
        home.hass.states.async_set(SOC, str(step), {"unit_of_measurement": "kWh"})
        await home.go_to(NOW + 6 * (step + 1) * MINUTE)

    assert len(home.wishes) == before
