"""A real server that computes few schedules in a time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
import tempfile

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.flexmeasures.account import FlexMeasuresConfigEntry
from custom_components.flexmeasures.api.rate_limit import RateLimit
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import Device, call, device_of, run_flow

SOC = "sensor.battery_level"
PLUG = "binary_sensor.plug"
DEBOUNCE = timedelta(seconds=11)

type StartServer = Callable[[str], FlexMeasuresServer]


@pytest.fixture
def start_server(socket_enabled: None) -> Iterator[StartServer]:
    """Start a server with a limit, or the same one again with another limit."""
    # Not pytest's own: PostgreSQL may run as another user, who cannot reach that.
    folder = tempfile.TemporaryDirectory(prefix="flexmeasures-")
    running: list[FlexMeasuresServer] = []

    def start(limit: str) -> FlexMeasuresServer:
        stop()
        running.append(
            FlexMeasuresServer(Path(folder.name), trigger_rate_limit=limit).start()
        )
        return running[-1]

    def stop() -> None:
        while running:
            running.pop().stop()

    with folder:
        yield start
        stop()


async def pass_time(hass: HomeAssistant, time: timedelta) -> None:
    """Let what is due by then be done, to its end."""
    async_fire_time_changed(hass, dt_util.utcnow() + time)
    await hass.async_block_till_done(wait_background_tasks=True)


def limit_of(entry: FlexMeasuresConfigEntry) -> RateLimit:
    """Give the limit that is known."""
    return entry.runtime_data.scheduler.budget.limit


async def test_small_limit(hass: HomeAssistant, start_server: StartServer) -> None:
    """It is learned and kept to, with one left to the user, until it is another."""
    hass.states.async_set(SOC, "5", {"unit_of_measurement": "kWh"})
    hass.states.async_set(PLUG, "off")
    entry = await run_flow(
        hass,
        start_server("3 per 5 minutes"),
        user="demo",
        sensor="battery_power",
        settings={
            "automatic_scheduling": True,
            "soc_entity": SOC,
            "schedule_duration": "PT2H",
            "trigger_entities": [PLUG],
        },
    )
    await pass_time(hass, timedelta(0))
    battery: Device = device_of(hass, entry)
    (coordinator,) = entry.runtime_data.coordinators.values()
    first = coordinator.memory.last_schedule
    assert first
    assert limit_of(entry) == RateLimit(3, timedelta(minutes=5))

    hass.states.async_set(PLUG, "on")
    await pass_time(hass, DEBOUNCE)
    second = coordinator.memory.last_schedule
    assert second
    assert second > first
    hass.states.async_set(PLUG, "off")
    await pass_time(hass, DEBOUNCE)
    assert coordinator.memory.last_schedule == second

    compute = {"device_id": battery.device_id, "soc_at_start": 4}
    await call(hass, "trigger_schedule", **compute)
    third = coordinator.memory.last_schedule
    assert third
    assert third > second
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "trigger_schedule", **compute)
    assert caught.value.translation_key == "rate_limited"
    assert caught.value.translation_placeholders
    assert 1 <= int(caught.value.translation_placeholders["seconds"]) <= 300
    assert limit_of(entry) == RateLimit(3, timedelta(minutes=5))

    start_server("1000 per minute")
    hass.states.async_set(PLUG, "on")
    # The first one counts no more then, and the second one a little later.
    for minutes in (6, 7):
        await pass_time(hass, timedelta(minutes=minutes))
    fourth = coordinator.memory.last_schedule
    assert fourth
    assert fourth > third
    assert limit_of(entry) == RateLimit(1000, timedelta(minutes=1))

    await hass.config_entries.async_unload(entry.entry_id)
