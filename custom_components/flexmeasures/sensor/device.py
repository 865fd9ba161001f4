"""The sensors of a device."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import PERCENTAGE
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from ..api.durations import iso_duration
from ..coordinator import ScheduleCoordinator
from ..entity import FlexMeasuresEntity, local_time
from ..scheduling.status import STATUSES, scheduling_status
from .device_descriptions import DeviceSensorDescription


class DeviceSensor(FlexMeasuresEntity, SensorEntity):
    """One value."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.coordinator)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The currency becomes known with the prices."""
        if (unit_fn := self.entity_description.unit_fn) is None:
            return self.entity_description.native_unit_of_measurement
        currency = self.coordinator.data.currency
        return unit_fn(currency) if currency else None


class ScheduleSensor(FlexMeasuresEntity, SensorEntity):
    """The power planned for the running slot, with the whole plan as attributes."""

    _unrecorded_attributes = frozenset(
        {"schedule", "start", "end", "duration", "resolution", "next_change"}
    )

    @property
    @override
    def native_value(self) -> float | None:
        """In kW, consumption positive; None when no slot covers now."""
        return self.coordinator.data.power_at(dt_util.utcnow())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The plan, with times in the local offset of their moment."""
        if (schedule := self.coordinator.data.power) is None:
            return None
        next_change = schedule.next_change(dt_util.utcnow())
        return {
            "schedule": self.coordinator.outlook.schedule,
            "start": local_time(schedule.start),
            "end": local_time(schedule.end),
            "duration": iso_duration(schedule.duration),
            "resolution": iso_duration(schedule.resolution),
            "next_change": next_change and local_time(next_change),
        }


class SocForecastSensor(FlexMeasuresEntity, SensorEntity):
    """The state of charge that the plan leads to, at the start of the running slot."""

    _unrecorded_attributes = frozenset({"forecast"})

    def __init__(
        self, coordinator: ScheduleCoordinator, description: SensorEntityDescription
    ) -> None:
        """Use the unit of the settings."""
        super().__init__(coordinator, description)
        unit = coordinator.settings.soc_unit
        self._attr_native_unit_of_measurement = unit
        # Not "battery", or it would be shown as how full the device is now.
        if unit != PERCENTAGE:
            self._attr_device_class = SensorDeviceClass.ENERGY_STORAGE

    @property
    @override
    def native_value(self) -> float | None:
        """None after the plan, though it tells what is left when it ends."""
        if (
            not self.coordinator.covers_now
            or (soc := self.coordinator.data.soc) is None
        ):
            return None
        return soc.value_at(dt_util.utcnow())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The curve from the running slot on, with local times."""
        outlook = self.coordinator.outlook
        if outlook.soc is None:
            return None
        first = max(outlook.soc.index_at(dt_util.utcnow()), 0)
        return {"forecast": outlook.forecast[first:]}


class StatusSensor(FlexMeasuresEntity, SensorEntity):
    """Whether scheduling works, and why not."""

    _unrecorded_attributes = frozenset({"reason", "state_of_charge"})

    def __init__(
        self, coordinator: ScheduleCoordinator, description: SensorEntityDescription
    ) -> None:
        """Offer all reasons."""
        super().__init__(coordinator, description)
        self._attr_options = list(STATUSES)

    @property
    @override
    def native_value(self) -> str:
        return scheduling_status(self.coordinator).key

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What the server says, and why the state of charge entity is not used."""
        problem = self.coordinator.soc_problem
        return {
            "reason": scheduling_status(self.coordinator).reason,
            "state_of_charge": problem and problem.translation_key,
        }


class SetpointSensor(FlexMeasuresEntity, SensorEntity):
    """The power to follow now: the plan's, unless mode or override say otherwise."""

    @property
    @override
    def native_value(self) -> float | None:
        """In kW, consumption positive; None when there is nothing to follow."""
        return self.coordinator.setpoint

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Until when an override holds."""
        override = self.coordinator.memory.override
        return {"override_until": local_time(override.until)} if override else None
