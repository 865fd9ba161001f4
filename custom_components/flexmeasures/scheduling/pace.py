"""How often a device is looked at: more often while it is running."""

from collections.abc import Callable
from datetime import timedelta

from homeassistant.components.climate.const import (
    ATTR_HVAC_ACTION,
    HVACAction,
    HVACMode,
)
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State

from ..api.numbers import number_in
from ..device.settings import DeviceSettings

_CHARGING = {STATE_ON, "charging"}
_NO_STATE = {STATE_UNAVAILABLE, STATE_UNKNOWN}
_CONDITIONING = {
    HVACAction.COOLING,
    HVACAction.DEFROSTING,
    HVACAction.DRYING,
    HVACAction.HEATING,
    HVACAction.PREHEATING,
}
_CONDITIONING_MODES = {
    HVACMode.COOL,
    HVACMode.DRY,
    HVACMode.HEAT,
    HVACMode.HEAT_COOL,
}


def update_interval(
    settings: DeviceSettings,
    state_of: Callable[[str], State | None],
    *,
    is_running: bool,
) -> timedelta:
    """Return the interval that rules now: the shortest of those that do.

    The usual one always does, so that being busy never means being looked at less.
    `is_running` says whether power is planned or measured, which decides where no
    entity was chosen for it.
    """
    if settings.charging_entity:
        is_running = is_charging(state_of(settings.charging_entity))
    intervals = [settings.update_interval]
    if is_running:
        intervals.append(settings.update_interval_charging)
    if settings.climate_entity and is_conditioning(state_of(settings.climate_entity)):
        intervals.append(settings.update_interval_climate)
    return min(intervals)


def shortest_interval(settings: DeviceSettings) -> timedelta:
    """Return the interval that rules while a device is running all it can."""
    intervals = [settings.update_interval, settings.update_interval_charging]
    if settings.climate_entity:
        intervals.append(settings.update_interval_climate)
    return min(intervals)


def is_charging(state: State | None) -> bool:
    """Return whether an entity says so: on, charging, or a power that is not zero."""
    if state is None or state.state in _NO_STATE:
        return False
    if state.state.lower() in _CHARGING:
        return True
    # A number that is none says nothing.
    return bool(number_in(state.state))


def is_conditioning(state: State | None) -> bool:
    """Return whether a climate entity heats or cools; one that hides it, whether it may."""
    if state is None:
        return False
    if (action := state.attributes.get(ATTR_HVAC_ACTION)) is not None:
        return action in _CONDITIONING
    return state.state in _CONDITIONING_MODES
