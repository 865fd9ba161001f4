"""When a device has to be ready: once, and on days of the week."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY, BATTERY_POWER
from .flows import open_screen, start_change, submit, suggested
from .home import HOUR, MINUTE, NOW, Home, automatic, device
from .s2_rm import OMBC, FakeRM, paired
from .test_s2_control import choose, ombc

DAY = 24 * HOUR


async def set_ready_by(home: Home, **data: Any) -> None:
    """Say when the battery has to be ready."""
    await home.hass.services.async_call(
        DOMAIN, "set_ready_by", {"device_id": home.device_id(), **data}, blocking=True
    )
    await home.settle()


def ready_by(home: Home) -> str:
    """Give the next time, in Amsterdam."""
    state = home.value("datetime", "ready_by")
    if state == STATE_UNKNOWN:
        return state
    return f"{dt_util.as_local(datetime.fromisoformat(state)):%a %d %H:%M}"


async def wished(home: Home, **data: Any) -> list[tuple[str, str]]:
    """Have a schedule computed; give the times in UTC and the amounts that are wished for."""
    request = {"device_id": home.device_id(), "soc_at_start": 4, **data}
    await home.call("trigger_schedule", **request)
    (model,) = home.wishes[-1]["flex-model"]
    return [
        (f"{datetime.fromisoformat(each['datetime']):%d %H:%M}", each["value"])
        for each in model.get("soc-minima", ())
    ]


async def test_every_day(home: Home) -> None:
    """The next time follows the one that passes by itself. NOW is a Sunday."""
    await home.set_up()

    await set_ready_by(home, time="07:00:00", target_soc=8)

    assert ready_by(home) == "Mon 23 07:00"
    attributes = home.attributes("datetime", "ready_by")
    assert attributes["target"] == 8.0
    assert attributes["repeats_at"] == "07:00:00"
    assert attributes["weekdays"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    # Nothing else is ever so full because of it.
    assert home.value("number", "target_soc") == STATE_UNKNOWN

    morning = datetime(2026, 11, 23, 6, tzinfo=UTC)
    await home.go_to(morning)
    assert ready_by(home) == "Tue 24 07:00"
    passed = home.attributes("datetime", "ready_by")["passed"]
    assert passed == "2026-11-23T07:00:00+01:00"
    await home.go_to(morning + DAY)
    assert ready_by(home) == "Wed 25 07:00"


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        (["mon"], ["Mon 23", "Mon 30"]),
        (["sun"], ["Sun 29", "Sun 06"]),
        (["sat", "wed", "wed"], ["Wed 25", "Sat 28"]),
        ("fri", ["Fri 27", "Fri 04"]),
    ],
)
async def test_on_some_days(home: Home, weekdays: Any, expected: list[str]) -> None:
    await home.set_up()

    await set_ready_by(home, time="10:00", weekdays=weekdays, target_soc=8)

    for day in expected:
        assert ready_by(home) == f"{day} 10:00"
        moment = datetime.fromisoformat(home.value("datetime", "ready_by"))
        await home.go_to(moment)


async def test_later_today(home: Home) -> None:
    await home.set_up()

    await set_ready_by(home, time="11:08", target_soc=8)
    assert ready_by(home) == "Sun 22 11:08"

    # It is 11:07.
    await set_ready_by(home, time="11:07", target_soc=8)
    assert ready_by(home) == "Mon 23 11:07"


@pytest.mark.parametrize(
    ("now", "time", "expected"),
    [
        # As calendars have it: half an hour after what would have been two o'clock.
        pytest.param(
            "2027-03-27T12:00:00+01:00",
            "02:30",
            ["2027-03-28T01:30", "2027-03-29T00:30"],
            id="left out",
        ),
        pytest.param(
            "2026-10-24T12:00:00+02:00",
            "02:30",
            ["2026-10-25T00:30", "2026-10-26T01:30"],
            id="there twice",
        ),
        pytest.param(
            "2026-10-25T02:40:00+02:00",
            "02:30",
            ["2026-10-26T01:30"],
            id="between both",
        ),
        pytest.param(
            "2027-03-27T12:00:00+01:00",
            "07:00",
            ["2027-03-28T05:00", "2027-03-29T05:00"],
            id="after the short night",
        ),
        pytest.param(
            "2026-10-24T12:00:00+02:00",
            "07:00",
            ["2026-10-25T06:00", "2026-10-26T06:00"],
            id="after the long night",
        ),
    ],
)
async def test_when_clocks_change(
    home: Home, now: str, time: str, expected: list[str]
) -> None:
    await home.go_to(datetime.fromisoformat(now))
    await home.set_up()

    await set_ready_by(home, time=time, target_soc=8)

    for moment in expected:
        assert home.value("datetime", "ready_by") == f"{moment}:00+00:00"
        await home.go_to(datetime.fromisoformat(f"{moment}:00+00:00"))


async def test_another_time_zone(home: Home) -> None:
    """The time of the day is that of the home, wherever it moves."""
    await home.set_up()
    await set_ready_by(home, time="07:00", target_soc=8)

    await home.hass.config.async_update(time_zone="America/New_York")
    await home.settle()

    assert home.value("datetime", "ready_by") == "2026-11-22T12:00:00+00:00"


async def test_restart(home: Home) -> None:
    """What repeats is kept, what passed meanwhile is not made up for."""
    await home.set_up()
    await set_ready_by(home, time="07:00", weekdays=["mon", "wed"], target_soc=8)
    await set_ready_by(home, datetime="2026-11-22T20:00:00+01:00", target_soc=9)

    await home.reload()
    assert ready_by(home) == "Sun 22 20:00"
    assert home.attributes("datetime", "ready_by")["target"] == 9.0

    assert await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.pass_time(DAY)
    await home.start()
    assert ready_by(home) == "Wed 25 07:00"
    attributes = home.attributes("datetime", "ready_by")
    assert attributes["target"] == 8.0
    assert attributes["weekdays"] == ["mon", "wed"]
    assert attributes["passed"] == "2026-11-22T20:00:00+01:00"


@pytest.mark.parametrize("by", ["entity", "action"])
async def test_once_wins_until_it_has_passed(home: Home, by: str) -> None:
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=9)
    await set_ready_by(home, time="07:00", target_soc=8)

    once = "2026-11-24T05:00:00+01:00"
    if by == "entity":
        await home.act("set_value", "datetime", "ready_by", datetime=once)
    else:
        await set_ready_by(home, datetime=once)

    assert ready_by(home) == "Tue 24 05:00"
    assert home.attributes("datetime", "ready_by")["target"] == 9.0
    # On Monday the device need not be ready: that is what was set by hand.
    assert await wished(home) == [("24 04:00", "9.0 kWh")]
    for _ in range(2):  # The first wakes for what was due long ago.
        await home.go_to(datetime.fromisoformat(once))
    assert ready_by(home) == "Tue 24 07:00"
    assert home.attributes("datetime", "ready_by")["target"] == 8.0


async def test_a_rule_replaces_what_was_set_once(home: Home) -> None:
    await home.set_up()
    await set_ready_by(home, datetime="2026-11-24T05:00:00+01:00", target_soc=9)

    await set_ready_by(home, time="07:00", target_soc=8)

    assert ready_by(home) == "Mon 23 07:00"


async def test_clear(home: Home) -> None:
    """The target state of charge itself stays."""
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=9)
    await set_ready_by(home, time="07:00")
    await set_ready_by(home, datetime="2026-11-24T05:00:00+01:00")

    await set_ready_by(home)

    assert ready_by(home) == STATE_UNKNOWN
    assert "repeats_at" not in home.attributes("datetime", "ready_by")
    assert home.value("number", "target_soc") == "9.0"
    assert await wished(home) == []


# --- what is planned


async def test_all_within_the_plan(home: Home) -> None:
    """It reaches the next one; those after it are planned as far as it reaches."""
    await home.set_up()
    await set_ready_by(home, time="07:07", target_soc=8)

    assert await wished(home) == [("23 06:00", "8.0 kWh")]
    assert home.wishes[-1]["duration"] == "PT20H"

    home.change_device(schedule_duration=3 * 86400)
    await home.settle()
    assert await wished(home) == [
        ("23 06:00", "8.0 kWh"),
        ("24 06:00", "8.0 kWh"),
        ("25 06:00", "8.0 kWh"),
    ]
    assert home.wishes[-1]["duration"] == "PT72H"
    assert await wished(home, duration="PT48H") == [
        ("23 06:00", "8.0 kWh"),
        ("24 06:00", "8.0 kWh"),
    ]


async def test_a_plan_that_starts_later(home: Home) -> None:
    """It need not be ready for what comes before."""
    await home.set_up()
    await set_ready_by(home, time="07:00", target_soc=8)

    wishes = await wished(home, start="2026-11-23T12:00:00+01:00")

    assert wishes == [("24 06:00", "8.0 kWh")]


async def test_two_at_the_same_time(home: Home) -> None:
    """On the server's grid they are one: the fuller."""
    await home.set_up(device(schedule_duration=2 * 86400))
    await set_ready_by(home, time="11:20", target_soc=8)
    await set_ready_by(home, datetime="2026-11-22T11:16:00+01:00", target_soc=6)

    assert await wished(home) == [("22 10:15", "8.0 kWh"), ("23 10:15", "8.0 kWh")]


