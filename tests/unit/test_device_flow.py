"""The two steps that set up a device, in the flow of an account and in their own."""

import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er

from .fake_server import (
    BATTERY,
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    CABIN_SOC,
    CONSUMPTION,
    DOLLAR_PRICE,
    EMAIL,
    FEED_IN,
    GARAGE,
    GARAGE_POWER,
    GARAGE_SOC,
    HOUSE,
    HTML,
    INTERNAL_ERROR,
    NEIGHBOUR_POWER,
    PRICE,
    PRICE_15MIN,
    PUBLIC_POWER,
    RATE_LIMITED,
    UNKNOWN_SENSOR,
    URL_OF_SERVER,
    FakeServer,
)
from .flows import (
    ACCOUNT,
    Json,
    Result,
    device_of,
    fields,
    have_entities,
    open_sections,
    sections,
    start_account,
    start_change,
    start_device,
    submit,
    submit_settings,
    suggested,
)

pytestmark = pytest.mark.usefixtures("no_secret_logged")

SENSORS_PATH = "/api/v3_0/sensors"
HOUR = 3600
DAY = {"days": 1, "hours": 0, "minutes": 0, "seconds": 0}
EVERY_HOUR = {"days": 0, "hours": 1, "minutes": 0, "seconds": 0}
USUAL_SECTIONS = {"schedule", "state_of_charge"}
# What the form shows where no setting was made, and is not stored.
DEFAULTS: Json = {
    "soc_max_age": EVERY_HOUR,
    "update_interval_charging": {"days": 0, "hours": 0, "minutes": 15, "seconds": 0},
    "update_interval_climate": {"days": 0, "hours": 0, "minutes": 5, "seconds": 0},
    "s2_enabled": False,
}


def settings(power_sensor: int, **changes: Any) -> Json:
    """What is stored for a device that leaves everything to the server, but for some changes."""
    return {
        "power_sensor": power_sensor,
        "soc_unit": "kWh",
        "schedule_duration": 24 * HOUR,
        "update_interval": HOUR,
        "automatic_scheduling": False,
        **changes,
    }


def device(title: str, data: Json) -> ConfigSubentryData:
    """A device that is there already."""
    return ConfigSubentryData(
        subentry_type=SUBENTRY_DEVICE,
        title=title,
        unique_id=str(data["power_sensor"]),
        data=data,
    )


async def add_account(
    hass: HomeAssistant, *devices: ConfigSubentryData
) -> MockConfigEntry:
    """An account that is set up with these devices."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=EMAIL,
        unique_id=f"{URL_OF_SERVER}#1",
        data=ACCOUNT,
        subentries_data=devices,
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
async def battery(hass: HomeAssistant, fake_server: FakeServer) -> MockConfigEntry:
    """An account with the home battery, for which some settings were made."""
    return await add_account(
        hass,
        device(
            "Home battery",
            settings(
                BATTERY_POWER,
                consumption_price_sensor=PRICE_15MIN,
                rm_discharge_sensor=BATTERY_CHARGING,
                soc_min=2.0,
                schedule_duration=12 * HOUR,
                automatic_scheduling=True,
            ),
        ),
    )


@pytest.fixture(params=["account", "device"])
async def flow(
    request: pytest.FixtureRequest, hass: HomeAssistant, fake_server: FakeServer
) -> Result:
    """The form that asks for the power sensor, in both flows that have it."""
    if request.param == "account":
        form = await submit(hass, await start_account(hass), ACCOUNT)
    else:
        form = await start_device(hass, await add_account(hass))
    assert form["step_id"] == "device"
    assert form["errors"] == {}
    assert suggested(form) == {}
    return form


async def pick(hass: HomeAssistant, flow: Result, power_sensor: int) -> Result:
    """Go on from the form of the power sensor to the settings."""
    form = await submit(hass, flow, {"power_sensor": str(power_sensor)})
    assert form["step_id"] == "settings"
    assert form["errors"] == {}
    return form


async def finish(
    hass: HomeAssistant, flow: Result, *cleared: str, **changes: Any
) -> Json:
    """Go on from the settings to the device; returns what is stored of it."""
    result = await submit_settings(hass, flow, *cleared, **changes)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return stored(hass)


def stored(hass: HomeAssistant) -> Json:
    """What is stored of the one device."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    (subentry,) = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    assert subentry.unique_id == str(subentry.data["power_sensor"])
    return dict(subentry.data)


def options(flow: Result, field: str) -> dict[str, str]:
    """The choices of a field, with the id that each of them holds."""
    choices = fields(flow)[field].config["options"]
    return {choice: id_of(choice) for choice in choices}


def id_of(choice: str) -> str:
    """The id of a sensor in a choice, as it could be typed."""
    match = re.fullmatch(r".+ \(.+, id (\d+)\)", choice)
    assert match, choice
    return match[1]


def suggested_ids(flow: Result) -> Json:
    """What a form shows, with the ids of its sensors."""
    return {
        field: id_of(value) if field.endswith("_sensor") else value
        for field, value in suggested(flow).items()
    }


# --- power sensor


async def test_choice_of_power_sensors(hass: HomeAssistant, flow: Result) -> None:
    """All power sensors of the account itself can be picked, by name, unit and id.

    First those of assets that have a flex-model, since these are devices.
    """
    assert list(options(flow, "power_sensor")) == [
        "Garage battery: garage battery power (W, id 20)",
        "Home battery: battery charging (kW, id 12)",
        "Home battery: battery power (kW, id 10)",
        "Cabin battery: cabin battery power (MW, id 30)",
        "Demo house: household consumption (kW, id 6)",
    ]


