"""What a plan, or a user, makes of the limits of an RM: its envelopes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import inf
from typing import Any
from uuid import uuid4

from ..instructions.instruction import Instruction
from ..instructions.limits import WIDEST, Limits
from ..operation_modes.profile import Profile, Segment, mean
from ..operation_modes.validity import Announcements
from ..plan import Prices
from .description import PowerConstraints, valid_constraints
from .energy_constraints import EnergyConstraints
from .envelopes import LimitedPeriod, opened_for, opened_for_production

# A plan that makes a difference of less than this share of a forecast limits nothing:
# forecasts are no better than that.
_TOLERANCE = 0.05

_MOST_ELEMENTS = 288


def planned_instructions(
    slots: Iterable[Segment[float]],
    announced: Announcements[PowerConstraints],
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
    prices: Prices,
) -> list[Instruction]:
    """The limits that follow from the powers (W) of slots."""
    periods = [
        LimitedPeriod(
            first,
            last,
            constraints,
            _wanted(constraints, energy, forecast, Segment(first, last, slot.value)),
        )
        for slot in slots
        for first, last, constraints in valid_constraints(
            announced, slot.start, slot.end
        )
    ]
    if periods:
        for each in energy.within(periods[0].start, periods[-1].end):
            periods = opened_for(each, periods, prices.consumption_price)
        for each in energy.production_within(periods[0].start, periods[-1].end):
            # Where no price is set for production, the server takes the other one.
            price = prices.production_price or prices.consumption_price
            periods = opened_for_production(each, periods, forecast, price)
    return envelope_instructions(periods)


def widest_instructions(
    announced: Announcements[PowerConstraints], start: datetime, end: datetime
) -> list[Instruction]:
    """Limits that restrict as little as is allowed."""
    return envelope_instructions(
        LimitedPeriod(first, last, constraints, WIDEST)
        for first, last, constraints in valid_constraints(announced, start, end)
    )


def _wanted(
    constraints: PowerConstraints,
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
    planned: Segment[float],
) -> Limits:
    """The limits of all phases together that follow from a planned power.

    A limit keeps from consuming and producing more than planned; it never forces.
    """
    start, end, watts = planned
    if constraints.consumption:
        if energy and not energy.within(start, end):
            return WIDEST
        return Limits(min(watts, 0.0), max(watts, 0.0))
    expected = mean(forecast, start, end) if forecast else None
    if expected is None:
        expected = -constraints.production
    if watts > expected * (1 - _TOLERANCE):
        return Limits(min(watts, 0.0), inf)
    return WIDEST


def envelope_instructions(periods: Iterable[LimitedPeriod]) -> list[Instruction]:
    """The instructions for periods in order of time.

    Another one begins where the constraints change, after a gap, and where an
    envelope has as many elements as it may have.
    """
    instructions: list[Instruction] = []
    envelopes: dict[str, list[dict[str, Any]]] = {}
    before: LimitedPeriod | None = None
    for period in periods:
        nearest = period.constraints.nearest(period.wanted)
        if (
            before is None
            or before.end != period.start
            or before.constraints is not period.constraints
            or any(
                len(envelopes[quantity]) == _MOST_ELEMENTS
                and not _is_like(envelopes[quantity][-1], limits)
                for quantity, limits in nearest.items()
            )
        ):
            envelopes = {quantity: [] for quantity in nearest}
            if envelopes:
                instructions.append(
                    _instruction(period.start, period.constraints, envelopes)
                )
        for quantity, limits in nearest.items():
            elements = envelopes[quantity]
            duration = period.end - period.start
            if elements and _is_like(elements[-1], limits):
                elements[-1]["duration"] += duration
            else:
                elements.append(_element(duration, limits))
        before = period
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
