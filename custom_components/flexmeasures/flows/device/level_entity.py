"""The entities that may tell how full a device is."""

from collections.abc import Sequence
from typing import Any, Final, override

from homeassistant.components.sensor import (
    ATTR_STATE_CLASS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig

from ...const import DOMAIN
from ...device.level_entity import THERMOSTATS, level_attribute
from ...plan.energy_units import is_temperature
from .fields import SOC_UNITS

LEVEL_DOMAINS: Final = ("sensor", "number", "input_number", *THERMOSTATS)
# Without any it is not known what is measured.
_DEVICE_CLASSES: Final = (
    None,
    SensorDeviceClass.BATTERY,
    SensorDeviceClass.ENERGY_STORAGE,
    SensorDeviceClass.ENERGY,
)
# What the server told, and the levels of phones.
_NEVER: Final = frozenset({DOMAIN, "mobile_app"})


def is_level(state: State) -> bool:
    """Return whether what an entity measures can be a state of charge."""
    if level_attribute(state.entity_id):
        return True
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    device_class = state.attributes.get(ATTR_DEVICE_CLASS)
    if is_temperature(unit):
        return device_class in (None, SensorDeviceClass.TEMPERATURE)
    return unit in SOC_UNITS and device_class in _DEVICE_CLASSES


@callback
def async_level_entities(
    hass: HomeAssistant, present: str | None = None, *, temperatures: bool = True
) -> list[str]:
    """Return what to offer, and the one that is chosen already.

    Not what only counts up, nor the batteries of phones and of sensors. `temperatures`:
    those, too, as of a tank.
    """
    registry = er.async_get(hass)

    def is_offered(state: State) -> bool:
        entry = registry.async_get(state.entity_id)
        return (
            is_level(state)
            and (temperatures or not _is_temperature(state))
            and state.attributes.get(ATTR_STATE_CLASS)
            != SensorStateClass.TOTAL_INCREASING
            and not (entry and (entry.entity_category or entry.platform in _NEVER))
        )

    offered = {
        state.entity_id
        for state in hass.states.async_all(LEVEL_DOMAINS)
        if is_offered(state)
    }
    return sorted(offered | ({present} if present else set()))


def _is_temperature(state: State) -> bool:
    return level_attribute(state.entity_id) is not None or is_temperature(
        state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    )


class LevelEntitySelector(EntitySelector):
    """A choice of entities; the form reports one that it does not offer."""

    def __init__(self, offered: Sequence[str]) -> None:
        """Offer these."""
        super().__init__(
            EntitySelectorConfig(domain=[*LEVEL_DOMAINS], include_entities=[*offered])
        )
        self._any = EntitySelector(EntitySelectorConfig(domain=[*LEVEL_DOMAINS]))

    @override
    def __call__(self, data: Any) -> str | list[str]:
        """Take any of the domains."""
        return self._any(data)
