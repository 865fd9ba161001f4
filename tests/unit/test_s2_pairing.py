"""Pairing S2 resource managers in the settings of their devices."""

from hashlib import sha256
import json
import re
from typing import Any

import pytest

from custom_components.flexmeasures.cem.access.pairing import (
    hash_token,
    matches,
    new_route,
    new_token,
    websocket_address,
)
from homeassistant.components.http import ApiConfig
from homeassistant.config_entries import ConfigEntry
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType

from .fake_server import (
    BATTERY,
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_SOC,
    GARAGE_POWER,
    NEIGHBOUR_POWER,
    PRICE,
    PUBLIC_POWER,
    UNKNOWN_SENSOR,
    ZONE,
)
from .flows import (
    ACCOUNT,
    Json,
    Result,
    device_of,
    fields,
    manager,
    open_sections,
    sections,
    start_account,
    start_change,
    start_device,
    submit,
    submit_settings,
    suggested,
)
from .home import Home, device

pytestmark = pytest.mark.usefixtures("no_secret_logged")

ROUTE = "5f0e9d8c7b6a4321"
TOKEN = "the-token-that-the-battery-has"
PAIRING = {"id": ROUTE, "token_hash": sha256(TOKEN.encode()).hexdigest()}

EFFICIENCY = 50
SHARE = 51
TANK = 52
OUTSIDE = 53
GAS_PRICE = 54

S2_SENSORS = [
    "fill_level_sensor",
    "fill_rate_sensor",
    "usage_forecast_sensor",
    "leakage_sensor",
    "efficiency_sensor",
    "active_actuator_sensor",
    "rm_discharge_sensor",
    "power_forecast_sensor",
]


def paired(power_sensor: int = BATTERY_POWER, **settings: Any) -> Any:
    """Make a device with a resource manager."""
    return device(power_sensor, s2=PAIRING, **settings)


async def settings_of(home: Home, power_sensor: int = BATTERY_POWER) -> Result:
    """Go to the settings of a device that there is."""
    flow = await start_change(
        home.hass, home.entry, device_of(home.entry, power_sensor)
    )
    return await submit(home.hass, flow, {"power_sensor": str(power_sensor)})


def stored(home: Home, power_sensor: int = BATTERY_POWER) -> Json:
    """What is stored of a device."""
    entry: ConfigEntry
    (entry,) = home.entries
    return dict(device_of(entry, power_sensor).data)


def shown(flow: Result) -> tuple[str, str]:
    """The route and the token that a step shows."""
    given = flow["description_placeholders"]
    return given["address"].rpartition("/")[2], given["token"]


def is_token_kept(home: Home, token: str) -> bool:
    """Whether a token is anywhere in what Home Assistant stores of the accounts."""
    return token in json.dumps([entry.as_dict() for entry in home.entries], default=str)


@pytest.fixture(params=["account", "device"])
async def flow(request: pytest.FixtureRequest, home: Home) -> Result:
    """The settings of a device that is being added, in both flows that do it."""
    if request.param == "account":
        form = await submit(home.hass, await start_account(home.hass), ACCOUNT)
    else:
        await home.set_up(device(GARAGE_POWER))
        form = await start_device(home.hass, home.entry)
    return await submit(home.hass, form, {"power_sensor": str(BATTERY_POWER)})


# --- tokens


def test_token_matches_its_hash_only() -> None:
    token = new_token()

    assert len(token) == 43
    assert hash_token(token) == sha256(token.encode()).hexdigest()
    assert matches(token, hash_token(token))
    assert not matches(token, hash_token(new_token()))
    assert not matches(token[:-1], hash_token(token))
    assert not matches("", hash_token(token))
    assert not matches(hash_token(token), hash_token(token))


@pytest.mark.parametrize(
    "token",
    ["é", chr(0xDCFF), chr(0xD800), "\0" * 100_000],
    ids=["letter", "byte", "half", "long"],
)
def test_any_text_can_be_compared(token: str) -> None:
    """Aiohttp makes surrogates of bytes in a header that are no UTF-8."""
    assert not matches(token, hash_token(new_token()))


def test_routes_are_easy_to_enter_and_not_alike() -> None:
    routes = {new_route() for _ in range(100)}

    assert len(routes) == 100
    assert all(re.fullmatch(r"[0-9a-f]{16}", route) for route in routes)


@pytest.mark.parametrize(
    ("home_assistant", "address"),
    [
        ("http://192.168.1.2:8123", "ws://192.168.1.2:8123/api/flexmeasures/s2/7"),
        ("http://[fd00::1]:8123", "ws://[fd00::1]:8123/api/flexmeasures/s2/7"),
        ("https://home.example.com", "wss://home.example.com/api/flexmeasures/s2/7"),
    ],
)
def test_address(home_assistant: str, address: str) -> None:
    assert websocket_address(home_assistant, "7") == address


