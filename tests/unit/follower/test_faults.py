"""Devices that are late, refuse, forget or are away: what they do in the end is what is safe."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockUser,
    async_fire_time_changed,
)

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from sandbox.home_assistant.simulated_home.controls import NumberControl
from sandbox.home_assistant.simulated_home.devices import Charger, HeatPump, Inverter

from ..fake_server import BATTERY, BATTERY_POWER
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, Json, device
from .conftest import Simulate
from .test_following import NOT_FOLLOWED, NUMBER, SETTLED, decisions, hand_over, state

SECOND = timedelta(seconds=1)
TOO_NARROW = f"too_narrow_{BATTERY_POWER}"
INVERTER = "number.battery_inverter"
BY_POWER: Json = {**NUMBER, "entity": INVERTER}
BY_CURRENT: Json = {
    **NUMBER,
    "kind": "current",
    "entity": "number.battery_current",
    "second_entity": "switch.battery_charging",
    "phases": "3",
    "voltage": 230,
    "least": 6,
}
BY_CONTACTS: Json = {
    **NUMBER,
    "kind": "sg_ready",
    "entity": "switch.battery_contact_1",
    "second_entity": "switch.battery_contact_2",
    "threshold": 0.1,
}
NAMED = {"name": "Battery", "capacity": 1000, "level": 500}

type Follow = Callable[..., Awaitable[Any]]


@pytest.fixture
def follow(home: Home, simulate: Simulate) -> Follow:
    """Have a simulated device that follows a plan, and does by now."""

    async def begin(
        kind: str, follower: Json, *planned: float | None, **changes: Any
    ) -> Any:
        devices: dict[str, Any] = await simulate({"kind": kind, **NAMED})
        home.has_planned(*planned)
        await home.set_up(device(follower={**follower, **changes}))
        await hand_over(home)
        await home.go_to(NOW + SETTLED)
        return devices["Battery"]

    return begin


@pytest.fixture
def inverter(follow: Follow) -> Callable[..., Awaitable[Inverter]]:
    """The same, of an inverter."""

    async def begin(*planned: float | None, **changes: Any) -> Inverter:
        found: Inverter = await follow("inverter", BY_POWER, *planned, **changes)
        return found

    return begin


type Begin = Callable[..., Awaitable[Inverter]]


def told(control: Any) -> list[float]:
    """What a control was told so far, which is forgotten."""
    values = [value for _, value in control.writes]
    control.writes.clear()
    return values


async def set_by_user(home: Home, value: float) -> None:
    """Let somebody set the inverter in Home Assistant."""
    user = MockUser(is_owner=True).add_to_hass(home.hass)
    await home.hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": INVERTER, "value": value},
        blocking=True,
        context=Context(user_id=user.id),
    )
    await home.settle()


async def read(home: Home) -> None:
    """Have the plan, and what else the server says, read again."""
    account = home.entry.runtime_data
    account.catalogue.async_forget()
    await account.coordinators[str(BATTERY_POWER)].async_refresh()
    await home.settle()


async def pass_by(home: Home, start: Any, time: timedelta) -> None:
    """Let some time pass in steps."""
    for step in range(1, time // SETTLED + 2):
        await home.go_to(start + step * SETTLED)


# --- late


async def test_late_answer_to_what_is_out_of_date(home: Home, inverter: Begin) -> None:
    """What was on its way is no reason to take the old value for the new one."""
    battery = await inverter(1.0, 1.0)
    battery.setting.faults.delay = 7

    await home.override(power=3, duration="00:00:02")
    await home.settle()
    # The device still has 1000 W, and gets 3000 W in five seconds.
    await home.go_to(NOW + SETTLED + 2 * SECOND)
    await home.go_to(NOW + SETTLED + 7 * SECOND)
    assert battery.power == 3
    await home.go_to(NOW + SETTLED + 9 * SECOND)

    assert battery.power == 1
    assert state(home) == "following"


async def test_late_answer_at_the_end(home: Home, inverter: Begin) -> None:
    """The same where nobody would see it later."""
    battery = await inverter(0.0, 0.0)
    battery.setting.faults.delay = 7
    await home.override(power=3, duration="01:00:00")
    await home.settle()

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(NOW + MINUTE)

    assert battery.power == 0


async def test_it_shows_what_it_had_before(home: Home, inverter: Begin) -> None:
    """Within a minute that is no hand: it is told again, and a repair says so in the end."""
    battery = await inverter(1.0, 2.0, 2.0)
    battery.setting.faults.forgets_after = 30
    start = SLOT + QUARTER

    await home.go_to(start)
    await home.go_to(start + SETTLED)
    await home.go_to(start + 31 * SECOND)

    assert state(home) == "following"
    assert told(battery.setting)[-2:] == [2000, 2000]
    await pass_by(home, start + 31 * SECOND, MINUTE)
    assert state(home) == "failing"
    battery.setting.faults.forgets_after = None
    await pass_by(home, start + 2 * MINUTE, 5 * MINUTE)
    assert state(home) == "following"
    assert battery.power == 2


async def test_it_shows_what_it_had_long_before(home: Home, inverter: Begin) -> None:
    """Later than that, somebody has set it."""
    battery = await inverter(1.0, 2.0, 2.0)
    await home.go_to(SLOT + QUARTER)
    await home.go_to(SLOT + QUARTER + 2 * MINUTE)

    battery.setting.async_move(1000.0)
    await home.settle()

    assert state(home) == "by_hand"


async def test_slow_device(home: Home, inverter: Begin) -> None:
    """The repair goes as soon as it does what it was told."""
    battery = await inverter(1.0, 2.0, 2.0)
    battery.setting.faults.delay = 50
    start = SLOT + QUARTER
    await home.go_to(start)
    await pass_by(home, start, 40 * SECOND)
    assert state(home) == "failing"

    await home.go_to(start + 50 * SECOND)

    assert state(home) == "following"
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, NOT_FOLLOWED)


async def test_it_rounds(home: Home, inverter: Begin) -> None:
    """A device that does nearly what it was told does it."""
    battery = await inverter(1.0, 2.04, 2.04)
    battery.setting.faults.rounds_to = 100
    await home.go_to(SLOT + QUARTER)
    told(battery.setting)
    await pass_by(home, SLOT + QUARTER, 2 * MINUTE)

    assert state(home) == "following"
    assert told(battery.setting) == []
    assert battery.power == 2


# --- refusing


@pytest.mark.parametrize("error", [HomeAssistantError("no"), KeyError("modbus")])
async def test_it_raises(home: Home, inverter: Begin, error: Exception) -> None:
    """Whatever it is: it is tried again, and all else goes on."""
    battery = await inverter(1.0, 2.0, 2.0)
    battery.setting.faults.error = error
    await home.go_to(SLOT + QUARTER)
    await pass_by(home, SLOT + QUARTER, MINUTE)
    assert state(home) == "failing"

    battery.setting.faults.error = None
    await pass_by(home, SLOT + QUARTER + MINUTE, 5 * MINUTE)
    assert state(home) == "following"
    assert battery.power == 2

    battery.setting.faults.error = error
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.NOT_LOADED


async def test_it_refuses_to_rest_at_first(home: Home, inverter: Begin) -> None:
    """When nobody follows any more, it is tried again at once."""
    battery = await inverter(1.0, 2.0, 2.0)
    tell = battery.setting.async_tell
    errors = [HomeAssistantError("busy"), HomeAssistantError("busy")]

    async def refuse_twice(value: float) -> None:
        battery.setting.faults.error = errors.pop() if errors else None
        await tell(value)

    battery.setting.async_tell = refuse_twice  # type: ignore[method-assign]
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    assert battery.power == 0


async def test_it_refuses_to_rest_when_handed_back(home: Home, inverter: Begin) -> None:
    """It is tried until it does, and the owner is told; then it is left alone."""
    battery = await inverter(1.0, 2.0, 2.0)
    battery.setting.faults.error = HomeAssistantError("no")
    await hand_over(home, is_on=False)
    written = {each["why"]: each["written"] for each in decisions(home)[:2]}
    assert written == {"plan": False, "handed_back": True}
    await pass_by(home, NOW + SETTLED, MINUTE)
    assert state(home) == "failing"
    assert home.value("switch", "hand_over") == "off"

    battery.setting.faults.error = None
    await pass_by(home, NOW + 2 * MINUTE, 5 * MINUTE)

    assert battery.power == 0
    assert state(home) == "dry_run"
    told(battery.setting)
    battery.setting.async_move(1500.0)
    await pass_by(home, NOW + 8 * MINUTE, MINUTE)
    assert battery.power == 1.5
    assert told(battery.setting) == []


async def test_somebody_sets_what_does_not_rest(home: Home, inverter: Begin) -> None:
    """Then nothing is owed any more: it is not told to rest after that."""
    battery = await inverter(1.0, 2.0, 2.0)
    battery.setting.faults.error = HomeAssistantError("no")
    await hand_over(home, is_on=False)
    battery.setting.faults.error = None

    await set_by_user(home, 1500)
    await pass_by(home, NOW + SETTLED, 8 * MINUTE)

    assert battery.power == 1.5
    assert state(home) == "dry_run"


@pytest.mark.parametrize("has_restarted", [False, True])
async def test_handed_back_while_it_is_away(
    home: Home, inverter: Begin, *, has_restarted: bool
) -> None:
    """It rests once it is back; then it is left alone."""
    battery = await inverter(1.0, 2.0, 2.0)
    battery.setting.async_be_available(is_available=False)
    await home.settle()
    await hand_over(home, is_on=False)
    if has_restarted:
        await home.reload()

    battery.setting.async_be_available(is_available=True)
    await home.settle()

    assert battery.power == 0
    await home.go_to(NOW + MINUTE)
    await set_by_user(home, 1500)
    battery.setting.async_be_available(is_available=False)
    battery.setting.async_be_available(is_available=True)
    await home.go_to(NOW + 2 * MINUTE)
    assert battery.power == 1.5


async def test_what_begins_waits_for_what_ends(home: Home, follow: Follow) -> None:
    """A car does not begin with the current of before, as the new one was refused."""
    charger: Charger = await follow("charger", BY_CURRENT, 0.0, 4.2, 0.0)
    charger.current.faults.error = HomeAssistantError("no")

    await home.go_to(SLOT + QUARTER)
    await pass_by(home, SLOT + QUARTER, MINUTE)
    assert charger.power == 0

    charger.current.faults.error = None
    await pass_by(home, SLOT + QUARTER + MINUTE, 5 * MINUTE)
    assert charger.power == pytest.approx(4.14)


async def test_what_ends_does_not_wait(home: Home, follow: Follow) -> None:
    """One contact of two that refuses leaves the other one as it is to be."""
    pump: HeatPump = await follow("heat_pump", BY_CONTACTS, 2.0, None)
    assert pump.is_boosted
    pump.lock.async_move(True)
    pump.lock.faults.error = HomeAssistantError("no")

    await home.go_to(NOW + 2 * HOUR)

    assert not pump.is_boosted


# --- handing back


async def test_nothing_is_written_after_it_was_handed_back(
    home: Home, inverter: Begin
) -> None:
    """A new slot while it is told to rest is nothing that it is told."""
    battery = await inverter(1.0, 2.0, 2.0)
    await home.go_to(SLOT + QUARTER - SECOND)
    begun, is_open = asyncio.Event(), asyncio.Event()
    tell = battery.setting.async_tell

    async def tell_slowly(value: float) -> None:
        begun.set()
        await is_open.wait()
        await tell(value)

    battery.setting.async_tell = tell_slowly  # type: ignore[method-assign]
    switch = {"entity_id": home.entity("switch", "hand_over")}
    handing = asyncio.create_task(
        home.hass.services.async_call("switch", "turn_off", switch, blocking=True)
    )
    await home.until(begun.is_set)
    home.pass_time(SECOND)
    async_fire_time_changed(home.hass)
    await home.until(lambda: home.value("sensor", "setpoint") == "2.0")
    is_open.set()
    await handing
    await home.settle()

    assert battery.power == 0
    assert home.value("switch", "hand_over") == "off"


async def test_reload_while_it_is_written(home: Home, inverter: Begin) -> None:
    """What was being written is out of date when it rests."""
    battery = await inverter(1.0, 2.0, None)
    tell = battery.setting.async_tell
    begun, is_open = asyncio.Event(), asyncio.Event()

    async def tell_slowly(value: float) -> None:
        begun.set()
        await is_open.wait()
        await tell(value)

    battery.setting.async_tell = tell_slowly  # type: ignore[method-assign]
    home.pass_time(QUARTER)
    async_fire_time_changed(home.hass)
    await home.until(begun.is_set)
    unloading = asyncio.create_task(
        home.hass.config_entries.async_unload(home.entry.entry_id)
    )
    await home.until(lambda: home.entry.state is not ConfigEntryState.LOADED)
    is_open.set()
    await unloading

    assert battery.power == 0
    await home.start()
    assert battery.power == 2


# --- another range, another unit


async def test_other_unit_while_it_follows(home: Home, inverter: Begin) -> None:
    """That is no hand: what is written next is in the new unit, at once."""
    battery = await inverter(1.0, 1.0, pause=1800)
    setting = battery.setting
    told(setting)

    setting.unit, setting.least, setting.most, setting.step = "kW", -5, 5, 0.1
    setting.async_show()
    await home.settle()

    assert told(setting) == [1.0]
    assert state(home) == "following"


async def test_unit_that_is_none(home: Home, inverter: Begin) -> None:
    """What cannot be written to is said, with the field to mend it in, also later."""
    battery = await inverter(1.0, 2.0, 2.0)
    setting: NumberControl = battery.setting
    told(setting)

    setting.unit = "%"
    setting.async_show()
    await home.settle()

    assert told(setting) == []
    assert state(home) == "failing"
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, NOT_FOLLOWED)
    assert issue
    assert issue.data
    assert issue.data["setting"] == "follower"


async def test_narrower_range(home: Home, inverter: Begin) -> None:
    """It holds at once."""
    battery = await inverter(3.0, 3.0, pause=1800)
    told(battery.setting)

    battery.setting.most = 1500
    battery.setting.async_show()
    await home.settle()

    assert told(battery.setting) == [1500]


async def test_plan_beyond_the_range(home: Home, inverter: Begin) -> None:
    """It is told what it takes, and the owner that this is less than planned."""
    battery = await inverter(1.0, -3.0, 1.0)
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, TOO_NARROW)

    battery.setting.least = -1500
    battery.setting.async_show()
    await home.settle()

    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, TOO_NARROW)
    assert issue
    assert issue.data
    assert issue.data["setting"] == "follower"
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "entity": "Battery inverter",
        "power": "-3",
    }
    await home.go_to(SLOT + QUARTER)
    assert battery.power == -1.5
    assert state(home) == "following"

    battery.setting.least = -3000
    battery.setting.async_show()
    await home.settle()
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, TOO_NARROW)


async def test_gone(home: Home, inverter: Begin) -> None:
    """An entity that is removed is a repair, with its field."""
    await inverter(*[1.0] * 4)
    issue_id = f"entity_gone_{BATTERY_POWER}_{INVERTER}"
    er.async_get(home.hass).async_remove(INVERTER)
    await home.settle()
    assert state(home) == "waiting"

    await home.go_to(NOW + SETTLED + MINUTE)

    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.data
    assert issue.data["setting"] == "follower"
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "entity": "Battery inverter",
    }


@pytest.mark.parametrize("limit", ["1.95 kW", "1.5 kW"])
async def test_narrower_limit(home: Home, inverter: Begin, limit: str) -> None:
    """What the server says of a device holds at once, however little narrower it is."""
    battery = await inverter(2.0, 2.0, pause=1800)
    home.server.set_flex_model(BATTERY, power_capacity=limit)

    await read(home)

    assert battery.power == float(limit.split(maxsplit=1)[0])


# --- one of two


async def test_one_of_two_is_away_at_the_end(home: Home, follow: Follow) -> None:
    """What can be told to rest is."""
    pump: HeatPump = await follow("heat_pump", BY_CONTACTS, 2.0, None)
    pump.lock.async_be_available(is_available=False)
    await home.settle()
    assert pump.is_boosted
    assert state(home) == "waiting"

    await home.go_to(NOW + 2 * HOUR)

    assert not pump.is_boosted
    assert state(home) == "waiting"


async def test_one_of_two_cannot_rest_while_the_other_is_away(home: Home) -> None:
    """Nothing is written to what cannot have it; that is said once both are there."""
    watts = {"unit_of_measurement": "W", "min": 100, "max": 5000, "step": 1}
    home.hass.states.async_set("number.charge", "100", watts)
    home.hass.states.async_set("number.discharge", "unavailable")
    home.has_planned(2.0)
    follower = {
        **NUMBER,
        "kind": "two_powers",
        "entity": "number.charge",
        "second_entity": "number.discharge",
    }
    await home.set_up(device(follower=follower))
    await hand_over(home)

    await home.go_to(SLOT + QUARTER)

    assert state(home) == "waiting"
    assert home.hass.states.get("number.charge").state == "100"  # type: ignore[union-attr]


async def test_one_of_two_comes_late(home: Home, simulate: Simulate) -> None:
    """A car that charges is not paused while its current is not there yet."""
    devices: Any = await simulate({"kind": "charger", "is_on": True, **NAMED})
    charger: Charger = devices["Battery"]
    charger.current.async_be_available(is_available=False)
    remember(home, 4.9, start=SLOT, follower=BY_CURRENT)

    await home.start()
    assert charger.switch.value
    assert state(home) == "waiting"
    charger.current.async_be_available(is_available=True)
    await home.settle()

    assert charger.power == pytest.approx(4.83)
    assert told(charger.switch) == []


# --- starting


async def test_killed(home: Home, simulate: Simulate) -> None:
    """With a plan that has ended and a server that is away, it rests within seconds."""
    devices: Any = await simulate({"kind": "inverter", "power": 3000, **NAMED})
    remember(home, 2.0, start=SLOT - 2 * HOUR)
    home.server.fail(ClientConnectionError("away"))

    await home.start()

    assert devices["Battery"].power == 0
    # There is a plan again.
    home.server.recover()
    home.has_planned(1.0, 1.0, start=SLOT)
    await home.go_to(NOW + 2 * MINUTE)
    await home.go_to(NOW + 3 * MINUTE)
    assert devices["Battery"].power == 1


async def test_killed_and_the_server_is_unknown(home: Home, simulate: Simulate) -> None:
    """It rests also where the account cannot be set up at all."""
    devices: Any = await simulate({"kind": "inverter", "power": 3000, **NAMED})
    remember(home, 2.0, start=SLOT - 2 * HOUR)
    home.server.version = "0.20.0"

    await home.start()

    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert devices["Battery"].power == 0


async def test_killed_within_the_plan(home: Home, simulate: Simulate) -> None:
    """It goes on, though the server is away."""
    devices: Any = await simulate({"kind": "inverter", "power": 3000, **NAMED})
    remember(home, 2.0, start=SLOT)
    home.server.fail(ClientConnectionError("away"))

    await home.start()

    assert devices["Battery"].power == 2


def remember(
    home: Home, *planned: float, start: Any, follower: Json = BY_POWER
) -> None:
    """Have been in control before."""
    home.add_account(device(follower=follower))
    home.has_planned(*planned, start=start)
    memory = {
        "is_in_control": True,
        "in_control_of": "1",
        "by_hand_until": None,
        "decisions": [],
    }
    home.remembers(*planned, start=start, follower=memory)


async def test_late_entities(home: Home, simulate: Simulate) -> None:
    """Those of the device come after us, at first as they are restored."""
    remember(home, 2.0, start=SLOT)
    home.hass.states.async_set(INVERTER, "unavailable", {"restored": True})
    await home.start()
    assert state(home) == "waiting"
    home.hass.states.async_remove(INVERTER)

    devices: Any = await simulate({"kind": "inverter", "power": 3000, **NAMED})
    await home.settle()

    assert devices["Battery"].power == 2
    assert state(home) == "following"


# --- by hand


async def test_moved_to_what_comes_next(home: Home, inverter: Begin) -> None:
    """It is a hand all the same, and left as long."""
    battery = await inverter(1.0, 2.0, *[1.0] * 5)
    battery.setting.async_move(2000.0)
    await home.settle()
    assert state(home) == "by_hand"

    await home.go_to(SLOT + 2 * QUARTER)
    assert battery.power == 2
    await home.go_to(NOW + SETTLED + HOUR)
    assert battery.power == 1


async def test_override_that_ends_by_itself(home: Home, inverter: Begin) -> None:
    """That is nothing that the user wants now: what was done by hand is left."""
    battery = await inverter(*[1.0] * 8)
    await home.override(power=2, duration="00:10:00")
    await home.go_to(NOW + MINUTE)
    await set_by_user(home, 500)

    await home.go_to(NOW + 11 * MINUTE)

    assert state(home) == "by_hand"
    assert battery.power == 0.5


async def test_killed_by_hand(home: Home, simulate: Simulate) -> None:
    """What the user has set is left over a power cut, until its time has come."""
    devices: Any = await simulate({"kind": "inverter", "power": 3000, **NAMED})
    remember(home, *[2.0] * 8, start=SLOT)
    stored = home.stored[str(BATTERY_POWER)]["follower"]
    stored["by_hand_until"] = (NOW + 20 * MINUTE).isoformat()

    await home.start()
    await home.go_to(NOW + MINUTE)

    assert devices["Battery"].power == 3
    assert state(home) == "by_hand"
    await home.go_to(NOW + 20 * MINUTE)
    assert devices["Battery"].power == 2


# --- the clock


async def test_clock_that_is_set_back(home: Home, inverter: Begin) -> None:
    """Neither a pause nor a hand lasts longer than it was to."""
    battery = await inverter(*[1.0] * 4, pause=600)
    home.has_planned(2.0, 2.0, *[3.0] * 20, start=SLOT - 2 * HOUR)
    await home.go_to(NOW - 2 * HOUR)
    await read(home)
    assert battery.power == 2

    await home.go_to(NOW)
    await home.settle()
    await set_by_user(home, 500)
    assert state(home) == "by_hand"
    await home.go_to(NOW - 90 * MINUTE)
    await read(home)
    await home.go_to(NOW - 29 * MINUTE)
    assert state(home) == "following"
