"""Making a home in the flow that adds a device: what is asked, made, sent and shown."""

import pytest

from homeassistant.data_entry_flow import FlowResultType

from ..fake_server import BATTERY as BATTERY_ASSET, BATTERY_POWER, GARAGE_POWER, HOUSE
from ..flows import choose, device_of, start_home, suggested
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
    sensor_of,
    start,
    walk,
)


@pytest.fixture(autouse=True)
def plans(home: Home) -> None:
    """Let the server plan the same for whatever it is asked."""
    home.server.planned_values = [0.0, 3.0, 3.0, -2.0]


async def test_battery(home: Home) -> None:
    """A battery is made on the server, with prices, and has its first plan."""
    have_level(home.hass)
    flow = await start(home, "battery")
    assert flow["step_id"] == "battery"
    assert suggested(flow)["lowest"] == 10

    flow = await walk(home, flow, BATTERY)
    assert flow["step_id"] == "prices"
    flow = await walk(home, flow, {**FIXED, "connection": "3 x 25 A"})
    assert flow["step_id"] == "own_prices"
    flow = await walk(home, flow, {"price": 0.3})
    assert flow["step_id"] == "summary"
    flow = await walk(home, flow, {})

    assert flow["type"] is FlowResultType.ABORT, flow
    assert flow["reason"] == "first_plan", flow
    site, battery = made(home, "building"), made(home, "battery")
    assert site["name"] == "test home"
    assert battery["parent_asset_id"] == site["id"]
    price = sensor_of(home, site, "consumption price")
    assert site["flex_context"] == {
        "consumption-price": {"sensor": price},
        "production-price": {"sensor": price},
        "site-power-capacity": "17.25 kW",
    }
    level = sensor_of(home, battery, "level")
    (device,) = devices(home)
    assert device.data["power_sensor"] == sensor_of(home, battery, "power")
    assert device.data["automatic_scheduling"] is True
    assert feeds(home)["level"]["entity"] == "sensor.powerwall_level"
    assert feeds(home)["consumption price"]["price"] == 0.3
    assert battery["flex_model"]["state-of-charge"]["sensor"] == level
    assert "11:15" in flow["description_placeholders"]["plan"]
    assert "and more after that" in flow["description_placeholders"]["plan"]


async def test_summary_in_the_language_of_home_assistant(home: Home) -> None:
    """What the server calls its sensors is its own matter."""
    home.hass.config.language = "nl"
    have_level(home.hass)
    flow = await start(home, "battery")

    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})

    summary = flow["description_placeholders"]["summary"].replace("\xa0", " ")
    assert "Nieuw op de server: *Batterij*, 13,5 kWh, 5 kW" in summary


CAR = {"soc_entity": LEVEL, "capacity": 60.0, "power": 11.0}


@pytest.mark.parametrize(
    ("discharges", "asset_type"), [(False, "one-way_evse"), (True, "two-way_evse")]
)
async def test_car(home: Home, *, discharges: bool, asset_type: str) -> None:
    """A car is planned anew when it is plugged in."""
    have_level(home.hass)
    plug = have(home.hass, "binary_sensor.plug", "off", device_class="plug")
    flow = await start(home, "car")
    # It may be that of a washing machine.
    assert suggested(flow) == {"ready_by": "07:00:00"}

    plugs = {} if discharges else {"plug": plug}
    more = {"more": {"discharges": True}} if discharges else {}
    values = {**CAR, **plugs, **more}
    flow = await walk(home, flow, values, FIXED, {"price": 0.3}, {})

    assert flow["reason"] == "first_plan"
    assert made(home, asset_type)["flex_model"]["soc-max"] == "60.0 kWh"
    (device,) = devices(home)
    assert device.title == "Electric car"
    assert device.data.get("trigger_entities", []) == [*plugs.values()]
    assert device.data["soc_unit"] == "%"
    assert device.data["capacity"] == 60


async def test_car_that_is_needed_in_the_morning(home: Home) -> None:
    """So it is asked for from the first plan on, and can be changed on its page."""
    have_level(home.hass)
    flow = await start(home, "car")

    values = {**CAR, "ready_by": "06:30:00"}
    flow = await walk(home, flow, values, FIXED, {"price": 0.3})
    summary = flow["description_placeholders"]["summary"]
    assert "80 % full by 06:30 every day" in summary
    flow = await walk(home, flow, {})

    assert flow["reason"] == "first_plan"
    assert flow["description_placeholders"]["missing"] == ""
    (first, *_) = home.wishes
    (model,) = first["flex-model"]
    assert model["soc-minima"][0] == {
        "value": "48.0 kWh",
        "datetime": "2026-11-23T05:30:00+00:00",
    }


