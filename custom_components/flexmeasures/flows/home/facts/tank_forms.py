"""The facts of a tank or a buffer of water, and of what heats it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, override

import voluptuous as vol

from homeassistant.components.climate.const import DOMAIN as CLIMATE
from homeassistant.components.water_heater.const import DOMAIN as WATER_HEATER
from homeassistant.const import UnitOfPower, UnitOfVolume
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig

from ....const import (
    CONF_CAPACITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_FULL_TEMPERATURE,
    CONF_SOC_ENTITY,
)
from ...doubts import doubtful_water
from ...fields import AmountSelector
from ..making.devices import Device, Heat, Kind, heat_kwh
from .facts_form import LITRES, POWER
from .storage_form import StorageForm
from .temperatures import (
    check_temperatures,
    temperature_fields,
    temperatures_in_celsius,
    usual_temperatures,
)

_HEAT_PUMP_COP: Final = 3.0
_ELEMENT_COP: Final = 1.0
# Of what a tank can store: what a household takes of it in a day, as long as nobody says more.
_DAILY_USES: Final = 1.0


class HeatForm(StorageForm):
    """Asks for the facts of a tank that a heat pump heats."""

    step_id = "heat_pump"
    kind = Kind.HEAT
    cop: ClassVar[float] = _HEAT_PUMP_COP

    @property
    @override
    def _name_key(self) -> str:
        return f"kind_{self.step_id}"

    @override
    def schema(self) -> vol.Schema:
        return vol.Schema(
            {
                vol.Required(CONF_SOC_ENTITY): EntitySelector(
                    EntitySelectorConfig(
                        filter=[
                            {"domain": "sensor", "device_class": "temperature"},
                            {"domain": [CLIMATE, WATER_HEATER]},
                        ]
                    )
                ),
                vol.Optional(LITRES): AmountSelector(UnitOfVolume.LITERS),
                **temperature_fields(self._hass),
                vol.Optional(POWER): AmountSelector(UnitOfPower.KILO_WATT),
            }
        )

    @override
    def values(self) -> dict[str, Any]:
        return {
            CONF_SOC_ENTITY: self._known.entity_id,
            **usual_temperatures(self._hass),
            POWER: self._known.power_kw,
        }

    @override
    def _check(self, user_input: Mapping[str, Any]) -> None:
        self._check_positive(user_input, LITRES, POWER)
        if LITRES not in self.errors:
            doubt = doubtful_water(self._wording, user_input[LITRES])
            self._doubts.note(LITRES, doubt, self.errors, self.placeholders)
        self._ask_back_power(user_input)
        check_temperatures(
            self._hass, self._wording, user_input, self.errors, self.placeholders
        )

    @override
    def _settings(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        celsius = temperatures_in_celsius(self._hass, user_input)
        kelvin = celsius[CONF_FULL_TEMPERATURE] - celsius[CONF_EMPTY_TEMPERATURE]
        capacity = round(heat_kwh(user_input[LITRES], kelvin), 3)
        return {**super()._settings({**user_input, CONF_CAPACITY: capacity}), **celsius}

    @override
    def _device(
        self, user_input: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Device:
        entity_id = user_input[CONF_SOC_ENTITY]
        capacity = settings[CONF_CAPACITY]
        return Heat(
            key=self._key_of(entity_id),
            name=self._name(entity_id),
            capacity_kwh=capacity,
            power_kw=user_input[POWER],
            cop=self.cop,
            daily_use_kwh=_DAILY_USES * capacity,
        )


class ElementForm(HeatForm):
    """Asks for the facts of a tank that an electric element heats."""

    step_id = "heat_element"
    cop = _ELEMENT_COP
