"""What a plan saves, against what the device would have done without one.

Only where there is such a thing: a battery without a plan does nothing, and a car
charges as soon as it can. Nobody knows how a house would have been heated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .outlook import Outlook

_HOUR = timedelta(hours=1)


class Against(StrEnum):
    """What a plan is compared with."""

    NOTHING = "doing_nothing"
    """What is stored stays there, and costs nothing."""
    AT_ONCE = "charging_at_once"
    """The same energy at full power, from now on until it is in."""


@dataclass(frozen=True, slots=True)
class Savings:
    """How much less a plan costs than what it is compared with."""

    against: Against
    amount: float
    """In the currency of the prices; negative if it costs more."""
    stored_at: float | None = None
    """What a kWh counts at by which there is more or less stored in the end."""


def savings_of_battery(
    outlook: Outlook, start: datetime, in_kwh: Callable[[float], float | None]
) -> Savings | None:
    """Return what the plan saves from a slot's start on, against doing nothing.

    What is stored more in the end counts at what it can be sold for, in the mean; what
    is stored less, at what it costs to buy. None if a price or a state of charge is not
    known. `in_kwh` converts states of charge.
    """
    plan = outlook.plan
    power, soc = plan.power, plan.soc
    if power is None or soc is None:
        return None
    # What a state of charge's last slot leads to is not known.
    end = min(power.end, soc.end - soc.resolution)
    before, after = soc.value_at(start), soc.value_at(end)
    cost = outlook.cost(start, end)
    if before is None or after is None or cost is None:
        return None
    stored = in_kwh(after - before)
    market = plan.consumption_price if after < before else plan.selling_price
    price = market.mean(start, end) if market else None
    if stored is None or price is None:
        return None
    return Savings(Against.NOTHING, stored * price - cost, price)


def savings_of_car(
    outlook: Outlook, start: datetime, most_kw: float | None
) -> Savings | None:
    """Return what the plan saves from a slot's start on, against charging at once.

    That is at `most_kw`, until the energy is in that the plan charges, less what it
    discharges. None if it charges nothing, or if a price or that power is not known.
    """
    plan = outlook.plan
    power, buying = plan.power, plan.consumption_price
    if power is None or buying is None or not most_kw:
        return None
    energy = outlook.energy(start, power.end)
    cost = outlook.cost(start, power.end)
    if not energy or energy < 0 or cost is None:
        return None
    price = buying.mean(start, start + energy / most_kw * _HOUR)
    return None if price is None else Savings(Against.AT_ONCE, energy * price - cost)
