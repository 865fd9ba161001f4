"""The switches that simulated devices are told by."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

from .const import DATA_HOME
from .controls import SwitchControl
from .entity import ControlEntity


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add those of all devices."""
    async_add_entities(
        SimulatedSwitch(device, control)
        for device in hass.data[DATA_HOME].values()
        for control in device.controls.values()
        if isinstance(control, SwitchControl)
    )


class SimulatedSwitch(ControlEntity[SwitchControl], SwitchEntity):
    """A switch."""

    @property
    @override
    def is_on(self) -> bool:
        return self.control.value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.control.async_tell(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.control.async_tell(False)
