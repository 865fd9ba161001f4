"""A device is followed: what is written to real entities of Home Assistant, and when."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import Context, Event, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from ..fake_server import BATTERY_POWER
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, Json, device

INVERTER = "input_number.inverter"
NOT_FOLLOWED = f"not_followed_{BATTERY_POWER}"
SECOND = timedelta(seconds=1)
# Long enough for an entity to be looked at in the end.
SETTLED = 11 * SECOND

NUMBER = {
    "id": "1",
    "kind": "power",
    "entity": INVERTER,
    "invert": False,
    "rest": 0.0,
    "deadband": 0.1,
    "pause": 30,
    "respect": 3600,
}


class Calls(list[tuple[str, Any]]):
    """What was written: the entity, and the value."""

    def take(self) -> list[tuple[str, Any]]:
        """Give them, and forget them."""
        taken = list(self)
        self.clear()
        return taken


@pytest.fixture
async def calls(home: Home) -> Calls:
    """An inverter that takes any power, and what it was told."""
    helpers = {
        "inverter": {
            "min": -5000,
            "max": 5000,
            "step": 1,
            "initial": 777,
            "unit_of_measurement": "W",
        }
    }
    assert await async_setup_component(
        home.hass, "input_number", {"input_number": helpers}
    )
    found = Calls()

    @callback
    def note(event: Event[Any]) -> None:
        if event.data["domain"] in ("input_number", "input_boolean", "input_select"):
            data = event.data["service_data"]
            value = data.get("value", data.get("option", event.data["service"]))
            found.append((data["entity_id"], value))

    home.hass.bus.async_listen(EVENT_CALL_SERVICE, note)
    return found


async def hand_over(home: Home, *, is_on: bool = True) -> None:
    """Press the switch."""
    await home.act("turn_on" if is_on else "turn_off", "switch", "hand_over")
    await home.settle()


def state(home: Home) -> str:
    """How following goes."""
    return home.value("sensor", "follower")


def decisions(home: Home) -> list[Json]:
    """What was decided, the newest first."""
    found: list[Json] = home.attributes("sensor", "follower")["decisions"]
    return found


def power(home: Home) -> float:
    """What the inverter has."""
    found = home.hass.states.get(INVERTER)
    assert found
    return float(found.state)


async def by_hand(home: Home, value: float, *, is_user: bool = True) -> None:
    """Let somebody else set the inverter."""
    user = MockUser(is_owner=True).add_to_hass(home.hass).id if is_user else None
    await home.hass.services.async_call(
        "input_number",
        "set_value",
        {"entity_id": INVERTER, "value": value},
        blocking=True,
        context=Context(user_id=user),
    )
    await home.settle()


async def set_up(home: Home, *planned: float | None, **changes: Any) -> None:
    """Have a battery with a plan that an inverter follows."""
    home.has_planned(*planned)
    await home.set_up(device(follower={**NUMBER, **changes}))


async def test_dry_run_first(home: Home, calls: Calls) -> None:
    """Nothing is written; what would be, and why, is said."""
    await set_up(home, 2.0, -1.5)

    await home.go_to(SLOT + QUARTER)

    assert calls == []
    assert power(home) == 777
    assert state(home) == "dry_run"
    assert home.value("switch", "hand_over") == "off"
    assert decisions(home) == [
        {
            "time": "2026-11-22T11:15:00+01:00",
            "setpoint": -1.5,
            "why": "plan",
            "calls": [f"input_number.set_value {INVERTER} (value: -1500.0)"],
            "written": False,
        },
        {
            "time": "2026-11-22T11:07:00+01:00",
            "setpoint": 2.0,
            "why": "plan",
            "calls": [f"input_number.set_value {INVERTER} (value: 2000.0)"],
            "written": False,
        },
    ]


async def test_whole_plan(home: Home, calls: Calls) -> None:
    """Each slot, until the plan ends: then it rests."""
    await set_up(home, 2.0, 2.0, -1.5, 0.0, 0.5)
    await hand_over(home)
    assert calls.take() == [(INVERTER, 2000)]
    assert state(home) == "following"

    told = []
    for slot in range(1, 6):
        await home.go_to(SLOT + slot * QUARTER)
        told.append([value for _, value in calls.take()])
        await home.go_to(SLOT + slot * QUARTER + SETTLED)

    assert told == [[], [-1500], [0], [500], [0]]
    assert state(home) == "resting"
    assert decisions(home)[0]["why"] == "no_plan"
    assert decisions(home)[0]["setpoint"] is None
    assert power(home) == 0


async def test_handed_back(home: Home, calls: Calls) -> None:
    """It rests, and is left from then on."""
    await set_up(home, 2.0, -1.5)
    await hand_over(home)
    await hand_over(home, is_on=False)

    assert [value for _, value in calls.take()] == [2000, 0]
    await home.go_to(SLOT + QUARTER)
    assert calls == []
    assert [each["why"] for each in decisions(home)] == [
        "plan",
        "plan",
        "handed_back",
        "plan",
        "plan",
    ]


async def test_restart(home: Home, calls: Calls) -> None:
    """It rests while nobody follows, and is taken up again at once."""
    await set_up(home, 2.0, -1.5)
    await hand_over(home)
    calls.clear()

    await home.reload()

    assert [value for _, value in calls.take()] == [0, 2000]
    assert home.value("switch", "hand_over") == "on"
    assert [each["why"] for each in decisions(home)][:2] == ["plan", "stopped"]


async def test_last_updates(home: Home, calls: Calls) -> None:
    """What rests is not woken any more, whatever comes while all ends."""
    await set_up(home, 2.0, 2.0)
    await hand_over(home)
    calls.clear()
    account = home.entry.runtime_data
    coordinator = account.coordinators[str(BATTERY_POWER)]

    await account.async_rest()
    assert [value for _, value in calls.take()] == [0]
    coordinator.async_update_listeners()
    await by_hand(home, 55)
    await home.settle()

    assert [value for _, value in calls] == [55]


async def test_other_settings(home: Home, calls: Calls) -> None:
    """A change of them is nothing that the device notices."""
    await set_up(home, 2.0, -1.5)
    await hand_over(home)
    calls.clear()

    home.change_device(soc_min=2)
    await home.settle()
    assert calls == []
    await home.go_to(SLOT + QUARTER)
    assert [value for _, value in calls] == [-1500]


async def test_other_follower(home: Home, calls: Calls) -> None:
    """What followed before rests."""
    await set_up(home, 2.0, -1.5)
    await hand_over(home)
    calls.clear()

    home.change_device(follower={**NUMBER, "entity": "input_number.other"})
    await home.settle()

    assert calls == [(INVERTER, 0)]


async def test_removed(home: Home, calls: Calls) -> None:
    await set_up(home, 2.0, -1.5)
    await hand_over(home)
    calls.clear()

    home.remove_device()
    await home.settle()

    assert calls == [(INVERTER, 0)]


async def test_home_assistant_stops(home: Home, calls: Calls) -> None:
    await set_up(home, 2.0)
    await hand_over(home)
    calls.clear()

    await home.hass.async_stop(force=True)

    assert calls == [(INVERTER, 0)]


async def test_modes_and_overrides(home: Home, calls: Calls) -> None:
    """They win, at once."""
    await set_up(home, 2.0, 2.0)
    await hand_over(home)
    calls.clear()

    await home.override(power=-3, duration="00:05:00")
    await home.settle()
    assert [value for _, value in calls.take()] == [-3000]
    await home.go_to(NOW + 5 * MINUTE)
    assert [value for _, value in calls.take()] == [2000]
    for mode, value, why in (("hold", 0, "hold"), ("automatic", 2000, "plan")):
        await home.act("select_option", "select", "mode", option=mode)
        await home.settle()
        assert [each for _, each in calls.take()] == [value]
        assert decisions(home)[0]["why"] == why
    await home.act("select_option", "select", "mode", option="off")
    await home.settle()
    assert [each for _, each in calls.take()] == [0]
    assert decisions(home)[0]["why"] == "mode_off"
    assert state(home) == "resting"


@pytest.mark.parametrize(
    ("setpoint", "told"),
    [
        pytest.param(2.05, [], id="nearly the same"),
        pytest.param(2.2, [2200], id="another one"),
        pytest.param(-0.01, [-10], id="another direction"),
        pytest.param(0.0, [0], id="nothing"),
    ],
)
async def test_deadband(
    home: Home, calls: Calls, setpoint: float, told: list[float]
) -> None:
    """It never suppresses another direction."""
    await set_up(home, 2.0, setpoint, pause=0)
    await hand_over(home)
    calls.clear()

    await home.go_to(SLOT + QUARTER)

    assert [value for _, value in calls] == told


async def test_not_too_often(home: Home, calls: Calls) -> None:
    """Unless it is another direction."""
    await set_up(home, 2.0, 3.0, -1.0, pause=1800)
    await hand_over(home)
    calls.clear()

    await home.go_to(SLOT + QUARTER)
    assert calls == []
    await home.go_to(SLOT + 2 * QUARTER)
    assert [value for _, value in calls] == [-1000]


async def test_what_waits_is_written_in_the_end(home: Home, calls: Calls) -> None:
    await set_up(home, 2.0, 3.0, 3.0, pause=600)
    await hand_over(home)
    calls.clear()

    await home.go_to(SLOT + QUARTER)
    assert calls == []
    await home.go_to(NOW + 10 * MINUTE)
    assert [value for _, value in calls] == [3000]


# --- somebody else


@pytest.mark.parametrize(
    ("is_user", "after"),
    [
        pytest.param(True, SECOND, id="a user, at once"),
        pytest.param(True, SETTLED, id="a user, later"),
        pytest.param(False, SETTLED, id="another automation, later"),
    ],
)
async def test_by_hand(
    home: Home, calls: Calls, after: timedelta, *, is_user: bool
) -> None:
    """What somebody sets is left for an hour; then the plan is followed again."""
    await set_up(home, *[2.0] * 3, *[1.0] * 5)
    await hand_over(home)
    await home.go_to(NOW + after)
    await by_hand(home, 1234, is_user=is_user)
    calls.clear()

    assert state(home) == "by_hand"
    assert decisions(home)[0]["why"] == "by_hand"
    assert not decisions(home)[0]["written"]
    await home.go_to(SLOT + 3 * QUARTER)
    assert calls == []
    assert power(home) == 1234
    await home.reload()
    assert calls == []
    assert state(home) == "by_hand"

    await home.go_to(NOW + after + HOUR)
    assert [value for _, value in calls] == [1000]
    assert state(home) == "following"


async def test_mode_ends_what_was_done_by_hand(home: Home, calls: Calls) -> None:
    """What the user wants of the plan is newer."""
    await set_up(home, 2.0, 2.0)
    await hand_over(home)
    await by_hand(home, 1234)
    calls.clear()

    await home.act("select_option", "select", "mode", option="hold")
    await home.settle()

    assert [value for _, value in calls] == [0]


async def test_old_value_that_is_reported_once_more(home: Home, calls: Calls) -> None:
    """A device that is polled shows for a moment what it had: that is nobody's hand."""
    await set_up(home, 2.0, 2.0)
    await hand_over(home)
    calls.clear()

    home.hass.states.async_set(
        INVERTER, "777", {"min": -5000, "max": 5000, "unit_of_measurement": "W"}
    )
    await home.settle()
    assert state(home) == "following"

    # It did not take it after all: it is written again.
    await home.go_to(NOW + SETTLED)
    assert [value for _, value in calls] == [2000]


