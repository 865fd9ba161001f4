"""The bases of all entities of a device, a feed or a meter."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_platforms,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .account import FlexMeasuresConfigEntry
from .cem.resource import ManagedResource
from .const import DOMAIN
from .coordinator import ScheduleCoordinator
from .device_page import async_device_info
from .feeds.feed import Feed
from .follower.follower import Follower
from .meters.coordinator import MeterCoordinator
from .results.results import DeviceResults


class _PartEntity(Entity):
    """Something about what a subentry stands for."""

    _attr_has_entity_name = True
    _config_entry: FlexMeasuresConfigEntry
    _subentry: ConfigSubentry

    def _belong_to(
        self,
        config_entry: FlexMeasuresConfigEntry,
        subentry: ConfigSubentry,
        description: EntityDescription,
    ) -> None:
        """Be the one of the subentry's entities that is described."""
        self._config_entry = config_entry
        self._subentry = subentry
        self.entity_description = description
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """What is known of it by now."""
        return async_device_info(self.hass, self._config_entry, self._subentry)


class FlexMeasuresEntity(CoordinatorEntity[ScheduleCoordinator], _PartEntity):
    """Something about a device's schedule."""

    def __init__(
        self, coordinator: ScheduleCoordinator, description: EntityDescription
    ) -> None:
        """Belong to the device that the subentry stands for."""
        super().__init__(coordinator)
        self._belong_to(coordinator.config_entry, coordinator.subentry, description)

    @property
    @override
    def available(self) -> bool:
        """Always: the plan holds while the server is away, and after its end is unknown."""
        return True


class LevelEntity(FlexMeasuresEntity):
    """Something about how full a device has to be, which one that stores nothing has not."""

    def __init__(
        self, coordinator: ScheduleCoordinator, description: EntityDescription
    ) -> None:
        """Be disabled at first on a device without a level."""
        super().__init__(coordinator, description)
        self._attr_entity_registry_enabled_default = coordinator.may_have_level


_RESOURCE_KEYS = frozenset(
    {
        "control_type",
        "current_instruction",
        "energy_to_use",
        "fill_level",
        "grid_emergency",
        "instruction_status",
        "next_instruction",
        "rm_connected",
        "rm_power",
    }
)
"""Of all entities that only a device with S2 has."""

_CHARGE_KEYS = frozenset(
    {
        "charging_planned",
        "next_charge_end",
        "next_charge_start",
        "ready_by",
        "soc_forecast",
        "target_soc",
        "targets_met",
    }
)
"""Of all entities that only a device has that is charged with something."""

_FOLLOWER_KEYS = frozenset({"follower", "hand_over"})
"""Of all entities that only a device has that something follows."""

_POWER_KEYS = frozenset({"cost_today", "off_plan_today", "power_error"})
"""Of all entities that only a device has whose power is measured."""

_SAVED_KEYS = frozenset({"saved_today"})
"""Likewise, whose level is, too, and of which it is known what it would have done else."""

_LEVEL_KEYS = frozenset({"soc_error"})
"""Of all entities that only a device has whose level is measured."""


def _impossible_keys(resource: ManagedResource) -> frozenset[str]:
    """Return the keys of what a device cannot have under its control type."""
    if not resource.may_have_level:
        impossible = _CHARGE_KEYS | {"energy_to_use"}
    elif resource.is_given_energy:
        # Its target is an amount of energy, and not a state of charge.
        impossible = frozenset({"target_soc", "soc_forecast"})
    else:
        impossible = frozenset({"energy_to_use"})
    return impossible if resource.may_have_fill_level else impossible | {"fill_level"}


@callback
def async_remove_retired_entities(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, subentry_id: str
) -> None:
    """Remove the entities of a device for what it has no more, like S2 or a follower."""
    account = entry.runtime_data
    results = account.results[subentry_id]
    resource = account.resources.get(subentry_id)
    retired = {
        key
        for keys, has_them in (
            (_RESOURCE_KEYS, resource is not None),
            (_FOLLOWER_KEYS, subentry_id in account.followers),
            (_POWER_KEYS, results.has_power),
            (_SAVED_KEYS, results.can_be_judged),
            (_LEVEL_KEYS, results.has_level),
        )
        if not has_them
        for key in keys
    }
    if resource is not None:
        retired |= _impossible_keys(resource)
    _async_remove(hass, entry, subentry_id, retired)


@callback
def _async_remove(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    subentry_id: str,
    keys: Iterable[str],
) -> None:
    """Remove entities of a device, and all that Home Assistant knows of them."""
    registry = er.async_get(hass)
    retired = {f"{subentry_id}_{key}" for key in keys}
    for known in er.async_entries_for_config_entry(registry, entry.entry_id):
        if known.unique_id in retired:
            registry.async_remove(known.entity_id)


async def async_unload_entities(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, subentry_id: str
) -> None:
    """Take away the entities of a device, but for what Home Assistant knows of them."""
    for platform in async_get_platforms(hass, DOMAIN):
        if platform.config_entry is not entry:
            continue
        for entity in list(platform.entities.values()):
            known = entity.registry_entry
            if known and known.config_subentry_id == subentry_id:
                await entity.async_remove()


