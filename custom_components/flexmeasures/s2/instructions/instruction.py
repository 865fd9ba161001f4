"""An instruction, and when two of them have the same effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..operation_modes.profile import Profile

# Smaller changes of an operation mode factor are not worth an instruction.
HYSTERESIS = 0.002


@dataclass(frozen=True, slots=True)
class Instruction:
    """What an RM is told to do, and when."""

    message_type: str
    """E.g. ``FRBC.Instruction``."""
    execution_time: datetime
    body: Mapping[str, Any]
    """As in `Message`, with its own ``id``; without the times that hold for all."""


def slot(instruction: Instruction) -> str:
    """What an instruction is for: a later one for the same replaces it."""
    body = instruction.body
    if "sequence_container_id" in body:
        return f"{body['power_profile_id']}/{body['sequence_container_id']}"
    return str(body.get("actuator_id", ""))


def same_effect(one: Instruction, other: Instruction) -> bool:
    """Whether two instructions say the same, whenever they are to be executed.

    Envelopes have to agree for the time that both are for. That has to be most of the
    other's: what ends soon is not the same as what goes on.
    """
    factors = [each.body.get("operation_mode_factor", 0.0) for each in (one, other)]
    return (
        one.message_type == other.message_type
        and _without_details(one) == _without_details(other)
        and abs(factors[0] - factors[1]) <= HYSTERESIS
        and _envelopes_agree(one, other)
    )


def _without_details(instruction: Instruction) -> dict[str, Any]:
    details = {"id", "operation_mode_factor", "power_envelopes"}
    return {key: part for key, part in instruction.body.items() if key not in details}


def _envelopes_agree(one: Instruction, other: Instruction) -> bool:
    limits, others = _limits(one), _limits(other)
    return limits.keys() == others.keys() and all(
        _agree(pieces, others[quantity]) for quantity, pieces in limits.items()
    )


type _Limits = Profile[tuple[float, float]]


def _limits(instruction: Instruction) -> dict[str, _Limits]:
    """The limits of each quantity over time; nothing if it has no envelopes."""
    return {
        envelope["commodity_quantity"]: Profile.from_elements(
            instruction.execution_time,
            (
                (element["duration"], (element["lower_limit"], element["upper_limit"]))
                for element in envelope["power_envelope_elements"]
            ),
        )
        for envelope in instruction.body.get("power_envelopes", ())
    }


def _agree(limits: _Limits, others: _Limits) -> bool:
    """Whether limits are the same at all times that both have: half of the others' at least."""
    start = max(limits.boundaries[0], others.boundaries[0])
    end = min(limits.boundaries[-1], others.boundaries[-1])
    changes = (each for each in limits.boundaries + others.boundaries if each < end)
    whole = others.boundaries[-1] - others.boundaries[0]
    return (
        start < end
        and whole <= 2 * (end - start)
        and all(
            limits.at(moment) == others.at(moment)
            for moment in changes
            if moment >= start
        )
    )