@pytest.mark.parametrize(
    ("power_sensor", "error"),
    [
        ("battery power", "not_a_sensor_id"),
        ("", "not_a_sensor_id"),
        ("-1", "not_a_sensor_id"),
        ("1.5", "not_a_sensor_id"),
        (True, "not_a_sensor_id"),
        (str(UNKNOWN_SENSOR), "sensor_not_found"),
        (str(NEIGHBOUR_POWER), "sensor_of_another_account"),
        (str(PUBLIC_POWER), "sensor_of_another_account"),
        (str(PRICE), "not_a_power_sensor"),
        (str(BATTERY_SOC), "not_a_power_sensor"),
    ],
)
async def test_wrong_power_sensor(
    hass: HomeAssistant, flow: Result, power_sensor: Any, error: str
) -> None:
    """What cannot be the power sensor is refused, and shown as it was typed."""
    flow = await submit(hass, flow, {"power_sensor": power_sensor})

    assert flow["step_id"] == "device"
    assert flow["errors"] == {"power_sensor": error}
    assert suggested(flow) == {"power_sensor": str(power_sensor)}

    flow = await pick(hass, flow, BATTERY_POWER)
    assert await finish(hass, flow) == settings(BATTERY_POWER)


async def test_power_sensor_must_be_given(hass: HomeAssistant, flow: Result) -> None:
    """Without it there is no device."""
    with pytest.raises(InvalidData):
        await submit(hass, flow, {})

    flow = await pick(hass, flow, BATTERY_POWER)
    assert await finish(hass, flow) == settings(BATTERY_POWER)


@pytest.mark.parametrize("power_sensor", [BATTERY_POWER, f" {BATTERY_POWER} "])
async def test_typed_power_sensor(
    hass: HomeAssistant, flow: Result, power_sensor: Any
) -> None:
    """An id may be a number, and have spaces around it."""
    flow = await submit(hass, flow, {"power_sensor": power_sensor})

    assert await finish(hass, flow) == settings(BATTERY_POWER)


async def test_power_sensor_that_is_new(
    hass: HomeAssistant, fake_server: FakeServer, flow: Result
) -> None:
    """A sensor that came after the list was made can be typed, if its asset is known."""
    new = UNKNOWN_SENSOR
    fake_server.sensors[new] = fake_server.sensors[BATTERY_POWER] | {"id": new}

    flow = await pick(hass, flow, new)

    assert await finish(hass, flow) == settings(new)


