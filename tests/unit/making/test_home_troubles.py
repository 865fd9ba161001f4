"""What can go wrong while a home is made, and that nothing of it is lost or made twice."""

import asyncio
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import AsyncMock

import pytest

from custom_components.flexmeasures.cem.server.pairing import hash_token
from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.flows.home.making import setting_up
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr

from ..fake_server import (
    BATTERY as BATTERY_ASSET,
    BATTERY_POWER,
    FORBIDDEN,
    GARAGE,
    GARAGE_POWER,
    HTML,
    MEMBER_EMAIL,
    failed_job,
)
from ..flows import checked, choose, device_of, said, start_home, submit, suggested
from ..home import Home, device
from .home_flow import (
    BATTERY,
    FIXED,
    LEVEL,
    devices,
    feeds,
    have,
    have_garage,
    have_level,
    made,
    option,
    start,
    walk,
)

type Json = dict[str, Any]

ASSETS = "/api/v3_0/assets"
FAILING: Json = {"status": 502, "text": HTML}


@pytest.fixture(autouse=True)
def plans(home: Home) -> None:
    """Let the server plan the same for whatever it is asked."""
    home.server.planned_values = [0.0]


# --- the facts


@pytest.mark.parametrize(
    ("kind", "values", "errors"),
    [
        (
            "battery",
            {"lowest": 10},
            {"capacity": "capacity_missing", "power": "power_not_positive"},
        ),
        (
            "battery",
            {**BATTERY, "capacity": 0.0, "power": 0.0},
            {"capacity": "capacity_missing", "power": "power_not_positive"},
        ),
        (
            "battery",
            {**BATTERY, "soc_entity": "sensor.too_much"},
            {"soc_entity": "soc_entity_implausible"},
        ),
        (
            "battery",
            {**BATTERY, "soc_entity": "sensor.warm"},
            {"soc_entity": "not_a_state_of_charge_entity"},
        ),
        (
            "car",
            {},
            {"capacity": "capacity_missing", "power": "power_not_positive"},
        ),
        (
            "other",
            {"name": " ", "discharges": True},
            {
                "name": "name_missing",
                "capacity": "capacity_missing",
                "power": "power_not_positive",
            },
        ),
        ("s2", {"name": " "}, {"name": "name_missing"}),
        (
            "battery",
            {**BATTERY, "capacity": -10.0, "power": -5.0, "lowest": -1.0},
            {
                "capacity": "capacity_missing",
                "power": "power_not_positive",
                "lowest": "lowest_not_a_share",
            },
        ),
        ("battery", {**BATTERY, "lowest": 120.0}, {"lowest": "lowest_not_a_share"}),
    ],
)
async def test_facts_that_cannot_be(
    home: Home, kind: str, values: Json, errors: Json
) -> None:
    """Each is said at its field, and what was entered stays."""
    have_level(home.hass)
    have(home.hass, "sensor.too_much", 14, unit_of_measurement="kWh")
    have(home.hass, "sensor.warm", 21, unit_of_measurement="°C")
    flow = await start(home, kind)
    flow = await walk(home, flow, values)

    assert flow["step_id"] == kind
    assert flow["errors"] == errors
    assert suggested(flow) == values


LARGE_POWER = {"power": "5000 kW", "meant_power": "5 kW"}
LARGE_CAPACITY = {"energy": "13500 kWh", "meant_energy": "13.5 kWh"}
CAR = {"soc_entity": LEVEL, "capacity": 60.0, "power": 11.0}


