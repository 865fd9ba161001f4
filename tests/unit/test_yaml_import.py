"""Settings in ``configuration.yaml``: taken over, changed, removed, wrong."""

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import ConfigEntry, ConfigSubentryDataWithId
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import Secrets, load_yaml_dict

from .fake_server import (
    BATTERY as BATTERY_ASSET,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    DOLLAR_PRICE,
    EMAIL,
    FORBIDDEN,
    GARAGE_POWER,
    HTML,
    MEMBER_EMAIL,
    NEIGHBOUR_POWER,
    PASSWORD,
    PRICE,
    PRICE_15MIN,
    PUBLIC_POWER,
    REFUSED,
    UNKNOWN_SENSOR,
    URL_OF_SERVER,
)
from .flows import (
    change_settings,
    device_of,
    english,
    have_entities,
    open_screen,
    placeholders,
    submit,
    submit_settings,
)
from .home import MINUTE, NOW, Home, device, meter

pytestmark = pytest.mark.usefixtures("no_secret_logged")

type Json = dict[str, Any]

LOGIN = "/api/requestAuthToken"
BATTERY: Json = {
    "host": URL_OF_SERVER,
    "username": EMAIL,
    "password": PASSWORD,
    "power_sensor": BATTERY_POWER,
}
CABIN = BATTERY | {"power_sensor": CABIN_POWER}
DEFAULTS: Json = {
    "power_sensor": BATTERY_POWER,
    "soc_unit": "kWh",
    "schedule_duration": 24 * 3600,
    "update_interval": 3600,
    "automatic_scheduling": False,
}


async def start(home: Home, yaml: Any) -> None:
    """Start the integration with this below ``flexmeasures:``."""
    assert await async_setup_component(home.hass, DOMAIN, {DOMAIN: yaml})
    await home.settle()


def imported(
    yaml: Json | None, power_sensor: int = BATTERY_POWER, **settings: Any
) -> ConfigSubentryDataWithId:
    """Make a device as it was stored when this YAML was taken over, and changed since."""
    data = {**DEFAULTS, "power_sensor": power_sensor, **(yaml or {}), **settings}
    return ConfigSubentryDataWithId(
        data=data if yaml is None else {**data, "yaml": yaml},
        subentry_id=str(power_sensor),
        subentry_type=SUBENTRY_DEVICE,
        title="My device",
        unique_id=str(power_sensor),
    )


def only_entry(home: Home) -> ConfigEntry:
    """Give the account, of which there has to be just one."""
    entry: ConfigEntry
    (entry,) = home.entries
    return entry


def settings(home: Home, power_sensor: int = BATTERY_POWER) -> Json:
    """Give what is stored of a device, without what the YAML said."""
    data = dict(device_of(only_entry(home), power_sensor).data)
    data.pop("yaml")
    return data


def issues(home: Home) -> list[ir.IssueEntry]:
    """Give the issues about the YAML, each with all that its text needs and no secret."""
    found = [
        issue
        for issue in ir.async_get(home.hass).issues.values()
        if issue.domain == DOMAIN and issue.issue_id.startswith("yaml_")
    ]
    for issue in found:
        given = issue.translation_placeholders or {}
        assert placeholders(english()["issues"][issue.translation_key]) <= given.keys()
        assert PASSWORD not in str(issue)
        assert issue.learn_more_url
        assert not issue.is_persistent
    return found


def wrong(home: Home) -> Json:
    """Give the wrong keys, with the names of the texts about them."""
    return {
        (issue.translation_placeholders or {})["key"]: (
            issue.translation_key or ""
        ).removeprefix("yaml_")
        for issue in issues(home)
    }


# --- taken over


async def test_one_mapping(home: Home) -> None:
    home.has_planned(1.0, 2.0)

    await start(home, BATTERY)

    entry = only_entry(home)
    assert entry.title == EMAIL
    assert entry.data == {
        "host": URL_OF_SERVER,
        "username": EMAIL,
        "password": PASSWORD,
    }
    assert entry.unique_id == f"{URL_OF_SERVER}#1"
    assert device_of(entry, BATTERY_POWER).title == "Home battery"
    assert settings(home) == DEFAULTS
    assert home.hass.states.get("sensor.home_battery_schedule")
    assert not issues(home)


