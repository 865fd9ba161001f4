"""Instructions: what they are for, whether they say the same, and how they read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.instructions.instruction import (
    Instruction,
    same_effect,
    slot,
)
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler
from custom_components.flexmeasures.s2.ppbc.handler import PpbcHandler

from ..devices import (
    EV,
    L1,
    NOW,
    SYMMETRIC,
    actuator,
    element,
    mode,
    power,
    storage,
    tell,
)

HOUR = timedelta(hours=1)
L2 = "ELECTRIC.POWER.L2"


def instruct(message_type: str, at: datetime = NOW, /, **body: Any) -> Instruction:
    """Make an instruction."""
    return Instruction(
        message_type,
        at,
        {"id": f"{message_type}-{at}", "abnormal_condition": False} | body,
    )


def charge(factor: float = 1.0, **body: Any) -> Instruction:
    """Make an instruction of FRBC."""
    return instruct(
        "FRBC.Instruction",
        **{"actuator_id": "actuator", "operation_mode": "charge"}
        | {"operation_mode_factor": factor}
        | body,
    )


def envelope(
    *elements: tuple[float, float, float], quantity: str = L1, start: datetime = NOW
) -> Instruction:
    """Make an instruction of PEBC from hours, lower and upper limits."""
    return envelopes(start, {quantity: elements})


def envelopes(
    start: datetime, limits: Mapping[str, tuple[tuple[float, float, float], ...]]
) -> Instruction:
    """Make an instruction of PEBC with several envelopes."""
    return instruct(
        "PEBC.Instruction",
        start,
        power_constraints_id="constraints",
        power_envelopes=[
            {
                "id": f"envelope-{start}",
                "commodity_quantity": quantity,
                "power_envelope_elements": [
                    {"duration": hours * HOUR, "lower_limit": low, "upper_limit": high}
                    for hours, low, high in elements
                ],
            }
            for quantity, elements in limits.items()
        ],
    )


def test_an_instruction_is_for_its_actuator() -> None:
    assert slot(charge()) == "actuator"
    assert slot(instruct("OMBC.Instruction", operation_mode_id="on")) == ""
    assert slot(envelope((1, 0, 1))) == ""


def test_a_start_is_for_its_container() -> None:
    start = instruct(
        "PPBC.ScheduleInstruction",
        power_profile_id="profile",
        sequence_container_id="c0",
        power_sequence_id="wash",
    )
    other = replace(start, body={**start.body, "sequence_container_id": "c1"})
    assert slot(start) != slot(other)
    assert same_effect(start, replace(start, body={**start.body, "id": "other"}))
    assert not same_effect(start, other)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (charge(0.5, id="another"), True),
        (replace(charge(0.5), execution_time=NOW + HOUR), True),
        (charge(0.5015), True),
        (charge(0.51), False),
        (charge(0.5, operation_mode="off"), False),
        (charge(0.5, actuator_id="other"), False),
        (charge(0.5, abnormal_condition=True), False),
        (replace(charge(0.5), message_type="DDBC.Instruction"), False),
    ],
)
def test_operation_modes_are_compared_by_what_they_do(
    other: Instruction, *, is_same: bool
) -> None:
    assert same_effect(charge(0.5), other) is is_same


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (envelope((2, 0, 100), (2, 0, 200)), True),
        # Made anew an hour later, and in other parts.
        (envelope((1, 0, 100), (2, 0, 200), start=NOW + HOUR), True),
        (
            envelope((0.5, 0, 100), (0.5, 0, 100), (1, 0, 200), start=NOW + HOUR),
            True,
        ),
        (envelope((1, 0, 100), (3, 0, 200), start=NOW + HOUR), True),
        # What was sent ends soon.
        (envelope((1, 0, 100), (9, 0, 200), start=NOW + HOUR), False),
        (envelope((2, 0, 100), (1, 0, 200), start=NOW + HOUR), False),
        (envelope((1, -1, 100), (2, 0, 200), start=NOW + HOUR), False),
        (envelope((9, 0, 200), start=NOW + 4 * HOUR), False),
        (envelope((2, 0, 100), (2, 0, 200), quantity=L2), False),
        (
            envelopes(NOW, {L1: ((2, 0, 100), (2, 0, 200)), L2: ((4, 0, 0),)}),
            False,
        ),
    ],
)
def test_envelopes_are_compared_for_the_time_that_both_have(
    other: Instruction, *, is_same: bool
) -> None:
    assert same_effect(envelope((2, 0, 100), (2, 0, 200)), other) is is_same


def test_envelopes_of_other_constraints_are_others() -> None:
    one = envelope((2, 0, 100))
    other = replace(one, body={**one.body, "power_constraints_id": "other"})
    assert not same_effect(one, other)


parts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-1, 1), st.integers(2, 3)), min_size=1
)


@given(parts, parts, st.integers(0, 5))
def test_envelopes_that_are_the_same_have_the_same_limits_at_every_moment(
    one: list[tuple[float, float, float]],
    other: list[tuple[float, float, float]],
    later: int,
) -> None:
    def by_hour(
        elements: list[tuple[float, float, float]], start: int
    ) -> dict[int, Any]:
        limits = [each[1:] for each in elements for _ in range(int(each[0]))]
        return dict(enumerate(limits, start))

    first, second = by_hour(one, 0), by_hour(other, later)
    both = first.keys() & second.keys()
    expected = (
        bool(both)
        and 2 * len(both) >= len(second)
        and all(first[hour] == second[hour] for hour in both)
    )
    found = same_effect(envelope(*one), envelope(*other, start=NOW + later * HOUR))
    assert found is expected


def labelled(label: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """Give a part of a description a name."""
    return {**described, "diagnostic_label": label}


def test_an_operation_mode_reads_with_its_factor() -> None:
    handler: ControlTypeHandler = FrbcHandler()
    assert handler.describe(charge(0.42)) == "charge 42 %"
    tell(handler, "FRBC.SystemDescription", **EV)
    assert handler.describe(charge(0.42)) == "charge 42 %"
    assert handler.describe(charge(1.0, operation_mode="gone")) == "gone 100 %"


def test_a_factor_that_makes_no_difference_is_left_out() -> None:
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **EV)
    assert handler.describe(charge(0.0, operation_mode="off")) == "off"


@pytest.mark.s2_rule("message.labels")
def test_names_of_the_rm_are_used() -> None:
    handler = FrbcHandler()
    on = labelled("Charge", mode("charge", element((0, 100), (0, 1), power(0, 100))))
    body = storage(
        (0, 100),
        labelled("Left", actuator(on, actuator_id="a1")),
        actuator(on, actuator_id="a2"),
    )
    tell(handler, "FRBC.SystemDescription", **body)
    assert handler.describe(charge(0.5, actuator_id="a1")) == "Left: Charge 50 %"
    assert handler.describe(charge(0.5, actuator_id="a2")) == "a2: Charge 50 %"


def test_other_operation_modes_read_like_those_of_a_storage() -> None:
    ombc = instruct(
        "OMBC.Instruction", operation_mode_id="on", operation_mode_factor=1.0
    )
    assert OmbcHandler().describe(ombc) == "on 100 %"
    ddbc = instruct(
        "DDBC.Instruction",
        actuator_id="burner",
        operation_mode_id="burn",
        operation_mode_factor=0.3,
    )
    assert DdbcHandler().describe(ddbc) == "burn 30 %"


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({L1: ((1, -4000, 0), (1, 0, 0))}, "-4000 … 0 W"),
        ({L1: ((1, -1000.04, 500),), L2: ((1, -1000, 500),)}, "-2000 … 1000 W"),
        ({L1: ((1, -1, 5),), SYMMETRIC: ((1, -3, 15),)}, "-3 … 15 W"),
        ({L1: ((1, 0, 0),)}, "0 W"),
        ({L1: ((1, -0.04, 1234567.89),)}, "0 … 1234567.9 W"),
    ],
)
def test_limits_read_as_those_of_all_phases_together(
    limits: dict[str, tuple[tuple[float, float, float], ...]], text: str
) -> None:
    assert PebcHandler().describe(envelopes(NOW, limits)) == text


def test_a_start_reads_as_what_is_started() -> None:
    start = instruct(
        "PPBC.ScheduleInstruction",
        power_profile_id="profile",
        sequence_container_id="c0",
        power_sequence_id="wash",
    )
    assert PpbcHandler().describe(start) == "wash"
