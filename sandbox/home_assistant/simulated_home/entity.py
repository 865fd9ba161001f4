"""What the entities of the simulated home share."""

from typing import override

from homeassistant.helpers.entity import Entity
from homeassistant.util import slugify

from .controls import Control
from .devices import Device


class SimulatedEntity(Entity):
    """Shows something of a device."""

    _attr_should_poll = False

    def __init__(self, device: Device, name: str) -> None:
        """Have a name, which its id is made of."""
        self.device = device
        self._attr_name = name
        self._attr_unique_id = slugify(name)


class ControlEntity[Kind: Control[float] | Control[bool]](SimulatedEntity):
    """Shows and writes a control."""

    def __init__(self, device: Device, control: Kind) -> None:
        """Have the name of the control."""
        super().__init__(device, control.name)
        self.control = control

    @property
    @override
    def available(self) -> bool:
        return self.control.is_available

    @override
    async def async_added_to_hass(self) -> None:
        calls = self.control.on_change
        calls.append(self.async_write_ha_state)
        self.async_on_remove(lambda: calls.remove(self.async_write_ha_state))


class MeasuringEntity(SimulatedEntity):
    """Shows what a device does."""

    @override
    async def async_added_to_hass(self) -> None:
        calls = self.device.sensors
        calls.append(self.async_write_ha_state)
        self.async_on_remove(lambda: calls.remove(self.async_write_ha_state))
