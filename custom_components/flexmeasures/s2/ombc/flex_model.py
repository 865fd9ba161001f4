"""The flex-model of a device that is switched between operation modes."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from ..handler import NotPlannableError
from ..operation_modes.capacities import capacities
from ..operation_modes.ranges import Range
from ..plan import Window
from ..quantities import energy_quantity

# In slots; less is a matter of rounding.
_EXACT = 1e-6


def device_flex_model(
    bands: Sequence[Range], window: Window, *, capacity_kwh: float | None
) -> dict[str, Any]:
    """A virtual storage, empty when the window begins: see `OmbcHandler`.

    `bands` are the powers (W) that the device can have. Raises NotPlannableError.
    """
    if not bands or bands[0].low < 0 or bands[-1].high <= 0:
        # Nobody knows how much it can produce.
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
