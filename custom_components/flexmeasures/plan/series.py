"""Values that follow each other in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

from ..api.models import SensorData
from .grid import resampled, slots_as_dicts


@dataclass(frozen=True, slots=True)
class Series:
    """One value per `resolution` from `start` on, None where there is none.

    The first and the last value are known. Times are UTC, so that no question
    depends on a time zone or on a change to or from daylight saving time.
    """

    start: datetime
    resolution: timedelta
    values: tuple[float | None, ...]

    @classmethod
    def from_values(
        cls, start: datetime, resolution: timedelta, values: Sequence[float | None]
    ) -> Self | None:
        """Trim unknown values at both ends; None when nothing at all is known."""
        known = [index for index, value in enumerate(values) if value is not None]
        if not known:
            return None
        first, last = known[0], known[-1]
        return cls(
            start=start.astimezone(UTC) + first * resolution,
            resolution=resolution,
            values=tuple(values[first : last + 1]),
        )

    @classmethod
    def from_data(cls, data: SensorData) -> Self | None:
        """Return the values of a sensor; None when nothing is known."""
        return cls.from_values(data.start, data.resolution, data.values)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            start=datetime.fromisoformat(data["start"]),
            resolution=timedelta(seconds=data["resolution"]),
            values=tuple(data["values"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "start": self.start.isoformat(),
            "resolution": self.resolution.total_seconds(),
            "values": list(self.values),
        }

    @property
    def end(self) -> datetime:
        """The moment from which on nothing is known."""
        return self.start + len(self.values) * self.resolution

    @property
    def duration(self) -> timedelta:
        """The time from the first slot's start to the last one's end."""
        return len(self.values) * self.resolution

    def covers(self, moment: datetime) -> bool:
        """Return whether there is a value for this moment."""
        return self.value_at(moment) is not None

    def value_at(self, moment: datetime) -> float | None:
        """Return the value of the slot that holds this moment; None when it has none."""
        index = self.index_at(moment)
        return self.values[index] if 0 <= index < len(self.values) else None

    def index_at(self, moment: datetime) -> int:
        """Return the position of the slot that holds a moment, also outside the values."""
        return (moment - self.start) // self.resolution

    def slot_start(self, moment: datetime) -> datetime:
        """Return when the slot that holds a moment starts, whether or not it has a value."""
        return self.start + self.index_at(moment) * self.resolution

    def interpolated_at(self, moment: datetime) -> float | None:
        """Return the value between those of the slots' starts on both sides of this moment.

        After the last slot's start, or before a gap, the last value that is known.
        """
        before = self.value_at(moment)
        after = self.value_at(moment + self.resolution)
        if before is None or after is None:
            return before
        return before + (after - before) * (
            (moment - self.start) % self.resolution / self.resolution
        )

    def next_boundary(self, moment: datetime) -> datetime | None:
        """Return when the running slot ends, or the first one starts; None after the end."""
        index = max(self.index_at(moment) + 1, 0)
        return (
            self.start + index * self.resolution if index <= len(self.values) else None
        )

    def next_change(self, moment: datetime) -> datetime | None:
        """Return when another value is next taken; None if that never happens."""
        value_now = self.value_at(moment)
        first = max(self.index_at(moment) + 1, 0)
        for index, value in enumerate(self.values[first:], first):
            if value is not None and value != value_now:
                return self.start + index * self.resolution
        return None

    def between(self, start: datetime, end: datetime) -> Self | None:
        """Return the slots from one boundary up to another; None if none of them has a value."""
        first = max(self.index_at(start), 0)
        last = max(self.index_at(end), 0)
        return self.from_values(
            self.start + first * self.resolution,
            self.resolution,
            self.values[first:last],
        )

    def since(self, moment: datetime) -> Self | None:
        """Return the slot that holds a moment, and those after it; None if none has a value."""
        return self.between(moment, self.end)

    def in_slots(
        self, start: datetime, duration: timedelta, resolution: timedelta
    ) -> Self | None:
        """Return a period in slots of another length: means of what is known, or repeated.

        The whole slots that fit into it; None if nothing is known.
        """
        first = self.index_at(start)
        last = -((self.start - start - duration) // self.resolution)
        values = [
            self.values[index] if 0 <= index < len(self.values) else None
            for index in range(first, last)
        ]
        skip = start - self.start - first * self.resolution
        slots = resampled(values, self.resolution, resolution, skip=skip)
        return self.from_values(start, resolution, slots[: duration // resolution])

    def as_dicts(self, time_zone: tzinfo) -> list[dict[str, Any]]:
        """Return all slots in order, with ISO times of a time zone."""
        return slots_as_dicts(self.start, self.resolution, self.values, time_zone)
