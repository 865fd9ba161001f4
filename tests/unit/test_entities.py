"""Which entities a device has, and what those say that just repeat the plan."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.icon import async_get_icons
from homeassistant.setup import async_setup_component

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    CABIN_SOC,
    FEED_IN,
    HOUSE,
    PRICE,
    StoredSchedule,
)
from .feeds.fed_home import feed
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device, meter
from .test_metadata import ROOT

PAIRING = {"id": "route", "token_hash": "hash"}
EVERYDAY = {
    ("button", "compute_schedule"),
    ("calendar", "plan"),
    ("select", "mode"),
    ("sensor", "now"),
    ("sensor", "scheduling_status"),
    ("sensor", "setpoint"),
    ("switch", "automatic_scheduling"),
}
OF_LEVEL = {
    ("datetime", "ready_by"),
    ("number", "target_soc"),
}
RARE = {
    ("binary_sensor", "charging_planned"),
    ("binary_sensor", "plan_out_of_date"),
    ("binary_sensor", "targets_met"),
    ("event", "schedule"),
    ("sensor", "action"),
    ("sensor", "last_schedule"),
    ("sensor", "next_change"),
    ("sensor", "next_charge_end"),
    ("sensor", "next_charge_start"),
    ("sensor", "planned_cost"),
    ("sensor", "planned_cost_today"),
    ("sensor", "planned_energy"),
    ("sensor", "planned_energy_today"),
    ("sensor", "planned_savings"),
    ("sensor", "price"),
    ("sensor", "schedule"),
    ("sensor", "soc_forecast"),
}
ALL = EVERYDAY | OF_LEVEL | RARE
DIAGNOSTIC = {
    ("binary_sensor", "plan_out_of_date"),
    ("sensor", "last_schedule"),
    ("sensor", "schedule"),
    ("sensor", "scheduling_status"),
}
CONFIG = {("switch", "automatic_scheduling")}

MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)


def has_prices(home: Home, *euros_per_mwh: float, feed_in: float | None = None) -> None:
    """Let the server know prices by the hour, from the running one on."""
    home.has_prices(*euros_per_mwh)
    if feed_in is not None:
        home.server.data[FEED_IN] = StoredSchedule(
            SLOT, HOUR, [feed_in] * len(euros_per_mwh), "EUR/kWh"
        )


def entities(home: Home) -> dict[tuple[str, str], er.RegistryEntry]:
    """Give the entities of the account by platform and key."""
    found = er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    )
    return {
        (entity.domain, entity.unique_id.partition("_")[2]): entity for entity in found
    }


def enabled(home: Home) -> set[tuple[str, str]]:
    """Give those that are enabled."""
    return {key for key, entity in entities(home).items() if not entity.disabled_by}


async def test_entities(new_home: Home) -> None:
    await new_home.set_up()

    found = entities(new_home)
    assert found.keys() == ALL
    assert {
        key for key, entity in found.items() if entity.entity_category == "diagnostic"
    } == DIAGNOSTIC
    assert {
        key for key, entity in found.items() if entity.entity_category == "config"
    } == CONFIG
    assert all(entity.has_entity_name for entity in found.values())
    assert {entity.config_subentry_id for entity in found.values()} == {"10"}
    assert {entity.device_id for entity in found.values()} == {new_home.device_id()}
    described = (ROOT / "docs" / "entities.md").read_text(encoding="utf-8")
    for key, entity in found.items():
        code = f"`{entity.entity_id}`"
        assert (f"*{code}*" if key in RARE else code) in described


async def test_entities_that_are_enabled(new_home: Home) -> None:
    """What others say, too, is for those who look for it."""
    await new_home.set_up()

    assert enabled(new_home) == EVERYDAY | OF_LEVEL


async def test_device_that_stores_nothing(new_home: Home) -> None:
    """It has no level to reach."""
    new_home.server.assets[BATTERY]["flex_model"] = {"production-capacity": "5 kW"}

    await new_home.set_up()

    assert enabled(new_home) == EVERYDAY


@pytest.mark.parametrize(
    "settings",
    [
        {"soc_entity": "sensor.battery_energy"},
        {"soc_sensor": BATTERY_SOC},
        {"soc_min": 1.0},
        {"soc_max": 10.0},
        {"capacity": 10.0},
        {"s2": PAIRING},
    ],
)
async def test_level_that_only_the_settings_know(
    new_home: Home, settings: dict[str, Any]
) -> None:
    new_home.server.assets[BATTERY]["flex_model"] = {}

    await new_home.set_up(device(**settings))

    assert enabled(new_home) >= EVERYDAY | OF_LEVEL


async def test_entities_from_before(new_home: Home) -> None:
    """Whoever has had all of them keeps them, by the ids that they have given them."""
    entry = new_home.add_account()
    registry = er.async_get(new_home.hass)
    before = {
        (platform, key): registry.async_get_or_create(
            platform,
            DOMAIN,
            f"10_{key}",
            config_entry=entry,
            config_subentry_id="10",
            suggested_object_id=f"my_{key}",
        ).entity_id
        for platform, key in ALL - {("sensor", "now")}
    }

    await new_home.start()

    assert enabled(new_home) == ALL
    found = entities(new_home)
    assert {key: found[key].entity_id for key in before} == before


async def test_icons_of_a_device_differ(home: Home) -> None:
    """Nor does one entity look like another in any of their states."""
    await home.set_up(
        device(s2=PAIRING),
        meter(title="Electricity", cost_sensor=PRICE),
        meter(BATTERY_POWER, "Gas", commodity="gas", cost_sensor=PRICE),
        feed(),
    )
    icons = await async_get_icons(home.hass, "entity", {DOMAIN})
    usual = await async_get_icons(home.hass, "entity_component")

    looks: dict[str, list[str]] = {}
    for entity in er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    ):
        own = icons[DOMAIN][entity.domain].get(entity.translation_key or "")
        by_class = usual[entity.domain]
        icon = own or by_class.get(entity.original_device_class or "_", by_class["_"])
        assert entity.device_id
        looks.setdefault(entity.device_id, []).extend(
            {icon["default"], *icon.get("state", {}).values()}
        )

    assert len(looks) == 4
    assert max(len(found) for found in looks.values()) > len(ALL)
    twice = {
        icon for found in looks.values() for icon in found if found.count(icon) > 1
    }
    assert twice == set()


async def test_setpoint_comes_first(home: Home) -> None:
    """Home Assistant puts what is called like its device before all others."""
    await home.set_up()

    nameless = [
        key for key, entity in entities(home).items() if entity.original_name is None
    ]
    assert nameless == [("sensor", "setpoint")]
    assert home.entity("sensor", "setpoint") == "sensor.home_battery_setpoint"
    attributes = home.attributes("sensor", "setpoint")
    assert attributes["friendly_name"] == "Home battery"


async def test_setpoints_id_is_in_the_language_of_home_assistant(home: Home) -> None:
    home.hass.config.language = "de"

    await home.set_up()

    assert home.entity("sensor", "setpoint") == "sensor.home_battery_sollwert"


async def test_without_a_plan(home: Home) -> None:
    """Unknown, and never a made-up 0."""
    await home.set_up()

    for platform, key in sorted(ALL - DIAGNOSTIC - CONFIG):
        value = home.value(platform, key)
        match platform, key:
            case "select", _:
                assert value == "automatic"
            case "calendar", _:
                assert value == "off"
            case _:
                assert value == STATE_UNKNOWN, key


async def test_next_change_and_next_charge(home: Home) -> None:
    """The start is that of a charge which is still to come."""
    home.has_planned(-1.0, 0.0, 2.0, 3.0, 0.0, 1.0)
    await home.set_up()

    def shown() -> list[str]:
        return [
            home.value("sensor", key).removeprefix("2026-11-22T").removesuffix("+00:00")
            for key in ("next_change", "next_charge_start", "next_charge_end")
        ] + [home.value("binary_sensor", "charging_planned")]

    assert shown() == ["10:15:00", "10:30:00", "11:00:00", "off"]
    await home.go_to(SLOT + 2 * QUARTER + MINUTE)
    assert shown() == ["10:45:00", "11:15:00", "11:00:00", "on"]
    await home.go_to(SLOT + 3 * QUARTER)
    assert shown() == ["11:00:00", "11:15:00", "11:00:00", "on"]
    await home.go_to(SLOT + 4 * QUARTER + MINUTE)
    assert shown() == ["11:15:00", "11:15:00", "11:30:00", "off"]
    await home.go_to(SLOT + 5 * QUARTER + MINUTE)
    assert shown() == [STATE_UNKNOWN, STATE_UNKNOWN, "11:30:00", "on"]
    await home.go_to(SLOT + 6 * QUARTER + MINUTE)
    assert shown() == [STATE_UNKNOWN] * 4


async def test_moment_that_has_come(home: Home) -> None:
    """It is still there when triggers that wait for it look."""
    home.has_planned(0.0, 2.0, 0.0, 3.0)
    await home.set_up()

    def shown(key: str) -> str:
        return home.value("sensor", key).removeprefix("2026-11-22T")

    await home.go_to(SLOT + QUARTER)
    assert shown("next_charge_start") == "10:15:00+00:00"
    await home.go_to(SLOT + QUARTER + MINUTE)
    assert shown("next_charge_start") == "10:45:00+00:00"
    await home.go_to(SLOT + 2 * QUARTER)
    assert shown("next_charge_end") == "10:30:00+00:00"
    await home.go_to(SLOT + 2 * QUARTER + MINUTE)
    assert shown("next_charge_end") == "11:00:00+00:00"


async def test_charge_over_midnight(home: Home) -> None:
    """The new day, in which the plan then begins, is no new charge."""
    first = MIDNIGHT - QUARTER
    await home.go_to(first)
    home.has_planned(1.0, 1.0, 0.0, 1.0, start=first)
    await home.set_up()
    assert home.value("sensor", "next_charge_start") == "2026-11-22T23:30:00+00:00"

    await home.go_to(MIDNIGHT)

    assert home.value("sensor", "next_charge_start") == "2026-11-22T23:30:00+00:00"


async def test_charge_from_midnight_on(home: Home) -> None:
    first = MIDNIGHT - QUARTER
    await home.go_to(first)
    home.has_planned(0.0, 1.0, 0.0, start=first)
    await home.set_up()

    await home.go_to(MIDNIGHT)
    assert home.value("sensor", "next_charge_start") == "2026-11-22T23:00:00+00:00"
    await home.go_to(MIDNIGHT + MINUTE)
    assert home.value("sensor", "next_charge_start") == STATE_UNKNOWN


@pytest.mark.parametrize("key", ["next_charge_start", "next_charge_end"])
async def test_automation_at_a_moment(
    home: Home, service_calls: list[ServiceCall], key: str
) -> None:
    """It runs each time, though the sensor then shows the next one."""
    home.has_planned(0.0, 2.0, 0.0, 3.0, 0.0)
    await home.set_up()
    assert await async_setup_component(
        home.hass,
        "automation",
        {
            "automation": {
                "alias": "Moment",
                "triggers": {
                    "trigger": "time",
                    "at": home.entity("sensor", key),
                },
                "actions": {"action": "test.automation"},
            }
        },
    )
    await home.settle()

    for quarter in range(1, 5):
        await home.go_to(SLOT + quarter * QUARTER)
        await home.go_to(SLOT + quarter * QUARTER + MINUTE)

    assert [call.domain for call in service_calls].count("test") == 2


def now(home: Home) -> tuple[str, Any, Any]:
    """Give what the battery does now, in words and for automations."""
    attributes = home.attributes("sensor", "now")
    return home.value("sensor", "now"), attributes["action"], attributes["until"]


async def test_now(home: Home) -> None:
    """What goes on and until when, if that is planned."""
    home.has_planned(2.0, 1.0, 0.0, -1.0, None, 3.0)
    await home.set_up()

    assert now(home) == (
        "Charging until 11:30",
        "charge",
        "2026-11-22T11:30:00+01:00",
    )
    await home.go_to(SLOT + 2 * QUARTER)
    assert now(home) == ("Idle until 11:45", "idle", "2026-11-22T11:45:00+01:00")
    await home.go_to(SLOT + 3 * QUARTER)
    assert now(home) == (
        "Discharging until 12:00",
        "discharge",
        "2026-11-22T12:00:00+01:00",
    )
    await home.go_to(SLOT + 4 * QUARTER)
    assert now(home) == (STATE_UNKNOWN, None, None)
    await home.go_to(SLOT + 5 * QUARTER)
    assert now(home) == ("Charging", "charge", None)
    await home.go_to(SLOT + 6 * QUARTER)
    assert now(home) == (STATE_UNKNOWN, None, None)


async def test_now_is_what_is_followed(home: Home) -> None:
    """Mode and override count."""
    home.has_planned(2.0, 0.0)
    await home.set_up()

    await home.override(power=-1.0, duration="00:20:00")
    assert now(home) == (
        "Discharging until 11:27",
        "discharge",
        "2026-11-22T11:27:00+01:00",
    )
    await home.act("select_option", "select", "mode", option="hold")
    await home.go_to(NOW + 20 * MINUTE)
    assert now(home) == ("Idle", "idle", None)
    await home.act("select_option", "select", "mode", option="off")
    assert now(home) == (STATE_UNKNOWN, None, None)


@pytest.mark.parametrize(
    ("language", "today", "later"),
    [
        ("en", "Charging until 23:45", "Charging until Monday 00:15"),
        ("de", "Lädt bis 23:45 Uhr", "Lädt bis Montag, 00:15 Uhr"),
        ("es", "Cargando hasta las 23:45", "Cargando hasta el lunes a las 00:15"),
        ("fr", "En charge jusqu\u2019à 23:45", "En charge jusqu\u2019à lundi à 00:15"),
        ("nl", "Laadt tot 23:45", "Laadt tot maandag 00:15"),
    ],
)
async def test_now_in_words(home: Home, language: str, today: str, later: str) -> None:
    """Another day is named, as long as it is another."""
    home.hass.config.language = language
    first = MIDNIGHT - 2 * QUARTER
    await home.go_to(first)
    home.has_planned(1.0, 0.0, start=first)
    await home.set_up()

    assert home.value("sensor", "now") == today
    home.has_planned(1.0, 1.0, 1.0, 0.0, start=first)
    await home.reload()
    assert home.value("sensor", "now") == later
    await home.go_to(MIDNIGHT)
    assert home.value("sensor", "now") == today.replace("23:45", "00:15")


async def test_planned_energy(home: Home) -> None:
    """From the start of the running slot on, production subtracted."""
    home.has_planned(4.0, 2.0, -1.0)
    await home.set_up()
    assert home.value("sensor", "planned_energy") == "1.25"
    assert home.attributes("sensor", "planned_energy") == {
        "device_class": "energy",
        "friendly_name": "Home battery Planned energy",
        "unit_of_measurement": "kWh",
    }

    await home.go_to(SLOT + QUARTER)
    assert home.value("sensor", "planned_energy") == "0.25"
    await home.go_to(SLOT + 2 * QUARTER)
    assert home.value("sensor", "planned_energy") == "-0.25"
    await home.go_to(SLOT + 3 * QUARTER)
    assert home.value("sensor", "planned_energy") == STATE_UNKNOWN


async def test_planned_cost(home: Home) -> None:
    """What is produced earns the other price."""
    has_prices(home, 200.0, 100.0, feed_in=0.05)
    home.has_planned(4.0, 0.0, 0.0, -2.0, 4.0)
    await home.set_up()

    assert home.value("sensor", "planned_cost") == "0.275"
    assert home.attributes("sensor", "planned_cost") == {
        "device_class": "monetary",
        "friendly_name": "Home battery Planned cost",
        "unit_of_measurement": "EUR",
    }
    await home.go_to(SLOT + QUARTER)
    assert home.value("sensor", "planned_cost") == "0.075"


async def test_planned_cost_without_a_price_for_production(home: Home) -> None:
    home.server.set_flex_context(HOUSE, consumption_price="0.4 USD/kWh")
    home.has_planned(-1.0)

    await home.set_up()

    assert home.value("sensor", "planned_cost") == "-0.1"
    attributes = home.attributes("sensor", "planned_cost")
    assert attributes["unit_of_measurement"] == "USD"


async def test_no_cost_while_a_price_is_missing(home: Home) -> None:
    has_prices(home, 200.0, feed_in=0.05)
    home.has_planned(*[1.0] * 5)
    await home.set_up()

    assert home.value("sensor", "planned_cost") == STATE_UNKNOWN


async def test_cost_once_prices_are_there(home: Home) -> None:
    """They may come between the first look at a device and its first plan."""
    await home.set_up()
    assert home.value("sensor", "planned_cost") == STATE_UNKNOWN

    has_prices(home, *[200.0] * 3, feed_in=0.05)
    home.server.planned_values = [4.0, 0.0]
    await home.compute()

    assert home.value("sensor", "planned_cost") == "0.8"


async def test_until_midnight(home: Home) -> None:
    """The day is the one that the running slot began in, where Home Assistant is."""
    await home.go_to(MIDNIGHT - QUARTER)
    home.server.set_flex_context(HOUSE, consumption_price="400 EUR/MWh")
    home.has_planned(4.0, 2.0, 2.0, start=MIDNIGHT - QUARTER)
    await home.set_up()

    def shown() -> list[str]:
        return [
            home.value("sensor", key)
            for key in (
                "planned_energy_today",
                "planned_cost_today",
                "planned_energy",
                "planned_cost",
            )
        ]

    assert shown() == ["1.0", "0.4", "2.0", "0.8"]
    await home.go_to(MIDNIGHT)
    assert shown() == ["1.0", "0.4", "1.0", "0.4"]
    await home.go_to(MIDNIGHT + 2 * QUARTER)
    assert shown() == [STATE_UNKNOWN] * 4


async def test_price(home: Home) -> None:
    has_prices(home, 200.0, 90.0)
    await home.set_up()

    assert home.value("sensor", "price") == "0.2"
    assert home.attributes("sensor", "price") == {
        "friendly_name": "Home battery Price",
        "unit_of_measurement": "EUR/kWh",
    }
    await home.go_to(SLOT + HOUR)
    assert home.value("sensor", "price") == "0.09"
    await home.go_to(SLOT + 2 * HOUR)
    assert home.value("sensor", "price") == STATE_UNKNOWN


async def test_soc_forecast(home: Home) -> None:
    home.has_planned(4.0, 4.0)
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        SLOT, QUARTER, [5.0, 6.0, 7.0], "kWh"
    )
    await home.set_up()

    assert home.value("sensor", "soc_forecast") == "5.0"
    curve = [
        {"datetime": "2026-11-22T11:00:00+01:00", "value": 5.0},
        {"datetime": "2026-11-22T11:15:00+01:00", "value": 6.0},
        {"datetime": "2026-11-22T11:30:00+01:00", "value": 7.0},
    ]
    assert home.attributes("sensor", "soc_forecast") == {
        "device_class": "energy_storage",
        "forecast": curve,
        "friendly_name": "Home battery State of charge forecast",
        "unit_of_measurement": "kWh",
    }
    await home.go_to(SLOT + QUARTER)
    assert home.value("sensor", "soc_forecast") == "6.0"
    assert home.attributes("sensor", "soc_forecast")["forecast"] == curve[1:]


async def test_soc_forecast_in_percent(home: Home) -> None:
    home.has_planned(4.0)
    home.server.set_flex_model(
        BATTERY, soc_max="10 kWh", state_of_charge={"sensor": BATTERY_SOC}
    )
    home.server.schedules[BATTERY_SOC] = StoredSchedule(SLOT, QUARTER, [5.0], "kWh")

    await home.set_up(device(soc_unit="%", capacity=8.0))

    assert home.value("sensor", "soc_forecast") == "62.5"
    attributes = home.attributes("sensor", "soc_forecast")
    assert attributes["unit_of_measurement"] == "%"
    # Else it would be taken for how full the device is now.
    assert "device_class" not in attributes


async def test_soc_forecast_that_begins_later(home: Home) -> None:
    """Unknown until then, with all of the curve."""
    home.has_planned(4.0, power_sensor=CABIN_POWER, resolution=HOUR, unit="MW")
    home.server.schedules[CABIN_SOC] = StoredSchedule(SLOT + HOUR, HOUR, [50.0], "%")

    await home.set_up(
        device(CABIN_POWER, soc_sensor=CABIN_SOC, soc_unit="%", capacity=100.0)
    )

    state = home.state_of("sensor", "soc_forecast", CABIN_POWER)
    assert state.state == STATE_UNKNOWN
    assert state.attributes["forecast"] == [
        {"datetime": "2026-11-22T12:00:00+01:00", "value": 50.0}
    ]


async def test_the_same_value_is_no_change(home: Home) -> None:
    """Neither with a reading that brings the same plan, nor with one of another future."""
    home.server.set_flex_context(HOUSE, consumption_price="400 EUR/MWh")
    home.has_planned(*[1.0] * 8)
    await home.set_up(device(update_interval_charging=60))
    states = home.record()

    await home.go_to(NOW + QUARTER / 5)
    assert states == []

    assert len(home.plans_read()) > 1
    home.has_planned(1.0, 2.0, *[1.0] * 6)
    await home.go_to(NOW + QUARTER / 3)
    changed = {state.entity_id for state in states}
    assert home.entity("sensor", "planned_energy") in changed
    for key in ("setpoint", "action", "price", "soc_forecast", "scheduling_status"):
        assert home.entity("sensor", key) not in changed
    for key in ("charging_planned", "plan_out_of_date", "targets_met"):
        assert home.entity("binary_sensor", key) not in changed


async def test_no_half_of_a_plan_is_seen(home: Home) -> None:
    """Once the setpoint changes, everything else has."""
    home.server.set_flex_context(HOUSE, consumption_price="400 EUR/MWh")
    home.has_planned(1.0, -2.0)
    await home.set_up()
    states = home.record()

    await home.go_to(SLOT + QUARTER)

    changed = [state.entity_id for state in states]
    assert changed[-1] == home.entity("sensor", "setpoint")
    assert len(changed) == len(set(changed))
    assert len(changed) > 10


async def test_restart_while_the_server_is_away(home: Home) -> None:
    """Everything is as it was, but for what only the server knows."""
    has_prices(home, 200.0, 100.0, feed_in=0.05)
    home.server.schedules[BATTERY_SOC] = StoredSchedule(SLOT, QUARTER, [5.0], "kWh")
    await home.set_up()
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    await home.act("set_value", "number", "target_soc", value=7)
    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-23T07:00:00+01:00"
    )
    await home.act("select_option", "select", "mode", option="hold")
    await home.override(power=1.5, duration="01:00:00")

    def shown() -> dict[str, Any]:
        return {
            entity.entity_id: home.hass.states.get(entity.entity_id)
            for entity in er.async_entries_for_config_entry(
                er.async_get(home.hass), home.entry.entry_id
            )
        }

    before = shown()
    home.server.fail(ConnectionError())
    await home.reload()

    target = home.attributes("number", "target_soc")
    assert (target["min"], target["max"]) == (0.0, 1000.0)
    unlike = {
        entity_id
        for entity_id, state in shown().items()
        if (state.state, state.attributes)
        != (before[entity_id].state, before[entity_id].attributes)
    }
    assert unlike == {
        home.entity("binary_sensor", "plan_out_of_date"),
        home.entity("sensor", "scheduling_status"),
        home.entity("number", "target_soc"),
    }
    assert home.value("number", "target_soc") == "7.0"
    assert home.value("sensor", "setpoint") == "1.5"
