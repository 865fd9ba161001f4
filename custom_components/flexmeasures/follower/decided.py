"""What was decided last, and how soon something else may be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from .memory import Why
from .targets import EntityFacts, Write
from .wish import Wish, is_same_direction


@dataclass(frozen=True, slots=True)
class Decided:
    """What a device is to do, as it was decided last."""

    writes: tuple[Write, ...] = ()
    setpoint: float | None = None
    """In kW; None without one."""
    why: Why = Why.NO_PLAN
    moment: datetime | None = None

    def forgotten(self) -> Self:
        """Return that it is decided anew, whatever was wanted."""
        return replace(self, writes=(), moment=None)

    def is_turned_by(self, setpoint: float | None) -> bool:
        """Return whether a setpoint ends what a device was to do with the one of before."""
        return setpoint is None or not (
            self.setpoint is None or is_same_direction(setpoint, self.setpoint)
        )

    def holds_until(
        self,
        now: datetime,
        pause: timedelta,
        setpoint: float | None,
        wish: Wish,
        facts: Mapping[str, EntityFacts],
    ) -> datetime | None:
        """Return until when another setpoint waits; None if it does not."""
        if (
            self.moment is None
            # A clock may have been set back.
            or not self.moment <= now < self.moment + pause
            or not is_same_direction(setpoint, self.setpoint)
            or {self.why, wish.why(setpoint)} != {Why.PLAN}
            or wish.limited(self.setpoint) != self.setpoint
            or not all(
                facts[each.entity_id].takes(each.value)
                for each in self.writes
                if each.entity_id in facts
            )
        ):
            return None
        return self.moment + pause