async def test_power_sensor_of_an_unknown_asset(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Only sensors of assets that the account lists can be scheduled."""
    fake_server.answer("GET", "/api/v3_0/assets", json=[fake_server.assets[GARAGE]])
    flow = await start_device(hass, await add_account(hass))
    assert list(options(flow, "power_sensor").values()) == [str(GARAGE_POWER)]

    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert flow["errors"] == {"power_sensor": "sensor_of_another_account"}

    flow = await pick(hass, flow, GARAGE_POWER)
    assert "battery power (kW, id 10)" in options(flow, "rm_discharge_sensor")
    assert await finish(hass, flow) == settings(GARAGE_POWER, soc_unit="Wh")


SERVER_ERRORS: list[tuple[Json, str]] = [
    ({"exception": TimeoutError()}, "cannot_connect"),
    ({"status": 502, "text": HTML}, "server_error"),
    ({"status": 500, "json": INTERNAL_ERROR}, "server_error"),
    ({"status": 429, "json": RATE_LIMITED}, "rate_limited"),
    ({"text": HTML}, "not_flexmeasures"),
    ({"json": [{}]}, "not_flexmeasures"),
    ({"exception": RuntimeError("Boom")}, "unknown"),
]


@pytest.mark.parametrize(("answer", "error"), SERVER_ERRORS)
async def test_server_fails_at_the_power_sensor(
    hass: HomeAssistant,
    fake_server: FakeServer,
    flow: Result,
    answer: Json,
    error: str,
) -> None:
    """An outage while a typed id is looked up is shown above the form."""
    fake_server.answer("GET", f"{SENSORS_PATH}/*", **answer)
    typed = {"power_sensor": str(UNKNOWN_SENSOR)}
    flow = await submit(hass, flow, typed)

    assert flow["step_id"] == "device"
    assert flow["errors"] == {"base": error}
    assert suggested(flow) == typed

    fake_server.recover()
    flow = await pick(hass, flow, BATTERY_POWER)
    assert await finish(hass, flow) == settings(BATTERY_POWER)


# --- settings


@pytest.mark.parametrize(
    ("power_sensor", "defaults", "known"),
    [
        (
            BATTERY_POWER,
            {
                "consumption_price_sensor": str(PRICE),
                "production_price_sensor": str(FEED_IN),
                "soc_sensor": str(BATTERY_SOC),
                "send_level": True,
                "soc_unit": "kWh",
                "soc_min": 1.0,
                "soc_max": 10.0,
            },
            (
                "The server already knows: minimum state of charge 1 kWh, maximum state of "
                "charge 10 kWh, measured state of charge (battery SoC), power 5 kW, "
                "efficiency 90%, consumption price (day-ahead prices), production price "
                "(feed-in price), grid connection 17 kVA."
            ),
        ),
        (
            GARAGE_POWER,
            {
                "consumption_price_sensor": str(PRICE),
                "production_price_sensor": str(FEED_IN),
                "soc_sensor": str(GARAGE_SOC),
                "send_level": True,
                "soc_unit": "Wh",
                "soc_min": 500.0,
                "soc_max": 5000.0,
            },
            (
                "The server already knows: minimum state of charge 500 Wh, maximum state of "
                "charge 5000 Wh, measured state of charge (garage battery SoC), power "
                "2500 W, consumption price (day-ahead prices), production price (feed-in "
                "price), grid connection 17 kVA."
            ),
        ),
        (
            CABIN_POWER,
            {"soc_unit": "kWh"},
            "The server knows nothing about this device yet.",
        ),
    ],
    ids=["battery", "garage", "cabin"],
)
async def test_defaults(
    hass: HomeAssistant,
    flow: Result,
    power_sensor: int,
    defaults: Json,
    known: str,
) -> None:
    """What the server knows is shown, and is not stored, so that it stays in force."""
    flow = await pick(hass, flow, power_sensor)

    assert suggested_ids(flow) == {
        **DEFAULTS,
        **defaults,
        "schedule_duration": DAY,
        "update_interval": EVERY_HOUR,
        "automatic_scheduling": False,
    }
    assert flow["description_placeholders"]["server_settings"] == known
    assert await finish(hass, flow) == settings(
        power_sensor, soc_unit=defaults["soc_unit"]
    )


async def test_title(hass: HomeAssistant, flow: Result) -> None:
    """A device is named after its asset."""
    await finish(hass, await pick(hass, flow, GARAGE_POWER))

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert device_of(entry, GARAGE_POWER).title == "Garage battery"


async def test_choices_of_sensors(hass: HomeAssistant, flow: Result) -> None:
    """Each setting offers the sensors that have its unit, those of everybody too."""
    flow = await pick(hass, flow, BATTERY_POWER)

    prices = {str(PRICE), str(PRICE_15MIN), str(FEED_IN), str(DOLLAR_PRICE)}
    assert set(options(flow, "consumption_price_sensor").values()) == prices
    assert set(options(flow, "production_price_sensor").values()) == prices
    assert set(options(flow, "soc_sensor").values()) == {
        str(sensor) for sensor in (BATTERY_SOC, GARAGE_SOC, CABIN_SOC)
    }
    assert str(BATTERY_CHARGING) in options(flow, "rm_discharge_sensor").values()


@pytest.mark.parametrize("unit", ["kEUR/MWh", "EUR/GWh", "EUR/MJ"])
async def test_units_of_prices(
    hass: HomeAssistant, fake_server: FakeServer, unit: str
) -> None:
    """All that the server takes are offered, together with others of the same currency."""
    fake_server.sensors[PRICE_15MIN]["unit"] = unit
    flow = await start_account(hass)
    flow = await submit(hass, flow, ACCOUNT)
    flow = await pick(hass, flow, BATTERY_POWER)

    assert str(PRICE_15MIN) in options(flow, "consumption_price_sensor").values()
    assert str(PRICE_15MIN) not in options(flow, "fill_level_sensor").values()
    assert await finish(hass, flow, consumption_price_sensor=str(PRICE_15MIN)) == (
        settings(BATTERY_POWER, consumption_price_sensor=PRICE_15MIN)
    )


@pytest.mark.parametrize("number_of_id", [str, int, " {} ".format])
async def test_all_settings(
    hass: HomeAssistant, flow: Result, number_of_id: Any
) -> None:
    """What differs from the server's own settings is stored; ids may be numbers."""
    have_entities(
        hass,
        "sensor.battery_energy",
        "binary_sensor.charging",
        "climate.heat_pump",
        "binary_sensor.plug",
        "input_boolean.away",
    )
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(
        hass,
        flow,
        consumption_price_sensor=number_of_id(PRICE_15MIN),
        # What the server has anyway is not stored, however it is written.
        production_price_sensor=number_of_id(FEED_IN),
        soc_sensor=number_of_id(CABIN_SOC),
        rm_discharge_sensor=number_of_id(BATTERY_CHARGING),
        soc_unit="MWh",
        soc_min=0,
        soc_max=0.009,
        capacity=12,
        soc_entity="sensor.battery_energy",
        soc_max_age={"minutes": 5},
        schedule_duration={"hours": 36},
        update_interval={"minutes": 5, "seconds": 30},
        update_interval_charging={"minutes": 1},
        update_interval_climate={"days": 1},
        charging_entity="binary_sensor.charging",
        climate_entity="climate.heat_pump",
        automatic_scheduling=True,
        soc_deviation=0.001,
        trigger_entities=["binary_sensor.plug", "input_boolean.away"],
    ) == {
        "power_sensor": BATTERY_POWER,
        "consumption_price_sensor": PRICE_15MIN,
        "soc_sensor": CABIN_SOC,
        "rm_discharge_sensor": BATTERY_CHARGING,
        "soc_unit": "MWh",
        "soc_min": 0,
        "soc_max": 0.009,
        "capacity": 12,
        "soc_entity": "sensor.battery_energy",
        "soc_max_age": 300,
        "schedule_duration": 36 * HOUR,
        "update_interval": 330,
        "update_interval_charging": 60,
        "update_interval_climate": 24 * HOUR,
        "charging_entity": "binary_sensor.charging",
        "climate_entity": "climate.heat_pump",
        "automatic_scheduling": True,
        "soc_deviation": 0.001,
        "trigger_entities": ["binary_sensor.plug", "input_boolean.away"],
    }


async def test_cleared_defaults(hass: HomeAssistant, flow: Result) -> None:
    """A default that is cleared is the server's all the same."""
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(
        hass,
        flow,
        "consumption_price_sensor",
        "soc_sensor",
        "soc_min",
        "soc_max",
        production_price_sensor="",
        trigger_entities=[],
    ) == settings(BATTERY_POWER)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, {}),
        # The same amounts in the other unit, and amounts that were meant in it.
        ({"soc_min": 1000, "soc_max": 10000}, {}),
        ({"soc_min": 1500, "soc_max": 9000}, {"soc_min": 1500, "soc_max": 9000}),
        ({"soc_max": 9000}, {"soc_max": 9000}),
    ],
)
async def test_other_unit(
    hass: HomeAssistant, flow: Result, changes: Json, kept: Json
) -> None:
    """Limits that were left as they were shown do not change with the unit."""
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(hass, flow, soc_unit="Wh", **changes) == settings(
        BATTERY_POWER, soc_unit="Wh", **kept
    )


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        (
            {"consumption_price_sensor": price},
            {"prices": "not_a_consumption_price_sensor"},
        )
        for price in (
            "?",
            str(UNKNOWN_SENSOR),
            str(NEIGHBOUR_POWER),
            str(BATTERY_POWER),
        )
    ]
    + [
        (
            {"production_price_sensor": str(CABIN_SOC)},
            {"prices": "not_a_production_price_sensor"},
        ),
        (
            {"production_price_sensor": str(DOLLAR_PRICE)},
            {"prices": "currencies_differ"},
        ),
        (
            {"consumption_price_sensor": str(DOLLAR_PRICE)},
            {"prices": "currencies_differ"},
        ),
        (
            {"soc_sensor": str(PRICE)},
            {"state_of_charge": "not_a_state_of_charge_sensor"},
        ),
        ({"soc_sensor": "the battery's"}, {"state_of_charge": "not_a_sensor_id"}),
        ({"soc_sensor": str(UNKNOWN_SENSOR)}, {"state_of_charge": "sensor_not_found"}),
        (
            {"rm_discharge_sensor": str(BATTERY_SOC)},
            {"s2": "not_a_discharge_power_sensor"},
        ),
        (
            {"soc_min": 9, "soc_max": 8},
            {"state_of_charge": "soc_min_not_below_soc_max"},
        ),
        (
            {"soc_min": 8, "soc_max": 8},
            {"state_of_charge": "soc_min_not_below_soc_max"},
        ),
        ({"soc_min": 10}, {"state_of_charge": "soc_min_not_below_soc_max"}),
        ({"soc_max": 1}, {"state_of_charge": "soc_min_not_below_soc_max"}),
        ({"soc_unit": "%"}, {"state_of_charge": "capacity_required"}),
        ({"capacity": 0}, {"state_of_charge": "capacity_not_positive"}),
        (
            {"soc_unit": "%", "capacity": 10, "soc_max": 101},
            {"state_of_charge": "not_a_percentage"},
        ),
        (
            {"soc_unit": "%", "capacity": 10, "soc_min": 100.5, "soc_max": 100},
            {"state_of_charge": "not_a_percentage"},
        ),
        (
            {"soc_unit": "%", "capacity": 10, "soc_min": 80, "soc_max": 20},
            {"state_of_charge": "soc_min_not_below_soc_max"},
        ),
        ({"schedule_duration": "tomorrow"}, {"schedule": "not_a_duration"}),
        ({"schedule_duration": ""}, {"schedule": "not_a_duration"}),
        ({"schedule_duration": "P999999999999D"}, {"schedule": "not_a_duration"}),
        (
            {"schedule_duration": {"minutes": 14}},
            {"schedule": "schedule_duration_too_short"},
        ),
        ({"schedule_duration": "P400D"}, {"schedule": "schedule_duration_too_long"}),
        (
            {"schedule_duration": {"days": 7, "minutes": 1}},
            {"schedule": "schedule_duration_too_long"},
        ),
        (
            {"update_interval": {"days": 367}},
            {"schedule": "update_interval_too_long"},
        ),
        ({"soc_max_age": {"days": 367}}, {"new_schedules": "soc_max_age_too_long"}),
        (
            {"update_interval_charging": "P9999D"},
            {"busy": "update_interval_too_long"},
        ),
        ({"schedule_duration": "-PT1H"}, {"schedule": "schedule_duration_too_short"}),
        ({"schedule_duration": "PT0S"}, {"schedule": "schedule_duration_too_short"}),
        ({"update_interval": "sometimes"}, {"schedule": "not_a_duration"}),
        (
            {"update_interval": {"seconds": 59}},
            {"schedule": "update_interval_too_short"},
        ),
        (
            {"update_interval_charging": {"seconds": 59}},
            {"busy": "update_interval_too_short"},
        ),
        (
            {"update_interval_climate": {"seconds": 59}},
            {"busy": "update_interval_too_short"},
        ),
        (
            {"soc_max_age": {"seconds": 59}},
            {"new_schedules": "soc_max_age_too_short"},
        ),
        ({"soc_deviation": 0}, {"new_schedules": "soc_deviation_not_positive"}),
        (
            {
                "schedule_duration": "?",
                "update_interval": {"seconds": 1},
                "soc_sensor": "?",
                "soc_min": 11,
                "consumption_price_sensor": "?",
                "production_price_sensor": "?",
                "soc_deviation": 0,
                "update_interval_climate": "?",
                "rm_discharge_sensor": "?",
            },
            {
                "schedule": "not_a_duration",
                "state_of_charge": "not_a_sensor_id",
                "prices": "not_a_consumption_price_sensor",
                "new_schedules": "soc_deviation_not_positive",
                "busy": "not_a_duration",
                "s2": "not_a_discharge_power_sensor",
            },
        ),
    ],
)
async def test_wrong_settings(
    hass: HomeAssistant, flow: Result, changes: Json, errors: dict[str, str]
) -> None:
    """Each section that has something wrong says so, and shows it as it was typed."""
    flow = await pick(hass, flow, BATTERY_POWER)
    shown = suggested(flow)
    flow = await submit_settings(hass, flow, **changes)

    assert flow["step_id"] == "settings"
    assert flow["errors"] == errors
    assert open_sections(flow) == USUAL_SECTIONS | errors.keys()
    assert suggested(flow) == {**shown, **changes}

    new = changes.keys() - shown.keys()
    assert await finish(hass, flow, *new, **shown) == settings(BATTERY_POWER)


