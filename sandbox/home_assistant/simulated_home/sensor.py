"""What simulated devices measure of themselves: their power, and how full they are."""

from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

from .const import DATA_HOME
from .devices import Device
from .entity import MeasuringEntity


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add those of all devices."""
    for device in hass.data[DATA_HOME].values():
        async_add_entities([SimulatedPower(device), SimulatedLevel(device)])


class SimulatedPower(MeasuringEntity, SensorEntity):
    """A power."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.WATT
    _attr_state_class = SensorStateClass.MEASUREMENT

    def __init__(self, device: Device) -> None:
        """Have the name of the device."""
        super().__init__(device, f"{device.name} power")

    @property
    @override
    def native_value(self) -> float:
        return self.device.measured


class SimulatedLevel(MeasuringEntity, SensorEntity):
    """How full it is: an energy, or a temperature."""

    _attr_state_class = SensorStateClass.MEASUREMENT

    def __init__(self, device: Device) -> None:
        """Have the name of the device."""
        is_energy = device.level_unit == UnitOfEnergy.KILO_WATT_HOUR
        what = "energy" if is_energy else "temperature"
        super().__init__(device, f"{device.name} {what}")
        self._attr_native_unit_of_measurement = device.level_unit
        self._attr_device_class = (
            SensorDeviceClass.ENERGY_STORAGE
            if is_energy
            else SensorDeviceClass.TEMPERATURE
        )

    @property
    @override
    def native_value(self) -> float:
        return self.device.shown_level
