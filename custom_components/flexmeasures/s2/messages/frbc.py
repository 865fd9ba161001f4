"""Fill rate based control."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .common import NUMBER_RANGE, profile_of
from .fields import boolean, label, list_of, number, object_of, timestamp
from .operation_modes import (
    ACTUATOR,
    COSTS,
    POWER,
    actuators,
    mode_instruction,
    mode_status,
    operation_modes,
    timer_status,
)

_ELEMENTS: Final = list_of(
    object_of(
        {"fill_level_range": NUMBER_RANGE, "fill_rate": NUMBER_RANGE, **POWER}, COSTS
    ),
    least=1,
    most=100,
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
            **actuators(operation_modes({"elements": _ELEMENTS})),
            "storage": _STORAGE,
        }
    ),
    "FRBC.StorageStatus": object_of({"present_fill_level": number}),
    "FRBC.ActuatorStatus": mode_status(ACTUATOR),
    "FRBC.TimerStatus": timer_status(ACTUATOR),
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
    "FRBC.Instruction": mode_instruction(ACTUATOR, key="operation_mode"),
}
