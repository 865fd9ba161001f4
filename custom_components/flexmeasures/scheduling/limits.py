"""Limits of the state of charge, seen from a level that is beyond them."""

from collections.abc import Mapping
from typing import Any

from ..device.settings import SOC_AT_START
from ..plan.energy_units import energy_quantity, quantity_in_kwh
from ..plan.window import Window
from ..plan.wishes import SOC_MAXIMA, SOC_MINIMA, all_the_time
from .soc_entity import plausible_kwh

_LIMITS = (("soc-min", SOC_MINIMA, min), ("soc-max", SOC_MAXIMA, max))


def softened_limits(
    model: Mapping[str, Any],
    window: Window,
    *,
    stored: Mapping[str, Any],
    full_kwh: float | None,
) -> dict[str, Any]:
    """Return the fields to send beside a flex-model whose level is beyond its limits.

    From there the server finds no schedule that keeps to them, and from another level
    it would plan what the device cannot do. So a limit is as wide as it has to be, and
    coming back within it is a wish. A level that cannot be is left to the server to
    refuse. `stored` is the flex-model of the asset, `full_kwh` what the device holds.
    """
    merged = {**stored, **model}
    level = quantity_in_kwh(model.get(SOC_AT_START))
    if level is None or plausible_kwh(level, full_kwh) is None:
        return {}
    fields: dict[str, Any] = {}
    for limit, wish, wider in _LIMITS:
        kwh = quantity_in_kwh(merged.get(limit))
        if kwh is None or wider(level, kwh) == kwh:
            continue
        fields[limit] = energy_quantity(level)
        events = merged.get(wish) or []
        # Those that a sensor holds would be lost beside others.
        if isinstance(events, list):
            fields[wish] = [*events, all_the_time(window, energy_quantity(kwh))]
    return fields
