"""Keys of the configuration."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "flexmeasures"
SUBENTRY_DEVICE: Final = "device"

CONF_POWER_SENSOR: Final = "power_sensor"
CONF_CONSUMPTION_PRICE_SENSOR: Final = "consumption_price_sensor"
CONF_PRODUCTION_PRICE_SENSOR: Final = "production_price_sensor"
CONF_SOC_SENSOR: Final = "soc_sensor"
CONF_RM_DISCHARGE_SENSOR: Final = "rm_discharge_sensor"
CONF_SCHEDULE_DURATION: Final = "schedule_duration"
CONF_SOC_UNIT: Final = "soc_unit"
CONF_SOC_MIN: Final = "soc_min"
CONF_SOC_MAX: Final = "soc_max"
CONF_UPDATE_INTERVAL: Final = "update_interval"
CONF_AUTOMATIC_SCHEDULING: Final = "automatic_scheduling"

DEFAULT_SCHEDULE_DURATION: Final = timedelta(hours=24)
DEFAULT_UPDATE_INTERVAL: Final = timedelta(hours=1)
