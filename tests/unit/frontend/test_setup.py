"""How the card comes to dashboards, and goes from them."""

from pathlib import Path
import sys
from types import ModuleType

import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.setup import async_setup_component

from ..fake_server import REFUSED
from ..home import Home
from ..test_metadata import INTEGRATION, read_json

WWW = INTEGRATION / "frontend" / "www"
FOLDER = "/api/flexmeasures/frontend"
PATH = f"{FOLDER}/{read_json(INTEGRATION / 'manifest.json')['version']}"
MODULE = f"{FOLDER}.js"


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


async def test_first_file(
    home: Home, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """It leads to those of the version that there is, also pages that are older copies."""
    await home.set_up()
    client = await hass_client_no_auth()

    answer = await client.get(MODULE)

    assert answer.status == 200
    assert answer.content_type == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-store"
    assert await answer.text() == f'import "{PATH}/flexmeasures.js";'


@pytest.mark.parametrize("file", ["card.js", "texts/nl-more.js"])
async def test_files_of_another_version(
    home: Home, hass_client_no_auth: ClientSessionGenerator, file: str
) -> None:
    """A page from before an update gets what there is now."""
    await home.set_up()
    client = await hass_client_no_auth()

    answer = await client.get(f"{FOLDER}/0.0.1/{file}", allow_redirects=False)

    assert answer.status == 302
    assert answer.headers["Location"] == f"{PATH}/{file}"
    assert answer.headers["Cache-Control"] == "no-store"


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
async def test_module_stays(home: Home) -> None:
    """What was saved with it still needs it when the account is disabled or gone."""
    entry = await home.set_up()
    assert modules(home) == {MODULE}
    manager = home.hass.config_entries

    await manager.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert modules(home) == {MODULE}
    await manager.async_remove(entry.entry_id)
    assert modules(home) == {MODULE}


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
