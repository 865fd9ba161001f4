"""Home Assistant is killed, or the power fails: nothing that the user set is lost."""

from collections.abc import Iterator

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState

from .disk import Disk
from .fake_server import BATTERY_POWER
from .home import NOW, Home
from .s2_rm import FRBC, FakeRM, paired

CONFIG_ENTRIES = "core.config_entries"


@pytest.fixture
def disk(home: Home) -> Iterator[Disk]:
    """A disk that each write takes some time of."""
    disk = Disk(takes=lambda: 20)
    with disk.in_use():
        yield disk


async def kill(home: Home, disk: Disk) -> None:
    """Let nothing be written any more, and have Home Assistant start from what was."""
    disk.lose_power()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    disk.power_up()
    home.server.fail(ClientConnectionError("away since the power cut"))
    assert await home.start() is ConfigEntryState.LOADED


async def test_what_is_acknowledged_is_written(home: Home, disk: Disk) -> None:
    """When an action returns, no power cut undoes it."""
    home.has_planned(1.0, 2.0)
    await home.set_up()

    async def set_it(action: str, platform: str, key: str, **data: object) -> None:
        await home.hass.services.async_call(
            platform,
            action,
            {"entity_id": home.entity(platform, key), **data},
            blocking=True,
        )

    await set_it("select_option", "select", "mode", option="hold")
    assert home.stored[str(BATTERY_POWER)]["mode"] == "hold"
    await set_it("set_value", "number", "target_soc", value=8)
    assert home.stored[str(BATTERY_POWER)]["target_soc_kwh"] == 8
    await set_it("set_value", "datetime", "ready_by", datetime="2026-11-22 18:00:00")
    assert home.stored[str(BATTERY_POWER)]["ready_by"] == "2026-11-22T17:00:00+00:00"
    await home.override(power=2, duration={"hours": 1})
    assert home.stored[str(BATTERY_POWER)]["override"]["power"] == 2

    await kill(home, disk)
    assert home.value("select", "mode") == "hold"
    assert home.value("number", "target_soc") == "8.0"
    assert home.value("datetime", "ready_by") == "2026-11-22T17:00:00+00:00"
    assert home.value("sensor", "setpoint") == "2.0"

    await home.hass.services.async_call(
        DOMAIN, "clear_override", {"device_id": home.device_id()}, blocking=True
    )
    await kill(home, disk)
    assert home.value("sensor", "setpoint") == "0.0"


async def test_control_type_that_is_acknowledged_is_written(
    home: Home, disk: Disk, rm: FakeRM
) -> None:
    await home.set_up(paired())
    await rm.start(FRBC)

    await rm.select("fill_rate_based_control")

    assert home.stored[str(BATTERY_POWER)]["resource"]["control_type"] == FRBC


async def test_plan_that_was_just_made_is_followed(home: Home, disk: Disk) -> None:
    """After a power cut that the server does not survive, either."""
    await home.set_up()
    home.server.planned_values = [2.5]
    await home.compute()
    await home.until(lambda: home.is_stored)

    await kill(home, disk)

    assert home.state().state == "2.5"
    assert home.value("sensor", "last_schedule") == NOW.isoformat()
