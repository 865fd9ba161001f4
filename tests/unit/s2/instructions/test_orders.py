"""What a user tells an RM by hand: only what it has announced."""

from datetime import timedelta
from math import inf, nan
from typing import Any

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.instructions.orders import (
    InvalidOrderError,
    ManualOrder,
)
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler
from custom_components.flexmeasures.s2.ppbc.handler import PpbcHandler

from ..devices import (
    EV,
    GAS_BURNER,
    HEAT_PUMP,
    L1,
    NOW,
    SYMMETRIC,
    actuator,
    element,
    frbc_status,
    message,
    mode,
    number_range,
    power,
    storage,
    tell,
    transition,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PHASES = [f"ELECTRIC.POWER.L{phase}" for phase in (1, 2, 3)]


def give(handler: ControlTypeHandler, **wish: Any) -> Instruction:
    """Give an order for now, or for another moment."""
    order = ManualOrder(**{"execution_time": NOW, **wish})
    return handler.manual_instruction(order, NOW)


def refusal(handler: ControlTypeHandler, **wish: Any) -> tuple[str, dict[str, str]]:
    """Give the key and the placeholders of the error that an order leads to."""
    with pytest.raises(InvalidOrderError) as refused:
        give(handler, **wish)
    return refused.value.key, refused.value.placeholders


def frbc(body: dict[str, Any], **status: Any) -> FrbcHandler:
    """A handler that was told a description, and a status if there is one."""
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **body)
    if status:
        tell(handler, "FRBC.ActuatorStatus", **frbc_status(**status))
    return handler


@pytest.fixture
def heat_pump() -> FrbcHandler:
    return frbc(HEAT_PUMP, mode_id="off")


@pytest.mark.parametrize(
    "handler",
    [FrbcHandler(), OmbcHandler(), DdbcHandler(), PebcHandler(), PpbcHandler()],
)
def test_nothing_can_be_wished_for_before_the_description(
    handler: ControlTypeHandler,
) -> None:
    assert refusal(handler, operation_mode="on", upper_limit=1) == (
        "s2_no_description",
        {},
    )


@pytest.mark.s2_rule("frbc.instruction")
def test_an_operation_mode() -> None:
    instruction = give(frbc(EV), operation_mode="charge", factor=0.3)
    assert instruction.message_type == "FRBC.Instruction"
    assert instruction.execution_time == NOW
    body = dict(instruction.body)
    assert body.pop("id")
    assert body == {
        "actuator_id": "actuator",
        "operation_mode": "charge",
        "operation_mode_factor": 0.3,
        "abnormal_condition": False,
    }


def test_an_order_for_later_and_one_that_is_late() -> None:
    for wished, executed in ((NOW + HOUR, NOW + HOUR), (NOW - HOUR, NOW)):
        instruction = give(frbc(EV), operation_mode="off", execution_time=wished)
        assert instruction.execution_time == executed


@pytest.mark.s2_rule("modes.valid_from")
def test_the_description_that_will_be_in_force_counts() -> None:
    handler = frbc(EV)
    later = {**HEAT_PUMP, "valid_from": NOW + HOUR}
    tell(handler, "FRBC.SystemDescription", **later)
    key, _ = refusal(handler, operation_mode="charge", execution_time=NOW + HOUR)
    assert key == "s2_unknown_mode"


def test_an_operation_mode_is_needed() -> None:
    assert refusal(frbc(EV)) == ("s2_mode_required", {})


@pytest.mark.s2_rule("modes.known")
def test_an_unknown_operation_mode(heat_pump: FrbcHandler) -> None:
    assert refusal(heat_pump, operation_mode="fly") == (
        "s2_unknown_mode",
        {"mode": "fly", "modes": "off, on"},
    )
    _, placeholders = refusal(heat_pump, operation_mode="fly", abnormal_condition=True)
    assert placeholders["modes"] == "off, on, backup"


def test_many_operation_modes_are_not_all_named() -> None:
    modes = [
        mode(f"m{number}", element((0, 100), (0, 1), power(0, 9)))
        for number in range(25)
    ]
    _, placeholders = refusal(
        frbc(storage((0, 100), actuator(*modes))), operation_mode="fly"
    )
    assert placeholders["modes"].startswith("m0, m1, m2, ")
    assert placeholders["modes"].endswith(", m18, m19, …")


