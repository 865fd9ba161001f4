"""The one door to the server: what is asked, what comes out, and what can go wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import errno
import ipaddress
import logging
from pathlib import Path
import socket
import ssl
from typing import Any
from unittest.mock import Mock, patch
from zoneinfo import ZoneInfo

from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientOSError,
    ClientPayloadError,
    ClientSession,
    ServerDisconnectedError,
    web,
)
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.flexmeasures.api.address import ServerAddress
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import (
    AddressNotAcceptedError,
    CannotConnectError,
    CertificateError,
    EncryptionRequiredError,
    FlexMeasuresError,
    InfeasibleError,
    JobFailedError,
    JobTimeoutError,
    NoEncryptionError,
    NotFlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RateLimitedError,
    RejectedError,
    ServerError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
)
from custom_components.flexmeasures.api.models import (
    Asset,
    Job,
    PostedData,
    Sensor,
    SensorData,
)
from custom_components.flexmeasures.api.rate_limit import Allowance, RateLimit
from custom_components.flexmeasures.api.refusals import (
    ComputationInterruptedError,
    ComputationTooLongError,
    ComputedSensorUnitError,
    CurrenciesDifferError,
    DatabaseAwayError,
    JobQueueAwayError,
    LevelMaximumUnknownError,
    LevelSensorError,
    LevelTooOldError,
    PowerCapacityUnknownError,
    PowerSensorError,
    PriceNotReadableError,
    PriceNotSetError,
    PricesUnknownError,
    SensorNotFoundError,
    SensorNotReadableError,
    SensorUnitError,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .fake_server import (
    ACCOUNT,
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CONNECTION_KEY,
    EMAIL,
    HOUSE,
    HTML,
    INTERNAL_ERROR,
    NEIGHBOUR_HOUSE,
    NEIGHBOUR_POWER,
    PASSWORD,
    PRICE,
    RATE_LIMITED,
    UNAUTHENTICATED,
    UNKNOWN_SENSOR,
    URL_OF_SERVER,
    ZONE,
    FakeServer,
    StoredSchedule,
    failed_job,
    finished_job,
    running_job,
    unprocessable,
)

LOGIN = "/api/requestAuthToken"
ASSET = f"/api/v3_0/assets/{BATTERY}"
TRIGGER = f"{ASSET}/schedules/trigger"
DATA = f"/api/v3_0/sensors/{BATTERY_POWER}/data"
JOB = "/api/v3_0/jobs/*"

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)

# The server's answer to a duplicate sensor name, shortened.
SQL = (
    '(psycopg2.errors.UniqueViolation) duplicate key value violates "sensor_name"\n'
    "DETAIL:  Key (name)=(power) already exists.\n\n"
    "[SQL: INSERT INTO sensor (name) VALUES (%(name)s) RETURNING sensor.id]"
)


@pytest.fixture
def api(hass: HomeAssistant, fake_server: FakeServer) -> FlexMeasuresApi:
    """Give one login on the scripted server."""
    return make_api(hass)


def make_api(hass: HomeAssistant, **changes: str) -> FlexMeasuresApi:
    """Make a login, by default the right one."""
    login = {"username": EMAIL, "password": PASSWORD} | changes
    return FlexMeasuresApi(
        async_get_clientsession(hass), ServerAddress.parse(URL_OF_SERVER), **login
    )


def power_sensor(sensor_id: int) -> Sensor:
    """Make the metadata of a sensor, whether or not the server has it."""
    return Sensor(
        id=sensor_id,
        name="power",
        unit="kW",
        resolution=QUARTER,
        time_zone=ZoneInfo("Europe/Amsterdam"),
        asset_id=BATTERY,
        consumption_is_positive=True,
    )


async def trigger(api: FlexMeasuresApi) -> str:
    """Ask for a schedule."""
    return await api.trigger_schedule(
        BATTERY,
        start=START,
        duration=HOUR,
        flex_model=[{"sensor": BATTERY_POWER}],
        flex_context={},
        force=True,
    )


def logins(fake_server: FakeServer) -> int:
    """Count the log-ins so far."""
    return len(fake_server.requests_to("POST", LOGIN))


# --- what is asked, and what comes out


async def test_version(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """It is asked without a login."""
    assert await api.get_version() == "1.0.1"

    (request,) = fake_server.requests
    assert request.path == "/api/"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("version", ["0.31.3", "1.0.0.dev4"])
async def test_version_too_old(
    api: FlexMeasuresApi, fake_server: FakeServer, version: str
) -> None:
    fake_server.version = version

    with pytest.raises(ServerTooOldError) as caught:
        await api.get_version()

    assert caught.value.placeholders == {"version": version, "needed": "1.0.0"}


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.1.0.dev3", "2.0.0"])
async def test_version_new_enough(
    api: FlexMeasuresApi, fake_server: FakeServer, version: str
) -> None:
    fake_server.version = version

    assert await api.get_version() == version


async def test_log_in(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    assert await api.log_in() == 1

    (request,) = fake_server.requests
    assert request.json == {"email": EMAIL, "password": PASSWORD}
    assert "Authorization" not in request.headers


async def test_token_is_used_again(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """It is sent as it is, without "Bearer"."""
    await api.get_asset(BATTERY)
    await api.get_asset(HOUSE)

    assert logins(fake_server) == 1
    (token,) = fake_server.tokens
    assert [
        request.headers["Authorization"] for request in fake_server.requests[1:]
    ] == [
        token,
        token,
    ]


async def test_sensor(api: FlexMeasuresApi) -> None:
    assert await api.get_sensor(BATTERY_POWER) == Sensor(
        id=BATTERY_POWER,
        name="battery power",
        unit="kW",
        resolution=QUARTER,
        time_zone=ZoneInfo("Europe/Amsterdam"),
        asset_id=BATTERY,
        consumption_is_positive=True,
    )


async def test_instantaneous_sensor(api: FlexMeasuresApi) -> None:
    sensor = await api.get_sensor(BATTERY_SOC)

    assert sensor.resolution == timedelta()
    assert not sensor.consumption_is_positive


@pytest.mark.parametrize("attributes", [None, {}, "{}", "null"])
async def test_sensor_without_attributes(
    api: FlexMeasuresApi, fake_server: FakeServer, attributes: Any
) -> None:
    """The server stores production as positive unless told otherwise."""
    json = fake_server.sensors[BATTERY_POWER] | {"attributes": attributes}
    fake_server.answer("GET", f"/api/v3_0/sensors/{BATTERY_POWER}", json=json)

    sensor = await api.get_sensor(BATTERY_POWER)

    assert not sensor.consumption_is_positive


async def test_asset(api: FlexMeasuresApi) -> None:
    assert await api.get_asset(BATTERY) == Asset(
        id=BATTERY,
        name="Home battery",
        account_id=ACCOUNT,
        parent_id=HOUSE,
        flex_model={
            "soc-min": "1 kWh",
            "soc-max": "10 kWh",
            "power-capacity": "5 kW",
            "roundtrip-efficiency": "90%",
            "state-of-charge": {
                "sensor": BATTERY_SOC,
                "exclude-source-types": ["scheduler"],
            },
            "consumption": {"sensor": BATTERY_POWER},
        },
        flex_context={},
        type="building",
    )


async def test_asset_with_lists(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """One model per device or one context per commodity are nothing to merge with."""
    fake_server.assets[BATTERY] |= {
        "flex_model": [{"sensor": BATTERY_POWER}],
        "flex_context": [{"commodity": "gas"}],
    }

    asset = await api.get_asset(BATTERY)

    assert asset.flex_model == {}
    assert asset.flex_context == {}


async def test_catalogue(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """What is public is there too; it is read with two requests and one log-in."""
    catalogue = await api.get_catalogue()

    assert len(fake_server.requests) == 3
    assert catalogue.assets[ZONE].is_public
    assert not catalogue.assets[HOUSE].is_public
    assert catalogue.sensors[PRICE].unit == "EUR/MWh"
    assert NEIGHBOUR_HOUSE not in catalogue.assets
    assert NEIGHBOUR_POWER not in catalogue.sensors


async def test_catalogue_tells_what_holds_for_a_sensor(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """The nearest asset's word counts most; one that is not listed says nothing."""
    fake_server.set_flex_context(HOUSE, consumption_price="1 EUR/kWh", site_limit="far")
    fake_server.set_flex_context(BATTERY, consumption_price="2 EUR/kWh")
    catalogue = await api.get_catalogue()
    sensor = catalogue.sensors[BATTERY_POWER]
    stray = replace(sensor, asset_id=99)

    assert catalogue.flex_context(sensor) == {
        "consumption-price": "2 EUR/kWh",
        "site-limit": "far",
    }
    assert catalogue.flex_model(sensor)["soc-min"] == "1 kWh"
    assert catalogue.flex_context(stray) == {}
    assert catalogue.flex_model(stray) == {}