@pytest.mark.parametrize(
    ("kind", "values", "errors", "asked"),
    [
        pytest.param(
            "battery",
            {**BATTERY, "power": 5000.0},
            {"power": "power_large"},
            LARGE_POWER,
            id="W",
        ),
        pytest.param(
            "battery",
            {**BATTERY, "capacity": 13500.0},
            {"capacity": "energy_large"},
            LARGE_CAPACITY,
            id="Wh",
        ),
        pytest.param(
            "battery",
            {**BATTERY, "capacity": 13500.0, "power": 5000.0},
            {"capacity": "energy_large", "power": "power_large"},
            {**LARGE_CAPACITY, **LARGE_POWER},
            id="both",
        ),
        pytest.param(
            "battery",
            {**BATTERY, "capacity": 13.5e6, "power": 5e6},
            {"capacity": "energy_large", "power": "power_large"},
            {"meant_energy": "13.5 kWh", "meant_power": "5 kW"},
            id="far too much",
        ),
        pytest.param(
            "battery",
            {**BATTERY, "capacity": 0.2},
            {"power": "power_above_capacity"},
            {"power": "5 kW", "held": "0.2 kWh"},
            id="full in no time",
        ),
        pytest.param(
            "car",
            {**CAR, "power": 11000.0},
            {"power": "power_large"},
            {"power": "11000 kW", "meant_power": "11 kW"},
            id="car",
        ),
        pytest.param(
            "other",
            {"name": "Cellar", "capacity": 4.0, "power": 800.0, "discharges": False},
            {"power": "power_large"},
            {"power": "800 kW", "meant_power": "0.8 kW"},
            id="other",
        ),
    ],
)
async def test_numbers_that_are_asked_back(
    home: Home, kind: str, values: Json, errors: Json, asked: Json
) -> None:
    """They were likely thought of in another unit; whoever submits them again means them."""
    have_level(home.hass)
    flow = await start(home, kind)
    flow = await walk(home, flow, values)

    assert flow["step_id"] == kind
    assert flow["errors"] == errors
    assert asked.items() <= said(flow).items()
    assert suggested(flow) == values

    flow = await walk(home, flow, values)
    assert flow["step_id"] == "prices"


async def test_another_number_is_asked_back_too(home: Home) -> None:
    """What was meant is one number."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, {**BATTERY, "power": 5000.0})
    flow = await walk(home, flow, {**BATTERY, "power": 4600.0})

    assert flow["errors"] == {"power": "power_large"}
    assert said(flow)["meant_power"] == "4.6 kW"
    flow = await walk(home, flow, {**BATTERY, "power": 4.6})
    assert flow["step_id"] == "prices"


async def test_power_of_panels_in_watts(home: Home) -> None:
    """It is asked back, with numbers as Home Assistant's language has them."""
    home.hass.config.language = "de"
    have(home.hass, "sensor.pv", 320, device_class="power", unit_of_measurement="W")
    flow = await start(home, "solar")
    flow = await walk(home, flow, {"production_entity": "sensor.pv", "power": 850})

    assert flow["errors"] == {"power": "power_large"}
    assert said(flow)["meant_power"] == "0,85 kW"


@pytest.mark.parametrize(
    ("changes", "errors", "asked"),
    [
        (
            {"power": 2000},
            {"power": "power_large"},
            {"power": "2000 kW", "meant_power": "2 kW"},
        ),
        ({"litres": -200}, {"litres": "litres_not_positive"}, {}),
        (
            {"litres": 200_000},
            {"litres": "larger_than_a_home"},
            {"amount": "200000 L"},
        ),
        (
            {"empty_temperature": 60},
            {"full_temperature": "full_not_above_empty"},
            {},
        ),
        (
            {"empty_temperature": -5, "full_temperature": 600},
            dict.fromkeys(
                ("empty_temperature", "full_temperature"), "not_a_temperature_of_water"
            ),
            {"freezes": "0 °C", "boils": "100 °C"},
        ),
    ],
)
async def test_tanks_that_cannot_be(
    home: Home, changes: Json, errors: Json, asked: Json
) -> None:
    """Each is said at its field, and what was entered stays."""
    have(
        home.hass,
        "sensor.tank",
        50,
        device_class="temperature",
        unit_of_measurement="°C",
    )
    tank = {
        "soc_entity": "sensor.tank",
        "litres": 200,
        "empty_temperature": 45,
        "full_temperature": 60,
        "power": 2.0,
        **changes,
    }
    flow = await start(home, "heat", "heat_pump")
    flow = await walk(home, flow, tank)

    assert flow["errors"] == errors
    assert asked.items() <= said(flow).items()
    assert suggested(flow) == tank


async def test_level_above_the_capacity(home: Home) -> None:
    """Both are said, with numbers as Home Assistant's language has them."""
    home.hass.config.language = "de"
    have(home.hass, LEVEL, 14.5, unit_of_measurement="kWh")
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY)

    assert flow["errors"] == {"soc_entity": "soc_entity_implausible"}
    assert said(flow)["shown"] == "14,5 kWh"
    assert said(flow)["capacity"] == "13,5 kWh"


