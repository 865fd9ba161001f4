"""Measurements go to a real server and come back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import JobFailedError
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, call, stored


@pytest.fixture(autouse=True)
async def account(add_device: AddDevice) -> None:
    """Set the account up."""
    await add_device()


async def test_interval_values(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi
) -> None:
    """Values in another unit come back in the sensor's."""
    sensor = server.home.sensor("grid_import")
    start = dt_util.now().replace(minute=0, second=0, microsecond=0) - timedelta(
        hours=3
    )

    posted = await call(
        hass,
        "post_measurements",
        sensor=sensor,
        start=start,
        duration="PT45M",
        values=[1500, 2500, -500.5],
        unit="W",
    )
    await stored(api, posted)
    read = await call(
        hass, "get_measurements", sensor=sensor, start=start, duration="PT2H"
    )

    assert posted["status"] in ("accepted", "processed")
    assert posted["values"] == [1500, 2500, -500.5]
    assert read["unit"] == "kW"
    assert read["resolution"] == "PT15M"
    assert [slot["value"] for slot in read["measurements"]] == pytest.approx(
        [1.5, 2.5, -0.5005]
    )
    assert read["start"] == start.isoformat()
    assert read["end"] == (start + timedelta(minutes=45)).isoformat()


async def test_values_with_their_own_times_in_several_sensors(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi
) -> None:
    """They come back at these times, and there is nothing between them."""
    power = server.home.sensor("grid_import")
    soc = server.home.sensor("battery_soc")
    hour = dt_util.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)

    def at(minutes: float, value: float | None) -> dict[str, Any]:
        return {"time": hour + timedelta(minutes=minutes), "value": value}

    posted = await call(
        hass,
        "post_measurements",
        measurements=[
            {
                "sensor": power,
                "values": [at(122, 400), at(0, 1500), at(20, None), at(44.9, -500)],
                "unit": "W",
            },
            {
                "sensor": soc,
                "values": [at(5, 1), at(10, 2), at(15, 3), at(25, None), at(60, 4)],
                "unit": "kWh",
            },
        ],
    )
    for each in posted["measurements"]:
        await stored(api, each)
    read = await call(
        hass,
        "get_measurements",
        sensors=[soc, power],
        start=hour,
        end=hour + timedelta(hours=4),
        source_type="user",
    )

    def minutes(start: str) -> float:
        return (datetime.fromisoformat(start) - hour) / timedelta(minutes=1)

    levels, powers = (
        {minutes(slot["start"]): slot["value"] for slot in sensor["measurements"]}
        for sensor in read["sensors"]
    )
    assert powers == pytest.approx({0: 1.5, 30: -0.5, 120: 0.4})
    assert levels == {5: 1, 10: 2, 15: 3, 60: 4}
    assert {
        minutes(each["start"]): each["value"]
        for each in posted["measurements"][0]["values"]
    } == {0: 1500, 30: -500, 120: 400}


async def test_one_of_several_sensors_refuses(
    hass: HomeAssistant, server: FlexMeasuresServer
) -> None:
    """What the others were sent is stored."""
    power = server.home.sensor("grid_import")
    soc = server.home.sensor("battery_soc")

    with pytest.raises(HomeAssistantError) as caught:
        await call(
            hass,
            "post_measurements",
            measurements=[
                {"sensor": soc, "values": 20, "unit": "°C"},
                {"sensor": power, "values": [1, 2], "unit": "kW"},
            ],
        )

    assert caught.value.translation_placeholders
    assert caught.value.translation_placeholders["stored"] == f"{power} (2/2)"
    assert "kWh" in caught.value.translation_placeholders["failed"]
    assert str(soc) in caught.value.translation_placeholders["failed"]


async def test_state_of_charge_at_an_instant(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi
) -> None:
    """A value without a start is stored where it is found again."""
    sensor = server.home.sensor("battery_soc")

    posted = await call(
        hass, "post_measurements", sensor=sensor, values=7.25, unit="kWh"
    )
    await stored(api, posted)
    read = await call(
        hass,
        "get_measurements",
        sensor=sensor,
        start=posted["start"],
        duration="PT5M",
    )

    assert posted["duration"] == "PT0S"
    assert [slot["value"] for slot in read["measurements"]] == [7.25]


async def test_earlier_knowledge(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi
) -> None:
    """What was known at a time can be asked for, and written with that time."""
    sensor = server.home.sensor("consumption")
    hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    start = hour - timedelta(days=30)
    for value, known in (
        (1, hour - timedelta(days=20)),
        (2, hour - timedelta(days=10)),
    ):
        posted = await call(
            hass,
            "post_measurements",
            sensor=sensor,
            start=start,
            duration="PT15M",
            values=value,
            unit="kW",
            prior=known,
        )
        await stored(api, posted)

    async def read(prior: timedelta) -> list[float]:
        response = await call(
            hass,
            "get_measurements",
            sensor=sensor,
            start=start,
            duration="PT15M",
            prior=hour - prior,
        )
        return [slot["value"] for slot in response["measurements"]]

    assert await read(timedelta(days=15)) == [1]
    assert await read(timedelta(0)) == [2]


async def test_another_value_in_the_same_second(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi
) -> None:
    """The server replaces no value; what it stores after that is as good as ever."""
    now = dt_util.utcnow()

    async def post(value: float, prior: datetime) -> None:
        posted = await call(
            hass,
            "post_measurements",
            sensor=server.home.sensor("battery_power"),
            start=now.replace(minute=0, second=0, microsecond=0),
            duration="PT15M",
            values=value,
            unit="kW",
            prior=prior,
        )
        await stored(api, posted)

    await post(1, now)
    with pytest.raises(JobFailedError):
        await post(2, now)
    await post(2, now + timedelta(seconds=1))


async def test_prices_which_no_user_recorded(
    hass: HomeAssistant, server: FlexMeasuresServer
) -> None:
    """Without values of users, everyone's are returned; a public sensor can be read."""
    start = dt_util.now().replace(minute=0, second=0, microsecond=0)

    read = await call(
        hass,
        "get_measurements",
        sensor=server.home.sensor("price"),
        start=start,
        duration="PT3H",
        unit="EUR/kWh",
    )

    assert len(read["measurements"]) == 3
    assert read["unit"] == "EUR/kWh"


async def test_sensor_without_data(
    hass: HomeAssistant, server: FlexMeasuresServer
) -> None:
    """A sensor that nobody has written to has nothing to tell, which is no error."""
    read = await call(
        hass,
        "get_measurements",
        sensor=server.home.sensor("battery_production"),
        start=dt_util.now(),
        duration="PT1H",
    )

    assert read["measurements"] == []
    assert read["unit"] == "kW"
