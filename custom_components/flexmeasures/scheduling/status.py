"""How scheduling a device goes, in one word and in the server's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_exception_message

from ..api.errors import FlexMeasuresError
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from .errors import NOT_PLANNABLE

OK = "ok"
NOT_SCHEDULED = "not_scheduled"
UNEXPECTED_ERROR = "unexpected_error"

_MAX_REASON = 255


@dataclass(frozen=True, slots=True)
class SchedulingStatus:
    """Whether the last attempt succeeded, or the translation key of why it did not."""

    key: str
    reason: str | None = None
    """What the key does not say; in English, as the server's own words are."""


def statuses() -> list[str]:
    """All keys that a status can have."""
    return [OK, NOT_SCHEDULED, UNEXPECTED_ERROR, *_error_keys()]


def scheduling_status(device: ScheduleCoordinator) -> SchedulingStatus:
    """How the last attempt went; while the server cannot be read, why."""
    memory = device.memory
    if not device.last_update_success:
        match device.last_exception:
            case HomeAssistantError(translation_key=str(key)) as err:
                return _failed(key, err.translation_placeholders or {})
        return SchedulingStatus(UNEXPECTED_ERROR)
    if device.controller and (problem := device.controller.problem):
        return _failed(problem.translation_key, problem.placeholders)
    if memory.failure:
        return _failed(memory.failure.key, memory.failure.placeholders)
    return SchedulingStatus(OK if memory.last_schedule else NOT_SCHEDULED)


def _failed(key: str, placeholders: Mapping[str, str]) -> SchedulingStatus:
    # What was remembered may be of another version of this integration.
    if key not in _error_keys():
        return SchedulingStatus(UNEXPECTED_ERROR)
    reason = placeholders.get("reason")
    if reason is None and placeholders:
        reason = async_get_exception_message(DOMAIN, key, dict(placeholders))
    return SchedulingStatus(key, reason and reason[:_MAX_REASON])


@cache
def _error_keys() -> list[str]:
    return sorted(
        {
            error.translation_key
            for error in _errors(FlexMeasuresError)
            if hasattr(error, "translation_key")
        }
        | NOT_PLANNABLE
    )


def _errors(error: type[FlexMeasuresError]) -> Iterator[type[FlexMeasuresError]]:
    """All kinds of an error; first asked for when every module has been imported."""
    for kind in error.__subclasses__():
        yield kind
        yield from _errors(kind)