async def test_entity_that_changes_while_the_form_is_open(home: Home) -> None:
    """What has become of it is said."""
    have_level(home.hass)
    flow = await start(home, "battery")
    have(home.hass, LEVEL, 14, unit_of_measurement="kW")
    flow = await walk(home, flow, BATTERY)
    assert flow["errors"] == {"soc_entity": "not_a_state_of_charge_entity"}

    have_level(home.hass)
    flow = await start_home(home.hass, home.entry)
    flow = await choose(home.hass, flow, "battery")
    home.hass.states.async_remove(LEVEL)
    flow = await walk(home, flow, BATTERY)
    assert flow["errors"] == {"soc_entity": "entity_not_found"}
    assert flow["description_placeholders"]["entities"] == LEVEL


async def test_percentage_of_something_else(home: Home) -> None:
    """The humidity of a room says nothing of how full a battery is."""
    have(
        home.hass,
        "sensor.humidity",
        40,
        unit_of_measurement="%",
        device_class="humidity",
    )
    flow = await start(home, "battery")
    flow = await walk(home, flow, {**BATTERY, "soc_entity": "sensor.humidity"})

    assert flow["errors"] == {"soc_entity": "not_a_state_of_charge_entity"}
    assert said(flow)["shown"] == "40 %"


async def test_tank_without_a_range(home: Home) -> None:
    """The warmest temperature is above the coolest, and there is water."""
    tank = have(
        home.hass,
        "sensor.tank",
        50,
        device_class="temperature",
        unit_of_measurement="°C",
    )
    flow = await start(home, "heat", "heat_pump")
    values = {"soc_entity": tank, "empty_temperature": 60, "full_temperature": 60}
    flow = await walk(home, flow, values)

    assert flow["errors"] == {
        "litres": "litres_not_positive",
        "power": "power_not_positive",
        "full_temperature": "full_not_above_empty",
    }


async def test_battery_that_is_asleep(home: Home) -> None:
    """An entity that says nothing now may be right; nothing is sent that is not known."""
    have(
        home.hass, LEVEL, "unavailable", device_class="battery", unit_of_measurement="%"
    )
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3}, {})

    assert flow["type"] is FlowResultType.ABORT
    assert "level" in feeds(home)
    (added,) = devices(home)
    assert added.data["automatic_scheduling"] is True


async def test_thermostat_that_is_asleep(home: Home) -> None:
    """Without its unit, what it says later could not be sent."""
    tank = have(home.hass, "sensor.tank", "unavailable", device_class="temperature")
    flow = await start(home, "heat", "heat_element")
    values = {**suggested(flow), "soc_entity": tank, "litres": 100, "power": 2}
    flow = await walk(home, flow, values)
    assert flow["errors"] == {"soc_entity": "level_unit_unknown"}
    assert flow["description_placeholders"]["entity"] == "tank"

    have(home.hass, tank, 50, device_class="temperature", unit_of_measurement="°C")
    flow = await walk(home, flow, values, FIXED, {"price": 0.3}, {})
    assert flow["type"] is FlowResultType.ABORT
    assert feeds(home).keys() == {"consumption price", "level"}


# --- who may do what, and where


async def test_member_without_a_home(home: Home) -> None:
    """Whom to ask, and what for, is said; the login stays."""
    home.server.users[MEMBER_EMAIL].password = home.server.users[
        "demo@example.com"
    ].password
    flow = await start(home, username=MEMBER_EMAIL)
    flow = await choose(home.hass, flow, "battery")

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "ask_administrator"
    shown = flow["description_placeholders"]
    assert shown["username"] == MEMBER_EMAIL
    assert shown["home"] == "test home"
    assert home.entry.state is ConfigEntryState.LOADED


