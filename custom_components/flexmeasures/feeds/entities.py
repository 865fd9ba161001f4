"""The entities that feeds take their values from, whatever they are named at a time."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er


@callback
def async_registry_key(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity is remembered by: the id of its registry entry, else its own."""
    entry = er.async_get(hass).async_get(entity_id)
    return entity_id if entry is None else entry.id


@callback
def async_entity_id(hass: HomeAssistant, entity: str) -> str | None:
    """Return the entity id that an entity has now; None if it was removed.

    `entity` is what `async_registry_key` gave for it.
    """
    return er.async_resolve_entity_id(er.async_get(hass), entity)
