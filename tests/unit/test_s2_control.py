"""A device under S2 follows its plan, and is scheduled from what its RM tells."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.plan.energy_units import quantity_in_kwh
from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.s2.instructions.orders import ManualOrder
from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .fake_server import (
    BATTERY_POWER,
    BATTERY_SOC,
    HOUSE,
    PRICE,
    UNKNOWN_SENSOR,
    StoredSchedule,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, Json
from .s2 import devices
from .s2.devices import L1, actuator, element, mode, power, storage
from .s2_rm import BATTERY, EV, FRBC, OMBC, PPBC, FakeRM, connections, paired

SECOND = timedelta(seconds=1)
INSTRUCTION = "FRBC.Instruction"


@pytest.fixture
async def rm(
    home: Home, hass_client_no_auth: ClientSessionGenerator
) -> AsyncGenerator[FakeRM]:
    """The battery's RM, not connected yet."""
    rm = FakeRM(home, hass_client_no_auth)
    yield rm
    # Else its end would be one of the next test.
    await rm.close()
    await home.until(lambda: not connections())
    for _ in range(10):
        await asyncio.sleep(0)


async def describe(
    rm: FakeRM, description: Json = BATTERY, level: float = 50.0, mode: str = "charge"
) -> None:
    """Tell all that is needed under FRBC."""
    await rm.tell("FRBC.SystemDescription", **description)
    await rm.tell("FRBC.StorageStatus", present_fill_level=level)
    await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status(mode))


async def controlled(
    rm: FakeRM,
    description: Json = BATTERY,
    level: float = 50.0,
    mode: str = "charge",
    **details: Any,
) -> None:
    """Connect, be chosen to be controlled by FRBC, and tell all."""
    details.setdefault("instruction_processing_delay", 0)
    await rm.start(FRBC, **details)
    await choose(rm, FRBC)
    await describe(rm, description, level, mode)


async def choose(rm: FakeRM, control_type: str) -> None:
    """Let the user choose a control type."""
    await rm.resource.async_change_control_type(ControlType(control_type))


def told(rm: FakeRM) -> list[tuple[str, float]]:
    """The operation modes and factors that the RM was told, in order."""
    return [
        (message["operation_mode"], round(message["operation_mode_factor"], 3))
        for message in rm.received
        if message["message_type"] == INSTRUCTION
    ]


def received(rm: FakeRM, message_type: str) -> list[Json]:
    """All messages of a type that the RM got."""
    return [each for each in rm.received if each["message_type"] == message_type]


async def go_to(rm: FakeRM, moment: datetime) -> None:
    """Let the time be another, and all that follows come to its end."""
    await rm.home.go_to(moment)
    # What was sent is read.
    await rm.tell("InstructionStatusUpdate", instruction_id="of-nobody")


@pytest.mark.s2_rule("select.delay", "instruction.time")
async def test_follows(home: Home, rm: FakeRM) -> None:
    home.has_planned(1.0, -2.0, -2.0, 0.0, 2.5)
    await home.set_up(paired())
    await controlled(rm, instruction_processing_delay=2000)
    await go_to(rm, NOW + 2 * SECOND)
    assert told(rm) == [("charge", 0.2)]

    # Two seconds before its time, and once for two slots.
    await go_to(rm, SLOT + QUARTER - 3 * SECOND)
    assert len(told(rm)) == 1
    await go_to(rm, SLOT + QUARTER - 2 * SECOND)
    assert rm.received[-1]["execution_time"] == "2026-11-22T10:15:00Z"
    for slot in range(1, 5):
        await go_to(rm, SLOT + slot * QUARTER)
        active, factor = told(rm)[-1]
        await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status(active, factor))
        await go_to(rm, SLOT + (slot + 1) * QUARTER - 2 * SECOND)
    assert told(rm)[1:] == [("discharge", 0.4), ("discharge", 0.0), ("charge", 0.5)]


