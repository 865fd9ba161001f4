"""An instruction that a user has given by hand, for a time instead of the plan's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..device.setpoint import Mode, Override
from ..s2.control_types.base import Instruction, slot
from ..s2.control_types.manual import ManualOrder

__all__ = ["ManualInstruction", "ManualOrder"]


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
