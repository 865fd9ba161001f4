"""What keeps strangers out, and an RM that goes wrong from doing harm."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address
import json
import logging
from pathlib import Path
import re
from socket import herror
from types import MappingProxyType
from typing import Any, Protocol, Self
from unittest.mock import patch

from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient
from aiohttp.web import WebSocketResponse
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.cem.server.pairing import hash_token
from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.components.http.ban import KEY_FAILED_LOGIN_ATTEMPTS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY_POWER, CABIN_POWER, GARAGE_POWER
from .home import NOW, Home, Json
from .s2.wire import wire
from .s2_peers import until
from .s2_rm import BATTERY, FRBC, connections, paired, route_of, token_of
from .test_repairs import issues

# The heartbeat of a closed connection goes off once more.
pytestmark = pytest.mark.parametrize("expected_lingering_timers", [True])

PATH = "/api/flexmeasures/s2/"
NIL = "00000000-0000-0000-0000-000000000000"
SECOND = timedelta(seconds=1)
LOCALHOST = ip_address("127.0.0.1")

type Client = TestClient[Any, Any]


def basic(user: str, password: str) -> dict[str, str]:
    """The header that a device sends which knows only user and password."""
    told = b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


def bearer(token: str) -> dict[str, str]:
    """The header that lets an RM in."""
    return {"Authorization": f"Bearer {token}"}


class Raw:
    """A connection on which anything can be said; it keeps what it is told."""

    def __init__(self, home: Home, socket: ClientWebSocketResponse) -> None:
        """Begin to read."""
        self.heard: list[Json] = []
        self.socket = socket
        self._home = home
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self.socket:
            assert frame.type is WSMsgType.TEXT
            self.heard.append(json.loads(frame.data))

    async def say(self, text: str) -> str:
        """Send a text and give the status of the next answer."""
        before = len(self.statuses)
        await self.socket.send_str(text)
        await until(lambda: len(self.statuses) > before or self.is_closed)
        return str(self.statuses[before]["status"])

    async def tell(self, message_type: str, message_id: str = "m1", **body: Any) -> str:
        """Send a message, which is as in `wire` but for what is given."""
        return await self.say(json.dumps(wire(message_type, message_id, **body)))

    async def start(self, **details: Any) -> Self:
        """Say what an RM says at first."""
        assert await self.tell("Handshake") == "OK"
        await self.tell("ResourceManagerDetails", **details)
        return self

    async def pass_time(self, time: timedelta) -> None:
        """Let the time be later, and what is due begin."""
        await self._home.go_to(dt_util.utcnow() + time, is_settled=False)

    async def closed(self) -> int | None:
        """Wait for the end, and give the code that was closed with."""
        await until(lambda: self.is_closed)
        return self.socket.close_code

    async def close(self) -> None:
        """Close the connection, if it still is there."""
        await self.socket.close()
        await until(lambda: self.is_closed)

    @property
    def is_closed(self) -> bool:
        """Whether the connection is over."""
        return self._reading.done()

    @property
    def statuses(self) -> list[Json]:
        """The answers to what it said."""
        return self.of("ReceptionStatus")

    @property
    def session_requests(self) -> list[str]:
        """How it was asked to end the session."""
        return [each["request"] for each in self.of("SessionRequest")]

    def of(self, message_type: str) -> list[Json]:
        """What it was told of one type."""
        return [each for each in self.heard if each["message_type"] == message_type]


class Connect(Protocol):
    """Opens connections, which are closed after the test."""

    async def __call__(
        self, power_sensor: int = BATTERY_POWER, token: str | None = None
    ) -> Raw:
        """Open one with the token of a device, or with another one."""


@pytest.fixture
def client_of(
    hass_client_no_auth: Callable[[], Awaitable[Client]],
) -> Callable[[], Awaitable[Client]]:
    """How to get at Home Assistant's web server, once the account is set up."""
    clients: list[Client] = []

    async def get() -> Client:
        if not clients:
            clients.append(await hass_client_no_auth())
        return clients[0]

    return get


@pytest.fixture
async def connect(
    home: Home, client_of: Callable[[], Awaitable[Client]]
) -> AsyncIterator[Connect]:
    """How to open connections."""
    opened: list[Raw] = []

    async def open_one(
        power_sensor: int = BATTERY_POWER, token: str | None = None
    ) -> Raw:
        client = await client_of()
        socket = await client.ws_connect(
            PATH + route_of(power_sensor),
            headers=bearer(token or token_of(power_sensor)),
        )
        opened.append(Raw(home, socket))
        return opened[-1]

    yield open_one
    for raw in opened:
        await raw.close()
    await home.settle()


