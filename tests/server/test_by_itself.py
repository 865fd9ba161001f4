"""Devices that are left to the integration, on a real server."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.flexmeasures.account import FlexMeasuresConfigEntry
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.coordinator import ScheduleCoordinator
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, add_another, call, plan, run_flow

SOC = "sensor.battery_level"
QUARTER_HOUR = 0.25
DEBOUNCE = timedelta(seconds=11)


def entity(hass: HomeAssistant, entry: FlexMeasuresConfigEntry, key: str) -> State:
    """Give the state of an entity of the account's first device, by its key."""
    # A device may come after its feed.
    subentry_id = next(iter(entry.get_subentries_of_type("device"))).subentry_id
    registry = er.async_get(hass)
    (entity_id,) = [
        found.entity_id
        for found in er.async_entries_for_config_entry(registry, entry.entry_id)
        if found.unique_id == f"{subentry_id}_{key}"
    ]
    state = hass.states.get(entity_id)
    assert state
    return state


def device_id(hass: HomeAssistant, coordinator: ScheduleCoordinator) -> str:
    """Give Home Assistant's id of a device."""
    found = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, coordinator.subentry.subentry_id), coordinator.config_entry.entry_id
    )
    assert found
    return found.id


async def settle(hass: HomeAssistant) -> None:
    """Wait for the computation, too."""
    await hass.async_block_till_done(wait_background_tasks=True)


def planned_energy(state: State) -> float:
    """Give the energy of the whole plan from now on, in kWh."""
    now = dt_util.utcnow()
    return sum(
        float(slot["value"]) * QUARTER_HOUR
        for slot in state.attributes["schedule"]
        if dt_util.parse_datetime(slot["end"], raise_on_error=True) > now
    )


async def test_state_of_charge_of_an_entity(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    """A plan starts from what the entity says, in whatever unit, and follows it."""
    hass.states.async_set(SOC, "50", {"unit_of_measurement": "%"})
    battery = await add_device(
        schedule_duration="PT3H",
        automatic_scheduling=True,
        soc_entity=SOC,
        capacity=10,
        soc_unit="%",
        soc_deviation=5,
    )
    await settle(hass)

    forecast = entity(hass, battery.entry, "soc_forecast")
    assert float(forecast.state) == pytest.approx(50)
    assert forecast.attributes["unit_of_measurement"] == "%"
    assert entity(hass, battery.entry, "scheduling_status").state == "ok"
    assert entity(hass, battery.entry, "plan_out_of_date").state == "off"


async def test_ready_by(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """The car gets what was asked for, in time, and the server says so."""
    hass.states.async_set(SOC, "20", {"unit_of_measurement": "kWh"})
    car = await add_device(
        "ev_power",
        schedule_duration="PT4H",
        automatic_scheduling=True,
        soc_entity=SOC,
        # Where energy costs less than nothing, or the sun's does that is sold, more is
        # taken than what is needed.
        consumption_price_sensor=server.home.sensor("fixed_price"),
        production_price_sensor=server.home.sensor("fixed_price"),
    )
    await settle(hass)
    assert planned_energy(plan(hass, car)) == pytest.approx(0, abs=0.01)
    assert entity(hass, car.entry, "targets_met").state == "unknown"

    ready_by = dt_util.utcnow() + timedelta(hours=2, minutes=50)
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": entity(hass, car.entry, "target_soc").entity_id, "value": 30},
        blocking=True,
    )
    await hass.services.async_call(
        "datetime",
        "set_value",
        {
            "entity_id": entity(hass, car.entry, "ready_by").entity_id,
            "datetime": ready_by.isoformat(),
        },
        blocking=True,
    )
    # Both settings together make one schedule.
    async_fire_time_changed(hass, dt_util.utcnow() + DEBOUNCE)
    await settle(hass)

    charging_efficiency = 0.95
    assert planned_energy(plan(hass, car)) * charging_efficiency == pytest.approx(
        10, abs=0.01
    )
    assert entity(hass, car.entry, "targets_met").state == "on"

    # Half an hour is too short for 10 kWh at 11 kW.
    await hass.services.async_call(
        "datetime",
        "set_value",
        {
            "entity_id": entity(hass, car.entry, "ready_by").entity_id,
            "datetime": (dt_util.utcnow() + timedelta(minutes=40)).isoformat(),
        },
        blocking=True,
    )
    async_fire_time_changed(hass, dt_util.utcnow() + DEBOUNCE)
    await settle(hass)

    met = entity(hass, car.entry, "targets_met")
    assert met.state == "off"
    (missed,) = met.attributes["unresolved"]
    assert missed["constraint"] == "soc-minima"
    assert missed["amount"].endswith(" kWh")
    assert plan(hass, car).state != "unknown"


async def test_ready_by_every_day(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """The server plans for all that is wished for within the plan."""
    hass.states.async_set(SOC, "20", {"unit_of_measurement": "kWh"})
    car = await add_device(
        "ev_power", schedule_duration="PT30H", automatic_scheduling=True, soc_entity=SOC
    )
    await settle(hass)
    daily = dt_util.now() + timedelta(hours=3)

    await hass.services.async_call(
        DOMAIN,
        "set_ready_by",
        {
            "device_id": car.device_id,
            "time": f"{daily:%H:00}",
            "target_soc": 30,
        },
        blocking=True,
    )
    async_fire_time_changed(hass, dt_util.utcnow() + DEBOUNCE)
    await settle(hass)

    met = entity(hass, car.entry, "targets_met")
    assert met.state == "on"
    wished = {target["datetime"] for target in met.attributes["resolved"]}
    first = dt_util.as_utc(daily.replace(minute=0, second=0, microsecond=0))
    assert {datetime.fromisoformat(moment) for moment in wished} == {
        first,
        dt_util.as_utc(dt_util.as_local(first) + timedelta(days=1)),
    }


async def test_together(
    hass: HomeAssistant, server: FlexMeasuresServer, api: FlexMeasuresApi
) -> None:
    """Two devices of the house keep to the connection's capacity together."""
    entry = await run_flow(
        hass,
        server,
        user="demo",
        sensor="battery_power",
        settings={"schedule_duration": "PT3H", "automatic_scheduling": False},
    )
    await add_another(
        hass,
        entry,
        server.home.sensor("ev_power"),
        schedule_duration="PT3H",
        automatic_scheduling=True,
    )
    options: Any = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(
        options["flow_id"], {"joint_scheduling": True}
    )
    await settle(hass)
    battery, car = entry.runtime_data.coordinators.values()

    # Each alone would charge with all that it can: 5 and 11 kW.
    ready_by = (dt_util.utcnow() + timedelta(hours=2)).replace(
        minute=0, second=0, microsecond=0
    )
    response = await call(
        hass,
        "trigger_schedule",
        device_id=device_id(hass, battery),
        soc_at_start=1,
        soc_targets=[{"value": 9, "datetime": ready_by.isoformat()}],
        flex_context={"site-power-capacity": "6 kW"},
    )
    start = dt_util.parse_datetime(response["start"], raise_on_error=True)
    total = await api.get_data(
        server.home.sensor("total"),
        start=start,
        duration=timedelta(hours=3),
        unit="kW",
        source_type="scheduler",
    )
    assert total
    assert max(abs(value or 0) for value in total.values) <= 6.001
    assert car.memory.last_attempt == battery.memory.last_attempt
    assert car.memory.failure is None
    assert await hass.config_entries.async_unload(entry.entry_id)
