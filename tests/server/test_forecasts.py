"""A real server forecasts what it has measured."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.energy import async_get_solar_forecast
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, Device, call


@pytest.fixture(autouse=True)
async def account(add_device: AddDevice) -> Device:
    """Set the account up."""
    return await add_device()


def values(response: dict[str, Any]) -> list[float]:
    """Give the values of a forecast."""
    return [slot["value"] for slot in response["forecast"]]


async def test_household(hass: HomeAssistant, server: FlexMeasuresServer) -> None:
    """A day of a household is much as the days before; the sun helps."""
    response = await call(
        hass,
        "trigger_forecast",
        sensor=server.home.sensor("consumption"),
        horizon="24:00:00",
        regressors=[server.home.sensor("pv_production")],
    )

    assert response["unit"] == "kW"
    assert response["resolution"] == "PT15M"
    assert len(values(response)) == 96
    start = datetime.fromisoformat(response["start"])
    assert timedelta(0) <= dt_util.utcnow() - start < timedelta(minutes=20)
    assert min(values(response)) > 0.1
    assert max(values(response)) > 0.5


async def test_it_is_read_again_as_a_forecasters(
    hass: HomeAssistant, server: FlexMeasuresServer
) -> None:
    """What the action returned is what is stored."""
    sensor = server.home.sensor("pv_production")
    response = await call(hass, "trigger_forecast", sensor=sensor, horizon="PT2H")

    read = await call(
        hass,
        "get_measurements",
        sensor=sensor,
        start=response["start"],
        duration="PT2H",
        source_type="forecaster",
    )

    assert read["measurements"] == response["forecast"]


@pytest.mark.parametrize(
    ("sensor", "data", "key"),
    [
        ("battery_power", {}, "forecast_without_history"),
        ("battery_soc", {}, "not_forecastable"),
        ("daily_cost", {}, "not_forecastable"),
        ("neighbour_power", {}, "not_permitted"),
        ("price", {}, "not_permitted"),
        ("consumption", {"regressors": "neighbour_power"}, "regressor_not_readable"),
    ],
)
async def test_what_cannot_be(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    sensor: str,
    data: dict[str, str],
    key: str,
) -> None:
    """Each says why."""
    with pytest.raises(HomeAssistantError) as error:
        await call(
            hass,
            "trigger_forecast",
            sensor=server.home.sensor(sensor),
            **{field: server.home.sensor(name) for field, name in data.items()},
        )

    assert error.value.translation_key == key


async def test_unknown_sensor(hass: HomeAssistant, server: FlexMeasuresServer) -> None:
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "trigger_forecast", sensor=99999)

    assert error.value.translation_key == "not_found"


async def test_server_does_nothing_by_itself(
    hass: HomeAssistant, server: FlexMeasuresServer, account: Device
) -> None:
    """1.0 knows no automations."""
    api = account.entry.runtime_data.api

    assert await api.get_automations(server.home.asset("pv")) == ()


# --- in the Energy dashboard


async def wh_hours(hass: HomeAssistant, account: Device, *sensors: int) -> Any:
    """Give the solar forecast from these sensors."""
    hass.config_entries.async_update_entry(
        account.entry, options={"solar_forecast_sensors": list(sensors)}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    forecast = await async_get_solar_forecast(hass, account.entry.entry_id)
    assert forecast
    return forecast["wh_hours"]


async def read_wh(
    hass: HomeAssistant, sensor: int, start: datetime, **source: str
) -> dict[datetime, float]:
    """Give the energy of each quarter of an hour of some days, from a power in kW."""
    read = await call(
        hass,
        "get_measurements",
        sensor=sensor,
        start=start,
        duration={"days": 8},
        **source,
    )
    return {
        datetime.fromisoformat(slot["start"]): slot["value"] * 250
        for slot in read["measurements"]
    }


async def test_solar_forecast(
    hass: HomeAssistant, server: FlexMeasuresServer, account: Device
) -> None:
    """Each hour is the sum of its quarters: of the forecaster, before that as measured."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    sensor = server.home.sensor("pv_production")
    await call(hass, "trigger_forecast", sensor=sensor, horizon="PT48H")

    forecast = await wh_hours(hass, account, sensor)

    start = datetime.fromisoformat(next(iter(forecast)))
    assert start == dt_util.start_of_local_day(start)
    quarters = await read_wh(hass, sensor, start) | await read_wh(
        hass, sensor, start, source_type="forecaster"
    )
    expected: dict[str, float] = {}
    for moment, wh in sorted(quarters.items()):
        hour = dt_util.as_local(moment).replace(minute=0).isoformat()
        expected[hour] = expected.get(hour, 0) + max(wh, 0)
    assert forecast == {
        hour: pytest.approx(wh, abs=0.01) for hour, wh in expected.items()
    }
    assert len(forecast) >= 48
    assert sum(forecast.values()) > 1000


async def test_solar_forecast_without_a_forecaster(
    hass: HomeAssistant, server: FlexMeasuresServer, account: Device
) -> None:
    """What somebody else has stored ahead is taken, too; one that is foreign is left out."""
    forecast = await wh_hours(
        hass,
        account,
        server.home.sensor("neighbour_power"),
        server.home.sensor("pv_production"),
    )

    assert len(forecast) >= 48
    assert sum(forecast.values()) > 1000
