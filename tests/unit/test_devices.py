"""Devices that come, change and go while the others of their account go on."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest.mock import patch

from aiohttp import ClientConnectionError, WSServerHandshakeError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)

from .fake_server import (
    BATTERY_POWER,
    CABIN_POWER,
    CONSUMPTION,
    GARAGE_POWER,
    finished_job,
)
from .home import HOUR, MINUTE, NOW, Home, automatic, device, meter
from .s2_rm import FakeRM, paired

JOB = "/api/v3_0/jobs/*"
GARAGE_DATA = f"/api/v3_0/sensors/{GARAGE_POWER}/data"
PLUG = "binary_sensor.plug"
SOCKET = "binary_sensor.socket"

type NewRM = Callable[..., FakeRM]

_add = partial(Home.add_device, added=device(CABIN_POWER))
_change = partial(Home.change_device, power_sensor=GARAGE_POWER, schedule_duration=3600)
_rename = partial(Home.change_device, power_sensor=GARAGE_POWER, title="Other garage")
_remove = partial(Home.remove_device, power_sensor=GARAGE_POWER)
_disable = partial(Home.disable_device, power_sensor=GARAGE_POWER)
_enable = partial(Home.disable_device, power_sensor=GARAGE_POWER, is_disabled=False)


def states_of(home: Home, power_sensor: int = BATTERY_POWER) -> dict[str, State]:
    """Give the states of all entities of a device."""
    entities = er.async_entries_for_device(
        er.async_get(home.hass), home.device_id(power_sensor)
    )
    return {
        entity.entity_id: state
        for entity in entities
        if (state := home.hass.states.get(entity.entity_id))
    }


def loaded(home: Home) -> set[int]:
    """Give the devices that are loaded."""
    return set(map(int, home.entry.runtime_data.coordinators))


async def rest(home: Home) -> None:
    """Let things go on for a while, without ending S2 connections."""
    for _ in range(3):
        await home.hass.async_block_till_done()


# --- the others


@pytest.mark.parametrize(
    ("before", "change", "left"),
    [
        pytest.param((), _add, {GARAGE_POWER, CABIN_POWER}, id="added"),
        pytest.param((), _change, {GARAGE_POWER}, id="changed"),
        pytest.param((), _rename, {GARAGE_POWER}, id="renamed"),
        pytest.param((), _remove, set(), id="removed"),
        pytest.param((), _disable, set(), id="disabled"),
        pytest.param((_disable,), _enable, {GARAGE_POWER}, id="enabled"),
    ],
)
async def test_the_others_go_on(
    home: Home,
    new_rm: NewRM,
    before: tuple[Callable[[Home], None], ...],
    change: Callable[[Home], None],
    left: set[int],
) -> None:
    """Neither their sessions, nor their states, nor their plans are touched."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired(BATTERY_POWER), paired(GARAGE_POWER))
    rm = await new_rm(BATTERY_POWER).start()
    for preparation in before:
        preparation(home)
        await home.until(lambda: loaded(home) == {BATTERY_POWER})
    await rest(home)
    states, account = states_of(home), home.entry.runtime_data
    coordinator = account.coordinators[str(BATTERY_POWER)]
    garage = account.coordinators.get(str(GARAGE_POWER))
    read = len(home.plans_read())

    change(home)
    await home.until(lambda: loaded(home) == {BATTERY_POWER, *left})
    await home.until(
        lambda: (
            CABIN_POWER in left
            or account.coordinators.get(str(GARAGE_POWER)) is not garage
        )
    )
    await rest(home)

    assert home.entry.runtime_data is account
    assert account.coordinators[str(BATTERY_POWER)] is coordinator
    assert rm.is_open
    assert not any(
        message["message_type"] == "SessionRequest" for message in rm.received
    )
    assert len(home.plans_read()) == read
    for entity_id, state in states.items():
        # Not even written again.
        present = home.hass.states.get(entity_id)
        assert present is state
        assert present.last_reported == state.last_reported
    assert home.entry.state is ConfigEntryState.LOADED


