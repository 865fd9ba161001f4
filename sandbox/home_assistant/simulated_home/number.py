"""The numbers that simulated devices are told."""

from typing import override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

from .const import DATA_HOME
from .controls import HeatControl, NumberControl
from .entity import ControlEntity


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add those of all devices."""
    async_add_entities(
        SimulatedNumber(device, control)
        for device in hass.data[DATA_HOME].values()
        for control in device.controls.values()
        if isinstance(control, NumberControl) and not isinstance(control, HeatControl)
    )


class SimulatedNumber(ControlEntity[NumberControl], NumberEntity):
    """A number."""

    _attr_mode = NumberMode.BOX

    @property
    @override
    def native_value(self) -> float:
        return self.control.value

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        return self.control.unit

    @property
    @override
    def native_min_value(self) -> float:
        return self.control.least

    @property
    @override
    def native_max_value(self) -> float:
        return self.control.most

    @property
    @override
    def native_step(self) -> float:
        return self.control.step

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.control.async_tell(value)
