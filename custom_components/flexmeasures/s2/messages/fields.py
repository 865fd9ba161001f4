"""What the fields of S2 messages hold, as validators that give our own values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import inf
import re
from typing import Any

import voluptuous as vol

LONGEST_LABEL = 256
LONGEST_DURATION = timedelta(days=366)
LARGEST_NUMBER = 1e15
SMALLEST_NUMBER = 1e-15

_IDENTIFIER = re.compile(r"[A-Za-z0-9\-_:]{2,64}")

type Validator = Callable[[Any], Any]


class ImplausibleError(vol.Invalid):
    """A field is right by its schema, but says what cannot be."""


def identifier(value: Any) -> str:
    """Take an id, which need not be a UUID."""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise vol.Invalid("not an id")
    return value


def label(value: Any) -> str:
    """Take a text for people; only what can be printed is kept, and cut if too long.

    No device is refused because of what it calls its parts.
    """
    if not isinstance(value, str):
        raise vol.Invalid("not a text")
    return "".join(filter(str.isprintable, value))[:LONGEST_LABEL]


def boolean(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise vol.Invalid("not true or false")
    return value


def number(value: Any) -> float:
    """Take a number that can be reckoned with.

    Beyond what any quantity of S2 can be it is refused, and next to zero it is zero, so
    that no product or quotient of two of them leaves the range of a float.
    """
    # A bool is an int for Python, but not for JSON.
    if type(value) not in (int, float):
        raise vol.Invalid("not a number")
    if not abs(value) <= LARGEST_NUMBER:  # so neither is NaN
        raise ImplausibleError("not a plausible number")
    return float(value) if abs(value) >= SMALLEST_NUMBER else 0.0


def factor(value: Any) -> float:
    """Take an operation mode factor, from 0 to 1."""
    if not 0 <= (result := number(value)) <= 1:
        raise ImplausibleError("not from 0 to 1")
    return result


def duration(value: Any) -> timedelta:
    """Take milliseconds; what is longer than a year is a year, for it only means long."""
    if type(value) not in (int, float) or value < 0:
        raise vol.Invalid("not a duration")
    if not value < inf:
        raise ImplausibleError("not a finite duration")
    if value >= LONGEST_DURATION / timedelta(milliseconds=1):
        return LONGEST_DURATION
    # S2 has whole ones.
    return timedelta(milliseconds=round(value))


def timestamp(value: Any) -> datetime:
    """Take a time stamp of RFC 3339; it becomes UTC."""
    if not isinstance(value, str):
        raise vol.Invalid("not a time stamp")
    try:
        moment = datetime.fromisoformat(value.upper())
        if moment.tzinfo is None:
            raise vol.Invalid("a time stamp without an offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise vol.Invalid("not a time stamp") from err


def one_of(*values: str) -> Validator:
    """Take one of some words."""
    return vol.In(frozenset(values))


def list_of(item: Validator, *, least: int, most: int) -> Validator:
    """Take a list; twice as many as the specification's `most` are let through."""

    def check_length(value: Any) -> Any:
        if not isinstance(value, list) or not least <= len(value) <= 2 * most:
            raise vol.Invalid("not a list of the right length")
        return value

    # In this order, so that no long list is gone through in vain.
    return vol.All(check_length, [item])


def object_of(
    required: Mapping[str, Validator], optional: Mapping[str, Validator] | None = None
) -> vol.Schema:
    """Take an object, without the properties that nobody knows."""
    return vol.Schema(
        {vol.Required(key): value for key, value in required.items()}
        | {vol.Optional(key): value for key, value in (optional or {}).items()},
        extra=vol.REMOVE_EXTRA,
    )