TANK = {"litres": 200, "empty_temperature": 45, "full_temperature": 60, "power": 2.0}


@pytest.mark.parametrize(
    ("option", "efficiency"), [("heat_pump", "300%"), ("heat_element", "100%")]
)
async def test_heat(home: Home, option: str, efficiency: str) -> None:
    """A tank holds what its water takes up between two temperatures."""
    entity_id = have(
        home.hass,
        "sensor.tank",
        50,
        device_class="temperature",
        unit_of_measurement="°C",
        friendly_name="Tank",
    )
    flow = await start(home, "heat", option)
    assert suggested(flow) == {"empty_temperature": 45, "full_temperature": 60}
    values = {"soc_entity": entity_id, **TANK}
    flow = await walk(home, flow, values, FIXED, {"price": 0.3}, {})

    assert flow["reason"] == "first_plan"
    tank = made(home, "heat-storage")
    assert tank["flex_model"]["soc-max"] == "3.489 kWh"
    assert tank["flex_model"]["charging-efficiency"] == efficiency
    (device,) = devices(home)
    assert device.data["capacity"] == 3.489
    assert device.data["empty_temperature"] == 45
    assert device.data["full_temperature"] == 60
    assert feeds(home)["level"]["full_temperature"] == 60
    (request,) = home.triggers
    # A third of it, and what was used since the quarter began.
    assert request.json["flex-model"][0]["soc-at-start"] == "1.17996 kWh"


async def test_solar_panels(home: Home) -> None:
    """Panels are told to produce less; what they could produce is sent and forecast."""
    entity_id = have(
        home.hass,
        "sensor.pv",
        3200,
        device_class="power",
        state_class="measurement",
        unit_of_measurement="W",
        friendly_name="PV power",
    )
    flow = await start(home, "solar")
    values = {"production_entity": entity_id, "power": 6}
    flow = await walk(home, flow, values, FIXED, {"price": 0.3}, {})

    assert flow["reason"] == "first_plan"
    panels = made(home, "solar")
    production = sensor_of(home, panels, "production")
    (device,) = devices(home)
    assert device.data["power_sensor"] == sensor_of(home, panels, "power")
    fed = feeds(home)["production"]
    assert fed["sensor"] == production
    assert fed["daily_forecast"] is True


async def test_something_else(home: Home) -> None:
    """It has the name that it is given, and needs no entity: that is told then."""
    flow = await start(home, "other")
    values = {
        "name": " Cellar ",
        "capacity": 4,
        "power": 1,
        "discharges": False,
    }
    flow = await walk(home, flow, values, FIXED, {"price": 0.3}, {})

    assert flow["reason"] == "first_plan"
    assert (
        "the level that the server knows" in flow["description_placeholders"]["missing"]
    )
    assert made(home, "battery")["name"] == "Cellar"
    (device,) = devices(home)
    assert device.title == "Cellar"


async def test_device_that_speaks_s2(home: Home) -> None:
    """It gets an address and a token once its sensors are made."""
    flow = await start(home, "s2")
    flow = await walk(home, flow, {"name": "Charger"}, FIXED, {"price": 0.3})
    summary = flow["description_placeholders"]["summary"]
    assert "New on the server: *Charger*\n" in summary
    flow = await walk(home, flow, {})

    assert flow["step_id"] == "pairing_unencrypted"
    token = flow["description_placeholders"]["token"]
    (device,) = devices(home)
    assert token not in str(device.data)
    asset = made(home, "battery")
    assert device.data["fill_level_sensor"] == sensor_of(home, asset, "fill level")
    flow = await walk(home, flow, {})
    assert flow["reason"] == "waits_for_device"
    assert home.triggers == []


# --- what the server has already


async def test_asset_that_is_there(home: Home) -> None:
    """It is named with what is known of it, and needs one more thing."""
    have_level(home.hass)
    home.server.assets[BATTERY_ASSET]["generic_asset_type"]["name"] = "battery"
    await have_garage(home)
    flow = await start_home(home.hass, home.entry)
    assert flow["menu_options"][:2] == ["asset_1", "battery"]
    shown = flow["description_placeholders"]
    assert shown["asset_1"] == "Home battery"
    assert (
        shown["facts_1"]
        == "Battery, 10\N{NO-BREAK SPACE}kWh, 5\N{NO-BREAK SPACE}kW, day-ahead prices"
    )

    flow = await choose(home.hass, flow, "asset_1")
    assert flow["step_id"] == "asset"
    assert suggested(flow) == {}
    flow = await walk(home, flow, {"soc_entity": LEVEL})

    assert flow["reason"] == "first_plan"
    added = device_of(home.entry, BATTERY_POWER)
    assert added.title == "Home battery"
    assert added.data["automatic_scheduling"] is True
    assert added.data["soc_unit"] == "%"
    assert added.data["capacity"] == 10
    assert feeds(home)["battery SoC"]["entity"] == LEVEL
    assert len(home.triggers) == 1


