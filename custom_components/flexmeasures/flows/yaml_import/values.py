"""What each key of the settings in ``configuration.yaml`` takes."""

from collections.abc import Callable
from datetime import timedelta
from math import isfinite
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers import config_validation as cv

from ...api.address import ServerAddress
from ...api.durations import parse_duration
from ...const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_FULL_TEMPERATURE,
    CONF_POWER_SENSOR,
    CONF_READY_BY_CALENDAR,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_DEVIATION,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MAX_AGE,
    CONF_SOC_MIN,
    CONF_SOC_UNIT,
    CONF_TRIGGER_ENTITIES,
    CONF_UPDATE_INTERVAL,
    CONF_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE,
)
from ...plan.energy_units import COLDEST, HOTTEST
from ..device.fields import SOC_UNITS
from ..device.level_entity import LEVEL_DOMAINS
from ..device.settings_form import SENSOR_UNITS
from ..fields import read_sensor_id

_IN_SECONDS = (CONF_SCHEDULE_DURATION, CONF_SOC_MAX_AGE, CONF_UPDATE_INTERVAL)
_IN_MINUTES = (CONF_UPDATE_INTERVAL_CHARGING, CONF_UPDATE_INTERVAL_CLIMATE)

_UNITS = {unit.casefold(): str(unit) for unit in SOC_UNITS}


def _host(value: Any) -> str:
    text = str(value).strip()
    # It would be taken for a name, which no number is.
    if text.replace(".", "", 1).isdecimal():
        raise ValueError("a number")
    return str(ServerAddress.parse(text))


def _text(value: Any) -> str:
    # Without quotes, 0123 is the number 83.
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no text")
    return value


def _username(value: Any) -> str:
    return _text(value).strip()


def _sensor(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if (sensor_id := read_sensor_id(str(value))) is None:
        raise ValueError("no id")
    return sensor_id


def _number(value: Any) -> float:
    # True is a number, but its text is none.
    number = float(str(value))
    if not isfinite(number) or number < 0:
        raise ValueError("out of range")
    return number


def _positive_number(value: Any) -> float:
    if not (number := _number(value)):
        raise ValueError("zero")
    return number


def _temperature(value: Any) -> float:
    number = float(str(value))
    if not COLDEST <= number <= HOTTEST:
        raise ValueError("out of range")
    return number


def _duration(value: Any, unit: timedelta) -> float:
    """Return the seconds of a duration; a plain number counts `unit`."""
    match value:
        case bool():
            raise ValueError("no duration")
        case int() | float():
            duration = value * unit
        case str() if value.strip().isdecimal():
            duration = int(value) * unit
        case str():
            duration = parse_duration(value.strip())
        case _:
            duration = cv.positive_time_period_dict(value)
    if duration <= timedelta():
        raise ValueError("not positive")
    return duration.total_seconds()


def _duration_in_seconds(value: Any) -> float:
    return _duration(value, timedelta(seconds=1))


def _duration_in_minutes(value: Any) -> float:
    return _duration(value, timedelta(minutes=1))


def _unit(value: Any) -> str:
    return _UNITS[str(value).strip().casefold()]


READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    CONF_HOST: (_host, "not_an_address"),
    CONF_USERNAME: (_username, "not_a_text"),
    CONF_PASSWORD: (_text, "not_a_text"),
    CONF_POWER_SENSOR: (_sensor, "not_a_sensor_id"),
    **dict.fromkeys(SENSOR_UNITS, (_sensor, "not_a_sensor_id")),
    **dict.fromkeys(_IN_SECONDS, (_duration_in_seconds, "not_a_duration")),
    **dict.fromkeys(_IN_MINUTES, (_duration_in_minutes, "not_a_duration_in_minutes")),
    CONF_SOC_UNIT: (_unit, "not_a_unit"),
    CONF_SOC_MIN: (_number, "not_a_number"),
    CONF_SOC_MAX: (_number, "not_a_number"),
    CONF_CAPACITY: (_positive_number, "not_a_positive_number"),
    CONF_EMPTY_TEMPERATURE: (_temperature, "not_a_temperature"),
    CONF_FULL_TEMPERATURE: (_temperature, "not_a_temperature"),
    CONF_SOC_DEVIATION: (_positive_number, "not_a_positive_number"),
    CONF_SOC_ENTITY: (
        cv.entity_domain([*LEVEL_DOMAINS]),
        "not_a_state_of_charge_entity",
    ),
    CONF_CHARGING_ENTITY: (
        cv.entity_domain(["binary_sensor", "sensor", "switch", "input_boolean"]),
        "not_a_charging_entity",
    ),
    CONF_CLIMATE_ENTITY: (cv.entity_domain("climate"), "not_a_climate_entity"),
    CONF_READY_BY_CALENDAR: (cv.entity_domain("calendar"), "not_a_calendar"),
    CONF_TRIGGER_ENTITIES: (cv.entity_ids, "not_an_entity"),
    CONF_AUTOMATIC_SCHEDULING: (cv.boolean, "not_a_boolean"),
}
"""Reads a value as a subentry keeps it (sensors by id, durations in seconds).

With the text, without its ``yaml_``, that says what is expected instead of one
for which the reader raises an error.
"""
