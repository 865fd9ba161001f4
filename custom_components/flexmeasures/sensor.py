"""The schedule sensor."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import FlexMeasuresConfigEntry
from .durations import iso_duration
from .entity import FlexMeasuresEntity
from .schedule import Schedule

PARALLEL_UPDATES = 0

# No state class: a plan is no measurement, and statistics of it would read as one.
SCHEDULE = SensorEntityDescription(
    key="schedule",
    translation_key="schedule",
    device_class=SensorDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.KILO_WATT,
    suggested_display_precision=2,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each device."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        async_add_entities(
            [ScheduleSensor(coordinator, SCHEDULE)], config_subentry_id=subentry_id
        )


class ScheduleSensor(FlexMeasuresEntity, SensorEntity):
    """The power planned for the running slot, with the whole plan as attributes."""

    _unrecorded_attributes = frozenset(
        {"schedule", "start", "end", "duration", "resolution", "next_change"}
    )

    _plan_attributes: tuple[Schedule | None, dict[str, Any]] = (None, {})

    @property
    @override
    def native_value(self) -> float | None:
        """In kW, consumption positive; None when no slot covers now."""
        schedule = self.coordinator.data
        return schedule.power_at(dt_util.utcnow()) if schedule else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The plan, with times in the local offset of their moment."""
        if (schedule := self.coordinator.data) is None:
            return None
        described, attributes = self._plan_attributes
        # A plan can have thousands of slots, and a new slot begins far more often
        # than a new plan arrives.
        if schedule is not described:
            attributes = _describe(schedule)
            self._plan_attributes = (schedule, attributes)
        next_change = schedule.next_change(dt_util.utcnow())
        return {**attributes, "next_change": next_change and _local(next_change)}


def _describe(schedule: Schedule) -> dict[str, Any]:
    return {
        "schedule": schedule.as_dicts(dt_util.get_default_time_zone()),
        "start": _local(schedule.start),
        "end": _local(schedule.end),
        "duration": iso_duration(schedule.duration),
        "resolution": iso_duration(schedule.resolution),
    }


def _local(moment: datetime) -> str:
    return dt_util.as_local(moment).isoformat()
