"""Sensors: the plan, what to do now, what comes of it, bills, and what feeds have sent."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..account import FlexMeasuresConfigEntry
from ..entity import (
    async_add_device_entities,
    async_add_follower_entities,
    async_add_resource_entities,
)
from .device import (
    DeviceSensor,
    MomentSensor,
    NowSensor,
    ScheduleSensor,
    SetpointSensor,
    SocForecastSensor,
    StatusSensor,
)
from .device_descriptions import (
    MOMENTS,
    NOW,
    SCHEDULE,
    SCHEDULING_STATUS,
    SENSORS,
    SETPOINT,
    SOC_FORECAST,
)
from .feed import async_add_feed_entities
from .follower import FOLLOWER, FollowerSensor
from .meter import async_add_meter_entities
from .resource_manager import (
    INSTRUCTIONS,
    SENSORS as RESOURCE_SENSORS,
    InstructionSensor,
    ResourceSensor,
)
from .results import async_add_results_entities

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each device, feed and meter."""
    async_add_meter_entities(entry, async_add_entities)
    async_add_feed_entities(entry, async_add_entities)
    async_add_results_entities(entry, async_add_entities)
    async_add_resource_entities(
        entry,
        async_add_entities,
        lambda resource: [
            *(ResourceSensor(resource, sensor) for sensor in RESOURCE_SENSORS),
            *(InstructionSensor(resource, sensor) for sensor in INSTRUCTIONS),
        ],
    )
    async_add_follower_entities(
        entry,
        async_add_entities,
        lambda coordinator, follower: [FollowerSensor(coordinator, follower, FOLLOWER)],
    )
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [
            ScheduleSensor(coordinator, SCHEDULE),
            *(DeviceSensor(coordinator, sensor) for sensor in SENSORS),
            *(MomentSensor(coordinator, sensor) for sensor in MOMENTS),
            NowSensor(coordinator, NOW),
            SocForecastSensor(coordinator, SOC_FORECAST),
            StatusSensor(coordinator, SCHEDULING_STATUS),
            # Written last: who follows it finds everything else up to date.
            SetpointSensor(coordinator, SETPOINT),
        ],
    )
