"""Event: what becomes of scheduling."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .device.scheduling_event import SchedulingEvent, SchedulingEventType
from .entity import FlexMeasuresEntity, async_add_device_entities

PARALLEL_UPDATES = 0

SCHEDULE = EventEntityDescription(
    key="schedule",
    translation_key="schedule",
    event_types=list(SchedulingEventType),
    # The status says it, too: for automations.
    entity_registry_enabled_default=False,
)

# Events are recorded.
_MAX_TARGETS: Final = 5


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of each device."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [ScheduleEvent(coordinator, SCHEDULE)],
    )


class ScheduleEvent(FlexMeasuresEntity, EventEntity):
    """A new plan, a failure to make one, or one that misses targets."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what becomes of scheduling."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.events.async_add(self._handle_event))

    @callback
    def _handle_event(self, event: SchedulingEvent) -> None:
        attributes = dict(event.details)
        if event.type is SchedulingEventType.TARGETS_UNMET:
            attributes = {"unresolved": event.details["unresolved"][:_MAX_TARGETS]}
        self._trigger_event(event.type, attributes)
        self.async_write_ha_state()
