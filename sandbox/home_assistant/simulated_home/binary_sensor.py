"""Whether the cars of the simulated home are plugged in."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

from .const import DATA_HOME
from .devices import Charger
from .entity import MeasuringEntity


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add those of all chargers."""
    async_add_entities(
        SimulatedPlug(device, f"{device.name} plug")
        for device in hass.data[DATA_HOME].values()
        if isinstance(device, Charger)
    )


class SimulatedPlug(MeasuringEntity, BinarySensorEntity):
    """A plug."""

    _attr_device_class = BinarySensorDeviceClass.PLUG

    @property
    @override
    def is_on(self) -> bool:
        return isinstance(self.device, Charger) and self.device.is_plugged_in
