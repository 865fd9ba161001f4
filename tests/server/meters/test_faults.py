"""What was found wrong with meters once, on the real server."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from sandbox.flexmeasures.server import FlexMeasuresServer

from ..conftest import call
from .metered_home import (
    AMSTERDAM,
    DAY,
    HOUR,
    NOW,
    Owner,
    add_meter,
    as_user,
    check,
    forecast,
    made_up,
    pass_time,
    stored,
    summed,
    value,
)

pytestmark = pytest.mark.usefixtures("at_a_moment")


async def test_correction_by_another(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """A correction by another user stays when the first one goes on measuring."""
    start = NOW - 5 * DAY
    values = [1.0] * 120
    member = await as_user(owner, "member")
    sensor = await owner.sensor("kWh")
    await owner.post(sensor, start, values, "kWh", prior=NOW - 3 * HOUR)
    await member.post(
        sensor, start + 50 * HOUR, [5.0], "kWh", prior=NOW - timedelta(hours=2)
    )
    await owner.post(sensor, NOW, [1.0], "kWh", prior=NOW - HOUR)
    # The server itself says what is newest.
    data = await owner.request(
        "GET",
        f"sensors/{sensor}/data",
        params={
            "start": (start + 50 * HOUR).isoformat(),
            "duration": "PT1H",
            "unit": "kWh",
            "source-type": "user",
        },
    )
    assert data["values"] == [5.0]

    _, meter = await add_meter(hass, server, consumption_sensor=sensor)

    values[50] = 5.0
    await check(hass, meter, "consumption", summed(start, HOUR, values))


async def test_compensation_of_another_export(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """What is fed in by another meter earns nothing by this one."""
    assert await async_setup_component(hass, "energy", {})
    start = NOW - DAY
    used, fed = await owner.sensor("kWh"), await owner.sensor("kWh")
    price = await owner.sensor("EUR/kWh")
    for sensor, unit in ((used, "kWh"), (fed, "kWh"), (price, "EUR/kWh")):
        await owner.post(sensor, start, [1.0] * 24, unit)
    _, meter = await add_meter(
        hass,
        server,
        consumption_sensor=used,
        production_sensor=fed,
        cost_sensor=price,
        compensation_sensor=price,
    )
    client = await hass_ws_client(hass)
    source = {
        "type": "grid",
        "stat_energy_from": f"flexmeasures:{meter.lower()}_consumption",
        "stat_energy_to": "sensor.other_export",
        "stat_cost": "sensor.my_cost",
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": 0.08,
        "cost_adjustment_day": 0,
    }
    await client.send_json_auto_id(
        {"type": "energy/save_prefs", "energy_sources": [source]}
    )
    assert (await client.receive_json())["success"]

    answer = await call(hass, "add_to_energy_dashboard")

    assert answer == {"saved": False, "changes": []}
    await client.send_json_auto_id({"type": "energy/get_prefs"})
    prefs = (await client.receive_json())["result"]
    assert prefs["energy_sources"] == [source]


async def test_correction_while_off(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What was corrected within days, while Home Assistant was off for 40, arrives."""
    start = NOW - 50 * DAY
    values = made_up(50 * 24)
    sensor = await owner.sensor("kWh")
    then = 10 * 24
    await owner.post(sensor, start, values[:then], "kWh", prior=start + 10 * DAY)
    freezer.move_to(start + 10 * DAY)
    entry, meter = await add_meter(hass, server, consumption_sensor=sensor)
    await hass.config_entries.async_unload(entry.entry_id)
    # An hour of three days before, on the next day.
    values[then - 72] = 42.0
    await owner.post(
        sensor, start + (then - 72) * HOUR, [42.0], "kWh", prior=start + 11 * DAY
    )
    await owner.post(sensor, start + 10 * DAY, values[then:], "kWh")

    freezer.move_to(NOW)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await pass_time(hass, freezer, NOW + 13 * HOUR)

    await check(hass, meter, "consumption", summed(start, HOUR, values))


async def test_first_forecast(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """What the server's first forecast says of the past is not measured.

    Not even while the server remembers, for two minutes, that nobody but the user had
    written to the sensor.
    """
    start = NOW - 10 * DAY
    values: list[float | None] = [1.0 + index % 24 / 10 for index in range(10 * 24 - 4)]
    sensor = await owner.sensor("kW", consumption_is_positive=True)
    await owner.post(sensor, start, values, "kW", prior=NOW)
    entry, meter = await add_meter(hass, server, consumption_sensor=sensor)
    await forecast(
        owner,
        sensor,
        start=(NOW - 6 * HOUR).isoformat(),
        end=(NOW + 6 * HOUR).isoformat(),
    )

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    await check(hass, meter, "consumption", summed(start, HOUR, values))


async def test_unit_changed_on_the_server(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Where the unit of a sensor was set right, all of its values are in the new one."""
    start = NOW - 40 * DAY
    sensor = await owner.sensor("kWh")
    await owner.post(sensor, start, [1.0] * 960, "kWh")
    _, meter = await add_meter(hass, server, consumption_sensor=sensor)
    admin = await as_user(owner, "admin")
    await admin.request("PATCH", f"sensors/{sensor}", json={"unit": "MWh"})

    await pass_time(hass, freezer, NOW + 13 * HOUR)

    rows = await stored(hass, meter, "consumption")
    assert {state for state, _ in rows.values()} == {1000.0}


@pytest.mark.parametrize("unit", ["kW", "kWh"])
async def test_consumption_is_negative(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner, unit: str
) -> None:
    """Where the server says that consumption is negative, it is counted all the same."""
    start = NOW - DAY
    sensor = await owner.sensor(unit, consumption_is_positive=False)
    await owner.post(sensor, start, [-1.0] * 24, unit)

    _, meter = await add_meter(hass, server, consumption_sensor=sensor)

    await check(hass, meter, "consumption", summed(start, HOUR, [1.0] * 24))


async def test_costs_ahead(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """Costs that are stored ahead are not on the bill before their time is over."""
    start = datetime(2026, 11, 18, tzinfo=AMSTERDAM)
    count = (NOW - start.astimezone(UTC)) // HOUR
    sensor, cost = await owner.sensor("kWh"), await owner.sensor("EUR")
    await owner.post(sensor, start, [1.0] * count, "kWh")
    await owner.post(cost, start, [0.5] * 96, "EUR")

    _, meter = await add_meter(
        hass, server, consumption_sensor=sensor, cost_sensor=cost
    )

    assert value(hass, meter, "cost_to_date") == pytest.approx(count * 0.5)
