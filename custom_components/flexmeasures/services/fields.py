"""What the actions take: the fields by their names, and what one of them may be."""

from datetime import date, datetime, timedelta
from enum import StrEnum
import math
from typing import Any, Final

import voluptuous as vol

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..api.durations import parse_duration
from ..cem.control_type_names import AUTOMATIC, OPTIONS, choice_of, control_type_of
from ..scheduling.forecasts import SHORTEST_HORIZON

ATTR_ABNORMAL_CONDITION: Final = "abnormal_condition"
ATTR_ACTUATOR: Final = "actuator"
ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"
ATTR_ACTIVE: Final = "active"
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


def as_moment(value: Any) -> datetime:
    """Return a time with an offset; without one, in Home Assistant's time zone."""
    return dt_util.as_utc(cv.datetime(value))


def as_day(value: Any) -> date:
    """Return a day; of a time, the one that it is on where Home Assistant is."""
    if isinstance(value, str) and "T" not in value and ":" not in value:
        return cv.date(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return dt_util.as_local(as_moment(value)).date()


def as_duration(value: Any) -> timedelta:
    """Return a positive duration, as Home Assistant or ISO 8601 writes them."""
    duration = as_duration_or_instant(value)
    if not duration:
        raise vol.Invalid("expected a duration longer than zero")
    return duration


def as_duration_or_instant(value: Any) -> timedelta:
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


def as_horizon(value: Any) -> timedelta:
    """Return a horizon that the server can forecast."""
    duration = as_duration(value)
    if duration < SHORTEST_HORIZON:
        raise vol.Invalid("expected a duration of at least an hour")
    return duration


def as_number(value: Any) -> float:
    """Return a number, and neither infinite nor NaN, which JSON cannot hold."""
    number = vol.Coerce(float)(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise vol.Invalid("expected a finite number")
    return float(number)


NAME: Final = vol.All(cv.string, vol.Length(min=1))
STATE_OF_CHARGE: Final = vol.All(as_number, vol.Range(min=0))


def as_soc_target(value: Any) -> dict[str, Any]:
    """Read a state of charge to be reached at a moment, or kept between two."""
    target: dict[str, Any] = vol.Schema(
        {
            vol.Required(ATTR_VALUE): STATE_OF_CHARGE,
            vol.Optional(ATTR_DATETIME): as_moment,
            vol.Optional(ATTR_START): as_moment,
            vol.Optional("end"): as_moment,
        }
    )(value)
    if target.keys() - {ATTR_VALUE} not in ({ATTR_DATETIME}, {ATTR_START, "end"}):
        raise vol.Invalid("expected either datetime, or start and end")
    if ATTR_START in target and target[ATTR_START] >= target["end"]:
        raise vol.Invalid("expected a start before the end")
    return target


def as_sensor_id(value: Any) -> int:
    """Return the id of a FlexMeasures sensor, which a template may give as a text."""
    number = as_number(value)
    if number < 1 or not number.is_integer():
        raise vol.Invalid("expected the id of a FlexMeasures sensor")
    return int(number)


def as_control_type(value: Any) -> StrEnum:
    """Return one of S2's control types, as it writes them or as the options do."""
    try:
        return control_type_of(cv.string(value))
    except ValueError:
        raise vol.Invalid(f"expected one of {', '.join(OPTIONS)}") from None


def as_control_type_choice(value: Any) -> StrEnum | None:
    """Return one of them, or None for an automatic one."""
    try:
        return choice_of(cv.string(value))
    except ValueError:
        raise vol.Invalid(
            f"expected one of {', '.join((AUTOMATIC, *OPTIONS))}"
        ) from None


_TIMED_VALUE: Final = vol.Schema(
    {
        vol.Optional(ATTR_TIME): as_moment,
        vol.Optional(ATTR_START): as_moment,
        vol.Required(ATTR_VALUE): vol.Any(None, as_number),
    }
)


def as_measured(value: Any) -> float | dict[str, Any] | None:
    """Return a value, with its own time or without; None for one that is not known."""
    if not isinstance(value, dict):
        return None if value is None else as_number(value)
    timed: dict[str, Any] = _TIMED_VALUE(value)
    if (ATTR_TIME in timed) == (ATTR_START in timed):
        raise vol.Invalid("expected either time or start, and value")
    return {
        ATTR_START: timed.get(ATTR_TIME) or timed[ATTR_START],
        ATTR_VALUE: timed[ATTR_VALUE],
    }
