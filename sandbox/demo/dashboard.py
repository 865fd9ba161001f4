"""The demo's dashboard, of the integration's card and those that Home Assistant has built in."""

from collections.abc import Iterable, Mapping
from typing import Any

from .devices import CAR, DemoDevice, FollowingDevice, S2Device
from .meters import SOLAR, DemoMeter

DASHBOARD_URL = "flexmeasures-demo"

type Entities = Mapping[str, str]
"""The entities of a device, by what they are."""

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
    ids: Mapping[DemoDevice, str],
    meters: Mapping[DemoMeter, Entities],
    statistics: Mapping[DemoMeter, Mapping[str, str]],
) -> dict[str, Any]:
    """Return a dashboard with a section for each device, and a view with one for each meter.

    `ids` are those of the devices in Home Assistant, `statistics` the ids of the meters' statistics, by what they are of.
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
                    {
                        "type": "grid",
                        "cards": list(_cards(device, ids[device], entities)),
                    }
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


def _cards(
    device: DemoDevice, device_id: str, entities: Entities
) -> Iterable[dict[str, Any]]:
    """What to do now and until when, what the user may set, and the plan."""
    yield {
        "type": "heading",
        "heading": device.name,
        "icon": device.icon,
    }
    yield _tile(entities["setpoint"], "Setpoint")
    yield _tile(entities["now"], "Now")
    if isinstance(device, FollowingDevice):
        yield _tile(device.soc_entity, "Stored now")
    if isinstance(device, S2Device):
        yield _tile(entities["fill_level"], "Fill level")
    yield _tile(entities["scheduling_status"], "Scheduling")
    if isinstance(device, S2Device):
        yield _tile(entities["rm_connected"], "S2 connection")
        yield _tile(entities["control_type"], "Control type")
        yield _tile(entities["current_instruction"], "Instruction")
        yield _tile(entities["rm_power"], "Measured power")
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
    yield {
        "type": "custom:flexmeasures-plan-card",
        "device_id": device_id,
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
