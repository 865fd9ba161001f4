"""Prices that contradict each other: selling for more than buying costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import logging
from typing import Any

from homeassistant.util import dt as dt_util

from ..api.client import FlexMeasuresApi
from ..api.errors import FlexMeasuresError, InfeasibleError, InfeasiblePricesError
from ..device.metadata import DeviceMetadata
from ..plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE, Quantity, price_reference
from ..plan.window import Window
from .request import PreparedRequest

_LOGGER = logging.getLogger(__name__)

# The server converts units in floating point.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """The first moment at which producing earns more than consuming costs."""

    moment: datetime
    production: float
    consumption: float
    unit: str


async def explained(
    error: InfeasibleError,
    api: FlexMeasuresApi,
    metadata: DeviceMetadata,
    request: PreparedRequest,
) -> InfeasibleError:
    """Return the error that names the prices if they are why no schedule is possible.

    With such prices the cheapest schedule has no bound, and the server only says
    ``infeasible``.
    """
    try:
        found = await _find(
            api,
            {**await metadata.flex_context(), **request.flex_context},
            request.window,
        )
    except FlexMeasuresError as err:
        _LOGGER.debug("Prices could not be compared: %s", err)
        return error
    if found is None:
        return error
    return InfeasiblePricesError(
        error.reason,
        moment=dt_util.as_local(found.moment),
        production=found.production,
        consumption=found.consumption,
        unit=found.unit,
    )


async def _find(
    api: FlexMeasuresApi, flex_context: Mapping[str, Any], window: Window
) -> _Contradiction | None:
    """Look for it in the prices of a flex-context, in the window of a schedule."""
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
            return _Contradiction(moment, earned, paid, unit)
    return None
