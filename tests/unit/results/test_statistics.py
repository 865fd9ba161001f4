"""What Home Assistant's long-term statistics make of a day's sums."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers.recorder import get_instance

from ..fake_server import BATTERY, BATTERY_POWER, HOUSE
from ..feeds.fed_home import METER, POWER, feed
from ..home import HOUR, MINUTE, QUARTER, Home, device

MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEVEL = "sensor.level"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


async def test_each_day_has_its_own_sums(home: Home) -> None:
    """All that was counted of a day is in that day, with the right sign."""
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "battery"
    home.server.set_flex_context(HOUSE, consumption_price="0.4 EUR/kWh")
    # Statistics begin with the first value, which is that of a quarter of an hour.
    start = MIDNIGHT - HOUR - QUARTER
    await home.go_to(start)
    home.hass.states.async_set(METER, "2000", POWER)

    async def go_to(moment: datetime) -> None:
        # One that has not been told for long is not believed.
        home.hass.states.async_set(LEVEL, "4", {"unit_of_measurement": "kWh"})
        await home.go_to(moment)

    await go_to(start)
    home.has_planned(*[1.0] * 9, start=start)
    await home.set_up(
        device(soc_entity=LEVEL, capacity=10), feed(BATTERY_POWER, "Battery")
    )

    for quarters in range(1, 6):
        if quarters == 5:
            await go_to(MIDNIGHT - SECOND)
        await go_to(start + quarters * QUARTER)
    home.hass.states.async_set(METER, "-2000", POWER)
    for quarters in range(6, 10):
        await go_to(start + quarters * QUARTER)

    await async_wait_recording_done(home.hass)
    for minutes in range(0, 140, 5):
        do_adhoc_statistics(home.hass, start=start + minutes * MINUTE)
    await async_wait_recording_done(home.hass)
    ids = {
        key: home.entity("sensor", key)
        for key in ("cost_today", "off_plan_today", "saved_today")
    }
    found = await get_instance(home.hass).async_add_executor_job(
        lambda: statistics_during_period(
            home.hass,
            start,
            None,
            set(ids.values()),
            "5minute",
            None,
            {"change"},
        )
    )

    def changes(key: str) -> tuple[float, float]:
        rows = found[ids[key]]
        before, after = (
            sum(
                row["change"] or 0.0
                for row in rows
                if (row["start"] < MIDNIGHT.timestamp()) is is_before
            )
            for is_before in (True, False)
        )
        return round(before, 2), round(after, 2)

    assert changes("cost_today") == (0.8, -0.8)
    assert changes("off_plan_today") == (1.0, 3.0)
    assert changes("saved_today") == (-0.8, 0.8)
