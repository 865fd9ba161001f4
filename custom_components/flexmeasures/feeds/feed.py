"""One feed: what it has to send, and what it has sent."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.errors import (
    FlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RejectedError,
    ServerError,
)
from ..api.models import Sensor
from ..device.lifetime import Lifetime
from ..device.listeners import Listeners
from ..device.store import AccountStore
from ..scheduling.daily_forecast import DailyForecast
from ..texts import error_text
from .dispatcher import FeedDispatcher
from .errors import FeedSourceError
from .forecast import FeedForecast
from .memory import REMEMBERED, FeedMemory
from .periods import Period
from .settings import FeedSettings
from .slots import Slots
from .trouble import Trouble

_LOGGER = logging.getLogger(__name__)

REFUSALS: Final = (NotFoundError, NotPermittedError, RejectedError)
"""What the server will not take a minute later either."""

_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending a period on purpose, in slots."""

    sent: int
    unchanged: int
    """What the server has already."""
    unknown: int
    """That Home Assistant has no value for."""


@dataclass(frozen=True, slots=True)
class FeedPeers:
    """What the feeds of an account share."""

    api: FlexMeasuresApi
    catalogue: AccountCatalogue
    store: AccountStore
    dispatcher: FeedDispatcher
    daily_forecast: DailyForecast