async def test_get_data(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    fake_server.data[BATTERY_POWER] = StoredSchedule(START, QUARTER, [1.0, None, 3.0])

    data = await api.get_data(BATTERY_POWER, start=START, duration=HOUR, unit="W")

    assert data == SensorData(START, QUARTER, "W", (1000.0, None, 3000.0, None))
    assert fake_server.requests[-1].query == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT1H",
        "unit": "W",
    }


async def test_get_data_with_everything(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """The resolution is what the values have, also where the server says zero."""
    data = await api.get_data(
        BATTERY_SOC,
        start=START,
        duration=HOUR,
        unit="kWh",
        resolution=QUARTER,
        source_type="user",
        prior=START - HOUR,
    )

    assert data
    assert data.resolution == QUARTER
    assert fake_server.requests[-1].query == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT1H",
        "unit": "kWh",
        "resolution": "PT15M",
        "source-type": "user",
        "prior": "2026-11-22T09:00:00+00:00",
    }


async def test_get_data_of_a_source_that_never_wrote(api: FlexMeasuresApi) -> None:
    data = await api.get_data(
        BATTERY_POWER, start=START, duration=HOUR, unit="kW", source_type="scheduler"
    )

    assert data is None


@pytest.mark.parametrize(
    ("json", "status", "expected"),
    [
        (
            {"status": "PROCESSED", "message": "Done."},
            200,
            PostedData("PROCESSED", None),
        ),
        ({"status": "ACCEPTED", "job": "j"}, 202, PostedData("ACCEPTED", "j")),
    ],
)
async def test_post_data(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    json: dict[str, str],
    status: int,
    expected: PostedData,
) -> None:
    fake_server.answer("POST", DATA, json=json, status=status)

    posted = await api.post_data(
        power_sensor(BATTERY_POWER),
        start=START,
        duration=2 * QUARTER,
        values=[1.5, -2],
        unit="kW",
        prior=START,
    )

    assert posted == expected
    assert fake_server.requests[-1].json == {
        "start": "2026-11-22T11:00:00+01:00",
        "duration": "PT30M",
        "values": [1.5, -2],
        "unit": "kW",
        "prior": "2026-11-22T10:00:00+00:00",
    }


async def test_trigger(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """What is not given is not sent."""
    job_id = await api.trigger_schedule(
        BATTERY,
        start=START,
        duration=timedelta(days=1),
        flex_model=[{"sensor": BATTERY_POWER}],
        flex_context={},
        force=False,
    )

    assert job_id in fake_server.jobs
    assert fake_server.requests[-1].path == TRIGGER
    assert fake_server.requests[-1].json == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT24H",
        "flex-model": [{"sensor": BATTERY_POWER}],
    }


async def test_trigger_with_everything(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    await api.trigger_schedule(
        BATTERY,
        start=START,
        duration=HOUR,
        flex_model=[{"sensor": BATTERY_POWER, "soc-at-start": "4 kWh"}],
        flex_context={"site-power-capacity": "17 kVA"},
        force=True,
    )

    assert fake_server.requests[-1].json == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT1H",
        "flex-model": [{"sensor": BATTERY_POWER, "soc-at-start": "4 kWh"}],
        "flex-context": {"site-power-capacity": "17 kVA"},
        "force-new-job-creation": True,
    }


# --- refusals and failures, in the server's own words


