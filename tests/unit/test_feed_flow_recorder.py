"""What the flow of a feed says of the history that Home Assistant has."""

from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy.exc import SQLAlchemyError

from homeassistant.core import HomeAssistant

from .fake_server import BATTERY_POWER, FakeServer
from .feed_flow import POWER, measuring_home, preview, start_entity
from .home import HOUR, NOW


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture
async def account(
    hass: HomeAssistant, fake_server: FakeServer, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """An account, in a home that measures much and records it."""
    freezer.move_to(NOW)
    entry = await measuring_home(hass, fake_server)
    await async_wait_recording_done(hass)
    return entry


async def test_recorded(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """It is told since when there is something to send."""
    freezer.move_to(NOW + HOUR)

    flow = await start_entity(hass, account, POWER, BATTERY_POWER)

    assert "Home Assistant has recorded it since 22 Nov 11:07." in preview(flow)


async def test_recorder_fails(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A recorder that does not answer keeps nobody from adding a feed."""
    with patch(
        "custom_components.flexmeasures.feeds.measured.recorded.first_state",
        side_effect=SQLAlchemyError,
    ):
        flow = await start_entity(hass, account, POWER, BATTERY_POWER)

    assert flow["step_id"] == "measured"
    assert "Home Assistant records it from now on." in preview(flow)
