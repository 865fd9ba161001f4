"""The demo's dashboard, of cards that Home Assistant has built in."""

from collections.abc import Sequence
from typing import Any

DASHBOARD_URL = "flexmeasures-demo"

# A bar of at most this many blocks shows how much of the plan's highest power a slot has.
_BLOCKS = 12
_PLAN = """\
{{% set plan = state_attr('{entity_id}', 'schedule') %}}
{{% if not plan %}}
No schedule yet.
{{% else %}}
{{% set highest = plan | map(attribute='value') | map('abs') | max %}}
| From | Planned | |
|:-----|--------:|:---|
{{% for slot in plan[:24] -%}}
{{% set blocks = (slot.value | abs / (highest or 1) * {blocks}) | round | int -%}}
| {{{{ as_datetime(slot.start).strftime('%H:%M') }}}} | {{{{ '%.2f' | format(slot.value) }}}} kW | {{{{ ('▮' if slot.value > 0 else '▯') * blocks }}}} |
{{% endfor %}}

▮ charge or consume ▯ discharge or produce
{{% endif %}}
"""


def dashboard(entity_ids: Sequence[str]) -> dict[str, Any]:
    """Return a dashboard with a section for each schedule sensor."""
    return {
        "title": "FlexMeasures",
        "views": [
            {
                "title": "Schedules",
                "path": "schedules",
                "type": "sections",
                "sections": [_section(entity_id) for entity_id in entity_ids],
            }
        ],
    }


def _section(entity_id: str) -> dict[str, Any]:
    """The running slot, the change that comes next, and the hours ahead."""
    return {
        "type": "grid",
        "cards": [
            {
                "type": "tile",
                "entity": entity_id,
                "name": {"type": "device"},
                "state_content": ["state", "next_change"],
                "grid_options": {"columns": "full"},
            },
            {
                "type": "markdown",
                "title": "The next hours",
                "content": _PLAN.format(entity_id=entity_id, blocks=_BLOCKS),
                "grid_options": {"columns": "full"},
            },
        ],
    }
