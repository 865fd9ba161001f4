"""How many messages an RM may send."""

from datetime import datetime, timedelta
from typing import Final

_PER_SECOND: Final = 50
_BURST: Final = 200
_SIZE: Final = 16 * 1024


class RateLimit:
    """A bucket of tokens: a message takes one, and one more for each 16 KiB of it.

    So the work that an RM can make is limited, however long its messages are.
    """

    def __init__(self, now: datetime) -> None:
        """Begin with a full bucket."""
        self._tokens = float(_BURST)
        self._filled_at = now

    def admits(self, size: int, now: datetime) -> bool:
        """Take the tokens for a message if they are there."""
        # A clock that was set back must not take tokens away.
        passed = max(now - self._filled_at, timedelta(0)).total_seconds()
        self._filled_at = now
        self._tokens = min(self._tokens + passed * _PER_SECOND, _BURST)
        cost = 1 + size // _SIZE
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True

    @property
    def is_rested(self) -> bool:
        """Whether hardly anything was sent of late."""
        return self._tokens >= _BURST - 1
