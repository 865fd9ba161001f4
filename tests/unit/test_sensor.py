"""The schedule sensor."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.helpers import entity_registry as er

from .fake_server import BATTERY_POWER, CABIN_POWER, GARAGE_POWER
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device


async def test_state_and_attributes(home: Home) -> None:
    """The running slot's power, with the whole plan beside it in local time."""
    home.has_planned(3.0, -2.5, 0.0)

    await home.set_up()

    state = home.state()
    assert state.state == "3.0"
    assert state.attributes == {
        "schedule": [
            {
                "start": "2026-11-22T11:00:00+01:00",
                "end": "2026-11-22T11:15:00+01:00",
                "value": 3.0,
            },
            {
                "start": "2026-11-22T11:15:00+01:00",
                "end": "2026-11-22T11:30:00+01:00",
                "value": -2.5,
            },
            {
                "start": "2026-11-22T11:30:00+01:00",
                "end": "2026-11-22T11:45:00+01:00",
                "value": 0.0,
            },
        ],
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T11:45:00+01:00",
        "duration": "PT45M",
        "resolution": "PT15M",
        "next_change": "2026-11-22T11:15:00+01:00",
        "device_class": "power",
        "friendly_name": "Home battery Schedule",
        "unit_of_measurement": "kW",
    }


async def test_entity(home: Home) -> None:
    """One per device, which is named after it."""
    await home.set_up(device(BATTERY_POWER), device(GARAGE_POWER))

    battery = er.async_get(home.hass).async_get(home.entity_id(BATTERY_POWER))
    garage = er.async_get(home.hass).async_get(home.entity_id(GARAGE_POWER))
    assert battery
    assert garage
    assert battery.entity_id == "sensor.home_battery_schedule"
    assert garage.entity_id == "sensor.garage_battery_schedule"
    assert battery.device_id == home.device_id(BATTERY_POWER)
    assert battery.config_subentry_id == str(BATTERY_POWER)
    assert battery.entity_category is EntityCategory.DIAGNOSTIC
    assert battery.device_id != garage.device_id


@pytest.mark.parametrize(
    ("values", "start"),
    [
        pytest.param([], SLOT, id="nothing at all"),
        pytest.param([1.0, 2.0], SLOT - 2 * QUARTER, id="ended"),
        pytest.param([1.0, 2.0], SLOT + QUARTER, id="not begun"),
        pytest.param([1.0, None, 2.0], SLOT - QUARTER, id="a gap"),
    ],
)
async def test_unknown_without_a_planned_slot(
    home: Home, values: list[float | None], start: datetime
) -> None:
    """It is never zero: nobody has said that the device should be off."""
    home.has_planned(*values, start=start)

    await home.set_up()

    assert home.state().state == STATE_UNKNOWN


async def test_never_scheduled(home: Home) -> None:
    await home.set_up()

    assert home.state().state == STATE_UNKNOWN
    assert home.state().attributes == {
        "device_class": "power",
        "friendly_name": "Home battery Schedule",
        "unit_of_measurement": "kW",
    }


async def test_no_value_is_left_out_and_no_value_is_made_up(home: Home) -> None:
    """A slot in the middle keeps its place; those at the ends are no part of the plan."""
    home.has_planned(1.0, None, 2.0, None, None)

    await home.set_up()

    attributes = home.state().attributes
    assert home.plan() == [1.0, None, 2.0]
    assert attributes["end"] == "2026-11-22T11:45:00+01:00"
    assert attributes["next_change"] == "2026-11-22T11:30:00+01:00"


async def test_zero_is_planned(home: Home) -> None:
    """What a solver means by zero, too, and without a sign."""
    home.has_planned(1e-10, -1e-10, 0, -0.0)

    await home.set_up()

    assert home.state().state == "0.0"
    assert [str(value) for value in home.plan()] == ["0.0"] * 4
    assert home.state().attributes["next_change"] is None


