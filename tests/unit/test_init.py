"""Accounts that are set up, unloaded, changed and removed, whether or not the server is there."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from aiohttp import ClientConnectionError
import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .fake_server import (
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    EMAIL,
    FEED_IN,
    FORBIDDEN,
    GARAGE_POWER,
    HTML,
    INTERNAL_ERROR,
    PRICE,
    RATE_LIMITED,
    REFUSED,
    UNAUTHENTICATED,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

ACCOUNT = "custom_components.flexmeasures.account"
LOGIN = "/api/requestAuthToken"
EVERYTHING = "/api/v3_0/sensors"
BATTERY_DATA = f"/api/v3_0/sensors/{BATTERY_POWER}/data"


async def test_set_up_and_unload(home: Home) -> None:
    home.has_planned(1.0, 2.0)
    home.add_account()

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state().state == "1.0"

    assert await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.NOT_LOADED
    assert home.state().state == STATE_UNAVAILABLE


async def test_nothing_goes_on_after_unloading(home: Home) -> None:
    home.has_planned(1.0, 2.0)
    entry = await home.set_up()
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.server.requests.clear()

    await home.go_to(NOW + 3 * HOUR)

    assert home.server.requests == []
    assert home.state().state == STATE_UNAVAILABLE


async def test_reload(home: Home) -> None:
    home.has_planned(1.0, 2.0)
    await home.set_up()
    home.has_planned(5.0)

    assert await home.reload() is ConfigEntryState.LOADED
    assert home.state().state == "5.0"


async def test_what_set_up_asks(home: Home) -> None:
    """A login, what there is, and the plan: no schedule is computed."""
    await home.set_up()

    asked = [(request.method, request.path) for request in home.server.requests]
    assert asked.count(("POST", LOGIN)) == 1
    assert {path for method, path in asked if method == "GET"} == {
        "/api/",
        "/api/v3_0/assets",
        "/api/v3_0/sensors",
        *(
            f"/api/v3_0/sensors/{sensor}/data"
            for sensor in (BATTERY_POWER, BATTERY_SOC, PRICE, FEED_IN)
        ),
    }
    assert [request.query for request in home.plans_read()] == [
        {
            "start": "2026-11-21T23:00:00+00:00",
            "duration": "PT13H",
            "unit": "kW",
            "source-type": "scheduler",
        }
    ]


async def test_device(home: Home) -> None:
    await home.set_up()

    found = dr.async_get(home.hass).async_get(home.device_id())
    assert isinstance(found, dr.DeviceEntry)
    assert found.name == "Home battery"
    assert found.config_subentry_id == str(BATTERY_POWER)


async def test_account_without_devices(home: Home) -> None:
    """As after the last one was removed; more can be added."""
    entry = home.add_account()
    home.hass.config_entries.async_remove_subentry(entry, str(BATTERY_POWER))

    assert await home.start() is ConfigEntryState.LOADED
    assert [request.path for request in home.server.requests] == ["/api/"]


# --- changes


async def test_added_device(home: Home) -> None:
    await home.set_up()

    home.add_device(device(GARAGE_POWER))
    await home.settle()

    assert home.state(GARAGE_POWER).state == STATE_UNKNOWN
    assert home.state(BATTERY_POWER).state == STATE_UNKNOWN


async def test_removed_device(home: Home) -> None:
    """Its entity goes, and with the next plan what was remembered of it."""
    home.has_planned(1.0)
    home.has_planned(1, 2, 3, power_sensor=GARAGE_POWER, resolution=HOUR, unit="W")
    entry = await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))
    entity_id = home.entity_id(BATTERY_POWER)

    home.hass.config_entries.async_remove_subentry(entry, str(BATTERY_POWER))
    await home.settle()
    await home.go_to(NOW + HOUR)
    await home.go_to(NOW + HOUR + MINUTE)

    assert home.hass.states.get(entity_id) is None
    assert er.async_get(home.hass).async_get(entity_id) is None
    assert entry.state is ConfigEntryState.LOADED
    assert set(home.stored) == {"account", str(GARAGE_POWER)}


async def test_changed_device(home: Home) -> None:
    entry = await home.set_up()

    home.hass.config_entries.async_update_subentry(
        entry,
        entry.subentries[str(BATTERY_POWER)],
        data=device(schedule_duration=HOUR.total_seconds())["data"],
    )
    await home.settle()

    assert home.plans_read()[-1].query["duration"] == "PT12H"


async def test_changed_account(home: Home) -> None:
    entry = await home.set_up()
    home.server.users[EMAIL].password = "changed"

    home.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "password": "changed"}
    )
    await home.settle()

    assert entry.state is ConfigEntryState.LOADED
    assert home.server.requests_to("POST", LOGIN)[-1].json["password"] == "changed"


async def test_removed_account(home: Home) -> None:
    """Nothing is left of it, not even of a plan that was still to be written."""
    home.has_planned(1.0)
    entry = await home.set_up()
    await home.go_to(NOW + MINUTE)
    assert home.is_stored
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)

    await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()
    assert not home.is_stored
    await home.go_to(NOW + HOUR)
    assert not home.is_stored


# --- what is remembered


async def test_plan_is_remembered_over_a_reload(home: Home) -> None:
    """Also one that has just arrived and was still to be written."""
    await home.set_up()
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    plan = home.plan()
    home.server.fail(ClientConnectionError("gone"))

    assert await home.reload() is ConfigEntryState.LOADED
    assert home.plan() == plan


async def test_plan_is_remembered_over_a_restart(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """HA started while the server is down follows the plan to its end."""
    home.add_account()
    home.remembers(1.0, 2.0)
    home.server.fail(REFUSED)

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state().state == "1.0"
    assert home.plan() == [1.0, 2.0]
    assert caplog.text.count("The schedule of Home battery could not be read") == 1
    assert "The FlexMeasures server does not answer (connection refused)" in caplog.text
    await home.go_to(SLOT + QUARTER)
    assert home.state().state == "2.0"
    await home.go_to(SLOT + 2 * QUARTER)
    assert home.state().state == STATE_UNKNOWN


async def test_new_plan_after_a_start_without_server(home: Home) -> None:
    """The server is looked at again after a minute, not after an hour."""
    home.add_account()
    home.remembers(1.0, 2.0)
    home.server.fail(REFUSED)
    await home.start()
    home.server.recover()
    home.has_planned(7.0)

    await home.go_to(NOW + MINUTE)

    assert home.state().state == "7.0"


@pytest.mark.parametrize(
    ("values", "start"),
    [
        pytest.param([], None, id="no plan"),
        pytest.param([1.0], SLOT - QUARTER, id="a plan that ended"),
        pytest.param([1.0], SLOT + QUARTER, id="a plan that has not begun"),
        pytest.param([1.0, None, 2.0], SLOT - QUARTER, id="a gap in the plan"),
    ],
)
async def test_no_server_and_nothing_to_follow(
    home: Home, values: list[float | None], start: Any
) -> None:
    """Set-up is tried again, and then succeeds."""
    home.add_account()
    if_remembered = [start] if start else []
    for first in if_remembered:
        home.remembers(*values, start=first)
    home.server.fail(REFUSED)

    assert await home.start() is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "cannot_connect"
    assert home.entry.error_reason_translation_placeholders == {
        "reason": "connection refused"
    }

    home.server.recover()
    home.has_planned(3.0)
    await home.go_to(NOW + MINUTE)
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.state().state == "3.0"


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"status": 429, "json": RATE_LIMITED}, "rate_limited"),
        ({"status": 500, "json": INTERNAL_ERROR}, "server_error"),
        ({"status": 502, "text": HTML}, "server_error"),
        ({"text": HTML}, "not_flexmeasures"),
        ({"status": 403, "json": FORBIDDEN}, "not_permitted"),
        ({"status": 404, "json": {"message": "Gone."}}, "not_found"),
        ({"status": 400, "json": {"message": "No."}}, "rejected"),
    ],
)
async def test_why_set_up_is_tried_again(
    home: Home, answer: dict[str, Any], key: str
) -> None:
    home.server.answer("GET", EVERYTHING, **answer)

    entry = await home.set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key


async def test_one_of_two_devices_fails(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The other one works; the first does once it can."""
    home.has_planned(1.0)
    home.has_planned(-1000, power_sensor=GARAGE_POWER, resolution=HOUR, unit="W")
    home.server.answer("GET", BATTERY_DATA, status=502, text=HTML)

    entry = await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))

    assert entry.state is ConfigEntryState.LOADED
    assert home.state(GARAGE_POWER).state == "1.0"
    assert home.state(BATTERY_POWER).state == STATE_UNKNOWN
    assert caplog.text.count("The schedule of Home battery could not be read") == 1
    assert "The schedule of Garage battery" not in caplog.text

    home.server.recover()
    await home.go_to(NOW + MINUTE)
    assert home.state(BATTERY_POWER).state == "1.0"


