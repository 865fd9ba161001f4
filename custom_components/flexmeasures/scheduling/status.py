"""How scheduling a device goes, in one word and in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from ..api.errors import SERVER_ERRORS, FlexMeasuresError
from ..api.refusals import REFUSALS, PriceNotSetError
from ..coordinator import ScheduleCoordinator
from ..device.memory import Failure
from ..device.settings import StateOfChargeUnknownError
from ..texts import error_text
from .errors import NOT_PLANNABLE
from .first_plan import missing_for_first_plan
from .soc_entity import SOC_ENTITY_ERRORS, present_problem

OK: Final = "ok"
COMPUTING: Final = "computing"
NOT_SCHEDULED: Final = "not_scheduled"
PLANNED_ELSEWHERE: Final = "planned_elsewhere"
PLANNED_HERE: Final = "s2_planned_here"
WAITING: Final = "waiting"
UNEXPECTED_ERROR: Final = "unexpected_error"

_MAX_REASON = 255
_ERRORS: Final[tuple[type[FlexMeasuresError], ...]] = (
    *SERVER_ERRORS,
    *REFUSALS,
    *SOC_ENTITY_ERRORS,
    StateOfChargeUnknownError,
)
_ERROR_KEYS: Final = sorted(
    {error.translation_key for error in _ERRORS} | NOT_PLANNABLE
)

PASSING: Final = NOT_PLANNABLE | {
    error.translation_key for error in _ERRORS if error.passes
}
"""Keys of what passes by itself, or is told in another way."""

FOR_THE_USER: Final = {error.translation_key for error in _ERRORS if error.needs_user}
"""Keys of what goes on until the user does something."""

_OF_ENTITY: Final = {error.translation_key for error in SOC_ENTITY_ERRORS}
_SEEN_FROM_HERE: Final = {
    PriceNotSetError.translation_key,
    StateOfChargeUnknownError.translation_key,
    *_OF_ENTITY,
}

STATUSES: Final = (
    OK,
    COMPUTING,
    NOT_SCHEDULED,
    PLANNED_ELSEWHERE,
    WAITING,
    UNEXPECTED_ERROR,
    *_ERROR_KEYS,
)
"""All keys that a status can have."""


@dataclass(frozen=True, slots=True)
class SchedulingStatus:
    """Whether the last attempt succeeded or goes on, else the translation key of why not."""

    key: str
    reason: str | None = None
    """What is wrong and what to do about it, with the server's own words."""
    since: datetime | None = None
    """When it went wrong; of a server that is away, when it was last read."""


def scheduling_status(coordinator: ScheduleCoordinator) -> SchedulingStatus:
    """Return how the last attempt went; while the server cannot be read, why.

    Before the first one: what is missing for it.
    """
    memory, source = coordinator.memory, coordinator.flex_model_source
    if not coordinator.last_update_success:
        match coordinator.last_exception:
            case HomeAssistantError(translation_key=str(key)) as err:
                placeholders = err.translation_placeholders or {}
                return _failed(key, placeholders, coordinator.read_at)
        return SchedulingStatus(UNEXPECTED_ERROR, since=coordinator.read_at)
    if source and (problem := source.problem):
        return _failed(problem.translation_key, problem.placeholders)
    if memory.job:
        return SchedulingStatus(COMPUTING)
    failure = memory.failure
    if failure and (
        _has_passed(failure, coordinator.read_at) or _tells_again(failure, coordinator)
    ):
        failure = None
    if memory.last_schedule is None:
        return _before_first(coordinator, failure)
    return (
        _failed(failure.key, failure.placeholders, failure.moment)
        if failure
        else SchedulingStatus(OK)
    )


def _before_first(
    coordinator: ScheduleCoordinator, failure: Failure | None
) -> SchedulingStatus:
    """Return what to say of a device for which no schedule was ever computed from here."""
    # What can be seen from here may be mended since.
    if failure and (coordinator.facts is None or failure.key not in _SEEN_FROM_HERE):
        return _failed(failure.key, failure.placeholders, failure.moment)
    if coordinator.covers_now:
        return SchedulingStatus(PLANNED_ELSEWHERE)
    if missing := missing_for_first_plan(coordinator):
        return _failed(*missing)
    return SchedulingStatus(
        WAITING if coordinator.is_scheduled_by_itself else NOT_SCHEDULED
    )


def _has_passed(failure: Failure, read_at: datetime | None) -> bool:
    """Return whether the server was away or so, and has been read since."""
    return failure.key in PASSING and read_at is not None and read_at > failure.moment


def _tells_again(failure: Failure, coordinator: ScheduleCoordinator) -> bool:
    """Return whether the entity did not tell the state of charge, and does now."""
    return failure.key in _OF_ENTITY and present_problem(coordinator) is None


def _failed(
    key: str, placeholders: Mapping[str, str], since: datetime | None = None
) -> SchedulingStatus:
    # What was remembered may be of another version of this integration.
    if key not in _ERROR_KEYS:
        return SchedulingStatus(UNEXPECTED_ERROR, since=since)
    return SchedulingStatus(key, error_text(key, placeholders)[:_MAX_REASON], since)
