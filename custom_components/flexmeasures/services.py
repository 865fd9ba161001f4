"""Actions: check the input, make one call, shape the response."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
import math
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID, UnitOfPower
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
)
from homeassistant.util import dt as dt_util

from .api.errors import (
    FlexMeasuresError,
    NotAuthenticatedError,
    NotFoundError,
    NotPermittedError,
    RejectedError,
)
from .api.models import Sensor, SensorData
from .const import DOMAIN
from .coordinator import FlexMeasuresConfigEntry, ScheduleCoordinator, ScheduleRequest
from .device import SOC_AT_START, StateOfChargeUnknownError
from .durations import iso_duration, parse_duration
from .schedule import Schedule
from .slots import floor_to_grid, whole_slots

ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"
ATTR_DURATION: Final = "duration"
ATTR_FLEX_CONTEXT: Final = "flex_context"
ATTR_FLEX_MODEL: Final = "flex_model"
ATTR_FORCE: Final = "force"
ATTR_PRIOR: Final = "prior"
ATTR_RESOLUTION: Final = "resolution"
ATTR_SENSOR: Final = "sensor"
ATTR_SOC_AT_START: Final = "soc_at_start"
ATTR_SOC_TARGETS: Final = "soc_targets"
ATTR_SOURCE_TYPE: Final = "source_type"
ATTR_START: Final = "start"
ATTR_UNIT: Final = "unit"
ATTR_VALUE: Final = "value"
ATTR_VALUES: Final = "values"
ATTR_WAIT: Final = "wait"

# An instantaneous sensor has no grid, but is read back on this one: values
# between its points would be stored and never seen again.
INSTANT_GRID: Final = timedelta(minutes=5)

# What the user can mend by calling differently.
_WRONG_USE = (
    NotFoundError,
    NotPermittedError,
    RejectedError,
    StateOfChargeUnknownError,
)


def _moment(value: Any) -> datetime:
    """A time with an offset; without one, in Home Assistant's time zone."""
    return dt_util.as_utc(cv.datetime(value))


def _duration(value: Any) -> timedelta:
    """A positive duration, as Home Assistant or ISO 8601 writes them."""
    duration = _duration_or_instant(value)
    if not duration:
        raise vol.Invalid("expected a duration longer than zero")
    return duration


def _duration_or_instant(value: Any) -> timedelta:
    """A duration that may be zero."""
    is_iso = isinstance(value, str) and "P" in value
    try:
        duration = parse_duration(value) if is_iso else cv.time_period(value)
    except ValueError, OverflowError:
        duration = None
    if duration is None or isinstance(value, bool):
        raise vol.Invalid("expected a duration like PT1H30M or 01:30:00")
    if duration < timedelta(0):
        raise vol.Invalid("expected a duration that is not negative")
    return duration


