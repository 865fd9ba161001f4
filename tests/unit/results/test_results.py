"""What a device does is counted beside what was planned for it."""

from datetime import UTC, datetime, timedelta

import pytest

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_HOMEASSISTANT_STOP,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.helpers import entity_registry as er

from ..fake_server import BATTERY, BATTERY_POWER, FEED_IN, HOUSE, StoredSchedule
from ..feeds.fed_home import METER, POWER, feed
from ..home import HOUR, MINUTE, QUARTER, SLOT, Home, Json, device
from ..s2_rm import FakeRM, paired

LEVEL = "sensor.level"
KWH = {"unit_of_measurement": "kWh", "device_class": "energy_storage"}
MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)

OF_POWER = {"cost_today", "off_plan_today", "power_error", "saved_today"}


def measured(home: Home, watts: float | str, kwh: float | None = None) -> None:
    """Let the battery have a power from now on, and a level."""
    home.hass.states.async_set(METER, str(watts), POWER)
    if kwh is not None:
        home.hass.states.async_set(LEVEL, str(kwh), KWH)


async def set_up(home: Home) -> None:
    """Have a battery that is planned to charge 2 kW, to rest twice and to give 1 kW, each for an hour."""
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "battery"
    home.has_prices(100.0, 200.0, 300.0, 400.0)
    home.server.data[FEED_IN] = StoredSchedule(
        SLOT, HOUR, [0.05, 0.1, 0.15, 0.3], "EUR/kWh"
    )
    home.has_planned(*[2.0] * 4, *[0.0] * 8, *[-1.0] * 4)
    battery = device(soc_entity=LEVEL, capacity=10, schedule_duration=4 * 3600)
    await home.set_up(battery, feed(BATTERY_POWER, "Battery"))


async def start_of_slot(home: Home) -> None:
    """Let it be the full hour."""
    await home.go_to(SLOT)


def today(home: Home, key: str) -> str:
    """Give what was counted today."""
    return home.value("sensor", key)


def details(home: Home, key: str) -> Json:
    """Give its attributes, without what says how it is shown."""
    shown = {"device_class", "friendly_name", "state_class", "unit_of_measurement"}
    attributes = home.attributes("sensor", key)
    return {name: value for name, value in attributes.items() if name not in shown}


def keys(home: Home) -> set[str]:
    """Give which entities the battery has."""
    entities = er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    )
    return {
        entity.unique_id.removeprefix(f"{BATTERY_POWER}_")
        for entity in entities
        if entity.unique_id.startswith(f"{BATTERY_POWER}_")
    }


async def test_a_day_of_the_docs(home: Home) -> None:
    """An hour of charging a bit less than planned, and one of rest.

    docs/savings.md has these numbers.
    """
    await start_of_slot(home)
    measured(home, 1800, 4.0)
    await set_up(home)
    await home.go_to(SLOT + HOUR)
    measured(home, 0, 5.6)
    await home.go_to(SLOT + 2 * HOUR)

    midnight = "2026-11-21T23:00:00+00:00"
    assert today(home, "cost_today") == "0.18"
    assert home.state_of("sensor", "cost_today").attributes["state_class"] == "total"
    share = round(100 * 2 / 13, 1)
    assert details(home, "cost_today") == {
        "last_reset": midnight,
        "consumption": 1.8,
        "production": 0.0,
        "above_plan": -0.02,
        "measured": share,
        "priced": share,
    }
    assert today(home, "off_plan_today") == "0.2"
    assert details(home, "off_plan_today")["compared"] == share
    assert today(home, "saved_today") == "0.06"
    assert details(home, "saved_today") == {
        "last_reset": midnight,
        "stored": 1.6,
        "stored_at": 0.15,
        "known": share,
    }
    unit = home.state_of("sensor", "saved_today").attributes["unit_of_measurement"]
    assert unit == "EUR"


async def test_what_is_not_measured_is_not_known(home: Home) -> None:
    """It is no zero, and energy that nobody counted is not saved."""
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await set_up(home)
    await home.go_to(SLOT + QUARTER)
    measured(home, STATE_UNAVAILABLE, 4.5)
    await home.go_to(SLOT + 2 * QUARTER)
    measured(home, 2000, 5.0)
    await home.go_to(SLOT + 3 * QUARTER)

    assert today(home, "cost_today") == "0.1"
    assert details(home, "cost_today")["consumption"] == 1.0
    share = round(100 * 0.5 / 11.75, 1)
    assert details(home, "cost_today")["measured"] == share
    assert today(home, "off_plan_today") == "0.0"
    assert details(home, "saved_today")["stored"] == 0.5


async def test_nothing_is_known_at_first(home: Home) -> None:
    await set_up(home)

    for key in ("cost_today", "saved_today", "off_plan_today", "power_error"):
        assert today(home, key) == STATE_UNKNOWN


