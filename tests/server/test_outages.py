"""A server that goes away, in whole or in part, and comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import CannotConnectError, NoWorkerError
from custom_components.flexmeasures.api.models import Job
from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.coordinator import OUTAGE_RETRY
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, Device, call, device_of, from_then_on, plan, run_flow

STATUS = "sensor.home_battery_scheduling_status"


@pytest.fixture
async def battery(hass: HomeAssistant, add_device: AddDevice) -> Device:
    """A battery with a plan."""
    device = await add_device(schedule_duration="PT2H")
    await call(hass, "trigger_schedule", device_id=device.device_id, soc_at_start=5)
    return device


@pytest.fixture(params=["web", "database"])
def outage(request: pytest.FixtureRequest, server: FlexMeasuresServer) -> Iterator[str]:
    """A part of the server is down; up again at the end."""
    part: str = request.param
    getattr(server, f"stop_{part}")()
    try:
        yield part
    finally:
        getattr(server, f"start_{part}")()


async def poll(hass: HomeAssistant, after: timedelta) -> None:
    """Let the time come for the next poll."""
    async_fire_time_changed(hass, dt_util.utcnow() + after + timedelta(seconds=1))
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_plan_is_followed_while_the_server_is_away(
    hass: HomeAssistant, server: FlexMeasuresServer, battery: Device
) -> None:
    """The plan stays, and after the outage the entry polls again, without a reload."""
    before = plan(hass, battery)
    coordinator = next(iter(battery.entry.runtime_data.coordinators.values()))

    server.stop_web()
    try:
        await poll(hass, timedelta(hours=1))
        assert not coordinator.last_update_success
        assert plan(hass, battery).state == before.state
        assert plan(hass, battery).attributes["schedule"]
        with pytest.raises(HomeAssistantError) as error:
            await call(hass, "trigger_schedule", device_id=battery.device_id)
        assert error.value.translation_key == "cannot_connect"
    finally:
        server.start_web()
    await poll(hass, OUTAGE_RETRY)

    assert coordinator.last_update_success
    assert battery.entry.state is ConfigEntryState.LOADED


async def test_reload_while_the_server_is_away(
    hass: HomeAssistant, battery: Device, outage: str
) -> None:
    """The remembered plan is followed; nobody is asked for a password."""
    before = plan(hass, battery)

    await hass.config_entries.async_reload(battery.entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert battery.entry.state is ConfigEntryState.LOADED
    assert plan(hass, battery).state == before.state
    assert not hass.config_entries.flow.async_progress()


async def test_set_up_while_the_server_is_away(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """Without a plan for now, set-up waits for the server."""
    device = await add_device("grid_import")
    server.stop_web()
    try:
        assert not await hass.config_entries.async_reload(device.entry.entry_id)
        assert device.entry.state is ConfigEntryState.SETUP_RETRY
    finally:
        server.start_web()

    assert await hass.config_entries.async_reload(device.entry.entry_id)


async def test_no_worker(
    hass: HomeAssistant, server: FlexMeasuresServer, battery: Device
) -> None:
    """A job waits for a worker, and its plan arrives once there is one."""
    before = plan(hass, battery)
    server.stop_worker()
    try:
        response = await call(
            hass,
            "trigger_schedule",
            device_id=battery.device_id,
            soc_at_start=9.5,
            wait=False,
        )
        assert response["job"]
    finally:
        server.start_worker()

    await hass.async_block_till_done(wait_background_tasks=True)

    assert plan(hass, battery).attributes["schedule"] != before.attributes["schedule"]


@pytest.fixture
async def queued(
    hass: HomeAssistant, server: FlexMeasuresServer, battery: Device
) -> AsyncIterator[asyncio.Task[Any]]:
    """An action that waits for a job which no worker has taken yet."""
    computing = asyncio.Event()

    @callback
    def note(_event: Event[EventStateChangedData]) -> None:
        if status(hass) == "computing":
            computing.set()

    async_track_state_change_event(hass, STATUS, note)
    server.stop_worker()
    try:
        action = asyncio.create_task(
            call(
                hass,
                "trigger_schedule",
                device_id=battery.device_id,
                soc_at_start=9.5,
            )
        )
        await computing.wait()
        yield action
    finally:
        # A test that has come to its end has started it.
        server.stop_worker()
        server.start_worker()


def status(hass: HomeAssistant) -> str:
    """Give how scheduling the battery goes."""
    state = hass.states.get(STATUS)
    assert state
    return state.state


@pytest.mark.parametrize("part", ["web", "database"])
async def test_outage_while_a_job_waits(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    battery: Device,
    queued: asyncio.Task[Any],
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    """It is not thrown away: the action has its schedule, and the sensor its plan."""
    api = battery.entry.runtime_data.api
    failed = asyncio.Event()

    async def look(api: FlexMeasuresApi, job_id: str) -> Job:
        try:
            return await get_job(api, job_id)
        except CannotConnectError:
            failed.set()
            raise

    get_job = type(api).get_job
    monkeypatch.setattr(type(api), "get_job", look)
    getattr(server, f"stop_{part}")()
    try:
        await failed.wait()
    finally:
        getattr(server, f"start_{part}")()
    server.start_worker()

    response = await queued

    shown = plan(hass, battery).attributes["schedule"]
    assert from_then_on(shown, response) == response["schedule"]
    assert status(hass) == "ok"


async def test_reload_while_a_job_waits(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    battery: Device,
    queued: asyncio.Task[Any],
) -> None:
    assert await hass.config_entries.async_reload(battery.entry.entry_id)
    assert status(hass) == "computing"
    server.start_worker()

    response = await queued

    shown = plan(hass, battery).attributes["schedule"]
    assert from_then_on(shown, response) == response["schedule"]
    assert status(hass) == "ok"


async def test_worker_that_is_away(
    api: FlexMeasuresApi, server: FlexMeasuresServer
) -> None:
    """A job that nobody has taken says so."""
    server.stop_worker()
    try:
        job = await api.trigger_schedule(
            server.home.asset("battery"),
            start=dt_util.utcnow().replace(minute=0, second=0, microsecond=0),
            duration=timedelta(hours=1),
            flex_model=[
                {"sensor": server.home.sensor("battery_power"), "soc-at-start": "5 kWh"}
            ],
            flex_context={},
            force=True,
        )
        with pytest.raises(NoWorkerError):
            await api.wait_for_job(job, patience=timedelta(seconds=-1))
    finally:
        server.start_worker()


async def test_no_database(
    hass: HomeAssistant, server: FlexMeasuresServer, battery: Device
) -> None:
    """The server refuses every token then, but nobody is asked for a password."""
    server.stop_database()
    try:
        with pytest.raises(HomeAssistantError) as error:
            await call(hass, "trigger_schedule", device_id=battery.device_id)
        assert error.value.translation_key == "database_away"
        assert not hass.config_entries.flow.async_progress()
    finally:
        server.start_database()


async def test_job_that_the_server_loses(
    hass: HomeAssistant, server: FlexMeasuresServer, queued: asyncio.Task[Any]
) -> None:
    """With a Redis that was restarted it knows nothing of it."""
    server.stop_redis()
    server.start_redis()

    with pytest.raises(HomeAssistantError) as error:
        await queued

    assert error.value.translation_key == "job_lost"


async def test_no_redis(
    hass: HomeAssistant, server: FlexMeasuresServer, battery: Device
) -> None:
    """Without its job queue the server can still tell plans, but make none."""
    server.stop_redis()
    try:
        with pytest.raises(HomeAssistantError) as error:
            await call(hass, "trigger_schedule", device_id=battery.device_id)
        # On a slow machine, the server does not say it in time.
        assert error.value.translation_key in ("job_queue_away", "cannot_connect")
        read = await call(hass, "get_schedule", device_id=battery.device_id)
        assert read["schedule"]
    finally:
        server.start_redis()


async def test_password_that_is_no_longer_right(
    hass: HomeAssistant, server: FlexMeasuresServer, battery: Device
) -> None:
    """The user is asked for it; meanwhile the plan is followed, and then everything works."""
    entry = battery.entry
    before = plan(hass, battery)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_PASSWORD: "no longer right"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)

    assert plan(hass, battery).state == before.state
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    wrong = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_PASSWORD: "wrong too"}
    )
    assert wrong["errors"] == {CONF_PASSWORD: "wrong_password"}
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_PASSWORD: server.home.user("demo").password}
    )
    assert done["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)

    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=3
    )
    shown = plan(hass, battery).attributes["schedule"]
    assert from_then_on(shown, response) == response["schedule"]


async def test_rate_limit(
    hass: HomeAssistant, limited_server: FlexMeasuresServer
) -> None:
    """Too many schedules: the action says when the server answers again."""
    entry = await run_flow(
        hass, limited_server, user="demo", sensor="battery_power", settings={}
    )
    battery = device_of(hass, entry)
    request = {"device_id": battery.device_id, "duration": "PT1H", "soc_at_start": 5}
    await call(hass, "trigger_schedule", **request)

    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "trigger_schedule", **request)

    assert error.value.translation_key == "rate_limited"
    assert error.value.translation_placeholders
    assert 0 < int(error.value.translation_placeholders["seconds"]) <= 300
    # Every answer of this server carries Retry-After, and only that one meant it.
    await call(hass, "get_schedule", device_id=battery.device_id)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def limited_server(socket_enabled: None) -> Iterator[FlexMeasuresServer]:
    """A server that makes one schedule in five minutes."""
    with FlexMeasuresServer(trigger_rate_limit="1 per 5 minute") as running:
        yield running
