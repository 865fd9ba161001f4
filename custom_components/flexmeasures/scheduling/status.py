"""How scheduling a device goes, in one word and in the server's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_exception_message

from ..api.errors import SERVER_ERRORS, FlexMeasuresError
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from ..device.memory import Failure
from ..device.settings import StateOfChargeUnknownError
from .errors import NOT_PLANNABLE
from .soc_entity import SOC_ENTITY_ERRORS

OK: Final = "ok"
COMPUTING: Final = "computing"
NOT_SCHEDULED: Final = "not_scheduled"
UNEXPECTED_ERROR: Final = "unexpected_error"

_MAX_REASON = 255
_ERRORS: Final[tuple[type[FlexMeasuresError], ...]] = (
    *SERVER_ERRORS,
    *SOC_ENTITY_ERRORS,
    StateOfChargeUnknownError,
)
_ERROR_KEYS: Final = sorted(
    {error.translation_key for error in _ERRORS} | NOT_PLANNABLE
)

_PASSING: Final = {error.translation_key for error in SERVER_ERRORS if error.passes}

STATUSES: Final = (OK, COMPUTING, NOT_SCHEDULED, UNEXPECTED_ERROR, *_ERROR_KEYS)
"""All keys that a status can have."""


@dataclass(frozen=True, slots=True)
class SchedulingStatus:
    """Whether the last attempt succeeded or goes on, else the translation key of why not."""

    key: str
    reason: str | None = None
    """What the key does not say; in English, as the server's own words are."""


def scheduling_status(coordinator: ScheduleCoordinator) -> SchedulingStatus:
    """Return how the last attempt went; while the server cannot be read, why."""
    memory, source = coordinator.memory, coordinator.flex_model_source
    if not coordinator.last_update_success:
        match coordinator.last_exception:
            case HomeAssistantError(translation_key=str(key)) as err:
                return _failed(key, err.translation_placeholders or {})
        return SchedulingStatus(UNEXPECTED_ERROR)
    if source and (problem := source.problem):
        return _failed(problem.translation_key, problem.placeholders)
    if memory.job:
        return SchedulingStatus(COMPUTING)
    if memory.failure and not _has_passed(memory.failure, coordinator.read_at):
        return _failed(memory.failure.key, memory.failure.placeholders)
    return SchedulingStatus(OK if memory.last_schedule else NOT_SCHEDULED)


def _has_passed(failure: Failure, read_at: datetime | None) -> bool:
    """Return whether the server was away or so, and has been read since."""
    return failure.key in _PASSING and read_at is not None and read_at > failure.moment


def _failed(key: str, placeholders: Mapping[str, str]) -> SchedulingStatus:
    # What was remembered may be of another version of this integration.
    if key not in _ERROR_KEYS:
        return SchedulingStatus(UNEXPECTED_ERROR)
    reason = placeholders.get("reason")
    if reason is None and placeholders:
        reason = async_get_exception_message(DOMAIN, key, dict(placeholders))
    return SchedulingStatus(key, reason and reason[:_MAX_REASON])
