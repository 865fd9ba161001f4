"""The flow that adds a meter to an account, and changes one."""

import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.api.models import NO_DEVICE
from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE, SUBENTRY_METER
from custom_components.flexmeasures.meters.bills.cycle import BillCycle
from custom_components.flexmeasures.meters.settings import Commodity, MeterSettings
from custom_components.flexmeasures.meters.units import Output
from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryData,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM

from .fake_server import (
    BATTERY_POWER,
    CONSUMPTION,
    DOLLAR_PRICE,
    EMAIL,
    FEED_IN,
    GARAGE,
    GARAGE_POWER,
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
    ZONE,
    FakeServer,
    StoredSchedule,
)
from .flows import (
    ACCOUNT,
    Json,
    Result,
    device_of,
    english,
    fields,
    start_change,
    start_device,
    start_meter,
    submit,
    suggested,
)
from .home import HOUR, NOW

pytestmark = pytest.mark.usefixtures("no_secret_logged")

SENSORS_PATH = "/api/v3_0/sensors"

ENERGY = 50  # kWh, hourly
PRODUCED = 51  # kWh, quarters of an hour
READING = 52  # kWh, instantaneous
EARNED = 53  # EUR, hourly
COST = 54  # EUR, daily
GAS = 60  # m³, hourly
GAS_READING = 61  # m³, instantaneous
GAS_ENERGY = 62  # kWh, daily
GAS_PRICE = 63  # EUR/m³, daily
GAS_BILLED = 64  # CCF, daily
OTHER = 99
"""A sensor that only one test has."""

# What the form of electricity shows first.
DEFAULTS: Json = {
    "cumulative": False,
    "bill_start": "2026-11-01",
    "bill_months": 1,
    "daily_forecast": True,
}
GAS_DEFAULTS: Json = {**DEFAULTS, "gas_unit": "m³"}


