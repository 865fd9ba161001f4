"""Limits over time, and the instructions that tell them to an RM."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any
from uuid import uuid4

from ...plan.prices import Price
from .base import Instruction
from .energy_needs import EnergyNeed
from .power_limits import Limits, PowerConstraints

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
                instructions.append(_instruction(piece, envelopes))
        for quantity, limits in nearest.items():
            elements = envelopes[quantity]
            duration = piece.end - piece.start
            if elements and _is_like(elements[-1], limits):
                elements[-1]["duration"] += duration
            else:
                elements.append(
                    {
                        "duration": duration,
                        "upper_limit": limits.upper,
                        "lower_limit": limits.lower,
                    }
                )
        before = piece
    return instructions


def _is_like(element: dict[str, Any], limits: Limits) -> bool:
    return limits == (element["lower_limit"], element["upper_limit"])


def _instruction(
    piece: Piece, envelopes: dict[str, list[dict[str, Any]]]
) -> Instruction:
    """An instruction with envelopes that are still to be filled."""
    return Instruction(
        "PEBC.Instruction",
        piece.start,
        {
            "id": str(uuid4()),
            "power_constraints_id": piece.constraints.id,
            "abnormal_condition": False,
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
