"""What the user can do something about with a device, its server's sensors and its entities."""

from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_exception_message

from ..api.errors import SERVER_ERRORS
from ..const import CONF_POWER_SENSOR, DOMAIN
from ..coordinator import ScheduleCoordinator
from ..device.entity_references import async_is_gone, named_entities
from ..scheduling.errors import NOT_PLANNABLE
from .registry import ENTITY_GONE, SCHEDULING_FAILED, SENSOR_GONE, Issues

# One failure may be a coincidence.
_ATTEMPTS: Final = 3

_PASSING: Final = NOT_PLANNABLE | {
    error.translation_key for error in SERVER_ERRORS if error.passes
}
"""Keys of the texts of errors."""


def gone_sensors(coordinator: ScheduleCoordinator) -> Issues:
    """Return an issue for each sensor that the server no longer has."""
    return {
        f"{SENSOR_GONE}{coordinator.subentry.subentry_id}_{key}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR
            if key == CONF_POWER_SENSOR
            else ir.IssueSeverity.WARNING,
            "translation_key": f"{key}_gone",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "sensor": str(sensor_id),
            },
        }
        for key, sensor_id in coordinator.missing_sensors.items()
    }


def gone_entities(hass: HomeAssistant, coordinator: ScheduleCoordinator) -> Issues:
    """Return an issue for each entity of the settings that is no more."""
    return {
        f"{ENTITY_GONE}{coordinator.subentry.subentry_id}_{entity_id}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "entity_gone",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "entity": entity_id,
            },
        }
        for entity_id in named_entities(coordinator.subentry.data)
        if async_is_gone(hass, entity_id)
    }


def failed_scheduling(coordinator: ScheduleCoordinator) -> Issues:
    """Return an issue if scheduling by itself goes on failing."""
    failure = coordinator.memory.failure
    if (
        failure is None
        or failure.in_a_row < _ATTEMPTS
        or failure.key in _PASSING
        # Says it better.
        or CONF_POWER_SENSOR in coordinator.missing_sensors
    ):
        return {}
    # In English, as the server's own words are.
    reason = async_get_exception_message(
        DOMAIN, failure.key, dict(failure.placeholders)
    )
    return {
        f"{SCHEDULING_FAILED}{coordinator.subentry.subentry_id}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "scheduling_failed",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "times": str(failure.in_a_row),
                "reason": reason,
            },
        }
    }
