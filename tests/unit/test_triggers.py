"""The triggers: automations that each set off when it should, and not when it should not."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.device_target import async_targeted_subentries
from custom_components.flexmeasures.trigger import TRIGGERS
from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.target import TargetSelection
from homeassistant.setup import async_setup_component

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    GARAGE_POWER,
    HOUSE,
    failed_job,
    finished_job,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device, meter
from .s2 import devices
from .s2_rm import BATTERY as STORAGE, FRBC, FakeRM, paired

JOB = "/api/v3_0/jobs/*"
ALL = sorted(TRIGGERS)
MISSED = {"datetime": "2026-11-23T07:00:00+01:00", "violation": "4.257 kWh"}


class Heard:
    """What triggers have set off since the last look."""

    def __init__(self, calls: list[ServiceCall]) -> None:
        """Begin with nothing."""
        self._calls = calls

    def variables(self) -> list[Mapping[str, Any]]:
        """Give what they told."""
        told: list[Mapping[str, Any]] = [call.data for call in self._calls]
        self._calls.clear()
        return told

    def __call__(self) -> list[str]:
        """Give which it were, in the order of their names."""
        return sorted(told["id"] for told in self.variables())


async def listen(
    home: Home,
    *triggers: str,
    target: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **templates: str,
) -> Heard:
    """Set up an automation with triggers, by default of the battery, that tells of each."""
    calls = async_mock_service(home.hass, "test", "heard")
    automation = {
        "alias": "Listen",
        "mode": "parallel",
        "triggers": [
            {
                "trigger": f"{DOMAIN}.{trigger}",
                "id": trigger,
                "target": target or {"device_id": home.device_id()},
                "options": (options or {"price": 0.15})
                if trigger.startswith("price_")
                else {},
            }
            for trigger in triggers or ALL
        ],
        "actions": {
            "action": "test.heard",
            "data": {"id": "{{ trigger.id }}"}
            | {key: f"{{{{ {text} }}}}" for key, text in templates.items()},
        },
    }
    assert await async_setup_component(
        home.hass, "automation", {"automation": [automation]}
    )
    await home.hass.async_block_till_done()
    assert [state.state for state in home.hass.states.async_all("automation")] == ["on"]
    return Heard(calls)


# --- the setpoint


async def test_the_plan_passes(new_home: Home) -> None:
    """With the entities that are enabled by default, and up to the end of the plan."""
    new_home.has_planned(0.0, 2.0, 3.0, -1.0, 0.0, 0.0, 1.0)
    await new_home.set_up()
    heard = await listen(new_home)
    assert heard() == []

    await new_home.go_to(SLOT + QUARTER)
    assert heard() == ["setpoint_changed", "should_start_charging"]
    await new_home.go_to(SLOT + 2 * QUARTER)
    assert heard() == ["setpoint_changed"]
    await new_home.go_to(SLOT + 3 * QUARTER)
    assert heard() == [
        "setpoint_changed",
        "should_start_discharging",
        "should_stop_charging",
    ]
    await new_home.go_to(SLOT + 4 * QUARTER)
    assert heard() == ["setpoint_changed", "should_stop_discharging"]
    await new_home.go_to(SLOT + 5 * QUARTER)
    assert heard() == []
    await new_home.go_to(SLOT + 6 * QUARTER)
    assert heard() == ["setpoint_changed", "should_start_charging"]
    # The end of the plan counts.
    await new_home.go_to(SLOT + 7 * QUARTER)
    assert heard() == ["no_plan", "setpoint_changed", "should_stop_charging"]


async def test_stops_discharging_at_the_end_of_the_plan(home: Home) -> None:
    home.has_planned(-1.0)
    await home.set_up()
    heard = await listen(home)

    await home.go_to(SLOT + QUARTER)

    assert heard() == ["no_plan", "setpoint_changed", "should_stop_discharging"]


async def test_what_templates_know(home: Home) -> None:
    home.has_planned(1.0, -2.5)
    await home.set_up()
    heard = await listen(
        home,
        "setpoint_changed",
        device="trigger.device_id",
        entity="trigger.entity_id",
        name="trigger.name",
        before="trigger.previous_setpoint",
        power="trigger.setpoint * 1000",
        platform="trigger.platform",
        description="trigger.description",
    )

    await home.go_to(SLOT + QUARTER)
    assert heard.variables() == [
        {
            "id": "setpoint_changed",
            "device": home.device_id(),
            "entity": home.entity("sensor", "setpoint"),
            "name": "Home battery",
            "before": 1.0,
            "power": -2500.0,
            "platform": "flexmeasures.setpoint_changed",
            "description": "Home battery has another setpoint",
        }
    ]


async def test_no_setpoint_is_none(home: Home) -> None:
    home.has_planned(1.0)
    await home.set_up()
    heard = await listen(home, "setpoint_changed", none="trigger.setpoint is none")

    await home.go_to(SLOT + QUARTER)

    assert heard.variables() == [{"id": "setpoint_changed", "none": True}]


async def test_mode_and_override(home: Home) -> None:
    """It is the setpoint that counts, not the plan."""
    home.has_planned(*(8 * [2.0]))
    await home.set_up()
    heard = await listen(home)

    await home.act("select_option", "select", "mode", option="hold")
    assert heard() == ["setpoint_changed", "should_stop_charging"]
    await home.act("select_option", "select", "mode", option="off")
    assert heard() == ["setpoint_changed"]
    await home.override(power=-1, duration={"minutes": 30})
    await home.settle()
    assert heard() == ["setpoint_changed", "should_start_discharging"]
    await home.act("select_option", "select", "mode", option="automatic")
    assert heard() == []
    await home.override(power=-2, duration={"minutes": 10})
    await home.settle()
    assert heard() == ["setpoint_changed"]

    await home.go_to(NOW + 10 * MINUTE)
    assert heard() == [
        "override_ended",
        "setpoint_changed",
        "should_start_charging",
        "should_stop_discharging",
    ]


async def test_override_that_is_cleared(home: Home) -> None:
    home.has_planned(2.0)
    await home.set_up()
    await home.override(power=2, duration={"minutes": 3})
    heard = await listen(home)

    await home.hass.services.async_call(
        DOMAIN, "clear_override", {"device_id": home.device_id()}, blocking=True
    )
    await home.settle()

    assert heard() == ["override_ended"]


# --- what is no news


async def test_reload(home: Home) -> None:
    """Neither of the account nor of the device is anything that happens."""
    home.has_planned(*(8 * [2.0]))
    await home.set_up()
    await home.override(power=1, duration={"hours": 1})
    heard = await listen(home)

    await home.reload()
    assert heard() == []
    home.change_device(title="The battery")
    await home.settle()
    assert heard() == []
    home.disable_device()
    await home.settle()
    home.disable_device(is_disabled=False)
    await home.settle()
    assert heard() == []

    # It goes on with what is loaded now.
    await home.go_to(NOW + HOUR)
    assert heard() == ["override_ended", "setpoint_changed"]


async def test_what_changed_during_a_reload(home: Home) -> None:
    """Else a car would go on charging after the end of a plan."""
    home.has_planned(2.0)
    await home.set_up()
    heard = await listen(home)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    await home.go_to(SLOT + QUARTER)
    assert heard() == []

    await home.start()

    assert heard() == ["no_plan", "setpoint_changed", "should_stop_charging"]


async def test_start(home: Home) -> None:
    """Automations are there before the account is; what it remembers is no news."""
    home.add_account()
    home.remembers(2.0, 2.0, -1.0)
    home.has_planned(2.0, 2.0, -1.0)
    heard = await listen(home, target={"entity_id": "sensor.home_battery_setpoint"})

    await home.start()
    assert home.value("sensor", "setpoint") == "2.0"
    assert heard() == []
    await home.go_to(SLOT + QUARTER)
    assert heard() == []

    await home.go_to(SLOT + 2 * QUARTER)
    assert heard() == [
        "setpoint_changed",
        "should_start_discharging",
        "should_stop_charging",
    ]


async def test_same_plan_again(home: Home) -> None:
    home.has_planned(2.0, 1.0)
    await home.set_up()
    heard = await listen(home)

    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await home.settle()

    assert heard() == []


async def test_automation_that_is_switched_off(home: Home) -> None:
    """Nothing is left that listens, to any of several devices."""
    home.has_planned(2.0, 1.0, 2.0)
    await home.set_up(paired(), device(GARAGE_POWER))
    heard = await listen(home)
    automation = {"entity_id": "automation.listen"}
    await home.hass.services.async_call(
        "automation", "turn_off", automation, blocking=True
    )

    await home.go_to(SLOT + QUARTER)
    assert heard() == []

    await home.hass.services.async_call(
        "automation", "turn_on", automation, blocking=True
    )
    await home.settle()
    assert heard() == []
    await home.go_to(SLOT + 2 * QUARTER)
    assert heard() == ["setpoint_changed"]


# --- scheduling


async def test_plan_updated(home: Home) -> None:
    """By other values from now on, whoever had it computed."""
    home.has_planned(2.0, 1.0)
    await home.set_up()
    coordinator = home.entry.runtime_data.coordinators[str(BATTERY_POWER)]
    heard = await listen(home, until="trigger.planned_until | default('-')")

    home.has_planned(2.0, 3.0)
    await coordinator.async_refresh()
    await home.settle()

    (told,) = heard.variables()
    assert told == {"id": "plan_updated", "until": "2026-11-22 11:30:00+01:00"}


async def test_plan_that_is_gone(home: Home) -> None:
    home.has_planned(2.0, 1.0)
    await home.set_up()
    heard = await listen(home, "plan_updated", until="trigger.planned_until is none")

    home.server.schedules.pop(BATTERY_POWER)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await home.settle()

    assert heard.variables() == [{"id": "plan_updated", "until": True}]


async def test_first_plan(home: Home) -> None:
    """From unknown on is a start, too."""
    await home.set_up()
    heard = await listen(home)

    home.has_planned(2.0)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await home.settle()

    assert heard() == ["plan_updated", "setpoint_changed", "should_start_charging"]


async def test_scheduling_failed(home: Home) -> None:
    await home.set_up()
    home.server.answer("GET", JOB, json=failed_job("infeasible", "str"), status=422)
    heard = await listen(
        home, reason="trigger.reason", message="trigger.message | length > 20"
    )

    with pytest.raises(HomeAssistantError):
        await home.press_compute()

    assert heard.variables() == [
        {"id": "scheduling_failed", "reason": "infeasible", "message": True}
    ]


async def test_target_will_be_missed(home: Home) -> None:
    """Once, and not for one that is missed again."""
    await home.set_up()
    home.has_planned(*home.server.planned_values)
    await home.press_compute()
    job = finished_job()
    job["result"]["unresolved"] = [{"asset": BATTERY, "soc-minima": [MISSED]}]
    home.server.answer("GET", JOB, json=job)
    heard = await listen(home, "target_will_be_missed", missed="trigger.unresolved")

    home.pass_time(MINUTE)
    await home.press_compute()
    assert heard.variables() == [
        {
            "id": "target_will_be_missed",
            "missed": [
                {
                    "constraint": "soc-minima",
                    "datetime": "2026-11-23T07:00:00+01:00",
                    "amount": "4.257 kWh",
                }
            ],
        }
    ]

    home.pass_time(MINUTE)
    await home.press_compute()
    assert heard() == []


# --- prices


async def test_prices(new_home: Home) -> None:
    """Passing it counts, not being beyond it; the last one known is what it was before."""
    new_home.has_prices(100.0, 150.0, 151.0, 150.0, 149.0, None, 140.0, None, 160.0)
    await new_home.set_up(device(schedule_duration=36000))
    heard = await listen(
        new_home,
        "price_fell_below",
        "price_rose_above",
        price="trigger.price",
        before="trigger.previous_price",
        currency="trigger.currency",
    )
    assert heard() == []

    told = []
    for hour in range(1, 9):
        await new_home.go_to(SLOT + hour * HOUR)
        told.append([tuple(each.values()) for each in heard.variables()])

    assert told == [
        [],
        [("price_rose_above", 0.151, 0.15, "EUR")],
        [],
        [("price_fell_below", 0.149, 0.15, "EUR")],
        [],
        [],
        [],
        [("price_rose_above", 0.16, 0.14, "EUR")],
    ]


async def test_price_that_becomes_known(home: Home) -> None:
    home.server.set_flex_context(HOUSE)
    await home.set_up()
    heard = await listen(home, "price_fell_below", "price_rose_above")

    home.server.set_flex_context(HOUSE, consumption_price="0.1 EUR/kWh")
    await home.go_to(NOW + 25 * HOUR)

    assert home.value("sensor", "price") == "0.1"
    assert heard() == []


@pytest.mark.parametrize("options", [{}, {"price": "low"}, {"price": 1, "more": 2}])
async def test_options_that_are_wrong(home: Home, options: Any) -> None:
    await home.set_up()
    trigger = {
        "trigger": f"{DOMAIN}.price_fell_below",
        "target": {"device_id": home.device_id()},
        "options": options,
    }

    assert not await is_valid(home, trigger)


async def is_valid(home: Home, trigger: Mapping[str, Any]) -> bool:
    """Give whether an automation with it is loaded."""
    automation = {"alias": "It", "triggers": trigger, "actions": []}
    await async_setup_component(home.hass, "automation", {"automation": automation})
    await home.hass.async_block_till_done()
    state = home.hass.states.get("automation.it")
    assert state
    return state.state == "on"


# --- S2


async def test_s2_connects(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    heard = await listen(home, "s2_connected", "s2_refused")
    assert heard() == []

    await rm.start(FRBC)
    await home.hass.async_block_till_done()
    assert heard() == ["s2_connected"]

    await rm.leave()
    await home.until(lambda: not rm.resource.is_connected)
    assert heard() == []


async def test_s2_reload(home: Home, rm: FakeRM) -> None:
    """That an account is unloaded is nothing that devices do; that they come again is."""
    home.has_planned(*(8 * [2.0]))
    await home.set_up(paired())
    await rm.start(FRBC)
    heard = await listen(home)

    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.hass.async_block_till_done()
    assert not rm.resource.is_connected
    assert heard() == []

    await rm.start(FRBC)
    await home.hass.async_block_till_done()
    assert heard() == ["s2_connected"]


async def test_s2_refuses(home: Home, rm: FakeRM) -> None:
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired())
    rm.answers["FRBC.Instruction"] = "INVALID_CONTENT"
    await rm.start(FRBC, instruction_processing_delay=0)
    await rm.select(FRBC)
    heard = await listen(
        home, "s2_connected", "s2_refused", instruction="trigger.instruction"
    )

    await rm.tell("FRBC.SystemDescription", **STORAGE)
    await rm.tell("FRBC.StorageStatus", present_fill_level=50)
    await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status("charge"))
    await rm.pass_to(NOW + timedelta(seconds=2))
    await home.until(lambda: rm.resource.sender.refusals_in_a_row)
    await home.hass.async_block_till_done()

    (told,) = heard.variables()
    assert told["id"] == "s2_refused"
    assert "20" in told["instruction"]


# --- targets


async def test_targets(home: Home) -> None:
    """Devices, entities, areas and labels; all others are left alone."""
    home.has_planned(2.0, 1.0)
    home.has_planned(1000.0, 2000.0, power_sensor=GARAGE_POWER, unit="W")
    await home.set_up(device(), device(GARAGE_POWER))
    kitchen = ar.async_get(home.hass).async_create("Kitchen")
    dr.async_get(home.hass).async_update_device(home.device_id(), area_id=kitchen.id)
    label = lr.async_get(home.hass).async_create("Big")
    er.async_get(home.hass).async_update_entity(
        home.entity("sensor", "setpoint", GARAGE_POWER), labels={label.label_id}
    )
    calls = async_mock_service(home.hass, "test", "heard")
    targets: dict[str, dict[str, Any]] = {
        "device": {"device_id": [home.device_id(GARAGE_POWER)]},
        "entity": {"entity_id": home.entity("sensor", "price")},
        "area": {"area_id": kitchen.id},
        "label": {"label_id": label.label_id},
        "both": {"device_id": [home.device_id(), home.device_id(GARAGE_POWER)]},
        "gone": {"device_id": "gone", "entity_id": "sensor.gone", "area_id": "gone"},
    }
    automations = [
        {
            "alias": name,
            "mode": "parallel",
            "triggers": {"trigger": f"{DOMAIN}.setpoint_changed", "target": target},
            "actions": {
                "action": "test.heard",
                "data": {"it": f"{name}: {{{{ trigger.name }}}}"},
            },
        }
        for name, target in targets.items()
    ]
    assert await async_setup_component(
        home.hass, "automation", {"automation": automations}
    )
    await home.hass.async_block_till_done()

    await home.go_to(SLOT + QUARTER)

    assert sorted(call.data["it"] for call in calls) == [
        "area: Home battery",
        "both: Garage battery",
        "both: Home battery",
        "device: Garage battery",
        "entity: Home battery",
        "label: Garage battery",
    ]


async def test_area_that_changes(home: Home) -> None:
    """It is looked up when something happens."""
    home.has_planned(2.0, 1.0, 2.0)
    await home.set_up()
    kitchen = ar.async_get(home.hass).async_create("Kitchen")
    heard = await listen(home, "setpoint_changed", target={"area_id": kitchen.id})
    await home.go_to(SLOT + QUARTER)
    assert heard() == []

    dr.async_get(home.hass).async_update_device(home.device_id(), area_id=kitchen.id)
    await home.go_to(SLOT + 2 * QUARTER)

    assert heard() == ["setpoint_changed"]


class Excluding(TargetSelection):
    """A target with an exclusion, which there is from Home Assistant 2026.11 on."""

    def __init__(self, target: Mapping[str, Any], exclude: Mapping[str, Any]) -> None:
        """Exclude something."""
        super().__init__(dict(target))
        self.exclude = TargetSelection(dict(exclude))


async def test_exclusion(home: Home) -> None:
    """Of a device, or of any of its entities."""
    await home.set_up(device(), device(GARAGE_POWER))
    both = {"device_id": [home.device_id(), home.device_id(GARAGE_POWER)]}
    targets = [
        Excluding(both, {"device_id": home.device_id()}),
        Excluding(both, {"entity_id": home.entity("sensor", "setpoint")}),
    ]

    for target in targets:
        found = async_targeted_subentries(home.hass, target)
        assert found == {str(GARAGE_POWER)}


async def test_devices_of_others_and_meters(home: Home) -> None:
    """As with other triggers of Home Assistant, nothing comes of them."""
    home.has_planned(2.0, 1.0)
    await home.set_up(device(), meter())
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home.hass)
    lamp = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", str(BATTERY_POWER))}
    )
    light = er.async_get(home.hass).async_get_or_create(
        "light", "other", "lamp", config_entry=other, device_id=lamp.id
    )
    target = {"device_id": [lamp.id], "entity_id": light.entity_id}
    heard = await listen(home, "setpoint_changed", target=target)

    await home.go_to(SLOT + QUARTER)

    assert heard() == []


async def test_a_target_is_needed(home: Home) -> None:
    await home.set_up()

    assert not await is_valid(home, {"trigger": f"{DOMAIN}.no_plan"})


async def test_setpoint_entity_that_was_removed(home: Home) -> None:
    """The trigger works without it."""
    home.has_planned(2.0, 1.0)
    await home.set_up()
    er.async_get(home.hass).async_remove(home.entity("sensor", "setpoint"))
    heard = await listen(home, "setpoint_changed", none="trigger.entity_id is none")

    await home.go_to(SLOT + QUARTER)

    assert heard.variables() == [{"id": "setpoint_changed", "none": True}]


async def test_offered_for_devices(
    new_home: Home, hass_ws_client: WebSocketGenerator
) -> None:
    """The editor finds them by target: for devices, and not for meters."""
    await new_home.set_up(device(), meter(), paired(GARAGE_POWER))
    await async_setup_component(new_home.hass, "automation", {})
    client = await hass_ws_client(new_home.hass)
    meter_device = dr.async_get(new_home.hass).async_get_device_by_identifier(
        (DOMAIN, meter()["subentry_id"]), new_home.entry.entry_id
    )
    assert meter_device

    async def offered(kind: str, device_id: str) -> set[str]:
        await client.send_json_auto_id(
            {"type": f"get_{kind}_for_target", "target": {"device_id": [device_id]}}
        )
        found = (await client.receive_json())["result"]
        return {
            each.partition(".")[2] for each in found if each.startswith(f"{DOMAIN}.")
        }

    of_s2 = {"s2_connected", "s2_refused"}
    assert await offered("triggers", new_home.device_id()) == {*ALL} - of_s2
    assert await offered("triggers", new_home.device_id(GARAGE_POWER)) == {*ALL}
    assert await offered("triggers", meter_device.id) == set()
    assert await offered("conditions", new_home.device_id()) == {
        "charging_is_planned",
        "plan_is_up_to_date",
        "price_is_cheap",
        "target_will_be_met",
    }
    assert await offered("conditions", meter_device.id) == set()
