"""The home around the demo's devices: its configuration in Home Assistant, and what was recorded there before the demo."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from ..flexmeasures.past import STEP, devices_power, steps_since_yesterday
from ..flexmeasures.profiles import TIME_ZONE
from ..flexmeasures.weather import Day
from .devices import DEVICES, POWER, STEP_SECONDS, FollowingDevice

GRID_POWER = "sensor.grid_power"
SOLAR_POWER = "sensor.solar_power"
_FOLLOWING = [
    device for device in DEVICES.values() if isinstance(device, FollowingDevice)
]


def configuration(now: datetime) -> str:
    """Return what goes into configuration.yaml (of which JSON is a part)."""
    devices = [device.configuration(now) for device in _FOLLOWING]
    template = {
        "triggers": [
            {"trigger": "time_pattern", "seconds": f"/{STEP_SECONDS}"},
            {"trigger": "homeassistant", "event": "start"},
        ],
        "sensor": _home_sensors(now),
    }
    return (
        f"simulated_home: {json.dumps(devices)}\ntemplate: {json.dumps([template])}\n"
    )


def _home_sensors(now: datetime) -> list[dict[str, Any]]:
    """Return the template sensors of what the roof brings, and what comes from the grid."""
    midnight = now.astimezone(TIME_ZONE).replace(hour=0, minute=0, second=0)
    quarters = [midnight + number * timedelta(minutes=15) for number in range(96)]
    used, brought = (
        [round(1000 * power(quarter)) for quarter in quarters]
        for power in (_household, _sun)
    )
    now_of = "[now().hour * 4 + now().minute // 15]"
    powers = " + ".join(
        f"states('{device.power_entity}') | float(0)" for device in DEVICES.values()
    )
    return [
        {
            "name": "Solar power",
            "unique_id": "solar_power",
            "icon": "mdi:solar-power",
            **POWER,
            "state": f"{{{{ ({brought}{now_of} * (0.97 + range(61) | random / 1000)) | round | int }}}}",
        },
        {
            "name": "Grid power",
            "unique_id": "grid_power",
            "icon": "mdi:transmission-tower",
            **POWER,
            "state": f"{{% set used = {used}{now_of} * (0.95 + range(101) | random / 1000) %}}"
            f"{{{{ (used + {powers} - states('{SOLAR_POWER}') | float(0)) | round | int }}}}",
        },
    ]


def history(now: datetime) -> dict[str, dict[str, Any]]:
    """Return what the entities of the home have shown since yesterday, as sandbox.home_assistant.history wants it."""
    moments = list(steps_since_yesterday(now, STEP))
    shown: dict[str, dict[str, Any]] = {}

    def record(
        entity_id: str,
        name: str,
        value: Callable[[datetime], float],
        *,
        factor: float = 1000,
        digits: int | None = None,
        attributes: Mapping[str, str] = POWER,
    ) -> None:
        """Have an entity have shown a power, which is given in kW, or something else."""
        shown[entity_id] = {
            "attributes": {**attributes, "friendly_name": name},
            # Home Assistant leaves out of a period what was shown at the very beginning.
            "states": [
                (moment.timestamp() + 1, str(round(factor * value(moment), digits)))
                for moment in moments
            ],
        }

    record(SOLAR_POWER, "Solar power", _sun)
    record(GRID_POWER, "Grid power", _grid)
    for device in DEVICES.values():
        habit = device.habit
        record(device.power_entity, device.power_name, habit.measured)
        record(
            device.level_entity,
            device.level_name,
            habit.measured_level,
            factor=device.level_factor,
            digits=4,
            attributes=device.level_attributes,
        )
    return shown


def _household(moment: datetime) -> float:
    """Return what the rest of the home uses, in kW."""
    local = moment.astimezone(TIME_ZONE)
    return Day.of(local.date()).household(local)


def _grid(moment: datetime) -> float:
    """Return what comes from the grid, in kW."""
    return _household(moment) + devices_power(moment) - _sun(moment)


def _sun(moment: datetime) -> float:
    """Return what the roof brings, in kW."""
    return Day.of(moment.astimezone(TIME_ZONE).date()).sun(moment.astimezone(UTC))
