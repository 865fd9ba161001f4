"""What is filled in and offered when a home is made, by what Home Assistant knows."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from ..flows import suggested
from ..home import Home
from .home_flow import (
    BATTERY,
    FIXED,
    devices,
    feeds,
    have,
    have_level,
    made,
    sensor_of,
    start,
    walk,
)

type Json = dict[str, Any]


class Thing:
    """A thing in the home, with a device and entities in the registries."""

    def __init__(self, home: Home, name: str, area: str | None = None) -> None:
        """Add the device."""
        self._hass = home.hass
        self._entry = MockConfigEntry(domain="test", title=name)
        self._entry.add_to_hass(home.hass)
        self._device = dr.async_get(home.hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={("test", name)},
            name=name,
        )
        if area:
            area_id = ar.async_get(home.hass).async_get_or_create(area).id
            dr.async_get(home.hass).async_update_device(
                self._device.id, area_id=area_id
            )

    def entity(self, entity_id: str, value: Any, **attributes: Any) -> str:
        """Add an entity."""
        domain, _, object_id = entity_id.partition(".")
        er.async_get(self._hass).async_get_or_create(
            domain,
            "test",
            entity_id,
            suggested_object_id=object_id,
            device_id=self._device.id,
            config_entry=self._entry,
        )
        return have(self._hass, entity_id, value, **attributes)


def have_dashboard(home: Home, *sources: Json) -> None:
    """Let the Energy dashboard have sources."""
    home.hass.config.components.add("energy")
    home._storage["energy"] = {
        "version": 1,
        "minor_version": 3,
        "key": "energy",
        "data": {"energy_sources": list(sources), "device_consumption": []},
    }


def powerwall(home: Home) -> Thing:
    """A battery that says a lot of itself."""
    thing = Thing(home, "Powerwall", "Garage")
    thing.entity(
        "sensor.powerwall_battery",
        52,
        unit_of_measurement="%",
        device_class="battery",
        friendly_name="Powerwall battery level",
    )
    thing.entity(
        "sensor.powerwall_power",
        1200,
        unit_of_measurement="W",
        device_class="power",
        state_class="measurement",
        friendly_name="Powerwall power",
    )
    thing.entity(
        "sensor.a_capacity",
        90,
        unit_of_measurement="W",
        friendly_name="Powerwall power capacity",
    )
    thing.entity(
        "sensor.powerwall_capacity",
        13500,
        unit_of_measurement="Wh",
        device_class="energy_storage",
        friendly_name="Powerwall capacity",
    )
    thing.entity(
        "number.powerwall_setpoint",
        0,
        unit_of_measurement="W",
        max=5000,
        min=-5000,
        friendly_name="Powerwall setpoint",
    )
    return thing


async def test_battery_that_says_a_lot(home: Home) -> None:
    """It is found among others, with its capacity and power; it is where its thing is."""
    powerwall(home)
    Thing(home, "Remote").entity(
        "sensor.remote_battery",
        80,
        unit_of_measurement="%",
        device_class="battery",
        friendly_name="Remote battery",
    )
    flow = await start(home, "battery")
    assert suggested(flow) == {
        "soc_entity": "sensor.powerwall_battery",
        "capacity": 13.5,
        "power": 5,
        "lowest": 10,
    }

    flow = await walk(home, flow, suggested(flow), FIXED, {"price": 0.3}, {})
    assert flow["reason"] == "first_plan"
    assert made(home, "battery")["name"] == "Powerwall"
    (device,) = devices(home)
    assert device.title == "Powerwall"
    entry = dr.async_get(home.hass).async_get(
        flow["description_placeholders"]["page"].rpartition("/")[2]
    )
    assert entry
    area = ar.async_get(home.hass).async_get_area(entry.area_id or "")
    assert area
    assert area.name == "Garage"


async def test_numbers_that_are_about_something_else(home: Home) -> None:
    """What is left in it is not what it holds, and the grid's limit not its power."""
    thing = powerwall(home)
    thing.entity(
        "sensor.powerwall_remaining_capacity",
        5200,
        unit_of_measurement="Wh",
        friendly_name="Powerwall remaining capacity",
    )
    thing.entity(
        "number.powerwall_grid_export_limit",
        0,
        unit_of_measurement="W",
        max=100000,
        friendly_name="Powerwall grid export limit",
    )
    flow = await start(home, "battery")

    assert suggested(flow)["capacity"] == 13.5
    assert suggested(flow)["power"] == 5


async def test_numbers_that_do_not_agree(home: Home) -> None:
    """None of them is taken."""
    thing = powerwall(home)
    thing.entity(
        "sensor.powerwall_usable_capacity",
        13000,
        unit_of_measurement="Wh",
        friendly_name="Powerwall usable capacity",
    )
    thing.entity(
        "number.powerwall_charge_power",
        0,
        unit_of_measurement="W",
        max=4000,
        friendly_name="Powerwall charge power",
    )
    flow = await start(home, "battery")

    assert suggested(flow).keys() == {"soc_entity", "lowest"}