# --- devices that do not do as they are told


async def deaf(home: Home, calls: Calls) -> None:
    """Let the inverter forget all that it is told."""

    async def forget(_call: Any) -> None:
        pass

    home.hass.services.async_register("input_number", "set_value", forget)


async def test_it_is_tried_again(home: Home, calls: Calls) -> None:
    """Three times, and every five minutes from then on; that is said."""
    await deaf(home, calls)
    await set_up(home, *[2.0] * 4)
    await hand_over(home)
    for attempt in range(1, 4):
        await home.go_to(NOW + attempt * SETTLED)

    assert [value for _, value in calls.take()] == [2000] * 3
    assert state(home) == "failing"
    reason = home.attributes("sensor", "follower")["reason"]
    assert reason.startswith("inverter does not take what is written to it")
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, NOT_FOLLOWED)
    assert issue
    assert issue.data
    assert issue.data["setting"] == "follower"
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "reason": reason,
    }
    await home.go_to(NOW + 4 * MINUTE)
    assert calls == []
    await home.go_to(NOW + 6 * MINUTE)
    assert [value for _, value in calls.take()] == [2000]

    # Something newer is tried at once.
    await home.go_to(NOW + 7 * MINUTE)
    calls.clear()
    await home.override(power=1, duration="01:00:00")
    await home.settle()
    assert [value for _, value in calls] == [1000]