class Feed(ABC):
    """Sends the values of one source, in its turn; is seen by entities and issues."""

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: ConfigEntry,
        subentry: ConfigSubentry,
        peers: FeedPeers,
    ) -> None:
        """Start from what was known before the restart."""
        self._hass = hass
        self.config_entry = config_entry
        self.subentry = subentry
        self.settings = settings = FeedSettings.from_subentry(subentry.data)
        self.lifetime = Lifetime(hass)
        """What belongs to the feed ends with it."""
        self.failure: FlexMeasuresError | None = None
        """Why nothing could be sent the last time."""
        self.failed_at: datetime | None = None
        """Since when that is so."""
        self._api = peers.api
        self._catalogue = peers.catalogue
        self._store = store = peers.store
        self._dispatcher = peers.dispatcher
        self._daily_forecast = peers.daily_forecast
        self._listeners: Listeners[[]] = Listeners()
        self._turn = asyncio.Lock()
        self._is_started = False
        self._retry_at: datetime | None = None
        self._retry_in = _FIRST_WAIT
        memory = store.restored(
            subentry.subentry_id,
            lambda stored: FeedMemory.from_json(stored["feed"]),
            FeedMemory(settings.sensor),
        )
        if memory.sensor != settings.sensor:
            memory = FeedMemory(settings.sensor)
        self.memory = memory
        self.lifetime.async_on_unload(
            store.async_keep(
                subentry.subentry_id, lambda: {"feed": self.memory.as_json()}
            )
        )

    @property
    def due(self) -> datetime | None:
        """When there may be something to send; None if that is not known yet."""
        due = self._due() if self._is_started else None
        return due if due is None or not self._retry_at else max(due, self._retry_at)

    @property
    def is_recorded(self) -> bool:
        """Whether what is sent can be sent again after a restart."""
        return True

    @property
    def trouble(self) -> Trouble:
        """What keeps it from sending, or kept some values from being taken."""
        if self.failure is not None:
            return Trouble.of(self.failure)
        return Trouble.REJECTED if self.memory.set_aside else Trouble.NONE

    @property
    def trouble_message(self) -> str | None:
        """The same in a sentence, which the server may have written; None if there is none."""
        if self.failure is not None:
            return error_text(self.failure.translation_key, self.failure.placeholders)
        return next((each.reason for each in self.memory.set_aside), None)

    @abstractmethod
    def backlog(self, now: datetime) -> int:
        """Return how many slots wait to be sent, or to be sent again."""

    def completeness(self, now: datetime) -> float | None:
        """Return the share of the last 7 days for which a value was sent, 0 to 1.

        Of a feed that began later, since then; None before its first slot.
        """
        until = self._complete_until(now)
        if self.memory.since is None or until is None:
            return None
        start = max(self.memory.since, until - REMEMBERED)
        if start >= until:
            return None
        return self.memory.known.within(start, until) / (until - start)

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call it whenever something of the feed has changed; return how to stop."""
        return self._listeners.async_add(listener)

    @callback
    def async_follow(self) -> None:
        """Send by itself once Home Assistant has started: until then much is not there."""
        self.lifetime.async_on_unload(async_at_started(self._hass, self._begin))

    @callback
    def _begin(self, hass: HomeAssistant) -> None:
        self._is_started = True
        self._start()
        if self.settings.has_daily_forecast:
            FeedForecast(
                hass,
                self._daily_forecast,
                self.lifetime,
                self.memory,
                handle_asked=self._note_forecast,
            ).async_start()
        self._dispatcher.async_go_on()

    async def async_shutdown(self) -> None:
        """Do nothing more."""
        self._is_started = False

    async def async_take_turn(self) -> bool:
        """Send what one request can take of what is due; return whether the server was asked.

        Raises FlexMeasuresError if the server can take nothing of any feed. All else is
        kept as the feed's own failure.
        """
        async with self._turn:
            now = dt_util.utcnow()
            try:
                was_asked = await self._send_some(now)
            except (*REFUSALS, FeedSourceError, ServerError) as err:
                self.async_fail(err)
                self._wait_longer()
                if isinstance(err, ServerError):
                    raise
                return not isinstance(err, FeedSourceError)
            except FlexMeasuresError as err:
                self.async_fail(err)
                raise
            except Exception:
                # One feed's fault is not the others'.
                _LOGGER.exception("Unexpected exception in %s", self.subentry.title)
                self._wait_longer()
                return False
            self._retry_at, self._retry_in = None, _FIRST_WAIT
            self._show()
            return was_asked

    async def async_send_now(self) -> None:
        """Send all there is, without waiting for its time; raises FlexMeasuresError."""
        await self.lifetime.async_run(self._send_all(), self.subentry.title)

    async def _send_all(self) -> None:
        self._retry_at = None
        self._want_all()
        while (due := self.due) is not None and due <= dt_util.utcnow():
            async with self._dispatcher.one_at_a_time:
                await self.async_take_turn()
            if self.failure is not None:
                raise self.failure
        self._dispatcher.async_hurry()

    @callback
    def async_forget_lost(self) -> None:
        """Take note that the user knows what was lost."""
        self.memory.lost = None
        self._store.async_remember()
        self._show()

    @callback
    def async_fail(self, failure: FlexMeasuresError) -> None:
        """Take note of what is wrong."""
        if type(failure) is not type(self.failure):
            _LOGGER.debug("%s is not sent: %s", self.subentry.title, failure)
        self.failure = failure
        self.failed_at = self.failed_at or dt_util.utcnow()
        self._show()

    @abstractmethod
    def _start(self) -> None:
        """Begin to follow the source."""

    @abstractmethod
    def _due(self) -> datetime | None: ...

    @abstractmethod
    async def _send_some(self, now: datetime) -> bool:
        """Send what one request can take; return whether the server was asked.

        `_succeed` or `_refuse` tell what came of it. Raises FlexMeasuresError.
        """

    def _wait_longer(self) -> None:
        """Try it again, each time later."""
        self._retry_at = dt_util.utcnow() + self._retry_in
        self._retry_in = min(2 * self._retry_in, _LONGEST_WAIT)

    def _complete_until(self, now: datetime) -> datetime | None:
        """Return up to when there should be values."""
        return now

    @abstractmethod
    def _want_all(self) -> None:
        """Let what waits for a later time be due."""

    async def _sensor(self) -> Sensor:
        """Return the FlexMeasures sensor as it is by now; raises FlexMeasuresError."""
        return await self._catalogue.async_sensor(self.settings.sensor)

    def _note_known(self, slots: Slots, now: datetime) -> None:
        """Take note for which slots a value was sent."""
        for start, end in slots.known():
            self.memory.known.add(Period(start, end))
        self.memory.known.cut(now - REMEMBERED)

    @callback
    def _note_forecast(self) -> None:
        self._store.async_remember()
        self._show()

    def _refuse(self, failure: FlexMeasuresError) -> None:
        """Take note that the server has refused something, which is kept."""
        self.async_fail(failure)
        self._store.async_remember()

    def _succeed(self, count: int) -> None:
        """Take note that the server has taken something."""
        self.failure = self.failed_at = None
        if count:
            self.memory.last_sent = dt_util.utcnow()
        self._store.async_remember()

    @callback
    def _show(self) -> None:
        self._listeners.async_call()
