"""Numbers that are likely in another unit than people thought of: W for kW, cents for euros."""

from typing import Final

from .prices import Price, Quantity

# More than a home has, and less than anything in it has in W or Wh.
_LARGE_KW: Final = 100.0
_LARGE_KWH: Final = 500.0
_LARGE_LITRES: Final = 20_000.0

# Of what it holds: nothing at home is full within 3 minutes.
_FASTEST_PER_HOUR: Final = 20.0

# More than any tariff asks for a kWh, and less than most ask in hundredths of the
# currency. Not of currencies in which a kWh costs tens, like CZK, HUF or JPY.
_DEAR: Final = {
    **dict.fromkeys(("AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "SGD", "USD"), 3.0),
    **dict.fromkeys(("BGN", "BRL", "ILS", "PLN", "RON"), 10.0),
    **dict.fromkeys(("CNY", "DKK", "HKD", "NOK", "SEK", "ZAR"), 25.0),
}


def is_large_power(kilowatts: float) -> bool:
    """Return whether no home has such a power."""
    return kilowatts > _LARGE_KW


def is_large_energy(kwh: float) -> bool:
    """Return whether nothing at home holds so much."""
    return kwh > _LARGE_KWH


def is_large_tank(litres: float) -> bool:
    """Return whether no home has so much water to heat."""
    return litres > _LARGE_LITRES


def fastest_kw(capacity_kwh: float) -> float:
    """Return the most power that something can have that holds so much."""
    return _FASTEST_PER_HOUR * capacity_kwh


def is_dear(amount: float, unit: str) -> bool:
    """Return whether no energy costs so much, or earns it, as far as can be told."""
    price = Price.from_quantity(Quantity(amount, unit))
    if price is None or price.fixed is None:
        return False
    dear = _DEAR.get(price.currency)
    return dear is not None and abs(price.fixed) > dear
