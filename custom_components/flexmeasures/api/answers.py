"""How the server's answers are read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta, tzinfo
from typing import Any

from awesomeversion import AwesomeVersionException

from homeassistant.util import dt as dt_util

from .durations import parse_duration
from .errors import JobFailedError, NotFlexMeasuresError
from .models import Job
from .numbers import believable
from .refusals import failure


def known(value: float | None) -> float | None:
    """Return a value of a sensor; None for one that can be no measurement and no plan."""
    return value if value is not None and believable(value) else None


def answered_resolution(answer: Mapping[str, Any], values: int) -> timedelta:
    """Return how long each of the values in an answer holds.

    The answer's own resolution is zero for an instantaneous sensor, which is read
    evenly all the same.
    """
    even = parse_duration(answer["duration"]) / values
    return parse_duration(answer.get("resolution") or "PT0S") or even


async def time_zone_named(name: str) -> tzinfo:
    """Return a time zone by name; its file is not read in the event loop."""
    if (time_zone := await dt_util.async_get_time_zone(name)) is None:
        raise ValueError(f"unknown time zone {name}")
    return time_zone


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Say that an answer has not the shape that FlexMeasures gives it."""
    try:
        yield
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        ZeroDivisionError,
        AwesomeVersionException,
    ) as err:
        raise NotFlexMeasuresError(f"unexpected answer for the {what}") from err


def job_error(job: Job) -> JobFailedError:
    """Return why a job failed, without the exception's type and traceback around it."""
    # As in: Scheduling job failed with ValueError: Prices unknown for planning window.
    message = job.message.split("\n", 1)[0]
    reason = message
    if " failed with " in reason:
        reason = reason.split(" failed with ", 1)[1].split(": ", 1)[-1]
    return failure(message, reason.strip().rstrip(".") or job.status)
