"""What the schemas of FRBC, OMBC and DDBC share."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .common import COMMODITY, INSTRUCTION, NUMBER_RANGE, QUANTITY
from .fields import (
    Validator,
    boolean,
    duration,
    factor,
    identifier,
    label,
    list_of,
    number,
    object_of,
    timestamp,
)

_TRANSITIONS: Final = list_of(
    object_of(
        {
            "id": identifier,
            "from": identifier,
            "to": identifier,
            "start_timers": list_of(identifier, least=0, most=1000),
            "blocking_timers": list_of(identifier, least=0, most=1000),
            "abnormal_condition_only": boolean,
        },
        {"transition_costs": number, "transition_duration": duration},
    ),
    least=0,
    most=1000,
)
_TIMERS: Final = list_of(
    object_of({"id": identifier, "duration": duration}, {"diagnostic_label": label}),
    least=0,
    most=1000,
)

POWER: Final[Mapping[str, Validator]] = {
    "power_ranges": list_of(
        object_of(
            {
                "start_of_range": number,
                "end_of_range": number,
                "commodity_quantity": QUANTITY,
            }
        ),
        least=1,
        most=10,
    )
}
"""What an operation mode, or an element of one, takes."""
COSTS: Final[Mapping[str, Validator]] = {"running_costs": NUMBER_RANGE}

ACTUATOR: Final[Mapping[str, Validator]] = {"actuator_id": identifier}
"""Which one a message is about; a device under OMBC has none."""


def operation_modes(
    required: Mapping[str, Validator],
    optional: Mapping[str, Validator] | None = None,
    *,
    key: str = "id",
) -> dict[str, Validator]:
    """Give the operation modes of an actuator, with transitions and timers.

    `key` is what the specification calls the id of a mode.
    """
    mode = object_of(
        {key: identifier, "abnormal_condition_only": boolean, **required},
        {"diagnostic_label": label, **(optional or {})},
    )
    return {
        "operation_modes": list_of(mode, least=1, most=100),
        "transitions": _TRANSITIONS,
        "timers": _TIMERS,
    }


def actuators(
    modes: Mapping[str, Validator], *, commodities: str = "supported_commodities"
) -> dict[str, Validator]:
    """Give the actuators of a description.

    `commodities` is how the specification spells what they support.
    """
    actuator = object_of(
        {
            "id": identifier,
            commodities: list_of(COMMODITY, least=1, most=4),
            **modes,
        },
        {"diagnostic_label": label},
    )
    return {"actuators": list_of(actuator, least=1, most=10)}


def mode_status(about: Mapping[str, Validator] | None = None) -> vol.Schema:
    """Take the operation mode that an actuator is in."""
    return object_of(
        {
            "active_operation_mode_id": identifier,
            "operation_mode_factor": factor,
            **(about or {}),
        },
        {"previous_operation_mode_id": identifier, "transition_timestamp": timestamp},
    )


def timer_status(about: Mapping[str, Validator] | None = None) -> vol.Schema:
    """Take when a timer is finished."""
    return object_of(
        {"timer_id": identifier, "finished_at": timestamp, **(about or {})}
    )


def mode_instruction(
    about: Mapping[str, Validator] | None = None, *, key: str = "operation_mode_id"
) -> vol.Schema:
    """Take an instruction; `key` is what the specification calls the id of the mode."""
    return object_of(
        {
            **INSTRUCTION,
            key: identifier,
            "operation_mode_factor": factor,
            **(about or {}),
        }
    )
