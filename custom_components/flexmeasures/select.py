"""Selects: whether the device follows its plan, and how S2 controls it."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .cem.control_type_names import OPTIONS, option_of
from .device.setpoint import Mode
from .entity import (
    FlexMeasuresEntity,
    ResourceEntity,
    async_add_device_entities,
    async_add_resource_entities,
)

# Nothing of it goes to the server, and a resource manager is asked one thing at a time.
PARALLEL_UPDATES = 0

MODE = SelectEntityDescription(key="mode", translation_key="mode", options=list(Mode))
CONTROL_TYPE = SelectEntityDescription(
    key="control_type", translation_key="control_type"
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of each device."""
    async_add_device_entities(
        entry, async_add_entities, lambda coordinator: [ModeSelect(coordinator, MODE)]
    )
    async_add_resource_entities(
        entry,
        async_add_entities,
        lambda resource: [ControlTypeSelect(resource, CONTROL_TYPE)],
    )


class ModeSelect(FlexMeasuresEntity, SelectEntity):
    """What the setpoint follows while there is no override."""

    @property
    @override
    def current_option(self) -> str:
        return self.coordinator.memory.mode

    @override
    async def async_select_option(self, option: str) -> None:
        """Have the setpoint follow something else."""
        await self.coordinator.async_set_mode(Mode(option))


class ControlTypeSelect(ResourceEntity, SelectEntity):
    """The control type in force; unknown while the resource manager is not connected."""

    @property
    @override
    def options(self) -> list[str]:
        """What can be selected now; all while nobody says."""
        details, present = self.resource.details, self.resource.control_type
        return [
            option
            for option, control_type in OPTIONS.items()
            if details is None
            or details.offers(control_type)
            or control_type is present
        ]

    @property
    @override
    def current_option(self) -> str | None:
        present = self.resource.control_type
        return None if present is None else option_of(present)

    @override
    async def async_select_option(self, option: str) -> None:
        """Ask the resource manager for it, and wait for the answer."""
        await self.resource.async_change_control_type(OPTIONS[option])
