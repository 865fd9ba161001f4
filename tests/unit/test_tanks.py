"""Tanks and buffers, whose temperature tells how full they are."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import SUBENTRY_DEVICE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_SOC,
    FakeServer,
    StoredSchedule,
)
from .feed_flow import (
    DAILY,
    HUMIDITY,
    TEMPERATURE,
    fill_in,
    measuring_home,
    only_feed,
    preview,
    start_entity,
)
from .flows import (
    Json,
    Result,
    change_settings,
    choose,
    device_of,
    fields,
    open_screen,
    said,
    start_change,
    start_device,
    start_feed,
    submit,
    submit_settings,
    suggested,
)
from .home import MINUTE, NOW, QUARTER, SLOT, Home, automatic
from .test_device_flow import add_account, added, device, pick, settings
from .test_level_feed import feed, feed_data, feeds, level_feed
from .test_yaml_import import BATTERY as YAML, start, wrong

SENSOR = "sensor.tank"
HEATER = "water_heater.tank"
TANK: Json = {"capacity": 10, "empty_temperature": 40, "full_temperature": 60}
"""Half full at 50 °C."""
TEMPERATURES = ("empty_temperature", "full_temperature")


def have_tank(
    hass: HomeAssistant,
    temperature: object,
    unit: str = "°C",
    entity_id: str = SENSOR,
) -> None:
    """Let an entity show the temperature of a tank by its state."""
    hass.states.async_set(
        entity_id,
        str(temperature),
        {"friendly_name": "Tank", "unit_of_measurement": unit},
    )


def have_thermostat(
    hass: HomeAssistant,
    temperature: float | None,
    state: str = "eco",
    entity_id: str = HEATER,
) -> None:
    """Let an entity show it by an attribute."""
    hass.states.async_set(
        entity_id, state, {"friendly_name": "Tank", "current_temperature": temperature}
    )


# --- schedules


@pytest.fixture
def tank(home: Home) -> Home:
    """A home whose server does not know how full the tank is."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    return home


def sent(home: Home) -> Any:
    """From which level the last schedule was to start."""
    return home.wishes[-1]["flex-model"][0]["soc-at-start"]


@pytest.mark.parametrize(
    ("temperature", "unit", "level"),
    [
        (50, "°C", "5.0 kWh"),
        (41, "°C", "0.5 kWh"),
        (131, "°F", "7.5 kWh"),
        (323.15, "K", "5.0 kWh"),
        # What is usable is not all that can be.
        (12, "°C", "0.0 kWh"),
        (75, "°C", "10.0 kWh"),
        (-50, "°C", "0.0 kWh"),
        (150, "°C", "10.0 kWh"),
    ],
)
@pytest.mark.parametrize("domain", ["sensor", "number", "input_number"])
async def test_schedule_from_a_temperature(
    tank: Home, temperature: float, unit: str, level: str, domain: str
) -> None:
    """Between empty and full, each degree is as much."""
    entity_id = f"{domain}.tank"
    have_tank(tank.hass, temperature, unit, entity_id)
    await tank.set_up(automatic(soc_entity=entity_id, **TANK))

    assert sent(tank) == level


@pytest.mark.parametrize("entity_id", [HEATER, "climate.buffer"])
@pytest.mark.parametrize("state", ["heat", "off", "unknown"])
async def test_schedule_from_a_thermostat(
    tank: Home, entity_id: str, state: str
) -> None:
    """What it measures counts, whatever it does."""
    have_thermostat(tank.hass, 45.0, state, entity_id)
    await tank.set_up(automatic(soc_entity=entity_id, **TANK))

    assert sent(tank) == "2.5 kWh"


async def test_thermostat_in_fahrenheit(tank: Home) -> None:
    """Its temperature is in the unit that Home Assistant shows."""
    tank.hass.config.units = US_CUSTOMARY_SYSTEM
    have_thermostat(tank.hass, 122)
    await tank.set_up(automatic(soc_entity=HEATER, **TANK))

    assert sent(tank) == "5.0 kWh"


