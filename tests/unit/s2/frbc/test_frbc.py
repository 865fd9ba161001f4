"""FRBC: what an RM tells becomes a flex-model, and a plan becomes instructions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from math import exp
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.s2.frbc.flex_model import beside_stored
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.handler import NotPlannableError
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.message import (
    ControlType,
    InvalidContentError,
)

from ..devices import (
    BATTERY,
    EV,
    HEAT_PUMP,
    L1,
    NOW,
    QUARTER,
    WINDOW,
    actuator,
    element,
    frbc_status,
    message,
    mode,
    number_range,
    plan,
    power,
    storage,
    tell,
    timer,
    transition,
)
from ..simulated import SimulatedActuator, SimulatedDevice, slot_energies

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

OFF = mode("off", element((0, 100), (0, 0), power(0, 0)))


def handler(
    description: Mapping[str, Any], level: float | None = 50, **modes: str
) -> FrbcHandler:
    """A handler that has been told a description and statuses."""
    found = FrbcHandler()
    tell(found, "FRBC.SystemDescription", **description)
    if level is not None:
        tell(found, "FRBC.StorageStatus", present_fill_level=level)
    for actuator_id, mode_id in modes.items():
        tell(found, "FRBC.ActuatorStatus", **frbc_status(mode_id, 0.0, actuator_id))
    return found


def flex_model(found: FrbcHandler, capacity_kwh: float | None = None) -> dict[str, Any]:
    return found.flex_model(WINDOW, capacity_kwh=capacity_kwh)


def told(instructions: Sequence[Instruction]) -> list[tuple[float, str, Any]]:
    """Minutes from now, operation mode and factor."""
    return [
        (
            (instruction.execution_time - NOW) / MINUTE,
            instruction.body["operation_mode"],
            pytest.approx(instruction.body["operation_mode_factor"], abs=1e-3),
        )
        for instruction in instructions
    ]


def simulate(
    description: Mapping[str, Any],
    instructions: Sequence[Instruction],
    level: float,
    slots: int,
    **modes: str,
) -> tuple[list[float], list[float]]:
    """Have a device follow; gives the mean kW of each slot and all fill levels."""
    device = SimulatedDevice(
        {
            found["id"]: SimulatedActuator(
                found, modes.get(found["id"]) or found["operation_modes"][0]["id"]
            )
            for found in description["actuators"]
        },
        level,
    )
    steps = device.run(instructions, NOW, NOW + slots * QUARTER)
    energies = slot_energies(steps, NOW, QUARTER)
    return [energy * 4 for energy in energies], [step[1] for step in steps]


# What it says of itself


def test_it_is_fill_rate_based_control() -> None:
    assert FrbcHandler.control_type is ControlType.FILL_RATE
    assert FrbcHandler.needs_schedule
    assert "FRBC.StorageStatus" in FrbcHandler.message_types
    with pytest.raises(InvalidContentError):
        tell(FrbcHandler(), "OMBC.Status")


# Flex-model


def test_the_flex_model_of_an_ev() -> None:
    assert flex_model(handler(EV, 20), 60) == {
        "soc-at-start": "12.0 kWh",
        "soc-min": "0.0 kWh",
        "soc-max": "60.0 kWh",
        "consumption-capacity": "11000.0 W",
        "production-capacity": "0.0 W",
        "charging-efficiency": "90.0 %",
        "operation-modes": [
            {"consumption-range": ["0.0 W", "0.0 W"]},
            {"consumption-range": ["1400.0 W", "11000.0 W"]},
        ],
    }


def test_the_flex_model_of_a_battery_without_gaps() -> None:
    model = flex_model(handler(BATTERY), 10)
    assert model["production-capacity"] == "5000.0 W"
    assert model["charging-efficiency"] == "95.0 %"
    assert model["discharging-efficiency"] == "95.0 %"
    assert "operation-modes" not in model


def test_a_battery_with_gaps_on_both_sides() -> None:
    description = storage(
        (0, 100),
        actuator(
            OFF,
            mode("charge", element((0, 100), (0.1, 0.5), power(1000, 5000))),
            # Descending or ascending, it is the same.
            mode("low", element((0, 100), (-0.2, -0.1), power(-2000, -1000))),
            mode("high", element((0, 100), (-0.4, -0.5), power(-4000, -5000))),
        ),
    )
    assert flex_model(handler(description))["operation-modes"] == [
        {"production-range": ["4000.0 W", "5000.0 W"]},
        {"production-range": ["1000.0 W", "2000.0 W"]},
        {"consumption-range": ["0.0 W", "0.0 W"]},
        {"consumption-range": ["1000.0 W", "5000.0 W"]},
    ]


def test_a_band_through_zero_beside_another() -> None:
    description = storage(
        (0, 100),
        actuator(
            mode("around", element((0, 100), (-0.1, 0.1), power(-1000, 1000))),
            mode("charge", element((0, 100), (0.4, 0.5), power(4000, 5000))),
        ),
    )
    assert flex_model(handler(description))["operation-modes"] == [
        {
            "consumption-range": ["0.0 W", "1000.0 W"],
            "production-range": ["0.0 W", "1000.0 W"],
        },
        {"consumption-range": ["4000.0 W", "5000.0 W"]},
    ]


def test_a_storage_that_is_only_emptied() -> None:
    out = mode("out", element((0, 100), (0, -0.01), power(0, -900)))
    model = flex_model(handler(storage((0, 100), actuator(out))), 100)
    assert model["consumption-capacity"] == "0.0 W"
    assert model["production-capacity"] == "900.0 W"
    assert model["discharging-efficiency"] == "2.5 %"
    assert "charging-efficiency" not in model


def test_the_powers_of_several_actuators_add_up() -> None:
    charge = mode("charge", element((0, 100), (0.1, 0.5), power(1000, 5000)))
    description = storage(
        (0, 100),
        actuator(OFF, charge, actuator_id="a"),
        actuator(OFF, charge, actuator_id="b"),
    )
    model = flex_model(handler(description))
    assert model["consumption-capacity"] == "10000.0 W"
    assert "operation-modes" not in model


def test_only_modes_that_can_be_reached_are_offered() -> None:
    description = storage(
        (0, 100),
        actuator(
            OFF,
            mode("low", element((0, 100), (0.1, 0.1), power(1000, 1000))),
            mode("high", element((0, 100), (0.5, 0.5), power(5000, 5000))),
            mode(
                "most", element((0, 100), (0.9, 0.9), power(9000, 9000)), abnormal=True
            ),
            transitions=(transition("off", "low"), transition("low", "off")),
        ),
    )
    assert (
        flex_model(handler(description, actuator="off"))["consumption-capacity"]
        == "1000.0 W"
    )
    # As long as nobody knows where it is, all may be.
    assert flex_model(handler(description))["consumption-capacity"] == "5000.0 W"


def test_a_device_that_only_has_abnormal_modes_has_no_power() -> None:
    only = actuator(mode("on", element((0, 100), (1, 1), power(1, 1)), abnormal=True))
    with pytest.raises(NotPlannableError):
        flex_model(handler(storage((0, 100), only)))
    both = storage((0, 100), {**only, "id": "useless"}, EV["actuators"][0])
    found = handler(both)
    assert flex_model(found)["consumption-capacity"] == "11000.0 W"
    assert [each.body["actuator_id"] for each in found.instructions(plan(11), NOW)] == [
        "actuator"
    ]
    assert found.idle_instructions(NOW) is None


@pytest.mark.s2_rule("frbc.target", "frbc.range_order")
def test_targets_are_wishes_within_the_window() -> None:
    found = handler(BATTERY)
    tell(
        found,
        "FRBC.FillLevelTargetProfile",
        start_time=NOW - 2 * HOUR,
        elements=[
            {"duration": HOUR, "fill_level_range": number_range(99, 99)},
            {"duration": 2 * HOUR, "fill_level_range": number_range(20, 80)},
            {"duration": HOUR / 2, "fill_level_range": number_range(0, 120)},
            {"duration": 9 * HOUR, "fill_level_range": number_range(150, 90)},
        ],
    )
    model = flex_model(found, 10)

    def event(start: timedelta, end: timedelta, value: str) -> dict[str, str]:
        return {
            "start": (NOW + start).isoformat(),
            "end": (NOW + end).isoformat(),
            "value": value,
        }

    assert model["soc-minima"] == [
        event(0 * HOUR, HOUR, "2.0 kWh"),
        event(1.5 * HOUR, 2 * HOUR, "9.0 kWh"),
    ]
    assert model["soc-maxima"] == [event(0 * HOUR, HOUR, "8.0 kWh")]
    assert "soc-targets" not in model


@pytest.mark.s2_rule("frbc.outside")
def test_a_level_out_of_range_is_no_reason_to_fail() -> None:
    """The range becomes a wish, together with the targets."""
    found = handler(BATTERY, -10)
    tell(
        found,
        "FRBC.FillLevelTargetProfile",
        start_time=NOW,
        elements=[{"duration": HOUR, "fill_level_range": number_range(20, 100)}],
    )
    model = flex_model(found, 10)
    assert model["soc-at-start"] == model["soc-min"] == "0.0 kWh"
    assert model["soc-max"] == "11.0 kWh"
    assert [each["value"] for each in model["soc-minima"]] == ["3.0 kWh", "1.0 kWh"]

    model = flex_model(handler(BATTERY, 120), 10)
    assert model["soc-at-start"] == model["soc-max"] == "12.0 kWh"
    assert [each["value"] for each in model["soc-maxima"]] == ["10.0 kWh"]


@pytest.mark.s2_rule("frbc.usage")
def test_usage_is_a_power_slot_by_slot() -> None:
    found = handler(HEAT_PUMP, 40)
    tell(
        found,
        "FRBC.UsageForecast",
        start_time=NOW - HOUR,
        elements=[
            {"duration": HOUR + 10 * MINUTE, "usage_rate_expected": 3e-4},
            {"duration": 20 * MINUTE, "usage_rate_expected": 6e-4},
            {"duration": 30 * MINUTE, "usage_rate_expected": -1e-4},
        ],
    )
    model = flex_model(found, 10)
    # 10 kWh are 20 degrees: 1e-4 degrees a second are 0.18 kW.
    values = [(each["end"], each["value"]) for each in model["soc-usage"][0]]
    assert values == [
        ((NOW + QUARTER).isoformat(), "0.72 kW"),
        ((NOW + 2 * QUARTER).isoformat(), "1.08 kW"),
        (WINDOW.end.isoformat(), "0.0 kW"),
    ]
    (gain,) = model["soc-gain"]
    assert [each["value"] for each in gain] == ["0.0 kW", "0.18 kW", "0.0 kW"]
    # It may overflow, as nobody can stop the sun.
    assert model["soc-max"] == "10.09 kWh"
    assert model["soc-maxima"][0]["value"] == "10.0 kWh"


def test_a_usage_that_cannot_be_met_is_cut() -> None:
    """The server has no schedule for a storage that runs dry."""
    found = handler(HEAT_PUMP, 40)
    tell(
        found,
        "FRBC.UsageForecast",
        start_time=NOW,
        elements=[{"duration": 9 * HOUR, "usage_rate_expected": 0.01}],
    )
    model = flex_model(found, 10)
    usage = [float(each["value"][:-3]) for each in model["soc-usage"][0]]
    assert usage[0] == pytest.approx(18)
    assert all(0 < each <= 2 * 3.35 * 1.01 for each in usage[3:])


@pytest.mark.s2_rule("frbc.leakage")
def test_leakage_is_a_share_and_a_constant() -> None:
    found = handler(HEAT_PUMP, 40)
    tell(
        found,
        "FRBC.LeakageBehaviour",
        valid_from=NOW,
        elements=[
            {"fill_level_range": number_range(level, level + 1), "leakage_rate": rate}
            for level in range(30, 50)
            for rate in (1e-5 + 1e-6 * (level + 0.5 - 30),)
        ],
    )
    model = flex_model(found, 10)
    share = float(model["storage-efficiency"].removesuffix(" %")) / 100
    assert share == pytest.approx(exp(-1e-6 * 900), rel=1e-4)
    (usage,) = model["soc-usage"][0]
    assert float(usage["value"].removesuffix(" kW")) == pytest.approx(0.018, rel=0.05)


@pytest.mark.parametrize(
    ("rates", "slope", "constant"),
    [
        # As little as none: no fit is negative.
        ((2e-5, 1e-5), 0, 1.5e-5),
        ((0, 3e-5), 2.625e-6, 0),
        ((-2e-5, -1e-5), 0, 0),
    ],
)
def test_leakage_is_never_negative(
    rates: tuple[float, float], slope: float, constant: float
) -> None:
    found = handler(HEAT_PUMP, 40)
    tell(
        found,
        "FRBC.LeakageBehaviour",
        valid_from=NOW,
        elements=[
            {"fill_level_range": number_range(40, 50), "leakage_rate": rates[1]},
            {"fill_level_range": number_range(30, 40), "leakage_rate": rates[0]},
        ],
    )
    model = flex_model(found, 10)
    share = float(model["storage-efficiency"].removesuffix(" %")) / 100
    assert share == pytest.approx(exp(-slope * 900), rel=1e-3)
    if constant:
        (usage,) = model["soc-usage"][0]
        assert usage["value"] == f"{round(constant * 1800, 6)} kW"
    else:
        assert "soc-usage" not in model


def test_leakage_of_a_single_level_is_constant() -> None:
    found = handler(HEAT_PUMP, 40)
    tell(
        found,
        "FRBC.LeakageBehaviour",
        valid_from=NOW,
        elements=[{"fill_level_range": number_range(40, 40), "leakage_rate": 1e-5}],
    )
    assert flex_model(found, 10)["storage-efficiency"] == "100.0 %"


def test_a_device_that_is_always_on_may_overflow() -> None:
    always = storage(
        (30, 50), actuator(HEAT_PUMP["actuators"][0]["operation_modes"][1])
    )
    model = flex_model(handler(always, 45), 10)
    assert model["operation-modes"] == [{"consumption-range": ["500.0 W", "2000.0 W"]}]
    # 0.5 kW for 2 hours, with 335 %.
    assert model["soc-max"] == "13.35 kWh"
    assert model["soc-maxima"][0]["value"] == "10.0 kWh"


@pytest.mark.s2_rule("frbc.level")
def test_a_level_just_told_is_taken_on_to_the_start() -> None:
    found = handler(EV, 20)
    tell(found, "FRBC.ActuatorStatus", **frbc_status("charge", 1.0))
    later = WINDOW.__class__(NOW + QUARTER, QUARTER, 8 * QUARTER)
    model = found.flex_model(later, capacity_kwh=60)
    assert model["soc-at-start"] == f"{12 + 11 * 0.9 / 4} kWh"
    # No further than the storage's limits, and not after long.
    tell(found, "FRBC.StorageStatus", present_fill_level=99)
    assert found.flex_model(later, capacity_kwh=60)["soc-at-start"] == "60.0 kWh"
    much_later = WINDOW.__class__(NOW + HOUR, QUARTER, 8 * QUARTER)
    assert found.flex_model(much_later, capacity_kwh=60)["soc-at-start"] == "59.4 kWh"


@pytest.mark.parametrize(
    ("description", "level", "key"),
    [(None, 50, "s2_no_description"), (EV, None, "s2_no_fill_level")],
)
def test_what_is_missing_is_named(
    description: dict[str, Any] | None, level: float | None, key: str
) -> None:
    found = FrbcHandler()
    if description:
        tell(found, "FRBC.SystemDescription", **description)
    if level is not None:
        tell(found, "FRBC.StorageStatus", present_fill_level=level)
    with pytest.raises(NotPlannableError) as refusal:
        flex_model(found)
    assert refusal.value.key == key
    assert not found.instructions(plan(1), NOW)


def test_absurd_numbers_are_not_planned() -> None:
    found = handler(EV, 20)
    tell(
        found,
        "FRBC.LeakageBehaviour",
        valid_from=NOW,
        elements=[
            {"fill_level_range": number_range(-1e200, 1e200), "leakage_rate": 1.0}
        ],
    )
    with pytest.raises(NotPlannableError):
        flex_model(found)


def test_a_round_trip_that_the_server_knows_is_replaced() -> None:
    stored = {"roundtrip-efficiency": "90%", "soc-max": "10 kWh"}
    battery = beside_stored(flex_model(handler(BATTERY), 10), stored)
    assert battery["roundtrip-efficiency"] == "90.25 %"
    assert not {"charging-efficiency", "discharging-efficiency"} & battery.keys()
    assert (
        beside_stored(flex_model(handler(EV), 60), stored)["roundtrip-efficiency"]
        == "81.0 %"
    )
    heat_pump = beside_stored(flex_model(handler(HEAT_PUMP, 40), 10), stored)
    assert heat_pump["roundtrip-efficiency"] == "100.0 %"
    model = flex_model(handler(BATTERY))
    assert beside_stored(model, {"soc-max": "10 kWh"}) == model
    assert beside_stored({}, stored) == {}


# The order of messages, what is to come, and what is taken back


def test_statuses_may_come_before_the_description() -> None:
    first, last = handler(HEAT_PUMP, 40, actuator="on"), FrbcHandler()
    tell(last, "FRBC.StorageStatus", present_fill_level=40)
    tell(last, "FRBC.ActuatorStatus", **frbc_status("on"))
    tell(last, "FRBC.ActuatorStatus", **frbc_status("elsewhere"))
    for found in (last, first):
        tell(
            found,
            "FRBC.TimerStatus",
            actuator_id="actuator",
            timer_id="run",
            finished_at=NOW + 7 * MINUTE,
        )
    tell(last, "FRBC.SystemDescription", **HEAT_PUMP)
    assert flex_model(first) == flex_model(last)
    # Off only once the timer is finished.
    for found in (first, last):
        assert told(found.instructions(plan(0, 0), NOW)) == [
            (0, "on", 0),
            (7, "off", 0),
        ]


@pytest.mark.s2_rule(
    "status.ignored", "modes.unique", "modes.status", "frbc.contiguous"
)
@pytest.mark.parametrize(
    ("message_type", "body"),
    [
        ("FRBC.ActuatorStatus", frbc_status("off", actuator_id="elsewhere")),
        ("FRBC.ActuatorStatus", frbc_status("elsewhere")),
        (
            "FRBC.TimerStatus",
            {"actuator_id": "actuator", "timer_id": "elsewhere", "finished_at": NOW},
        ),
        ("FRBC.SystemDescription", storage((0, 1), *EV["actuators"] * 2)),
        ("FRBC.SystemDescription", storage((0, 1), actuator(OFF, OFF))),
        ("FRBC.SystemDescription", storage((0, 1), actuator(mode("off")))),
        ("FRBC.LeakageBehaviour", {"valid_from": NOW, "elements": []}),
        (
            "FRBC.LeakageBehaviour",
            {
                "valid_from": NOW,
                "elements": [
                    {"fill_level_range": number_range(0, 2), "leakage_rate": 0.0},
                    {"fill_level_range": number_range(1, 3), "leakage_rate": 0.0},
                ],
            },
        ),
    ],
)
def test_what_cannot_be_changes_nothing(
    message_type: str, body: dict[str, Any]
) -> None:
    found = handler(EV, 20, actuator="off")
    before = flex_model(found), told(found.instructions(plan(11, 0), NOW))
    with pytest.raises(InvalidContentError):
        tell(found, message_type, **body)
    assert (flex_model(found), told(found.instructions(plan(11, 0), NOW))) == before


@pytest.mark.s2_rule("modes.valid_from")
def test_a_description_that_is_valid_later_takes_over_then() -> None:
    found = handler(EV, 20, actuator="off")
    other = actuator(OFF, mode("slow", element((0, 100), (0, 0.001), power(0, 3000))))
    upcoming = tell(
        found,
        "FRBC.SystemDescription",
        **storage((0, 90), other, at=NOW + 20 * MINUTE),
    )
    # What will be in force is already known to statuses.
    tell(found, "FRBC.ActuatorStatus", **frbc_status("slow"))
    tell(found, "FRBC.ActuatorStatus", **frbc_status("charge"))
    assert flex_model(found)["consumption-capacity"] == "11000.0 W"
    assert told(found.instructions(plan(11), NOW)) == [(0, "charge", 1)]
    assert told(found.instructions(plan(11, 11, 0), NOW)) == [
        (0, "charge", 1),
        (20, "slow", 1),
        (30, "slow", 0),
    ]
    later = WINDOW.__class__(NOW + HOUR, QUARTER, 8 * QUARTER)
    assert found.flex_model(later, capacity_kwh=None)["consumption-capacity"] == (
        "3000.0 W"
    )

    found.revoke("FRBC.SystemDescription", upcoming, NOW)
    assert told(found.instructions(plan(11, 11), NOW)) == [(0, "charge", 1)]


@pytest.mark.s2_rule("modes.not_yet")
def test_a_description_alone_that_is_valid_soon_is_planned_with() -> None:
    """The RM's clock may be ahead."""
    found = FrbcHandler()
    tell(found, "FRBC.SystemDescription", **{**EV, "valid_from": NOW + 2 * MINUTE})
    tell(found, "FRBC.StorageStatus", present_fill_level=20)
    assert flex_model(found)["consumption-capacity"] == "11000.0 W"
    assert told(found.instructions(plan(11), NOW)) == [(2, "charge", 1)]


