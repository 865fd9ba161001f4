"""An RM that says something all the time is planned when it matters, and starves nobody."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from homeassistant.util import dt as dt_util

from .fake_server import BATTERY_POWER, GARAGE_POWER
from .home import HOUR, MINUTE, NOW, Home, Json, device
from .s2 import devices
from .s2.devices import L1, number_range
from .s2_rm import BATTERY, FRBC, PEBC, FakeRM, paired
from .test_s2_control import SECOND, choose, controlled, go_to


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


def planned(home: Home, power_sensor: int = BATTERY_POWER) -> int:
    """How many schedules were asked for a device."""
    return sum(
        request.json["flex-model"][0]["sensor"] == power_sensor
        for request in home.triggers
    )


def described(*modes: Json) -> Json:
    """Say what the battery is, with other operation modes."""
    return BATTERY | devices.storage((0, 100), devices.actuator(*modes), at=NOW)


async def description(rm: FakeRM, now: datetime) -> str:
    return await rm.tell("FRBC.SystemDescription", **BATTERY | {"valid_from": now})


async def new_ids(rm: FakeRM, now: datetime) -> str:
    """The same with other names: they mean nothing to a plan."""
    modes = [
        {**each, "id": f"{each['id']}-{int(now.timestamp())}"}
        for each in BATTERY["actuators"][0]["operation_modes"]
    ]
    return await rm.tell(
        "FRBC.SystemDescription", **described(*modes) | {"valid_from": now}
    )


async def usage(rm: FakeRM, now: datetime) -> str:
    return await rm.tell(
        "FRBC.UsageForecast",
        start_time=now,
        elements=[{"duration": 48 * HOUR, "usage_rate_expected": 1e-4}],
    )


@pytest.mark.parametrize("say", [description, new_ids, usage])
async def test_the_same_all_the_time_is_no_news(
    home: Home, rm: FakeRM, say: Callable[[FakeRM, datetime], Any]
) -> None:
    """Whatever time it has on it."""
    home.has_planned(*(40 * [1.0]))
    await home.set_up(paired(automatic_scheduling=True, update_interval=86400))
    await controlled(rm)
    await say(rm, NOW)
    await go_to(rm, NOW + 6 * SECOND)
    await go_to(rm, NOW + 40 * SECOND)
    before = planned(home)
    for step in range(5, 45):
        now = NOW + step * 20 * SECOND
        await go_to(rm, now)
        assert await say(rm, now) == "OK"
    await go_to(rm, NOW + 20 * MINUTE)
    assert planned(home) - before <= 1


async def test_something_else_all_the_time_is_answered_minutes_apart(
    home: Home, new_rm: Callable[..., FakeRM]
) -> None:
    """And a device that is planned by its interval has its turn."""
    rm = new_rm()
    home.has_planned(*(60 * [1.0]))
    home.has_planned(*(60 * [1.0]), power_sensor=GARAGE_POWER)
    await home.set_up(
        paired(automatic_scheduling=True, update_interval=86400),
        device(GARAGE_POWER, automatic_scheduling=True, update_interval=600),
    )
    await controlled(rm)
    await go_to(rm, NOW + MINUTE)
    before, other = planned(home), planned(home, GARAGE_POWER)
    for step in range(3, 120):
        now = NOW + step * 20 * SECOND
        await go_to(rm, now)
        charge = devices.mode(
            "charge",
            devices.element((0, 100), (0, 0.01), devices.power(0, 3000 + 10 * step)),
        )
        await rm.tell(
            "FRBC.SystemDescription", **described(charge) | {"valid_from": now}
        )
    assert 5 <= planned(home) - before <= 14
    assert planned(home, GARAGE_POWER) - other >= 3


async def test_need_that_changes_is_planned(home: Home, rm: FakeRM) -> None:
    """Also at the end of it, though most is as before."""
    home.has_planned(*(40 * [1.0]))
    await home.set_up(paired(automatic_scheduling=True, update_interval=86400))
    await rm.start(PEBC, instruction_processing_delay=0)
    await choose(rm, PEBC)
    await rm.tell(
        "PEBC.PowerConstraints",
        id="limits",
        valid_from=NOW,
        consequence_type="DEFER",
        allowed_limit_ranges=[
            {
                "commodity_quantity": L1,
                "limit_type": limit_type,
                "range_boundary": number_range(*boundary),
                "abnormal_condition_only": False,
            }
            for limit_type, boundary in (
                ("UPPER_LIMIT", (0, 3680)),
                ("LOWER_LIMIT", (0, 0)),
            )
        ],
    )
    asked = []
    for minute, end in ((0, 3), (2, 3), (4, 5)):
        await go_to(rm, NOW + minute * MINUTE)
        await rm.tell(
            "PEBC.EnergyConstraint",
            id="need",
            valid_from=NOW,
            valid_until=NOW + timedelta(hours=end),
            upper_average_power=2000,
            lower_average_power=1000,
            commodity_quantity=L1,
        )
        await go_to(rm, dt_util.utcnow() + 40 * SECOND)
        asked.append(planned(home))
    assert asked[1] == asked[0]
    assert asked[2] == asked[1] + 1


async def test_user_s_wish_needs_no_news(home: Home, rm: FakeRM) -> None:
    home.has_planned(*(40 * [1.0]))
    await home.set_up(paired(automatic_scheduling=True, update_interval=86400))
    await controlled(rm)
    await go_to(rm, NOW + 40 * SECOND)
    before = planned(home)
    await choose(rm, FRBC)
    await home.call("trigger_schedule", device_id=home.device_id())
    assert planned(home) == before + 1
