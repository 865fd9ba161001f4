"""The flows of an account: to add one, to log in again and to change the login."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import ssl
import traceback
from typing import Any
from unittest.mock import patch

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ServerDisconnectedError,
)
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flexmeasures.api.errors import FlexMeasuresError
from custom_components.flexmeasures.api.login import MINIMUM_SERVER_VERSION
from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from .fake_server import (
    BATTERY_POWER,
    CONNECTION_KEY,
    EMAIL,
    HEADERS,
    HTML,
    INTERNAL_ERROR,
    MEMBER_EMAIL,
    NEIGHBOUR_EMAIL,
    PASSWORD,
    RATE_LIMITED,
    REFUSED,
    TOKEN_PREFIX,
    URL_OF_SERVER,
    Answer,
    FakeServer,
    Request,
    User,
    unprocessable,
)
from .flows import (
    ACCOUNT,
    Json,
    Result,
    checked,
    device_of,
    fields,
    log_in,
    start_account,
    start_change,
    start_device,
    start_options,
    submit,
    submit_settings,
    suggested,
)
from .home import meter

pytestmark = pytest.mark.usefixtures("no_secret_logged")

OTHER_URL = "https://other.test:8443"
NEW_PASSWORD = f"another-{PASSWORD}"
ADDED = {
    "power_sensor": BATTERY_POWER,
    "soc_unit": "kWh",
    "schedule_duration": 24 * 3600,
    "update_interval": 3600,
    "automatic_scheduling": False,
}
VERSION_PATH = "/api/"
LOGIN_PATH = "/api/requestAuthToken"
SENSORS_PATH = "/api/v3_0/sensors"


def refused_certificate() -> ClientConnectorCertificateError:
    """Make what is raised for a certificate that nobody trusts."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed (_ssl.c:1081)")
    error.verify_message = "self-signed certificate"
    return ClientConnectorCertificateError(CONNECTION_KEY, error)


NOT_TRUSTED = refused_certificate()


async def add_account(hass: HomeAssistant, flow: Result, login: Json = ACCOUNT) -> Any:
    """Go on from the form of the account to the entry with its first device, which works."""
    flow = await log_in(hass, flow, login)
    assert flow["step_id"] == "device"
    assert flow["errors"] == {}
    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert flow["step_id"] == "facts"
    assert flow["errors"] == {}
    entry_id, _ = flow["handler"]
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    entry: Any = hass.config_entries.async_get_known_entry(entry_id)
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
def account(fake_server: FakeServer) -> MockConfigEntry:
    """An account with one device, not yet set up."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=EMAIL,
        unique_id=f"{URL_OF_SERVER}#1",
        data=ACCOUNT,
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title="Home battery",
                unique_id=str(BATTERY_POWER),
                data=ADDED,
            )
        ],
    )


async def set_up(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    state: ConfigEntryState = ConfigEntryState.LOADED,
) -> MockConfigEntry:
    """Set up an account."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is state
    return entry


def loads_of(entry: MockConfigEntry) -> list[ConfigEntryState]:
    """Give a list that grows each time that the account gets loaded."""
    loads: list[ConfigEntryState] = []

    @callback
    def note() -> None:
        if entry.state is ConfigEntryState.LOADED:
            loads.append(entry.state)

    entry.async_on_state_change(note)
    return loads


# --- adding an account


async def test_add_account(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """The account is there at once, and its first device follows in the same dialog."""
    flow = await start_account(hass)
    assert flow["step_id"] == "user"
    assert flow["errors"] == {}
    assert suggested(flow) == {}

    entry = await add_account(hass, flow)

    assert entry.title == EMAIL
    assert entry.unique_id == f"{URL_OF_SERVER}#1"
    assert dict(entry.data) == ACCOUNT
    assert dict(entry.options) == {}
    (device,) = entry.subentries.values()
    assert device.title == "Home battery"
    assert device.unique_id == str(BATTERY_POWER)
    assert device.subentry_type == SUBENTRY_DEVICE
    # The asset knows its prices, its limits and its state of charge itself.
    assert dict(device.data) == {**ADDED, "automatic_scheduling": True}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("flexmeasures.io", "https://flexmeasures.io"),
        ("https://host", "https://host"),
        ("http://localhost:5000/", "http://localhost:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("[::1]:5000", "https://[::1]:5000"),
        (" HTTPS://FlexMeasures.IO:443/ ", "https://flexmeasures.io"),
        ("http://host:5000/assets/3?x=1#y", "http://host:5000"),
        ("https://host/login?next=%2Fdashboard", "https://host"),
    ],
)
async def test_forms_of_the_address(
    hass: HomeAssistant, fake_server: FakeServer, host: str, address: str
) -> None:
    """An address is asked and kept in one form, and so is the user."""
    flow = await start_account(hass)
    entry = await add_account(
        hass, flow, {**ACCOUNT, CONF_HOST: host, CONF_USERNAME: f" {EMAIL} "}
    )

    assert dict(entry.data) == {**ACCOUNT, CONF_HOST: address}
    assert entry.unique_id == f"{address}#1"
    assert {str(request.url.origin()) for request in fake_server.requests} == {address}


@pytest.mark.parametrize("page", ["", "/", "/assets/3", "/api/v3_0/sensors"])
async def test_server_under_a_path(
    hass: HomeAssistant, fake_server: FakeServer, page: str
) -> None:
    """It works like any other."""
    fake_server.root = "/flexmeasures"
    address = "https://host/flexmeasures"
    flow = await start_account(hass)
    entry = await add_account(hass, flow, {**ACCOUNT, CONF_HOST: f"{address}{page}"})

    assert entry.data[CONF_HOST] == address
    assert entry.unique_id == f"{address}#1"
    assert fake_server.requests_to("GET", SENSORS_PATH)


