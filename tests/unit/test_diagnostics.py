"""The diagnostics that a user can hand to others."""

from datetime import timedelta
import json
from typing import Any

from aiohttp import ClientConnectionError, ServerDisconnectedError
import flexmeasures_client
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.helpers import device_registry as dr
from homeassistant.loader import async_get_custom_components

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CONSUMPTION,
    EMAIL,
    GARAGE_POWER,
    PASSWORD,
    REFUSED,
    TOKEN_PREFIX,
    URL_OF_SERVER,
    VERSION,
    failed_job,
)
from .home import MINUTE, NOW, Home, device, meter

type Json = dict[str, Any]

SOC = "sensor.battery_state_of_charge"
PLUG = "binary_sensor.plug"
JOB = "/api/v3_0/jobs/*"


@pytest.fixture
def download(home: Home, hass_client: ClientSessionGenerator) -> Any:
    """Download the diagnostics of the account, or of one device."""

    async def get(power_sensor: int | None = None) -> Any:
        if power_sensor is None:
            found: Any = await get_diagnostics_for_config_entry(
                home.hass, hass_client, home.entry
            )
        else:
            registered = dr.async_get(home.hass).async_get(home.device_id(power_sensor))
            assert isinstance(registered, dr.DeviceEntry)
            found = await get_diagnostics_for_device(
                home.hass, hass_client, home.entry, registered
            )
        text = json.dumps(found)
        for secret in (EMAIL, PASSWORD, TOKEN_PREFIX):
            assert secret not in text
        return found

    return get


async def test_account(home: Home, download: Any) -> None:
    home.has_planned(1.0, None, 2.0)
    home.hass.states.async_set(SOC, "4.5", {"unit_of_measurement": "kWh"})
    await home.set_up(
        device(soc_entity=SOC, trigger_entities=[PLUG]), device(GARAGE_POWER)
    )

    found = await download()

    integration = (await async_get_custom_components(home.hass))["flexmeasures"]
    assert found["versions"] == {
        "integration": integration.version,
        "server": VERSION,
        "flexmeasures_client": flexmeasures_client.__version__,
    }
    assert found["account"] == {
        "settings": {
            "host": URL_OF_SERVER,
            "username": "**REDACTED**",
            "password": "**REDACTED**",
        },
        "options": {},
        "state": "loaded",
        "error": None,
    }
    assert found["recent_errors"] == []
    battery, garage = found["devices"]
    assert battery["title"] == "Home battery"
    assert battery["settings"]["power_sensor"] == BATTERY_POWER
    assert battery["entities"] == {
        SOC: {"state": "4.5", "unit": "kWh", "last_reported": NOW.isoformat()},
        PLUG: None,
    }
    assert battery["plan"] == {
        "power": {
            "start": "2026-11-22T10:00:00+00:00",
            "end": "2026-11-22T10:45:00+00:00",
            "resolution": 900,
            "slots": 3,
            "gaps": 1,
        },
        "state_of_charge": None,
        "has_consumption_price": False,
        "has_production_price": False,
        "covers_now": True,
    }
    assert battery["setpoint"] == 1.0
    assert battery["reading"] == {
        "last": NOW.isoformat(),
        "interval": 3600,
        "succeeded": True,
        "missing_sensors": {},
    }
    assert battery["memory"]["mode"] == "automatic"
    assert battery["memory"]["last_schedule"] is None
    assert battery["state_of_charge_problem"] is None
    assert battery["waiting"] is None
    assert garage["title"] == "Garage battery"
    assert garage["plan"]["power"] is None
    assert garage["plan"]["covers_now"] is False


async def test_device(home: Home, download: Any) -> None:
    """Others of the account are left out, with what went wrong with them."""
    home.server.answer("GET", JOB, status=422, json=failed_job("Prices unknown"))
    await home.set_up(device(), device(GARAGE_POWER))
    for sensor in (BATTERY_POWER, GARAGE_POWER):
        await home.call(
            "trigger_schedule",
            device_id=home.device_id(sensor),
            soc_at_start=4,
            wait=False,
        )
    await home.settle()

    found = await download(GARAGE_POWER)

    (garage,) = found["devices"]
    assert garage["title"] == "Garage battery"
    assert garage["memory"]["failure"]["key"] == "job_failed"
    assert garage["memory"]["last_attempt"] == NOW.isoformat()
    (error,) = found["recent_errors"]
    assert error == {
        "device": "Garage battery",
        "error": "job_failed",
        "placeholders": {"reason": "Prices unknown"},
        "first": NOW.isoformat(),
        "last": NOW.isoformat(),
        "times": 1,
    }


async def test_what_is_missing_or_waits(home: Home, download: Any) -> None:
    home.hass.states.async_set(PLUG, "off")
    home.hass.states.async_set(SOC, "unknown")
    home.server.set_flex_model(BATTERY, state_of_charge={"sensor": BATTERY_SOC})
    del home.server.sensors[BATTERY_SOC]
    await home.set_up(
        device(
            soc_entity=SOC,
            soc_sensor=BATTERY_SOC,
            trigger_entities=[PLUG],
            automatic_scheduling=True,
        )
    )
    home.hass.states.async_set(PLUG, "on")
    await home.settle()

    (battery,) = (await download())["devices"]

    assert battery["reading"]["missing_sensors"] == {"soc_sensor": BATTERY_SOC}
    assert battery["state_of_charge_problem"] == (
        "soc_entity_unavailable (entity: battery state of charge)"
    )
    assert battery["waiting"] == {
        "for": "entity_changed",
        "until": (NOW + timedelta(seconds=10)).isoformat(),
    }