async def test_all_settings(home: Home) -> None:
    have_entities(
        home.hass,
        "sensor.battery",
        "switch.charger",
        "climate.living_room",
        "binary_sensor.plug",
        "person.anna",
    )

    await start(
        home,
        [
            BATTERY
            | {
                "consumption_price_sensor": PRICE_15MIN,
                "production_price_sensor": PRICE,
                "soc_sensor": CABIN_POWER + 1,
                "rm_discharge_sensor": BATTERY_POWER,
                "fill_level_sensor": BATTERY_SOC,
                "fill_rate_sensor": str(BATTERY_POWER),
                "usage_forecast_sensor": BATTERY_POWER,
                "leakage_sensor": BATTERY_POWER,
                "efficiency_sensor": CABIN_POWER + 1,
                "active_actuator_sensor": BATTERY_SOC,
                "power_forecast_sensor": BATTERY_POWER,
                "schedule_duration": "PT12H",
                "soc_unit": "%",
                "soc_min": 10,
                "soc_max": 90.5,
                "capacity": 12,
                "soc_entity": "sensor.battery",
                "soc_max_age": {"minutes": 20},
                "update_interval": "00:30:00",
                "update_interval_charging": 10,
                "update_interval_climate": {"minutes": 2},
                "charging_entity": "switch.charger",
                "climate_entity": "climate.living_room",
                "automatic_scheduling": True,
                "soc_deviation": 5,
                "trigger_entities": ["binary_sensor.plug", "person.anna"],
            }
        ],
    )

    assert not issues(home)
    assert settings(home) == {
        "power_sensor": BATTERY_POWER,
        "consumption_price_sensor": PRICE_15MIN,
        "production_price_sensor": PRICE,
        "soc_sensor": CABIN_POWER + 1,
        "rm_discharge_sensor": BATTERY_POWER,
        "fill_level_sensor": BATTERY_SOC,
        "fill_rate_sensor": BATTERY_POWER,
        "usage_forecast_sensor": BATTERY_POWER,
        "leakage_sensor": BATTERY_POWER,
        "efficiency_sensor": CABIN_POWER + 1,
        "active_actuator_sensor": BATTERY_SOC,
        "power_forecast_sensor": BATTERY_POWER,
        "schedule_duration": 12 * 3600,
        "soc_unit": "%",
        "soc_min": 10,
        "soc_max": 90.5,
        "capacity": 12,
        "soc_entity": "sensor.battery",
        "soc_max_age": 1200,
        "update_interval": 1800,
        "update_interval_charging": 600,
        "update_interval_climate": 120,
        "charging_entity": "switch.charger",
        "climate_entity": "climate.living_room",
        "automatic_scheduling": True,
        "soc_deviation": 5,
        "trigger_entities": ["binary_sensor.plug", "person.anna"],
    }


async def test_several_devices_of_one_account(home: Home) -> None:
    await start(home, [BATTERY, BATTERY | {"power_sensor": GARAGE_POWER, "soc_min": 1}])

    entry = only_entry(home)
    assert settings(home)["power_sensor"] == BATTERY_POWER
    assert device_of(entry, GARAGE_POWER).title == "Garage battery"
    assert len(home.server.requests_to("GET", "/api/v3_0/assets")) > 0


async def test_name_that_a_meter_has(home: Home) -> None:
    """A device of the YAML does not take it."""
    home.add_account(device(GARAGE_POWER), meter(title="Home battery"))

    await start(home, BATTERY)

    title = device_of(only_entry(home), BATTERY_POWER).title
    assert title == "Home battery: battery power"


async def test_several_accounts(home: Home) -> None:
    other = {"username": MEMBER_EMAIL, "power_sensor": GARAGE_POWER}

    await start(home, [BATTERY, BATTERY | other])

    assert {entry.title for entry in home.entries} == {EMAIL, MEMBER_EMAIL}
    assert [len(entry.subentries) for entry in home.entries] == [1, 1]


@pytest.mark.parametrize(
    "host",
    [
        "http://flexmeasures.test:5000/",
        " HTTP://FlexMeasures.test:5000",
    ],
)
async def test_other_spellings_of_the_host(home: Home, host: str) -> None:
    """They are the same account."""
    await start(
        home, [BATTERY | {"host": host}, BATTERY | {"power_sensor": GARAGE_POWER}]
    )

    assert only_entry(home).data["host"] == URL_OF_SERVER


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost:5000", "https://localhost:5000"),
        ("127.0.0.1", "https://127.0.0.1"),
        ("flexmeasures.io", "https://flexmeasures.io"),
        ("[::1]:5000", "https://[::1]:5000"),
        ("flexmeasures.io/dashboard", "https://flexmeasures.io"),
        ("host/flexmeasures/", "https://host/flexmeasures"),
    ],
)
async def test_hosts(home: Home, host: str, address: str) -> None:
    """Also under a path, and without that of a page."""
    home.server.root = "/flexmeasures" if address.endswith("/flexmeasures") else ""

    await start(home, BATTERY | {"host": host})

    assert only_entry(home).data["host"] == address


@pytest.mark.parametrize("power_sensor", [10, "10", 10.0, " 10 "])
async def test_sensor_ids_as_people_write_them(home: Home, power_sensor: Any) -> None:
    await start(home, BATTERY | {"power_sensor": power_sensor, "soc_sensor": "11"})

    assert settings(home) == DEFAULTS
    assert not issues(home)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("02:00:00", 7200),
        ("2:00", 7200),
        ("PT2H", 7200),
        ("7200", 7200),
        (7200, 7200),
        (90.5, 90),
        ({"hours": 2}, 7200),
        ({"hours": 1, "minutes": 60}, 7200),
        ("1 hour", 3600),
        ("30 minutes", 1800),
        ("2 days", 172800),
        (" 1 Hour 30 Min ", 5400),
        ("1 hour, 5 minutes and 30 seconds", 3930),
        ("1h30m", 5400),
        ("0.5 hours", 1800),
        ("90 s", 90),
    ],
)
async def test_durations_as_people_write_them(
    home: Home, duration: Any, seconds: int
) -> None:
    await start(home, BATTERY | {"update_interval": duration})

    assert not issues(home)
    assert settings(home)["update_interval"] == seconds


@pytest.mark.parametrize(
    "key",
    [
        *("schedule_duration", "soc_max_age"),
        *("update_interval_charging", "update_interval_climate"),
    ],
)
async def test_durations_with_a_unit(home: Home, key: str) -> None:
    await start(home, BATTERY | {key: "20 minutes"})

    assert not issues(home)
    assert settings(home) == DEFAULTS | {key: 1200}


