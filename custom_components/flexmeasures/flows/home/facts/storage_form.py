"""The facts of what stores energy, and how full it is."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.const import PERCENTAGE, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import EntitySelector
from homeassistant.util import dt as dt_util

from ....const import CONF_CAPACITY, CONF_POWER_SENSOR, CONF_SOC_ENTITY, CONF_SOC_UNIT
from ....device.level_entity import level_attribute, level_unit
from ....device.settings import DeviceSettings
from ....feeds.entities import async_registry_key
from ....feeds.settings import Method
from ....scheduling.soc_entity import (
    StateOfChargeEntityError,
    StateOfChargeImplausibleError,
    StateOfChargeUnitError,
    read_soc_entity,
)
from ...device.level_entity import LevelEntitySelector, async_level_entities, is_level
from ...feed.measured_data import measured_data
from ...wording import Wording
from ..making.devices import LEVEL, Device
from ..making.readiness import Readiness
from ..making.wanted import USUAL_SETTINGS, WantedDevice, WantedFeed, prospective
from .facts_form import FactsForm

# Of an entity that is, its unit may not be known.
_ASLEEP: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)


class StorageForm(FactsForm):
    """Asks for the facts of what stores energy."""

    @override
    def _read(self, user_input: Mapping[str, Any]) -> WantedDevice | None:
        self._check(user_input)
        entity_id = user_input.get(CONF_SOC_ENTITY)
        if self.errors:
            return None
        settings = self._settings(user_input)
        if entity_id and (problem := check_level(self._hass, self._wording, settings)):
            self.errors[CONF_SOC_ENTITY], self.placeholders = problem
            return None
        device = self._device(user_input, settings)
        return WantedDevice(
            asset=device.order(),
            settings=settings,
            feeds=(self._level_feed(device, entity_id, settings),) if entity_id else (),
            entity_id=entity_id,
            readiness=self._readiness(user_input),
            assumed=device.assumed,
        )

    @abstractmethod
    def _check(self, user_input: Mapping[str, Any]) -> None:
        """Note an error for each field that is wrong by itself."""

    @abstractmethod
    def _device(
        self, user_input: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Device:
        """Return what is ordered of the server."""

    def _readiness(self, user_input: Mapping[str, Any]) -> Readiness | None:
        """Return what is wished of it from the beginning."""
        return None

    def _settings(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data of the subentry, but for the power sensor."""
        settings = {**USUAL_SETTINGS, CONF_CAPACITY: user_input[CONF_CAPACITY]}
        if entity_id := user_input.get(CONF_SOC_ENTITY):
            settings[CONF_SOC_ENTITY] = entity_id
            state = self._hass.states.get(entity_id)
            unit = state and level_unit(state, self._hass.config.units.temperature_unit)
            # As the owner reads it.
            if unit == PERCENTAGE:
                settings[CONF_SOC_UNIT] = PERCENTAGE
        return settings

    def _level_feed(
        self, device: Device, entity_id: str, settings: Mapping[str, Any]
    ) -> WantedFeed:
        """Return what sends the level to the server."""
        state = self._hass.states.get(entity_id)
        assert state
        read = DeviceSettings.from_subentry({CONF_POWER_SENSOR: 0, **settings})
        data = measured_data(
            prospective(device.order().sensors[LEVEL]),
            entity=async_registry_key(self._hass, entity_id),
            attribute=level_attribute(entity_id),
            unit=level_unit(state, self._hass.config.units.temperature_unit),
            method=Method.LEVEL,
            is_production=False,
            capacity=read.capacity,
            temperatures=read.temperatures,
        )
        return WantedFeed(LEVEL, (state.name, f"{device.name}: {state.name}"), data)

    def _level_selector(self) -> EntitySelector:
        return level_selector(self._hass, temperatures=False)


def level_selector(hass: HomeAssistant, *, temperatures: bool) -> EntitySelector:
    """Return a choice of what says how full something is; `temperatures`: or how warm."""
    return LevelEntitySelector(async_level_entities(hass, temperatures=temperatures))


def check_level(
    hass: HomeAssistant, wording: Wording, settings: Mapping[str, Any]
) -> tuple[str, dict[str, str]] | None:
    """Return what is wrong with what the entity of a device says now: a key of a text.

    With its placeholders. None if nothing is, or it may just be asleep.
    """
    read = DeviceSettings.from_subentry({CONF_POWER_SENSOR: 0, **settings})
    assert read.soc_entity
    if (state := hass.states.get(read.soc_entity)) is None:
        return "entity_not_found", {"entities": read.soc_entity}
    unit = level_unit(state, hass.config.units.temperature_unit)
    if state.state in _ASLEEP and unit is None:
        return "level_unit_unknown", {"entity": state.name}
    if state.state not in _ASLEEP and not is_level(state):
        return "not_a_state_of_charge_entity", {"shown": wording.level(state)}
    try:
        read_soc_entity(
            state,
            read,
            dt_util.utcnow(),
            full_kwh=read.capacity,
            temperature_unit=hass.config.units.temperature_unit,
            # Nothing is known of what went in and out.
            moved_since=lambda _: 0.0,
        )
    except StateOfChargeUnitError:
        return "not_a_state_of_charge_entity", {"shown": wording.level(state)}
    except StateOfChargeImplausibleError:
        return "soc_entity_implausible", {
            "shown": wording.level(state),
            "capacity": wording.kwh(read.capacity or 0.0),
        }
    except StateOfChargeEntityError:
        pass
    return None
