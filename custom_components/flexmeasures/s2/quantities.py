"""Quantities as flex-models have them."""


def energy_quantity(kwh: float) -> str:
    """Return an energy the way FlexMeasures reads it, e.g. ``4.5 kWh``."""
    return f"{round(kwh, 6)} kWh"
