"""The demo's dashboard, of cards that Home Assistant has built in."""

from collections.abc import Iterable, Mapping
from typing import Any

from .demo_devices import CAR, DemoDevice, FollowingDevice, S2Device
from .demo_meters import SOLAR, DemoMeter

DASHBOARD_URL = "flexmeasures-demo"

type Entities = Mapping[str, str]
"""The entities of a device, by what they are."""

# What the longest bar in the table of the next hours has.
_BLOCKS = 10
_PLAN = """\
{{% set plan = state_attr('{entity_id}', 'schedule') or [] %}}
{{% set ahead = namespace(slots=[]) %}}
{{% for slot in plan if as_datetime(slot.end) > now() %}}
{{% set ahead.slots = ahead.slots + [slot] %}}
{{% endfor %}}
{{% if not ahead.slots %}}
No schedule yet.
{{% else %}}
{{% set highest = ahead.slots | map(attribute='value') | map('abs') | max %}}
| From | Mean power | |
|:-----|-----------:|:---|
{{% for hour in ahead.slots[:48] | batch(4) -%}}
{{% set power = hour | map(attribute='value') | average -%}}
{{% set blocks = (power | abs / (highest or 1) * {blocks}) | round(0, 'ceil') | int -%}}
| {{{{ as_datetime(hour[0].start).strftime('%H:%M') }}}} | {{{{ '%.2f' | format(power) }}}} kW | {{{{ ('█' if power > 0 else '░') * blocks }}}} |
{{% endfor %}}

█ charge or consume ░ discharge or produce
{{% endif %}}
"""


# The sensors of a bill, and what they are called where the meter's name stands above them.
_BILL = {
    "usage_to_date": "Used so far",
    "cost_to_date": "Cost so far",
    "forecasted_usage": "Forecast",
    "forecasted_cost": "Forecast",
    "typical_usage": "Typical month",
    "typical_cost": "Typical month",
}


def dashboard(
    devices: Mapping[DemoDevice, Entities],
    meters: Mapping[DemoMeter, Entities],
    statistics: Mapping[DemoMeter, Mapping[str, str]],
) -> dict[str, Any]:
    """Return a dashboard with a section for each device, and a view with one for each meter.

    `statistics` are the ids of the meters' statistics, by what they are of.
    """
    return {
        "title": "FlexMeasures",
        "views": [
            {
                "title": "Schedules",
                "path": "schedules",
                "type": "sections",
                "max_columns": len(devices),
                "sections": [
                    {"type": "grid", "cards": list(_cards(device, entities))}
                    for device, entities in devices.items()
                ],
            },
            {
                "title": "Bills",
                "path": "bills",
                "type": "sections",
                "max_columns": len(meters),
                "sections": [
                    {
                        "type": "grid",
                        "cards": list(_meter_cards(meter, entities, statistics[meter])),
                    }
                    for meter, entities in meters.items()
                ],
            },
        ],
    }


def _cards(device: DemoDevice, entities: Entities) -> Iterable[dict[str, Any]]:
    """What to do now, what comes next, what the user may set, and the hours ahead."""
    yield {
        "type": "heading",
        "heading": device.name,
        "icon": device.icon,
        "badges": [
            {"type": "entity", "entity": entities["action"], "show_state": True}
        ],
    }
    yield _tile(entities["setpoint"], "Setpoint")
    yield _tile(entities["next_charge_start"], "Next charge")
    if isinstance(device, FollowingDevice):
        yield _tile(device.soc_entity, "Stored now")
    if isinstance(device, S2Device):
        yield _tile(entities["fill_level"], "Fill level")
    yield _tile(entities["soc_forecast"], "Stored by the plan")
    yield _tile(entities["planned_cost"], "Planned cost")
    yield _tile(entities["scheduling_status"], "Scheduling")
    if isinstance(device, S2Device):
        yield _tile(entities["rm_connected"], "S2 connection")
        yield _tile(entities["control_type"], "Control type")
        yield _tile(entities["current_instruction"], "Instruction")
        yield _tile(entities["next_instruction"], "Next instruction")
        yield _tile(entities["rm_power"], "Measured power", columns="full")
    yield {
        **_tile(entities["mode"], "Mode", columns="full"),
        "features": [{"type": "select-options"}],
        "features_position": "inline",
    }
    yield _tile(
        entities["automatic_scheduling"], "Automatic scheduling", columns="full"
    )
    if device is CAR:
        yield _tile(entities["target_soc"], "Target")
        yield _tile(entities["ready_by"], "Ready by")
        yield _tile(entities["targets_met"], "Target is met", columns="full")
    yield {
        "type": "markdown",
        "title": "The next hours",
        "content": _PLAN.format(entity_id=entities["schedule"], blocks=_BLOCKS),
        "grid_options": {"columns": "full"},
    }
    yield {
        "type": "calendar",
        "entities": [entities["plan"]],
        "initial_view": "listWeek",
        "grid_options": {"columns": "full"},
    }


def _meter_cards(
    meter: DemoMeter, entities: Entities, statistics: Mapping[str, str]
) -> Iterable[dict[str, Any]]:
    """The bill, what it will be, what is typical, and the days of the last month."""
    yield {"type": "heading", "heading": meter.name, "icon": meter.icon}
    if meter is not SOLAR:
        for key, name in _BILL.items():
            yield _tile(entities[key], name)
        yield _tile(entities["completeness"], "Completeness", columns="full")
    yield {
        "type": "statistics-graph",
        "title": "By day",
        "chart_type": "bar",
        "period": "day",
        "days_to_show": 30,
        "stat_types": ["change"],
        "hide_legend": True,
        "entities": [statistics["production" if meter is SOLAR else "consumption"]],
        "grid_options": {"columns": "full"},
    }


def _tile(entity_id: str, name: str, *, columns: int | str = 6) -> dict[str, Any]:
    return {
        "type": "tile",
        "entity": entity_id,
        "name": name,
        "grid_options": {"columns": columns},
    }
