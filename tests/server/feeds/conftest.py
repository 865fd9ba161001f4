"""A home that feeds the real server."""

from collections.abc import AsyncIterator, Iterator
import logging
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from sandbox.flexmeasures.server import FlexMeasuresServer

from ..meters.metered_home import Owner
from .sending_home import NOON, Network, RecorderContext, SendingHome

# Home Assistant's plugin has everybody say everything, which takes most of the time of
# days that pass.
for name in (
    "homeassistant",
    "asyncio",
    "aiosqlite",
    "pytest_homeassistant_custom_component",
):
    logging.getLogger(name).setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant beside those of the tests."""


@pytest.fixture
def persistent_database() -> bool:
    """Keep the recorder's database in a file."""
    return True


@pytest.fixture(autouse=True)
def at_noon(freezer: FrozenDateTimeFactory) -> None:
    """Let time stand still."""
    freezer.move_to(NOON)


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever happens, nothing is logged as a fault of the integration."""
    yield
    assert not [
        record.getMessage()
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.ERROR and "flexmeasures" in record.name
    ]


@pytest.fixture
async def sending(
    server: FlexMeasuresServer,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    async_test_recorder: RecorderContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[SendingHome]:
    """A home that is not switched on yet; switched off at the end of the test."""
    network = Network(server)
    async with Owner.logged_in(server) as owner, network.in_use(monkeypatch):
        home = SendingHome(
            server,
            owner,
            network,
            freezer,
            async_test_recorder,
            tmp_path / "home-assistant.db",
            hass_storage,
        )
        yield home
        if home.is_on:
            await home.stop()
