"""Quantities as flex-models have them."""

from datetime import datetime


def energy_quantity(kwh: float) -> str:
    """Return an energy the way FlexMeasures reads it, e.g. ``4.5 kWh``."""
    return f"{round(kwh, 6)} kWh"


def power_quantity(watts: float) -> str:
    """Return a power the way FlexMeasures reads it, e.g. ``1400.0 W``; never ``-0.0 W``."""
    return f"{round(watts, 3) + 0.0} W"


def event(start: datetime, end: datetime, quantity: str) -> dict[str, str]:
    """Return what holds for a time, as a part of a series."""
    return {"start": start.isoformat(), "end": end.isoformat(), "value": quantity}
