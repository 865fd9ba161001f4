"""S2 resource managers for the benchmark `s2`, in processes of their own.

Nothing that they do is on the account of Home Assistant's process. All of them run on
this machine, so that moments (`time.perf_counter`) of both sides can be compared.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import random
import time
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.unit.s2.devices import (
    L1,
    actuator,
    element,
    frbc_status,
    mode,
    power,
    storage,
)
from tests.unit.s2.wire import wire

HOST = "127.0.0.1"
FRBC = "FILL_RATE_BASED_CONTROL"

MESSAGES_PER_SECOND = 20
_FORECAST_EVERY = 200
_DESCRIPTION_EVERY = 600
"""Messages of an RM: once in 10 s, once in 30 s."""

_SETTLE = 3.0

_FULL = 11.0 / 3600
"""Fill levels per second at 4 kW."""


def path_of(number: int) -> str:
    """Where the RM of a device connects."""
    return f"/api/flexmeasures/s2/route-{number}"


def token_of(number: int) -> str:
    """Its token."""
    return f"the-token-of-{number}"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a message was answered."""

    moment: float
    """When it was sent."""
    message_type: str
    status: str
    latency: float
    """Seconds from sending it to reading the answer."""


@dataclass(slots=True)
class Report:
    """What RMs lived to see."""

    began: float = 0.0
    """When they had told what they are, and went on."""
    ended: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    unanswered: int = 0
    instructions: int = 0
    lost: Counter[int | None] = field(default_factory=Counter)
    """Connections that did not last, by the code that they were closed with."""


def dumps(message: dict[str, Any]) -> str:
    """Write a message as S2 does."""
    return json.dumps(message, default=_wire)


def _wire(value: Any) -> Any:
    """Write what JSON has no type for."""
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    assert isinstance(value, datetime)
    return value.isoformat()


def description(*, modes: int, elements: int) -> dict[str, Any]:
    """Make the body of an FRBC.SystemDescription of a battery.

    It has so many pairs of modes, and each mode so many elements, whose rates get lower
    as the battery gets fuller.
    """
    made = []
    for number in range(modes):
        for name, sign in (("charge", 1), ("discharge", -1)):
            made.append(
                mode(
                    f"{name}-{number}",
                    *(
                        element(
                            (100 * step / elements, 100 * (step + 1) / elements),
                            (0, sign * _FULL * (1 - step / elements / 2)),
                            power(0, sign * 4000 * (1 - step / elements / 2), L1),
                        )
                        for step in range(elements)
                    ),
                )
            )
    return storage((0, 100), actuator(*made), at=datetime.now(UTC))


