"""What the device has to be ready for, and whether its schedule gets there."""

import json
from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .fake_server import BATTERY, BATTERY_POWER, finished_job
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
JOB = "/api/v3_0/jobs/*"

MORNING = "2026-11-23T07:07:00+01:00"

MISSED = {
    "constraint": "soc-minima",
    "datetime": "2026-11-23T07:00:00+01:00",
    "amount": "4.257 kWh",
}
REACHED = {
    "constraint": "soc-maxima",
    "datetime": "2026-11-23T08:00:00+01:00",
    "amount": "5.522 kWh",
}


def has_result(home: Home, *, missed: int = 0, reached: int = 0) -> None:
    """Let the next jobs say how they do at targets."""
    job = finished_job()
    result: dict[str, Any] = job["result"]
    if missed:
        result["unresolved"] = [
            {
                "asset": BATTERY,
                "soc-minima": [
                    {"datetime": MISSED["datetime"], "violation": MISSED["amount"]}
                ]
                * missed,
            }
        ]
    if reached:
        result["resolved"] = [
            {
                "asset": BATTERY,
                "soc-maxima": [
                    {"datetime": REACHED["datetime"], "margin": REACHED["amount"]}
                ]
                * reached,
            }
        ]
    home.server.answer("GET", JOB, json=job)


async def compute(home: Home) -> Any:
    """Have a schedule computed; gives the flex-model that was sent."""
    await home.press_compute()
    return home.server.requests_to("POST", TRIGGER)[-1].json["flex-model"][0]


async def test_target(home: Home) -> None:
    """Both together are a minimum of the next schedules, on the server's grid."""
    await home.set_up()

    await home.act("set_value", "number", "target_soc", value=7.5)
    assert "soc-minima" not in await compute(home)
    await home.act("set_value", "datetime", "ready_by", datetime=MORNING)

    assert home.value("number", "target_soc") == "7.5"
    assert home.value("datetime", "ready_by") == "2026-11-23T06:07:00+00:00"
    assert (await compute(home))["soc-minima"] == [
        {"value": "7.5 kWh", "datetime": "2026-11-23T06:00:00+00:00"}
    ]


async def test_time_without_an_offset(home: Home) -> None:
    """It is Home Assistant's."""
    await home.set_up()

    await home.act("set_value", "datetime", "ready_by", datetime="2026-11-23 07:07")

    assert home.value("datetime", "ready_by") == "2026-11-23T06:07:00+00:00"


@pytest.mark.parametrize("time", ["2026-11-22T11:07:00+01:00", "2026-11-22T10:00:00"])
async def test_a_time_that_has_passed_is_refused(home: Home, time: str) -> None:
    await home.set_up()

    with pytest.raises(ServiceValidationError, match="has passed") as error:
        await home.act("set_value", "datetime", "ready_by", datetime=time)

    assert error.value.translation_key == "not_in_the_future"
    assert home.value("datetime", "ready_by") == STATE_UNKNOWN


async def test_time_passes(home: Home) -> None:
    """It is dropped, and said; the target itself is kept for the next time."""
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)
    time = NOW + 12 * MINUTE
    await home.act("set_value", "datetime", "ready_by", datetime=time.isoformat())
    assert "passed" not in home.attributes("datetime", "ready_by")

    await home.go_to(time)

    assert home.value("datetime", "ready_by") == STATE_UNKNOWN
    passed = home.attributes("datetime", "ready_by")["passed"]
    assert passed == "2026-11-22T11:19:00+01:00"
    assert home.value("number", "target_soc") == "7.5"
    assert "soc-minima" not in await compute(home)


async def test_restart(home: Home) -> None:
    """They are kept while the server is away, and can be set then."""
    home.has_planned(*[1.0] * 8)
    await home.set_up()
    home.server.fail(ConnectionError())
    await home.act("set_value", "number", "target_soc", value=7.5)
    await home.act("set_value", "datetime", "ready_by", datetime=MORNING)

    await home.reload()

    assert home.value("number", "target_soc") == "7.5"
    assert home.value("datetime", "ready_by") == "2026-11-23T06:07:00+00:00"