async def test_session_of_a_changed_device_goes_on(home: Home, new_rm: NewRM) -> None:
    await home.set_up(paired(BATTERY_POWER), paired(GARAGE_POWER))
    rm = await new_rm(GARAGE_POWER).start()
    before = rm.resource

    _change(home)

    await home.until(
        lambda: (
            home.entry.runtime_data.resources.get(str(GARAGE_POWER))
            not in (None, before)
        )
    )
    await rest(home)
    assert rm.is_open
    assert rm.resource.is_connected


async def test_job_of_another_device_goes_on(home: Home) -> None:
    """What it has planned is followed once it is there."""
    home.server.planned_values = [3.0]
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=ended)
    computing = asyncio.create_task(home.compute())
    await home.until(lambda: home.server.requests_to("GET", JOB))

    _change(home)
    await home.hass.async_block_till_done()
    ended.set()
    response = await computing
    await home.settle()

    assert len(response["schedule"]) == 8
    assert home.state().state == "3.0"


async def test_renamed_entity_reloads_those_that_name_it(
    home: Home, new_rm: NewRM
) -> None:
    """Each of them once."""
    registry = er.async_get(home.hass)
    registry.async_get_or_create(
        "binary_sensor", "test", "plug", suggested_object_id="plug"
    )
    await home.set_up(
        paired(BATTERY_POWER),
        device(GARAGE_POWER, trigger_entities=[PLUG]),
        device(CABIN_POWER, trigger_entities=[PLUG], charging_entity=PLUG),
    )
    rm = await new_rm(BATTERY_POWER).start()
    sensors = (BATTERY_POWER, GARAGE_POWER, CABIN_POWER)
    read = [len(home.plans_read(sensor)) for sensor in sensors]

    registry.async_update_entity(PLUG, new_entity_id=SOCKET)
    await rest(home)
    await home.until(lambda: len(loaded(home)) == 3)
    await rest(home)

    assert [len(home.plans_read(sensor)) for sensor in sensors] == [
        read[0],
        read[1] + 1,
        read[2] + 1,
    ]
    assert rm.is_open
    cabin = home.entry.runtime_data.coordinators[str(CABIN_POWER)]
    assert cabin.settings.trigger_entities == (SOCKET,)
    assert cabin.settings.charging_entity == SOCKET


async def test_other_accounts_go_on(home: Home) -> None:
    """Also if a device of one has entities on the same platforms."""
    first = await home.set_up(device(GARAGE_POWER))
    home.has_planned(1.0)
    await home.set_up(device(BATTERY_POWER))
    before = states_of(home, BATTERY_POWER)
    home.entry = first

    home.change_device(GARAGE_POWER, title="Other garage")
    await home.settle()

    for entity_id, state in before.items():
        assert home.hass.states.get(entity_id) is state
    assert home.state(GARAGE_POWER).name.startswith("Other garage")


# --- several changes


async def test_several_changes_at_once(home: Home) -> None:
    """One is added, one changed and one removed; each is loaded once."""
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))
    home.has_planned(7.0, power_sensor=CABIN_POWER)
    read = len(home.plans_read(GARAGE_POWER))

    home.add_device(device(CABIN_POWER))
    home.change_device(GARAGE_POWER, schedule_duration=3600)
    home.change_device(GARAGE_POWER, update_interval=1800)
    home.remove_device(BATTERY_POWER)
    await home.settle()

    assert loaded(home) == {GARAGE_POWER, CABIN_POWER}
    assert len(home.plans_read(GARAGE_POWER)) == read + 1
    garage = home.entry.runtime_data.coordinators[str(GARAGE_POWER)]
    assert garage.settings.schedule_duration == HOUR
    assert garage.settings.update_interval == HOUR / 2
    assert len(home.plans_read(CABIN_POWER)) == 1


@pytest.fixture
def hanging(home: Home) -> Iterator[asyncio.Event]:
    """Let the plan of the garage battery come only once this is set."""
    answered = asyncio.Event()
    yield answered
    answered.set()