@pytest.mark.parametrize(
    ("resolution", "longest"),
    [("PT15M", 7 * 24 * HOUR), ("P0D", 7 * 24 * HOUR), ("PT1M", 42 * HOUR)],
)
async def test_longest_plan(
    hass: HomeAssistant, fake_server: FakeServer, resolution: str, longest: int
) -> None:
    """It depends on how many slots the server has to compute."""
    fake_server.sensors[BATTERY_POWER]["event_resolution"] = resolution
    flow = await submit(hass, await start_account(hass), ACCOUNT)
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(
        hass, flow, schedule_duration={"seconds": longest + 60}
    )
    assert flow["errors"] == {"schedule": "schedule_duration_too_long"}

    kept = await finish(hass, flow, schedule_duration={"seconds": longest})
    assert kept["schedule_duration"] == longest


@pytest.mark.parametrize(
    ("changes", "errors", "placeholders"),
    [
        (
            {"soc_entity": "sensor.gone"},
            {"state_of_charge": "soc_entity_not_found"},
            {"soc_entity": "sensor.gone"},
        ),
        (
            {"climate_entity": "climate.gone"},
            {"busy": "climate_entity_not_found"},
            {"climate_entity": "climate.gone"},
        ),
        (
            {"charging_entity": "switch.gone", "climate_entity": "climate.gone"},
            {"busy": "charging_entity_not_found"},
            {"charging_entity": "switch.gone"},
        ),
        (
            {"trigger_entities": ["sensor.a", "sensor.there", "sensor.disabled"]},
            {"new_schedules": "trigger_entities_not_found"},
            {"trigger_entities": "sensor.a, sensor.disabled"},
        ),
    ],
)
async def test_entities_that_do_not_exist(
    hass: HomeAssistant,
    flow: Result,
    changes: Json,
    errors: Json,
    placeholders: Json,
) -> None:
    """They are refused, by name; one that is just unavailable is not."""
    registry = er.async_get(hass)
    registry.async_get_or_create("sensor", "test", "1", suggested_object_id="there")
    registry.async_get_or_create(
        "sensor",
        "test",
        "2",
        suggested_object_id="disabled",
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow, **changes)

    assert flow["errors"] == errors
    assert placeholders.items() <= flow["description_placeholders"].items()

    refused = changes.keys() - {"trigger_entities"}
    kept = await finish(hass, flow, *refused, trigger_entities=["sensor.there"])
    assert kept == settings(BATTERY_POWER, trigger_entities=["sensor.there"])


