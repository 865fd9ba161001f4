"""What follows from a plan, found once: a plan can have thousands of slots."""

from array import array
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Any

from .explanation import Circumstances, Explained, explanations
from .plan import Plan
from .prices import Price
from .schedule import Action, Block, Schedule


class Outlook:
    """Energy, cost, blocks and lists of one plan; quick to ask, but not to make."""

    def __init__(self, plan: Plan, now: datetime, time_zone: tzinfo) -> None:
        """Find everything; times in lists are of this time zone."""
        self.plan = plan
        schedule = plan.power
        self.blocks: list[Block] = list(schedule.blocks()) if schedule else []
        self._charges = [
            block for block in self.blocks if block.action is Action.CHARGE
        ]
        self.schedule: list[dict[str, Any]] = (
            schedule.as_dicts(time_zone) if schedule else []
        )
        """``{start, end, value}`` of each slot, in kW."""
        self.soc = plan.soc.since(now) if plan.soc else None
        """From the slot on that runs `now`: nobody asks for what was expected before."""
        # The same times are in both lists, and need to be in memory only once.
        times = {slot["start"]: slot["start"] for slot in self.schedule}
        self.forecast: list[dict[str, Any]] = [
            {
                "datetime": times.get(slot["start"], slot["start"]),
                "value": slot["value"],
            }
            for slot in (self.soc.as_dicts(time_zone) if self.soc else ())
        ]
        """``{datetime, value}`` of each value of `soc`, in the settings' unit."""
        energies = list(schedule.energies()) if schedule else []
        costs = list(_costs(schedule, plan)) if schedule else []
        self._planned = _sums(energy is not None for energy in energies)
        self._energy = _sums(energy or 0.0 for energy in energies)
        self._unpriced = _sums(
            bool(energy) and cost is None
            for energy, cost in zip(energies, costs, strict=True)
        )
        self._cost = _sums(cost or 0.0 for cost in costs)
        self._explained: tuple[Explained, ...] = ()
        self._explained_for: tuple[Circumstances, datetime] | None = None

    def energy(self, start: datetime, end: datetime) -> float | None:
        """Return what is planned in a period, in kWh, production subtracted; None if nothing is."""
        if not self._between(self._planned, start, end):
            return None
        return self._between(self._energy, start, end)

    def cost(self, start: datetime, end: datetime) -> float | None:
        """Return what a period costs, what it earns subtracted, in the prices' currency.

        None if nothing is planned, or a price is missing while there is power.
        """
        if (
            self.plan.consumption_price is None
            or not self._between(self._planned, start, end)
            or self._between(self._unpriced, start, end)
        ):
            return None
        return self._between(self._cost, start, end)

    def explained(
        self, circumstances: Circumstances, now: datetime
    ) -> tuple[Explained, ...]:
        """Return what is planned from the running slot on, and why."""
        schedule = self.plan.power
        if schedule is None:
            return ()
        explained_for = (circumstances, schedule.slot_start(now))
        if self._explained_for != explained_for:
            self._explained = explanations(self.plan, circumstances, now)
            self._explained_for = explained_for
        return self._explained

    def next_block(self, moment: datetime) -> Block | None:
        """Return the block that runs at a moment, or the first one after it."""
        return next((block for block in self.blocks if block.end > moment), None)

    def next_charge_start(self, moment: datetime) -> datetime | None:
        """Return when a block of charging next begins."""
        return next((each.start for each in self._charges if each.start > moment), None)

    def next_charge_end(self, moment: datetime) -> datetime | None:
        """Return when the block of charging ends that runs at a moment, or the next one."""
        return next((each.end for each in self._charges if each.end > moment), None)

    def charges_within(self, moment: datetime, time: timedelta) -> bool | None:
        """Return whether it charges at a moment, or begins to within a time after it.

        None if nothing is planned at all then.
        """
        end = moment + time
        if any(each.start <= end and moment < each.end for each in self._charges):
            return True
        schedule = self.plan.power
        if schedule is None or schedule.end <= moment or end < schedule.start:
            return None
        return False

    def _between(self, sums: array[float], start: datetime, end: datetime) -> float:
        """Return the sum over a period; of a slot at its ends, in proportion."""
        schedule = self.plan.power
        if schedule is None or end <= start:
            return 0.0
        return _sum_until(schedule, sums, end) - _sum_until(schedule, sums, start)


def _sums(values: Iterable[float]) -> array[float]:
    """Return the sums of the values before each boundary."""
    return array("d", accumulate(values, initial=0.0))


def _sum_until(schedule: Schedule, sums: array[float], moment: datetime) -> float:
    slots = (moment - schedule.start) / schedule.resolution
    position = min(max(slots, 0.0), float(len(schedule.values)))
    index = int(position)
    if index == position:
        return sums[index]
    return sums[index] + (position - index) * (sums[index + 1] - sums[index])


def _costs(schedule: Schedule, plan: Plan) -> Iterable[float | None]:
    """Return what each slot costs; None where there is no power, or no price."""
    selling = plan.selling_price
    start = schedule.start
    for energy in schedule.energies():
        end = start + schedule.resolution
        price: Price | None = None
        if energy:
            price = plan.consumption_price if energy > 0 else selling
        per_kwh = price.mean(start, end) if price else None
        yield None if energy is None or per_kwh is None else energy * per_kwh
        start = end
