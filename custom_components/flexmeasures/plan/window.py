"""The time that a schedule is asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """Whole slots on the grid of a device's power sensor."""

    start: datetime
    resolution: timedelta
    """How long a slot is."""
    duration: timedelta
    """How long all slots are."""

    @property
    def end(self) -> datetime:
        """From when on nothing is asked for."""
        return self.start + self.duration