async def test_entities_that_a_device_has_already(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """One that is gone, of which a repair tells, is no reason to change nothing else."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, climate_entity="climate.gone")),
    )
    flow = await start_change(hass, entry, device_of(entry, BATTERY_POWER))
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow, soc_min=3, charging_entity="switch.gone")
    assert flow["errors"] == {"busy": "charging_entity_not_found"}
    await submit_settings(hass, flow, "charging_entity")

    assert stored(hass) == settings(
        BATTERY_POWER, climate_entity="climate.gone", soc_min=3
    )


async def test_sections(hass: HomeAssistant, flow: Result) -> None:
    """What is usually set is seen at once, the rest a click away."""
    flow = await pick(hass, flow, BATTERY_POWER)

    assert list(sections(flow)) == [
        "schedule",
        "state_of_charge",
        "prices",
        "new_schedules",
        "busy",
        "s2",
    ]
    assert open_sections(flow) == USUAL_SECTIONS


@pytest.mark.parametrize(
    "cleared", [{"soc_max": 1}, {"soc_min": 10}], ids=["minimum", "maximum"]
)
async def test_limit_that_only_the_server_has(
    hass: HomeAssistant, flow: Result, cleared: Json
) -> None:
    """A limit is compared with the server's, also where that one was cleared."""
    flow = await pick(hass, flow, BATTERY_POWER)
    (given,) = cleared
    (other,) = {"soc_min", "soc_max"} - {given}
    flow = await submit_settings(hass, flow, other, **cleared)

    assert flow["errors"] == {"state_of_charge": "soc_min_not_below_soc_max"}

    assert await finish(hass, flow, **{given: 5}) == settings(
        BATTERY_POWER, **{given: 5}
    )


async def test_limits_without_any_on_the_server(
    hass: HomeAssistant, flow: Result
) -> None:
    """One limit alone is enough."""
    flow = await pick(hass, flow, CABIN_POWER)

    assert await finish(hass, flow, soc_min=3) == settings(CABIN_POWER, soc_min=3)


async def test_limits_in_percent(hass: HomeAssistant, flow: Result) -> None:
    """A limit may be a share of the capacity, which is stored with it."""
    flow = await pick(hass, flow, BATTERY_POWER)
    assert "capacity" not in suggested(flow)

    assert await finish(
        hass, flow, soc_unit="%", capacity=8, soc_min=20, soc_max=90
    ) == settings(BATTERY_POWER, soc_unit="%", capacity=8, soc_min=20, soc_max=90)


async def test_limits_of_the_server_in_percent(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The server's limits are shown as shares of a known capacity, and stay its own."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_unit="%", capacity=12.5)),
    )
    flow = await start_change(hass, entry, device_of(entry, BATTERY_POWER))
    flow = await pick(hass, flow, BATTERY_POWER)
    shown = suggested(flow)
    assert (shown["soc_min"], shown["soc_max"]) == (8, 80)

    flow = await submit_settings(hass, flow, capacity=20, soc_min=8)
    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(BATTERY_POWER, soc_unit="%", capacity=20)


@pytest.mark.parametrize("unit", ["%", "kWh", "Wh", "MWh"])
async def test_entity_with_the_state_of_charge(
    hass: HomeAssistant, flow: Result, unit: str
) -> None:
    """It can have any unit of energy, or % if the capacity is known."""
    hass.states.async_set("sensor.battery", "50", {"unit_of_measurement": unit})
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(
        hass, flow, soc_entity="sensor.battery", capacity=10
    ) == settings(BATTERY_POWER, soc_entity="sensor.battery", capacity=10)


@pytest.mark.parametrize("state", ["50", "unavailable"])
async def test_capacity_of_an_entity_in_percent(
    hass: HomeAssistant, flow: Result, state: str
) -> None:
    """A share of an unknown capacity says nothing."""
    hass.states.async_set("sensor.battery", state, {"unit_of_measurement": "%"})
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow, soc_entity="sensor.battery")
    assert flow["errors"] == {"state_of_charge": "capacity_required"}

    assert await finish(hass, flow, capacity=10) == settings(
        BATTERY_POWER, soc_entity="sensor.battery", capacity=10
    )