async def test_page_that_is_no_part_of_a_server(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """What answers there says so."""
    flow = await start_account(hass)
    fake_server.root = "/flexmeasures"
    flow = await submit(hass, flow, {**ACCOUNT, CONF_HOST: "https://host/other"})

    assert flow["errors"] == {CONF_HOST: "not_flexmeasures"}


@pytest.mark.parametrize(
    "host",
    ["", " ", "my server", "ftp://host", "host/a b", "user@example.com", "::1"],
)
async def test_not_an_address(
    hass: HomeAssistant, fake_server: FakeServer, host: str
) -> None:
    """Nothing is sent to what is no address."""
    flow = await start_account(hass)
    flow = await submit(hass, flow, {**ACCOUNT, CONF_HOST: host})

    assert flow["step_id"] == "user"
    assert flow["errors"] == {CONF_HOST: "invalid_address"}
    assert suggested(flow) == {**ACCOUNT, CONF_HOST: host}
    assert fake_server.requests == []

    await add_account(hass, flow)


@pytest.mark.parametrize(
    ("exception", "error", "reason"),
    [
        (
            ClientConnectorError(
                CONNECTION_KEY, ConnectionRefusedError(111, "Refused")
            ),
            "cannot_connect",
            "connection refused",
        ),
        (
            ClientConnectorDNSError(CONNECTION_KEY, OSError(None, "Name not known")),
            "cannot_connect",
            "host name not found",
        ),
        (
            ServerDisconnectedError(),
            "cannot_connect",
            "the server closed the connection",
        ),
        (TimeoutError(), "cannot_connect", "no answer in time"),
        (NOT_TRUSTED, "certificate_not_trusted", "self-signed certificate"),
        (
            ClientConnectorSSLError(
                CONNECTION_KEY, ssl.SSLError(1, "WRONG_VERSION_NUMBER")
            ),
            "no_encryption",
            "it answers without encryption",
        ),
    ],
    ids=["refused", "unknown_host", "cut_off", "timeout", "certificate", "plain_http"],
)
@pytest.mark.parametrize("path", [VERSION_PATH, LOGIN_PATH])
async def test_no_connection(
    hass: HomeAssistant,
    fake_server: FakeServer,
    path: str,
    exception: Exception,
    error: str,
    reason: str,
) -> None:
    """The form says why there is no connection, and keeps what was typed."""
    for method in ("GET", "POST"):
        fake_server.answer(method, path, exception=exception)
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)

    assert flow["step_id"] == "user"
    assert flow["errors"] == {CONF_HOST: error}
    assert flow["description_placeholders"]["reason"] == reason
    assert suggested(flow) == ACCOUNT

    fake_server.recover()
    await add_account(hass, flow)


async def test_encryption_is_required(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Who writes ``http://`` for a server that wants ``https://`` is told so."""
    fake_server.answer(
        "GET",
        VERSION_PATH,
        text=HTML,
        status=301,
        headers={"Location": "https://flexmeasures.test:5000/api/"},
    )
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)

    assert flow["errors"] == {CONF_HOST: "encryption_required"}
    assert flow["description_placeholders"]["https"] == "https://"
    assert suggested(flow) == ACCOUNT

    fake_server.recover()
    await add_account(hass, flow)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://flexmeasures.io", "https://flexmeasures.io"),
        ("http://host:8443/", "https://host:8443"),
    ],
)
async def test_encryption_is_added(
    hass: HomeAssistant, fake_server: FakeServer, written: str, meant: str
) -> None:
    """Who writes ``http://`` for a server that redirects to ``https://`` need not know."""

    async def redirect(request: Request, answer: Answer) -> Answer:
        if request.url.scheme == "https":
            return answer
        return Answer(text=HTML, status=301, headers={"Location": f"{meant}/api/"})

    fake_server.on_answer = redirect
    flow = await start_account(hass)
    entry = await add_account(hass, flow, {**ACCOUNT, CONF_HOST: written})

    assert entry.data[CONF_HOST] == meant


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("192.168.1.7:5000", "http://192.168.1.7:5000"),
        ("fd00::7", None),
        ("[fd00::7]:5000", "http://[fd00::7]:5000"),
        ("homeserver", "http://homeserver"),
        ("flexmeasures.local:5000", "http://flexmeasures.local:5000"),
        ("https://192.168.1.7:5000", None),
        ("flexmeasures.io", None),
    ],
)
async def test_encryption_is_left_out_at_home(
    hass: HomeAssistant, fake_server: FakeServer, written: str, kept: str | None
) -> None:
    """Only there, and only if nobody has asked for it."""
    unencrypted = ClientConnectorSSLError(
        CONNECTION_KEY, ssl.SSLError(1, "WRONG_VERSION_NUMBER")
    )

    async def speak(request: Request, answer: Answer) -> Answer:
        if request.url.scheme == "http":
            return answer
        return Answer(exception=unencrypted)

    fake_server.on_answer = speak
    flow = await start_account(hass)
    flow = await submit(hass, flow, {**ACCOUNT, CONF_HOST: written})

    entries = hass.config_entries.async_entries(DOMAIN)
    assert [entry.data[CONF_HOST] for entry in entries] == ([kept] if kept else [])
    assert flow.get("errors") in (
        None,
        {CONF_HOST: "no_encryption"},
        {CONF_HOST: "invalid_address"},
    )


