"""How full a device has to be and when, and what the last plan says of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..plan.energy_units import quantity_in_kwh
from ..plan.ready_by import Occasion
from ..plan.targets import TargetReport, TargetResult
from ..plan.wishes import SOC_MINIMA, SOC_TARGETS

_REACHED: Final = frozenset({SOC_MINIMA, SOC_TARGETS})


def upcoming_targets(coordinator: ScheduleCoordinator) -> list[dict[str, Any]]:
    """Return what is wished for until the plan ends, at least the next wish, in order.

    And what only the job was told, where the plan misses it: of that it is not known how
    full the device was to be. Amounts are in the unit of the settings.
    """
    return sorted(_targets(coordinator), key=lambda target: str(target["at"]))


def _targets(coordinator: ScheduleCoordinator) -> Iterator[dict[str, Any]]:
    now, memory, plan = dt_util.utcnow(), coordinator.memory, coordinator.data.power
    ends = (memory.upcoming and memory.upcoming.moment, plan and plan.end)
    until = max((end for end in ends if end), default=now)
    # What was said of other wishes is not said of these.
    report = memory.targets if memory.digest == coordinator.digest else None
    missed = {
        result.moment: result
        for result in (report.unresolved if report else ())
        if result.constraint in _REACHED and result.moment > now
    }
    # The server looks at the points of its grid only.
    grid = plan.resolution if plan else timedelta(0)
    for occasion in memory.ready_by.between(now, until):
        near = [moment for moment in missed if abs(moment - occasion.moment) < grid]
        results = [missed.pop(moment) for moment in near]
        result = results[0] if results else None
        yield _target(
            coordinator,
            occasion.moment,
            target_kwh=occasion.target_kwh,
            is_met=_is_met(occasion, report, result, memory.planned_until),
            missed=result,
        )
    for moment, result in missed.items():
        yield _target(coordinator, moment, is_met=False, missed=result)


def _is_met(
    occasion: Occasion,
    report: TargetReport | None,
    missed: TargetResult | None,
    planned_until: datetime | None,
) -> bool | None:
    if missed:
        return False
    if report is None or occasion.target_kwh is None or planned_until is None:
        return None
    # Of what is planned, a report does not list all that is met.
    return True if occasion.moment <= planned_until else None


def _target(
    coordinator: ScheduleCoordinator,
    moment: datetime,
    *,
    is_met: bool | None,
    missed: TargetResult | None,
    target_kwh: float | None = None,
) -> dict[str, Any]:
    missed_kwh = quantity_in_kwh(missed.amount) if missed else None
    return {
        "at": moment.astimezone(UTC).isoformat(),
        "soc": coordinator.settings.in_soc_unit(target_kwh),
        "met": is_met,
        "missed_by": coordinator.settings.in_soc_unit(missed_kwh),
    }