@pytest.mark.parametrize("key", ["update_interval_charging", "update_interval_climate"])
@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(10, 600), ("10", 600), (1.5, 90), ("00:10:00", 600), ({"minutes": 10}, 600)],
)
async def test_plain_numbers_of_minutes(
    home: Home, key: str, duration: Any, seconds: int
) -> None:
    """So have these two been described from the beginning."""
    await start(home, BATTERY | {key: duration})

    assert not issues(home)
    assert settings(home) == DEFAULTS | {key: seconds}


async def test_other_values_as_people_write_them(home: Home) -> None:
    have_entities(home.hass, "switch.charger", "binary_sensor.plug", "person.anna")

    await start(
        home,
        BATTERY
        | {
            "username": f" {EMAIL} ",
            "soc_unit": "wh",
            "soc_min": "1500",
            "automatic_scheduling": "yes",
            "charging_entity": "Switch.Charger",
            "trigger_entities": "binary_sensor.plug, person.anna",
            "capacity": None,
        },
    )

    assert not issues(home)
    assert settings(home) == DEFAULTS | {
        "soc_unit": "Wh",
        "soc_min": 1500,
        "automatic_scheduling": True,
        "charging_entity": "switch.charger",
        "trigger_entities": ["binary_sensor.plug", "person.anna"],
    }


@pytest.mark.parametrize("yaml", [None, {}, [], [{}]])
async def test_nothing_to_take_over(home: Home, yaml: Any) -> None:
    await start(home, yaml)

    assert not home.entries
    assert not issues(home)


async def test_start_up_does_not_wait(home: Home) -> None:
    home.hass.set_state(CoreState.starting)
    await start(home, BATTERY)
    assert not home.server.requests

    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.settle()

    assert only_entry(home)


async def test_file(home: Home, tmp_path: Path) -> None:
    """An issue says where its mapping begins; a secret is taken from its file."""
    folder = tmp_path / "config"
    folder.mkdir()
    home.hass.config.config_dir = str(folder)
    (folder / "secrets.yaml").write_text(f"the_password: {PASSWORD}\n")
    (folder / "configuration.yaml").write_text(f"""\
flexmeasures:
  host: {URL_OF_SERVER}
  username: {EMAIL}
  password: !secret the_password
  power_sensor: {BATTERY_POWER}
  soc_min: a lot
""")
    (tmp_path / "more.yaml").write_text(f"username: {EMAIL}\n")
    written = load_yaml_dict(str(folder / "configuration.yaml"), Secrets(folder))
    more = load_yaml_dict(str(tmp_path / "more.yaml"))

    await start(home, [written[DOMAIN], more])

    assert only_entry(home).data["password"] == PASSWORD
    places = {
        issue.issue_id: (issue.translation_placeholders or {})["place"]
        for issue in issues(home)
    }
    assert places == {
        "yaml_1_soc_min": "configuration.yaml:2",
        "yaml_2_host": f"{tmp_path}/more.yaml:1",
        "yaml_2_password": f"{tmp_path}/more.yaml:1",
        "yaml_2_power_sensor": f"{tmp_path}/more.yaml:1",
    }


# --- accounts and devices that there are


async def test_nothing_is_asked_if_nothing_has_changed(home: Home) -> None:
    home.add_account(imported({"soc_min": 2}))

    await start(home, BATTERY | {"soc_min": 2})

    assert len(home.server.requests_to("POST", LOGIN)) == 1, "not just the account's"
    assert not issues(home)


async def test_changed_settings(home: Home) -> None:
    """All that is in the YAML holds again; what has left it has its default."""
    entry = home.add_account(
        imported(
            {"soc_min": 2, "soc_max": 8, "update_interval": 600},
            soc_max=9,
            charging_entity="switch.charger",
        )
    )

    await start(home, BATTERY | {"soc_min": 3, "soc_max": 8})

    assert settings(home) == DEFAULTS | {
        "soc_min": 3,
        "soc_max": 8,
        "charging_entity": "switch.charger",
    }
    assert device_of(entry, BATTERY_POWER).title == "My device"


@pytest.mark.parametrize(
    "yaml", [{"soc_unit": "Wh"}, {"soc_unit": "Wh", "soc_min": 99}]
)
async def test_amounts_of_another_unit(home: Home, yaml: Json) -> None:
    """What was entered in kWh is not taken for Wh."""
    home.add_account(imported({}, soc_max=9, soc_deviation=2))

    await start(home, BATTERY | yaml)

    assert settings(home) == DEFAULTS | yaml


async def test_unit_that_left_the_yaml(home: Home) -> None:
    home.add_account(imported({"soc_unit": "Wh"}, soc_max=9))

    await start(home, BATTERY)

    assert settings(home) == DEFAULTS


async def test_change_in_the_ui_holds_until_the_yaml_changes(home: Home) -> None:
    entry = home.add_account(imported({"soc_min": 2}))
    await start(home, BATTERY | {"soc_min": 2})
    await change_settings(home.hass, entry, BATTERY_POWER, soc_min=4)
    await home.settle()

    assert device_of(entry, BATTERY_POWER).data["soc_min"] == 4
    assert device_of(entry, BATTERY_POWER).data["yaml"] == {"soc_min": 2}


@pytest.mark.parametrize(
    "yaml", [{"soc_min": 2}, {"soc_min": 3}, {}], ids=["same", "changed", "left"]
)
async def test_pairing_made_in_the_ui(home: Home, yaml: Json) -> None:
    """It is not the YAML's, which cannot make one: each import leaves it alone."""
    pairing = {"id": "5f0e", "token_hash": "77af"}
    home.add_account(imported({"soc_min": 2}, s2=pairing))

    await start(home, BATTERY | yaml)

    assert not issues(home)
    assert settings(home) == DEFAULTS | yaml | {"s2": pairing}


