"""What the tests of the frontend share."""

from collections.abc import Awaitable, Callable

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from ..home import Home
from .viewer import Viewer


@pytest.fixture
def new_viewer(
    new_home: Home, hass_ws_client: WebSocketGenerator
) -> Callable[..., Awaitable[Viewer]]:
    """Connect someone, by default as an administrator."""

    async def connect(**more: str) -> Viewer:
        return Viewer(await hass_ws_client(new_home.hass, **more))

    return connect


@pytest.fixture
async def viewer(new_viewer: Callable[..., Awaitable[Viewer]]) -> Viewer:
    """An administrator who looks at dashboards, from before the account is set up."""
    return await new_viewer()