async def test_in_percent(home: Home) -> None:
    await home.set_up(device(soc_unit="%", capacity=10, soc_min=10, soc_max=90))

    await set_ready_by(home, time="07:00", target_soc=80)

    assert home.attributes("datetime", "ready_by")["target"] == 80.0
    assert await wished(home, soc_at_start=40) == [("23 06:00", "8.0 kWh")]


async def test_target_in_percent_of_what_is_not_known_any_more(home: Home) -> None:
    """It cannot be told, and is kept."""
    await home.set_up()
    await set_ready_by(home, time="07:00", target_soc=8)

    home.change_device(soc_unit="%")
    await home.settle()

    assert ready_by(home) == "Mon 23 07:00"
    assert "target" not in home.attributes("datetime", "ready_by")


async def test_scheduled_for_the_next_time(home: Home) -> None:
    """A new schedule is made when it is set, and when the next one is not planned yet."""
    home.server.planned_values = [1.0]
    await home.set_up(automatic(update_interval=7 * 86400))
    await set_ready_by(home, time="12:00", target_soc=8)
    await home.go_to(NOW + MINUTE)
    assert len(home.wishes) == 2

    for minute in range(51, 55):
        await home.go_to(NOW + minute * MINUTE)
    assert len(home.wishes) == 3
    assert home.wishes[-1]["duration"] == "PT24H"


