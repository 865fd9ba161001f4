"""Binary sensors: what the plan means, and whether it can be relied on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import FlexMeasuresConfigEntry
from .coordinator import ScheduleCoordinator
from .entity import (
    FlexMeasuresEntity,
    ResourceEntity,
    async_add_device_entities,
    async_add_resource_entities,
)

PARALLEL_UPDATES = 0


def _charging_planned(coordinator: ScheduleCoordinator) -> bool | None:
    power = coordinator.data.power_at(dt_util.utcnow())
    return None if power is None else power > 0


def _targets_met(coordinator: ScheduleCoordinator) -> bool | None:
    report = coordinator.memory.targets
    return report.are_met if report else None


@dataclass(frozen=True, kw_only=True)
class DeviceBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a device."""

    value_fn: Callable[[ScheduleCoordinator], bool | None]


# What another entity says, too, is disabled by default.
SENSORS = (
    DeviceBinarySensorDescription(
        key="charging_planned",
        translation_key="charging_planned",
        entity_registry_enabled_default=False,
        value_fn=_charging_planned,
    ),
    DeviceBinarySensorDescription(
        key="plan_out_of_date",
        translation_key="plan_out_of_date",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda coordinator: coordinator.is_out_of_date,
    ),
)
TARGETS_MET = DeviceBinarySensorDescription(
    key="targets_met",
    translation_key="targets_met",
    # For automations: the time by which the device has to be ready has it as an attribute.
    entity_registry_enabled_default=False,
    value_fn=_targets_met,
)
RM_CONNECTED = BinarySensorEntityDescription(
    key="rm_connected",
    translation_key="rm_connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of each device."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [
            *(DeviceBinarySensor(coordinator, sensor) for sensor in SENSORS),
            TargetsBinarySensor(coordinator, TARGETS_MET),
        ],
    )
    async_add_resource_entities(
        entry,
        async_add_entities,
        lambda resource: [ConnectedBinarySensor(resource, RM_CONNECTED)],
    )


class DeviceBinarySensor(FlexMeasuresEntity, BinarySensorEntity):
    """A yes or no about a device's plan."""

    entity_description: DeviceBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.value_fn(self.coordinator)


class TargetsBinarySensor(DeviceBinarySensor):
    """Whether the last schedule reaches all targets; unknown if it had none."""

    _unrecorded_attributes = frozenset({"unresolved", "resolved", "beyond"})

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Which targets are missed, reached or not planned yet, when, and how much."""
        report = self.coordinator.memory.targets
        return report.as_json() if report else None


class ConnectedBinarySensor(ResourceEntity, BinarySensorEntity):
    """Whether the resource manager is connected, and has said what it is."""

    @property
    @override
    def is_on(self) -> bool:
        return self.resource.is_connected