class Clock:
    """The time of the event loop, which can be moved on."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Go on as it does."""
        self.time = hass.loop.time
        self.ahead = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.time() + self.ahead

    async def go_on(self, seconds: float) -> None:
        """Let it be later, and do what is due."""
        self.ahead += seconds
        for _ in range(100):
            await asyncio.sleep(0)


@pytest.fixture
def clock(hass: HomeAssistant) -> Iterator[Clock]:
    """Give the clock that time-outs go by."""
    clock = Clock(hass)
    with patch.object(hass.loop, "time", clock):
        yield clock


@pytest.mark.parametrize("path", [VERSION_PATH, LOGIN_PATH])
async def test_reason_in_another_language(
    hass: HomeAssistant, fake_server: FakeServer, path: str
) -> None:
    """Also before there is any account."""
    hass.config.language = "de"
    for method in ("GET", "POST"):
        fake_server.answer(
            method, path, exception=ClientConnectorDNSError(CONNECTION_KEY, OSError())
        )
    flow = await submit(hass, await start_account(hass), ACCOUNT)

    reason = flow["description_placeholders"]["reason"]
    assert reason == "Servername nicht gefunden"


@pytest.mark.parametrize("path", [VERSION_PATH, LOGIN_PATH])
async def test_server_that_hangs(
    hass: HomeAssistant, fake_server: FakeServer, clock: Clock, path: str
) -> None:
    """The form waits for 10 seconds, and says so at the address."""
    for method in ("GET", "POST"):
        fake_server.answer(method, path, wait_for=asyncio.Event())
    flow = await start_account(hass)
    submitted = hass.async_create_task(submit(hass, flow, ACCOUNT))
    await clock.go_on(0)
    assert fake_server.requests

    await clock.go_on(9.5)
    assert not submitted.done()
    await clock.go_on(1)
    flow = await submitted

    assert flow["step_id"] == "user"
    assert flow["errors"] == {CONF_HOST: "cannot_connect"}
    assert flow["description_placeholders"]["reason"] == "no answer in time"
    assert suggested(flow) == ACCOUNT

    fake_server.recover()
    await add_account(hass, flow)


async def test_server_that_hangs_again_and_again(
    hass: HomeAssistant, fake_server: FakeServer, clock: Clock
) -> None:
    """All that one form asks has these 10 seconds together."""
    answered = asyncio.Event()
    version = {"flexmeasures_version": MINIMUM_SERVER_VERSION}
    fake_server.answer("GET", VERSION_PATH, json=version, wait_for=answered)
    fake_server.answer("POST", LOGIN_PATH, wait_for=asyncio.Event())
    flow = await start_account(hass)
    submitted = hass.async_create_task(submit(hass, flow, ACCOUNT))
    await clock.go_on(6)
    answered.set()
    await clock.go_on(0)
    assert not submitted.done()

    await clock.go_on(4.5)

    assert (await submitted)["errors"] == {CONF_HOST: "cannot_connect"}


async def test_server_that_hangs_while_a_device_is_added(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    clock: Clock,
) -> None:
    await set_up(hass, account)
    fake_server.answer("GET", SENSORS_PATH, wait_for=asyncio.Event())
    started = hass.async_create_task(start_device(hass, account))
    await clock.go_on(0)
    await clock.go_on(10.5)
    flow = await started

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "cannot_connect"


NO_FLEXMEASURES: list[tuple[Json, str]] = [
    ({"text": HTML}, "HTTP 200 without JSON"),
    ({"text": HTML, "status": 404}, "HTTP 404 without JSON"),
    ({"text": HTML, "status": 401}, "HTTP 401 without JSON"),
    ({"json": {"message": "Not found"}, "status": 404}, "Not found"),
    ({"json": {"message": "Log in"}, "status": 401}, "Log in"),
    ({"json": {"status": "ok"}}, "unexpected answer for the version"),
    ({"json": []}, "unexpected answer for the version"),
    ({"json": None}, "unexpected answer for the version"),
    (
        {"json": {"flexmeasures_version": "newest"}},
        "unexpected answer for the version",
    ),
    (
        {
            "text": HTML,
            "status": 301,
            "headers": {"Location": "https://flexmeasures.test/"},
        },
        "it redirects to https://flexmeasures.test/",
    ),
    ({"json": {}, "status": 308}, "it redirects (HTTP 308)"),
    (
        {"text": "{", "headers": {"Content-Type": "application/json"}},
        "the answer is no JSON",
    ),
]


@pytest.mark.parametrize(("answer", "reason"), NO_FLEXMEASURES)
async def test_no_flexmeasures_server(
    hass: HomeAssistant, fake_server: FakeServer, answer: Json, reason: str
) -> None:
    """The password is not sent to anything that is no FlexMeasures server."""
    fake_server.answer("GET", VERSION_PATH, **answer)
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)

    assert flow["errors"] == {CONF_HOST: "not_flexmeasures"}
    assert reason in flow["description_placeholders"]["reason"]
    assert suggested(flow) == ACCOUNT
    assert fake_server.requests_to("POST", LOGIN_PATH) == []

    fake_server.recover()
    await add_account(hass, flow)


@pytest.mark.parametrize("version", ["0.31.3", "0.9", "1.0.0rc1"])
async def test_server_too_old(
    hass: HomeAssistant, fake_server: FakeServer, version: str
) -> None:
    """The form says which version the server has and which one it needs."""
    fake_server.version = version
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)

    assert flow["errors"] == {CONF_HOST: "server_too_old"}
    given = flow["description_placeholders"]
    assert given["version"] == version
    assert given["needed"] == MINIMUM_SERVER_VERSION
    assert suggested(flow) == ACCOUNT

    fake_server.version = MINIMUM_SERVER_VERSION
    await add_account(hass, flow)