def test_an_actuator_goes_on_after_a_change_of_the_description() -> None:
    """Not so if it no longer has the operation mode."""
    transitions = (transition("off", "on"), transition("on", "off"))
    on = mode("on", element((0, 100), (0.01, 0.01), power(1000, 1000)))
    found = handler(storage((0, 100), actuator(OFF, on, transitions=transitions)))
    tell(found, "FRBC.ActuatorStatus", **frbc_status("off"))
    third = actuator(
        mode("still", element((0, 100), (0, 0), power(0, 0))),
        on,
        transitions=(transition("still", "on"), transition("on", "still")),
    )
    tell(found, "FRBC.SystemDescription", **storage((0, 100), third, at=NOW + QUARTER))
    assert told(found.instructions(plan(1, 0), NOW)) == [
        (0, "on", 0),
        (15, "still", 0),
    ]
    assert told(found.instructions(plan(0, 1), NOW)) == [(0, "off", 0)]


def test_what_was_replaced_does_not_come_back() -> None:
    found = handler(EV, 20)
    other = actuator(
        mode("slow", element((0, 90), (0, 0.003), power(0, 3000))), actuator_id="other"
    )
    upcoming = tell(
        found,
        "FRBC.SystemDescription",
        **storage((0, 90), other, at=NOW + MINUTE),
    )
    later = NOW + 2 * MINUTE
    with pytest.raises(InvalidContentError):
        tell(found, "FRBC.ActuatorStatus", later, **frbc_status("charge"))
    found.revoke("FRBC.SystemDescription", upcoming, later)
    with pytest.raises(NotPlannableError):
        flex_model(found)
    assert not found.instructions(plan(11), later)


