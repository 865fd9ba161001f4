"""Button: have a schedule computed."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry, async_compute
from .action_errors import translated_errors
from .entity import FlexMeasuresEntity, async_add_device_entities
from .scheduling.request import ScheduleRequest

# No device has to wait for another one's job.
PARALLEL_UPDATES = 0

COMPUTE_SCHEDULE = ButtonEntityDescription(
    key="compute_schedule", translation_key="compute_schedule"
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of each device."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [ComputeScheduleButton(coordinator, COMPUTE_SCHEDULE)],
    )


class ComputeScheduleButton(FlexMeasuresEntity, ButtonEntity):
    """Has a new schedule computed, and waits for it."""

    @override
    async def async_press(self) -> None:
        entry: FlexMeasuresConfigEntry = self.coordinator.config_entry
        async with translated_errors(self.hass, entry):
            await async_compute(
                entry, self.coordinator.subentry.subentry_id, ScheduleRequest()
            )