@pytest.mark.parametrize(
    ("path", "answer", "field", "error", "placeholders"),
    [
        (
            path,
            {"status": 429, "json": RATE_LIMITED, "headers": {"Retry-After": "296"}},
            "base",
            "rate_limited",
            {"seconds": "296"},
        )
        for path in (VERSION_PATH, LOGIN_PATH)
    ]
    + [
        (
            path,
            {"status": 502, "text": HTML},
            CONF_HOST,
            "server_error",
            {"reason": "HTTP 502"},
        )
        for path in (VERSION_PATH, LOGIN_PATH)
    ]
    + [
        (
            LOGIN_PATH,
            {"status": 500, "json": INTERNAL_ERROR},
            CONF_HOST,
            "server_error",
            {"reason": "An internal error has occurred."},
        ),
        (
            LOGIN_PATH,
            {"json": {"status": 200, "user_id": 1}},
            CONF_HOST,
            "not_flexmeasures",
            {"reason": "unexpected answer for the token"},
        ),
        (
            LOGIN_PATH,
            {"json": []},
            CONF_HOST,
            "not_flexmeasures",
            {"reason": "unexpected answer for the token"},
        ),
        (
            LOGIN_PATH,
            {
                "status": 422,
                "json": unprocessable({"json": {"email": ["Too long."]}}).json,
            },
            "base",
            "rejected",
            {"reason": "email: Too long."},
        ),
    ],
)
async def test_server_refuses(
    hass: HomeAssistant,
    fake_server: FakeServer,
    path: str,
    answer: Json,
    field: str,
    error: str,
    placeholders: dict[str, str],
) -> None:
    """The form says what the server said, and keeps what was typed."""
    for method in ("GET", "POST"):
        fake_server.answer(method, path, **answer)
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)

    assert flow["step_id"] == "user"
    assert flow["errors"] == {field: error}
    assert placeholders.items() <= flow["description_placeholders"].items()
    assert suggested(flow) == ACCOUNT

    fake_server.recover()
    await add_account(hass, flow)


