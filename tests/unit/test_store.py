"""What survives a restart."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.device.store import AccountStore
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError

from .fake_server import BATTERY_POWER, GARAGE_POWER, finished_job
from .home import HOUR, MINUTE, NOTHING_REMEMBERED, NOW, SLOT, Home, device
from .s2_rm import FakeRM, paired

BATTERY = str(BATTERY_POWER)
JOB = "/api/v3_0/jobs/*"
SECONDS_11 = timedelta(seconds=11)


async def test_what_is_written(home: Home) -> None:
    """With a plan all that it was made for."""
    home.server.planned_values = [1.0, None, -2.0]
    await home.set_up()

    await home.compute()
    await home.until(lambda: home.is_stored and home.stored[BATTERY]["last_schedule"])

    assert home.stored == {
        "account": {
            "planned": [BATTERY_POWER],
            "triggers": {
                "limit": {"amount": 10, "window": 300.0},
                "used": [NOW.isoformat()],
                "closed_until": None,
            },
        },
        BATTERY: NOTHING_REMEMBERED
        | {
            "plan": NOTHING_REMEMBERED["plan"]
            | {
                "power": {
                    "start": "2026-11-22T10:00:00+00:00",
                    "resolution": 900.0,
                    "values": [1.0, None, -2.0, 1.0, None, -2.0, 1.0],
                }
            },
            "planned_until": "2026-11-22T12:00:00+00:00",
            "last_attempt": "2026-11-22T10:07:00+00:00",
            "last_schedule": "2026-11-22T10:07:00+00:00",
            "settings": home.stored[BATTERY]["settings"],
        },
    }
    assert len(home.stored[BATTERY]["settings"]) == 64


async def test_what_changes_all_the_time(home: Home, rm: FakeRM) -> None:
    """It is written now and then: an RM measures each few seconds, for days."""
    await home.set_up(paired())
    await rm.start()
    with patch.object(
        AccountStore, "_as_json", autospec=True, side_effect=AccountStore._as_json
    ) as write:
        for second in range(0, 3601, 12):
            await rm.pass_to(NOW + timedelta(seconds=second))
            await rm.measure(3600.0)

    assert 5 <= write.call_count <= 7
    assert home.stored[BATTERY]["resource"]["consumed_kwh"] > 2.8


async def test_what_matters_does_not_wait_for_what_does_not(
    home: Home, rm: FakeRM
) -> None:
    """Nor is it put off by that."""
    await home.set_up(paired())
    await rm.start()
    await rm.pass_to(NOW + MINUTE)
    await rm.measure(3600.0)
    await rm.pass_to(NOW + 2 * MINUTE)
    await rm.measure(3600.0)

    await home.compute()
    await rm.measure(3600.0)
    await rm.pass_to(NOW + 2 * MINUTE + SECONDS_11)

    assert home.stored[BATTERY]["last_schedule"] == (NOW + 2 * MINUTE).isoformat()


async def test_it_is_written_when_home_assistant_stops(home: Home) -> None:
    await home.set_up()
    await home.compute()

    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await home.settle()

    assert home.stored[BATTERY]["last_schedule"] == NOW.isoformat()


async def test_it_is_written_when_the_account_is_unloaded(home: Home) -> None:
    entry = await home.set_up()
    await home.compute()

    await home.hass.config_entries.async_unload(entry.entry_id)

    assert home.stored[BATTERY]["last_schedule"] == NOW.isoformat()


async def test_job_of_an_unchanged_plan(home: Home) -> None:
    """When it was is worth remembering all the same, a little later."""
    await home.set_up()
    await home.compute()
    await home.go_to(NOW + SECONDS_11)

    await home.compute()
    assert home.stored[BATTERY]["last_schedule"] == NOW.isoformat()
    await home.go_to(NOW + 2 * SECONDS_11)

    assert home.stored[BATTERY]["last_schedule"] == (NOW + SECONDS_11).isoformat()


async def test_nothing_new_is_not_written(home: Home) -> None:
    home.add_account()
    home.remembers(1.0, 2.0)
    home.has_planned(1.0, 2.0)
    before = home.stored
    await home.start()

    await home.go_to(NOW + MINUTE)

    assert home.stored is before


async def test_a_device_of_which_nothing_is_known(home: Home) -> None:
    """It was added while Home Assistant was off, or never had a plan."""
    home.add_account(device(BATTERY_POWER), device(GARAGE_POWER))
    home.remembers(1.0)

    assert await home.start() is ConfigEntryState.LOADED
    await home.go_to(NOW + HOUR)
    await home.go_to(NOW + HOUR + MINUTE)

    assert home.stored == {
        "account": {"triggers": {"limit": None, "used": [], "closed_until": None}},
        BATTERY: NOTHING_REMEMBERED,
        str(GARAGE_POWER): NOTHING_REMEMBERED,
    }


async def test_what_was_planned_until_is_remembered(home: Home) -> None:
    """A plan that goes farther than the settings is read to its end after a restart."""
    home.add_account()
    home.remembers(1.0, planned_until=(SLOT + 6 * HOUR).isoformat())

    await home.start()

    assert home.plans_read()[-1].query["duration"] == "PT17H"


async def test_file_of_the_first_version(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """What it held is read again from the server."""
    home.add_account()
    hass_storage[home.storage_key] = {
        "version": 1,
        "minor_version": 1,
        "key": home.storage_key,
        "data": {BATTERY: {"schedule": None}},
    }
    home.has_planned(1.0)

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state().state == "1.0"


async def test_computation_that_ends_after_the_account_was_removed(home: Home) -> None:
    """There is nothing left to remember it for, which is told to who waits for it."""
    entry = await home.set_up()
    ended = asyncio.Event()
    home.server.answer("GET", JOB, json=finished_job(), wait_for=ended)
    device_id = home.device_id()
    computing = asyncio.create_task(
        home.call("trigger_schedule", device_id=device_id, soc_at_start=4)
    )
    await home.until(lambda: home.server.requests_to("GET", JOB))

    await home.hass.config_entries.async_remove(entry.entry_id)
    ended.set()
    with pytest.raises(HomeAssistantError) as caught:
        await computing
    await home.go_to(NOW + MINUTE)

    assert caught.value.translation_key == "device_unloaded"
    assert not home.is_stored


async def test_device_with_another_power_sensor(home: Home) -> None:
    """The plan of the former one is not followed, even if the server is away."""
    home.has_planned(1.0, 2.0)
    entry = await home.set_up()
    assert home.state().state == "1.0"
    (subentry,) = entry.subentries.values()
    home.server.fail(TimeoutError())

    home.hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "power_sensor": GARAGE_POWER}
    )
    await home.settle()

    assert entry.state is ConfigEntryState.LOADED
    assert home.value("sensor", "schedule") == STATE_UNKNOWN


# --- what nobody but the user knows


async def test_what_the_user_sets_is_written_at_once(home: Home) -> None:
    """Nothing of it is lost if Home Assistant is killed a moment later."""
    await home.set_up()
    await home.act("select_option", "select", "mode", option="hold")
    assert home.stored[BATTERY]["mode"] == "hold"

    await home.override(power=2, duration={"hours": 1})
    await home.settle()
    assert home.stored[BATTERY]["override"]["power"] == 2

    await home.act("set_value", "number", "target_soc", value=8)
    assert home.stored[BATTERY]["target_soc_kwh"] == 8
    await home.act("set_value", "datetime", "ready_by", datetime="2026-11-22 18:00:00")
    assert home.stored[BATTERY]["ready_by"] == "2026-11-22T17:00:00+00:00"


async def test_what_the_user_sets_while_something_else_waits_to_be_written(
    home: Home,
) -> None:
    home.server.planned_values = [1.0]
    await home.set_up()
    await home.compute()
    await home.go_to(NOW + SECONDS_11)
    await home.compute()

    await home.act("select_option", "select", "mode", option="hold")

    assert home.stored[BATTERY]["mode"] == "hold"
    assert home.stored[BATTERY]["last_schedule"] == (NOW + SECONDS_11).isoformat()


# --- what another version has stored


@pytest.mark.parametrize(
    "broken",
    [
        {"mode": "something of later"},
        {"override": {"power": 1}},
        {"failure": ["a text"]},
        {"ready_by": "tomorrow"},
    ],
)
async def test_something_that_cannot_be_read(
    home: Home, broken: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out; the plan is followed, and so is the other device."""
    home.add_account(device(BATTERY_POWER), device(GARAGE_POWER))
    home.remembers(1.0, 2.0, **broken)
    home.remembers(3.0, power_sensor=GARAGE_POWER, mode="hold")
    home.server.fail(ClientConnectionError("gone"))

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state().state == "1.0"
    assert home.value("select", "mode") == "automatic"
    assert home.value("select", "mode", GARAGE_POWER) == "hold"
    assert "cannot be read" in caplog.text


