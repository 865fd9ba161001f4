"""The actions for what meters have counted."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

from aiohttp import ClientConnectionError
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.components.recorder.statistics import list_statistic_ids
from homeassistant.core import Context
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component

from ..fake_server import StoredSchedule
from ..home import HOUR, NOW, SLOT, Home, device
from .test_recorded import recorded
from .test_sensors import FEED, METER, TARIFF, measure, meter

FIRST = datetime(2026, 11, 7, 23, tzinfo=UTC)
"""Midnight of 8 November in Amsterdam."""


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture(autouse=True)
async def metered(home: Home) -> None:
    """The server has sensors for a meter, with the same value for each hour."""
    home.server.add_sensor(METER, "meter", "kWh", "PT1H")
    home.server.add_sensor(FEED, "feed-in", "kWh", "PT1H")
    home.server.add_sensor(TARIFF, "tariff", "EUR/kWh", "PT1H")
    measure(home, METER, 1.0, start=FIRST)
    measure(home, TARIFF, 0.25, unit="EUR/kWh", start=FIRST)
    assert await async_setup_component(home.hass, "energy", {})


async def preferences(home: Home, hass_ws_client: Any) -> Any:
    """Give the Energy dashboard's sources."""
    client = await hass_ws_client(home.hass)
    await client.send_json_auto_id({"type": "energy/get_prefs"})
    answer = await client.receive_json()
    return answer["result"]["energy_sources"] if answer["success"] else None


async def test_dry_run(home: Home, hass_ws_client: Any) -> None:
    """A dry run says what would change, and changes nothing."""
    await home.set_up(meter(cost_sensor=TARIFF))

    tried = await home.call("add_to_energy_dashboard", dry_run=True)

    assert tried == {
        "saved": False,
        "changes": [
            {
                "meter": "Home",
                "is_new": True,
                "statistics": {
                    "stat_energy_from": f"{DOMAIN}:{METER}_consumption",
                    "stat_cost": f"{DOMAIN}:{METER}_cost",
                },
            }
        ],
    }
    assert await preferences(home, hass_ws_client) is None


async def test_one_meter(home: Home, hass_ws_client: Any) -> None:
    """One meter of several is added; a sensor without data is no statistic yet."""
    await home.set_up(meter(production_sensor=FEED), device())

    await home.call("add_to_energy_dashboard", device_id=home.device_id(METER))

    (source,) = await preferences(home, hass_ws_client)
    assert source["stat_energy_from"] == f"{DOMAIN}:{METER}_consumption"
    assert source["stat_energy_to"] is None
    assert source["name"] == "Home"


async def test_not_for_everybody(home: Home, hass_ws_client: Any) -> None:
    """Who may not change the dashboard cannot do it by the action either."""
    await home.set_up(meter())
    user = MockUser().add_to_hass(home.hass)

    with pytest.raises(Unauthorized):
        await home.hass.services.async_call(
            DOMAIN,
            "add_to_energy_dashboard",
            {},
            blocking=True,
            context=Context(user_id=user.id),
        )
    assert await preferences(home, hass_ws_client) is None


async def test_nothing_to_show(home: Home) -> None:
    """Before anything is imported there is nothing to show."""
    home.server.data.clear()
    await home.set_up(meter())

    with pytest.raises(ServiceValidationError, match="Nothing is imported yet"):
        await home.call("add_to_energy_dashboard")


async def test_no_dashboard(home: Home) -> None:
    """A Home Assistant without the dashboard says so."""
    await home.set_up(meter())
    home.hass.config.components.remove("energy")

    with pytest.raises(ServiceValidationError, match="Energy dashboard"):
        await home.call("add_to_energy_dashboard")


async def test_no_meter(home: Home) -> None:
    """A device that is scheduled is no meter; nor is one that is disabled."""
    await home.set_up(device(), meter())
    with pytest.raises(ServiceValidationError, match="Home battery is not a meter"):
        await home.call("add_to_energy_dashboard", device_id=home.device_id())

    registry = dr.async_get(home.hass)
    registry.async_update_device(
        home.device_id(METER), disabled_by=dr.DeviceEntryDisabler.USER
    )
    await home.settle()
    with pytest.raises(ServiceValidationError, match="Home is disabled"):
        await home.call(
            "reimport_statistics", device_id=home.device_id(METER), start=NOW - HOUR
        )