@pytest.mark.s2_rule("modes.factor")
@pytest.mark.parametrize("factor", [-0.1, 1.1, nan, inf])
def test_a_factor_is_from_0_to_1(factor: float) -> None:
    key, placeholders = refusal(frbc(EV), operation_mode="charge", factor=factor)
    assert key == "s2_limit_not_allowed"
    assert placeholders == {"limit": str(factor), "allowed": "0 … 1"}


def named(label: str, described: dict[str, Any]) -> dict[str, Any]:
    """Give a part of a description a name."""
    return {**described, "diagnostic_label": label}


def test_names_of_the_rm_may_be_used() -> None:
    charge = mode("m1", element((0, 100), (0, 1), power(0, 100)))
    handler = frbc(
        storage(
            (0, 100),
            named("Left", actuator(named("Charge", charge), actuator_id="a1")),
            named(
                "Right",
                actuator(
                    named("Charge", charge),
                    named("Charge", {**charge, "id": "m2"}),
                    actuator_id="a2",
                ),
            ),
        )
    )
    instruction = give(handler, actuator="Left", operation_mode="Charge")
    assert instruction.body["actuator_id"] == "a1"
    assert instruction.body["operation_mode"] == "m1"
    # A name that two have tells nothing.
    assert refusal(handler, actuator="a2", operation_mode="Charge") == (
        "s2_unknown_mode",
        {"mode": "Charge", "modes": "Charge (m1), Charge (m2)"},
    )
    assert give(handler, actuator="a2", operation_mode="m2").body["actuator_id"] == "a2"
    assert refusal(handler, operation_mode="m1") == (
        "s2_actuator_required",
        {"actuators": "Left (a1), Right (a2)"},
    )
    assert refusal(handler, actuator="up", operation_mode="m1") == (
        "s2_unknown_actuator",
        {"actuator": "up", "actuators": "Left (a1), Right (a2)"},
    )


@pytest.mark.s2_rule("instruction.normal", "instruction.abnormal")
def test_an_operation_mode_for_abnormal_conditions(heat_pump: FrbcHandler) -> None:
    assert refusal(heat_pump, operation_mode="backup") == (
        "s2_mode_abnormal_only",
        {"mode": "backup"},
    )
    instruction = give(heat_pump, operation_mode="backup", abnormal_condition=True)
    assert instruction.body["abnormal_condition"] is True


@pytest.mark.s2_rule("modes.transition")
def test_there_has_to_be_a_transition(heat_pump: FrbcHandler) -> None:
    give(heat_pump, operation_mode="off")
    give(heat_pump, operation_mode="on")
    tell(heat_pump, "FRBC.ActuatorStatus", **frbc_status("on"))
    assert refusal(heat_pump, operation_mode="backup", abnormal_condition=True) == (
        "s2_mode_blocked",
        {"mode": "backup"},
    )
    # Nobody knows what leads where from an unknown operation mode.
    key, _ = refusal(frbc(HEAT_PUMP), operation_mode="on")
    assert key == "s2_mode_blocked"


@pytest.mark.s2_rule("modes.abnormal_transition")
def test_a_transition_for_abnormal_conditions() -> None:
    handler = frbc(
        storage(
            (0, 100),
            actuator(
                mode("off", element((0, 100), (0, 0), power(0, 0))),
                mode("on", element((0, 100), (1, 1), power(9, 9))),
                transitions=(transition("off", "on", abnormal=True),),
            ),
        ),
        mode_id="off",
    )
    assert refusal(handler, operation_mode="on")[0] == "s2_mode_blocked"
    give(handler, operation_mode="on", abnormal_condition=True)


@pytest.mark.s2_rule("modes.blocked")
def test_a_timer_blocks_a_transition_until_it_is_finished(
    heat_pump: FrbcHandler,
) -> None:
    tell(
        heat_pump,
        "FRBC.TimerStatus",
        actuator_id="actuator",
        timer_id="rest",
        finished_at=NOW + 5 * MINUTE,
    )
    assert refusal(heat_pump, operation_mode="on")[0] == "s2_mode_blocked"
    give(heat_pump, operation_mode="on", execution_time=NOW + 5 * MINUTE)


