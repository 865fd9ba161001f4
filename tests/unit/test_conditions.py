"""The conditions, each in all its outcomes, and while nothing is known."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flexmeasures.condition import CONDITIONS
from custom_components.flexmeasures.const import DOMAIN
from homeassistant.setup import async_setup_component

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    GARAGE_POWER,
    HOUSE,
    PRICE,
    StoredSchedule,
    finished_job,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device, meter

JOB = "/api/v3_0/jobs/*"
PLANNED = "charging_is_planned"
CHEAP = "price_is_cheap"
MET = "target_will_be_met"
UP_TO_DATE = "plan_is_up_to_date"
HALF_AN_HOUR = "00:30:00"
MIDNIGHT = datetime(2026, 11, 21, 23, tzinfo=UTC)
TARGET = {"datetime": "2026-11-23T07:00:00+01:00"}

type Holds = Callable[..., Awaitable[bool]]


@pytest.fixture
async def holds(new_home: Home, hass_ws_client: WebSocketGenerator) -> Holds:
    """Test a condition as the automation editor does, by default about the battery."""
    assert await async_setup_component(new_home.hass, "websocket_api", {})
    client = await hass_ws_client(new_home.hass)

    async def test(condition: str, *power_sensors: int, **options: Any) -> bool:
        devices = map(new_home.device_id, power_sensors or (BATTERY_POWER,))
        config = {
            "condition": f"{DOMAIN}.{condition}",
            "target": {"device_id": [*devices]},
        } | ({"options": options} if options else {})
        await client.send_json_auto_id({"type": "test_condition", "condition": config})
        answer = await client.receive_json()
        assert answer["success"], answer["error"]["message"]
        result: bool = answer["result"]["result"]
        return result

    return test


# --- charging is planned


async def test_charging_planned(new_home: Home, holds: Holds) -> None:
    new_home.has_planned(0.0, 0.0, 2.0, -1.0, 0.0)
    await new_home.set_up()

    assert not await holds(PLANNED)
    assert not await holds(PLANNED, within={"minutes": 22})
    assert await holds(PLANNED, within={"minutes": 23})
    await new_home.go_to(SLOT + 2 * QUARTER)
    assert await holds(PLANNED)
    assert await holds(PLANNED, within=HALF_AN_HOUR)
    await new_home.go_to(SLOT + 3 * QUARTER)
    assert not await holds(PLANNED)
    assert not await holds(PLANNED, within=HALF_AN_HOUR)


async def test_charging_planned_without_a_plan(new_home: Home, holds: Holds) -> None:
    new_home.has_planned(2.0)
    await new_home.set_up()
    assert await holds(PLANNED)

    await new_home.go_to(SLOT + QUARTER)

    assert not await holds(PLANNED)
    assert not await holds(PLANNED, within=HALF_AN_HOUR)


async def test_charging_planned_never(new_home: Home, holds: Holds) -> None:
    await new_home.set_up()

    assert not await holds(PLANNED, within={"hours": 24})


# --- the plan is up to date


async def test_plan_up_to_date(new_home: Home, holds: Holds) -> None:
    new_home.has_planned(2.0)
    await new_home.set_up()

    assert await holds(UP_TO_DATE)
    await new_home.go_to(SLOT + QUARTER)
    assert not await holds(UP_TO_DATE)


async def test_plan_of_a_server_that_is_away(new_home: Home, holds: Holds) -> None:
    new_home.has_planned(*(8 * [2.0]))
    await new_home.set_up()
    new_home.server.fail(TimeoutError())

    await new_home.go_to(NOW + HOUR)
    assert not await holds(UP_TO_DATE)

    new_home.server.recover()
    await new_home.go_to(NOW + HOUR + MINUTE)
    assert await holds(UP_TO_DATE)


# --- the target will be met


async def test_target_met(new_home: Home, holds: Holds) -> None:
    await new_home.set_up()
    assert not await holds(MET)
    job = finished_job()
    result: dict[str, Any] = job["result"]
    result["resolved"] = [
        {"asset": BATTERY, "soc-minima": [{**TARGET, "margin": "1 kWh"}]}
    ]
    new_home.server.answer("GET", JOB, json=job)

    await new_home.press_compute()
    assert await holds(MET)

    result["unresolved"] = [
        {"asset": BATTERY, "soc-minima": [{**TARGET, "violation": "1 kWh"}]}
    ]
    new_home.pass_time(MINUTE)
    await new_home.press_compute()
    assert not await holds(MET)


# --- the price


def has_prices_today(home: Home, *euros_per_mwh: float | None) -> None:
    """Let the server know prices by the hour, from midnight on."""
    home.server.data[PRICE] = StoredSchedule(
        MIDNIGHT, HOUR, list(euros_per_mwh), "EUR/MWh"
    )


async def test_cheapest_hours_of_today(new_home: Home, holds: Holds) -> None:
    """It is the twelfth hour, the third of price; none counts twice, nor tomorrow's."""
    has_prices_today(
        new_home, 100.0, 90.0, *(9 * [200.0]), 110.0, *(12 * [110.0]), *(24 * [10.0])
    )
    await new_home.set_up(device(schedule_duration=48 * 3600))

    assert not await holds(CHEAP, hours=2)
    assert await holds(CHEAP)
    assert await holds(CHEAP, hours=2.25)
    # As many hours as were asked for, the earlier of those that cost the same.
    await new_home.go_to(NOW + 8 * MINUTE)
    assert not await holds(CHEAP, hours=2.25)
    await new_home.go_to(SLOT + HOUR)
    assert not await holds(CHEAP, hours=3)
    assert await holds(CHEAP, hours=4)


