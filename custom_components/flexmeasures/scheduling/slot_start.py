"""Schedules that are asked for within a slot, which the server plans from its start on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import sqrt
import re
from typing import Any, Final

from homeassistant.const import UnitOfPower
from homeassistant.util.unit_conversion import PowerConverter

from ..api.numbers import number_in
from ..coordinator import ScheduleCoordinator
from ..device.recent_power import Energy
from ..plan.grid import PLAN_ZONE, floor_to_grid
from ..plan.window import Window
from ..plan.wishes import period_of

# Of what the device holds: what is less is lost in the rounding of a level in %.
_ROUNDING: Final = 0.01

# From one schedule to the one that mends it.
_APART: Final = timedelta(seconds=30)

_HOUR: Final = timedelta(hours=1)
_POWER = re.compile(r"\s*(\S+?)\s*([kM]?W)\s*")


def level_at_start(
    coordinator: ScheduleCoordinator,
    level_kwh: float,
    measured_at: datetime,
    window: Window,
    flex_model: Mapping[str, Any],
    *,
    full_kwh: float | None,
) -> float:
    """Return the level at the start of a window, in kWh, by one that was measured later.

    One that was measured in another slot than the first, or that changes in ways that
    are not known, is returned as it is. `flex_model` is all that is known of the
    device; `full_kwh` how much it holds, if that is known.
    """
    start = window.start
    if not start < measured_at < start + window.resolution:
        return level_kwh
    gain = _kw(flex_model.get("soc-gain"), start)
    usage = _kw(flex_model.get("soc-usage"), start)
    if gain is None or usage is None:
        return level_kwh
    flowed = coordinator.recent_power.energy(start, measured_at)
    risen = (gain - usage) * ((measured_at - start) / _HOUR)
    level = max(level_kwh - _stored(flowed, flex_model) - risen, 0.0)
    return level if full_kwh is None else min(level, max(full_kwh, level_kwh))


def second_look_in(coordinator: ScheduleCoordinator, now: datetime) -> timedelta | None:
    """Return how long after a schedule has come another one is needed; None if none is.

    What was done before it came stays done, and what is planned for the whole of the
    running slot is only done in the rest of it. Unless both are the same, the slot ends
    at another level than the plan goes on from. Energies are compared where they are
    measured, at the device's connection.
    """
    memory, power = coordinator.memory, coordinator.data.power
    if power is None or memory.last_attempt is None or not _knows_level(coordinator):
        return None
    start = floor_to_grid(memory.last_attempt, power.resolution, PLAN_ZONE)
    planned = power.value_at(start)
    # A plan that is not followed is not mended by another one.
    if planned is None or coordinator.setpoint != power.value_at(now):
        return None
    end = start + power.resolution
    until = min(now, end)
    flowed = coordinator.recent_power.energy(start, until).net
    # Where it is not known what the device holds, of what moves in the slot.
    scale = coordinator.full_kwh or max(
        abs(flowed), abs(planned) * (power.resolution / _HOUR)
    )
    if abs(flowed - planned * ((until - start) / _HOUR)) <= _ROUNDING * scale:
        return None
    return max(end, memory.last_attempt + _APART, now) - now


def _knows_level(coordinator: ScheduleCoordinator) -> bool:
    """Return whether schedules are made from a level that is measured here."""
    source = coordinator.flex_model_source
    return (source is not None and source.knows_level) or (
        coordinator.settings.soc_entity is not None and coordinator.soc_problem is None
    )


def _stored(energy: Energy, flex_model: Mapping[str, Any]) -> float:
    """Return by how much an energy has raised the level, in kWh.

    An efficiency that is not known, or not here, is taken for 100 %.
    """
    roundtrip = _share(flex_model.get("roundtrip-efficiency"))
    if roundtrip is not None:
        # As the server does, whatever else is given.
        charging = discharging = sqrt(roundtrip)
    else:
        charging = _share(flex_model.get("charging-efficiency")) or 1.0
        discharging = _share(flex_model.get("discharging-efficiency")) or 1.0
    return energy.consumed * charging - energy.produced / discharging


def _share(value: object) -> float | None:
    """Read a fixed efficiency: 0.9 or ``90 %``; None for anything else."""
    text = str(value).strip()
    number = number_in(text.removesuffix("%"))
    if number is None or number <= 0:
        return None
    return number / 100 if text.endswith("%") else number


def _kw(components: object, moment: datetime) -> float | None:
    """Return the sum of powers in a flex-model at a moment; None if one is not known here."""
    total = 0.0
    for component in components if isinstance(components, list) else []:
        series = component if isinstance(component, list) else [{"value": component}]
        for event in series:
            period = period_of(event)
            if period and not period[0] <= moment < period[1]:
                continue
            match = _POWER.fullmatch(str(event.get("value")))
            number = number_in(match[1]) if match else None
            if match is None or number is None:
                return None
            total += PowerConverter.convert(number, match[2], UnitOfPower.KILO_WATT)
    return total
