"""How many schedules and forecasts may be asked for: the server counts them per account."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from ..api.errors import RateLimitedError
from ..api.rate_limit import Allowance, RateLimit
from ..device.store import AccountStore

# The server's own: FLEXMEASURES_API_TRIGGER_RATE_LIMIT.
_DEFAULT: Final = RateLimit(10, timedelta(minutes=5))

# What only the user may use: a button should not have to wait for a full queue. But no
# more than a third of a small limit.
_MOST_RESERVED: Final = 2
_RESERVED_SHARE: Final = 3

# The server counts whole seconds, and its answers take time.
_IMPRECISION: Final = timedelta(seconds=5)

# Where it is among what is stored of the account.
_NAME: Final = "triggers"

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Memory:
    """Is stored with the account: a restart of Home Assistant is nothing to the server."""

    limit: RateLimit | None = None
    """What the server allows; None while it has not said it."""
    used: tuple[datetime, ...] = ()
    """When schedules were asked for, the first one first."""
    closed_until: datetime | None = None
    """When the server allows some again, as it said."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        limit, closed_until = data["limit"], data["closed_until"]
        return cls(
            limit=RateLimit(limit["amount"], timedelta(seconds=limit["window"]))
            if limit
            else None,
            used=tuple(map(datetime.fromisoformat, data["used"])),
            closed_until=datetime.fromisoformat(closed_until) if closed_until else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        limit, closed_until = self.limit, self.closed_until
        return {
            "limit": limit
            and {"amount": limit.amount, "window": limit.window.total_seconds()},
            "used": [used.isoformat() for used in self.used],
            "closed_until": closed_until and closed_until.isoformat(),
        }


class TriggerBudget:
    """Counts the triggers of the last minutes, and learns how many the server allows."""

    def __init__(self, store: AccountStore) -> None:
        """Go on with what was used and learned before."""
        self._store = store
        self._memory = store.restored_account(
            lambda stored: (
                _Memory.from_json(stored[_NAME]) if _NAME in stored else _Memory()
            ),
            _Memory(),
        )
        store.async_keep_account(self._as_json)

    @property
    def limit(self) -> RateLimit:
        """What the server allows; its default until it says so."""
        return self._memory.limit or _DEFAULT

    @property
    def automatic(self) -> int:
        """How many of the limit may be used without the user's wish: at least one."""
        return self.limit.amount - self._reserved

    @property
    def _reserved(self) -> int:
        return min(_MOST_RESERVED, self.limit.amount // _RESERVED_SHARE)

    def take(self, now: datetime) -> None:
        """Count one."""
        self._memory.used = (*self._recent(now), now)
        self._store.async_remember()

    def give_back(self, taken: datetime) -> None:
        """Take back one that never reached the server."""
        used = list(self._memory.used)
        # It may have been so long under way that it counts no more.
        with suppress(ValueError):
            used.remove(taken)
        self._memory.used = tuple(used)
        self._store.async_remember()

    def note_accepted(self, allowance: Allowance | None, now: datetime) -> None:
        """Learn from what the server said with a schedule that it accepted."""
        if allowance is None:
            return
        self._learn(RateLimit(allowance.amount, self._window(allowance)))
        # Others that use the account have taken theirs too.
        if allowance.remaining <= self._reserved:
            self.close_until(now + allowance.resets_in)

    def note_refused(self, err: RateLimitedError, now: datetime) -> None:
        """Learn from a trigger that was one too many, and so does not count."""
        # Which one of those under way it was makes no difference.
        self._memory.used = self._memory.used[:-1]
        if err.limit:
            self._learn(err.limit)
        self.close_until(now + err.retry_after)

    def close_until(self, moment: datetime) -> None:
        """Stop, since the server says that it got too many: others count too."""
        self._memory.closed_until = moment
        self._store.async_remember()

    def available_at(self, now: datetime) -> datetime:
        """Return when the next one may be sent without the user's wish: `now`, or later."""
        used = self._recent(now)
        moment = max(now, self._memory.closed_until or now)
        excess = len(used) - self.automatic
        if excess >= 0:
            moment = max(moment, used[excess] + self.limit.window)
        return moment

    def _recent(self, now: datetime) -> tuple[datetime, ...]:
        """Return when those were asked for that count; a clock may have been wrong."""
        window = self.limit.window
        return tuple(used for used in self._memory.used if abs(now - used) < window)

    def _window(self, allowance: Allowance) -> timedelta:
        """Return the window of a limit, of which only the rest is said."""
        known, rest = self.limit.window, allowance.resets_in
        has_just_begun = allowance.remaining == allowance.amount - 1
        is_told = has_just_begun or rest > known
        return rest if is_told and abs(rest - known) > _IMPRECISION else known

    def _learn(self, limit: RateLimit) -> None:
        if limit == self._memory.limit:
            return
        _LOGGER.debug("Schedules that the server computes: %s", limit)
        self._memory.limit = limit
        self._store.async_remember()

    def _as_json(self) -> dict[str, Any]:
        """Return what is to be stored; also called in another thread."""
        now = dt_util.utcnow()
        closed_until = self._memory.closed_until
        return {
            _NAME: _Memory(
                limit=self._memory.limit,
                used=self._recent(now),
                closed_until=closed_until
                if closed_until and closed_until > now
                else None,
            ).as_json()
        }
