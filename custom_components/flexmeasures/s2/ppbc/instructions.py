"""When to start the sequences of a power profile, as instructions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import uuid4

from ..instructions.instruction import Instruction
from ..plan import Plan
from ..times import from_ms, to_ms
from .description import PowerProfile
from .price_curve import PriceCurve
from .start_times import Bounds, PowerSequence, best_starts


def planned_instructions(
    profile: PowerProfile, plan: Plan, now: datetime
) -> list[Instruction]:
    """Choose the starts of all that has not begun.

    At the lowest cost; where prices are missing, as late as possible: so nothing runs
    for want of a price before it has to, and it is done in time all the same.
    """
    pending, alternatives, bounds = _open(profile, now)
    if not pending or not all(alternatives):
        return []
    starts = None
    if curves := _Curves.of(plan):
        until = min(bounds.latest_end, curves.end or bounds.latest_end)
        priced = replace(bounds, latest_end=until)
        starts = best_starts(alternatives, priced, curves.cost)
    starts = starts or best_starts(alternatives, bounds, _late)
    if starts is None:
        return []
    return [
        start_instruction(profile.id, container, start.sequence.id, start.time)
        for container, start in zip(pending, starts, strict=True)
    ]


def is_late(profile: PowerProfile, now: datetime) -> bool:
    """Whether all that has not begun cannot be finished in time any more."""
    pending, alternatives, bounds = _open(profile, now)
    return (
        bool(pending)
        and now < profile.end
        and all(alternatives)
        and best_starts(alternatives, bounds, _late) is None
    )


def _open(
    profile: PowerProfile, now: datetime
) -> tuple[list[str], list[list[PowerSequence]], Bounds]:
    """The containers that have not begun, their sequences, and when these may be."""
    time = to_ms(now)
    after, pending = profile.rest(time)
    alternatives = [
        [each for each in profile.containers[container].values() if each.is_normal]
        for container in pending
    ]
    bounds = Bounds(max(to_ms(profile.start), time), to_ms(profile.end), after)
    return pending, alternatives, bounds


def start_instruction(
    profile: str, container: str, sequence: str, time: int, *, abnormal: bool = False
) -> Instruction:
    """What tells the RM to start a sequence at a time (ms)."""
    return Instruction(
        "PPBC.ScheduleInstruction",
        from_ms(time),
        {
            "id": str(uuid4()),
            "power_profile_id": profile,
            "sequence_container_id": container,
            "power_sequence_id": sequence,
            "abnormal_condition": abnormal,
        },
    )


def _late(_: PowerSequence, time: int) -> float:
    return -time


@dataclass(frozen=True, slots=True)
class _Curves:
    """The prices of a plan."""

    consumption: PriceCurve
    production: PriceCurve

    @classmethod
    def of(cls, plan: Plan) -> Self | None:
        if plan.consumption_price is None:
            return None
        # Where no price is set for production, the server takes the other one.
        production = plan.production_price or plan.consumption_price
        return cls(PriceCurve(plan.consumption_price), PriceCurve(production))

    @property
    def end(self) -> int | None:
        """When no price for consumption is known any more."""
        return self.consumption.end

    def cost(self, sequence: PowerSequence, start: int) -> float | None:
        """What a sequence costs; None if a price is not known."""
        total = 0.0
        for duration, watts in sequence.elements:
            curve = self.consumption if watts > 0 else self.production
            cost = curve.cost(watts, start, start + duration) if watts else 0.0
            if cost is None:
                return None
            total += cost
            start += duration
        return total
