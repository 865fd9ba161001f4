"""What S2 resource managers should not do, for the benchmark `s2`; in a process of its own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
import json
import socket
import time
from typing import Any

from aiohttp import WSMsgType

from .s2_rms import (
    HOST,
    body_of,
    controlled,
    description,
    details_of,
    dumps,
    path_of,
    token_of,
)


@dataclass(slots=True)
class Misdeed:
    """What an RM did that it should not do, and what came of it."""

    name: str
    began: float
    ended: float
    outcome: str


class RawConnection:
    """A connection whose other end knows no manners: it sends what it is given."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over what is connected."""
        self.statuses: Counter[str] = Counter()
        self.close_code: int | None = None
        self._reader = reader
        self._writer = writer

    async def read(self) -> None:
        """Read until the connection is closed, but do not answer that."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                opcode, size = await self._reader.readexactly(2)
                if size == 126:
                    size = int.from_bytes(await self._reader.readexactly(2))
                content = await self._reader.readexactly(size)
                if opcode & 0xF == WSMsgType.CLOSE:
                    self.close_code = int.from_bytes(content[:2])
                elif opcode & 0xF == WSMsgType.TEXT:
                    message = json.loads(content)
                    self.statuses[message.get("status", "others")] += 1

    async def write(self, frames: bytes) -> bool:
        """Send frames; whether there still is a connection."""
        try:
            self._writer.write(frames)
            await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def close(self) -> None:
        """Be gone."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


async def open_raw(
    port: int, number: int, *, buffer: int | None = None
) -> tuple[int, RawConnection]:
    """Connect; gives the status of HTTP too. `buffer`: bytes that it takes unread."""
    raw = socket.socket()
    if buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        # As in a network, and not within one machine.
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, (HOST, port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=buffer or 64 * 1024)
    writer.write(
        f"GET {path_of(number)} HTTP/1.1\r\n"
        f"Host: {HOST}:{port}\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token_of(number)}\r\n\r\n".encode()
    )
    answer = await reader.readuntil(b"\r\n\r\n")
    return int(answer.split()[1]), RawConnection(reader, writer)


def frame(message: dict[str, Any]) -> bytes:
    """Write a message as one frame, masked with zeros."""
    text = dumps(message).encode()
    size = bytes([0x80 | 126]) + len(text).to_bytes(2)
    return b"\x81" + size + b"\0\0\0\0" + text


def _measurements(count: int) -> bytes:
    """Write many messages that are all right, with ids as long as they may be."""
    return b"".join(
        frame(
            {
                "message_type": "PowerMeasurement",
                "message_id": f"{number:064}",
                **body_of("PowerMeasurement"),
            }
        )
        for number in range(count)
    )


def _faults(count: int) -> bytes:
    """Write many messages that are answered at some length."""
    body = description(modes=1, elements=1)
    body["actuators"][0]["operation_modes"][0]["elements"][0]["fill_rate"] = {}
    return b"".join(
        frame(
            {
                "message_type": "FRBC.SystemDescription",
                "message_id": f"{number:064}",
                **body,
            }
        )
        for number in range(count)
    )


def _introduction(number: int) -> bytes:
    return b"".join(
        frame({"message_type": message_type, "message_id": message_type, **body})
        for message_type, body in (
            ("Handshake", body_of("Handshake")),
            ("ResourceManagerDetails", details_of(number)),
        )
    )


async def flood(port: int, number: int) -> str:
    """Send without a pause until the connection is gone, whatever is said to that."""
    began = time.perf_counter()
    _, connection = await open_raw(port, number)
    reading = asyncio.create_task(connection.read())
    block = _measurements(500)
    sent = 0
    await connection.write(_introduction(number))
    while await connection.write(block):
        sent += len(block)
        # Writing alone may never wait.
        await asyncio.sleep(0)
    await connection.close()
    await reading
    return (
        f"{_counted(connection.statuses)}; closed with {connection.close_code},"
        f" gone after {time.perf_counter() - began:.2f} s and {sent / 1e6:.1f} MB"
    )