async def test_car_that_is_there(home: Home) -> None:
    """It may be needed in the morning, like one that is made."""
    have_level(home.hass)
    home.server.assets[BATTERY_ASSET]["generic_asset_type"]["name"] = "one-way_evse"
    await have_garage(home)
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "asset_1")
    assert suggested(flow) == {"ready_by": "07:00:00"}

    await walk(home, flow, {"soc_entity": LEVEL, "ready_by": "08:15:00"})

    (model,) = home.wishes[0]["flex-model"]
    assert model["soc-minima"][0] == {
        "value": "8.0 kWh",
        "datetime": "2026-11-23T07:15:00+00:00",
    }


async def test_asset_that_the_server_plans(home: Home) -> None:
    """Home Assistant follows the plans that somebody else has made."""
    home.has_planned(1.0, power_sensor=BATTERY_POWER)
    await have_garage(home)
    flow = await start_home(home.hass, home.entry)
    flow = await choose(home.hass, flow, "asset_1")
    flow = await walk(home, flow, {})

    assert flow["reason"] == "follows_server"
    assert "charges 0.1 kWh" in flow["description_placeholders"]["plan"]
    added = device_of(home.entry, BATTERY_POWER)
    assert not added.data.get("automatic_scheduling", False)
    assert home.triggers == []


async def test_asset_without_a_price(home: Home) -> None:
    """It is asked for, and what the site will say is shown before; the account's own first."""
    have_level(home.hass)
    house = home.server.assets[HOUSE]
    house["flex_context"] = {"site-power-capacity": "17 kVA"}
    own = home.server.add_sensor(900, "my price", "EUR/kWh", "PT1H")
    await home.set_up(device(GARAGE_POWER))
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "asset_1")
    flow = await walk(home, flow, {"soc_entity": LEVEL})
    assert flow["step_id"] == "prices"
    assert option(flow, "consumption_price", f"sensor {own}") == "Demo house: my price"
    choices = flow["data_schema"].schema["consumption_price"].config["options"]
    assert choices[0]["value"] == f"sensor {own}"
    flow = await walk(home, flow, FIXED, {"price": 0.3})
    assert flow["step_id"] == "summary"
    summary = flow["description_placeholders"]["summary"]
    assert "In the home *Demo house* on the server" in summary
    assert "What you pay: 0.3 EUR/kWh" in summary
    assert "no hour is cheaper" in summary
    assert "Home Assistant sends to the server: Powerwall level" in summary
    flow = await walk(home, flow, {})

    assert flow["reason"] == "first_plan"
    price = sensor_of(home, house, "consumption price")
    assert house["flex_context"]["consumption-price"] == {"sensor": price}
    assert house["flex_context"]["site-power-capacity"] == "17 kVA"
    assert feeds(home).keys() == {"consumption price", "battery SoC"}


async def test_tank_that_is_there(home: Home) -> None:
    """A thermometer tells how full it is, between two temperatures."""
    tank = have(
        home.hass,
        "sensor.tank",
        50,
        device_class="temperature",
        unit_of_measurement="°C",
    )
    home.server.assets[BATTERY_ASSET]["generic_asset_type"]["name"] = "heat-storage"
    await have_garage(home)
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "asset_1")
    shown = suggested(flow)
    assert shown == {"empty_temperature": 45, "full_temperature": 60}
    flow = await walk(home, flow, {**shown, "soc_entity": tank, "full_temperature": 45})
    assert flow["errors"] == {"full_temperature": "full_not_above_empty"}
    flow = await walk(home, flow, {**shown, "soc_entity": tank})

    assert flow["reason"] == "first_plan"
    added = device_of(home.entry, BATTERY_POWER)
    assert added.data["empty_temperature"] == 45
    assert added.data["full_temperature"] == 60
    assert feeds(home)["battery SoC"]["entity"] == tank
    (model,) = home.wishes[0]["flex-model"]
    assert model["soc-at-start"] == "3.333333 kWh"


