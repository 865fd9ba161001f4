"""Prices of feeding in that the server can plan with."""

from collections.abc import Iterable, Mapping
from itertools import groupby
import logging
from typing import Any

from ..api.errors import FlexMeasuresError
from ..device.prices import SharedPrices
from ..plan.prices import (
    CONSUMPTION_PRICE,
    PRODUCTION_PRICE,
    Price,
    Quantity,
    price_reference,
)
from ..plan.window import Window

_LOGGER = logging.getLogger(__name__)

# Money per kWh; what is left of reckoning from one unit to another is less.
_NOISE = 1e-9


async def with_bounded_feed_in(
    prices: SharedPrices,
    stored: Mapping[str, Any],
    sent: Mapping[str, Any],
    window: Window,
) -> Mapping[str, Any]:
    """Return a flex-context to send in which feeding in never pays more than buying costs.

    The server reckons with buying and selling at the same time, so that there would be no
    limit to what can be earned, and no schedule: job result ``infeasible``. `stored` is
    the flex-context that the server has, `sent` that which should go with it. It stays as
    it is if the prices are as they should be, or cannot be told.
    """
    context = {**stored, **sent}
    consumption = price_reference(context.get(CONSUMPTION_PRICE))
    production = price_reference(context.get(PRODUCTION_PRICE))
    if consumption is None or production is None or consumption == production:
        return sent
    try:
        paid = await _price(prices, consumption, window)
        earned = await _price(prices, production, window)
    except FlexMeasuresError as err:
        _LOGGER.debug("Prices could not be compared: %s", err)
        return sent
    if paid is None or earned is None or paid.currency != earned.currency:
        return sent
    costs, earnings = _in_slots(paid, window), _in_slots(earned, window)
    if not costs or not earnings:
        return sent
    bounded = [
        min(pair) if pair[1] - pair[0] > _NOISE else pair[1]
        for pair in zip(costs, earnings, strict=True)
    ]
    if bounded == earnings:
        return sent
    _LOGGER.debug("Feeding in pays more than buying costs, so less is reckoned with")
    unit = f"{paid.currency}/kWh"
    return {**sent, PRODUCTION_PRICE: _time_series(bounded, unit, window)}


async def _price(
    prices: SharedPrices, reference: int | Quantity, window: Window
) -> Price | None:
    if isinstance(reference, Quantity):
        return Price.from_quantity(reference)
    return await prices.async_price(reference, window.start, window.duration)


def _in_slots(price: Price, window: Window) -> list[float]:
    """Return the price of each slot; where it is not known, the last or else the first one.

    So the server fills in what it does not know. Empty if nothing is known.
    """
    slot = window.resolution
    starts = [window.start + slot * number for number in range(window.duration // slot)]
    values = [price.mean(start, start + slot) for start in starts]
    last = next((value for value in values if value is not None), None)
    if last is None:
        return []
    return [last := last if value is None else value for value in values]


def _time_series(
    values: Iterable[float], unit: str, window: Window
) -> list[dict[str, str]]:
    """Return the values of a window's slots as the server takes them in a flex-context."""
    series: list[dict[str, str]] = []
    start = window.start
    for value, same in groupby(values):
        end = start + len(list(same)) * window.resolution
        series.append(
            {
                "value": f"{value:.12g} {unit}",
                "start": start.isoformat(),
                "end": end.isoformat(),
            }
        )
        start = end
    return series