async def test_changes_while_a_device_is_loaded(
    home: Home, hanging: asyncio.Event
) -> None:
    """They are followed after it, and none is lost: it may even be gone by then."""
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))
    home.server.answer("GET", GARAGE_DATA, status=500, json={}, wait_for=hanging)
    home.add_device(device(CABIN_POWER))
    read = len(home.plans_read(GARAGE_POWER))
    home.change_device(GARAGE_POWER, update_interval=1800)
    await home.until(lambda: len(home.plans_read(GARAGE_POWER)) > read)

    assert home.state(GARAGE_POWER).state == STATE_UNAVAILABLE
    home.change_device(schedule_duration=3600)
    home.remove_device(GARAGE_POWER)
    hanging.set()
    await home.settle()

    assert loaded(home) == {BATTERY_POWER, CABIN_POWER}
    assert home.state(CABIN_POWER).state == STATE_UNKNOWN
    battery = home.entry.runtime_data.coordinators[str(BATTERY_POWER)]
    assert battery.settings.schedule_duration == HOUR


async def test_account_changes_while_a_device_does(home: Home) -> None:
    """One reload is for all of it."""
    entry = await home.set_up()
    account = entry.runtime_data
    read = len(home.plans_read())

    home.change_device(schedule_duration=3600)
    home.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "note": "another"}
    )
    home.add_device(device(GARAGE_POWER))
    await home.settle()

    assert entry.runtime_data is not account
    assert len(home.plans_read()) == read + 1
    assert len(home.plans_read(GARAGE_POWER)) == 1


async def test_joint_scheduling_is_switched_on(home: Home) -> None:
    """It holds from the next schedule on; nothing is loaded anew."""
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    entry = await home.set_up(automatic(BATTERY_POWER), automatic(GARAGE_POWER))
    account = entry.runtime_data

    home.hass.config_entries.async_update_entry(
        entry, options={"joint_scheduling": True}
    )
    await home.settle()
    home.server.requests.clear()
    await home.go_to(NOW + HOUR)

    assert entry.runtime_data is account
    assert len(home.triggers[0].json["flex-model"]) == 2


async def test_renamed_account(home: Home) -> None:
    """What it is called changes nothing."""
    entry = await home.set_up()
    account = entry.runtime_data

    home.hass.config_entries.async_update_entry(entry, title="Our house")
    await home.settle()

    assert entry.runtime_data is account


async def test_change_during_a_set_up_that_fails(home: Home) -> None:
    """It is set up again with what has changed."""
    answered = asyncio.Event()
    home.server.answer(
        "GET", "/api/v3_0/sensors", status=404, json={}, wait_for=answered
    )
    entry = home.add_account()
    setting_up = asyncio.create_task(
        home.hass.config_entries.async_setup(entry.entry_id)
    )
    await home.until(lambda: home.server.requests_to("GET", "/api/v3_0/sensors"))

    home.change_device(schedule_duration=3600)
    answered.set()
    await setting_up
    home.server.recover()
    await home.settle()

    assert entry.state is ConfigEntryState.LOADED
    battery = entry.runtime_data.coordinators[str(BATTERY_POWER)]
    assert battery.settings.schedule_duration == HOUR


async def test_change_of_an_account_that_is_being_removed(home: Home) -> None:
    """There is nothing to follow any more."""
    entry = await home.set_up()
    home.server.requests.clear()

    home.change_device(schedule_duration=3600)
    await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()

    assert home.server.requests == []


# --- a device that is added


async def test_added_device_has_all_entities(home: Home) -> None:
    home.has_planned(-5.0, power_sensor=GARAGE_POWER)
    await home.set_up(paired(BATTERY_POWER))

    home.add_device(paired(GARAGE_POWER))
    await home.settle()

    battery, garage = states_of(home, BATTERY_POWER), states_of(home, GARAGE_POWER)
    assert garage.keys() == {
        entity_id.replace("home_battery", "garage_battery") for entity_id in battery
    }
    assert home.state(GARAGE_POWER).state == "5.0"