async def flood_again(port: int, number: int) -> str:
    """Send without a pause, and come back as soon as the connection is closed."""
    end = time.perf_counter() + 3
    statuses: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    block = _measurements(50)
    while time.perf_counter() < end:
        status, connection = await open_raw(port, number)
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            await connection.close()
            codes[str(status)] += 1
            await asyncio.sleep(0.02)
            continue
        reading = asyncio.create_task(connection.read())
        await connection.write(_introduction(number))
        while not reading.done() and connection.close_code is None:
            await connection.write(block)
            await asyncio.sleep(0)
        await connection.close()
        await reading
        statuses += connection.statuses
        codes[str(connection.close_code)] += 1
    return f"{_counted(statuses)}; {codes.total()} connections, closed with {_counted(codes)}"


async def send_without_reading(port: int, number: int) -> str:
    """Send what is answered at length, as often as it is allowed to, and do not read."""
    began = time.perf_counter()
    _, connection = await open_raw(port, number, buffer=2048)
    await connection.write(_introduction(number))
    count = 190
    is_open = await connection.write(_faults(count))
    while is_open and time.perf_counter() < began + 24:
        await asyncio.sleep(0.4)
        is_open = await connection.write(_faults(19))
        count += 19
    took = time.perf_counter() - began
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.read(), timeout=1)
    await connection.close()
    return (
        f"{count} messages, {'still there' if is_open else 'gone'} after {took:.1f} s;"
        f" read then: {_counted(connection.statuses)}; closed with"
        f" {connection.close_code}"
    )


async def send_long_frames(port: int, number: int) -> str:
    """Send a description as long as a frame may be, some times, and one too long."""
    async with controlled(port, [number]) as (rm,):
        body = description(modes=8, elements=95)
        for size in (511, 511, 511, 513):
            await rm.tell("FRBC.SystemDescription", body, size * 1024)
        await rm.stop()
    times = ", ".join(
        f"{answer.status} in {answer.latency * 1000:.0f} ms"
        for answer in [
            answer
            for answer in rm.report.answers
            if answer.message_type == "FRBC.SystemDescription"
        ][-3:]
    )
    return f"511 KiB: {times}; 513 KiB: closed with {rm.close_code}"


async def connect_without_handshake(port: int, number: int) -> str:
    """Open a hundred connections, and say nothing."""
    began = time.perf_counter()
    opened = [await open_raw(port, number) for _ in range(100)]
    took = time.perf_counter() - began
    answers = Counter(str(status) for status, _ in opened)
    kept = [connection for status, connection in opened if status == 101]
    # The last one would be closed in 10 seconds.
    *replaced, _ = kept
    for connection in replaced:
        await connection.read()
    codes = Counter(str(connection.close_code) for connection in replaced)
    for _, connection in opened:
        await connection.close()
    return (
        f"answered {_counted(answers)} in {took:.2f} s; the replaced ones closed with"
        f" {_counted(codes)}"
    )


async def connect_as_one_too_many(port: int, number: int) -> str:
    """Connect while there are as many connections as there may be."""
    _, connection = await open_raw(port, number)
    status, refused = await open_raw(port, number + 1)
    for each in (connection, refused):
        await each.close()
    return f"answered {status}"


MISDEEDS: dict[str, Callable[[int, int], Awaitable[str]]] = {
    "sends as fast as it can": flood,
    "does so and comes back at once, for 3 s": flood_again,
    "does not read": send_without_reading,
    "sends long frames": send_long_frames,
    "connects 100 times without a handshake": connect_without_handshake,
    "connects as the 33rd": connect_as_one_too_many,
}


def run_misdeed(port: int, number: int, name: str) -> Misdeed:
    """Let one RM go wrong."""
    began = time.perf_counter()
    outcome = asyncio.run(MISDEEDS[name](port, number))
    return Misdeed(name, began, time.perf_counter(), outcome)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