async def test_cheapest_hours_of_the_plan(new_home: Home, holds: Holds) -> None:
    """What has been is over, and tomorrow counts."""
    new_home.has_planned(*(4 * 36 * [1.0]))
    has_prices_today(
        new_home, *(11 * [50.0]), 110.0, *(12 * [200.0]), *(11 * [100.0]), 300.0
    )
    await new_home.set_up(device(schedule_duration=36 * 3600))

    assert not await holds(CHEAP, hours=11, period="plan")
    assert await holds(CHEAP, hours=12, period="plan")
    assert not await holds(CHEAP, hours=11, period="today")
    assert await holds(CHEAP, hours=12, period="today")


async def test_price_that_is_fixed(new_home: Home, holds: Holds) -> None:
    """All hours cost the same: the earlier count."""
    new_home.server.set_flex_context(HOUSE, consumption_price="400 EUR/MWh")
    await new_home.set_up()

    assert await holds(CHEAP, hours=12)
    assert not await holds(CHEAP, hours=11)


async def test_price_that_is_not_known(new_home: Home, holds: Holds) -> None:
    """Neither is it now in the end, nor in a gap, nor without a plan."""
    has_prices_today(new_home, *(11 * [50.0]), None, 50.0)
    await new_home.set_up()

    assert not await holds(CHEAP, hours=24)
    await new_home.go_to(SLOT + HOUR)
    assert await holds(CHEAP, hours=24)
    assert not await holds(CHEAP, hours=24, period="plan")
    await new_home.go_to(SLOT + 2 * HOUR)
    assert not await holds(CHEAP, hours=24)


async def test_no_price(new_home: Home, holds: Holds) -> None:
    new_home.server.set_flex_context(HOUSE)
    await new_home.set_up()

    assert not await holds(CHEAP, hours=24)


# --- several devices


async def test_any_and_all(new_home: Home, holds: Holds) -> None:
    """Of which it is known."""
    new_home.has_planned(2.0, 2.0, 2.0)
    new_home.has_planned(
        *[0.0, 0.0, 0.0, -1000.0, -1000.0, -1000.0],
        power_sensor=GARAGE_POWER,
        resolution=5 * MINUTE,
        unit="W",
    )
    await new_home.set_up(device(), device(GARAGE_POWER))
    both = (BATTERY_POWER, GARAGE_POWER)

    assert await holds(PLANNED, *both)
    assert await holds(PLANNED, *both, behavior="any")
    assert not await holds(PLANNED, *both, behavior="all")
    await new_home.go_to(SLOT + QUARTER)
    assert await holds(PLANNED, *both, behavior="all")
    # The garage has no plan any more.
    await new_home.go_to(SLOT + 2 * QUARTER)
    assert await holds(PLANNED, *both, behavior="all")
    assert not await holds(PLANNED, GARAGE_POWER, behavior="all")
    assert not await holds(UP_TO_DATE, *both, behavior="all")


@pytest.mark.parametrize("condition", CONDITIONS)
async def test_nothing_holds_of_what_is_not_loaded(
    new_home: Home, holds: Holds, condition: str
) -> None:
    new_home.has_planned(*(8 * [2.0]))
    await new_home.set_up()
    await new_home.hass.config_entries.async_unload(new_home.entry.entry_id)

    for behavior in ("any", "all"):
        assert not await holds(condition, behavior=behavior)


async def test_nothing_holds_before_it_is_loaded(new_home: Home, holds: Holds) -> None:
    """Not even what is remembered."""
    new_home.has_planned(*(8 * [2.0]))
    await new_home.set_up()
    await new_home.hass.config_entries.async_unload(new_home.entry.entry_id)
    goes_on = new_home.server.hang()
    starting = new_home.hass.async_create_task(new_home.start())
    await new_home.until(lambda: hasattr(new_home.entry, "runtime_data"))
    assert new_home.entry.runtime_data.coordinators

    assert not await holds(PLANNED)

    goes_on.set()
    new_home.server.recover()
    await starting
    assert await holds(PLANNED)


@pytest.mark.parametrize(
    ("condition", "options"),
    [
        (CHEAP, {"hours": "few"}),
        (CHEAP, {"hours": 0}),
        (CHEAP, {"hours": 3, "period": "week"}),
        (PLANNED, {"within": "-00:01:00"}),
        (PLANNED, {"behavior": "each"}),
        (UP_TO_DATE, {"within": "00:01:00"}),
    ],
)
async def test_options_that_are_wrong(
    new_home: Home, holds: Holds, condition: str, options: dict[str, Any]
) -> None:
    await new_home.set_up()

    with pytest.raises(AssertionError, match=r"options"):
        await holds(condition, **options)


async def test_automation(new_home: Home) -> None:
    """By an area, an entity that is disabled, and turned round."""
    new_home.has_planned(2.0, 0.0)
    await new_home.set_up(device(), meter())
    entity = new_home.entity("binary_sensor", "charging_planned")
    assert new_home.hass.states.get(entity) is None
    calls = async_mock_service(new_home.hass, "test", "called")
    condition = {
        "condition": f"{DOMAIN}.{PLANNED}",
        "target": {"entity_id": entity},
    }
    automation = {
        "triggers": {"trigger": "event", "event_type": "check"},
        "actions": {
            "if": condition,
            "then": {"action": "test.called", "data": {"it": "charges"}},
            "else": {"action": "test.called", "data": {"it": "does not"}},
        },
    }
    assert await async_setup_component(
        new_home.hass, "automation", {"automation": automation}
    )
    await new_home.settle()

    for moment in (NOW, SLOT + QUARTER):
        await new_home.go_to(moment)
        new_home.hass.bus.async_fire("check")
        await new_home.settle()

    assert [call.data["it"] for call in calls] == ["charges", "does not"]