async def test_reimport(home: Home) -> None:
    """The days of a period are read again, and what was counted since goes on from them."""
    await home.set_up(meter())
    hours = (SLOT - FIRST) // HOUR
    corrected = [3.0] * 24 + [1.0] * (hours - 24)
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, [*corrected], "kWh")

    answer = await home.call(
        "reimport_statistics",
        device_id=home.device_id(METER),
        start=(FIRST + 5 * HOUR).isoformat(),
        end=(FIRST + 10 * HOUR).isoformat(),
    )

    assert answer == {"start": "2026-11-08", "end": "2026-11-08"}
    rows = await recorded(home, "consumption")
    assert [row[1] for row in rows] == corrected
    assert rows[-1][2] == hours + 48


@pytest.mark.parametrize("start", ["1900-01-01", "0202-01-01", date(2020, 1, 1)])
async def test_from_long_ago(home: Home, start: Any) -> None:
    """Before the first value there is nothing to read, however early a start is."""
    await home.set_up(meter())
    hours = (SLOT - FIRST) // HOUR
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, [2.0] * hours, "kWh")
    answer = await home.call(
        "reimport_statistics", device_id=home.device_id(METER), start=start
    )
    assert answer["end"] == "2026-11-22"
    assert [row[1] for row in await recorded(home, "consumption")] == [2.0] * hours
    answer = await home.call(
        "reimport_statistics",
        device_id=home.device_id(METER),
        start=start,
        end="2026-01-01",
    )
    assert len(await recorded(home, "consumption")) == hours


