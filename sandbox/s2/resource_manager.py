"""Speaks S2 for a simulated device, over a websocket: python -m sandbox.s2.resource_manager.

As a program it simulates the demo's battery. It reads the address and the token, as JSON, from its standard input, so that they are nowhere else.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
import json
import random
import sys
from typing import Protocol

import aiohttp

from ..demo.devices import s2_battery
from .wire import Body, Message

VERSION = "0.0.2-beta"
_REPORT_EVERY = timedelta(seconds=5)
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0
_UNCONTROLLED = frozenset({"", "NO_SELECTION", "NOT_CONTROLABLE"})


class Device(Protocol):
    """What a resource manager speaks for."""

    @property
    def details(self) -> Body:
        """The body of its ResourceManagerDetails."""

    @property
    def next_moment(self) -> datetime | None:
        """When it has something else to do; None if it was not told."""

    def begin(self, control_type: str, now: datetime) -> Iterable[Message]:
        """Describe itself, now that a control type is in force."""

    def report(self, control_type: str, now: datetime) -> Iterable[Message]:
        """Say how it is."""

    def instruct(
        self, message_type: str, body: Body, now: datetime
    ) -> Iterable[Message]:
        """Take an instruction, and say what is made of it; RevokeObject takes one back."""

    def pass_to(self, now: datetime) -> Iterable[Message]:
        """Let the time pass, and tell what has become of instructions."""

    def release(self, now: datetime) -> None:
        """Take note that nobody controls it any more."""


def utcnow() -> datetime:
    """The time of this machine's clock."""
    return datetime.now(UTC)


class ResourceManager:
    """Connects a device to its CEM, and again whenever the connection is lost."""

    def __init__(
        self,
        device: Device,
        address: str,
        token: str,
        *,
        now: Callable[[], datetime] = utcnow,
        reports: bool = True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare; without `reports` it only reports when told to.

        `tell` gets what happens, for someone who looks on.
        """
        self.device = device
        self.control_type = ""
        """What was selected last; empty before."""
        self.received: list[Body] = []
        """All that was received but for ReceptionStatus."""
        self.refused: list[Body] = []
        """The answers to its own messages other than OK."""
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"}
        self._now = now
        self._reports = reports
        self._tell = tell
        self._numbers = count()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._unanswered: dict[str, asyncio.Future[None]] = {}
        self._news = asyncio.Event()
        self._wait = _FIRST_WAIT

    async def run(self) -> None:
        """Be connected, until cancelled."""
        while True:
            try:
                async with (
                    aiohttp.ClientSession(headers=self._headers) as session,
                    session.ws_connect(self._address, heartbeat=30) as socket,
                ):
                    await self._converse(socket)
                self._tell("The connection is closed")
            except aiohttp.WSServerHandshakeError as err:
                reasons = {401: "the token is wrong", 503: "it is not ready"}
                reason = reasons.get(err.status, err.message)
                self._tell(f"Home Assistant does not let it in: {reason}")
            except (aiohttp.ClientError, OSError, TimeoutError) as err:
                self._tell(f"Home Assistant is not reached: {err}")
            # Not all at once after a restart of the CEM.
            await asyncio.sleep(self._wait * random.uniform(0.5, 1))  # noqa: S311
            self._wait = min(2 * self._wait, _LONGEST_WAIT)

    async def report(self) -> None:
        """Say how the device is, and return once all that was said is answered."""
        now = self._now()
        await self._say(self.device.pass_to(now))
        await self._say(self.device.report(self.control_type, now))
        if self._unanswered:
            await asyncio.wait(list(self._unanswered.values()))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something holds after a message was received."""
        while not is_so():
            self._news.clear()
            await self._news.wait()

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak with the CEM until the connection is closed."""
        self._socket = socket
        reporting = asyncio.create_task(self._report_regularly())
        try:
            await self._send(
                "Handshake", {"role": "RM", "supported_protocol_versions": [VERSION]}
            )
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    await self._receive(json.loads(frame.data))
                self._news.set()
        finally:
            reporting.cancel()
            self._socket = None
            self.control_type = ""
            for unanswered in self._unanswered.values():
                unanswered.cancel()
            self._unanswered.clear()
            self.device.release(self._now())
            self._news.set()

    async def _receive(self, message: Body) -> None:
        if message["message_type"] == "ReceptionStatus":
            if message["status"] != "OK":
                self.refused.append(message)
            answered = self._unanswered.pop(message["subject_message_id"], None)
            if answered and not answered.done():
                answered.set_result(None)
            return
        self.received.append(message)
        await self._write(
            {
                "message_type": "ReceptionStatus",
                "subject_message_id": message["message_id"],
                "status": "OK",
            }
        )
        now = self._now()
        match message["message_type"]:
            case "Handshake":
                pass
            case "HandshakeResponse":
                await self._send("ResourceManagerDetails", self.device.details)
                self._tell("Connected")
                self._wait = _FIRST_WAIT
            case "SelectControlType":
                await self._select(message["control_type"], now)
            case "SessionRequest":
                assert self._socket
                await self._socket.close()
            case message_type:
                self._tell(f"{message_type}: {_short(message)}")
                await self._say(self.device.instruct(message_type, message, now))
                await self._say(self.device.pass_to(now))

    async def _select(self, control_type: str, now: datetime) -> None:
        self.control_type = control_type
        self._tell(f"Control type: {control_type}")
        self.device.release(now)
        if control_type not in _UNCONTROLLED:
            await self._say(self.device.begin(control_type, now))

    async def _report_regularly(self) -> None:
        """Report, and do what is due when it is."""
        while self._reports:
            if self.control_type:
                await self.report()
            now = self._now()
            moment = min(
                self.device.next_moment or now + _REPORT_EVERY, now + _REPORT_EVERY
            )
            with suppress(TimeoutError):
                async with asyncio.timeout((moment - now).total_seconds()):
                    await self._next_news()

    async def _next_news(self) -> None:
        """Wait for a message: it may bring something to do before the next report."""
        before = self.device.next_moment
        await self.until(lambda: self.device.next_moment != before)

    async def _say(self, messages: Iterable[Message]) -> None:
        for message_type, body in messages:
            await self._send(message_type, body)

    async def _send(self, message_type: str, body: Body) -> None:
        if self._socket is None:
            return
        message_id = f"rm-{next(self._numbers)}"
        self._unanswered[message_id] = asyncio.get_running_loop().create_future()
        await self._write(
            {"message_type": message_type, "message_id": message_id, **body}
        )

    async def _write(self, message: Body) -> None:
        # Reading notices a lost connection too.
        with suppress(ConnectionError):
            if self._socket:
                await self._socket.send_json(message)


def _short(message: Body) -> str:
    """Return what an instruction says, without ids."""
    hidden = {"message_type", "message_id", "id", "object_id"}
    return json.dumps({key: message[key] for key in message if key not in hidden})


def main() -> None:
    """Simulate the demo's battery, until stopped."""
    address, token = json.loads(sys.stdin.readline())
    asyncio.run(ResourceManager(s2_battery(), address, token).run())


if __name__ == "__main__":
    main()
