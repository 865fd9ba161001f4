"""What the unit tests share."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import repeat
import logging
from typing import Any
from unittest.mock import Mock, patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component import plugins
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.core import HomeAssistant

from .fake_server import BATTERY_POWER, PASSWORD, TOKEN_PREFIX, FakeServer
from .flows import shown_tokens
from .home import NOW, Home
from .s2_rm import FakeRM, connections

# Views can be registered once it is there, as in Home Assistant: not so with that of
# pytest-aiohttp, which would come before it.
aiohttp_client = plugins.aiohttp_client


LOOKS = 20


@pytest.fixture
def fake_server(aioclient_mock: AiohttpClientMocker) -> FakeServer:
    """A scripted FlexMeasures server, which answers at every address."""
    return FakeServer(aioclient_mock)


@pytest.fixture
def no_secret_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No password and no token is in any log, even with everything at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp", "custom_components", "flexmeasures_client"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    formatter = logging.Formatter()
    records = caplog.get_records("setup") + caplog.get_records("call")
    logged = "\n".join(map(formatter.format, records))
    assert PASSWORD not in logged
    assert TOKEN_PREFIX not in logged
    assert not any(token in logged for token in shown_tokens)


@pytest.fixture
def no_waiting() -> Iterator[Mock]:
    """Let no time pass between two looks at a job."""
    with patch(
        "custom_components.flexmeasures.api.polling.polling_waits",
        # A server that stays away, or a job that never ends, is given up in the end.
        side_effect=lambda _patience: repeat(0.0, LOOKS),
    ) as waits:
        yield waits


@pytest.fixture
def every_entity() -> Iterator[None]:
    """Let no entity be disabled by default."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", new=True
    ):
        yield


@pytest.fixture
async def new_home(
    hass: HomeAssistant,
    fake_server: FakeServer,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    no_waiting: Mock,
) -> Home:
    """Home Assistant in Amsterdam at a time that stands still, without an account."""
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    return Home(hass, fake_server, freezer, hass_storage)


@pytest.fixture
def home(new_home: Home, every_entity: None) -> Home:
    """The same, of an owner who has enabled all entities: most tests look at one of them."""
    return new_home


@pytest.fixture
async def new_rm(
    home: Home, hass_client_no_auth: ClientSessionGenerator
) -> AsyncIterator[Callable[..., FakeRM]]:
    """Make RMs, by the power sensors of their devices, that are gone in the end."""
    made: list[FakeRM] = []
    clients: list[TestClient[Any, Any]] = []

    async def client() -> TestClient[Any, Any]:
        if not clients:
            clients.append(await hass_client_no_auth())
            runner = clients[0].server.runner
            assert runner
            assert runner.server
            # As Home Assistant's own server does, it lets requests come to their end.
            runner.server.handler_cancellation = False
        return clients[0]

    def make(power_sensor: int = BATTERY_POWER) -> FakeRM:
        made.append(FakeRM(home, client, power_sensor))
        return made[-1]

    # A timer of the heartbeat may outlive its connection.
    with patch("custom_components.flexmeasures.cem.server.view._HEARTBEAT", None):
        yield make
        for rm in made:
            await rm.close()
        await home.until(lambda: not connections())


@pytest.fixture
def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The RM of the battery, not connected yet."""
    return new_rm()