@pytest.mark.parametrize(
    ("temperature", "reason"),
    [
        ("unavailable", "soc_entity_unavailable"),
        ("nan", "soc_entity_unavailable"),
        # Of a sensor that is not connected, or broken.
        (-127, "soc_entity_implausible"),
        (150.1, "soc_entity_implausible"),
    ],
)
async def test_temperature_that_is_not_known(
    tank: Home, temperature: object, reason: str
) -> None:
    """Nothing is planned from a guess."""
    have_tank(tank.hass, temperature)
    await tank.set_up(automatic(soc_entity=SENSOR, **TANK))

    assert tank.wishes == []
    assert tank.value("sensor", "scheduling_status") == reason


@pytest.mark.parametrize(("temperature", "state"), [(None, "eco"), (50, "unavailable")])
async def test_thermostat_that_does_not_tell(
    tank: Home, temperature: float | None, state: str
) -> None:
    """It may have no temperature, or be away."""
    have_thermostat(tank.hass, temperature, state)
    await tank.set_up(automatic(soc_entity=HEATER, **TANK))

    assert tank.wishes == []
    assert tank.value("sensor", "scheduling_status") == "soc_entity_unavailable"


@pytest.mark.parametrize("key", TANK)
async def test_not_known_what_a_temperature_means(tank: Home, key: str) -> None:
    """That is said; settings that a form refuses may come from elsewhere."""
    have_tank(tank.hass, 50)
    await tank.set_up(automatic(soc_entity=SENSOR, **{**TANK, key: None}))

    assert tank.wishes == []
    assert tank.value("sensor", "scheduling_status") == "soc_entity_unit"


async def test_tank_leaves_the_plan(home: Home) -> None:
    """By what its temperature says, which a thermostat has beside its state."""
    home.server.schedules[BATTERY_SOC] = StoredSchedule(SLOT, QUARTER, [5.0] * 9, "kWh")
    home.server.planned_values = [0.0]
    have_thermostat(home.hass, 50)
    await home.set_up(automatic(soc_entity=HEATER, soc_deviation=0.5, **TANK))

    have_thermostat(home.hass, 50.9)
    await home.go_to(NOW + 6 * MINUTE)
    assert len(home.wishes) == 1

    have_thermostat(home.hass, 51.2)
    await home.go_to(NOW + 7 * MINUTE)
    assert len(home.wishes) == 2
    assert sent(home) == "5.6 kWh"


async def test_other_temperatures_make_another_plan(tank: Home) -> None:
    """The same temperature is another level then."""
    have_tank(tank.hass, 50)
    await tank.set_up(automatic(soc_entity=SENSOR, **TANK))
    tank.change_device(empty_temperature=30)
    await tank.settle()

    assert sent(tank) == "6.666667 kWh"


# --- the form of a device


async def add_tank(
    hass: HomeAssistant, entry: MockConfigEntry, entity_id: str, **facts: Any
) -> Result:
    """Add a device with an entity, which makes the form ask for its temperatures."""
    flow = await pick(hass, await start_device(hass, entry), BATTERY_POWER)
    assert not {*TEMPERATURES} & fields(flow).keys()
    flow = await submit_settings(hass, flow, soc_entity=entity_id)
    assert {*TEMPERATURES} <= fields(flow).keys()
    assert flow["errors"] == {key: f"{key}_required" for key in TEMPERATURES}
    return await submit_settings(hass, flow, **facts)


def of_device(entry: MockConfigEntry) -> Json:
    """What is stored of the one device."""
    (found,) = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    return dict(found.data)


