"""One flex-model of what an RM reports, what the settings say and what the user wants."""

from collections.abc import Mapping
from typing import Any

from ...device.settings import SOC_AT_START, DeviceSettings
from ...plan.energy_units import energy_quantity, quantity_in_kwh
from ...plan.targets import NEGLIGIBLE_KWH
from ...plan.window import Window
from ...plan.wishes import SOC_MAXIMA, SOC_MINIMA, SOC_TARGETS, all_the_time
from ...s2.frbc.flex_model import beside_stored
from ...s2.handler import ControlTypeHandler
from ...scheduling.errors import S2NotPlannableError

_MIN, _MAX = "soc-min", "soc-max"
_TARGETS = frozenset({SOC_MINIMA, SOC_TARGETS})


def joined_flex_model(
    reported: Mapping[str, Any],
    handler: ControlTypeHandler,
    window: Window,
    settings: DeviceSettings,
    *,
    stored: Mapping[str, Any],
    overrides: Mapping[str, Any],
    consumed_kwh: float,
) -> dict[str, Any]:
    """Return the flex-model to send, `reported` being the handler's, of what the RM has said.

    `overrides` hold for one request and win, but the user's and the RM's minimum
    levels both hold. `consumed_kwh` is what was consumed of what the user's target
    is about. Raises S2NotPlannableError.
    """
    model = {"sensor": settings.power_sensor, **beside_stored(reported, stored)}
    if handler.is_storage:
        model |= _limits(model, window, settings)
    elif handler.counts_energy:
        if not _TARGETS & {*overrides, *stored}:
            raise S2NotPlannableError("s2_target_required")
        model |= _energy_wanted(overrides, consumed_kwh, handler, window)
    minima = [*_events(model.get(SOC_MINIMA)), *_events(overrides.get(SOC_MINIMA))]
    model |= overrides
    if minima:
        model[SOC_MINIMA] = minima
    return model


def _limits(
    model: Mapping[str, Any], window: Window, settings: DeviceSettings
) -> dict[str, Any]:
    """Return the user's limits as far as they are narrower than the RM's.

    What is beyond them already is to come back, which may take some time.
    """
    present = quantity_in_kwh(model.get(SOC_AT_START)) or 0.0
    fields: dict[str, Any] = {}
    for key, soft, limit, narrower, wider in (
        (_MIN, SOC_MINIMA, settings.soc_min, max, min),
        (_MAX, SOC_MAXIMA, settings.soc_max, min, max),
    ):
        own = quantity_in_kwh(model.get(key))
        kwh = None if limit is None else quantity_in_kwh(settings.energy(limit))
        if own is None or kwh is None or narrower(own, kwh) == own:
            continue
        fields[key] = energy_quantity(wider(kwh, present))
        if wider(kwh, present) != kwh:
            fields[soft] = [
                *_events(model.get(soft)),
                all_the_time(window, energy_quantity(kwh)),
            ]
    return fields


def _energy_wanted(
    overrides: Mapping[str, Any],
    consumed_kwh: float,
    handler: ControlTypeHandler,
    window: Window,
) -> dict[str, str]:
    """Return a store that is full when all that is wanted has been consumed.

    What cannot have every power may consume a bit more, until the slot ends in which
    it reaches that.
    """
    wanted = [
        kwh
        for event in _events(overrides.get(SOC_MINIMA))
        if (kwh := quantity_in_kwh(event.get("value"))) is not None
    ]
    if not wanted:
        return {}
    full = max(wanted)
    missing = full - consumed_kwh
    if missing <= NEGLIGIBLE_KWH:
        return {SOC_AT_START: energy_quantity(full), _MAX: energy_quantity(full)}
    beyond = handler.whole_slots_kwh(missing, window) - missing
    if beyond > 0:
        # The server's numbers are not exact.
        full += beyond + NEGLIGIBLE_KWH / 1000
    return {
        SOC_AT_START: energy_quantity(consumed_kwh),
        _MAX: energy_quantity(full),
    }


def _events(series: Any) -> list[Mapping[str, Any]]:
    """Return the events of a series in a flex-model; none of one that a sensor holds."""
    return series if isinstance(series, list) else []
