"""Durations: in ISO 8601, as FlexMeasures writes them, and as people do."""

from datetime import timedelta
import re

import voluptuous as vol

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

_NUMBER = r"\d+(?:\.\d+)?"
# Units from the longest to the shortest, each at most once.
_WITH_UNITS = re.compile(
    r"[\s,]*(?:and\s)?\s*".join(
        rf"(?:(?P<{unit}>{_NUMBER})\s*(?:{spellings})(?![a-z]))?"
        for unit, spellings in (
            ("weeks", "weeks?|w"),
            ("days", "days?|d"),
            ("hours", "hours?|hrs?|h"),
            ("minutes", "minutes?|mins?|m"),
            ("seconds", "seconds?|secs?|s"),
        )
    ),
    re.IGNORECASE | re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """Read ``PT24H``, ``P1DT12H``, ``24:00``, ``24:00:00`` or ``1 hour 30 minutes``.

    Raises ValueError.
    """
    try:
        if (match := _WITH_UNITS.fullmatch(text)) and any(match.groups()):
            return timedelta(
                **{
                    unit: float(number)
                    for unit, number in match.groupdict(default="0").items()
                }
            )
        # Home Assistant's reader of ISO 8601 would take "24:00" for minutes.
        duration = (
            dt_util.parse_duration(text) if "P" in text else cv.time_period_str(text)
        )
    except vol.Invalid, OverflowError:
        duration = None
    if duration is None or text.endswith(("P", "T")):
        raise ValueError(f"not a duration: {text}")
    return duration


def iso_duration(duration: timedelta) -> str:
    """Write whole seconds as hours, minutes and seconds, e.g. ``PT24H`` or ``PT1H30M``.

    No days: the server takes one for a calendar day, which can have 23 or 25 hours.
    """
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    return "PT" + (
        "".join(f"{number}{unit}" for number, unit in parts if number) or "0S"
    )
