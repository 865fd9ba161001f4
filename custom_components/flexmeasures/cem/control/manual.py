"""An instruction that a user has given by hand, for a time instead of the plan's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.util import dt as dt_util

from ...device.setpoint import Mode, Override
from ...local_format import short_time
from ...s2.handler import ControlTypeHandler
from ...s2.instructions.instruction import Instruction, slot
from ...s2.instructions.orders import InvalidOrderError, ManualOrder
from ...s2.messages.message import ControlType
from ..control_type_names import option_of
from ..errors import invalid

__all__ = ["ManualInstruction", "ManualOrder", "manual_instruction"]


@dataclass(frozen=True, slots=True)
class ManualInstruction:
    """An instruction of the user's."""

    instruction: Instruction
    until: datetime
    """When the plan goes on."""
    under: tuple[Mode, Override | None]
    """What the user wanted beside it."""

    def holds(self, now: datetime, wishes: tuple[Mode, Override | None]) -> bool:
        """Return whether it counts, now or later: the user has wished for nothing else since."""
        return now < self.until and wishes == self.under

    def among(
        self, others: Iterable[Instruction], *, replaces_all: bool
    ) -> list[Instruction]:
        """Put it in the place of others for the same; of earlier ones only if it `replaces_all`."""
        mine = slot(self.instruction)
        kept = [
            other
            for other in others
            if slot(other) != mine
            or (
                not replaces_all
                and other.execution_time < self.instruction.execution_time
            )
        ]
        return [*kept, self.instruction]


def manual_instruction(
    name: str,
    handler: ControlTypeHandler | None,
    order: ManualOrder,
    *,
    present: ControlType,
    wanted: ControlType | None,
) -> Instruction:
    """Return the instruction for what the user wants the device of this name to do.

    `present` is the control type in force, `wanted` the one that it has to be, if that
    matters. Raises ServiceValidationError.
    """
    if handler is None:
        raise invalid("s2_not_controlled", device=name)
    if wanted not in {None, present}:
        raise invalid(
            "s2_other_control_type",
            device=name,
            control_type=option_of(wanted),
            present=option_of(present),
        )
    if beyond := order.beyond(handler.order_fields):
        raise invalid(
            "s2_field_of_others",
            field=beyond[0],
            device=name,
            control_type=option_of(present),
        )
    try:
        return handler.manual_instruction(order, dt_util.utcnow())
    except InvalidOrderError as err:
        times = {
            key: short_time(datetime.fromisoformat(err.placeholders[key]))
            for key in err.placeholders.keys() & {"earliest", "latest"}
        }
        raise invalid(err.key, **{**err.placeholders, **times}) from None
