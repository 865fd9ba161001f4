"""The whole job on a real server: set up, schedule, follow."""

from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, call, plan, powers, stored


@pytest.mark.parametrize("user", ["demo", "member"])
async def test_battery(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
    user: str,
) -> None:
    """From the flow to the plan in the sensor, which is the plan on the server."""
    battery = await add_device(user=user, schedule_duration="PT6H")
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

    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=4
    )

    state = plan(hass, battery)
    assert state.attributes["schedule"] == response["schedule"]
    assert state.attributes["unit_of_measurement"] == "kW"
    assert state.attributes["duration"] == "PT6H"
    assert state.attributes["resolution"] == "PT15M"
    assert float(state.state) in powers(response)
    stored = await api.get_data(
        server.home.sensor("battery_power"),
        start=datetime.fromisoformat(response["start"]),
        duration=timedelta(hours=6),
        unit="kW",
        source_type="scheduler",
    )
    assert stored
    assert powers(response) == pytest.approx(stored.values)
    read = await call(
        hass,
        "get_schedule",
        device_id=battery.device_id,
        start=response["start"],
        duration="PT6H",
    )
    assert read == response


async def test_state_of_charge_and_targets(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    """A car is charged to its target, which the fixed start makes a known amount."""
    car = await add_device("ev_power", schedule_duration="PT6H")
    ready = dt_util.utcnow() + timedelta(hours=4)
    # The server wants targets on its grid.
    ready = ready.replace(minute=0, second=0, microsecond=0)

    response = await call(
        hass,
        "trigger_schedule",
        device_id=car.device_id,
        soc_at_start=20,
        soc_targets=[{"value": 30, "datetime": ready.isoformat()}],
    )

    charged = sum(
        slot["value"] * 0.25
        for slot in response["schedule"]
        if datetime.fromisoformat(slot["start"]) < ready
    )
    charging_efficiency = 0.95
    assert charged * charging_efficiency == pytest.approx(10, abs=0.01)


async def test_measured_state_of_charge_wins_over_the_own_plan(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
) -> None:
    """What the scheduler wrote to the state of charge sensor is not where it starts."""
    cabin = await add_device(
        "cabin_battery_power",
        consumption_price_sensor=server.home.sensor("price"),
        soc_sensor=server.home.sensor("cabin_battery_soc"),
        soc_min=0,
        soc_max=8,
        schedule_duration="PT6H",
    )
    flex_model = {"power-capacity": "10 kW", "soc-minima": []}
    now = dt_util.utcnow()

    async def energy_until_empty(measured: float, *, known_at: datetime) -> float:
        """Measure a state of charge, and see how much a plan takes from it."""
        posted = await call(
            hass,
            "post_measurements",
            sensor=server.home.sensor("cabin_battery_soc"),
            values=measured,
            unit="kWh",
            start=now.replace(minute=0, second=0, microsecond=0),
            duration=0,
            prior=known_at,
        )
        await stored(api, posted)
        response = await call(
            hass, "trigger_schedule", device_id=cabin.device_id, flex_model=flex_model
        )
        return -sum(powers(response))

    # Energy that is left at the end has no worth to the scheduler. The server takes no
    # two values that became known in the same second.
    first = await energy_until_empty(6, known_at=now - timedelta(minutes=1))
    second = await energy_until_empty(3, known_at=now)

    assert first - second == pytest.approx(3, abs=0.01)


async def test_watts_at_five_minutes_with_production_positive(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
) -> None:
    """Whatever the server stores, the plan is in kW with consumption positive."""
    garage = await add_device("garage_battery_power", schedule_duration="PT2H")

    ready = dt_util.utcnow().replace(second=0, microsecond=0) + timedelta(hours=1)
    ready = ready.replace(minute=ready.minute // 5 * 5)
    response = await call(
        hass,
        "trigger_schedule",
        device_id=garage.device_id,
        soc_at_start=0.5,
        # Whatever the prices are, it has to charge, and being empty that comes first.
        soc_targets=[{"value": 1.5, "datetime": ready.isoformat()}],
    )

    assert len(response["schedule"]) == 24
    assert response["resolution"] == "PT5M"
    assert next(power for power in powers(response) if power) > 0
    assert max(abs(power) for power in powers(response)) <= 2.5
    stored = await api.get_data(
        server.home.sensor("garage_battery_power"),
        start=datetime.fromisoformat(response["start"]),
        duration=timedelta(hours=2),
        unit="W",
        source_type="scheduler",
    )
    assert stored
    milliwatt = 1e-3
    assert [-1000 * power for power in powers(response)] == pytest.approx(
        stored.values, abs=milliwatt
    )
    watts = await call(
        hass,
        "get_schedule",
        device_id=garage.device_id,
        start=response["start"],
        duration="PT2H",
        resolution="00:15:00",
        unit="W",
    )
    # The plan begins at any multiple of 5 minutes, in the middle of a quarter too.
    for quarter in watts["schedule"]:
        within = [
            slot["value"]
            for slot in response["schedule"]
            if quarter["start"] <= slot["start"] < quarter["end"]
        ]
        assert quarter["value"] == pytest.approx(1000 * fmean(within), abs=milliwatt)
    assert 8 <= len(watts["schedule"]) <= 9


async def test_everything_from_the_settings_and_longer_than_48_hours(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """An asset that knows nothing of itself; a plan that the schedule endpoint would cut."""
    cabin = await add_device(
        "cabin_battery_power",
        consumption_price_sensor=server.home.sensor("price"),
        production_price_sensor=server.home.sensor("feed_in"),
        soc_sensor=server.home.sensor("cabin_battery_soc"),
        soc_unit="Wh",
        soc_min=1000,
        soc_max=8000,
        schedule_duration={"days": 3},
    )

    response = await call(
        hass,
        "trigger_schedule",
        device_id=cabin.device_id,
        soc_at_start=1000,
        flex_model={"power-capacity": "3 kW"},
    )

    assert response["resolution"] == "PT1H"
    assert len(response["schedule"]) == 72
    assert plan(hass, cabin).attributes["duration"] == "PT72H"
    level = 1.0
    for power in powers(response):
        level += power
        assert 1 - 1e-3 <= level <= 8 + 1e-3


async def test_schedule_by_someone_else_is_followed(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
) -> None:
    """A plan that the server made for another client is found when the device is set up."""
    sensor = await api.get_sensor(server.home.sensor("hp_power"))
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    job = await api.trigger_schedule(
        sensor.asset_id,
        start=start,
        duration=timedelta(hours=3),
        flex_model=[{"sensor": sensor.id, "soc-at-start": "6 kWh"}],
        flex_context={},
        force=True,
    )
    await api.wait_for_job(job)

    heat_pump = await add_device("hp_power", schedule_duration="PT1H")

    state = plan(hass, heat_pump)
    assert state.state != STATE_UNKNOWN
    assert state.attributes["start"] == dt_util.as_local(start).isoformat()


async def test_without_waiting(hass: HomeAssistant, add_device: AddDevice) -> None:
    """The action returns the job at once, and the sensor follows when it has ended."""
    battery = await add_device(schedule_duration="PT2H")
    before = plan(hass, battery)

    response = await call(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        soc_at_start=8.5,
        wait=False,
    )
    assert response.keys() == {"job"}
    await hass.async_block_till_done(wait_background_tasks=True)

    after = plan(hass, battery)
    assert after.attributes != before.attributes
    assert after.attributes["duration"] == "PT2H"


async def test_automatic_scheduling(hass: HomeAssistant, add_device: AddDevice) -> None:
    """A device that is told to schedule by itself has a plan without any action."""
    battery = await add_device(schedule_duration="PT3H", automatic_scheduling=True)

    await hass.async_block_till_done(wait_background_tasks=True)

    assert plan(hass, battery).attributes["duration"] == "PT3H"


@pytest.mark.parametrize("feed_in", [0.0, 0.09, 0.9], ids=["nothing", "some", "always"])
async def test_feeding_in_that_pays_more_than_buying_costs(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    add_device: AddDevice,
    feed_in: float,
) -> None:
    """The server alone plans nothing then. What it is told is never above the price."""
    battery = await add_device(schedule_duration="PT24H")

    async def planned(**flex_context: Any) -> list[float]:
        response = await call(
            hass,
            "trigger_schedule",
            device_id=battery.device_id,
            soc_at_start=5,
            flex_context=flex_context,
        )
        return powers(response)

    plans = await planned(**{"production-price": f"{feed_in} EUR/kWh"})

    assert len(plans) == 96
    assert all(-5.001 < power < 5.001 for power in plans)
    if feed_in == 0.9:
        price = {"sensor": server.home.sensor("price")}
        assert plans == pytest.approx(await planned(**{"production-price": price}))