class ResourceManager:
    """A battery that obeys, reads at once and notes how its messages are answered."""

    def __init__(self, session: ClientSession, port: int, number: int) -> None:
        """Not connected yet."""
        self.report = Report()
        self.is_controlled = asyncio.Event()
        """Set once it has told all about itself under FRBC."""
        self.close_code: int | None = None
        self._session = session
        self._url = f"http://{HOST}:{port}{path_of(number)}"
        self._headers = {"Authorization": f"Bearer {token_of(number)}"}
        self._number = number
        self._random = random.Random(number)  # noqa: S311
        self._socket: ClientWebSocketResponse
        self._reading: asyncio.Task[None]
        self._count = 0
        self._open: dict[str, tuple[float, str, asyncio.Event | None]] = {}
        self._mode = "charge-0"
        self._factor = 0.0

    async def start(self) -> None:
        """Connect, and begin with whatever Home Assistant asks for."""
        self._socket = await self._session.ws_connect(
            self._url,
            headers=self._headers,
            # As s2-python's client does by default.
            compress=15,
            max_msg_size=0,
        )
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Close the connection, unless it is."""
        if self._reading.done():
            self.report.lost[self.close_code] += 1
        self.report.unanswered = len(self._open)
        await self._socket.close()
        await self._reading

    async def send_while(self, is_going_on: Callable[[], bool]) -> None:
        """Send at random moments, as often as it is to on average."""
        moment = time.perf_counter()
        while is_going_on():
            moment += self._random.expovariate(MESSAGES_PER_SECOND)
            await asyncio.sleep(moment - time.perf_counter())
            await self._send(*self._next())

    async def tell(self, message_type: str, body: dict[str, Any], size: int) -> None:
        """Send a message, and wait until it is answered or the connection is closed.

        Spaces make it as long as `size`.
        """
        answered = asyncio.Event()
        await self._send(message_type, body, answered, size)
        waiting = asyncio.create_task(answered.wait())
        await asyncio.wait(
            (waiting, self._reading), return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()

    def _next(self) -> tuple[str, dict[str, Any]]:
        """What it sends now and then, or all the time."""
        now = datetime.now(UTC)
        if self._count % _DESCRIPTION_EVERY == 17 * self._number % _DESCRIPTION_EVERY:
            return "FRBC.SystemDescription", description(modes=1, elements=25)
        if self._count % _FORECAST_EVERY == 5 * self._number % _FORECAST_EVERY:
            usage = [
                {
                    "duration": 900_000,
                    "usage_rate_expected": self._random.uniform(0, _FULL / 10),
                }
                for _ in range(96)
            ]
            return "FRBC.UsageForecast", {"start_time": now, "elements": usage}
        match self._count % 4:
            case 0:
                level = self._random.uniform(20, 80)
                return "FRBC.StorageStatus", {"present_fill_level": level}
            case 1:
                return "FRBC.ActuatorStatus", self._status()
            case _:
                value = self._random.uniform(-4000, 4000)
                measured = {"commodity_quantity": L1, "value": value}
                return "PowerMeasurement", {
                    "measurement_timestamp": now,
                    "values": [measured],
                }

    def _status(self) -> dict[str, Any]:
        return frbc_status(self._mode, self._factor)

    async def _send(
        self,
        message_type: str,
        body: dict[str, Any],
        answered: asyncio.Event | None = None,
        size: int = 0,
    ) -> None:
        self._count += 1
        message_id = f"rm-{self._number}-{self._count}"
        head = {"message_type": message_type, "message_id": message_id}
        text = dumps(head | body)
        assert size == 0 or len(text) <= size
        text = text.ljust(size)
        self._open[message_id] = (time.perf_counter(), message_type, answered)
        with suppress(ConnectionError):
            await self._socket.send_str(text)

    async def _read(self) -> None:
        async for frame in self._socket:
            assert frame.type is WSMsgType.TEXT
            message = json.loads(frame.data)
            if message["message_type"] == "ReceptionStatus":
                self._note(message)
            else:
                await self._obey(message)
        self.close_code = self._socket.close_code

    def _note(self, status: dict[str, Any]) -> None:
        now = time.perf_counter()
        sent = self._open.pop(status["subject_message_id"], None)
        if sent is None:
            return
        moment, message_type, answered = sent
        self.report.answers.append(
            Answer(moment, message_type, status["status"], now - moment)
        )
        if answered:
            answered.set()

    async def _obey(self, message: dict[str, Any]) -> None:
        await self._socket.send_str(
            dumps(
                {
                    "message_type": "ReceptionStatus",
                    "subject_message_id": message["message_id"],
                    "status": "OK",
                }
            )
        )
        match message["message_type"]:
            case "Handshake":
                await self._send("Handshake", body_of("Handshake"))
            case "HandshakeResponse":
                await self._send("ResourceManagerDetails", details_of(self._number))
            case "SelectControlType" if message["control_type"] == FRBC:
                system = description(modes=1, elements=25)
                await self._send("FRBC.SystemDescription", system)
                await self._send("FRBC.StorageStatus", {"present_fill_level": 50})
                await self._send("FRBC.ActuatorStatus", self._status())
                self.is_controlled.set()
            case "FRBC.Instruction":
                self.report.instructions += 1
                self._mode = message["operation_mode"]
                self._factor = message["operation_mode_factor"]
                await self._send("FRBC.ActuatorStatus", self._status())


def body_of(message_type: str, **changes: Any) -> dict[str, Any]:
    """Make the body of a message that is right, with some of its fields changed."""
    message = wire(message_type, **changes)
    return {
        key: message[key] for key in message.keys() - {"message_type", "message_id"}
    }


def details_of(number: int) -> dict[str, Any]:
    """Make the body of what the RM of a device says that it is."""
    return body_of("ResourceManagerDetails", resource_id=f"battery-{number}")


@asynccontextmanager
async def controlled(
    port: int, numbers: Iterable[int]
) -> AsyncIterator[list[ResourceManager]]:
    """Run RMs that have told all about themselves under FRBC."""
    async with ClientSession() as session:
        rms = [ResourceManager(session, port, number) for number in numbers]
        await asyncio.gather(*(rm.start() for rm in rms))
        async with asyncio.timeout(30):
            await asyncio.gather(*(rm.is_controlled.wait() for rm in rms))
        # For what follows from all that they told at once.
        await asyncio.sleep(_SETTLE)
        try:
            yield rms
        finally:
            await asyncio.gather(*(rm.stop() for rm in rms))


def run_for(port: int, numbers: Iterable[int], seconds: float) -> Report:
    """Let RMs do what RMs do for some time, once they have begun."""
    end: float | None = None

    def is_going_on() -> bool:
        nonlocal end
        now = time.perf_counter()
        end = end or now + seconds
        return now < end

    return asyncio.run(_run_while(port, numbers, is_going_on))


def run_while(port: int, numbers: Iterable[int], sign: Path) -> Report:
    """Let RMs do what RMs do for as long as a folder is there."""
    return asyncio.run(_run_while(port, numbers, sign.exists))


async def _run_while(
    port: int, numbers: Iterable[int], is_going_on: Callable[[], bool]
) -> Report:
    whole = Report()
    async with controlled(port, numbers) as rms:
        whole.began = time.perf_counter()
        await asyncio.gather(*(rm.send_while(is_going_on) for rm in rms))
        whole.ended = time.perf_counter()
        # For the last answers.
        await asyncio.sleep(1)
    for rm in rms:
        whole.answers += rm.report.answers
        whole.unanswered += rm.report.unanswered
        whole.instructions += rm.report.instructions
        whole.lost += rm.report.lost
    return whole