@pytest.mark.parametrize(
    ("temperature", "unit"), [(50, "°C"), (122, "°F"), (323.15, "K")]
)
async def test_new_tank(
    hass: HomeAssistant, fake_server: FakeServer, temperature: float, unit: str
) -> None:
    """Its temperatures are kept, and its level goes to the server as an energy."""
    have_tank(hass, temperature, unit)
    entry = await add_account(hass)
    flow = await add_tank(hass, entry, SENSOR, **TANK)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert of_device(entry) == added(BATTERY_POWER, soc_entity=SENSOR, **TANK)
    assert feed(hass).data == feed_data(entity=SENSOR, unit=unit, **TANK)


@pytest.mark.parametrize(("units", "unit"), [(None, "°C"), (US_CUSTOMARY_SYSTEM, "°F")])
async def test_new_thermostat(
    hass: HomeAssistant, fake_server: FakeServer, units: Any, unit: str
) -> None:
    """Of a thermostat, the attribute is sent; a % needs no capacity."""
    hass.config.units = units or hass.config.units
    entity = er.async_get(hass).async_get_or_create(
        "water_heater", "test", "1", suggested_object_id="tank"
    )
    have_thermostat(hass, 50)
    entry = await add_account(hass, device("Tank", settings(BATTERY_POWER)))
    await change_settings(hass, entry, BATTERY_POWER, soc_sensor=str(CABIN_SOC))
    form = await open_screen(hass, entry, device_of(entry, BATTERY_POWER), "level")
    assert not {*TEMPERATURES} & fields(form).keys()
    form = await submit_settings(hass, form, soc_entity=HEATER)
    assert form["errors"] == {key: f"{key}_required" for key in TEMPERATURES}
    await submit_settings(hass, form, **TANK)

    assert feed(hass).data == feed_data(
        CABIN_SOC,
        entity=entity.id,
        attribute="current_temperature",
        unit=unit,
        empty_temperature=40,
        full_temperature=60,
    )


@pytest.mark.parametrize("entity_id", [SENSOR, HEATER])
@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"capacity": None}, {"capacity": "capacity_required"}),
        (
            {"empty_temperature": None},
            {"empty_temperature": "empty_temperature_required"},
        ),
        ({"full_temperature": None}, {"full_temperature": "full_temperature_required"}),
        (
            {"full_temperature": 40},
            {"full_temperature": "full_temperature_not_above_empty"},
        ),
        (
            {"empty_temperature": 70},
            {"full_temperature": "full_temperature_not_above_empty"},
        ),
    ],
)
async def test_tank_that_is_not_described(
    hass: HomeAssistant,
    fake_server: FakeServer,
    entity_id: str,
    changes: Json,
    errors: Json,
) -> None:
    """What is missing is asked for, and what cannot be is refused."""
    fake_server.set_flex_model(BATTERY)
    have_tank(hass, 50)
    have_thermostat(hass, 50)
    entry = await add_account(hass)
    flow = await pick(hass, await start_device(hass, entry), BATTERY_POWER)
    flow = await submit_settings(hass, flow, soc_entity=entity_id)
    assert flow["errors"] == {
        "capacity": "capacity_required",
        **{key: f"{key}_required" for key in TEMPERATURES},
    }
    entered = {key: value for key, value in {**TANK, **changes}.items() if value}
    flow = await submit_settings(hass, flow, **entered)
    assert flow["errors"] == errors

    flow = await submit_settings(hass, flow, **TANK)
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_temperature_that_cannot_be(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """It is refused with its value, as that of a sensor that is not connected."""
    have_tank(hass, -127)
    flow = await add_tank(hass, await add_account(hass), SENSOR, **TANK)
    assert flow["errors"] == {"soc_entity": "not_a_state_of_charge_entity"}
    assert said(flow)["shown"] == "-127 °C"

    have_tank(hass, 50)
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("temperature", "state", "sentence"),
    [
        (50, "unknown", "From Tank, 50 °C now. Capacity 10 kWh."),
        (None, "eco", "From Tank, which says nothing now. Capacity 10 kWh."),
        (50, "unavailable", "From Tank, which says nothing now. Capacity 10 kWh."),
    ],
)
async def test_what_the_menu_says(
    hass: HomeAssistant,
    fake_server: FakeServer,
    temperature: float | None,
    state: str,
    sentence: str,
) -> None:
    """What a thermostat measures, whatever it does."""
    have_thermostat(hass, temperature, state)
    entry = await add_account(
        hass, device("Tank", settings(BATTERY_POWER, soc_entity=HEATER, **TANK))
    )
    menu = await start_change(hass, entry, device_of(entry, BATTERY_POWER))

    assert said(menu)["level"] == sentence


