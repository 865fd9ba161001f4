"""The actions that tell an S2 resource manager what to do."""

from datetime import timedelta
from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.util import dt as dt_util

from ..action_errors import check_future
from ..cem.control.manual import ManualOrder
from ..cem.resource import ManagedResource
from ..entity import local_time
from .fields import (
    ATTR_ABNORMAL_CONDITION,
    ATTR_ACTIVE,
    ATTR_ACTUATOR,
    ATTR_CONTROL_TYPE,
    ATTR_DURATION,
    ATTR_EXECUTION_TIME,
    ATTR_FACTOR,
    ATTR_LOWER_LIMIT,
    ATTR_OPERATION_MODE,
    ATTR_POWER_PROFILE,
    ATTR_POWER_SEQUENCE,
    ATTR_SEQUENCE_CONTAINER,
    ATTR_UPPER_LIMIT,
)
from .targets import Target

# An automation that says when may take a moment to say it.
_LATE: Final = timedelta(minutes=1)


async def change_control_type(
    call: ServiceCall, device: Target[ManagedResource]
) -> None:
    """Have a device be controlled in another way; waits for its resource manager."""
    await device.part.async_change_control_type(call.data[ATTR_CONTROL_TYPE])


async def set_grid_emergency(
    call: ServiceCall, device: Target[ManagedResource]
) -> None:
    """Let a device do what it offers for abnormal conditions only, or no more."""
    await device.part.async_set_emergency(is_emergency=call.data[ATTR_ACTIVE])


async def send_instruction(
    call: ServiceCall, device: Target[ManagedResource]
) -> ServiceResponse:
    """Tell a resource manager to do something, if it has announced that it can."""
    resource = device.part
    now = dt_util.utcnow()
    order = ManualOrder(
        execution_time=call.data.get(ATTR_EXECUTION_TIME, now),
        abnormal_condition=call.data[ATTR_ABNORMAL_CONDITION],
        actuator=call.data.get(ATTR_ACTUATOR),
        operation_mode=call.data.get(ATTR_OPERATION_MODE),
        factor=call.data[ATTR_FACTOR],
        lower_limit=call.data.get(ATTR_LOWER_LIMIT),
        upper_limit=call.data.get(ATTR_UPPER_LIMIT),
        duration=call.data.get(ATTR_DURATION),
        power_profile=call.data.get(ATTR_POWER_PROFILE),
        sequence_container=call.data.get(ATTR_SEQUENCE_CONTAINER),
        power_sequence=call.data.get(ATTR_POWER_SEQUENCE),
    )
    check_future(order.execution_time, late=_LATE)
    instruction = resource.async_send_manual(order, call.data.get(ATTR_CONTROL_TYPE))
    return {
        "id": instruction.body["id"],
        "type": instruction.message_type,
        "execution_time": local_time(instruction.execution_time),
        "instruction": resource.describe(instruction),
    }