@pytest.fixture
async def counted(
    hass: HomeAssistant, tmp_path: Path
) -> AsyncIterator[Callable[[], int]]:
    """Failed logins lead to a ban after the third; gives how many there were."""
    hass.config.config_dir = str(tmp_path)
    await async_setup_component(hass, "http", {"http": {"login_attempts_threshold": 3}})

    def count() -> int:
        return hass.http.app[KEY_FAILED_LOGIN_ATTEMPTS][LOCALHOST]

    with patch("homeassistant.components.http.ban.gethostbyaddr", side_effect=herror):
        yield count


async def _status(client: Client, path: str, headers: Json | None = None) -> int:
    """How an attempt to connect is answered."""
    try:
        socket = await client.ws_connect(PATH + path, headers=headers)
    except WSServerHandshakeError as err:
        return err.status
    await socket.close()
    return 101


# --- 1. who is let in


@pytest.mark.s2_rule("connection.bearer")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        bearer(""),
        bearer("wrong"),
        bearer(token_of(BATTERY_POWER)[:-1]),
        bearer(token_of(BATTERY_POWER) + "x"),
        bearer(token_of(GARAGE_POWER)),
        bearer(hash_token(token_of(BATTERY_POWER))),
        {"Authorization": token_of(BATTERY_POWER)},
        {"Authorization": f"Basic {token_of(BATTERY_POWER)}"},
        {"Authorization": f"Digest {token_of(BATTERY_POWER)}"},
        basic("victron", "wrong"),
        basic("victron", ""),
        basic(token_of(BATTERY_POWER), ""),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !"},
        {"Authorization": f"Basic {b64encode(b'\xff:\xff').decode()}"},
        {"Authorization": f"Basic {b64encode(b'no colon').decode()}"},
        {"Authorization": "Bearer \udcff\udcfe"},
    ],
)
async def test_who_has_not_the_token_is_not_let_in(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
    headers: dict[str, str],
) -> None:
    await home.set_up(paired(), paired(GARAGE_POWER))

    assert await _status(await client_of(), route_of(BATTERY_POWER), headers) == 401
    assert counted() == 1


@pytest.mark.parametrize("user", ["", "victron", "häuschen"])
@pytest.mark.parametrize("path", ["", "/", "/heat-pump-1", "/a/b?c=d"])
async def test_device_that_knows_only_a_password(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
    user: str,
    path: str,
) -> None:
    """The token is the password, whatever the user; what is appended does not matter."""
    await home.set_up(paired())
    header = basic(user, token_of(BATTERY_POWER))

    answer = await _status(await client_of(), route_of(BATTERY_POWER) + path, header)

    assert answer == 101
    assert counted() == 0


async def test_who_tries_too_often_is_banned(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
) -> None:
    await home.set_up(paired())
    client, route = await client_of(), route_of(BATTERY_POWER)

    attempts = [await _status(client, route, bearer("wrong")) for _ in range(4)]

    assert attempts == [401, 401, 401, 403]
    assert await _status(client, route, bearer(token_of(BATTERY_POWER))) == 403


async def test_the_right_token_makes_no_failed_attempts_forgotten(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
) -> None:
    await home.set_up(paired())
    client, route = await client_of(), route_of(BATTERY_POWER)
    for _ in range(2):
        await _status(client, route, bearer("wrong"))
    assert counted() == 2

    assert await _status(client, route, bearer(token_of(BATTERY_POWER))) == 101

    # They may have been with Home Assistant's passwords.
    assert counted() == 2


async def test_an_unknown_address_is_answered_as_a_wrong_token(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
) -> None:
    await home.set_up(paired())
    client = await client_of()

    answers = [
        await client.get(PATH + route, headers=bearer(token))
        for route, token in (
            (route_of(BATTERY_POWER), "wrong"),
            ("unknown", token_of(BATTERY_POWER)),
        )
    ]

    wrong_token, unknown_route = [
        (answer.status, await answer.text(), sorted(answer.headers))
        for answer in answers
    ]
    assert wrong_token == unknown_route
    assert counted() == 2


# --- 2. no token in the address


@pytest.mark.parametrize("name", ["token", "access_token", "api_password", "authSig"])
async def test_a_token_in_the_address_does_not_count(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
    name: str,
) -> None:
    await home.set_up(paired())
    path = f"{route_of(BATTERY_POWER)}?{name}={token_of(BATTERY_POWER)}"

    assert await _status(await client_of(), path) == 401
    assert counted() == 1


