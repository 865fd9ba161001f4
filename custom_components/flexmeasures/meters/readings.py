"""What was measured of FlexMeasures sensors, or is forecast, as intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from homeassistant.core import HomeAssistant

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.concurrency import together
from ..api.models import Sensor, SensorData
from ..plan.grid import (
    INSTANT_GRID,
    ceil_to_slots,
    even_runs,
    reading_step,
    slot_starts,
    whole_slots,
)
from .intervals import Interval

# Whose values are no measurements.
_PLANNERS: Final = ("forecaster", "scheduler")
_FORECASTER: Final = "forecaster"

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """A FlexMeasures sensor, and who has measured it."""

    sensor: Sensor
    measured_by: tuple[str | int, ...]
    """The types of the data sources, the newest first; the id of one whose type is not told."""
    since: datetime | None
    """Of the first value; None if there is none."""

    @property
    def step(self) -> timedelta:
        """How far apart values are at the least."""
        return self.sensor.resolution or INSTANT_GRID


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server holds of a period, by one of those who write it."""

    data: Sequence[SensorData]
    step: timedelta
    """How far apart the values are."""


@dataclass(slots=True)
class SensorReader:
    """Reads the sensors of an account."""

    hass: HomeAssistant
    api: FlexMeasuresApi
    catalogue: AccountCatalogue
    _types: dict[int, str] = field(default_factory=dict)

    async def async_source(self, sensor_id: int) -> Source:
        """Return a sensor and who has measured it; raises FlexMeasuresError.

        The server mixes measurements with forecasts of the same time, unless it is
        asked for the one or the other.
        """
        sensor = await self.catalogue.async_renew_sensor(sensor_id)
        recorded = await self.api.get_recorded(sensor_id)
        if not {each.source for each in recorded} <= self._types.keys():
            self._types = await self.api.get_source_types()
        measured = [
            each
            for each in sorted(
                recorded, key=lambda each: each.recorded_at, reverse=True
            )
            if self._types.get(each.source) not in _PLANNERS
        ]
        # Of several of a type the server itself says which is the newest.
        measured_by = dict.fromkeys(
            self._types.get(each.source, each.source) for each in measured
        )
        return Source(
            sensor=sensor,
            measured_by=tuple(measured_by),
            since=min((each.start for each in measured), default=None),
        )

    async def async_measured(
        self, source: Source, start: datetime, end: datetime
    ) -> list[Interval]:
        """Return the values that overlap a period, in the sensor's unit.

        Raises FlexMeasuresError.
        """
        answers = [
            await self._async_read(
                source.sensor,
                start,
                end,
                source=measured_by if isinstance(measured_by, int) else None,
                source_type=measured_by if isinstance(measured_by, str) else None,
                since=source.since,
            )
            for measured_by in reversed(source.measured_by)
        ]
        return await self._async_intervals(source.sensor, answers)

    async def async_forecast(
        self, source: Source, start: datetime, end: datetime
    ) -> list[Interval]:
        """Return what the server forecasts from a moment on; raises FlexMeasuresError.

        Else what someone has stored of what is still to come.
        """
        answer = await self._async_read(
            source.sensor, start, end, source_type=_FORECASTER
        )
        forecast = await self._async_intervals(source.sensor, [answer])
        return forecast or await self.async_measured(source, start, end)

    async def async_expected(
        self, sensor: Sensor, start: datetime, end: datetime
    ) -> list[Interval]:
        """Return what the server forecasts of a period, else the newest value of anybody.

        Raises FlexMeasuresError.
        """
        answers = await together(
            self._async_read(sensor, start, end),
            self._async_read(sensor, start, end, source_type=_FORECASTER),
        )
        return await self._async_intervals(sensor, answers)

    async def _async_intervals(
        self, sensor: Sensor, answers: Sequence[_Answer]
    ) -> list[Interval]:
        """Return the intervals of answers in another thread: there may be thousands."""
        return await self.hass.async_add_executor_job(_intervals, sensor, answers)

    async def _async_read(
        self,
        sensor: Sensor,
        start: datetime,
        end: datetime,
        *,
        source: int | None = None,
        source_type: str | None = None,
        since: datetime | None = None,
    ) -> _Answer:
        resolution = sensor.resolution or INSTANT_GRID
        zone = sensor.time_zone
        first, length = _slots(sensor, start, end, since)
        step = reading_step(first, length, resolution, zone)
        found: list[SensorData] = []
        for run_start, count in even_runs(first, length // step, step, zone):
            data = await self.api.get_data(
                sensor.id,
                start=run_start,
                duration=step * count,
                unit=sensor.unit,
                # For its own resolution the server need not resample.
                resolution=None if step == sensor.resolution else step,
                source=source,
                source_type=source_type,
            )
            if data is None:
                return _Answer((), step)
            found.append(data)
        return _Answer(found, step)


def _slots(
    sensor: Sensor, start: datetime, end: datetime, since: datetime | None
) -> tuple[datetime, timedelta]:
    """Return the slots that a period touches: where the first starts, and how long all are.

    Those of several days, like weeks, lie on no grid but that of the first value.
    """
    resolution = sensor.resolution or INSTANT_GRID
    if resolution <= _DAY or since is None:
        return whole_slots(start, end - start, resolution, sensor.time_zone)
    # Arithmetic in one time zone is that of a wall clock.
    anchor, first, last = (
        each.astimezone(sensor.time_zone) for each in (since, start, end)
    )
    first = anchor + (first - anchor) // resolution * resolution
    return first.astimezone(UTC), ceil_to_slots(last - first, resolution)


def _intervals(sensor: Sensor, answers: Iterable[_Answer]) -> list[Interval]:
    """Return the intervals in the order of time; later answers go before earlier ones."""
    found = {
        each.start: each
        for answer in answers
        for data in answer.data
        for each in _known(sensor, data, answer.step)
    }
    return sorted(found.values())


def _known(sensor: Sensor, data: SensorData, step: timedelta) -> list[Interval]:
    """Return the known values of an answer; a day of the sensor's may have 23 or 25 hours."""
    count = len(data.values) + 1
    if step % _DAY:
        start, length = int(data.start.timestamp()), int(step.total_seconds())
        starts: Sequence[int] = range(start, start + count * length, length)
    else:
        starts = [
            int(moment.timestamp())
            for moment in slot_starts(data.start, count, step, sensor.time_zone)
        ]
    return [
        Interval(first, end, value)
        for (first, end), value in zip(pairwise(starts), data.values, strict=True)
        if value is not None
    ]


def moment(seconds: int) -> datetime:
    """Return a time of an interval."""
    return datetime.fromtimestamp(seconds, UTC)
