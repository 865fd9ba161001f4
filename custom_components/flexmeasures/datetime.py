"""Date and time: by when the device has to be ready."""

from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.datetime import DateTimeEntity, DateTimeEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import FlexMeasuresConfigEntry
from .action_errors import check_future
from .entity import LevelEntity, async_add_device_entities, local_time
from .plan.energy_units import from_kwh
from .plan.ready_by import WEEKDAYS, Occasion

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

# From one unit to another and back nothing is lost.
_DIGITS: Final = 6

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


class ReadyByDateTime(LevelEntity, DateTimeEntity):
    """When schedules have to have reached a state of charge: the next time."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """None if there is none to come."""
        upcoming = self.coordinator.memory.upcoming
        return upcoming.moment if upcoming else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """How full the device has to be, whether it will be, what repeats, what has passed."""
        memory, settings = self.coordinator.memory, self.coordinator.settings
        attributes: dict[str, Any] = {}
        upcoming, rule = memory.upcoming, memory.ready_by.rule
        if upcoming and upcoming.target_kwh is not None:
            target = from_kwh(upcoming.target_kwh, settings.soc_unit, settings.capacity)
            if target is not None:
                attributes["target"] = round(target, _DIGITS)
        if (report := memory.targets) and report.are_met is not None:
            attributes["targets_met"] = report.are_met
        if rule:
            attributes["repeats_at"] = rule.time.isoformat()
            attributes["weekdays"] = [WEEKDAYS[day] for day in rule.weekdays]
        if memory.passed_ready_by:
            attributes["passed"] = local_time(memory.passed_ready_by)
        return attributes

    @override
    async def async_set_value(self, value: datetime) -> None:
        """Have the next schedules be ready by this time, which is still to come."""
        check_future(value)
        await self.coordinator.async_be_ready_once(Occasion(dt_util.as_utc(value)))
