"""Operation mode based control."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .common import (
    INSTRUCTION,
    MODE_STATUS,
    NUMBER_RANGE,
    OPTIONAL_MODE_STATUS,
    POWER_RANGES,
    TIMERS,
    TRANSITIONS,
)
from .fields import boolean, factor, identifier, label, list_of, object_of, timestamp

_OPERATION_MODE: Final = object_of(
    {
        "id": identifier,
        "power_ranges": POWER_RANGES,
        "abnormal_condition_only": boolean,
    },
    {"diagnostic_label": label, "running_costs": NUMBER_RANGE},
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "OMBC.SystemDescription": object_of(
        {
            "valid_from": timestamp,
            "operation_modes": list_of(_OPERATION_MODE, least=1, most=100),
            "transitions": TRANSITIONS,
            "timers": TIMERS,
        }
    ),
    "OMBC.Status": object_of(MODE_STATUS, OPTIONAL_MODE_STATUS),
    "OMBC.TimerStatus": object_of({"timer_id": identifier, "finished_at": timestamp}),
    "OMBC.Instruction": object_of(
        {
            **INSTRUCTION,
            "operation_mode_id": identifier,
            "operation_mode_factor": factor,
        }
    ),
}
