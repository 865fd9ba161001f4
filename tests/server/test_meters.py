"""What comes of a meter's data on the real server: statistics and bills."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from sandbox.flexmeasures_server import FlexMeasuresServer

from .metered_home import HOUR, Owner, add_meter, stored


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture
async def owner(server: FlexMeasuresServer) -> AsyncIterator[Owner]:
    """The account's owner."""
    async with Owner.logged_in(server) as owner:
        yield owner


async def test_hours(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """Hourly values with gaps are the hours of the statistic, and its sum."""
    start = datetime(2023, 11, 1, tzinfo=UTC)
    hours = 3 * 365 * 24
    values = [
        None if index % 53 == 0 else index * 7919 % 3001 / 1000
        for index in range(hours)
    ]
    price = [index * 104729 % 6007 / 10000 - 0.1 for index in range(hours)]
    sensor = await owner.sensor("kWh")
    tariff = await owner.sensor("EUR/kWh")
    await owner.post(sensor, start, values, "kWh")
    await owner.post(tariff, start, price, "EUR/kWh")
    _, meter = await add_meter(
        hass, server, consumption_sensor=sensor, cost_sensor=tariff
    )
    total, cost = 0.0, 0.0
    expected, costs = {}, {}
    for index, value in enumerate(values):
        if value is not None:
            total += value
            cost += value * price[index]
            expected[start + index * HOUR] = pytest.approx((value, total))
            costs[start + index * HOUR] = pytest.approx((value * price[index], cost))
    assert await stored(hass, meter, "consumption") == expected
    assert await stored(hass, meter, "cost") == costs
