"""Actions: make one call, shape the response, and say what went wrong."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID, UnitOfPower
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
)
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..action_errors import check_future, translated_errors
from ..api.durations import iso_duration
from ..api.models import Sensor, SensorData
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from ..device.setpoint import Override
from ..device.settings import SOC_AT_START
from ..plan.grid import INSTANT_GRID, floor_to_grid, whole_slots
from ..plan.schedule import Schedule
from ..scheduling.request import ScheduleRequest
from .resource_managers import change_control_type, send_instruction
from .schemas import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DURATION,
    ATTR_FLEX_CONTEXT,
    ATTR_FLEX_MODEL,
    ATTR_FORCE,
    ATTR_POWER,
    ATTR_PRIOR,
    ATTR_RESOLUTION,
    ATTR_SENSOR,
    ATTR_SOC_AT_START,
    ATTR_SOC_TARGETS,
    ATTR_SOURCE_TYPE,
    ATTR_START,
    ATTR_UNIT,
    ATTR_UNTIL,
    ATTR_VALUE,
    ATTR_VALUES,
    ATTR_WAIT,
    CHANGE_CONTROL_TYPE_SCHEMA,
    CLEAR_OVERRIDE_SCHEMA,
    GET_MEASUREMENTS_SCHEMA,
    GET_SCHEDULE_SCHEMA,
    OVERRIDE_SCHEMA,
    POST_MEASUREMENTS_SCHEMA,
    SEND_INSTRUCTION_SCHEMA,
    TRIGGER_SCHEDULE_SCHEMA,
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema, response in (
        (
            "trigger_schedule",
            _trigger_schedule,
            TRIGGER_SCHEDULE_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        ("get_schedule", _get_schedule, GET_SCHEDULE_SCHEMA, SupportsResponse.ONLY),
        (
            "post_measurements",
            _post_measurements,
            POST_MEASUREMENTS_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "get_measurements",
            _get_measurements,
            GET_MEASUREMENTS_SCHEMA,
            SupportsResponse.ONLY,
        ),
        ("override", _override, OVERRIDE_SCHEMA, SupportsResponse.NONE),
        (
            "clear_override",
            _clear_override,
            CLEAR_OVERRIDE_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "change_control_type",
            change_control_type,
            CHANGE_CONTROL_TYPE_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "send_instruction",
            send_instruction,
            SEND_INSTRUCTION_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema=schema, supports_response=response
        )


async def _trigger_schedule(call: ServiceCall) -> ServiceResponse:
    entry, coordinator = _device(call)
    flex_model: dict[str, Any] = {}
    if (soc := call.data.get(ATTR_SOC_AT_START)) is not None:
        flex_model[SOC_AT_START] = coordinator.settings.energy(soc)
    if targets := call.data.get(ATTR_SOC_TARGETS):
        flex_model["soc-targets"] = [
            {
                key: coordinator.settings.energy(value)
                if key == ATTR_VALUE
                else value.isoformat()
                for key, value in target.items()
            }
            for target in targets
        ]
    request = ScheduleRequest(
        start=call.data.get(ATTR_START),
        duration=call.data.get(ATTR_DURATION),
        flex_model=flex_model | call.data[ATTR_FLEX_MODEL],
        flex_context=call.data[ATTR_FLEX_CONTEXT],
        force=call.data[ATTR_FORCE],
    )
    scheduler = entry.runtime_data.scheduler
    async with translated_errors(call.hass, entry):
        if not call.data[ATTR_WAIT]:
            return {"job": await scheduler.async_trigger(coordinator, request)}
        schedule = await scheduler.async_compute(coordinator, request)
    return _response(schedule, "schedule", UnitOfPower.KILO_WATT)


async def _get_schedule(call: ServiceCall) -> ServiceResponse:
    entry, coordinator = _device(call)
    unit = call.data[ATTR_UNIT]
    async with translated_errors(call.hass, entry):
        data = await coordinator.async_get(
            start=call.data.get(ATTR_START),
            duration=call.data.get(ATTR_DURATION),
            resolution=call.data.get(ATTR_RESOLUTION),
            unit=unit,
        )
    return _response(data, "schedule", unit)


async def _post_measurements(call: ServiceCall) -> ServiceResponse:
    entry = _account(call)
    api = entry.runtime_data.api
    values: list[float] = call.data[ATTR_VALUES]
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


async def _get_measurements(call: ServiceCall) -> ServiceResponse:
    entry = _account(call)
    api = entry.runtime_data.api
    resolution: timedelta | None = call.data.get(ATTR_RESOLUTION)
    source_type: str | None = call.data.get(ATTR_SOURCE_TYPE)
    async with translated_errors(call.hass, entry):
        sensor = await api.get_sensor(call.data[ATTR_SENSOR])
        # An instantaneous sensor is read as finely as it is wanted.
        own = sensor.resolution or min(INSTANT_GRID, resolution or INSTANT_GRID)
        wanted = resolution or own
        first, length = whole_slots(
            call.data[ATTR_START], call.data[ATTR_DURATION], wanted, sensor.time_zone
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
    if data and wanted != own:
        data = data.at_resolution(first, wanted)
    return _response(data, "measurements", data.unit if data else sensor.unit)


async def _override(call: ServiceCall) -> None:
    _, coordinator = _device(call)
    now = dt_util.utcnow()
    until: datetime = call.data.get(ATTR_UNTIL) or now + call.data[ATTR_DURATION]
    check_future(until)
    coordinator.async_set_override(Override(call.data[ATTR_POWER], until))


async def _clear_override(call: ServiceCall) -> None:
    _, coordinator = _device(call)
    coordinator.async_set_override(None)


def _account(call: ServiceCall) -> FlexMeasuresConfigEntry:
    """The account that was named, or the only one."""
    return async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )


def _device(call: ServiceCall) -> tuple[FlexMeasuresConfigEntry, ScheduleCoordinator]:
    """The device that was named, with its account."""
    device, entry = async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    return entry, entry.runtime_data.coordinators[device.config_subentry_id]


def _last_interval(sensor: Sensor, duration: timedelta) -> datetime:
    """The start of the last whole intervals of measurements that ended by now."""
    grid = sensor.resolution or INSTANT_GRID
    return floor_to_grid(dt_util.utcnow(), grid, sensor.time_zone) - duration


def _response(
    series: Schedule | SensorData | None, key: str, unit: str
) -> dict[str, Any]:
    """The intervals that have a value, as a response."""
    known = [
        slot
        for slot in (series.as_dicts(dt_util.get_default_time_zone()) if series else ())
        if slot["value"] is not None
    ]
    return {
        ATTR_UNIT: unit,
        ATTR_START: known[0]["start"] if known else None,
        "end": known[-1]["end"] if known else None,
        ATTR_RESOLUTION: iso_duration(series.resolution) if known and series else None,
        key: known,
    }
