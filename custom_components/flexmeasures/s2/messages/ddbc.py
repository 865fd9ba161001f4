"""Demand driven based control, of both versions of the protocol."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from .common import NUMBER_RANGE, profile_of
from .fields import boolean, number, object_of, timestamp
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


def _only_one(value: Any) -> Any:
    """Take a list of one range, which s2-python writes, for the range."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


# "Id" and "supported_commodites" are how the specification spells them.
_ACTUATORS: Final = actuators(
    operation_modes(
        {**POWER, "supply_range": vol.All(_only_one, NUMBER_RANGE)}, COSTS, key="Id"
    ),
    commodities="supported_commodites",
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "DDBC.SystemDescription": object_of(
        {
            "valid_from": timestamp,
            **_ACTUATORS,
            "provides_average_demand_rate_forecast": boolean,
        },
        # 0.0.2-beta has it here, 1.0.0 in DDBC.PresentDemandStatus.
        {"present_demand_rate": NUMBER_RANGE},
    ),
    "DDBC.PresentDemandStatus": object_of({"present_demand_rate": NUMBER_RANGE}),
    "DDBC.ActuatorStatus": mode_status(ACTUATOR),
    "DDBC.TimerStatus": timer_status(ACTUATOR),
    "DDBC.AverageDemandRateForecast": object_of(
        {
            "start_time": timestamp,
            "elements": profile_of({"demand_rate_expected": number}, "demand_rate"),
        }
    ),
    "DDBC.Instruction": mode_instruction(ACTUATOR),
}
