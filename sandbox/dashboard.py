"""The demo's dashboard, of cards that Home Assistant has built in."""

from collections.abc import Sequence
from typing import Any

DASHBOARD_URL = "flexmeasures-demo"

_PLAN = """\
{{% set plan = state_attr('{entity_id}', 'schedule') %}}
{{% if not plan %}}
No schedule yet.
{{% else %}}
| From | Until | Planned |
|:-----|:------|--------:|
{{% for slot in plan[:16] -%}}
| {{{{ as_datetime(slot.start).strftime('%H:%M') }}}} | {{{{ as_datetime(slot.end).strftime('%H:%M') }}}} | {{{{ '%.2f' | format(slot.value) }}}} kW |
{{% endfor %}}
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
    """The running slot, the change that comes next, the history, and the hours ahead."""
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
                "type": "history-graph",
                "entities": [entity_id],
                "hours_to_show": 3,
                "grid_options": {"columns": "full"},
            },
            {
                "type": "markdown",
                "title": "The next hours",
                "content": _PLAN.format(entity_id=entity_id),
                "grid_options": {"columns": "full"},
            },
        ],
    }