@pytest.mark.parametrize(
    ("status", "json", "error", "reason"),
    [
        pytest.param(
            403,
            {
                "message": "You cannot be authorized for this content.",
                "result": "Rejected",
                "status": "INVALID_SENDER",
            },
            NotPermittedError,
            "You cannot be authorized for this content.",
            id="403",
        ),
        pytest.param(
            404,
            {"message": "No asset found with ID 3.", "status": "NOT_FOUND"},
            NotFoundError,
            "No asset found with ID 3.",
            id="404",
        ),
        pytest.param(
            400,
            {"message": "Host 'x' is not trusted.", "status": 400},
            AddressNotAcceptedError,
            "Host 'x' is not trusted.",
            id="status as a number",
        ),
        pytest.param(
            400,
            {"errors": ["One.", "Two."], "status": 400},
            RejectedError,
            "One.; Two.",
            id="list of errors",
        ),
        pytest.param(
            422,
            {"message": {"json": {"soc-foo": ["Unknown field."]}}},
            RejectedError,
            "soc-foo: Unknown field.",
            id="field of the body",
        ),
        pytest.param(
            422,
            {
                "message": {
                    "json": {
                        "flex-model": {"0": {"soc-targets": ["Bad."]}},
                        "start": ["Not a valid aware datetime."],
                    }
                }
            },
            RejectedError,
            "flex-model.0.soc-targets: Bad.; start: Not a valid aware datetime.",
            id="fields inside fields",
        ),
        pytest.param(
            422,
            {"message": {"combined_sensor_data_description": {"_schema": ["Wrong."]}}},
            RejectedError,
            "Wrong.",
            id="the whole body",
        ),
        pytest.param(
            422,
            {"message": {"query": {"unit": ["Missing data.", None, ""]}}},
            RejectedError,
            "unit: Missing data.",
            id="field of the query",
        ),
        pytest.param(
            413, {"message": "Too long."}, RejectedError, "Too long.", id="413"
        ),
        pytest.param(422, {"message": 7}, RejectedError, "7", id="a number"),
        pytest.param(422, {"message": "x" * 999}, RejectedError, "x" * 300, id="long"),
        pytest.param(422, {}, RejectedError, "HTTP 422", id="no reason"),
        pytest.param(422, None, RejectedError, "HTTP 422", id="null"),
        pytest.param(400, ["?"], RejectedError, "HTTP 400", id="no object"),
        pytest.param(
            500,
            {"message": SQL, "status": 500},
            ServerError,
            '(psycopg2.errors.UniqueViolation) duplicate key value violates "sensor_name"',
            id="SQL on its own line",
        ),
        pytest.param(
            500,
            {"message": "DataError [SQL: SELECT password FROM user]", "status": 500},
            ServerError,
            "DataError",
            id="SQL on the same line",
        ),
        pytest.param(
            503,
            {"message": "Job queues are currently unavailable."},
            JobQueueAwayError,
            "Job queues are currently unavailable.",
            id="503",
        ),
        pytest.param(
            500,
            INTERNAL_ERROR,
            ServerError,
            "An internal error has occurred.",
            id="500",
        ),
        pytest.param(
            308, {}, NotFlexMeasuresError, "it redirects (HTTP 308)", id="redirect"
        ),
    ],
)
async def test_refusals(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    status: int,
    json: Any,
    error: type[FlexMeasuresError],
    reason: str,
) -> None:
    """Each shape of an error becomes one text; nothing is asked a second time."""
    fake_server.answer("POST", TRIGGER, status=status, json=json)

    with pytest.raises(FlexMeasuresError) as caught:
        await trigger(api)

    assert type(caught.value) is error
    assert caught.value.placeholders == {"reason": reason}
    assert str(caught.value) == f"{error.translation_key} (reason: {reason})"
    assert len(fake_server.requests_to("POST", TRIGGER)) == 1


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [
        (
            lambda api: api.get_sensor(UNKNOWN_SENSOR),
            NotFoundError,
            "id: No sensor found with ID 9999.",
        ),
        (
            lambda api: api.get_data(
                UNKNOWN_SENSOR, start=START, duration=HOUR, unit="kW"
            ),
            NotFoundError,
            "id: No sensor found with ID 9999.",
        ),
        (
            lambda api: api.post_data(
                power_sensor(UNKNOWN_SENSOR),
                start=START,
                duration=HOUR,
                values=[1],
                unit="kW",
            ),
            NotFoundError,
            "No sensor found with ID 9999.",
        ),
        (
            lambda api: api.get_asset(99),
            NotFoundError,
            "No asset found with ID 99.",
        ),
        (lambda api: api.get_job("nope"), NotFoundError, "Job nope not found."),
        (
            lambda api: api.get_sensor(NEIGHBOUR_POWER),
            NotPermittedError,
            "You cannot be authorized for this content or functionality.",
        ),
        (
            lambda api: api.get_asset(NEIGHBOUR_HOUSE),
            NotPermittedError,
            "You cannot be authorized for this content or functionality.",
        ),
    ],
)
async def test_unknown_and_foreign(
    api: FlexMeasuresApi,
    call: Callable[[FlexMeasuresApi], Awaitable[Any]],
    error: type[FlexMeasuresError],
    reason: str,
) -> None:
    """What does not exist is told the same way, whatever status the server has for it."""
    with pytest.raises(error) as caught:
        await call(api)

    assert caught.value.placeholders == {"reason": reason}


async def test_other_refusals_of_data(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    json = unprocessable({"query": {"unit": ["Not convertible."]}}).json
    fake_server.answer("GET", DATA, status=422, json=json)

    with pytest.raises(RejectedError, match="unit: Not convertible"):
        await api.get_data(BATTERY_POWER, start=START, duration=HOUR, unit="kg")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "296"}, 296),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": ""}, 60),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT"}, 60),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "9" * 30}, 86400),
    ],
)
async def test_rate_limit(
    api: FlexMeasuresApi, fake_server: FakeServer, headers: dict[str, str], seconds: int
) -> None:
    fake_server.answer("POST", TRIGGER, status=429, json=RATE_LIMITED, headers=headers)

    with pytest.raises(RateLimitedError) as caught:
        await trigger(api)

    assert caught.value.retry_after == timedelta(seconds=seconds)
    assert caught.value.placeholders == {"seconds": str(seconds)}


@pytest.mark.parametrize(
    ("allows", "limit"),
    [
        ("10 per 5 minute", RateLimit(10, timedelta(minutes=5))),
        ("3 per 1 minute", RateLimit(3, timedelta(minutes=1))),
        ("3 per minute", RateLimit(3, timedelta(minutes=1))),
        ("2 per 90 seconds", RateLimit(2, timedelta(seconds=90))),
        ("1000 per 1 day", RateLimit(1000, timedelta(days=1))),
        ("5 per 1 month", RateLimit(5, timedelta(days=30))),
        ("1 per 99999 year", RateLimit(1, timedelta(days=366))),
        ("0 per 1 minute", None),
        ("10 per 0 minute", None),
        ("10 per 5 fortnight", None),
        ("some", None),
    ],
)
async def test_limit_that_was_hit(
    api: FlexMeasuresApi, fake_server: FakeServer, allows: str, limit: RateLimit | None
) -> None:
    """The server says it in its message."""
    message = f"You hit a rate limit. The limit you hit allows {allows}."
    fake_server.answer("POST", TRIGGER, status=429, json={"message": message})

    with pytest.raises(RateLimitedError) as caught:
        await trigger(api)

    assert caught.value.limit == limit