async def test_without_prices(home: Home) -> None:
    """What it costs is not known, and no free energy; what was off the plan is."""
    await start_of_slot(home)
    measured(home, 1000, 4.0)
    home.server.assets[HOUSE]["flex_context"] = {}
    await set_up(home)
    await home.go_to(SLOT + QUARTER)

    assert today(home, "cost_today") == today(home, "saved_today") == STATE_UNKNOWN
    assert details(home, "cost_today")["priced"] == 0.0
    assert today(home, "off_plan_today") == "0.25"


async def test_costs_are_disabled_without_prices(new_home: Home) -> None:
    new_home.server.assets[HOUSE]["flex_context"] = {}
    await set_up(new_home)

    registry = er.async_get(new_home.hass)
    disabled = {
        key
        for key in OF_POWER
        if (entity := registry.async_get(new_home.entity("sensor", key)))
        and entity.disabled
    }
    assert disabled == OF_POWER - {"off_plan_today"}


async def test_what_is_enabled(new_home: Home) -> None:
    """How well plans were kept is for those who look for it."""
    await set_up(new_home)

    registry = er.async_get(new_home.hass)
    found = {
        key: registry.async_get(new_home.entity("sensor", key))
        for key in (*OF_POWER, "soc_error")
    }
    disabled = {key for key, entity in found.items() if entity and entity.disabled}
    assert disabled == {"power_error", "soc_error"}
    assert all(found[key].entity_category == "diagnostic" for key in disabled)  # type: ignore[union-attr]


async def test_what_is_known_first_is_shown_soon(home: Home) -> None:
    """Nobody who has just added a feed waits for a quarter of an hour."""
    await start_of_slot(home)
    measured(home, 6000, 4.0)
    await set_up(home)

    await home.go_to(SLOT + MINUTE)
    assert today(home, "cost_today") == "0.01"
    await home.go_to(SLOT + 2 * MINUTE)
    assert today(home, "cost_today") == "0.01"


# --- the plan in force counts


async def test_another_plan_counts_from_when_it_comes(home: Home) -> None:
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await set_up(home)
    await home.go_to(SLOT + 5 * MINUTE)
    home.server.planned_values = [0.0] * 8

    await home.compute()
    await home.go_to(SLOT + QUARTER)

    # 2 kW less for ten minutes.
    assert float(today(home, "off_plan_today")) == round(2 * 10 / 60, 4)


# --- days


async def test_a_day_ends_at_local_midnight(home: Home) -> None:
    """Its last value is shown just before, so that statistics have all of it."""
    start = MIDNIGHT - 2 * QUARTER
    await home.go_to(start)
    measured(home, 2000, 4.0)
    home.server.set_flex_context(HOUSE, consumption_price="400 EUR/MWh")
    await set_up(home)
    shown = []
    for moment in (start + QUARTER, MIDNIGHT - SECOND, MIDNIGHT, MIDNIGHT + QUARTER):
        await home.go_to(moment)
        state = home.state_of("sensor", "cost_today")
        shown.append((state.state, state.attributes["last_reset"]))

    before, after = "2026-11-21T23:00:00+00:00", "2026-11-22T23:00:00+00:00"
    assert shown == [
        ("0.2", before),
        (str(round(0.8 * (1800 - 1) / 3600, 4)), before),
        (STATE_UNKNOWN, after),
        ("0.2", after),
    ]


async def test_the_night_when_clocks_go_back(home: Home) -> None:
    """That day has 25 hours."""
    # 23:30 of the summer's last day but one.
    start = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)
    await home.go_to(start)
    measured(home, 1000, 4.0)
    home.server.set_flex_context(HOUSE, consumption_price="400 EUR/MWh")
    await set_up(home)

    for hours in range(1, 26):
        await home.go_to(start + hours * HOUR)
    last = datetime(2026, 10, 25, 23, tzinfo=UTC) - SECOND
    await home.go_to(last)

    attributes = details(home, "cost_today")
    assert attributes["last_reset"] == "2026-10-24T22:00:00+00:00"
    assert round(attributes["consumption"], 2) == 25.0
    assert attributes["measured"] == 100.0


# --- restarts, and what comes and goes


async def test_a_restart(home: Home) -> None:
    """What was counted is counted, and the time in between is not known."""
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await set_up(home)
    await home.go_to(SLOT + QUARTER)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(SLOT + 2 * QUARTER)
    measured(home, 2000, 5.0)
    await home.start()
    assert today(home, "cost_today") == "0.05"

    await home.go_to(SLOT + 3 * QUARTER)

    assert today(home, "cost_today") == "0.1"
    assert details(home, "saved_today")["stored"] == 0.0


async def test_home_assistant_stops(home: Home) -> None:
    """It is not written all the time, but nothing is lost."""
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await set_up(home)
    await home.go_to(SLOT + 10 * MINUTE)
    home.pass_time(5 * MINUTE)

    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await home.settle()

    day = home.stored[str(BATTERY_POWER)]["results"]["day"]
    assert day["consumed"] == pytest.approx(0.5)
    assert day["measured"] == 900


