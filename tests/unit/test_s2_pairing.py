"""Pairing S2 resource managers in the settings of their devices."""

from hashlib import sha256
import json
import re
from typing import Any

import pytest

from custom_components.flexmeasures.cem.server.pairing import (
    hash_token,
    matches,
    new_route,
    new_token,
    websocket_address,
)
from homeassistant.components.http import ApiConfig
from homeassistant.config_entries import ConfigEntry
from homeassistant.core_config import async_process_ha_core_config

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
    Json,
    Result,
    change_settings,
    device_of,
    fields,
    manager,
    open_screen,
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


async def pairing_of(home: Home, power_sensor: int = BATTERY_POWER) -> Result:
    """Go to where a device is paired."""
    return await open_screen(
        home.hass, home.entry, device_of(home.entry, power_sensor), "s2_pairing"
    )


async def sensors_of(home: Home) -> Result:
    """Go to the sensors that store what the battery reports."""
    return await open_screen(
        home.hass, home.entry, device_of(home.entry, BATTERY_POWER), "s2_sensors"
    )


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


@pytest.fixture
async def flow(home: Home) -> Result:
    """Where a device without S2 is paired."""
    await home.set_up()
    return await pairing_of(home)


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
    assert suggested(flow) == {"s2_enabled": False}
    assert list(fields(flow)) == ["s2_enabled"]

    result = await submit_settings(home.hass, flow)

    assert result["reason"] == "reconfigure_successful"
    assert "s2" not in stored(home)
    assert not coordinator(home).settings.s2


async def test_switched_on(home: Home, flow: Result) -> None:
    """The token is shown before anything is kept, and then only its hash is known."""
    before = stored(home)
    step = await submit_settings(home.hass, flow, s2_enabled=True)

    assert step["step_id"] == "pairing_unencrypted"
    assert not step["errors"]
    assert not fields(step)
    route, token = shown(step)
    assert stored(home) == before

    result = await submit(home.hass, step, {})

    assert result["reason"] == "reconfigure_successful"
    assert stored(home) == {
        **before,
        "s2": {"id": route, "token_hash": hash_token(token), "automatic": True},
    }
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


async def test_step_is_not_gone_on_with(home: Home) -> None:
    """Nothing changes."""
    await home.set_up()
    before = stored(home)
    step = await submit_settings(home.hass, await pairing_of(home), s2_enabled=True)
    manager(home.hass, step).async_abort(step["flow_id"])

    assert stored(home) == before


async def test_each_device_has_its_own(home: Home) -> None:
    await home.set_up(device(), device(GARAGE_POWER))
    shown_pairings = []
    for power_sensor in (BATTERY_POWER, GARAGE_POWER):
        step = await submit_settings(
            home.hass, await pairing_of(home, power_sensor), s2_enabled=True
        )
        shown_pairings.append(shown(step))
        result = await submit(home.hass, step, {})
        assert result["reason"] == "reconfigure_successful"

    (route, token), (other_route, other_token) = shown_pairings
    assert route != other_route
    assert token != other_token
    assert stored(home)["s2"]["id"] == route
    assert stored(home)["s2"]["token_hash"] == hash_token(token)
    assert stored(home, GARAGE_POWER)["s2"]["id"] == other_route


async def test_change_of_something_else(home: Home) -> None:
    """The pairing stays as it is, and no step shows anything of it."""
    await home.set_up(paired())
    form = await pairing_of(home)
    assert suggested(form) == {"s2_enabled": True, "s2_any_resource": False}
    assert not any(secret in str(form) for secret in PAIRING.values())
    result = await submit_settings(home.hass, form)
    assert result["reason"] == "reconfigure_successful"
    assert stored(home)["s2"] == PAIRING

    await change_settings(home.hass, home.entry, BATTERY_POWER, soc_min=3)

    assert stored(home)["soc_min"] == 3
    assert stored(home)["s2"] == PAIRING
    assert coordinator(home).settings.s2


async def test_new_token(home: Home) -> None:
    """The former one is worth nothing any more; the address stays."""
    await home.set_up(paired())
    form = await pairing_of(home)
    assert list(fields(form)) == ["s2_enabled", "s2_new_token", "s2_any_resource"]

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


async def test_any_resource(home: Home) -> None:
    """It is kept with the pairing, also when something else changes, and taken back."""
    await home.set_up(paired())

    await submit_settings(home.hass, await pairing_of(home), s2_any_resource=True)
    await change_settings(home.hass, home.entry, BATTERY_POWER, soc_min=3)

    assert stored(home)["s2"] == {**PAIRING, "any_resource": True}
    form = await pairing_of(home)
    assert suggested(form)["s2_any_resource"] is True
    await submit_settings(home.hass, form, s2_any_resource=False)
    assert stored(home)["s2"] == PAIRING


