"""What a follower has decided, and what of it has to survive a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from ..device.store import AccountStore
from .targets import Write

_KEPT_FOR: Final = timedelta(days=1)
_MOST_KEPT: Final = 200


class Why(StrEnum):
    """Why something was decided."""

    PLAN = "plan"
    OVERRIDE = "override"
    HOLD = "hold"
    NO_PLAN = "no_plan"
    MODE_OFF = "mode_off"
    BY_HAND = "by_hand"
    """The user has changed what was written: that is left for a while."""
    HANDED_BACK = "handed_back"
    STOPPED = "stopped"
    """Home Assistant or the account was stopped, or the device's settings were changed."""


RESTING: Final = (Why.HANDED_BACK, Why.STOPPED)
"""Why something is told to rest that is not followed any more."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was written, or would have been, and why."""

    moment: datetime
    setpoint: float | None
    """In kW; None without one."""
    why: Why
    writes: tuple[Write, ...]
    is_dry: bool
    """Whether it was only said."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            datetime.fromisoformat(data["moment"]),
            data["setpoint"],
            Why(data["why"]),
            tuple(Write(each["entity"], each["value"]) for each in data["writes"]),
            data["is_dry"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "moment": self.moment.isoformat(),
            "setpoint": self.setpoint,
            "why": self.why.value,
            "writes": [
                {"entity": each.entity_id, "value": each.value} for each in self.writes
            ],
            "is_dry": self.is_dry,
        }


@dataclass(slots=True)
class FollowerMemory:
    """Is stored with the device."""

    is_in_control: bool = False
    """Whether anything is written at all."""
    in_control_of: str | None = None
    """By the id of the settings that control was handed over with."""
    by_hand_until: datetime | None = None
    owes_rest: bool = False
    """Whether it was handed back, and does not rest yet."""
    decisions: list[Decision] = field(default_factory=list)
    """Of the last day, the oldest first."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        until = data["by_hand_until"]
        return cls(
            data["is_in_control"],
            data["in_control_of"],
            datetime.fromisoformat(until) if until else None,
            data.get("owes_rest", False),
            [Decision.from_json(decision) for decision in data["decisions"]],
        )

    @classmethod
    def restored(cls, store: AccountStore, power_sensor: int, settings_id: str) -> Self:
        """Return what was before the restart; whatever else is followed by is looked at first."""
        memory = store.restored(
            power_sensor,
            lambda stored: (
                cls.from_json(stored["follower"]) if "follower" in stored else cls()
            ),
            cls(),
        )
        if memory.in_control_of != settings_id:
            memory.is_in_control = memory.owes_rest = False
        return memory

    def end_hand_by(self, latest: datetime) -> None:
        """Leave what was done by hand no longer: a clock may have been set back."""
        if self.by_hand_until:
            self.by_hand_until = min(self.by_hand_until, latest)

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "is_in_control": self.is_in_control,
            "in_control_of": self.in_control_of,
            "by_hand_until": self.by_hand_until and self.by_hand_until.isoformat(),
            "owes_rest": self.owes_rest,
            "decisions": [decision.as_json() for decision in self.decisions],
        }

    def note(self, decision: Decision) -> None:
        """Keep a decision, and those of a day before it."""
        kept: Iterable[Decision] = (
            each for each in self.decisions if decision.moment - each.moment < _KEPT_FOR
        )
        self.decisions = [*kept, decision][-_MOST_KEPT:]
