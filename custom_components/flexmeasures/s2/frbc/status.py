"""What is known of a storage at the moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ..device_status import DeviceStatus
from ..handler import NotPlannableError
from ..operation_modes.actuators import Actuator
from ..operation_modes.status import ActiveMode, active_modes, actuators_status
from ..operation_modes.transitions import ModeState
from .description import SystemDescription
from .scale import Scale


def storage_status(
    description: SystemDescription,
    state: Callable[[Actuator], ModeState],
    level: float | None,
    now: datetime,
    *,
    capacity_kwh: float | None,
) -> DeviceStatus:
    """What the actuators do to a storage, and what its fill level means, if that is known."""
    active = active_modes(description.actuators, state, level, now)
    rates = [each and each.rate for each in active]
    known = [rate for rate in rates if rate is not None]
    scale = _scale(description, level, capacity_kwh)
    return replace(
        actuators_status(active),
        fill_level=level,
        fill_level_label=description.level_label,
        soc_kwh=scale.kwh(level) if scale and level is not None else None,
        fill_rate=sum(known) if len(known) == len(rates) else None,
        efficiency=_efficiency(scale, description, active) if scale else None,
    )


def _scale(
    description: SystemDescription, level: float | None, capacity_kwh: float | None
) -> Scale | None:
    try:
        return Scale.of(
            description.effects,
            description.levels,
            description.levels.low if level is None else level,
            capacity_kwh,
        )
    except NotPlannableError:
        return None


def _efficiency(
    scale: Scale, description: SystemDescription, active: list[ActiveMode | None]
) -> float | None:
    """That of charging as it is going on; else that of charging in general."""
    rate = sum(each.rate or 0.0 for each in active if each)
    power = sum(each.power or 0.0 for each in active if each)
    if rate > 0 and power > 0:
        return scale.stored(rate / power)
    return scale.charging_efficiency(description.effects)
