"""What the actions take: which fields go together, and what is wrong before it is ever sent."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID, UnitOfPower
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import TargetSelection

from ..scheduling.forecasts import DEFAULT_HORIZON
from .fields import (
    ATTR_ABNORMAL_CONDITION,
    ATTR_ACTIVE,
    ATTR_ACTUATOR,
    ATTR_CONFIG_ENTRY_ID,
    ATTR_CONTROL_TYPE,
    ATTR_DATETIME,
    ATTR_DRY_RUN,
    ATTR_DURATION,
    ATTR_END,
    ATTR_EXECUTION_TIME,
    ATTR_FACTOR,
    ATTR_FLEX_CONTEXT,
    ATTR_FLEX_MODEL,
    ATTR_FORCE,
    ATTR_FORMAT,
    ATTR_HORIZON,
    ATTR_LOWER_LIMIT,
    ATTR_MEASUREMENTS,
    ATTR_OPERATION_MODE,
    ATTR_POWER,
    ATTR_POWER_PROFILE,
    ATTR_POWER_SEQUENCE,
    ATTR_PRIOR,
    ATTR_REGRESSORS,
    ATTR_RESOLUTION,
    ATTR_SENSOR,
    ATTR_SENSORS,
    ATTR_SEQUENCE_CONTAINER,
    ATTR_SOC_AT_START,
    ATTR_SOC_TARGETS,
    ATTR_SOURCE_TYPE,
    ATTR_START,
    ATTR_TARGET_SOC,
    ATTR_TIME,
    ATTR_UNIT,
    ATTR_UNTIL,
    ATTR_UPPER_LIMIT,
    ATTR_VALUES,
    ATTR_WAIT,
    ATTR_WEEKDAYS,
    NAME,
    STATE_OF_CHARGE,
    as_control_type,
    as_control_type_choice,
    as_day,
    as_duration,
    as_duration_or_instant,
    as_horizon,
    as_measured,
    as_moment,
    as_number,
    as_sensor_id,
    as_soc_target,
)
from .formats import ScheduleFormat


def _chosen(data: dict[str, Any]) -> dict[str, Any]:
    """Return a call that says what it is for."""
    if not TargetSelection(data).has_any_target:
        raise vol.Invalid("expected a target, like a device", path=[ATTR_DEVICE_ID])
    return data


def _names_a_target(data: Mapping[str, Any]) -> bool:
    """Return whether there is a target, though a template may have found nothing for it."""
    return any(field in data for field in _TARGET)


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


_TARGET: Final[Mapping[Any, Any]] = cv.TARGET_SERVICE_FIELDS


def _for_targets(
    fields: Mapping[vol.Marker, Any], *checks: Callable[[dict[str, Any]], Any]
) -> vol.Schema:
    """Return the schema of an action that is for what is chosen in its target."""
    return vol.Schema(vol.All({**_TARGET, **fields}, _chosen, *checks))


TRIGGER_SCHEDULE_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_SOC_AT_START): STATE_OF_CHARGE,
        vol.Optional(ATTR_SOC_TARGETS): vol.All(cv.ensure_list, [as_soc_target]),
        vol.Optional(ATTR_FLEX_MODEL, default=dict): vol.All(
            {str: object}, _own_device
        ),
        vol.Optional(ATTR_FLEX_CONTEXT, default=dict): {str: object},
        vol.Optional(ATTR_START): as_moment,
        vol.Optional(ATTR_DURATION): as_duration,
        vol.Optional(ATTR_FORCE, default=True): cv.boolean,
        vol.Optional(ATTR_WAIT, default=True): cv.boolean,
    }
)
GET_SCHEDULE_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_START): as_moment,
        vol.Optional(ATTR_DURATION): as_duration,
        vol.Optional(ATTR_RESOLUTION): vol.All(
            as_duration, vol.Range(min=timedelta(minutes=1))
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
_POSTED_VALUES: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_VALUES): vol.All(
        cv.ensure_list, vol.Length(min=1), [as_measured]
    ),
    vol.Required(ATTR_UNIT): cv.string,
    vol.Optional(ATTR_START): as_moment,
    vol.Optional(ATTR_DURATION): as_duration_or_instant,
    vol.Optional(ATTR_PRIOR): as_moment,
}
_POSTED: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_SENSOR): as_sensor_id,
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
        vol.Optional(ATTR_SENSOR): as_sensor_id,
        vol.Optional(ATTR_SENSORS): vol.All(
            cv.ensure_list, vol.Length(min=1), [as_sensor_id], vol.Unique()
        ),
        vol.Required(ATTR_START): as_moment,
        vol.Optional(ATTR_END): as_moment,
        vol.Optional(ATTR_DURATION): as_duration,
        vol.Optional(ATTR_PRIOR): as_moment,
        vol.Optional(ATTR_UNIT): cv.string,
        vol.Optional(ATTR_RESOLUTION): vol.All(
            as_duration, vol.Range(min=timedelta(minutes=1))
        ),
        vol.Optional(ATTR_SOURCE_TYPE): vol.All(cv.string, vol.Length(min=1)),
    },
    _one_way_to_sensors,
    _one_period,
)
REIMPORT_STATISTICS_SCHEMA: Final = _for_targets(
    {
        vol.Required(ATTR_START): as_day,
        vol.Optional(ATTR_END): as_day,
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
    {vol.Required(ATTR_START): as_moment, vol.Optional(ATTR_END): as_moment}
)
TRIGGER_FORECAST_SCHEMA: Final = vol.All(
    {
        **_ACCOUNT,
        **_TARGET,
        vol.Optional(ATTR_SENSOR): as_sensor_id,
        vol.Optional(ATTR_HORIZON, default=DEFAULT_HORIZON): as_horizon,
        vol.Optional(ATTR_REGRESSORS, default=list): vol.All(
            cv.ensure_list, [as_sensor_id]
        ),
    },
    _one_way_to_sensors,
)
CLEAR_OVERRIDE_SCHEMA: Final = _for_targets({})
OVERRIDE_SCHEMA: Final = _for_targets(
    {
        vol.Required(ATTR_POWER): as_number,
        vol.Optional(ATTR_UNTIL): as_moment,
        vol.Optional(ATTR_DURATION): vol.All(
            as_duration, vol.Range(max=timedelta(days=366))
        ),
    },
    _one_end,
)
SET_READY_BY_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_TIME): cv.time,
        vol.Optional(ATTR_WEEKDAYS): vol.All(cv.weekdays, vol.Length(min=1)),
        vol.Optional(ATTR_DATETIME): as_moment,
        vol.Optional(ATTR_TARGET_SOC): STATE_OF_CHARGE,
    },
    _one_readiness,
)
CHANGE_CONTROL_TYPE_SCHEMA: Final = _for_targets(
    {
        vol.Required(ATTR_CONTROL_TYPE): as_control_type_choice,
    }
)
SET_GRID_EMERGENCY_SCHEMA: Final = _for_targets({vol.Required(ATTR_ACTIVE): cv.boolean})
SEND_INSTRUCTION_SCHEMA: Final = _for_targets(
    {
        vol.Optional(ATTR_CONTROL_TYPE): as_control_type,
        vol.Optional(ATTR_ACTUATOR): NAME,
        vol.Optional(ATTR_OPERATION_MODE): NAME,
        vol.Optional(ATTR_FACTOR, default=1.0): vol.All(
            as_number, vol.Range(min=0, max=1)
        ),
        vol.Optional(ATTR_LOWER_LIMIT): as_number,
        vol.Optional(ATTR_UPPER_LIMIT): as_number,
        vol.Optional(ATTR_DURATION): vol.All(
            as_duration, vol.Range(max=timedelta(days=366))
        ),
        vol.Optional(ATTR_POWER_PROFILE): NAME,
        vol.Optional(ATTR_SEQUENCE_CONTAINER): NAME,
        vol.Optional(ATTR_POWER_SEQUENCE): NAME,
        vol.Optional(ATTR_EXECUTION_TIME): as_moment,
        vol.Optional(ATTR_ABNORMAL_CONDITION, default=False): cv.boolean,
    }
)
