"""Whose turn it is to send: one request of an account's feeds at a time."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from typing import Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api.errors import (
    FlexMeasuresError,
    NotAuthenticatedError,
    RateLimitedError,
    ServerError,
)
from ..device.lifetime import Lifetime
from ..timer import Timer

_LOGGER = logging.getLogger(__name__)

_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(minutes=15)

# A server takes 500 requests of a user in a minute by default, and schedules come first.
_BURST: Final = 100.0
_PER_SECOND: Final = 4.0

# A part of the server may be out of order for one sensor only.
_MOST_SERVER_ERRORS: Final = 3


class TurnTaker(Protocol):
    """A feed, as far as it takes turns."""

    @property
    def lifetime(self) -> Lifetime:
        """How long it is loaded."""

    @property
    def due(self) -> datetime | None:
        """When its next turn may be."""

    async def async_take_turn(self) -> bool:
        """Send something; return whether the server was asked, or raise FlexMeasuresError."""

    @callback
    def async_fail(self, failure: FlexMeasuresError) -> None:
        """Take note of what is wrong with the server."""


class FeedDispatcher:
    """Lets the feeds of an account take turns, within what the server allows."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, feeds: Mapping[str, TurnTaker]
    ) -> None:
        """Wait; `feeds` are those that are loaded, by their subentry ids."""
        self._hass = hass
        self._entry = entry
        self._feeds = feeds
        self.one_at_a_time = asyncio.Lock()
        """Held while something is sent."""
        self._timer = Timer(hass, self._handle_time)
        self._task: asyncio.Task[None] | None = None
        self._served: dict[TurnTaker, int] = {}
        self._turns = 0
        self._not_before: datetime | None = None
        self._wait = _FIRST_WAIT
        self._server_errors = 0
        self._tokens = _BURST
        self._counted_at = hass.loop.time()

    @callback
    def async_go_on(self) -> None:
        """Send what is due, or wake up when something will be."""
        if self._task:
            return
        now = dt_util.utcnow()
        dues = [due for feed in self._feeds.values() if (due := feed.due) is not None]
        if not dues:
            self._timer.async_disarm()
            return
        first = max(min(dues), self._not_before or now)
        if first > now:
            self._timer.async_arm(first)
            return
        self._timer.async_disarm()
        self._task = self._entry.async_create_background_task(
            self._hass, self._run(), f"feeds of {self._entry.title}", eager_start=False
        )

    @callback
    def async_close(self) -> None:
        """Send nothing more: the account is unloaded."""
        self._timer.async_disarm()
        if self._task:
            self._task.cancel()

    @callback
    def async_hurry(self) -> None:
        """Let feeds take turns again: the server answers."""
        self._note_answer()
        self.async_go_on()

    async def async_pace(self) -> None:
        """Wait as long as it takes not to ask the server too often."""
        now = self._hass.loop.time()
        passed = now - self._counted_at
        self._tokens = min(_BURST, self._tokens + passed * _PER_SECOND) - 1
        self._counted_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / _PER_SECOND)

    @callback
    def _handle_time(self, now: datetime) -> None:
        self.async_go_on()

    async def _run(self) -> None:
        """Let feeds take turns until none is due."""
        try:
            while (feed := self._next()) is not None:
                async with self.one_at_a_time:
                    await self._let(feed)
        finally:
            self._task = None
            # Those that are gone are forgotten.
            self._served = {
                feed: turn
                for feed, turn in self._served.items()
                if feed in self._feeds.values()
            }
        self.async_go_on()

    def _next(self) -> TurnTaker | None:
        """Return the feed that is due and has waited for the most turns."""
        now = dt_util.utcnow()
        if self._not_before and self._not_before > now:
            return None
        due = [
            feed
            for feed in self._feeds.values()
            if (moment := feed.due) is not None and moment <= now
        ]
        return min(due, key=lambda feed: self._served.get(feed, 0), default=None)

    async def _let(self, feed: TurnTaker) -> None:
        """Let a feed take its turn, which ends with the feed if that is unloaded."""
        self._turns += 1
        self._served[feed] = self._turns
        turn = feed.lifetime.async_create_background_task(
            feed.async_take_turn(), "turn of a feed", eager_start=False
        )
        try:
            await asyncio.wait([turn])
        finally:
            turn.cancel()
        if turn.cancelled():
            return
        if (failure := turn.exception()) is None:
            if turn.result():
                self._note_answer()
                await self.async_pace()
            return
        # Anything else it keeps for itself.
        assert isinstance(failure, FlexMeasuresError)
        self._note(failure)

    def _note_answer(self) -> None:
        """Take note that the server answers; a turn that did not ask it does not tell."""
        self._not_before, self._wait, self._server_errors = None, _FIRST_WAIT, 0

    def _note(self, failure: FlexMeasuresError) -> None:
        """Ask the server nothing for a while, if it can take nothing of anybody."""
        if isinstance(failure, ServerError):
            self._server_errors += 1
            if self._server_errors < _MOST_SERVER_ERRORS:
                return
        if isinstance(failure, NotAuthenticatedError):
            self._entry.async_start_reauth(self._hass)
        wait = self._wait
        if isinstance(failure, RateLimitedError):
            wait = max(wait, failure.retry_after)
        self._not_before = dt_util.utcnow() + wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        now = dt_util.utcnow()
        for feed in self._feeds.values():
            if (due := feed.due) is not None and due <= now:
                feed.async_fail(failure)
        _LOGGER.debug("Feeds wait for %s: %s", wait, failure)
