"""The first plan of a device in words, as a flow cannot draw."""

from datetime import datetime
from typing import Final

from homeassistant.util import dt as dt_util

from ...coordinator import ScheduleCoordinator
from ...local_format import short_number, short_time
from ...plan.outlook import Outlook
from ...plan.schedule import Action, Block
from ...texts import Texts

_MOST_BLOCKS: Final = 8


_DOES: Final = {
    "heat": {Action.CHARGE: "plan_heats"},
    "solar": {Action.DISCHARGE: "plan_produces"},
}
_USUALLY_DOES: Final = {
    Action.CHARGE: "plan_charges",
    Action.DISCHARGE: "plan_discharges",
}


def plan_in_words(texts: Texts, coordinator: ScheduleCoordinator, kind: str) -> str:
    """Return what a device of some kind is to do when, and what that costs, as Markdown."""
    now = dt_util.utcnow()
    outlook = coordinator.outlook
    schedule = coordinator.data.power
    if schedule is None:
        return ""
    blocks = [block for block in outlook.blocks if block.end > now]
    does = _USUALLY_DOES | _DOES.get(kind, {})
    lines = [
        _line(texts, outlook, block, now, does[block.action])
        for block in blocks[:_MOST_BLOCKS]
    ]
    if not lines:
        lines = [texts("plan_rests", until=short_time(schedule.end))]
    elif len(blocks) > _MOST_BLOCKS:
        lines.append(f"- {texts('plan_goes_on')}")
    if (
        coordinator.may_have_level
        and blocks
        and blocks[-1].end == schedule.end
        and blocks[-1].action is Action.DISCHARGE
    ):
        lines.extend(("", texts("plan_end_is_open")))
    cost = outlook.cost(now, schedule.end)
    if cost is not None and blocks:
        lines.extend(
            (
                "",
                texts(
                    "plan_costs" if cost >= 0 else "plan_earns",
                    amount=f"{short_number(round(abs(cost), 2))} {coordinator.data.currency}",
                    until=short_time(schedule.end),
                ),
            )
        )
    return "\n".join(lines)


def _line(
    texts: Texts, outlook: Outlook, block: Block, now: datetime, action: str
) -> str:
    start, end = max(block.start, now), dt_util.as_local(block.end)
    # Like the cost, without what is over.
    energy = abs(outlook.energy(start, end) or 0.0)
    is_same_day = end.date() == dt_util.as_local(start).date()
    return "- " + texts(
        action,
        start=short_time(start),
        end=f"{end:%H:%M}" if is_same_day else short_time(end),
        energy=f"{short_number(round(energy, 1))} kWh",
    )