async def test_more_assets_than_fit(home: Home) -> None:
    """It is said how the others can be found."""
    await home.set_up(device(GARAGE_POWER))
    flow = await start_home(home.hass, home.entry)
    assert flow["description_placeholders"]["more"] == ""
    for number in range(7):
        asset = {
            **home.server.assets[BATTERY_ASSET],
            "id": 800 + number,
            "name": f"Battery {number}",
            "flex_model": {"soc-max": "5 kWh"},
        }
        home.server.assets[800 + number] = asset
        home.server.add_sensor(900 + number, "power", "kW", "PT15M", 800 + number)
    flow = await start_home(home.hass, home.entry)

    assert "asset_6" in flow["menu_options"]
    assert "asset_7" not in flow["menu_options"]
    assert "more than fit here" in flow["description_placeholders"]["more"]


# --- more than one device


@pytest.mark.parametrize("is_declined", [False, True])
async def test_second_device(home: Home, *, is_declined: bool) -> None:
    """Both have to fit the connection, unless the owner has decided otherwise."""
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3}, {})
    assert "joint_scheduling" not in home.entry.options
    if is_declined:
        home.hass.config_entries.async_update_entry(
            home.entry, options={"joint_scheduling": False}
        )
        await home.settle()
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "car")
    car = have(
        home.hass, "sensor.car", 40, device_class="battery", unit_of_measurement="%"
    )
    flow = await walk(home, flow, {**CAR, "soc_entity": car})
    summary = flow["description_placeholders"]["summary"]
    assert ("planned together" in summary) is not is_declined
    flow = await walk(home, flow, {})

    assert flow["reason"] == "first_plan"
    assert home.entry.options["joint_scheduling"] is not is_declined


async def test_level_of_another_device(home: Home) -> None:
    """It is not what the next one holds."""
    have_level(home.hass)
    flow = await start(home, "car")
    await walk(home, flow, CAR, FIXED, {"price": 0.3}, {})
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "car")
    assert "soc_entity" not in suggested(flow)


# --- what is said of it


async def test_what_is_assumed(home: Home) -> None:
    """The summary repeats what was told, and says what nobody was asked."""
    have_level(home.hass)
    flow = await walk(
        home, await start(home, "battery"), BATTERY, FIXED, {"price": 0.3}
    )

    summary = flow["description_placeholders"]["summary"].replace("\xa0", " ")
    assert "New on the server: the home *test home*" in summary
    assert "New on the server: *Battery*, 13.5 kWh, 5 kW" in summary
    assert "90 % of what goes in comes out again" in summary


async def test_what_was_made_before(home: Home) -> None:
    """It is not said to be new."""
    have_level(home.hass)
    flow = await start(home, "battery")
    await walk(home, flow, BATTERY, FIXED, {"price": 0.3}, {})
    (added,) = devices(home)
    home.hass.config_entries.async_remove_subentry(home.entry, added.subentry_id)
    await home.settle()
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "battery")
    flow = await walk(home, flow, BATTERY)

    summary = flow["description_placeholders"]["summary"]
    assert "In the home *test home* on the server" in summary
    assert "On the server already, and kept: *Battery*" in summary


async def test_plan_that_discharges_at_its_end(home: Home) -> None:
    """What is left then counts for nothing, which an owner wonders about."""
    home.server.planned_values = [*[0.0] * 95, -2.0]
    have_level(home.hass)
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3}, {})

    plan = flow["description_placeholders"]["plan"]
    assert "The end of a plan is only a preview" in plan
    assert "Earns about 0.15 EUR" in plan


async def test_panels_that_produce_at_the_end(home: Home) -> None:
    """They hold nothing that could be left."""
    home.server.planned_values = [-2.0]
    panels = have(
        home.hass,
        "sensor.roof",
        2400,
        device_class="power",
        state_class="measurement",
        unit_of_measurement="W",
    )
    flow = await start(home, "solar")
    values = {"production_entity": panels, "power": 6}
    flow = await walk(home, flow, values, FIXED, {"price": 0.3}, {})

    assert "produces" in flow["description_placeholders"]["plan"]
    assert "preview" not in flow["description_placeholders"]["plan"]


async def test_second_device_that_is_there(home: Home) -> None:
    """Nothing is made for it, but what becomes of the first one is said."""
    have_level(home.hass)
    await home.set_up(device(GARAGE_POWER))
    flow = await choose(home.hass, await start_home(home.hass, home.entry), "asset_1")
    flow = await walk(home, flow, {"soc_entity": LEVEL})

    assert flow["step_id"] == "summary"
    summary = flow["description_placeholders"]["summary"]
    assert "planned together" in summary
    assert "on the server" not in summary
    assert "joint_scheduling" not in home.entry.options
    flow = await walk(home, flow, {})
    assert flow["reason"] == "first_plan"
    assert home.entry.options["joint_scheduling"] is True
