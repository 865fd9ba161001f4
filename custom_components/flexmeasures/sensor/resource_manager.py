"""The sensors of an S2 resource manager: what it measures, and what it is told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import MAX_LENGTH_STATE_STATE, EntityCategory, UnitOfPower
from homeassistant.core import callback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from ..cem.control.instruction_sender import Progress
from ..cem.resource import ManagedResource
from ..entity import ResourceEntity, local_time
from ..timer import Timer


def _current(resource: ManagedResource) -> str | None:
    texts = [
        text
        for sent in resource.sender.current(dt_util.utcnow())
        if (text := resource.describe(sent.instruction))
    ]
    return ", ".join(texts)[:MAX_LENGTH_STATE_STATE] or None


def _status(resource: ManagedResource) -> Progress | None:
    last = resource.sender.last
    return last.progress if last else None


def _next(resource: ManagedResource) -> datetime | None:
    instruction = resource.sender.next(dt_util.utcnow())
    return instruction.execution_time if instruction else None


def _label(resource: ManagedResource) -> dict[str, Any]:
    """Return what the resource manager says that its fill level means."""
    return {"label": resource.device_status.fill_level_label}


def _current_instructions(resource: ManagedResource) -> dict[str, Any]:
    """Return each one that is in force."""
    return {
        "instructions": [
            {
                "instruction": resource.describe(sent.instruction),
                "execution_time": local_time(sent.instruction.execution_time),
                "sent_at": local_time(sent.sent_at),
                "status": sent.progress.value,
            }
            for sent in resource.sender.current(dt_util.utcnow())
        ]
    }


def _next_instruction(resource: ManagedResource) -> dict[str, Any]:
    """Return what it says."""
    instruction = resource.sender.next(dt_util.utcnow())
    return {"instruction": resource.describe(instruction) if instruction else None}


@dataclass(frozen=True, kw_only=True)
class ResourceSensorDescription(SensorEntityDescription):
    """A sensor of a resource manager."""

    value_fn: Callable[[ManagedResource], StateType | datetime]
    attributes_fn: Callable[[ManagedResource], dict[str, Any]] = lambda _: {}


SENSORS = (
    ResourceSensorDescription(
        key="fill_level",
        translation_key="fill_level",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=lambda resource: resource.device_status.fill_level,
        attributes_fn=_label,
    ),
    ResourceSensorDescription(
        key="rm_power",
        translation_key="rm_power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=lambda resource: resource.measurements.power,
    ),
    ResourceSensorDescription(
        key="instruction_status",
        translation_key="instruction_status",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=list(Progress),
        # It is also an attribute of the current instruction.
        entity_registry_enabled_default=False,
        value_fn=_status,
    ),
)
INSTRUCTIONS = (
    ResourceSensorDescription(
        key="current_instruction",
        translation_key="current_instruction",
        value_fn=_current,
        attributes_fn=_current_instructions,
    ),
    ResourceSensorDescription(
        key="next_instruction",
        translation_key="next_instruction",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=_next,
        attributes_fn=_next_instruction,
    ),
)


class ResourceSensor(ResourceEntity, SensorEntity):
    """One value, and what goes with it."""

    entity_description: ResourceSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.resource)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What goes with the value."""
        return self.entity_description.attributes_fn(self.resource)


class InstructionSensor(ResourceSensor):
    """What an RM is told, which is another thing once a moment has come."""

    _unrecorded_attributes = frozenset({"instruction", "instructions"})
    _timer: Timer

    @override
    async def async_added_to_hass(self) -> None:
        """Look again whenever an instruction that was sent ahead comes into force."""
        self._timer = Timer(self.hass, self._handle_timer)
        self.async_on_remove(self._timer.async_disarm)
        self.async_on_remove(self.resource.async_add_listener(self._arm))
        await super().async_added_to_hass()

    @callback
    def _handle_timer(self, now: datetime) -> None:
        self.async_write_ha_state()
        self._arm()

    @callback
    def _arm(self) -> None:
        now = dt_util.utcnow()
        instruction = self.resource.sender.next(now)
        if instruction and instruction.execution_time > now:
            self._timer.async_arm(instruction.execution_time)
        else:
            self._timer.async_disarm()
