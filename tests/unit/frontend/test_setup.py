"""How the card comes to dashboards, and goes from them."""

from pathlib import Path
import sys
from types import ModuleType

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.setup import async_setup_component

from ..fake_server import BATTERY_POWER, GARAGE_POWER, REFUSED
from ..home import Home, device
from ..test_metadata import INTEGRATION, read_json

WWW = INTEGRATION / "frontend" / "www"
PATH = f"/flexmeasures/frontend/{read_json(INTEGRATION / 'manifest.json')['version']}"
MODULE = f"{PATH}/flexmeasures.js"


@pytest.fixture
async def frontend(
    new_home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Home Assistant's frontend, but for its files."""
    files = ModuleType("hass_frontend")
    files.where = lambda: tmp_path  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hass_frontend", files)
    for name in ("static", "frontend_latest", "frontend_es5"):
        (tmp_path / name).mkdir()
    assert await async_setup_component(new_home.hass, "frontend", {})


def modules(home: Home) -> set[str]:
    """Give the modules that pages load beside Home Assistant's own."""
    return set(home.hass.data[DATA_EXTRA_MODULE_URL].urls)


# --- files


async def test_files(home: Home, hass_client_no_auth: ClientSessionGenerator) -> None:
    """They are kept by browsers: with another version, all have another address."""
    await home.set_up()
    client = await hass_client_no_auth()

    for file in WWW.rglob("*.js"):
        answer = await client.get(f"{PATH}/{file.relative_to(WWW).as_posix()}")
        assert answer.status == 200
        assert answer.content_type in {"application/javascript", "text/javascript"}
        assert answer.headers["Cache-Control"] == "public, max-age=2678400"
        assert await answer.read() == file.read_bytes()
    assert (WWW / "flexmeasures.js").is_file()


@pytest.mark.parametrize("name", ["none.js", ""])
async def test_no_other_files(
    home: Home, hass_client_no_auth: ClientSessionGenerator, name: str
) -> None:
    await home.set_up()
    client = await hass_client_no_auth()

    assert (await client.get(f"{PATH}/{name}")).status in {403, 404}


# --- the module


async def test_home_without_a_frontend(home: Home) -> None:
    """All else works there."""
    await home.set_up()

    assert home.entry.state is ConfigEntryState.LOADED
    assert DATA_EXTRA_MODULE_URL not in home.hass.data


@pytest.mark.usefixtures("frontend")
async def test_module_of_an_account(home: Home) -> None:
    """It is loaded while there is one that is not disabled."""
    entry = await home.set_up()
    assert modules(home) == {MODULE}
    manager = home.hass.config_entries

    await manager.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert modules(home) == set()
    await manager.async_set_disabled_by(entry.entry_id, None)
    assert modules(home) == {MODULE}
    await manager.async_remove(entry.entry_id)
    assert modules(home) == set()

    await home.set_up()
    assert modules(home) == {MODULE}


@pytest.mark.usefixtures("frontend")
async def test_module_of_several_accounts(home: Home) -> None:
    """It goes with the last one, and other integrations have no say in it."""
    first = await home.set_up(device(BATTERY_POWER))
    second = await home.set_up(device(GARAGE_POWER))
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home.hass)

    await home.hass.config_entries.async_remove(first.entry_id)
    assert modules(home) == {MODULE}
    await home.hass.config_entries.async_remove(second.entry_id)
    assert modules(home) == set()
    await home.hass.config_entries.async_remove(other.entry_id)
    assert modules(home) == set()


@pytest.mark.usefixtures("frontend")
async def test_module_of_an_account_that_cannot_be_set_up(home: Home) -> None:
    """A card that is unknown would not say what is wrong."""
    home.server.fail(REFUSED)

    entry = await home.set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert modules(home) == {MODULE}


@pytest.mark.usefixtures("frontend")
async def test_reload_leaves_the_module_alone(
    home: Home, hass_ws_client: WebSocketGenerator
) -> None:
    """Pages are not told that it goes and comes."""
    await home.set_up()
    client = await hass_ws_client(home.hass)
    await client.send_json_auto_id({"type": "frontend/subscribe_extra_js"})
    assert (await client.receive_json())["success"]

    await home.reload()

    await client.send_json_auto_id({"type": "ping"})
    assert (await client.receive_json())["type"] == "pong"


@pytest.mark.usefixtures("frontend")
async def test_yaml_without_an_account(home: Home) -> None:
    """There is nothing to show."""
    assert await async_setup_component(home.hass, "flexmeasures", {})

    assert modules(home) == set()
