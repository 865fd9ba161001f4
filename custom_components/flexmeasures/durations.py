"""Durations in ISO 8601, as FlexMeasures writes them."""

from datetime import timedelta

from homeassistant.util import dt as dt_util


def parse_duration(text: str) -> timedelta:
    """Read ``PT24H``, ``P1DT12H`` or ``24:00:00``; raises ValueError."""
    if (duration := dt_util.parse_duration(text)) is None:
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
