"""The fields of the form for a device's settings, and the sections that they are in.

Only the form has sections: settings are stored and read without them.
"""

from collections.abc import Collection, Mapping
from typing import Any

import voluptuous as vol

from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DurationSelectorConfig,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...api.models import Catalogue
from ...const import (
    CONF_ACTIVE_ACTUATOR_SENSOR,
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_EFFICIENCY_SENSOR,
    CONF_FILL_LEVEL_SENSOR,
    CONF_FILL_RATE_SENSOR,
    CONF_LEAKAGE_SENSOR,
    CONF_POWER_FORECAST_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_RM_DISCHARGE_SENSOR,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_DEVIATION,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MAX_AGE,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    CONF_TRIGGER_ENTITIES,
    CONF_UPDATE_INTERVAL,
    CONF_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE,
    CONF_USAGE_FORECAST_SENSOR,
)
from ..fields import SensorSelector, is_public
from .fields import (
    EFFICIENCY,
    ENERGY_PRICE,
    NO_PRICE,
    POWER,
    STATE_OF_CHARGE,
    LenientDurationSelector,
)

# Fields that are not kept as such.
CONF_S2_ENABLED = "s2_enabled"
CONF_S2_NEW_TOKEN = "s2_new_token"  # noqa: S105
CONF_SEND_LEVEL = "send_level"

ENERGY_UNITS = (
    UnitOfEnergy.KILO_WATT_HOUR,
    UnitOfEnergy.WATT_HOUR,
    UnitOfEnergy.MEGA_WATT_HOUR,
)
SOC_UNITS = (*ENERGY_UNITS, PERCENTAGE)
_SOC_DOMAINS = ["sensor", "number", "input_number"]
S2_SENSOR_UNITS = {
    # S2 has no unit for a fill level, nor for what changes it.
    CONF_FILL_LEVEL_SENSOR: NO_PRICE,
    CONF_FILL_RATE_SENSOR: NO_PRICE,
    CONF_USAGE_FORECAST_SENSOR: NO_PRICE,
    CONF_LEAKAGE_SENSOR: NO_PRICE,
    CONF_EFFICIENCY_SENSOR: EFFICIENCY,
    CONF_ACTIVE_ACTUATOR_SENSOR: NO_PRICE,
    CONF_RM_DISCHARGE_SENSOR: POWER,
    CONF_POWER_FORECAST_SENSOR: POWER,
}
"""Sensors that are written to with what a resource manager reports."""
SENSOR_UNITS = {
    CONF_SOC_SENSOR: STATE_OF_CHARGE,
    CONF_CONSUMPTION_PRICE_SENSOR: ENERGY_PRICE,
    CONF_PRODUCTION_PRICE_SENSOR: ENERGY_PRICE,
    **S2_SENSOR_UNITS,
}

_SECTIONS = {
    "schedule": (
        CONF_SCHEDULE_DURATION,
        CONF_AUTOMATIC_SCHEDULING,
        CONF_UPDATE_INTERVAL,
    ),
    "state_of_charge": (
        CONF_SOC_ENTITY,
        CONF_SEND_LEVEL,
        CONF_SOC_SENSOR,
        CONF_SOC_UNIT,
        CONF_SOC_MIN,
        CONF_SOC_MAX,
        CONF_CAPACITY,
    ),
    "prices": (CONF_CONSUMPTION_PRICE_SENSOR, CONF_PRODUCTION_PRICE_SENSOR),
    "new_schedules": (CONF_TRIGGER_ENTITIES, CONF_SOC_DEVIATION, CONF_SOC_MAX_AGE),
    "busy": (
        CONF_CHARGING_ENTITY,
        CONF_UPDATE_INTERVAL_CHARGING,
        CONF_CLIMATE_ENTITY,
        CONF_UPDATE_INTERVAL_CLIMATE,
    ),
    "s2": (CONF_S2_ENABLED, CONF_S2_NEW_TOKEN, *S2_SENSOR_UNITS),
}
_USUAL_SECTIONS = frozenset({"schedule", "state_of_charge"})
_REQUIRED = frozenset(
    {
        CONF_SCHEDULE_DURATION,
        CONF_AUTOMATIC_SCHEDULING,
        CONF_UPDATE_INTERVAL,
        CONF_SOC_UNIT,
        CONF_SOC_MAX_AGE,
        CONF_UPDATE_INTERVAL_CHARGING,
        CONF_UPDATE_INTERVAL_CLIMATE,
        CONF_S2_ENABLED,
        CONF_SEND_LEVEL,
    }
)
CURRENCIES_DIFFER = "currencies_differ"
ENTITY_NOT_FOUND = "entity_not_found"
# Other errors do not say which of the section's sensors they are about.
_SENSOR_ERRORS = {
    CONF_CONSUMPTION_PRICE_SENSOR: "not_a_consumption_price_sensor",
    CONF_PRODUCTION_PRICE_SENSOR: "not_a_production_price_sensor",
    CONF_FILL_LEVEL_SENSOR: "not_a_fill_level_sensor",
    CONF_FILL_RATE_SENSOR: "not_a_fill_rate_sensor",
    CONF_USAGE_FORECAST_SENSOR: "not_a_usage_forecast_sensor",
    CONF_LEAKAGE_SENSOR: "not_a_leakage_sensor",
    CONF_EFFICIENCY_SENSOR: "not_an_efficiency_sensor",
    CONF_ACTIVE_ACTUATOR_SENSOR: "not_an_active_actuator_sensor",
    CONF_RM_DISCHARGE_SENSOR: "not_a_discharge_power_sensor",
    CONF_POWER_FORECAST_SENSOR: "not_a_power_forecast_sensor",
}
_ENTITY_ERRORS = {
    CONF_SOC_ENTITY: "soc_entity_not_found",
    CONF_TRIGGER_ENTITIES: "trigger_entities_not_found",
    CONF_CHARGING_ENTITY: "charging_entity_not_found",
    CONF_CLIMATE_ENTITY: "climate_entity_not_found",
}