async def test_added_device_that_cannot_be_read(home: Home) -> None:
    """Its entities say why, and it is read again soon; the account goes on."""
    home.has_planned(1.0)
    await home.set_up()
    home.server.answer("GET", GARAGE_DATA, exception=ClientConnectionError("gone"))

    home.add_device(device(GARAGE_POWER))
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.value("sensor", "scheduling_status", GARAGE_POWER) == "cannot_connect"
    assert home.state().state == "1.0"

    home.server.recover()
    home.has_planned(-5.0, power_sensor=GARAGE_POWER)
    await home.go_to(NOW + MINUTE + MINUTE)
    assert home.state(GARAGE_POWER).state == "5.0"


async def test_added_device_while_the_server_hangs(
    home: Home, hanging: asyncio.Event
) -> None:
    """It is there all the same, and shows its plan once there is an answer."""
    await home.set_up()
    home.server.answer("GET", GARAGE_DATA, status=500, json={}, wait_for=hanging)

    with patch("custom_components.flexmeasures.account._PATIENCE", -MINUTE):
        home.add_device(device(GARAGE_POWER))
        await home.hass.async_block_till_done()
    assert home.state(GARAGE_POWER).state == STATE_UNKNOWN

    home.server.recover()
    home.has_planned(-5.0, power_sensor=GARAGE_POWER)
    hanging.set()
    await home.settle()
    await home.go_to(NOW + 2 * MINUTE)
    assert home.state(GARAGE_POWER).state == "5.0"


async def test_added_device_is_scheduled(home: Home) -> None:
    """Beside the first, by itself."""
    await home.set_up(automatic(BATTERY_POWER))
    home.server.requests.clear()

    home.add_device(automatic(GARAGE_POWER))
    await home.settle()

    (wish,) = home.wishes
    assert wish["flex-model"][0]["sensor"] == GARAGE_POWER


async def test_changed_device_keeps_what_is_known_of_it(home: Home) -> None:
    """Also while the server is away."""
    home.has_planned(1.0, 2.0)
    await home.set_up()
    await home.act("select_option", "select", "mode", option="hold")
    home.server.fail(ClientConnectionError("gone"))

    home.change_device(title="Another name")
    await home.settle()

    assert home.state().state == "1.0"
    assert home.value("select", "mode") == "hold"
    assert home.state().name.startswith("Another name")
    await home.go_to(NOW + HOUR)
    assert home.stored[str(BATTERY_POWER)]["mode"] == "hold"


async def test_s2_is_switched_off(home: Home) -> None:
    """The entities of the resource manager are gone; what it is is remembered."""
    await home.set_up(paired(BATTERY_POWER), device(GARAGE_POWER))
    entity_id = home.entity("binary_sensor", "rm_connected")
    subentry = home.entry.subentries[str(BATTERY_POWER)]

    home.hass.config_entries.async_update_subentry(
        home.entry,
        subentry,
        data={key: value for key, value in subentry.data.items() if key != "s2"},
    )
    await home.settle()

    assert er.async_get(home.hass).async_get(entity_id) is None
    assert home.state().state == STATE_UNKNOWN


# --- a device that is disabled


async def test_nothing_goes_on_for_a_disabled_device(home: Home, new_rm: NewRM) -> None:
    """It is neither read nor scheduled, and no resource manager comes in."""
    home.has_planned(*[1.0] * 8)
    await home.set_up(
        paired(BATTERY_POWER, automatic_scheduling=True, trigger_entities=[PLUG]),
        device(GARAGE_POWER),
    )
    home.hass.states.async_set(PLUG, "off")
    entity_id = home.entity_id()
    rm = await new_rm(BATTERY_POWER).start()

    home.disable_device()
    await rm.expect("SessionRequest", request="RECONNECT")
    await home.until(lambda: loaded(home) == {GARAGE_POWER})
    await home.until(lambda: not rm.is_open)
    home.server.requests.clear()
    home.hass.states.async_set(PLUG, "on")
    await home.go_to(NOW + HOUR)

    assert home.triggers == []
    assert home.plans_read() == []
    assert home.plans_read(GARAGE_POWER)
    assert home.hass.states.get(entity_id) is None
    with pytest.raises(WSServerHandshakeError) as refused:
        await rm.connect()
    assert refused.value.status == 503


