"""The power that actuators can have, as a flex-model says it."""

from collections.abc import Sequence
from typing import Any

from .ranges import Range


def capacities(bands: Sequence[Sequence[Range]]) -> dict[str, Any]:
    """What actuators can have together; `bands` are the powers of each.

    Operation modes only for a single one, and only if it cannot have every power.
    """
    highest = sum(max(own[-1].high, 0.0) for own in bands if own)
    lowest = sum(min(own[0].low, 0.0) for own in bands if own)
    model: dict[str, Any] = {
        "consumption-capacity": _watts(highest),
        "production-capacity": _watts(-lowest),
    }
    if len(bands) == 1 and (len(bands[0]) > 1 or not includes_zero(bands[0])):
        model["operation-modes"] = [_operation_mode(band) for band in bands[0]]
    return model


def includes_zero(bands: Sequence[Range]) -> bool:
    """Whether no power is one of the powers."""
    return any(band.low <= 0 <= band.high for band in bands)


def _operation_mode(band: Range) -> dict[str, Any]:
    if band.low < 0 < band.high:
        return {
            "consumption-range": [_watts(0.0), _watts(band.high)],
            "production-range": [_watts(0.0), _watts(-band.low)],
        }
    if band.low >= 0:
        return {"consumption-range": [_watts(band.low), _watts(band.high)]}
    return {"production-range": [_watts(-band.high), _watts(-band.low)]}


def _watts(power: float) -> str:
    return f"{round(power, 3) + 0.0} W"
