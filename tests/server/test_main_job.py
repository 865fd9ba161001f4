"""The whole job on a real server: set up, schedule, follow, measure."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.api import FlexMeasuresApi
from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.slots import floor_to_grid
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures_server import FlexMeasuresServer

from .conftest import Device

type AddDevice = Callable[..., Coroutine[Any, Any, Device]]


async def call(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Call an action and return its response."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )


async def test_battery(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
) -> None:
    """From the flow to the plan in the sensor, which is the plan on the server."""
    battery = await add_device(schedule_duration="PT6H")
    (subentry,) = battery.entry.subentries.values()
    assert subentry.title == "Home battery"
    # The asset knows its prices, its limits and its state of charge itself.
    assert dict(subentry.data) == {
        "power_sensor": server.home.sensor("battery_power"),
        "soc_unit": "kWh",
        "schedule_duration": 6 * 3600,
        "update_interval": 3600,
        "automatic_scheduling": False,
    }
    state = hass.states.get(battery.entity_id)
    assert state
    assert state.state == STATE_UNKNOWN

    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=4
    )

    state = hass.states.get(battery.entity_id)
    assert state
    start = floor_to_grid(dt_util.utcnow(), timedelta(minutes=15), dt_util.UTC)
    data = await api.get_data(
        server.home.sensor("battery_power"),
        start=start,
        duration=timedelta(hours=6),
        unit="kW",
        source_type="scheduler",
    )
    assert data
    assert [slot["value"] for slot in response["schedule"]] == pytest.approx(
        data.values
    )
    assert state.attributes["schedule"] == response["schedule"]
    assert float(state.state) == response["schedule"][0]["value"]
    assert state.attributes["unit_of_measurement"] == "kW"
    assert state.attributes["duration"] == "PT6H"
    assert state.attributes["resolution"] == "PT15M"
    read = await call(hass, "get_schedule", device_id=battery.device_id)
    assert read["schedule"] == response["schedule"]
