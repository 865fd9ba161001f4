"""Rules of the standard that belong to no single part: see ``tests/s2_conformance``."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.s2.ddbc.demand import DemandRate
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.instructions.orders import (
    InvalidOrderError,
    ManualOrder,
)
from custom_components.flexmeasures.s2.messages.message import (
    InstructionStatus,
    InvalidContentError,
)
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.operation_modes.validity import (
    Announced,
    Announcements,
)
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler
from custom_components.flexmeasures.s2.session.effects import (
    InstructionUpdated,
    ObjectRevoked,
)

from .conversation import controlled
from .devices import (
    BATTERY,
    EV,
    L1,
    NOW,
    QUARTER,
    SYMMETRIC,
    WINDOW,
    actuator,
    element,
    frbc_status,
    mode,
    number_range,
    plan,
    power,
    storage,
    tell,
    transition,
)

L2 = "ELECTRIC.POWER.L2"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def order(moment: datetime) -> ManualOrder:
    """Wish for an operation mode of the car."""
    return ManualOrder(execution_time=moment, operation_mode="charge")


def instruction(**changes: Any) -> Instruction:
    """Make an instruction of FRBC."""
    body = {
        "id": "charge",
        "actuator_id": "inverter",
        "operation_mode": "on",
        "operation_mode_factor": 0.5,
        "abnormal_condition": False,
    }
    return Instruction("FRBC.Instruction", NOW, body | changes)


def told(instructions: Any) -> list[str]:
    """Give the operation modes of instructions."""
    assert all(isinstance(each, Instruction) for each in instructions)
    return [each.body["operation_mode_id"] for each in instructions]


@pytest.mark.s2_rule("modes.costs")
def test_running_costs_do_not_follow_the_factor() -> None:
    """They are somewhere in their range, at full power as well as at little."""

    def mode(mode_id: str, *costs: float) -> dict[str, Any]:
        return {
            "id": mode_id,
            "power_ranges": [power(0, 2000)],
            "running_costs": number_range(*costs),
            "abnormal_condition_only": False,
        }

    handler = OmbcHandler()
    tell(
        handler,
        "OMBC.SystemDescription",
        valid_from=NOW,
        operation_modes=[mode("sure", 0.2, 0.2), mode("unsure", 0.0, 0.3)],
        transitions=[],
        timers=[],
    )

    assert told(handler.instructions(plan(2), NOW)) == ["unsure"]
    assert told(handler.instructions(plan(0.1), NOW)) == ["unsure"]


@pytest.mark.s2_rule("instruction.tool")
def test_an_instruction_may_be_named_by_the_id_of_its_message() -> None:
    rm = controlled()
    rm.take(rm.session.send_instruction(instruction(), NOW))
    message_id = rm.last["message_id"]

    assert rm.say(
        "InstructionStatusUpdate",
        instruction_id=message_id,
        status_type="REJECTED",
    ) == [InstructionUpdated("charge", InstructionStatus.REJECTED)]
    assert rm.say(
        "RevokeObject",
        object_type="FRBC.Instruction",
        object_id=message_id,
    ) == [InstructionUpdated("charge", InstructionStatus.REVOKED)]


@pytest.mark.s2_rule("modes.not_yet")
def test_a_description_does_not_count_before_its_time() -> None:
    """Neither at the end of a plan nor by hand."""
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **{**EV, "valid_from": NOW + QUARTER})

    (idle,) = handler.idle_instructions(NOW) or ()
    assert idle.execution_time == NOW + QUARTER
    with pytest.raises(InvalidOrderError, match="s2_no_description"):
        handler.manual_instruction(order(NOW), NOW)
    by_hand = handler.manual_instruction(order(NOW + QUARTER), NOW)
    assert by_hand.execution_time == NOW + QUARTER


@pytest.mark.s2_rule("pebc.in_a_row", "pebc.valid")
@pytest.mark.parametrize("order_of_hours", [(0, 1, 2, 3), (3, 1, 2, 0)])
def test_constraints_for_one_hour_after_the_other(
    order_of_hours: tuple[int, ...],
) -> None:
    handler = PebcHandler()
    for hour in order_of_hours:
        tell(
            handler,
            "PEBC.PowerConstraints",
            id=f"hour-{hour}",
            valid_from=NOW + hour * HOUR,
            valid_until=NOW + (hour + 1) * HOUR,
            consequence_type="DEFER",
            allowed_limit_ranges=[
                {
                    "commodity_quantity": SYMMETRIC,
                    "limit_type": limit_type,
                    "range_boundary": number_range(0, most),
                    "abnormal_condition_only": False,
                }
                for limit_type, most in (
                    ("LOWER_LIMIT", 0),
                    ("UPPER_LIMIT", 1000 * (hour + 1)),
                )
            ],
        )

    sent = handler.instructions(plan(*(16 * [9])), NOW)

    assert [
        (
            each.body["power_constraints_id"],
            each.execution_time,
            [
                element["upper_limit"]
                for element in each.body["power_envelopes"][0][
                    "power_envelope_elements"
                ]
            ],
        )
        for each in sent
    ] == [(f"hour-{hour}", NOW + hour * HOUR, [1000 * (hour + 1)]) for hour in range(4)]


@pytest.mark.s2_rule("modes.valid_from")
def test_descriptions_to_come_all_count() -> None:
    """One for the same time as another takes its place; there are not too many."""
    known: Announcements[str] = Announcements()
    for name, minutes in (("now", 0), ("b", 20), ("a", 10), ("c", 30), ("B", 20)):
        moment = NOW + minutes * MINUTE
        known.add(Announced(name, moment, name), NOW)

    assert [each[2] for each in known.between(NOW, NOW + HOUR)] == [
        "now",
        "a",
        "B",
        "c",
    ]
    later = NOW + 25 * MINUTE
    known.add(Announced("new", later, "new"), later)
    assert [each[2] for each in known.between(later, NOW + HOUR)] == ["new", "c"]

    for number in range(1000):
        known.add(Announced(str(number), later + (number + 1) * MINUTE, "x"), later)
    assert len(list(known)) == 6


LEVELS = {"fill_level_range": number_range(50, 100)}


@pytest.mark.s2_rule("revoke.forecasts", "revoke.message_id")
@pytest.mark.parametrize(
    ("message_type", "body"),
    [
        (
            "FRBC.LeakageBehaviour",
            {"valid_from": NOW, "elements": [{**LEVELS, "leakage_rate": 0.001}]},
        ),
        (
            "FRBC.UsageForecast",
            {
                "start_time": NOW,
                "elements": [{"duration": HOUR, "usage_rate_expected": 0.001}],
            },
        ),
        (
            "FRBC.FillLevelTargetProfile",
            {"start_time": NOW, "elements": [{"duration": HOUR, **LEVELS}]},
        ),
    ],
)
def test_what_is_expected_of_a_storage_is_taken_back(
    message_type: str, body: dict[str, Any]
) -> None:
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **BATTERY)
    tell(handler, "FRBC.StorageStatus", present_fill_level=50.0)
    before = handler.flex_model(WINDOW, capacity_kwh=10)
    message_id = tell(handler, message_type, **body)
    told = handler.flex_model(WINDOW, capacity_kwh=10)
    assert told != before

    with pytest.raises(InvalidContentError):
        handler.revoke(message_type, "another", NOW)
    assert handler.flex_model(WINDOW, capacity_kwh=10) == told
    handler.revoke(message_type, message_id, NOW)
    assert handler.flex_model(WINDOW, capacity_kwh=10) == before
    with pytest.raises(InvalidContentError):
        handler.revoke(message_type, message_id, NOW)


@pytest.mark.s2_rule("revoke.forecasts")
def test_a_demand_that_is_expected_is_taken_back() -> None:
    """What there is now is what counts again."""
    demand = DemandRate()
    demand.take_present({"present_demand_rate": number_range(500, 500)}, NOW)
    element = {"duration": HOUR, "demand_rate_expected": 9000.0}
    demand.take_forecast({"start_time": NOW, "elements": [element]}, "forecast", NOW)
    assert demand.mean(NOW, NOW + HOUR) == 9000

    assert not demand.drop_forecast("another")
    assert demand.mean(NOW, NOW + HOUR) == 9000
    assert demand.drop_forecast("forecast")
    assert demand.mean(NOW, NOW + HOUR) == 500


@pytest.mark.s2_rule("revoke.forecasts")
@pytest.mark.parametrize(
    "object_type",
    ["FRBC.LeakageBehaviour", "FRBC.UsageForecast", "FRBC.FillLevelTargetProfile"],
)
def test_forecasts_are_among_what_can_be_taken_back(object_type: str) -> None:
    rm = controlled()
    assert rm.say("RevokeObject", object_type=object_type, object_id="told") == [
        ObjectRevoked(object_type, "told")
    ]


@pytest.mark.s2_rule("modes.same")
def test_another_factor_needs_no_transition() -> None:
    handler = FrbcHandler()
    on = mode("on", element((0, 100), (0, 0.001), power(0, 4000)))
    off = mode("off", element((0, 100), (0, 0), power(0, 0)))
    ways = (transition("off", "on"),)
    described = storage((0, 100), actuator(on, off, transitions=ways))
    tell(handler, "FRBC.SystemDescription", **described)
    tell(handler, "FRBC.StorageStatus", present_fill_level=50.0)
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("on", 0.75))

    sent = handler.instructions(plan(1, 2), NOW)

    assert [
        (each.body["operation_mode"], each.body["operation_mode_factor"])
        for each in sent
    ] == [("on", 0.25), ("on", 0.5)]


@pytest.mark.s2_rule("modes.transition_costs")
@pytest.mark.parametrize(
    ("slots", "expected"), [(1, ["dear"]), (8, ["cheap"])], ids=["short", "long"]
)
def test_a_transition_has_to_be_worth_its_costs(
    slots: int, expected: list[str]
) -> None:
    def described(mode_id: str, cost: float) -> dict[str, Any]:
        return {
            "id": mode_id,
            "power_ranges": [power(2000, 2000)],
            "running_costs": number_range(cost, cost),
            "abnormal_condition_only": False,
        }

    handler = OmbcHandler()
    tell(
        handler,
        "OMBC.SystemDescription",
        valid_from=NOW,
        operation_modes=[described("dear", 0.002), described("cheap", 0.001)],
        transitions=[{**transition("dear", "cheap"), "transition_costs": 5.0}],
        timers=[],
    )
    tell(
        handler,
        "OMBC.Status",
        active_operation_mode_id="dear",
        operation_mode_factor=0.0,
    )

    assert told(handler.instructions(plan(*(slots * [2])), NOW)) == expected


@pytest.mark.s2_rule("frbc.no_element")
def test_an_operation_mode_is_used_only_where_it_is_described() -> None:
    on = mode("on", element((0, 80), (0, 0.002), power(0, 4000)))
    off = mode("off", element((0, 100), (0, 0), power(0, 0)))
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **storage((0, 100), actuator(on, off)))

    def sent(level: float) -> list[tuple[timedelta, str]]:
        tell(handler, "FRBC.StorageStatus", present_fill_level=level)
        return [
            (each.execution_time - NOW, each.body["operation_mode"])
            for each in handler.instructions(plan(2), NOW)
        ]

    assert sent(90) == [(timedelta(0), "off")]
    assert sent(50) == [(timedelta(0), "on")]
    # 0.3 % take five minutes.
    (_, first), (later, second) = sent(79.7)
    assert (first, second) == ("on", "off")
    assert later == pytest.approx(5 * MINUTE, abs=MINUTE)
    # Where nothing is described, what is nearest is better than nothing.
    assert sent(120) == [(timedelta(0), "off")]
    (idle,) = handler.idle_instructions(NOW) or ()
    assert idle.body["operation_mode"] == "off"


@pytest.mark.s2_rule("power.one_value")
@pytest.mark.parametrize("message_type", ["PowerMeasurement", "PowerForecast"])
def test_a_quantity_has_one_value(message_type: str) -> None:
    rm = controlled()

    def values(*quantities: str) -> dict[str, Any]:
        if message_type == "PowerMeasurement":
            return {
                "values": [
                    {"commodity_quantity": each, "value": 1.0} for each in quantities
                ]
            }
        powers = [
            {"commodity_quantity": each, "value_expected": 1.0} for each in quantities
        ]
        return {"elements": [{"duration": 1000, "power_values": powers}]}

    rm.say("ResourceManagerDetails", provides_power_measurement_types=[L1, L2])
    rm.say(message_type, **values(L1, L2))
    assert rm.answer == "OK"
    rm.say(message_type, **values(L1, L1))
    assert rm.answer == "INVALID_CONTENT"
