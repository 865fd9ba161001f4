"""Writing to entities: which action of Home Assistant's has them take a value, and whether they did."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_TEMPERATURE,
    ATTR_UNIT_OF_MEASUREMENT,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State, split_entity_id

from .targets import CannotFollowError, EntityFacts, Target, Write

_NUMBERS: Final = ("number", "input_number")
_SELECTS: Final = ("select", "input_select")
_HEATERS: Final = ("climate", "water_heater")
_SCRIPT: Final = "script"

# What a device may round to by itself.
_HALF_STEP: Final = 0.51


def can_be_written(state: State | None) -> bool:
    """Return whether an entity would take a value now."""
    if state is None or state.state == STATE_UNAVAILABLE:
        return False
    # A number may be unknown until it is first written; what it takes is known.
    return state.state != STATE_UNKNOWN or state.domain in (*_NUMBERS, *_SELECTS)


def facts_of(state: State) -> EntityFacts:
    """Return what an entity says that it takes."""
    attributes = state.attributes
    if state.domain in _HEATERS:
        return EntityFacts(
            least=attributes.get("min_temp"),
            most=attributes.get("max_temp"),
            step=attributes.get("target_temp_step"),
        )
    return EntityFacts(
        unit=attributes.get(ATTR_UNIT_OF_MEASUREMENT),
        least=attributes.get("min"),
        most=attributes.get("max"),
        step=attributes.get("step"),
        options=tuple(attributes.get("options", ())),
    )


def call_of(write: Write) -> tuple[str, str, dict[str, Any]]:
    """Return the action that writes: its domain, its name and its data."""
    domain, _ = split_entity_id(write.entity_id)
    data: dict[str, Any] = {ATTR_ENTITY_ID: write.entity_id}
    if domain in _NUMBERS:
        return domain, "set_value", {**data, "value": write.value}
    if domain in _SELECTS:
        return domain, "select_option", {**data, "option": write.value}
    if domain in _HEATERS:
        return domain, "set_temperature", {**data, ATTR_TEMPERATURE: write.value}
    if domain == _SCRIPT:
        variables = {"setpoint": write.value}
        return domain, SERVICE_TURN_ON, {**data, "variables": variables}
    return domain, SERVICE_TURN_ON if write.value else SERVICE_TURN_OFF, data


def value_of(state: State) -> Any:
    """Return what an entity has of what can be written to it."""
    if state.domain in _HEATERS:
        return state.attributes.get(ATTR_TEMPERATURE)
    return state.state


def has_taken(write: Write, state: State) -> bool:
    """Return whether an entity has the value that was written, or nearly; a script always has."""
    # One that is to do nothing does nothing.
    return _has(write, state, write.slack if write.value else 0.0)


def _has(write: Write, state: State, slack: float) -> bool:
    if state.domain == _SCRIPT:
        return True
    if state.domain in _SELECTS:
        return state.state == write.value
    if isinstance(write.value, bool):
        return (state.state == STATE_ON) is write.value
    value = value_of(state)
    if value is None:
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    assert isinstance(write.value, float)
    step = facts_of(state).step or 0.0
    return abs(number - write.value) <= max(_HALF_STEP * step + 1e-6, slack)


def has_already(write: Write, state: State) -> bool:
    """Return whether an entity has the value already; a script shows nothing."""
    return state.domain != _SCRIPT and _has(write, state, 0.0)


def shown(write: Write) -> str:
    """Return what is written, for people who write automations."""
    if not write.entity_id:
        return f"actions (setpoint: {write.value})"
    domain, action, data = call_of(write)
    rest = {key: value for key, value in data.items() if key != ATTR_ENTITY_ID}
    values = ", ".join(
        f"{key}: {value}" for key, value in (rest.get("variables") or rest).items()
    )
    return f"{domain}.{action} {write.entity_id}" + (f" ({values})" if values else "")


class TargetEntities:
    """The entities of a target, as they are now."""

    def __init__(self, hass: HomeAssistant, target: Target) -> None:
        """Look at them whenever something is asked."""
        self._hass = hass
        self._target = target

    def facts(self) -> dict[str, EntityFacts]:
        """Return what those say that they take that are there."""
        states = map(self._hass.states.get, self._target.entity_ids)
        return {
            state.entity_id: facts_of(state)
            for state in states
            if state and can_be_written(state)
        }

    def are_all(self, facts: Mapping[str, EntityFacts]) -> bool:
        """Return whether none is away."""
        return len(facts) == len(self._target.entity_ids)

    def resting(self, facts: Mapping[str, EntityFacts]) -> tuple[Write, ...]:
        """Return what those rest with that are there, if they can."""
        try:
            return self._target.resting(facts)
        except CannotFollowError:
            return ()