@pytest.fixture
async def account(
    hass: HomeAssistant, fake_server: FakeServer, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """An account with a battery, whose server has much to meter with."""
    freezer.move_to(NOW)
    for sensor_id, name, unit, resolution in (
        (ENERGY, "energy used", "kWh", "PT1H"),
        (PRODUCED, "energy produced", "kWh", "PT15M"),
        (READING, "electricity meter", "kWh", "P0D"),
        (EARNED, "earned", "EUR", "PT1H"),
        (COST, "cost per day", "EUR", "P1D"),
        (GAS, "gas used", "m³", "PT1H"),
        (GAS_READING, "gas meter", "m³", "P0D"),
        (GAS_ENERGY, "gas energy", "kWh", "P1D"),
        (GAS_PRICE, "gas price", "EUR/m³", "P1D"),
        (GAS_BILLED, "gas as billed", "CCF", "P1D"),
    ):
        fake_server.add_sensor(sensor_id, name, unit, resolution)
    for sensor_id in (*fake_server.sensors, OTHER, UNKNOWN_SENSOR):
        fake_server.data[sensor_id] = StoredSchedule(
            NOW - HOUR, HOUR, [1.0], unit="kWh"
        )
    return await add_account(hass)


async def add_account(
    hass: HomeAssistant, *subentries: ConfigSubentryData
) -> MockConfigEntry:
    """An account that is set up, with the battery and these."""
    battery = ConfigSubentryData(
        subentry_type=SUBENTRY_DEVICE,
        title="Home battery",
        unique_id=str(BATTERY_POWER),
        data={
            "power_sensor": BATTERY_POWER,
            "soc_unit": "kWh",
            "schedule_duration": 86400,
            "update_interval": 3600,
        },
    )
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=EMAIL,
        unique_id=f"{URL_OF_SERVER}#1",
        data=ACCOUNT,
        subentries_data=[battery, *subentries],
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def start(hass: HomeAssistant, entry: MockConfigEntry, commodity: str) -> Result:
    """Start to add a meter, and choose what it meters."""
    flow = await start_meter(hass, entry)
    assert flow["step_id"] == "user"
    flow = await submit(hass, flow, {"commodity": commodity})
    assert flow["step_id"] == commodity
    assert flow["errors"] == {}
    return flow


@pytest.fixture
async def electricity(hass: HomeAssistant, account: MockConfigEntry) -> Result:
    """The form of a new electricity meter."""
    return await start(hass, account, "electricity")


@pytest.fixture
async def gas(hass: HomeAssistant, account: MockConfigEntry) -> Result:
    """The form of a new gas meter."""
    return await start(hass, account, "gas")


async def fill_in(
    hass: HomeAssistant, flow: Result, *cleared: str, **changes: Any
) -> Result:
    """Go on with what the form shows, but for some changes; sensors by their ids."""
    values = {**suggested(flow), **changes}
    for key, value in values.items():
        if key.endswith("_sensor"):
            values[key] = str(value)
    return await submit(
        hass, flow, {key: values[key] for key in values if key not in cleared}
    )


async def add(hass: HomeAssistant, flow: Result, **changes: Any) -> ConfigSubentry:
    """Go on to the meter."""
    result = await fill_in(hass, flow, **changes)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result["errors"]
    return only_meter(hass)


async def add_meter(
    hass: HomeAssistant, entry: MockConfigEntry, commodity: str, **changes: Any
) -> ConfigSubentry:
    """Add a meter from the start; return it."""
    before = set(entry.subentries)
    result = await fill_in(hass, await start(hass, entry, commodity), **changes)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result["errors"]
    (added,) = set(entry.subentries) - before
    return entry.subentries[added]


def only_meter(hass: HomeAssistant) -> ConfigSubentry:
    """The one meter of the one account."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (meter,) = entry.get_subentries_of_type(SUBENTRY_METER)
    return meter


def options(flow: Result, field: str) -> list[str]:
    """The choices of a field."""
    return list(fields(flow)[field].config["options"])


def names(flow: Result, field: str) -> list[str]:
    """The names of the sensors that a field offers."""
    matches = [re.fullmatch(r".+?: (.+) \(.+\)", each) for each in options(flow, field)]
    return [match[1] for match in matches if match]


# --- what is offered


async def test_commodities(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """What is metered is chosen first, by its everyday name."""
    flow = await start_meter(hass, account)

    assert options(flow, "commodity") == ["electricity", "gas"]
    selector = fields(flow)["commodity"].config
    texts = english()["selector"][selector["translation_key"]]["options"]
    assert texts == {"electricity": "Electricity", "gas": "Gas"}


@pytest.mark.parametrize(
    ("commodity", "shown"), [("electricity", DEFAULTS), ("gas", GAS_DEFAULTS)]
)
async def test_defaults(
    hass: HomeAssistant, account: MockConfigEntry, commodity: str, shown: Json
) -> None:
    """A form of a new meter has all that can be known before."""
    flow = await start(hass, account, commodity)

    assert suggested(flow) == shown


async def test_sensors_for_electricity(electricity: Result) -> None:
    """All that can be added up is offered, by asset: first the home's, devices, others' last."""
    assert options(electricity, "consumption_sensor") == [
        "Cabin battery: cabin battery power (MW)",
        "Demo house: electricity meter (kWh)",
        "Demo house: energy produced (kWh)",
        "Demo house: energy used (kWh)",
        "Demo house: gas energy (kWh)",
        "Demo house: household consumption (kW)",
        "Garage battery: garage battery power (W)",
        "Garage battery: garage battery SoC (kWh)",
        "Home battery: battery charging (kW)",
        "Home battery: battery power (kW)",
        "Home battery: battery SoC (kWh)",
        "NL transmission zone: zone power (MW)",
    ]
    assert options(electricity, "production_sensor") == options(
        electricity, "consumption_sensor"
    )
    assert options(electricity, "cost_sensor") == [
        "Demo house: cost per day (EUR)",
        "Demo house: earned (EUR)",
        "NL transmission zone: day-ahead prices (EUR/MWh)",
        "NL transmission zone: day-ahead prices 15 min (EUR/kWh)",
        "NL transmission zone: feed-in price (EUR/kWh)",
        "NL transmission zone: price in dollars (USD/kWh)",
    ]
    assert options(electricity, "compensation_sensor") == options(
        electricity, "cost_sensor"
    )


async def test_sensors_of_a_home_that_was_made(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """It has a flex-model, which says that it is no device."""
    fake_server.assets[HOUSE]["flex_model"] = NO_DEVICE

    flow = await start(hass, account, "electricity")

    assert options(flow, "consumption_sensor")[1].startswith("Demo house: ")


async def test_sensors_for_gas(gas: Result) -> None:
    """Volume and energy are offered, power is not."""
    amounts, money = names(gas, "consumption_sensor"), names(gas, "cost_sensor")
    assert {"gas used", "gas meter", "gas energy", "gas as billed"} <= {*amounts}
    assert "household consumption" not in amounts
    assert {"gas price", "day-ahead prices"} <= {*money}
    # Three capital letters as well, but no currency.
    assert "gas as billed" not in money
    assert fields(gas).keys().isdisjoint({"production_sensor", "compensation_sensor"})


@pytest.mark.parametrize(
    ("unit", "resolution"),
    [("kW", "P0D"), ("kWh", "P32D"), ("°C", "PT1H"), ("", "PT1H")],
)
async def test_sensor_that_is_not_offered(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    unit: str,
    resolution: str,
) -> None:
    """What would be refused is not offered."""
    fake_server.add_sensor(OTHER, "other", unit, resolution)
    flow = await start(hass, account, "electricity")

    assert "other" not in names(flow, "consumption_sensor")


# --- what is stored


async def test_least(hass: HomeAssistant, electricity: Result) -> None:
    """A consumption sensor is enough."""
    meter = await add(hass, electricity, consumption_sensor=CONSUMPTION)

    assert dict(meter.data) == {
        "commodity": "electricity",
        "consumption_sensor": CONSUMPTION,
        **DEFAULTS,
    }
    assert meter.unique_id == f"electricity {CONSUMPTION}"
    assert meter.title == "Demo house"


async def test_everything_for_electricity(
    hass: HomeAssistant, electricity: Result
) -> None:
    """All of it is as the meter reads it."""
    meter = await add(
        hass,
        electricity,
        consumption_sensor=ENERGY,
        production_sensor=PRODUCED,
        cost_sensor=COST,
        compensation_sensor=FEED_IN,
        standing_charge=-6.25,
        bill_start="2026-01-31",
        bill_months=3,
        daily_forecast=False,
        name=" Main meter ",
    )

    assert meter.title == "Main meter"
    assert "name" not in meter.data
    assert MeterSettings.from_subentry(meter.data) == MeterSettings(
        commodity=Commodity.ELECTRICITY,
        consumption=ENERGY,
        production=PRODUCED,
        cost=COST,
        compensation=FEED_IN,
        is_cumulative=False,
        bills=BillCycle(NOW.date().replace(month=1, day=31), 3),
        standing_charge=-6.25,
        output=Output("kWh"),
        has_daily_forecast=False,
    )


async def test_everything_for_gas(hass: HomeAssistant, gas: Result) -> None:
    """All of it is as the meter reads it."""
    meter = await add(
        hass,
        gas,
        consumption_sensor=GAS_READING,
        cumulative=True,
        gas_unit="CCF",
        calorific_value=10.5,
        cost_sensor=PRICE,
        standing_charge=4,
        bill_start="2026-03-15",
        bill_months=12,
    )

    assert meter.unique_id == f"gas {GAS_READING}"
    assert MeterSettings.from_subentry(meter.data) == MeterSettings(
        commodity=Commodity.GAS,
        consumption=GAS_READING,
        production=None,
        cost=PRICE,
        compensation=None,
        is_cumulative=True,
        bills=BillCycle(NOW.date().replace(month=3, day=15), 12),
        standing_charge=4.0,
        output=Output("CCF", 10.5),
        has_daily_forecast=True,
    )


@pytest.mark.parametrize(
    ("unit", "resolution"),
    [
        ("W", "PT5M"),
        ("kWh/h", "PT15M"),
        ("MWh", "P31D"),
        ("MJ", "PT15M"),
        ("Wh", "P0D"),
    ],
)
async def test_units_of_electricity(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    unit: str,
    resolution: str,
) -> None:
    """Power, energy and readings can be metered, in all units that there are."""
    fake_server.add_sensor(OTHER, "other", unit, resolution)
    flow = await start(hass, account, "electricity")

    assert "other" in names(flow, "consumption_sensor")
    meter = await add(hass, flow, consumption_sensor=OTHER)
    assert meter.data["consumption_sensor"] == OTHER


@pytest.mark.parametrize(
    ("unit", "resolution"),
    [("m³/h", "PT15M"), ("ft³", "P1D"), ("therm", "P1D"), ("L/min", "PT5M")],
)
async def test_units_of_gas(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    unit: str,
    resolution: str,
) -> None:
    """Volume, flow and energy can be metered, in all units that there are."""
    fake_server.add_sensor(OTHER, "other", unit, resolution)
    flow = await start(hass, account, "gas")

    assert "other" in names(flow, "consumption_sensor")
    meter = await add(hass, flow, consumption_sensor=OTHER, calorific_value=11)
    assert meter.data["consumption_sensor"] == OTHER


@pytest.mark.parametrize("typed", [CONSUMPTION, f" {CONSUMPTION} "])
async def test_typed_sensor(
    hass: HomeAssistant, electricity: Result, typed: Any
) -> None:
    """An id may be a number, and have spaces around it."""
    values = {**suggested(electricity), "consumption_sensor": typed}
    result = await submit(hass, electricity, values)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert only_meter(hass).data["consumption_sensor"] == CONSUMPTION


async def test_picked_sensor(hass: HomeAssistant, electricity: Result) -> None:
    """A choice of the list is stored as its id."""
    first = options(electricity, "consumption_sensor")[1]
    meter = await add(hass, electricity, consumption_sensor=first)

    assert meter.data["consumption_sensor"] == READING


async def test_emptied_fields(hass: HomeAssistant, electricity: Result) -> None:
    """A list that was emptied is none that was chosen from."""
    meter = await add(
        hass,
        electricity,
        consumption_sensor=CONSUMPTION,
        production_sensor="",
        cost_sensor="",
        compensation_sensor="",
        name=" ",
    )

    assert dict(meter.data) == {
        "commodity": "electricity",
        "consumption_sensor": CONSUMPTION,
        **DEFAULTS,
    }
    assert meter.title == "Demo house"


async def test_net_meter(hass: HomeAssistant, electricity: Result) -> None:
    """One sensor may hold consumption and production."""
    meter = await add(
        hass,
        electricity,
        consumption_sensor=CONSUMPTION,
        production_sensor=CONSUMPTION,
        compensation_sensor=EARNED,
    )

    assert meter.data["production_sensor"] == CONSUMPTION
    assert meter.data["compensation_sensor"] == EARNED


@pytest.mark.parametrize("cumulative", [True, False])
async def test_readings(
    hass: HomeAssistant, electricity: Result, *, cumulative: bool
) -> None:
    """Amounts without intervals can only be readings, whatever was said of them."""
    meter = await add(
        hass, electricity, consumption_sensor=READING, cumulative=cumulative
    )

    assert meter.data["cumulative"] is cumulative


async def test_readings_at_intervals(hass: HomeAssistant, electricity: Result) -> None:
    """A reading may be stored each hour."""
    meter = await add(
        hass,
        electricity,
        consumption_sensor=ENERGY,
        production_sensor=PRODUCED,
        cumulative=True,
    )

    assert MeterSettings.from_subentry(meter.data).is_cumulative


async def test_gas_in_the_united_states(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """There it is billed in CCF."""
    hass.config.units = US_CUSTOMARY_SYSTEM
    flow = await start(hass, account, "gas")

    assert suggested(flow) == {**GAS_DEFAULTS, "gas_unit": "CCF"}
    assert set(options(flow, "gas_unit")) == {"CCF", "ft³", "m³", "kWh"}
    meter = await add(hass, flow, consumption_sensor=GAS_BILLED)
    assert meter.data["gas_unit"] == "CCF"


# --- names


async def test_name_of_the_asset_is_taken(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Then the commodity is added, and then the sensor."""
    titles = [
        (await add_meter(hass, account, commodity, consumption_sensor=sensor)).title
        for commodity, sensor in (
            ("electricity", BATTERY_POWER),
            ("electricity", CONSUMPTION),
            ("gas", GAS),
            ("gas", GAS_READING),
            ("electricity", ENERGY),
        )
    ]

    assert titles == [
        "Home battery: Electricity",
        "Demo house",
        "Demo house: Gas",
        "Demo house: gas meter (m³)",
        "Demo house: Electricity",
    ]


async def test_default_name_in_the_users_language(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The commodity has the name that it has in Home Assistant's language."""
    hass.config.language = "nl"

    meter = await add_meter(
        hass, account, "electricity", consumption_sensor=BATTERY_POWER
    )

    assert meter.title == "Home battery: Stroom"


async def test_name_that_is_taken(
    hass: HomeAssistant, account: MockConfigEntry, electricity: Result
) -> None:
    """No two meters and devices have the same name."""
    flow = await fill_in(
        hass, electricity, consumption_sensor=CONSUMPTION, name="Home battery"
    )
    assert flow["errors"] == {"name": "name_already_used"}
    assert suggested(flow)["name"] == "Home battery"

    await add(hass, flow, name="House")
    flow = await start_device(hass, account)
    flow = await submit(hass, flow, {"power_sensor": str(GARAGE_POWER)})
    assert flow["step_id"] == "facts"


async def test_sensor_of_an_unknown_asset(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """A sensor whose asset is not listed gives the meter its own name."""
    fake_server.answer("GET", "/api/v3_0/assets", json=[fake_server.assets[GARAGE]])
    flow = await start(hass, account, "gas")
    meter = await add(hass, flow, consumption_sensor=GAS)

    assert meter.title == "gas used"


# --- what is refused


@pytest.mark.parametrize("field", ["consumption_sensor", "production_sensor"])
@pytest.mark.parametrize(
    ("sensor", "error"),
    [
        ("grid power", "not_a_sensor_id"),
        ("-1", "not_a_sensor_id"),
        (str(UNKNOWN_SENSOR), "sensor_not_found"),
        (str(NEIGHBOUR_POWER), "sensor_of_another_account"),
        (str(PRICE), "not_an_electricity_sensor"),
        (str(GAS), "not_an_electricity_sensor"),
    ],
)
async def test_wrong_sensor_of_electricity(
    hass: HomeAssistant, electricity: Result, field: str, sensor: str, error: str
) -> None:
    """It is refused at its field, and nothing of what was entered is lost."""
    entered = {
        **DEFAULTS,
        "consumption_sensor": str(ENERGY),
        "production_sensor": str(PRODUCED),
        "cost_sensor": str(PRICE),
        "compensation_sensor": str(FEED_IN),
        "standing_charge": 5.5,
        "bill_start": "2026-02-28",
        "bill_months": 2,
        "name": "My meter",
        field: sensor,
    }
    flow = await submit(hass, electricity, entered)

    assert flow["step_id"] == "electricity"
    assert flow["errors"] == {field: error}
    assert suggested(flow) == entered

    meter = await add(hass, flow, **{field: CONSUMPTION})
    assert meter.data[field] == CONSUMPTION


@pytest.mark.parametrize(
    ("sensor", "error"),
    [
        ("", "not_a_sensor_id"),
        (str(PUBLIC_POWER), "not_a_gas_sensor"),
        (str(PRICE), "not_a_gas_sensor"),
        (str(CONSUMPTION), "not_a_gas_sensor"),
    ],
)
async def test_wrong_sensor_of_gas(
    hass: HomeAssistant, gas: Result, sensor: str, error: str
) -> None:
    """A power is none of gas."""
    flow = await fill_in(hass, gas, consumption_sensor=sensor)

    assert flow["step_id"] == "gas"
    assert flow["errors"] == {"consumption_sensor": error}

    await add(hass, flow, consumption_sensor=GAS)


async def test_consumption_sensor_must_be_given(
    hass: HomeAssistant, electricity: Result
) -> None:
    """Without it there is no meter; none is chosen by itself."""
    assert "consumption_sensor" not in suggested(electricity)
    flow = await submit(hass, electricity, DEFAULTS)
    assert flow["errors"] == {"consumption_sensor": "not_a_sensor_id"}


@pytest.mark.parametrize("field", ["cost_sensor", "compensation_sensor"])
@pytest.mark.parametrize(
    ("sensor", "error"),
    [
        ("price", "not_a_sensor_id"),
        (str(UNKNOWN_SENSOR), "sensor_not_found"),
        (str(NEIGHBOUR_POWER), "sensor_of_another_account"),
        (str(ENERGY), "not_an_electricity_cost"),
        (str(GAS_PRICE), "not_an_electricity_cost"),
    ],
)
async def test_wrong_price_of_electricity(
    hass: HomeAssistant, electricity: Result, field: str, sensor: str, error: str
) -> None:
    """Only energy can be paid for, and only money is money."""
    entered = {"consumption_sensor": ENERGY, "production_sensor": PRODUCED}
    flow = await fill_in(hass, electricity, **entered, **{field: sensor})

    assert flow["errors"] == {field: error}
    assert suggested(flow)[field] == sensor

    meter = await add(hass, flow, **{field: PRICE_15MIN})
    assert meter.data[field] == PRICE_15MIN


@pytest.mark.parametrize("sensor", [GAS, GAS_BILLED])
async def test_wrong_price_of_gas(
    hass: HomeAssistant, gas: Result, sensor: int
) -> None:
    """An amount of gas is no price, whatever its unit looks like."""
    flow = await fill_in(hass, gas, consumption_sensor=GAS, cost_sensor=sensor)

    assert flow["errors"] == {"cost_sensor": "not_a_gas_cost"}
    await add(hass, flow, cost_sensor=GAS_PRICE)


@pytest.mark.parametrize(
    ("field", "unit", "resolution", "error"),
    [
        ("consumption_sensor", "kW", "P0D", "instantaneous_rate"),
        ("consumption_sensor", "kWh", "P32D", "interval_too_long"),
        ("production_sensor", "kW", "P0D", "instantaneous_rate"),
        ("production_sensor", "W", "P365D", "interval_too_long"),
        ("cost_sensor", "EUR/kWh", "P0D", "instantaneous_cost"),
        ("cost_sensor", "EUR", "P0D", "instantaneous_cost"),
        ("cost_sensor", "EUR", "P32D", "interval_too_long"),
        ("compensation_sensor", "EUR/MWh", "P0D", "instantaneous_cost"),
    ],
)
async def test_resolution(
    hass: HomeAssistant,
    fake_server: FakeServer,
    electricity: Result,
    field: str,
    unit: str,
    resolution: str,
    error: str,
) -> None:
    """What holds for an instant cannot be added up, and a bill is no longer than 31 days."""
    fake_server.add_sensor(OTHER, "other", unit, resolution)
    entered = {"consumption_sensor": ENERGY, "production_sensor": PRODUCED}
    flow = await fill_in(hass, electricity, **{**entered, field: OTHER})

    assert flow["errors"] == {field: error}


@pytest.mark.parametrize(
    "sensors",
    [
        {"consumption_sensor": CONSUMPTION},
        {"consumption_sensor": ENERGY, "production_sensor": CONSUMPTION},
        {"consumption_sensor": CONSUMPTION, "production_sensor": CONSUMPTION},
    ],
)
async def test_readings_of_a_power(
    hass: HomeAssistant, electricity: Result, sensors: Json
) -> None:
    """A meter shows an amount."""
    flow = await fill_in(hass, electricity, **sensors, cumulative=True)

    assert flow["errors"] == {"cumulative": "rate_is_no_reading"}
    await add(hass, flow, cumulative=False)


async def test_readings_of_a_flow(
    hass: HomeAssistant, fake_server: FakeServer, gas: Result
) -> None:
    """It does for gas too."""
    fake_server.add_sensor(OTHER, "flow", "m³/h", "PT15M")
    flow = await fill_in(hass, gas, consumption_sensor=OTHER, cumulative=True)

    assert flow["errors"] == {"cumulative": "rate_is_no_reading"}


@pytest.mark.parametrize(("sensor", "cumulative"), [(ENERGY, True), (READING, False)])
async def test_net_meter_of_readings(
    hass: HomeAssistant, electricity: Result, sensor: int, *, cumulative: bool
) -> None:
    """What only rises holds no production."""
    flow = await fill_in(
        hass,
        electricity,
        consumption_sensor=sensor,
        production_sensor=sensor,
        cumulative=cumulative,
    )

    assert flow["errors"] == {"production_sensor": "net_reading"}
    await add(hass, flow, production_sensor=PRODUCED)


@pytest.mark.parametrize("compensation", [FEED_IN, COST])
async def test_compensation_without_production(
    hass: HomeAssistant, electricity: Result, compensation: int
) -> None:
    """There is nothing to be paid for."""
    flow = await fill_in(
        hass, electricity, consumption_sensor=ENERGY, compensation_sensor=compensation
    )

    assert flow["errors"] == {"compensation_sensor": "compensation_without_production"}
    meter = await add(hass, flow, production_sensor=PRODUCED)
    assert meter.data["compensation_sensor"] == compensation


async def test_currencies(
    hass: HomeAssistant, fake_server: FakeServer, electricity: Result
) -> None:
    """All costs are shown in Home Assistant's currency; each field says what its own is."""
    fake_server.add_sensor(OTHER, "paid in pounds", "GBP", "PT1H")
    flow = await fill_in(
        hass,
        electricity,
        consumption_sensor=ENERGY,
        production_sensor=PRODUCED,
        cost_sensor=DOLLAR_PRICE,
        compensation_sensor=OTHER,
    )

    assert flow["errors"] == {
        "cost_sensor": "cost_in_other_currency",
        "compensation_sensor": "compensation_in_other_currency",
    }
    given = flow["description_placeholders"]
    assert given["cost_currency"] == "USD"
    assert given["compensation_currency"] == "GBP"
    assert given["home_currency"] == "EUR"

    hass.config.currency = "USD"
    flow = await fill_in(hass, flow, "compensation_sensor")
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert only_meter(hass).data["cost_sensor"] == DOLLAR_PRICE


@pytest.mark.parametrize("currency", ["EUR", "GBP"])
async def test_currency_of_the_standing_charge(
    hass: HomeAssistant, account: MockConfigEntry, currency: str
) -> None:
    """It is Home Assistant's."""
    hass.config.currency = currency
    flow = await start(hass, account, "gas")

    selector = fields(flow)["standing_charge"]
    assert selector.config["unit_of_measurement"] == currency


@pytest.mark.parametrize(
    ("sensor", "unit", "price", "needed"),
    [
        (GAS, "m³", None, False),
        (GAS, "CCF", GAS_PRICE, False),
        (GAS, "m³", COST, False),
        (GAS, "m³", PRICE, True),
        (GAS, "kWh", None, True),
        (GAS_BILLED, "kWh", COST, True),
        (GAS_ENERGY, "kWh", None, False),
        (GAS_ENERGY, "kWh", PRICE, False),
        (GAS_ENERGY, "kWh", GAS_PRICE, True),
        (GAS_ENERGY, "ft³", None, True),
    ],
)
async def test_need_of_a_calorific_value(
    hass: HomeAssistant,
    gas: Result,
    sensor: int,
    unit: str,
    price: int | None,
    *,
    needed: bool,
) -> None:
    """Only it can tell the energy of a volume."""
    changes: Json = {"consumption_sensor": sensor, "gas_unit": unit}
    if price is not None:
        changes["cost_sensor"] = price
    flow = await fill_in(hass, gas, **changes)

    if needed:
        assert flow["errors"] == {"calorific_value": "calorific_value_required"}
        flow = await fill_in(hass, flow, calorific_value=5)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    data = only_meter(hass).data
    assert data["gas_unit"] == unit
    assert data.get("calorific_value") == (5 if needed else None)


@pytest.mark.parametrize("value", [0, 4.99, 15.01, -10, 38.3, "nan", "inf"])
async def test_calorific_value_out_of_range(
    hass: HomeAssistant, gas: Result, value: Any
) -> None:
    """One in MJ/m³ is noticed too."""
    flow = await fill_in(hass, gas, consumption_sensor=GAS, calorific_value=value)

    assert flow["errors"] == {"calorific_value": "calorific_value_out_of_range"}
    meter = await add(hass, flow, calorific_value=15)
    assert meter.data["calorific_value"] == 15


@pytest.mark.parametrize(
    ("field", "value", "error", "right"),
    [
        ("bill_start", "first of May", "not_a_date", "2024-02-29"),
        ("bill_start", "2026-02-30", "not_a_date", "2026-12-31"),
        ("bill_start", 1, "not_a_date", "2026-01-01"),
        ("bill_months", 0, "bill_months_out_of_range", 1),
        ("bill_months", 25, "bill_months_out_of_range", 24),
        ("bill_months", 1.5, "bill_months_out_of_range", 2),
        ("bill_months", "nan", "bill_months_out_of_range", 2),
        ("standing_charge", "inf", "not_an_amount", 0),
        ("standing_charge", "nan", "not_an_amount", -1.5),
    ],
)
async def test_wrong_bill(
    hass: HomeAssistant,
    electricity: Result,
    field: str,
    value: Any,
    error: str,
    right: Any,
) -> None:
    """What cannot be is refused at its field, and shown as it was entered."""
    flow = await fill_in(hass, electricity, consumption_sensor=ENERGY, **{field: value})

    assert flow["errors"] == {field: error}
    assert str(suggested(flow)[field]) == str(
        value if field == "bill_start" else float(value)
    )
    meter = await add(hass, flow, **{field: right})
    assert meter.data[field] == right


async def test_several_errors(hass: HomeAssistant, gas: Result) -> None:
    """All that is wrong is told at once."""
    flow = await fill_in(
        hass,
        gas,
        consumption_sensor=ENERGY,
        cost_sensor=GAS,
        bill_start="",
        bill_months=0,
        name="Home battery",
    )

    assert flow["errors"] == {
        "cost_sensor": "not_a_gas_cost",
        "calorific_value": "calorific_value_required",
        "bill_start": "not_a_date",
        "bill_months": "bill_months_out_of_range",
        "name": "name_already_used",
    }


async def test_same_meter_twice(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A sensor meters a commodity once."""
    await add_meter(hass, account, "electricity", consumption_sensor=ENERGY)
    flow = await start(hass, account, "electricity")
    flow = await fill_in(hass, flow, consumption_sensor=ENERGY)
    assert flow["errors"] == {"consumption_sensor": "already_a_meter"}

    # What produces for one meter may be what another one measures.
    flow = await fill_in(
        hass, flow, consumption_sensor=PRODUCED, production_sensor=ENERGY
    )
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    other = await add_meter(
        hass, account, "gas", consumption_sensor=ENERGY, gas_unit="kWh"
    )
    assert other.unique_id == f"gas {ENERGY}"


async def test_same_meter_in_two_flows(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The second one hears of the first."""
    first = await start(hass, account, "gas")
    second = await start(hass, account, "gas")
    await add(hass, first, consumption_sensor=GAS)

    flow = await fill_in(hass, second, consumption_sensor=GAS)

    assert flow["errors"] == {"consumption_sensor": "already_a_meter"}


# --- changing a meter


@pytest.fixture
async def meter(hass: HomeAssistant, account: MockConfigEntry) -> ConfigSubentry:
    """An electricity meter of which everything was said."""
    return await add_meter(
        hass,
        account,
        "electricity",
        consumption_sensor=ENERGY,
        production_sensor=PRODUCED,
        cost_sensor=PRICE,
        compensation_sensor=EARNED,
        standing_charge=6.25,
        bill_start="2026-01-31",
        bill_months=2,
        daily_forecast=False,
        name="Main meter",
    )


async def test_change_nothing(
    hass: HomeAssistant, account: MockConfigEntry, meter: ConfigSubentry
) -> None:
    """The form shows what is set; going through it changes nothing."""
    before = dict(meter.data)
    flow = await start_change(hass, account, meter)

    assert flow["step_id"] == "electricity"
    assert suggested(flow) == {
        "consumption_sensor": "Demo house: energy used (kWh)",
        "production_sensor": "Demo house: energy produced (kWh)",
        "cost_sensor": "NL transmission zone: day-ahead prices (EUR/MWh)",
        "compensation_sensor": "Demo house: earned (EUR)",
        "cumulative": False,
        "standing_charge": 6.25,
        "bill_start": "2026-01-31",
        "bill_months": 2,
        "daily_forecast": False,
        "name": "Main meter",
    }
    flow = await fill_in(hass, flow)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reconfigure_successful"
    assert dict(only_meter(hass).data) == before
    assert only_meter(hass).title == "Main meter"


async def test_change_everything(
    hass: HomeAssistant, account: MockConfigEntry, meter: ConfigSubentry
) -> None:
    """It stays the same subentry; what is emptied is forgotten."""
    flow = await start_change(hass, account, meter)
    flow = await fill_in(
        hass,
        flow,
        "production_sensor",
        "cost_sensor",
        "compensation_sensor",
        "standing_charge",
        "name",
        consumption_sensor=READING,
        bill_start="2026-05-01",
        bill_months=1,
        daily_forecast=True,
    )

    assert flow["reason"] == "reconfigure_successful"
    changed = only_meter(hass)
    assert changed.subentry_id == meter.subentry_id
    assert changed.unique_id == f"electricity {READING}"
    assert changed.title == "Demo house"
    assert dict(changed.data) == {
        "commodity": "electricity",
        "consumption_sensor": READING,
        **DEFAULTS,
        "bill_start": "2026-05-01",
    }


async def test_change_gas_meter(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """What is metered stays."""
    added = await add_meter(
        hass,
        account,
        "gas",
        consumption_sensor=GAS,
        gas_unit="ft³",
        calorific_value=10.3,
    )
    flow = await start_change(hass, account, added)
    assert flow["step_id"] == "gas"
    assert suggested(flow)["gas_unit"] == "ft³"
    assert suggested(flow)["calorific_value"] == 10.3

    flow = await fill_in(hass, flow, "calorific_value", gas_unit="CCF")

    assert flow["reason"] == "reconfigure_successful"
    assert dict(only_meter(hass).data) == {
        "commodity": "gas",
        "consumption_sensor": GAS,
        **GAS_DEFAULTS,
        "gas_unit": "CCF",
    }


async def test_change_to_another_meter(
    hass: HomeAssistant, account: MockConfigEntry, meter: ConfigSubentry
) -> None:
    """Neither the sensor nor the name of another one can be taken."""
    await add_meter(
        hass, account, "electricity", consumption_sensor=CONSUMPTION, name="Cellar"
    )
    flow = await start_change(hass, account, meter)
    flow = await fill_in(hass, flow, consumption_sensor=CONSUMPTION, name="Cellar")

    assert flow["errors"] == {
        "consumption_sensor": "already_a_meter",
        "name": "name_already_used",
    }
    flow = await fill_in(hass, flow, consumption_sensor=ENERGY, name="Attic")
    assert flow["reason"] == "reconfigure_successful"
    assert account.subentries[meter.subentry_id].title == "Attic"


async def test_change_a_meter_whose_sensors_are_gone(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    meter: ConfigSubentry,
) -> None:
    """Each is told at its field, and the rest is as it was."""
    del fake_server.sensors[ENERGY]
    del fake_server.sensors[EARNED]
    flow = await start_change(hass, account, meter)
    assert suggested(flow)["consumption_sensor"] == str(ENERGY)
    flow = await fill_in(hass, flow)

    assert flow["errors"] == {
        "consumption_sensor": "sensor_not_found",
        "compensation_sensor": "sensor_not_found",
    }
    flow = await fill_in(
        hass, flow, "compensation_sensor", consumption_sensor=CONSUMPTION
    )
    assert flow["reason"] == "reconfigure_successful"
    assert only_meter(hass).data["production_sensor"] == PRODUCED


# --- the server


SERVER_ERRORS: list[tuple[Json, str]] = [
    ({"exception": TimeoutError()}, "cannot_connect"),
    ({"status": 502, "text": HTML}, "server_error"),
    ({"status": 500, "json": INTERNAL_ERROR}, "server_error"),
    ({"status": 429, "json": RATE_LIMITED}, "rate_limited"),
    ({"text": HTML}, "not_flexmeasures"),
    ({"exception": RuntimeError("Boom")}, "unknown"),
]


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
    account: MockConfigEntry,
    meter: ConfigSubentry,
    answer: Json,
    error: str,
) -> None:
    """Without the server there is nothing to choose from; the flow says why."""
    fake_server.answer("GET", SENSORS_PATH, **answer)

    for flow in (
        await start_meter(hass, account),
        await start_change(hass, account, meter),
    ):
        assert flow["type"] is FlowResultType.ABORT
        assert flow["reason"] == error

    fake_server.recover()
    await add_meter(hass, account, "gas", consumption_sensor=GAS)


@pytest.mark.parametrize(
    ("status", "error"), [(401, "wrong_password"), (404, "unknown_user")]
)
async def test_login_is_refused(
    hass: HomeAssistant,
    fake_server: FakeServer,
    account: MockConfigEntry,
    status: int,
    error: str,
) -> None:
    """A login that no longer holds is told as such."""
    fake_server.tokens.clear()
    fake_server.answer(
        "POST", "/api/requestAuthToken", status=status, json={"errors": ["No."]}
    )

    flow = await start_meter(hass, account)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == error


@pytest.mark.parametrize(("answer", "error"), SERVER_ERRORS)
async def test_server_fails_at_a_typed_sensor(
    hass: HomeAssistant,
    fake_server: FakeServer,
    electricity: Result,
    answer: Json,
    error: str,
) -> None:
    """An outage while a typed id is looked up is shown above the form."""
    fake_server.answer("GET", f"{SENSORS_PATH}/*", **answer)
    entered = {**DEFAULTS, "consumption_sensor": str(UNKNOWN_SENSOR)}
    flow = await submit(hass, electricity, entered)

    assert flow["step_id"] == "electricity"
    assert flow["errors"] == {"base": error}
    assert suggested(flow) == entered

    fake_server.recover()
    fake_server.add_sensor(UNKNOWN_SENSOR, "new", "kWh", "PT1H")
    meter = await add(hass, flow)
    assert meter.data["consumption_sensor"] == UNKNOWN_SENSOR


async def test_public_sensor(
    hass: HomeAssistant, fake_server: FakeServer, account: MockConfigEntry
) -> None:
    """To read is enough."""
    fake_server.add_sensor(OTHER, "typical household", "kWh", "PT15M", ZONE)
    flow = await start(hass, account, "electricity")

    assert names(flow, "consumption_sensor")[-2:] == ["typical household", "zone power"]
    meter = await add(hass, flow, consumption_sensor=OTHER)
    assert meter.title == "NL transmission zone"


# --- beside devices


async def test_devices_go_on(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A meter that is added, changed and removed leaves them alone."""
    coordinators = dict(account.runtime_data.coordinators)
    added = await add_meter(hass, account, "electricity", consumption_sensor=ENERGY)
    await fill_in(hass, await start_change(hass, account, added), bill_months=3)
    hass.config_entries.async_remove_subentry(account, added.subentry_id)
    await hass.async_block_till_done()

    assert account.state is ConfigEntryState.LOADED
    assert account.runtime_data.coordinators == coordinators
    assert device_of(account, BATTERY_POWER).title == "Home battery"


async def test_power_sensor_of_a_device(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What is scheduled can be metered too, and what is metered scheduled."""
    added = await add_meter(
        hass, account, "electricity", consumption_sensor=CONSUMPTION
    )
    flow = await start_device(hass, account)
    flow = await submit(hass, flow, {"power_sensor": str(CONSUMPTION)})

    assert flow["step_id"] == "facts"
    assert added.data["consumption_sensor"] == CONSUMPTION


async def test_sensor_without_data(
    hass: HomeAssistant, electricity: Result, fake_server: FakeServer
) -> None:
    """A sensor that holds nothing yet is refused, at its field; one with data is taken."""
    del fake_server.data[ENERGY]
    flow = await fill_in(hass, electricity, consumption_sensor=ENERGY)
    assert flow["errors"] == {"consumption_sensor": "sensor_without_data"}
    flow = await fill_in(hass, flow, consumption_sensor=READING, cost_sensor=PRICE)
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_sensor_that_has_lost_its_data(
    hass: HomeAssistant, account: MockConfigEntry, fake_server: FakeServer
) -> None:
    """One that a meter has already is kept."""
    meter = await add(
        hass, await start(hass, account, "electricity"), consumption_sensor=ENERGY
    )
    fake_server.data.clear()
    flow = await start_change(hass, account, meter)
    flow = await fill_in(hass, flow, standing_charge=1)
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reconfigure_successful"