@pytest.mark.parametrize(
    ("changes", "allowance"),
    [
        ({}, Allowance(10, 9, timedelta(minutes=5))),
        ({"Retry-After": "9" * 30}, Allowance(10, 9, timedelta(days=366))),
        ({"X-RateLimit-Limit": "0"}, None),
        ({"X-RateLimit-Limit": "many"}, None),
        ({"X-RateLimit-Remaining": "-1"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT"}, None),
    ],
)
async def test_what_is_left_of_a_limit(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    changes: dict[str, str],
    allowance: Allowance | None,
) -> None:
    """The server says it with each schedule that it accepts; other requests have another."""
    headers = {
        "X-RateLimit-Limit": "10",
        "X-RateLimit-Remaining": "9",
        "Retry-After": "300",
        **changes,
    }
    job = {"job": "a-b-c"}
    fake_server.answer("POST", TRIGGER, status=202, json=job, headers=headers)

    await trigger(api)
    await api.get_asset(BATTERY)

    assert api.trigger_allowance == allowance


async def test_retry_after_on_a_good_answer_means_nothing(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """The server's rate limiter puts it on every answer."""
    fake_server.answer(
        "GET", ASSET, json={"id": 3, "name": "x"}, headers={"Retry-After": "57"}
    )

    assert (await api.get_asset(BATTERY)).name == "x"


async def test_retry_after_on_an_outage_means_nothing(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """The client would ask again for 200 seconds."""
    fake_server.answer("GET", ASSET, status=503, json={}, headers={"Retry-After": "57"})

    with pytest.raises(ServerError):
        await api.get_asset(BATTERY)

    assert len(fake_server.requests_to("GET", ASSET)) == 1


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        pytest.param(
            {"text": HTML},
            NotFlexMeasuresError,
            "HTTP 200 without JSON",
            id="a web page",
        ),
        pytest.param(
            {"text": HTML, "status": 404},
            NotFlexMeasuresError,
            "HTTP 404 without JSON",
            id="no such page",
        ),
        pytest.param(
            {"text": HTML, "status": 502}, ServerError, "HTTP 502", id="a proxy's error"
        ),
        pytest.param(
            {"text": HTML, "status": 302, "headers": {"Location": "https://x/login"}},
            NotFlexMeasuresError,
            "it redirects to https://x/login",
            id="a redirect",
        ),
        pytest.param(
            {"text": "{nope", "headers": {"Content-Type": "application/json"}},
            NotFlexMeasuresError,
            "the answer is no JSON",
            id="broken JSON",
        ),
        pytest.param(
            {"exception": TimeoutError()},
            CannotConnectError,
            "no answer in time",
            id="no answer",
        ),
        pytest.param(
            {"exception": ClientConnectionError("ssl:False [Errno 1] 10.0.0.1")},
            CannotConnectError,
            "the connection failed",
            id="something else",
        ),
        pytest.param(
            {"exception": ClientOSError(errno.ECONNRESET, "Connection lost")},
            CannotConnectError,
            "the server closed the connection",
            id="reset",
        ),
        pytest.param(
            {
                "exception": ClientConnectorError(
                    CONNECTION_KEY, OSError(errno.EHOSTUNREACH, "No route to host")
                )
            },
            CannotConnectError,
            "the server cannot be reached",
            id="no route",
        ),
        pytest.param(
            {
                "exception": ClientConnectorDNSError(
                    CONNECTION_KEY, OSError(None, "DNS server returned answer")
                )
            },
            CannotConnectError,
            "host name not found",
            id="no such host",
        ),
        pytest.param(
            {
                "exception": ClientConnectorCertificateError(
                    CONNECTION_KEY, ValueError("certificate")
                )
            },
            CertificateError,
            "it cannot be verified",
            id="a certificate without a reason",
        ),
        pytest.param(
            {"exception": ClientPayloadError()},
            CannotConnectError,
            "the server closed the connection",
            id="cut off",
        ),
        pytest.param(
            {"exception": ServerDisconnectedError()},
            CannotConnectError,
            "the server closed the connection",
            id="hung up",
        ),
    ],
)
async def test_no_usable_answer(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    answer: dict[str, Any],
    error: type[CannotConnectError],
    reason: str,
) -> None:
    fake_server.answer("GET", ASSET, **answer)

    with pytest.raises(CannotConnectError) as caught:
        await api.get_asset(BATTERY)

    assert type(caught.value) is error
    assert caught.value.reason == reason


@pytest.mark.parametrize("json", [None, [], {}, "text", 7, {"values": 3}, [{}]])
@pytest.mark.parametrize(
    ("method", "path", "call"),
    [
        ("GET", "/api/", lambda api: api.get_version()),
        ("POST", LOGIN, lambda api: api.log_in()),
        ("GET", "/api/v3_0/sensors/*", lambda api: api.get_sensor(BATTERY_POWER)),
        ("GET", ASSET, lambda api: api.get_asset(BATTERY)),
        (
            "GET",
            DATA,
            lambda api: api.get_data(
                BATTERY_POWER, start=START, duration=HOUR, unit="kW"
            ),
        ),
        (
            "POST",
            DATA,
            lambda api: api.post_data(
                power_sensor(BATTERY_POWER),
                start=START,
                duration=HOUR,
                values=[1],
                unit="kW",
            ),
        ),
        ("POST", TRIGGER, trigger),
    ],
)
async def test_answers_of_another_shape(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    method: str,
    path: str,
    call: Callable[[FlexMeasuresApi], Awaitable[Any]],
    json: Any,
) -> None:
    """Anything but what FlexMeasures answers is told as such, and nothing else is raised."""
    fake_server.answer(method, path, json=json)

    with pytest.raises(NotFlexMeasuresError, match="unexpected answer for the"):
        await call(api)


@pytest.mark.parametrize("json", [7, {"id": 1}, [{}], [7]])
@pytest.mark.parametrize("path", ["/api/v3_0/assets", "/api/v3_0/sensors"])
async def test_lists_of_another_shape(
    api: FlexMeasuresApi, fake_server: FakeServer, path: str, json: Any
) -> None:
    fake_server.answer("GET", path, json=json)

    with pytest.raises(NotFlexMeasuresError, match="assets and sensors"):
        await api.get_catalogue()


@pytest.mark.parametrize(
    "change",
    [
        {"timezone": "Nowhere/Land"},
        {"event_resolution": "a while"},
        {"attributes": "{nope"},
    ],
)
async def test_sensor_with_nonsense(
    api: FlexMeasuresApi, fake_server: FakeServer, change: dict[str, str]
) -> None:
    fake_server.sensors[BATTERY_POWER] |= change

    with pytest.raises(NotFlexMeasuresError):
        await api.get_sensor(BATTERY_POWER)


@pytest.mark.parametrize(
    "change",
    [{"values": []}, {"start": "yesterday"}, {"duration": "a while"}, {"start": None}],
)
async def test_data_with_nonsense(
    api: FlexMeasuresApi, fake_server: FakeServer, change: dict[str, Any]
) -> None:
    good = {"values": [1], "start": START.isoformat(), "duration": "PT1H", "unit": "W"}
    fake_server.answer("GET", DATA, json=good | change)

    with pytest.raises(NotFlexMeasuresError):
        await api.get_data(BATTERY_POWER, start=START, duration=HOUR, unit="W")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "json": {"message": "Not found.", "status": 404}},
        {"status": 401, "json": UNAUTHENTICATED},
        {"json": {"flexmeasures_version": "newest"}},
    ],
)
async def test_version_of_something_else(
    api: FlexMeasuresApi, fake_server: FakeServer, answer: dict[str, Any]
) -> None:
    fake_server.answer("GET", "/api/", **answer)

    with pytest.raises(NotFlexMeasuresError):
        await api.get_version()


