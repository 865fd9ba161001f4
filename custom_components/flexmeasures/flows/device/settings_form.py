"""The settings of a device, the screens that they are on, and what each is entered with."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import UnitOfEnergy
from homeassistant.helpers.selector import (
    BooleanSelector,
    DurationSelectorConfig,
    EntitySelector,
    EntitySelectorConfig,
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
    CONF_EMPTY_TEMPERATURE,
    CONF_FILL_LEVEL_SENSOR,
    CONF_FILL_RATE_SENSOR,
    CONF_FULL_TEMPERATURE,
    CONF_LEAKAGE_SENSOR,
    CONF_POWER_FORECAST_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_READY_BY_CALENDAR,
    CONF_RM_DISCHARGE_SENSOR,
    CONF_S2,
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
from ..fields import AmountSelector, SensorSelector, is_public, temperature_selector
from .fields import (
    DURATIONS,
    EFFICIENCY,
    ENERGY_PRICE,
    NO_PRICE,
    POWER,
    SOC_UNITS,
    STATE_OF_CHARGE,
    LenientDurationSelector,
)
from .level_entity import LevelEntitySelector

# Fields that are not kept as such.
CONF_S2_ENABLED = "s2_enabled"
CONF_S2_NEW_TOKEN = "s2_new_token"  # noqa: S105
CONF_S2_ANY_RESOURCE_FIELD = "s2_any_resource"
CONF_SEND_LEVEL = "send_level"

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

LEVEL: Final = "level"
READY_BY: Final = "ready_by"
LIMITS: Final = "limits"
PRICES: Final = "price_sensors"
RESCHEDULING: Final = "rescheduling"
INTERVALS: Final = "intervals"
PAIRING: Final = "s2_pairing"
S2_SENSORS: Final = "s2_sensors"
OTHER_SENSOR: Final = "power_sensor"
"""The screen that asks for another FlexMeasures sensor."""

SCREENS: Final[Mapping[str, tuple[str, ...]]] = {
    LEVEL: (
        CONF_SOC_ENTITY,
        CONF_CAPACITY,
        CONF_EMPTY_TEMPERATURE,
        CONF_FULL_TEMPERATURE,
        CONF_SEND_LEVEL,
        CONF_SOC_SENSOR,
        CONF_SOC_UNIT,
    ),
    READY_BY: (CONF_READY_BY_CALENDAR,),
    LIMITS: (CONF_SOC_MIN, CONF_SOC_MAX),
    PRICES: (CONF_CONSUMPTION_PRICE_SENSOR, CONF_PRODUCTION_PRICE_SENSOR),
    RESCHEDULING: (
        CONF_AUTOMATIC_SCHEDULING,
        CONF_TRIGGER_ENTITIES,
        CONF_SOC_DEVIATION,
        CONF_SOC_MAX_AGE,
        CONF_SCHEDULE_DURATION,
    ),
    INTERVALS: (
        CONF_UPDATE_INTERVAL,
        CONF_CHARGING_ENTITY,
        CONF_UPDATE_INTERVAL_CHARGING,
        CONF_CLIMATE_ENTITY,
        CONF_UPDATE_INTERVAL_CLIMATE,
    ),
    PAIRING: (CONF_S2_ENABLED, CONF_S2_NEW_TOKEN, CONF_S2_ANY_RESOURCE_FIELD),
    S2_SENSORS: tuple(S2_SENSOR_UNITS),
}
"""The settings of a device, by what people look for."""
FACTS: Final = (
    CONF_SOC_ENTITY,
    CONF_CAPACITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_FULL_TEMPERATURE,
    CONF_SOC_MIN,
    CONF_SOC_MAX,
    CONF_AUTOMATIC_SCHEDULING,
)
"""What is asked of a new device."""
AMOUNTS: Final = frozenset({CONF_SOC_MIN, CONF_SOC_MAX, CONF_SOC_DEVIATION})
"""Those that are in the unit that is chosen."""
ALL_SETTINGS: Final = frozenset(key for keys in SCREENS.values() for key in keys)

_REQUIRED: Final = frozenset(
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


def screen_of(setting: str) -> str | None:
    """Return the screen with a setting, as it is kept; None if it is on none."""
    if setting == CONF_S2:
        return PAIRING
    return next((name for name, keys in SCREENS.items() if setting in keys), None)


def settings_schema(
    catalogue: Catalogue,
    keys: Iterable[str],
    *,
    level_entities: Sequence[str],
    amount_unit: str,
    with_seconds: Collection[str],
) -> vol.Schema:
    """Return a form with some settings.

    `level_entities` are offered for the state of charge. `amount_unit` is that of
    amounts. `with_seconds` are the durations that are no whole minutes.
    """
    selectors = _selectors(catalogue, level_entities, amount_unit, with_seconds)
    return vol.Schema(
        {
            (vol.Required if key in _REQUIRED else vol.Optional)(key): selectors[key]
            for key in keys
        }
    )


def _selectors(
    catalogue: Catalogue,
    level_entities: Sequence[str],
    amount_unit: str,
    with_seconds: Collection[str],
) -> dict[str, Selector[Any]]:
    """Return what each field is entered with."""
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
                is_first=catalogue.is_device,
            )
            for key, unit in SENSOR_UNITS.items()
        },
        **{
            key: LenientDurationSelector(
                DurationSelectorConfig(enable_second=key in with_seconds)
            )
            for key in DURATIONS
        },
        CONF_AUTOMATIC_SCHEDULING: BooleanSelector(),
        CONF_SOC_ENTITY: LevelEntitySelector(level_entities),
        CONF_SEND_LEVEL: BooleanSelector(),
        CONF_SOC_UNIT: SelectSelector(
            SelectSelectorConfig(
                options=list(SOC_UNITS), mode=SelectSelectorMode.DROPDOWN
            )
        ),
        CONF_SOC_MIN: AmountSelector(amount_unit),
        CONF_SOC_MAX: AmountSelector(amount_unit),
        CONF_CAPACITY: AmountSelector(UnitOfEnergy.KILO_WATT_HOUR),
        CONF_EMPTY_TEMPERATURE: temperature_selector(),
        CONF_FULL_TEMPERATURE: temperature_selector(),
        CONF_READY_BY_CALENDAR: EntitySelector(EntitySelectorConfig(domain="calendar")),
        CONF_TRIGGER_ENTITIES: EntitySelector(EntitySelectorConfig(multiple=True)),
        CONF_SOC_DEVIATION: AmountSelector(amount_unit),
        CONF_CHARGING_ENTITY: EntitySelector(
            EntitySelectorConfig(
                domain=["binary_sensor", "sensor", "switch", "input_boolean"]
            )
        ),
        CONF_CLIMATE_ENTITY: EntitySelector(EntitySelectorConfig(domain="climate")),
        CONF_S2_ENABLED: BooleanSelector(),
        CONF_S2_NEW_TOKEN: BooleanSelector(),
        CONF_S2_ANY_RESOURCE_FIELD: BooleanSelector(),
    }