def test_a_transition_is_not_interrupted() -> None:
    handler = frbc(
        HEAT_PUMP,
        mode_id="on",
        previous_operation_mode_id="off",
        transition_timestamp=NOW,
    )
    later = NOW + 20 * MINUTE
    tell(
        handler,
        "FRBC.TimerStatus",
        actuator_id="actuator",
        timer_id="run",
        finished_at=NOW,
    )
    assert refusal(handler, operation_mode="off")[0] == "s2_mode_blocked"
    give(handler, operation_mode="off", execution_time=later)
    give(handler, operation_mode="on")


@pytest.mark.s2_rule("ombc.instruction")
def test_a_device_that_is_its_own_actuator() -> None:
    handler = OmbcHandler()
    tell(
        handler,
        "OMBC.SystemDescription",
        valid_from=NOW,
        operation_modes=[
            {
                "id": "on",
                "power_ranges": [power(0, 2000)],
                "abnormal_condition_only": False,
            }
        ],
        transitions=[],
        timers=[],
    )
    instruction = give(handler, operation_mode="on", factor=0.5)
    assert instruction.message_type == "OMBC.Instruction"
    assert instruction.body["operation_mode_id"] == "on"
    assert instruction.body["operation_mode_factor"] == 0.5
    assert refusal(handler, actuator="left", operation_mode="on") == (
        "s2_unknown_actuator",
        {"actuator": "left", "actuators": "-"},
    )


@pytest.mark.s2_rule("ddbc.instruction")
def test_a_supplier() -> None:
    handler = DdbcHandler()
    tell(handler, "DDBC.SystemDescription", **GAS_BURNER)
    instruction = give(handler, operation_mode="burn")
    assert instruction.message_type == "DDBC.Instruction"
    assert instruction.body["actuator_id"] == "burner"
    assert instruction.body["operation_mode_id"] == "burn"
    assert instruction.body["operation_mode_factor"] == 1


def limit(
    kind: str, low: float, high: float, quantity: str = L1, *, abnormal: bool = False
) -> dict[str, Any]:
    """Write a range of allowed limits."""
    return {
        "commodity_quantity": quantity,
        "limit_type": f"{kind}_LIMIT",
        "range_boundary": number_range(low, high),
        "abnormal_condition_only": abnormal,
    }


def pebc(*limits: dict[str, Any], **more: Any) -> PebcHandler:
    """A handler that was told constraints."""
    handler = PebcHandler()
    body = {
        "id": "constraints",
        "valid_from": NOW,
        "consequence_type": "VANISH",
        "allowed_limit_ranges": list(limits),
    }
    handler.receive(message("PEBC.PowerConstraints", **body | more), NOW)
    return handler


def limits_of(instruction: Instruction) -> dict[str, tuple[float, float]]:
    """The limits of each quantity."""
    found = {}
    for envelope in instruction.body["power_envelopes"]:
        (part,) = envelope["power_envelope_elements"]
        quantity = envelope["commodity_quantity"]
        found[quantity] = (part["lower_limit"], part["upper_limit"])
    return found


PV = (limit("LOWER", -4000, 0), limit("UPPER", 0, 0))


def test_limits_for_a_time() -> None:
    instruction = give(pebc(*PV), lower_limit=-1000, duration=HOUR)
    assert instruction.message_type == "PEBC.Instruction"
    assert instruction.execution_time == NOW
    assert instruction.body["power_constraints_id"] == "constraints"
    assert instruction.body["abnormal_condition"] is False
    (envelope,) = instruction.body["power_envelopes"]
    assert envelope["power_envelope_elements"] == [
        {"duration": HOUR, "lower_limit": -1000, "upper_limit": 0}
    ]


def duration_of(instruction: Instruction) -> timedelta:
    """How long the limits hold."""
    (envelope,) = instruction.body["power_envelopes"]
    (part,) = envelope["power_envelope_elements"]
    assert isinstance(part["duration"], timedelta)
    return part["duration"]


@pytest.mark.s2_rule("pebc.valid")
def test_limits_hold_as_long_as_the_constraints_at_most() -> None:
    assert duration_of(give(pebc(*PV), upper_limit=0)) == 24 * HOUR
    ending = pebc(*PV, valid_until=NOW + 2 * HOUR)
    assert duration_of(give(ending, upper_limit=0, duration=9 * HOUR)) == 2 * HOUR
    late = {"upper_limit": 0, "execution_time": NOW + 3 * HOUR}
    assert refusal(ending, **late) == ("s2_no_description", {})
    to_come = pebc(*PV, valid_from=NOW + HOUR)
    assert refusal(to_come, upper_limit=0) == ("s2_no_description", {})
    for_ever = {"upper_limit": 0, "duration": timedelta.max}
    assert duration_of(give(pebc(*PV), **for_ever)) == timedelta(days=365)


