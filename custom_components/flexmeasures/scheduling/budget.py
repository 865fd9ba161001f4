"""How many schedules may be asked for: the server counts them per account."""

from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta

# The server's default: FLEXMEASURES_API_TRIGGER_RATE_LIMIT.
LIMIT = 10
WINDOW = timedelta(minutes=5)

# What only the user may use: a button should not have to wait for a full queue.
RESERVED = 2


class TriggerBudget:
    """Counts the triggers of the last minutes."""

    def __init__(self) -> None:
        """Start with nothing used."""
        self._used: deque[datetime] = deque()
        self._closed_until: datetime | None = None

    def take(self, now: datetime) -> None:
        """Count one."""
        self._used.append(now)

    def give_back(self, taken: datetime) -> None:
        """Take back one that never reached the server."""
        # It may have been so long under way that it counts no more.
        with suppress(ValueError):
            self._used.remove(taken)

    def close_until(self, moment: datetime) -> None:
        """Stop, since the server says that it got too many: others count too."""
        self._closed_until = moment

    def available_at(self, now: datetime) -> datetime:
        """Return when the next one may be sent without the user's wish: `now`, or later."""
        while self._used and now - self._used[0] >= WINDOW:
            self._used.popleft()
        moment = max(now, self._closed_until or now)
        excess = len(self._used) - (LIMIT - RESERVED)
        if excess >= 0:
            moment = max(moment, self._used[excess] + WINDOW)
        return moment