@pytest.mark.parametrize("attributes", [{}, {"unit_of_measurement": "°C"}])
async def test_entity_with_something_else(
    hass: HomeAssistant, flow: Result, attributes: Json
) -> None:
    """An entity that measures something else is refused once that can be seen."""
    hass.states.async_set("number.other", "50", attributes)
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow, soc_entity="number.other")
    assert flow["errors"] == {"state_of_charge": "not_a_state_of_charge_entity"}
    assert suggested(flow)["soc_entity"] == "number.other"

    assert await finish(hass, flow, "soc_entity") == settings(BATTERY_POWER)


@pytest.mark.parametrize("state", ["unavailable", "unknown"])
async def test_entity_that_says_nothing_yet(
    hass: HomeAssistant, flow: Result, state: str
) -> None:
    """An entity whose device is away can be chosen all the same."""
    hass.states.async_set("input_number.battery", state)
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(hass, flow, soc_entity="input_number.battery") == settings(
        BATTERY_POWER, soc_entity="input_number.battery"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"soc_min": -1},
        {"soc_max": -0.1},
        {"soc_unit": "kW"},
        {"schedule_duration": {"hours": -1}},
        {"update_interval": 60},
        {"soc_sensor": [BATTERY_SOC]},
        {"soc_deviation": -1},
        {"soc_entity": "light.battery"},
        {"charging_entity": "sensor"},
        {"climate_entity": "sensor.heat_pump"},
        {"trigger_entities": "binary_sensor.plug"},
    ],
)
async def test_settings_that_no_form_can_send(
    hass: HomeAssistant, flow: Result, changes: Json
) -> None:
    """Home Assistant itself refuses what the fields do not take."""
    flow = await pick(hass, flow, BATTERY_POWER)
    with pytest.raises(InvalidData) as refused:
        await submit_settings(hass, flow, **changes)

    (field,) = changes
    assert field in str(refused.value.schema_errors)
    assert await finish(hass, flow) == settings(BATTERY_POWER)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT6H", 6 * HOUR),
        (" P1DT12H ", 36 * HOUR),
        ("06:00:00", 6 * HOUR),
        ({"hours": 6}, 6 * HOUR),
        ({"days": 1, "minutes": 15}, 24.25 * HOUR),
        ("PT15M", HOUR / 4),
    ],
)
async def test_durations(
    hass: HomeAssistant, flow: Result, duration: Any, seconds: float
) -> None:
    """A duration may be given in fields or as a text."""
    flow = await pick(hass, flow, BATTERY_POWER)

    data = await finish(
        hass, flow, schedule_duration=duration, update_interval=duration
    )

    assert data["schedule_duration"] == seconds
    assert data["update_interval"] == seconds


