"""What a device has to do now: the plan's power, unless the user says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from ..plan.plan import Plan
from ..plan.schedule import Schedule

_SLOT: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)


class Mode(StrEnum):
    """What the setpoint follows while there is no override."""

    AUTOMATIC = "automatic"
    """The plan."""
    HOLD = "hold"
    """Zero."""
    OFF = "off"
    """Nothing: there is no setpoint."""


@dataclass(frozen=True, slots=True)
class Override:
    """A power that holds until a moment, whatever the plan and the mode."""

    power: float
    """In kW, consumption positive."""
    until: datetime

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(data["power"], datetime.fromisoformat(data["until"]))

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {"power": self.power, "until": self.until.isoformat()}

    def holds_at(self, moment: datetime) -> bool:
        """Return whether it has not ended."""
        return moment < self.until


def setpoint(
    planned: float | None, mode: Mode, override: Override | None, moment: datetime
) -> float | None:
    """Return the power to follow at a moment, in kW; None when there is none."""
    if override and override.holds_at(moment):
        return override.power
    if mode is Mode.HOLD:
        return 0.0
    return planned if mode is Mode.AUTOMATIC else None


def action_end(
    schedule: Schedule | None, mode: Mode, override: Override | None, moment: datetime
) -> datetime | None:
    """Return until when the setpoint of a moment means the same; None if that is not known."""
    if override and override.holds_at(moment):
        return override.until
    if mode is not Mode.AUTOMATIC or not (schedule and schedule.covers(moment)):
        return None
    return schedule.action_end(moment)


def followed(
    plan: Plan, mode: Mode, override: Override | None, moment: datetime
) -> Plan:
    """Return the plan with the power that `setpoint` gives now, and would give later.

    A power that is not the plan's is there for as long as it is wanted, a day at most:
    what else ends it has to be noticed when it happens.
    """
    power = setpoint(None, mode, override, moment)
    if power is None:
        return plan if mode is Mode.AUTOMATIC else replace(plan, power=None)
    if plan.power:
        start, resolution = plan.power.slot_start(moment), plan.power.resolution
    else:
        start, resolution = moment.replace(second=0, microsecond=0), _SLOT
    length = _DAY
    if override and override.holds_at(moment):
        length = min(override.until - start, _DAY)
    slots = -(-length // resolution)
    return replace(plan, power=Schedule(start, length / slots, (power,) * slots))