async def test_one_of_two_devices_fails_and_the_other_has_no_plan(home: Home) -> None:
    """The server answers, so that there is nothing to wait for."""
    home.server.answer("GET", BATTERY_DATA, status=502, text=HTML)

    entry = await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))

    assert entry.state is ConfigEntryState.LOADED


async def test_one_plan_of_two_is_remembered(home: Home) -> None:
    """It is worth following, whichever device it is of."""
    home.add_account(device(GARAGE_POWER), device(BATTERY_POWER))
    home.remembers(1.0)
    home.server.fail(ClientConnectionError())

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state(BATTERY_POWER).state == "1.0"
    assert home.state(GARAGE_POWER).state == STATE_UNKNOWN


# --- logins


@pytest.mark.parametrize(
    ("user", "password"),
    [(EMAIL, "wrong"), ("nobody@example.com", "whatever")],
)
async def test_refused_login(home: Home, user: str, password: str) -> None:
    entry = await home.set_up(username=user, password=password)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(home.reauthentications) == 1


async def test_refused_login_with_a_plan(home: Home) -> None:
    """The plan is followed, and the user asked for the password."""
    home.add_account(password="wrong")
    home.remembers(1.0, 2.0)

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state().state == "1.0"
    assert len(home.reauthentications) == 1

    await home.go_to(SLOT + QUARTER)
    assert home.state().state == "2.0"


