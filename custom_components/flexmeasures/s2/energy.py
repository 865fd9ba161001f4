"""Time and power as energy."""

from datetime import datetime, timedelta

_HOUR = timedelta(hours=1)


def hours(start: datetime, end: datetime) -> float:
    """How many hours there are from one moment to another; none if it comes before."""
    return max((end - start) / _HOUR, 0.0)


def consumed_kwh(power: float, start: datetime, end: datetime) -> float:
    """What is consumed at a power (W) from one moment to another; nothing by production."""
    return max(power, 0.0) / 1000 * hours(start, end)