class MeterEntity(CoordinatorEntity[MeterCoordinator], _PartEntity):
    """Something about a meter's bill."""

    def __init__(
        self, coordinator: MeterCoordinator, description: EntityDescription
    ) -> None:
        """Belong to the meter that the subentry stands for."""
        super().__init__(coordinator)
        self._belong_to(coordinator.config_entry, coordinator.subentry, description)

    @property
    @override
    def available(self) -> bool:
        """Always: what was counted stays counted while the server is away."""
        return True


class FeedEntity(_PartEntity):
    """Something about a feed."""

    _attr_should_poll = False

    def __init__(self, feed: Feed, description: EntityDescription) -> None:
        """Belong to the feed that the subentry stands for."""
        self.feed = feed
        self._belong_to(feed.config_entry, feed.subentry, description)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the feed, also while the server is away."""
        self.async_on_remove(self.feed.async_add_listener(self.async_write_ha_state))


class ResourceEntity(_PartEntity):
    """Something that a device's S2 resource manager reports."""

    _attr_should_poll = False

    def __init__(
        self, resource: ManagedResource, description: EntityDescription
    ) -> None:
        """Belong to the device that it speaks for."""
        self.resource = resource
        coordinator = resource.coordinator
        self._belong_to(coordinator.config_entry, coordinator.subentry, description)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the resource manager, which has more to report than the plan."""
        self.async_on_remove(
            self.resource.async_add_listener(self.async_write_ha_state)
        )


class FollowerEntity(_PartEntity):
    """Something about what follows a device."""

    _attr_should_poll = False

    def __init__(
        self,
        coordinator: ScheduleCoordinator,
        follower: Follower,
        description: EntityDescription,
    ) -> None:
        """Belong to the device that is followed."""
        self.follower = follower
        self._belong_to(coordinator.config_entry, coordinator.subentry, description)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the follower."""
        self.async_on_remove(
            self.follower.async_add_listener(self.async_write_ha_state)
        )


class ResultsEntity(_PartEntity):
    """Something about what came of a device's plans."""

    _attr_should_poll = False

    def __init__(self, results: DeviceResults, description: EntityDescription) -> None:
        """Belong to the device whose plans they are."""
        self.results = results
        coordinator = results.coordinator
        self._belong_to(coordinator.config_entry, coordinator.subentry, description)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what is counted, which is shown less often than it changes."""
        self.async_on_remove(self.results.async_add_listener(self.async_write_ha_state))


@callback
def async_add_device_entities(
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[ScheduleCoordinator], Iterable[Entity]],
) -> None:
    """Add what `make` returns to each device of an account, now and later.

    Of a device with S2 that is only what it can have under its control type.
    """
    account = entry.runtime_data

    @callback
    def add(coordinator: ScheduleCoordinator) -> None:
        subentry_id = coordinator.subentry.subentry_id
        if resource := account.resources.get(subentry_id):
            _async_add_possible(async_add_entities, resource, lambda: make(coordinator))
        else:
            async_add_entities(make(coordinator), config_subentry_id=subentry_id)

    account.coordinators.async_for_each(add)


@callback
def async_add_resource_entities(
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[ManagedResource], Iterable[Entity]],
) -> None:
    """Add what `make` returns to each device that has S2, now and later."""
    account = entry.runtime_data

    @callback
    def add(coordinator: ScheduleCoordinator) -> None:
        if resource := account.resources.get(coordinator.subentry.subentry_id):
            _async_add_possible(async_add_entities, resource, lambda: make(resource))

    account.coordinators.async_for_each(add)


@callback
def _async_add_possible(
    async_add_entities: AddConfigEntryEntitiesCallback,
    resource: ManagedResource,
    make: Callable[[], Iterable[Entity]],
) -> None:
    """Add what a device can have, and follow when that changes with its control type."""
    coordinator = resource.coordinator
    subentry_id = coordinator.subentry.subentry_id
    present: set[str] = set()
    impossible: frozenset[str] | None = None

    @callback
    def look() -> None:
        nonlocal impossible
        if (now := _impossible_keys(resource)) == impossible:
            return
        impossible = now
        if gone := present & impossible:
            _async_remove(coordinator.hass, coordinator.config_entry, subentry_id, gone)
        present.difference_update(gone)
        new = {
            key: entity
            for entity in make()
            if (key := entity.entity_description.key) not in present | impossible
        }
        present.update(new)
        async_add_entities(new.values(), config_subentry_id=subentry_id)

    look()
    coordinator.lifetime.async_on_unload(resource.async_add_listener(look))


@callback
def async_add_follower_entities(
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[ScheduleCoordinator, Follower], Iterable[Entity]],
) -> None:
    """Add what `make` returns to each device that something follows, now and later."""
    account = entry.runtime_data

    @callback
    def add(coordinator: ScheduleCoordinator) -> None:
        subentry_id = coordinator.subentry.subentry_id
        if follower := account.followers.get(subentry_id):
            async_add_entities(
                make(coordinator, follower), config_subentry_id=subentry_id
            )

    account.coordinators.async_for_each(add)


def local_time(moment: datetime) -> str:
    """Return a moment as an attribute: ISO 8601, with the local offset that it has then."""
    return dt_util.as_local(moment).isoformat()
