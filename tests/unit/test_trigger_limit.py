"""How many schedules the server allows, and what becomes of those that are too many."""

from datetime import timedelta
from typing import Any

import pytest

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from .fake_server import (
    BATTERY_POWER,
    CABIN_POWER,
    EMAIL,
    GARAGE_POWER,
    RATE_LIMITED,
    rate_limited,
)
from .home import HOUR, MINUTE, NOW, Home, automatic, device
from .test_repairs import issues

TRIGGERS = "/api/v3_0/assets/*/schedules/trigger"
SECOND = timedelta(seconds=1)
PLUG = "binary_sensor.plug"
THREE = (BATTERY_POWER, GARAGE_POWER, CABIN_POWER)

# The same for all, so that each change asks for three schedules.
DEVICES = tuple(automatic(sensor, trigger_entities=[PLUG]) for sensor in THREE)


@pytest.fixture(autouse=True)
def plug(home: Home) -> None:
    """Let there be something that all devices want to know."""
    home.hass.states.async_set(PLUG, "off")


async def turn_plug(home: Home, state: str, after: timedelta) -> None:
    """Have each device ask for a schedule, and wait for what is allowed of it."""
    home.hass.states.async_set(PLUG, state)
    await home.go_to(NOW + after)


def learned(home: Home) -> Any:
    """Give the limit that is in the account's file."""
    return home.stored["account"]["triggers"]["limit"]


async def compute(home: Home) -> None:
    """Have a schedule computed as the user's own wish."""
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)


# --- what is used is remembered


async def test_a_reload_is_nothing_to_the_server(home: Home) -> None:
    """Eight were asked for by themselves, before it: more have to wait."""
    await home.set_up(*DEVICES)
    await turn_plug(home, "on", 11 * SECOND)
    await turn_plug(home, "off", 22 * SECOND)
    assert len(home.wishes) == 8

    await home.reload()
    await turn_plug(home, "on", 33 * SECOND)
    await home.go_to(NOW + 5 * MINUTE - SECOND)
    assert len(home.wishes) == 8

    # Those of the start count no more.
    await home.go_to(NOW + 5 * MINUTE)
    assert len(home.wishes) == 11


async def test_a_restart_is_nothing_to_the_server(home: Home) -> None:
    """What is in the file is what counts, but for what is older than the limit's time."""
    home.add_account(*DEVICES)
    home.remembers(1.0)
    used = [(NOW - age * SECOND).isoformat() for age in (*range(300, 305), *[290] * 8)]
    home.stored["account"] = {
        "triggers": {"limit": None, "used": used, "closed_until": None}
    }

    await home.start()
    assert home.wishes == []

    await home.go_to(NOW + 10 * SECOND)
    assert len(home.wishes) == 3


async def test_what_is_stored(home: Home) -> None:
    """Only what still counts, and what was learned for ever."""
    await home.set_up(automatic())
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await home.settle()
    assert home.stored["account"]["triggers"]["used"] == [NOW.isoformat()]

    await home.go_to(NOW + 5 * MINUTE)
    await home.reload()
    assert home.stored["account"]["triggers"] == {
        "limit": {"amount": 10, "window": 300.0},
        "used": [],
        "closed_until": None,
    }


@pytest.mark.parametrize("age", [-400 * 24 * HOUR, 400 * 24 * HOUR])
async def test_a_clock_that_was_wrong(home: Home, age: timedelta) -> None:
    """Nothing waits until a time that was never meant."""
    home.add_account(automatic())
    home.remembers(1.0)
    home.stored["account"] = {
        "triggers": {
            "limit": None,
            "used": [(NOW - age).isoformat()] * 10,
            "closed_until": None,
        }
    }

    await home.start()

    assert len(home.wishes) == 1


