"""Prices that contradict each other: selling for more than buying costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Any

from .api import FlexMeasuresApi

# The server converts units in floating point.
_NOISE = 1e-9
_QUANTITY = re.compile(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*(\S.*?)\s*")


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
    *,
    start: datetime,
    duration: timedelta,
    resolution: timedelta,
) -> Contradiction | None:
    """Look for it in the prices of a flex-context, in the window of a schedule.

    With such prices the cheapest schedule has no bound, and the server only says
    ``infeasible``. Prices given as a time series in the flex-context itself are
    not looked at.
    """
    consumption = _Price.from_flex_context(flex_context.get("consumption-price"))
    production = _Price.from_flex_context(flex_context.get("production-price"))
    if consumption is None or production is None:
        return None
    unit = consumption.unit or production.unit
    if unit is None:
        assert consumption.sensor is not None
        unit = (await api.get_sensor(consumption.sensor)).unit
    if {consumption.unit, production.unit} - {None, unit}:
        return None

    async def values(price: _Price) -> tuple[float | None, ...]:
        if price.sensor is None:
            return (price.fixed,) * -(-duration // resolution)
        data = await api.get_data(
            price.sensor,
            start=start,
            duration=duration,
            unit=unit,
            resolution=resolution,
        )
        return data.values if data else ()

    pairs = zip(await values(production), await values(consumption), strict=False)
    for index, (earned, paid) in enumerate(pairs):
        if earned is not None and paid is not None and earned - paid > _NOISE:
            return Contradiction(start + index * resolution, earned, paid, unit)
    return None


@dataclass(frozen=True, slots=True)
class _Price:
    """A price in a flex-context: a sensor, or a fixed quantity with its unit."""

    sensor: int | None = None
    fixed: float | None = None
    unit: str | None = None

    @classmethod
    def from_flex_context(cls, value: Any) -> _Price | None:
        match value:
            case {"sensor": int(sensor)}:
                return cls(sensor=sensor)
            case str() if match := _QUANTITY.fullmatch(value):
                return cls(fixed=float(match[1]), unit=match[2])
        return None
