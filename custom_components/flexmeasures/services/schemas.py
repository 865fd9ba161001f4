"""What the actions take: their fields, and what is wrong before it is ever sent."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
import math
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID, UnitOfPower
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import TargetSelection
from homeassistant.util import dt as dt_util

from ..api.durations import parse_duration
from ..cem.control_type_names import OPTIONS, control_type_of
from ..scheduling.forecasts import DEFAULT_HORIZON, SHORTEST_HORIZON
from .formats import ScheduleFormat

ATTR_ABNORMAL_CONDITION: Final = "abnormal_condition"
ATTR_ACTUATOR: Final = "actuator"
ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"
ATTR_CONTROL_TYPE: Final = "control_type"
ATTR_DATETIME: Final = "datetime"
ATTR_DURATION: Final = "duration"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_END: Final = "end"
ATTR_EXECUTION_TIME: Final = "execution_time"
ATTR_FACTOR: Final = "factor"
ATTR_FLEX_CONTEXT: Final = "flex_context"
ATTR_FLEX_MODEL: Final = "flex_model"
ATTR_FORCE: Final = "force"
ATTR_FORMAT: Final = "format"
ATTR_HORIZON: Final = "horizon"
ATTR_LOWER_LIMIT: Final = "lower_limit"
ATTR_MEASUREMENTS: Final = "measurements"
ATTR_OPERATION_MODE: Final = "operation_mode"
ATTR_POWER: Final = "power"
ATTR_POWER_PROFILE: Final = "power_profile"
ATTR_POWER_SEQUENCE: Final = "power_sequence"
ATTR_PRIOR: Final = "prior"
ATTR_REGRESSORS: Final = "regressors"
ATTR_RESOLUTION: Final = "resolution"
ATTR_SENSOR: Final = "sensor"
ATTR_SENSORS: Final = "sensors"
ATTR_SEQUENCE_CONTAINER: Final = "sequence_container"
ATTR_SOC_AT_START: Final = "soc_at_start"
ATTR_SOC_TARGETS: Final = "soc_targets"
ATTR_SOURCE_TYPE: Final = "source_type"
ATTR_START: Final = "start"
ATTR_TARGET_SOC: Final = "target_soc"
ATTR_TIME: Final = "time"
ATTR_UNIT: Final = "unit"
ATTR_UNTIL: Final = "until"
ATTR_UPPER_LIMIT: Final = "upper_limit"
ATTR_VALUE: Final = "value"
ATTR_VALUES: Final = "values"
ATTR_WAIT: Final = "wait"
ATTR_WEEKDAYS: Final = "weekdays"

# Times that are as far away as this can be computed with.
_LONGEST_DURATION: Final = timedelta(days=36525)


def _chosen(data: dict[str, Any]) -> dict[str, Any]:
    """Return a call that says what it is for."""
    if not TargetSelection(data).has_any_target:
        raise vol.Invalid("expected a target, like a device", path=[ATTR_DEVICE_ID])
    return data


def _names_a_target(data: Mapping[str, Any]) -> bool:
    """Return whether there is a target, though a template may have found nothing for it."""
    return any(field in data for field in _TARGET)


def _moment(value: Any) -> datetime:
    """Return a time with an offset; without one, in Home Assistant's time zone."""
    return dt_util.as_utc(cv.datetime(value))