async def test_first_reading_at_midnight(home: Home) -> None:
    """What was counted from it to the next is not lost."""
    day = timedelta(days=1)
    home.server.add_sensor(METER, "readings", "kWh", "PT0M")
    step = timedelta(minutes=5)
    shown: list[float | None] = [None] * (3 * day // step + 1)
    shown[:: day // step] = [100.0, 110.0, 125.0, 145.0]
    home.server.data[METER] = StoredSchedule(FIRST, step, shown, "kWh")
    await home.set_up(meter(cumulative=True))
    rows = await recorded(home, "consumption")
    assert [row[1:] for row in rows] == [
        (100.0, 0.0),
        (110.0, 10.0),
        (125.0, 25.0),
        (145.0, 45.0),
    ]


async def test_renamed(home: Home) -> None:
    """A statistic is called as its meter is, from the next update on."""
    await home.set_up(meter())
    home.change_device(METER, title="Cellar")
    await home.settle()
    await async_wait_recording_done(home.hass)
    (known,) = await get_instance(home.hass).async_add_executor_job(
        list_statistic_ids, home.hass, {f"{DOMAIN}:{METER}_consumption"}
    )
    assert known["name"] == "Cellar consumption"


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-11-22", "2026-11-21"), ("2026-11-23", "2026-11-24")],
)
async def test_impossible_period(home: Home, start: str, end: str) -> None:
    """A period that is none, or is not over, cannot be read again."""
    await home.set_up(meter())

    with pytest.raises(
        ServiceValidationError, match="not after the last one, and not in the future"
    ):
        await home.call(
            "reimport_statistics",
            device_id=home.device_id(METER),
            start=start,
            end=end,
        )


async def test_server_away(home: Home) -> None:
    """A server that is away is told to who asked for its data, and nothing is lost."""
    await home.set_up(meter())
    before = await recorded(home, "consumption")
    home.server.fail(ClientConnectionError("away"))

    with pytest.raises(HomeAssistantError, match="does not answer"):
        await home.call(
            "reimport_statistics",
            device_id=home.device_id(METER),
            start=(NOW - timedelta(days=2)).isoformat(),
        )
    assert await recorded(home, "consumption") == before


async def test_unloaded_meanwhile(home: Home) -> None:
    """Who waits for a meter that is taken away hears of it, and nothing more is written."""
    await home.set_up(meter())
    hanging = home.server.hang()
    call = home.hass.async_create_task(
        home.call(
            "reimport_statistics",
            device_id=home.device_id(METER),
            start=(NOW - timedelta(days=2)).isoformat(),
        )
    )
    await home.until(lambda: home.server.requests[-1].path.endswith("/sensors/100"))
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    hanging.set()

    with pytest.raises(HomeAssistantError, match="changed, disabled or removed"):
        await call


async def test_nobody_waits_any_more(home: Home) -> None:
    """Who asked may go away; the next one is answered."""
    await home.set_up(meter())
    reimport = {
        "device_id": home.device_id(METER),
        "start": (NOW - timedelta(days=2)).isoformat(),
    }
    hanging = home.server.hang()
    call = home.hass.async_create_task(home.call("reimport_statistics", **reimport))
    await home.until(lambda: home.server.requests[-1].path.endswith("/sensors/100"))
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    home.server.recover()
    hanging.set()

    assert await home.call("reimport_statistics", **reimport)


async def test_hours_that_vanish(home: Home) -> None:
    """Hours that the server has no more are cleared, where Home Assistant can do that."""
    await home.set_up(meter())
    hours = (SLOT - FIRST) // HOUR
    left: list[float | None] = [1.0] * hours
    left[-30:-27] = [None] * 3
    left[-20] = None
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, left, "kWh")
    cleared: list[tuple[float, float]] = []

    def clear(ids: list[str], *, start_time: Any, end_time: Any) -> None:
        assert ids == [f"{DOMAIN}:{METER}_consumption"]
        cleared.append(((start_time - FIRST) // HOUR, (end_time - FIRST) // HOUR))

    with (
        patch(
            "custom_components.flexmeasures.meters.history.statistics.CAN_CLEAR_HOURS",
            new=True,
        ),
        patch(
            "homeassistant.components.recorder.Recorder.async_clear_statistics",
            side_effect=clear,
        ),
    ):
        await home.go_to(NOW + 13 * HOUR)

    assert cleared == [(hours - 30, hours - 27), (hours - 20, hours - 19)]
    rows = await recorded(home, "consumption")
    assert rows[-1][2] == hours - 4


async def test_hours_that_cannot_be_cleared(home: Home) -> None:
    """Where it cannot, they count for nothing."""
    await home.set_up(meter())
    hours = (SLOT - FIRST) // HOUR
    left: list[float | None] = [None] * 24 + [1.0] * (hours - 24)
    left[50] = None
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, left, "kWh")
    await home.call(
        "reimport_statistics",
        device_id=home.device_id(METER),
        start=FIRST.isoformat(),
    )

    rows = await recorded(home, "consumption")
    assert [row[1:] for row in rows[:24]] == [(None, 0.0)] * 24
    assert rows[50][1:] == (None, 26)
    assert rows[-1][2] == hours - 25


async def test_reimport_of_nothing(home: Home) -> None:
    """A meter without data can be read again, which gives none."""
    home.server.data.clear()
    await home.set_up(meter())
    await home.call(
        "reimport_statistics",
        device_id=home.device_id(METER),
        start=FIRST.isoformat(),
    )
    assert await recorded(home, "consumption") == []


async def test_statistics_that_vanish_at_the_beginning(home: Home) -> None:
    """A meter whose first readings vanish counts from the first that is left."""
    shown: list[float | None] = [100.0 + hour for hour in range((SLOT - FIRST) // HOUR)]
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, shown, "kWh")
    await home.set_up(meter(cumulative=True))
    left: list[float | None] = [None] * 30
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, left + shown[30:], "kWh")
    await home.call(
        "reimport_statistics",
        device_id=home.device_id(METER),
        start=FIRST.isoformat(),
    )
    rows = await recorded(home, "consumption")
    assert [row[1:] for row in rows[:30]] == [(None, 0.0)] * 30
    assert rows[30][1:] == (130.0, 0.0)
    assert rows[-1][2] == len(shown) - 31


async def test_reimport_before_the_history(home: Home) -> None:
    """Who asks for a few days before anything is imported gets all of it."""
    home.server.answer(
        "GET", f"/api/v3_0/sensors/{METER}/data", status=500, json={"message": "busy"}
    )
    await home.set_up(meter())
    assert await recorded(home, "consumption") == []
    home.server.recover()
    await home.call(
        "reimport_statistics",
        device_id=home.device_id(METER),
        start=(FIRST + 50 * HOUR).isoformat(),
        end=(FIRST + 60 * HOUR).isoformat(),
    )
    assert len(await recorded(home, "consumption")) == (SLOT - FIRST) // HOUR


async def test_less_than_before(home: Home) -> None:
    """What a meter does not count any more is not left behind."""
    await home.set_up(meter(cost_sensor=TARIFF))
    assert await recorded(home, "cost")
    home.change_device(METER, cost_sensor=None)
    await home.settle()
    assert await recorded(home, "cost") == []
    assert len(await recorded(home, "consumption")) == (SLOT - FIRST) // HOUR


async def test_other_sensor(home: Home) -> None:
    """A meter that is given another sensor has the history of that, and no other."""
    home.server.data[FEED] = StoredSchedule(
        FIRST + 100 * HOUR, HOUR, [2.0] * ((SLOT - FIRST) // HOUR - 100), "kWh"
    )
    await home.set_up(meter())

    home.change_device(METER, consumption_sensor=FEED)
    await home.settle()

    rows = await recorded(home, "consumption")
    assert len(rows) == (SLOT - FIRST) // HOUR - 100
    assert rows[0][1:] == (2.0, 2.0)