@pytest.mark.parametrize(
    "address",
    [
        "{route}?token={token}",
        "{route}?{token}",
        "{route}?authorization=Bearer%20{token}&x=1",
        "{route}/{token}",
        "{route}/{token}/more",
        "{token}",
        "unknown?token={token}",
    ],
)
async def test_a_token_in_an_address_is_void(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    caplog: pytest.LogCaptureFixture,
    address: str,
) -> None:
    """Addresses are logged, ours too: it lets nobody in any more, nor after a restart."""
    await home.set_up(paired(), paired(GARAGE_POWER))
    client, route = await client_of(), route_of(BATTERY_POWER)
    token = token_of(BATTERY_POWER)
    header = bearer(token)
    assert await _status(client, route, header) == 101

    path = address.format(route=route, token=token)
    for _ in range(2):
        assert await _status(client, path, header) == 401

    # At once: a power cut must not let it in again.
    assert home.stored[str(BATTERY_POWER)]["resource"]["is_token_void"]
    assert caplog.text.count("is void from now on") == 1
    assert await _status(client, route, header) == 401
    assert set(issues(home)) == {f"s2_token_exposed_{BATTERY_POWER}"}
    await home.reload()
    assert await _status(client, route, header) == 401
    assert set(issues(home)) == {f"s2_token_exposed_{BATTERY_POWER}"}
    # Another device's is still good.
    other = bearer(token_of(GARAGE_POWER))
    assert await _status(client, route_of(GARAGE_POWER), other) == 101


async def test_a_new_token_in_the_place_of_a_void_one(
    home: Home, client_of: Callable[[], Awaitable[Client]]
) -> None:
    """It lets the device in, and there is nothing to repair any more."""
    await home.set_up(paired())
    client, route = await client_of(), route_of(BATTERY_POWER)
    await _status(client, f"{route}?token={token_of(BATTERY_POWER)}")
    (subentry,) = home.entry.subentries.values()
    s2 = {"id": route, "token_hash": hash_token("a-new-token")}

    home.hass.config_entries.async_update_subentry(
        home.entry, subentry, data=MappingProxyType({**subentry.data, "s2": s2})
    )
    await home.settle()

    assert await _status(client, route, bearer("a-new-token")) == 101
    assert await _status(client, route, bearer(token_of(BATTERY_POWER))) == 401
    assert issues(home) == {}


async def test_a_connection_whose_token_becomes_void(
    home: Home, connect: Connect, client_of: Callable[[], Awaitable[Client]]
) -> None:
    """It ends: whoever has it may be anybody."""
    await home.set_up(paired())
    raw = await (await connect()).start()

    path = f"{route_of(BATTERY_POWER)}?token={token_of(BATTERY_POWER)}"
    assert await _status(await client_of(), path) == 401

    await raw.pass_time(SECOND)
    assert await raw.closed() == 1008
    assert raw.session_requests == ["TERMINATE"]
    with pytest.raises(WSServerHandshakeError):
        await connect()


async def test_a_token_in_an_address_while_the_account_is_not_loaded(
    home: Home, client_of: Callable[[], Awaitable[Client]]
) -> None:
    await home.set_up(paired())
    client, route = await client_of(), route_of(BATTERY_POWER)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    path = f"{route}?token={token_of(BATTERY_POWER)}"
    assert await _status(client, path) == 401

    await home.start()

    assert await _status(client, route, bearer(token_of(BATTERY_POWER))) == 401
    assert set(issues(home)) == {f"s2_token_exposed_{BATTERY_POWER}"}


async def test_no_token_in_an_address(
    home: Home, client_of: Callable[[], Awaitable[Client]]
) -> None:
    """Its hash is none, and neither is what only looks like it."""
    await home.set_up(paired())
    client, route = await client_of(), route_of(BATTERY_POWER)
    token = token_of(BATTERY_POWER)
    for value in (hash_token(token), token + "x", token[:-1], "%FF%FE", ""):
        assert await _status(client, f"{route}?token={value}") == 401

    assert await _status(client, route, bearer(token)) == 101
    assert issues(home) == {}


# --- 1 and 9. what is kept and logged


