"""What flexmeasures_hacs, the integration that came before, leaves behind for the flows."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .fake_server import (
    BATTERY,
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    DOLLAR_PRICE,
    EMAIL,
    FEED_IN,
    GARAGE_POWER,
    HOUSE,
    MEMBER_EMAIL,
    NEIGHBOUR_POWER,
    PASSWORD,
    PRICE,
    PRICE_15MIN,
    PUBLIC_POWER,
    UNKNOWN_SENSOR,
    URL_OF_SERVER,
    FakeServer,
)
from .flows import (
    ACCOUNT,
    Json,
    Result,
    device_of,
    start_account,
    start_change,
    start_device,
    submit,
    submit_settings,
    suggested,
)

pytestmark = pytest.mark.usefixtures("no_secret_logged", "fake_server")

LOGIN = {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: EMAIL}
FORMER_PASSWORD = f"former-{PASSWORD}"

# What it stores if nothing but the login is changed in its form.
UNTOUCHED: Json = {
    "url": URL_OF_SERVER,
    "username": EMAIL,
    "password": FORMER_PASSWORD,
    "power_sensor": 5,
    "schedule_duration": "PT24H",
    "consumption_price_sensor": 2,
    "production_price_sensor": 2,
    "soc_sensor": 4,
    "soc_unit": "kWh",
    "soc_min": 10.1,
    "soc_max": 1.1,
    "s2": {"rm_discharge_sensor_id": 213, "state_of_charge_sensor_id": 2},
}


def add_former(hass: HomeAssistant, **values: Any) -> None:
    """Let there be an entry of the former integration."""
    MockConfigEntry(
        domain="flexmeasures_hacs", data={**UNTOUCHED, **values}
    ).add_to_hass(hass)


async def add_battery(hass: HomeAssistant, flow: Result) -> MockConfigEntry:
    """Go on from the form of the account to an entry with the battery."""
    flow = await submit(hass, flow, ACCOUNT)
    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    entry: MockConfigEntry = flow["result"]
    return entry


async def settings_form(hass: HomeAssistant, power_sensor: int) -> Result:
    """Go to the settings of the first device of the account."""
    flow = await submit(hass, await start_account(hass), ACCOUNT)
    return await submit(hass, flow, {"power_sensor": str(power_sensor)})


async def finish(hass: HomeAssistant, flow: Result) -> Json:
    """Go on with what is offered; returns what is stored of the one device."""
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (device,) = entry.subentries.values()
    return dict(device.data)


async def test_take_over(hass: HomeAssistant) -> None:
    """Everything but the password is offered."""
    add_former(
        hass,
        url=f" {URL_OF_SERVER}/ ",
        username=f"{EMAIL} ",
        power_sensor=BATTERY_POWER,
        schedule_duration="PT12H",
        consumption_price_sensor=PRICE_15MIN,
        production_price_sensor=FEED_IN,
        soc_sensor=BATTERY_SOC,
        soc_unit="Wh",
        soc_min=1500.0,
        soc_max=9000.0,
        s2={"rm_discharge_sensor_id": BATTERY_CHARGING},
    )
    flow = await start_account(hass)
    assert flow["step_id"] == "former_account"
    assert suggested(flow) == LOGIN

    flow = await submit(hass, flow, {**LOGIN, CONF_PASSWORD: PASSWORD})
    assert flow["step_id"] == "former_device"
    choice = "Home battery: battery power (kW, id 10)"
    assert suggested(flow) == {"power_sensor": choice}

    flow = await submit(hass, flow, suggested(flow))
    assert flow["step_id"] == "settings"
    assert await finish(hass, flow) == {
        "power_sensor": BATTERY_POWER,
        "consumption_price_sensor": PRICE_15MIN,
        "rm_discharge_sensor": BATTERY_CHARGING,
        "soc_unit": "Wh",
        "soc_min": 1500,
        "soc_max": 9000,
        "schedule_duration": 12 * 3600,
        "update_interval": 3600,
        "automatic_scheduling": False,
    }


async def test_options_of_the_former_entry_win(hass: HomeAssistant) -> None:
    """It keeps what was changed later, or everything, in its options."""
    MockConfigEntry(
        domain="flexmeasures_hacs",
        data={**UNTOUCHED, "url": "https://former.example.com"},
        options={**UNTOUCHED, "power_sensor": GARAGE_POWER, "soc_unit": "MWh"},
    ).add_to_hass(hass)
    flow = await start_account(hass)
    assert suggested(flow) == LOGIN
    flow = await submit(hass, flow, ACCOUNT)
    flow = await submit(hass, flow, suggested(flow))

    data = await finish(hass, flow)
    assert data["power_sensor"] == GARAGE_POWER
    assert data["soc_unit"] == "MWh"


async def test_error_in_the_form_of_the_account(hass: HomeAssistant) -> None:
    """What was typed instead stays, and the text about where values come from too."""
    add_former(hass, power_sensor=BATTERY_POWER)
    flow = await start_account(hass)
    typed = {**ACCOUNT, CONF_HOST: "no address"}
    flow = await submit(hass, flow, typed)
    assert flow["step_id"] == "former_account"
    assert flow["errors"] == {CONF_HOST: "invalid_address"}
    assert suggested(flow) == typed

    entry = await add_battery(hass, flow)
    assert dict(entry.data) == ACCOUNT


async def test_error_in_the_form_of_the_device(hass: HomeAssistant) -> None:
    """The same there."""
    add_former(hass, power_sensor=BATTERY_POWER)
    flow = await submit(hass, await start_account(hass), ACCOUNT)
    flow = await submit(hass, flow, {"power_sensor": str(PRICE)})
    assert flow["step_id"] == "former_device"
    assert flow["errors"] == {"power_sensor": "not_a_power_sensor"}
    assert suggested(flow) == {"power_sensor": str(PRICE)}

    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert (await finish(hass, flow))["power_sensor"] == BATTERY_POWER


DEFAULTS = {
    "consumption_price_sensor": "NL transmission zone: day-ahead prices (EUR/MWh, id 1)",
    "production_price_sensor": "NL transmission zone: feed-in price (EUR/kWh, id 3)",
    "soc_sensor": "Home battery: battery SoC (kWh, id 11)",
    "soc_unit": "kWh",
    "soc_min": 1.0,
    "soc_max": 10.0,
    "schedule_duration": {"days": 1, "hours": 0, "minutes": 0, "seconds": 0},
    "rm_discharge_sensor": None,
}


@pytest.mark.parametrize(
    ("former", "offered"),
    [
        (
            {},
            {
                "consumption_price_sensor": "NL transmission zone: "
                "day-ahead prices 15 min (EUR/kWh, id 2)",
                "production_price_sensor": "NL transmission zone: "
                "day-ahead prices 15 min (EUR/kWh, id 2)",
            },
        ),
        (
            {
                "consumption_price_sensor": UNKNOWN_SENSOR,
                "production_price_sensor": BATTERY_POWER,
            },
            {},
        ),
        # The server cannot compare euros with dollars.
        (
            {
                "consumption_price_sensor": DOLLAR_PRICE,
                "production_price_sensor": None,
            },
            {},
        ),
    ],
)
async def test_sensors_that_make_sense(
    hass: HomeAssistant, former: Json, offered: Json
) -> None:
    """Sensors that do not exist, or hold something else, are not offered."""
    add_former(hass, power_sensor=BATTERY_POWER, **former)
    form = suggested(await settings_form(hass, BATTERY_POWER))

    assert {key: form.get(key) for key in DEFAULTS} == {**DEFAULTS, **offered}


async def test_price_that_does_not_go_with_the_server_s(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A price is compared with the other one that would hold."""
    fake_server.set_flex_context(HOUSE, production_price={"sensor": DOLLAR_PRICE})
    add_former(hass, power_sensor=BATTERY_POWER, production_price_sensor=None)
    form = suggested(await settings_form(hass, BATTERY_POWER))

    assert "consumption_price_sensor" not in form
    assert form["production_price_sensor"].endswith("id 4)")


