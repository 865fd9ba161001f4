"""A home whose meters are on a real FlexMeasures server."""

from collections.abc import AsyncIterator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant
from sandbox.flexmeasures.server import FlexMeasuresServer

from .metered_home import AMSTERDAM, NOW, Owner


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture(autouse=True)
async def in_amsterdam(hass: HomeAssistant) -> None:
    """Live where the sensors are, and pay as they do."""
    await hass.config.async_set_time_zone(AMSTERDAM.key)
    hass.config.currency = "EUR"


@pytest.fixture
def at_a_moment(freezer: FrozenDateTimeFactory) -> None:
    """Let time stand still."""
    freezer.move_to(NOW)


@pytest.fixture
async def owner(server: FlexMeasuresServer) -> AsyncIterator[Owner]:
    """The account's owner."""
    async with Owner.logged_in(server) as owner:
        yield owner
