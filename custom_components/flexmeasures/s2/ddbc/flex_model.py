"""The flex-model of the electric actuators that meet a demand."""

from collections.abc import Iterable
from typing import Any

from ..handler import NotPlannableError
from ..operation_modes.profile import window_slots
from ..plan import Window
from ..quantities import event, power_quantity
from .demand import DemandRate
from .description import DemandActuator, SystemDescription


def demand_flex_model(
    description: SystemDescription, demand: DemandRate, window: Window
) -> dict[str, Any]:
    """A storage without any room, from which electricity is taken as it comes.

    What is taken is what the electric actuators need for the demand, as far as they
    can meet it. Raises NotPlannableError.
    """
    capacity = sum(actuator.most_power for actuator in description)
    if capacity <= 0:
        raise NotPlannableError("s2_no_consumption")
    usage: list[dict[str, str]] = []
    for start, end in window_slots(window):
        rate = demand.mean(start, end)
        if rate is None:
            raise NotPlannableError("s2_no_demand")
        power = _electric_power(description, rate)
        usage.append(event(start, end, power_quantity(power)))
    return {
        "soc-at-start": "0 kWh",
        "soc-min": "0 kWh",
        "soc-max": "0 kWh",
        "soc-usage": [usage],
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "consumption-capacity": power_quantity(capacity),
        "production-capacity": "0 W",
    }


def _electric_power(actuators: Iterable[DemandActuator], rate: float) -> float:
    """The power in W that a demand takes, the most efficient actuator first."""
    power = 0.0
    for actuator in sorted(actuators, key=lambda each: each.order):
        supplied, needed = actuator.electric(rate)
        rate -= supplied
        power += needed
    return power