def _finite(value: Any) -> float:
    """A number, and neither infinite nor NaN, which JSON cannot hold."""
    number = vol.Coerce(float)(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise vol.Invalid("expected a finite number")
    return float(number)


_STATE_OF_CHARGE = vol.All(_finite, vol.Range(min=0))


def _target(value: Any) -> dict[str, Any]:
    """A state of charge to be reached at a moment, or kept from one moment to another."""
    target: dict[str, Any] = vol.Schema(
        {
            vol.Required(ATTR_VALUE): _STATE_OF_CHARGE,
            vol.Optional("datetime"): _moment,
            vol.Optional(ATTR_START): _moment,
            vol.Optional("end"): _moment,
        }
    )(value)
    if target.keys() - {ATTR_VALUE} not in ({"datetime"}, {ATTR_START, "end"}):
        raise vol.Invalid("expected either datetime, or start and end")
    if ATTR_START in target and target[ATTR_START] >= target["end"]:
        raise vol.Invalid("expected a start before the end")
    return target


def _sensor_id(value: Any) -> int:
    """The id of a FlexMeasures sensor, which a template may give as a text."""
    number = _finite(value)
    if number < 1 or not number.is_integer():
        raise vol.Invalid("expected the id of a FlexMeasures sensor")
    return int(number)


def _own_device(flex_model: dict[str, Any]) -> dict[str, Any]:
    """A flex-model of the device that the action is for, and of no other."""
    for field in ("sensor", "asset"):
        if field in flex_model:
            raise vol.Invalid("the device is chosen by device_id", path=[field])
    return flex_model


TRIGGER_SCHEDULE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_SOC_AT_START): _STATE_OF_CHARGE,
        vol.Optional(ATTR_SOC_TARGETS): vol.All(cv.ensure_list, [_target]),
        vol.Optional(ATTR_FLEX_MODEL, default=dict): vol.All(
            {str: object}, _own_device
        ),
        vol.Optional(ATTR_FLEX_CONTEXT, default=dict): {str: object},
        vol.Optional(ATTR_START): _moment,
        vol.Optional(ATTR_DURATION): _duration,
        vol.Optional(ATTR_FORCE, default=True): cv.boolean,
        vol.Optional(ATTR_WAIT, default=True): cv.boolean,
    }
)
GET_SCHEDULE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_START): _moment,
        vol.Optional(ATTR_DURATION): _duration,
        vol.Optional(ATTR_RESOLUTION): vol.All(
            _duration, vol.Range(min=timedelta(minutes=1))
        ),
        vol.Optional(ATTR_UNIT, default=UnitOfPower.KILO_WATT): vol.All(
            vol.In([UnitOfPower.WATT, UnitOfPower.KILO_WATT, UnitOfPower.MEGA_WATT]),
            vol.Coerce(UnitOfPower),
        ),
    }
)
_SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_SENSOR): _sensor_id,
        vol.Optional(ATTR_PRIOR): _moment,
    }
)
POST_MEASUREMENTS_SCHEMA: Final = _SENSOR_SCHEMA.extend(
    {
        vol.Required(ATTR_VALUES): vol.All(
            cv.ensure_list, vol.Length(min=1), [_finite]
        ),
        vol.Required(ATTR_UNIT): cv.string,
        vol.Optional(ATTR_START): _moment,
        vol.Optional(ATTR_DURATION): _duration_or_instant,
    }
)
GET_MEASUREMENTS_SCHEMA: Final = _SENSOR_SCHEMA.extend(
    {
        vol.Required(ATTR_START): _moment,
        vol.Required(ATTR_DURATION): _duration,
        vol.Optional(ATTR_UNIT): cv.string,
        vol.Optional(ATTR_RESOLUTION): vol.All(
            _duration, vol.Range(min=timedelta(minutes=1))
        ),
        vol.Optional(ATTR_SOURCE_TYPE): vol.All(cv.string, vol.Length(min=1)),
    }
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
    async with _translated_errors(call.hass, entry):
        if not call.data[ATTR_WAIT]:
            return {"job": await coordinator.async_trigger(request)}
        schedule = await coordinator.async_compute(request)
    return _response(schedule, "schedule", UnitOfPower.KILO_WATT)


async def _get_schedule(call: ServiceCall) -> ServiceResponse:
    entry, coordinator = _device(call)
    unit = call.data[ATTR_UNIT]
    async with _translated_errors(call.hass, entry):
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
    async with _translated_errors(call.hass, entry):
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
    async with _translated_errors(call.hass, entry):
        sensor = await api.get_sensor(call.data[ATTR_SENSOR])
        grid = resolution or sensor.resolution or INSTANT_GRID
        start, duration = whole_slots(
            call.data[ATTR_START], call.data[ATTR_DURATION], grid, sensor.time_zone
        )

        async def read(source_type: str | None) -> SensorData | None:
            return await api.get_data(
                sensor.id,
                start=start,
                duration=duration,
                unit=call.data.get(ATTR_UNIT, sensor.unit),
                resolution=resolution or (None if sensor.resolution else grid),
                source_type=source_type,
                prior=call.data.get(ATTR_PRIOR),
            )

        # What a user or a device posted comes before what a scheduler or forecaster
        # wrote to the same sensor: asked for both, the server may return either.
        data = await read(source_type or "user")
        if data is None and source_type is None:
            data = await read(None)
    return _response(data, "measurements", data.unit if data else sensor.unit)


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


@asynccontextmanager
async def _translated_errors(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> AsyncIterator[None]:
    """Say in the user's language what went wrong, and whose turn it is."""
    try:
        yield
    except FlexMeasuresError as err:
        if isinstance(err, NotAuthenticatedError):
            entry.async_start_reauth(hass)
        kind = (
            ServiceValidationError
            if isinstance(err, _WRONG_USE)
            else HomeAssistantError
        )
        raise kind(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=err.placeholders,
        ) from err


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
