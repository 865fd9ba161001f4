"""The actions that store values in FlexMeasures sensors, and read them."""

from datetime import datetime, timedelta

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..action_errors import translated_errors
from ..api.durations import iso_duration
from ..api.models import Sensor, SensorData
from ..const import DOMAIN
from ..plan.grid import INSTANT_GRID, floor_to_grid, whole_slots
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
    start: datetime | None = call.data.get(ATTR_START)
    duration: timedelta | None = call.data.get(ATTR_DURATION)
    async with translated_errors(call.hass, entry):
        if start is None or duration is None:
            sensor = await api.get_sensor(call.data[ATTR_SENSOR])
            duration = sensor.resolution * len(values) if duration is None else duration
            start = start or _last_interval(sensor, duration)
        if not duration and len(values) > 1:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="several_values_at_one_instant",
                translation_placeholders={"values": str(len(values))},
            )
        posted = await api.post_data(
            call.data[ATTR_SENSOR],
            start=start,
            duration=duration,
            values=values,
            unit=call.data[ATTR_UNIT],
            prior=call.data.get(ATTR_PRIOR),
        )
    return {
        "status": posted.status.lower(),
        "job": posted.job,
        ATTR_SENSOR: call.data[ATTR_SENSOR],
        ATTR_START: dt_util.as_local(start).isoformat(),
        ATTR_DURATION: iso_duration(duration),
        ATTR_VALUES: list(values),
        ATTR_UNIT: call.data[ATTR_UNIT],
    }


async def get_measurements(call: ServiceCall) -> ServiceResponse:
    """Return the values of a period."""
    entry = account_of(call)
    api = entry.runtime_data.api
    resolution: timedelta | None = call.data.get(ATTR_RESOLUTION)
    source_type: str | None = call.data.get(ATTR_SOURCE_TYPE)
    async with translated_errors(call.hass, entry):
        sensor = await api.get_sensor(call.data[ATTR_SENSOR])
        # An instantaneous sensor is read as finely as it is wanted.
        own = sensor.resolution or min(INSTANT_GRID, resolution or INSTANT_GRID)
        wanted = resolution or own
        first, length = answered_slots(
            call.data[ATTR_START],
            call.data[ATTR_DURATION],
            wanted,
            own=own,
            time_zone=sensor.time_zone,
        )
        own_first, own_length = whole_slots(first, length, own, sensor.time_zone)

        async def read(source_type: str | None) -> SensorData | None:
            return await api.get_data(
                sensor.id,
                start=own_first,
                duration=own_length,
                unit=call.data.get(ATTR_UNIT, sensor.unit),
                resolution=None if sensor.resolution else own,
                source_type=source_type,
                prior=call.data.get(ATTR_PRIOR),
            )

        # What a user or a device posted comes before what a scheduler or forecaster
        # wrote to the same sensor: asked for both, the server may return either.
        data = await read(source_type or "user")
        if data is None and source_type is None:
            data = await read(None)
    if data is None:
        return response(None, "measurements", sensor.unit)
    series = Series.from_data(data)
    if series and wanted != own:
        series = series.in_slots(first, length, wanted)
    return response(series, "measurements", data.unit)


def _last_interval(sensor: Sensor, duration: timedelta) -> datetime:
    """Return the start of the last whole intervals of measurements that ended by now."""
    grid = sensor.resolution or INSTANT_GRID
    return floor_to_grid(dt_util.utcnow(), grid, sensor.time_zone) - duration
