"""What an RM was asked for, and whether it has answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..messages.message import ControlType, ReceptionStatus
from .effects import Effect, InstructionAnswered, Selection, SelectionEnded

_TIMEOUT: Final = timedelta(seconds=10)

# Of wishes that were replaced; more are not in flight together.
_MOST_FORMER: Final = 20


@dataclass(slots=True)
class _Wish:
    message_id: str
    control_type: ControlType
    deadline: datetime | None
    """None once the RM is not waited for any more; it may still answer."""


class OwnRequests:
    """The wish for a control type, and instructions, until they are answered.

    Nothing waits for an answer, and none that is missing ends anything.
    """

    def __init__(self) -> None:
        """Begin with nothing asked for."""
        self._wish: _Wish | None = None
        self._former: dict[str, ControlType] = {}
        """What was wished for before, by message, as long as the RM may yet agree."""
        self._instructions: dict[str, datetime] = {}

    @property
    def next_deadline(self) -> datetime | None:
        """When something will be unanswered for too long."""
        moments = [*self._instructions.values()]
        if self._wish is not None and self._wish.deadline is not None:
            moments.append(self._wish.deadline)
        return min(moments, default=None)

    @property
    def wish(self) -> ControlType | None:
        """The control type that the RM may yet take up."""
        return None if self._wish is None else self._wish.control_type

    def select(
        self, message_id: str, control_type: ControlType, now: datetime
    ) -> list[Effect]:
        """Wish for a control type, instead of the one that was wished for before."""
        if self._wish is not None:
            self._former[self._wish.message_id] = self._wish.control_type
            for forgotten in [*self._former][:-_MOST_FORMER]:
                del self._former[forgotten]
        effects = self.drop_wish(Selection.SUPERSEDED)
        self._wish = _Wish(message_id, control_type, now + _TIMEOUT)
        return effects

    def drop_wish(
        self, outcome: Selection, status: ReceptionStatus | None = None
    ) -> list[Effect]:
        """Expect no control type any more; `status` is what the RM has answered."""
        wish, self._wish = self._wish, None
        if wish is None or wish.deadline is None:
            return []
        return [SelectionEnded(wish.control_type, outcome, status)]

    def instruct(self, instruction_id: str, now: datetime) -> None:
        """Expect the answer to an instruction, whose message has the same id."""
        self._instructions[instruction_id] = now + _TIMEOUT

    def wished_for(self, message_id: str) -> ControlType | None:
        """Give the control type that was wished for in a message that is not answered yet."""
        if self._wish is not None and self._wish.message_id == message_id:
            return self._wish.control_type
        return self._former.get(message_id)

    def answer(self, message_id: str, status: ReceptionStatus) -> list[Effect]:
        """Take an answer, to whatever message."""
        if self._instructions.pop(message_id, None):
            return [InstructionAnswered(message_id, status)]
        is_agreed = status is ReceptionStatus.OK
        if message_id in self._former:
            is_repeated = message_id == [*self._former][-1]
            control_type = self._former.pop(message_id)
            if not (is_agreed and is_repeated and control_type is self.wish):
                return []
        elif self._wish is None or self._wish.message_id != message_id:
            return []
        elif is_agreed:
            # What came before is over, answered or not.
            self._former.clear()
        return self.drop_wish(
            Selection.ACTIVATED if is_agreed else Selection.REFUSED, status
        )

    def expire(self, now: datetime) -> list[Effect]:
        """Give up what is unanswered for too long."""
        effects: list[Effect] = []
        if (wish := self._wish) and wish.deadline is not None and now >= wish.deadline:
            wish.deadline = None
            effects.append(SelectionEnded(wish.control_type, Selection.UNANSWERED))
        for instruction_id, deadline in [*self._instructions.items()]:
            if now >= deadline:
                del self._instructions[instruction_id]
                effects.append(InstructionAnswered(instruction_id, None))
        return effects
