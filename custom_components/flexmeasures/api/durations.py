"""Durations in ISO 8601, as FlexMeasures writes them."""

from datetime import timedelta

import voluptuous as vol

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util


def parse_duration(text: str) -> timedelta:
    """Read ``PT24H``, ``P1DT12H``, ``24:00`` or ``24:00:00``; raises ValueError."""
    try:
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
