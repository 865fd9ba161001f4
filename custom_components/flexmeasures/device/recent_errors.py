"""What went wrong lately, for diagnostics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from homeassistant.util import dt as dt_util

from ..api.errors import FlexMeasuresError

_KEPT = 20


@dataclass(frozen=True, slots=True)
class RecentError:
    """An error, told once however often it came."""

    device: str
    """The title of the device that it happened to."""
    error: str
    """The key of its translated text."""
    placeholders: Mapping[str, str]
    first: datetime
    last: datetime
    times: int


class RecentErrors:
    """The last different errors of an account, the newest last."""

    def __init__(self) -> None:
        """Start with none."""
        self._errors: dict[tuple[str, str], RecentError] = {}

    def __iter__(self) -> Iterator[RecentError]:
        """From the oldest to the newest."""
        return iter(self._errors.values())

    def add(self, device: str, err: FlexMeasuresError) -> None:
        """Keep what is wrong, without the exception and all that hangs on it."""
        now = dt_util.utcnow()
        key = device, err.translation_key
        known = self._errors.pop(key, None)
        self._errors[key] = RecentError(
            device=device,
            error=err.translation_key,
            placeholders=err.placeholders,
            first=known.first if known else now,
            last=now,
            times=known.times + 1 if known else 1,
        )
        if len(self._errors) > _KEPT:
            del self._errors[next(iter(self._errors))]