# --- switched on and off


async def test_off_by_default(home: Home, flow: Result) -> None:
    """Without S2 there is no token to renew, and no step to show one."""
    assert suggested(flow)["s2_enabled"] is False
    assert sections(flow)["s2"] == ["s2_enabled", *S2_SENSORS]

    result = await submit_settings(home.hass, flow)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "s2" not in stored(home)
    assert not coordinator(home).settings.s2


async def test_switched_on(home: Home, flow: Result) -> None:
    """The token is shown before the device is kept, and then only its hash is known."""
    step = await submit_settings(home.hass, flow, s2_enabled=True, soc_min=2)

    assert step["step_id"] == "pairing_unencrypted"
    assert not step["errors"]
    assert not fields(step)
    route, token = shown(step)
    assert not any(
        subentry.unique_id == str(BATTERY_POWER)
        for entry in home.entries
        for subentry in entry.subentries.values()
    )

    result = await submit(home.hass, step, {})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = stored(home)
    assert data["s2"] == {"id": route, "token_hash": hash_token(token)}
    assert data["soc_min"] == 2
    assert not {"s2_enabled", "s2_new_token"} & data.keys()
    assert coordinator(home).settings.s2
    assert not is_token_kept(home, token)


async def test_token_is_the_same_until_the_step_is_left(
    home: Home, flow: Result
) -> None:
    """As when the page is loaded again."""
    step = await submit_settings(home.hass, flow, s2_enabled=True)
    again = await manager(home.hass, step).async_configure(step["flow_id"])

    assert again["description_placeholders"] == step["description_placeholders"]
    await submit(home.hass, again, {})
    assert stored(home)["s2"]["token_hash"] == hash_token(shown(step)[1])


async def test_mistake_in_the_settings(home: Home, flow: Result) -> None:
    """A token is shown once all is right, which is when S2 is still on."""
    form = await submit_settings(home.hass, flow, s2_enabled=True, soc_min=99)
    assert form["step_id"] == "settings"
    assert suggested(form)["s2_enabled"] is True

    form = await submit_settings(home.hass, form, "soc_min", s2_enabled=False)
    assert form["type"] is FlowResultType.CREATE_ENTRY
    assert "s2" not in stored(home)


async def test_step_is_not_gone_on_with(home: Home) -> None:
    """Nothing changes."""
    await home.set_up()
    before = stored(home)
    step = await submit_settings(home.hass, await settings_of(home), s2_enabled=True)
    manager(home.hass, step).async_abort(step["flow_id"])

    assert stored(home) == before


async def test_account_that_another_flow_adds_meanwhile(home: Home) -> None:
    form = await submit(home.hass, await start_account(home.hass), ACCOUNT)
    form = await submit(home.hass, form, {"power_sensor": str(BATTERY_POWER)})
    step = await submit_settings(home.hass, form, s2_enabled=True)
    await home.set_up()

    result = await submit(home.hass, step, {})

    assert result["reason"] == "already_configured"
    assert "s2" not in stored(home)


async def test_each_device_has_its_own(home: Home) -> None:
    await home.set_up(device(), device(GARAGE_POWER))
    shown_pairings = []
    for power_sensor in (BATTERY_POWER, GARAGE_POWER):
        step = await submit_settings(
            home.hass, await settings_of(home, power_sensor), s2_enabled=True
        )
        shown_pairings.append(shown(step))
        result = await submit(home.hass, step, {})
        assert result["reason"] == "reconfigure_successful"

    (route, token), (other_route, other_token) = shown_pairings
    assert route != other_route
    assert token != other_token
    assert stored(home)["s2"] == {"id": route, "token_hash": hash_token(token)}
    assert stored(home, GARAGE_POWER)["s2"]["id"] == other_route


async def test_change_of_something_else(home: Home) -> None:
    """The pairing stays as it is, and no step shows anything of it."""
    await home.set_up(paired())
    form = await settings_of(home)
    assert suggested(form)["s2_enabled"] is True
    assert "s2_new_token" not in suggested(form)
    assert not any(secret in str(form) for secret in PAIRING.values())

    result = await submit_settings(home.hass, form, soc_min=3)

    assert result["reason"] == "reconfigure_successful"
    assert stored(home)["soc_min"] == 3
    assert stored(home)["s2"] == PAIRING
    assert coordinator(home).settings.s2


