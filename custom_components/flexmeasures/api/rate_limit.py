"""How many requests the server allows, in its own words and headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
import re
from typing import Final, Self

# Longer ones would lead beyond the calendar.
_LONGEST: Final = timedelta(days=366)

_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=30),
    "year": timedelta(days=360),
}
"""As long as the server's limiter takes them to be."""

_LIMIT: Final = re.compile(
    rf"\ballows ([1-9]\d{{0,8}}) per (?:([1-9]\d{{0,4}}) )?({'|'.join(_UNITS)})s?\b"
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in so much time."""

    amount: int
    """At least one."""
    window: timedelta

    @classmethod
    def from_message(cls, message: str) -> Self | None:
        """Read what a 429 says, e.g. ``... allows 10 per 5 minute.``; None if it does not."""
        if not (found := _LIMIT.search(message)):
            return None
        amount, multiple, unit = found.groups()
        return cls(int(amount), min(int(multiple or 1) * _UNITS[unit], _LONGEST))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after a request that was accepted."""

    amount: int
    """How many requests the limit allows in all, at least one."""
    remaining: int
    resets_in: timedelta
    """How long until all of them are allowed again."""

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self | None:
        """Read an answer's headers; None if the server does not send them."""
        amount, remaining, seconds = (
            number_of(headers, name)
            for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After")
        )
        if not amount or remaining is None or seconds is None:
            return None
        return cls(amount, remaining, min(timedelta(seconds=seconds), _LONGEST))


def number_of(headers: Mapping[str, str], name: str) -> int | None:
    """Return a header's whole number, which may be cut off; None if it holds none."""
    text = headers.get(name, "")
    return int(text[:9]) if text.isdecimal() else None
