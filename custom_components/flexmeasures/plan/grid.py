"""Intervals of time with a value each, and the grid they lie on."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate, pairwise, repeat
from math import gcd
from operator import add
from statistics import fmean
from typing import Any, Final

from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads_array

# An instantaneous sensor has no grid, but is read back on this one: values
# between its points would be stored and never seen again.
INSTANT_GRID: Final = timedelta(minutes=5)

PLAN_ZONE: Final = UTC
"""Schedules lie on full hours of UTC, whatever the time zone of the power sensor."""

_DAY: Final = timedelta(days=1)
_NONE: Final = timedelta(0)
_SECOND: Final = timedelta(seconds=1)


def slots_as_dicts(
    start: datetime,
    resolution: timedelta,
    values: Sequence[float | None],
    time_zone: tzinfo,
) -> list[dict[str, Any]]:
    """Return ``{start, end, value}`` of values that follow each other from `start` on.

    The times are ISO texts with the offset that the time zone has at that moment.
    """
    boundaries = slot_starts(start, len(values) + 1, resolution, time_zone)
    # A plan can have thousands of slots, and orjson writes times several times
    # faster than Python does.
    times = json_loads_array(
        json_bytes([boundary.astimezone(time_zone) for boundary in boundaries])
    )
    return [
        {"start": start, "end": end, "value": value}
        for (start, end), value in zip(pairwise(times), values, strict=True)
    ]


def floor_to_grid(
    moment: datetime, resolution: timedelta, time_zone: tzinfo
) -> datetime:
    """Return the start of the interval that holds a moment, on the grid of a time zone's days.

    FlexMeasures stores on the grid of the time zone in which a time is written, and
    that is the sensor's: full hours are full hours in most zones, but a day starts at
    local midnight, and an hour in Kolkata at half past. What it plans lies on that of
    `PLAN_ZONE`. In UTC.
    """
    local = moment.astimezone(time_zone)
    midnight = local.replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    ).astimezone(UTC)
    if resolution >= timedelta(days=1):
        return midnight  # The day may have 25 hours.
    return midnight + (moment - midnight) // resolution * resolution


def slot_starts(
    start: datetime, count: int, resolution: timedelta, time_zone: tzinfo
) -> list[datetime]:
    """Return when slots begin that follow each other; days at the same local time.

    In UTC.
    """
    if resolution % _DAY != _NONE:
        return list(accumulate(repeat(resolution, count - 1), add, initial=start))
    local = start.astimezone(time_zone)
    # Arithmetic in one time zone is that of a wall clock.
    return [(local + index * resolution).astimezone(UTC) for index in range(count)]


def even_runs(
    start: datetime, count: int, resolution: timedelta, time_zone: tzinfo
) -> Iterator[tuple[datetime, int]]:
    """Divide slots that follow each other into runs of the same length each.

    One request can only be about such a run: the server counts on from its start, and
    so misses a day that begins 23 or 25 hours after the last one. Yield when each run
    begins, and of how many slots it is.
    """
    starts = slot_starts(start, count, resolution, time_zone)
    first = 0
    for index in range(1, count + 1):
        if index == count or starts[index] - starts[index - 1] != resolution:
            yield starts[first], index - first
            first = index


def reading_step(
    start: datetime, duration: timedelta, resolution: timedelta, time_zone: tzinfo
) -> timedelta:
    """Return the longest step that all values of a period can be read with.

    Mostly the resolution. Where the time zone is not ahead of UTC by whole slots,
    values may lie on its grid or on that of UTC, depending on who stored them, and on
    the wrong grid nothing is read.
    """
    if resolution % _DAY == _NONE:
        return resolution
    offsets = [
        moment.astimezone(time_zone).utcoffset() or _NONE
        for moment in (start, start + duration)
    ]
    return gcd(*(part // _SECOND for part in (resolution, *offsets))) * _SECOND


def local_midnight(moment: datetime, *, days_later: int = 0) -> datetime:
    """Return the start of a moment's day, or of a later one, where Home Assistant is.

    In UTC.
    """
    day = dt_util.as_local(moment).date() + timedelta(days=days_later)
    return dt_util.as_utc(dt_util.start_of_local_day(day))


def ceil_to_slots(duration: timedelta, resolution: timedelta) -> timedelta:
    """Return the shortest whole number of slots that holds a duration."""
    return -(-duration // resolution) * resolution


def whole_slots(
    start: datetime, duration: timedelta, resolution: timedelta, time_zone: tzinfo
) -> tuple[datetime, timedelta]:
    """Return the slots that a period touches: where the first starts, and how long all are.

    A day counts for 24 hours.
    """
    first = floor_to_grid(start, resolution, time_zone)
    # Not by the wall clock, as Python adds to a local time.
    end = start.astimezone(UTC) + duration
    if resolution % _DAY == _NONE:
        # By the wall clock, which is one hour off where days have 23 or 25.
        start, end = first.astimezone(time_zone), end.astimezone(time_zone)
        return first, ceil_to_slots(
            end.replace(tzinfo=None) - start.replace(tzinfo=None), resolution
        )
    return first, ceil_to_slots(end - first, resolution)


def resampled(
    values: Sequence[float | None],
    resolution: timedelta,
    wanted: timedelta,
    *,
    skip: timedelta = timedelta(0),
) -> list[float | None]:
    """Return values of another resolution, from `skip` after their start on: means, or repeated.

    Only whole slots come back; a slot of which a part is unknown is the mean of the
    rest. Not left to the server, which puts the grid of its own resampling at the
    first value that it has, and then finds nothing on the grid that was asked for.
    """
    parts = (resolution, wanted, skip)
    step = gcd(*(part // _SECOND for part in parts)) * _SECOND
    fine = [value for value in values for _ in range(resolution // step)]
    size = wanted // step
    means: list[float | None] = []
    for first in range(skip // step, len(fine) - size + 1, size):
        known = [value for value in fine[first : first + size] if value is not None]
        means.append(fmean(known) if known else None)
    return means