# --- logging in


async def test_username_in_another_case(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """What the server knows is kept, and not looked for again."""
    api = make_api(hass, username="Demo@Example.com")
    assert api.username == "Demo@Example.com"

    assert await api.log_in() == 1
    assert api.username == EMAIL
    assert logins(fake_server) == 2

    await api.log_in()
    assert logins(fake_server) == 3


@pytest.mark.parametrize(
    ("login", "error", "key"),
    [
        ({"password": "wrong"}, WrongPasswordError, "wrong_password"),
        ({"username": "nobody@example.com"}, UnknownUserError, "unknown_user"),
        ({"username": "Nobody@example.com"}, UnknownUserError, "unknown_user"),
        (
            {"username": EMAIL.upper(), "password": "wrong"},
            WrongPasswordError,
            "wrong_password",
        ),
    ],
)
async def test_refused_login(
    hass: HomeAssistant,
    fake_server: FakeServer,
    login: dict[str, str],
    error: type[FlexMeasuresError],
    key: str,
) -> None:
    """Whether it is asked for by itself or on the way to something else."""
    api = make_api(hass, **login)

    with pytest.raises(error) as caught:
        await api.log_in()
    assert str(caught.value) == key
    with pytest.raises(error):
        await api.get_asset(BATTERY)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 500, "json": INTERNAL_ERROR}, ServerError),
        ({"status": 502, "text": HTML}, ServerError),
        ({"status": 429, "json": RATE_LIMITED}, RateLimitedError),
        (
            {"status": 422, "json": {"message": {"json": {"password": ["Empty."]}}}},
            RejectedError,
        ),
        ({"status": 404, "text": HTML}, NotFlexMeasuresError),
        ({"exception": ClientConnectionError()}, CannotConnectError),
    ],
)
async def test_login_that_is_not_refused_but_fails(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    answer: dict[str, Any],
    error: type[FlexMeasuresError],
) -> None:
    """The password may be right: nobody is asked for another."""
    fake_server.answer("POST", LOGIN, **answer)

    with pytest.raises(FlexMeasuresError) as caught:
        await api.get_asset(BATTERY)

    assert type(caught.value) is error


