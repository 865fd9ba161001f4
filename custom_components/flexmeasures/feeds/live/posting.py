"""When the sensors of a device get what is to be posted to them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...api.client import FlexMeasuresApi
from ...api.errors import (
    FlexMeasuresError,
    NotAuthenticatedError,
    RateLimitedError,
    ServerError,
)
from ...coordinator import ScheduleCoordinator
from ...timer import Timer
from .streams import REFUSALS, Stream

_LOGGER = logging.getLogger(__name__)

# However fine the sensors are; and how soon a failure is tried again at first.
_PACE = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(minutes=15)


class Posting:
    """Posts in the background, one request of a device at a time."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        coordinator: ScheduleCoordinator,
        api: FlexMeasuresApi,
        streams: Sequence[Stream],
    ) -> None:
        """Wait until there is something; call `async_go_on` whenever there may be."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._api = api
        self._streams = streams
        self._not_before = datetime.min.replace(tzinfo=UTC)
        self._retry_in = _PACE
        self._task: asyncio.Task[None] | None = None
        self._timer = Timer(hass, self.async_go_on)
        self._is_closed = False

    @callback
    def async_go_on(self, now: datetime) -> None:
        """Post what is due, or wake up when something will be."""
        if self._task or self._is_closed:
            return
        dues = [stream.due for stream in self._streams]
        first = min((due for due in dues if due is not None), default=None)
        due = None if first is None else max(first, self._not_before)
        if due is None:
            return
        if due <= now:
            self._timer.async_disarm()
            self._task = self._coordinator.lifetime.async_create_background_task(
                self._post(),
                f"measurements of {self._coordinator.subentry.title}",
                # Nothing is posted while a message is being received.
                eager_start=False,
            )
        else:
            self._timer.async_arm(due)

    @callback
    def async_close(self) -> None:
        """Post nothing more."""
        self._is_closed = True
        self._timer.async_disarm()
        if self._task:
            self._task.cancel()

    async def _post(self) -> None:
        """Post what is due, and go on when the server may be asked again."""
        self._not_before = dt_util.utcnow() + _PACE
        try:
            failure = await self._try_each()
        finally:
            self._task = None
        now = dt_util.utcnow()
        self._not_before = now + self._wait_after(failure)
        self.async_go_on(now)

    async def _try_each(self) -> FlexMeasuresError | None:
        """Post to each sensor that waits; return why some has to wait longer."""
        failure: FlexMeasuresError | None = None
        for stream in self._streams:
            due = stream.due
            if due is None or due > dt_util.utcnow():
                continue
            try:
                await stream.async_post(self._api)
            except REFUSALS as err:
                self._coordinator.recent_errors.add(err)
            except FlexMeasuresError as err:
                self._coordinator.recent_errors.add(err)
                _LOGGER.debug("%s: not posted yet: %s", self._coordinator.name, err)
                failure = err
                # A server that is out of order may be so for one sensor only.
                if not isinstance(err, ServerError):
                    break
        return failure

    def _wait_after(self, failure: FlexMeasuresError | None) -> timedelta:
        """Return how long to post nothing."""
        if failure is None:
            self._retry_in = _PACE
            return _PACE
        if isinstance(failure, RateLimitedError):
            return max(failure.retry_after, _PACE)
        if isinstance(failure, NotAuthenticatedError):
            self._entry.async_start_reauth(self._hass)
        wait, self._retry_in = (
            self._retry_in,
            min(2 * self._retry_in, _LONGEST_WAIT),
        )
        return wait