async def test_no_tank_any_more(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """What is set can be seen and taken away, also where nothing needs it."""
    hass.states.async_set("sensor.battery", "5", {"unit_of_measurement": "kWh"})
    entry = await add_account(
        hass,
        device("Tank", settings(BATTERY_POWER, soc_entity="sensor.battery", **TANK)),
    )
    form = await open_screen(hass, entry, device_of(entry, BATTERY_POWER), "level")
    await submit_settings(hass, form, *TEMPERATURES)

    assert not {*TEMPERATURES} & of_device(entry).keys()
    form = await open_screen(hass, entry, device_of(entry, BATTERY_POWER), "level")
    assert not {*TEMPERATURES} & fields(form).keys()


async def test_ice(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """A temperature of 0 is one."""
    have_tank(hass, 5)
    entry = await add_account(hass)
    warm = {"capacity": 10, "empty_temperature": 0, "full_temperature": 10}
    await add_tank(hass, entry, SENSOR, **warm)
    assert of_device(entry)["empty_temperature"] == 0

    form = await open_screen(hass, entry, device_of(entry, BATTERY_POWER), "level")
    assert suggested(form)["empty_temperature"] == 0


async def test_other_temperatures(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """The feed follows; what else was set in its own form stays."""
    have_tank(hass, 50)
    entry = await add_account(
        hass,
        device("Tank", settings(BATTERY_POWER, soc_entity=SENSOR, **TANK)),
        level_feed(entity=SENSOR, unit="°C", least_share=50, **TANK),
    )
    await change_settings(hass, entry, BATTERY_POWER, full_temperature=65, capacity=12)

    assert feed(hass).data == feed_data(
        entity=SENSOR,
        unit="°C",
        least_share=50,
        **{**TANK, "full_temperature": 65, "capacity": 12},
    )


# --- suggested feeds


@pytest.mark.parametrize("entity_id", [SENSOR, HEATER])
async def test_suggested(
    hass: HomeAssistant, fake_server: FakeServer, entity_id: str
) -> None:
    """A level that is not sent is suggested, with what the device knows of it."""
    have_tank(hass, 50)
    have_thermostat(hass, 50)
    entry = await add_account(
        hass, device("Tank", settings(BATTERY_POWER, soc_entity=entity_id, **TANK))
    )
    flow = await choose(hass, await start_feed(hass, entry), "suggested")
    await submit(hass, flow, {"feeds": [str(BATTERY_SOC)]})

    data = feed_data(entity=entity_id, unit="°C", **TANK)
    if entity_id == HEATER:
        data["attribute"] = "current_temperature"
    assert feed(hass).data == data


# --- the form of a feed


@pytest.fixture
async def account(hass: HomeAssistant, fake_server: FakeServer) -> MockConfigEntry:
    """An account, in a home that measures much."""
    entry = await measuring_home(hass, fake_server)
    fake_server.assets[BATTERY]["flex_model"] = {}
    have_tank(hass, 45)
    return entry


async def test_feed_of_a_tank(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Both temperatures are asked for, in °C, and what they make is shown."""
    flow = await start_entity(hass, account, SENSOR, BATTERY_SOC)
    assert preview(flow) == "**Tank** shows 45 °C now."
    flow = await fill_in(hass, flow)
    assert flow["errors"] == {"capacity": "feed_capacity_missing"}
    flow = await fill_in(hass, flow, capacity=8)
    assert flow["errors"] == {
        "empty_temperature": "feed_temperatures_missing",
        "full_temperature": "feed_temperatures_missing",
    }
    flow = await fill_in(hass, flow, empty_temperature=60, full_temperature=40)
    assert flow["errors"] == {"full_temperature": "full_temperature_not_above_empty"}

    flow = await fill_in(hass, flow, empty_temperature=40, full_temperature=60)
    assert "Every 5 min" in preview(flow)
    assert "Now, that would be 2 kWh." in preview(flow)
    await fill_in(hass, flow)
    assert only_feed(account).data == feed_data(
        entity=SENSOR, unit="°C", capacity=8, empty_temperature=40, full_temperature=60
    )

    flow = await start_change(hass, account, only_feed(account))
    flow = await submit(hass, flow, {"entity": SENSOR, "sensor": str(BATTERY_SOC)})
    assert suggested(flow)["empty_temperature"] == 40
    assert "Now, that would be 2 kWh." in preview(flow)


@pytest.mark.parametrize("sensor", [HUMIDITY, CABIN_SOC])
async def test_feed_in_percent(
    hass: HomeAssistant, account: MockConfigEntry, sensor: int
) -> None:
    """A share needs no capacity."""
    flow = await start_entity(hass, account, SENSOR, sensor)
    assert "capacity" not in fields(flow)
    flow = await fill_in(hass, flow, empty_temperature=40, full_temperature=60)
    assert "Now, that would be 25 %." in preview(flow)
    await fill_in(hass, flow)
    assert only_feed(account).data["method"] == "level"


async def test_feed_of_a_temperature_that_cannot_be(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """It is no level."""
    have_tank(hass, 500)
    flow = await start_entity(hass, account, SENSOR, HUMIDITY)
    flow = await fill_in(hass, flow, empty_temperature=40, full_temperature=60)

    assert "Now, that would be" not in preview(flow)


async def test_temperatures_are_no_matter(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A sensor of temperatures gets the temperature."""
    flow = await start_entity(hass, account, SENSOR, TEMPERATURE)

    assert "empty_temperature" not in fields(flow)


async def test_attribute_that_may_be_a_temperature(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What nothing tells has to be told: it can be one."""
    flow = await start_entity(hass, account, "climate.home", DAILY)
    flow = await fill_in(hass, flow, attribute="valve")
    assert "°C" in fields(flow)["unit"].config["options"]
    flow = await fill_in(hass, flow, unit="°C")

    assert flow["errors"] == {"capacity": "feed_capacity_missing"}


# --- configuration.yaml


async def test_yaml(home: Home) -> None:
    """The same keys."""
    have_thermostat(home.hass, 50)
    await start(home, YAML | {"soc_entity": HEATER, **TANK})

    assert wrong(home) == {}
    assert feed(home.hass).data == feed_data(
        entity=HEATER, attribute="current_temperature", unit="°C", **TANK
    )


@pytest.mark.parametrize(
    ("yaml", "problems"),
    [
        (
            {"capacity": 10},
            {"soc_entity": "full_temperature_required"},
        ),
        (
            {"capacity": 10, "empty_temperature": 40},
            {"soc_entity": "full_temperature_required"},
        ),
        (
            {"empty_temperature": 40, "full_temperature": 60},
            {"soc_entity": "capacity_required"},
        ),
        (
            {**TANK, "full_temperature": 30},
            {
                "full_temperature": "full_temperature_not_above_empty",
                "soc_entity": "full_temperature_required",
            },
        ),
    ],
)
async def test_wrong_yaml(home: Home, yaml: Json, problems: Json) -> None:
    """What cannot be used is named."""
    home.server.set_flex_model(BATTERY)
    have_tank(home.hass, 50)
    await start(home, YAML | {"soc_entity": SENSOR, **yaml})

    assert wrong(home) == problems
    assert feeds(home.hass) == []
