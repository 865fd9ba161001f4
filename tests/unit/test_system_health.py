"""What *System information* says about the servers."""

from typing import Any

from aiohttp import ClientConnectionError
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.setup import async_setup_component

from . import flows
from .fake_server import EMAIL, GARAGE_POWER, MEMBER_EMAIL, URL_OF_SERVER, VERSION
from .home import NOW, QUARTER, Home, device

type Json = dict[str, Any]

OTHER_SERVER = "https://other.test"


@pytest.fixture
async def health(home: Home, hass_ws_client: WebSocketGenerator) -> Any:
    """Ask for the system information, and wait until it is complete."""
    assert await async_setup_component(home.hass, "system_health", {})
    client = await hass_ws_client(home.hass)

    async def get() -> Json:
        await client.send_json_auto_id({"type": "system_health/info"})
        assert (await client.receive_json())["success"]
        info: Json = {}
        while (event := (await client.receive_json())["event"])["type"] != "finish":
            if event["type"] == "initial":
                info = event["data"][DOMAIN]
                assert info["manage_url"].endswith(f"/{DOMAIN}")
            elif event["domain"] == DOMAIN:
                info["info"][event["key"]] = event["data"]
        assert EMAIL not in str(info)
        found: Json = info["info"]
        return found

    return get


async def test_one_server(home: Home, health: Any) -> None:
    await home.set_up(device(), device(GARAGE_POWER))

    found = await health()

    assert found == {
        "can_reach_server": "ok",
        "server_version": VERSION,
        "devices": 2,
        "last_schedule": None,
    }
    assert found.keys() == flows.english()["system_health"]["info"].keys()


async def test_last_schedule(home: Home, health: Any) -> None:
    """The newest one of all devices."""
    await home.set_up(device(), device(GARAGE_POWER))
    for moment, sensor in ((NOW, GARAGE_POWER), (NOW + QUARTER, 10)):
        await home.go_to(moment)
        await home.call(
            "trigger_schedule", device_id=home.device_id(sensor), soc_at_start=4
        )

    assert (await health())["last_schedule"] == {
        "type": "date",
        "value": (NOW + QUARTER).isoformat(),
    }


async def test_server_that_is_away(home: Home, health: Any) -> None:
    home.server.fail(ClientConnectionError("gone"))
    await home.set_up()

    assert await health() == {
        "can_reach_server": {"type": "failed", "error": "unreachable"},
        "server_version": None,
        "devices": 0,
        "last_schedule": None,
    }


async def test_two_accounts_on_one_server(home: Home, health: Any) -> None:
    await home.set_up()
    await home.set_up(device(GARAGE_POWER), username=MEMBER_EMAIL)

    found = await health()

    assert found["can_reach_server"] == "ok"
    assert found["devices"] == 2


async def test_two_servers(home: Home, health: Any) -> None:
    """Each with its address; an account that is disabled does not count."""
    await home.set_up()
    await home.set_up(device(GARAGE_POWER), host=OTHER_SERVER, username=MEMBER_EMAIL)

    found = await health()

    assert found == {
        f"{name} ({host})": value
        for host in (URL_OF_SERVER, OTHER_SERVER)
        for name, value in (
            ("Server reachable", "ok"),
            ("Version of the server", VERSION),
            ("Devices", 1),
            ("Last schedule", None),
        )
    }

    await home.hass.config_entries.async_set_disabled_by(
        home.entry.entry_id, ConfigEntryDisabler.USER
    )
    assert (await health()).keys() == flows.english()["system_health"]["info"].keys()


async def test_without_an_account(home: Home, health: Any) -> None:
    assert await async_setup_component(home.hass, DOMAIN, {})

    assert await health() == {}