async def test_pairing_of_a_device_that_gets_into_the_yaml(home: Home) -> None:
    pairing = {"id": "5f0e", "token_hash": "77af"}
    home.add_account(imported(None, s2=pairing))

    await start(home, BATTERY | {"soc_min": 2, "fill_level_sensor": BATTERY_SOC})

    assert settings(home) == DEFAULTS | {
        "soc_min": 2,
        "fill_level_sensor": BATTERY_SOC,
        "s2": pairing,
    }


async def test_pairing_made_in_the_ui_of_a_device_of_the_yaml(home: Home) -> None:
    entry = home.add_account(imported({"soc_min": 2}))
    await start(home, BATTERY | {"soc_min": 2})
    battery = device_of(entry, BATTERY_POWER)
    flow = await open_screen(home.hass, entry, battery, "s2_pairing")
    flow = await submit_settings(home.hass, flow, s2_enabled=True)
    await submit(home.hass, flow, {})
    await home.settle()

    data = device_of(entry, BATTERY_POWER).data
    assert data["s2"].keys() == {"id", "token_hash", "automatic"}
    assert data["yaml"] == {"soc_min": 2}


async def test_another_power_sensor_chosen_in_the_ui(home: Home) -> None:
    """The device is no longer the one of the YAML."""
    entry = home.add_account(imported({"soc_min": 2}))
    await start(home, BATTERY | {"soc_min": 2})
    battery = device_of(entry, BATTERY_POWER)
    flow = await open_screen(home.hass, entry, battery, "power_sensor")
    flow = await submit(home.hass, flow, {"power_sensor": str(GARAGE_POWER)})
    await submit_settings(home.hass, flow)
    await home.settle()

    assert "yaml" not in device_of(entry, GARAGE_POWER).data


async def test_account_of_the_ui(home: Home) -> None:
    """Its devices stay; one that is in the YAML too gets its settings."""
    home.add_account(
        imported(None, soc_max=9, update_interval=900), imported(None, CABIN_POWER)
    )

    await start(
        home,
        [
            BATTERY | {"update_interval": 1200},
            BATTERY | {"power_sensor": GARAGE_POWER},
        ],
    )

    entry = only_entry(home)
    assert len(entry.subentries) == 3
    assert settings(home) == DEFAULTS | {"soc_max": 9, "update_interval": 1200}
    assert device_of(entry, GARAGE_POWER).data["yaml"] == {}
    assert "yaml" not in device_of(entry, CABIN_POWER).data
    assert home.hass.states.get("sensor.garage_battery_schedule")


async def test_account_that_another_flow_sets_up_meanwhile(home: Home) -> None:
    """It is added to, not replaced."""
    answered = asyncio.Event()
    path = f"/api/v3_0/sensors/{UNKNOWN_SENSOR}"
    home.server.answer("GET", path, status=404, json={}, wait_for=answered)
    home.hass.set_state(CoreState.starting)
    await start(home, BATTERY | {"soc_sensor": UNKNOWN_SENSOR})
    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.until(lambda: home.server.requests_to("GET", path))
    home.add_account(imported(None, GARAGE_POWER))
    answered.set()
    await home.settle()

    entry = only_entry(home)
    assert len(entry.subentries) == 2
    assert settings(home) == DEFAULTS


async def test_changed_password(home: Home) -> None:
    """It is kept once it has been accepted."""
    home.server.users[EMAIL].password = f"new-{PASSWORD}"
    home.add_account(imported({}))

    await start(home, BATTERY | {"password": f"new-{PASSWORD}"})

    assert only_entry(home).data["password"] == f"new-{PASSWORD}"
    assert home.hass.states.get("sensor.my_device_schedule")
    assert not issues(home)
    assert not home.reauthentications


# --- removed


async def fix(home: Home, hass_client: ClientSessionGenerator, issue_id: str) -> None:
    """Confirm what an issue offers."""
    client = await hass_client()
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    assert answer.status == HTTPStatus.OK
    flow = await answer.json()
    assert flow["step_id"] == "confirm"
    texts = english()["issues"]["yaml_removed"]["fix_flow"]["step"]["confirm"]
    assert placeholders(texts) <= flow["description_placeholders"].keys()
    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await answer.json())["type"] == "create_entry"
    await home.settle()


@pytest.mark.parametrize("yaml", [None, [BATTERY]])
async def test_removed_device(
    home: Home, hass_client: ClientSessionGenerator, yaml: Any
) -> None:
    """It stays, and says so until that is confirmed."""
    assert await async_setup_component(home.hass, "repairs", {})
    entry = home.add_account(
        imported({}, GARAGE_POWER, soc_min=2), imported(None, CABIN_POWER)
    )
    await start(home, yaml)

    (issue,) = issues(home)
    assert issue.issue_id == f"yaml_removed_{GARAGE_POWER}"
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    await fix(home, hass_client, issue.issue_id)

    assert not issues(home)
    device = device_of(entry, GARAGE_POWER)
    assert "yaml" not in device.data
    assert device.data["soc_min"] == 2


async def test_removed_device_that_is_deleted(home: Home) -> None:
    """Nothing is left to be said."""
    entry = home.add_account(imported({}), imported({}, GARAGE_POWER))
    await start(home, None)
    assert len(issues(home)) == 2

    home.hass.config_entries.async_remove_subentry(entry, str(BATTERY_POWER))
    (issue,) = issues(home)
    assert issue.issue_id == f"yaml_removed_{GARAGE_POWER}"
    await home.hass.config_entries.async_remove(entry.entry_id)
    assert not issues(home)