async def test_less_than_the_least_power_with_new_plans(home: Home, rm: FakeRM) -> None:
    """What was planned and could not be had is had later, though every quarter has its plan."""
    home.has_planned(*[0.6] * 9)
    await home.set_up(paired())
    await controlled(rm, EV, level=10.0, mode="off")
    await go_to(rm, NOW + 2 * SECOND)
    for slot in range(1, 9):
        home.has_planned(*[0.6 + slot / 1000] * 9)
        await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
        await go_to(rm, SLOT + slot * QUARTER)
        await go_to(rm, SLOT + slot * QUARTER + 10 * SECOND)
        active, factor = told(rm)[-1]
        await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status(active, factor))
    ends = [
        datetime.fromisoformat(each["execution_time"])
        for each in received(rm, INSTRUCTION)
    ] + [SLOT + 8 * QUARTER]
    kwh = sum(
        1.4 * ((end - start) / HOUR)
        for (mode, _), (start, end) in zip(told(rm), pairwise(ends), strict=True)
        if mode == "charge"
    )
    # Half of the least power for a slot, and a quarter that was begun.
    assert kwh == pytest.approx(0.6 * 2, abs=0.7 / 4 + 0.1)


@pytest.mark.s2_rule("instruction.revoke")
async def test_new_plan(home: Home, rm: FakeRM) -> None:
    """What was sent ahead is taken back if it is not wanted any more."""
    home.has_planned(1.0, -2.0, 0.0)
    await home.set_up(paired())
    await controlled(rm, instruction_processing_delay=60000)
    await go_to(rm, NOW + 2 * SECOND)
    await go_to(rm, SLOT + QUARTER - 30 * SECOND)
    assert told(rm) == [("charge", 0.2), ("discharge", 0.4)]
    ahead = rm.received[-1]

    # Another plan, with the same power now.
    home.has_planned(1.0, 4.0, 0.0)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await go_to(rm, SLOT + QUARTER - 28 * SECOND)
    revoked, instruction = rm.received[-2:]
    assert revoked["message_type"] == "RevokeObject"
    assert revoked["object_type"] == INSTRUCTION
    assert revoked["object_id"] == ahead["id"]
    assert instruction["execution_time"] == "2026-11-22T10:15:00Z"
    assert told(rm)[-1] == ("charge", 0.8)

    # Another plan for later: nothing is said again.
    home.has_planned(1.0, 4.0, 3.0)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await go_to(rm, SLOT + QUARTER - 20 * SECOND)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await go_to(rm, SLOT + QUARTER + 10 * SECOND)
    assert len(told(rm)) == 3


@pytest.mark.s2_rule("instruction.status")
async def test_statuses_change_nothing_that_is_right(home: Home, rm: FakeRM) -> None:
    home.has_planned(1.0, 1.0, 1.0)
    await home.set_up(paired())
    await controlled(rm)
    for second in range(2, 12):
        await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status("charge", 0.2))
        await rm.tell("FRBC.StorageStatus", present_fill_level=50 + second / 10)
        await go_to(rm, NOW + second * SECOND)
    assert told(rm) == [("charge", 0.2)]


@pytest.mark.s2_rule("status.again", "instruction.rejected")
async def test_refused(home: Home, rm: FakeRM) -> None:
    """It is said again after a while, which grows."""
    rm.answers[INSTRUCTION] = "INVALID_CONTENT"
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    assert len(told(rm)) == 1
    await go_to(rm, NOW + 31 * SECOND)
    assert len(told(rm)) == 1
    await go_to(rm, NOW + 33 * SECOND)
    assert len(told(rm)) == 2
    await go_to(rm, NOW + 80 * SECOND)
    assert len(told(rm)) == 2

    # It says so itself later.
    rm.answers.clear()
    await go_to(rm, NOW + 95 * SECOND)
    assert len(told(rm)) == 3
    await rm.update(rm.received[-1], "REJECTED")
    await go_to(rm, NOW + 200 * SECOND)
    assert len(told(rm)) == 3
    await go_to(rm, NOW + 220 * SECOND)
    assert told(rm) == 4 * [("charge", 0.2)]
    await rm.update(rm.received[-1], "STARTED")
    assert rm.resource.sender.refusals_in_a_row == 3