async def test_new_token(home: Home) -> None:
    """The former one is worth nothing any more; the address stays."""
    await home.set_up(paired())
    form = await settings_of(home)
    assert sections(form)["s2"] == ["s2_enabled", "s2_new_token", *S2_SENSORS]

    step = await submit_settings(home.hass, form, s2_new_token=True)
    assert step["step_id"] == "pairing_unencrypted"
    route, token = shown(step)
    assert route == ROUTE
    assert stored(home)["s2"] == PAIRING

    result = await submit(home.hass, step, {})
    assert result["reason"] == "reconfigure_successful"
    assert stored(home)["s2"] == {"id": ROUTE, "token_hash": hash_token(token)}
    assert not matches(TOKEN, stored(home)["s2"]["token_hash"])
    assert not is_token_kept(home, token)


@pytest.mark.parametrize("renewed", [False, True])
async def test_switched_off(home: Home, *, renewed: bool) -> None:
    """Nothing is left; switched on again, it is another pairing."""
    await home.set_up(paired(fill_level_sensor=BATTERY_SOC))
    result = await submit_settings(
        home.hass,
        await settings_of(home),
        s2_enabled=False,
        s2_new_token=renewed,
    )

    assert result["reason"] == "reconfigure_successful"
    assert "s2" not in stored(home)
    assert stored(home)["fill_level_sensor"] == BATTERY_SOC
    assert not coordinator(home).settings.s2

    form = await settings_of(home)
    assert "s2_new_token" not in fields(form)
    step = await submit_settings(home.hass, form, s2_enabled=True)
    assert shown(step)[0] != ROUTE


async def test_another_power_sensor(home: Home) -> None:
    """It is of another thing in the home, which the token is not for."""
    await home.set_up(paired(fill_level_sensor=BATTERY_SOC))
    flow = await start_change(
        home.hass, home.entry, device_of(home.entry, BATTERY_POWER)
    )
    form = await submit(home.hass, flow, {"power_sensor": str(GARAGE_POWER)})
    assert suggested(form)["s2_enabled"] is False
    assert not {"s2_new_token"} & fields(form).keys()
    await submit_settings(home.hass, form)

    assert not {"s2", "fill_level_sensor"} & stored(home, GARAGE_POWER).keys()


def coordinator(home: Home) -> Any:
    """What runs the battery."""
    (entry,) = home.entries
    subentry_id = device_of(entry, BATTERY_POWER).subentry_id
    return entry.runtime_data.coordinators[subentry_id]


# --- address

INSIDE = "http://192.168.1.2:8123"
ENCRYPTED_INSIDE = "https://home.lan:8443"
OUTSIDE_URL = "https://home.example.com"


@pytest.mark.parametrize(
    ("api", "urls", "address", "step_id"),
    [
        (None, {}, "ws://homeassistant.local:8123", "pairing_unencrypted"),
        (
            None,
            {"internal_url": INSIDE, "external_url": OUTSIDE_URL},
            "ws://192.168.1.2:8123",
            "pairing_unencrypted",
        ),
        (None, {"external_url": OUTSIDE_URL}, "wss://home.example.com", "pairing"),
        (
            ApiConfig("192.168.1.3", "home", 8124, use_ssl=False),
            {"external_url": OUTSIDE_URL},
            "ws://192.168.1.3:8124",
            "pairing_unencrypted",
        ),
        # With this, Home Assistant itself prefers the address outside.
        (
            ApiConfig("192.168.1.3", "home", 8124, use_ssl=True),
            {"internal_url": ENCRYPTED_INSIDE, "external_url": OUTSIDE_URL},
            "wss://home.lan:8443",
            "pairing",
        ),
    ],
    ids=["none", "both", "outside", "detected", "encrypted"],
)
async def test_address_that_is_shown(
    home: Home,
    api: ApiConfig | None,
    urls: dict[str, str],
    address: str,
    step_id: str,
) -> None:
    """From inside the home if possible, with a warning if it has no encryption."""
    await home.set_up(paired())
    home.hass.config.api = api
    await async_process_ha_core_config(home.hass, urls)

    step = await submit_settings(home.hass, await settings_of(home), s2_new_token=True)

    assert step["step_id"] == step_id
    assert step["description_placeholders"]["address"] == (
        f"{address}/api/flexmeasures/s2/{ROUTE}"
    )
    result = await submit(home.hass, step, {})
    assert result["reason"] == "reconfigure_successful"


# --- sensors


def add_sensors(home: Home) -> None:
    """Give the server sensors of other units."""
    for sensor_id, name, unit, asset_id in (
        (EFFICIENCY, "efficiency", "", BATTERY),
        (SHARE, "share", "dimensionless", BATTERY),
        (TANK, "tank", "°C", BATTERY),
        (OUTSIDE, "temperature", "°C", ZONE),
        (GAS_PRICE, "gas", "EUR/m³", BATTERY),
    ):
        home.server.sensors[sensor_id] = {
            **home.server.sensors[BATTERY_SOC],
            "id": sensor_id,
            "name": name,
            "unit": unit,
            "generic_asset_id": asset_id,
        }


