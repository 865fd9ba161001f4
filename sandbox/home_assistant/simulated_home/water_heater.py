"""The boilers among the simulated devices."""

from typing import Any, override

from homeassistant.components.water_heater import WaterHeaterEntity
from homeassistant.components.water_heater.const import WaterHeaterEntityFeature
from homeassistant.const import ATTR_TEMPERATURE, STATE_ON, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

from .const import DATA_HOME
from .controls import HeatControl
from .devices import Boiler, Device
from .entity import ControlEntity


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add those of all devices."""
    async_add_entities(
        SimulatedBoiler(device, control)
        for device in hass.data[DATA_HOME].values()
        for control in device.controls.values()
        if isinstance(control, HeatControl)
    )


class SimulatedBoiler(ControlEntity[HeatControl], WaterHeaterEntity):
    """A boiler."""

    _attr_current_operation = STATE_ON
    _attr_supported_features = WaterHeaterEntityFeature.TARGET_TEMPERATURE
    _attr_temperature_unit = UnitOfTemperature.CELSIUS

    def __init__(self, device: Device, control: HeatControl) -> None:
        """Have the steps of its thermostat."""
        super().__init__(device, control)
        self._attr_target_temperature_step = control.step

    @property
    @override
    def current_temperature(self) -> float | None:
        return self.device.shown_level if isinstance(self.device, Boiler) else None

    @property
    @override
    def target_temperature(self) -> float:
        return self.control.value

    @property
    @override
    def min_temp(self) -> float:
        return self.control.least

    @property
    @override
    def max_temp(self) -> float:
        return self.control.most

    @override
    async def async_set_temperature(self, **kwargs: Any) -> None:
        await self.control.async_tell(kwargs[ATTR_TEMPERATURE])
