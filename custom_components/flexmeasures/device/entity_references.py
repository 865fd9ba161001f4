"""The entities that the settings of devices name."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import (
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_FOLLOWER,
    CONF_READY_BY_CALENDAR,
    CONF_SOC_ENTITY,
    CONF_TRIGGER_ENTITIES,
    DOMAIN,
    SUBENTRY_DEVICE,
)

_SINGLE = (
    CONF_SOC_ENTITY,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_READY_BY_CALENDAR,
)

_OF_FOLLOWER = ("entity", "second_entity", "third_entity")


def named_entities(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids of the entities that a device's settings name, each with one that does."""
    triggers = data.get(CONF_TRIGGER_ENTITIES, ())
    follower = data.get(CONF_FOLLOWER, {})
    return {
        **dict.fromkeys(triggers, CONF_TRIGGER_ENTITIES),
        **{follower[key]: CONF_FOLLOWER for key in _OF_FOLLOWER if key in follower},
        **{data[key]: key for key in _SINGLE if key in data},
    }


@callback
def async_is_gone(hass: HomeAssistant, entity_id: str) -> bool:
    """Return whether an entity is removed or disabled, and will never have a state."""
    if hass.states.get(entity_id) is not None:
        return False
    known = er.async_get(hass).async_get(entity_id)
    return known is None or known.disabled


@callback
def async_entity_name(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an owner calls an entity; its id if nobody knows it any more."""
    if state := hass.states.get(entity_id):
        return state.name
    known = er.async_get(hass).async_get(entity_id)
    return (known and er.async_get_full_entity_name(hass, known)) or entity_id


@callback
def async_is_own(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Return whether an entity is one of this integration."""
    known = er.async_get(hass).async_get(entity_id or "")
    return known is not None and known.platform == DOMAIN


@callback
def async_follow_renames(hass: HomeAssistant) -> None:
    """Keep the settings of all devices right when the user gives an entity another id."""

    @callback
    def is_rename(data: er.EventEntityRegistryUpdatedData) -> bool:
        return "old_entity_id" in data

    @callback
    def rename(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        assert event.data["action"] == "update"
        former, present = event.data["old_entity_id"], event.data["entity_id"]
        for entry in hass.config_entries.async_entries(DOMAIN):
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE):
                if former in named_entities(device.data):
                    hass.config_entries.async_update_subentry(
                        entry, device, data=_renamed(device.data, former, present)
                    )

    hass.bus.async_listen(
        er.EVENT_ENTITY_REGISTRY_UPDATED, rename, event_filter=is_rename
    )


def _renamed(data: Mapping[str, Any], former: str, present: str) -> dict[str, Any]:
    renamed = {**data}
    for key in _SINGLE:
        if data.get(key) == former:
            renamed[key] = present
    if CONF_FOLLOWER in data:
        renamed[CONF_FOLLOWER] = {
            key: present if key in _OF_FOLLOWER and value == former else value
            for key, value in data[CONF_FOLLOWER].items()
        }
    if CONF_TRIGGER_ENTITIES in data:
        renamed[CONF_TRIGGER_ENTITIES] = [
            present if entity_id == former else entity_id
            for entity_id in data[CONF_TRIGGER_ENTITIES]
        ]
    return renamed