@pytest.mark.parametrize("renewed", [False, True])
async def test_switched_off(home: Home, *, renewed: bool) -> None:
    """Nothing is left; switched on again, it is another pairing."""
    await home.set_up(paired(fill_level_sensor=BATTERY_SOC))
    result = await submit_settings(
        home.hass,
        await pairing_of(home),
        s2_enabled=False,
        s2_new_token=renewed,
    )

    assert result["reason"] == "reconfigure_successful"
    assert "s2" not in stored(home)
    assert stored(home)["fill_level_sensor"] == BATTERY_SOC
    assert not coordinator(home).settings.s2

    form = await pairing_of(home)
    assert "s2_new_token" not in fields(form)
    step = await submit_settings(home.hass, form, s2_enabled=True)
    assert shown(step)[0] != ROUTE


async def test_another_power_sensor(home: Home) -> None:
    """It is of another thing in the home, which the token is not for."""
    await home.set_up(paired(fill_level_sensor=BATTERY_SOC))
    form = await open_screen(
        home.hass, home.entry, device_of(home.entry, BATTERY_POWER), "power_sensor"
    )
    form = await submit(home.hass, form, {"power_sensor": str(GARAGE_POWER)})
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

    step = await submit_settings(home.hass, await pairing_of(home), s2_new_token=True)

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
    await home.set_up(paired())
    form = await sensors_of(home)

    def offered(field: str) -> set[str]:
        return set(fields(form)[field].config["options"])

    own_power = {
        "Demo house: household consumption (kW)",
        "Home battery: battery power (kW)",
        "Home battery: battery charging (kW)",
        "Garage battery: garage battery power (W)",
        "Cabin battery: cabin battery power (MW)",
    }
    share = "Cabin battery: cabin battery SoC (%)"
    without_unit = {
        "Home battery: efficiency",
        "Home battery: share (dimensionless)",
    }
    levels = {
        "Home battery: battery SoC (kWh)",
        "Garage battery: garage battery SoC (kWh)",
        "Home battery: tank (°C)",
    }
    for field in ("rm_discharge_sensor", "power_forecast_sensor"):
        assert offered(field) == own_power
    assert offered("efficiency_sensor") == {share, *without_unit}
    others = {*S2_SENSORS[:4], "active_actuator_sensor"}
    for field in others:
        assert offered(field) == own_power | {share} | without_unit | levels


async def test_sensors_are_kept(home: Home) -> None:
    """They may be typed, are shown again, and stay without S2."""
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
    await home.set_up(paired())
    await submit_settings(
        home.hass,
        await sensors_of(home),
        **{key: str(value) for key, value in chosen.items()},
    )
    assert stored(home).items() >= chosen.items()
    await submit_settings(home.hass, await pairing_of(home), s2_enabled=False)
    assert stored(home).items() >= chosen.items()

    form = await sensors_of(home)
    assert suggested(form)["efficiency_sensor"] == (
        "Cabin battery: cabin battery SoC (%)"
    )
    await submit_settings(home.hass, form, *chosen)
    assert not chosen.keys() & stored(home).keys()


async def test_sensor_without_a_unit(home: Home) -> None:
    """It is found again by what the list calls it."""
    add_sensors(home)
    await home.set_up(device(efficiency_sensor=EFFICIENCY))
    form = await sensors_of(home)
    shown_sensor = "Home battery: efficiency"
    assert suggested(form)["efficiency_sensor"] == shown_sensor

    await submit_settings(home.hass, form, active_actuator_sensor=shown_sensor)

    assert stored(home)["efficiency_sensor"] == EFFICIENCY
    assert stored(home)["active_actuator_sensor"] == EFFICIENCY


@pytest.mark.parametrize("field", S2_SENSORS)
async def test_wrong_sensors(home: Home, field: str) -> None:
    """Each field says what is wrong with it."""
    add_sensors(home)
    await home.set_up(paired())
    form = await sensors_of(home)
    unit = {
        "efficiency_sensor": "not_an_efficiency_sensor",
        "rm_discharge_sensor": "not_a_power_sensor",
        "power_forecast_sensor": "not_a_power_sensor",
    }.get(field, "price_sensor")
    for choice, error in (
        ("the tank's", "not_a_sensor_id"),
        (str(UNKNOWN_SENSOR), "sensor_not_found"),
        (str(NEIGHBOUR_POWER), "sensor_of_another_account"),
        (str(PRICE), unit),
        (str(GAS_PRICE), unit),
    ):
        form = await submit_settings(home.hass, form, **{field: choice})

        assert form["errors"] == {field: error}
        assert suggested(form)[field] == choice

    await submit_settings(home.hass, form, field)
    assert field not in stored(home)


@pytest.mark.parametrize(
    ("field", "public"),
    [
        ("fill_level_sensor", OUTSIDE),
        ("fill_level_sensor", PUBLIC_POWER),
        ("rm_discharge_sensor", PUBLIC_POWER),
    ],
)
async def test_public_sensors(home: Home, field: str, public: int) -> None:
    """Only the server's host writes to them."""
    add_sensors(home)
    await home.set_up(paired())
    form = await submit_settings(
        home.hass, await sensors_of(home), **{field: str(public)}
    )

    assert form["errors"] == {field: "sensor_of_another_account"}


async def test_efficiency_in_kilowatts(home: Home) -> None:
    await home.set_up(paired())
    form = await submit_settings(
        home.hass, await sensors_of(home), efficiency_sensor=str(BATTERY_POWER)
    )

    assert form["errors"] == {"efficiency_sensor": "not_an_efficiency_sensor"}