async def test_member_with_a_home(home: Home) -> None:
    """It is said before that a member cannot undo it."""
    have_level(home.hass)
    home.server.assets[GARAGE]["parent_asset_id"] = home.server.assets[BATTERY_ASSET][
        "parent_asset_id"
    ]
    await home.set_up(device(GARAGE_POWER), username=MEMBER_EMAIL)
    flow = await start_home(home.hass, home.entry)
    flow = await choose(home.hass, flow, "battery")
    flow = await walk(home, flow, BATTERY)
    if flow["step_id"] == "site":
        flow = await walk(home, flow, {"site": "2"})

    assert flow["step_id"] == "summary"
    assert "can only be deleted there" in flow["description_placeholders"]["summary"]
    assert "In the home *Demo house*" in flow["description_placeholders"]["summary"]
    flow = await walk(home, flow, {})
    assert flow["reason"] == "first_plan"


async def test_several_homes(home: Home) -> None:
    """One is chosen; what it says already is not asked."""
    have_level(home.hass)
    await home.set_up(device(GARAGE_POWER))
    # It says in the former way what else plans take into account.
    home.server.assets[2]["flex_context"]["inflexible-device-sensors"] = []
    flow = await start_home(home.hass, home.entry)
    flow = await choose(home.hass, flow, "battery")
    flow = await walk(home, flow, BATTERY)
    assert flow["step_id"] == "site"
    assert option(flow, "site", "2") == "Demo house"
    flow = await walk(home, flow, {"site": "2"})

    assert flow["step_id"] == "summary"


async def test_server_that_is_away_at_first(home: Home) -> None:
    """There is nothing to ask yet."""
    await home.set_up()
    flow = await start_home(home.hass, home.entry)
    home.server.answer("GET", "/api/v3_0/users/*", **FAILING)
    flow = await choose(home.hass, flow, "battery")

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "server_error"


