"""The entities that belong to a device's plan, as they are called now."""

from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..account import enabled_subentries
from ..const import DOMAIN, SUBENTRY_FEED
from ..coordinator import ScheduleCoordinator
from ..device.level_entity import level_attribute
from ..feeds.entities import async_entity_id
from ..results.power_source import PowerSource
from .curves import level_curves, power_curves
from .following import FOLLOWER

SETPOINT: Final = (Platform.SENSOR, "setpoint")
"""Who may read it may see the plan."""

_OURS: Final = {
    "setpoint": SETPOINT,
    "status": (Platform.SENSOR, "scheduling_status"),
    "mode": (Platform.SELECT, "mode"),
    "target": (Platform.NUMBER, "target_soc"),
    "ready_by": (Platform.DATETIME, "ready_by"),
    "compute": (Platform.BUTTON, "compute_schedule"),
    "automatic": (Platform.SWITCH, "automatic_scheduling"),
    "calendar": (Platform.CALENDAR, "plan"),
    "follower": FOLLOWER,
    "hand_over": (Platform.SWITCH, "hand_over"),
}
_MEASURED_BY_RESOURCE_MANAGER: Final = (Platform.SENSOR, "rm_power")


@callback
def async_registered(
    hass: HomeAssistant, subentry_id: str, platform: Platform, key: str
) -> str | None:
    """Return the id of an entity of a device, enabled or not; None if it is not there."""
    return er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{subentry_id}_{key}"
    )


@callback
def async_own_entity(
    hass: HomeAssistant, subentry_id: str, platform: Platform, key: str
) -> str | None:
    """Return the id of an entity of a device; None if it is disabled or not there."""
    entity_id = async_registered(hass, subentry_id, platform, key)
    entry = er.async_get(hass).async_get(entity_id) if entity_id else None
    return entity_id if entry and not entry.disabled else None


@callback
def async_known_entities(
    hass: HomeAssistant, coordinator: ScheduleCoordinator
) -> dict[str, object]:
    """Return the entities by what they are for, and how to read those that measure."""
    subentry_id, settings = coordinator.subentry.subentry_id, coordinator.settings
    level = settings.soc_entity
    measured, is_inverted = _measured(hass, coordinator)
    return {
        "entities": {
            **{
                name: async_own_entity(hass, subentry_id, *entity)
                for name, entity in _OURS.items()
            },
            "level": level,
            "measured": measured,
        },
        "level_attribute": level_attribute(level) if level else None,
        "curves": {
            "level": level_curves(settings, coordinator.full_kwh) if level else {},
            "measured": power_curves(is_inverted=is_inverted) if measured else {},
        },
    }


def _measured(
    hass: HomeAssistant, coordinator: ScheduleCoordinator
) -> tuple[str | None, bool]:
    """Return what measures the power, and whether production is positive there."""
    subentry_id, settings = coordinator.subentry.subentry_id, coordinator.settings
    if settings.s2:
        return async_own_entity(
            hass, subentry_id, *_MEASURED_BY_RESOURCE_MANAGER
        ), False
    feeds = enabled_subentries(hass, coordinator.config_entry, SUBENTRY_FEED)
    source = PowerSource.among(feeds.values(), settings.power_sensor)
    if source is None:
        return None, False
    return async_entity_id(hass, source.entity), source.is_inverted
