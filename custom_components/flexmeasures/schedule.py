"""A schedule as a value: what power is planned for a device, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

from .slots import slots_as_dicts


@dataclass(frozen=True, slots=True)
class Schedule:
    """Planned power from `start` on, one value per `resolution`.

    Values are in kW, consumption positive, None where nothing is planned; the
    first and the last are known. Times are UTC, so that no question depends on
    a time zone or on a change to or from daylight saving time.
    """

    start: datetime
    resolution: timedelta
    values: tuple[float | None, ...]

    @classmethod
    def from_values(
        cls, start: datetime, resolution: timedelta, values: Sequence[float | None]
    ) -> Self | None:
        """Trim unplanned slots at both ends; None when nothing at all is planned."""
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
        """The moment from which on nothing is planned."""
        return self.start + len(self.values) * self.resolution

    @property
    def duration(self) -> timedelta:
        """The time from the first slot's start to the last one's end."""
        return len(self.values) * self.resolution

    def covers(self, moment: datetime) -> bool:
        """Whether a power is planned for this moment."""
        return self.power_at(moment) is not None

    def power_at(self, moment: datetime) -> float | None:
        """The power planned for this moment, in kW; None when none is."""
        index = self._index(moment)
        return self.values[index] if 0 <= index < len(self.values) else None

    def next_boundary(self, moment: datetime) -> datetime | None:
        """When the slot running at this moment ends, or the first one starts; None after the end."""
        index = max(self._index(moment) + 1, 0)
        return (
            self.start + index * self.resolution if index <= len(self.values) else None
        )

    def next_change(self, moment: datetime) -> datetime | None:
        """When the planned power next takes another value; None if it never does."""
        power = self.power_at(moment)
        first = max(self._index(moment) + 1, 0)
        for index, value in enumerate(self.values[first:], first):
            if value is not None and value != power:
                return self.start + index * self.resolution
        return None

    def between(self, start: datetime, end: datetime) -> Self | None:
        """The slots from one boundary up to another; None if none of them is planned."""
        first = max(self._index(start), 0)
        last = max(self._index(end), 0)
        return self.from_values(
            self.start + first * self.resolution,
            self.resolution,
            self.values[first:last],
        )

    def as_dicts(self, time_zone: tzinfo) -> list[dict[str, Any]]:
        """All slots in order, with ISO times of a time zone; values in kW."""
        return slots_as_dicts(self.start, self.resolution, self.values, time_zone)

    def _index(self, moment: datetime) -> int:
        """The position of the slot that holds this moment; outside the values before and after."""
        return (moment - self.start) // self.resolution
