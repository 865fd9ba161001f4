"""What the unit tests share."""

from collections.abc import Iterator
from itertools import repeat
import logging
from typing import Any
from unittest.mock import Mock, patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from homeassistant.core import HomeAssistant

from .fake_server import PASSWORD, TOKEN_PREFIX, FakeServer
from .home import NOW, Home


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


@pytest.fixture
def no_waiting() -> Iterator[Mock]:
    """Let no time pass between two looks at a job; gives what earlier jobs are looked at."""
    with patch(
        "custom_components.flexmeasures.api.polling_waits",
        side_effect=lambda _: repeat(0.0),
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
async def home(
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