async def test_retry_after_means_nothing_without_429(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The server's rate limiter puts it on every answer."""
    assert "Retry-After" in HEADERS

    await add_account(hass, await start_account(hass))


async def test_unknown_user(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """The form tells a wrong name from a wrong password."""
    flow = await start_account(hass)
    typed = {**ACCOUNT, CONF_USERNAME: "Nobody@example.com"}
    flow = await submit(hass, flow, typed)

    assert flow["errors"] == {CONF_USERNAME: "unknown_user"}
    assert suggested(flow) == typed

    await add_account(hass, flow)


async def test_username_in_another_case(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The account has what the server knows, so that the next log-in works at once."""
    flow = await start_account(hass)
    typed = {**ACCOUNT, CONF_USERNAME: "Demo@Example.COM"}
    entry = await add_account(hass, flow, typed)

    assert entry.title == EMAIL
    assert dict(entry.data) == ACCOUNT


async def test_username_with_capitals(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """One that the server knows so is left alone."""
    fake_server.users["Demo@Example.com"] = fake_server.users.pop(EMAIL)
    flow = await start_account(hass)
    typed = {**ACCOUNT, CONF_USERNAME: "Demo@Example.com"}
    entry = await add_account(hass, flow, typed)

    assert dict(entry.data) == typed


async def test_wrong_password_of_a_username_in_another_case(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The user is known, and stays as it was typed until the password is right."""
    flow = await start_account(hass)
    typed = {
        **ACCOUNT,
        CONF_USERNAME: EMAIL.upper(),
        CONF_PASSWORD: f"another-{PASSWORD}",
    }
    flow = await submit(hass, flow, typed)

    assert flow["errors"] == {CONF_PASSWORD: "wrong_password"}
    assert suggested(flow)[CONF_USERNAME] == EMAIL.upper()


async def test_wrong_password(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """A password that the server refused is not shown again."""
    flow = await start_account(hass)
    flow = await submit(hass, flow, {**ACCOUNT, CONF_PASSWORD: NEW_PASSWORD})

    assert flow["errors"] == {CONF_PASSWORD: "wrong_password"}
    assert suggested(flow) == {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: EMAIL}

    await add_account(hass, flow)


@pytest.mark.parametrize("path", [VERSION_PATH, LOGIN_PATH])
async def test_unexpected_exception(
    hass: HomeAssistant,
    fake_server: FakeServer,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    """What nobody thought of is logged, and can be tried again."""
    method = {VERSION_PATH: "GET", LOGIN_PATH: "POST"}[path]
    fake_server.answer(method, path, exception=RuntimeError("Nobody thought of this"))
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)

    assert flow["errors"] == {"base": "unknown"}
    assert suggested(flow) == ACCOUNT
    assert "Nobody thought of this" in caplog.text

    fake_server.recover()
    await add_account(hass, flow)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 502, "text": HTML}, "server_error"),
        ({"status": 403, "json": {"message": "No access."}}, "not_permitted"),
        ({"status": 404, "json": {"message": "No such path."}}, "not_found"),
        ({"status": 401, "json": {"message": "No database."}}, "server_error"),
        ({"json": [{"id": 1}]}, "not_flexmeasures"),
        ({"exception": TimeoutError()}, "cannot_connect"),
        ({"exception": RuntimeError("Nobody thought of this")}, "unknown"),
    ],
)
async def test_login_is_kept(
    hass: HomeAssistant, fake_server: FakeServer, answer: Json, reason: str
) -> None:
    """The account is there, whatever becomes of its first device, which can come later."""
    fake_server.answer("GET", SENSORS_PATH, **answer)
    flow = await submit(hass, await start_account(hass), ACCOUNT)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert "next_flow" not in flow
    entry = flow["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.data) == ACCOUNT
    flow = await start_device(hass, entry)
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == reason

    fake_server.recover()
    flow = await start_device(hass, entry)
    assert flow["step_id"] == "device"


async def test_no_power_sensors(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """Without anything to schedule of one's own there is no device, but the account."""
    for sensor_id in (6, 10, 12, 20, 30):
        del fake_server.sensors[sensor_id]
    flow = await log_in(hass, await start_account(hass))

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "no_power_sensors"


@pytest.mark.parametrize(
    "host", [URL_OF_SERVER, f" {URL_OF_SERVER.upper()}/ "], ids=["same", "other_form"]
)
async def test_same_account_twice(
    hass: HomeAssistant, fake_server: FakeServer, host: str
) -> None:
    """An account is known by its server and the user's id there."""
    await add_account(hass, await start_account(hass))
    flow = await start_account(hass)
    flow = await submit(hass, flow, {**ACCOUNT, CONF_HOST: host})

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_same_account_in_two_flows(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A flow that was left open is no reason to refuse another one."""
    left_open = await start_account(hass)
    await add_account(hass, await start_account(hass))
    flow = await submit(hass, left_open, ACCOUNT)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"


async def test_two_accounts(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """Another user of the same server, and the same user elsewhere, are other accounts."""
    await add_account(hass, await start_account(hass))
    for other in ({CONF_USERNAME: MEMBER_EMAIL}, {CONF_HOST: OTHER_URL}):
        await add_account(hass, await start_account(hass), {**ACCOUNT, **other})

    assert {entry.unique_id for entry in hass.config_entries.async_entries(DOMAIN)} == {
        f"{URL_OF_SERVER}#1",
        f"{URL_OF_SERVER}#2",
        f"{OTHER_URL}#1",
    }


@pytest.mark.parametrize("missing", [CONF_HOST, CONF_USERNAME, CONF_PASSWORD])
async def test_required_fields(
    hass: HomeAssistant, fake_server: FakeServer, missing: str
) -> None:
    """All three fields have to be filled in."""
    flow = await start_account(hass)
    with pytest.raises(InvalidData):
        await submit(
            hass, flow, {key: ACCOUNT[key] for key in ACCOUNT if key != missing}
        )

    await add_account(hass, flow)


# --- logging in again


async def start_login(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> Result:
    """Wait for the next update, which has the user asked for the password."""
    freezer.tick(timedelta(hours=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    return await login_form(hass, entry)


async def login_form(hass: HomeAssistant, entry: MockConfigEntry) -> Result:
    """The form that asks for the password."""
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["entry_id"] == entry.entry_id
    form = checked(await hass.config_entries.flow.async_configure(flow["flow_id"]))
    assert form["step_id"] == "reauth_confirm"
    assert form["errors"] == {}
    assert suggested(form) == {}
    given = form["description_placeholders"]
    assert given["username"] == entry.data[CONF_USERNAME]
    assert given["host"] == entry.data[CONF_HOST]
    return form


async def log_in_again(
    hass: HomeAssistant, entry: MockConfigEntry, flow: Result
) -> None:
    """Type the right password, and look whether the account works again."""
    loads = loads_of(entry)
    flow = await submit(hass, flow, {CONF_PASSWORD: NEW_PASSWORD})

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reauth_successful"
    assert dict(entry.data) == {**ACCOUNT, CONF_PASSWORD: NEW_PASSWORD}
    assert entry.state is ConfigEntryState.LOADED
    (coordinator,) = entry.runtime_data.coordinators.values()
    assert coordinator.last_update_success
    # Once: the entry was not reloaded twice.
    assert loads == [ConfigEntryState.LOADED]
    assert hass.config_entries.flow.async_progress() == []


async def test_log_in_again_while_loaded(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A password that was changed on the server is asked for, and goes on working."""
    await set_up(hass, account)
    fake_server.users[EMAIL].password = NEW_PASSWORD
    fake_server.tokens.clear()

    flow = await start_login(hass, account, freezer)

    assert account.state is ConfigEntryState.LOADED
    await log_in_again(hass, account, flow)


async def test_log_in_again_after_failed_set_up(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """The same when Home Assistant started with the former password."""
    fake_server.users[EMAIL].password = NEW_PASSWORD
    await set_up(hass, account, ConfigEntryState.SETUP_ERROR)

    flow = await login_form(hass, account)

    await log_in_again(hass, account, flow)


async def test_log_in_again_with_the_same_password(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An account that the server had lost for a while works again, though nothing changed."""
    fake_server.users[EMAIL].password = NEW_PASSWORD
    await set_up(hass, account, ConfigEntryState.SETUP_ERROR)
    flow = await login_form(hass, account)
    fake_server.users[EMAIL].password = PASSWORD

    flow = await submit(hass, flow, {CONF_PASSWORD: PASSWORD})

    assert flow["reason"] == "reauth_successful"
    assert dict(account.data) == ACCOUNT
    assert account.state is ConfigEntryState.LOADED


LOGIN_ERRORS: list[tuple[str, Json, str, str]] = [
    (LOGIN_PATH, {"status": 500, "json": INTERNAL_ERROR}, "base", "server_error"),
    (VERSION_PATH, {"exception": TimeoutError()}, "base", "cannot_connect"),
    (VERSION_PATH, {"exception": NOT_TRUSTED}, "base", "certificate_not_trusted"),
    (VERSION_PATH, {"text": HTML}, "base", "not_flexmeasures"),
    (
        VERSION_PATH,
        {"json": {"flexmeasures_version": "0.31.3"}},
        "base",
        "server_too_old",
    ),
    (LOGIN_PATH, {"status": 429, "json": RATE_LIMITED}, "base", "rate_limited"),
    (
        LOGIN_PATH,
        {"status": 404, "json": {"errors": ["User does not exist"]}},
        "base",
        "unknown_user",
    ),
    (VERSION_PATH, {"exception": RuntimeError("Boom")}, "base", "unknown"),
]


@pytest.mark.parametrize(("path", "answer", "field", "error"), LOGIN_ERRORS)
async def test_no_login_yet(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    path: str,
    answer: Json,
    field: str,
    error: str,
) -> None:
    """What is not about the only field is shown above it, and what was typed is kept."""
    fake_server.users[EMAIL].password = NEW_PASSWORD
    await set_up(hass, account, ConfigEntryState.SETUP_ERROR)
    flow = await login_form(hass, account)
    for method in ("GET", "POST"):
        fake_server.answer(method, path, **answer)

    flow = await submit(hass, flow, {CONF_PASSWORD: NEW_PASSWORD})

    assert flow["step_id"] == "reauth_confirm"
    assert flow["errors"] == {field: error}
    assert suggested(flow) == {CONF_PASSWORD: NEW_PASSWORD}

    fake_server.recover()
    await log_in_again(hass, account, flow)


async def test_wrong_password_again(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """A password that is wrong too is asked for once more."""
    fake_server.users[EMAIL].password = NEW_PASSWORD
    await set_up(hass, account, ConfigEntryState.SETUP_ERROR)
    flow = await login_form(hass, account)

    flow = await submit(hass, flow, {CONF_PASSWORD: "wrong"})

    assert flow["errors"] == {CONF_PASSWORD: "wrong_password"}
    assert suggested(flow) == {}
    assert dict(account.data) == ACCOUNT

    await log_in_again(hass, account, flow)


async def test_login_of_another_account(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """An address that belongs to another user by now is not taken for the former one."""
    fake_server.users[EMAIL] = User(7, NEW_PASSWORD)
    await set_up(hass, account, ConfigEntryState.SETUP_ERROR)
    flow = await login_form(hass, account)

    flow = await submit(hass, flow, {CONF_PASSWORD: NEW_PASSWORD})

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "wrong_account"
    assert dict(account.data) == ACCOUNT


# --- changing the server or the login


@pytest.mark.parametrize(
    ("typed", "kept", "unique_id"),
    [
        ({}, {}, f"{URL_OF_SERVER}#1"),
        ({CONF_PASSWORD: ""}, {}, f"{URL_OF_SERVER}#1"),
        ({CONF_HOST: OTHER_URL}, {CONF_HOST: OTHER_URL}, f"{OTHER_URL}#1"),
        (
            {CONF_HOST: OTHER_URL, CONF_USERNAME: MEMBER_EMAIL},
            {CONF_HOST: OTHER_URL, CONF_USERNAME: MEMBER_EMAIL},
            f"{OTHER_URL}#2",
        ),
        (
            {CONF_PASSWORD: NEW_PASSWORD},
            {CONF_PASSWORD: NEW_PASSWORD},
            f"{URL_OF_SERVER}#1",
        ),
    ],
    ids=["nothing", "empty_password", "server", "server_and_user", "password"],
)
@pytest.mark.parametrize(
    ("unanswered", "state"),
    [
        ("/nothing", ConfigEntryState.LOADED),
        (f"{SENSORS_PATH}/*/data", ConfigEntryState.SETUP_RETRY),
    ],
)
async def test_change_account(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    unanswered: str,
    state: ConfigEntryState,
    typed: Json,
    kept: Json,
    unique_id: str,
) -> None:
    """The account works with what was changed; an empty password keeps the known one."""
    fake_server.answer("GET", unanswered, exception=TimeoutError())
    await set_up(hass, account, state)
    fake_server.recover()
    fake_server.users[EMAIL].password = kept.get(CONF_PASSWORD, PASSWORD)

    flow = await start_change(hass, account)
    assert flow["step_id"] == "reconfigure"
    assert flow["errors"] == {}
    assert suggested(flow) == {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: EMAIL}
    loads = loads_of(account)
    flow = await submit(hass, flow, {**suggested(flow), **typed})

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reconfigure_successful"
    assert dict(account.data) == {**ACCOUNT, **kept}
    assert account.unique_id == unique_id
    assert account.title == account.data[CONF_USERNAME]
    assert account.state is ConfigEntryState.LOADED
    assert device_of(account, BATTERY_POWER).title == "Home battery"
    # Once: the entry was not reloaded twice.
    assert loads == [ConfigEntryState.LOADED]


async def test_change_keeps_the_name_of_an_account(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """A name that the user gave to the account stays."""
    await set_up(hass, account)
    hass.config_entries.async_update_entry(account, title="My home")
    await hass.async_block_till_done()

    flow = await start_change(hass, account)
    await submit(hass, flow, {**suggested(flow), CONF_HOST: OTHER_URL})

    assert account.data[CONF_HOST] == OTHER_URL
    assert account.title == "My home"


@pytest.mark.parametrize("host", [URL_OF_SERVER, OTHER_URL])
async def test_change_to_another_account(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry, host: str
) -> None:
    """A login that does not see the devices cannot be theirs."""
    await set_up(hass, account)
    flow = await start_change(hass, account)
    flow = await submit(hass, flow, {CONF_HOST: host, CONF_USERNAME: NEIGHBOUR_EMAIL})

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "wrong_account"
    assert dict(account.data) == ACCOUNT


async def test_change_to_a_server_without_the_devices(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """The same when the server has no such sensors at all."""
    await set_up(hass, account)
    del fake_server.sensors[BATTERY_POWER]
    flow = await start_change(hass, account)
    flow = await submit(hass, flow, {CONF_HOST: OTHER_URL, CONF_USERNAME: EMAIL})

    assert flow["reason"] == "wrong_account"
    assert dict(account.data) == ACCOUNT


async def test_change_to_an_account_without_the_meters(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """What is metered belongs to the account as well."""
    metered = MockConfigEntry(
        domain=DOMAIN,
        unique_id=f"{URL_OF_SERVER}#1",
        data=ACCOUNT,
        subentries_data=[meter()],
    )
    metered.add_to_hass(hass)
    await set_up(hass, metered)
    flow = await start_change(hass, metered)
    flow = await submit(
        hass, flow, {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: NEIGHBOUR_EMAIL}
    )

    assert flow["reason"] == "wrong_account"
    assert dict(metered.data) == ACCOUNT


async def test_change_the_password_with_a_device_gone(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """A sensor that was deleted on the server makes the same login no other account."""
    await set_up(hass, account)
    del fake_server.sensors[BATTERY_POWER]
    fake_server.users[EMAIL].password = NEW_PASSWORD
    flow = await start_change(hass, account)
    flow = await submit(hass, flow, {**ACCOUNT, CONF_PASSWORD: NEW_PASSWORD})

    assert flow["reason"] == "reconfigure_successful"
    assert account.data[CONF_PASSWORD] == NEW_PASSWORD


async def test_change_to_an_account_that_is_set_up(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """Two entries cannot be the same account."""
    await set_up(hass, account)
    await add_account(
        hass, await start_account(hass), {**ACCOUNT, CONF_USERNAME: MEMBER_EMAIL}
    )

    flow = await start_change(hass, account)
    flow = await submit(
        hass, flow, {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: MEMBER_EMAIL}
    )

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"
    assert dict(account.data) == ACCOUNT


@pytest.mark.parametrize(
    ("path", "answer", "field", "error"),
    [
        (path, answer, {"cannot_connect": CONF_HOST}.get(error, field), error)
        for path, answer, field, error in LOGIN_ERRORS
        if error in {"cannot_connect", "rate_limited", "unknown"}
    ]
    + [
        (
            f"{SENSORS_PATH}/{BATTERY_POWER}",
            {"status": 502, "text": HTML},
            CONF_HOST,
            "server_error",
        ),
        (
            LOGIN_PATH,
            {"status": 404, "json": {"errors": ["User does not exist"]}},
            CONF_USERNAME,
            "unknown_user",
        ),
    ],
)
async def test_change_while_the_server_is_away(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    path: str,
    answer: Json,
    field: str,
    error: str,
) -> None:
    """What was typed is kept, the password too: left empty, it would be the former one."""
    await set_up(hass, account)
    fake_server.users[EMAIL].password = NEW_PASSWORD
    for method in ("GET", "POST"):
        fake_server.answer(method, path, **answer)
    typed = {**ACCOUNT, CONF_HOST: OTHER_URL, CONF_PASSWORD: NEW_PASSWORD}
    flow = await start_change(hass, account)
    flow = await submit(hass, flow, typed)

    assert flow["step_id"] == "reconfigure"
    assert flow["errors"] == {field: error}
    assert suggested(flow) == typed
    assert dict(account.data) == ACCOUNT

    fake_server.recover()
    flow = await submit(hass, flow, suggested(flow))
    assert flow["reason"] == "reconfigure_successful"
    assert dict(account.data) == typed


@pytest.mark.parametrize("typed", [{}, {CONF_PASSWORD: "wrong"}])
async def test_change_with_a_wrong_password(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry, typed: Json
) -> None:
    """Whether it was typed or known, a refused password is asked for and not shown."""
    await set_up(hass, account)
    fake_server.users[EMAIL].password = NEW_PASSWORD
    shown = {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: EMAIL}
    flow = await start_change(hass, account)
    flow = await submit(hass, flow, {**shown, **typed})

    assert flow["errors"] == {CONF_PASSWORD: "wrong_password"}
    assert suggested(flow) == shown

    flow = await submit(hass, flow, {**shown, CONF_PASSWORD: NEW_PASSWORD})
    assert flow["reason"] == "reconfigure_successful"
    assert account.data[CONF_PASSWORD] == NEW_PASSWORD


async def test_change_to_no_address(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """An empty address does not mean the former one."""
    await set_up(hass, account)
    flow = await start_change(hass, account)
    flow = await submit(hass, flow, {CONF_HOST: "", CONF_USERNAME: EMAIL})

    assert flow["errors"] == {CONF_HOST: "invalid_address"}

    flow = await submit(hass, flow, {CONF_HOST: OTHER_URL, CONF_USERNAME: EMAIL})
    assert flow["reason"] == "reconfigure_successful"
    assert dict(account.data) == {**ACCOUNT, CONF_HOST: OTHER_URL}


# --- what holds for all devices of an account


async def test_options(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """Devices of one site are scheduled together if that is wanted, from then on."""
    await set_up(hass, account)
    flow = await start_options(hass, account)
    assert suggested(flow) == {}
    flow = await submit(hass, flow, {"joint_scheduling": True})

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert dict(account.options) == {"joint_scheduling": True}
    assert account.state is ConfigEntryState.LOADED

    flow = await start_options(hass, account)
    assert suggested(flow) == {"joint_scheduling": True}
    await submit(hass, flow, {"joint_scheduling": False})
    assert dict(account.options) == {"joint_scheduling": False}


async def test_options_solar_forecast(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """Sensors are picked from a list or typed, own ones first; each counts once."""
    await set_up(hass, account)
    flow = await start_options(hass, account)
    assert flow["errors"] == {}
    offered = fields(flow)["solar_forecast_sensors"].config["options"]
    assert offered == [
        "Cabin battery: cabin battery power (MW)",
        "Demo house: household consumption (kW)",
        "Garage battery: garage battery power (W)",
        "Home battery: battery charging (kW)",
        "Home battery: battery power (kW)",
        "NL transmission zone: zone power (MW)",
    ]

    flow = await submit(
        hass,
        flow,
        {
            "joint_scheduling": False,
            "solar_forecast_sensors": [offered[2], offered[1], " 6 ", "20"],
        },
    )
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert account.options["solar_forecast_sensors"] == [20, 6]

    flow = await start_options(hass, account)
    assert suggested(flow)["solar_forecast_sensors"] == [offered[2], offered[1]]
    await submit(hass, flow, {"joint_scheduling": True, "solar_forecast_sensors": []})
    assert dict(account.options) == {"joint_scheduling": True}


@pytest.mark.parametrize(
    ("sensor", "error"),
    [
        ("roof", "not_a_sensor_id"),
        ("9999", "sensor_not_found"),
        ("40", "sensor_of_another_account"),
        ("1", "not_a_production_sensor"),
        ("11", "not_a_production_sensor"),
    ],
    ids=["no_number", "unknown", "foreign", "price", "state_of_charge"],
)
async def test_options_solar_forecast_errors(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    sensor: str,
    error: str,
) -> None:
    """The field says which one will not do, and why; then it is mended."""
    await set_up(hass, account)
    values = {"joint_scheduling": True, "solar_forecast_sensors": ["6", sensor]}
    flow = await submit(hass, await start_options(hass, account), values)

    assert flow["errors"] == {"solar_forecast_sensors": error}
    assert flow["description_placeholders"]["sensor"] == sensor
    assert suggested(flow) == values

    values["solar_forecast_sensors"] = ["6"]
    flow = await submit(hass, flow, values)
    assert dict(account.options) == {
        "joint_scheduling": True,
        "solar_forecast_sensors": [6],
    }


async def test_options_while_the_server_is_away(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """What is set stays and the rest can be changed; what is new is checked later."""
    await set_up(hass, account)
    hass.config_entries.async_update_entry(
        account, options={"joint_scheduling": False, "solar_forecast_sensors": [6, 20]}
    )
    await hass.async_block_till_done()
    fake_server.fail(REFUSED)

    flow = await start_options(hass, account)
    assert flow["errors"] == {"base": "cannot_connect"}
    assert suggested(flow)["solar_forecast_sensors"] == ["6", "20"]
    flow = await submit(
        hass,
        flow,
        {"joint_scheduling": True, "solar_forecast_sensors": ["6", "20", "12"]},
    )
    assert flow["errors"] == {"base": "cannot_connect"}
    assert suggested(flow)["solar_forecast_sensors"] == ["6", "20", "12"]
    await submit(
        hass, flow, {"joint_scheduling": True, "solar_forecast_sensors": ["20"]}
    )

    assert dict(account.options) == {
        "joint_scheduling": True,
        "solar_forecast_sensors": [20],
    }


async def test_options_with_a_sensor_that_is_gone(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """It keeps nobody from changing the rest."""
    await set_up(hass, account)
    hass.config_entries.async_update_entry(
        account, options={"joint_scheduling": False, "solar_forecast_sensors": [9999]}
    )
    await hass.async_block_till_done()

    flow = await start_options(hass, account)
    assert suggested(flow)["solar_forecast_sensors"] == ["9999"]
    await submit(hass, flow, {**suggested(flow), "joint_scheduling": True})

    assert account.options["joint_scheduling"] is True


async def test_options_for_a_sensor_that_is_new(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """One that came after the list can be typed."""
    await set_up(hass, account)
    flow = await start_options(hass, account)
    fake_server.sensors[77] = {**fake_server.sensors[6], "id": 77}

    await submit(
        hass, flow, {"joint_scheduling": False, "solar_forecast_sensors": ["77"]}
    )

    assert account.options["solar_forecast_sensors"] == [77]


# --- secrets


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 401, "json": {"errors": ["Wrong."]}},
        {"status": 404, "json": {"errors": ["Unknown."]}},
        {"status": 422, "json": {"message": {"json": {"email": ["Wrong."]}}}},
        {"status": 429, "json": RATE_LIMITED},
        {"status": 500, "json": INTERNAL_ERROR},
        {"text": HTML},
        {"json": {"auth_token": f"{TOKEN_PREFIX}x"}},
        {"exception": TimeoutError()},
        {"exception": NOT_TRUSTED},
    ],
)
async def test_no_secret_is_shown(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    answer: Json,
) -> None:
    """Neither what holds the password and the token nor what goes wrong shows them."""
    await set_up(hass, account)
    # Logs are looked through after each test here, those for debugging too.
    assert "Finished fetching schedule of Home battery" in caplog.text
    api = account.runtime_data.api
    fake_server.answer("POST", LOGIN_PATH, **answer)

    with pytest.raises(FlexMeasuresError) as failure:
        await api.log_in()

    shown = "".join(
        (
            repr(api),
            repr(vars(api)),
            str(failure.value),
            repr(failure.value),
            *traceback.format_exception(failure.value),
        )
    )
    assert PASSWORD not in shown
    assert TOKEN_PREFIX not in shown
