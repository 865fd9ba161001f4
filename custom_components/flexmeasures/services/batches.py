"""How values are divided into what single requests can store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..api.models import Sensor
from ..const import DOMAIN
from ..local_format import short_time
from ..plan.grid import INSTANT_GRID, even_runs, floor_to_grid, slot_starts
from .fields import ATTR_DURATION, ATTR_START, ATTR_VALUE, ATTR_VALUES

_NONE: Final = timedelta(0)
_SECOND: Final = timedelta(seconds=1)

# Intervals without a value that a request may hold, so that values with some time
# between them need no request each.
_LONGEST_GAP: Final = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """Values that follow each other evenly from `start` on; None leaves a gap."""

    start: datetime
    interval: timedelta
    """Zero: one value at an instant."""
    values: Sequence[float | None]

    @property
    def duration(self) -> timedelta:
        """The time that all values fill."""
        return self.interval * len(self.values)

    @property
    def end(self) -> datetime:
        """When the last value ends."""
        return self.start + self.duration

    def timed(self) -> Iterator[tuple[datetime, float]]:
        """Return each value that there is, with its start."""
        for index, value in enumerate(self.values):
            if value is not None:
                yield self.start + index * self.interval, value


def batches_of(sensor: Sensor, data: Mapping[str, Any]) -> list[Batch]:
    """Return what an action wants to be stored in a sensor, in the order of time.

    Raises ServiceValidationError.
    """
    if says_times(data[ATTR_VALUES]):
        return _batches_at_times(sensor, data[ATTR_VALUES])
    return _even_batches(sensor, data)


def says_times(values: Sequence[Any]) -> bool:
    """Return whether values have a time each, of those that the schema lets through."""
    return isinstance(values[0], dict)


def _even_batches(sensor: Sensor, data: Mapping[str, Any]) -> list[Batch]:
    """Divide values that follow each other; by default up to now."""
    values: list[float | None] = data[ATTR_VALUES]
    duration: timedelta = data.get(ATTR_DURATION, sensor.resolution * len(values))
    if not duration and len(values) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="several_values_at_one_instant",
            translation_placeholders={"values": str(len(values))},
        )
    start: datetime = data.get(ATTR_START) or _last_intervals(sensor, duration)
    interval = duration / len(values)
    batches: list[Batch] = []
    first = 0
    for moment, count in even_runs(start, len(values), interval, sensor.time_zone):
        batches.append(Batch(moment, interval, values[first : first + count]))
        first += count
    return batches


def _last_intervals(sensor: Sensor, duration: timedelta) -> datetime:
    """Return the start of the last whole intervals that ended by now."""
    grid = sensor.resolution or INSTANT_GRID
    running = floor_to_grid(dt_util.utcnow(), grid, sensor.time_zone)
    return slot_starts(running, 2, -duration, sensor.time_zone)[-1]


def _batches_at_times(
    sensor: Sensor, items: Sequence[Mapping[str, Any]]
) -> list[Batch]:
    """Divide values that each hold for the interval that their time is in, or at an instant."""
    values: dict[datetime, float | None] = {}
    for item in items:
        moment: datetime = item[ATTR_START]
        if sensor.resolution:
            moment = floor_to_grid(moment, sensor.resolution, sensor.time_zone)
        if moment in values:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="several_values_for_one_time",
                translation_placeholders={
                    "field": ATTR_VALUES,
                    "time": short_time(moment),
                },
            )
        values[moment] = item[ATTR_VALUE]
    moments = sorted(values)
    if sensor.resolution:
        return _batches_of_intervals(moments, values, sensor.resolution)
    return _batches_of_instants(moments, values)


def _batches_of_intervals(
    moments: Sequence[datetime],
    values: Mapping[datetime, float | None],
    interval: timedelta,
) -> list[Batch]:
    runs: list[tuple[datetime, list[float | None]]] = [
        (moments[0], [values[moments[0]]])
    ]
    for before, moment in pairwise(moments):
        steps, rest = divmod(moment - before, interval)
        # A day may begin 23 or 25 hours after the last one.
        if rest or steps > _LONGEST_GAP:
            runs.append((moment, []))
            steps = 1
        runs[-1][1].extend([*[None] * (steps - 1), values[moment]])
    return [Batch(start, interval, run) for start, run in runs]


def _batches_of_instants(
    moments: Sequence[datetime], values: Mapping[datetime, float | None]
) -> list[Batch]:
    """Join instants that are evenly apart, by whole seconds as requests are about those."""
    batches: list[Batch] = []
    while moments:
        step = moments[1] - moments[0] if len(moments) > 1 else _NONE
        count = 1
        if not step % _SECOND:
            while count < len(moments) and moments[count] - moments[count - 1] == step:
                count += 1
        run = [values[moment] for moment in moments[:count]]
        batches.append(Batch(moments[0], step if count > 1 else _NONE, run))
        moments = moments[count:]
    return batches