# --- while it is made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{ASSETS}/types"),
        ("POST", ASSETS),
        ("POST", "/api/v3_0/sensors"),
        ("PATCH", f"{ASSETS}/*"),
    ],
)
async def test_server_that_dies(home: Home, method: str, path: str) -> None:
    """What was chosen is still there, and is gone on with; nothing is made twice."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    home.server.answer(method, path, **FAILING)
    flow = await walk(home, flow, {})
    assert flow["step_id"] == "summary"
    assert flow["errors"] == {"base": "server_error"}
    assert devices(home) == []

    home.server.recover()
    flow = await walk(home, flow, {})
    assert flow["reason"] == "first_plan"
    assert "Nothing to do" in flow["description_placeholders"]["plan"]
    made(home, "building")
    made(home, "battery")
    assert len(devices(home)) == 1
    assert len(feeds(home)) == 2


async def test_twice(home: Home) -> None:
    """What was made before is found, whoever has closed the dialog when."""
    have_level(home.hass)
    flow = await start(home, "battery")
    steps: tuple[Json, ...] = (BATTERY, FIXED, {"price": 0.3}, {})
    await walk(home, flow, *steps)
    home.hass.config_entries.async_remove_subentry(
        home.entry, devices(home)[0].subentry_id
    )
    await home.settle()
    flow = await start_home(home.hass, home.entry)
    assert flow["description_placeholders"]["asset_1"] == "Battery"
    flow = await choose(home.hass, flow, "battery")
    flow = await walk(home, flow, BATTERY)
    # The home has its prices.
    assert flow["step_id"] == "summary"
    flow = await walk(home, flow, {})

    assert flow["reason"] == "first_plan"
    made(home, "battery")
    assert len(devices(home)) == 1
    assert len(feeds(home)) == 2


async def test_device_that_is_there(home: Home) -> None:
    """It is not added once more, nor are its facts changed behind its back."""
    have_level(home.hass)
    steps: tuple[Json, ...] = (BATTERY, FIXED, {"price": 0.3}, {})
    await walk(home, await start(home, "battery"), *steps)
    flow = await start_home(home.hass, home.entry)
    flow = await choose(home.hass, flow, "battery")
    flow = await walk(home, flow, {**BATTERY, "capacity": 27})

    assert flow["errors"] == {"soc_entity": "device_exists"}
    assert flow["description_placeholders"]["device"] == "Battery"
    assert made(home, "battery")["flex_model"]["soc-max"] == "13.5 kWh"


async def test_two_of_which_nothing_is_known(home: Home) -> None:
    """Without an entity of its level, one battery is like another; each has its own asset."""
    nameless = {key: value for key, value in BATTERY.items() if key != "soc_entity"}
    await walk(home, await start(home, "battery"), nameless, FIXED, {"price": 0.3}, {})
    for capacity in (5, 6):
        flow = await start_home(home.hass, home.entry)
        flow = await choose(home.hass, flow, "battery")
        flow = await walk(home, flow, {**nameless, "capacity": capacity}, {})
        assert flow["reason"] == "first_plan"

    models = [
        asset["flex_model"]["soc-max"]
        for asset in home.server.assets.values()
        if asset["generic_asset_type"]["name"] == "battery"
        and asset["account_id"] is not None
    ]
    assert models == ["13.5 kWh", "5.0 kWh", "6.0 kWh"]
    assert [each.title for each in devices(home)] == [
        "Battery",
        "Battery 2",
        "Battery 3",
    ]


async def test_name_that_is_there(home: Home) -> None:
    await walk(
        home,
        await start(home, "other"),
        {"name": "Cellar", "capacity": 4, "power": 1, "discharges": False},
        FIXED,
        {"price": 0.3},
        {},
    )
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "other")
    values = {"name": "Cellar ", "capacity": 5, "power": 1, "discharges": False}
    flow = await walk(home, flow, values)

    assert flow["errors"] == {"name": "device_exists"}


async def test_token_of_s2_that_was_not_noted(home: Home) -> None:
    """The device has not connected: it gets another one, which counts."""
    flow = await start(home, "s2")
    flow = await walk(home, flow, {"name": "Charger"}, FIXED, {"price": 0.3}, {})
    home.hass.config_entries.subentries.async_abort(flow["flow_id"])

    flow = await choose(home.hass, await start_home(home.hass, home.entry), "s2")
    flow = await walk(home, flow, {"name": "Charger"}, {})

    token = flow["description_placeholders"]["token"]
    (device,) = devices(home)
    assert device.data["s2"]["token_hash"] == hash_token(token)
    await walk(home, flow, {})


async def test_device_that_was_disabled(home: Home) -> None:
    """It is enabled: it is wanted again."""
    flow = await start(home, "s2")
    flow = await walk(home, flow, {"name": "Charger"}, FIXED, {"price": 0.3}, {})
    await walk(home, flow, {})
    (device,) = devices(home)
    registry = dr.async_get(home.hass)
    registered = registry.async_get_device_by_identifier(
        (DOMAIN, device.subentry_id), home.entry.entry_id
    )
    assert registered
    registry.async_update_device(registered.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await home.settle()

    flow = await choose(home.hass, await start_home(home.hass, home.entry), "s2")
    flow = await walk(home, flow, {"name": "Charger"}, {})
    flow = await walk(home, flow, {})

    assert flow["reason"] == "waits_for_device"


async def test_device_that_does_not_load(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, instead of being waited for."""
    monkeypatch.setattr(setting_up, "_LOADING", timedelta(0))
    flow = await start(home, "s2")
    flow = await walk(home, flow, {"name": "Charger"}, FIXED, {"price": 0.3}, {})

    assert flow["step_id"] == "summary"
    assert flow["errors"] == {"base": "device_unloaded"}