@pytest.mark.s2_rule("revoke.message_id", "revoke.unknown", "revoke.effect")
def test_revoking_the_description_ends_it() -> None:
    found = FrbcHandler()
    first = tell(found, "FRBC.SystemDescription", **EV)
    tell(found, "FRBC.StorageStatus", present_fill_level=20)
    for wrong in (("FRBC.SystemDescription", "x"), ("FRBC.Instruction", first)):
        with pytest.raises(InvalidContentError):
            found.revoke(*wrong, NOW)
    found.revoke("FRBC.SystemDescription", first, NOW)
    with pytest.raises(NotPlannableError):
        flex_model(found)
    assert not found.instructions(plan(11), NOW)
    assert found.idle_instructions(NOW) is None


@pytest.mark.parametrize(
    ("message_type", "changes"),
    [
        (
            "FRBC.UsageForecast",
            {
                "start_time": NOW,
                "elements": [{"duration": HOUR, "usage_rate_expected": 3e-4}],
            },
        ),
        (
            "FRBC.LeakageBehaviour",
            {
                "valid_from": NOW,
                "elements": [
                    {"fill_level_range": number_range(30, 50), "leakage_rate": 2e-4}
                ],
            },
        ),
        (
            "FRBC.FillLevelTargetProfile",
            {
                "start_time": NOW,
                "elements": [
                    {"duration": HOUR, "fill_level_range": number_range(41, 49)}
                ],
            },
        ),
    ],
)
def test_what_an_rm_expects_can_be_taken_back(
    message_type: str, changes: dict[str, Any]
) -> None:
    found = handler(HEAT_PUMP, 40)
    before = flex_model(found, 10)
    former = tell(found, message_type, **changes)
    present = tell(found, message_type, **changes)
    assert flex_model(found, 10) != before
    for wrong in ((message_type, former), ("FRBC.SystemDescription", present)):
        with pytest.raises(InvalidContentError):
            found.revoke(*wrong, NOW)
    found.revoke(message_type, present, NOW)
    assert flex_model(found, 10) == before
    with pytest.raises(InvalidContentError):
        found.revoke(message_type, present, NOW)


