"""How a day goes in the demo home: pure functions of the local hour (0 <= hour < 24)."""

import math
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Europe/Amsterdam")

# More than the price ever falls within an hour: a feed-in price above the consumption price makes every schedule infeasible.
FEED_IN_MARGIN = 0.03

# Of the tariff that stays the same, in EUR/kWh.
FIXED_PRICE = 0.28


def price(hour: float) -> float:
    """Return the day-ahead price in EUR/MWh: a morning and an evening peak, a valley at noon."""
    peaks = 60 * math.sin((hour - 14) / 24 * 4 * math.pi)
    night = 25 * math.cos(hour / 24 * 2 * math.pi)
    return round(90 + peaks + night - (45 if 11 <= hour < 15 else 0), 2)


def retail_price(hour: float) -> float:
    """Return the same price in EUR/kWh."""
    return round(price(hour) / 1000, 5)


def feed_in_price(hour: float) -> float:
    """Return what is paid for production, in EUR/kWh."""
    return round(price(hour) / 1000 - FEED_IN_MARGIN, 5)


def household(hour: float) -> float:
    """Return the household's consumption in kW: breakfast and dinner on top of a base load."""
    return round(
        0.35
        + 0.5 * math.exp(-(((hour - 8) / 1.5) ** 2))
        + 1.1 * math.exp(-(((hour - 19) / 2.0) ** 2)),
        3,
    )


def sun(hour: float) -> float:
    """Return the production of the PV roof in kW."""
    return round(
        max(0.0, 3.6 * math.sin((hour - 6.5) / 12 * math.pi))
        if 6.5 < hour < 18.5
        else 0.0,
        3,
    )


def heat_demand(hour: float) -> float:
    """Return the heat that the house takes from its buffer, in kW."""
    return round(2.2 + 0.8 * math.cos(hour / 24 * 2 * math.pi), 3)