async def test_asset_that_does_not_load(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was to be made for it; it can be tried again all the same."""
    flow = await existing(home, consumption={"sensor": BATTERY_POWER})
    monkeypatch.setattr(setting_up, "_LOADING", timedelta(0))
    flow = await walk(home, flow, {})
    assert flow["step_id"] == "summary"
    assert flow["errors"] == {"base": "device_unloaded"}
    assert "on the server" not in flow["description_placeholders"]["summary"]

    monkeypatch.undo()
    flow = await walk(home, flow, {})
    assert flow["reason"] == "first_plan"


async def test_second_battery(home: Home) -> None:
    """It is another thing, with a name of its own."""
    have_level(home.hass)
    have(home.hass, "sensor.other", 30, device_class="battery", unit_of_measurement="%")
    steps: tuple[Json, ...] = (BATTERY, FIXED, {"price": 0.3}, {})
    await walk(home, await start(home, "battery"), *steps)
    flow = await start_home(home.hass, home.entry)
    flow = await choose(home.hass, flow, "battery")
    flow = await walk(home, flow, {**BATTERY, "soc_entity": "sensor.other"})
    assert "*Battery 2*" in flow["description_placeholders"]["summary"]
    flow = await walk(home, flow, {})

    assert flow["reason"] == "first_plan"
    assert {each.title for each in devices(home)} == {"Battery", "Battery 2"}


async def test_account_that_is_not_loaded(home: Home) -> None:
    """Nothing is made that could not be planned."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    flow = await walk(home, flow, {})

    assert flow["reason"] == "account_not_loaded"
    assert devices(home) == []


async def test_no_plan(home: Home) -> None:
    """The device is there, with why it has no plan, and goes on by itself."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    home.server.answer(
        "GET", "/api/v3_0/jobs/*", status=422, json=failed_job("infeasible")
    )
    flow = await walk(home, flow, {})

    assert flow["reason"] == "no_plan_yet"
    assert flow["description_placeholders"]["reason"]
    (added,) = devices(home)
    assert added.data["automatic_scheduling"] is True


async def test_no_plan_without_a_level(home: Home) -> None:
    """That is what is missing then."""
    values = {key: BATTERY[key] for key in BATTERY if key != "soc_entity"}
    flow = await walk(home, await start(home, "battery"), values, FIXED, {"price": 0.3})
    home.server.answer(
        "GET", "/api/v3_0/jobs/*", status=422, json=failed_job("infeasible")
    )
    flow = await walk(home, flow, {})

    assert flow["reason"] == "no_plan_yet"
    assert "choose the entity" in flow["description_placeholders"]["missing"]


async def test_feed_that_cannot_send(home: Home) -> None:
    """That shows at the feed; the device is there all the same."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    home.server.answer("POST", "/api/v3_0/sensors/*/data", status=403, json=FORBIDDEN)
    flow = await walk(home, flow, {})

    assert flow["type"] is FlowResultType.ABORT
    assert len(devices(home)) == 1


async def begin_and_close(home: Home) -> asyncio.Event:
    """Close the dialog as soon as the server is asked; what is set lets it answer."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    answered: asyncio.Event = home.server.hang()
    manager = home.hass.config_entries.subentries
    flow = await manager.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.SHOW_PROGRESS
    await home.until(lambda: home.server.requests)
    manager.async_abort(flow["flow_id"])
    return answered


async def test_dialog_that_is_closed(home: Home) -> None:
    """What has begun is done: the device is scheduled like any other."""
    answered = await begin_and_close(home)
    home.server.recover()
    answered.set()
    await home.settle()

    (device,) = devices(home)
    assert device.data["automatic_scheduling"] is True
    assert home.triggers
    made(home, "battery")


async def test_server_that_dies_after_the_dialog_is_closed(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is there to be told; another dialog goes on from there."""
    caplog.set_level(logging.DEBUG, "custom_components.flexmeasures")
    answered = await begin_and_close(home)
    home.server.recover()
    home.server.answer("POST", ASSETS, **FAILING)
    answered.set()
    await home.settle()
    assert devices(home) == []
    assert "A home could not be made: server_error" in caplog.text

    home.server.recover()
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3}, {})
    assert flow["reason"] == "first_plan"
    made(home, "battery")


async def test_account_that_is_loaded_anew_meanwhile(home: Home) -> None:
    """It is waited for."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    answered = home.server.hang()
    manager = home.hass.config_entries.subentries
    flow = await manager.async_configure(flow["flow_id"], {})
    await home.until(lambda: home.server.requests)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    flow = await manager.async_configure(flow["flow_id"])
    assert flow["type"] is FlowResultType.SHOW_PROGRESS
    home.server.recover()
    answered.set()
    loading = home.hass.async_create_task(
        home.hass.config_entries.async_setup(home.entry.entry_id)
    )
    await home.settle()
    assert loading.done()

    flow = checked(await manager.async_configure(flow["flow_id"]))
    assert flow["reason"] == "first_plan"


# --- what the server has already


async def existing(home: Home, **flex_model: Any) -> Any:
    """Go to what is asked of the home battery, of which the server says only this."""
    have_level(home.hass)
    home.server.assets[BATTERY_ASSET]["flex_model"] = flex_model
    await have_garage(home)
    flow = await start_home(home.hass, home.entry)
    return await choose(home.hass, flow, "asset_1")


STORES: Json = {
    "soc-min": "1 kWh",
    "consumption": {"sensor": BATTERY_POWER},
    "state-of-charge": {"sensor": 11},
}
FACTS: Json = {"soc_entity": LEVEL, "capacity": 9}


async def test_asset_that_does_not_say_what_it_holds(home: Home) -> None:
    """That is asked then, where it is needed."""
    flow = await existing(home, **STORES)
    flow = await walk(home, flow, {"soc_entity": LEVEL})
    assert flow["errors"] == {"capacity": "capacity_required"}
    flow = await walk(home, flow, {"soc_entity": LEVEL, "capacity": 0})
    assert flow["errors"] == {"capacity": "capacity_not_positive"}
    flow = await walk(home, flow, {"soc_entity": LEVEL, "capacity": 9000})
    assert flow["errors"] == {"capacity": "energy_large"}
    assert said(flow)["meant_energy"] == "9 kWh"
    flow = await walk(home, flow, {"soc_entity": LEVEL, "capacity": 9})

    assert flow["type"] is FlowResultType.ABORT
    assert device_of(home.entry, BATTERY_POWER).data["capacity"] == 9


async def test_asset_that_stores_nothing(home: Home) -> None:
    """Nothing is asked of it; a price that one may not see is no part of its facts."""
    price = {"consumption-price": {"sensor": 9999}}
    home.server.assets[BATTERY_ASSET]["flex_context"] = price
    flow = await existing(
        home, **{"consumption": {"sensor": BATTERY_POWER}, "power-capacity": "2 kW"}
    )
    assert flow["data_schema"].schema == {}
    flow = await submit(home.hass, flow, {})

    assert flow["type"] is FlowResultType.SHOW_PROGRESS


async def test_asset_without_a_sensor_for_its_level(home: Home) -> None:
    """There is nothing that the level could be sent to."""
    flow = await existing(
        home, **{"soc-max": "10 kWh", "consumption": {"sensor": BATTERY_POWER}}
    )
    await walk(home, flow, {"soc_entity": LEVEL})

    assert feeds(home) == {}
    assert device_of(home.entry, BATTERY_POWER).data["soc_entity"] == LEVEL


async def test_asset_that_the_server_schedules(home: Home) -> None:
    """An automation of the server's is enough."""
    home.server.version = "1.1.0"
    home.server.automations[BATTERY_ASSET] = [
        {
            "id": 1,
            "type": "scheduling",
            "active": True,
            "output-sensors": [{"id": BATTERY_POWER}],
        }
    ]
    flow = await existing(home, consumption={"sensor": BATTERY_POWER})
    flow = await walk(home, flow, {})

    assert flow["reason"] == "follows_server"
    assert "not made one yet" in flow["description_placeholders"]["plan"]
    assert home.triggers == []


@pytest.mark.parametrize("is_made", [True, False])
async def test_own_plan_of_before(home: Home, *, is_made: bool) -> None:
    """What this Home Assistant has had planned before is no plan of somebody else."""
    have_level(home.hass)
    if is_made:
        steps: tuple[Json, ...] = (BATTERY, FIXED, {"price": 0.3}, {})
        await walk(home, await start(home, "battery"), *steps)
    else:
        await home.set_up()
        await home.compute()
    (subentry,) = devices(home)
    home.hass.config_entries.async_remove_subentry(home.entry, subentry.subentry_id)
    await home.settle()

    flow = await start_home(home.hass, home.entry)
    assert "attery" in flow["description_placeholders"]["asset_1"]
    flow = await choose(home.hass, flow, "asset_1")
    flow = await walk(home, flow, {"soc_entity": LEVEL})

    assert flow["reason"] == "first_plan"
    (subentry,) = devices(home)
    assert subentry.data["automatic_scheduling"] is True


async def test_made_again_where_the_server_has_an_automation(home: Home) -> None:
    """Home Assistant only follows it then."""
    have_level(home.hass)
    steps: tuple[Json, ...] = (BATTERY, FIXED, {"price": 0.3}, {})
    await walk(home, await start(home, "battery"), *steps)
    (subentry,) = devices(home)
    home.hass.config_entries.async_remove_subentry(home.entry, subentry.subentry_id)
    await home.settle()
    home.server.version = "1.1.0"
    home.server.automations[made(home, "battery")["id"]] = [
        {
            "id": 1,
            "type": "scheduling",
            "active": True,
            "output-sensors": [{"id": subentry.data["power_sensor"]}],
        }
    ]
    home.server.requests.clear()

    flow = await choose(home.hass, await start_home(home.hass, home.entry), "battery")
    flow = await walk(home, flow, BATTERY, {})

    assert flow["reason"] == "follows_server"
    assert home.triggers == []
    (subentry,) = devices(home)
    assert not subentry.data.get("automatic_scheduling", False)


async def test_account_that_goes_while_an_asset_is_added(home: Home) -> None:
    """It ends there, and says so."""
    flow = await existing(home, consumption={"sensor": BATTERY_POWER})
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    flow = await submit(home.hass, flow, {})

    assert flow["reason"] == "account_not_loaded"


async def test_unexpected_error_for_an_asset(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = AsyncMock(side_effect=RuntimeError("Nobody thought of this"))
    monkeypatch.setattr(setting_up, "async_compute", compute)
    flow = await walk(home, await existing(home, **STORES), FACTS)

    assert flow["step_id"] == "summary"
    assert flow["errors"] == {"base": "unknown"}


async def test_server_that_is_away_for_an_asset(home: Home) -> None:
    """It can be tried again."""
    flow = await existing(home, consumption={"sensor": BATTERY_POWER})
    home.server.answer("GET", f"{ASSETS}/*/automations", **FAILING)
    flow = await walk(home, flow, {})
    assert flow["errors"] == {"base": "server_error"}

    home.server.recover()
    flow = await walk(home, flow, {})
    assert flow["type"] is FlowResultType.ABORT


async def test_entity_that_goes_while_an_asset_is_added(home: Home) -> None:
    """It is said at the field."""
    flow = await existing(
        home, **{"soc-max": "10 kWh", "consumption": {"sensor": BATTERY_POWER}}
    )
    home.hass.states.async_remove(LEVEL)
    flow = await walk(home, flow, {"soc_entity": LEVEL})

    assert flow["errors"] == {"soc_entity": "entity_not_found"}


async def test_level_that_goes_to_a_sensor_in_percent(home: Home) -> None:
    """What 100 % are has to be known for it."""
    home.server.sensors[11]["unit"] = "%"
    flow = await existing(
        home,
        **{
            "soc-min": "1 kWh",
            "state-of-charge": {"sensor": 11},
            "consumption": {"sensor": BATTERY_POWER},
        },
    )
    have(home.hass, LEVEL, 5, unit_of_measurement="kWh")
    flow = await walk(home, flow, {"soc_entity": LEVEL})
    assert flow["errors"] == {"capacity": "capacity_required"}

    flow = await walk(home, flow, {"soc_entity": LEVEL, "capacity": 10})
    assert flow["type"] is FlowResultType.ABORT
    assert feeds(home)["battery SoC"]["capacity"] == 10


async def test_server_that_stores_nothing(home: Home) -> None:
    """It is not waited for all too long."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    nothing = {"values": [None], "start": "2026-11-22T11:00:00+01:00"}
    nothing |= {"duration": "PT15M", "unit": "EUR/kWh", "resolution": "PT15M"}
    home.server.answer("GET", "/api/v3_0/sensors/*/data", json=nothing)
    flow = await walk(home, flow, {})

    assert flow["type"] is FlowResultType.ABORT
    assert len(devices(home)) == 1


async def test_device_that_is_removed_meanwhile(home: Home) -> None:
    """The dialog ends."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})
    answered = asyncio.Event()
    home.server.answer(
        "GET", "/api/v3_0/jobs/*", json=failed_job("x"), wait_for=answered
    )
    manager = home.hass.config_entries.subentries
    flow = await manager.async_configure(flow["flow_id"], {})
    await home.until(lambda: home.triggers)
    home.hass.config_entries.async_remove_subentry(
        home.entry, devices(home)[0].subentry_id
    )
    answered.set()
    flow = await walk(home, flow)

    assert flow["reason"] == "account_not_loaded"
