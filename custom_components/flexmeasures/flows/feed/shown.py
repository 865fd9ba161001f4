"""What an entity, or one of its attributes, shows and is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.sensor import ATTR_STATE_CLASS
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    DEGREE,
    PERCENTAGE,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State, callback

from ...api.numbers import believable, number_in

BINARY_SENSOR: Final = "binary_sensor"
DOMAINS: Final = (
    "sensor",
    BINARY_SENSOR,
    "input_number",
    "number",
    "counter",
    "climate",
    "cover",
    "device_tracker",
    "fan",
    "humidifier",
    "light",
    "media_player",
    "sun",
    "vacuum",
    "water_heater",
    "weather",
)
"""That have a number as their state, or as an attribute."""

_NUMBERS: Final = frozenset({"sensor", "input_number", "number", "counter"})
_STATES: Final = {STATE_ON: 1.0, STATE_OFF: 0.0}
_WITHOUT_VALUE: Final = frozenset({STATE_UNKNOWN, STATE_UNAVAILABLE})
# What an entity is, rather than what it measures.
_SETTINGS: Final = frozenset(
    {
        "supported_features",
        "min",
        "max",
        "step",
        "minimum",
        "maximum",
        "initial",
        "min_temp",
        "max_temp",
        "target_temp_step",
        "min_humidity",
        "max_humidity",
        "percentage_step",
        "suggested_display_precision",
        "latitude",
        "longitude",
        "id",
        "code",
    }
)
_TEMPERATURES: Final = ("temperature", "target_temp", "dew_point")
_SHARES: Final = ("battery", "humidity", "percentage", "position", "cloud_coverage")
_ANGLES: Final = ("elevation", "azimuth", "bearing")
_BATTERIES: Final = frozenset({"battery", "battery_level"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What an entity, or one of its attributes, shows and is."""

    value: float | None
    """The number at the moment; None if there is none. On is 1, off is 0."""
    unit: str | None
    device_class: str | None
    state_class: str | None
    domain: str
    """That of an attribute is that of a sensor."""


@callback
def async_shown(
    hass: HomeAssistant, state: State, attribute: str | None
) -> Shown | None:
    """Return what an entity or its attribute shows; None for what is never a number."""
    if attribute is not None:
        return _shown_by_attribute(hass, state, attribute)
    value = (
        _STATES.get(state.state)
        if state.domain == BINARY_SENSOR
        else number_in(state.state)
    )
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    state_class = state.attributes.get(ATTR_STATE_CLASS)
    if value is None and not (
        state.state in _WITHOUT_VALUE
        and (state.domain in _NUMBERS or state.domain == BINARY_SENSOR)
    ):
        return None
    return Shown(
        value, unit, state.attributes.get(ATTR_DEVICE_CLASS), state_class, state.domain
    )


def numeric_attributes(state: State) -> dict[str, float]:
    """Return the attributes that are a number at the moment, and may be measured."""
    return {
        name: value
        for name in state.attributes
        if name not in _SETTINGS
        and (value := _number(state.attributes, name)) is not None
    }


def _shown_by_attribute(hass: HomeAssistant, state: State, attribute: str) -> Shown:
    return Shown(
        value=_number(state.attributes, attribute),
        unit=_unit_of(hass, state, attribute),
        device_class="battery" if attribute in _BATTERIES else None,
        state_class=None,
        domain="sensor",
    )


def _number(attributes: Mapping[str, Any], name: str) -> float | None:
    match attributes.get(name):
        case bool():
            return None
        case int() | float() as number if believable(number):
            return float(number)
    return None


def _unit_of(hass: HomeAssistant, state: State, attribute: str) -> str | None:
    """Return the unit of an attribute, as far as it is known."""
    if unit := state.attributes.get(f"{attribute}_unit"):
        return str(unit)
    if any(part in attribute for part in _TEMPERATURES):
        # As Home Assistant shows it, but for weather, which says so.
        own = state.attributes.get("temperature_unit")
        return own or hass.config.units.temperature_unit
    if any(part in attribute for part in _SHARES):
        return PERCENTAGE
    return DEGREE if attribute in _ANGLES else None
