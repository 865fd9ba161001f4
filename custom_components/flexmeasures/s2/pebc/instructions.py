"""What a plan, or a user, makes of the limits of an RM: its envelopes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any, Self
from uuid import uuid4

from ..instructions.instruction import Instruction
from ..instructions.limits import WIDEST, Limits
from ..operation_modes.profile import Profile, Segment, mean
from ..operation_modes.validity import Announcements
from ..plan import Price
from .description import PowerConstraints
from .energy_constraints import EnergyConstraints
from .envelopes import LimitedPeriod, opened_for_consumption, opened_for_production

# A plan that makes a difference of less than this share of a forecast limits nothing:
# forecasts are no better than that.
_TOLERANCE = 0.05

_MOST_ELEMENTS = 288


def planned_instructions(
    slots: Iterable[Segment[float]],
    announced: Announcements[PowerConstraints],
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
    *,
    consumption_price: Price | None,
    production_price: Price | None,
    told: ToldLimits | None,
) -> list[Instruction]:
    """The limits that follow from the planned powers (W) of slots.

    What was `told` before for a time that is not planned any more counts no more.
    """

    def wanted(constraints: PowerConstraints, slot: Segment[float]) -> Limits:
        is_needed = not energy or bool(energy.within(slot.start, slot.end))
        if constraints.consumption and not is_needed:
            return WIDEST
        return _wanted(constraints, forecast, slot)

    periods = _opened(
        _periods(slots, announced, wanted),
        energy,
        forecast,
        consumption_price=consumption_price,
        production_price=production_price,
    )
    if periods and told is not None:
        periods += told.opened(announced, periods[-1].end)
    return envelope_instructions(periods)


def ordered_instructions(
    slots: Iterable[Segment[float]],
    announced: Announcements[PowerConstraints],
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
) -> list[Instruction]:
    """The limits that follow from the powers (W) of slots that the user wants."""
    periods = _periods(
        slots,
        announced,
        lambda constraints, slot: _wanted(constraints, forecast, slot),
    )
    # What the device needs until then has its room, what can wait has not.
    return envelope_instructions(
        _opened(
            periods, energy, forecast, consumption_price=None, production_price=None
        )
    )


def _opened(
    periods: list[LimitedPeriod],
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
    *,
    consumption_price: Price | None,
    production_price: Price | None,
) -> list[LimitedPeriod]:
    """Periods that leave room for all that the device may need."""
    if not periods:
        return []
    start, end = periods[0].start, periods[-1].end
    for each in energy.within(start, end):
        periods = opened_for_consumption(each, periods, consumption_price)
    for each in energy.producing_within(start, end):
        periods = opened_for_production(each, periods, production_price, forecast)
    return periods


@dataclass(frozen=True, slots=True)
class ToldLimits:
    """Until when an RM was told limits.

    Some RMs go back to a former envelope when a later one is over that had the same
    constraints.
    """

    constraints_id: str
    until: datetime

    @classmethod
    def after(cls, before: ToldLimits | None, instruction: Instruction) -> Self:
        """What was told once this instruction was, too."""
        constraints_id = instruction.body["power_constraints_id"]
        until = instruction.execution_time + max(
            sum(
                (part["duration"] for part in envelope["power_envelope_elements"]),
                timedelta(0),
            )
            for envelope in instruction.body["power_envelopes"]
        )
        if before is not None and before.constraints_id == constraints_id:
            until = max(until, before.until)
        return cls(constraints_id, until)

    def opened(
        self, announced: Announcements[PowerConstraints], start: datetime
    ) -> list[LimitedPeriod]:
        """Limit nothing in what is left of that time from a moment on."""
        return [
            LimitedPeriod(first, last, constraints, WIDEST)
            for first, last, constraints in announced.between(start, self.until)
            if constraints.id == self.constraints_id
        ]


def _periods(
    slots: Iterable[Segment[float]],
    announced: Announcements[PowerConstraints],
    wanted: Callable[[PowerConstraints, Segment[float]], Limits],
) -> list[LimitedPeriod]:
    return [
        LimitedPeriod(
            first,
            last,
            constraints,
            wanted(constraints, Segment(first, last, slot.value)),
        )
        for slot in slots
        for first, last, constraints in announced.between(slot.start, slot.end)
    ]


def widest_instructions(
    announced: Announcements[PowerConstraints], start: datetime, end: datetime
) -> list[Instruction]:
    """Limits that restrict as little as is allowed."""
    return envelope_instructions(
        LimitedPeriod(first, last, constraints, WIDEST)
        for first, last, constraints in announced.between(start, end)
    )


def _wanted(
    constraints: PowerConstraints,
    forecast: Profile[float] | None,
    planned: Segment[float],
) -> Limits:
    """The limits of all phases together that follow from a planned power.

    A limit keeps from consuming and producing more than planned; it never forces.
    """
    start, end, watts = planned
    if constraints.consumption:
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