async def test_duration_of_an_instantaneous_power_sensor(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Without a resolution any duration will do, but for none at all."""
    fake_server.sensors[BATTERY_POWER]["event_resolution"] = "P0D"
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow, schedule_duration={"hours": 0})
    assert flow["errors"] == {"schedule": "schedule_duration_too_short"}

    data = await finish(hass, flow, schedule_duration={"minutes": 1})
    assert data["schedule_duration"] == 60


@pytest.mark.parametrize(("answer", "error"), SERVER_ERRORS)
async def test_server_fails_at_the_settings(
    hass: HomeAssistant,
    fake_server: FakeServer,
    flow: Result,
    answer: Json,
    error: str,
) -> None:
    """An outage while a typed id is looked up keeps what was typed."""
    flow = await pick(hass, flow, BATTERY_POWER)
    fake_server.answer("GET", f"{SENSORS_PATH}/*", **answer)
    shown = suggested(flow)
    flow = await submit_settings(hass, flow, soc_sensor=str(UNKNOWN_SENSOR))

    assert flow["step_id"] == "settings"
    assert flow["errors"] == {"base": error}
    assert suggested(flow) == {**shown, "soc_sensor": str(UNKNOWN_SENSOR)}

    fake_server.recover()
    assert await finish(hass, flow, **shown) == settings(BATTERY_POWER)


@pytest.mark.parametrize(
    ("flex_model", "shown"),
    [
        ({"soc_min": "1e3 Wh", "soc_max": 10}, {"soc_unit": "kWh"}),
        ({"soc_min": "10%"}, {"soc_unit": "kWh"}),
        ({"soc_max": {"sensor": 11}}, {"soc_unit": "kWh"}),
        ({"soc_min": "0.5MWh"}, {"soc_unit": "MWh", "soc_min": 0.5}),
        (
            {"soc_min": "500 Wh", "soc_max": "0.005 MWh"},
            {"soc_unit": "MWh", "soc_min": 0.0005, "soc_max": 0.005},
        ),
        ({"state_of_charge": "4 kWh"}, {"soc_unit": "kWh"}),
        (
            {"state_of_charge": {"sensor": 999}},
            {"soc_unit": "kWh", "soc_sensor": "999"},
        ),
    ],
)
async def test_defaults_in_other_forms(
    hass: HomeAssistant, fake_server: FakeServer, flex_model: Json, shown: Json
) -> None:
    """A setting of the server that the form cannot show stays in force all the same."""
    fake_server.set_flex_model(BATTERY, **flex_model)
    fake_server.set_flex_context(HOUSE)
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    others = {
        "schedule_duration",
        "update_interval",
        "automatic_scheduling",
        "send_level",
        *DEFAULTS,
    }
    form = suggested(flow)
    assert {key: form[key] for key in form.keys() - others} == shown
    assert await finish(hass, flow) == settings(
        BATTERY_POWER, soc_unit=shown["soc_unit"]
    )


async def test_sensor_that_is_not_listed(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """What the server knows is described as well as can be."""
    fake_server.set_flex_model(
        BATTERY,
        state_of_charge={"sensor": 999},
        soc_max=10,
        power_capacity=[{"value": "5 kW", "start": "2026-11-22", "duration": "P1D"}],
        prefer_charging_sooner=True,
    )
    fake_server.set_flex_context(HOUSE)
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    assert flow["description_placeholders"]["server_settings"] == (
        "The server already knows: maximum state of charge 10, measured state of "
        "charge, power."
    )


async def test_what_the_server_knows_in_the_users_language(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The sentence is one of Home Assistant's language."""
    hass.config.language = "nl"
    fake_server.set_flex_model(BATTERY, power_capacity="5 kW")
    fake_server.set_flex_context(HOUSE)
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    assert (
        flow["description_placeholders"]["server_settings"]
        == "De server weet al: vermogen 5 kW."
    )


# --- devices of an account


async def test_add_another_device(
    hass: HomeAssistant, fake_server: FakeServer, battery: MockConfigEntry
) -> None:
    """A second device works beside the first one, without a restart."""
    flow = await start_device(hass, battery)
    assert str(BATTERY_POWER) not in options(flow, "power_sensor").values()
    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert flow["errors"] == {"power_sensor": "sensor_already_used"}
    flow = await pick(hass, flow, GARAGE_POWER)
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY

    garage = device_of(battery, GARAGE_POWER)
    assert garage.title == "Garage battery"
    assert dict(garage.data) == settings(GARAGE_POWER, soc_unit="Wh")
    assert battery.state is ConfigEntryState.LOADED
    assert battery.runtime_data.coordinators.keys() == battery.subentries.keys()


async def test_two_devices_of_an_asset(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """The second one has the name of its sensor too."""
    flow = await pick(hass, await start_device(hass, battery), BATTERY_CHARGING)
    await submit_settings(hass, flow)

    title = device_of(battery, BATTERY_CHARGING).title
    assert title == "Home battery: battery charging"


async def test_no_power_sensor_left(
    hass: HomeAssistant, fake_server: FakeServer, battery: MockConfigEntry
) -> None:
    """When all power sensors are devices, there is none to add."""
    for sensor_id in (BATTERY_CHARGING, GARAGE_POWER, CABIN_POWER, CONSUMPTION):
        del fake_server.sensors[sensor_id]

    flow = await start_device(hass, battery)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "no_power_sensors"


async def test_same_device_in_two_flows(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """A device is added once."""
    first = await pick(hass, await start_device(hass, battery), GARAGE_POWER)
    second = await pick(hass, await start_device(hass, battery), GARAGE_POWER)
    await submit_settings(hass, first)
    flow = await submit_settings(hass, second)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"
    assert len(battery.subentries) == 2


async def test_change_device(hass: HomeAssistant, battery: MockConfigEntry) -> None:
    """The present settings are shown, and what is changed is in force at once."""
    present = device_of(battery, BATTERY_POWER)
    flow = await start_change(hass, battery, present)
    assert suggested_ids(flow) == {"power_sensor": str(BATTERY_POWER)}
    flow = await pick(hass, flow, BATTERY_POWER)
    assert suggested_ids(flow) == {
        **DEFAULTS,
        "consumption_price_sensor": str(PRICE_15MIN),
        "production_price_sensor": str(FEED_IN),
        "soc_sensor": str(BATTERY_SOC),
        "send_level": True,
        "rm_discharge_sensor": str(BATTERY_CHARGING),
        "soc_unit": "kWh",
        "soc_min": 2.0,
        "soc_max": 10.0,
        "schedule_duration": {"days": 0, "hours": 12, "minutes": 0, "seconds": 0},
        "update_interval": EVERY_HOUR,
        "automatic_scheduling": True,
    }

    flow = await submit_settings(
        hass,
        flow,
        "consumption_price_sensor",
        "rm_discharge_sensor",
        soc_min=3,
        update_interval={"minutes": 30},
        automatic_scheduling=False,
    )

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(
        BATTERY_POWER, soc_min=3, schedule_duration=12 * HOUR, update_interval=HOUR / 2
    )
    assert device_of(battery, BATTERY_POWER).subentry_id == present.subentry_id
    (coordinator,) = battery.runtime_data.coordinators.values()
    assert coordinator.settings.soc_min == 3


async def test_change_nothing(hass: HomeAssistant, battery: MockConfigEntry) -> None:
    """Going through the forms alone changes nothing."""
    before = stored(hass)
    flow = await start_change(hass, battery, device_of(battery, BATTERY_POWER))
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow)

    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == before


@pytest.mark.parametrize("soc_min", [2, 1])
async def test_change_the_unit_of_own_limits(
    hass: HomeAssistant, battery: MockConfigEntry, soc_min: int
) -> None:
    """A limit of one's own is a number of the unit; one that the server has is not."""
    flow = await start_change(hass, battery, device_of(battery, BATTERY_POWER))
    flow = await pick(hass, flow, BATTERY_POWER)
    await submit_settings(hass, flow, soc_unit="Wh", soc_min=soc_min)

    data = stored(hass)
    assert data["soc_unit"] == "Wh"
    assert data["soc_min"] == soc_min
    assert "soc_max" not in data


async def test_change_the_power_sensor(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """Another asset has its own name, sensors and limits; how to plan stays."""
    before = device_of(battery, BATTERY_POWER)
    flow = await start_change(hass, battery, before)
    flow = await pick(hass, flow, GARAGE_POWER)
    assert suggested_ids(flow) == {
        **DEFAULTS,
        "consumption_price_sensor": str(PRICE),
        "production_price_sensor": str(FEED_IN),
        "soc_sensor": str(GARAGE_SOC),
        "send_level": True,
        "soc_unit": "kWh",
        "soc_min": 0.5,
        "soc_max": 5.0,
        "schedule_duration": {"days": 0, "hours": 12, "minutes": 0, "seconds": 0},
        "update_interval": EVERY_HOUR,
        "automatic_scheduling": True,
    }

    flow = await submit_settings(hass, flow)

    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(
        GARAGE_POWER, schedule_duration=12 * HOUR, automatic_scheduling=True
    )
    garage = device_of(battery, GARAGE_POWER)
    assert garage.subentry_id == before.subentry_id
    assert garage.title == "Garage battery"


async def test_change_the_power_sensor_of_a_device_with_entities(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Entities, the capacity and what is in % belong to the former device."""
    entry = await add_account(
        hass,
        device(
            "Home battery",
            settings(
                BATTERY_POWER,
                soc_unit="%",
                soc_min=10,
                capacity=10,
                soc_entity="sensor.battery",
                soc_max_age=60,
                soc_deviation=5,
                charging_entity="sensor.charger",
                climate_entity="climate.heat_pump",
                trigger_entities=["binary_sensor.plug"],
                update_interval_charging=60,
            ),
        ),
    )
    flow = await start_change(hass, entry, device_of(entry, BATTERY_POWER))
    flow = await pick(hass, flow, GARAGE_POWER)
    flow = await submit_settings(hass, flow)

    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(
        GARAGE_POWER, soc_unit="Wh", update_interval_charging=60
    )


async def test_change_to_another_power_sensor_of_the_asset(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """A device that stays the only one of its asset keeps that name."""
    flow = await start_change(hass, battery, device_of(battery, BATTERY_POWER))
    flow = await pick(hass, flow, BATTERY_CHARGING)
    await submit_settings(hass, flow)

    assert device_of(battery, BATTERY_CHARGING).title == "Home battery"


async def test_change_to_the_power_sensor_of_another_device(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Two devices cannot have the same power sensor."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER)),
        device("Garage battery", settings(GARAGE_POWER)),
    )
    flow = await start_change(hass, entry, device_of(entry, BATTERY_POWER))
    flow = await submit(hass, flow, {"power_sensor": str(GARAGE_POWER)})
    assert flow["errors"] == {"power_sensor": "sensor_already_used"}

    flow = await pick(hass, flow, CABIN_POWER)
    flow = await submit_settings(hass, flow)
    assert flow["reason"] == "reconfigure_successful"
    assert device_of(entry, CABIN_POWER).title == "Cabin battery"
    assert device_of(entry, GARAGE_POWER).title == "Garage battery"


async def test_change_keeps_the_name_of_a_device(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """A name that the user gave to the device stays."""
    present = device_of(battery, BATTERY_POWER)
    hass.config_entries.async_update_subentry(battery, present, title="Powerwall")
    await hass.async_block_till_done()
    flow = await start_change(hass, battery, present)
    flow = await pick(hass, flow, BATTERY_POWER)
    await submit_settings(hass, flow, soc_min=3)

    assert device_of(battery, BATTERY_POWER).title == "Powerwall"


async def test_remove_device(hass: HomeAssistant, battery: MockConfigEntry) -> None:
    """An account without devices stays, and can have the device again."""
    hass.config_entries.async_remove_subentry(
        battery, device_of(battery, BATTERY_POWER).subentry_id
    )
    await hass.async_block_till_done()
    assert battery.state is ConfigEntryState.LOADED
    assert hass.states.async_all() == []

    flow = await pick(hass, await start_device(hass, battery), BATTERY_POWER)
    assert await finish(hass, flow) == settings(BATTERY_POWER)


async def test_account_is_not_loaded(
    hass: HomeAssistant, fake_server: FakeServer, battery: MockConfigEntry
) -> None:
    """A device can also be added while the account starts over with another one."""
    await hass.config_entries.async_unload(battery.entry_id)

    flow = await pick(hass, await start_device(hass, battery), GARAGE_POWER)
    flow = await submit_settings(hass, flow)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert device_of(battery, GARAGE_POWER).title == "Garage battery"


async def test_limits_that_the_server_contradicts(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """What the user has not touched is not the user's to mend."""
    fake_server.set_flex_model(BATTERY, soc_min="20 kWh", soc_max="10 kWh")
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(hass, flow) == settings(BATTERY_POWER)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *SERVER_ERRORS,
        ({"status": 403, "json": {"message": "No access."}}, "not_permitted"),
        ({"status": 404, "json": {"message": "No such path."}}, "not_found"),
        ({"status": 422, "json": {"message": "No such field."}}, "rejected"),
    ],
)
async def test_server_is_away(
    hass: HomeAssistant,
    fake_server: FakeServer,
    battery: MockConfigEntry,
    answer: Json,
    error: str,
) -> None:
    """Without the server there is nothing to choose from; the flow says why."""
    fake_server.answer("GET", SENSORS_PATH, **answer)

    for flow in (
        await start_device(hass, battery),
        await start_change(hass, battery, device_of(battery, BATTERY_POWER)),
    ):
        assert flow["type"] is FlowResultType.ABORT
        assert flow["reason"] == error

    fake_server.recover()
    flow = await pick(hass, await start_device(hass, battery), GARAGE_POWER)
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("status", "error"), [(401, "wrong_password"), (404, "unknown_user")]
)
async def test_login_is_refused(
    hass: HomeAssistant,
    fake_server: FakeServer,
    battery: MockConfigEntry,
    status: int,
    error: str,
) -> None:
    """A login that no longer holds is told as such."""
    fake_server.tokens.clear()
    fake_server.answer(
        "POST", "/api/requestAuthToken", status=status, json={"errors": ["No."]}
    )

    flow = await start_device(hass, battery)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == error