@pytest.mark.s2_rule("instruction.rejected")
async def test_refused_after_it_was_accepted(home: Home, rm: FakeRM) -> None:
    """What it did before does not make it try more often."""
    home.has_planned(1.0, *(8 * [2.0]))
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    await rm.update(rm.received[-1], "STARTED")
    rm.answers[INSTRUCTION] = "INVALID_CONTENT"

    for second in range(0, 600, 5):
        await go_to(rm, SLOT + QUARTER + second * SECOND)

    # At once, and after 30, 60, 120 and 240 s more.
    assert told(rm) == [("charge", 0.2), *(5 * [("charge", 0.4)])]
    assert rm.resource.sender.refusals_in_a_row == 5

    # Once it does what it is told, it is as if nothing had been.
    rm.answers.clear()
    await go_to(rm, SLOT + QUARTER + 950 * SECOND)
    await rm.update(rm.received[-1], "STARTED")
    await home.override(power=3, duration="01:00:00")
    await go_to(rm, SLOT + QUARTER + 990 * SECOND)
    assert told(rm)[-1] == ("charge", 0.6)
    assert rm.resource.sender.refusals_in_a_row == 0


async def test_what_is_replaced_may_be_aborted(home: Home, rm: FakeRM) -> None:
    home.has_planned(1.0, 2.0, 3.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    first = rm.received[-1]
    await go_to(rm, SLOT + QUARTER)
    await rm.update(first, "ABORTED")
    await rm.update(rm.received[-1], "STARTED")
    await go_to(rm, SLOT + 2 * QUARTER)
    assert told(rm) == [("charge", 0.2), ("charge", 0.4), ("charge", 0.6)]


async def test_end_of_plan(home: Home, rm: FakeRM) -> None:
    """One slot longer, then it does nothing; a new plan is followed again."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    await go_to(rm, SLOT + QUARTER)
    await go_to(rm, SLOT + 2 * QUARTER)
    await go_to(rm, SLOT + 3 * QUARTER - SECOND)
    assert told(rm) == [("charge", 0.2), ("charge", 0.4)]
    await go_to(rm, SLOT + 3 * QUARTER)
    assert told(rm)[2:] == [("charge", 0.0)]

    home.has_planned(-2.0, start=SLOT + 3 * QUARTER)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await go_to(rm, SLOT + 3 * QUARTER + 6 * SECOND)
    assert told(rm)[3:] == [("discharge", 0.4)]


async def test_gap(home: Home, rm: FakeRM) -> None:
    """Power that is not known is not made up."""
    home.has_planned(1.0, None, 2.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    for slot in range(1, 4):
        await go_to(rm, SLOT + slot * QUARTER)
        await go_to(rm, SLOT + slot * QUARTER + 2 * SECOND)
    assert told(rm) == [("charge", 0.2), ("charge", 0.4)]


FAST = storage(
    (0, 100),
    actuator(mode("fast", element((0, 100), (0.001, 0.005), power(2000, 5000)))),
    at=NOW,
)
"""It cannot do nothing."""


@pytest.mark.s2_rule("select.give_back")
async def test_hands_back_what_cannot_be_idle(home: Home, rm: FakeRM) -> None:
    home.has_planned(3.0)
    await home.set_up(paired())
    await controlled(rm, FAST, mode="fast")
    await go_to(rm, NOW + 2 * SECOND)
    assert told(rm) == [("fast", 0.333)]
    await go_to(rm, SLOT + QUARTER)
    await go_to(rm, SLOT + 2 * QUARTER)
    assert rm.received[-1]["control_type"] == "NO_SELECTION"

    # It is asked again after some time, and as soon as there is a plan.
    await go_to(rm, SLOT + 3 * QUARTER)
    assert rm.received[-1]["control_type"] == FRBC
    await describe(rm, FAST, mode="fast")
    await go_to(rm, SLOT + 4 * QUARTER)
    assert rm.received[-1]["control_type"] == "NO_SELECTION"
    home.has_planned(5.0, start=SLOT + 4 * QUARTER)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await go_to(rm, SLOT + 4 * QUARTER + SECOND)
    assert rm.received[-1]["control_type"] == FRBC
    await describe(rm, FAST, mode="fast")
    await go_to(rm, SLOT + 4 * QUARTER + 3 * SECOND)
    assert told(rm)[1:] == [("fast", 1.0)]


async def test_what_the_user_wants_wins(home: Home, rm: FakeRM) -> None:
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    await home.hass.services.async_call(
        DOMAIN,
        "override",
        {
            "device_id": home.device_id(),
            "power": -3.0,
            "duration": timedelta(minutes=10),
        },
        blocking=True,
    )
    await go_to(rm, NOW + 7 * SECOND)
    await go_to(rm, NOW + 10 * MINUTE + 3 * SECOND)
    await go_to(rm, NOW + 10 * MINUTE + 6 * SECOND)
    assert told(rm) == [("charge", 0.2), ("discharge", 0.6), ("charge", 0.2)]

    for mode_option, expected in (("hold", 0.0), ("automatic", 0.2), ("off", 0.0)):
        await home.hass.services.async_call(
            "select",
            "select_option",
            {"entity_id": home.entity("select", "mode"), "option": mode_option},
            blocking=True,
        )
        await go_to(rm, dt_util.utcnow() + 6 * SECOND)
        assert told(rm)[-1] == ("charge", expected)


def asked(home: Home) -> list[Json]:
    """The flex-models that the server was asked to schedule."""
    return [request.json["flex-model"][0] for request in home.triggers]


async def test_scheduled_from_what_it_tells(home: Home, rm: FakeRM) -> None:
    """Its own targets and the user's both count, and the narrower limits."""
    await home.set_up(
        paired(automatic_scheduling=True, capacity=10, soc_min=2, soc_max=9)
    )
    # Before it is controlled it is a device as any other.
    assert asked(home).pop() == {"sensor": 10, "soc-min": "2 kWh", "soc-max": "9 kWh"}
    await controlled(rm, EV, level=10.0, mode="off")
    await rm.tell(
        "FRBC.FillLevelTargetProfile",
        start_time=NOW,
        elements=[
            {"duration": HOUR, "fill_level_range": devices.number_range(0, 100)},
            {"duration": HOUR, "fill_level_range": devices.number_range(60, 100)},
        ],
    )
    await set_target(home, 8.0, NOW + HOUR)
    await go_to(rm, NOW + 6 * SECOND)
    await go_to(rm, NOW + 29 * SECOND)
    assert len(asked(home)) == 1
    await go_to(rm, NOW + 31 * SECOND)
    model = asked(home)[1]
    assert model["soc-at-start"] == "1.0 kWh"
    assert model["soc-min"] == "1.0 kWh"
    assert model["soc-max"] == "9.0 kWh"
    assert [event["value"] for event in model["soc-minima"]] == [
        "6.0 kWh",
        "2.0 kWh",
        "8.0 kWh",
    ]
    assert model["consumption-capacity"] == "11000.0 W"

    # What is said again changes nothing; something else does.
    await rm.tell("FRBC.SystemDescription", **EV)
    await rm.tell("FRBC.StorageStatus", present_fill_level=11)
    await go_to(rm, NOW + 2 * MINUTE)
    assert len(asked(home)) == 2
    await rm.tell(
        "FRBC.FillLevelTargetProfile",
        start_time=NOW,
        elements=[
            {"duration": HOUR, "fill_level_range": devices.number_range(70, 100)}
        ],
    )
    await go_to(rm, NOW + 2 * MINUTE + 5 * SECOND)
    assert asked(home)[2]["soc-minima"][0]["value"] == "7.0 kWh"

    # What it uses is expected anew all the time.
    for minute in range(3, 7):
        await rm.tell(
            "FRBC.UsageForecast",
            start_time=NOW + minute * MINUTE,
            elements=[{"duration": HOUR, "usage_rate_expected": minute / 1e4}],
        )
        await go_to(rm, NOW + minute * MINUTE)
        await go_to(rm, NOW + minute * MINUTE + 5 * SECOND)
        assert len(asked(home)) == 3
    await go_to(rm, NOW + 7 * MINUTE + 5 * SECOND)
    assert "soc-usage" in asked(home)[3]


async def test_another_level_than_planned(home: Home, rm: FakeRM) -> None:
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        SLOT, QUARTER, [5.0 for _ in range(9)], "kWh"
    )
    home.server.planned_values = [0.0]
    await home.set_up(paired(automatic_scheduling=True, capacity=10, soc_deviation=0.5))
    await controlled(rm)
    await go_to(rm, NOW + 40 * SECOND)
    before = len(asked(home))
    await rm.tell("FRBC.StorageStatus", present_fill_level=54)
    await go_to(rm, NOW + 10 * MINUTE)
    assert len(asked(home)) == before
    await rm.tell("FRBC.StorageStatus", present_fill_level=56)
    await go_to(rm, NOW + 10 * MINUTE + SECOND)
    assert len(asked(home)) == before + 1