async def test_diagnostics(
    home: Home, calls: Calls, hass_client: ClientSessionGenerator
) -> None:
    """What goes wrong, and what was decided, for whoever is asked for help."""
    await deaf(home, calls)
    await set_up(home, *[2.0] * 4)
    await hand_over(home)
    for attempt in range(1, 4):
        await home.go_to(NOW + attempt * SETTLED)

    found: Any = await get_diagnostics_for_config_entry(
        home.hass, hass_client, home.entry
    )

    (battery,) = found["devices"]
    follower = battery["follower"]
    assert follower["state"] == "failing"
    assert follower["problem"] == "follower_not_taken"
    assert follower["is_in_control"] is True
    assert len(follower["decisions"]) == 2


async def test_it_takes_it_in_the_end(home: Home, calls: Calls) -> None:
    """The repair goes by itself."""
    await deaf(home, calls)
    await set_up(home, *[2.0] * 4)
    await hand_over(home)
    for attempt in range(1, 4):
        await home.go_to(NOW + attempt * SETTLED)
    assert state(home) == "failing"

    home.hass.states.async_set(INVERTER, "2000", {"unit_of_measurement": "W"})
    await home.go_to(NOW + 6 * MINUTE)
    await home.go_to(NOW + 7 * MINUTE)

    assert state(home) == "following"
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, NOT_FOLLOWED)


