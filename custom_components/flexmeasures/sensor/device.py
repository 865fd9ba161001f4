"""The sensors of a device."""

from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import PERCENTAGE
from homeassistant.core import callback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from ..api.durations import iso_duration
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from ..device.setpoint import action_end
from ..entity import FlexMeasuresEntity, local_time
from ..scheduling.soc_entity import present_problem
from ..scheduling.status import STATUSES, scheduling_status
from ..texts import async_text
from ..timer import Timer
from .device_descriptions import (
    DeviceSensorDescription,
    MomentSensorDescription,
    action,
)

# A trigger that waits for a moment would not run if the sensor went on when it comes.
_LINGER: Final = timedelta(minutes=1)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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


class MomentSensor(FlexMeasuresEntity, SensorEntity):
    """A moment that is to come, or has just come."""

    entity_description: MomentSensorDescription
    _timer: Timer

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to look what comes."""
        await super().async_added_to_hass()
        self._timer = Timer(self.hass, self._handle_timer)
        self.async_on_remove(self._timer.async_disarm)
        self._look()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._look()
        super()._handle_coordinator_update()

    @callback
    def _handle_timer(self, now: datetime) -> None:
        self._handle_coordinator_update()

    @callback
    def _look(self) -> None:
        """Go on to the next moment, unless the shown one has just come."""
        now, shown = dt_util.utcnow(), self._attr_native_value
        if isinstance(shown, datetime) and shown <= now < shown + _LINGER:
            self._timer.async_arm(shown + _LINGER)
            return
        self._timer.async_disarm()
        outlook = self.coordinator.outlook
        self._attr_native_value = self.entity_description.next_fn(outlook, now)


class NowSensor(FlexMeasuresEntity, SensorEntity):
    """What goes on and until when, in the words of Home Assistant's language."""

    @property
    @override
    def native_value(self) -> str | None:
        """None when there is nothing to follow."""
        if (doing := action(self.coordinator)) is None:
            return None
        if (end := self._end) is None:
            return async_text(self.hass, f"now_{doing}")
        return async_text(self.hass, f"now_{doing}_until", time=self._time(end))

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """The same for automations, which know no language."""
        end = self._end
        return {"action": action(self.coordinator), "until": end and local_time(end)}

    @property
    def _end(self) -> datetime | None:
        memory = self.coordinator.memory
        return action_end(
            self.coordinator.data.power, memory.mode, memory.override, dt_util.utcnow()
        )

    def _time(self, moment: datetime) -> str:
        local = dt_util.as_local(moment)
        time = f"{local:%H:%M}"
        if local.date() == dt_util.now().date():
            return async_text(self.hass, "time_today", time=time)
        day = async_text(self.hass, f"weekday_{_WEEKDAYS[local.weekday()]}")
        return async_text(self.hass, "time_on_day", day=day, time=time)


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
        """What to do about it, and why the state of charge entity is not used."""
        problem = present_problem(self.coordinator)
        return {
            "reason": scheduling_status(self.coordinator).reason,
            "state_of_charge": problem and problem.translation_key,
        }


class SetpointSensor(FlexMeasuresEntity, SensorEntity):
    """The power to follow now: the plan's, unless mode or override say otherwise.

    It is what the device is there for, and so has its name: the pages of devices sort
    by names, and begin with such an entity.
    """

    _attr_name = None

    @property
    @override
    def suggested_object_id(self) -> str | None:
        """Its own name all the same: an id says what it is of."""
        key = f"component.{DOMAIN}.entity.sensor.{self.translation_key}.name"
        return self.platform_data.object_id_platform_translations[key]

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