async def test_the_next_time_is_planned_already(home: Home) -> None:
    home.server.planned_values = [1.0]
    await home.set_up(automatic(schedule_duration=3 * 86400, update_interval=7 * 86400))
    await set_ready_by(home, time="12:00", target_soc=8)
    await home.go_to(NOW + MINUTE)
    assert len(home.wishes) == 2

    for minute in range(51, 55):
        await home.go_to(NOW + minute * MINUTE)

    assert ready_by(home) == "Mon 23 12:00"
    assert len(home.wishes) == 2
    await home.reload()
    assert len(home.wishes) == 2


async def counting(rm: FakeRM) -> None:
    """Connect a device that counts the energy that it consumes."""
    await rm.start(OMBC, instruction_processing_delay=0)
    if rm.resource.control_type != OMBC:
        await choose(rm, OMBC)
    await rm.tell("OMBC.SystemDescription", **ombc())
    await rm.tell(
        "OMBC.Status", active_operation_mode_id="off", operation_mode_factor=0
    )


async def test_what_counts_energy_begins_anew(home: Home, rm: FakeRM) -> None:
    """What it has to consume until a time is not what it has to until the next one."""
    await home.set_up(paired(schedule_duration=3 * 86400))
    await counting(rm)
    await set_ready_by(home, time="12:00", target_soc=3)

    await home.call("trigger_schedule", device_id=home.device_id())

    (model,) = home.wishes[-1]["flex-model"]
    assert [each["value"] for each in model["soc-minima"]] == ["3.0 kWh"]


@pytest.mark.parametrize(
    ("away", "consumed"), [(10 * MINUTE, "1.0 kWh"), (2 * HOUR, "0.0 kWh")]
)
async def test_what_was_counted_before_a_restart(
    home: Home, rm: FakeRM, away: timedelta, consumed: str
) -> None:
    """It counts until the time that it was counted for, also if that passed meanwhile."""
    await home.set_up(paired())
    await counting(rm)
    await set_ready_by(home, time="12:00", target_soc=3)
    await rm.measure(2000)
    await rm.pass_to(NOW + 30 * MINUTE)
    await rm.measure(0)
    await rm.leave()
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    home.pass_time(away)
    await home.start()
    await counting(rm)
    await home.call("trigger_schedule", device_id=home.device_id())

    (model,) = home.wishes[-1]["flex-model"]
    assert model["soc-at-start"] == consumed


