"""Limits over time, and the instructions that tell them to an RM."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any
from uuid import uuid4

from ..instructions.instruction import Instruction
from ..plan import Price
from .description import Limits, PowerConstraints
from .energy_constraints import EnergyNeed

_MOST_ELEMENTS = 288
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """What all phases together are to stay between for a time, if it can be had."""

    start: datetime
    end: datetime
    constraints: PowerConstraints
    wanted: Limits

    @property
    def consumption(self) -> float:
        """The most that the device may then consume, in W."""
        return min(max(self.wanted.upper, 0.0), self.constraints.consumption)

    def hours_within(self, start: datetime, end: datetime) -> float:
        """How much of a period it takes."""
        return max((min(self.end, end) - max(self.start, start)) / _HOUR, 0.0)


def opened_for(
    need: EnergyNeed, pieces: Sequence[Piece], price: Price | None
) -> list[Piece]:
    """Pieces that leave room for all the energy that a device may need.

    A plan has the least energy in it; what is missing is added where there is power
    already, and where it is cheap. From the last piece on nothing is limited.
    """
    last = pieces[-1]
    later = max((need.end - max(last.end, need.start)) / _HOUR, 0.0)
    missing = need.most_left * 1000 - later * last.constraints.consumption
    missing -= sum(
        piece.consumption * piece.hours_within(need.start, need.end) for piece in pieces
    )

    def rank(index: int) -> tuple[bool, float, datetime]:
        piece = pieces[index]
        per_kwh = price.per_kwh_at(piece.start) if price else None
        return (
            piece.consumption <= 0,
            inf if per_kwh is None else per_kwh,
            piece.start,
        )

    opened = list(pieces)
    for index in sorted(range(len(pieces)), key=rank):
        piece = pieces[index]
        hours = piece.hours_within(need.start, need.end)
        if missing <= 0:
            break
        if hours:
            upper = min(
                piece.consumption + missing / hours, piece.constraints.consumption
            )
            missing -= (upper - piece.consumption) * hours
            opened[index] = replace(
                piece, wanted=Limits(piece.wanted.lower, max(upper, piece.wanted.upper))
            )
    return opened


def envelope_instructions(pieces: Iterable[Piece]) -> list[Instruction]:
    """The instructions for pieces in order of time.

    Another one begins where the constraints change, after a gap, and where an
    envelope has as many elements as it may have.
    """
    instructions: list[Instruction] = []
    envelopes: dict[str, list[dict[str, Any]]] = {}
    before: Piece | None = None
    for piece in pieces:
        nearest = piece.constraints.nearest(piece.wanted)
        if (
            before is None
            or before.end != piece.start
            or before.constraints is not piece.constraints
            or any(
                len(envelopes[quantity]) == _MOST_ELEMENTS
                and not _is_like(envelopes[quantity][-1], limits)
                for quantity, limits in nearest.items()
            )
        ):
            envelopes = {quantity: [] for quantity in nearest}
            if envelopes:
                instructions.append(
                    _instruction(piece.start, piece.constraints, envelopes)
                )
        for quantity, limits in nearest.items():
            elements = envelopes[quantity]
            duration = piece.end - piece.start
            if elements and _is_like(elements[-1], limits):
                elements[-1]["duration"] += duration
            else:
                elements.append(_element(duration, limits))
        before = piece
    return instructions


def _is_like(element: dict[str, Any], limits: Limits) -> bool:
    return limits == (element["lower_limit"], element["upper_limit"])


def _element(duration: timedelta, limits: Limits) -> dict[str, Any]:
    return {
        "duration": duration,
        "upper_limit": limits.upper,
        "lower_limit": limits.lower,
    }


def constant_instruction(
    start: datetime,
    duration: timedelta,
    constraints: PowerConstraints,
    limits: Mapping[str, Limits],
    *,
    abnormal: bool,
) -> Instruction:
    """The same limits for a time, under normal conditions or not."""
    envelopes = {
        quantity: [_element(duration, each)] for quantity, each in limits.items()
    }
    return _instruction(start, constraints, envelopes, abnormal=abnormal)


def first_limits(instruction: Instruction) -> dict[str, Limits]:
    """The limits of each quantity with which the envelopes of an instruction begin."""
    return {
        envelope["commodity_quantity"]: Limits(
            first["lower_limit"], first["upper_limit"]
        )
        for envelope in instruction.body["power_envelopes"]
        for first in envelope["power_envelope_elements"][:1]
    }


def _instruction(
    start: datetime,
    constraints: PowerConstraints,
    envelopes: dict[str, list[dict[str, Any]]],
    *,
    abnormal: bool = False,
) -> Instruction:
    """An instruction with envelopes that may still have to be filled."""
    return Instruction(
        "PEBC.Instruction",
        start,
        {
            "id": str(uuid4()),
            "power_constraints_id": constraints.id,
            "abnormal_condition": abnormal,
            "power_envelopes": [
                {
                    "id": str(uuid4()),
                    "commodity_quantity": quantity,
                    "power_envelope_elements": elements,
                }
                for quantity, elements in envelopes.items()
            ],
        },
    )
