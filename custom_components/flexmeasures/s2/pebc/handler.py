"""Power envelope based control: the RM does as it wants within the limits that it is given."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Any, ClassVar, override

from ..handler import ControlTypeHandler, NotPlannableError
from ..instructions.instruction import Instruction
from ..instructions.limit_orders import limits_text, ordered_limits
from ..instructions.orders import LIMIT_FIELDS, InvalidOrderError, ManualOrder
from ..messages.message import ControlType, InvalidContentError, Message
from ..operation_modes.profile import FOREVER, Profile, known_slots, mean, read_profile
from ..operation_modes.ranges import ELECTRIC_POWER, Range, total_power
from ..operation_modes.validity import Announced, Announcements
from ..plan import Plan, Window
from .description import WIDEST, Limits, PowerConstraints
from .energy_constraints import EnergyNeed, EnergyNeeds, storage_fields
from .envelopes import (
    Piece,
    constant_instruction,
    envelope_instructions,
    first_limits,
    opened_for,
)

# A plan that makes a difference of less than this share of a forecast limits nothing:
# forecasts are no better than that.
_TOLERANCE = 0.05
_IDLE_DURATION = timedelta(days=1)


class PebcHandler(ControlTypeHandler):
    """The limits that an RM can be given, the energy that it needs, and its forecast."""

    control_type = ControlType.POWER_ENVELOPE
    order_fields: ClassVar[frozenset[str]] = LIMIT_FIELDS
    message_types: ClassVar = frozenset(
        {
            "PEBC.PowerConstraints",
            "PEBC.EnergyConstraint",
            # Of every control type, but only here they decide about limits.
            "PowerForecast",
            "PowerMeasurement",
        }
    )
    replan_on: ClassVar[frozenset[str]] = frozenset(
        {"PEBC.PowerConstraints", "PEBC.EnergyConstraint", "PowerForecast"}
    )
    follow_on: ClassVar[frozenset[str]] = replan_on

    def __init__(self) -> None:
        """Start with nothing announced."""
        self._constraints: Announcements[PowerConstraints] = Announcements()
        self._needs = EnergyNeeds()
        self._forecast: Profile[float] | None = None

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "PEBC.PowerConstraints":
                constraints = PowerConstraints.from_wire(body)
                if constraints.valid_until and constraints.valid_until <= now:
                    raise InvalidContentError("power constraints that are over")
                self._constraints.remove(constraints.id, now)
                self._constraints.add(
                    Announced(constraints.id, constraints.valid_from, constraints), now
                )
            case "PEBC.EnergyConstraint":
                self._needs.add(body["id"], EnergyNeed.from_wire(body), now)
            case "PowerMeasurement":
                self._needs.measured(
                    min(body["measurement_timestamp"], now),
                    {
                        value["commodity_quantity"]: value["value"]
                        for value in body["values"]
                        if value["commodity_quantity"].startswith(ELECTRIC_POWER)
                    },
                )
            case "PowerForecast":
                self._forecast = read_profile(
                    body["start_time"],
                    body["elements"],
                    lambda element: (
                        total_power(element["power_values"], "value_expected") or 0.0
                    ),
                )
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if object_type == "PEBC.EnergyConstraint":
            self._needs.remove(object_id)
        elif object_type != "PEBC.PowerConstraints" or not self._constraints.remove(
            object_id, now
        ):
            raise InvalidContentError("an unknown object")

    @override
    def power_range(self, now: datetime) -> Range | None:
        constraints = self._constraints.at(now)
        if constraints is None or not constraints.quantities:
            return None
        return Range(-constraints.production, constraints.consumption)

    @override
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        """A device of which FlexMeasures decides how much power it may have.

        One that consumes is only planned if it is known what it needs: else the best
        plan would be to keep it off for ever.
        """
        constraints = next(
            (found for _, _, found in self._spans(window.start, window.end)), None
        )
        if constraints is None:
            raise NotPlannableError("s2_no_description")
        consumption, production = constraints.consumption, constraints.production
        model: dict[str, Any] = {
            "consumption-capacity": _watts(consumption),
            "production-capacity": _watts(production),
        }
        if not consumption:
            if not production:
                # Of no electric power, or of none that is allowed normally.
                raise NotPlannableError("s2_no_power_limits")
            if self._forecast:
                model["production-capacity"] = self._available(
                    self._forecast, window, production
                )
            return model
        if needs := self._needs.within(window.start, window.end):
            return model | storage_fields(
                needs, window, lambda each: constraints.consumption_of(each) / 1000
            )
        if capacity_kwh is None:
            raise NotPlannableError(
                "s2_limits_only_lose" if constraints.is_lost else "s2_energy_unknown"
            )
        return model

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        pieces = [
            Piece(
                first, last, constraints, self._wanted(constraints, first, last, watts)
            )
            for start, end, watts in known_slots(plan, now)
            for first, last, constraints in self._spans(start, end)
        ]
        if pieces:
            for need in self._needs.within(pieces[0].start, pieces[-1].end):
                pieces = opened_for(need, pieces, plan.consumption_price)
        return envelope_instructions(pieces)

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """Limits that restrict as little as is allowed."""
        start = now.replace(microsecond=0)
        pieces = [
            Piece(first, last, constraints, WIDEST)
            for first, last, constraints in self._spans(start, start + _IDLE_DURATION)
        ]
        return envelope_instructions(pieces) or None

    @override
    def describe(self, instruction: Instruction) -> str:
        return limits_text(first_limits(instruction))

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        """Limits for a time, as far as the present constraints are valid for it."""
        start = max(order.execution_time, now)
        duration = min(order.duration or _IDLE_DURATION, FOREVER)
        span = next(self._spans(start, start + duration), None)
        if span is None or span[0] > start:
            raise InvalidOrderError("s2_no_description")
        _, end, constraints = span
        return constant_instruction(
            start,
            end - start,
            constraints,
            ordered_limits(
                constraints.abnormal
                if order.abnormal_condition
                else constraints.quantities,
                order,
            ),
            abnormal=order.abnormal_condition,
        )

    def _spans(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, datetime, PowerConstraints]]:
        """Which constraints hold when in a period."""
        for first, last, constraints in self._constraints.between(start, end):
            until = min(last, constraints.valid_until or last)
            if first < until:
                yield first, until, constraints

    def _wanted(
        self,
        constraints: PowerConstraints,
        start: datetime,
        end: datetime,
        watts: float,
    ) -> Limits:
        """The limits of all phases together that follow from a planned power.

        A limit keeps from consuming and producing more than planned; it never forces.
        """
        if constraints.consumption:
            if self._needs and not self._needs.within(start, end):
                return WIDEST
            return Limits(min(watts, 0.0), max(watts, 0.0))
        forecast = mean(self._forecast, start, end) if self._forecast else None
        expected = -constraints.production if forecast is None else forecast
        if watts > expected * (1 - _TOLERANCE):
            return Limits(min(watts, 0.0), inf)
        return WIDEST

    def _available(
        self, forecast: Profile[float], window: Window, production: float
    ) -> list[dict[str, str]]:
        """What can be produced in each slot of a window, for a flex-model."""
        slots: list[dict[str, str]] = []
        start = window.start
        while start < window.end:
            end = start + window.resolution
            expected = mean(forecast, start, end)
            power = production if expected is None else min(-expected, production)
            slots.append(
                {
                    "start": start.isoformat(),
                    "end": end.isoformat(),
                    "value": _watts(max(power, 0.0)),
                }
            )
            start = end
        return slots


def _watts(power: float) -> str:
    return f"{round(power, 3) + 0.0} W"  # Never "-0.0 W"
