"""What an entity shows of how full a device is."""

from homeassistant.components.climate.const import ATTR_CURRENT_TEMPERATURE
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State, split_entity_id

THERMOSTATS = ("climate", "water_heater")
"""The domains whose entities measure a temperature beside their state."""


def level_attribute(entity_id: str) -> str | None:
    """Return the attribute that an entity shows it by; None if its state does."""
    is_thermostat = split_entity_id(entity_id)[0] in THERMOSTATS
    return ATTR_CURRENT_TEMPERATURE if is_thermostat else None


def level_unit(state: State, temperature_unit: str) -> str | None:
    """Return the unit in which it is shown; `temperature_unit` is Home Assistant's."""
    if level_attribute(state.entity_id):
        return temperature_unit
    return state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)


def level_text(state: State) -> str:
    """Return what it shows, which is no number if it is not known."""
    attribute = level_attribute(state.entity_id)
    return str(state.attributes.get(attribute)) if attribute else state.state