# Instructions


@pytest.mark.s2_rule(
    "message.schema", "instruction.id", "instruction.time", "frbc.instruction"
)
def test_an_instruction_has_all_that_the_wire_wants() -> None:
    found = handler(EV, 20)
    (first, second) = found.instructions(plan(11, 0), NOW + MINUTE)
    assert first.message_type == "FRBC.Instruction"
    assert first.execution_time == NOW + MINUTE
    assert set(first.body) == {
        "id",
        "actuator_id",
        "operation_mode",
        "operation_mode_factor",
        "abnormal_condition",
    }
    assert first.body["id"] != second.body["id"]
    assert second.execution_time == NOW + QUARTER


def inverter(name: str, most: float, share: float) -> dict[str, Any]:
    """An inverter of a battery that can do nothing, or from a tenth of what it can on."""
    rate, loss = most * share / 3.6e5, most / share / 3.6e5
    return actuator(
        mode(f"{name}_idle", element((0, 100), (0, 0), power(0, 0))),
        mode(
            f"{name}_in", element((0, 100), (rate / 10, rate), power(most / 10, most))
        ),
        mode(
            f"{name}_out",
            element((0, 100), (-loss / 10, -loss), power(-most / 10, -most)),
        ),
        actuator_id=name,
    )


@pytest.mark.s2_rule("frbc.actuators")
@pytest.mark.parametrize(
    ("kilowatts", "expected"),
    [
        (0, {"good": ("good_idle", 0), "bad": ("bad_idle", 0)}),
        (-0.35, {"good": ("good_idle", 0), "bad": ("bad_out", 0.0444)}),
        (0.35, {"good": ("good_idle", 0), "bad": ("bad_in", 0.0444)}),
        (-6, {"good": ("good_out", 1), "bad": ("bad_out", 0.3333)}),
        (6, {"good": ("good_in", 1), "bad": ("bad_in", 0.3333)}),
        (4, {"good": ("good_in", 0.7778), "bad": ("bad_idle", 0)}),
    ],
)
@pytest.mark.parametrize("before", ["idle", "in", "out"])
def test_no_actuator_undoes_what_another_one_does(
    kilowatts: float, expected: dict[str, Any], before: str
) -> None:
    found = handler(
        storage((0, 100), inverter("good", 5000, 0.95), inverter("bad", 2500, 0.85)),
        good=f"good_{before}",
        bad=f"bad_{before}",
    )
    instructions = found.instructions(plan(kilowatts), NOW)
    assert {
        instruction.body["actuator_id"]: (
            instruction.body["operation_mode"],
            pytest.approx(instruction.body["operation_mode_factor"], abs=1e-3),
        )
        for instruction in instructions
    } == expected
    assert len(instructions) == 2


