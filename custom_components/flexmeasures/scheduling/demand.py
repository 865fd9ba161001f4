"""How many schedules the devices of an account ask for."""

from collections.abc import Iterable
from datetime import timedelta
from math import ceil

from ..coordinator import ScheduleCoordinator
from .pace import shortest_interval


def demand(
    coordinators: Iterable[ScheduleCoordinator], window: timedelta, *, is_joint: bool
) -> int:
    """Return how many are asked for in a window when all devices are running, rounded up.

    Only by the devices' intervals: what else happens is news, and waits.
    """
    rates: dict[object, float] = {}
    for coordinator in coordinators:
        if not coordinator.is_scheduled_by_itself:
            continue
        # Those whose site is not known yet count as one: better than a false alarm.
        group = coordinator.metadata.site if is_joint else coordinator
        rate = window / shortest_interval(coordinator.settings)
        # The one that is due first has all of its site scheduled.
        rates[group] = max(rate, rates.get(group, 0.0))
    # Thirds and sixths do not add up to whole numbers.
    return ceil(round(sum(rates.values()), 6))