@pytest.mark.parametrize("values", [(), (1.0, 2.0)])
async def test_server_without_database(home: Home, values: tuple[float, ...]) -> None:
    """It answers 401 to everything; that is no reason to ask for a password."""
    home.add_account()
    home.remembers(*values, 3.0)
    home.server.answer("GET", EVERYTHING, status=401, json=UNAUTHENTICATED)
    home.server.answer("POST", LOGIN, status=500, json=INTERNAL_ERROR)

    await home.start()
    await home.go_to(NOW + timedelta(hours=2))

    assert home.reauthentications == []
    assert len(home.server.requests_to("POST", LOGIN)) > 1


async def test_database_lost_after_set_up(home: Home) -> None:
    home.has_planned(*[1.0] * 8)
    entry = await home.set_up()
    home.server.answer("GET", BATTERY_DATA, status=401, json=UNAUTHENTICATED)
    home.server.answer("POST", LOGIN, status=500, json=INTERNAL_ERROR)

    await home.go_to(NOW + HOUR)

    assert home.reauthentications == []
    assert entry.state is ConfigEntryState.LOADED
    assert home.state().state == "1.0"


async def test_no_secret_is_logged(home: Home, no_secret_logged: None) -> None:
    """Neither while all goes well, nor while anything fails."""
    await home.set_up()
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    home.server.fail(ClientConnectionError("gone"))
    await home.go_to(NOW + HOUR)
    home.server.recover()
    home.server.tokens.clear()
    home.server.users[EMAIL].password = "another"
    await home.go_to(NOW + HOUR + MINUTE)

    assert len(home.reauthentications) == 1


# --- changes