def test_an_actuator_that_cannot_stop_is_not_made_up_for() -> None:
    """Else one would charge and the other one discharge."""
    stuck = actuator(
        mode("on", element((0, 100), (0.005, 0.005), power(2000, 2000))),
        actuator_id="stuck",
    )
    found = handler(
        storage((0, 100), stuck, inverter("free", 5000, 0.95)), free="free_idle"
    )
    instructions = found.instructions(plan(0), NOW)
    assert {each.body["operation_mode"] for each in instructions} == {"on", "free_idle"}


@pytest.mark.s2_rule("power.sign", "power.watts")
def test_kilowatts_become_factors() -> None:
    found = handler(BATTERY)
    assert told(found.instructions(plan(0.1, -0.1, -5, 0.1), NOW)) == [
        (0, "charge", 0.02),
        (15, "discharge", 0.02),
        (30, "discharge", 1),
        (45, "charge", 0.02),
    ]


@pytest.mark.s2_rule("modes.linear")
def test_the_factor_of_a_descending_range() -> None:
    around = mode("all", element((0, 100), (0.005, -0.005), power(5000, -5000)))
    found = handler(storage((0, 100), actuator(around)))
    assert told(found.instructions(plan(5, 0, -2.5, -9), NOW)) == [
        (0, "all", 0),
        (15, "all", 0.5),
        (30, "all", 0.75),
        (45, "all", 1),
    ]


@pytest.mark.s2_rule("modes.phases")
@pytest.mark.parametrize(
    "powers",
    [
        [power(0, 5000)],
        [power(0, 2500, f"ELECTRIC.POWER.L{phase}") for phase in (1, 2)],
        [power(0, 5000, L1), power(0, 9, "HEAT.FLOW_RATE")],
    ],
)
def test_the_power_is_that_of_all_phases(powers: list[dict[str, Any]]) -> None:
    found = handler(
        storage((0, 100), actuator(mode("on", element((0, 100), (0, 0.1), *powers))))
    )
    assert flex_model(found)["consumption-capacity"] == "5000.0 W"
    assert told(found.instructions(plan(2), NOW)) == [(0, "on", 0.4)]


def test_only_changes_are_told() -> None:
    found = handler(EV, 20)
    assert told(found.instructions(plan(11, 11, 10.99, 0, 0, 5), NOW)) == [
        (0, "charge", 1),
        (45, "off", 0),
        (75, "charge", 0.375),
    ]


@pytest.mark.parametrize(
    "nothing", [Plan(), plan(None, 5), plan(5, start=NOW - HOUR), plan(None)]
)
def test_without_a_plan_nothing_is_told(nothing: Plan) -> None:
    assert not handler(EV, 20).instructions(nothing, NOW)


def test_a_missing_value_ends_the_plan() -> None:
    found = handler(EV, 20)
    assert told(found.instructions(plan(11, 0, None, 11), NOW)) == [
        (0, "charge", 1),
        (15, "off", 0),
    ]


@pytest.mark.s2_rule("modes.cheaper")
def test_of_equal_powers_the_cheaper_and_then_the_better_one_is_taken() -> None:
    def on(name: str, rate: float, cost: float | None = None) -> dict[str, Any]:
        return mode(name, element((0, 100), (0, rate), power(0, 5000), cost=cost))

    found = handler(storage((0, 100), actuator(on("a", 0.01), on("b", 0.02))))
    assert told(found.instructions(plan(5), NOW)) == [(0, "b", 1)]
    found = handler(storage((0, 100), actuator(on("a", 0.01), on("b", 0.02, cost=0.1))))
    assert told(found.instructions(plan(5), NOW)) == [(0, "a", 1)]


def test_producing_drains_no_more_than_it_has_to() -> None:
    def out(name: str, rate: float) -> dict[str, Any]:
        return mode(name, element((0, 100), (0, -rate), power(0, -5000)))

    found = handler(storage((0, 100), actuator(out("a", 0.02), out("b", 0.01))))
    assert told(found.instructions(plan(-5), NOW)) == [(0, "b", 1)]


def test_effects_too_small_to_tell_apart_are_none() -> None:
    least = mode("least", element((0, 100), (-5e-324, -5e-324), power(-9, -9)))
    assert told(handler(storage((0, 100), actuator(least))).instructions(plan(0), NOW))


def test_no_power_is_no_gas_either() -> None:
    gas = mode(
        "gas", element((0, 100), (0.02, 0.02), power(0, 1, "NATURAL_GAS.FLOW_RATE"))
    )
    found = handler(storage((0, 100), actuator(gas, OFF)), actuator="gas")
    assert told(found.instructions(plan(0), NOW)) == [(0, "off", 0)]


