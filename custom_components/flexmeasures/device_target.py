"""Which devices the target of a trigger or a condition means."""

from collections.abc import Iterator

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .account import Account
from .cem.resource import ManagedResource
from .const import DOMAIN
from .coordinator import ScheduleCoordinator

type FollowedDevice = tuple[ScheduleCoordinator, ManagedResource | None]


@callback
def async_targeted_subentries(
    hass: HomeAssistant, selection: TargetSelection
) -> set[str]:
    """Return the ids of the subentries that a target means, of devices and of others.

    By any of their entities, or as devices: what is told of them needs no entity that
    is enabled. As in Home Assistant itself, what is not ours is ignored.
    """
    selected = async_extract_referenced_entity_ids(
        hass, selection, expand_group=False, primary_entities_only=False
    )
    entities, devices = er.async_get(hass), dr.async_get(hass)
    found = {
        entity.config_subentry_id
        for entity_id in selected.referenced | selected.indirectly_referenced
        if (entity := entities.async_get(entity_id)) and entity.platform == DOMAIN
    }
    found |= {
        identifier
        for device_id in selected.referenced_devices
        if (device := devices.async_get(device_id))
        for domain, identifier in device.identifiers
        if domain == DOMAIN
    }
    # Home Assistant 2026.10 knows no exclusion. Later versions take out what it says, but
    # would leave a device of which only an entity is excluded.
    excluded: TargetSelection | None = getattr(selection, "exclude", None)
    if excluded:
        found -= async_targeted_subentries(hass, excluded)
    return {subentry_id for subentry_id in found if subentry_id}


@callback
def async_followed_devices(hass: HomeAssistant) -> Iterator[FollowedDevice]:
    """Return the devices of all accounts that are loaded, and have their entities."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        account: Account | None = getattr(entry, "runtime_data", None)
        if account is None:
            continue
        for subentry_id, coordinator in account.coordinators.items():
            if coordinator.is_followed and not coordinator.lifetime.is_over:
                yield coordinator, account.resources.get(subentry_id)
