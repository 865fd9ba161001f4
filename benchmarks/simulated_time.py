"""Time that passes as fast as the work in it is done: hours of a Home Assistant in seconds.

Whenever the event loop would wait for a timer, that moment has come. All timers keep
their order and their distance. What goes on outside the event loop and comes back to it
(requests, jobs of other threads, what is waited for in the recorder) takes no time.
"""

from asyncio import AbstractEventLoop, Future
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any
from unittest.mock import patch

from custom_components.flexmeasures.api.transport import Transport
from homeassistant.components.recorder.core import Recorder
from homeassistant.util import dt as dt_util


@contextmanager
def simulated_time(loop: AbstractEventLoop) -> Iterator[None]:
    """Let time pass so, from now on, for all that runs in an event loop of selectors."""
    clock = _Clock(loop)
    with ExitStack() as patches:
        for target, name, new in (
            (clock.selector, "select", clock.select),
            (loop, "time", clock.loop_time),
            (loop, "run_in_executor", clock.awaited_job(loop.run_in_executor)),
            *(
                (owner, name, clock.awaited(getattr(owner, name)))
                for owner, name in (
                    (Transport, "request_once"),
                    (Recorder, "async_block_till_done"),
                )
            ),
        ):
            patches.enter_context(patch.object(target, name, new))
        for where, new in (
            ("time.time", clock.time),
            ("homeassistant.util.dt.utcnow", clock.utcnow),
            ("homeassistant.util.dt.now", clock.now),
            ("homeassistant.helpers.event.time_tracker_timestamp", clock.time),
            ("homeassistant.helpers.event.time_tracker_utcnow", clock.utcnow),
        ):
            patches.enter_context(patch(where, new))
        yield


class _Clock:
    """Shows a time that nothing but itself moves on."""

    def __init__(self, loop: Any) -> None:
        """Begin with the real time."""
        self.selector = loop._selector
        self._select = self.selector.select
        self._loop_began: float = loop.time()
        self._began = datetime.now(UTC).timestamp()
        self._passed = 0.0
        self._outside = 0
        """How many things go on that will wake the event loop."""

    def select(self, timeout: float | None) -> Any:
        """Wait in place of the event loop's selector."""
        ready = self._select(0)
        if ready or timeout == 0:
            return ready
        if self._outside or timeout is None:
            return self._select(None)
        self._passed += timeout
        return ready

    def loop_time(self) -> float:
        """Return the time of the event loop, in seconds since any moment."""
        return self._loop_began + self._passed

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self._began + self._passed

    def utcnow(self) -> datetime:
        """Return the time in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def now(self, time_zone: tzinfo | None = None) -> datetime:
        """Return the time where Home Assistant is, or in another time zone."""
        return self.utcnow().astimezone(time_zone or dt_util.DEFAULT_TIME_ZONE)

    def awaited[**Parameters, Result](
        self, work: Callable[Parameters, Awaitable[Result]]
    ) -> Callable[Parameters, Awaitable[Result]]:
        """Let the time stand still while something is waited for."""

        async def waited(
            *args: Parameters.args, **options: Parameters.kwargs
        ) -> Result:
            self._outside += 1
            try:
                return await work(*args, **options)
            finally:
                self._outside -= 1

        return waited

    def awaited_job(self, run: Callable[..., Future[Any]]) -> Callable[..., Any]:
        """Do so while a job runs in another thread, whether anybody waits for it or not."""

        def run_awaited(*args: Any) -> Future[Any]:
            self._outside += 1
            future = run(*args)
            future.add_done_callback(self._end_job)
            return future

        return run_awaited

    def _end_job(self, _: Future[Any]) -> None:
        self._outside -= 1