@pytest.mark.parametrize(
    ("settings", "limits"),
    [
        pytest.param({}, (1.0, 10.0, 0.1, "kWh"), id="the server's"),
        pytest.param({"soc_unit": "Wh"}, (1000.0, 1e4, 1.0, "Wh"), id="Wh"),
        pytest.param({"soc_unit": "MWh"}, (0.001, 0.01, 0.001, "MWh"), id="MWh"),
        pytest.param(
            {"capacity": 12.5, "soc_min": 2.0, "soc_max": 10.0},
            (2.0, 10.0, 0.1, "kWh"),
            id="limits",
        ),
        pytest.param(
            {"capacity": 12.5, "soc_unit": "%"}, (8.0, 80.0, 1.0, "%"), id="%"
        ),
        pytest.param(
            {"capacity": 12.5, "soc_unit": "%", "soc_min": 20.0, "soc_max": 90.0},
            (20.0, 90.0, 1.0, "%"),
            id="limits in %",
        ),
    ],
)
async def test_limits_of_the_target(
    home: Home, settings: dict[str, Any], limits: tuple[float, float, float, str]
) -> None:
    """They are those of the settings, else the server's, in the unit of the settings."""
    await home.set_up(device(**settings))

    attributes = home.attributes("number", "target_soc")
    shown = ("min", "max", "step", "unit_of_measurement")
    assert tuple(attributes[key] for key in shown) == limits
    device_class = "battery" if limits[3] == "%" else "energy_storage"
    assert attributes["device_class"] == device_class
    with pytest.raises(ServiceValidationError):
        await home.act("set_value", "number", "target_soc", value=limits[1] + 0.5)


@pytest.mark.parametrize(
    ("settings", "limits"),
    [
        pytest.param({}, (0.0, 1000.0), id="nothing known"),
        pytest.param({"capacity": 12.5}, (0.0, 12.5), id="capacity"),
        pytest.param({"capacity": 12.5, "soc_unit": "%"}, (0.0, 100.0), id="%"),
    ],
)
async def test_limits_that_the_server_does_not_know(
    home: Home, settings: dict[str, Any], limits: tuple[float, float]
) -> None:
    home.server.set_flex_model(BATTERY, soc_min={"sensor": 3})
    await home.set_up(device(**settings))

    attributes = home.attributes("number", "target_soc")
    assert (attributes["min"], attributes["max"]) == limits


async def test_target_in_a_unit_that_changes(home: Home) -> None:
    """It stays the same amount."""
    entry = await home.set_up(device(capacity=10.0))
    await home.act("set_value", "number", "target_soc", value=7.5)

    subentry = entry.subentries[str(BATTERY_POWER)]
    home.hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "soc_unit": "%"}
    )
    await home.settle()

    assert home.value("number", "target_soc") == "75.0"


# --- what becomes of them


async def test_targets_met(home: Home) -> None:
    await home.set_up()
    assert home.value("binary_sensor", "targets_met") == STATE_UNKNOWN

    has_result(home, missed=1, reached=1)
    await compute(home)
    assert home.value("binary_sensor", "targets_met") == "off"
    attributes = home.attributes("binary_sensor", "targets_met")
    assert attributes["unresolved"] == [MISSED]
    assert attributes["resolved"] == [REACHED]
    assert home.attributes("datetime", "ready_by")["targets_met"] is False

    has_result(home, reached=1)
    await compute(home)
    assert home.value("binary_sensor", "targets_met") == "on"
    attributes = home.attributes("binary_sensor", "targets_met")
    assert attributes["unresolved"] == []
    assert home.attributes("datetime", "ready_by")["targets_met"] is True

    has_result(home)
    await compute(home)
    assert home.value("binary_sensor", "targets_met") == STATE_UNKNOWN
    assert "targets_met" not in home.attributes("datetime", "ready_by")
    assert "resolved" not in home.attributes("binary_sensor", "targets_met")


async def judged(home: Home, result: dict[str, Any], **data: Any) -> str:
    """Have a schedule computed that the server judges so; gives whether targets are met."""
    job = finished_job()
    job["result"] |= result
    home.server.answer("GET", JOB, json=job)
    await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, **data
    )
    return home.value("binary_sensor", "targets_met")


NOTHING_MISSED: dict[str, Any] = {"resolved": [], "unresolved": []}
NOON = "2026-11-22T12:00:00+01:00"