async def test_something_of_another_version(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read is left out, and what nobody knows is kept."""
    home.add_account(automatic())
    home.remembers(1.0)
    home.stored["account"] = {"triggers": {"limit": "many"}, "more": "of later"}

    await home.start()
    assert len(home.wishes) == 1
    assert "remembered of the account cannot be read" in caplog.text

    await home.reload()
    assert home.stored["account"]["more"] == "of later"


async def test_an_account_of_which_something_else_is_known(home: Home) -> None:
    home.add_account(automatic())
    home.remembers(1.0)
    home.stored["account"] = {"more": "of later"}

    await home.start()

    assert len(home.wishes) == 1


# --- the limit is learned


async def test_limit_that_is_told_with_each_schedule(home: Home) -> None:
    """Nothing is ever refused: a third of three is left to the user."""
    home.server.trigger_limit = (3, 10 * MINUTE)
    await home.set_up(*DEVICES[:2])
    assert len(home.wishes) == 2

    await turn_plug(home, "on", 10 * MINUTE - SECOND)
    assert len(home.wishes) == 2
    await home.go_to(NOW + 10 * MINUTE)
    assert len(home.wishes) == 4
    await compute(home)
    assert len(home.wishes) == 5

    await turn_plug(home, "off", 20 * MINUTE - SECOND)
    assert len(home.wishes) == 5
    await home.go_to(NOW + 20 * MINUTE)
    assert len(home.wishes) == 7


async def test_limit_that_is_told_with_a_refusal(home: Home) -> None:
    """Where a proxy drops the headers, one is refused; then it is kept to."""
    home.server.tells_limit = False
    home.server.trigger_limit = (3, 10 * MINUTE)
    await home.set_up(*DEVICES)
    assert len(home.wishes) == 3
    await turn_plug(home, "on", 11 * SECOND)
    before = len(home.wishes)
    assert before > 3

    await home.reload()
    assert learned(home) == {"amount": 3, "window": 600.0}
    await turn_plug(home, "off", 22 * SECOND)
    await home.go_to(NOW + 10 * MINUTE - SECOND)
    assert len(home.wishes) == before

    # Of those that were refused none counts.
    await home.go_to(NOW + 10 * MINUTE)
    assert len(home.wishes) == before + 2
    await home.go_to(NOW + 20 * MINUTE)
    assert len(home.wishes) == before + 3


@pytest.mark.parametrize("is_told", [True, False], ids=["accepted", "refused"])
async def test_limit_that_becomes_another(home: Home, *, is_told: bool) -> None:
    """The server's operator has changed it."""
    home.server.trigger_limit = (3, 10 * MINUTE)
    await home.set_up(automatic())
    await home.reload()
    assert learned(home) == {"amount": 3, "window": 600.0}

    home.server.trigger_limit = (30, MINUTE)
    await home.go_to(NOW + HOUR)
    await home.reload()
    assert learned(home) == {"amount": 30, "window": 60.0}

    home.server.tells_limit = is_told
    home.server.trigger_limit = (1, HOUR)
    await home.go_to(NOW + 2 * HOUR - MINUTE)
    if not is_told:
        home.server.use_triggers(1)
    await home.go_to(NOW + 2 * HOUR)
    await home.reload()
    assert learned(home) == {"amount": 1, "window": 3600.0}


async def test_limit_whose_time_is_half_over(home: Home) -> None:
    """How long it takes is told only by its beginning, or by a rest that is longer."""
    home.server.trigger_limit = (20, HOUR)
    home.server.use_triggers(1)
    home.add_account(automatic())
    home.pass_time(30 * MINUTE)
    await home.start()
    await home.reload()
    assert learned(home) == {"amount": 20, "window": 1800.0}

    await home.go_to(NOW + 90 * MINUTE)
    await home.reload()
    assert learned(home) == {"amount": 20, "window": 3600.0}


async def test_limit_of_one(home: Home) -> None:
    """It is for what is scheduled by itself: nothing is left to the user alone."""
    home.server.trigger_limit = (1, 10 * MINUTE)
    await home.set_up(automatic(trigger_entities=[PLUG]))
    await turn_plug(home, "on", 10 * MINUTE - SECOND)
    assert len(home.wishes) == 1

    await home.go_to(NOW + 10 * MINUTE)
    assert len(home.wishes) == 2


async def test_others_use_the_same_limit(home: Home) -> None:
    """What they leave to the user is not taken."""
    home.server.use_triggers(7)
    await home.set_up(automatic(trigger_entities=[PLUG]))
    assert len(home.wishes) == 1

    await turn_plug(home, "on", 5 * MINUTE - SECOND)
    assert len(home.wishes) == 1
    await compute(home)
    await compute(home)
    with pytest.raises(HomeAssistantError) as caught:
        await compute(home)
    assert caught.value.translation_key == "rate_limited"

    await home.go_to(NOW + 5 * MINUTE)
    assert len(home.wishes) == 5


@pytest.mark.parametrize("is_reloaded", [False, True])
async def test_what_the_server_says_is_waited_for(
    home: Home, *, is_reloaded: bool
) -> None:
    """Also if others have used all of it, and the account is reloaded meanwhile."""
    home.server.answer(
        "POST", TRIGGERS, status=429, json=RATE_LIMITED, headers={"Retry-After": "200"}
    )
    await home.set_up(*DEVICES)
    home.server.recover()
    home.server.requests.clear()
    if is_reloaded:
        await home.reload()

    await home.go_to(NOW + 199 * SECOND)
    assert home.wishes == []
    await home.go_to(NOW + 201 * SECOND)
    assert len(home.wishes) == 3


@pytest.mark.parametrize(
    ("answer", "limit"),
    [
        (rate_limited(2, 20 * MINUTE), {"amount": 2, "window": 1200.0}),
        ({"message": "Not so fast."}, {"amount": 10, "window": 300.0}),
    ],
    ids=["the server", "a proxy"],
)
async def test_refusal_of_the_users_own_wish(
    home: Home, answer: dict[str, Any], limit: dict[str, float]
) -> None:
    """What is scheduled by itself hears the limit, if it is said."""
    await home.set_up(automatic(trigger_entities=[PLUG]))
    home.server.answer(
        "POST",
        TRIGGERS,
        status=429,
        json=answer,
        headers={"Retry-After": "0"},
        times=1,
    )

    with pytest.raises(HomeAssistantError) as caught:
        await compute(home)

    assert caught.value.translation_placeholders == {"seconds": "1"}
    await home.reload()
    assert learned(home) == limit


# --- more is asked for than the limit allows


def too_many(home: Home) -> tuple[str | None, dict[str, str] | None] | None:
    """Give what is told of it."""
    found = issues(home)
    issue: ir.IssueEntry | None
    issue = found.pop(f"too_many_schedules_{home.entry.entry_id}", None)
    assert not found
    if issue is None:
        return None
    assert not issue.is_fixable
    assert issue.learn_more_url
    return issue.translation_key, issue.translation_placeholders


def every(minutes: int, sensor: int = BATTERY_POWER, **more: Any) -> Any:
    """Make a device that is scheduled so often."""
    seconds = {"update_interval": minutes * 60, "update_interval_charging": 3600}
    return automatic(sensor, schedule_duration=6 * 3600, **{**seconds, **more})


def counts(wanted: int, allowed: int = 8, minutes: str = "5") -> dict[str, str]:
    """Give the placeholders of the issue."""
    return {
        "account": EMAIL,
        "wanted": str(wanted),
        "allowed": str(allowed),
        "minutes": minutes,
    }


async def test_more_than_the_server_computes(home: Home) -> None:
    """As long as that is so: switches are counted at once."""
    await home.set_up(*(every(1, sensor) for sensor in THREE))
    assert too_many(home) == ("too_many_schedules_of_a_site", counts(15))

    await home.act("turn_off", "switch", "automatic_scheduling")
    assert too_many(home) == ("too_many_schedules", counts(10))
    await home.act("turn_on", "switch", "automatic_scheduling")
    assert too_many(home) == ("too_many_schedules_of_a_site", counts(15))

    for subentry in home.entry.subentries.values():
        home.hass.config_entries.async_update_subentry(
            home.entry, subentry, data={**subentry.data, "update_interval": 120}
        )
    await home.settle()
    assert too_many(home) is None


async def test_devices_of_a_site_are_one(home: Home) -> None:
    """Where they are scheduled together; the shortest interval counts."""
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    devices = (every(1), every(2, GARAGE_POWER), every(1, CABIN_POWER))
    home.add_account(*devices)
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()
    assert too_many(home) == ("too_many_schedules", counts(10))

    (_, _, cabin) = home.entry.subentries.values()
    home.hass.config_entries.async_update_subentry(
        home.entry, cabin, data={**cabin.data, "update_interval": 120}
    )
    await home.settle()
    assert too_many(home) is None


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, None),
        ({"update_interval_charging": 60}, 15),
        ({"update_interval_climate": 60}, None),
        ({"update_interval_climate": 60, "climate_entity": "climate.room"}, 15),
        ({"update_interval": 60, "automatic_scheduling": False}, None),
    ],
)
async def test_intervals_that_count(
    home: Home, settings: dict[str, Any], wanted: int | None
) -> None:
    """Those that can rule, all at the same time."""
    home.hass.states.async_set("climate.room", "off")

    await home.set_up(*(every(60, sensor, **settings) for sensor in THREE))

    told = too_many(home)
    assert (told and told[1]) == (wanted and counts(wanted))


