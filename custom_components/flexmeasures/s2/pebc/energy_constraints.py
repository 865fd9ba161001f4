"""How much energy a device will consume or produce in a time (``PEBC.EnergyConstraint``)."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from ..energy import consumed_kwh, hours
from ..messages.message import InvalidContentError
from ..operation_modes.ranges import SYMMETRIC, MeasuredPowers

_LIMIT = 20

# A power holds until the next one is measured, but not for longer.
_LONGEST_HOLD = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class EnergyConstraint:
    """An energy that has to be consumed, or produced, between two moments."""

    quantity: str
    start: datetime
    end: datetime
    least: float
    """In kWh."""
    most: float
    """In kWh; what limits have to leave room for."""
    least_production: float
    """The same of what is produced, as positive numbers."""
    most_production: float
    consumed: float = 0.0
    """In kWh, as far as it was measured."""
    produced: float = 0.0

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Self:
        """Read a message's body; raises InvalidContentError."""
        start, end = body["valid_from"], body["valid_until"]
        lower, upper = body["lower_average_power"], body["upper_average_power"]
        if end <= start or lower > upper:
            raise InvalidContentError("an energy constraint that contradicts itself")
        kilo_hours = hours(start, end) / 1000
        return cls(
            body["commodity_quantity"],
            start,
            end,
            max(lower, 0.0) * kilo_hours,
            max(upper, 0.0) * kilo_hours,
            max(-upper, 0.0) * kilo_hours,
            max(-lower, 0.0) * kilo_hours,
        )

    @property
    def least_left(self) -> float:
        """The least energy that is still to be consumed, in kWh."""
        return max(self.least - self.consumed, 0.0)

    @property
    def most_left(self) -> float:
        """The most energy that may still be consumed, in kWh."""
        return max(self.most - self.consumed, 0.0)

    @property
    def least_production_left(self) -> float:
        """The least energy that is still to be produced, in kWh."""
        return max(self.least_production - self.produced, 0.0)

    @property
    def most_production_left(self) -> float:
        """The most energy that may still be produced, in kWh."""
        return max(self.most_production - self.produced, 0.0)

    def counted(
        self, powers: Mapping[str, float], start: datetime, end: datetime
    ) -> Self:
        """The same after a time in which these powers (W) were consumed."""
        power = self.power_of(powers)
        first, last = max(start, self.start), min(end, self.end)
        return replace(
            self,
            consumed=self.consumed + consumed_kwh(power, first, last),
            produced=self.produced + consumed_kwh(-power, first, last),
        )

    def power_of(self, powers: Mapping[str, float]) -> float:
        """What of the measured powers counts, in W; 0 if nothing does."""
        if self.quantity in powers:
            return powers[self.quantity]
        if self.quantity == SYMMETRIC:
            return sum(powers.values())
        return powers.get(SYMMETRIC, 0.0) / 3


class EnergyConstraints:
    """All that an RM has announced, and what was consumed of it.

    A shallow copy stays as it is.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._constraints: Mapping[str, EnergyConstraint] = {}
        self._measured_at: datetime | None = None
        self._powers = MeasuredPowers()

    def __bool__(self) -> bool:
        """Whether anything was announced, even if its time is over."""
        return bool(self._constraints)

    def add(
        self, constraint_id: str, constraint: EnergyConstraint, now: datetime
    ) -> None:
        """Take one over; raises InvalidContentError if it is over, or one too many."""
        kept = {
            other_id: other
            for other_id, other in self._constraints.items()
            if other.end > now and other_id != constraint_id
        }
        if constraint.end <= now or len(kept) >= _LIMIT:
            raise InvalidContentError("an energy constraint that is over, or too many")
        self._constraints = {**kept, constraint_id: constraint}

    def remove(self, constraint_id: str) -> None:
        """Forget one; raises InvalidContentError if there is none with this id."""
        if constraint_id not in self._constraints:
            raise InvalidContentError("an unknown object")
        self._constraints = {
            other_id: constraint
            for other_id, constraint in self._constraints.items()
            if other_id != constraint_id
        }

    def measured(self, moment: datetime, values: Iterable[Mapping[str, Any]]) -> None:
        """Count what was consumed since the last measurement, which held until now."""
        since = self._measured_at
        if since is not None and since < moment:
            powers = self._powers.by_quantity
            self._constraints = {
                constraint_id: constraint.counted(powers, since, moment)
                for constraint_id, constraint in self._constraints.items()
            }
        self._measured_at = moment if since is None else max(since, moment)
        self._powers = self._powers.after(moment, values)

    def at(self, now: datetime) -> EnergyConstraints:
        """The same with what was consumed since the last measurement, for a while."""
        found = copy(self)
        if self._measured_at is not None:
            found.measured(min(now, self._measured_at + _LONGEST_HOLD), ())
        return found

    def within(self, start: datetime, end: datetime) -> list[EnergyConstraint]:
        """Those of consumption that a period touches, in the order in which they end."""
        return [each for each in self._touched(start, end) if each.most > 0]

    def producing_within(
        self, start: datetime, end: datetime
    ) -> list[EnergyConstraint]:
        """Those of production that a period touches, in the order in which they end."""
        return [each for each in self._touched(start, end) if each.most_production > 0]

    def _touched(self, start: datetime, end: datetime) -> list[EnergyConstraint]:
        return sorted(
            (
                constraint
                for constraint in self._constraints.values()
                if constraint.start < end and constraint.end > start
            ),
            key=lambda constraint: constraint.end,
        )