async def test_disabled_device_is_remembered(home: Home) -> None:
    """Over a restart, and until it is enabled."""
    home.has_planned(*[1.0] * 20)
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))
    await home.act("select_option", "select", "mode", option="hold")

    home.disable_device()
    await home.settle()
    assert await home.reload() is ConfigEntryState.LOADED
    assert loaded(home) == {GARAGE_POWER}
    assert home.stored[str(BATTERY_POWER)]["mode"] == "hold"

    home.disable_device(is_disabled=False)
    await home.settle()
    assert loaded(home) == {BATTERY_POWER, GARAGE_POWER}
    assert home.state().state == "1.0"
    assert home.value("select", "mode") == "hold"


async def test_account_whose_devices_are_all_disabled(home: Home) -> None:
    await home.set_up()
    home.disable_device()
    await home.settle()

    assert await home.reload() is ConfigEntryState.LOADED
    assert loaded(home) == set()


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("trigger_schedule", {"soc_at_start": 4}),
        ("get_schedule", {}),
        ("get_prices", {}),
        ("override", {"power": 1, "duration": {"hours": 1}}),
        ("clear_override", {}),
        ("change_control_type", {"control_type": "NOT_CONTROLABLE"}),
        ("send_instruction", {"operation_mode": "any"}),
    ],
)
async def test_action_on_a_disabled_device(
    home: Home, action: str, data: dict[str, Any]
) -> None:
    await home.set_up(paired())
    home.disable_device()
    await home.settle()

    with pytest.raises(ServiceValidationError) as raised:
        await home.hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": home.device_id(), **data},
            blocking=True,
            return_response=action in ("trigger_schedule", "get_schedule", "get_prices")
            or action == "send_instruction",
        )

    assert raised.value.translation_key == "device_disabled"
    assert raised.value.translation_placeholders == {"device": "Home battery"}


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("trigger_schedule", {}),
        ("get_schedule", {}),
        ("get_prices", {}),
        ("override", {"power": 1, "duration": {"hours": 1}}),
        ("clear_override", {}),
        ("change_control_type", {"control_type": "NOT_CONTROLABLE"}),
        ("send_instruction", {"operation_mode": "any"}),
    ],
)
async def test_action_on_a_meter(home: Home, action: str, data: dict[str, Any]) -> None:
    """A meter has a page as devices have, but nothing that could be scheduled."""
    await home.set_up(device(), meter(title="Main meter"))
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, f"meter_{CONSUMPTION}"), home.entry.entry_id
    )
    assert found

    with pytest.raises(ServiceValidationError) as raised:
        await home.hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": found.id, **data},
            blocking=True,
            return_response=action
            in ("trigger_schedule", "get_schedule", "get_prices", "send_instruction"),
        )

    assert raised.value.translation_key == "meter_has_no_schedule"
    assert raised.value.translation_placeholders == {"device": "Main meter"}


