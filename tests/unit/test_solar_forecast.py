"""The solar forecast in the Energy dashboard."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flexmeasures.energy import async_get_solar_forecast
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.setup import async_setup_component

from .fake_server import (
    BATTERY_CHARGING,
    CABIN_POWER,
    CONSUMPTION,
    FORBIDDEN,
    GARAGE_POWER,
    INTERNAL_ERROR,
    NEIGHBOUR_POWER,
    StoredSchedule,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home

PV = BATTERY_CHARGING  # kW, 15 minutes, production is positive
PV_DATA = f"/api/v3_0/sensors/{PV}/data"
MIDNIGHT = datetime(2026, 11, 21, 23, tzinfo=UTC)
"""The start of today, where NOW is 11:07."""
DAY = 24 * HOUR

type WhHours = dict[str, float]


async def set_up(home: Home, *sensors: int) -> None:
    """Set up an account that has a solar forecast from these sensors."""
    home.add_account()
    home.hass.config_entries.async_update_entry(
        home.entry, options={"solar_forecast_sensors": list(sensors)}
    )
    assert await home.start() is ConfigEntryState.LOADED


async def wh_hours(home: Home) -> WhHours:
    """Give the forecast as the Energy dashboard gets it."""
    forecast = await async_get_solar_forecast(home.hass, home.entry.entry_id)
    assert forecast
    return dict(forecast["wh_hours"])


def holds(home: Home, unit: str, resolution: str, sensor: int = PV) -> None:
    """Let a sensor be of another kind."""
    home.server.sensors[sensor] |= {"unit": unit, "event_resolution": resolution}


def forecasts(
    home: Home,
    *values: float | None,
    start: datetime = SLOT,
    resolution: timedelta = QUARTER,
    unit: str = "kW",
    sensor: int = PV,
) -> None:
    """Let the server have a forecast."""
    home.server.forecasts[sensor] = StoredSchedule(
        start, resolution, list(values), unit
    )


# --- in the dashboard


async def choose(home: Home) -> None:
    """Choose the account for the solar panels."""
    manager = await async_get_manager(home.hass)
    await manager.async_update(
        {
            "energy_sources": [
                {
                    "type": "solar",
                    "stat_energy_from": "sensor.pv",
                    "config_entry_solar_forecast": [home.entry.entry_id],
                }
            ],
            "device_consumption": [],
        }
    )


class TestDashboard:
    """With the Energy dashboard itself."""

    @pytest.fixture(autouse=True)
    def auto_enable_custom_integrations(
        self, recorder_mock: Any, enable_custom_integrations: None
    ) -> None:
        """Start the recorder before Home Assistant."""

    async def test_forecast(
        self, home: Home, hass_ws_client: WebSocketGenerator
    ) -> None:
        """It is offered there, and shown once it is chosen for the panels."""
        forecasts(home, 1.0, 2.0, 3.0, 4.0)
        await set_up(home, PV)
        assert await async_setup_component(home.hass, "energy", {})
        client = await hass_ws_client(home.hass)

        await client.send_json_auto_id({"type": "energy/info"})
        info = (await client.receive_json())["result"]
        assert "flexmeasures" in info["solar_forecast_domains"]

        await choose(home)
        await client.send_json_auto_id({"type": "energy/solar_forecast"})
        assert (await client.receive_json())["result"] == {
            home.entry.entry_id: {"wh_hours": {"2026-11-22T11:00:00+01:00": 2500.0}}
        }

    async def test_account_without_panels(
        self, home: Home, hass_ws_client: WebSocketGenerator
    ) -> None:
        """There is nothing to show, also where it was chosen."""
        await home.set_up()
        assert await async_setup_component(home.hass, "energy", {})
        client = await hass_ws_client(home.hass)
        await choose(home)

        await client.send_json_auto_id({"type": "energy/solar_forecast"})
        assert (await client.receive_json())["result"] == {}


async def test_account_that_is_not_loaded(home: Home) -> None:
    """No forecast, and no error that would take those of others away."""
    await set_up(home, PV)
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    assert await async_get_solar_forecast(home.hass, home.entry.entry_id) is None


async def test_account_that_is_gone(home: Home) -> None:
    assert await async_get_solar_forecast(home.hass, "gone") is None


# --- what is read


async def test_period(home: Home) -> None:
    """From the start of today on, for as long as the server can forecast."""
    await set_up(home, PV)

    assert await wh_hours(home) == {}

    queries = [each.query for each in home.server.requests_to("GET", PV_DATA)]
    assert {query["start"] for query in queries} == {MIDNIGHT.isoformat()}
    assert {query["duration"] for query in queries} == {"PT192H"}
    assert {query.get("source-type") for query in queries} == {"forecaster", None}


async def test_where_there_is_no_forecast_the_newest_values_count(home: Home) -> None:
    """The morning was measured; and what is known nowhere is left out."""
    home.server.data[PV] = StoredSchedule(
        SLOT - HOUR, QUARTER, [0.5] * 4 + [9.0] * 4 + [None] * 4 + [0.0] * 4
    )
    forecasts(home, *[2.0] * 4)
    await set_up(home, PV)

    assert await wh_hours(home) == {
        "2026-11-22T10:00:00+01:00": 500.0,
        "2026-11-22T11:00:00+01:00": 2000.0,
        "2026-11-22T13:00:00+01:00": 0.0,
    }


@pytest.mark.parametrize(
    ("unit", "resolution", "values", "expected"),
    [
        ("kW", "PT5M", [1.2] * 12 + [2.4] * 6, [1200.0, 1200.0]),
        ("W", "PT15M", [100, 200, 300, 400], [250.0]),
        ("MW", "PT1H", [0.001, 0.0025], [1000.0, 2500.0]),
        ("kW", "PT2H", [3.0], [3000.0, 3000.0]),
        ("kWh", "PT15M", [0.1, 0.2, 0.3, 0.4, 1.0], [1000.0, 1000.0]),
        ("Wh", "PT30M", [123.456, 1.0], [124.456]),
        ("MWh", "PT1H", [0.0015], [1500.0]),
        ("kWh", "PT4H", [6.0], [1500.0] * 4),
        ("kW", "PT15M", [-1.0, 1.0, -1.0, 1.0], [500.0]),
        ("kW", "PT15M", [-0.5], [0.0]),
    ],
)
async def test_units_and_resolutions(
    home: Home, unit: str, resolution: str, values: list[float], expected: list[float]
) -> None:
    """Power and energy of any interval become energy per hour; nothing is consumed."""
    holds(home, unit, resolution)
    length = {"PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT2H": 120}
    forecasts(
        home,
        *values,
        start=MIDNIGHT,
        resolution=length.get(resolution, 240) * MINUTE,
        unit=unit,
    )
    await set_up(home, PV)

    assert await wh_hours(home) == {
        f"2026-11-22T0{hour}:00:00+01:00": pytest.approx(wh)
        for hour, wh in enumerate(expected)
    }


async def test_sensor_that_stores_consumption_as_positive(home: Home) -> None:
    """Its production is negative."""
    forecasts(home, -1.0, -2.0, 3.0, -1.0, sensor=CONSUMPTION)
    await set_up(home, CONSUMPTION)

    assert await wh_hours(home) == {"2026-11-22T11:00:00+01:00": 1000.0}


async def test_several_add_up(home: Home) -> None:
    """Each has its own unit and interval."""
    forecasts(home, *[1.0] * 8)
    forecasts(
        home,
        *[600.0] * 6,
        start=SLOT + HOUR,
        resolution=5 * MINUTE,
        unit="W",
        sensor=GARAGE_POWER,
    )
    forecasts(home, 0.002, resolution=HOUR, unit="MW", sensor=CABIN_POWER)
    await set_up(home, PV, GARAGE_POWER, CABIN_POWER)

    assert await wh_hours(home) == {
        "2026-11-22T11:00:00+01:00": 3000.0,
        "2026-11-22T12:00:00+01:00": 1300.0,
    }


# --- hours that are not like others


@pytest.mark.parametrize(
    ("now", "first", "hours"),
    [
        ("2026-03-29T10:00:00+00:00", "2026-03-28T23:00:00+00:00", 23),
        ("2026-10-25T10:00:00+00:00", "2026-10-24T22:00:00+00:00", 25),
    ],
)
@pytest.mark.parametrize("resolution", ["PT15M", "P1D"])
async def test_nights_in_which_the_clocks_change(
    home: Home, now: str, first: str, hours: int, resolution: str
) -> None:
    """Each hour of the day comes once, and the hour that comes twice comes twice."""
    await home.go_to(datetime.fromisoformat(now))
    holds(home, "kWh", resolution)
    start = datetime.fromisoformat(first)
    quarters = resolution == "PT15M"
    forecasts(
        home,
        *([0.25] * hours * 4 if quarters else [float(hours)]),
        start=start,
        resolution=QUARTER if quarters else hours * HOUR,
        unit="kWh",
    )
    await set_up(home, PV)

    forecast = await wh_hours(home)

    assert list(forecast.values()) == [1000.0] * hours
    moments = [datetime.fromisoformat(hour) for hour in forecast]
    assert moments[0] == start
    assert all(later - earlier == HOUR for earlier, later in pairwise(moments))


async def test_home_in_a_time_zone_of_half_hours(home: Home) -> None:
    """Hours of UTC lie across those of the clock."""
    await home.hass.config.async_set_time_zone("Asia/Kolkata")
    holds(home, "kWh", "PT1H")
    forecasts(home, 1.0, 2.0, resolution=HOUR, unit="kWh")
    await set_up(home, PV)

    assert await wh_hours(home) == {
        "2026-11-22T15:00:00+05:30": 500.0,
        "2026-11-22T16:00:00+05:30": 1500.0,
        "2026-11-22T17:00:00+05:30": 1000.0,
    }


async def test_sensor_in_a_time_zone_of_half_hours(home: Home) -> None:
    """It may have values on its own grid, or on that of UTC."""
    holds(home, "kWh", "PT1H")
    home.server.sensors[PV]["timezone"] = "Asia/Kolkata"
    forecasts(home, 1.0, 2.0, start=SLOT + HOUR / 2, resolution=HOUR, unit="kWh")
    await set_up(home, PV)

    assert await wh_hours(home) == {
        "2026-11-22T11:00:00+01:00": 500.0,
        "2026-11-22T12:00:00+01:00": 1500.0,
        "2026-11-22T13:00:00+01:00": 1000.0,
    }


async def test_clocks_that_change_by_half_an_hour(home: Home) -> None:
    """That hour is one of 90 minutes."""
    await home.hass.config.async_set_time_zone("Australia/Lord_Howe")
    # At 02:00 on the 5th it was 01:30.
    await home.go_to(datetime(2026, 4, 4, 20, tzinfo=UTC))
    forecasts(
        home,
        *[1.0] * 12,
        start=datetime(2026, 4, 4, 13, tzinfo=UTC),
        resolution=QUARTER,
    )
    await set_up(home, PV)

    assert await wh_hours(home) == {
        "2026-04-05T00:00:00+11:00": 1000.0,
        "2026-04-05T01:00:00+11:00": 1500.0,
        "2026-04-05T02:00:00+10:30": 500.0,
    }


async def test_daily_sensor_of_another_time_zone(home: Home) -> None:
    """What it says of the hours before today is left out."""
    holds(home, "kWh", "P1D")
    home.server.sensors[PV]["timezone"] = "UTC"
    forecasts(
        home,
        24.0,
        start=datetime(2026, 11, 21, tzinfo=UTC),
        resolution=DAY,
        unit="kWh",
    )
    await set_up(home, PV)

    assert await wh_hours(home) == {"2026-11-22T00:00:00+01:00": 1000.0}


# --- what fails, and how often is asked


async def test_sensor_that_fails(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The others are shown, it is told once, and what it said before still counts."""
    forecasts(home, *[1.0] * 4)
    forecasts(home, *[500.0] * 12, resolution=5 * MINUTE, unit="W", sensor=GARAGE_POWER)
    home.server.answer("GET", PV_DATA, json=INTERNAL_ERROR, status=500)
    await set_up(home, PV, GARAGE_POWER)

    hour = "2026-11-22T11:00:00+01:00"
    assert await wh_hours(home) == {hour: 500.0}
    home.pass_time(10 * MINUTE)
    assert await wh_hours(home) == {hour: 500.0}
    assert caplog.text.count(f"sensor {PV} cannot be read") == 1

    home.server.recover()
    home.pass_time(10 * MINUTE)
    assert await wh_hours(home) == {hour: 1500.0}

    home.server.answer("GET", PV_DATA, json=INTERNAL_ERROR, status=500)
    home.pass_time(10 * MINUTE)
    assert await wh_hours(home) == {hour: 1500.0}
    assert caplog.text.count(f"sensor {PV} cannot be read") == 2