def test_a_limit_is_needed() -> None:
    assert refusal(pebc(*PV)) == ("s2_limits_required", {})


@pytest.mark.s2_rule("pebc.allowed")
@pytest.mark.parametrize(
    ("wish", "limit_text", "allowed"),
    [
        ({"lower_limit": -5000}, "-5000 W", "-4000 … 0 W"),
        ({"lower_limit": nan}, "nan W", "-4000 … 0 W"),
        ({"lower_limit": -inf}, "-inf W", "-4000 … 0 W"),
        ({"upper_limit": 0.1}, "0.1 W", "0 W"),
    ],
)
def test_a_limit_that_is_not_allowed_is_not_changed_into_one_that_is(
    wish: dict[str, float], limit_text: str, allowed: str
) -> None:
    assert refusal(pebc(*PV), **wish) == (
        "s2_limit_not_allowed",
        {"limit": limit_text, "allowed": allowed},
    )


@pytest.mark.s2_rule("instruction.abnormal", "pebc.normal")
def test_limits_for_abnormal_conditions() -> None:
    handler = pebc(*PV, limit("UPPER", 0, 500, abnormal=True))
    assert refusal(handler, upper_limit=500)[1]["allowed"] == "0 W"
    instruction = give(handler, upper_limit=500, abnormal_condition=True)
    assert limits_of(instruction) == {L1: (-4000, 500)}
    assert instruction.body["abnormal_condition"] is True


@pytest.mark.s2_rule("pebc.order")
def test_limits_must_leave_something_between_them() -> None:
    handler = pebc(limit("LOWER", -4000, 4000), limit("UPPER", -4000, 4000))
    give(handler, lower_limit=-1000, upper_limit=-1000)
    assert refusal(handler, lower_limit=2000, upper_limit=1000) == (
        "s2_limit_not_allowed",
        {"limit": "2000 … 1000 W", "allowed": "-4000 … 4000 W"},
    )


EV_LIMITS = [
    part
    for phase in PHASES
    for part in (
        limit("LOWER", 0, 0, phase),
        limit("UPPER", 0, 0, phase),
        limit("UPPER", 1380, 3680, phase),
    )
]


def test_phases_share_a_limit() -> None:
    instruction = give(pebc(*EV_LIMITS), upper_limit=6000)
    assert limits_of(instruction) == dict.fromkeys(PHASES, (0, 2000))
    assert refusal(pebc(*EV_LIMITS), upper_limit=4000) == (
        "s2_limit_not_allowed",
        {"limit": "4000 W", "allowed": "0 W, 4140 … 11040 W"},
    )


def test_unequal_phases_share_by_what_they_can_do() -> None:
    handler = pebc(
        limit("LOWER", -2000, 0, PHASES[0]),
        limit("UPPER", 0, 4000, PHASES[0]),
        limit("LOWER", 0, 0, PHASES[1]),
        limit("UPPER", 0, 2000, PHASES[1]),
    )
    instruction = give(handler, upper_limit=3000, lower_limit=-1000)
    found = limits_of(instruction)
    assert found[PHASES[0]] == pytest.approx((-1000, 2000))
    assert found[PHASES[1]] == pytest.approx((0, 1000))


def test_a_phase_that_has_no_part_in_a_limit_must_allow_none() -> None:
    handler = pebc(
        limit("LOWER", 0, 0, PHASES[0]),
        limit("UPPER", 1000, 4000, PHASES[0]),
        limit("LOWER", -300, -200, PHASES[1]),
        limit("UPPER", -100, 0, PHASES[1]),
        limit("LOWER", -300, -200, PHASES[2]),
        limit("UPPER", -100, -50, PHASES[2]),
        limit("UPPER", -100, 0, PHASES[2]),
    )
    assert limits_of(give(handler, upper_limit=2000))[PHASES[0]] == (0, 2000)
    without = pebc(
        limit("LOWER", 0, 0, PHASES[0]),
        limit("UPPER", 0, 4000, PHASES[0]),
        limit("LOWER", 5, 5, PHASES[1]),
        limit("UPPER", 5, 9, PHASES[1]),
        limit("LOWER", -5, -5, PHASES[2]),
        limit("UPPER", -1, 0, PHASES[2]),
    )
    assert refusal(without, lower_limit=0)[1]["allowed"] == "-"


