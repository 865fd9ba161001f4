"""What it costs to produce electricity, and whether it is worth that."""

from collections.abc import Iterable
from datetime import datetime

from ..operation_modes.modes import OperationModeElement
from ..plan import Prices


def is_worth_producing(
    elements: Iterable[OperationModeElement], prices: Prices | None, moment: datetime
) -> bool:
    """Whether a kWh costs more than it does to produce it; also if that is not known.

    The server knows nothing of what a generator burns and how it wears.
    """
    if prices is None or prices.consumption_price is None:
        return True
    per_kwh = prices.consumption_price.per_kwh_at(moment)
    if per_kwh is None:
        return True
    fuels = {
        fuel: found
        for fuel, price in prices.fuel_prices.items()
        if (found := price.per_kwh_at(moment)) is not None
    }
    costs = [
        ((element.fuel_cost(factor, fuels) or 0.0) + element.cost) * 3600 / kw
        for element in elements
        for factor in (0.0, 1.0)
        if (kw := -element.power.at(factor) / 1000) > 0
    ]
    return per_kwh > min(costs, default=0.0) or not any(costs)