@pytest.mark.parametrize(
    ("power_sensor", "unit", "resolution", "stored", "shown"),
    [
        pytest.param(BATTERY_POWER, "kW", 15, [2.0, -1.5], [2.0, -1.5], id="kW, +"),
        pytest.param(GARAGE_POWER, "W", 5, [-2000, 1500], [2.0, -1.5], id="W, -"),
        pytest.param(CABIN_POWER, "MW", 60, [-0.002, 0.0015], [2.0, -1.5], id="MW, -"),
    ],
)
async def test_kilowatts_with_consumption_positive(
    home: Home,
    power_sensor: int,
    unit: str,
    resolution: int,
    stored: list[float],
    shown: list[float],
) -> None:
    """Whatever unit, sign and resolution the server stores."""
    start = NOW.replace(minute=NOW.minute // resolution * resolution)
    home.has_planned(
        *stored,
        power_sensor=power_sensor,
        start=start,
        resolution=resolution * MINUTE,
        unit=unit,
    )

    await home.set_up(device(power_sensor))

    state = home.state(power_sensor)
    assert state.state == "2.0"
    assert state.attributes["unit_of_measurement"] == "kW"
    assert home.plan(power_sensor) == shown
    first = state.attributes["schedule"][0]
    assert datetime.fromisoformat(first["start"]) == start
    assert datetime.fromisoformat(first["end"]) == start + resolution * MINUTE


async def test_a_sensor_without_resolution(home: Home) -> None:
    """The server's scheduler then plans quarters of an hour."""
    home.server.sensors[BATTERY_POWER]["event_resolution"] = "P0D"
    home.has_planned(1.0, 2.0)

    await home.set_up()

    assert home.plan() == [1.0, 2.0]
    assert home.state().attributes["resolution"] == "PT15M"
    (request,) = home.plans_read()
    assert request.query["resolution"] == "PT15M"


async def test_the_same_power_is_no_change(home: Home) -> None:
    """A new slot with the same value makes no event; the next other value does."""
    home.has_planned(1.0, 1.0, 1.0, 4.0)
    await home.set_up()
    changes = home.changes()

    await home.go_to(SLOT + QUARTER)
    await home.go_to(SLOT + 2 * QUARTER)
    assert changes == []

    await home.go_to(SLOT + 3 * QUARTER)
    assert [change and change.state for change in changes] == ["4.0"]


async def test_a_plan_is_no_measurement(home: Home) -> None:
    """Statistics of it would read as one."""
    await home.set_up()

    assert "state_class" not in home.state().attributes


@pytest.mark.parametrize(
    ("night", "local"),
    [
        pytest.param(
            datetime(2026, 3, 29, 0, tzinfo=UTC),
            [
                "2026-03-29T01:00:00+01:00",
                "2026-03-29T03:00:00+02:00",
                "2026-03-29T04:00:00+02:00",
                "2026-03-29T05:00:00+02:00",
            ],
            id="an hour is left out",
        ),
        pytest.param(
            datetime(2026, 10, 25, 0, tzinfo=UTC),
            [
                "2026-10-25T02:00:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T03:00:00+01:00",
                "2026-10-25T04:00:00+01:00",
            ],
            id="an hour comes twice",
        ),
    ],
)
async def test_nights_in_which_the_clocks_change(
    home: Home, night: datetime, local: list[str]
) -> None:
    """Every hour has its own power, and times say in which offset they are."""
    await home.go_to(night + 7 * MINUTE)
    home.has_planned(
        -0.001,
        -0.002,
        -0.003,
        power_sensor=CABIN_POWER,
        start=night,
        resolution=HOUR,
        unit="MW",
    )
    await home.set_up(device(CABIN_POWER, schedule_duration=86400))

    def shown() -> Any:
        return home.state(CABIN_POWER)

    assert [slot["start"] for slot in shown().attributes["schedule"]] == local[:3]
    assert [slot["end"] for slot in shown().attributes["schedule"]] == local[1:]
    assert (shown().state, shown().attributes["next_change"]) == ("1.0", local[1])
    await home.go_to(night + HOUR)
    assert (shown().state, shown().attributes["next_change"]) == ("2.0", local[2])
    await home.go_to(night + 2 * HOUR)
    assert (shown().state, shown().attributes["next_change"]) == ("3.0", None)
    await home.go_to(night + 3 * HOUR)
    assert shown().state == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("noon", "hours"),
    [
        pytest.param(datetime(2026, 3, 28, 11, tzinfo=UTC), 36, id="a long day"),
        pytest.param(datetime(2026, 3, 29, 10, tzinfo=UTC), 35, id="after a short day"),
        pytest.param(datetime(2026, 10, 25, 11, tzinfo=UTC), 37, id="after a long day"),
    ],
)
async def test_days_whose_length_changes(
    home: Home, noon: datetime, hours: int
) -> None:
    """From local midnight on, and 24 hours ahead: not a calendar day."""
    await home.go_to(noon)

    await home.set_up(device(schedule_duration=timedelta(days=1).total_seconds()))

    (request,) = home.plans_read()
    assert request.query["duration"] == f"PT{hours}H"


async def test_the_plan_of_yesterday_is_dropped_at_midnight(home: Home) -> None:
    """Not at the first reading of the day, which would be a change within a slot."""
    midnight = datetime(2026, 11, 22, 23, tzinfo=UTC)
    home.has_planned(*[1.0] * 3, *[2.0] * 8, start=midnight - 3 * QUARTER)
    await home.go_to(midnight - QUARTER)
    await home.set_up()
    assert home.plan() == [1.0] * 3 + [2.0] * 7
    changes = home.changes()

    await home.go_to(midnight)
    assert home.plan() == [2.0] * 7
    assert home.state().attributes["start"] == "2026-11-23T00:00:00+01:00"

    home.server.requests.clear()
    home.has_planned(*[2.0] * 7, start=midnight)
    await home.go_to(midnight + HOUR - QUARTER)
    assert len(home.plans_read()) == 1
    assert len(changes) == 1


async def test_midnight_within_a_slot(home: Home) -> None:
    """The day changes with the slot, and keeps the one in which it began."""
    await home.hass.config.async_set_time_zone("Asia/Kolkata")
    midnight = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    slot = midnight - HOUR / 2
    home.has_planned(
        *[-0.001, -0.002, -0.003, -0.004, -0.005],
        power_sensor=CABIN_POWER,
        start=slot - HOUR,
        resolution=HOUR,
        unit="MW",
    )
    await home.go_to(slot + 7 * MINUTE)
    await home.set_up(device(CABIN_POWER, schedule_duration=4 * 3600))
    changes = home.changes(CABIN_POWER)

    await home.go_to(midnight)
    assert home.plan(CABIN_POWER) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert changes == []
    await home.go_to(slot + HOUR)
    assert home.plan(CABIN_POWER) == [2.0, 3.0, 4.0, 5.0]
    home.server.requests.clear()
    await home.go_to(slot + HOUR + 8 * MINUTE)

    assert len(home.plans_read(CABIN_POWER)) == 1
    assert len(changes) == 1
