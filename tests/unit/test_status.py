"""Whether scheduling works, said honestly; the button and the switch."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.device.lifetime import DeviceUnloadedError
from custom_components.flexmeasures.scheduling.errors import NOT_PLANNABLE
from custom_components.flexmeasures.scheduling.soc_entity import (
    StateOfChargeEntityError,
)
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    CABIN_POWER,
    FORBIDDEN,
    GARAGE_POWER,
    HOUSE,
    HTML,
    NEIGHBOUR_POWER,
    PRICE,
    RATE_LIMITED,
    REFUSED,
    failed_job,
)
from .flows import open_screen, suggested
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, automatic, device
from .test_metadata import schedule_errors, translation

TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
SENSOR = f"/api/v3_0/sensors/{BATTERY_POWER}"
DATA = f"{SENSOR}/data"
JOB = "/api/v3_0/jobs/*"

OK = ("ok", None, "off")


def shown(home: Home) -> tuple[str, str | None, str]:
    """Give the status, its reason, and whether the plan is out of date."""
    return (
        home.value("sensor", "scheduling_status"),
        home.attributes("sensor", "scheduling_status")["reason"],
        home.value("binary_sensor", "plan_out_of_date"),
    )


async def test_first_schedule(home: Home) -> None:
    home.has_prices(50.0, 60.0)
    await home.set_up()
    assert shown(home) == ("not_scheduled", None, "on")
    assert home.value("sensor", "last_schedule") == STATE_UNKNOWN
    assert home.state().state == STATE_UNKNOWN

    await home.press_compute()

    assert shown(home) == OK
    assert home.value("sensor", "last_schedule") == "2026-11-22T10:07:00+00:00"
    assert home.state().state == "3.0"


async def test_schedule_of_someone_else(home: Home) -> None:
    """It is as good as our own."""
    home.has_planned(1.0)

    await home.set_up()

    assert shown(home) == ("planned_elsewhere", None, "off")


async def test_end_of_the_plan(home: Home) -> None:
    home.has_prices(50.0, 60.0)
    home.has_planned(1.0)
    await home.set_up()

    await home.go_to(SLOT + QUARTER)

    assert shown(home) == ("not_scheduled", None, "on")


# --- before the first plan


async def test_nobody_knows_how_full_it_is(home: Home) -> None:
    """That is said before anybody asks, and no longer once an entity is chosen."""
    home.has_prices(50.0, 60.0)
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    await home.set_up()

    assert shown(home)[0] == "state_of_charge_unknown"
    assert "Choose the entity" in (shown(home)[1] or "")

    with pytest.raises(ServiceValidationError):
        await home.press_compute()
    home.hass.states.async_set(
        "sensor.battery_soc", "5", {"unit_of_measurement": "kWh"}
    )
    home.change_device(soc_entity="sensor.battery_soc")
    await home.settle()
    assert shown(home)[0] == "not_scheduled"

    home.hass.states.async_set("sensor.battery_soc", STATE_UNAVAILABLE)
    await home.settle()
    assert shown(home)[0] == "soc_entity_unavailable"


async def test_entity_that_the_server_can_do_without(home: Home) -> None:
    """Where the server measures the state of charge itself, nothing is missing."""
    home.has_prices(50.0, 60.0)
    await home.set_up(device(soc_entity="sensor.battery_soc"))

    assert shown(home)[0] == "not_scheduled"
    attributes = home.attributes("sensor", "scheduling_status")
    assert attributes["state_of_charge"] == "soc_entity_unavailable"


@pytest.mark.parametrize(
    ("context", "prices", "key"),
    [
        pytest.param({}, [], "price_not_set", id="no price"),
        pytest.param(
            {"consumption_price": {"sensor": PRICE}}, [], "prices_unknown", id="empty"
        ),
        pytest.param(
            {"consumption_price": {"sensor": PRICE}},
            [50.0, None],
            "not_scheduled",
            id="for this hour",
        ),
        pytest.param(
            {"consumption_price": "0.3 EUR/kWh"}, [], "not_scheduled", id="fixed"
        ),
        pytest.param(
            {"consumption_price": {"sensor": NEIGHBOUR_POWER}},
            [],
            "not_scheduled",
            id="not readable, which the server will say",
        ),
    ],
)
async def test_what_it_costs(
    home: Home, context: dict[str, Any], prices: list[float | None], key: str
) -> None:
    home.server.set_flex_context(HOUSE, **context)
    home.has_prices(*prices)
    await home.set_up()

    assert shown(home)[0] == key


async def test_first_plan_that_waits(home: Home) -> None:
    """It is asked for, and the server has not answered yet."""
    home.has_prices(50.0, 60.0)
    accepted = asyncio.Event()
    home.server.answer("POST", TRIGGER, wait_for=accepted, exception=REFUSED)
    entry = home.add_account(automatic())
    await home.hass.config_entries.async_setup(entry.entry_id)
    await home.hass.async_block_till_done()

    assert shown(home)[0] == "waiting"

    accepted.set()
    await home.settle()
    assert shown(home)[0] == "cannot_connect"


async def test_what_the_server_has_not_said_yet(home: Home) -> None:
    """It is slow to answer after a restart: what was known before is told."""
    failure = {
        "key": "state_of_charge_unknown",
        "placeholders": {},
        "moment": NOW.isoformat(),
        "in_a_row": 1,
    }
    home.add_account()
    home.remembers(failure=failure)
    await home.start()
    coordinator = home.entry.runtime_data.coordinators[str(BATTERY_POWER)]
    assert shown(home)[0] == "prices_unknown"

    coordinator.facts = None
    coordinator.async_update_listeners()
    assert shown(home)[0] == "state_of_charge_unknown"

    coordinator.memory.failure = None
    coordinator.async_update_listeners()
    assert shown(home)[0] == "not_scheduled"


async def test_button_presses_the_server(home: Home) -> None:
    """What fails is an error of the action, a state and an event."""
    await home.set_up()
    home.server.answer("GET", JOB, json=failed_job("infeasible", "str"), status=422)
    states = home.record()

    with pytest.raises(HomeAssistantError) as error:
        await home.press_compute()

    assert not isinstance(error.value, ServiceValidationError)
    assert error.value.translation_key == "infeasible"
    key, reason, _ = shown(home)
    assert key == "infeasible"
    assert reason
    assert "infeasible" in reason
    assert states[-1].entity_id == home.entity("event", "schedule")
    assert states[-1].attributes["event_type"] == "failed"
    assert states[-1].attributes["reason"] == "infeasible"

    home.server.recover()
    await home.press_compute()
    assert shown(home) == OK


async def test_button_that_is_not_permitted(home: Home) -> None:
    await home.set_up()
    home.server.answer("POST", TRIGGER, json=FORBIDDEN, status=403)

    with pytest.raises(ServiceValidationError):
        await home.press_compute()

    assert shown(home) == (
        "not_permitted",
        (
            "Your login may not do this. Ask an administrator of your FlexMeasures "
            f"account. The server says: {FORBIDDEN['message']}"
        ),
        "on",
    )


async def test_a_failure_puts_an_automatic_plan_out_of_date(home: Home) -> None:
    """A plan that covers now is good enough if nobody expects a newer one."""
    home.has_planned(*[1.0] * 8)
    await home.set_up()
    home.server.answer("POST", TRIGGER, json=FORBIDDEN, status=403)
    with pytest.raises(ServiceValidationError):
        await home.press_compute()
    assert shown(home)[2] == "off"

    await home.act("turn_on", "switch", "automatic_scheduling")

    assert shown(home)[2] == "on"


@pytest.mark.parametrize(
    ("answer", "key", "reason"),
    [
        pytest.param(
            {"exception": REFUSED},
            "cannot_connect",
            "connection refused",
            id="away",
        ),
        pytest.param({"status": 502, "text": HTML}, "server_error", "502", id="502"),
        pytest.param(
            {"status": 403, "json": FORBIDDEN},
            "not_permitted",
            FORBIDDEN["message"],
            id="403",
        ),
        pytest.param(
            {"status": 429, "json": RATE_LIMITED, "headers": {"Retry-After": "57"}},
            "rate_limited",
            "again in 57 seconds",
            id="429",
        ),
        pytest.param(
            {"exception": RuntimeError("A bug")}, "unexpected_error", None, id="a bug"
        ),
    ],
)
async def test_the_server_cannot_be_read(
    home: Home, answer: dict[str, Any], key: str, reason: str | None
) -> None:
    """The plan is followed all the same, and it is said that it may be old."""
    await home.set_up()
    await home.press_compute()
    home.server.answer("GET", DATA, **answer)

    await home.go_to(NOW + HOUR)

    assert home.state().state == "-2.0"
    status, said, out_of_date = shown(home)
    assert (status, out_of_date) == (key, "on")
    assert (reason or "") in (said or "")
    assert bool(said) == bool(reason)

    home.server.recover()
    await home.go_to(NOW + 2 * HOUR - MINUTE)
    await home.press_compute()
    assert shown(home) == OK


async def test_a_refused_login(home: Home) -> None:
    home.has_planned(*[1.0] * 8)
    await home.set_up()
    home.server.users.clear()
    home.server.tokens.clear()

    await home.go_to(NOW + HOUR)

    assert shown(home) == (
        "unknown_user",
        (
            "The FlexMeasures server no longer knows your email address. Ask whoever "
            "runs it, or change the login of the account."
        ),
        "on",
    )


async def test_a_long_reason(home: Home) -> None:
    await home.set_up()
    home.server.answer(
        "POST", TRIGGER, status=403, json={**FORBIDDEN, "message": "No! " * 200}
    )

    with pytest.raises(HomeAssistantError):
        await home.press_compute()

    reason = shown(home)[1]
    assert reason
    assert len(reason) == 255


async def test_a_failure_of_another_version(home: Home) -> None:
    """What was remembered may have a name that is not known any more."""
    home.add_account()
    failure = {
        "key": "something_of_old",
        "placeholders": {},
        "moment": NOW.isoformat(),
        "in_a_row": 1,
    }
    home.remembers(1.0, failure=failure)

    await home.start()

    assert home.value("sensor", "scheduling_status") == "unexpected_error"


async def test_problem_of_the_state_of_charge_entity(home: Home) -> None:
    """A schedule is made without it, and the status says why."""
    await home.set_up(device(soc_entity="sensor.battery_soc"))
    home.hass.states.async_set(
        "sensor.battery_soc", STATE_UNAVAILABLE, {"unit_of_measurement": "kWh"}
    )

    await home.press_compute()

    attributes = home.attributes("sensor", "scheduling_status")
    assert shown(home) == OK
    assert attributes["state_of_charge"] == "soc_entity_unavailable"

    home.hass.states.async_set(
        "sensor.battery_soc", "5", {"unit_of_measurement": "kWh"}
    )
    await home.press_compute()
    attributes = home.attributes("sensor", "scheduling_status")
    assert attributes["state_of_charge"] is None


TOO_OLD = "No recent state-of-charge value found for sensor 11 within 1:00:00"


def level(home: Home, state: str) -> None:
    """Let the entity show a state."""
    attributes = {"unit_of_measurement": "kWh", "friendly_name": "Powerwall level"}
    home.hass.states.async_set("sensor.battery_soc", state, attributes)


async def test_level_is_away_and_what_the_server_has_is_too_old(home: Home) -> None:
    """The entity that is chosen is named, and not asked to be chosen."""
    await home.set_up(device(soc_entity="sensor.battery_soc"))
    await home.press_compute()
    level(home, STATE_UNAVAILABLE)
    home.server.answer("GET", JOB, json=failed_job(TOO_OLD), status=422)

    with pytest.raises(HomeAssistantError) as error:
        await home.press_compute()

    assert error.value.translation_key == "soc_entity_unavailable"
    status, reason, _ = shown(home)
    assert status == "soc_entity_unavailable"
    assert reason
    assert reason.startswith("Powerwall level is not available")
    assert "as soon as it shows a value again" in reason

    level(home, "5")
    await home.settle()
    assert shown(home) == OK


async def test_level_is_there_and_what_the_server_has_is_too_old(home: Home) -> None:
    """The server says so of a device for which no entity is chosen."""
    await home.set_up()
    home.server.answer("GET", JOB, json=failed_job(TOO_OLD), status=422)

    with pytest.raises(HomeAssistantError) as error:
        await home.press_compute()

    assert error.value.translation_key == "soc_not_recent"
    assert shown(home)[0] == "soc_not_recent"


async def test_every_error_is_a_status_with_a_text(home: Home) -> None:
    await home.set_up()

    options = set(home.attributes("sensor", "scheduling_status")["options"])
    texts = translation()["entity"]["sensor"]["scheduling_status"]
    errors = {error.translation_key for error in schedule_errors()} | NOT_PLANNABLE
    # It is gone with the device whose status it would be.
    errors.remove(DeviceUnloadedError.translation_key)
    assert options == errors | {
        "ok",
        "computing",
        "not_scheduled",
        "planned_elsewhere",
        "unexpected_error",
        "waiting",
    }
    assert texts["state"].keys() == options
    of_entity = texts["state_attributes"]["state_of_charge"]["state"]
    assert of_entity.keys() == {
        error.translation_key for error in StateOfChargeEntityError.__subclasses__()
    }


async def test_devices_do_not_wait_for_each_other(home: Home) -> None:
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER), device(CABIN_POWER))

    await home.hass.services.async_call(
        "button",
        "press",
        {
            "entity_id": [
                home.entity("button", "compute_schedule", power_sensor)
                for power_sensor in (BATTERY_POWER, GARAGE_POWER, CABIN_POWER)
            ]
        },
        blocking=True,
    )

    for power_sensor in (BATTERY_POWER, GARAGE_POWER, CABIN_POWER):
        assert home.value("sensor", "scheduling_status", power_sensor) == "ok"


# --- the switch


async def test_switch(home: Home) -> None:
    """It is the setting of the form, and needs no restart of the account."""
    home.has_planned(1.0)
    await home.set_up()
    states = home.record()
    assert home.value("switch", "automatic_scheduling") == "off"

    await home.act("turn_on", "switch", "automatic_scheduling")

    assert home.value("switch", "automatic_scheduling") == "on"
    subentry = home.entry.subentries[str(BATTERY_POWER)]
    assert subentry.data["automatic_scheduling"] is True
    await home.act("turn_off", "switch", "automatic_scheduling")
    assert home.value("switch", "automatic_scheduling") == "off"
    assert STATE_UNAVAILABLE not in {state.state for state in states}


async def test_switch_and_form_show_the_same(home: Home) -> None:
    await home.set_up()
    await home.act("turn_on", "switch", "automatic_scheduling")

    device = home.entry.subentries[str(BATTERY_POWER)]
    form = await open_screen(home.hass, home.entry, device, "rescheduling")

    assert suggested(form)["automatic_scheduling"] is True


async def test_switch_survives_a_restart(home: Home) -> None:
    await home.set_up()
    await home.act("turn_on", "switch", "automatic_scheduling")

    await home.reload()

    assert home.value("switch", "automatic_scheduling") == "on"


async def test_status_is_kept_over_a_restart(home: Home) -> None:
    await home.set_up()
    await home.press_compute()
    home.server.answer("POST", TRIGGER, json=FORBIDDEN, status=403)
    home.pass_time(timedelta(seconds=1))
    with pytest.raises(ServiceValidationError):
        await home.press_compute()

    await home.reload()

    assert shown(home)[0] == "not_permitted"
    assert home.value("sensor", "last_schedule") == "2026-11-22T10:07:00+00:00"


async def test_outage_that_is_over(home: Home) -> None:
    """It clears with the first good reading, not with the next schedule."""
    home.has_planned(*[1.0] * 20)
    await home.set_up()
    home.server.fail(REFUSED)
    with pytest.raises(HomeAssistantError):
        await home.press_compute()
    assert shown(home)[0] == "cannot_connect"

    home.server.recover()
    await home.go_to(NOW + HOUR)

    assert shown(home)[0] == "planned_elsewhere"
