"""The flex-model of a device that is given limits of its power."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from ..energy import hours
from ..handler import NotPlannableError
from ..operation_modes.profile import Profile, Segment, mean, window_slots
from ..plan import Window
from ..quantities import energy_quantity, event, power_quantity
from .description import PowerConstraints
from .energy_constraints import EnergyConstraint, EnergyConstraints

# What the server may know of the asset's own storage does not hold for a virtual one.
_NO_STORAGE = {
    "storage-efficiency": "100 %",
    "soc-usage": ["0 kW"],
    "soc-gain": ["0 kW"],
}


def limits_flex_model(
    valid: Sequence[Segment[PowerConstraints]],
    energy: EnergyConstraints,
    forecast: Profile[float] | None,
    window: Window,
    *,
    capacity_kwh: float | None,
) -> dict[str, Any]:
    """A device of which FlexMeasures decides how much power it may have.

    `valid` has at least the first constraints that hold within the window. One that
    consumes is only planned if it is known what it needs (`energy`): else the best plan
    would be to keep it off for ever. Raises NotPlannableError.
    """
    consumption = _by_slot(valid, window, lambda each: each.consumption)
    production = _by_slot(valid, window, lambda each: each.production)
    model: dict[str, Any] = {
        "consumption-capacity": _capacity(consumption, window),
        "production-capacity": _capacity(production, window),
    }
    if not any(consumption):
        if not any(production):
            # Of no electric power, or of none that is allowed normally.
            raise NotPlannableError("s2_no_power_limits")
        if forecast:
            model["production-capacity"] = _series(
                _available(forecast, window, production), window
            )
        if produced := energy.producing_within(window.start, window.end):
            model |= _emptied_fields(produced, window, production)
        return model
    if consumed := energy.within(window.start, window.end):
        return model | _storage_fields(
            consumed, window, lambda each: valid[-1].value.consumption_of(each) / 1000
        )
    if capacity_kwh is None:
        raise NotPlannableError(
            "s2_limits_only_lose" if valid[0].value.is_lost else "s2_energy_unknown"
        )
    return model


def _by_slot(
    valid: Sequence[Segment[PowerConstraints]],
    window: Window,
    power: Callable[[PowerConstraints], float],
) -> list[float]:
    """The mean power (W) of each slot; where nothing is announced, what was before."""
    powers: list[float] = []
    last = power(valid[0].value)
    for start, end in window_slots(window):
        known = [
            (min(each.end, end) - max(each.start, start), power(each.value))
            for each in valid
            if each.start < end and start < each.end
        ]
        if known:
            whole = sum((length for length, _ in known), timedelta(0))
            powers.append(sum(value * (length / whole) for length, value in known))
            last = known[-1][1]
        else:
            powers.append(last)
    return powers


def _capacity(powers: Sequence[float], window: Window) -> str | list[dict[str, str]]:
    """Powers (W) of all slots, as one if it is always the same."""
    if len(set(powers)) == 1:
        return power_quantity(powers[0])
    return _series(powers, window)


def _available(
    forecast: Profile[float], window: Window, production: Sequence[float]
) -> Iterator[float]:
    """What can be produced in each slot of a window, in W."""
    for (start, end), most in zip(window_slots(window), production, strict=True):
        expected = mean(forecast, start, end)
        yield most if expected is None else max(min(-expected, most), 0.0)


def _series(powers: Iterable[float], window: Window) -> list[dict[str, str]]:
    """Powers (W) of all slots."""
    return [
        event(start, end, power_quantity(power))
        for (start, end), power in zip(window_slots(window), powers, strict=True)
    ]


def _emptied_fields(
    constraints: Iterable[EnergyConstraint], window: Window, powers: Sequence[float]
) -> dict[str, Any]:
    """The constraints as a store that is emptied by what is produced.

    There is enough in it for the `powers` (W) that the device can have in all slots.
    """
    kwh = sum(powers) / 1000 * (window.resolution / timedelta(hours=1))
    maxima: list[dict[str, str]] = []
    due = 0.0
    for constraint in constraints:
        later = hours(window.end, constraint.end) * powers[-1] / 1000
        due += max(constraint.least_production_left - later, 0.0)
        maxima.append(
            {
                "datetime": min(constraint.end, window.end).isoformat(),
                "value": energy_quantity(max(kwh - due, 0.0)),
            }
        )
    return {
        "soc-at-start": energy_quantity(kwh),
        "soc-min": "0 kWh",
        "soc-max": energy_quantity(kwh),
        "soc-maxima": maxima,
        "discharging-efficiency": "100 %",
        **_NO_STORAGE,
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
        **_NO_STORAGE,
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
