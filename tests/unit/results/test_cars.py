"""What is saved with a car, against charging it once it is plugged in."""

import pytest

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er

from ..fake_server import BATTERY, BATTERY_POWER
from ..feeds.fed_home import METER, POWER, feed
from ..home import HOUR, MINUTE, QUARTER, SLOT, Home, device

PLUG = "binary_sensor.plug"


def plug(home: Home, state: str, **attributes: str) -> None:
    """Let the plug say something."""
    home.hass.states.async_set(PLUG, state, {"device_class": "plug", **attributes})


def charge(home: Home, watts: float) -> None:
    """Let the car have a power from now on."""
    home.hass.states.async_set(METER, str(watts), POWER)


async def set_up(home: Home, *, at_first: str = STATE_OFF) -> None:
    """Have a car that takes up to 4 kW, and prices for four hours."""
    await home.go_to(SLOT)
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "one-way_evse"
    home.server.set_flex_model(BATTERY, power_capacity="4 kW")
    home.has_prices(400.0, 300.0, 100.0, 200.0)
    home.has_planned(*[0.0] * 8, *[3.0] * 8)
    charge(home, 0)
    plug(home, at_first)
    car = device(trigger_entities=[PLUG], schedule_duration=4 * 3600)
    await home.set_up(car, feed(BATTERY_POWER, "Car"))


async def pass_hours(home: Home, first: int, last: int) -> None:
    """Let hours after SLOT pass, by the quarter."""
    for quarters in range(4 * first + 1, 4 * last + 1):
        await home.go_to(SLOT + quarters * QUARTER)


def saved(home: Home) -> str:
    """Give what it says."""
    return home.value("sensor", "saved_today")


async def test_car_of_the_docs(home: Home) -> None:
    """It waits for two hours, and charges 6 kWh in the two cheapest.

    docs/savings.md has these numbers.
    """
    await set_up(home)
    plug(home, STATE_ON)
    await pass_hours(home, 0, 2)
    assert saved(home) == "0.0"
    charge(home, 3000)

    await pass_hours(home, 2, 4)

    assert saved(home) == "1.3"
    assert home.value("sensor", "cost_today") == "0.9"
    attributes = home.attributes("sensor", "saved_today")
    assert attributes["stored"] is None
    assert attributes["known"] == round(100 * 4 / 15, 1)


async def test_a_car_that_was_plugged_in_before(home: Home) -> None:
    """Nobody knows when: it is judged from the next time on."""
    await set_up(home, at_first=STATE_ON)
    charge(home, 4000)
    await pass_hours(home, 0, 1)
    assert saved(home) == STATE_UNKNOWN

    plug(home, STATE_OFF)
    plug(home, STATE_ON)
    await pass_hours(home, 1, 2)

    assert saved(home) == "0.0"


async def test_a_plug_that_is_away_for_a_while(home: Home) -> None:
    """Neither is it another charge, nor the end of one."""
    await set_up(home)
    plug(home, STATE_ON)
    await pass_hours(home, 0, 1)
    plug(home, STATE_UNAVAILABLE)
    await pass_hours(home, 1, 2)
    plug(home, STATE_ON)
    charge(home, 4000)

    await pass_hours(home, 2, 3)

    assert saved(home) == str(round(4 * 0.4 - 4 * 0.1, 4))


async def test_a_restart_while_it_is_plugged_in(home: Home) -> None:
    """What prices were meanwhile is known; what was charged is not."""
    await set_up(home)
    plug(home, STATE_ON)
    await home.go_to(SLOT + HOUR - 5 * MINUTE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(SLOT + HOUR + 5 * MINUTE)
    await home.start()
    await pass_hours(home, 1, 2)
    charge(home, 4000)

    await pass_hours(home, 2, 4)

    # The first hour's price, and the second's.
    at_once = 4 * 0.4 + 4 * 0.3
    assert float(saved(home)) == pytest.approx(at_once - 4 * 0.1 - 4 * 0.2)


async def test_a_restart_that_takes_long(home: Home) -> None:
    """The car may have been away."""
    await set_up(home)
    plug(home, STATE_ON)
    await home.go_to(SLOT + QUARTER)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(SLOT + 2 * HOUR)
    await home.start()
    charge(home, 4000)

    await pass_hours(home, 2, 3)

    assert saved(home) == "0.0"
    assert home.attributes("sensor", "saved_today")["known"] == round(25 / 14, 1)


async def test_the_plug_of_something_else(home: Home) -> None:
    """Only with a car is anything remembered of it."""
    await set_up(home)
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "heat-storage"
    await home.reload()
    plug(home, STATE_ON)

    await pass_hours(home, 0, 1)

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert home.stored[str(BATTERY_POWER)]["results"]["charge"] is None


@pytest.mark.parametrize("device_class", ["door", "plug"])
async def test_only_with_a_plug(home: Home, device_class: str) -> None:
    """It is among what asks for new schedules."""
    plug(home, STATE_OFF, device_class=device_class)
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "two-way_evse"
    await home.set_up(device(trigger_entities=[PLUG]), feed(BATTERY_POWER, "Car"))

    has_it = er.async_get(home.hass).async_get_entity_id(
        "sensor", "flexmeasures", f"{BATTERY_POWER}_saved_today"
    )
    assert (has_it is not None) is (device_class == "plug")


async def test_its_kind_may_only_be_known_to_the_registry(home: Home) -> None:
    """At the start of Home Assistant it may have no state yet."""
    registry = er.async_get(home.hass)
    registry.async_get_or_create(
        "binary_sensor",
        "car",
        "1",
        original_device_class="door",
        suggested_object_id="plug",
    )
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "one-way_evse"
    await home.set_up(device(trigger_entities=[PLUG]), feed(BATTERY_POWER, "Car"))

    assert not registry.async_get_entity_id(
        "sensor", "flexmeasures", f"{BATTERY_POWER}_saved_today"
    )


async def test_a_plug_that_comes_later(home: Home) -> None:
    """What else asks for new schedules is none; what is not there yet may be one."""
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "one-way_evse"
    await home.set_up(
        device(trigger_entities=["input_boolean.away", PLUG]),
        feed(BATTERY_POWER, "Car"),
    )

    assert saved(home) == STATE_UNKNOWN
