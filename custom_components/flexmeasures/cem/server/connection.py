"""A websocket that carries what is said between an RM and its session."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
import logging

from aiohttp import ClientConnectionError, WSMsgType
from aiohttp.web import WebSocketResponse

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import create_eager_task

from ...s2.session.effects import Close, Effect, Send
from ...s2.session.endings import EndReason
from ...s2.session.session import Session
from ...timer import Timer

_LOGGER = logging.getLogger(__name__)

_MOST_UNSENT = 100
"""Frames; an RM that reads so slowly, or not at all, is given up."""

_FLUSH_PATIENCE = 2.0
"""Seconds for what is still to be sent once the session is over."""


class Connection:
    """Feeds a session with frames and the time, and does what it says.

    Reading never waits for writing: what is to be sent is queued, up to a limit.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        socket: WebSocketResponse,
        session: Session,
        *,
        name: str,
        handle: Callable[[Connection, Effect], None],
        change: Callable[[], AbstractContextManager[None]],
        abort: Callable[[], None],
    ) -> None:
        """Wait to be run.

        `handle` gets all effects, one after the other, those that come together within
        a `change`; `abort` ends the connection whatever is still to be sent.
        """
        self.session = session
        self._hass = hass
        self._socket = socket
        self._name = name
        self._handle = handle
        self._change = change
        self._abort = abort
        self._unsent: asyncio.Queue[Send | Close] = asyncio.Queue()
        self._writing: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._deadline = Timer(hass, self._tick)

    async def async_run(self) -> None:
        """Read until the connection is closed, from whichever side."""
        self._start_writing()
        try:
            self.async_do(self.session.connected())
            async for frame in self._socket:
                match frame.type:
                    case WSMsgType.TEXT:
                        self.async_do(
                            self.session.receive(frame.data, dt_util.utcnow())
                        )
                    case WSMsgType.BINARY:
                        self.async_close(EndReason.BINARY_FRAME)
                    case _:
                        self.async_close(EndReason.UNREADABLE_FRAME)
                if self.session.is_over:
                    break
                # What comes in one go is read in one go: others have their turn too,
                # and so has what is to be sent.
                await asyncio.sleep(0)
        except Exception:
            # A defect of ours must end neither in silence nor another's session.
            _LOGGER.exception(
                "Unexpected exception in the S2 session of %s", self._name
            )
            self.async_close(EndReason.INTERNAL_ERROR)
        finally:
            self.async_do(self.session.disconnected())
            await self._finish()

    @callback
    def async_do(self, effects: Iterable[Effect]) -> None:
        """Carry out what the session says."""
        with self._change():
            self._carry_out(effects)
        self._arm()

    @callback
    def async_close(self, reason: EndReason) -> None:
        """End the session."""
        self.async_do(self.session.close(reason, dt_util.utcnow()))

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send() if self._unsent.qsize() >= _MOST_UNSENT:
                    # What ends the session may be among what comes next.
                    self._give_up()
                    continue
                case Send():
                    self._unsent.put_nowait(effect)
                case Close():
                    self._unsent.put_nowait(effect)
                    self._patience = self._hass.loop.call_later(
                        _FLUSH_PATIENCE, self._abort
                    )
            self._handle(self, effect)

    def _give_up(self) -> None:
        """Say no more than good-bye to an RM that does not read."""
        assert self._writing
        self._writing.cancel()
        self._unsent = asyncio.Queue()
        self._start_writing()
        self.async_close(EndReason.TOO_SLOW)

    def _start_writing(self) -> None:
        # It lasts as long as the connection: nothing is to wait for it.
        self._writing = create_eager_task(self._write(), name=f"S2 to {self._name}")

    async def _write(self) -> None:
        """Send what is queued, until the connection is to be closed."""
        # Reading notices a lost connection too.
        with suppress(ClientConnectionError):
            while isinstance(effect := await self._unsent.get(), Send):
                await self._socket.send_str(effect.text)
            await self._socket.close(code=effect.code)

    async def _finish(self) -> None:
        """Wait until what was queued is sent, or given up."""
        self._deadline.async_disarm()
        assert self._writing
        try:
            await asyncio.wait((self._writing,))
        finally:
            # Home Assistant may not want to wait.
            self._writing.cancel()
            assert self._patience
            self._patience.cancel()

    def _arm(self) -> None:
        """Let the session know when its time has come."""
        if deadline := self.session.next_deadline:
            self._deadline.async_arm(deadline)
        else:
            self._deadline.async_disarm()

    @callback
    def _tick(self, now: datetime) -> None:
        self.async_do(self.session.tick(now))