def _day(value: Any) -> date:
    """Return a day; of a time, the one that it is on where Home Assistant is."""
    if isinstance(value, str) and "T" not in value and ":" not in value:
        return cv.date(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return dt_util.as_local(_moment(value)).date()


def _duration(value: Any) -> timedelta:
    """Return a positive duration, as Home Assistant or ISO 8601 writes them."""
    duration = _duration_or_instant(value)
    if not duration:
        raise vol.Invalid("expected a duration longer than zero")
    return duration


def _duration_or_instant(value: Any) -> timedelta:
    """Return a duration that may be zero."""
    has_units = isinstance(value, str) and any(map(str.isalpha, value))
    try:
        duration = parse_duration(value) if has_units else cv.time_period(value)
    except ValueError, OverflowError:
        duration = None
    if duration is None or isinstance(value, bool):
        raise vol.Invalid("expected a duration like PT1H30M, 01:30:00 or 90 minutes")
    if duration < timedelta(0):
        raise vol.Invalid("expected a duration that is not negative")
    if duration > _LONGEST_DURATION:
        raise vol.Invalid("expected a duration of at most 100 years")
    return duration


def _at_least_an_hour(duration: timedelta) -> timedelta:
    """Return a horizon that the server can forecast."""
    if duration < SHORTEST_HORIZON:
        raise vol.Invalid("expected a duration of at least an hour")
    return duration


def _finite(value: Any) -> float:
    """Return a number, and neither infinite nor NaN, which JSON cannot hold."""
    number = vol.Coerce(float)(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise vol.Invalid("expected a finite number")
    return float(number)


_STATE_OF_CHARGE = vol.All(_finite, vol.Range(min=0))


def _target(value: Any) -> dict[str, Any]:
    """Read a state of charge to be reached at a moment, or kept between two."""
    target: dict[str, Any] = vol.Schema(
        {
            vol.Required(ATTR_VALUE): _STATE_OF_CHARGE,
            vol.Optional(ATTR_DATETIME): _moment,
            vol.Optional(ATTR_START): _moment,
            vol.Optional("end"): _moment,
        }
    )(value)
    if target.keys() - {ATTR_VALUE} not in ({ATTR_DATETIME}, {ATTR_START, "end"}):
        raise vol.Invalid("expected either datetime, or start and end")
    if ATTR_START in target and target[ATTR_START] >= target["end"]:
        raise vol.Invalid("expected a start before the end")
    return target


def _sensor_id(value: Any) -> int:
    """Return the id of a FlexMeasures sensor, which a template may give as a text."""
    number = _finite(value)
    if number < 1 or not number.is_integer():
        raise vol.Invalid("expected the id of a FlexMeasures sensor")
    return int(number)


def _own_device(flex_model: dict[str, Any]) -> dict[str, Any]:
    """Return a flex-model of the device that the action is for, and of no other."""
    for field in ("sensor", "asset"):
        if field in flex_model:
            raise vol.Invalid("the device is chosen by the target", path=[field])
    return flex_model


def _one_end(data: dict[str, Any]) -> dict[str, Any]:
    """Return an override that says once when it ends."""
    if (ATTR_UNTIL in data) == (ATTR_DURATION in data):
        raise vol.Invalid("expected either until or duration")
    return data


def _one_readiness(data: dict[str, Any]) -> dict[str, Any]:
    """Return when to be ready: once, again and again, or never."""
    if ATTR_DATETIME in data and ATTR_TIME in data:
        raise vol.Invalid("expected either datetime or time")
    if ATTR_WEEKDAYS in data and ATTR_TIME not in data:
        raise vol.Invalid("expected a time too", path=[ATTR_WEEKDAYS])
    if ATTR_TARGET_SOC in data and not {ATTR_DATETIME, ATTR_TIME} & data.keys():
        raise vol.Invalid("expected a datetime or a time too", path=[ATTR_TARGET_SOC])
    return data


def _control_type(value: Any) -> StrEnum:
    """Return one of S2's control types, as it writes them or as the options do."""
    try:
        return control_type_of(cv.string(value))
    except ValueError:
        raise vol.Invalid(f"expected one of {', '.join(OPTIONS)}") from None


def _measured(value: Any) -> float | dict[str, Any] | None:
    """Return a value, with its own time or without; None for one that is not known."""
    if not isinstance(value, dict):
        return None if value is None else _finite(value)
    timed: dict[str, Any] = _TIMED_VALUE(value)
    if (ATTR_TIME in timed) == (ATTR_START in timed):
        raise vol.Invalid("expected either time or start, and value")
    return {
        ATTR_START: timed.get(ATTR_TIME) or timed[ATTR_START],
        ATTR_VALUE: timed[ATTR_VALUE],
    }


def _times_told_once(data: dict[str, Any]) -> dict[str, Any]:
    """Return values that have a time each, or none of them."""
    have_times = {isinstance(value, dict) for value in data[ATTR_VALUES]}
    if len(have_times) > 1:
        raise vol.Invalid(
            "expected a time for each value, or for none", path=[ATTR_VALUES]
        )
    for field in (ATTR_START, ATTR_DURATION):
        if have_times == {True} and field in data:
            raise vol.Invalid("the values have their own times", path=[field])
    return data


def _one_sensor_or_several(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is posted to one sensor, to those of feeds, or a list of that."""
    if _names_a_target(data):
        to_feeds: dict[str, Any] = _POSTED_TO_FEEDS(data)
        return to_feeds
    if ATTR_MEASUREMENTS not in data:
        posted: dict[str, Any] = _POSTED_TO_ONE(data)
        return posted
    for field in _POSTED:
        if field in data:
            raise vol.Invalid(
                "expected in each item of measurements, or no measurements",
                path=[field.schema],
            )
    several: dict[str, Any] = _POSTED_TO_SEVERAL(data)
    return several


def _one_way_to_sensors(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is about sensors by their numbers, or about those of feeds."""
    ways = [
        ATTR_SENSOR in data,
        ATTR_SENSORS in data,
        _names_a_target(data),
    ]
    if sum(ways) != 1:
        raise vol.Invalid(
            "expected either the number of a FlexMeasures sensor, or a feed as target"
        )
    return data


def _as_its_format_has_it(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is read of a schedule, in a unit and of a period that its format can have."""
    shape: ScheduleFormat = data[ATTR_FORMAT]
    unit = data.get(ATTR_UNIT) or shape.unit or UnitOfPower.KILO_WATT
    if shape.unit not in {None, unit}:
        raise vol.Invalid(f"expected {shape.unit} with this format", path=[ATTR_UNIT])
    for field in (ATTR_START, ATTR_DURATION):
        if shape.period and field in data:
            raise vol.Invalid("this format is of today and tomorrow", path=[field])
    return {**data, ATTR_UNIT: unit}


def _one_period(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is read of a period that ends once."""
    if (ATTR_END in data) == (ATTR_DURATION in data):
        raise vol.Invalid("expected either end or duration")
    if ATTR_END in data and data[ATTR_START] >= data[ATTR_END]:
        raise vol.Invalid("expected an end after the start", path=[ATTR_END])
    return data


_NAME = vol.All(cv.string, vol.Length(min=1))
_TARGET: Final[Mapping[Any, Any]] = cv.TARGET_SERVICE_FIELDS


def _for_targets(
    fields: Mapping[vol.Marker, Any], *checks: Callable[[dict[str, Any]], Any]
) -> vol.Schema:
    """Return the schema of an action that is for what is chosen in its target."""
    return vol.Schema(vol.All({**_TARGET, **fields}, _chosen, *checks))


TRIGGER_SCHEDULE_SCHEMA: Final = _for_targets(
    {
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
GET_SCHEDULE_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_START): _moment,
        vol.Optional(ATTR_DURATION): _duration,
        vol.Optional(ATTR_RESOLUTION): vol.All(
            _duration, vol.Range(min=timedelta(minutes=1))
        ),
        vol.Optional(ATTR_UNIT): vol.All(
            vol.In([UnitOfPower.WATT, UnitOfPower.KILO_WATT, UnitOfPower.MEGA_WATT]),
            vol.Coerce(UnitOfPower),
        ),
        vol.Optional(ATTR_FORMAT, default=ScheduleFormat.LIST): vol.Coerce(
            ScheduleFormat
        ),
    },
    _as_its_format_has_it,
)
GET_PRICES_SCHEMA: Final = _for_targets({})
EXPLAIN_SCHEMA: Final = _for_targets({})
_ACCOUNT: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_TIMED_VALUE: Final = vol.Schema(
    {
        vol.Optional(ATTR_TIME): _moment,
        vol.Optional(ATTR_START): _moment,
        vol.Required(ATTR_VALUE): vol.Any(None, _finite),
    }
)
_POSTED_VALUES: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_VALUES): vol.All(cv.ensure_list, vol.Length(min=1), [_measured]),
    vol.Required(ATTR_UNIT): cv.string,
    vol.Optional(ATTR_START): _moment,
    vol.Optional(ATTR_DURATION): _duration_or_instant,
    vol.Optional(ATTR_PRIOR): _moment,
}
_POSTED: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_SENSOR): _sensor_id,
    **_POSTED_VALUES,
}
_POSTED_TO_FEEDS: Final = vol.All({**_TARGET, **_POSTED_VALUES}, _times_told_once)
_POSTED_TO_ONE: Final = vol.All({**_ACCOUNT, **_POSTED}, _times_told_once)
_POSTED_TO_SEVERAL: Final = vol.Schema(
    {
        **_ACCOUNT,
        vol.Required(ATTR_MEASUREMENTS): vol.All(
            cv.ensure_list, vol.Length(min=1), [vol.All(_POSTED, _times_told_once)]
        ),
    }
)
POST_MEASUREMENTS_SCHEMA: Final = vol.Schema(_one_sensor_or_several)
GET_MEASUREMENTS_SCHEMA: Final = vol.All(
    {
        **_ACCOUNT,
        **_TARGET,
        vol.Optional(ATTR_SENSOR): _sensor_id,
        vol.Optional(ATTR_SENSORS): vol.All(
            cv.ensure_list, vol.Length(min=1), [_sensor_id], vol.Unique()
        ),
        vol.Required(ATTR_START): _moment,
        vol.Optional(ATTR_END): _moment,
        vol.Optional(ATTR_DURATION): _duration,
        vol.Optional(ATTR_PRIOR): _moment,
        vol.Optional(ATTR_UNIT): cv.string,
        vol.Optional(ATTR_RESOLUTION): vol.All(
            _duration, vol.Range(min=timedelta(minutes=1))
        ),
        vol.Optional(ATTR_SOURCE_TYPE): vol.All(cv.string, vol.Length(min=1)),
    },
    _one_way_to_sensors,
    _one_period,
)
REIMPORT_STATISTICS_SCHEMA: Final = _for_targets(
    {
        vol.Required(ATTR_START): _day,
        vol.Optional(ATTR_END): _day,
    }
)
ADD_TO_ENERGY_DASHBOARD_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        **_TARGET,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)
SEND_NOW_SCHEMA: Final = vol.Schema({**_ACCOUNT, **_TARGET})
BACKFILL_SCHEMA: Final = SEND_NOW_SCHEMA.extend(
    {vol.Required(ATTR_START): _moment, vol.Optional(ATTR_END): _moment}
)
TRIGGER_FORECAST_SCHEMA: Final = vol.All(
    {
        **_ACCOUNT,
        **_TARGET,
        vol.Optional(ATTR_SENSOR): _sensor_id,
        vol.Optional(ATTR_HORIZON, default=DEFAULT_HORIZON): vol.All(
            _duration, _at_least_an_hour
        ),
        vol.Optional(ATTR_REGRESSORS, default=list): vol.All(
            cv.ensure_list, [_sensor_id]
        ),
    },
    _one_way_to_sensors,
)
CLEAR_OVERRIDE_SCHEMA: Final = _for_targets({})
OVERRIDE_SCHEMA: Final = _for_targets(
    {
        vol.Required(ATTR_POWER): _finite,
        vol.Optional(ATTR_UNTIL): _moment,
        vol.Optional(ATTR_DURATION): vol.All(
            _duration, vol.Range(max=timedelta(days=366))
        ),
    },
    _one_end,
)
SET_READY_BY_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_TIME): cv.time,
        vol.Optional(ATTR_WEEKDAYS): vol.All(cv.weekdays, vol.Length(min=1)),
        vol.Optional(ATTR_DATETIME): _moment,
        vol.Optional(ATTR_TARGET_SOC): _STATE_OF_CHARGE,
    },
    _one_readiness,
)
CHANGE_CONTROL_TYPE_SCHEMA: Final = _for_targets(
    {
        vol.Required(ATTR_CONTROL_TYPE): _control_type,
    }
)
SEND_INSTRUCTION_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_CONTROL_TYPE): _control_type,
        vol.Optional(ATTR_ACTUATOR): _NAME,
        vol.Optional(ATTR_OPERATION_MODE): _NAME,
        vol.Optional(ATTR_FACTOR, default=1.0): vol.All(
            _finite, vol.Range(min=0, max=1)
        ),
        vol.Optional(ATTR_LOWER_LIMIT): _finite,
        vol.Optional(ATTR_UPPER_LIMIT): _finite,
        vol.Optional(ATTR_DURATION): vol.All(
            _duration, vol.Range(max=timedelta(days=366))
        ),
        vol.Optional(ATTR_POWER_PROFILE): _NAME,
        vol.Optional(ATTR_SEQUENCE_CONTAINER): _NAME,
        vol.Optional(ATTR_POWER_SEQUENCE): _NAME,
        vol.Optional(ATTR_EXECUTION_TIME): _moment,
        vol.Optional(ATTR_ABNORMAL_CONDITION, default=False): cv.boolean,
    }
)
