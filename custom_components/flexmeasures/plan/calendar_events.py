"""What the events of a calendar say of when a device has to be ready, and how full."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
import re
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .ready_by import Occasion

# As people write it: "80 %", "7,5 kWh". What is part of a longer word is none.
_AMOUNT: Final = re.compile(
    r"(?<![\w.,])(\d{1,6}(?:[.,]\d{1,6})?)\s*(%|[km]?wh)(?!\w)", re.IGNORECASE
)
_UNITS: Final = {"%": "%", "wh": "Wh", "kwh": "kWh", "mwh": "MWh"}

_LONGEST_NAME: Final = 100


class Reason(StrEnum):
    """Why an event cannot be planned for."""

    NO_TARGET = "no_target"
    """It does not say how full the device has to be, and nothing else does."""
    CAPACITY_UNKNOWN = "capacity_unknown"
    """It says so as a share of what nobody knows."""
    ABOVE_MOST = "above_most"
    BELOW_LEAST = "below_least"


@dataclass(frozen=True, slots=True)
class UnplannableEvent:
    """An event that is a wish, and cannot be one for a schedule."""

    name: str
    moment: datetime
    reason: Reason
    limit: str = ""
    """What the target can be at most, or at least, like ``10 kWh``."""


@dataclass(frozen=True, slots=True)
class CalendarEvents:
    """What a calendar says."""

    occasions: tuple[Occasion, ...]
    """In order."""
    unplannable: tuple[UnplannableEvent, ...]
    """Likewise; those that only lack a target are among both."""


class NotATargetError(Exception):
    """A device cannot have such a state of charge for a target."""

    def __init__(self, reason: Reason, limit: str = "") -> None:
        """Keep why, and what the limit is."""
        super().__init__(reason)
        self.reason = reason
        self.limit = limit


def read_events(
    answer: Iterable[Mapping[str, Any]],
    now: datetime,
    target: Callable[[float, str], float],
) -> CalendarEvents:
    """Read events as Home Assistant hands them out; those that have begun are over.

    An event that lasts all day counts from the start of the day, but only if it says how
    full the device has to be: else each birthday would be a wish. `target` gives an
    amount in kWh, and raises NotATargetError.
    """
    occasions: list[Occasion] = []
    unplannable: list[UnplannableEvent] = []
    for moment, is_all_day, event in sorted(
        map(_with_start, answer), key=lambda each: each[0]
    ):
        amount = _amount_in(event)
        if moment <= now or (is_all_day and amount is None):
            continue
        name = str(event.get("summary") or "…")[:_LONGEST_NAME]
        try:
            target_kwh = None if amount is None else target(*amount)
        except NotATargetError as err:
            unplannable.append(UnplannableEvent(name, moment, err.reason, err.limit))
            continue
        occasions.append(Occasion(moment, target_kwh))
        if target_kwh is None:
            unplannable.append(UnplannableEvent(name, moment, Reason.NO_TARGET))
    return CalendarEvents(tuple(occasions), tuple(unplannable))


def _with_start(
    event: Mapping[str, Any],
) -> tuple[datetime, bool, Mapping[str, Any]]:
    """Return when an event starts, and whether it lasts all day."""
    text = str(event["start"])
    is_all_day = "T" not in text
    moment = (
        dt_util.start_of_local_day(date.fromisoformat(text))
        if is_all_day
        else datetime.fromisoformat(text)
    )
    return dt_util.as_utc(moment), is_all_day, event


def _amount_in(event: Mapping[str, Any]) -> tuple[float, str] | None:
    """Return the first amount in what an event says, with its unit."""
    for field in ("summary", "description"):
        if match := _AMOUNT.search(str(event.get(field) or "")):
            return float(match[1].replace(",", ".")), _UNITS[match[2].lower()]
    return None
