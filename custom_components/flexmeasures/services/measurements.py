"""The actions that store values in FlexMeasures sensors, and read them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..action_errors import translated_errors
from ..api.client import FlexMeasuresApi
from ..api.durations import iso_duration
from ..api.models import Sensor, SensorData
from ..const import DOMAIN
from ..plan.grid import (
    INSTANT_GRID,
    even_runs,
    floor_to_grid,
    reading_step,
    slot_starts,
    whole_slots,
)
from ..plan.series import Series
from .calls import account_of, answered_slots, response
from .schemas import (
    ATTR_DURATION,
    ATTR_PRIOR,
    ATTR_RESOLUTION,
    ATTR_SENSOR,
    ATTR_SOURCE_TYPE,
    ATTR_START,
    ATTR_UNIT,
    ATTR_VALUES,
)


async def post_measurements(call: ServiceCall) -> ServiceResponse:
    """Store values; by default those of the last intervals that have ended."""
    entry = account_of(call)
    api = entry.runtime_data.api
    values: list[float | None] = call.data[ATTR_VALUES]
    async with translated_errors(call.hass, entry):
        sensor = await api.get_sensor(call.data[ATTR_SENSOR])
        duration: timedelta = call.data.get(
            ATTR_DURATION, sensor.resolution * len(values)
        )
        start: datetime = call.data.get(ATTR_START) or _last_intervals(sensor, duration)
        if not duration and len(values) > 1:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="several_values_at_one_instant",
                translation_placeholders={"values": str(len(values))},
            )
        first, interval = 0, duration / len(values)
        for moment, count in even_runs(start, len(values), interval, sensor.time_zone):
            posted = await api.post_data(
                sensor,
                start=moment,
                duration=interval * count,
                values=values[first : first + count],
                unit=call.data[ATTR_UNIT],
                prior=call.data.get(ATTR_PRIOR),
            )
            first += count
    return {
        "status": posted.status.lower(),
        "job": posted.job,
        ATTR_SENSOR: sensor.id,
        ATTR_START: dt_util.as_local(start).isoformat(),
        ATTR_DURATION: iso_duration(duration),
        ATTR_VALUES: list(values),
        ATTR_UNIT: call.data[ATTR_UNIT],
    }


async def get_measurements(call: ServiceCall) -> ServiceResponse:
    """Return the values of a period."""
    entry = account_of(call)
    api = entry.runtime_data.api
    async with translated_errors(call.hass, entry):
        sensor = await api.get_sensor(call.data[ATTR_SENSOR])
        zone = sensor.time_zone
        resolution: timedelta | None = call.data.get(ATTR_RESOLUTION)
        # An instantaneous sensor is read as finely as it is wanted.
        own = sensor.resolution or min(INSTANT_GRID, resolution or INSTANT_GRID)
        wanted = resolution or own
        first, length = answered_slots(
            call.data[ATTR_START],
            call.data[ATTR_DURATION],
            wanted,
            own=own,
            time_zone=zone,
        )
        own_first, own_length = whole_slots(first, length, own, zone)
        step = reading_step(own_first, own_length, own, zone)
        runs = [
            await _read(api, sensor, call.data, start=start, step=step, count=count)
            for start, count in even_runs(own_first, own_length // step, step, zone)
        ]
    data = [run for run in runs if run]
    series = [part for run in data if (part := Series.from_data(run))]
    if wanted != step:
        slots = [
            part.in_slots(max(first, run.start), length, wanted)
            for run, part in zip(data, series, strict=False)
        ]
        series = [part for part in slots if part]
    return response(series, "measurements", data[0].unit if data else sensor.unit)


async def _read(
    api: FlexMeasuresApi,
    sensor: Sensor,
    wanted: Mapping[str, Any],
    *,
    start: datetime,
    step: timedelta,
    count: int,
) -> SensorData | None:
    """Return some values of a sensor, from the source that an action wants."""

    async def read(source_type: str | None) -> SensorData | None:
        return await api.get_data(
            sensor.id,
            start=start,
            duration=step * count,
            unit=wanted.get(ATTR_UNIT, sensor.unit),
            # For its own resolution the server need not resample.
            resolution=None if step == sensor.resolution else step,
            source_type=source_type,
            prior=wanted.get(ATTR_PRIOR),
        )

    # What a user or a device posted comes before what a scheduler or forecaster
    # wrote to the same sensor: asked for both, the server may return either.
    if source_type := wanted.get(ATTR_SOURCE_TYPE):
        return await read(source_type)
    return await read("user") or await read(None)


def _last_intervals(sensor: Sensor, duration: timedelta) -> datetime:
    """Return the start of the last whole intervals that ended by now."""
    grid = sensor.resolution or INSTANT_GRID
    running = floor_to_grid(dt_util.utcnow(), grid, sensor.time_zone)
    return slot_starts(running, 2, -duration, sensor.time_zone)[-1]
