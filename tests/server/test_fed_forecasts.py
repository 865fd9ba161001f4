"""A real server forecasts what a feed has sent it."""

from datetime import timedelta
from math import pi, sin
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.const import DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from ..unit.feeds.recorder import Recorded
from .feeds.sending_home import DAY, HOUR, MINUTE, QUARTER, W, feed
from .meters.metered_home import Owner

POWER = "sensor.solar_power"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


def sun(hour: float) -> int:
    """Give how many watts the panels yield at an hour of the day."""
    return max(0, round(4000 * sin(pi * (hour - 6) / 12)))


@pytest.mark.parametrize("hours", [22, 100])
async def test_solar_power(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi, hours: int
) -> None:
    """There has to be a day of it; of four days, the server learns when the sun shines."""
    now = dt_util.utcnow()
    moments = [now - hours * HOUR + index * QUARTER for index in range(hours * 4)]
    recorded = Recorded(hass)
    await recorded.runs_since(now - 5 * DAY)
    await recorded.states(
        POWER, [(at, sun(at.hour + at.minute / 60)) for at in moments], **W
    )
    async with Owner.logged_in(server) as owner:
        sensor = await owner.sensor("kW", "PT15M")
    user = server.home.user("demo")
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=f"{server.url}#{user.id}",
        data={"host": server.url, "username": user.email, "password": user.password},
        subentries_data=[feed(sensor, POWER, invert=True, daily_forecast=True)],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.async_add_executor_job(server.finish_jobs)
    async_fire_time_changed(hass, now + 5 * MINUTE)
    await hass.async_block_till_done(wait_background_tasks=True)

    shown = last_sent(hass, sensor).attributes["last_forecast"]
    if hours < 24:
        assert shown is None
        return
    forecast_at = dt_util.parse_datetime(shown)
    assert forecast_at
    assert timedelta(0) <= dt_util.utcnow() - forecast_at < 5 * MINUTE
    start = now.replace(minute=0, second=0, microsecond=0) + HOUR
    data = await api.get_data(
        sensor,
        start=start,
        duration=24 * HOUR,
        unit="kW",
        source_type="forecaster",
    )
    assert data
    assert None not in data.values
    assert max(value or 0 for value in data.values) > 2


def last_sent(hass: HomeAssistant, sensor: int) -> State:
    """Give the state of the feed's sensor."""
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"feed_{sensor}_last_sent"
    )
    assert entity_id
    state = hass.states.get(entity_id)
    assert state
    return state
