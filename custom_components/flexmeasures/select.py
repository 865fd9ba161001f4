"""Select: whether the device follows its plan."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .control import Mode
from .entity import FlexMeasuresEntity

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

MODE = SelectEntityDescription(key="mode", translation_key="mode", options=list(Mode))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the mode of each device."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        async_add_entities(
            [ModeSelect(coordinator, MODE)], config_subentry_id=subentry_id
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
        self.coordinator.async_set_mode(Mode(option))
