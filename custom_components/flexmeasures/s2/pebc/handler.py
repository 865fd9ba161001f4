"""An RM that does as it wants within the limits that it is given."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, override

from ..handler import ControlTypeHandler, NotPlannableError
from ..instructions.instruction import Instruction
from ..instructions.limit_orders import limits_text, ordered_limits
from ..instructions.orders import LIMIT_FIELDS, InvalidOrderError, ManualOrder
from ..messages.message import ControlType, InvalidContentError, Message
from ..operation_modes.profile import (
    FOREVER,
    Profile,
    Segment,
    known_slots,
    read_profile,
)
from ..operation_modes.ranges import Range, total_power
from ..operation_modes.validity import Announced, Announcements
from ..plan import Plan, Prices, Window
from .description import PowerConstraints
from .energy_constraints import EnergyConstraint, EnergyConstraints
from .flex_model import limits_flex_model
from .instructions import (
    ToldLimits,
    constant_instruction,
    first_limits,
    ordered_instructions,
    planned_instructions,
    widest_instructions,
)

_IDLE_DURATION = timedelta(days=1)
_MOST_UPCOMING = 100
"""A day of quarters of an hour."""


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
        self._constraints: Announcements[PowerConstraints] = Announcements(
            _MOST_UPCOMING
        )
        self._energy = EnergyConstraints()
        self._forecast: Profile[float] | None = None
        self._told: ToldLimits | None = None

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "PEBC.PowerConstraints":
                constraints = PowerConstraints.from_wire(body)
                self._constraints.add(
                    Announced(
                        constraints.id,
                        constraints.valid_from,
                        constraints,
                        constraints.valid_until,
                    ),
                    now,
                )
            case "PEBC.EnergyConstraint":
                self._energy.add(body["id"], EnergyConstraint.from_wire(body), now)
            case "PowerMeasurement":
                self._energy.measured(
                    min(body["measurement_timestamp"], now), body["values"]
                )
            case "PowerForecast":
                self._forecast = read_profile(
                    body["start_time"],
                    body["elements"],
                    lambda element: (
                        total_power(element["power_values"], "value_expected") or 0.0
                    ),
                ).preceded_by(self._forecast, now)
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if object_type == "PEBC.EnergyConstraint":
            self._energy.remove(object_id)
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
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        valid = [
            Segment(*each)
            for each in self._constraints.between(window.start, window.end)
        ]
        if not valid:
            raise NotPlannableError("s2_no_description")
        return limits_flex_model(
            valid,
            self._energy,
            self._forecast,
            window,
            capacity_kwh=capacity_kwh,
        )

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        return planned_instructions(
            known_slots(plan, now),
            self._constraints,
            self._energy.at(now),
            self._forecast,
            consumption_price=plan.consumption_price,
            # Where no price is set for production, the server takes the other one.
            production_price=plan.production_price or plan.consumption_price,
            told=self._told,
        )

    @override
    def ordered_instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        """Limits whether or not the device needs them, and none after them."""
        return ordered_instructions(
            known_slots(plan, now),
            self._constraints,
            self._energy.at(now),
            self._forecast,
        )

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """Limits that restrict as little as is allowed."""
        start = now.replace(microsecond=0)
        end = start + _IDLE_DURATION
        if self._told is not None:
            end = max(end, self._told.until)
        return widest_instructions(self._constraints, start, end) or None

    @override
    def knows(self, instruction: Instruction) -> bool:
        constraints_id = instruction.body["power_constraints_id"]
        return any(each.id == constraints_id for each in self._constraints)

    @override
    def told(self, instruction: Instruction) -> None:
        self._told = ToldLimits.after(self._told, instruction)

    @override
    def describe(self, instruction: Instruction) -> str:
        return limits_text(first_limits(instruction))

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        """Limits for a time, as far as the present constraints are valid for it."""
        start = max(order.execution_time, now)
        duration = min(order.duration or _IDLE_DURATION, FOREVER)
        span = next(self._constraints.between(start, start + duration), None)
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
