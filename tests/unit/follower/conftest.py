"""What the tests of following share."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import custom_components
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import sandbox.home_assistant
from sandbox.home_assistant.simulated_home.const import DATA_HOME, DOMAIN
from sandbox.home_assistant.simulated_home.devices import Device

from ..home import Json

type Simulate = Callable[..., Awaitable[dict[str, Device]]]
"""Makes devices of what their configuration would say; returns them by their names."""


@pytest.fixture
def simulate(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Simulate:
    """Simulated devices, as an integration of Home Assistant like any other."""
    folder = str(Path(sandbox.home_assistant.__path__[0]))
    monkeypatch.setattr(
        custom_components, "__path__", [*custom_components.__path__, folder]
    )

    async def make(*devices: Json) -> dict[str, Device]:
        assert await async_setup_component(hass, DOMAIN, {DOMAIN: list(devices)})
        await hass.async_block_till_done()
        # The package has another name there.
        found: dict[str, Device] = hass.data[DATA_HOME]
        return found

    return make
