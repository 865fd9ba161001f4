"""Who follows a device, as the user has set it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from .target_kinds import target_from
from .targets import Target

DEFAULT_DEADBAND: Final = 0.1
DEFAULT_PAUSE: Final = timedelta(seconds=30)
DEFAULT_RESPECT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FollowerSettings:
    """What is written to, and how often."""

    id: str
    """Another one whenever something else is chosen to follow; a rename leaves it."""
    target: Target
    deadband: float
    """In kW: by less, the setpoint is the same, unless its direction changes."""
    pause: timedelta
    """The shortest time between two writes, unless the direction changes."""
    respect: timedelta
    """How long what the user does by hand is left."""

    @classmethod
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        """Read what the form has made."""
        return cls(
            data["id"],
            target_from(data),
            data["deadband"],
            timedelta(seconds=data["pause"]),
            timedelta(seconds=data["respect"]),
        )
