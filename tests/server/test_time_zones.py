"""Values and schedules of sensors in other time zones, over both nights that are longer or shorter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.durations import parse_duration
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, call, powers, stored

type NewSensor = Callable[..., Awaitable[int]]

# The day before a clock changes, where it does.
NIGHTS = {
    "Europe/Amsterdam": ((2026, 3, 28), (2026, 10, 24)),
    "Asia/Kolkata": ((2026, 3, 28),),
    "America/St_Johns": ((2026, 3, 7), (2026, 10, 31)),
    "Australia/Lord_Howe": ((2026, 4, 4), (2026, 10, 3)),
    "Asia/Kathmandu": ((2026, 3, 28),),
}
DAY = timedelta(days=1)
NUMBERS = count(1)


@pytest.fixture
async def asset(api: FlexMeasuresApi, server: FlexMeasuresServer) -> AsyncIterator[int]:
    """A battery of its own, which is gone in the end."""
    await api.log_in()
    made = await api._transport.send(
        "POST",
        "assets",
        payload={
            "name": f"battery {next(NUMBERS)} of another place",
            "generic_asset_type_id": 5,
            "parent_asset_id": server.home.asset("house"),
            "account_id": (await account_of(api)),
            "latitude": 0,
            "longitude": 0,
        },
    )
    yield made["id"]
    await api._transport.send("DELETE", f"assets/{made['id']}")


async def account_of(api: FlexMeasuresApi) -> int:
    """Give the id of the account that is logged in."""
    user = await api._transport.send("GET", f"users/{await api.log_in()}")
    account: int = user["account_id"]
    return account


@pytest.fixture
def new_sensor(api: FlexMeasuresApi, asset: int) -> NewSensor:
    """Let the battery have another sensor."""

    async def make(zone: str, resolution: str, unit: str, **attributes: Any) -> int:
        made = await api._transport.send(
            "POST",
            "sensors",
            payload={
                "name": f"sensor {next(NUMBERS)}",
                "event_resolution": resolution,
                "unit": unit,
                "generic_asset_id": asset,
                "timezone": zone,
                "attributes": json.dumps(attributes),
            },
        )
        sensor: int = made["id"]
        return sensor

    return make


@pytest.mark.parametrize("resolution", ["PT5M", "PT15M", "PT30M", "PT1H", "P1D"])
@pytest.mark.parametrize("zone", NIGHTS)
async def test_values_come_back(
    hass: HomeAssistant,
    api: FlexMeasuresApi,
    add_device: AddDevice,
    new_sensor: NewSensor,
    zone: str,
    resolution: str,
) -> None:
    """As they were posted, and at the time that was said."""
    await add_device()
    sensor = await new_sensor(zone, resolution, "°C")
    length = parse_duration(resolution)
    for year, month, day in NIGHTS[zone]:
        start = datetime(year, month, day, tzinfo=ZoneInfo(zone))
        values = [float(number) for number in range(4 if length == DAY else 12)]
        if length != DAY:
            # Across the change, which comes in the first hours of the next day.
            start += timedelta(hours=24)

        posted = await call(
            hass,
            "post_measurements",
            sensor=sensor,
            start=start,
            duration=length * len(values),
            values=values,
            unit="°C",
        )
        await stored(api, posted)
        read = await call(
            hass,
            "get_measurements",
            sensor=sensor,
            start=start,
            duration=length * len(values),
        )

        slots = read["measurements"]
        assert [slot["value"] for slot in slots] == values
        moments = [dt_util.parse_datetime(slot["start"]) for slot in slots]
        if length == DAY:
            assert moments == [
                datetime(year, month, day, tzinfo=ZoneInfo(zone)) + index * DAY
                for index in range(len(values))
            ]
        else:
            first = dt_util.as_utc(start)
            assert moments == [first + index * length for index in range(len(values))]


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Asia/Kolkata"])
async def test_value_of_the_day_that_ended(
    hass: HomeAssistant,
    api: FlexMeasuresApi,
    add_device: AddDevice,
    new_sensor: NewSensor,
    zone: str,
) -> None:
    """Without a start it is yesterday's."""
    await add_device()
    sensor = await new_sensor(zone, "P1D", "EUR")
    midnight = dt_util.now(ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )

    posted = await call(
        hass, "post_measurements", sensor=sensor, values=4.5, unit="EUR"
    )
    await stored(api, posted)
    read = await call(
        hass,
        "get_measurements",
        sensor=sensor,
        start=midnight - DAY,
        duration="PT24H",
    )

    assert [slot["value"] for slot in read["measurements"]] == [4.5]
    assert dt_util.parse_datetime(read["start"]) == midnight - DAY


@pytest.mark.parametrize(
    ("zone", "resolution"),
    [
        ("Asia/Kolkata", "PT1H"),
        ("America/St_Johns", "PT1H"),
        ("Asia/Kathmandu", "PT30M"),
        ("Asia/Kathmandu", "PT15M"),
    ],
)
async def test_schedule_in_a_zone_of_half_hours(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    add_device: AddDevice,
    new_sensor: NewSensor,
    zone: str,
    resolution: str,
) -> None:
    """It is planned and followed, on the full hours of UTC."""
    sensor = await new_sensor(zone, resolution, "kW")
    server.home.sensors["elsewhere"] = sensor
    device = await add_device("elsewhere", schedule_duration="PT4H", soc_max=10)

    response = await call(
        hass,
        "trigger_schedule",
        device_id=device.device_id,
        soc_at_start=2,
        flex_model={"power-capacity": "5 kW", "soc-min": "0 kWh"},
    )

    assert len(powers(response)) == timedelta(hours=4) / parse_duration(resolution)
    state = hass.states.get(device.entity_id)
    assert state
    assert float(state.state) == powers(response)[0]


async def test_hourly_prices_of_a_zone_of_half_hours(
    hass: HomeAssistant,
    api: FlexMeasuresApi,
    server: FlexMeasuresServer,
    add_device: AddDevice,
    new_sensor: NewSensor,
) -> None:
    """They are read, whichever hours they are of."""
    for zone in (ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")):
        prices = await new_sensor("Asia/Kolkata", "PT1H", "EUR/kWh")
        now = dt_util.now(zone).replace(minute=0, second=0, microsecond=0)
        sensor = await api.get_sensor(prices)
        posted = await api._transport.send(
            "POST",
            f"sensors/{prices}/data",
            payload={
                "start": (now - timedelta(hours=2)).isoformat(),
                "duration": "PT5H",
                "values": [0.1, 0.2, 0.3, 0.4, 0.5],
                "unit": sensor.unit,
            },
        )
        await stored(api, {"job": posted.get("job")})
        device = await add_device(
            consumption_price_sensor=str(prices),
            production_price_sensor=str(prices),
            schedule_duration="PT2H",
        )
        coordinator = next(iter(device.entry.runtime_data.coordinators.values()))
        price = coordinator.data.consumption_price
        assert price
        assert price.per_kwh_at(dt_util.utcnow()) == 0.3
        await hass.config_entries.async_remove(device.entry.entry_id)
