"""Operation mode based control."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .fields import object_of, timestamp
from .operation_modes import (
    COSTS,
    POWER,
    mode_instruction,
    mode_status,
    operation_modes,
    timer_status,
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "OMBC.SystemDescription": object_of(
        {"valid_from": timestamp, **operation_modes(POWER, COSTS)}
    ),
    "OMBC.Status": mode_status(),
    "OMBC.TimerStatus": timer_status(),
    "OMBC.Instruction": mode_instruction(),
}