async def test_not_plannable(home: Home, rm: FakeRM) -> None:
    """Why is shown, and the old plan is not followed any more."""
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired(automatic_scheduling=True))
    await controlled(rm)
    await go_to(rm, NOW + 6 * SECOND)
    await go_to(rm, NOW + 31 * SECOND)
    before = len(asked(home))
    useless = mode("on", element((0, 100), (0, 0), power(0, 1000)))
    await rm.tell(
        "FRBC.SystemDescription",
        **storage((0, 100), actuator(useless), at=NOW),
    )
    await go_to(rm, NOW + 40 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_no_effect"
    await go_to(rm, NOW + 4 * MINUTE)
    assert len(asked(home)) == before
    await go_to(rm, NOW + 16 * MINUTE)
    assert told(rm)[-1] == ("on", 0.0)
    with pytest.raises(HomeAssistantError) as raised:
        await home.call("trigger_schedule", device_id=home.device_id())
    assert raised.value.translation_key == "s2_no_effect"

    await describe(rm)
    await go_to(rm, NOW + 17 * MINUTE)
    assert home.value("sensor", "scheduling_status") == "ok"
    assert len(asked(home)) == before + 1
    await go_to(rm, NOW + 17 * MINUTE + 6 * SECOND)
    assert told(rm)[-1] == ("charge", 0.6)


async def test_not_in_control(home: Home, rm: FakeRM) -> None:
    """Nothing is asked for a device of which nothing is known."""
    await home.set_up(paired(automatic_scheduling=True))
    await controlled(rm)
    await go_to(rm, NOW + 31 * SECOND)
    before = len(asked(home))
    await rm.leave()
    await home.go_to(NOW + 6 * HOUR)
    assert len(asked(home)) == before
    with pytest.raises(HomeAssistantError) as raised:
        await home.call("trigger_schedule", device_id=home.device_id())
    assert raised.value.translation_key == "s2_not_in_control"


def ombc() -> Json:
    """A boiler that is on or off."""
    return {
        "valid_from": NOW,
        "operation_modes": [
            {
                "id": name,
                "power_ranges": [power(watts, watts, L1)],
                "abnormal_condition_only": False,
            }
            for name, watts in (("off", 0), ("on", 2000))
        ],
        "transitions": [],
        "timers": [],
    }


async def test_energy_by_a_time(home: Home, rm: FakeRM) -> None:
    """What was consumed already counts; without a target there is nothing to plan."""
    await home.set_up(paired(automatic_scheduling=True))
    await rm.start(OMBC, instruction_processing_delay=0)
    await choose(rm, OMBC)
    await rm.tell("OMBC.SystemDescription", **ombc())
    await rm.tell(
        "OMBC.Status", active_operation_mode_id="off", operation_mode_factor=0
    )
    await go_to(rm, NOW + 6 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_target_required"
    before = len(asked(home))

    await set_target(home, 3.0, NOW + 2 * HOUR, "energy_to_use")
    await go_to(rm, NOW + 12 * SECOND)
    await go_to(rm, NOW + 40 * SECOND)
    assert home.value("sensor", "scheduling_status") == "ok"
    model = asked(home)[before]
    assert model["soc-at-start"] == "0.0 kWh"
    assert model["soc-max"] == "3.0 kWh"
    assert model["soc-minima"][0]["value"] == "3.0 kWh"

    await rm.measure(2000)
    await go_to(rm, NOW + 40 * SECOND + 30 * MINUTE)
    await rm.measure(0)
    await home.call("trigger_schedule", device_id=home.device_id())
    # What it consumed until the slot began, 7 minutes and 40 seconds ago.
    assert asked(home)[-1]["soc-at-start"] == "0.744444 kWh"

    # Another target is about other energy.
    await set_target(home, 2.0, NOW + 3 * HOUR, "energy_to_use")
    await home.call("trigger_schedule", device_id=home.device_id())
    assert asked(home)[-1]["soc-at-start"] == "0.0 kWh"
    assert {
        message["operation_mode_id"]
        for message in rm.received
        if message["message_type"] == "OMBC.Instruction"
    } <= {"off", "on"}


async def test_slot_that_crosses_the_target(home: Home, rm: FakeRM) -> None:
    """What is on or off may consume a bit more than what is wanted; it is not asked for more for nothing."""
    await home.set_up(paired())
    await rm.start(OMBC, instruction_processing_delay=0)
    await choose(rm, OMBC)
    await rm.tell("OMBC.SystemDescription", **ombc())
    await set_target(home, 1.3, NOW + 2 * HOUR, "energy_to_use")
    await home.call("trigger_schedule", device_id=home.device_id())
    model = asked(home)[-1]
    assert model["soc-minima"][0]["value"] == "1.3 kWh"
    # Three quarters of an hour at 2 kW.
    assert quantity_in_kwh(model["soc-max"]) == pytest.approx(1.5, abs=1e-4)

    await rm.measure(2000)
    # But for 4 Wh.
    await go_to(rm, NOW + 39 * MINUTE - 7 * SECOND)
    await rm.measure(0)
    await go_to(rm, SLOT + HOUR)
    await home.call("trigger_schedule", device_id=home.device_id())
    model = asked(home)[-1]
    assert model["soc-at-start"] == "1.3 kWh"
    assert model["soc-max"] == "1.3 kWh"


async def test_prices_of_gas_are_known(home: Home, rm: FakeRM) -> None:
    """As far as they can be: from the list of commodities of the flex-context."""
    context = home.server.assets[HOUSE]["flex_context"]
    home.server.assets[HOUSE]["flex_context"] = {
        **context,
        "commodities": [
            {"commodity": "electricity", "consumption-price": "0.3 EUR/kWh"},
            {"commodity": "gas", "consumption-price": "90 EUR/MWh"},
            {"commodity": "heat"},
            {"commodity": "oil", "consumption-price": {"sensor": UNKNOWN_SENSOR}},
        ],
    }
    home.has_planned(1.0, -2.0, -2.0, 0.0, 2.5)
    await home.set_up(paired())
    (coordinator,) = home.entry.runtime_data.coordinators.values()
    plan = coordinator.data
    assert plan.fuel_prices == {"gas": Price("EUR", fixed=0.09)}
    assert Plan.from_json(plan.as_json()) == plan


async def test_level_when_the_slot_began(home: Home, rm: FakeRM) -> None:
    """What the RM has measured since then is taken back, with losses and what was used."""
    await home.set_up(paired(capacity=10))
    await controlled(rm, instruction_processing_delay=0)
    await go_to(rm, SLOT + QUARTER)
    await rm.measure(3000)
    await go_to(rm, SLOT + QUARTER + 4 * MINUTE)
    await rm.measure(0)
    await go_to(rm, SLOT + QUARTER + 5 * MINUTE)
    await rm.tell("FRBC.StorageStatus", present_fill_level=60)
    await rm.measure(5000)
    await go_to(rm, SLOT + QUARTER + 6 * MINUTE)

    await home.call("trigger_schedule", device_id=home.device_id())
    model = asked(home)[-1]
    # Its own, and so the root of what is lost there and back.
    assert model["roundtrip-efficiency"] == "90.25 %"
    charging = 0.95
    assert model["soc-at-start"] == f"{round(6 - 0.2 * charging, 6)} kWh"

    # A percent of 10 kWh in a minute is 6 kW.
    await rm.tell(
        "FRBC.UsageForecast",
        start_time=SLOT,
        elements=[{"duration": HOUR, "usage_rate_expected": 1 / 60}],
    )
    await home.call("trigger_schedule", device_id=home.device_id())
    model = asked(home)[-1]
    usage = float(model["soc-usage"][0][0]["value"].removesuffix(" kW"))
    assert model["soc-at-start"] == pytest.approx(
        f"{round(6 - 0.2 * charging + usage / 12, 6)} kWh"
    )

    # An RM that is gone measures nothing; what was commanded counts again.
    await rm.leave()
    assert rm.resource.measurements.power is None


async def test_second_look_at_what_an_rm_tells(home: Home, rm: FakeRM) -> None:
    """It had done nothing of what is planned for the whole slot."""
    home.server.planned_values = [3.0]
    await home.set_up(paired(automatic_scheduling=True, capacity=10))
    await controlled(rm, instruction_processing_delay=0)
    await rm.measure(0)
    await go_to(rm, NOW + 31 * SECOND)
    before = len(asked(home))

    await go_to(rm, SLOT + QUARTER - SECOND)
    assert len(asked(home)) == before
    await go_to(rm, SLOT + QUARTER)
    assert len(asked(home)) == before + 1
    await go_to(rm, SLOT + 2 * QUARTER)
    assert len(asked(home)) == before + 1


async def set_target(
    home: Home, kwh: float, ready_by: datetime, key: str = "target_soc"
) -> None:
    """Say how full it has to be, or how much it has to consume, and by when."""
    await home.hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": home.entity("number", key), "value": kwh},
        blocking=True,
    )
    await home.hass.services.async_call(
        "datetime",
        "set_value",
        {"entity_id": home.entity("datetime", "ready_by"), "datetime": ready_by},
        blocking=True,
    )


async def test_washing_machine(home: Home, rm: FakeRM) -> None:
    """The start is chosen here, by the prices; the server is not asked."""
    await home.set_up(paired(automatic_scheduling=True, consumption_price_sensor=PRICE))
    before = len(asked(home))
    await rm.start(PPBC, instruction_processing_delay=0)
    await choose(rm, PPBC)
    await rm.tell(
        "PPBC.PowerProfileDefinition",
        id="wash",
        start_time=NOW,
        end_time=NOW + 2 * HOUR,
        power_sequences_containers=[
            {
                "id": "washing",
                "power_sequences": [
                    {
                        "id": "eco",
                        "elements": [
                            {
                                "duration": HOUR,
                                "power_values": [
                                    {"value_expected": 1000, "commodity_quantity": L1}
                                ],
                            }
                        ],
                        "is_interruptible": False,
                        "abnormal_condition_only": False,
                    }
                ],
            }
        ],
    )
    await go_to(rm, NOW + HOUR)
    await go_to(rm, NOW + HOUR + 2 * SECOND)
    (instruction,) = (
        message
        for message in rm.received
        if message["message_type"] == "PPBC.ScheduleInstruction"
    )
    assert instruction["power_sequence_id"] == "eco"
    assert len(asked(home)) == before


async def test_by_hand(home: Home, rm: FakeRM) -> None:
    """What the user tells it holds until the next slot."""
    home.has_planned(1.0, 1.0, 1.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    rm.resource.async_send_manual(
        ManualOrder(
            execution_time=dt_util.utcnow(), operation_mode="discharge", factor=1.0
        ),
        ControlType.FILL_RATE,
    )
    await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status("discharge", 1.0))
    await go_to(rm, SLOT + QUARTER - SECOND)
    assert told(rm) == [("charge", 0.2), ("discharge", 1.0)]
    await go_to(rm, SLOT + QUARTER)
    assert told(rm)[2:] == [("charge", 0.2)]


async def test_by_hand_later(home: Home, rm: FakeRM) -> None:
    """Until then the plan is followed, and after it again."""
    home.has_planned(1.0, 2.0, 3.0, 4.0, 5.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    rm.resource.async_send_manual(
        ManualOrder(
            execution_time=SLOT + 2 * QUARTER + 5 * MINUTE,
            operation_mode="discharge",
            factor=1.0,
        ),
        None,
    )
    manual = ("discharge", 1.0)
    await go_to(rm, NOW + 4 * SECOND)
    assert told(rm) == [("charge", 0.2), manual]
    for slot in range(1, 3):
        await go_to(rm, SLOT + slot * QUARTER)
        await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status(*told(rm)[-1]))
    assert told(rm) == [("charge", 0.2), manual, ("charge", 0.4), ("charge", 0.6)]
    assert not received(rm, "RevokeObject")
    await go_to(rm, SLOT + 2 * QUARTER + 5 * MINUTE)
    await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status(*manual))
    await go_to(rm, SLOT + 3 * QUARTER - SECOND)
    assert len(told(rm)) == 4
    await go_to(rm, SLOT + 3 * QUARTER + SECOND)
    assert told(rm)[4:] == [("charge", 0.8)]


