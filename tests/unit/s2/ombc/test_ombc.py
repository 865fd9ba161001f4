"""OMBC: devices with operation modes, of which no storage is known."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.handler import NotPlannableError
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.message import (
    ControlType,
    InvalidContentError,
)
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler

from ..devices import (
    L1,
    NOW,
    QUARTER,
    SYMMETRIC,
    WINDOW,
    number_range,
    plan,
    power,
    tell,
    timer,
    transition,
)
from ..simulated import SimulatedActuator, SimulatedDevice, slot_energies

MINUTE = timedelta(minutes=1)


def mode(
    mode_id: str,
    low: float,
    high: float | None = None,
    *,
    abnormal: bool = False,
    cost: float = 0,
) -> dict[str, Any]:
    """Write an operation mode."""
    return {
        "id": mode_id,
        "power_ranges": [power(low, low if high is None else high, L1)],
        "abnormal_condition_only": abnormal,
        "running_costs": number_range(cost, cost),
    }


def description(*modes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Write the body of an OMBC.SystemDescription."""
    return {
        "valid_from": NOW,
        "operation_modes": list(modes),
        "transitions": [],
        "timers": [],
        **more,
    }


BOILER = description(mode("off", 0), mode("on", 2000))

# A heat pump with the four states of SG-ready.
SG_READY = description(
    mode("blocked", 0),
    mode("normal", 400, 1500),
    mode("boost", 1800, 2000),
    mode("forced", 8000, abnormal=True),
    transitions=[
        transition("blocked", "normal", blocked_by=("rest",), starts=("run",)),
        transition("normal", "blocked", blocked_by=("run",), starts=("rest",)),
        transition("normal", "boost", starts=("run",)),
        transition("boost", "normal", blocked_by=("run",)),
        transition("blocked", "forced"),
    ],
    timers=[timer("rest", 10 * MINUTE), timer("run", 10 * MINUTE)],
)


def status(mode_id: str, factor: float = 0.0) -> dict[str, Any]:
    """Write the body of an OMBC.Status."""
    return {"active_operation_mode_id": mode_id, "operation_mode_factor": factor}


def handler(body: Mapping[str, Any], mode_id: str | None = None) -> OmbcHandler:
    """A handler that was told a description and a status."""
    found = OmbcHandler()
    tell(found, "OMBC.SystemDescription", **body)
    if mode_id:
        tell(found, "OMBC.Status", **status(mode_id))
    return found


def told(instructions: Sequence[Instruction]) -> list[tuple[Any, str, Any]]:
    """Minutes from now, operation mode and factor."""
    return [
        (
            pytest.approx((instruction.execution_time - NOW) / MINUTE),
            instruction.body["operation_mode_id"],
            pytest.approx(instruction.body["operation_mode_factor"], abs=1e-3),
        )
        for instruction in instructions
    ]


def simulate(
    body: Mapping[str, Any],
    instructions: Sequence[Instruction],
    mode_id: str,
    slots: int,
) -> list[float]:
    """Have a device follow; gives the mean kW of each slot."""
    device = SimulatedDevice({"": SimulatedActuator(body, mode_id)})
    steps = device.run(instructions, NOW, NOW + slots * QUARTER)
    return [energy * 4 for energy in slot_energies(steps, NOW, QUARTER)]


def test_it_is_operation_mode_based_control() -> None:
    assert OmbcHandler.control_type is ControlType.OPERATION_MODE
    assert OmbcHandler.needs_schedule
    assert "OMBC.Status" in OmbcHandler.message_types
    with pytest.raises(InvalidContentError):
        tell(OmbcHandler(), "FRBC.StorageStatus")


def test_a_virtual_storage_holds_what_the_device_consumes() -> None:
    model = handler(BOILER).flex_model(WINDOW, capacity_kwh=None)
    assert model == {
        "soc-at-start": "0.0 kWh",
        "soc-min": "0.0 kWh",
        # 2 kW for 2 hours
        "soc-max": "4.0 kWh",
        "consumption-capacity": "2000.0 W",
        "production-capacity": "0.0 W",
        "operation-modes": [
            {"consumption-range": ["0.0 W", "0.0 W"]},
            {"consumption-range": ["2000.0 W", "2000.0 W"]},
        ],
        # Whatever the server knows of the asset.
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "soc-usage": ["0 kW"],
        "soc-gain": ["0 kW"],
    }
    model = handler(BOILER).flex_model(WINDOW, capacity_kwh=3)
    assert model["soc-max"] == "3 kWh"


