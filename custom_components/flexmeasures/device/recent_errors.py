"""What went wrong lately with one device, for diagnostics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from homeassistant.util import dt as dt_util

from ..api.errors import FlexMeasuresError


@dataclass(frozen=True, slots=True)
class RecentError:
    """An error, kept once however often it came."""

    error: str
    """The key of its translated text."""
    placeholders: Mapping[str, str]
    first: datetime
    last: datetime
    times: int


class RecentErrors:
    """The errors of a device, each different one once."""

    def __init__(self) -> None:
        """Start with none."""
        self._errors: dict[str, RecentError] = {}

    def __iter__(self) -> Iterator[RecentError]:
        """Return them, the newest last."""
        return iter(self._errors.values())

    def add(self, err: FlexMeasuresError) -> None:
        """Keep what is wrong, without the exception and all that hangs on it."""
        now = dt_util.utcnow()
        key = err.translation_key
        known = self._errors.pop(key, None)
        self._errors[key] = RecentError(
            error=key,
            placeholders=err.placeholders,
            first=known.first if known else now,
            last=now,
            times=known.times + 1 if known else 1,
        )
