"""What is known of a storage at the moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ..device_status import Readings
from ..handler import NotPlannableError
from ..operation_modes.actuators import Actuator
from ..operation_modes.status import Observed, mode_readings, observe
from ..operation_modes.transitions import ModeState
from .description import System
from .scale import Scale


def storage_readings(
    system: System,
    state: Callable[[Actuator], ModeState],
    level: float | None,
    now: datetime,
    *,
    capacity_kwh: float | None,
) -> Readings:
    """What the actuators do to a storage, and what its fill level means, if that is known."""
    observed = observe(system.actuators, state, level, now)
    rates = [each and each.rate for each in observed]
    known = [rate for rate in rates if rate is not None]
    scale = _scale(system, level, capacity_kwh)
    return replace(
        mode_readings(observed),
        fill_level=level,
        fill_level_label=system.level_label,
        soc_kwh=scale.kwh(level) if scale and level is not None else None,
        fill_rate=sum(known) if len(known) == len(rates) else None,
        efficiency=_efficiency(scale, system, observed) if scale else None,
    )


def _scale(
    system: System, level: float | None, capacity_kwh: float | None
) -> Scale | None:
    try:
        return Scale.of(
            system.effects,
            system.levels,
            system.levels.low if level is None else level,
            capacity_kwh,
        )
    except NotPlannableError:
        return None


def _efficiency(
    scale: Scale, system: System, observed: list[Observed | None]
) -> float | None:
    """That of charging as it is going on; else that of charging in general."""
    rate = sum(each.rate or 0.0 for each in observed if each)
    power = sum(each.power or 0.0 for each in observed if each)
    if rate > 0 and power > 0:
        return scale.stored(rate / power)
    return scale.charging_efficiency(system.effects)