async def test_many_changes_at_once_load_each_device_once(home: Home) -> None:
    """As when an entity is renamed that several devices name; the account stays."""
    entry = await home.set_up(
        *(
            device(sensor, trigger_entities=["binary_sensor.plug"])
            for sensor in (BATTERY_POWER, GARAGE_POWER, CABIN_POWER)
        )
    )
    account = entry.runtime_data
    read = {sensor: len(home.plans_read(int(sensor))) for sensor in entry.subentries}

    for subentry in list(entry.subentries.values()):
        home.hass.config_entries.async_update_subentry(
            entry,
            subentry,
            data={**subentry.data, "trigger_entities": ["binary_sensor.socket"]},
        )
    await home.settle()

    assert entry.runtime_data is account
    for sensor, before in read.items():
        assert len(home.plans_read(int(sensor))) == before + 1
    for coordinator in entry.runtime_data.coordinators.values():
        assert coordinator.settings.trigger_entities == ("binary_sensor.socket",)


async def test_change_during_set_up(home: Home) -> None:
    """It is not lost."""
    home.has_planned(1.0)
    answered = asyncio.Event()
    home.server.answer("GET", EVERYTHING, status=500, json={}, wait_for=answered)
    entry = home.add_account()
    setting_up = asyncio.create_task(
        home.hass.config_entries.async_setup(entry.entry_id)
    )
    await home.until(lambda: home.server.requests_to("GET", EVERYTHING))

    (subentry,) = entry.subentries.values()
    home.hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "schedule_duration": 3600}
    )
    home.server.recover()
    answered.set()
    await setting_up
    await home.settle()

    (coordinator,) = entry.runtime_data.coordinators.values()
    assert coordinator.settings.schedule_duration == HOUR
    assert home.state().state == "1.0"


# --- a server that accepts and never answers


async def test_plan_is_followed_while_the_server_hangs(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """However many devices there are; they are read once it answers."""
    hanging = asyncio.Event()
    for method in ("GET", "POST"):
        home.server.answer(method, "/api/*", status=500, json={}, wait_for=hanging)
        home.server.answer(method, "/api/v3_0/*", status=500, json={}, wait_for=hanging)
    home.server.answer("GET", "/api/", status=500, json={}, wait_for=hanging)
    sensors = (BATTERY_POWER, GARAGE_POWER, CABIN_POWER)
    home.add_account(*map(device, sensors))
    for sensor in sensors:
        home.remembers(1.0, 2.0, power_sensor=sensor)
    home.has_planned(5.0, 6.0)

    with patch(f"{ACCOUNT}._SHORT_PATIENCE", -MINUTE):
        await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.hass.async_block_till_done()

    assert home.entry.state is ConfigEntryState.LOADED
    assert [home.state(sensor).state for sensor in sensors] == ["1.0"] * 3
    assert len(home.server.requests_to("POST", LOGIN)) == 1

    home.server.recover()
    hanging.set()
    await home.settle()
    await home.go_to(NOW + MINUTE)
    assert home.state().state == "5.0"
    assert caplog.text.count("could not be read") == 3


async def test_nothing_to_follow_while_the_server_hangs(home: Home) -> None:
    """It is tried again, and what was asked is given up."""
    hanging = asyncio.Event()
    home.server.answer("POST", LOGIN, wait_for=hanging, json={})
    entry = home.add_account(device(BATTERY_POWER), device(GARAGE_POWER))

    with patch(f"{ACCOUNT}._PATIENCE", -MINUTE):
        await home.start()

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"
    assert len(home.server.requests_to("POST", LOGIN)) == 1
    home.server.recover()
    home.has_planned(5.0)
    await home.go_to(NOW + MINUTE)
    assert home.state().state == "5.0"


async def test_server_that_turns_out_too_old(home: Home) -> None:
    """Its answer comes after the plan was followed for a while."""
    home.add_account()
    home.remembers(*[1.0] * 20)
    home.has_planned(*[1.0] * 20)
    home.server.fail(ClientConnectionError("gone"))
    assert await home.start() is ConfigEntryState.LOADED

    home.server.recover()
    home.server.version = "0.31.2"
    await home.go_to(NOW + MINUTE)

    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "server_too_old"
