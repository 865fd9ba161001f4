"""The temperature that is forecast."""

from typing import Any, Final, override

from homeassistant.components.weather.const import (
    ATTR_WEATHER_TEMPERATURE_UNIT,
    SERVICE_GET_FORECASTS,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...device.entity_references import async_entity_name
from ..bins import Step
from ..entities import async_entity_id
from .actions import AskedProvider, async_call
from .errors import AttributeMissingError
from .provider import entity_id_of
from .shapes import spans_of, steps_of

WEATHER: Final = "weather"
TEMPERATURE: Final = "temperature"


class WeatherProvider(AskedProvider):
    """The hourly forecast of a weather entity."""

    def __init__(self, hass: HomeAssistant, entity: str) -> None:
        """Keep which one it is; raises EntityGoneError."""
        self._entity = entity
        super().__init__(hass, entity_id_of(hass, entity))

    @override
    async def _async_ask(self) -> tuple[tuple[Step, ...], str]:
        entity_id = entity_id_of(self._hass, self._entity)
        state = self._hass.states.get(entity_id)
        attributes = state.attributes if state else {}
        if (unit := attributes.get(ATTR_WEATHER_TEMPERATURE_UNIT)) is None:
            raise AttributeMissingError(
                async_entity_name(self._hass, entity_id), ATTR_WEATHER_TEMPERATURE_UNIT
            )
        asked: dict[str, Any] = {ATTR_ENTITY_ID: entity_id, "type": "hourly"}
        answer = await async_call(
            self._hass, entity_id, f"{WEATHER}.{SERVICE_GET_FORECASTS}", **asked
        )
        zone = dt_util.get_default_time_zone()
        return steps_of(spans_of([answer.get(entity_id)], zone, TEMPERATURE)), unit

    @override
    @callback
    def _entity_ids(self) -> frozenset[str]:
        entity_id = async_entity_id(self._hass, self._entity)
        return frozenset() if entity_id is None else frozenset({entity_id})