@pytest.mark.parametrize(
    ("former", "offered"),
    [
        ({"soc_unit": "J", "soc_min": 2.0, "soc_max": 9.0}, {}),
        ({"soc_unit": "%", "soc_min": 10.0, "soc_max": 90.0}, {}),
        (
            {"soc_unit": "Wh"},
            {"soc_unit": "Wh", "soc_min": 1000.0, "soc_max": 10000.0},
        ),
        ({"soc_min": 5.0, "soc_max": 5.0}, {}),
        ({"soc_min": -1.0, "soc_max": 5.0}, {}),
        ({"soc_min": None, "soc_max": 5.0}, {}),
        ({"soc_min": 0.0, "soc_max": 5.5}, {"soc_min": 0.0, "soc_max": 5.5}),
        ({"schedule_duration": "a day"}, {}),
        ({"schedule_duration": "PT0H"}, {}),
        ({"schedule_duration": "PT5M"}, {}),
        ({"schedule_duration": "P400D"}, {}),
        (
            {"schedule_duration": "PT90M"},
            {
                "schedule_duration": {
                    "days": 0,
                    "hours": 1,
                    "minutes": 30,
                    "seconds": 0,
                }
            },
        ),
        (
            {"s2": {"state_of_charge_sensor_id": 31, "rm_discharge_sensor_id": 12}},
            {
                "soc_sensor": "Cabin battery: cabin battery SoC (%, id 31)",
                "rm_discharge_sensor": "Home battery: battery charging (kW, id 12)",
            },
        ),
        ({"soc_sensor": BATTERY_SOC, "s2": {"state_of_charge_sensor_id": 31}}, {}),
    ],
)
async def test_settings_that_make_sense(
    hass: HomeAssistant, former: Json, offered: Json
) -> None:
    """What is nonsense, like its own limits, is left to the usual defaults."""
    prices = {"consumption_price_sensor": PRICE, "production_price_sensor": FEED_IN}
    add_former(hass, power_sensor=BATTERY_POWER, **prices, **former)
    form = suggested(await settings_form(hass, BATTERY_POWER))

    assert {key: form.get(key) for key in DEFAULTS} == {**DEFAULTS, **offered}


