"""The entity in Home Assistant that shows whether a car is plugged in."""

from collections.abc import Iterable

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import ATTR_DEVICE_CLASS, STATE_OFF, STATE_ON, Platform
from homeassistant.core import HomeAssistant, callback, split_entity_id
from homeassistant.helpers import entity_registry as er


@callback
def async_plug_among(hass: HomeAssistant, entity_ids: Iterable[str]) -> str | None:
    """Return the first of some entities that is a plug; None if none is.

    One that is not there yet may be one.
    """
    return next((each for each in entity_ids if _may_be_plug(hass, each)), None)


def _may_be_plug(hass: HomeAssistant, entity_id: str) -> bool:
    if split_entity_id(entity_id)[0] != Platform.BINARY_SENSOR:
        return False
    state, known = hass.states.get(entity_id), er.async_get(hass).async_get(entity_id)
    if known:
        found = known.device_class or known.original_device_class
    elif state:
        found = state.attributes.get(ATTR_DEVICE_CLASS)
    else:
        return True
    return found == BinarySensorDeviceClass.PLUG


@callback
def async_is_plugged(hass: HomeAssistant, entity_id: str) -> bool | None:
    """Return whether a plug is in; None if it does not say so."""
    state = hass.states.get(entity_id)
    return {STATE_ON: True, STATE_OFF: False}.get(state.state) if state else None
