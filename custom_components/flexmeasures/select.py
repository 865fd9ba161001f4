"""Selects: whether the device follows its plan, and how S2 controls it."""

from typing import Any, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .cem.control_type_names import AUTOMATIC, OPTIONS, choice_of, option_of
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
    """Automatic, or the control type in force; what was chosen while nothing is connected."""

    @property
    @override
    def options(self) -> list[str]:
        """What can be selected now; all while nobody says."""
        details = self.resource.details
        present = self.resource.shown_control_type
        return [
            AUTOMATIC,
            *(
                option
                for option, control_type in OPTIONS.items()
                if details is None
                or details.offers(control_type)
                or control_type is present
            ),
        ]

    @property
    @override
    def current_option(self) -> str | None:
        if self.resource.is_automatic:
            return AUTOMATIC
        present = self.resource.shown_control_type
        return None if present is None else option_of(present)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What is in force, which an automatic one does not say."""
        in_force = self.resource.control_type
        return {"in_force": None if in_force is None else option_of(in_force)}

    @override
    async def async_select_option(self, option: str) -> None:
        """Ask the resource manager for it, and wait for the answer."""
        await self.resource.async_change_control_type(choice_of(option))