@pytest.mark.parametrize(
    ("modes", "least", "consumed"),
    [
        ([mode("off", 0), mode("on", 2000)], 0.33, 2 / 6),
        ([mode("off", 0), mode("on", 2000)], 2 / 6, 2 / 6),
        ([mode("off", 0), mode("on", 1400, 11000)], 0.05, 1.4 / 12),
        ([mode("off", 0), mode("on", 1400, 11000)], 0.33, 0.33),
        ([mode("low", 1000), mode("high", 2500)], 0.18, 2.5 / 12),
        ([mode("off", 0)], 0.33, 0.33),
    ],
)
def test_energy_of_whole_slots(
    modes: list[dict[str, Any]], least: float, consumed: float
) -> None:
    window = Window(NOW, 5 * MINUTE, 24 * 5 * MINUTE)
    found = handler(description(*modes)).whole_slots_kwh(least, window)
    assert found == pytest.approx(consumed)


@pytest.mark.s2_rule("instruction.normal")
def test_modes_of_abnormal_conditions_are_not_offered() -> None:
    model = handler(SG_READY, "blocked").flex_model(WINDOW, capacity_kwh=None)
    assert model["consumption-capacity"] == "2000.0 W"
    assert len(model["operation-modes"]) == 3


@pytest.mark.parametrize(
    "modes",
    [
        [mode("off", 0)],
        [mode("on", 2000, abnormal=True)],
    ],
)
def test_nothing_cannot_be_planned(modes: list[dict[str, Any]]) -> None:
    found = handler(description(*modes))
    with pytest.raises(NotPlannableError) as refusal:
        found.flex_model(WINDOW, capacity_kwh=None)
    assert refusal.value.key == "s2_no_consumption"


# A generator: it warms up and cools down, and burns 0.9 l of oil for 3 kWh.
GENERATOR = description(
    {
        "id": "off",
        "power_ranges": [power(0, 0, L1)],
        "abnormal_condition_only": False,
    },
    {
        "id": "on",
        "power_ranges": [power(-1000, -3000, L1), power(0.3, 0.9, "OIL.FLOW_RATE")],
        "abnormal_condition_only": False,
        # 0.06 in an hour, whatever it does.
        "running_costs": number_range(0, 0.12 / 3600),
    },
    transitions=[
        transition("off", "on", duration=MINUTE, starts=("warm",)),
        transition("on", "off", blocked_by=("warm",)),
    ],
    timers=[timer("warm", 20 * MINUTE)],
)


def test_a_generator_is_planned_without_a_target() -> None:
    found = handler(GENERATOR, "off")
    assert not found.counts_energy
    assert handler(BOILER).counts_energy
    model = found.flex_model(WINDOW, capacity_kwh=None)
    assert model == {
        # 3 kW for 2 hours
        "soc-at-start": "6.0 kWh",
        "soc-min": "0.0 kWh",
        "soc-max": "6.0 kWh",
        "consumption-capacity": "0.0 W",
        "production-capacity": "3000.0 W",
        "operation-modes": [
            {"production-range": ["1000.0 W", "3000.0 W"]},
            {"consumption-range": ["0.0 W", "0.0 W"]},
        ],
        "discharging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "soc-usage": ["0 kW"],
        "soc-gain": ["0 kW"],
    }
    # As much as there is fuel for.
    assert found.flex_model(WINDOW, capacity_kwh=2)["soc-at-start"] == "2 kWh"


def test_a_generator_runs_while_it_is_worth_it() -> None:
    """9 kWh of oil at 0.1 a kWh make 3, and it wears: 0.32 a kWh."""
    prices = Plan(
        consumption_price=Price(
            "EUR", series=Series(NOW, QUARTER, (0.5, 0.33, 0.31, 0.1) + (0.4,) * 4)
        ),
        fuel_prices={"oil": Price("EUR", fixed=0.1)},
    )
    model = handler(GENERATOR, "off").flex_model(
        WINDOW, capacity_kwh=None, prices=prices
    )
    assert [each["value"] for each in model["production-capacity"]] == [
        "3000.0 W",
        "3000.0 W",
        "0.0 W",
        "0.0 W",
        *["3000.0 W"] * 4,
    ]