async def test_expired_token(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """A new one is got once, and the request is repeated."""
    await api.get_asset(BATTERY)
    fake_server.tokens.clear()

    assert (await api.get_asset(BATTERY)).name == "Home battery"
    assert logins(fake_server) == 2
    assert len(fake_server.requests_to("GET", ASSET)) == 3


async def test_expired_token_and_changed_password(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    await api.get_asset(BATTERY)
    fake_server.tokens.clear()
    fake_server.users[EMAIL].password = "another"

    with pytest.raises(WrongPasswordError):
        await api.get_asset(BATTERY)


async def test_no_database(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """The server then answers 401 to everything, and 500 to a login."""
    await api.get_asset(BATTERY)
    fake_server.answer("GET", "/api/v3_0/assets/*", status=401, json=UNAUTHENTICATED)
    fake_server.answer("POST", LOGIN, status=500, json=INTERNAL_ERROR)

    with pytest.raises(ServerError, match="An internal error has occurred"):
        await api.get_asset(BATTERY)


async def test_401_after_a_good_login(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """It is the server's trouble; it is not asked again and again."""
    fake_server.answer("GET", ASSET, status=401, json=UNAUTHENTICATED)

    with pytest.raises(ServerError, match="could not be properly authenticated"):
        await api.get_asset(BATTERY)

    assert logins(fake_server) == 2
    assert len(fake_server.requests_to("GET", ASSET)) == 2


@pytest.mark.parametrize("expired_tokens", [0, 1])
async def test_requests_at_once_share_a_login(
    api: FlexMeasuresApi, fake_server: FakeServer, expired_tokens: int
) -> None:
    """The first one gets a token, and those that come meanwhile wait for it."""
    for _ in range(expired_tokens):
        await api.get_asset(BATTERY)
        fake_server.tokens.clear()
        fake_server.requests.clear()
    fake_server.tokens["new"] = fake_server.users[EMAIL]
    answered = asyncio.Event()
    fake_server.answer(
        "POST", LOGIN, json={"auth_token": "new", "user_id": 1}, wait_for=answered
    )

    requests = asyncio.gather(*(api.get_asset(BATTERY) for _ in range(10)))
    asyncio.get_running_loop().call_soon(answered.set)

    assert len(await requests) == 10
    assert logins(fake_server) == 1


async def test_a_token_that_another_request_has_renewed_meanwhile(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """It is used: the login is not for the sake of the old one."""
    await api.get_asset(BATTERY)
    answered = asyncio.Event()
    fake_server.answer(
        "GET", ASSET, status=401, json=UNAUTHENTICATED, wait_for=answered, times=1
    )
    late = asyncio.create_task(api.get_asset(BATTERY))
    await asyncio.sleep(0)
    fake_server.tokens.clear()
    await api.get_sensor(BATTERY_POWER)
    assert logins(fake_server) == 2

    answered.set()

    assert (await late).name == "Home battery"
    assert logins(fake_server) == 2


async def test_requests_at_once_share_a_refusal(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """A wrong password is tried once for all, and again only for a later request."""
    answered = asyncio.Event()
    fake_server.answer(
        "POST",
        LOGIN,
        status=401,
        json={"errors": ["User password does not match."], "status": 401},
        wait_for=answered,
    )

    requests = asyncio.gather(
        *(api.get_asset(BATTERY) for _ in range(10)), return_exceptions=True
    )
    asyncio.get_running_loop().call_soon(answered.set)

    assert {type(answer) for answer in await requests} == {WrongPasswordError}
    assert logins(fake_server) == 1
    with pytest.raises(WrongPasswordError):
        await api.get_asset(BATTERY)
    assert logins(fake_server) == 2


# --- jobs


async def test_job(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    fake_server.jobs["j"] = {
        "status": "FINISHED",
        "message": "Scheduling job finished.",
        "enqueued-at": "2026-11-22T10:00:00+01:00",
        "ended-at": "2026-11-22T09:00:02.500000+00:00",
        "result": {"num-beliefs": 73},
    }

    job = await api.get_job("j")

    assert job == Job(
        id="j",
        status="FINISHED",
        message="Scheduling job finished.",
        result={"num-beliefs": 73},
    )
    assert job.is_finished


async def test_running_job(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    fake_server.jobs["j"] = running_job("QUEUED")

    job = await api.get_job("j")

    assert not job.is_finished
    assert not job.is_unsuccessful
    assert job.result == {}


async def test_wait_for_job(
    api: FlexMeasuresApi, fake_server: FakeServer, no_waiting: Mock
) -> None:
    """It is looked at until it has ended."""
    for status in ("QUEUED", "STARTED"):
        fake_server.answer("GET", JOB, status=202, json=running_job(status), times=1)
    fake_server.jobs["j"] = finished_job()

    job = await api.wait_for_job("j")

    assert job.is_finished
    assert len(fake_server.requests_to("GET", JOB)) == 3


async def test_wait_between_looks(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """The time between two looks is really waited."""
    fake_server.answer("GET", JOB, status=202, json=running_job(), times=2)
    fake_server.jobs["j"] = finished_job()

    with (
        patch(
            "custom_components.flexmeasures.api.polling.polling_waits",
            return_value=iter([0.1, 0.2]),
        ),
        patch("asyncio.sleep") as sleep,
    ):
        await api.wait_for_job("j")

    assert [call.args for call in sleep.await_args_list] == [(0.1,), (0.2,)]


@pytest.mark.parametrize(
    ("job", "error", "reason"),
    [
        (
            failed_job("Prices unknown for planning window. (sensor 1)"),
            PricesUnknownError,
            "Prices unknown for planning window. (sensor 1)",
        ),
        (
            failed_job("bad: worse\nTraceback: secret") | {"exc-info": "Traceback"},
            JobFailedError,
            "bad: worse",
        ),
        (failed_job("infeasible", "str"), InfeasibleError, "infeasible"),
        (
            failed_job("infeasibleOrUnbounded", "str"),
            InfeasibleError,
            "infeasibleOrUnbounded",
        ),
        (failed_job("unbounded", "str"), InfeasibleError, "unbounded"),
        (
            {
                "status": "FAILED",
                "message": "Scheduling job failed, but no exception information was stored.",
            },
            JobFailedError,
            "Scheduling job failed, but no exception information was stored",
        ),
        ({"status": "STOPPED", "message": None}, JobFailedError, "STOPPED"),
        ({"status": "CANCELED"}, JobFailedError, "CANCELED"),
    ],
)
async def test_failed_job(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    no_waiting: Mock,
    job: dict[str, Any],
    error: type[JobFailedError],
    reason: str,
) -> None:
    """The reason is short: no exception's name, no traceback."""
    fake_server.jobs["j"] = job

    with pytest.raises(JobFailedError) as caught:
        await api.wait_for_job("j")

    assert type(caught.value) is error
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("exception", "words", "error"),
    [
        (
            "ValueError",
            "No recent state-of-charge value found for sensor 31 within 1:00:00.",
            LevelTooOldError,
        ),
        (
            "ValueError",
            "Missing consumption price for commodity 'electricity'.",
            PriceNotSetError,
        ),
        (
            "ValueError",
            "Power capacity on asset 13 is not defined in the flex-model.",
            PowerCapacityUnknownError,
        ),
        (
            "AttributeError",
            "'float' object has no attribute 'dtype'",
            PowerCapacityUnknownError,
        ),
        (
            "ValueError",
            (
                "Cannot derive state of charge from a `state-of-charge` sensor with '%' "
                "unit without `soc-max`."
            ),
            LevelMaximumUnknownError,
        ),
        (
            "ValueError",
            (
                "Cannot convert state-of-charge schedule to '%' unit for sensor 30: soc-max "
                "is missing or zero."
            ),
            LevelMaximumUnknownError,
        ),
        (
            "ValueError",
            "Unit conversion from EUR/m³ to MW doesn't seem possible.",
            ComputedSensorUnitError,
        ),
        (
            "OffsetUnitCalculusError",
            "Ambiguous operation with offset unit (degree_Celsius, megawatt).",
            ComputedSensorUnitError,
        ),
        (
            "ValueError",
            "The input data yields an infeasible problem. Issues:\nt=1 | min > max",
            InfeasibleError,
        ),
        ("ZeroDivisionError", "integer modulo by zero", PowerSensorError),
        (
            "JobTimeoutException",
            "Task exceeded maximum timeout value (180 seconds)",
            ComputationTooLongError,
        ),
        (
            "OperationalError",
            "(psycopg2.OperationalError) connection to server failed",
            ComputationInterruptedError,
        ),
    ],
)
async def test_known_failure_of_a_job(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    no_waiting: Mock,
    exception: str,
    words: str,
    error: type[JobFailedError],
) -> None:
    """The server's words lead to a text of ours, and stay with it."""
    fake_server.jobs["j"] = failed_job(words, exception)

    with pytest.raises(JobFailedError) as caught:
        await api.wait_for_job("j")

    assert type(caught.value) is error
    assert caught.value.reason == words.split("\n", maxsplit=1)[0].rstrip(".")


def unreadable(field: str) -> dict[str, Any]:
    """Give the server's answer to a reference to a sensor that may not be read."""
    label = {"json": {"flex-context": {field: "sensor"}}}
    return {
        "message": f"You cannot be authorized for the '{label}' field because it "
        "references a sensor you cannot read.",
        "status": "INVALID_SENDER",
    }


@pytest.mark.parametrize(
    ("status", "json", "error"),
    [
        (403, unreadable("consumption-price"), PriceNotReadableError),
        (403, unreadable("production-price"), PriceNotReadableError),
        (403, unreadable("inflexible-consumption"), SensorNotReadableError),
        (
            422,
            {"message": {"json": {"flex-context": "No sensor found with ID 9."}}},
            SensorNotFoundError,
        ),
        (
            422,
            {
                "message": "all prices in the flex-context must share the same "
                "currency unit"
            },
            CurrenciesDifferError,
        ),
        (
            422,
            {
                "message": "The field `state-of-charge` points to a sensor with a "
                "non-instantaneous event resolution."
            },
            LevelSensorError,
        ),
        (
            422,
            unprocessable(
                {"json": {"state-of-charge": ["Cannot convert kW to MWh"]}}
            ).json,
            SensorUnitError,
        ),
        (
            422,
            unprocessable(
                {"json": {"soc-min": ["Cannot convert value `4 kW` to 'MWh'"]}}
            ).json,
            RejectedError,
        ),
        (
            500,
            {"message": "Error 111 connecting to 127.0.0.1:6379. Refused."},
            JobQueueAwayError,
        ),
    ],
)
async def test_known_refusal_of_a_schedule(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    status: int,
    json: Any,
    error: type[FlexMeasuresError],
) -> None:
    fake_server.answer("POST", TRIGGER, status=status, json=json)

    with pytest.raises(error) as caught:
        await trigger(api)

    assert type(caught.value) is error


async def test_job_queue_that_is_away_while_a_job_waits(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    fake_server.answer(
        "GET",
        "/api/v3_0/jobs/j",
        status=503,
        json={"message": "Job queues are currently unavailable."},
    )

    with pytest.raises(JobQueueAwayError):
        await api.get_job("j")


@pytest.mark.parametrize(
    ("status", "health", "error"),
    [
        (503, {"database_sql": False, "status": 503}, DatabaseAwayError),
        (200, {"database_sql": True, "status": 200}, ServerError),
        (200, [], ServerError),
        (500, {}, ServerError),
        (401, {}, ServerError),
    ],
)
async def test_server_without_its_database(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    status: int,
    health: Any,
    error: type[FlexMeasuresError],
) -> None:
    """It refuses every token then, and cannot look up a login."""
    fake_server.answer("POST", "/api/requestAuthToken", status=500, json=INTERNAL_ERROR)
    fake_server.answer("GET", "/api/v3_0/health/ready", status=status, json=health)

    with pytest.raises(ServerError) as caught:
        await api.log_in()

    assert type(caught.value) is error


async def test_job_that_never_ends(
    api: FlexMeasuresApi, fake_server: FakeServer, no_waiting: Mock
) -> None:
    fake_server.jobs["j"] = running_job("QUEUED")

    with pytest.raises(JobTimeoutError) as caught:
        await api.wait_for_job("j", patience=timedelta(minutes=-1))

    assert caught.value.placeholders == {"minutes": "-1"}


@pytest.mark.parametrize("job", [None, [], "text", {"enqueued-at": "yesterday"}])
async def test_job_of_another_shape(
    api: FlexMeasuresApi, fake_server: FakeServer, no_waiting: Mock, job: Any
) -> None:
    fake_server.answer("GET", JOB, json=job)

    with pytest.raises(NotFlexMeasuresError, match="unexpected answer for the job"):
        await api.wait_for_job("j")


# --- secrets


@pytest.mark.parametrize("status", [200, 401, 422, 500])
async def test_no_secret_in_any_log(
    hass: HomeAssistant,
    fake_server: FakeServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    """Neither is any in what can be shown of the objects."""
    for name in (None, "flexmeasures_client", "flexmeasures_client.client", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger=name)
    fake_server.answer(
        "POST", DATA, status=status, json={"message": "x", "status": "y"}
    )
    api = make_api(hass)
    shown: list[object] = []

    try:
        shown.append(
            await api.post_data(
                power_sensor(BATTERY_POWER),
                start=START,
                duration=HOUR,
                values=[1],
                unit="kW",
            )
        )
    except FlexMeasuresError as err:
        shown += [err, err.__cause__, err.__context__, err.args, err.placeholders]
    shown += [api, api._transport, vars(api)]

    (token, *_) = fake_server.tokens
    texts = [caplog.text, *map(repr, shown), *map(str, shown)]
    assert logins(fake_server)
    assert not [text for text in texts if PASSWORD in text or token in text]


async def test_no_secret_of_a_refused_login(
    hass: HomeAssistant, fake_server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = make_api(hass, password="not-the-right-one")

    with pytest.raises(WrongPasswordError) as caught:
        await api.log_in()

    texts = [caplog.text, repr(caught.value), str(caught.value)]
    assert not [text for text in texts if "not-the-right-one" in text]


# --- on a real wire


@asynccontextmanager
async def listening(
    answer: Callable[[], web.Response],
) -> AsyncIterator[FlexMeasuresApi]:
    """Answer everything the same way on a port of this machine."""

    async def handler(_: web.BaseRequest) -> web.Response:
        return answer()

    server = TestServer(web.Application())
    server.app.router.add_route("*", "/{path:.*}", handler)
    await server.start_server()
    async with ClientSession() as session:
        yield FlexMeasuresApi(
            session, ServerAddress.parse(str(server.make_url("/"))), EMAIL, PASSWORD
        )
    await server.close()


async def test_server_under_a_path(socket_enabled: None) -> None:
    """Everything is asked below it, whatever the method, and nothing beside it."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.raw_path}")
        match request.path.removeprefix("/energy/flexmeasures/api/"):
            case "":
                return web.json_response({"flexmeasures_version": "1.0.1"})
            case "requestAuthToken":
                return web.json_response({"auth_token": "token", "user_id": 7})
            case "v3_0/sensors/10/data":
                return web.json_response({"status": "PROCESSED"})
            case "v3_0/assets" | "v3_0/sensors":
                return web.json_response([])
        return web.Response(status=404)

    server = TestServer(web.Application())
    server.app.router.add_route("*", "/energy/flexmeasures/{path:.*}", handler)
    await server.start_server()
    address = ServerAddress.parse(f"{server.make_url('/energy/flexmeasures/login')}")
    async with ClientSession() as session:
        api = FlexMeasuresApi(session, address, EMAIL, PASSWORD)
        assert await api.get_version() == "1.0.1"
        assert await api.log_in() == 7
        await api.get_catalogue()
        posted = await api.post_data(
            power_sensor(10), start=START, duration=QUARTER, values=[1.5], unit="kW"
        )
    await server.close()

    assert posted.status == "PROCESSED"
    assert str(address) in repr(api._transport)
    assert sorted(asked) == [
        "GET /energy/flexmeasures/api/",
        "GET /energy/flexmeasures/api/v3_0/assets?all_accessible=true",
        "GET /energy/flexmeasures/api/v3_0/sensors?include_public_assets=true",
        "POST /energy/flexmeasures/api/requestAuthToken",
        "POST /energy/flexmeasures/api/v3_0/sensors/10/data",
    ]


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        pytest.param(
            lambda: web.json_response({}, content_type="application/problem+json"),
            NotFlexMeasuresError,
            "HTTP 200 without JSON",
            id="other JSON",
        ),
        pytest.param(
            lambda: web.Response(body=b"", content_type="application/json"),
            NotFlexMeasuresError,
            "unexpected answer for the version",
            id="nothing",
        ),
        pytest.param(
            lambda: web.Response(body=b"\xff{", content_type="application/json"),
            NotFlexMeasuresError,
            "the answer is no JSON",
            id="no text",
        ),
        pytest.param(
            lambda: web.Response(text=HTML, content_type="text/html"),
            NotFlexMeasuresError,
            "HTTP 200 without JSON",
            id="a web page",
        ),
        pytest.param(
            lambda: web.Response(status=301, headers={"Location": "https://else/"}),
            NotFlexMeasuresError,
            "it redirects to https://else/",
            id="a redirect",
        ),
        pytest.param(
            lambda: web.Response(status=503, text="away"),
            ServerError,
            "HTTP 503",
            id="an outage",
        ),
    ],
)
async def test_other_servers(
    socket_enabled: None,
    answer: Callable[[], web.Response],
    error: type[CannotConnectError],
    reason: str,
) -> None:
    async with listening(answer) as api:
        with pytest.raises(CannotConnectError) as caught:
            await api.get_version()

    assert type(caught.value) is error
    assert caught.value.reason == reason


async def test_rate_limit_without_a_time(socket_enabled: None) -> None:
    async with listening(lambda: web.json_response(RATE_LIMITED, status=429)) as api:
        with pytest.raises(RateLimitedError) as caught:
            await api.get_version()

    assert caught.value.retry_after == timedelta(minutes=1)


async def test_rate_limit_of_a_proxy(socket_enabled: None) -> None:
    """It has words of its own, and here they are no text."""
    body, kind = b"\xff allows nothing", "text/plain"
    async with listening(
        lambda: web.Response(status=429, body=body, content_type=kind)
    ) as api:
        with pytest.raises(RateLimitedError) as caught:
            await api.get_version()

    assert caught.value.limit is None


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_listens(socket_enabled: None, scheme: str) -> None:
    address = ServerAddress(scheme, "127.0.0.1", unused_port())
    async with ClientSession() as session:
        api = FlexMeasuresApi(session, address, EMAIL, PASSWORD)
        with pytest.raises(CannotConnectError) as caught:
            await api.get_version()

    assert type(caught.value) is CannotConnectError
    assert caught.value.reason == "connection refused"


async def test_http_is_not_spoken(socket_enabled: None) -> None:
    async with _hearing(lambda connection: connection.sendall(b"SSH-2.0-x\r\n")) as api:
        with pytest.raises(NotFlexMeasuresError, match="the answer is no HTTP"):
            await api.get_version()


async def test_tls_is_not_spoken(socket_enabled: None) -> None:
    async with listening(web.Response) as plain:
        address = replace(_address(plain), scheme="https")
        async with ClientSession() as session:
            api = FlexMeasuresApi(session, address, EMAIL, PASSWORD)
            with pytest.raises(
                NoEncryptionError, match="it answers without encryption"
            ):
                await api.get_version()


async def test_no_cipher_in_common(socket_enabled: None, tmp_path: Path) -> None:
    """What is wrong with the encryption is said without codes."""
    context = _self_signed(tmp_path)
    # None that can be used with this certificate.
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def shake_hands(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True):
            pass

    async with _hearing(shake_hands, scheme="https") as api:
        with pytest.raises(NoEncryptionError, match="handshake failure"):
            await api.get_version()


async def test_certificate_is_verified(socket_enabled: None, tmp_path: Path) -> None:
    context = _self_signed(tmp_path)

    def shake_hands(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True):
            pass

    async with _hearing(shake_hands, scheme="https") as api:
        with pytest.raises(CertificateError) as caught:
            await api.get_version()

    assert caught.value.reason == "self-signed certificate"


async def test_bad_request_over_an_encrypted_connection(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """That has nothing to do with encryption."""
    fake_server.answer("GET", "/api/", status=400, text="Bad Request")
    address = ServerAddress.parse("https://flexmeasures.test")
    api = FlexMeasuresApi(async_get_clientsession(hass), address, EMAIL, PASSWORD)

    with pytest.raises(NotFlexMeasuresError) as caught:
        await api.get_version()

    assert type(caught.value) is NotFlexMeasuresError
    assert fake_server.requests_to("HEAD", "/api/") == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="it hangs up"),
        pytest.param(
            b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n"
            b"Client sent an HTTP request to an HTTPS server.\n",
            id="it says so",
        ),
    ],
)
@pytest.mark.parametrize("speaks_tls", [True, False])
async def test_only_tls_is_spoken(
    socket_enabled: None, tmp_path: Path, answer: bytes, *, speaks_tls: bool
) -> None:
    """``http://`` to a server that wants ``https://`` is told from any other failure."""
    context = _self_signed(tmp_path)

    def hear(connection: socket.socket) -> None:
        is_handshake = connection.recv(1, socket.MSG_PEEK) == b"\x16"
        if is_handshake and speaks_tls:
            with context.wrap_socket(connection, server_side=True) as encrypted:
                encrypted.recv(4096)
                encrypted.sendall(
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                )
        else:
            connection.recv(4096)
            connection.sendall(answer)

    async with _hearing(hear) as api:
        with pytest.raises(CannotConnectError) as caught:
            await api.get_version()

    assert isinstance(caught.value, EncryptionRequiredError) is speaks_tls


@asynccontextmanager
async def _hearing(
    hear: Callable[[socket.socket], None], scheme: str = "http"
) -> AsyncIterator[FlexMeasuresApi]:
    """Do something with each connection to a port of this machine, and close it."""

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # Whoever called may be the first to hang up.
            with suppress(OSError), connection:
                hear(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listening = asyncio.create_task(asyncio.to_thread(listen, listener))
        address = ServerAddress(scheme, "127.0.0.1", listener.getsockname()[1])
        try:
            async with ClientSession() as session:
                yield FlexMeasuresApi(session, address, EMAIL, PASSWORD)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            await listening


def _address(api: FlexMeasuresApi) -> ServerAddress:
    transport = api._transport
    assert transport.port
    return ServerAddress("http", transport.host, transport.port)


def _self_signed(folder: Path) -> ssl.SSLContext:
    """Make a certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context
