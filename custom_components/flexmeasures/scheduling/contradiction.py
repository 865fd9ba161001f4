"""Prices that contradict each other: selling for more than buying costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..api.client import FlexMeasuresApi
from ..plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE, Quantity, price_reference
from ..plan.window import Window

# The server converts units in floating point.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The first moment at which producing earns more than consuming costs."""

    moment: datetime
    production: float
    consumption: float
    unit: str


async def find_contradiction(
    api: FlexMeasuresApi,
    flex_context: Mapping[str, Any],
    window: Window,
) -> Contradiction | None:
    """Look for it in the prices of a flex-context, in the window of a schedule.

    With such prices the cheapest schedule has no bound, and the server only says
    ``infeasible``.
    """
    consumption = price_reference(flex_context.get(CONSUMPTION_PRICE))
    production = price_reference(flex_context.get(PRODUCTION_PRICE))
    if consumption is None or production is None:
        return None
    units = {
        price.unit for price in (consumption, production) if isinstance(price, Quantity)
    }
    if isinstance(consumption, int) and not units:
        units = {(await api.get_sensor(consumption)).unit}
    if len(units) > 1:
        return None
    (unit,) = units

    async def values(price: int | Quantity) -> tuple[float | None, ...]:
        if isinstance(price, Quantity):
            return (price.amount,) * -(-window.duration // window.resolution)
        data = await api.get_data(
            price,
            start=window.start,
            duration=window.duration,
            unit=unit,
            resolution=window.resolution,
        )
        return data.values if data else ()

    pairs = zip(await values(production), await values(consumption), strict=False)
    for index, (earned, paid) in enumerate(pairs):
        if earned is not None and paid is not None and earned - paid > _NOISE:
            moment = window.start + index * window.resolution
            return Contradiction(moment, earned, paid, unit)
    return None