@pytest.mark.s2_rule("frbc.elements")
def test_the_operation_mode_depends_on_the_fill_level() -> None:
    tapering = mode(
        "on",
        element((0, 50), (0, 0.02), power(0, 4000)),
        element((50, 100), (0, 0.01), power(0, 2000)),
    )
    found = handler(storage((0, 100), actuator(tapering)), 41)
    # 9 % take 900 s at half of the power.
    assert told(found.instructions(plan(2, 2), NOW)) == [(0, "on", 0.5), (15, "on", 1)]


def test_a_mode_that_is_not_for_the_fill_level_is_not_chosen() -> None:
    """Even where nothing else comes near to the power that is planned."""
    fast = mode("fast", element((0, 60), (0, 0.02), power(0, 8000)))
    slow = mode("slow", element((0, 100), (0, 0.005), power(0, 2000)))
    description = storage((0, 100), actuator(fast, slow))
    assert told(handler(description, 20).instructions(plan(8), NOW)) == [(0, "fast", 1)]
    assert told(handler(description, 70).instructions(plan(8), NOW)) == [(0, "slow", 1)]


def test_a_mode_ends_where_the_fill_levels_do_that_it_is_for() -> None:
    fast = mode("fast", element((0, 60), (0, 0.02), power(0, 8000)))
    slow = mode("slow", element((0, 100), (0, 0.005), power(0, 2000)))
    description = storage((0, 100), actuator(fast, slow))
    instructions = handler(description, 51, actuator="fast").instructions(plan(8), NOW)
    # 9 % take 450 s.
    assert [each[1] for each in told(instructions)] == ["fast", "slow"]
    assert told(instructions)[1][0] == pytest.approx(7.5, abs=1)


def test_a_device_is_not_idle_where_that_is_not_for_the_fill_level() -> None:
    rest = mode("rest", element((0, 60), (0, 0), power(0, 0)))
    drain = mode("drain", element((0, 100), (-0.01, -0.01), power(0, 0)))
    found = handler(storage((0, 100), actuator(rest, drain)), 70, actuator="rest")
    assert told(found.idle_instructions(NOW) or []) == [(0, "drain", 0)]


def test_beyond_all_fill_levels_the_nearest_ones_count() -> None:
    charge = mode("charge", element((0, 100), (0, 0.02), power(0, 8000)))
    found = handler(storage((0, 100), actuator(charge)), -1)
    assert told(found.instructions(plan(8), NOW)) == [(0, "charge", 1)]


@pytest.mark.s2_rule("frbc.range", "frbc.rate")
def test_the_storage_is_not_overfilled() -> None:
    found = handler(EV, 98)
    instructions = found.instructions(plan(11, 11, 11), NOW)
    assert told(instructions)[-1][1] == "off"
    powers, levels = simulate(EV, instructions, 98, 3)
    assert max(levels) == pytest.approx(100, abs=0.2)
    assert powers[-1] == 0


@pytest.mark.s2_rule("frbc.range")
def test_the_storage_is_not_overdrawn() -> None:
    instructions = handler(BATTERY, 3).instructions(plan(-5, -5), NOW)
    _, levels = simulate(BATTERY, instructions, 3, 2)
    assert min(levels) == pytest.approx(0, abs=1e-6)


@pytest.mark.s2_rule("frbc.usage")
def test_a_full_storage_may_replace_what_is_used() -> None:
    found = handler(BATTERY, 100)
    tell(
        found,
        "FRBC.UsageForecast",
        start_time=NOW,
        elements=[{"duration": HOUR, "usage_rate_expected": 1000 * 0.95 / 3.6e5}],
    )
    assert told(found.instructions(plan(5), NOW)) == [(0, "charge", 0.2)]


@pytest.mark.s2_rule("frbc.leakage")
def test_a_full_storage_may_replace_what_leaks() -> None:
    found = handler(BATTERY, 100)
    rates = {(0, 50): 0.0, (50, 100): 500 * 0.95 / 3.6e5}
    tell(
        found,
        "FRBC.LeakageBehaviour",
        valid_from=NOW,
        elements=[
            {"fill_level_range": number_range(*levels), "leakage_rate": rate}
            for levels, rate in rates.items()
        ],
    )
    assert told(found.instructions(plan(5), NOW)) == [(0, "charge", 0.1)]


@pytest.mark.s2_rule("frbc.outside")
def test_what_is_beyond_its_range_goes_no_further() -> None:
    assert told(handler(EV, 110).instructions(plan(11), NOW)) == [(0, "off", 0)]
    always = storage(
        (0, 100),
        actuator(mode("on", element((0, 100), (0.01, 0.02), power(500, 2000)))),
    )
    assert told(handler(always, 110).instructions(plan(2), NOW)) == [(0, "on", 0)]


# Gaps


def test_a_power_in_a_gap_is_made_of_slots_with_more_and_less() -> None:
    found = handler(EV, 20)
    powers, _ = simulate(EV, found.instructions(plan(*[0.7] * 8), NOW), 20, 8)
    assert {round(each, 6) for each in powers} == {0, 1.4}
    assert sum(powers) == pytest.approx(0.7 * 8)


@given(st.lists(st.floats(0, 11), min_size=1, max_size=24))
@settings(max_examples=40, deadline=None)
def test_the_error_of_gaps_stays_bounded(wanted: list[float]) -> None:
    description = {**EV, "storage": {"fill_level_range": number_range(0, 1000)}}
    instructions = handler(description, 20).instructions(plan(*wanted), NOW)
    powers, _ = simulate(description, instructions, 20, len(wanted))
    errors = accumulate(got - power for got, power in zip(powers, wanted, strict=True))
    # Half of the gap for a slot, and what too small a change of the factor is.
    assert max(map(abs, errors)) <= 0.7 + 0.02 * len(wanted)


def test_a_device_that_cannot_change_does_not_catch_up_for_ever() -> None:
    description = storage(
        (0, 1000),
        actuator(
            OFF,
            mode("on", element((0, 1000), (0.01, 0.01), power(2000, 2000))),
            transitions=(
                transition("off", "on", blocked_by=("rest",)),
                transition("on", "off"),
            ),
            timers=(timer("rest", 9 * HOUR),),
        ),
    )
    found = handler(description, actuator="off")
    tell(
        found,
        "FRBC.TimerStatus",
        actuator_id="actuator",
        timer_id="rest",
        finished_at=NOW + 2 * HOUR,
    )
    powers = [0.5] * 16
    given_powers, _ = simulate_with(found, description, powers, rest=NOW + 2 * HOUR)
    assert given_powers[:8] == [0] * 8
    # A gap's worth at most.
    assert sum(given_powers[8:]) <= 0.5 * 8 + 2 + 2