async def test_errors_are_told_once_each(home: Home, download: Any) -> None:
    """An outage leaves room for what happened before it."""
    home.has_planned(*[1.0] * 20)
    await home.set_up()
    home.server.fail(REFUSED)
    with pytest.raises(Exception, match="connection refused"):
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    home.server.recover()
    home.server.answer(
        "POST", f"/api/v3_0/assets/{BATTERY}/schedules/trigger", status=403, json={}
    )
    with pytest.raises(Exception, match="HTTP 403"):
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    home.server.fail(ServerDisconnectedError())
    await home.go_to(NOW + 15 * MINUTE)
    with pytest.raises(Exception, match="the server closed the connection"):
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)

    errors = (await download())["recent_errors"]

    assert [(error["error"], error["times"]) for error in errors] == [
        ("not_permitted", 1),
        ("cannot_connect", 2),
    ]
    outage = errors[-1]
    assert outage["placeholders"] == {"reason": "the server closed the connection"}
    assert outage["first"] == NOW.isoformat()
    assert outage["last"] == (NOW + 15 * MINUTE).isoformat()


async def test_only_the_newest_errors_are_kept(home: Home, download: Any) -> None:
    home.add_account(
        *(
            ConfigSubentryDataWithId(
                data={**device()["data"], "power_sensor": sensor},
                subentry_id=str(sensor),
                subentry_type="device",
                title=f"Battery {sensor}",
                unique_id=str(sensor),
            )
            for sensor in range(100, 125)
        )
    )
    home.server.fail(ClientConnectionError("gone"))
    await home.start()

    found = await download()

    assert len(found["devices"]) == 25
    assert len(found["recent_errors"]) == 20


async def test_account_that_could_not_be_set_up(home: Home, download: Any) -> None:
    """That is when diagnostics are wanted most."""
    home.server.fail(REFUSED)
    entry = await home.set_up()
    assert entry.state is ConfigEntryState.SETUP_RETRY

    found = await download()

    assert found["versions"]["server"] is None
    assert found["account"]["state"] == "setup_retry"
    assert found["account"]["error"] == "cannot_connect"
    assert [error["error"] for error in found["recent_errors"]] == ["cannot_connect"]


async def test_pairing_of_a_resource_manager(home: Home, download: Any) -> None:
    """That there is one, but neither its address nor what is kept of its token."""
    pairing = {"id": "the-route", "token_hash": "the-hash"}
    await home.set_up(device(s2=pairing), device(GARAGE_POWER))

    found = await download()

    battery, garage = found["devices"]
    assert battery["settings"]["s2"] == "**REDACTED**"
    assert "s2" not in garage["settings"]
    assert not any(secret in json.dumps(found) for secret in pairing.values())


async def test_account_that_is_not_loaded(home: Home, download: Any) -> None:
    entry = await home.set_up()
    await home.hass.config_entries.async_unload(entry.entry_id)

    found = await download()

    assert found["account"]["state"] == "not_loaded"
    assert found["recent_errors"] == []
    (battery,) = found["devices"]
    assert battery.keys() == {"title", "settings", "entities"}


async def test_meter(home: Home, download: Any) -> None:
    """Its settings and how reading it goes, but not what was used on which day."""
    home.server.answer("GET", f"/api/v3_0/sensors/{CONSUMPTION}/stats", status=500)
    await home.set_up(device(), meter(title="Main meter"))

    found = await download()

    assert [each["title"] for each in found["devices"]] == ["Home battery"]
    (main,) = found["meters"]
    assert main["title"] == "Main meter"
    assert main["settings"]["consumption_sensor"] == CONSUMPTION
    assert main["memory"].keys() >= {"since", "under_way"}
    assert "book" not in main["memory"]
    assert main["progress"] is None
    assert main["completeness"] == 0
    assert main["reading"]["succeeded"] is False
    assert main["reading"]["error"]


async def test_page_of_a_meter(home: Home, hass_client: ClientSessionGenerator) -> None:
    """Nothing of devices, as on their pages there is nothing of meters."""
    await home.set_up(device(), meter(title="Main meter"))
    registered = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, f"meter_{CONSUMPTION}"), home.entry.entry_id
    )
    assert isinstance(registered, dr.DeviceEntry)

    found: Any = await get_diagnostics_for_device(
        home.hass, hass_client, home.entry, registered
    )

    assert found["devices"] == []
    assert [each["title"] for each in found["meters"]] == ["Main meter"]


async def test_meter_of_an_account_that_is_not_loaded(
    home: Home, download: Any
) -> None:
    entry = await home.set_up(device(), meter())
    await home.hass.config_entries.async_unload(entry.entry_id)

    found = await download()

    (main,) = found["meters"]
    assert main.keys() == {"title", "settings"}
