"""Between which temperatures water is kept, asked in Home Assistant's unit."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.util.unit_conversion import TemperatureConverter

from ....const import CONF_EMPTY_TEMPERATURE, CONF_FULL_TEMPERATURE
from ...fields import AmountSelector
from ...wording import Wording

_USUAL_CELSIUS: Final = {CONF_EMPTY_TEMPERATURE: 45.0, CONF_FULL_TEMPERATURE: 60.0}
# In degrees Celsius.
_FREEZES: Final = 0.0
_BOILS: Final = 100.0


def temperature_fields(hass: HomeAssistant) -> dict[vol.Marker, AmountSelector]:
    """Return the fields that ask for them."""
    unit = hass.config.units.temperature_unit
    return {
        vol.Required(key): AmountSelector(unit, lowest=None) for key in _USUAL_CELSIUS
    }


def usual_temperatures(hass: HomeAssistant) -> dict[str, float]:
    """Return what these show at first."""
    unit = hass.config.units.temperature_unit
    return {
        key: round(
            TemperatureConverter.convert(celsius, UnitOfTemperature.CELSIUS, unit)
        )
        for key, celsius in _USUAL_CELSIUS.items()
    }


def check_temperatures(
    hass: HomeAssistant,
    wording: Wording,
    user_input: Mapping[str, Any],
    errors: dict[str, str],
    placeholders: dict[str, str],
) -> None:
    """Add what is wrong with them, by field."""
    unit = hass.config.units.temperature_unit
    water = [
        round(TemperatureConverter.convert(each, UnitOfTemperature.CELSIUS, unit))
        for each in (_FREEZES, _BOILS)
    ]
    freezes, boils = water
    for key in _USUAL_CELSIUS:
        if not freezes <= user_input[key] <= boils:
            errors[key] = "not_a_temperature_of_water"
            placeholders |= {
                "freezes": wording.amount(freezes, unit),
                "boils": wording.amount(boils, unit),
            }
    is_upside_down = (
        user_input[CONF_EMPTY_TEMPERATURE] >= user_input[CONF_FULL_TEMPERATURE]
    )
    if is_upside_down and errors.keys().isdisjoint(_USUAL_CELSIUS):
        errors[CONF_FULL_TEMPERATURE] = "full_not_above_empty"


def temperatures_in_celsius(
    hass: HomeAssistant, user_input: Mapping[str, Any]
) -> dict[str, float]:
    """Return what was filled in, by the keys of a device's settings."""
    unit = hass.config.units.temperature_unit
    return {
        key: round(
            TemperatureConverter.convert(
                user_input[key], unit, UnitOfTemperature.CELSIUS
            ),
            2,
        )
        for key in _USUAL_CELSIUS
    }