# --- what is refused


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"time": "25:00"}, id="no time"),
        pytest.param({"time": "07:00", "weekdays": []}, id="no day"),
        pytest.param({"time": "07:00", "weekdays": ["someday"]}, id="not a day"),
        pytest.param({"weekdays": ["mon"]}, id="days without a time"),
        pytest.param({"target_soc": 8}, id="nothing but a target"),
        pytest.param(
            {"time": "07:00", "datetime": "2026-11-24T05:00:00"}, id="both at once"
        ),
        pytest.param({"time": "07:00", "target_soc": -1}, id="less than nothing"),
    ],
)
async def test_wrong_fields(home: Home, data: dict[str, Any]) -> None:
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=9)

    with pytest.raises(vol.Invalid):
        await set_ready_by(home, **data)

    assert ready_by(home) == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"datetime": "2026-11-22T11:07:00+01:00"}, "not_in_the_future"),
        ({"time": "07:00", "target_soc": 10.5}, "above_most"),
        ({"datetime": "2026-11-24T05:00:00", "target_soc": 0.5}, "below_least"),
    ],
)
async def test_what_cannot_be(home: Home, data: dict[str, Any], key: str) -> None:
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=9)

    with pytest.raises(ServiceValidationError) as error:
        await set_ready_by(home, **data)

    assert error.value.translation_key == key
    assert ready_by(home) == STATE_UNKNOWN


async def test_nothing_says_how_full(home: Home) -> None:
    await home.set_up()

    with pytest.raises(ServiceValidationError, match="target_soc"):
        await set_ready_by(home, time="07:00")

    assert ready_by(home) == STATE_UNKNOWN


async def test_a_version_that_knew_one_time(home: Home) -> None:
    """What it remembered goes on."""
    home.add_account()
    home.remembers(1.0, target_soc_kwh=7.5, ready_by="2026-11-23T06:07:00+00:00")
    stored = home.stored[str(BATTERY_POWER)]
    for key in ("ready_by_target_kwh", "ready_by_rule", "ready_by_calendar"):
        del stored[key]

    await home.start()

    assert ready_by(home) == "Mon 23 07:07"
    assert home.value("number", "target_soc") == "7.5"


# --- behind the gear


async def gear(home: Home) -> Any:
    """Go to the screen with what repeats."""
    (subentry,) = home.entry.subentries.values()
    return await open_screen(home.hass, home.entry, subentry, "ready_by")


async def test_screen(home: Home) -> None:
    """What is set by hand, by an action or when the device was made is changed there."""
    await home.set_up(device(capacity=10, soc_unit="%"))
    form = await gear(home)
    assert suggested(form) == {}
    form = await submit(
        home.hass,
        form,
        {
            "ready_by_time": "07:00:00",
            "ready_by_days": ["fri", "mon"],
            "ready_by_target": 80,
        },
    )
    assert form["reason"] == "reconfigure_successful"
    await home.settle()

    assert ready_by(home) == "Mon 23 07:00"
    assert home.value("number", "target_soc") == "80.0"
    assert suggested(await gear(home)) == {
        "ready_by_time": "07:00:00",
        "ready_by_days": ["mon", "fri"],
        "ready_by_target": 80,
    }
    menu = await start_change(home.hass, home.entry, *home.entry.subentries.values())
    said = menu["description_placeholders"]["ready_by"]
    assert said == "At 07:00: Monday, Friday."

    form = await submit(home.hass, await gear(home), {"ready_by_target": 80})
    await home.settle()
    assert ready_by(home) == STATE_UNKNOWN
    assert home.value("number", "target_soc") == "80.0"


async def test_screen_that_is_left_as_it_is(home: Home) -> None:
    """What was set for once, and with an amount of its own, stays."""
    await home.set_up()
    await set_ready_by(home, time="07:00:00", target_soc=8)
    await set_ready_by(home, datetime="2026-11-22 18:00:00", target_soc=5)
    form = await gear(home)
    shown = suggested(form)
    assert shown == {"ready_by_time": "07:00:00", "ready_by_target": 8}
    await submit(home.hass, form, shown)
    await home.settle()

    assert ready_by(home) == "Sun 22 18:00"
    assert home.value("number", "target_soc") == STATE_UNKNOWN
    menu = await start_change(home.hass, home.entry, *home.entry.subentries.values())
    assert menu["description_placeholders"]["ready_by"] == "Every day at 07:00."

    await submit(home.hass, await gear(home), {**shown, "ready_by_target": 9})
    await home.settle()
    assert ready_by(home) == "Mon 23 07:00"
    assert home.attributes("datetime", "ready_by")["target"] == 9


