"""The flex-model of a device that is given limits of its power."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from ..energy import hours
from ..handler import NotPlannableError
from ..operation_modes.profile import Profile, mean, window_slots
from ..plan import Window
from ..quantities import energy_quantity, event, power_quantity
from .description import PowerConstraints
from .energy_constraints import EnergyConstraint, EnergyConstraints


def limits_flex_model(
    constraints: PowerConstraints,
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
    window: Window,
    *,
    capacity_kwh: float | None,
) -> dict[str, Any]:
    """A device of which FlexMeasures decides how much power it may have.

    One that consumes is only planned if it is known what it needs (`energy`): else the
    best plan would be to keep it off for ever. Raises NotPlannableError.
    """
    consumption, production = constraints.consumption, constraints.production
    model: dict[str, Any] = {
        "consumption-capacity": power_quantity(consumption),
        "production-capacity": power_quantity(production),
    }
    if not consumption:
        if not production:
            # Of no electric power, or of none that is allowed normally.
            raise NotPlannableError("s2_no_power_limits")
        if forecast:
            model["production-capacity"] = _available(forecast, window, production)
        if produced := energy.production_within(window.start, window.end):
            model |= _emptied_fields(produced, window, production / 1000)
        return model
    if consumed := energy.within(window.start, window.end):
        return model | _storage_fields(
            consumed, window, lambda each: constraints.consumption_of(each) / 1000
        )
    if capacity_kwh is None:
        raise NotPlannableError(
            "s2_limits_only_lose" if constraints.is_lost else "s2_energy_unknown"
        )
    return model


def _available(
    forecast: Profile[float], window: Window, production: float
) -> list[dict[str, str]]:
    """What can be produced in each slot of a window."""
    slots: list[dict[str, str]] = []
    for start, end in window_slots(window):
        expected = mean(forecast, start, end)
        power = production if expected is None else min(-expected, production)
        slots.append(event(start, end, power_quantity(max(power, 0.0))))
    return slots


def _emptied_fields(
    constraints: Iterable[EnergyConstraint], window: Window, capacity: float
) -> dict[str, Any]:
    """The constraints as a store that is emptied by what is produced.

    `capacity` is the power (kW) that the device can have. There is enough in it for
    all of the window.
    """
    kwh = capacity * (window.duration / timedelta(hours=1))
    full = energy_quantity(kwh)
    maxima: list[dict[str, str]] = []
    due = 0.0
    for constraint in constraints:
        later = hours(window.end, constraint.end) * capacity
        due += max(constraint.least_production_left - later, 0.0)
        maxima.append(
            {
                "datetime": min(constraint.end, window.end).isoformat(),
                "value": energy_quantity(max(kwh - due, 0.0)),
            }
        )
    return {
        "soc-at-start": full,
        "soc-min": "0 kWh",
        "soc-max": full,
        "soc-maxima": maxima,
        "discharging-efficiency": "100 %",
        "storage-efficiency": "100 %",
    }


def _storage_fields(
    constraints: Iterable[EnergyConstraint],
    window: Window,
    capacity: Callable[[str], float],
) -> dict[str, Any]:
    """The constraints as a store that is filled with what is consumed.

    What is to be consumed after the window may be, as far as the `capacity` allows: the
    power (kW) that a quantity can have.
    """
    constraints = list(constraints)
    level = sum(constraint.consumed for constraint in constraints)
    full = sum(max(constraint.most, constraint.consumed) for constraint in constraints)
    return {
        "soc-at-start": energy_quantity(level),
        "soc-min": "0 kWh",
        "soc-max": energy_quantity(full),
        "soc-minima": list(_minima(constraints, window, level, capacity)),
        "soc-maxima": list(_maxima(constraints, window, full)),
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
    }


def _minima(
    constraints: Iterable[EnergyConstraint],
    window: Window,
    level: float,
    capacity: Callable[[str], float],
) -> Iterator[dict[str, str]]:
    """What is due by when, as `constraints` are in the order of their ends."""
    left: dict[str, float] = {}
    due: dict[str, float] = {}
    for constraint in constraints:
        quantity = constraint.quantity
        left[quantity] = left.get(quantity, 0.0) + constraint.least_left
        later = hours(window.end, constraint.end) * capacity(quantity)
        due[quantity] = max(due.get(quantity, 0.0), left[quantity] - later)
        yield {
            "datetime": min(constraint.end, window.end).isoformat(),
            "value": energy_quantity(level + sum(due.values())),
        }


def _maxima(
    constraints: Iterable[EnergyConstraint], window: Window, full: float
) -> Iterator[dict[str, str]]:
    """Nothing is consumed for a constraint before its time."""
    begin = window.start
    to_come = sorted(
        (constraint for constraint in constraints if constraint.start > window.start),
        key=lambda constraint: constraint.start,
    )
    room = full - sum(constraint.most for constraint in to_come)
    for constraint in to_come:
        if constraint.start > begin:
            yield event(begin, constraint.start, energy_quantity(room))
        begin = constraint.start
        room += constraint.most