async def test_two_batteries_of_the_dashboard(home: Home) -> None:
    """The level of one does not go with the capacity of the other."""
    for name in ("a", "b"):
        have(
            home.hass,
            f"sensor.{name}_soc",
            50,
            unit_of_measurement="%",
            device_class="battery",
        )
    have_dashboard(
        home,
        *(
            {
                "type": "battery",
                "stat_energy_from": f"sensor.{name}_out",
                "stat_energy_to": f"sensor.{name}_in",
                "stat_soc": f"sensor.{name}_soc",
                **more,
            }
            for name, more in (("a", {}), ("b", {"capacity": 20}))
        ),
    )
    flow = await start(home, "battery")

    assert suggested(flow) == {"soc_entity": "sensor.a_soc", "lowest": 10}


async def test_battery_of_the_dashboard(home: Home) -> None:
    """What the Energy dashboard says comes first."""
    have_level(home.hass)
    have_dashboard(
        home,
        {
            "type": "battery",
            "stat_energy_from": "sensor.out",
            "stat_energy_to": "sensor.in",
            "stat_soc": "sensor.powerwall_level",
            "capacity": 9.8,
        },
    )
    flow = await start(home, "battery")

    assert suggested(flow)["soc_entity"] == "sensor.powerwall_level"
    assert suggested(flow)["capacity"] == 9.8


async def test_battery_whose_power_is_in_the_dashboard(home: Home) -> None:
    """Its level is on the same thing."""
    powerwall(home)
    Thing(home, "Other battery").entity(
        "sensor.other_battery",
        80,
        unit_of_measurement="%",
        device_class="battery",
        friendly_name="Other battery",
    )
    have_dashboard(
        home,
        {
            "type": "battery",
            "stat_energy_from": "sensor.powerwall_power",
            "stat_energy_to": "sensor.in",
        },
    )
    flow = await start(home, "battery")

    assert suggested(flow)["soc_entity"] == "sensor.powerwall_battery"


async def test_car_with_a_plug(home: Home) -> None:
    """The only car is filled in, with its plug."""
    car = Thing(home, "My car")
    car.entity(
        "sensor.car_soc",
        40,
        unit_of_measurement="%",
        device_class="battery",
        friendly_name="Car battery level",
    )
    car.entity(
        "binary_sensor.car_plug", "on", device_class="plug", friendly_name="Car plug"
    )
    car.entity(
        "sensor.car_capacity",
        "unknown",
        unit_of_measurement="kWh",
        friendly_name="Car capacity",
    )
    flow = await start(home, "car")

    assert suggested(flow) == {
        "soc_entity": "sensor.car_soc",
        "plug": "binary_sensor.car_plug",
        "ready_by": "07:00:00",
    }


async def test_two_cars(home: Home) -> None:
    """Which one it is about is not guessed."""
    for number in (1, 2):
        have(
            home.hass,
            f"sensor.car_{number}",
            40,
            unit_of_measurement="%",
            device_class="battery",
            friendly_name=f"Car {number} battery level",
        )
    flow = await start(home, "car")

    assert suggested(flow) == {"ready_by": "07:00:00"}


async def test_levels_that_are_offered(home: Home) -> None:
    """Batteries, energy and plain numbers are; the humidity of a room and a phone are not."""
    have_level(home.hass)
    have(
        home.hass,
        "sensor.humidity",
        40,
        unit_of_measurement="%",
        device_class="humidity",
    )
    have(home.hass, "input_number.level", 40, unit_of_measurement="kWh")
    have(home.hass, "sensor.power", 40, unit_of_measurement="W", device_class="power")
    phone = er.async_get(home.hass).async_get_or_create("sensor", "mobile_app", "1")
    have(
        home.hass, phone.entity_id, 40, unit_of_measurement="%", device_class="battery"
    )
    flow = await start(home, "battery")

    selector = flow["data_schema"].schema["soc_entity"]
    assert selector.config["include_entities"] == [
        "input_number.level",
        "sensor.powerwall_level",
    ] or selector.config["include_entities"] == [
        "sensor.powerwall_level",
        "input_number.level",
    ]


SOLAR_POWER = {
    "unit_of_measurement": "W",
    "device_class": "power",
    "state_class": "measurement",
}
SOLAR_ENERGY = {
    "unit_of_measurement": "kWh",
    "device_class": "energy",
    "state_class": "total_increasing",
}