def test_a_limit_of_the_sum_is_one_of_the_phases_too() -> None:
    handler = pebc(
        *EV_LIMITS,
        limit("LOWER", 0, 0, SYMMETRIC),
        limit("UPPER", 0, 9000, SYMMETRIC),
    )
    found = limits_of(give(handler, upper_limit=6000))
    assert found == {SYMMETRIC: (0, 6000)} | dict.fromkeys(PHASES, (0, 2000))
    assert refusal(handler, upper_limit=10000)[1]["allowed"] == "0 W, 4140 … 9000 W"


def test_a_device_without_electric_limits() -> None:
    gas = "NATURAL_GAS.FLOW_RATE"
    handler = pebc(limit("LOWER", 0, 0, gas), limit("UPPER", 0, 9, gas))
    assert refusal(handler, upper_limit=1)[1]["allowed"] == "-"


watts = st.integers(-5000, 5000).map(float)
boundaries = st.lists(st.tuples(watts, watts), min_size=1, max_size=3)


@pytest.mark.s2_rule("pebc.allowed")
@given(st.lists(st.tuples(boundaries, boundaries), min_size=1, max_size=3), watts)
def test_limits_are_exact_and_allowed(
    phases: list[tuple[list[tuple[float, float]], list[tuple[float, float]]]],
    upper: float,
) -> None:
    parts = [
        limit(kind, *boundary, quantity=PHASES[number])
        for number, sides in enumerate(phases)
        for kind, side in zip(("LOWER", "UPPER"), sides, strict=True)
        for boundary in side
    ]
    # No RM can be told anything else.
    assume(all(min(map(min, lower)) <= max(map(max, above)) for lower, above in phases))
    try:
        found = limits_of(give(pebc(*parts), upper_limit=upper))
    except InvalidOrderError:
        return
    assert sum(high for _, high in found.values()) == pytest.approx(upper, abs=0.01)
    for number, sides in enumerate(phases):
        for value, side in zip(found[PHASES[number]], sides, strict=True):
            assert any(min(part) <= value <= max(part) for part in side)
    assert all(low <= high for low, high in found.values())


def sequence(
    sequence_id: str, length: timedelta, *, abnormal: bool = False, **more: Any
) -> dict[str, Any]:
    """Write a power sequence."""
    values = [{"value_expected": 1000.0, "commodity_quantity": L1}]
    return {
        "id": sequence_id,
        "elements": [{"duration": length, "power_values": values}],
        "is_interruptible": False,
        "abnormal_condition_only": abnormal,
    } | more


def ppbc(
    *containers: tuple[dict[str, Any], ...], profile: str = "p", **more: Any
) -> PpbcHandler:
    """A handler that was told of a task of 12 hours."""
    handler = PpbcHandler()
    announce(handler, *containers, profile=profile, **more)
    return handler


def announce(
    handler: PpbcHandler,
    *containers: tuple[dict[str, Any], ...],
    profile: str = "p",
    **more: Any,
) -> None:
    """Tell of a task."""
    body = {
        "id": profile,
        "start_time": NOW,
        "end_time": NOW + 12 * HOUR,
        "power_sequences_containers": [
            {"id": f"c{number}", "power_sequences": list(sequences)}
            for number, sequences in enumerate(containers)
        ],
    }
    handler.receive(message("PPBC.PowerProfileDefinition", **body | more), NOW)


def report(handler: PpbcHandler, container: str, status: str, **more: Any) -> None:
    """Tell how far a container is."""
    state = {
        "power_profile_id": "p",
        "sequence_container_id": container,
        "status": status,
        **more,
    }
    tell(handler, "PPBC.PowerProfileStatus", sequence_container_status=[state])


def test_a_start() -> None:
    instruction = give(
        ppbc((sequence("wash", 2 * HOUR),)),
        power_sequence="wash",
        execution_time=NOW + HOUR,
    )
    assert instruction.message_type == "PPBC.ScheduleInstruction"
    assert instruction.execution_time == NOW + HOUR
    body = dict(instruction.body)
    assert body.pop("id")
    assert body == {
        "power_profile_id": "p",
        "sequence_container_id": "c0",
        "power_sequence_id": "wash",
        "abnormal_condition": False,
    }


