"""Whether an RM knows what time it is."""

from datetime import datetime, timedelta
from typing import Final

from ..s2.messages.message import Message

# When an RM says that something was, which is hardly ever later than now.
_TOLD_AT: Final = {
    "PowerMeasurement": "measurement_timestamp",
    "InstructionStatusUpdate": "timestamp",
}

_AHEAD: Final = timedelta(minutes=5)

_BEHIND: Final = timedelta(minutes=30)
"""What was measured may have been averaged, and sent at the end."""

_IN_A_ROW: Final = 3
"""One may have waited for long."""


class RemoteClock:
    """Compares the times that an RM tells with when they come."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self._wrong: list[timedelta] = []

    @property
    def offset(self) -> timedelta | None:
        """How far the RM's clock is ahead, as far as that can be seen; None if it is right."""
        if len(self._wrong) < _IN_A_ROW:
            return None
        return min(self._wrong, key=abs)

    def receive(self, message: Message, now: datetime) -> bool:
        """Look at what a message tells; return whether something else is known now."""
        if (key := _TOLD_AT.get(message.type)) is None:
            return False
        before = self.offset
        offset: timedelta = message.body[key] - now
        if -_BEHIND <= offset <= _AHEAD:
            self._wrong.clear()
        else:
            self._wrong = [*self._wrong, offset][-_IN_A_ROW:]
        return (before is None) is not (self.offset is None)

    def forget(self) -> None:
        """Take another RM for right, until it says otherwise."""
        self._wrong.clear()