async def test_solar_and_household_of_the_dashboard(home: Home) -> None:
    """Both are sent and forecast, so that plans know of them."""
    have_level(home.hass)
    have(home.hass, "sensor.pv", 3000, friendly_name="PV", **SOLAR_POWER)
    have(home.hass, "sensor.pv_energy", 3000, friendly_name="PV energy", **SOLAR_ENERGY)
    shed = Thing(home, "Shed inverter")
    shed.entity("sensor.shed", 3000, friendly_name="Shed energy", **SOLAR_ENERGY)
    shed.entity("sensor.shed_power", 300, friendly_name="Shed power", **SOLAR_POWER)
    have(
        home.hass,
        "sensor.humid",
        3000,
        unit_of_measurement="%",
        friendly_name="No power",
    )
    have(home.hass, "sensor.home", 500, friendly_name="Home", **SOLAR_POWER)
    have_dashboard(
        home,
        {
            "type": "solar",
            "stat_energy_from": "sensor.pv_energy",
            "stat_rate": "sensor.pv",
            "config_entry_solar_forecast": None,
        },
        {
            "type": "solar",
            "stat_energy_from": "sensor.shed",
            "config_entry_solar_forecast": None,
            "name": "Shed",
        },
        {
            "type": "solar",
            "stat_energy_from": "sensor.humid",
            "config_entry_solar_forecast": None,
        },
        {
            "type": "solar",
            "stat_energy_from": "sensor.gone",
            "config_entry_solar_forecast": None,
        },
        {
            "type": "home",
            "stat_energy_to": "sensor.home_energy",
            "stat_rate": "sensor.home",
        },
    )
    flow = await walk(
        home, await start(home, "battery"), BATTERY, FIXED, {"price": 0.3}
    )
    assert flow["step_id"] == "summary"
    assert suggested(flow) == {"send_solar": True, "send_household": True}
    flow = await walk(home, flow, suggested(flow))

    assert flow["reason"] == "first_plan"
    site = made(home, "building")
    sent = [
        feed
        for feed in home.entry.subentries.values()
        if feed.data.get("daily_forecast")
    ]
    assert {feed.title for feed in sent} == {
        "Solar panels",
        "Shed",
        "Household consumption",
    }
    household = sensor_of(home, site, "household consumption")
    assert site["flex_context"]["inflexible-consumption"] == [{"sensor": household}]
    assert len(site["flex_context"]["inflexible-production"]) == 2
    panels = {
        asset["name"]
        for asset in home.server.assets.values()
        if asset["generic_asset_type"]["name"] == "solar"
    }
    assert panels == {"Solar panels", "Shed"}


async def test_nothing_of_the_dashboard(home: Home) -> None:
    """What is not wanted is neither made nor sent."""
    have_level(home.hass)
    have(home.hass, "sensor.pv", 3000, friendly_name="PV", **SOLAR_POWER)
    have_dashboard(
        home,
        {
            "type": "solar",
            "stat_energy_from": "sensor.pv_energy",
            "stat_rate": "sensor.pv",
            "config_entry_solar_forecast": None,
        },
        {"type": "home", "stat_energy_to": "sensor.home_energy"},
    )
    flow = await walk(
        home, await start(home, "battery"), BATTERY, FIXED, {"price": 0.3}
    )
    assert suggested(flow) == {"send_solar": True}
    await walk(home, flow, {"send_solar": False})

    assert feeds(home).keys() == {"level", "consumption price"}
    assert "inflexible-production" not in made(home, "building")["flex_context"]


async def test_panels_of_the_dashboard(home: Home) -> None:
    """They are filled in; what measures no power is refused."""
    have(home.hass, "sensor.pv", 3000, friendly_name="PV", **SOLAR_POWER)
    have(
        home.hass, "sensor.humid", 30, unit_of_measurement="%", friendly_name="No power"
    )
    have_dashboard(
        home,
        {
            "type": "solar",
            "stat_energy_from": "sensor.pv_energy",
            "stat_rate": "sensor.pv",
            "config_entry_solar_forecast": None,
        },
    )
    flow = await start(home, "solar")
    assert suggested(flow) == {"production_entity": "sensor.pv"}

    flow = await walk(home, flow, {"production_entity": "sensor.humid", "power": 5})
    assert flow["errors"] == {"production_entity": "not_a_production_entity"}
    flow = await walk(home, flow, {"production_entity": "sensor.pv"})
    assert flow["errors"] == {"power": "power_not_positive"}


async def test_dashboard_that_measures_nothing_of_use(home: Home) -> None:
    """What is no power, or nobody tells any more, is not offered."""
    have_level(home.hass)
    power = {"device_class": "power"}
    have(home.hass, "sensor.odd", 3, unit_of_measurement="%", **power)
    have(home.hass, "sensor.old", 3, unit_of_measurement="W", restored=True, **power)
    have_dashboard(
        home,
        *(
            {
                "type": "solar",
                "stat_energy_from": "sensor.energy",
                "stat_rate": entity_id,
                "config_entry_solar_forecast": None,
            }
            for entity_id in ("sensor.odd", "sensor.old")
        ),
        {"type": "home", "stat_energy_to": "sensor.a", "stat_rate": "sensor.odd"},
    )
    flow = await start(home, "battery")
    flow = await walk(home, flow, BATTERY, FIXED, {"price": 0.3})

    assert flow["step_id"] == "summary"
    assert suggested(flow) == {}
