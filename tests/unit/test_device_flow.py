"""The steps that set up a device, and the screens that its settings are on."""

import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.api.models import NO_DEVICE
from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.const import EntityCategory
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
    StoredSchedule,
    ids_by_name,
)
from .flows import (
    ACCOUNT,
    FACTS,
    SCREENS,
    Json,
    Result,
    change_settings,
    device_of,
    fields,
    have_entities,
    open_screen,
    said,
    screen_of,
    sections,
    start_change,
    start_device,
    submit,
    submit_settings,
    suggested,
)
from .home import HOUR as HOUR_LONG, SLOT, Home, device as home_device

pytestmark = pytest.mark.usefixtures("no_secret_logged")

SENSORS_PATH = "/api/v3_0/sensors"
HOUR = 3600
EVERY_HOUR = {"hours": 1, "minutes": 0, "seconds": 0}
# What the screens show where no setting was made.
DEFAULTS: Json = {
    "soc_max_age": EVERY_HOUR,
    "schedule_duration": {"hours": 24, "minutes": 0, "seconds": 0},
    "update_interval": EVERY_HOUR,
    "update_interval_charging": {"hours": 0, "minutes": 15, "seconds": 0},
    "update_interval_climate": {"hours": 0, "minutes": 5, "seconds": 0},
    "automatic_scheduling": False,
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


def added(power_sensor: int, **changes: Any) -> Json:
    """The same for one that was just added."""
    return settings(power_sensor, **{"automatic_scheduling": True, **changes})


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


@pytest.fixture
async def flow(hass: HomeAssistant, fake_server: FakeServer) -> Result:
    """The form that asks for the power sensor."""
    form = await start_device(hass, await add_account(hass))
    assert form["step_id"] == "device"
    assert form["errors"] == {}
    assert suggested(form) == {}
    return form


@pytest.fixture
async def plain(hass: HomeAssistant, fake_server: FakeServer) -> MockConfigEntry:
    """An account with the home battery, for which everything is left to the server."""
    return await add_account(hass, device("Home battery", settings(BATTERY_POWER)))


async def pick(hass: HomeAssistant, flow: Result, power_sensor: int) -> Result:
    """Go on from the form of the power sensor to what is asked of a new device."""
    form = await submit(hass, flow, {"power_sensor": str(power_sensor)})
    assert form["step_id"] == "facts"
    assert form["errors"] == {}
    return form


async def screen(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    name: str,
    power_sensor: int = BATTERY_POWER,
) -> Result:
    """Go to a screen of the device's settings."""
    return await open_screen(hass, entry, device_of(entry, power_sensor), name)


async def everything_shown(
    hass: HomeAssistant, entry: MockConfigEntry, power_sensor: int = BATTERY_POWER
) -> Json:
    """What all screens that a device has show."""
    menu = await start_change(hass, entry, device_of(entry, power_sensor))
    values: Json = {}
    for name in menu["menu_options"]:
        if name not in ("power_sensor", "follower"):
            values |= suggested_ids(await screen(hass, entry, name, power_sensor))
    return values


async def finish(
    hass: HomeAssistant, flow: Result, *cleared: str, **changes: Any
) -> Json:
    """Go on from those facts to the device; returns what is stored of it."""
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
    """The choices of a field, with the id of each of them."""
    choices = fields(flow)[field].config["options"]
    return {choice: id_of(choice) for choice in choices}


def id_of(choice: str) -> str:
    """The id of a sensor that lists call so, as it could be typed."""
    match = re.fullmatch(r"(?:[^:]+: )?(.+) \(.+\)", choice)
    assert match, choice
    return str(ids_by_name()[match[1]])


def suggested_ids(flow: Result) -> Json:
    """What a form shows, with the ids of its sensors."""
    return {
        field: id_of(value) if field.endswith("_sensor") else value
        for field, value in suggested(flow).items()
    }


# --- power sensor


async def test_choice_of_power_sensors(
    hass: HomeAssistant, fake_server: FakeServer, flow: Result
) -> None:
    """Those of the account itself can be picked, by name and unit, that can be planned.

    First those of assets that have a flex-model, since these are devices. The power of
    a whole site is none, also of a home that was made here, whose flex-model says so.
    """
    choices = [
        "Garage battery: garage battery power (W)",
        "Home battery: battery charging (kW)",
        "Home battery: battery power (kW)",
        "Cabin battery: cabin battery power (MW)",
    ]
    assert list(options(flow, "power_sensor")) == choices

    fake_server.assets[HOUSE]["flex_model"] = NO_DEVICE
    flow = await start_device(hass, await add_account(hass))
    assert list(options(flow, "power_sensor")) == choices


async def test_sensors_that_are_called_the_same(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Their numbers tell them apart, and no others."""
    fake_server.sensors[BATTERY_CHARGING]["name"] = "battery power"
    flow = await start_device(hass, await add_account(hass))
    choice = f"Home battery: battery power (kW, id {BATTERY_CHARGING})"
    assert fields(flow)["power_sensor"].config["options"] == [
        "Garage battery: garage battery power (W)",
        f"Home battery: battery power (kW, id {BATTERY_POWER})",
        choice,
        "Cabin battery: cabin battery power (MW)",
    ]

    await finish(hass, await submit(hass, flow, {"power_sensor": choice}))

    assert stored(hass)["power_sensor"] == BATTERY_CHARGING


@pytest.mark.parametrize(
    "model",
    [
        {"soc_usage": [{"sensor": BATTERY_CHARGING}]},
        {"production_capacity": {"sensor": BATTERY_CHARGING}},
    ],
    ids=["demand", "forecast"],
)
async def test_what_schedules_are_made_from(
    hass: HomeAssistant, fake_server: FakeServer, model: Json
) -> None:
    """What the server only reads for a device is not offered; what it writes to is."""
    fake_server.set_flex_model(BATTERY, **model, consumption={"sensor": BATTERY_POWER})
    flow = await start_device(hass, await add_account(hass))

    offered = options(flow, "power_sensor").values()
    assert str(BATTERY_CHARGING) not in offered
    assert str(BATTERY_POWER) in offered


@pytest.mark.parametrize(
    "listed", [[CABIN_POWER], [{"sensor": CABIN_POWER}]], ids=["plain", "object"]
)
async def test_what_a_site_lists_as_inflexible(
    hass: HomeAssistant, fake_server: FakeServer, listed: Any
) -> None:
    """It is not offered, and can be typed all the same."""
    fake_server.set_flex_context(HOUSE, inflexible_consumption=listed)
    flow = await start_device(hass, await add_account(hass))
    assert str(CABIN_POWER) not in options(flow, "power_sensor").values()

    flow = await pick(hass, flow, CABIN_POWER)
    assert await finish(hass, flow) == added(CABIN_POWER)


async def test_instantaneous_power_sensor(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The server cannot plan one, which is said; a device that has one keeps it."""
    fake_server.sensors[GARAGE_POWER]["event_resolution"] = "P0D"
    entry = await add_account(
        hass, device("Garage battery", settings(GARAGE_POWER, soc_unit="Wh"))
    )
    fake_server.sensors[CABIN_POWER]["event_resolution"] = "P0D"
    flow = await start_device(hass, entry)
    assert str(CABIN_POWER) not in options(flow, "power_sensor").values()

    flow = await submit(hass, flow, {"power_sensor": str(CABIN_POWER)})
    assert flow["errors"] == {"power_sensor": "instantaneous_power_sensor"}

    await change_settings(hass, entry, GARAGE_POWER, schedule_duration={"minutes": 1})
    assert stored(hass)["schedule_duration"] == 60


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
    assert await finish(hass, flow) == added(BATTERY_POWER)


async def test_power_sensor_must_be_given(hass: HomeAssistant, flow: Result) -> None:
    """Without it there is no device."""
    with pytest.raises(InvalidData):
        await submit(hass, flow, {})

    flow = await pick(hass, flow, BATTERY_POWER)
    assert await finish(hass, flow) == added(BATTERY_POWER)


@pytest.mark.parametrize("power_sensor", [BATTERY_POWER, f" {BATTERY_POWER} "])
async def test_typed_power_sensor(
    hass: HomeAssistant, flow: Result, power_sensor: Any
) -> None:
    """An id may be a number, and have spaces around it."""
    flow = await submit(hass, flow, {"power_sensor": power_sensor})

    assert await finish(hass, flow) == added(BATTERY_POWER)


async def test_power_sensor_that_is_new(
    hass: HomeAssistant, fake_server: FakeServer, flow: Result
) -> None:
    """A sensor that came after the list was made can be typed, if its asset is known."""
    new = UNKNOWN_SENSOR
    fake_server.sensors[new] = fake_server.sensors[BATTERY_POWER] | {"id": new}

    flow = await pick(hass, flow, new)

    assert await finish(hass, flow) == added(new)


async def test_power_sensor_of_an_unknown_asset(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Only sensors of assets that the account lists can be scheduled."""
    fake_server.answer("GET", "/api/v3_0/assets", json=[fake_server.assets[GARAGE]])
    entry = await add_account(hass)
    flow = await start_device(hass, entry)
    assert list(options(flow, "power_sensor").values()) == [str(GARAGE_POWER)]

    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert flow["errors"] == {"power_sensor": "sensor_of_another_account"}

    flow = await pick(hass, flow, GARAGE_POWER)
    assert await finish(hass, flow) == added(GARAGE_POWER, soc_unit="Wh")
    fake_server.recover()


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
    assert await finish(hass, flow) == added(BATTERY_POWER)


# --- what is asked of a new device


@pytest.mark.parametrize(
    ("power_sensor", "defaults", "unit", "known"),
    [
        (
            BATTERY_POWER,
            {"soc_min": 1.0, "soc_max": 10.0},
            "kWh",
            (
                "FlexMeasures knows: 10 kWh, 5 kW, efficiency 90 %, day-ahead prices, "
                "feed-in price, grid connection 17 kVA."
            ),
        ),
        (
            GARAGE_POWER,
            {"soc_min": 500.0, "soc_max": 5000.0},
            "Wh",
            (
                "FlexMeasures knows: 5 kWh, 2.5 kW, day-ahead prices, feed-in price, "
                "grid connection 17 kVA."
            ),
        ),
        (
            CABIN_POWER,
            {},
            "kWh",
            "FlexMeasures knows nothing about this device yet.",
        ),
    ],
    ids=["battery", "garage", "cabin"],
)
async def test_facts(
    hass: HomeAssistant,
    flow: Result,
    power_sensor: int,
    defaults: Json,
    unit: str,
    known: str,
) -> None:
    """What the server knows is shown, and is not stored, so that it stays in force."""
    flow = await pick(hass, flow, power_sensor)

    assert list(fields(flow)) == list(FACTS)
    assert suggested(flow) == {**defaults, "automatic_scheduling": True}
    assert fields(flow)["soc_max"].config["unit_of_measurement"] == unit
    assert said(flow)["known"] == known
    assert await finish(hass, flow) == added(power_sensor, soc_unit=unit)


async def test_title(hass: HomeAssistant, flow: Result) -> None:
    """A device is named after its asset."""
    flow = await pick(hass, flow, GARAGE_POWER)
    assert said(flow)["device"] == "Garage battery"
    await finish(hass, flow)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert device_of(entry, GARAGE_POWER).title == "Garage battery"


@pytest.mark.parametrize("capacity", [12, 10])
async def test_facts_that_were_changed(
    hass: HomeAssistant, flow: Result, capacity: float
) -> None:
    """What is not the server's own is stored, and a capacity that was entered."""
    hass.states.async_set("sensor.battery", "5", {"unit_of_measurement": "kWh"})
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(
        hass,
        flow,
        soc_entity="sensor.battery",
        capacity=capacity,
        soc_min=2,
        soc_max=9,
        automatic_scheduling=False,
    ) == settings(
        BATTERY_POWER,
        soc_entity="sensor.battery",
        capacity=capacity,
        soc_min=2,
        soc_max=9,
    )


async def test_cleared_facts(hass: HomeAssistant, flow: Result) -> None:
    """A default that is cleared is the server's all the same."""
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(hass, flow, "soc_min", "soc_max") == added(BATTERY_POWER)


@pytest.mark.parametrize(
    ("unit", "amounts", "kept"),
    [
        ("%", {"capacity": 8}, {"soc_unit": "%", "capacity": 8}),
        ("Wh", {}, {"soc_unit": "Wh"}),
        # These were shown, and are, in kWh.
        ("%", {"capacity": 8, "soc_min": 2}, {"capacity": 8, "soc_min": 2}),
        ("hPa", {}, None),
    ],
)
async def test_unit_from_the_entity(
    hass: HomeAssistant, flow: Result, unit: str, amounts: Json, kept: Json | None
) -> None:
    """Where the server has no unit, and nothing was entered in another one."""
    hass.states.async_set("sensor.battery", "50", {"unit_of_measurement": unit})
    flow = await pick(hass, flow, CABIN_POWER)
    if kept is None:
        flow = await submit_settings(hass, flow, soc_entity="sensor.battery")
        assert flow["errors"] == {"soc_entity": "not_a_state_of_charge_entity"}
        return

    assert await finish(hass, flow, soc_entity="sensor.battery", **amounts) == added(
        CABIN_POWER, soc_entity="sensor.battery", **kept
    )


@pytest.mark.parametrize(
    ("changes", "errors", "placeholders"),
    [
        (
            {"soc_min": 9, "soc_max": 8},
            {"soc_min": "soc_min_not_below_soc_max"},
            {"limit": "8 kWh"},
        ),
        (
            {"soc_min": 10},
            {"soc_min": "soc_min_not_below_soc_max"},
            {"limit": "10 kWh"},
        ),
        ({"soc_min": -1}, {"soc_min": "amount_negative"}, {}),
        ({"soc_max": -0.1}, {"soc_max": "amount_negative"}, {}),
        (
            {"soc_max": 95},
            {"soc_max": "above_server_capacity"},
            {"capacity": "10 kWh"},
        ),
        (
            {"capacity": 10, "soc_max": 10.5},
            {"soc_max": "above_capacity"},
            {"capacity": "10 kWh"},
        ),
        (
            {"capacity": 8.5, "soc_min": 9, "soc_max": 10},
            {"soc_min": "above_capacity"},
            {"capacity": "8.5 kWh"},
        ),
        ({"capacity": 0}, {"capacity": "capacity_not_positive"}, {}),
        (
            {"soc_entity": "sensor.gone"},
            {"soc_entity": "entity_not_found"},
            {"entities": "sensor.gone"},
        ),
    ],
)
async def test_wrong_facts(
    hass: HomeAssistant,
    flow: Result,
    changes: Json,
    errors: Json,
    placeholders: Json,
) -> None:
    """Each is said at its field, which shows what was typed."""
    flow = await pick(hass, flow, BATTERY_POWER)
    shown = suggested(flow)
    flow = await submit_settings(hass, flow, **changes)

    assert flow["step_id"] == "facts"
    assert flow["errors"] == errors
    assert placeholders.items() <= said(flow).items()
    assert suggested(flow) == {**shown, **changes}

    new = changes.keys() - shown.keys()
    assert await finish(hass, flow, *new, **shown) == added(BATTERY_POWER)


@pytest.mark.parametrize(
    ("state", "unit", "capacity", "says", "holds"),
    [
        ("95", "kWh", 10, "95 kWh", "10 kWh"),
        ("255", "%", 10, "255 %", "10 kWh"),
        ("12.5", "kWh", None, "12.5 kWh", "10 kWh"),
    ],
)
async def test_entity_that_shows_too_much(
    hass: HomeAssistant,
    flow: Result,
    state: str,
    unit: str,
    capacity: float | None,
    says: str,
    holds: str,
) -> None:
    """What cannot be is said with its value, whoever knows the capacity."""
    hass.states.async_set("sensor.battery", state, {"unit_of_measurement": unit})
    flow = await pick(hass, flow, BATTERY_POWER)
    entered = {} if capacity is None else {"capacity": capacity}
    flow = await submit_settings(hass, flow, soc_entity="sensor.battery", **entered)
    assert flow["errors"] == {"soc_entity": "soc_entity_implausible"}
    assert said(flow)["shown"] == says
    assert said(flow)["capacity"] == holds

    hass.states.async_set("sensor.battery", "9", {"unit_of_measurement": unit})
    kept = await finish(hass, flow)
    assert kept["soc_entity"] == "sensor.battery"


async def test_value_that_is_no_number(hass: HomeAssistant, flow: Result) -> None:
    """It is none that cannot be."""
    hass.states.async_set("sensor.battery", "full", {"unit_of_measurement": "kWh"})
    flow = await pick(hass, flow, BATTERY_POWER)

    kept = await finish(hass, flow, soc_entity="sensor.battery")
    assert kept["soc_entity"] == "sensor.battery"


@pytest.mark.parametrize("unit", ["%", "kWh", "Wh", "MWh"])
async def test_entity_with_the_state_of_charge(
    hass: HomeAssistant, flow: Result, unit: str
) -> None:
    """It can have any unit of energy; a capacity of the server is kept where it is needed."""
    hass.states.async_set("sensor.battery", "0.005", {"unit_of_measurement": unit})
    flow = await pick(hass, flow, BATTERY_POWER)

    kept = {"capacity": 10} if unit == "%" else {}
    assert await finish(hass, flow, soc_entity="sensor.battery") == added(
        BATTERY_POWER, soc_entity="sensor.battery", **kept
    )


@pytest.mark.parametrize("state", ["50", "unavailable"])
async def test_capacity_of_an_entity_in_percent(
    hass: HomeAssistant, flow: Result, state: str
) -> None:
    """A share of an unknown capacity says nothing."""
    hass.states.async_set("sensor.battery", state, {"unit_of_measurement": "%"})
    flow = await pick(hass, flow, CABIN_POWER)
    flow = await submit_settings(hass, flow, soc_entity="sensor.battery")
    assert flow["errors"] == {"capacity": "capacity_required"}

    assert await finish(hass, flow, capacity=10) == added(
        CABIN_POWER, soc_entity="sensor.battery", capacity=10, soc_unit="%"
    )


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({}, "50"),
        ({"unit_of_measurement": "hPa"}, "50 hPa"),
        ({"unit_of_measurement": "°C", "device_class": "battery"}, "50 °C"),
        ({"unit_of_measurement": "%", "device_class": "humidity"}, "50 %"),
        ({"unit_of_measurement": "%", "device_class": "moisture"}, "50 %"),
        ({"unit_of_measurement": "%", "device_class": "power_factor"}, "50 %"),
    ],
)
async def test_entity_with_something_else(
    hass: HomeAssistant, flow: Result, attributes: Json, says: str
) -> None:
    """An entity that measures something else is refused, with its value."""
    hass.states.async_set("number.other", "50", attributes)
    flow = await pick(hass, flow, BATTERY_POWER)
    flow = await submit_settings(hass, flow, soc_entity="number.other")
    assert flow["errors"] == {"soc_entity": "not_a_state_of_charge_entity"}
    assert said(flow)["shown"] == says
    assert suggested(flow)["soc_entity"] == "number.other"

    assert await finish(hass, flow, "soc_entity") == added(BATTERY_POWER)


@pytest.mark.parametrize("state", ["unavailable", "unknown"])
async def test_entity_that_says_nothing_yet(
    hass: HomeAssistant, flow: Result, state: str
) -> None:
    """An entity whose device is away can be chosen all the same."""
    hass.states.async_set("input_number.battery", state)
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(hass, flow, soc_entity="input_number.battery") == added(
        BATTERY_POWER, soc_entity="input_number.battery"
    )


async def test_entities_that_are_offered(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Batteries, stores and tanks, not humidity, counters, phones or batteries of sensors."""
    registry = er.async_get(hass)
    for name, platform, category in (
        ("phone", "mobile_app", None),
        ("thermometer", "test", EntityCategory.DIAGNOSTIC),
        ("chip", "test", EntityCategory.DIAGNOSTIC),
        ("car", "test", None),
    ):
        registry.async_get_or_create(
            "sensor",
            platform,
            name,
            suggested_object_id=name,
            entity_category=category,
        )
    for entity_id, unit, device_class, state_class in (
        ("sensor.phone", "%", "battery", None),
        ("sensor.thermometer", "%", "battery", None),
        ("sensor.car", "%", "battery", None),
        ("sensor.store", "kWh", "energy_storage", None),
        ("sensor.own", "%", None, None),
        ("number.own", "Wh", None, None),
        ("sensor.meter", "kWh", "energy", "total_increasing"),
        ("sensor.left", "kWh", "energy", "total"),
        ("sensor.bathroom", "%", "humidity", None),
        ("sensor.plant", "%", "moisture", None),
        ("sensor.tank", "°C", "temperature", None),
        ("sensor.chip", "°C", "temperature", None),
        ("water_heater.tank", None, None, None),
        ("climate.buffer", None, None, None),
        ("light.lamp", "%", None, None),
    ):
        attributes = {
            "unit_of_measurement": unit,
            "device_class": device_class,
            "state_class": state_class,
        }
        hass.states.async_set(
            entity_id, "5", {key: value for key, value in attributes.items() if value}
        )
    entry = await add_account(
        hass, device("Home battery", settings(BATTERY_POWER, soc_entity="sensor.gone"))
    )
    offered = [
        "climate.buffer",
        "number.own",
        "sensor.car",
        "sensor.left",
        "sensor.own",
        "sensor.store",
        "sensor.tank",
        "water_heater.tank",
    ]

    flow = await pick(hass, await start_device(hass, entry), GARAGE_POWER)
    assert fields(flow)["soc_entity"].config["include_entities"] == offered

    form = await screen(hass, entry, "level")
    chosen = fields(form)["soc_entity"].config["include_entities"]
    assert chosen == sorted([*offered, "sensor.gone"])


@pytest.mark.parametrize(
    "changes",
    [
        {"soc_min": "nan"},
        {"soc_max": "9,5"},
        {"soc_entity": "light.battery"},
        {"capacity": "much"},
    ],
)
async def test_facts_that_no_form_can_send(
    hass: HomeAssistant, flow: Result, changes: Json
) -> None:
    """Home Assistant itself refuses what the fields do not take."""
    flow = await pick(hass, flow, BATTERY_POWER)
    with pytest.raises(InvalidData) as refused:
        await submit_settings(hass, flow, **changes)

    (field,) = changes
    assert field in str(refused.value.schema_errors)
    assert await finish(hass, flow) == added(BATTERY_POWER)


@pytest.mark.parametrize(
    ("flex_model", "shown", "unit"),
    [
        ({"soc_min": "1e3 Wh", "soc_max": 10}, {}, "kWh"),
        ({"soc_min": "10%"}, {}, "kWh"),
        ({"soc_max": {"sensor": 11}}, {}, "kWh"),
        ({"soc_min": "0.5MWh"}, {"soc_min": 0.5}, "MWh"),
        (
            {"soc_min": "500 Wh", "soc_max": "0.005 MWh"},
            {"soc_min": 0.0005, "soc_max": 0.005},
            "MWh",
        ),
        ({"state_of_charge": "4 kWh"}, {}, "kWh"),
        ({"state_of_charge": {"sensor": 999}}, {}, "kWh"),
    ],
)
async def test_defaults_in_other_forms(
    hass: HomeAssistant,
    fake_server: FakeServer,
    flex_model: Json,
    shown: Json,
    unit: str,
) -> None:
    """A setting of the server that the form cannot show stays in force all the same."""
    fake_server.set_flex_model(BATTERY, **flex_model)
    fake_server.set_flex_context(HOUSE)
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    assert suggested(flow) == {**shown, "automatic_scheduling": True}
    assert fields(flow)["soc_min"].config["unit_of_measurement"] == unit
    assert await finish(hass, flow) == added(BATTERY_POWER, soc_unit=unit)


@pytest.mark.parametrize(
    ("language", "flex_model", "known"),
    [
        (
            "en",
            {
                "state_of_charge": {"sensor": 999},
                "soc_max": 10,
                "roundtrip_efficiency": "good",
                "power_capacity": [
                    {"value": "5 kW", "start": "2026-11-22", "duration": "P1D"}
                ],
                "prefer_charging_sooner": True,
                "production_capacity": {"sensor": 999},
            },
            "FlexMeasures knows: 10, efficiency good.",
        ),
        (
            "en",
            {"power_capacity": "11 kW", "production_capacity": "0 kW"},
            "FlexMeasures knows: 11 kW, gives no power back.",
        ),
        (
            "de",
            {"power_capacity": "6 kW", "consumption_capacity": "0 W"},
            "FlexMeasures weiß: 6 kW, verbraucht keinen Strom.",
        ),
        ("nl", {"power_capacity": "5500 W"}, "FlexMeasures weet: 5,5 kW."),
    ],
)
async def test_what_the_server_knows(
    hass: HomeAssistant,
    fake_server: FakeServer,
    language: str,
    flex_model: Json,
    known: str,
) -> None:
    """It is described as well as can be, with numbers as Home Assistant's language has them."""
    hass.config.language = language
    fake_server.set_flex_model(BATTERY, **flex_model)
    fake_server.set_flex_context(HOUSE)
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    assert said(flow)["known"] == known


async def test_limits_that_the_server_contradicts(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """What the user has not touched is not the user's to mend."""
    fake_server.set_flex_model(BATTERY, soc_min="20 kWh", soc_max="10 kWh")
    flow = await start_device(hass, await add_account(hass))
    flow = await pick(hass, flow, BATTERY_POWER)

    assert await finish(hass, flow) == added(BATTERY_POWER)


@pytest.mark.parametrize("limit", ["soc_max", "soc_min"])
async def test_limits_without_any_on_the_server(
    hass: HomeAssistant, flow: Result, limit: str
) -> None:
    """One limit alone is enough."""
    flow = await pick(hass, flow, CABIN_POWER)

    assert await finish(hass, flow, **{limit: 3}) == added(CABIN_POWER, **{limit: 3})


# --- the settings, by topic


async def menu_of(hass: HomeAssistant, entry: MockConfigEntry) -> Json:
    """What the gear shows of the battery."""
    menu = await start_change(hass, entry, device_of(entry, BATTERY_POWER))
    assert menu["step_id"] == "settings"
    given = said(menu)
    return {name: given[name] for name in menu["menu_options"]}


async def test_menu(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """Each topic says what is set, the server's settings included."""
    menu = await start_change(hass, plain, device_of(plain, BATTERY_POWER))
    given = said(menu)
    assert given["device"] == "Home battery"
    assert given["known"].startswith("FlexMeasures knows: 10 kWh")

    assert await menu_of(hass, plain) == {
        "ready_by": "At no fixed time",
        "level": "From FlexMeasures (battery SoC).",
        "limits": "Between 1 kWh and 10 kWh",
        "price_sensors": "Buying: day-ahead prices. Selling: feed-in price.",
        "rescheduling": "Only when you or an automation asks; plans 1 d ahead",
        "intervals": "Every 1 h, 15 min while charging",
        "follower": "Nobody: an automation of yours, or nothing.",
        "s2_pairing": "Off. For devices that speak S2.",
        "power_sensor": "Home battery: battery power",
    }


async def test_menu_of_a_device_with_settings(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """In the language of the home, and by the names of its entities."""
    hass.config.language = "de"
    for entity_id, state, name in (
        ("sensor.battery", "52.5", "Powerwall"),
        ("climate.heat_pump", "heat", "Wärmepumpe"),
        ("binary_sensor.plug", "on", "Stecker"),
        ("calendar.car", "off", "Auto"),
    ):
        attributes = {"friendly_name": name}
        if state == "52.5":
            attributes["unit_of_measurement"] = "%"
        hass.states.async_set(entity_id, state, attributes)
    entry = await add_account(
        hass,
        device(
            "Home battery",
            settings(
                BATTERY_POWER,
                soc_entity="sensor.battery",
                capacity=13.5,
                soc_min=2.5,
                consumption_price_sensor=PRICE_15MIN,
                production_price_sensor=UNKNOWN_SENSOR,
                automatic_scheduling=True,
                ready_by_calendar="calendar.car",
                trigger_entities=["binary_sensor.plug", "binary_sensor.gone"],
                soc_deviation=0.5,
                climate_entity="climate.heat_pump",
                s2={"id": "1", "token_hash": "2"},
                fill_level_sensor=BATTERY_SOC,
            ),
        ),
    )

    assert await menu_of(hass, entry) == {
        "level": "Von Powerwall, jetzt 52,5 %. Kapazität 13,5 kWh.",
        "ready_by": "Zu den Terminen in Auto.",
        "limits": "Zwischen 2,5 kWh und 10 kWh",
        "price_sensors": (
            "Bezug: day-ahead prices 15 min. Einspeisung: ein Sensor, den es nicht "
            "mehr gibt."
        ),
        "rescheduling": (
            "Automatisch: alle 1 h; wenn sich Stecker, binary_sensor.gone ändert; bei "
            "0,5 kWh Abweichung vom Plan; plant 1 d voraus"
        ),
        "intervals": "Alle 1 h, 15 min beim Laden, 5 min, während Wärmepumpe heizt oder kühlt",
        "s2_pairing": "An: Das Gerät verbindet sich selbst",
        "s2_sensors": "1 von 8 in FlexMeasures gespeichert",
        "power_sensor": "Home battery: battery power",
    }


@pytest.mark.parametrize(
    ("made", "state", "sentence"),
    [
        ({"soc_entity": "sensor.a"}, None, "sensor.a is gone. Choose another entity."),
        (
            {"soc_entity": "sensor.a"},
            "unavailable",
            "From a, which says nothing now.",
        ),
        ({"soc_entity": "sensor.a"}, "full", "From a, full now."),
        (
            {"soc_sensor": UNKNOWN_SENSOR},
            None,
            "From FlexMeasures (a sensor that is gone).",
        ),
        (
            {"s2": {"id": "1", "token_hash": "2"}},
            None,
            "FlexMeasures gets it from the device itself, over S2.",
        ),
        ({}, None, "Not known. Choose the entity that shows it."),
    ],
)
async def test_what_the_menu_says_of_the_level(
    hass: HomeAssistant,
    fake_server: FakeServer,
    made: Json,
    state: str | None,
    sentence: str,
) -> None:
    if state:
        hass.states.async_set("sensor.a", state)
    fake_server.set_flex_model(BATTERY)
    entry = await add_account(
        hass, device("Home battery", settings(BATTERY_POWER, **made))
    )

    assert (await menu_of(hass, entry))["level"] == sentence


@pytest.mark.parametrize(
    ("flex_model", "sentence"),
    [
        ({}, "None"),
        ({"soc_min": "1 kWh"}, "At least 1 kWh"),
        ({"soc_max": "9 kWh"}, "At most 9 kWh"),
    ],
)
async def test_what_the_menu_says_of_the_limits(
    hass: HomeAssistant,
    fake_server: FakeServer,
    plain: MockConfigEntry,
    flex_model: Json,
    sentence: str,
) -> None:
    fake_server.set_flex_model(BATTERY, **flex_model)

    assert (await menu_of(hass, plain))["limits"] == sentence


@pytest.mark.parametrize(
    ("flex_context", "sentence"),
    [
        ({}, "None are known. Without prices there is nothing to save."),
        ({"consumption_price": "0.3 EUR/kWh"}, "Buying: 0.3 EUR/kWh."),
        (
            {"production_price": {"sensor": 999}},
            "None are known. Without prices there is nothing to save.",
        ),
    ],
)
async def test_what_the_menu_says_of_prices(
    hass: HomeAssistant,
    fake_server: FakeServer,
    plain: MockConfigEntry,
    flex_context: Json,
    sentence: str,
) -> None:
    fake_server.set_flex_context(HOUSE, **flex_context)

    assert (await menu_of(hass, plain))["price_sensors"] == sentence


async def test_prices_of_now_in_the_menu(home: Home) -> None:
    """While the account is loaded, and has a plan with prices."""
    home.has_planned(1.0, 2.0)
    home.server.data[PRICE] = StoredSchedule(
        SLOT, HOUR_LONG, [310.0, 320.0], unit="EUR/MWh"
    )
    await home.set_up(home_device())

    def prices(menu: Result) -> str:
        return said(menu)["price_sensors"]

    battery = device_of(home.entry, BATTERY_POWER)
    menu = await start_change(home.hass, home.entry, battery)
    assert prices(menu).startswith("Buying: day-ahead prices, 0.31 EUR/kWh now.")

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    menu = await start_change(home.hass, home.entry, battery)
    assert prices(menu).startswith("Buying: day-ahead prices. ")


async def test_screens(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """Every topic is a form without sections, with what it is about."""
    for name, keys in SCREENS.items():
        if name == "s2_sensors":
            continue
        form = await screen(hass, plain, name)
        assert not sections(form)
        at_times = {"s2_new_token", "empty_temperature", "full_temperature"}
        assert list(fields(form)) == [key for key in keys if key not in at_times]


async def test_what_the_screens_show(
    hass: HomeAssistant, plain: MockConfigEntry
) -> None:
    """What is not set is the server's, or has its default."""
    assert await everything_shown(hass, plain) == {
        **DEFAULTS,
        "consumption_price_sensor": str(PRICE),
        "production_price_sensor": str(FEED_IN),
        "soc_sensor": str(BATTERY_SOC),
        "send_level": True,
        "soc_unit": "kWh",
        "soc_min": 1.0,
        "soc_max": 10.0,
    }


async def test_choices_of_sensors(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """Each setting offers the sensors that have its unit, those of everybody too."""
    form = await screen(hass, plain, "price_sensors")
    prices = {str(PRICE), str(PRICE_15MIN), str(FEED_IN), str(DOLLAR_PRICE)}
    assert set(options(form, "consumption_price_sensor").values()) == prices
    assert set(options(form, "production_price_sensor").values()) == prices

    form = await screen(hass, plain, "level")
    assert set(options(form, "soc_sensor").values()) == {
        str(sensor) for sensor in (BATTERY_SOC, GARAGE_SOC, CABIN_SOC)
    }


@pytest.mark.parametrize("unit", ["kEUR/MWh", "EUR/GWh", "EUR/MJ"])
async def test_units_of_prices(
    hass: HomeAssistant, fake_server: FakeServer, plain: MockConfigEntry, unit: str
) -> None:
    """All that the server takes are offered, together with others of the same currency."""
    fake_server.sensors[PRICE_15MIN]["unit"] = unit
    form = await screen(hass, plain, "price_sensors")
    assert str(PRICE_15MIN) in options(form, "consumption_price_sensor").values()

    await submit_settings(hass, form, consumption_price_sensor=str(PRICE_15MIN))
    assert stored(hass) == settings(BATTERY_POWER, consumption_price_sensor=PRICE_15MIN)


@pytest.mark.parametrize("number_of_id", [str, int, " {} ".format])
async def test_all_settings(
    hass: HomeAssistant, plain: MockConfigEntry, number_of_id: Any
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
    await change_settings(hass, plain, BATTERY_POWER, soc_unit="MWh")
    await change_settings(
        hass,
        plain,
        BATTERY_POWER,
        consumption_price_sensor=number_of_id(PRICE_15MIN),
        # What the server has anyway is not stored, however it is written.
        production_price_sensor=number_of_id(FEED_IN),
        soc_sensor=number_of_id(CABIN_SOC),
        soc_min=0,
        soc_max=0.009,
        capacity=12,
        soc_entity="sensor.battery_energy",
        soc_max_age={"minutes": 5},
        schedule_duration={"hours": 36},
        update_interval={"minutes": 5, "seconds": 30},
        update_interval_charging={"minutes": 1},
        update_interval_climate={"hours": 24},
        charging_entity="binary_sensor.charging",
        climate_entity="climate.heat_pump",
        automatic_scheduling=True,
        soc_deviation=0.001,
        trigger_entities=["binary_sensor.plug", "input_boolean.away"],
    )
    assert stored(hass) == {
        "power_sensor": BATTERY_POWER,
        "consumption_price_sensor": PRICE_15MIN,
        "soc_sensor": CABIN_SOC,
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


async def test_cleared_defaults(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """A default that is cleared is the server's all the same."""
    await change_settings(
        hass,
        plain,
        BATTERY_POWER,
        "consumption_price_sensor",
        "soc_sensor",
        "capacity",
        "soc_min",
        "soc_max",
        production_price_sensor="",
        trigger_entities=[],
    )

    assert stored(hass) == settings(BATTERY_POWER)


@pytest.mark.parametrize("name", [*SCREENS])
async def test_other_screens_are_left_alone(
    hass: HomeAssistant, fake_server: FakeServer, name: str
) -> None:
    """Whatever has become of what is there, and also what another version has added."""
    before = settings(
        BATTERY_POWER,
        consumption_price_sensor=PRICE_15MIN,
        soc_sensor=GARAGE_SOC,
        soc_unit="Wh",
        soc_min=2000,
        soc_max=9000,
        capacity=12,
        empty_temperature=40,
        full_temperature=60,
        soc_entity="sensor.gone",
        soc_max_age=301,
        ready_by_calendar="calendar.gone",
        schedule_duration=12 * HOUR,
        update_interval=330,
        update_interval_charging=60,
        update_interval_climate=61,
        charging_entity="sensor.gone",
        climate_entity="climate.gone",
        soc_deviation=100,
        trigger_entities=["sensor.gone", "binary_sensor.gone"],
        fill_level_sensor=BATTERY_SOC,
        s2={"id": "1", "token_hash": "2"},
        yaml={"soc_min": 2000},
        of_another_version=1,
    )
    entry = await add_account(hass, device("Home battery", before))
    form = await screen(hass, entry, name)
    flow = await submit_settings(hass, form)

    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == before


async def test_sensors_of_other_screens_that_are_gone(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """They are told by repairs, and are no reason to change nothing else."""
    before = settings(BATTERY_POWER, consumption_price_sensor=UNKNOWN_SENSOR)
    entry = await add_account(hass, device("Home battery", before))
    await change_settings(hass, entry, BATTERY_POWER, soc_min=3)
    assert stored(hass) == {**before, "soc_min": 3}

    form = await submit_settings(hass, await screen(hass, entry, "price_sensors"))
    assert form["errors"] == {"consumption_price_sensor": "sensor_not_found"}


@pytest.mark.parametrize(
    ("unit", "made", "changes", "kept"),
    [
        pytest.param("Wh", {}, {}, {}, id="the server's"),
        pytest.param(
            "Wh",
            {"soc_min": 1.5, "soc_max": 9, "soc_deviation": 0.5},
            {},
            {"soc_min": 1500, "soc_max": 9000, "soc_deviation": 500},
            id="one's own",
        ),
        pytest.param(
            "%", {"soc_min": 1.5}, {}, {"soc_min": 15, "capacity": 10}, id="shares"
        ),
        pytest.param(
            "%",
            {"soc_min": 1.5},
            {"capacity": 12},
            {"soc_min": 12.5, "capacity": 12},
            id="shares of what is entered",
        ),
        pytest.param(
            "kWh",
            {"soc_min": 20, "soc_unit": "%", "capacity": 12},
            {"capacity": None},
            {"soc_min": 2.4},
            id="shares before",
        ),
    ],
)
async def test_other_unit(
    hass: HomeAssistant,
    fake_server: FakeServer,
    unit: str,
    made: Json,
    changes: Json,
    kept: Json,
) -> None:
    """Amounts stay the same, in the other unit."""
    entry = await add_account(
        hass, device("Home battery", settings(BATTERY_POWER, **made))
    )
    cleared = [key for key, value in changes.items() if value is None]
    entered = {key: value for key, value in changes.items() if value is not None}
    await change_settings(
        hass, entry, BATTERY_POWER, *cleared, soc_unit=unit, **entered
    )

    assert stored(hass) == settings(BATTERY_POWER, soc_unit=unit, **kept)
    form = await screen(hass, entry, "limits")
    units = {
        key: fields(form)[key].config["unit_of_measurement"]
        for key in ("soc_min", "soc_max")
    }
    assert units == {"soc_min": unit, "soc_max": unit}


WRONG: list[tuple[Json, str]] = [
    ({"consumption_price_sensor": "?"}, "not_a_sensor_id"),
    ({"consumption_price_sensor": str(UNKNOWN_SENSOR)}, "sensor_not_found"),
    ({"consumption_price_sensor": str(NEIGHBOUR_POWER)}, "sensor_of_another_account"),
    ({"consumption_price_sensor": str(BATTERY_POWER)}, "not_a_price_sensor"),
    ({"production_price_sensor": str(CABIN_SOC)}, "not_a_price_sensor"),
    ({"production_price_sensor": str(DOLLAR_PRICE)}, "currencies_differ"),
    ({"soc_sensor": str(PRICE)}, "not_a_state_of_charge_sensor"),
    ({"soc_sensor": "the battery's"}, "not_a_sensor_id"),
    ({"soc_sensor": str(UNKNOWN_SENSOR)}, "sensor_not_found"),
    ({"soc_min": 8, "soc_max": 8}, "soc_min_not_below_soc_max"),
    ({"soc_min": 10}, "soc_min_not_below_soc_max"),
    ({"capacity": 0}, "capacity_not_positive"),
    ({"schedule_duration": "tomorrow"}, "not_a_duration"),
    ({"schedule_duration": ""}, "not_a_duration"),
    ({"schedule_duration": "P999999999999D"}, "not_a_duration"),
    ({"schedule_duration": {"minutes": 14}}, "schedule_duration_too_short"),
    ({"schedule_duration": "P400D"}, "schedule_duration_too_long"),
    (
        {"schedule_duration": {"hours": 168, "minutes": 1}},
        "schedule_duration_too_long",
    ),
    ({"schedule_duration": "-PT1H"}, "schedule_duration_too_short"),
    ({"schedule_duration": "PT0S"}, "schedule_duration_too_short"),
    ({"update_interval": {"days": 367}}, "update_interval_too_long"),
    ({"update_interval": "sometimes"}, "not_a_duration"),
    ({"update_interval": {"seconds": 59}}, "update_interval_too_short"),
    ({"soc_max_age": {"days": 367}}, "soc_max_age_too_long"),
    ({"soc_max_age": {"seconds": 59}}, "soc_max_age_too_short"),
    ({"update_interval_charging": "P9999D"}, "update_interval_too_long"),
    ({"update_interval_charging": {"seconds": 59}}, "update_interval_too_short"),
    ({"update_interval_climate": {"seconds": 59}}, "update_interval_too_short"),
    ({"soc_deviation": 0}, "soc_deviation_not_positive"),
    ({"soc_deviation": -1}, "soc_deviation_not_positive"),
    ({"soc_deviation": 95}, "above_server_capacity"),
    ({"soc_max": 95}, "above_server_capacity"),
    ({"capacity": -1}, "capacity_not_positive"),
]


@pytest.mark.parametrize(("changes", "error"), WRONG)
async def test_wrong_settings(
    hass: HomeAssistant, plain: MockConfigEntry, changes: Json, error: str
) -> None:
    """Each is said at its field, which shows it as it was typed."""
    field = next(iter(changes))
    form = await screen(hass, plain, screen_of(field))
    shown = suggested(form)
    form = await submit_settings(hass, form, **changes)

    assert form["step_id"] == screen_of(field)
    assert form["errors"] == {field: error}
    assert suggested(form) == {**shown, **changes}

    new = changes.keys() - shown.keys()
    done = await submit_settings(hass, form, *new, **shown)
    assert done["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(BATTERY_POWER)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        (
            {"consumption_price_sensor": str(DOLLAR_PRICE)},
            {"production_price_sensor": "currencies_differ"},
        ),
        ({"soc_max": 1}, {"soc_max": "soc_max_not_above_soc_min"}),
        (
            {"soc_min": -1, "soc_max": -2},
            {"soc_min": "amount_negative", "soc_max": "amount_negative"},
        ),
        (
            {"update_interval": {"seconds": 1}, "update_interval_climate": "?"},
            {
                "update_interval": "update_interval_too_short",
                "update_interval_climate": "not_a_duration",
            },
        ),
    ],
)
async def test_errors_at_other_fields(
    hass: HomeAssistant, plain: MockConfigEntry, changes: Json, errors: Json
) -> None:
    """There may be several, and one may be at the field that another one contradicts."""
    form = await screen(hass, plain, screen_of(next(iter(changes))))
    form = await submit_settings(hass, form, **changes)

    assert form["errors"] == errors


@pytest.mark.parametrize(
    ("made", "changes", "error", "placeholders"),
    [
        (
            {"capacity": 8.5},
            {"soc_max": 9},
            {"soc_max": "above_capacity"},
            {"capacity": "8.5 kWh"},
        ),
        (
            {"capacity": 8},
            {"soc_min": 8.5, "soc_max": 8.7},
            {"soc_min": "above_capacity", "soc_max": "above_capacity"},
            {"capacity": "8 kWh"},
        ),
        (
            {"capacity": 8, "soc_unit": "Wh"},
            {"soc_deviation": 8001},
            {"soc_deviation": "above_capacity"},
            {"capacity": "8 kWh"},
        ),
        (
            {"capacity": 8, "soc_unit": "%"},
            {"soc_deviation": 101},
            {"soc_deviation": "above_capacity"},
            {"capacity": "8 kWh"},
        ),
        (
            {"soc_max": 9.5},
            {"capacity": 9},
            {"capacity": "capacity_too_small"},
            {"amount": "9.5 kWh"},
        ),
        (
            {"soc_deviation": 9.5},
            {"capacity": 9},
            {"capacity": "capacity_too_small"},
            {"amount": "9.5 kWh"},
        ),
        (
            {"capacity": 8, "soc_unit": "%"},
            {"soc_max": 101},
            {"soc_max": "not_a_percentage"},
            {},
        ),
        (
            {"capacity": 8, "soc_unit": "%"},
            {"soc_min": 100.5, "soc_max": 100},
            {"soc_min": "not_a_percentage"},
            {},
        ),
        (
            {"capacity": 8, "soc_unit": "%"},
            {"soc_min": 80, "soc_max": 20},
            {"soc_min": "soc_min_not_below_soc_max"},
            {},
        ),
    ],
)
async def test_amounts_that_do_not_go_together(
    hass: HomeAssistant,
    fake_server: FakeServer,
    made: Json,
    changes: Json,
    error: Json,
    placeholders: Json,
) -> None:
    """Also with what is on another screen."""
    entry = await add_account(
        hass, device("Home battery", settings(BATTERY_POWER, **made))
    )
    form = await screen(hass, entry, screen_of(next(iter(changes))))
    form = await submit_settings(hass, form, **changes)

    assert form["errors"] == error
    assert placeholders.items() <= said(form).items()


async def test_amounts_that_did_not_go_together_before(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """They keep nobody from changing something else."""
    before = settings(BATTERY_POWER, capacity=8, soc_max=9)
    entry = await add_account(hass, device("Home battery", before))
    await change_settings(hass, entry, BATTERY_POWER, automatic_scheduling=True)

    assert stored(hass) == {**before, "automatic_scheduling": True}


@pytest.mark.parametrize(
    ("resolution", "longest"), [("PT15M", 7 * 24 * HOUR), ("PT1M", 42 * HOUR)]
)
async def test_longest_plan(
    hass: HomeAssistant,
    fake_server: FakeServer,
    plain: MockConfigEntry,
    resolution: str,
    longest: int,
) -> None:
    """It depends on how many slots the server has to compute."""
    fake_server.sensors[BATTERY_POWER]["event_resolution"] = resolution
    form = await screen(hass, plain, "rescheduling")
    form = await submit_settings(
        hass, form, schedule_duration={"seconds": longest + 60}
    )
    assert form["errors"] == {"schedule_duration": "schedule_duration_too_long"}

    await submit_settings(hass, form, schedule_duration={"seconds": longest})
    assert stored(hass)["schedule_duration"] == longest


@pytest.mark.parametrize(
    ("changes", "errors", "entities"),
    [
        ({"soc_entity": "sensor.gone"}, {"soc_entity"}, "sensor.gone"),
        ({"climate_entity": "climate.gone"}, {"climate_entity"}, "climate.gone"),
        (
            {"charging_entity": "switch.gone", "climate_entity": "climate.gone"},
            {"charging_entity", "climate_entity"},
            "switch.gone, climate.gone",
        ),
        (
            {"ready_by_calendar": "calendar.gone"},
            {"ready_by_calendar"},
            "calendar.gone",
        ),
        (
            {"trigger_entities": ["sensor.a", "sensor.there", "sensor.disabled"]},
            {"trigger_entities"},
            "sensor.a, sensor.disabled",
        ),
    ],
)
async def test_entities_that_do_not_exist(
    hass: HomeAssistant,
    plain: MockConfigEntry,
    changes: Json,
    errors: set[str],
    entities: str,
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
    form = await screen(hass, plain, screen_of(next(iter(changes))))
    form = await submit_settings(hass, form, **changes)

    assert form["errors"] == dict.fromkeys(errors, "entity_not_found")
    assert {*said(form)["entities"].split(", ")} == {*entities.split(", ")}

    await submit_settings(hass, form, *changes)
    await change_settings(hass, plain, BATTERY_POWER, trigger_entities=["sensor.there"])
    assert stored(hass) == settings(BATTERY_POWER, trigger_entities=["sensor.there"])


async def test_own_calendar(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """The plan of a device is no wish for the next plan."""
    er.async_get(hass).async_get_or_create(
        "calendar", DOMAIN, "10_plan", suggested_object_id="plan"
    )
    er.async_get(hass).async_get_or_create(
        "calendar", "test", "1", suggested_object_id="family"
    )
    form = await screen(hass, plain, "ready_by")
    form = await submit_settings(hass, form, ready_by_calendar="calendar.plan")
    assert form["errors"] == {"ready_by_calendar": "own_calendar"}

    await submit_settings(hass, form, ready_by_calendar="calendar.family")
    assert stored(hass) == settings(BATTERY_POWER, ready_by_calendar="calendar.family")


async def test_entities_that_a_device_has_already(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """One that is gone, of which a repair tells, is no reason to change nothing else."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, climate_entity="climate.gone")),
    )
    form = await screen(hass, entry, "intervals")
    form = await submit_settings(hass, form, charging_entity="switch.gone")
    assert form["errors"] == {"charging_entity": "entity_not_found"}
    await submit_settings(
        hass, form, "charging_entity", update_interval_charging={"minutes": 5}
    )

    assert stored(hass) == settings(
        BATTERY_POWER, climate_entity="climate.gone", update_interval_charging=300
    )


async def test_capacity_in_wh(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """It is asked back; whoever submits it again means it, and is not asked once more."""
    form = await screen(hass, plain, "level")
    form = await submit_settings(hass, form, capacity=10000)
    assert form["errors"] == {"capacity": "energy_large"}
    assert said(form)["energy"] == "10000 kWh"
    assert said(form)["meant_energy"] == "10 kWh"
    assert suggested(form)["capacity"] == 10000

    form = await submit_settings(hass, form)
    assert form["reason"] == "reconfigure_successful"
    assert stored(hass)["capacity"] == 10000
    form = await submit_settings(hass, await screen(hass, plain, "level"))
    assert form["reason"] == "reconfigure_successful"


@pytest.mark.parametrize("unit", ["kWh", "MWh", "Wh"])
async def test_limits_in_wh(
    hass: HomeAssistant, fake_server: FakeServer, unit: str
) -> None:
    """Where nobody says what the device holds, they may just be too much."""
    made = settings(CABIN_POWER, soc_unit=unit)
    entry = await add_account(hass, device("Cabin battery", made))
    form = await screen(hass, entry, "limits", CABIN_POWER)
    limits = {"soc_min": 1000, "soc_max": 10000}
    for field in () if unit == "Wh" else limits:
        form = await submit_settings(hass, form, **limits)
        assert form["errors"] == {field: "energy_large"}
        assert said(form)["energy"] == f"{limits[field]} {unit}"

    form = await submit_settings(hass, form, **limits)
    assert form["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(CABIN_POWER, soc_unit=unit, **limits)


async def test_limits_that_are_corrected(
    hass: HomeAssistant, plain: MockConfigEntry
) -> None:
    """What is wrong is said at the one that was changed last."""
    form = await screen(hass, plain, "limits")
    form = await submit_settings(hass, form, soc_min=8, soc_max=7)
    assert form["errors"] == {"soc_min": "soc_min_not_below_soc_max"}
    assert said(form)["limit"] == "7 kWh"

    form = await submit_settings(hass, form, soc_max=8)
    assert form["errors"] == {"soc_max": "soc_max_not_above_soc_min"}
    assert said(form)["limit"] == "8 kWh"

    await submit_settings(hass, form, soc_max=9)
    assert stored(hass) == settings(BATTERY_POWER, soc_min=8, soc_max=9)


@pytest.mark.parametrize(
    ("cleared", "error", "limit"),
    [
        ({"soc_max": 1}, "soc_max_not_above_soc_min", "1 kWh"),
        ({"soc_min": 10}, "soc_min_not_below_soc_max", "10 kWh"),
    ],
    ids=["minimum", "maximum"],
)
async def test_limit_that_only_the_server_has(
    hass: HomeAssistant,
    plain: MockConfigEntry,
    cleared: Json,
    error: str,
    limit: str,
) -> None:
    """A limit is compared with the server's, also where that one was cleared."""
    form = await screen(hass, plain, "limits")
    (given,) = cleared
    (other,) = {"soc_min", "soc_max"} - {given}
    form = await submit_settings(hass, form, other, **cleared)
    assert form["errors"] == {given: error}
    assert said(form)["limit"] == limit

    await submit_settings(hass, form, **{given: 5})
    assert stored(hass) == settings(BATTERY_POWER, **{given: 5})


async def test_limits_in_percent(hass: HomeAssistant, plain: MockConfigEntry) -> None:
    """A limit may be a share of the capacity, which the server may know."""
    await change_settings(hass, plain, BATTERY_POWER, soc_unit="%")
    await change_settings(hass, plain, BATTERY_POWER, soc_min=20, soc_max=90)

    assert stored(hass) == settings(
        BATTERY_POWER, soc_unit="%", capacity=10, soc_min=20, soc_max=90
    )


async def test_limits_in_percent_of_nothing_known(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The capacity is asked for, unless the device has its own."""
    before = settings(CABIN_POWER, soc_min=2)
    entry = await add_account(hass, device("Cabin battery", before))
    form = await screen(hass, entry, "level", CABIN_POWER)
    form = await submit_settings(hass, form, soc_unit="%")
    assert form["errors"] == {"capacity": "capacity_required"}

    form = await submit_settings(hass, form, capacity=8)
    assert form["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(CABIN_POWER, soc_unit="%", capacity=8, soc_min=25)


async def test_limits_of_the_server_in_percent(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The server's limits are shown as shares of a known capacity, and stay its own."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_unit="%", capacity=12.5)),
    )
    form = await screen(hass, entry, "limits")
    shown = suggested(form)
    assert (shown["soc_min"], shown["soc_max"]) == (8, 80)

    await submit_settings(hass, form, soc_min=8)
    assert stored(hass) == settings(BATTERY_POWER, soc_unit="%", capacity=12.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"soc_unit": "kW"},
        {"schedule_duration": {"hours": -1}},
        {"update_interval": 60},
        {"soc_sensor": [BATTERY_SOC]},
        {"soc_deviation": "inf"},
        {"charging_entity": "sensor"},
        {"climate_entity": "sensor.heat_pump"},
        {"trigger_entities": "binary_sensor.plug"},
    ],
)
async def test_settings_that_no_form_can_send(
    hass: HomeAssistant, plain: MockConfigEntry, changes: Json
) -> None:
    """Home Assistant itself refuses what the fields do not take."""
    (field,) = changes
    form = await screen(hass, plain, screen_of(field))
    with pytest.raises(InvalidData) as refused:
        await submit_settings(hass, form, **changes)
    assert field in str(refused.value.schema_errors)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT6H", 6 * HOUR),
        (" P1DT12H ", 36 * HOUR),
        ("06:00:00", 6 * HOUR),
        ({"hours": 6}, 6 * HOUR),
        ({"days": 1, "minutes": 15}, 24.25 * HOUR),
        ({"hours": 24, "minutes": 15}, 24.25 * HOUR),
        ("PT15M", HOUR / 4),
    ],
)
async def test_durations(
    hass: HomeAssistant, plain: MockConfigEntry, duration: Any, seconds: float
) -> None:
    """A duration may be given in fields or as a text."""
    await change_settings(
        hass,
        plain,
        BATTERY_POWER,
        schedule_duration=duration,
        update_interval=duration,
    )

    assert stored(hass)["schedule_duration"] == seconds
    assert stored(hass)["update_interval"] == seconds


async def test_fields_of_durations(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Hours and minutes; seconds only where there are some, which would else get lost."""
    entry = await add_account(
        hass, device("Home battery", settings(BATTERY_POWER, update_interval=90))
    )
    form = await screen(hass, entry, "intervals")

    def has(field: str, part: str) -> bool:
        return bool(fields(form)[field].config.get(f"enable_{part}"))

    assert has("update_interval", "second")
    assert not has("update_interval_charging", "second")
    assert not has("update_interval", "day")


@pytest.mark.parametrize(("answer", "error"), SERVER_ERRORS)
async def test_server_fails_at_the_settings(
    hass: HomeAssistant,
    fake_server: FakeServer,
    plain: MockConfigEntry,
    answer: Json,
    error: str,
) -> None:
    """An outage while a typed id is looked up keeps what was typed."""
    form = await screen(hass, plain, "level")
    fake_server.answer("GET", f"{SENSORS_PATH}/*", **answer)
    shown = suggested(form)
    form = await submit_settings(hass, form, soc_sensor=str(UNKNOWN_SENSOR))

    assert form["step_id"] == "level"
    assert form["errors"] == {"base": error}
    assert suggested(form) == {**shown, "soc_sensor": str(UNKNOWN_SENSOR)}

    fake_server.recover()
    await submit_settings(hass, form, **shown)
    assert stored(hass) == settings(BATTERY_POWER)


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
    assert dict(garage.data) == added(GARAGE_POWER, soc_unit="Wh")
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
    assert await everything_shown(hass, battery) == {
        **DEFAULTS,
        "consumption_price_sensor": str(PRICE_15MIN),
        "production_price_sensor": str(FEED_IN),
        "soc_sensor": str(BATTERY_SOC),
        "send_level": True,
        "rm_discharge_sensor": str(BATTERY_CHARGING),
        "soc_unit": "kWh",
        "soc_min": 2.0,
        "soc_max": 10.0,
        "schedule_duration": {"hours": 12, "minutes": 0, "seconds": 0},
        "automatic_scheduling": True,
    }

    await change_settings(
        hass,
        battery,
        BATTERY_POWER,
        "consumption_price_sensor",
        "rm_discharge_sensor",
        soc_min=3,
        update_interval={"minutes": 30},
        automatic_scheduling=False,
    )

    assert stored(hass) == settings(
        BATTERY_POWER, soc_min=3, schedule_duration=12 * HOUR, update_interval=HOUR / 2
    )
    assert device_of(battery, BATTERY_POWER).subentry_id == present.subentry_id
    (coordinator,) = battery.runtime_data.coordinators.values()
    assert coordinator.settings.soc_min == 3


async def other_sensor(
    hass: HomeAssistant, entry: MockConfigEntry, power_sensor: int
) -> Result:
    """Choose another power sensor for the battery."""
    form = await screen(hass, entry, "power_sensor")
    assert suggested_ids(form) == {"power_sensor": str(BATTERY_POWER)}
    return await pick(hass, form, power_sensor)


async def test_change_the_power_sensor(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """Another asset has its own name, sensors and limits; how to plan stays."""
    before = device_of(battery, BATTERY_POWER)
    flow = await other_sensor(hass, battery, GARAGE_POWER)
    assert suggested(flow) == {
        "soc_min": 0.5,
        "soc_max": 5.0,
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


async def test_same_power_sensor(hass: HomeAssistant, battery: MockConfigEntry) -> None:
    """Nothing is asked, and nothing changes."""
    before = stored(hass)
    form = await screen(hass, battery, "power_sensor")
    flow = await submit(hass, form, {"power_sensor": str(BATTERY_POWER)})

    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == before


async def test_another_power_sensor_that_cannot_plan_so_far(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """How far to plan has its default where the other sensor has too many slots, or too few."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, schedule_duration=72 * HOUR)),
    )
    fake_server.sensors[GARAGE_POWER]["event_resolution"] = "PT1M"
    await submit_settings(hass, await other_sensor(hass, entry, GARAGE_POWER))

    assert stored(hass)["schedule_duration"] == 24 * HOUR


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
    flow = await other_sensor(hass, entry, GARAGE_POWER)
    flow = await submit_settings(hass, flow)

    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass) == settings(
        GARAGE_POWER, soc_unit="Wh", update_interval_charging=60
    )


async def test_change_to_another_power_sensor_of_the_asset(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """A device that stays the only one of its asset keeps that name."""
    flow = await other_sensor(hass, battery, BATTERY_CHARGING)
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
    flow = await screen(hass, entry, "power_sensor")
    flow = await submit(hass, flow, {"power_sensor": str(GARAGE_POWER)})
    assert flow["step_id"] == "power_sensor"
    assert flow["errors"] == {"power_sensor": "sensor_already_used"}

    flow = await pick(hass, flow, CABIN_POWER)
    flow = await submit_settings(hass, flow)
    assert flow["reason"] == "reconfigure_successful"
    assert device_of(entry, CABIN_POWER).title == "Cabin battery"
    assert device_of(entry, GARAGE_POWER).title == "Garage battery"


async def test_power_sensor_that_is_gone(
    hass: HomeAssistant, fake_server: FakeServer, battery: MockConfigEntry
) -> None:
    """Another one comes before everything else."""
    del fake_server.sensors[BATTERY_POWER]
    flow = await start_change(hass, battery, device_of(battery, BATTERY_POWER))
    assert flow["step_id"] == "power_sensor"
    assert flow["errors"] == {"power_sensor": "sensor_not_found"}

    flow = await submit_settings(hass, await pick(hass, flow, GARAGE_POWER))
    assert flow["reason"] == "reconfigure_successful"
    assert stored(hass)["power_sensor"] == GARAGE_POWER


async def test_change_keeps_the_name_of_a_device(
    hass: HomeAssistant, battery: MockConfigEntry
) -> None:
    """A name that the user gave to the device stays."""
    present = device_of(battery, BATTERY_POWER)
    hass.config_entries.async_update_subentry(battery, present, title="Powerwall")
    await hass.async_block_till_done()
    await change_settings(hass, battery, BATTERY_POWER, soc_min=3)

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
    assert await finish(hass, flow) == added(BATTERY_POWER)


async def test_account_is_not_loaded(
    hass: HomeAssistant, fake_server: FakeServer, battery: MockConfigEntry
) -> None:
    """A device can also be added while the account starts over with another one."""
    await hass.config_entries.async_unload(battery.entry_id)

    flow = await pick(hass, await start_device(hass, battery), GARAGE_POWER)
    flow = await submit_settings(hass, flow)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert device_of(battery, GARAGE_POWER).title == "Garage battery"


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