async def test_by_hand_after_the_end_of_the_plan(home: Home, rm: FakeRM) -> None:
    """It is told to do nothing all the same, until then."""
    home.has_planned(1.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    rm.resource.async_send_manual(
        ManualOrder(
            execution_time=SLOT + 10 * QUARTER, operation_mode="discharge", factor=1.0
        ),
        None,
    )
    await go_to(rm, SLOT + QUARTER)
    await go_to(rm, SLOT + 2 * QUARTER + SECOND)
    assert told(rm) == [("charge", 0.2), ("discharge", 1.0), ("charge", 0.0)]
    assert not received(rm, "RevokeObject")
    await go_to(rm, SLOT + 10 * QUARTER)
    await go_to(rm, SLOT + 11 * QUARTER + SECOND)
    assert told(rm)[3:] == [("charge", 0.0)]


async def test_one_task_by_hand(home: Home, rm: FakeRM) -> None:
    """It does not start before; another one does."""
    home.has_planned(1.0, 1.0)
    await home.set_up(paired())
    await rm.start(PPBC, instruction_processing_delay=0)
    await choose(rm, PPBC)
    for profile in ("first", "second"):
        await rm.tell(
            "PPBC.PowerProfileDefinition",
            id=profile,
            start_time=NOW,
            end_time=NOW + 3 * HOUR,
        )
    rm.resource.async_send_manual(
        ManualOrder(
            execution_time=NOW + 2 * HOUR - MINUTE,
            power_profile="first",
            power_sequence="eco",
        ),
        None,
    )
    for quarter in range(12):
        await go_to(rm, NOW + quarter * QUARTER + 2 * SECOND)
    starts = {
        message["power_profile_id"]: message["execution_time"]
        for message in received(rm, "PPBC.ScheduleInstruction")
    }
    assert starts.keys() == {"first", "second"}
    assert len(received(rm, "PPBC.ScheduleInstruction")) == 2
    assert starts["first"] == "2026-11-22T12:06:00Z"


async def test_only_part_of_a_long_plan_at_a_time(home: Home, rm: FakeRM) -> None:
    """What comes later is there in time, and nothing is said twice."""
    home.has_planned(*(8 * [1.0]), *(8 * [2.0]), *(4 * [-1.0]))
    await home.set_up(paired(schedule_duration=6 * 3600))
    await controlled(rm)
    for quarter in range(20):
        await go_to(rm, SLOT + quarter * QUARTER + 8 * MINUTE)
        if told(rm):
            active, factor = told(rm)[-1]
            await rm.tell("FRBC.ActuatorStatus", **devices.frbc_status(active, factor))
    assert told(rm) == [("charge", 0.2), ("charge", 0.4), ("discharge", 0.2)]


@pytest.mark.parametrize("offered", [(), ("NOT_CONTROLABLE",)], ids=["none", "other"])
@pytest.mark.parametrize("later", [timedelta(0), 6 * SECOND], ids=["at_once", "later"])
async def test_device_pauses_its_control(
    home: Home, rm: FakeRM, offered: tuple[str, ...], later: timedelta
) -> None:
    """It withdraws its control types, as Victron's do, and offers them again: the session goes on."""
    home.has_planned(1.0, -2.0, 0.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    assert told(rm) == [("charge", 0.2)]
    assert home.value("sensor", "current_instruction") == "charge 20 %"
    await go_to(rm, NOW + 2 * SECOND + later)

    status = await rm.tell("ResourceManagerDetails", available_control_types=offered)

    assert status == "OK"
    assert rm.is_open
    assert home.value("sensor", "current_instruction") == "unknown"
    await go_to(rm, SLOT + QUARTER)
    assert len(told(rm)) == 1

    # The user's choice holds: it is taken up as soon as it is offered.
    await rm.introduce(FRBC)
    await home.until(lambda: rm.resource.control_type is ControlType.FILL_RATE)
    await describe(rm, BATTERY, 50.0, "discharge")
    await go_to(rm, SLOT + QUARTER + 2 * SECOND)
    assert told(rm)[1:] == [("discharge", 0.4)]
    assert rm.resource.traffic.connections == 1
