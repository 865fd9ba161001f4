"""Which entities a device has, and what those say that just repeat the plan."""

from datetime import UTC, datetime
from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er

from .fake_server import (
    BATTERY,
    BATTERY_SOC,
    CABIN_POWER,
    CABIN_SOC,
    FEED_IN,
    HOUSE,
    StoredSchedule,
)
from .home import HOUR, NOW, QUARTER, SLOT, Home, device
from .test_metadata import ROOT

RARE = {
    ("sensor", "next_change"),
    ("sensor", "planned_cost_today"),
    ("sensor", "planned_energy_today"),
    ("sensor", "price"),
}
DIAGNOSTIC = {
    ("binary_sensor", "plan_out_of_date"),
    ("sensor", "last_schedule"),
    ("sensor", "scheduling_status"),
}
CONFIG = {("switch", "automatic_scheduling")}
COMMON = {
    ("binary_sensor", "charging_planned"),
    ("binary_sensor", "targets_met"),
    ("button", "compute_schedule"),
    ("calendar", "plan"),
    ("datetime", "ready_by"),
    ("event", "schedule"),
    ("number", "target_soc"),
    ("select", "mode"),
    ("sensor", "action"),
    ("sensor", "next_charge_end"),
    ("sensor", "next_charge_start"),
    ("sensor", "planned_cost"),
    ("sensor", "planned_energy"),
    ("sensor", "schedule"),
    ("sensor", "setpoint"),
    ("sensor", "soc_forecast"),
}

MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)


def has_prices(home: Home, *euros_per_mwh: float, feed_in: float | None = None) -> None:
    """Let the server know prices by the hour, from the running one on."""
    home.has_prices(*euros_per_mwh)
    if feed_in is not None:
        home.server.data[FEED_IN] = StoredSchedule(
            SLOT, HOUR, [feed_in] * len(euros_per_mwh), "EUR/kWh"
        )


async def test_entities(home: Home) -> None:
    await home.set_up()

    entities = er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    )
    found = {
        (entity.domain, entity.unique_id.removeprefix("10_")): entity
        for entity in entities
    }
    assert found.keys() == COMMON | RARE | DIAGNOSTIC | CONFIG
    assert {key for key, entity in found.items() if entity.disabled_by} == RARE
    assert {
        key for key, entity in found.items() if entity.entity_category == "diagnostic"
    } == DIAGNOSTIC
    assert {
        key for key, entity in found.items() if entity.entity_category == "config"
    } == CONFIG
    assert all(entity.has_entity_name for entity in entities)
    assert {entity.config_subentry_id for entity in entities} == {"10"}
    assert {entity.device_id for entity in entities} == {home.device_id()}
    described = (ROOT / "docs" / "entities.md").read_text(encoding="utf-8")
    assert all(f"`{entity.entity_id}`" in described for entity in entities)


@pytest.mark.usefixtures("every_entity")
async def test_without_a_plan(home: Home) -> None:
    """Unknown, and never a made-up 0."""
    await home.set_up()

    for platform, key in sorted(COMMON | RARE):
        value = home.value(platform, key)
        match platform, key:
            case "select", _:
                assert value == "automatic"
            case "calendar", _:
                assert value == "off"
            case _:
                assert value == STATE_UNKNOWN, key


@pytest.mark.usefixtures("every_entity")
async def test_next_change_and_next_charge(home: Home) -> None:
    home.has_planned(-1.0, 0.0, 2.0, 3.0, 0.0, 1.0)
    await home.set_up()

    def shown() -> list[str]:
        return [
            home.value("sensor", key).removeprefix("2026-11-22T").removesuffix("+00:00")
            for key in ("next_change", "next_charge_start", "next_charge_end")
        ] + [home.value("binary_sensor", "charging_planned")]

    assert shown() == ["10:15:00", "10:30:00", "11:00:00", "off"]
    await home.go_to(SLOT + 2 * QUARTER)
    assert shown() == ["10:45:00", "10:30:00", "11:00:00", "on"]
    await home.go_to(SLOT + 3 * QUARTER)
    assert shown() == ["11:00:00", "10:30:00", "11:00:00", "on"]
    await home.go_to(SLOT + 4 * QUARTER)
    assert shown() == ["11:15:00", "11:15:00", "11:30:00", "off"]
    await home.go_to(SLOT + 5 * QUARTER)
    assert shown() == [STATE_UNKNOWN, "11:15:00", "11:30:00", "on"]
    await home.go_to(SLOT + 6 * QUARTER)
    assert shown() == [STATE_UNKNOWN] * 4


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


@pytest.mark.usefixtures("every_entity")
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


@pytest.mark.usefixtures("every_entity")
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


@pytest.mark.usefixtures("every_entity")
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


@pytest.mark.usefixtures("every_entity")
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


@pytest.mark.usefixtures("every_entity")
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