def test_a_start_that_is_late_is_now() -> None:
    handler = ppbc((sequence("wash", 2 * HOUR),), start_time=NOW - HOUR)
    late = NOW - 30 * MINUTE
    instruction = give(handler, power_sequence="wash", execution_time=late)
    assert instruction.execution_time == NOW


def test_a_sequence_is_needed() -> None:
    handler = ppbc((sequence("wash", HOUR), sequence("eco", HOUR)))
    assert refusal(handler) == (
        "s2_sequence_required",
        {"sequences": "wash (p, c0), eco (p, c0)"},
    )
    assert refusal(handler, power_sequence="dry") == (
        "s2_unknown_sequence",
        {"sequence": "dry", "sequences": "wash (p, c0), eco (p, c0)"},
    )
    assert refusal(handler, power_sequence="wash", sequence_container="c1")[0] == (
        "s2_unknown_sequence"
    )


def test_a_sequence_that_several_have_needs_more_words() -> None:
    handler = ppbc((sequence("run", HOUR),), (sequence("run", HOUR),))
    announce(handler, (sequence("run", HOUR),), profile="q")
    assert refusal(handler, power_sequence="run", power_profile="p") == (
        "s2_sequence_required",
        {"sequences": "run (p, c0), run (p, c1)"},
    )
    assert give(handler, power_sequence="run", power_profile="q")
    instruction = give(
        handler,
        power_sequence="run",
        power_profile="p",
        sequence_container="c1",
        execution_time=NOW + HOUR,
    )
    assert instruction.body["sequence_container_id"] == "c1"


@pytest.mark.s2_rule("instruction.abnormal", "ppbc.normal")
def test_a_sequence_for_abnormal_conditions() -> None:
    handler = ppbc((sequence("wash", HOUR), sequence("drain", HOUR, abnormal=True)))
    assert refusal(handler, power_sequence="drain") == (
        "s2_mode_abnormal_only",
        {"mode": "drain"},
    )
    order = {"power_sequence": "drain", "abnormal_condition": True}
    instruction = give(handler, **order)
    assert instruction.body["abnormal_condition"] is True


@pytest.mark.s2_rule("ppbc.running")
def test_what_runs_is_not_started_again() -> None:
    handler = ppbc((sequence("wash", HOUR),), (sequence("dry", HOUR),))
    report(handler, "c0", "EXECUTING", selected_sequence_id="wash")
    assert refusal(handler, power_sequence="wash") == (
        "s2_unknown_sequence",
        {"sequence": "wash", "sequences": "dry (p, c1)"},
    )
    report(handler, "c1", "EXECUTING", selected_sequence_id="dry")
    assert refusal(handler, power_sequence="dry") == ("s2_no_description", {})


def window(handler: PpbcHandler, sequence_id: str) -> tuple[str, str]:
    """When a sequence can be started first and last."""
    key, placeholders = refusal(
        handler, power_sequence=sequence_id, execution_time=NOW + 99 * HOUR
    )
    assert key == "s2_sequence_time"
    return placeholders["earliest"], placeholders["latest"]


@pytest.mark.s2_rule("ppbc.window")
def test_all_sequences_have_to_fit_into_the_time_of_the_task() -> None:
    handler = ppbc(
        (sequence("soak", HOUR),),
        (sequence("wash", 2 * HOUR), sequence("eco", 3 * HOUR)),
        (sequence("dry", HOUR),),
        start_time=NOW + HOUR,
    )
    assert window(handler, "eco") == (
        "2026-11-22T14:00:00+00:00",
        "2026-11-22T20:00:00+00:00",
    )
    early = {"power_sequence": "soak", "execution_time": NOW}
    assert refusal(handler, **early)[0] == "s2_sequence_time"


def test_a_sequence_follows_the_one_that_runs() -> None:
    dry = sequence("dry", HOUR, max_pause_before=HOUR)
    handler = ppbc((sequence("wash", HOUR),), (dry,))
    report(handler, "c0", "EXECUTING", selected_sequence_id="wash")
    assert window(handler, "dry") == (
        "2026-11-22T13:00:00+00:00",
        "2026-11-22T14:00:00+00:00",
    )
