"""Rules of the standard that belong to no single part: see ``tests/s2_conformance``."""

from typing import Any

import pytest

from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler

from .devices import NOW, number_range, plan, power, tell


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