async def test_devices_of_others_and_other_changes(home: Home) -> None:
    """Neither what is disabled elsewhere, nor a name of the user's loads anything."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home.hass)
    registry = dr.async_get(home.hass)
    lamp = registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "lamp")}
    )
    await home.set_up()
    coordinator = home.entry.runtime_data.coordinators[str(BATTERY_POWER)]

    registry.async_update_device(home.device_id(), name_by_user="Mine")
    registry.async_update_device(lamp.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await home.settle()

    assert home.entry.runtime_data.coordinators[str(BATTERY_POWER)] is coordinator


async def test_issues_of_a_disabled_device_are_taken_back(home: Home) -> None:
    await home.set_up(device(soc_entity="sensor.none"), device(GARAGE_POWER))
    issues = ir.async_get(home.hass).issues
    assert any(domain == DOMAIN for domain, _ in issues)

    home.disable_device()
    await home.settle()

    assert not any(domain == DOMAIN for domain, _ in issues)


# --- jobs of a device that is gone


async def test_own_job_of_a_disabled_device(home: Home) -> None:
    """It is not waited for, and not tried again."""
    never = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=never)
    home.add_account(automatic(), device(GARAGE_POWER))
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.until(lambda: home.server.requests_to("GET", JOB))

    home.disable_device()
    await home.until(lambda: loaded(home) == {GARAGE_POWER})
    await home.settle()
    home.server.requests.clear()
    await home.go_to(NOW + HOUR)

    assert home.triggers == []
    assert home.server.requests_to("GET", JOB) == []


async def test_job_that_nobody_waits_for(home: Home) -> None:
    never = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=never)
    await home.set_up(device(), device(GARAGE_POWER))
    await home.compute(wait=False)

    home.disable_device()
    await home.settle()

    assert loaded(home) == {GARAGE_POWER}


@pytest.mark.parametrize("gone", [BATTERY_POWER, GARAGE_POWER])
async def test_joint_job_goes_on_for_those_that_are_left(home: Home, gone: int) -> None:
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    home.server.planned_values = [3.0]
    home.add_account(automatic(BATTERY_POWER), automatic(GARAGE_POWER))
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()
    left = BATTERY_POWER + GARAGE_POWER - gone
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=ended)
    home.server.requests.clear()
    await home.go_to(NOW + HOUR, is_settled=False)
    await home.until(lambda: home.server.requests_to("GET", JOB))

    home.disable_device(gone)
    await home.until(lambda: loaded(home) == {left})
    ended.set()
    await home.settle()

    (trigger,) = home.triggers
    assert len(trigger.json["flex-model"]) == 2
    assert home.state(left).state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
    assert home.value("sensor", "scheduling_status", left) == "ok"
    assert loaded(home) == {left}


async def test_action_on_a_device_that_is_unloaded_meanwhile(home: Home) -> None:
    """Who waits for a schedule is told; it is not asked for the device's neighbour."""
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=ended)
    await home.set_up(device(), device(GARAGE_POWER))
    computing = asyncio.create_task(home.compute())
    await home.until(lambda: home.server.requests_to("GET", JOB))
    waiting = asyncio.create_task(home.compute())
    await rest(home)

    home.disable_device()
    await home.until(lambda: loaded(home) == {GARAGE_POWER})
    ended.set()

    for action in (computing, waiting):
        with pytest.raises(HomeAssistantError) as raised:
            await action
        assert raised.value.translation_key == "device_unloaded"
        assert raised.value.translation_placeholders == {"device": "Home battery"}
    assert len(home.triggers) == 2


async def test_action_on_a_device_that_has_just_been_enabled(home: Home) -> None:
    await home.set_up()
    home.disable_device()
    await home.settle()

    home.disable_device(is_disabled=False)
    with pytest.raises(ServiceValidationError) as raised:
        await home.call("get_schedule", device_id=home.device_id())
    await home.settle()

    assert raised.value.translation_key == "device_not_loaded"
    await home.call("get_schedule", device_id=home.device_id())


async def test_joint_request_that_fails_once_its_device_is_disabled(home: Home) -> None:
    """It is not tried again."""
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    home.add_account(automatic(BATTERY_POWER), automatic(GARAGE_POWER))
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()
    failing = asyncio.Event()
    home.server.answer(
        "GET", JOB, exception=ClientConnectionError("gone"), wait_for=failing
    )
    home.server.requests.clear()
    await home.go_to(NOW + HOUR, is_settled=False)
    await home.until(lambda: home.server.requests_to("GET", JOB))
    (trigger,) = home.triggers
    lead = trigger.json["flex-model"][0]["sensor"]

    home.disable_device(lead)
    await home.until(lambda: lead not in loaded(home))
    failing.set()
    await home.settle()
    home.server.recover()
    home.server.requests.clear()
    await home.go_to(NOW + HOUR + 2 * MINUTE)

    assert all(
        lead not in [model["sensor"] for model in wish["flex-model"]]
        for wish in home.wishes
    )