async def test_unit_that_changes(home: Home, calls: Calls) -> None:
    """Nothing is written that would mean something else."""
    await set_up(home, 2.0, 3.0, 1.0)
    await hand_over(home)
    calls.clear()

    home.hass.states.async_set(INVERTER, "50", {"unit_of_measurement": "%"})
    await home.go_to(SLOT + QUARTER)
    assert calls == []
    assert state(home) == "failing"
    home.hass.states.async_set(INVERTER, "50", {"unit_of_measurement": "kW"})
    await home.settle()
    assert calls[0] == (INVERTER, 3)


async def test_something_newer_while_it_is_written(home: Home, calls: Calls) -> None:
    """The newest is what it has in the end, and nothing that is out of date is written."""
    is_open = asyncio.Event()
    written: list[float] = []

    async def write(call: Any) -> None:
        written.append(call.data["value"])
        await is_open.wait()

    home.hass.services.async_register("input_number", "set_value", write)
    await set_up(home, 2.0)
    services, battery = home.hass.services, home.device_id()
    switch = {"entity_id": home.entity("switch", "hand_over")}
    await services.async_call("switch", "turn_on", switch, blocking=True)
    await home.until(lambda: written)
    for power in (1, 3):
        other = {"device_id": battery, "power": power, "duration": "01:00:00"}
        await services.async_call(DOMAIN, "override", other, blocking=True)
    is_open.set()
    await home.settle()

    assert written == [2000, 3000]


async def test_handed_back_while_it_is_away(home: Home, calls: Calls) -> None:
    """There is nobody to tell it to rest."""
    await set_up(home, 2.0)
    await hand_over(home)
    await hand_over(home)
    calls.clear()
    home.hass.states.async_set(INVERTER, "unavailable")
    await home.settle()

    await hand_over(home, is_on=False)

    assert calls == []
    assert home.value("switch", "hand_over") == "off"


async def test_it_refuses(home: Home, calls: Calls) -> None:
    """Its error breaks nothing."""

    async def refuse(_call: Any) -> None:
        raise ValueError("no")

    home.hass.services.async_register("input_number", "set_value", refuse)
    await set_up(home, *[2.0] * 4)
    await hand_over(home)
    for attempt in range(1, 4):
        await home.go_to(NOW + attempt * SETTLED)

    assert state(home) == "failing"


async def test_it_goes_and_comes_back(home: Home, calls: Calls) -> None:
    """Whatever it does by then, it is told anew, also that the plan has ended."""
    await set_up(home, 2.0, -1.0)
    await hand_over(home)
    calls.clear()
    attributes = {"min": -5000, "max": 5000, "unit_of_measurement": "W"}

    home.hass.states.async_set(INVERTER, "unavailable")
    await home.settle()
    assert state(home) == "waiting"
    await home.go_to(SLOT + QUARTER)
    assert calls == []
    home.hass.states.async_set(INVERTER, "2000", attributes)
    await home.settle()
    assert [value for _, value in calls.take()] == [-1000]

    home.hass.states.async_set(INVERTER, "unavailable")
    await home.go_to(SLOT + 2 * QUARTER)
    home.hass.states.async_set(INVERTER, "-1000", attributes)
    await home.settle()
    assert [value for _, value in calls] == [0]
    assert state(home) == "resting"


async def test_limits_of_the_entity(home: Home, calls: Calls) -> None:
    """More than it takes is not asked of it."""
    await set_up(home, 4.0)
    home.hass.states.async_set(
        INVERTER, "0", {"min": -1000, "max": 1500, "unit_of_measurement": "W"}
    )

    await hand_over(home)

    assert [value for _, value in calls] == [1500]


async def test_without_a_follower(home: Home, calls: Calls) -> None:
    """Its entities go with it."""
    await set_up(home, 2.0)
    assert home.value("switch", "hand_over") == "off"

    subentry = home.entry.subentries[str(BATTERY_POWER)]
    data = {key: value for key, value in subentry.data.items() if key != "follower"}
    home.hass.config_entries.async_update_subentry(home.entry, subentry, data=data)
    await home.settle()

    registry = er.async_get(home.hass)
    keys = {
        each.unique_id.removeprefix(f"{BATTERY_POWER}_")
        for each in er.async_entries_for_config_entry(registry, home.entry.entry_id)
    }
    assert "setpoint" in keys
    assert not {"hand_over", "follower"} & keys
