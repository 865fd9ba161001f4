"""Demand driven based control, of both versions of the protocol."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from .common import (
    COMMODITY,
    INSTRUCTION,
    MODE_STATUS,
    NUMBER_RANGE,
    OPTIONAL_MODE_STATUS,
    POWER_RANGES,
    TIMERS,
    TRANSITIONS,
    profile_of,
)
from .fields import (
    boolean,
    factor,
    identifier,
    label,
    list_of,
    number,
    object_of,
    timestamp,
)


def _only_one(value: Any) -> Any:
    """Take a list of one range, which s2-python writes, for the range."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


# "Id" and "supported_commodites" are how the specification spells them.
_OPERATION_MODE: Final = object_of(
    {
        "Id": identifier,
        "power_ranges": POWER_RANGES,
        "supply_range": vol.All(_only_one, NUMBER_RANGE),
        "abnormal_condition_only": boolean,
    },
    {"diagnostic_label": label, "running_costs": NUMBER_RANGE},
)
_ACTUATOR: Final = object_of(
    {
        "id": identifier,
        "supported_commodites": list_of(COMMODITY, least=1, most=4),
        "operation_modes": list_of(_OPERATION_MODE, least=1, most=100),
        "transitions": TRANSITIONS,
        "timers": TIMERS,
    },
    {"diagnostic_label": label},
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "DDBC.SystemDescription": object_of(
        {
            "valid_from": timestamp,
            "actuators": list_of(_ACTUATOR, least=1, most=10),
            "provides_average_demand_rate_forecast": boolean,
        },
        # 0.0.2-beta has it here, 1.0.0 in DDBC.PresentDemandStatus.
        {"present_demand_rate": NUMBER_RANGE},
    ),
    "DDBC.PresentDemandStatus": object_of({"present_demand_rate": NUMBER_RANGE}),
    "DDBC.ActuatorStatus": object_of(
        {"actuator_id": identifier, **MODE_STATUS}, OPTIONAL_MODE_STATUS
    ),
    "DDBC.TimerStatus": object_of(
        {"timer_id": identifier, "actuator_id": identifier, "finished_at": timestamp}
    ),
    "DDBC.AverageDemandRateForecast": object_of(
        {
            "start_time": timestamp,
            "elements": profile_of({"demand_rate_expected": number}, "demand_rate"),
        }
    ),
    "DDBC.Instruction": object_of(
        {
            **INSTRUCTION,
            "actuator_id": identifier,
            "operation_mode_id": identifier,
            "operation_mode_factor": factor,
        }
    ),
}
