"""What went to and fro between an RM and Home Assistant, for diagnostics."""

from collections import Counter
from datetime import datetime
from typing import Any

_UNKNOWN_TYPE = "unknown"


class Traffic:
    """Counts messages and keeps when the last one of each type was; not what it said.

    What is counted is of one of S2's own types, so that nobody can make it long.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._sent: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._last: dict[str, datetime] = {}
        self._last_refusal: dict[str, Any] | None = None
        self.connections = 0
        self.last_end: str | None = None
        """Why the last connection ended."""

    def sent(self, message_type: str, now: datetime) -> None:
        """Count a message that went to the RM."""
        self._sent[message_type] += 1
        self._last[f"to RM: {message_type}"] = now

    def accepted(self, message_type: str, now: datetime) -> None:
        """Count a message of the RM that was answered OK."""
        self._accepted[message_type] += 1
        self._last[f"from RM: {message_type}"] = now

    def refused(
        self, message_type: str | None, status: str, reason: str, now: datetime
    ) -> None:
        """Count one that was not."""
        self._refused[message_type or _UNKNOWN_TYPE] += 1
        self._last_refusal = {
            "type": message_type or _UNKNOWN_TYPE,
            "status": status,
            "reason": reason,
            "time": now,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "connections": self.connections,
            "last_end": self.last_end,
            "sent": dict(self._sent),
            "accepted": dict(self._accepted),
            "refused": dict(self._refused),
            "last_refusal": self._last_refusal,
            "last_messages": dict(sorted(self._last.items())),
        }
