"""How often a device is looked at."""

from typing import Any

import pytest

from .fake_server import BATTERY_POWER, StoredSchedule
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

CHARGER = "sensor.charger"
CLIMATE = "climate.heat_pump"


def paced(**settings: Any) -> Any:
    """Make a device with the intervals that are the defaults."""
    return device(
        **{
            "update_interval_charging": 900,
            "update_interval_climate": 300,
            **settings,
        }
    )


async def reads_within(home: Home, minutes: int) -> list[int]:
    """Give the minutes of the next hour in which the plan is read."""
    found = []
    for minute in range(1, minutes + 1):
        before = len(home.plans_read())
        await home.go_to(NOW + minute * MINUTE)
        found += [minute] * (len(home.plans_read()) - before)
    return found


async def test_at_rest(home: Home) -> None:
    home.has_planned(*[0.0] * 12)
    await home.set_up(paced())

    assert await reads_within(home, 61) == [60]


@pytest.mark.parametrize("power", [3.0, -3.0])
async def test_power_is_planned(home: Home, power: float) -> None:
    home.has_planned(*[power] * 12)
    await home.set_up(paced())

    assert await reads_within(home, 31) == [15, 30]


async def test_power_is_planned_later(home: Home) -> None:
    """From when the slot begins on, counted from the last reading."""
    home.has_planned(0.0, 0.0, *[1.0] * 12)
    await home.set_up(paced())

    # The slot begins in minute 23; the reading is a quarter of an hour old by then.
    assert await reads_within(home, 40) == [23, 38]


async def test_power_is_measured(home: Home) -> None:
    """By whoever posts it to the server, in the last slots."""
    home.has_planned(*[0.0] * 12)
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT - QUARTER, QUARTER, [2.0])
    await home.set_up(paced())

    assert await reads_within(home, 61) == [15]


@pytest.mark.parametrize(
    ("state", "is_charging"),
    [
        ("on", True),
        ("charging", True),
        ("Charging", True),
        ("7.4", True),
        ("-3", True),
        ("off", False),
        ("0.0", False),
        ("complete", False),
        ("unavailable", False),
        ("unknown", False),
        (None, False),
    ],
)
async def test_charging_entity(
    home: Home,
    state: str | None,
    is_charging: bool,  # noqa: FBT001
) -> None:
    """It decides, whatever is planned."""
    home.has_planned(*[0.0 if is_charging else 3.0] * 12)
    if state:
        home.hass.states.async_set(CHARGER, state)
    await home.set_up(paced(charging_entity=CHARGER))

    assert await reads_within(home, 30) == ([15, 30] if is_charging else [])


async def test_charging_begins_and_ends(home: Home) -> None:
    """A change takes effect at once."""
    home.hass.states.async_set(CHARGER, "off")
    await home.set_up(paced(charging_entity=CHARGER))
    assert await reads_within(home, 5) == []
    home.hass.states.async_set(CHARGER, "on")
    home.server.requests.clear()

    await home.go_to(NOW + 15 * MINUTE)
    assert len(home.plans_read()) == 1

    home.hass.states.async_set(CHARGER, "off")
    await home.go_to(NOW + 74 * MINUTE)
    assert len(home.plans_read()) == 1
    await home.go_to(NOW + 75 * MINUTE)
    assert len(home.plans_read()) == 2


async def test_charging_begins_when_a_look_is_overdue(home: Home) -> None:
    home.hass.states.async_set(CHARGER, "off")
    await home.set_up(paced(charging_entity=CHARGER))
    await home.go_to(NOW + 40 * MINUTE)
    assert len(home.plans_read()) == 1

    home.hass.states.async_set(CHARGER, "on")
    await home.settle()

    assert len(home.plans_read()) == 2


@pytest.mark.parametrize(
    ("state", "action", "is_conditioning"),
    [
        ("heat", "heating", True),
        ("cool", "cooling", True),
        ("heat", "defrosting", True),
        ("heat", "idle", False),
        ("off", "off", False),
        ("heat", None, True),
        ("heat_cool", None, True),
        ("fan_only", None, False),
        ("off", None, False),
        ("unavailable", None, False),
        (None, None, False),
    ],
)
async def test_climate_entity(
    home: Home,
    state: str | None,
    action: str | None,
    is_conditioning: bool,  # noqa: FBT001
) -> None:
    """What it does counts; if it hides that, what it is set to."""
    if state:
        attributes = {"hvac_action": action} if action else {}
        home.hass.states.async_set(CLIMATE, state, attributes)
    await home.set_up(paced(climate_entity=CLIMATE))

    assert await reads_within(home, 14) == ([5, 10] if is_conditioning else [])


async def test_charging_and_heating(home: Home) -> None:
    """The shorter interval counts."""
    home.has_planned(*[1.0] * 12)
    home.hass.states.async_set(CLIMATE, "heat", {"hvac_action": "heating"})
    await home.set_up(
        paced(
            climate_entity=CLIMATE,
            update_interval_charging=600,
            update_interval_climate=1200,
        )
    )

    assert await reads_within(home, 21) == [10, 20]


async def test_being_busy_never_slows_down(home: Home) -> None:
    """The defaults of a device that runs may be longer than its usual interval."""
    home.has_planned(*[1.0] * 12)
    home.hass.states.async_set(CLIMATE, "heat", {"hvac_action": "heating"})
    await home.set_up(paced(climate_entity=CLIMATE, update_interval=120))

    assert await reads_within(home, 6) == [2, 4, 6]


async def test_outage_does_not_hurry(home: Home) -> None:
    """What was left of an interval is not how often a failing server is asked."""
    home.has_planned(*[0.0] * 12)
    home.hass.states.async_set(CHARGER, "off")
    await home.set_up(paced(charging_entity=CHARGER))
    await home.go_to(NOW + 10 * MINUTE)
    home.hass.states.async_set(CHARGER, "on")
    path = f"/api/v3_0/sensors/{BATTERY_POWER}/data"
    home.server.answer("GET", path, status=422, json={"message": "No."})
    await home.go_to(NOW + 15 * MINUTE)
    home.server.requests.clear()

    await home.go_to(NOW + 15 * MINUTE + HOUR - MINUTE)
    assert home.plans_read() == []
