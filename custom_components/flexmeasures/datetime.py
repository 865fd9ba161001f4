"""Date and time: by when the device has to be ready."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.datetime import DateTimeEntity, DateTimeEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import FlexMeasuresConfigEntry
from .action_errors import check_future
from .entity import FlexMeasuresEntity, async_add_device_entities, local_time

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

READY_BY = DateTimeEntityDescription(key="ready_by", translation_key="ready_by")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the time of each device."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [ReadyByDateTime(coordinator, READY_BY)],
    )


class ReadyByDateTime(FlexMeasuresEntity, DateTimeEntity):
    """When schedules have to have reached the target state of charge."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """None once it has passed."""
        return self.coordinator.memory.ready_by

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The last one that has passed, and holds no more."""
        passed = self.coordinator.memory.passed_ready_by
        return {"passed": local_time(passed)} if passed else None

    @override
    async def async_set_value(self, value: datetime) -> None:
        """Have the next schedules be ready by this time, which is still to come."""
        check_future(value)
        await self.coordinator.async_set_target(
            target_soc_kwh=self.coordinator.memory.target_soc_kwh,
            ready_by=dt_util.as_utc(value),
        )
