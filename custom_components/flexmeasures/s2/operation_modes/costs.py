"""What operation modes cost at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ..plan import Prices
from .modes import OperationModeElement


@dataclass(frozen=True, slots=True)
class PricesNow:
    """The prices of a kWh at a moment."""

    electricity: float
    fuels: Mapping[str, float]
    """Of other commodities, by their names, as far as they are known."""

    @classmethod
    def at(cls, prices: Prices | None, moment: datetime) -> Self | None:
        """Look them up; None if that of electricity, or all others, are not known."""
        if prices is None or prices.consumption_price is None:
            return None
        electricity = prices.consumption_price.per_kwh_at(moment)
        fuels = {
            fuel: per_kwh
            for fuel, price in prices.fuel_prices.items()
            if (per_kwh := price.per_kwh_at(moment)) is not None
        }
        return cls(electricity, fuels) if electricity is not None and fuels else None

    def cost(self, element: OperationModeElement, factor: float) -> float | None:
        """What an operation mode costs per second; None if a price is not known."""
        fuel = element.fuel_cost(factor, self.fuels)
        if fuel is None:
            return None
        kw = element.power.at(factor) / 1000
        return kw * self.electricity / 3600 + fuel + element.cost
