"""Switches: whether schedules are made without being asked for, and whether a device is told to follow them."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .const import CONF_AUTOMATIC_SCHEDULING
from .entity import (
    FlexMeasuresEntity,
    FollowerEntity,
    ResourceEntity,
    async_add_device_entities,
    async_add_follower_entities,
    async_add_resource_entities,
)

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

AUTOMATIC_SCHEDULING = SwitchEntityDescription(
    key=CONF_AUTOMATIC_SCHEDULING,
    translation_key="automatic_scheduling",
    entity_category=EntityCategory.CONFIG,
)

GRID_EMERGENCY = SwitchEntityDescription(
    key="grid_emergency",
    translation_key="grid_emergency",
    entity_category=EntityCategory.CONFIG,
)

HAND_OVER = SwitchEntityDescription(key="hand_over", translation_key="hand_over")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of each device."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [
            AutomaticSchedulingSwitch(coordinator, AUTOMATIC_SCHEDULING)
        ],
    )
    async_add_resource_entities(
        entry,
        async_add_entities,
        lambda resource: [GridEmergencySwitch(resource, GRID_EMERGENCY)],
    )
    async_add_follower_entities(
        entry,
        async_add_entities,
        lambda coordinator, follower: [
            HandOverSwitch(coordinator, follower, HAND_OVER)
        ],
    )


class GridEmergencySwitch(ResourceEntity, SwitchEntity):
    """Whether a device may do what it offers for abnormal conditions only."""

    @property
    @override
    def is_on(self) -> bool:
        return self.resource.memory.is_emergency

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Use it from now on, and say so in instructions."""
        await self.resource.async_set_emergency(is_emergency=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Use it no more."""
        await self.resource.async_set_emergency(is_emergency=False)


class HandOverSwitch(FollowerEntity, SwitchEntity):
    """Whether anything is written to what follows the device."""

    @property
    @override
    def is_on(self) -> bool:
        return self.follower.memory.is_in_control

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Write what the setpoint asks for, from now on."""
        await self.follower.async_hand_over(is_in_control=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let the device rest, and only say what would be written."""
        await self.follower.async_hand_over(is_in_control=False)


class AutomaticSchedulingSwitch(FlexMeasuresEntity, SwitchEntity):
    """The same setting as in the device's form."""

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.settings.automatic_scheduling

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Have a new schedule made at each interval."""
        self._store(automatic=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Have schedules made only when someone asks for them."""
        self._store(automatic=False)

    def _store(self, *, automatic: bool) -> None:
        """Change the settings, which the account's update listener follows."""
        entry = self.coordinator.config_entry
        subentry = entry.subentries[self.coordinator.subentry.subentry_id]
        self.hass.config_entries.async_update_subentry(
            entry,
            subentry,
            data={**subentry.data, CONF_AUTOMATIC_SCHEDULING: automatic},
        )
