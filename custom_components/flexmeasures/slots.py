"""Intervals of time with a value each, and the grid they lie on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any


@dataclass(frozen=True, slots=True)
class Slot:
    """One interval and its value; None where there is none."""

    start: datetime
    end: datetime
    value: float | None


def slots_of(
    start: datetime, resolution: timedelta, values: Iterable[float | None]
) -> Iterator[Slot]:
    """Values one after the other from `start` on."""
    for value in values:
        end = start + resolution
        yield Slot(start, end, value)
        start = end


def slots_as_dicts(slots: Iterable[Slot], time_zone: tzinfo) -> list[dict[str, Any]]:
    """``{start, end, value}`` with ISO times in the offset that holds at that moment."""
    return [
        {
            "start": slot.start.astimezone(time_zone).isoformat(),
            "end": slot.end.astimezone(time_zone).isoformat(),
            "value": slot.value,
        }
        for slot in slots
    ]


def floor_to_grid(
    moment: datetime, resolution: timedelta, time_zone: tzinfo
) -> datetime:
    """The start of the interval that holds a moment, on the grid of a time zone's days.

    FlexMeasures plans and stores on the grid of the sensor's time zone: full hours
    are full hours in most zones, but a day starts at local midnight, and an hour in
    Kolkata at half past. Returns UTC.
    """
    local = moment.astimezone(time_zone)
    midnight = local.replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    ).astimezone(UTC)
    if resolution >= timedelta(days=1):
        return midnight  # The day may have 25 hours.
    return midnight + (moment - midnight) // resolution * resolution


def ceil_to_slots(duration: timedelta, resolution: timedelta) -> timedelta:
    """The shortest whole number of slots that holds a duration."""
    return -(-duration // resolution) * resolution


def whole_slots(
    start: datetime, duration: timedelta, resolution: timedelta, time_zone: tzinfo
) -> tuple[datetime, timedelta]:
    """The slots that a period touches: where the first starts, and how long all are."""
    first = floor_to_grid(start, resolution, time_zone)
    return first, ceil_to_slots(start - first + duration, resolution)