def simulate_with(
    found: FrbcHandler,
    description: Mapping[str, Any],
    powers: Sequence[float],
    **timers: datetime,
) -> tuple[list[float], list[float]]:
    """Follow with timers that run."""
    (only,) = description["actuators"]
    device = SimulatedDevice(
        {only["id"]: SimulatedActuator(only, "off", timers=dict(timers))}, 50
    )
    steps = device.run(
        found.instructions(plan(*powers), NOW), NOW, NOW + len(powers) * QUARTER
    )
    energies = slot_energies(steps, NOW, QUARTER)
    return [energy * 4 for energy in energies], [step[1] for step in steps]


# Transitions and timers


@pytest.mark.s2_rule("modes.blocked")
def test_a_mode_is_waited_for_if_that_is_worth_it() -> None:
    """A heat pump rests between two runs, and runs for a while."""
    found = handler(HEAT_PUMP, 32, actuator="off")
    tell(
        found,
        "FRBC.TimerStatus",
        actuator_id="actuator",
        timer_id="rest",
        finished_at=NOW + 4 * MINUTE,
    )
    instructions = found.instructions(plan(2, 0, 2), NOW)
    assert told(instructions) == [
        (0, "off", 0),
        (4, "on", 1),
        (15, "off", 0),
        (30, "on", 1),
    ]
    powers, _ = simulate_with(found, HEAT_PUMP, [2, 0, 2], rest=NOW + 4 * MINUTE)
    # Each start takes half a minute.
    assert powers == pytest.approx([2 * 10.5 / 15, 0, 2 * 14.5 / 15], abs=0.03)


GEARS = storage(
    (0, 100),
    actuator(
        mode("low", element((0, 100), (0.001, 0.001), power(1000, 1000))),
        mode("off", element((0, 100), (0, 0), power(0, 0))),
        mode("high", element((0, 100), (0.005, 0.005), power(5000, 5000))),
        transitions=(
            transition("low", "off", starts=("rest",)),
            transition("off", "low"),
            transition("off", "high", blocked_by=("rest",)),
            transition("high", "off"),
        ),
        timers=(timer("rest", 10 * MINUTE),),
    ),
)


@pytest.mark.s2_rule("modes.transition")
def test_a_mode_is_reached_through_an_idle_one() -> None:
    """The whole way is told, and it is taken only if there is time for it."""
    found = handler(GEARS, actuator="low")
    instructions = found.instructions(plan(5, 5, 0), NOW)
    assert told(instructions) == [(0, "off", 0), (10, "high", 0), (30, "off", 0)]
    powers, _ = simulate(GEARS, instructions, 50, 3, actuator="low")
    assert powers == pytest.approx([5 / 3, 5, 0])
    late = found.instructions(plan(5, 1, 0), NOW + 8 * MINUTE)
    assert told(late) == [(8, "low", 0), (30, "off", 0)]


@pytest.mark.s2_rule("modes.duration")
def test_nobody_is_disturbed_during_a_transition() -> None:
    found = handler(HEAT_PUMP, 40)
    tell(
        found,
        "FRBC.ActuatorStatus",
        **frbc_status(
            "on",
            previous_operation_mode_id="off",
            transition_timestamp=NOW - MINUTE / 4,
        ),
    )
    assert told(found.instructions(plan(2), NOW)) == [(0.25, "on", 1)]


def test_no_instruction_where_the_mode_is_not_known() -> None:
    found = handler(HEAT_PUMP, 40)
    assert not found.instructions(plan(2), NOW)
    assert found.idle_instructions(NOW) is None


@pytest.mark.s2_rule("modes.rm_decides")
def test_an_abnormal_mode_is_left_as_its_transitions_say() -> None:
    found = handler(HEAT_PUMP, 40, actuator="backup")
    assert not found.instructions(plan(2), NOW)
    description = storage(
        (0, 100),
        actuator(
            OFF,
            mode("on", element((0, 100), (0.1, 0.1), power(9, 9)), abnormal=True),
            transitions=(transition("on", "off", blocked_by=("run",)),),
            timers=(timer("run", MINUTE),),
        ),
    )
    found = handler(description, actuator="on")
    tell(
        found,
        "FRBC.TimerStatus",
        actuator_id="actuator",
        timer_id="run",
        finished_at=NOW + 3 * MINUTE,
    )
    assert told(found.instructions(plan(0), NOW)) == [(3, "off", 0)]


# Several actuators


def pair(**options: Any) -> dict[str, Any]:
    """A good actuator with a gap, and a worse one without."""
    good = mode("on", element((0, 100), (0.01, 0.02), power(5000, 10000)))
    poor = mode("on", element((0, 100), (0, 0.003), power(0, 3000)))
    return storage(
        (0, 100),
        actuator(mode("on", *poor["elements"]), actuator_id="poor", **options),
        actuator(OFF, good, actuator_id="good"),
    )


@pytest.mark.s2_rule("frbc.actuators")
@pytest.mark.parametrize(
    ("wanted", "good", "poor"),
    [
        (10, 10, 0),
        (12, 10, 2),
        (6, 6, 0),
        # The poor one fills the gap.
        (2, 0, 2),
        (3.5, 0, 3),
    ],
)
def test_the_best_actuator_comes_first(wanted: float, good: float, poor: float) -> None:
    found = handler(pair())
    told_to = {
        each.body["actuator_id"]: each.body
        for each in found.instructions(plan(wanted), NOW)
    }
    assert told_to["poor"]["operation_mode_factor"] == pytest.approx(poor / 3)
    assert (told_to["good"]["operation_mode"] == "on") is (good > 0)
    if good:
        factor = told_to["good"]["operation_mode_factor"]
        assert 5 + 5 * factor == pytest.approx(good)


def test_one_that_cannot_be_told_is_left_to_the_others() -> None:
    description = pair(
        transitions=(transition("on", "on"),),
    )
    found = handler(description)
    (only,) = found.instructions(plan(12), NOW)
    assert only.body["actuator_id"] == "good"
    # It is told as soon as it has told.
    tell(found, "FRBC.ActuatorStatus", **frbc_status("on", 0.0, "poor"))
    assert len(found.instructions(plan(12), NOW)) == 2


