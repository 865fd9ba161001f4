"""The flex-model of the electric actuators that meet a demand."""

from collections.abc import Iterable
from math import inf
from typing import Any

from ..handler import NotPlannableError
from ..operation_modes.costs import PricesNow
from ..operation_modes.profile import window_slots
from ..plan import Prices, Window
from ..quantities import event, power_quantity
from .demand import DemandRate
from .description import DemandActuator, SystemDescription


def demand_flex_model(
    description: SystemDescription,
    demand: DemandRate,
    window: Window,
    prices: Prices | None,
) -> dict[str, Any]:
    """A storage without any room, from which electricity is taken as it comes.

    What is taken is what the electric actuators need for the demand, as far as they
    can meet it, but for what another one does for less: where a price is not known,
    electricity comes first. Raises NotPlannableError.
    """
    capacity = sum(actuator.most_power for actuator in description)
    if capacity <= 0:
        raise NotPlannableError("s2_no_consumption")
    usage: list[dict[str, str]] = []
    for start, end in window_slots(window):
        rate = demand.mean(start, end)
        if rate is None:
            raise NotPlannableError("s2_no_demand")
        power = _electric_power(description, rate, PricesNow.at(prices, start))
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


def _electric_power(
    actuators: Iterable[DemandActuator], rate: float, prices: PricesNow | None
) -> float:
    """The power in W that a demand takes, the cheapest or most efficient actuator first."""

    def order(actuator: DemandActuator) -> tuple[float, bool, float]:
        is_last, effort = actuator.order
        cost = actuator.cost(prices) if prices else None
        if cost is None:
            cost = inf if is_last else -inf
        return cost, is_last, effort

    power = 0.0
    for actuator in sorted(actuators, key=order):
        if actuator.electric_modes:
            supplied, needed = actuator.electric(rate)
            rate -= supplied
            power += needed
        else:
            rate -= min(actuator.most, max(rate, 0.0))
    return power
