"""Fill rate based control."""

from collections.abc import Mapping
from typing import Final

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

_OPERATION_MODE: Final = object_of(
    {
        "id": identifier,
        "elements": list_of(
            object_of(
                {
                    "fill_level_range": NUMBER_RANGE,
                    "fill_rate": NUMBER_RANGE,
                    "power_ranges": POWER_RANGES,
                },
                {"running_costs": NUMBER_RANGE},
            ),
            least=1,
            most=100,
        ),
        "abnormal_condition_only": boolean,
    },
    {"diagnostic_label": label},
)
_ACTUATOR: Final = object_of(
    {
        "id": identifier,
        "supported_commodities": list_of(COMMODITY, least=1, most=4),
        "operation_modes": list_of(_OPERATION_MODE, least=1, most=100),
        "transitions": TRANSITIONS,
        "timers": TIMERS,
    },
    {"diagnostic_label": label},
)
_STORAGE: Final = object_of(
    {
        "provides_leakage_behaviour": boolean,
        "provides_fill_level_target_profile": boolean,
        "provides_usage_forecast": boolean,
        "fill_level_range": NUMBER_RANGE,
    },
    {"diagnostic_label": label, "fill_level_label": label},
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "FRBC.SystemDescription": object_of(
        {
            "valid_from": timestamp,
            "actuators": list_of(_ACTUATOR, least=1, most=10),
            "storage": _STORAGE,
        }
    ),
    "FRBC.StorageStatus": object_of({"present_fill_level": number}),
    "FRBC.ActuatorStatus": object_of(
        {"actuator_id": identifier, **MODE_STATUS}, OPTIONAL_MODE_STATUS
    ),
    "FRBC.TimerStatus": object_of(
        {"timer_id": identifier, "actuator_id": identifier, "finished_at": timestamp}
    ),
    "FRBC.LeakageBehaviour": object_of(
        {
            "valid_from": timestamp,
            "elements": list_of(
                object_of({"fill_level_range": NUMBER_RANGE, "leakage_rate": number}),
                least=1,
                most=288,
            ),
        }
    ),
    "FRBC.UsageForecast": object_of(
        {
            "start_time": timestamp,
            "elements": profile_of({"usage_rate_expected": number}, "usage_rate"),
        }
    ),
    "FRBC.FillLevelTargetProfile": object_of(
        {
            "start_time": timestamp,
            "elements": profile_of({"fill_level_range": NUMBER_RANGE}),
        }
    ),
    "FRBC.Instruction": object_of(
        {
            **INSTRUCTION,
            "actuator_id": identifier,
            "operation_mode": identifier,
            "operation_mode_factor": factor,
        }
    ),
}