def test_many_actuators_with_many_modes() -> None:
    modes = [
        mode(
            f"m{number}",
            element(
                (0, 100), (number / 1e4, number / 1e4), power(number**2, number**2)
            ),
        )
        for number in range(40)
    ]
    description = storage(
        (0, 100), *(actuator(*modes, actuator_id=f"a{number}") for number in range(4))
    )
    assert len(handler(description).instructions(plan(1), NOW)) == 4


# Idle


def test_idle_is_no_power() -> None:
    (off,) = handler(EV, 20).idle_instructions(NOW) or ()
    assert off.body["operation_mode"] == "off"
    assert off.execution_time == NOW
    (still,) = handler(BATTERY).idle_instructions(NOW) or ()
    assert still.body["operation_mode_factor"] == 0


def test_idle_is_told_even_before_the_fill_level_is_known() -> None:
    assert handler(EV, None).idle_instructions(NOW)


@pytest.mark.s2_rule("modes.timer_status")
def test_idle_waits_for_timers() -> None:
    found = handler(HEAT_PUMP, 40, actuator="on")
    tell(
        found,
        "FRBC.TimerStatus",
        actuator_id="actuator",
        timer_id="run",
        finished_at=NOW + 6 * MINUTE,
    )
    assert told(found.idle_instructions(NOW) or ()) == [(6, "off", 0)]


def test_idle_takes_all_steps_on_the_way() -> None:
    steps = storage(
        (0, 100),
        actuator(
            mode("high", element((0, 100), (0.005, 0.005), power(5000, 5000))),
            mode("low", element((0, 100), (0.001, 0.002), power(1000, 2000))),
            OFF,
            transitions=(
                transition("high", "low", duration=MINUTE),
                transition("low", "off"),
            ),
        ),
    )
    found = handler(steps, actuator="high")
    assert told(found.idle_instructions(NOW) or ()) == [(0, "low", 0), (1, "off", 0)]


def test_a_device_that_is_always_on_is_handed_back() -> None:
    always = mode("on", element((0, 100), (0.1, 0.1), power(500, 2000)))
    assert handler(storage((0, 100), actuator(always))).idle_instructions(NOW) is None
    assert handler(storage((0, 100))).idle_instructions(NOW) is None


# Whatever a device says


@st.composite
def actuators(draw: st.DrawFn, actuator_id: str) -> tuple[dict[str, Any], str]:
    """Any actuator that can be off, and the mode that it is in."""
    names = [f"mode{number}" for number in range(draw(st.integers(1, 4)))]
    watts, rates = st.integers(-5000, 11000), st.floats(-0.01, 0.02)
    modes = [OFF] + [
        mode(
            name,
            *(
                element(
                    levels, (draw(rates), draw(rates)), power(draw(watts), draw(watts))
                )
                for levels in draw(st.sampled_from([[(0, 100)], [(0, 60), (60, 100)]]))
            ),
            abnormal=draw(st.booleans()),
        )
        for name in names
    ]
    every = ["off", *names]
    transitions: list[dict[str, Any]] = []
    if draw(st.booleans()):
        transitions += [
            transition(
                source,
                target,
                starts=tuple(draw(st.sets(st.sampled_from(["a", "b"])))),
                blocked_by=tuple(draw(st.sets(st.sampled_from(["a", "b"])))),
                duration=draw(st.sampled_from([None, MINUTE, 20 * MINUTE])),
                abnormal=draw(st.booleans()),
            )
            for source in every
            for target in sorted(draw(st.sets(st.sampled_from(every))) - {source})
        ]
    timers = tuple(
        timer(name, draw(st.integers(0, 40)) * MINUTE) for name in ("a", "b")
    )
    description = actuator(
        *modes, actuator_id=actuator_id, transitions=tuple(transitions), timers=timers
    )
    return description, draw(st.sampled_from(every))


@pytest.mark.s2_rule("instruction.normal", "modes.known")
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_instruction_is_outside_what_was_announced(data: st.DataObject) -> None:
    """The simulated device complains about every other one."""
    found = [
        data.draw(actuators(f"a{number}"))
        for number in range(data.draw(st.integers(1, 3)))
    ]
    description = storage((0, 100), *(each for each, _ in found))
    states = {each["id"]: start for each, start in found}
    level = data.draw(st.floats(0, 100))
    rm = handler(description, level, **states)
    powers = data.draw(st.lists(st.none() | st.floats(-10, 25), min_size=1, max_size=6))
    followed = rm.instructions(plan(*powers), NOW)
    for instructions in (followed, rm.idle_instructions(NOW) or ()):
        simulate(description, instructions, level, len(powers) + 12, **states)
    known = powers.index(None) if None in powers else len(powers)
    assert all(each.execution_time < NOW + known * QUARTER for each in followed)


@pytest.mark.s2_rule("frbc.range")
@given(
    st.floats(0, 100),
    st.lists(st.floats(-5, 11), min_size=1, max_size=24),
    st.floats(0.001, 0.01),
)
@example(95, [-0.2065, 2.1813, 6, -0.4707, 5.332], 0.0078125)
@settings(max_examples=60, deadline=None)
def test_the_fill_level_stays_within_its_range(
    level: float, powers: list[float], rate: float
) -> None:
    description = storage(
        (0, 100),
        actuator(
            OFF,
            mode("charge", element((0, 100), (rate / 4, rate), power(2750, 11000))),
            mode(
                "discharge", element((0, 100), (-rate, -rate / 9), power(-5000, -500))
            ),
        ),
    )
    instructions = handler(description, level).instructions(plan(*powers), NOW)
    _, levels = simulate(description, instructions, level, len(powers), actuator="off")
    assert min(levels) >= -1e-6
    assert max(levels) <= 100 + 1e-6


@pytest.mark.s2_rule("frbc.level")
def test_a_message_is_taken_by_its_type_only() -> None:
    sent = message("FRBC.StorageStatus", present_fill_level=7.0)
    found = handler(BATTERY, None)
    found.receive(sent, NOW)
    assert flex_model(found, 10)["soc-at-start"] == "0.7 kWh"


@pytest.mark.parametrize(
    ("message_type", "value"),
    [
        ("FRBC.UsageForecast", {"usage_rate_expected": 0.1}),
        ("FRBC.FillLevelTargetProfile", {"fill_level_range": number_range(50, 100)}),
    ],
)
def test_a_profile_without_an_end_is_refused(
    message_type: str, value: dict[str, Any]
) -> None:
    handler = FrbcHandler()
    elements = [{"duration": timedelta(days=1), **value}]
    tell(handler, message_type, start_time=NOW, elements=elements * 400)
    with pytest.raises(InvalidContentError):
        tell(handler, message_type, start_time=NOW, elements=elements * 401)