async def test_limit_that_is_learned_changes_it(home: Home) -> None:
    """Both ways."""
    home.server.trigger_limit = (3, HOUR)
    await home.set_up(*(every(60, sensor) for sensor in THREE))
    assert too_many(home) == (
        "too_many_schedules_of_a_site",
        counts(3, allowed=2, minutes="60"),
    )

    home.server.trigger_limit = (10, 5 * MINUTE)
    await home.go_to(NOW + HOUR)
    assert too_many(home) is None


async def test_intervals_that_are_no_whole_part_of_the_time(home: Home) -> None:
    """What is asked for is rounded up, and thirds are thirds."""
    home.server.trigger_limit = (1, 5 * MINUTE)
    await home.set_up(*(every(15, sensor) for sensor in THREE))
    assert too_many(home) is None

    (first, *_) = home.entry.subentries.values()
    home.hass.config_entries.async_update_subentry(
        home.entry, first, data={**first.data, "update_interval": 14 * 60}
    )
    await home.settle()
    assert too_many(home) == (
        "too_many_schedules_of_a_site",
        counts(2, allowed=1),
    )


async def test_device_that_goes_and_comes_back(home: Home) -> None:
    await home.set_up(every(1), every(1, GARAGE_POWER))
    assert too_many(home) == ("too_many_schedules_of_a_site", counts(10))
    garage = home.entry.subentries[str(GARAGE_POWER)]

    home.hass.config_entries.async_remove_subentry(home.entry, garage.subentry_id)
    await home.settle()
    assert too_many(home) is None

    home.hass.config_entries.async_add_subentry(home.entry, garage)
    await home.settle()
    assert too_many(home) == ("too_many_schedules_of_a_site", counts(10))


async def test_account_that_is_removed(home: Home) -> None:
    await home.set_up(*(every(1, sensor) for sensor in THREE))
    assert too_many(home)

    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()

    assert too_many(home) is None


async def test_account_without_devices_that_are_scheduled(home: Home) -> None:
    await home.set_up(device())

    assert too_many(home) is None