async def test_removed_device_that_is_deleted_while_it_is_confirmed(
    home: Home, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(home.hass, "repairs", {})
    entry = home.add_account(imported({}))
    await start(home, None)
    client = await hass_client()
    issue_id = f"yaml_removed_{BATTERY_POWER}"
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    flow = await answer.json()
    home.hass.config_entries.async_remove_subentry(entry, str(BATTERY_POWER))

    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})

    assert (await answer.json())["type"] == "create_entry"
    assert not issues(home)


@pytest.mark.parametrize(
    "mistake", [{"password": None}, {"password": 7}, {"soc_min": "a lot"}]
)
async def test_device_with_a_mistake_is_not_removed(home: Home, mistake: Json) -> None:
    home.add_account(imported({}))

    await start(home, BATTERY | mistake)

    assert wrong(home).keys() == mistake.keys()


async def test_other_integrations_change(home: Home) -> None:
    """Only a change of our own is a reason to look again."""
    home.add_account(imported({}))
    await start(home, None)
    ir.async_delete_issue(home.hass, DOMAIN, f"yaml_removed_{BATTERY_POWER}")

    MockConfigEntry(domain="other").add_to_hass(home.hass)
    await home.hass.config_entries.async_remove(
        home.hass.config_entries.async_entries("other")[0].entry_id
    )

    assert not issues(home)


async def test_removals_are_not_guessed(home: Home) -> None:
    """A device that cannot be told from the YAML may be the one."""
    home.add_account(imported({}))

    await start(home, [{**BATTERY, "host": 5000}])

    assert wrong(home) == {"host": "not_an_address"}


