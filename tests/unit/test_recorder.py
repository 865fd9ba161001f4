"""What Home Assistant's recorder keeps of a device."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from homeassistant.components.recorder.db_schema import (
    StateAttributes,
    States,
    StatesMeta,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope

from .fake_server import BATTERY_SOC, FEED_IN, PRICE, StoredSchedule, finished_job
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

# Local midnight of the day after NOW.
MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)
DAY = 96
"""Quarters of an hour."""
PLANNED = DAY + 8

type Row = tuple[str, str, float, str]
"""Entity, state, time and attributes."""


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


async def recorded(hass: HomeAssistant) -> list[Row]:
    """Give all rows of all entities, in the order of time."""
    await async_wait_recording_done(hass)

    def read() -> list[Row]:
        with session_scope(hass=hass, read_only=True) as session:
            return [
                (entity_id, state, time, attributes)
                for entity_id, state, time, attributes in session.query(
                    StatesMeta.entity_id,
                    States.state,
                    States.last_updated_ts,
                    StateAttributes.shared_attrs,
                )
                .join(StatesMeta, States.metadata_id == StatesMeta.metadata_id)
                .join(
                    StateAttributes,
                    States.attributes_id == StateAttributes.attributes_id,
                )
                .order_by(States.last_updated_ts)
            ]

    return await get_instance(hass).async_add_executor_job(read)


async def states_of(home: Home, platform: str, key: str) -> list[str]:
    """Give the recorded states of one entity."""
    entity_id = home.entity(platform, key)
    return [row[1] for row in await recorded(home.hass) if row[0] == entity_id]


async def test_the_plan_is_not_recorded(home: Home) -> None:
    """A state is recorded for each slot; thousands of slots beside it are not."""
    home.has_planned(1.0, 2.0)
    await home.set_up()
    await home.go_to(SLOT + QUARTER)

    rows = [row for row in await recorded(home.hass) if row[0] == home.entity_id()]

    assert [row[1] for row in rows] == ["1.0", "2.0"]
    assert "11:00" not in rows[0][3]


@pytest.mark.usefixtures("every_entity")
async def test_a_day(home: Home) -> None:
    """At most one row per slot and entity, each smaller than 1 kB.

    The plan is read every hour, and is the same each time; its values differ from
    slot to slot, as do the prices from hour to hour.
    """
    start = MIDNIGHT - 2 * QUARTER
    job = finished_job()
    job["result"]["unresolved"] = [
        {"soc-minima": [{"datetime": NOW.isoformat(), "violation": "4.257 kWh"}] * 100}
        | {"sensor": 10}
    ]
    home.server.answer("GET", "/api/v3_0/jobs/*", json=job)
    home.server.planned_values = [
        (slot * 37 % 101 - 50) / 10 for slot in range(PLANNED)
    ]
    home.server.data[PRICE] = StoredSchedule(
        SLOT, HOUR, [100.0 + hour * 7 % 13 for hour in range(48)], "EUR/MWh"
    )
    home.server.data[FEED_IN] = StoredSchedule(SLOT, HOUR, [0.05] * 48, "EUR/kWh")
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        start, QUARTER, [slot % 17 / 2 for slot in range(PLANNED + 1)], "kWh"
    )
    await home.go_to(start + MINUTE)
    await home.set_up(device(schedule_duration=PLANNED * 900))
    await home.act("press", "button", "compute_schedule")
    home.server.requests.clear()

    for slot in range(1, DAY + 4):
        for minutes in (0, 1, 7):
            await home.go_to(start + slot * QUARTER + minutes * MINUTE)

    polls = len(home.plans_read())
    assert 24 <= polls <= 27
    # Setting up and computing the plan are within the first slot.
    rows = [
        row
        for row in await recorded(home.hass)
        if row[2] >= (start + QUARTER).timestamp()
    ]
    entities = er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    )
    for entity_id, state, _, attributes in rows:
        assert len(state.encode()) + len(attributes.encode()) < 1000, entity_id
    in_slot = Counter(
        (entity_id, (time - start.timestamp()) // 900) for entity_id, _, time, _ in rows
    )
    assert {key for key, count in in_slot.items() if count > 1} == set()
    of_entity = Counter(entity_id for entity_id, _ in in_slot)
    assert of_entity.keys() <= {entity.entity_id for entity in entities}
    for key in ("schedule", "setpoint", "planned_energy", "planned_cost"):
        assert of_entity[home.entity("sensor", key)] >= DAY - 2
    assert of_entity[home.entity("sensor", "price")] <= 25
    for platform, key in (
        ("sensor", "scheduling_status"),
        ("sensor", "last_schedule"),
        ("binary_sensor", "plan_out_of_date"),
        ("binary_sensor", "targets_met"),
        ("event", "schedule"),
        ("select", "mode"),
        ("switch", "automatic_scheduling"),
    ):
        assert of_entity[home.entity(platform, key)] == 0


@pytest.mark.usefixtures("every_entity")
async def test_a_new_plan_within_a_slot(home: Home) -> None:
    """One row more, but none of what is as it was."""
    home.has_planned(*[2.0] * 8)
    await home.set_up(device(update_interval_charging=60))
    before = Counter(row[0] for row in await recorded(home.hass))
    home.has_planned(2.0, *[3.0] * 8)

    await home.go_to(NOW + MINUTE)

    more = Counter(row[0] for row in await recorded(home.hass)) - before
    assert home.plan()[:2] == [2.0, 3.0]
    assert set(more.values()) == {1}
    assert home.entity("sensor", "schedule") in more
    for key in ("setpoint", "action", "price", "scheduling_status", "last_schedule"):
        assert home.entity("sensor", key) not in more


async def test_an_override(home: Home) -> None:
    """One row when it begins, and one when it ends."""
    home.has_planned(*[2.0] * 8)
    await home.set_up()

    await home.override(power=1, duration="00:05:00")
    await home.go_to(NOW + 5 * MINUTE)

    assert await states_of(home, "sensor", "setpoint") == ["2.0", "1.0", "2.0"]