async def test_only_the_hash_of_the_token_is_kept(
    home: Home, connect: Connect, hass_storage: Json
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()
    await raw.close()
    await home.hass.async_stop(force=True)

    kept = json.dumps([hass_storage, home.entry.as_dict()], default=str)
    assert token_of(BATTERY_POWER) not in kept
    assert hash_token(token_of(BATTERY_POWER)) in kept


async def test_no_secret_and_nothing_of_what_is_said_gets_about(
    home: Home,
    hass_client: ClientSessionGenerator,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="custom_components.flexmeasures")
    await home.set_up(paired())
    # Its views have to be there before the server starts.
    await async_setup_component(home.hass, "diagnostics", {})
    raw = await connect()
    await raw.start(
        name="Its name",
        serial_number="SN-4711",
        resource_id="resource-4711",
        available_control_types=[FRBC],
    )
    await raw.tell("FRBC.StorageStatus", "early", present_fill_level=47.11)
    await raw.tell("PowerMeasurement", "odd", values="payload-4711")
    with pytest.raises(WSServerHandshakeError):
        await connect(token="wrong-4711")

    diagnostics = await get_diagnostics_for_config_entry(
        home.hass, hass_client, home.entry
    )
    states = [state.as_dict() for state in home.hass.states.async_all()]
    logged = "\n".join(
        logging.Formatter().format(each)
        for each in caplog.records
        if not each.name.startswith("websockets")
    )
    for secret in (
        token_of(BATTERY_POWER),
        hash_token(token_of(BATTERY_POWER)),
        "resource-4711",
        "SN-4711",
        "payload-4711",
        "wrong-4711",
    ):
        assert secret not in json.dumps(diagnostics, default=str)
        assert secret not in json.dumps(states, default=str)
        assert secret not in logged
    assert "47.11" not in logged
    assert "Its name" not in json.dumps(diagnostics, default=str)


@pytest.mark.parametrize("poison", ["\n", "\r", "\x1b[31m", "\x00", "\u2028"])
async def test_nothing_that_an_rm_says_spoils_the_log(
    home: Home, connect: Connect, caplog: pytest.LogCaptureFixture, poison: str
) -> None:
    caplog.set_level(logging.DEBUG, logger="custom_components.flexmeasures")
    await home.set_up(paired())
    text = f"Nice{poison}ERROR (MainThread) evil"
    raw = await connect()
    await raw.start(
        name=text, manufacturer=text, model=text, available_control_types=[FRBC]
    )
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    changing = asyncio.create_task(
        resource.async_change_control_type(ControlType.FILL_RATE)
    )
    await until(lambda: raw.of("SelectControlType"))
    selected = raw.of("SelectControlType")[-1]
    await raw.socket.send_str(
        json.dumps(
            {
                "message_type": "ReceptionStatus",
                "subject_message_id": selected["message_id"],
                "status": "OK",
                "diagnostic_label": text,
            }
        )
    )
    await changing
    description = json.loads(json.dumps(BATTERY, default=str))
    description["valid_from"] = NOW.isoformat()
    description["storage"]["fill_level_label"] = text
    description["actuators"][0]["diagnostic_label"] = text
    for mode in description["actuators"][0]["operation_modes"]:
        mode["diagnostic_label"] = text
    assert await raw.tell("FRBC.SystemDescription", **description) == "OK"
    await raw.tell("FRBC.ActuatorStatus", "bad\nid")
    odd = {"message_type": f"Odd{poison}evil", "message_id": "m1"}
    assert await raw.say(json.dumps(odd)) == "INVALID_MESSAGE"
    await raw.tell("SessionRequest", diagnostic_label=text)

    ours = [
        each.getMessage()
        for each in caplog.records
        if each.name.startswith("custom_components.flexmeasures")
    ]
    assert ours
    assert not [line for line in ours if "evil" in line or poison in line]
    states = repr([state.as_dict() for state in home.hass.states.async_all()])
    assert repr(poison)[1:-1] not in states


# --- 3. frames


async def test_a_frame_that_is_too_long_ends_the_session(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    await raw.socket.send_str("x" * (512 * 1024 + 1))

    assert await raw.closed() == 1009


async def test_a_long_frame_is_read(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    assert await raw.say(" " * (500 * 1024)) == "INVALID_DATA"
    assert not raw.is_closed


@pytest.mark.s2_rule("message.json")
async def test_a_binary_frame_ends_the_session(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    await raw.socket.send_bytes(b"{}")

    assert await raw.closed() == 1003


def _measured(value: str) -> str:
    """A measurement with anything as its value."""
    message = json.dumps(wire("PowerMeasurement", "m1"))
    return message.replace("-1200.5", value)


@pytest.mark.parametrize(
    ("text", "subject", "status"),
    [
        ("", NIL, "INVALID_DATA"),
        ("no JSON", NIL, "INVALID_DATA"),
        ("[]", NIL, "INVALID_DATA"),
        ('"text"', NIL, "INVALID_DATA"),
        ("null", NIL, "INVALID_DATA"),
        ("{}", NIL, "INVALID_DATA"),
        ('{"message_type":"Handshake"}', NIL, "INVALID_DATA"),
        ('{"message_type":"Handshake","message_id":7}', NIL, "INVALID_DATA"),
        ('{"message_type":"Handshake","message_id":"a b"}', NIL, "INVALID_DATA"),
        ('{"message_type":"Nonsense","message_id":"m1"}', "m1", "INVALID_MESSAGE"),
        ('{"message_id":"m1"}', "m1", "INVALID_MESSAGE"),
        ('{"message_type":[],"message_id":"m1"}', "m1", "INVALID_MESSAGE"),
        (
            '{"message_type":"PowerMeasurement","message_id":"m1"}',
            "m1",
            "INVALID_MESSAGE",
        ),
        (_measured("NaN"), "m1", "INVALID_CONTENT"),
        (_measured("Infinity"), "m1", "INVALID_CONTENT"),
        (_measured("-Infinity"), "m1", "INVALID_CONTENT"),
        (_measured("1e999"), "m1", "INVALID_CONTENT"),
        (_measured("1e7"), "m1", "INVALID_CONTENT"),
        (_measured("1" + "0" * 4400), NIL, "INVALID_DATA"),
        (_measured("[" * 30 + "]" * 30), "m1", "INVALID_MESSAGE"),
        (_measured("[" * 100_000 + "]" * 100_000), NIL, "INVALID_DATA"),
    ],
)
async def test_what_cannot_be_understood_is_answered_and_the_session_goes_on(
    home: Home, connect: Connect, text: str, subject: str, status: str
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    assert await raw.say(text) == status
    assert raw.statuses[-1]["subject_message_id"] == subject
    assert await raw.tell("PowerMeasurement", "m2") == "OK"
    assert not raw.is_closed


# --- 4. patience


async def test_who_does_not_shake_hands_is_not_waited_for(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await connect()
    await until(lambda: raw.of("Handshake"))

    await raw.pass_time(9 * SECOND)
    assert not raw.is_closed
    await raw.pass_time(SECOND)

    assert await raw.closed() == 1008


async def test_who_does_not_say_what_it_is_is_not_waited_for(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await connect()
    assert await raw.tell("Handshake") == "OK"

    for _ in range(2):
        await raw.pass_time(14 * SECOND)
        # So that only what is expected is missing.
        assert await raw.tell("PowerMeasurement") == "INVALID_CONTENT"
    assert not raw.is_closed
    await raw.pass_time(2 * SECOND)

    assert await raw.closed() == 1008


# --- 5. limits


# Of aiohttp, which goes on with its heartbeat for a moment after some endings.


async def test_who_sends_too_much_is_told_once_and_then_not_heard_any_more(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    while not raw.is_closed:
        said = len(raw.statuses)
        await raw.socket.send_str(json.dumps(wire("PowerMeasurement", "m1")))
        await until(lambda: len(raw.statuses) > said or raw.is_closed)  # noqa: B023

    assert await raw.closed() == 1008
    statuses = [each["status"] for each in raw.statuses]
    assert set(statuses[:-1]) == {"OK"}
    assert statuses[-1] == "TEMPORARY_ERROR"
    assert 190 <= len(statuses) <= 202

    # Nor does it begin again at once with as many.
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect()
    assert refused.value.status == 429
    await raw.pass_time(30 * SECOND)
    assert not (await (await connect()).start()).is_closed


async def test_a_burst_within_the_limits_is_answered(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    for _ in range(150):
        await raw.socket.send_str(json.dumps(wire("PowerMeasurement", "m1")))

    await until(lambda: raw.is_closed or len(raw.statuses) == 152)
    assert not raw.is_closed


async def test_who_sends_as_much_as_is_allowed_goes_on(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    for _ in range(10):
        for _ in range(48):
            assert await raw.tell("PowerMeasurement") == "OK"
        await raw.pass_time(SECOND)

    assert not raw.is_closed


def fill_the_network(monkeypatch: pytest.MonkeyPatch, *methods: str) -> asyncio.Event:
    """Let methods of a connection wait, as when buffers are full, until the event is set."""
    never = asyncio.Event()

    async def wait(*args: Any, **kwargs: Any) -> None:
        await never.wait()

    for method in methods:
        monkeypatch.setattr(WebSocketResponse, method, wait)
    return never


@pytest.mark.s2_rule("end.silent")
async def test_an_rm_that_does_not_read_is_given_up(
    home: Home, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()
    fill_the_network(monkeypatch, "send_str")
    for _ in range(150):
        await raw.socket.send_str(json.dumps(wire("PowerMeasurement", "m1")))

    assert await raw.closed() == 1013
    assert len(raw.statuses) < 150


async def test_an_rm_that_does_not_even_hear_the_good_bye_is_cut_off(
    home: Home, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()
    never = fill_the_network(monkeypatch, "send_str", "close")
    for _ in range(150):
        await raw.socket.send_str(json.dumps(wire("PowerMeasurement", "m1")))
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    await until(lambda: not resource.is_connected)
    assert not raw.is_closed
    await raw.pass_time(6 * SECOND)

    assert await raw.closed() == 1006
    never.set()


@pytest.mark.parametrize("messages", range(99, 104))
async def test_unloading_ends_a_connection_whatever_is_unread(
    home: Home, connect: Connect, monkeypatch: pytest.MonkeyPatch, messages: int
) -> None:
    """A farewell for which there is no room any more must not keep the request."""
    await home.set_up(paired())
    raw = await (await connect()).start()
    never = fill_the_network(monkeypatch, "send_str")
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    for _ in range(messages):
        await raw.socket.send_str(json.dumps(wire("PowerMeasurement", "m1")))

    def is_read() -> bool:
        read = resource.traffic.as_dict()["accepted"].get("PowerMeasurement")
        return read == messages or not resource.is_connected

    await until(is_read)

    assert await home.hass.config_entries.async_unload(home.entry.entry_id)
    never.set()

    assert await raw.closed() in (1001, 1013)
    await until(lambda: not connections())


async def test_there_are_not_more_connections_than_allowed(
    home: Home, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.flexmeasures.cem.server.view._MOST_CONNECTIONS", 2
    )
    await home.set_up(paired(), paired(GARAGE_POWER), paired(CABIN_POWER))
    first = await (await connect()).start(resource_id="first")
    await (await connect(GARAGE_POWER)).start(resource_id="second")

    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(CABIN_POWER)
    assert refused.value.status == 503

    # One that is known may come back.
    again = await (await connect()).start(resource_id="first")
    assert not again.is_closed
    await first.close()
    await again.close()
    third = await (await connect(CABIN_POWER)).start(resource_id="third")
    assert not third.is_closed


# --- 6. one token, one resource


@pytest.mark.s2_rule("select.resource")
async def test_another_resource_is_not_accepted_with_the_token_of_the_first(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    right = await (await connect()).start(resource_id="the-right-one")
    await right.close()

    other = await (await connect()).start(resource_id="another-one")
    assert other.statuses[-1]["status"] == "INVALID_CONTENT"
    assert other.session_requests == ["TERMINATE"]
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    assert not resource.is_connected
    await other.pass_time(SECOND)
    assert await other.closed() == 1008

    right = await (await connect()).start(resource_id="the-right-one")
    assert right.session_requests == []
    assert resource.is_connected


async def test_the_first_resource_is_known_after_a_restart(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    right = await (await connect()).start(resource_id="the-right-one")
    await right.close()
    await home.reload()

    other = await (await connect()).start(resource_id="another-one")

    assert other.session_requests == ["TERMINATE"]


async def test_a_new_token_is_for_whichever_resource_comes_with_it(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start(resource_id="the-old-one")
    (subentry,) = home.entry.subentries.values()
    s2 = {"id": route_of(BATTERY_POWER), "token_hash": hash_token("a-new-token")}
    home.hass.config_entries.async_update_subentry(
        home.entry, subentry, data=MappingProxyType({**subentry.data, "s2": s2})
    )
    await raw.closed()

    with pytest.raises(WSServerHandshakeError) as refused:
        await connect()
    assert refused.value.status == 401
    await home.settle()
    new = await connect(token="a-new-token")
    await new.start(resource_id="the-new-one")

    assert new.statuses[-1]["status"] == "OK"
    assert new.session_requests == []


# --- 7. one connection for each device


@pytest.mark.s2_rule("connection.many")
async def test_the_newest_connection_wins(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    old = await (await connect()).start()
    new = await (await connect()).start()

    await until(lambda: old.session_requests)
    assert old.session_requests == ["TERMINATE"]
    # What it still says is not taken for true.
    assert await old.tell("PowerMeasurement") == "INVALID_CONTENT"
    await new.pass_time(SECOND)
    assert await old.closed() == 1000
    assert not new.is_closed
    assert await new.tell("PowerMeasurement") == "OK"


async def test_a_newcomer_takes_no_place_before_it_says_to_be_the_right_one(
    home: Home, connect: Connect
) -> None:
    """Whether it says to be another one, or says nothing at all."""
    await home.set_up(paired())
    right = await (await connect()).start(resource_id="the-right-one")
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]

    silent = await connect()
    stranger = await (await connect()).start(resource_id="another-one")

    assert stranger.session_requests == ["TERMINATE"]
    await until(lambda: silent.session_requests)
    assert right.session_requests == []
    assert await right.tell("PowerMeasurement") == "OK"
    assert resource.is_connected
    assert resource.link.foreign_resource_id == "another-one"
    again = await (await connect()).start(resource_id="the-right-one")
    await until(lambda: right.session_requests)
    assert await again.tell("PowerMeasurement") == "OK"


async def test_strangers_do_not_keep_the_right_one_out(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    await (await connect()).start(resource_id="the-right-one")
    for _ in range(9):
        await (await connect()).start(resource_id="another-one")

    again = await (await connect()).start(resource_id="the-right-one")

    assert again.statuses[-1]["status"] == "OK"
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    assert not resource.link.is_contested


async def test_a_new_token_is_of_the_first_that_says_what_it_is(
    home: Home, connect: Connect
) -> None:
    """Also when both are there before either says it."""
    await home.set_up(paired())
    first, second = await connect(), await connect()

    await first.start(resource_id="one")
    await second.start(resource_id="two")

    assert second.session_requests == ["TERMINATE"]
    assert first.session_requests == []


async def test_any_resource_may_come_where_that_is_chosen(
    home: Home, connect: Connect
) -> None:
    """Some call themselves otherwise after each start."""
    pairing = paired()
    s2 = {**pairing["data"]["s2"], "any_resource": True}
    await home.set_up(paired() | {"data": {**pairing["data"], "s2": s2}})
    first = await (await connect()).start(resource_id="one")

    second = await (await connect()).start(resource_id="two")

    await until(lambda: first.session_requests)
    assert second.statuses[-1]["status"] == "OK"
    resource = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    assert resource.link.foreign_resource_id is None


async def test_connections_cannot_push_each_other_out_for_ever(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired())
    for _ in range(6):
        last = await (await connect()).start()

    for _ in range(2):
        with pytest.raises(WSServerHandshakeError) as refused:
            await connect()
        assert refused.value.status == 429
    assert home.entry.runtime_data.resources[str(BATTERY_POWER)].link.is_contested
    assert not last.is_closed

    await last.pass_time(61 * SECOND)
    again = await (await connect()).start()
    assert again.statuses[-1]["status"] == "OK"


# --- 8. what is said has to be possible


@pytest.mark.parametrize(
    ("message_type", "changes"),
    [
        ("PowerMeasurement", {"measurement_timestamp": "1999-01-01T00:00:00Z"}),
        ("PowerMeasurement", {"measurement_timestamp": "2099-01-01T00:00:00Z"}),
        (
            "PowerMeasurement",
            {"values": [{"commodity_quantity": "ELECTRIC.POWER.L2", "value": 1.0}]},
        ),
        ("FRBC.StorageStatus", {}),
        ("Handshake", {}),
    ],
)
async def test_what_cannot_be_is_not_believed(
    home: Home, connect: Connect, message_type: str, changes: Json
) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    assert await raw.tell(message_type, **changes) == "INVALID_CONTENT"
    assert not raw.is_closed


# --- 10. fail closed


async def test_nobody_is_let_in_while_the_account_is_not_loaded(
    home: Home,
    client_of: Callable[[], Awaitable[Client]],
    counted: Callable[[], int],
) -> None:
    await home.set_up(paired())
    client, route = await client_of(), route_of(BATTERY_POWER)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.NOT_LOADED

    assert await _status(client, route, bearer(token_of(BATTERY_POWER))) == 503
    assert await _status(client, route, bearer("wrong")) == 401


async def test_a_device_without_s2_has_no_address(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()
    (subentry,) = home.entry.subentries.values()
    data = {key: value for key, value in subentry.data.items() if key != "s2"}
    home.hass.config_entries.async_update_subentry(
        home.entry, subentry, data=MappingProxyType(data)
    )

    await until(lambda: raw.session_requests)
    assert raw.session_requests == ["TERMINATE"]
    await raw.pass_time(SECOND)
    assert await raw.closed() == 1000
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect()
    assert refused.value.status == 401


@pytest.mark.s2_rule("end.reconnect")
async def test_unloading_asks_the_rm_to_come_back(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    await home.hass.config_entries.async_unload(home.entry.entry_id)

    assert await raw.closed() == 1001
    assert raw.session_requests == ["RECONNECT"]


@pytest.mark.s2_rule("end.terminate")
async def test_a_device_that_is_removed_ends_the_session_for_good(
    home: Home, connect: Connect
) -> None:
    await home.set_up(paired(), paired(GARAGE_POWER))
    raw = await (await connect()).start(resource_id="first")
    other = await (await connect(GARAGE_POWER)).start(resource_id="second")

    home.hass.config_entries.async_remove_subentry(home.entry, str(BATTERY_POWER))

    await until(lambda: raw.session_requests)
    assert raw.session_requests == ["TERMINATE"]
    await raw.pass_time(SECOND)
    assert await raw.closed() == 1000
    assert not other.is_closed
    assert other.session_requests == []


@pytest.mark.parametrize(
    "options",
    [{"solar_forecast_sensors": [GARAGE_POWER]}, {"joint_scheduling": True}],
)
async def test_what_does_not_concern_a_device_leaves_its_connection_alone(
    home: Home, connect: Connect, options: Json
) -> None:
    """Options of the account, and settings of another device."""
    await home.set_up(paired(), paired(GARAGE_POWER))
    raw = await (await connect()).start()
    account = home.entry.runtime_data
    garage = account.coordinators[str(GARAGE_POWER)]

    def is_loaded_anew() -> bool:
        return account.coordinators.get(str(GARAGE_POWER)) not in (None, garage)

    home.hass.config_entries.async_update_entry(home.entry, options=options)
    home.change_device(GARAGE_POWER, schedule_duration=3600)
    await until(is_loaded_anew)

    assert home.entry.runtime_data is account
    assert raw.session_requests == []
    assert await raw.tell("PowerMeasurement") == "OK"


def _resource(home: Home) -> Any:
    """Give what speaks with the battery's RM, while that is loaded."""
    return home.entry.runtime_data.resources.get(str(BATTERY_POWER))


async def test_own_settings_leave_a_connection_alone(
    home: Home, connect: Connect
) -> None:
    """What is set otherwise holds; what the RM has told is known, and goes on being told."""
    await home.set_up(paired(automatic_scheduling=True))
    raw = await (await connect()).start()
    before = home.entry.runtime_data.resources[str(BATTERY_POWER)]
    assert await raw.tell("PowerMeasurement") == "OK"

    home.change_device(BATTERY_POWER, schedule_duration=3600)
    await until(lambda: _resource(home) not in (None, before))

    resource = _resource(home)
    assert resource.is_connected
    assert resource.details == before.details
    assert resource.control_type == before.control_type
    assert raw.session_requests == []
    # What was measured before is known, too.
    await until(lambda: resource.power_kw is not None)
    assert await raw.tell("PowerMeasurement") == "OK"
    # The account itself is another matter.
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert await raw.closed() == 1001


async def test_another_token_ends_a_connection(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    home.change_device(
        BATTERY_POWER,
        s2={"id": route_of(BATTERY_POWER), "token_hash": hash_token("another")},
    )

    assert await raw.closed() == 1001


async def test_a_device_that_is_removed_while_it_is_loaded_again(
    home: Home, connect: Connect
) -> None:
    """Nobody takes its RM over, which is let go."""
    await home.set_up(paired())
    raw = await (await connect()).start()

    # It takes some turns until that has ended.
    home.entry.runtime_data.coordinators[
        str(BATTERY_POWER)
    ].lifetime.async_create_background_task(asyncio.Event().wait(), "something")
    home.change_device(BATTERY_POWER, schedule_duration=3600)
    await until(lambda: _resource(home) is None)
    home.hass.config_entries.async_remove_subentry(home.entry, str(BATTERY_POWER))

    assert await raw.closed() == 1001


async def test_a_device_that_is_not_loaded_again(home: Home, connect: Connect) -> None:
    """Its RM is answered as long as it may be, and then let go."""
    await home.set_up(paired())
    raw = await (await connect()).start()
    await home.entry.runtime_data.async_unload_device(str(BATTERY_POWER), goes_on=True)
    assert await raw.tell("PowerMeasurement") == "OK"

    await home.hass.config_entries.async_unload(home.entry.entry_id)

    assert await raw.closed() == 1001


async def test_home_assistant_stops(home: Home, connect: Connect) -> None:
    await home.set_up(paired())
    raw = await (await connect()).start()

    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)

    assert await raw.closed() == 1001
    assert raw.session_requests == ["RECONNECT"]


async def test_there_is_one_view_however_often_the_account_is_loaded(
    home: Home,
) -> None:
    await home.set_up(paired())
    for _ in range(3):
        await home.reload()

    views = [
        resource.canonical
        for resource in home.hass.http.app.router.resources()
        if re.match(PATH, resource.canonical)
    ]
    assert views == [PATH + "{route}"]


# --- 11. control only begins once the user wants it


@pytest.mark.s2_rule("select.measure")
async def test_an_rm_is_not_controlled_until_the_user_wants_it(
    home: Home, connect: Connect
) -> None:
    home.has_planned(5.0)
    await home.set_up(paired())
    raw = await connect()
    await raw.start(available_control_types=[FRBC, "NOT_CONTROLABLE"])
    await until(lambda: raw.of("SelectControlType"))
    for _ in range(4):
        await raw.pass_time(14 * SECOND)
        await raw.tell("PowerMeasurement")

    # It does not answer, and is asked again.
    selected = {each["control_type"] for each in raw.of("SelectControlType")}
    assert selected == {"NOT_CONTROLABLE"}
    assert {each["message_type"] for each in raw.heard} == {
        "Handshake",
        "HandshakeResponse",
        "ReceptionStatus",
        "SelectControlType",
    }