# --- wrong values


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("host", 5000, "not_an_address"),
        ("host", "5000", "not_an_address"),
        ("host", 5000.5, "not_an_address"),
        ("host", ["::1"], "not_an_address"),
        ("host", "ftp://flexmeasures.io", "not_an_address"),
        ("host", f"http://{EMAIL}:{PASSWORD}@flexmeasures.io", "not_an_address"),
        ("host", {"username": EMAIL, "password": PASSWORD}, "not_an_address"),
        ("host", "", "not_an_address"),
        ("host", None, "missing_key"),
        ("username", 7, "not_a_text"),
        ("username", " ", "not_a_text"),
        ("username", None, "missing_key"),
        ("password", 83, "not_a_text"),
        ("password", [PASSWORD], "not_a_text"),
        ("password", None, "missing_key"),
        ("power_sensor", "battery", "not_a_sensor_id"),
        ("power_sensor", True, "not_a_sensor_id"),
        ("power_sensor", -1, "not_a_sensor_id"),
        ("power_sensor", 1.5, "not_a_sensor_id"),
        ("power_sensor", None, "missing_key"),
        ("power_sensor", UNKNOWN_SENSOR, "sensor_not_found"),
        ("power_sensor", NEIGHBOUR_POWER, "sensor_of_another_account"),
        ("power_sensor", PUBLIC_POWER, "sensor_of_another_account"),
        ("power_sensor", BATTERY_SOC, "not_a_power_sensor"),
    ],
)
async def test_wrong_account_or_power_sensor(
    home: Home, key: str, value: Any, problem: str
) -> None:
    """The device is not set up; others are."""
    await start(
        home, [BATTERY | {key: value}, BATTERY | {"power_sensor": GARAGE_POWER}]
    )

    (issue,) = issues(home)
    assert issue.translation_key == f"yaml_{problem}"
    assert (issue.translation_placeholders or {})["key"] == key
    assert issue.severity is ir.IssueSeverity.ERROR
    assert not issue.is_fixable
    (device,) = only_entry(home).subentries.values()
    assert device.data["power_sensor"] == GARAGE_POWER


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("consumption_price_sensor", "day-ahead", "not_a_sensor_id"),
        ("consumption_price_sensor", UNKNOWN_SENSOR, "sensor_not_found"),
        ("consumption_price_sensor", BATTERY_POWER, "not_a_price_sensor"),
        ("consumption_price_sensor", DOLLAR_PRICE, "currencies_differ"),
        ("production_price_sensor", DOLLAR_PRICE, "currencies_differ"),
        ("soc_sensor", PRICE, "not_a_state_of_charge_sensor"),
        ("rm_discharge_sensor", PRICE, "not_a_power_sensor"),
        ("rm_discharge_sensor", NEIGHBOUR_POWER, "sensor_of_another_account"),
        ("rm_discharge_sensor", PUBLIC_POWER, "sensor_of_another_account"),
        ("fill_level_sensor", "tank", "not_a_sensor_id"),
        ("fill_level_sensor", PRICE, "price_sensor"),
        ("leakage_sensor", UNKNOWN_SENSOR, "sensor_not_found"),
        ("efficiency_sensor", BATTERY_POWER, "not_an_efficiency_sensor"),
        ("power_forecast_sensor", BATTERY_SOC, "not_a_power_sensor"),
        ("schedule_duration", "soon", "not_a_duration"),
        ("schedule_duration", 60, "schedule_duration_too_short"),
        ("update_interval", True, "not_a_duration"),
        ("update_interval", 0, "not_a_duration"),
        ("update_interval", "-1:00", "not_a_duration"),
        ("update_interval", float("inf"), "not_a_duration"),
        ("update_interval", [1], "not_a_duration"),
        ("update_interval", {"ours": 1}, "not_a_duration"),
        ("update_interval", 59, "update_interval_too_short"),
        ("update_interval", "30 fortnights", "not_a_duration"),
        ("update_interval", "-1 hour", "not_a_duration"),
        ("update_interval", "59 seconds", "update_interval_too_short"),
        ("update_interval_charging", "59 s", "update_interval_too_short"),
        ("update_interval_charging", 0, "not_a_duration_in_minutes"),
        ("update_interval_climate", 0.5, "update_interval_too_short"),
        ("update_interval_climate", "often", "not_a_duration_in_minutes"),
        ("update_interval_climate", float("nan"), "not_a_duration_in_minutes"),
        ("soc_max_age", 59, "soc_max_age_too_short"),
        ("schedule_duration", "P400D", "schedule_duration_too_long"),
        ("schedule_duration", "8 days", "schedule_duration_too_long"),
        ("update_interval", "367 days", "update_interval_too_long"),
        ("update_interval_climate", 10**9, "update_interval_too_long"),
        ("soc_max_age", "999999 weeks", "soc_max_age_too_long"),
        ("soc_unit", "kW", "not_a_unit"),
        ("soc_min", "1 kWh", "not_a_number"),
        ("soc_min", -1, "not_a_number"),
        ("soc_min", True, "not_a_number"),
        ("soc_min", float("nan"), "not_a_number"),
        ("soc_min", 10, "soc_min_not_below_soc_max"),
        ("soc_max", 0.5, "soc_min_not_below_soc_max"),
        ("capacity", 0, "not_a_positive_number"),
        ("soc_deviation", 0, "not_a_positive_number"),
        ("soc_entity", "battery", "not_a_state_of_charge_entity"),
        ("soc_entity", "light.battery", "not_a_state_of_charge_entity"),
        ("soc_entity", "sensor.power", "not_a_state_of_charge_entity"),
        ("soc_entity", "sensor.humidity", "not_a_state_of_charge_entity"),
        ("empty_temperature", "warm", "not_a_temperature"),
        ("empty_temperature", -51, "not_a_temperature"),
        ("full_temperature", 151, "not_a_temperature"),
        ("full_temperature", float("nan"), "not_a_temperature"),
        ("charging_entity", "climate.car", "not_a_charging_entity"),
        ("climate_entity", "switch.heater", "not_a_climate_entity"),
        ("ready_by_calendar", "sensor.car", "not_a_calendar"),
        ("ready_by_calendar", "calendar.gone", "entity_not_found"),
        ("ready_by_calendar", "calendar.plan", "own_calendar"),
        ("trigger_entities", ["plug"], "not_an_entity"),
        ("trigger_entities", 5, "not_an_entity"),
        ("soc_entity", "sensor.gone", "entity_not_found"),
        ("charging_entity", "switch.gone", "entity_not_found"),
        ("climate_entity", "climate.gone", "entity_not_found"),
        ("trigger_entities", ["sensor.power", "sensor.gone"], "entity_not_found"),
        ("automatic_scheduling", "maybe", "not_a_boolean"),
        ("colour", "blue", "unknown_key"),
        # Its token has to be seen by someone.
        ("s2", {"id": "1", "token_hash": "2"}, "unknown_key"),
        ("s2_enabled", True, "unknown_key"),
        ("soc_mim", 1, "misspelt_key"),
        (5, 1, "unknown_key"),
    ],
)
async def test_wrong_setting(home: Home, key: Any, value: Any, problem: str) -> None:
    """It has its default, and the rest holds."""
    home.hass.states.async_set("sensor.power", "1", {"unit_of_measurement": "kW"})
    home.hass.states.async_set(
        "sensor.humidity", "1", {"unit_of_measurement": "%", "device_class": "humidity"}
    )
    er.async_get(home.hass).async_get_or_create(
        "calendar", DOMAIN, "10_plan", suggested_object_id="plan"
    )

    await start(home, BATTERY | {"automatic_scheduling": True, key: value})

    (issue,) = issues(home)
    assert issue.translation_key == f"yaml_{problem}"
    assert (issue.translation_placeholders or {})["key"] == str(key)
    assert issue.severity is ir.IssueSeverity.WARNING
    is_right = key != "automatic_scheduling"
    assert settings(home) == DEFAULTS | {"automatic_scheduling": is_right}


async def test_entities_that_do_not_exist(home: Home) -> None:
    """They are named; with the next start they may be there."""
    yaml = BATTERY | {"trigger_entities": "sensor.one, sensor.two"}
    have_entities(home.hass, "sensor.two")
    await start(home, yaml)

    (issue,) = issues(home)
    assert (issue.translation_placeholders or {})["entities"] == "sensor.one"
    assert settings(home) == DEFAULTS


async def test_entity_that_is_gone_after_it_was_taken_over(home: Home) -> None:
    """It stays: it may just not be there yet, and else a repair tells."""
    yaml = {"climate_entity": "climate.hall"}
    home.add_account(imported(yaml))

    await start(home, BATTERY | yaml | {"soc_min": 2})

    assert not issues(home)
    assert settings(home) == DEFAULTS | yaml | {"soc_min": 2}


async def test_misspelt_key(home: Home) -> None:
    await start(home, BATTERY | {"consumption_price": PRICE})

    (issue,) = issues(home)
    assert (issue.translation_placeholders or {})["suggestion"] == (
        "consumption_price_sensor"
    )


@pytest.mark.parametrize("yaml", ["host", [5], [[BATTERY]], PASSWORD])
async def test_no_mapping(home: Home, yaml: Any) -> None:
    await start(home, yaml)

    assert wrong(home) == {"flexmeasures": "not_a_mapping"}
    assert issues(home)[0].severity is ir.IssueSeverity.ERROR


