"""The time that a schedule is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from ..api.models import Sensor
from .grid import PLAN_ZONE, ceil_to_slots, floor_to_grid
from .horizon import longest_plan


@dataclass(frozen=True, slots=True)
class Window:
    """Whole slots on the grid of a device's power sensor."""

    start: datetime
    resolution: timedelta
    """How long a slot is."""
    duration: timedelta
    """How long all slots are."""

    @classmethod
    def from_moment(cls, moment: datetime, duration: timedelta, sensor: Sensor) -> Self:
        """Return the slots of a power sensor from the one that holds a moment on."""
        resolution = sensor.slot_length
        return cls(
            floor_to_grid(moment, resolution, PLAN_ZONE),
            resolution,
            ceil_to_slots(duration, resolution),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            datetime.fromisoformat(data["start"]),
            timedelta(seconds=data["resolution"]),
            timedelta(seconds=data["duration"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage; durations in seconds."""
        return {
            "start": self.start.isoformat(),
            "resolution": self.resolution.total_seconds(),
            "duration": self.duration.total_seconds(),
        }

    def reaching(self, moment: datetime) -> Window:
        """Return as many more slots as it takes to reach a moment, and the server plans."""
        longest = longest_plan(self.resolution)
        needed = ceil_to_slots(moment - self.start, self.resolution)
        if needed > longest:
            needed = longest // self.resolution * self.resolution
        return replace(self, duration=max(self.duration, needed))

    @property
    def end(self) -> datetime:
        """From when on nothing is asked for."""
        return self.start + self.duration
