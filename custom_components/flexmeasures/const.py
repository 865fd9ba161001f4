"""Keys of the configuration."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "flexmeasures"
SUBENTRY_DEVICE: Final = "device"
SUBENTRY_METER: Final = "meter"
SUBENTRY_FEED: Final = "feed"

CONF_POWER_SENSOR: Final = "power_sensor"
CONF_CONSUMPTION_PRICE_SENSOR: Final = "consumption_price_sensor"
CONF_PRODUCTION_PRICE_SENSOR: Final = "production_price_sensor"
CONF_SOC_SENSOR: Final = "soc_sensor"
CONF_RM_DISCHARGE_SENSOR: Final = "rm_discharge_sensor"
CONF_SCHEDULE_DURATION: Final = "schedule_duration"
CONF_SOC_UNIT: Final = "soc_unit"
CONF_SOC_MIN: Final = "soc_min"
CONF_SOC_MAX: Final = "soc_max"
CONF_CAPACITY: Final = "capacity"
CONF_EMPTY_TEMPERATURE: Final = "empty_temperature"
CONF_FULL_TEMPERATURE: Final = "full_temperature"
CONF_SOC_ENTITY: Final = "soc_entity"
CONF_SOC_MAX_AGE: Final = "soc_max_age"
CONF_UPDATE_INTERVAL: Final = "update_interval"
CONF_UPDATE_INTERVAL_CHARGING: Final = "update_interval_charging"
CONF_UPDATE_INTERVAL_CLIMATE: Final = "update_interval_climate"
CONF_CHARGING_ENTITY: Final = "charging_entity"
CONF_CLIMATE_ENTITY: Final = "climate_entity"
CONF_AUTOMATIC_SCHEDULING: Final = "automatic_scheduling"
CONF_SOC_DEVIATION: Final = "soc_deviation"
CONF_TRIGGER_ENTITIES: Final = "trigger_entities"
CONF_READY_BY_CALENDAR: Final = "ready_by_calendar"

CONF_FILL_LEVEL_SENSOR: Final = "fill_level_sensor"
CONF_FILL_RATE_SENSOR: Final = "fill_rate_sensor"
CONF_USAGE_FORECAST_SENSOR: Final = "usage_forecast_sensor"
CONF_LEAKAGE_SENSOR: Final = "leakage_sensor"
CONF_EFFICIENCY_SENSOR: Final = "efficiency_sensor"
CONF_ACTIVE_ACTUATOR_SENSOR: Final = "active_actuator_sensor"
CONF_POWER_FORECAST_SENSOR: Final = "power_forecast_sensor"

CONF_S2: Final = "s2"
CONF_S2_ANY_RESOURCE: Final = "any_resource"
CONF_S2_AUTOMATIC: Final = "automatic"
CONF_S2_ROUTE: Final = "id"
CONF_S2_TOKEN_HASH: Final = "token_hash"  # noqa: S105

CONF_COMMODITY: Final = "commodity"
CONF_CONSUMPTION_SENSOR: Final = "consumption_sensor"
CONF_PRODUCTION_SENSOR: Final = "production_sensor"
CONF_COST_SENSOR: Final = "cost_sensor"
CONF_COMPENSATION_SENSOR: Final = "compensation_sensor"
CONF_CUMULATIVE: Final = "cumulative"
CONF_GAS_UNIT: Final = "gas_unit"
CONF_CALORIFIC_VALUE: Final = "calorific_value"
CONF_BILL_START: Final = "bill_start"
CONF_BILL_MONTHS: Final = "bill_months"
CONF_STANDING_CHARGE: Final = "standing_charge"
CONF_DAILY_FORECAST: Final = "daily_forecast"
CONF_FOLLOWER: Final = "follower"

CONF_KIND: Final = "kind"
CONF_SENSOR: Final = "sensor"
CONF_ENTITY: Final = "entity"
CONF_ATTRIBUTE: Final = "attribute"
CONF_METHOD: Final = "method"
CONF_UNIT: Final = "unit"
CONF_INVERT: Final = "invert"
CONF_LEAST_SHARE: Final = "least_share"
CONF_PROVIDER: Final = "provider"
CONF_CONFIG_ENTRY: Final = "config_entry"
CONF_VALUE_KEY: Final = "value_key"
CONF_PRICE: Final = "price"
CONF_RULES: Final = "rules"
CONF_WORKDAY_ENTITY: Final = "workday_entity"

CONF_JOINT_SCHEDULING: Final = "joint_scheduling"
CONF_SOLAR_FORECAST_SENSORS: Final = "solar_forecast_sensors"
CONF_YAML: Final = "yaml"

PROJECT: Final = (
    "https://github.com/FlexMeasures/flexmeasures-for-home-assistant/blob/main"
)
"""Where README and docs are."""

DEFAULT_SCHEDULE_DURATION: Final = timedelta(hours=24)
DEFAULT_SOC_MAX_AGE: Final = timedelta(hours=1)
DEFAULT_UPDATE_INTERVAL: Final = timedelta(hours=1)
DEFAULT_UPDATE_INTERVAL_CHARGING: Final = timedelta(minutes=15)
DEFAULT_UPDATE_INTERVAL_CLIMATE: Final = timedelta(minutes=5)