async def test_sensor_of_another_account(home: Home) -> None:
    """As when it was sold with the panels."""
    forecasts(home, *[1.0] * 4)
    home.server.answer(
        "GET", f"/api/v3_0/sensors/{NEIGHBOUR_POWER}", json=FORBIDDEN, status=403
    )
    await set_up(home, NEIGHBOUR_POWER, PV)

    assert await wh_hours(home) == {"2026-11-22T11:00:00+01:00": 1000.0}


@pytest.mark.parametrize(
    ("unit", "resolution"),
    [("EUR/kWh", "PT15M"), ("kWh", "P0D"), ("kWh", "P7D"), ("VA", "PT1H")],
)
async def test_sensor_that_has_become_another(
    home: Home, unit: str, resolution: str
) -> None:
    """What is no production is not taken for it."""
    holds(home, unit, resolution)
    await set_up(home, PV)

    assert await wh_hours(home) == {}
    assert not home.server.requests_to("GET", PV_DATA)


async def test_how_often_the_server_is_asked(home: Home) -> None:
    """Each ten minutes at most, however often somebody looks."""
    forecasts(home, *[1.0] * 4)
    await set_up(home, PV)

    first = await asyncio.gather(wh_hours(home), wh_hours(home), wh_hours(home))
    assert first[0] == first[1] == first[2] == {"2026-11-22T11:00:00+01:00": 1000.0}
    home.pass_time(10 * MINUTE - timedelta(seconds=1))
    await wh_hours(home)
    assert len(home.server.requests_to("GET", PV_DATA)) == 2

    forecasts(home, *[2.0] * 4)
    home.pass_time(timedelta(seconds=1))
    assert await wh_hours(home) == {"2026-11-22T11:00:00+01:00": 2000.0}
    assert len(home.server.requests_to("GET", PV_DATA)) == 4


async def test_another_day(home: Home) -> None:
    """What has become yesterday is no more there, also of a sensor that fails."""
    forecasts(home, *[1.0] * 4 * 24)
    await set_up(home, PV)
    assert next(iter(await wh_hours(home))) == "2026-11-22T11:00:00+01:00"

    home.server.answer("GET", PV_DATA, json=INTERNAL_ERROR, status=500)
    home.pass_time(MIDNIGHT + DAY - NOW)

    assert next(iter(await wh_hours(home))) == "2026-11-23T00:00:00+01:00"


async def test_other_sensors_are_chosen(home: Home) -> None:
    """They count at once, and nothing is loaded anew for them."""
    forecasts(home, *[1.0] * 4)
    await set_up(home, PV)
    account = home.entry.runtime_data
    assert await wh_hours(home) == {"2026-11-22T11:00:00+01:00": 1000.0}
    forecasts(home, 2.0, resolution=HOUR, sensor=CABIN_POWER)

    home.hass.config_entries.async_update_entry(
        home.entry, options={"solar_forecast_sensors": [CABIN_POWER]}
    )
    await home.settle()

    assert await wh_hours(home) == {"2026-11-22T11:00:00+01:00": 2000.0}
    assert home.entry.runtime_data is account
