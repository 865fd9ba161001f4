"""A home of devices that are only simulated, for the tests and the demo: never shipped.

Each device has entities that it is told by, and sensors of what it does and how full it is. What it
does follows from physics, the more or less honest way it does as it is told, and the time that Home
Assistant has, so that a clock that stands still drives it as well.
"""

from datetime import datetime, timedelta

import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.discovery import async_load_platform
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.typing import ConfigType

from .const import DATA_HOME, DOMAIN
from .devices import KINDS

CONFIG_SCHEMA = vol.Schema(
    {DOMAIN: vol.All(cv.ensure_list, [dict])}, extra=vol.ALLOW_EXTRA
)
_PLATFORMS = (
    Platform.BINARY_SENSOR,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.WATER_HEATER,
)
_STEP = timedelta(seconds=10)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the devices that ``configuration.yaml`` names."""
    devices = [
        KINDS[settings.pop("kind")](hass, **settings)
        for settings in map(dict, config[DOMAIN])
    ]
    hass.data[DATA_HOME] = {device.name: device for device in devices}
    for platform in _PLATFORMS:
        await async_load_platform(hass, platform, DOMAIN, {}, config)

    @callback
    def go_on(_now: datetime) -> None:
        for device in devices:
            device.async_go_on()

    async_track_time_interval(hass, go_on, _STEP, cancel_on_shutdown=True)
    return True
