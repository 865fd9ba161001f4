"""What flexmeasures_hacs, the integration that came before, leaves behind for the flows."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .fake_server import (
    BATTERY,
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    CABIN_SOC,
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
    change_settings,
    device_of,
    log_in,
    start_account,
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


async def add_battery(hass: HomeAssistant, flow: Result) -> ConfigEntry:
    """Go on from the form of the account to an entry with the battery."""
    flow = await log_in(hass, flow)
    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    entry_id, _ = flow["handler"]
    flow = await submit_settings(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    return hass.config_entries.async_get_known_entry(entry_id)


async def facts_form(hass: HomeAssistant, power_sensor: int) -> Result:
    """Go to what is asked of the first device of the account."""
    flow = await log_in(hass, await start_account(hass))
    return await submit(hass, flow, {"power_sensor": str(power_sensor)})


async def taken_over(hass: HomeAssistant) -> Json:
    """Add the battery with all that is offered; returns what is stored of it."""
    return await finish(hass, await facts_form(hass, BATTERY_POWER))


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

    flow = await log_in(hass, flow, {**LOGIN, CONF_PASSWORD: PASSWORD})
    assert flow["step_id"] == "former_device"
    choice = "Home battery: battery power (kW)"
    assert suggested(flow) == {"power_sensor": choice}

    flow = await submit(hass, flow, suggested(flow))
    assert flow["step_id"] == "facts"
    assert suggested(flow) == {
        "soc_min": 1500,
        "soc_max": 9000,
        "automatic_scheduling": False,
    }
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
    flow = await log_in(hass, flow)
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
    flow = await log_in(hass, await start_account(hass))
    flow = await submit(hass, flow, {"power_sensor": str(PRICE)})
    assert flow["step_id"] == "former_device"
    assert flow["errors"] == {"power_sensor": "not_a_power_sensor"}
    assert suggested(flow) == {"power_sensor": str(PRICE)}

    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert (await finish(hass, flow))["power_sensor"] == BATTERY_POWER


# What is stored if nothing of the former settings makes sense.
DEFAULTS = {
    "power_sensor": BATTERY_POWER,
    "soc_unit": "kWh",
    "schedule_duration": 24 * 3600,
    "update_interval": 3600,
    "automatic_scheduling": False,
}


@pytest.mark.parametrize(
    ("former", "offered"),
    [
        (
            {},
            {
                "consumption_price_sensor": PRICE_15MIN,
                "production_price_sensor": PRICE_15MIN,
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

    assert await taken_over(hass) == {**DEFAULTS, **offered}


async def test_price_that_does_not_go_with_the_server_s(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A price is compared with the other one that would hold."""
    fake_server.set_flex_context(HOUSE, production_price={"sensor": DOLLAR_PRICE})
    add_former(hass, power_sensor=BATTERY_POWER, production_price_sensor=None)

    assert await taken_over(hass) == DEFAULTS


@pytest.mark.parametrize(
    ("former", "offered"),
    [
        ({"soc_unit": "J", "soc_min": 2.0, "soc_max": 9.0}, {}),
        ({"soc_unit": "%", "soc_min": 10.0, "soc_max": 90.0}, {}),
        (
            {"soc_unit": "Wh"},
            {"soc_unit": "Wh"},
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
            {"schedule_duration": 90 * 60},
        ),
        (
            {"s2": {"state_of_charge_sensor_id": 31, "rm_discharge_sensor_id": 12}},
            {
                "soc_sensor": CABIN_SOC,
                "rm_discharge_sensor": BATTERY_CHARGING,
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

    assert await taken_over(hass) == {**DEFAULTS, **offered}


async def test_limits_that_look_like_those_of_the_server(hass: HomeAssistant) -> None:
    """As many Wh as the server's kWh are not the server's own limits."""
    add_former(
        hass, power_sensor=BATTERY_POWER, soc_unit="Wh", soc_min=1.0, soc_max=10.0
    )
    data = await taken_over(hass)

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
    flow = await log_in(hass, flow)
    assert flow["step_id"] == "device"
    assert suggested(flow) == {}

    flow = await submit(hass, flow, {"power_sensor": str(BATTERY_POWER)})
    assert await finish(hass, flow) == {**DEFAULTS, "automatic_scheduling": True}


async def test_another_device_than_the_former_one(hass: HomeAssistant) -> None:
    """Settings are offered for the device that they were made for."""
    add_former(hass, power_sensor=BATTERY_POWER, schedule_duration="PT6H")
    add_former(hass, power_sensor=GARAGE_POWER, schedule_duration="PT12H")
    data = await finish(hass, await facts_form(hass, GARAGE_POWER))
    assert data["schedule_duration"] == 12 * 3600

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    flow = await start_device(hass, entry)
    flow = await submit(hass, flow, {"power_sensor": str(CABIN_POWER)})
    await submit_settings(hass, flow)
    cabin = device_of(entry, CABIN_POWER)
    assert cabin.data["schedule_duration"] == 24 * 3600


@pytest.mark.parametrize("url", ["", "ftp://host", "https://user@host"])
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
    assert suggested(flow)["power_sensor"] == (
        "Garage battery: garage battery power (W)"
    )
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

    assert device_of(entry, BATTERY_POWER).data["soc_min"] == 2
    await change_settings(hass, entry, BATTERY_POWER, "soc_min", "soc_max")
    assert "soc_min" not in device_of(entry, BATTERY_POWER).data