def settings_schema(
    catalogue: Catalogue,
    sections_with_errors: Collection[str],
    *,
    is_paired: bool,
    sends_level: bool,
) -> vol.Schema:
    """Return the form; a section is open if it is a usual one or has an error.

    `is_paired`: there is a pairing token that can be renewed. `sends_level`: the state of
    charge can be sent to FlexMeasures.
    """
    selectors = _selectors(catalogue)
    if not sends_level:
        del selectors[CONF_SEND_LEVEL]
    if not is_paired:
        del selectors[CONF_S2_NEW_TOKEN]
    return vol.Schema(
        {
            vol.Required(name): section(
                vol.Schema(
                    {
                        (vol.Required if key in _REQUIRED else vol.Optional)(
                            key
                        ): selectors[key]
                        for key in keys
                        if key in selectors
                    }
                ),
                {"collapsed": name not in {*_USUAL_SECTIONS, *sections_with_errors}},
            )
            for name, keys in _SECTIONS.items()
        }
    )


def in_sections(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Put values into their sections."""
    return {
        name: {key: values[key] for key in keys if key in values}
        for name, keys in _SECTIONS.items()
    }


def without_sections(user_input: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Take values out of their sections."""
    return {
        key: value for values in user_input.values() for key, value in values.items()
    }


def section_errors(errors: Mapping[str, str]) -> dict[str, str]:
    """Turn errors of fields into errors of sections, of each section its first.

    The frontend shows no error at a field in a section, but does above a section.
    """
    found: dict[str, str] = {}
    for name, keys in _SECTIONS.items():
        for key in keys:
            if error := errors.get(key):
                if error == ENTITY_NOT_FOUND:
                    error = _ENTITY_ERRORS[key]
                elif error != CURRENCIES_DIFFER:
                    error = _SENSOR_ERRORS.get(key, error)
                found.setdefault(name, error)
    return found


def _selectors(catalogue: Catalogue) -> dict[str, Selector[Any]]:
    """Return what each field is entered with."""
    duration = LenientDurationSelector(DurationSelectorConfig(enable_day=True))
    return {
        **{
            key: SensorSelector(
                catalogue,
                [
                    sensor
                    for sensor in catalogue.sensors.values()
                    if unit.fullmatch(sensor.unit)
                    and not (key in S2_SENSOR_UNITS and is_public(catalogue, sensor))
                ],
                is_first=catalogue.flex_model,
            )
            for key, unit in SENSOR_UNITS.items()
        },
        CONF_SCHEDULE_DURATION: LenientDurationSelector(
            DurationSelectorConfig(enable_day=True, enable_second=False)
        ),
        CONF_AUTOMATIC_SCHEDULING: BooleanSelector(),
        CONF_UPDATE_INTERVAL: duration,
        CONF_SOC_ENTITY: EntitySelector(
            EntitySelectorConfig(
                # The domains are what is checked, the filter what is offered.
                domain=_SOC_DOMAINS,
                filter={
                    "domain": _SOC_DOMAINS,
                    "unit_of_measurement": list(SOC_UNITS),
                },
            )
        ),
        CONF_SEND_LEVEL: BooleanSelector(),
        CONF_SOC_UNIT: SelectSelector(
            SelectSelectorConfig(
                options=list(SOC_UNITS), mode=SelectSelectorMode.DROPDOWN
            )
        ),
        CONF_SOC_MIN: _amount(),
        CONF_SOC_MAX: _amount(),
        CONF_CAPACITY: _amount(UnitOfEnergy.KILO_WATT_HOUR),
        CONF_TRIGGER_ENTITIES: EntitySelector(EntitySelectorConfig(multiple=True)),
        CONF_SOC_DEVIATION: _amount(),
        CONF_SOC_MAX_AGE: duration,
        CONF_CHARGING_ENTITY: EntitySelector(
            EntitySelectorConfig(
                domain=["binary_sensor", "sensor", "switch", "input_boolean"]
            )
        ),
        CONF_UPDATE_INTERVAL_CHARGING: duration,
        CONF_CLIMATE_ENTITY: EntitySelector(EntitySelectorConfig(domain="climate")),
        CONF_UPDATE_INTERVAL_CLIMATE: duration,
        CONF_S2_ENABLED: BooleanSelector(),
        CONF_S2_NEW_TOKEN: BooleanSelector(),
    }


def _amount(unit: str | None = None) -> NumberSelector:
    """Return a number that is not negative."""
    config = NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)
