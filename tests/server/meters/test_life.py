"""What becomes of a meter's statistics and bill as time passes and things go wrong."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.meters.history import statistics
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from sandbox.flexmeasures.server import FlexMeasuresServer

from ...unit.disk import Disk
from ..conftest import call
from .metered_home import (
    AMSTERDAM,
    DAY,
    HOUR,
    NOW,
    Owner,
    add_meter,
    made_up,
    pass_time,
    running_sums,
    stored,
    summed,
    value,
)

pytestmark = pytest.mark.usefixtures("at_a_moment")


def device_of(hass: HomeAssistant, entry_id: str, meter: str) -> str:
    """Give the id of the meter's device."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, meter), entry_id
    )
    assert device
    return device.id


async def test_corrections(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What was corrected within 30 days comes within half a day, what is older on request."""
    start = NOW - 60 * DAY
    values = made_up(60 * 24)
    sensor = await owner.sensor("kWh")
    await owner.post(sensor, start, values, "kWh", prior=NOW)
    entry, meter = await add_meter(hass, server, consumption_sensor=sensor)

    values[40 * 24] = 50.0
    values[45 * 24 + 1 : 45 * 24 + 20] = [0.0] * 19
    await owner.post(sensor, start + 40 * DAY, [50.0], "kWh")
    await owner.post(sensor, start + 45 * DAY + HOUR, [0.0] * 19, "kWh")
    await pass_time(hass, freezer, NOW + 13 * HOUR)
    assert await stored(hass, meter, "consumption") == running_sums(
        summed(start, HOUR, values)
    )

    values[24 : 2 * 24] = [7.5] * 24
    await owner.post(sensor, start + DAY, [7.5] * 24, "kWh")
    answer = await call(
        hass,
        "reimport_statistics",
        device_id=device_of(hass, entry.entry_id, meter),
        start=(start + DAY).isoformat(),
        end=(start + 2 * DAY).isoformat(),
    )
    assert await stored(hass, meter, "consumption") == running_sums(
        summed(start, HOUR, values)
    )
    assert answer["start"] == "2026-09-22"


async def test_hours_that_vanish(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What the server has no more counts no more."""
    start = NOW - 10 * DAY
    values = made_up(10 * 24)
    sensor = await owner.sensor("kWh")
    await owner.post(sensor, start, values, "kWh")
    _, meter = await add_meter(hass, server, consumption_sensor=sensor)

    await owner.request(
        "DELETE",
        f"sensors/{sensor}/data",
        json={
            "start": (start + 30 * HOUR).isoformat(),
            "until": (start + 40 * HOUR).isoformat(),
        },
    )
    await pass_time(hass, freezer, NOW + 13 * HOUR)

    values[30:40] = [None] * 10
    rows = await stored(hass, meter, "consumption")
    known = {hour: row for hour, row in rows.items() if row[0] is not None}
    assert known == running_sums(summed(start, HOUR, values))
    # An older Home Assistant cannot clear hours, but count nothing in them.
    sums = [total or 0.0 for _, total in rows.values()]
    assert sums == sorted(sums)


@pytest.mark.parametrize("seed", range(2))
async def test_kills(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
    seed: int,
) -> None:
    """However often Home Assistant is killed while it imports, the sums are right in the end."""
    random = Random(seed)  # noqa: S311
    start = NOW - 50 * DAY
    values = made_up(50 * 24)
    sensor = await owner.sensor("kWh")
    price = await owner.sensor("EUR/kWh")
    await owner.post(sensor, start, values, "kWh")
    await owner.post(price, start, [0.25] * len(values), "EUR/kWh")
    disk = Disk(takes=lambda: 0)
    left = 3

    def add_or_die(*args: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            disk.lose_power()
        if left > 0:
            async_add_external_statistics(*args)

    with (
        disk.in_use(),
        patch.object(statistics, "_HOURS_AT_ONCE", 100),
        patch.object(statistics, "async_add_external_statistics", add_or_die),
    ):
        entry, meter = await add_meter(
            hass, server, consumption_sensor=sensor, cost_sensor=price
        )
        for kill in range(4):
            await hass.config_entries.async_unload(entry.entry_id)
            disk.power_up()
            if kill == 2:
                values[700] = 12.0
                await owner.post(sensor, start + 700 * HOUR, [12.0], "kWh")
                freezer.tick(13 * HOUR)
            left = random.randrange(2, 9) if kill < 3 else 1000
            await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)

    hours = summed(start, HOUR, values)
    assert await stored(hass, meter, "consumption") == running_sums(hours)
    assert await stored(hass, meter, "cost") == running_sums(
        {hour: each * 0.25 for hour, each in hours.items()}
    )


async def test_away(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
) -> None:
    """While the server is away, what was imported stays, also over a restart."""
    start = NOW - 80 * DAY
    values = made_up(80 * 24)
    sensor = await owner.sensor("kWh")
    await owner.post(sensor, start, values, "kWh")
    entry, meter = await add_meter(hass, server, consumption_sensor=sensor)
    usage = value(hass, meter, "usage_to_date")
    typical = value(hass, meter, "typical_usage")
    rows = await stored(hass, meter, "consumption")

    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": "http://127.0.0.1:1"}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert entry.state is ConfigEntryState.LOADED
    assert value(hass, meter, "usage_to_date") == usage
    assert value(hass, meter, "typical_usage") == typical
    assert await stored(hass, meter, "consumption") == rows


async def test_dashboard(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """The Energy dashboard takes a meter with its costs, and finds nothing wrong."""
    assert await async_setup_component(hass, "energy", {})
    start = NOW - 3 * DAY
    sensor, feed = await owner.sensor("kWh"), await owner.sensor("kWh")
    price, feed_in = await owner.sensor("EUR/kWh"), await owner.sensor("EUR/kWh")
    await owner.post(sensor, start, [1.0] * 72, "kWh")
    await owner.post(feed, start, [0.5] * 72, "kWh")
    await owner.post(price, start, [0.3] * 72, "EUR/kWh")
    await owner.post(feed_in, start, [0.1] * 72, "EUR/kWh")
    _, meter = await add_meter(
        hass,
        server,
        consumption_sensor=sensor,
        production_sensor=feed,
        cost_sensor=price,
        compensation_sensor=feed_in,
    )
    client = await hass_ws_client(hass)

    tried = await call(hass, "add_to_energy_dashboard", dry_run=True)
    added = await call(hass, "add_to_energy_dashboard")
    again = await call(hass, "add_to_energy_dashboard")

    names = {
        "stat_energy_from": "consumption",
        "stat_energy_to": "production",
        "stat_cost": "cost",
        "stat_compensation": "compensation",
    }
    statistic_ids = {
        place: f"{DOMAIN}:{meter.lower()}_{kind}" for place, kind in names.items()
    }
    assert tried == {**added, "saved": False}
    assert added == {
        "saved": True,
        "changes": [{"meter": "Home", "is_new": True, "statistics": statistic_ids}],
    }
    assert again == {"saved": False, "changes": []}
    await client.send_json_auto_id({"type": "energy/get_prefs"})
    (source,) = (await client.receive_json())["result"]["energy_sources"]
    assert source.items() >= statistic_ids.items()
    # What the action has stored is what the dashboard's own settings would take.
    await client.send_json_auto_id(
        {"type": "energy/save_prefs", "energy_sources": [source]}
    )
    assert (await client.receive_json())["success"]
    await client.send_json_auto_id({"type": "energy/validate"})
    validation = (await client.receive_json())["result"]
    assert validation["energy_sources"] == [[]]


async def test_year_of_bills(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Bills that start on the last day of the month are what plain arithmetic says."""
    step = 6 * HOUR
    start = datetime(2024, 12, 30, 18, tzinfo=UTC)
    values = made_up(690 * 4)
    tariff = [index * 104729 % 6007 / 10000 - 0.1 for index in range(690 * 24)]
    sensor = await owner.sensor("kWh", "PT6H", time_zone="UTC")
    price = await owner.sensor("EUR/kWh")
    await owner.post(sensor, start, values, "kWh", step)
    await owner.post(price, start, tariff, "EUR/kWh")
    amounts = {
        start + index * step: each
        for index, each in enumerate(values)
        if each is not None
    }
    costs: dict[datetime, float] = {}
    for moment, each in amounts.items():
        hour = (moment - start) // HOUR
        costs[moment] = each * sum(tariff[hour : hour + 6]) / 6
    # The 31st, or the last day where a month is shorter.
    last_days = [
        date(2025 + month // 12, month % 12 + 1, 1) - DAY for month in range(24)
    ]
    starts = [
        datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM) for day in last_days
    ]

    def total(parts: dict[datetime, float], first: datetime, end: datetime) -> float:
        return sum(each for moment, each in parts.items() if first <= moment < end)

    freezer.move_to(starts[10] + DAY)
    _, meter = await add_meter(
        hass,
        server,
        consumption_sensor=sensor,
        cost_sensor=price,
        bill_start="2025-01-31",
        standing_charge=12.0,
    )
    for index in range(11, 23):
        first, end = starts[index], starts[index + 1]
        now = (first + timedelta(days=12, hours=10)).astimezone(UTC)
        await pass_time(hass, freezer, now)
        ended = now - step
        share = (now - first.astimezone(UTC)) / (
            end.astimezone(UTC) - first.astimezone(UTC)
        )
        typical = range(max(0, index - 12), index)
        assert value(hass, meter, "usage_to_date") == pytest.approx(
            total(amounts, first, ended + timedelta(seconds=1)), abs=1e-5
        )
        assert value(hass, meter, "cost_to_date") == pytest.approx(
            total(costs, first, ended + timedelta(seconds=1)) + 12 * share, abs=1e-5
        )
        assert value(hass, meter, "typical_usage") == pytest.approx(
            sum(total(amounts, starts[each], starts[each + 1]) for each in typical)
            / len(typical),
            abs=1e-5,
        )
        assert value(hass, meter, "typical_cost") == pytest.approx(
            sum(total(costs, starts[each], starts[each + 1]) for each in typical)
            / len(typical)
            + 12,
            abs=1e-5,
        )
