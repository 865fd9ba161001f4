"""The flex-model of a device that is switched between operation modes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from ..handler import NotPlannableError
from ..operation_modes.capacities import capacities
from ..operation_modes.profile import window_slots
from ..operation_modes.ranges import Range
from ..plan import Window
from ..quantities import energy_quantity, event, power_quantity

# In slots; less is a matter of rounding.
_EXACT = 1e-6


def device_flex_model(
    bands: Sequence[Range], window: Window, *, capacity_kwh: float | None
) -> dict[str, Any]:
    """A virtual storage, empty when the window begins: see `OmbcHandler`.

    `bands` are the powers (W) that the device can have. Raises NotPlannableError.
    """
    # Nobody knows how much of what it consumes it can produce.
    bands = [Range(max(band.low, 0.0), band.high) for band in bands if band.high >= 0]
    if not bands or bands[-1].high <= 0:
        raise NotPlannableError("s2_no_consumption")
    hours = window.duration / timedelta(hours=1)
    return {
        "soc-at-start": energy_quantity(0.0),
        "soc-min": energy_quantity(0.0),
        "soc-max": energy_quantity(
            bands[-1].high / 1000 * hours if capacity_kwh is None else capacity_kwh
        ),
        **capacities([bands]),
        # It is no real storage: what the server may know of one does not hold.
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "soc-usage": ["0 kW"],
        "soc-gain": ["0 kW"],
    }


def generator_flex_model(
    bands: Sequence[Range],
    window: Window,
    *,
    capacity_kwh: float | None,
    is_worth_it: Callable[[datetime], bool],
) -> dict[str, Any]:
    """A virtual storage, full when the window begins, that holds what can be produced.

    `capacity_kwh` is what the fuel is enough for. Nothing is produced where that is not
    worth it, unless the device cannot do without.
    """
    most, least = -bands[0].low, max(-bands[-1].high, 0.0)
    kwh = most / 1000 * (window.duration / timedelta(hours=1))
    if capacity_kwh is not None:
        kwh = min(capacity_kwh, kwh)
    powers = [
        most if is_worth_it(start) else least for start, _ in window_slots(window)
    ]
    model = {
        "soc-at-start": energy_quantity(kwh),
        "soc-min": energy_quantity(0.0),
        "soc-max": energy_quantity(kwh),
        **capacities([bands]),
        "discharging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "soc-usage": ["0 kW"],
        "soc-gain": ["0 kW"],
    }
    if min(powers) < most:
        model["production-capacity"] = [
            event(start, end, power_quantity(power))
            for (start, end), power in zip(window_slots(window), powers, strict=True)
        ]
    return model


def whole_slots_kwh(least: float, bands: Sequence[Range], window: Window) -> float:
    """The least energy, no less than this, that slots in one band of powers (W) consume.

    A slot has the same power from its beginning to its end.
    """
    hours = window.resolution / timedelta(hours=1)
    consumed = [
        max(
            ceil(least / (band.high / 1000 * hours) - _EXACT) * band.low / 1000 * hours,
            least,
        )
        for band in bands
        if band.high > 0
    ]
    return min(consumed, default=least)