def said(constraint: str, *moments: str) -> dict[str, Any]:
    """Give what the server says of the battery when it misses something."""
    missed = [{"datetime": moment, "violation": "2.5 kWh"} for moment in moments]
    return {"resolved": [], "unresolved": [{"asset": BATTERY, constraint: missed}]}


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param({"value": 9, "datetime": NOON}, id="a moment"),
        pytest.param(
            {"value": 9, "start": NOON, "end": "2026-11-22T12:30:00+01:00"}, id="a time"
        ),
    ],
)
async def test_targets_of_an_action(home: Home, targets: dict[str, Any]) -> None:
    """The server tells only of those that are missed."""
    await home.set_up()

    assert await judged(home, NOTHING_MISSED, soc_targets=[targets]) == "on"
    missed = said("soc-targets", NOON)
    assert await judged(home, missed, soc_targets=[targets]) == "off"
    assert await judged(home, NOTHING_MISSED) == STATE_UNKNOWN
    # A server that tells of none at all.
    assert await judged(home, {"unresolved": None}, soc_targets=[targets]) == (
        STATE_UNKNOWN
    )


@pytest.mark.parametrize("constraint", ["soc-minima", "soc-maxima", "soc-targets"])
async def test_wishes_in_the_words_of_the_server(home: Home, constraint: str) -> None:
    """Of a flex-model that is given, and of the asset's own."""
    wishes = [{"value": "9 kWh", "start": NOON, "duration": "PT15M"}]
    await home.set_up()
    model = {constraint: wishes}
    assert await judged(home, NOTHING_MISSED, flex_model=model) == "on"
    assert await judged(home, NOTHING_MISSED) == STATE_UNKNOWN

    # What assets say is asked for every 10 minutes.
    home.server.set_flex_model(BATTERY, **{constraint: wishes})
    home.pass_time(11 * MINUTE)

    assert await judged(home, NOTHING_MISSED) == "on"
    home.server.set_flex_model(BATTERY, **{constraint: {"sensor": 3}})
    home.pass_time(11 * MINUTE)
    assert await judged(home, NOTHING_MISSED) == STATE_UNKNOWN


async def test_a_limit_is_no_target(home: Home) -> None:
    """That a level is beyond its limits at first is not what the user asked for."""
    limits = device(soc_unit="%", capacity=60, soc_min=20, soc_max=100)
    slots = [f"2026-11-22T10:{minute}:00Z" for minute in (15, 30, 45)]
    await home.set_up(limits)
    missed = said("soc-minima", *slots)
    assert await judged(home, missed) == STATE_UNKNOWN

    await home.act("set_value", "number", "target_soc", value=80)
    await home.act("set_value", "datetime", "ready_by", datetime=NOON)

    assert await judged(home, missed) == "on"
    assert home.attributes("binary_sensor", "targets_met")["unresolved"] == []
    assert await judged(home, said("soc-minima", *slots, NOON)) == "off"
    attributes = home.attributes("binary_sensor", "targets_met")
    assert [target["datetime"] for target in attributes["unresolved"]] == [NOON]


async def test_a_target_for_all_the_time(home: Home) -> None:
    """It is one also where it looks as a limit does."""
    await home.set_up(device(soc_min=5))
    wish = {
        "value": "8 kWh",
        "start": "2026-11-22T10:00:00+00:00",
        "end": "2026-11-22T12:00:00+00:00",
    }
    missed = said("soc-minima", "2026-11-22T10:15:00Z")

    assert await judged(home, missed, flex_model={"soc-minima": [wish]}) == "off"


# --- ready later than the plan reaches


@pytest.mark.parametrize(
    ("ready_by", "duration"),
    [
        pytest.param("2026-11-22T12:07:00+01:00", "PT2H", id="within"),
        pytest.param(
            "2026-11-22T13:07:00+01:00", "PT2H", id="on the grid it is within"
        ),
        pytest.param("2026-11-23T07:07:00+01:00", "PT20H", id="tomorrow"),
        pytest.param("2026-11-29T11:00:00+01:00", "PT168H", id="in seven days"),
    ],
)
async def test_the_plan_reaches_the_target(
    home: Home, ready_by: str, duration: str
) -> None:
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)
    await home.act("set_value", "datetime", "ready_by", datetime=ready_by)

    await compute(home)

    assert home.wishes[-1]["duration"] == duration