def test_a_generator_runs_while_no_price_is_known() -> None:
    prices = Plan(
        consumption_price=Price("EUR", series=Series(NOW, QUARTER, (None,) * 8)),
        fuel_prices={"oil": Price("EUR", fixed=0.1)},
    )
    model = handler(GENERATOR, "off").flex_model(
        WINDOW, capacity_kwh=None, prices=prices
    )
    assert model["production-capacity"] == "3000.0 W"


def test_a_generator_follows_its_plan() -> None:
    found = handler(GENERATOR, "off")
    instructions = found.instructions(plan(-3, -2, 0, -1, -1), NOW)
    assert told(instructions) == [
        (0, "on", 1),
        (15, "on", 0.5),
        # Once it has been warm for long enough.
        (30, "off", 0),
        (45, "on", 0),
    ]
    simulate(GENERATOR, instructions, "off", 5)


def test_of_what_can_produce_too_the_consumption_is_planned() -> None:
    found = handler(description(mode("feed", -1000), mode("off", 0), mode("on", 2000)))
    model = found.flex_model(WINDOW, capacity_kwh=None)
    assert model["production-capacity"] == "0.0 W"
    assert model["consumption-capacity"] == "2000.0 W"
    assert len(model["operation-modes"]) == 2


def test_without_a_description_nothing_is_planned() -> None:
    found = OmbcHandler()
    with pytest.raises(NotPlannableError) as refusal:
        found.flex_model(WINDOW, capacity_kwh=None)
    assert refusal.value.key == "s2_no_description"
    assert not found.instructions(plan(2), NOW)
    assert found.idle_instructions(NOW) is None


@pytest.mark.s2_rule("ombc.instruction", "ombc.power")
def test_a_plan_becomes_instructions() -> None:
    instructions = handler(BOILER).instructions(plan(2, 2, 0, 2, None, 2), NOW)
    assert told(instructions) == [
        (0, "on", 0),
        (30, "off", 0),
        (45, "on", 0),
    ]
    assert instructions[0].message_type == "OMBC.Instruction"
    assert set(instructions[0].body) == {
        "id",
        "operation_mode_id",
        "operation_mode_factor",
        "abnormal_condition",
    }


@pytest.mark.parametrize("nothing", [Plan(), plan(None, 2)])
def test_without_a_plan_nothing_is_told(nothing: Plan) -> None:
    assert not handler(BOILER).instructions(nothing, NOW)


def test_what_lies_between_on_and_off_is_made_of_both() -> None:
    instructions = handler(BOILER).instructions(plan(*[0.5] * 8), NOW)
    powers = simulate(BOILER, instructions, "off", 8)
    assert sum(powers) == pytest.approx(0.5 * 8)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=48))
@settings(max_examples=50, deadline=None)
def test_the_error_stays_bounded(powers: list[float]) -> None:
    instructions = handler(BOILER).instructions(plan(*powers), NOW)
    given_powers = simulate(BOILER, instructions, "off", len(powers))
    # Half of the gap for a slot, and 1 W that does not count.
    assert abs(sum(given_powers) - sum(powers)) <= 1 + 0.001 * len(powers)


@pytest.mark.s2_rule("modes.blocked")
def test_timers_and_transitions_hold() -> None:
    found = handler(SG_READY, "blocked")
    instructions = found.instructions(plan(2, 0, 1.5), NOW)
    assert told(instructions) == [
        (0, "normal", 0),
        (1 / 60, "boost", 1),
        (15, "normal", 0),
        (15 + 1 / 60, "blocked", 0),
        (30, "normal", 1),
    ]
    simulate(SG_READY, instructions, "blocked", 3)


def test_both_orders_of_the_first_messages() -> None:
    first, last = handler(SG_READY, "normal"), OmbcHandler()
    tell(last, "OMBC.Status", **status("normal"))
    for found in (last, first):
        tell(found, "OMBC.TimerStatus", timer_id="run", finished_at=NOW + 5 * MINUTE)
    tell(last, "OMBC.SystemDescription", **SG_READY)
    for found in (first, last):
        assert told(found.instructions(plan(0), NOW)) == [
            (0, "normal", 0),
            (5, "blocked", 0),
        ]
        assert told(found.idle_instructions(NOW) or ()) == [(5, "blocked", 0)]


