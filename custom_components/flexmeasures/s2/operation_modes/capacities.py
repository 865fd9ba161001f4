"""The power that actuators can have, as a flex-model says it."""

from collections.abc import Sequence
from typing import Any

from ..quantities import power_quantity
from .ranges import Range


def capacities(bands: Sequence[Sequence[Range]]) -> dict[str, Any]:
    """What actuators can have together; `bands` are the powers of each.

    Operation modes only for a single one, and only if it cannot have every power.
    """
    highest = sum(max(own[-1].high, 0.0) for own in bands if own)
    lowest = sum(min(own[0].low, 0.0) for own in bands if own)
    model: dict[str, Any] = {
        "consumption-capacity": power_quantity(highest),
        "production-capacity": power_quantity(-lowest),
    }
    if len(bands) == 1 and (len(bands[0]) > 1 or not _includes_zero(bands[0])):
        model["operation-modes"] = [_operation_mode(band) for band in bands[0]]
    return model


def _includes_zero(bands: Sequence[Range]) -> bool:
    """Whether no power is one of the powers."""
    return any(band.low <= 0 <= band.high for band in bands)


def _operation_mode(band: Range) -> dict[str, Any]:
    if band.low < 0 < band.high:
        return {
            "consumption-range": [power_quantity(0.0), power_quantity(band.high)],
            "production-range": [power_quantity(0.0), power_quantity(-band.low)],
        }
    if band.low >= 0:
        return {
            "consumption-range": [power_quantity(band.low), power_quantity(band.high)]
        }
    return {"production-range": [power_quantity(-band.high), power_quantity(-band.low)]}