async def test_several_mistakes(home: Home) -> None:
    have_entities(home.hass, "climate.hall")

    await start(
        home,
        BATTERY
        | {
            "soc_min": "few",
            "soc_max": 0.5,
            "rm_discharge_sensor": PRICE,
            "climate_entity": "climate.hall",
        },
    )

    assert wrong(home) == {
        "soc_min": "not_a_number",
        "soc_max": "soc_min_not_below_soc_max",
        "rm_discharge_sensor": "not_a_power_sensor",
    }
    assert settings(home) == DEFAULTS | {"climate_entity": "climate.hall"}


@pytest.mark.parametrize(
    ("key", "value"), [("soc_unit", "%"), ("soc_entity", "sensor.percentage")]
)
async def test_percentage_of_a_capacity(home: Home, key: str, value: str) -> None:
    """It is the server's, unless that has none."""
    home.hass.states.async_set("sensor.percentage", "1", {"unit_of_measurement": "%"})
    await start(home, [BATTERY | {key: value}, CABIN | {key: value}])

    assert wrong(home) == {key: "capacity_required"}
    assert settings(home) == DEFAULTS | {key: value, "capacity": 10}
    assert settings(home, CABIN_POWER) == DEFAULTS | {"power_sensor": CABIN_POWER}


@pytest.mark.parametrize(
    ("yaml", "made", "culprit"),
    [
        ({"capacity": 8, "soc_max": 9}, {}, "soc_max"),
        ({"capacity": 8, "soc_deviation": 9}, {}, "soc_deviation"),
        ({"soc_max": 9}, {"capacity": 8}, "soc_max"),
        ({"capacity": 8}, {"soc_max": 9}, "capacity"),
    ],
)
async def test_more_than_the_capacity(
    home: Home, yaml: Json, made: Json, culprit: str
) -> None:
    """Nothing can be, also together with what was set in the UI."""
    home.add_account(imported({}, **made))
    await start(home, BATTERY | yaml)

    (issue,) = issues(home)
    assert wrong(home) == {culprit: "above_capacity"}
    assert (issue.translation_placeholders or {})[
        "capacity"
    ] == "8\N{NO-BREAK SPACE}kWh"


async def test_limit_above_that_of_the_server(home: Home) -> None:
    """That one is a limit, not the capacity."""
    await start(home, BATTERY | {"soc_max": 12})

    assert wrong(home) == {}
    assert settings(home)["soc_max"] == 12


async def test_what_an_entity_shows_at_the_start(home: Home) -> None:
    """It is no reason to do without it until the next start."""
    home.hass.states.async_set("sensor.full", "255", {"unit_of_measurement": "kWh"})
    await start(home, BATTERY | {"soc_entity": "sensor.full"})

    assert settings(home)["soc_entity"] == "sensor.full"


@pytest.mark.parametrize("unit", ["percent", "%"])
async def test_amounts_without_their_unit(home: Home, unit: str) -> None:
    """They would mean something else in the default unit."""
    home.server.set_flex_model(BATTERY_ASSET)
    await start(
        home,
        BATTERY | {"soc_unit": unit, "soc_min": 2, "soc_max": 9, "soc_deviation": 1},
    )

    assert wrong(home).keys() == {"soc_unit"}
    assert settings(home) == DEFAULTS


async def test_percentage_out_of_range(home: Home) -> None:
    await start(
        home, BATTERY | {"soc_unit": "%", "capacity": 10, "soc_min": 20, "soc_max": 101}
    )

    assert wrong(home) == {"soc_max": "not_a_percentage"}
    assert settings(home) == DEFAULTS | {
        "soc_unit": "%",
        "capacity": 10,
        "soc_min": 20,
    }


async def test_same_device_twice(home: Home) -> None:
    await start(home, [BATTERY | {"soc_min": 2}, BATTERY | {"soc_min": 3}])

    (issue,) = issues(home)
    assert issue.translation_key == "yaml_sensor_already_used"
    assert settings(home)["soc_min"] == 2


async def test_long_value(home: Home) -> None:
    await start(home, BATTERY | {"soc_min": "x" * 1000})

    (issue,) = issues(home)
    assert len((issue.translation_placeholders or {})["value"]) == 100


async def test_mistake_that_only_the_server_knows_is_told_at_each_start(
    home: Home,
) -> None:
    """And what was changed in the UI holds nevertheless."""
    home.add_account(imported({"soc_max": 9}, soc_max=8))

    await start(home, BATTERY | {"soc_max": 9, "soc_sensor": UNKNOWN_SENSOR})

    assert wrong(home) == {"soc_sensor": "sensor_not_found"}
    assert settings(home)["soc_max"] == 8


async def test_mistake_in_what_was_set_in_the_ui(home: Home) -> None:
    """It is no reason to change anything."""
    home.add_account(imported({}, soc_sensor=UNKNOWN_SENSOR))

    await start(home, BATTERY | {"soc_min": 2})

    assert wrong(home) == {"soc_sensor": "sensor_not_found"}
    assert settings(home) == DEFAULTS | {"soc_sensor": UNKNOWN_SENSOR}


async def test_account_without_a_right_device(home: Home) -> None:
    await start(home, BATTERY | {"power_sensor": UNKNOWN_SENSOR})

    assert not home.entries