async def test_the_target_is_too_far_away(home: Home) -> None:
    """That is told, also after a restart, until the plan reaches it."""
    home.server.planned_values = [1.0]
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)
    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-30T07:00:00+01:00"
    )

    assert "soc-minima" not in {
        key for key, value in (await compute(home)).items() if value
    }
    assert home.wishes[-1]["duration"] == "PT168H"
    for _ in range(2):
        assert home.value("binary_sensor", "targets_met") == STATE_UNKNOWN
        assert home.attributes("binary_sensor", "targets_met")["beyond"] == [
            {
                "constraint": "soc-minima",
                "datetime": "2026-11-30T07:00:00+01:00",
                "amount": "7.5 kWh",
            }
        ]
        await home.reload()

    await home.go_to(NOW + 24 * HOUR)
    assert (await compute(home))["soc-minima"]
    assert "beyond" not in home.attributes("binary_sensor", "targets_met")
    assert home.value("binary_sensor", "targets_met") == "on"


async def test_slots_that_are_too_many(home: Home) -> None:
    """The server plans no more than 2520 of them."""
    home.server.sensors[BATTERY_POWER]["event_resolution"] = "PT1M"
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)
    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-25T07:00:00+01:00"
    )

    await compute(home)

    assert home.wishes[-1]["duration"] == "PT42H"
    assert home.attributes("binary_sensor", "targets_met")["beyond"]


async def test_a_time_that_is_asked_for_stays(home: Home) -> None:
    """The target beyond it is told; for an action's own the server plans longer."""
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)
    await home.act("set_value", "datetime", "ready_by", datetime=MORNING)

    own = {"value": 6, "datetime": "2026-11-22T15:00:00+01:00"}
    met = await judged(home, NOTHING_MISSED, duration="PT1H", soc_targets=[own])

    assert home.wishes[-1]["duration"] == "PT1H"
    assert home.wishes[-1]["flex-model"][0]["soc-targets"]
    assert met == STATE_UNKNOWN
    (beyond,) = home.attributes("binary_sensor", "targets_met")["beyond"]
    assert beyond["constraint"] == "soc-minima"


async def test_targets_of_an_action_make_its_plan_longer(home: Home) -> None:
    await home.set_up()
    targets = [
        {"value": 6, "datetime": "2026-11-22T15:07:00+01:00"},
        {
            "value": 7,
            "start": "2026-11-22T16:00:00+01:00",
            "end": "2026-12-31T16:00:00+01:00",
        },
    ]

    await judged(home, NOTHING_MISSED, soc_targets=targets)

    assert home.wishes[-1]["duration"] == "PT168H"
    # It would have the server compute for minutes.
    sent = home.wishes[-1]["flex-model"][0]["soc-targets"]
    assert sent[0]["datetime"] == "2026-11-22T14:07:00+00:00"
    assert sent[1]["end"] == "2026-11-29T10:00:00+00:00"


async def test_ready_within_the_running_slot(home: Home) -> None:
    """The server looks at nothing before the next one."""
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)
    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-22T11:12:00+01:00"
    )

    (sent,) = (await compute(home))["soc-minima"]

    assert sent["datetime"] == "2026-11-22T10:15:00+00:00"


async def test_event_of_missed_targets(home: Home) -> None:
    """With the first few of them: events are recorded."""
    await home.set_up()
    home.has_planned(*home.server.planned_values)
    await compute(home)
    has_result(home, missed=100, reached=1)
    states = home.record()

    home.pass_time(MINUTE)
    await compute(home)

    events = [
        state for state in states if state.entity_id == home.entity("event", "schedule")
    ]
    assert [event.attributes["event_type"] for event in events] == ["targets_unmet"]
    assert events[0].attributes["unresolved"] == [MISSED] * 5
    assert "resolved" not in events[0].attributes
    assert len(json.dumps(dict(events[0].attributes))) < 1000
    assert events[0].state == "2026-11-22T10:08:00.000+00:00"


async def test_event_of_a_new_plan(home: Home) -> None:
    """Once the other entities show it."""
    home.has_planned(*[1.0] * 8)
    await home.set_up(device(update_interval_charging=60))
    states = home.record()
    home.has_planned(*[2.0] * 8)

    await home.go_to(NOW + MINUTE)

    last = states[-1]
    assert last.entity_id == home.entity("event", "schedule")
    assert last.attributes["event_type"] == "updated"
    assert last.attributes["friendly_name"] == "Home battery Schedule updates"
    assert home.entity("sensor", "setpoint") in {state.entity_id for state in states}


async def test_no_event_of_a_slot_that_begins(home: Home) -> None:
    home.has_planned(*range(1, 9))
    await home.set_up()
    before = home.value("event", "schedule")

    await home.go_to(SLOT + QUARTER)
    await home.go_to(NOW + HOUR)

    assert home.value("event", "schedule") == before