async def test_plan_that_cannot_be_read(home: Home) -> None:
    home.add_account()
    home.remembers(1.0, mode="hold", plan={"power": "all of it"})
    home.has_planned(4.0)

    assert await home.start() is ConfigEntryState.LOADED
    assert home.state().state == "4.0"
    assert home.value("select", "mode") == "hold"


@pytest.mark.parametrize(("version", "mode"), [((2, 7), "hold"), ((3, 1), "automatic")])
async def test_file_of_a_later_version(
    home: Home, hass_storage: dict[str, Any], version: tuple[int, int], mode: str
) -> None:
    """What a minor one adds is left alone; of another major one nothing is read."""
    home.add_account()
    home.remembers(1.0, mode="hold", more=["of", "later"])
    home.has_planned(4.0)
    file = hass_storage[home.storage_key]
    file["version"], file["minor_version"] = version

    assert await home.start() is ConfigEntryState.LOADED
    assert home.value("select", "mode") == mode
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert ("more" in home.stored[BATTERY]) is (mode == "hold")


async def test_settings_of_another_version(home: Home) -> None:
    """What they lack has its default."""
    home.has_planned(4.0)

    await home.set_up(
        ConfigSubentryDataWithId(
            data={"power_sensor": BATTERY_POWER, "something": "of later"},
            subentry_id=BATTERY,
            subentry_type="device",
            title="Home battery",
            unique_id=BATTERY,
        )
    )

    assert home.state().state == "4.0"
    assert home.value("switch", "automatic_scheduling") == "off"
