"""The action that reads the values of FlexMeasures sensors."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse

from ..action_errors import translated_errors
from ..api.client import FlexMeasuresApi
from ..api.concurrency import together
from ..api.models import Sensor, SensorData
from ..feeds.feed import Feed
from ..plan.grid import INSTANT_GRID, even_runs, reading_step, whole_slots
from ..plan.series import Series
from .calls import about_sensor, account_of, answered_slots, response
from .fields import (
    ATTR_DURATION,
    ATTR_END,
    ATTR_MEASUREMENTS,
    ATTR_PRIOR,
    ATTR_RESOLUTION,
    ATTR_SENSOR,
    ATTR_SENSORS,
    ATTR_SOURCE_TYPE,
    ATTR_START,
    ATTR_UNIT,
)
from .targets import Target, feeds_of, for_each, is_chosen


async def get_measurements(call: ServiceCall) -> ServiceResponse:
    """Return the values of a period, of one sensor, of several or of feeds."""
    if is_chosen(call):
        return await _of_feeds(call)
    entry = account_of(call)
    api = entry.runtime_data.api
    several: list[int] | None = call.data.get(ATTR_SENSORS)
    if several is None:
        async with translated_errors(call.hass, entry):
            return await _values_of(api, call.data[ATTR_SENSOR], call.data)

    async def values_of(sensor_id: int) -> dict[str, Any]:
        with about_sensor(sensor_id):
            async with translated_errors(call.hass, entry):
                values = await _values_of(api, sensor_id, call.data)
        return {ATTR_SENSOR: sensor_id, **values}

    return {ATTR_SENSORS: await together(*map(values_of, several))}


async def _of_feed(call: ServiceCall, feed: Target[Feed]) -> ServiceResponse:
    async with translated_errors(call.hass, feed.entry):
        return await _values_of(
            feed.entry.runtime_data.api, feed.part.settings.sensor, call.data
        )


_of_feeds = for_each(feeds_of, _of_feed)


async def _values_of(
    api: FlexMeasuresApi, sensor_id: int, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of a sensor that an action wants, as a response."""
    sensor = await api.get_sensor(sensor_id)
    zone = sensor.time_zone
    start: datetime = wanted[ATTR_START]
    end: datetime | None = wanted.get(ATTR_END)
    resolution: timedelta | None = wanted.get(ATTR_RESOLUTION)
    # An instantaneous sensor is read as finely as it is wanted.
    own = sensor.resolution or min(INSTANT_GRID, resolution or INSTANT_GRID)
    slot = resolution or own
    first, length = answered_slots(
        start,
        end - start if end else wanted[ATTR_DURATION],
        slot,
        own=own,
        time_zone=zone,
    )
    own_first, own_length = whole_slots(first, length, own, zone)
    step = reading_step(own_first, own_length, own, zone)
    runs = [
        await _read(api, sensor, wanted, start=start, step=step, count=count)
        for start, count in even_runs(own_first, own_length // step, step, zone)
    ]
    data = [run for run in runs if run]
    series = [part for run in data if (part := Series.from_data(run))]
    if slot != step:
        slots = [
            part.in_slots(max(first, run.start), length, slot)
            for run, part in zip(data, series, strict=False)
        ]
        series = [part for part in slots if part]
    return response(series, ATTR_MEASUREMENTS, data[0].unit if data else sensor.unit)


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