@pytest.mark.parametrize(
    ("values", "errors", "said"),
    [
        (
            {"ready_by_days": ["mon"]},
            {"ready_by_time": "ready_by_time_missing"},
            {},
        ),
        (
            {"ready_by_time": "07:00:00"},
            {"ready_by_target": "ready_by_target_missing"},
            {},
        ),
        (
            {"ready_by_time": "07:00:00", "ready_by_target": 0.5},
            {"ready_by_target": "ready_by_target_low"},
            {"limit": "1\xa0kWh"},
        ),
        (
            {"ready_by_time": "07:00:00", "ready_by_target": 95},
            {"ready_by_target": "ready_by_target_high"},
            {"limit": "10\xa0kWh"},
        ),
        (
            {"ready_by_calendar": "calendar.gone"},
            {"ready_by_calendar": "entity_not_found"},
            {"entities": "calendar.gone"},
        ),
    ],
)
async def test_screen_with_what_cannot_be(
    home: Home, values: dict[str, Any], errors: dict[str, str], said: dict[str, str]
) -> None:
    """It is said at the field, and nothing is changed."""
    await home.set_up()
    form = await submit(home.hass, await gear(home), values)

    assert form["errors"] == errors
    assert said.items() <= form["description_placeholders"].items()
    assert suggested(form) == values
    assert ready_by(home) == STATE_UNKNOWN


async def test_screen_without_a_capacity(home: Home) -> None:
    """A share of what nobody knows is no amount."""
    home.server.assets[BATTERY]["flex_model"] = {}
    await home.set_up(device(soc_unit="%", soc_entity="sensor.level"))
    form = await submit(home.hass, await gear(home), {"ready_by_target": 80})

    assert form["errors"] == {"ready_by_target": "capacity_required"}


async def test_screen_while_the_account_is_away(home: Home) -> None:
    """What repeats cannot be changed then, but the calendar can."""
    await home.set_up()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    form = await gear(home)

    assert [str(key) for key in form["data_schema"].schema] == ["ready_by_calendar"]
    form = await submit(home.hass, form, {})
    assert form["reason"] == "reconfigure_successful"


async def test_time_is_cleared(home: Home) -> None:
    """How full it has to be may be cleared with it, and stays for what is set by hand."""
    await home.set_up()
    await set_ready_by(home, time="07:00:00", target_soc=8)
    await submit(home.hass, await gear(home), {})
    await home.settle()

    assert ready_by(home) == STATE_UNKNOWN


async def test_repair_of_the_calendar(home: Home) -> None:
    """It opens the screen that the calendar is on."""
    await home.set_up()
    (subentry,) = home.entry.subentries.values()
    flow = await home.hass.config_entries.subentries.async_init(
        (home.entry.entry_id, SUBENTRY_DEVICE),
        context={
            "source": SOURCE_RECONFIGURE,
            "subentry_id": subentry.subentry_id,
        },
        data={"setting": "ready_by_calendar"},
    )

    assert flow["step_id"] == "ready_by"


async def test_amounts_that_are_shown_rounded(home: Home) -> None:
    """What is left as it is shown changes nothing, and a limit as it is shown is none too many."""
    home.server.set_flex_model(BATTERY, **{"soc-min": "0.33333 kWh"})
    await home.set_up(device(capacity=600, soc_unit="%"))
    await set_ready_by(home, time="07:00:00", target_soc=100 / 120)
    await set_ready_by(home, datetime="2026-11-22 18:00:00", target_soc=1)
    form = await gear(home)
    shown = suggested(form)
    assert shown["ready_by_target"] == 0.833
    await submit(home.hass, form, shown)
    await home.settle()
    assert ready_by(home) == "Sun 22 18:00"

    form = await submit(home.hass, await gear(home), {**shown, "ready_by_target": 0.05})
    assert form["errors"] == {"ready_by_target": "ready_by_target_low"}
    assert form["description_placeholders"]["limit"] == "0.056\xa0%"
    form = await submit(home.hass, form, {**shown, "ready_by_target": 0.056})
    assert form["reason"] == "reconfigure_successful"
