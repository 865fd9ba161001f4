"""What the user can do something about with a device, its server's sensors and its entities."""

from collections.abc import Callable
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..const import CONF_FOLLOWER, CONF_POWER_SENSOR, CONF_SOC_ENTITY
from ..coordinator import ScheduleCoordinator
from ..device.entity_references import async_is_gone, named_entities
from ..follower.follower import Follower
from ..local_format import day_and_time, short_number
from ..plan.calendar_events import Reason
from ..scheduling.soc_entity import (
    StateOfChargeEntityError,
    StateOfChargeUnavailableError,
    present_problem,
)
from ..scheduling.status import FOR_THE_USER, PASSING
from ..texts import error_text
from .registry import (
    ATTR_SETTING,
    ENTITY_GONE,
    LEVEL_SILENT,
    NOT_FOLLOWED,
    NOT_READY,
    SCHEDULING_FAILED,
    SENSOR_GONE,
    TOO_NARROW,
    Issues,
)

# One failure may be a coincidence, unless it is known not to be.
_ATTEMPTS: Final = 3


def gone_sensors(coordinator: ScheduleCoordinator) -> Issues:
    """Return an issue for each sensor that the server no longer has."""
    return {
        f"{SENSOR_GONE}{coordinator.subentry.subentry_id}_{key}": {
            "data": {ATTR_SETTING: key},
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


def gone_entities(
    hass: HomeAssistant,
    coordinator: ScheduleCoordinator,
    name_of: Callable[[str], str],
) -> Issues:
    """Return an issue for each entity of the settings that is no more, by its name."""
    return {
        f"{ENTITY_GONE}{coordinator.subentry.subentry_id}_{entity_id}": {
            "data": {ATTR_SETTING: setting},
            "is_fixable": True,
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "entity_gone",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "entity": name_of(entity_id),
            },
        }
        for entity_id, setting in named_entities(coordinator.subentry.data).items()
        if async_is_gone(hass, entity_id)
    }


def silent_level(coordinator: ScheduleCoordinator) -> StateOfChargeEntityError | None:
    """Return what is wrong if the entity that says how full a device is says nothing."""
    problem = present_problem(coordinator)
    return problem if isinstance(problem, StateOfChargeUnavailableError) else None


def lasting_silence(
    hass: HomeAssistant,
    coordinator: ScheduleCoordinator,
    problem: StateOfChargeEntityError,
) -> Issues:
    """Return an issue for an entity that has said for long that it does not know."""
    entity_id = coordinator.subentry.data[CONF_SOC_ENTITY]
    # Says it better.
    if async_is_gone(hass, entity_id):
        return {}
    return {
        f"{LEVEL_SILENT}{coordinator.subentry.subentry_id}": {
            "data": {ATTR_SETTING: CONF_SOC_ENTITY},
            "is_fixable": True,
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "level_silent",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                **problem.placeholders,
            },
        }
    }


def failing_follower(
    coordinator: ScheduleCoordinator,
    follower: Follower | None,
    name_of: Callable[[str], str],
) -> Issues:
    """Return an issue if what follows a device does not take what it is told."""
    if follower is None or (problem := follower.problem) is None:
        return {}
    return {
        f"{NOT_FOLLOWED}{coordinator.subentry.subentry_id}": {
            "data": {ATTR_SETTING: CONF_FOLLOWER},
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "not_followed",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "reason": error_text(
                    problem.key, {"entity": name_of(problem.entity_id)}
                ),
            },
        }
    }


def narrow_follower(
    coordinator: ScheduleCoordinator,
    follower: Follower | None,
    name_of: Callable[[str], str],
) -> Issues:
    """Return an issue if more is planned than what follows a device takes."""
    if follower is None or (power := follower.beyond_range) is None:
        return {}
    return {
        f"{TOO_NARROW}{coordinator.subentry.subentry_id}": {
            "data": {ATTR_SETTING: CONF_FOLLOWER},
            "is_fixable": True,
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "too_narrow",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "entity": name_of(follower.settings.target.entity_ids[0]),
                "power": short_number(power),
            },
        }
    }


def failed_scheduling(coordinator: ScheduleCoordinator) -> Issues:
    """Return an issue if scheduling by itself goes on failing, or will until it is mended."""
    failure = coordinator.memory.failure
    if (
        failure is None
        or failure.in_a_row < (1 if failure.key in FOR_THE_USER else _ATTEMPTS)
        or failure.key in PASSING
        # Others say it better.
        or CONF_POWER_SENSOR in coordinator.missing_sensors
        or failure.key == StateOfChargeUnavailableError.translation_key
    ):
        return {}
    return {
        f"{SCHEDULING_FAILED}{coordinator.subentry.subentry_id}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "scheduling_failed",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "reason": error_text(failure.key, failure.placeholders),
            },
        }
    }


def unplannable_events(coordinator: ScheduleCoordinator) -> Issues:
    """Return an issue for the next event of a calendar that cannot be planned for."""
    memory, now = coordinator.memory, dt_util.utcnow()
    event = next(
        (
            event
            for event in coordinator.unplannable_events
            if event.moment > now
            and not (
                event.reason is Reason.NO_TARGET
                and memory.ready_by.target_kwh is not None
            )
        ),
        None,
    )
    if event is None:
        return {}
    moment = day_and_time(event.moment)
    return {
        f"{NOT_READY}{coordinator.subentry.subentry_id}": {
            "is_fixable": False,
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": f"not_ready_{event.reason}",
            "translation_placeholders": {
                "device": coordinator.subentry.title,
                "event": event.name,
                "time": moment,
                "limit": event.limit,
            },
        }
    }