def test_mistakes_that_the_form_finds_have_a_text() -> None:
    """Each of its errors that YAML can lead to is an issue too."""
    texts = english()
    of_forms = texts["config_subentries"]["device"]["error"].keys()
    of_server = texts["exceptions"].keys() | {"unknown"}
    # Where only a form can have, or shows, what is wrong.
    of_forms_only = {
        "capacity_too_small",
        "above_server_capacity",
        "amount_negative",
        "energy_large",
        "instantaneous_power_sensor",
        "soc_entity_implausible",
        "soc_max_not_above_soc_min",
        # Of the steps that make a home.
        "capacity_missing",
        "connection_not_understood",
        "device_exists",
        "follower_actions_wrong",
        "follower_no_actions",
        "follower_not_warmer",
        "follower_own_entity",
        "follower_same_entity",
        "follower_taken",
        "full_not_above_empty",
        "level_unit_unknown",
        "larger_than_a_home",
        "litres_not_positive",
        "lowest_not_a_share",
        "name_missing",
        "not_a_production_entity",
        "not_a_temperature_of_water",
        "power_above_capacity",
        "power_large",
        "power_not_positive",
        "price_in_cents",
        "price_missing",
        "s2_has_follower",
        "prices_not_readable",
        # Of what is no setting.
        "ready_by_target_high",
        "ready_by_target_low",
        "ready_by_target_missing",
        "ready_by_time_missing",
        "rule_in_cents",
    }
    found_before = {"capacity_not_positive", "soc_deviation_not_positive"}

    issue_texts = {key.removeprefix("yaml_") for key in texts["issues"]}
    assert of_forms - of_server - of_forms_only - found_before <= issue_texts


# --- the server


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"username": "nobody@example.com"}, "username", "unknown_user"),
        ({"password": "another"}, "password", "wrong_password"),
    ],
)
async def test_refused_login(home: Home, changes: Json, key: str, problem: str) -> None:
    """It is not tried again, and a right one of the same account holds."""
    await start(home, [BATTERY | changes, BATTERY | {"power_sensor": GARAGE_POWER}])
    logins = len(home.server.requests_to("POST", LOGIN))
    await home.go_to(NOW + 60 * MINUTE)

    assert wrong(home) == {key: problem}
    assert only_entry(home).data["password"] == PASSWORD
    assert not home.server.requests_to("POST", LOGIN)[logins:]


async def test_username_in_another_case(home: Home) -> None:
    """The account has the one that the server knows, and is still that of the YAML."""
    yaml = [
        BATTERY | {"username": "Demo@Example.com"},
        BATTERY | {"power_sensor": GARAGE_POWER},
    ]

    await start(home, yaml)

    entry = only_entry(home)
    assert entry.title == entry.data["username"] == EMAIL
    assert len(entry.subentries) == 2
    assert not issues(home)


async def test_username_in_another_case_is_imported_once(home: Home) -> None:
    home.add_account(imported({}))

    await start(home, BATTERY | {"username": "Demo@Example.com"})

    assert len(home.server.requests_to("POST", LOGIN)) == 1, "not just the account's"
    assert not issues(home)


async def test_refused_password_of_an_account(home: Home) -> None:
    """The account keeps the one that works."""
    home.add_account(imported({}))

    await start(home, BATTERY | {"password": "another", "soc_min": 2})

    assert wrong(home) == {"password": "wrong_password"}
    assert only_entry(home).data["password"] == PASSWORD
    assert settings(home) == DEFAULTS


async def test_server_that_is_away(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again after some time that grows, and nothing is said but in the log."""
    home.server.fail(REFUSED)
    await start(home, BATTERY)
    moment = NOW
    for minutes in (1, 2, 5, 10, 15, 15):
        home.server.requests.clear()
        moment += minutes * MINUTE
        await home.go_to(moment - MINUTE / 2)
        assert not home.server.requests
        await home.go_to(moment)
        assert home.server.requests
    assert not issues(home)
    warnings = [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING" and "configuration.yaml" in record.getMessage()
    ]
    assert len(warnings) == 1
    assert "connection refused" in warnings[0]

    home.server.recover()
    await home.go_to(moment + 15 * MINUTE)

    assert settings(home) == DEFAULTS
    home.server.requests.clear()
    await home.go_to(moment + 31 * MINUTE)
    assert not home.server.requests_to("GET", "/api/")


async def test_server_that_goes_away_during_the_import(home: Home) -> None:
    home.server.answer("GET", "/api/v3_0/sensors", status=403, json=FORBIDDEN, times=1)
    await start(home, BATTERY)
    assert not home.entries

    await home.go_to(NOW + MINUTE)

    assert settings(home) == DEFAULTS


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"text": HTML}, "not_flexmeasures"),
        (
            {
                "text": HTML,
                "status": 301,
                "headers": {"Location": "https://flexmeasures.test:5000/"},
            },
            "encryption_required",
        ),
        (
            {"json": {"message": "Host 'x' is not trusted."}, "status": 400},
            "address_not_accepted",
        ),
        ({"json": {"flexmeasures_version": "0.9"}}, "server_too_old"),
    ],
)
async def test_wrong_server(home: Home, answer: Json, problem: str) -> None:
    """It is told, and withdrawn once it is right."""
    home.server.answer("GET", "/api/", **answer)
    await start(home, BATTERY)

    assert wrong(home) == {"host": problem}
    home.server.recover()
    await home.go_to(NOW + MINUTE)

    assert not issues(home)
    assert settings(home) == DEFAULTS


async def test_set_up_in_the_ui_while_the_server_is_away(home: Home) -> None:
    """There is nothing left to do."""
    home.server.fail(ClientConnectionError("gone"))
    await start(home, BATTERY)
    home.server.requests.clear()
    home.add_account(imported({}))

    await home.go_to(NOW + MINUTE)

    assert not home.server.requests