async def test_limits_that_look_like_those_of_the_server(hass: HomeAssistant) -> None:
    """As many Wh as the server's kWh are not the server's own limits."""
    add_former(
        hass, power_sensor=BATTERY_POWER, soc_unit="Wh", soc_min=1.0, soc_max=10.0
    )
    data = await finish(hass, await settings_form(hass, BATTERY_POWER))

    assert (data["soc_min"], data["soc_max"]) == (1, 10)


@pytest.mark.parametrize(
    "former",
    [
        {"url": "https://other.example.com", "power_sensor": BATTERY_POWER},
        {"username": MEMBER_EMAIL, "power_sensor": BATTERY_POWER},
        {"power_sensor": UNKNOWN_SENSOR},
        {"power_sensor": NEIGHBOUR_POWER},
        {"power_sensor": PUBLIC_POWER},
        {"power_sensor": BATTERY_SOC},
        {"power_sensor": None},
    ],
    ids=["server", "user", "unknown", "neighbour", "public", "no_power", "none"],
)
async def test_device_of_another_account(hass: HomeAssistant, former: Json) -> None:
    """Ids mean nothing elsewhere, nor without a power sensor that can be scheduled."""
    add_former(hass, **former)
    flow = await start_account(hass)
    assert flow["step_id"] == "former_account"
    flow = await submit(hass, flow, ACCOUNT)
    assert flow["step_id"] == "device"
    assert suggested(flow) == {}

    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert suggested(flow)["production_price_sensor"].endswith("id 3)")


async def test_another_device_than_the_former_one(hass: HomeAssistant) -> None:
    """Settings are offered for the device that they were made for."""
    add_former(hass, power_sensor=BATTERY_POWER, schedule_duration="PT6H")
    add_former(hass, power_sensor=GARAGE_POWER, schedule_duration="PT12H")
    form = suggested(await settings_form(hass, GARAGE_POWER))
    assert form["schedule_duration"]["hours"] == 12

    form = suggested(await settings_form(hass, CABIN_POWER))
    assert form["schedule_duration"]["days"] == 1


@pytest.mark.parametrize("url", ["", "ftp://host", "https://host/?x=1"])
async def test_address_that_cannot_be_used(hass: HomeAssistant, url: str) -> None:
    """The next entry is offered instead, and without one it is the usual form."""
    add_former(hass, url=url)
    flow = await start_account(hass)
    assert flow["step_id"] == "user"
    assert suggested(flow) == {}

    add_former(hass, url="host.example.com")
    flow = await start_account(hass)
    assert suggested(flow) == {
        CONF_HOST: "https://host.example.com",
        CONF_USERNAME: EMAIL,
    }


async def test_several_former_entries(hass: HomeAssistant) -> None:
    """The first account, and the first device, that is not set up here is offered."""
    add_former(hass, power_sensor=BATTERY_POWER)
    add_former(hass, power_sensor=GARAGE_POWER)
    add_former(hass, username=MEMBER_EMAIL, power_sensor=CABIN_POWER)
    entry = await add_battery(hass, await start_account(hass))

    flow = await start_device(hass, entry)
    assert flow["step_id"] == "former_device"
    assert suggested(flow)["power_sensor"].endswith("id 20)")
    flow = await submit(hass, flow, suggested(flow))
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert device_of(entry, GARAGE_POWER).title == "Garage battery"

    flow = await start_device(hass, entry)
    assert flow["step_id"] == "device"
    flow = await start_account(hass)
    assert flow["step_id"] == "former_account"
    assert suggested(flow) == {**LOGIN, CONF_USERNAME: MEMBER_EMAIL}


async def test_all_is_set_up(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """With nothing left to take over, the forms are the usual ones."""
    add_former(hass, power_sensor=BATTERY_POWER, soc_min=2.0, soc_max=9.0)
    fake_server.set_flex_model(BATTERY)
    entry = await add_battery(hass, await start_account(hass))

    assert (await start_account(hass))["step_id"] == "user"
    assert (await start_device(hass, entry))["step_id"] == "device"

    battery = device_of(entry, BATTERY_POWER)
    flow = await start_change(hass, entry, battery)
    assert flow["step_id"] == "device"
    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    flow = await submit_settings(hass, flow, "soc_min", "soc_max")
    assert flow["reason"] == "reconfigure_successful"
    assert "soc_min" not in device_of(entry, BATTERY_POWER).data