async def test_what_a_day_before_was_counted_is_over(home: Home) -> None:
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await set_up(home)
    await home.go_to(SLOT + QUARTER)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(SLOT + 24 * HOUR)

    await home.start()

    assert today(home, "cost_today") == STATE_UNKNOWN
    assert details(home, "cost_today")["last_reset"] == "2026-11-22T23:00:00+00:00"


async def test_nothing_is_there_where_nothing_is_measured(home: Home) -> None:
    await home.set_up()

    assert keys(home).isdisjoint({*OF_POWER, "soc_error"})


async def test_level_alone(home: Home) -> None:
    """How well it was foretold can be said."""
    await home.set_up(device(soc_entity=LEVEL, capacity=10))

    assert keys(home) & {*OF_POWER, "soc_error"} == {"soc_error"}


async def test_what_would_have_been_done_else_is_not_known_of_a_heat_pump(
    home: Home,
) -> None:
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "heat-storage"
    await home.set_up(
        device(soc_entity=LEVEL, capacity=10), feed(BATTERY_POWER, "Heat")
    )

    assert "saved_today" not in keys(home)
    assert "cost_today" in keys(home)
    assert today(home, "planned_savings") == STATE_UNKNOWN


async def test_a_feed_comes_and_goes(home: Home) -> None:
    """What it measures is there at once, and gone with it; all else goes on."""
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    home.server.assets[BATTERY]["generic_asset_type"]["name"] = "battery"
    await home.set_up(device(soc_entity=LEVEL, capacity=10))
    states = home.changes()
    added = feed(BATTERY_POWER, "Battery")
    home.hass.config_entries.async_add_subentry(
        home.entry,
        ConfigSubentry(
            data=added["data"],  # type: ignore[arg-type]
            subentry_id=added["subentry_id"],
            subentry_type=added["subentry_type"],
            title=added["title"],
            unique_id=added["unique_id"],
        ),
    )
    await home.settle()
    assert keys(home) >= OF_POWER
    await home.go_to(SLOT + QUARTER)
    assert details(home, "cost_today")["consumption"] == 0.5

    home.hass.config_entries.async_remove_subentry(home.entry, added["subentry_id"])
    await home.settle()

    assert keys(home).isdisjoint(OF_POWER)
    assert STATE_UNAVAILABLE not in [state.state for state in states if state]


async def test_a_feed_of_another_entity(home: Home) -> None:
    """What is counted goes on, by what shows the power now."""
    await start_of_slot(home)
    await set_up(home)
    measured(home, 2000, 4.0)
    await home.go_to(SLOT + QUARTER)
    (subentry,) = [
        each for each in home.entry.subentries.values() if each.subentry_type == "feed"
    ]
    home.hass.states.async_set("sensor.other", "4000", POWER)

    home.hass.config_entries.async_update_subentry(
        home.entry, subentry, data={**subentry.data, "entity": "sensor.other"}
    )
    await home.settle()
    await home.go_to(SLOT + 2 * QUARTER)

    assert details(home, "cost_today")["consumption"] == 1.5


async def test_production_may_be_positive_there(home: Home) -> None:
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await home.set_up(device(), feed(BATTERY_POWER, "Battery", invert=True))
    await home.go_to(SLOT + QUARTER)

    assert details(home, "cost_today")["production"] == 0.5


# --- devices that speak S2


async def test_what_a_resource_manager_measures(home: Home, rm: FakeRM) -> None:
    """While it is not connected, nothing is known."""
    await start_of_slot(home)
    home.has_planned(*[2.0] * 8)
    await home.set_up(paired())
    await rm.start()
    await rm.measure(3600.0)
    for seconds in (6, 300, 600, 900):
        # It measures all the time, and is looked at every five seconds.
        await rm.pass_to(SLOT + seconds * SECOND)
        await rm.measure(3600.0)
    consumed = details(home, "cost_today")["consumption"]
    assert consumed == pytest.approx(0.9, abs=0.01)

    await rm.close()
    await home.settle()
    await home.go_to(SLOT + 2 * QUARTER)

    assert details(home, "cost_today")["consumption"] == consumed
    assert details(home, "cost_today")["measured"] == 2.2
    assert {*OF_POWER - {"saved_today"}, "soc_error"} <= keys(home)


# --- how well plans were kept


async def test_how_well_plans_were_kept(home: Home) -> None:
    """By plans that were made an hour before, and longer before."""
    await start_of_slot(home)
    measured(home, 2000, 4.0)
    await set_up(home)
    await home.go_to(SLOT + HOUR)
    measured(home, 500, 6.0)

    for quarters in range(1, 5):
        await home.go_to(SLOT + HOUR + quarters * QUARTER)

    assert today(home, "power_error") == "0.5"
    assert home.attributes("sensor", "power_error")["hours_ahead"] == {
        "1": {"error": 0.5, "hours": 1},
        "6": {"error": None, "hours": 0},
        "24": {"error": None, "hours": 0},
    }