async def test_choices(home: Home) -> None:
    """Each value offers the sensors that it can be written to."""
    add_sensors(home)
    await home.set_up()
    form = await settings_of(home)

    def offered(field: str) -> set[str]:
        return set(fields(form)[field].config["options"])

    own_power = {
        "Demo house: household consumption (kW, id 6)",
        "Home battery: battery power (kW, id 10)",
        "Home battery: battery charging (kW, id 12)",
        "Garage battery: garage battery power (W, id 20)",
        "Cabin battery: cabin battery power (MW, id 30)",
    }
    share = "Cabin battery: cabin battery SoC (%, id 31)"
    without_unit = {
        "Home battery: efficiency (id 50)",
        "Home battery: share (dimensionless, id 51)",
    }
    levels = {
        "Home battery: battery SoC (kWh, id 11)",
        "Garage battery: garage battery SoC (kWh, id 21)",
        "Home battery: tank (°C, id 52)",
    }
    for field in ("rm_discharge_sensor", "power_forecast_sensor"):
        assert offered(field) == own_power
    assert offered("efficiency_sensor") == {share, *without_unit}
    others = {*S2_SENSORS[:4], "active_actuator_sensor"}
    for field in others:
        assert offered(field) == own_power | {share} | without_unit | levels


async def test_sensors_are_kept(home: Home, flow: Result) -> None:
    """They need no S2, may be typed, and are shown again."""
    chosen = {
        "fill_level_sensor": CABIN_SOC,
        "fill_rate_sensor": BATTERY_CHARGING,
        "usage_forecast_sensor": BATTERY_POWER,
        "leakage_sensor": BATTERY_CHARGING,
        "efficiency_sensor": CABIN_SOC,
        "active_actuator_sensor": BATTERY_SOC,
        "rm_discharge_sensor": BATTERY_CHARGING,
        "power_forecast_sensor": BATTERY_CHARGING,
    }
    await submit_settings(
        home.hass, flow, **{key: str(value) for key, value in chosen.items()}
    )
    assert stored(home).items() >= chosen.items()

    (home.entry,) = home.entries
    form = await settings_of(home)
    assert suggested(form)["efficiency_sensor"] == (
        "Cabin battery: cabin battery SoC (%, id 31)"
    )
    await submit_settings(home.hass, form, *chosen)
    assert not chosen.keys() & stored(home).keys()


async def test_sensor_without_a_unit(home: Home) -> None:
    """It is found again by what the list calls it."""
    add_sensors(home)
    await home.set_up(device(efficiency_sensor=EFFICIENCY))
    form = await settings_of(home)
    shown_sensor = "Home battery: efficiency (id 50)"
    assert suggested(form)["efficiency_sensor"] == shown_sensor

    await submit_settings(home.hass, form, active_actuator_sensor=shown_sensor)

    assert stored(home)["efficiency_sensor"] == EFFICIENCY
    assert stored(home)["active_actuator_sensor"] == EFFICIENCY


@pytest.mark.parametrize(
    ("field", "error"),
    [
        ("fill_level_sensor", "not_a_fill_level_sensor"),
        ("fill_rate_sensor", "not_a_fill_rate_sensor"),
        ("usage_forecast_sensor", "not_a_usage_forecast_sensor"),
        ("leakage_sensor", "not_a_leakage_sensor"),
        ("efficiency_sensor", "not_an_efficiency_sensor"),
        ("active_actuator_sensor", "not_an_active_actuator_sensor"),
        ("rm_discharge_sensor", "not_a_discharge_power_sensor"),
        ("power_forecast_sensor", "not_a_power_forecast_sensor"),
    ],
)
async def test_wrong_sensors(home: Home, field: str, error: str) -> None:
    """The section says which of them is wrong, whatever is wrong with it."""
    add_sensors(home)
    await home.set_up()
    form = await settings_of(home)
    wrong = [UNKNOWN_SENSOR, NEIGHBOUR_POWER, PUBLIC_POWER, OUTSIDE, PRICE, GAS_PRICE]
    for choice in ("the tank's", *map(str, wrong)):
        form = await submit_settings(home.hass, form, **{field: choice})

        assert form["errors"] == {"s2": error}
        assert "s2" in open_sections(form)
        assert suggested(form)[field] == choice

    await submit_settings(home.hass, form, field)
    assert field not in stored(home)


async def test_efficiency_in_kilowatts(home: Home) -> None:
    await home.set_up()
    form = await submit_settings(
        home.hass, await settings_of(home), efficiency_sensor=str(BATTERY_POWER)
    )

    assert form["errors"] == {"s2": "not_an_efficiency_sensor"}