@pytest.mark.s2_rule("status.ignored", "modes.unique")
@pytest.mark.parametrize(
    ("message_type", "body"),
    [
        ("OMBC.Status", status("elsewhere")),
        ("OMBC.TimerStatus", {"timer_id": "elsewhere", "finished_at": NOW}),
        ("OMBC.SystemDescription", description(mode("on", 1), mode("on", 2))),
        (
            "OMBC.SystemDescription",
            description(
                {**mode("on", 1), "power_ranges": [power(0, 1), power(1, 2, SYMMETRIC)]}
            ),
        ),
    ],
)
def test_what_cannot_be_changes_nothing(
    message_type: str, body: dict[str, Any]
) -> None:
    found = handler(SG_READY, "blocked")
    before = told(found.instructions(plan(1, 0), NOW))
    with pytest.raises(InvalidContentError):
        tell(found, message_type, **body)
    assert told(found.instructions(plan(1, 0), NOW)) == before


@pytest.mark.s2_rule("modes.valid_from")
def test_a_description_that_is_valid_later_takes_over_then() -> None:
    found = handler(BOILER)
    tell(
        found,
        "OMBC.SystemDescription",
        **description(mode("eco", 1000), mode("still", 0), valid_from=NOW + QUARTER),
    )
    assert told(found.instructions(plan(2, 1, 0), NOW)) == [
        (0, "on", 0),
        (15, "eco", 0),
        (30, "still", 0),
    ]


@pytest.mark.s2_rule("revoke.message_id")
def test_revoking_the_description_ends_it() -> None:
    found = OmbcHandler()
    message_id = tell(found, "OMBC.SystemDescription", **BOILER)
    for wrong in (("OMBC.SystemDescription", "x"), ("OMBC.Instruction", message_id)):
        with pytest.raises(InvalidContentError):
            found.revoke(*wrong, NOW)
    found.revoke("OMBC.SystemDescription", message_id, NOW)
    assert not found.instructions(plan(2), NOW)


def test_a_device_that_is_never_off_is_handed_back() -> None:
    assert handler(description(mode("on", 500, 900))).idle_instructions(NOW) is None


@pytest.mark.s2_rule("modes.cheaper")
def test_of_equal_powers_the_cheapest_is_taken() -> None:
    found = handler(description(mode("a", 2000, cost=1), mode("b", 2000, cost=0.5)))
    assert told(found.instructions(plan(2), NOW)) == [(0, "b", 0)]


def _with_ways(cost: float) -> dict[str, Any]:
    return description(
        mode("plain", 2000, cost=0.001),
        mode("saving", 2000, cost=0),
        mode("off", 0),
        transitions=[
            transition(source, target, cost=0 if target == "off" else cost)
            for source in ("plain", "saving", "off")
            for target in ("plain", "saving", "off")
            if source != target
        ],
    )


@pytest.mark.parametrize(
    ("cost", "slots", "chosen"),
    [
        # A quarter of an hour saves 0.9.
        (1.0, 1, "plain"),
        (0.8, 1, "saving"),
        (1.0, 2, "saving"),
    ],
)
def test_a_transition_has_to_be_worth_its_costs(
    cost: float, slots: int, chosen: str
) -> None:
    found = handler(_with_ways(cost), "plain")
    powers = [2.0] * slots + [0.0]
    assert told(found.instructions(plan(*powers), NOW))[0] == (0, chosen, 0)


@pytest.mark.s2_rule("modes.known")
@given(
    st.sampled_from(["blocked", "normal", "boost", "forced"]),
    st.lists(st.none() | st.floats(-1, 9), min_size=1, max_size=8),
)
@settings(max_examples=30, deadline=None)
def test_no_instruction_is_outside_what_was_announced(
    mode_id: str, powers: list[float | None]
) -> None:
    """The simulated device complains about every other one."""
    found = handler(SG_READY, mode_id)
    followed = found.instructions(plan(*powers), NOW)
    for instructions in (followed, found.idle_instructions(NOW) or ()):
        simulate(SG_READY, instructions, mode_id, len(powers) + 2)
    known = powers.index(None) if None in powers else len(powers)
    assert all(each.execution_time < NOW + known * QUARTER for each in followed)
