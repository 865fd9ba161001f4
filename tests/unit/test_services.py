"""The actions: what reaches the server, what comes back, and what is refused."""

from datetime import UTC, datetime
import logging
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN,
    CABIN_POWER,
    CONSUMPTION,
    EMAIL,
    FORBIDDEN,
    GARAGE_POWER,
    HOUSE,
    HTML,
    NEIGHBOUR_EMAIL,
    NEIGHBOUR_POWER,
    PASSWORD,
    PRICE,
    RATE_LIMITED,
    REFUSED,
    TIME_ZONE,
    UNKNOWN_SENSOR,
    StoredSchedule,
    failed_job,
    unprocessable,
)
from .home import HOUR, NOW, QUARTER, SLOT, Home, device

TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
JOB = "/api/v3_0/jobs/*"
DATA = f"/api/v3_0/sensors/{BATTERY_POWER}/data"
CONSUMPTION_DATA = f"/api/v3_0/sensors/{CONSUMPTION}/data"
SOC_DATA = f"/api/v3_0/sensors/{BATTERY_SOC}/data"

GET = {"sensor": BATTERY_POWER, "start": SLOT.isoformat(), "duration": "PT1H"}
POST = {"sensor": BATTERY_POWER, "values": [1.5], "unit": "kW"}


def last_json(home: Home, path: str) -> Any:
    """Give what was last posted to a path."""
    return home.server.requests_to("POST", path)[-1].json


def last_query(home: Home, path: str) -> dict[str, str]:
    """Give what was last asked of a path."""
    return home.server.requests_to("GET", path)[-1].query


# --- trigger_schedule


async def test_trigger_schedule(home: Home) -> None:
    """By default from now on, as far as the settings say, from what was measured."""
    home.server.planned_values = [1.0, -2.0, None, 0.0]
    await home.set_up(device(schedule_duration=3600))

    response = await home.call("trigger_schedule", device_id=home.device_id())

    assert last_json(home, TRIGGER) == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT1H",
        "flex-model": [{"sensor": BATTERY_POWER}],
        "force-new-job-creation": True,
    }
    assert response == {
        "unit": "kW",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T12:00:00+01:00",
        "resolution": "PT15M",
        "schedule": [
            {
                "start": "2026-11-22T11:00:00+01:00",
                "end": "2026-11-22T11:15:00+01:00",
                "value": 1.0,
            },
            {
                "start": "2026-11-22T11:15:00+01:00",
                "end": "2026-11-22T11:30:00+01:00",
                "value": -2.0,
            },
            {
                "start": "2026-11-22T11:45:00+01:00",
                "end": "2026-11-22T12:00:00+01:00",
                "value": 0.0,
            },
        ],
    }
    assert home.state().state == "1.0"


async def test_trigger_schedule_with_everything(home: Home) -> None:
    """Times without an offset are Home Assistant's."""
    await home.set_up(device(soc_unit="Wh", soc_min=500))

    await home.call(
        "trigger_schedule",
        device_id=home.device_id(),
        soc_at_start=4500,
        soc_targets=[
            {"value": 9000, "datetime": "2026-11-22 18:00:00"},
            {
                "value": "8000.5",
                "start": "2026-11-22T20:00:00+01:00",
                "end": "2026-11-22T19:30:00Z",
            },
        ],
        flex_model={"power-capacity": "3 kW", "soc-min": "1 kWh"},
        flex_context={"site-power-capacity": "17 kVA"},
        start="2026-11-22 12:07:00",
        duration={"hours": 6, "minutes": 50},
        force=False,
    )

    assert last_json(home, TRIGGER) == {
        "start": "2026-11-22T11:00:00+00:00",
        "duration": "PT7H",
        "flex-model": [
            {
                "sensor": BATTERY_POWER,
                "soc-min": "1 kWh",
                "soc-at-start": "4500.0 Wh",
                "soc-targets": [
                    {"value": "9000.0 Wh", "datetime": "2026-11-22T17:00:00+00:00"},
                    {
                        "value": "8000.5 Wh",
                        "start": "2026-11-22T19:00:00+00:00",
                        "end": "2026-11-22T19:30:00+00:00",
                    },
                ],
                "power-capacity": "3 kW",
            }
        ],
        "flex-context": {"site-power-capacity": "17 kVA"},
    }


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("PT3H", "PT3H"),
        ("P1DT1H", "PT25H"),
        ("03:00", "PT3H"),
        ("03:00:00", "PT3H"),
        ({"days": 1}, "PT24H"),
        (5400, "PT1H30M"),
        ("5400", "PT1H30M"),
        ("PT1M", "PT15M"),
        ("3 hours", "PT3H"),
        ("1 hour 30 minutes", "PT1H30M"),
    ],
)
async def test_durations(home: Home, given: Any, sent: str) -> None:
    """As Home Assistant writes them, or FlexMeasures, in whole slots."""
    await home.set_up()

    await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, duration=given
    )

    assert last_json(home, TRIGGER)["duration"] == sent


@pytest.mark.parametrize(
    ("sensor", "given", "told"),
    [
        (BATTERY_POWER, "P400D", "400 d"),
        (BATTERY_POWER, "PT168H15M", "10095 min"),
        (CABIN_POWER, {"days": 8}, "8 d"),
    ],
)
async def test_more_than_the_server_can_plan(
    home: Home, sensor: int, given: Any, told: str
) -> None:
    """It would be busy for minutes, for all of its users, and then give up."""
    await home.set_up(device(sensor))

    with pytest.raises(ServiceValidationError) as caught:
        await home.call(
            "trigger_schedule",
            device_id=home.device_id(sensor),
            soc_at_start=4,
            duration=given,
        )

    assert caught.value.translation_key == "duration_too_long"
    assert f"duration is {told}," in str(caught.value)
    assert "at most 7 d" in str(caught.value)
    assert not home.triggers


async def test_most_slots_that_the_server_can_plan(home: Home) -> None:
    """Of short ones it can plan less far."""
    home.server.sensors[BATTERY_POWER]["event_resolution"] = "PT1M"
    await home.set_up()

    await home.compute(duration="PT42H")
    with pytest.raises(ServiceValidationError) as caught:
        await home.compute(duration="PT42H1M")

    assert "at most 42 h" in str(caught.value)
    assert len(home.triggers) == 1


async def test_what_the_flex_model_says_wins(home: Home) -> None:
    await home.set_up()

    await home.call(
        "trigger_schedule",
        device_id=home.device_id(),
        soc_at_start=4,
        flex_model={"soc-at-start": "5 kWh"},
    )

    model = last_json(home, TRIGGER)["flex-model"][0]
    assert model["soc-at-start"] == "5 kWh"


async def test_one_target_needs_no_list(home: Home) -> None:
    await home.set_up()

    await home.call(
        "trigger_schedule",
        device_id=home.device_id(),
        soc_targets={"value": 9, "datetime": datetime(2026, 11, 22, 17, tzinfo=UTC)},
    )

    assert last_json(home, TRIGGER)["flex-model"][0]["soc-targets"] == [
        {"value": "9.0 kWh", "datetime": "2026-11-22T17:00:00+00:00"}
    ]


async def test_no_targets(home: Home) -> None:
    """As a template gives them when there are none."""
    await home.set_up()

    await home.call("trigger_schedule", device_id=home.device_id(), soc_targets=[])

    assert last_json(home, TRIGGER)["flex-model"] == [{"sensor": BATTERY_POWER}]


async def test_empty_battery(home: Home) -> None:
    """Zero is a state of charge."""
    await home.set_up()

    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=0)

    model = last_json(home, TRIGGER)["flex-model"][0]
    assert model["soc-at-start"] == "0.0 kWh"


@pytest.mark.parametrize(
    ("night", "start", "sent"),
    [
        ("2026-03-29T00:30:00Z", "2026-03-29 03:20:00", "2026-03-29T01:15:00+00:00"),
        ("2026-10-24T23:30:00Z", "2026-10-25 02:20:00", "2026-10-25T00:15:00+00:00"),
        (
            "2026-10-24T23:30:00Z",
            "2026-10-25T02:20:00+01:00",
            "2026-10-25T01:15:00+00:00",
        ),
    ],
)
async def test_nights_in_which_the_clocks_change(
    home: Home, night: str, start: str, sent: str
) -> None:
    await home.go_to(datetime.fromisoformat(night))
    await home.set_up()

    response = await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, start=start
    )

    assert last_json(home, TRIGGER)["start"] == sent
    assert datetime.fromisoformat(response["start"]) == datetime.fromisoformat(sent)
    assert len(response["schedule"]) == 8
    assert len({slot["start"] for slot in response["schedule"]}) == 8


async def test_without_waiting(home: Home) -> None:
    """The job is told, and the sensor follows once it is done."""
    await home.set_up()

    response = await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, wait=False
    )

    assert response == {"job": next(iter(home.server.jobs))}
    assert home.state().state == STATE_UNKNOWN
    await home.settle()
    assert home.state().state == "3.0"


async def test_without_waiting_and_failing(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells why; the plan is kept, and polls go on."""
    home.has_planned(*[7.0] * 8)
    await home.set_up()
    home.server.answer("GET", JOB, status=422, json=failed_job("Prices unknown"))

    response = await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, wait=False
    )
    await home.settle()

    assert set(response) == {"job"}
    assert home.state().state == "7.0"
    assert "FlexMeasures could not compute a schedule: Prices unknown" in caplog.text
    home.has_planned(*[8.0] * 8)
    await home.go_to(NOW + HOUR)
    assert home.state().state == "8.0"


async def test_without_waiting_and_locked_out(home: Home) -> None:
    """A login that is refused meanwhile asks for the password."""
    await home.set_up()
    home.server.answer("GET", JOB, status=401, json={"message": "?"})
    home.server.users[EMAIL].password = "another"

    await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, wait=False
    )
    await home.settle()

    assert len(home.reauthentications) == 1


async def test_without_a_response(home: Home) -> None:
    """An automation need not take it."""
    await home.set_up()

    await home.hass.services.async_call(
        DOMAIN,
        "trigger_schedule",
        {"device_id": home.device_id(), "soc_at_start": 4},
        blocking=True,
    )

    assert home.state().state == "3.0"


async def test_unknown_state_of_charge(home: Home) -> None:
    """The server would take its own old plan for it."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    await home.set_up()

    with pytest.raises(ServiceValidationError) as caught:
        await home.call("trigger_schedule", device_id=home.device_id())

    assert caught.value.translation_key == "state_of_charge_unknown"
    assert home.server.requests_to("POST", TRIGGER) == []


# --- get_schedule


async def test_get_schedule(home: Home) -> None:
    """By default from the running slot on, as far as the settings plan."""
    await home.set_up()
    home.has_planned(3.0, None, -1.5)

    response = await home.call("get_schedule", device_id=home.device_id())

    assert response == {
        "unit": "kW",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T11:45:00+01:00",
        "resolution": "PT15M",
        "schedule": [
            {
                "start": "2026-11-22T11:00:00+01:00",
                "end": "2026-11-22T11:15:00+01:00",
                "value": 3.0,
            },
            {
                "start": "2026-11-22T11:30:00+01:00",
                "end": "2026-11-22T11:45:00+01:00",
                "value": -1.5,
            },
        ],
    }
    assert last_query(home, DATA) == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT2H",
        "unit": "kW",
        "source-type": "scheduler",
    }


async def test_get_schedule_from_a_start_on(home: Home) -> None:
    """By default as far as the settings plan ahead, whenever it begins."""
    await home.set_up(device(schedule_duration=5 * 3600))
    home.has_planned(*[1.0] * 96)

    response = await home.call(
        "get_schedule", device_id=home.device_id(), start="2026-11-22 13:00:00"
    )

    assert last_query(home, DATA)["start"] == "2026-11-22T12:00:00+00:00"
    assert last_query(home, DATA)["duration"] == "PT5H"
    assert response["end"] == "2026-11-22T18:00:00+01:00"


async def test_get_schedule_with_everything(home: Home) -> None:
    await home.set_up(device(GARAGE_POWER))
    home.has_planned(-1500.0, power_sensor=GARAGE_POWER, resolution=2 * HOUR, unit="W")

    response = await home.call(
        "get_schedule",
        device_id=home.device_id(GARAGE_POWER),
        start="2026-11-22 11:20:00",
        duration="00:50",
        resolution={"minutes": 30},
        unit="W",
    )

    assert last_query(home, f"/api/v3_0/sensors/{GARAGE_POWER}/data") == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT1H30M",
        "unit": "W",
        "source-type": "scheduler",
    }
    assert response["unit"] == "W"
    assert response["resolution"] == "PT30M"
    assert [slot["value"] for slot in response["schedule"]] == [1500.0] * 3


@pytest.mark.parametrize(
    ("sensor", "data", "expected"),
    [
        pytest.param(
            CABIN_POWER,
            {"start": "11:10", "duration": "PT20M", "resolution": "PT10M"},
            ["11:10", "11:20", "11:30"],
            id="a part of one slot",
        ),
        pytest.param(
            CABIN_POWER,
            {"start": "11:10", "duration": "PT20M", "resolution": "PT20M"},
            ["11:00", "11:20", "11:40"],
            id="all that it touches",
        ),
        pytest.param(
            BATTERY_POWER,
            {"start": "11:00", "duration": "PT1H", "resolution": "PT40M"},
            ["11:00", "11:40"],
            id="longer, no multiple",
        ),
        pytest.param(
            BATTERY_POWER,
            {"start": "11:00", "duration": "PT1H", "resolution": "PT7M"},
            [f"11:{minute:02}" for minute in range(0, 60, 7)],
            id="shorter, no divisor",
        ),
        pytest.param(
            BATTERY_POWER,
            {"start": "11:00", "duration": "PT90M", "resolution": "PT45M"},
            ["11:00", "11:45", "12:30"],
            id="a multiple across full hours",
        ),
        pytest.param(
            BATTERY_POWER,
            {"duration": "PT1H", "resolution": "PT20M"},
            ["11:00", "11:20", "11:40", "12:00"],
            id="from the running slot on",
        ),
        pytest.param(
            BATTERY_POWER,
            {"start": "11:00", "duration": "PT15M", "resolution": "PT40M"},
            ["11:00", "11:40"],
            id="one at least",
        ),
    ],
)
async def test_just_what_was_asked_for(
    home: Home, sensor: int, data: dict[str, str], expected: list[str]
) -> None:
    """Whatever the resolution, nothing after it, and nothing of before its first slot."""
    await home.set_up(device(sensor))
    before = SLOT - 2 * HOUR
    values = [float(index) for index in range(24)]
    home.has_planned(
        *values, power_sensor=sensor, start=before, resolution=HOUR, unit="MW"
    )
    home.server.data[sensor] = StoredSchedule(before, HOUR, [*values], "MW")
    if start := data.get("start"):
        data = {**data, "start": f"2026-11-22 {start}:00"}

    planned = await home.call("get_schedule", device_id=home.device_id(sensor), **data)
    measured = await home.call(
        "get_measurements", sensor=sensor, **{"start": SLOT.isoformat(), **data}
    )

    for slots in (planned["schedule"], measured["measurements"]):
        times = [slot["start"] for slot in slots] + [slots[-1]["end"]]
        assert [time[11:16] for time in times] == expected


async def test_means_over_slots_that_do_not_fit(home: Home) -> None:
    """Each is that of the time it covers."""
    await home.set_up()
    home.has_planned(1.0, 3.0, None, 4.0)

    response = await home.call(
        "get_schedule",
        device_id=home.device_id(),
        start=SLOT.isoformat(),
        duration="PT1H",
        resolution="PT20M",
    )

    values = [slot["value"] for slot in response["schedule"]]
    assert values == [1.5, 3.0, 4.0]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (4786.5560000000005, 4786.556),
        (0.1 + 0.2, 0.3),
        (-1e-17 * 0, 0.0),
        (123456.789012, 123456.789012),
        (-2.5e-7, -2.5e-7),
    ],
)
async def test_values_without_noise(home: Home, stored: float, shown: float) -> None:
    """What the server's conversion of units adds is no measurement."""
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT, HOUR, [stored])
    await home.set_up()

    response = await home.call("get_measurements", **GET)

    assert {str(slot["value"]) for slot in response["measurements"]} == {str(shown)}


@pytest.mark.parametrize("values", [[], [None]])
async def test_get_schedule_without_one(home: Home, values: list[None]) -> None:
    await home.set_up()
    for _ in values:
        home.has_planned(None)

    assert await home.call("get_schedule", device_id=home.device_id()) == {
        "unit": "kW",
        "start": None,
        "end": None,
        "resolution": None,
        "schedule": [],
    }


async def test_get_schedule_changes_nothing(home: Home) -> None:
    """Other periods are not what the sensor shows."""
    await home.set_up()
    home.has_planned(3.0)

    await home.call("get_schedule", device_id=home.device_id())

    assert home.state().state == STATE_UNKNOWN


# --- get_prices


async def test_get_prices(home: Home) -> None:
    """From the running interval on, without asking the server."""
    home.server.data[PRICE] = StoredSchedule(
        SLOT - HOUR, HOUR, [100.0, 300.0, None, -50.0], "EUR/MWh"
    )
    await home.set_up(device(schedule_duration=86400))
    home.server.fail(REFUSED)

    assert await home.call("get_prices", device_id=home.device_id()) == {
        "unit": "EUR/kWh",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T14:00:00+01:00",
        "resolution": "PT1H",
        "prices": [
            {
                "start": "2026-11-22T11:00:00+01:00",
                "end": "2026-11-22T12:00:00+01:00",
                "value": 0.3,
            },
            {
                "start": "2026-11-22T13:00:00+01:00",
                "end": "2026-11-22T14:00:00+01:00",
                "value": -0.05,
            },
        ],
        "fixed": None,
    }


NO_PRICES: dict[str, Any] = {
    "unit": None,
    "start": None,
    "end": None,
    "resolution": None,
    "prices": [],
    "fixed": None,
}


async def test_get_prices_that_are_not_known(home: Home) -> None:
    await home.set_up()

    assert await home.call("get_prices", device_id=home.device_id()) == NO_PRICES


async def test_get_prices_that_are_of_the_past(home: Home) -> None:
    """Of those, only the unit is left."""
    home.server.data[PRICE] = StoredSchedule(SLOT - HOUR, HOUR, [100.0], "EUR/MWh")
    await home.set_up()

    assert await home.call("get_prices", device_id=home.device_id()) == {
        **NO_PRICES,
        "unit": "EUR/kWh",
    }


async def test_get_prices_that_never_change(home: Home) -> None:
    home.server.assets[HOUSE]["flex_context"] = {"consumption-price": "0.3 EUR/kWh"}
    await home.set_up()

    assert await home.call("get_prices", device_id=home.device_id()) == {
        **NO_PRICES,
        "unit": "EUR/kWh",
        "fixed": 0.3,
    }


# --- post_measurements


async def test_post_measurements(home: Home) -> None:
    """By default for the time up to now, one interval per value."""
    await home.set_up()

    response = await home.call(
        "post_measurements", sensor=BATTERY_POWER, values=[1, "2.5"], unit="W"
    )

    assert last_json(home, DATA) == {
        "start": "2026-11-22T10:30:00+01:00",
        "duration": "PT30M",
        "values": [1.0, 2.5],
        "unit": "W",
    }
    assert response == {
        "status": "processed",
        "job": None,
        "sensor": BATTERY_POWER,
        "start": "2026-11-22T10:30:00+01:00",
        "duration": "PT30M",
        "values": [1.0, 2.5],
        "unit": "W",
    }


async def test_post_measurements_with_everything(home: Home) -> None:
    """Only the sensor's time zone has to be asked for; and the server may do it later."""
    home.server.posting_is_queued = True
    entry = await home.set_up()
    home.server.requests.clear()

    response = await home.call(
        "post_measurements",
        config_entry_id=entry.entry_id,
        sensor=str(BATTERY_POWER),
        values=4,
        unit="kW",
        start="2026-11-22 09:00:00",
        duration={"hours": 1},
        prior="2026-11-22 10:05:00",
    )

    *_, request = home.server.requests
    assert request.json == {
        "start": "2026-11-22T09:00:00+01:00",
        "duration": "PT1H",
        "values": [4.0],
        "unit": "kW",
        "prior": "2026-11-22T09:05:00+00:00",
    }
    assert response["status"] == "accepted"
    assert response["job"]


async def test_post_measurements_with_a_gap(home: Home) -> None:
    """It takes its time, and nothing is stored for it."""
    await home.set_up()

    response = await home.call("post_measurements", **{**POST, "values": [1, None, 3]})

    posted = last_json(home, DATA)
    assert posted["values"] == response["values"] == [1.0, None, 3.0]
    assert posted["duration"] == "PT45M"


@pytest.mark.parametrize(
    ("sensor", "data", "start", "duration"),
    [
        pytest.param(
            BATTERY_POWER, {}, "2026-11-22T10:45:00+01:00", "PT15M", id="interval"
        ),
        pytest.param(
            CABIN_POWER, {}, "2026-11-22T10:00:00+01:00", "PT1H", id="full hour"
        ),
        pytest.param(
            BATTERY_POWER,
            {"start": "2026-11-22 08:00:00"},
            "2026-11-22T08:00:00+01:00",
            "PT15M",
            id="interval, start given",
        ),
        pytest.param(
            BATTERY_POWER,
            {"duration": "PT1H"},
            "2026-11-22T10:00:00+01:00",
            "PT1H",
            id="interval, duration given",
        ),
        pytest.param(
            BATTERY_SOC, {}, "2026-11-22T11:05:00+01:00", "PT0S", id="instant"
        ),
        pytest.param(
            BATTERY_SOC,
            {"start": "2026-11-22 08:00:00"},
            "2026-11-22T08:00:00+01:00",
            "PT0S",
            id="instant, start given",
        ),
        pytest.param(
            BATTERY_SOC,
            {"values": [1, 2, 3], "duration": "PT15M"},
            "2026-11-22T10:50:00+01:00",
            "PT15M",
            id="instants, duration given",
        ),
        pytest.param(
            BATTERY_SOC,
            {"start": "2026-11-22 08:00:00", "duration": 0},
            "2026-11-22T08:00:00+01:00",
            "PT0S",
            id="instant, everything given",
        ),
    ],
)
async def test_when_measurements_were(
    home: Home, sensor: int, data: dict[str, Any], start: str, duration: str
) -> None:
    """Instants lie on a grid: between its points the server would never show them."""
    await home.set_up()

    await home.call(
        "post_measurements", **{"sensor": sensor, "values": [4], "unit": "kW", **data}
    )

    posted = last_json(home, f"/api/v3_0/sensors/{sensor}/data")
    assert (posted["start"], posted["duration"]) == (start, duration)


@pytest.mark.parametrize(
    "data", [{}, {"duration": 0}, {"duration": "PT0S", "start": "2026-11-22 08:00:00"}]
)
async def test_several_values_at_one_instant(home: Home, data: dict[str, Any]) -> None:
    await home.set_up()

    with pytest.raises(ServiceValidationError) as caught:
        await home.call(
            "post_measurements", sensor=BATTERY_SOC, values=[4, 5], unit="kWh", **data
        )

    assert caught.value.translation_key == "several_values_at_one_instant"
    assert caught.value.translation_placeholders == {"values": "2"}
    assert home.server.requests_to("POST", SOC_DATA) == []


async def test_posting_over_the_hour_that_comes_twice(home: Home) -> None:
    """The last interval is the last one, whatever its hour is called."""
    await home.go_to(datetime(2026, 10, 25, 1, 7, tzinfo=UTC))
    await home.set_up()

    response = await home.call("post_measurements", **POST)

    assert last_json(home, DATA)["start"] == "2026-10-25T02:45:00+02:00"
    assert response["start"] == "2026-10-25T02:45:00+02:00"


def at(time: str, value: Any, key: str = "time") -> dict[str, Any]:
    """Give a value with its own time, of the day or another one."""
    return {key: time if "T" in time else f"2026-11-22T{time}:00+01:00", "value": value}


def posts(home: Home, path: str) -> list[tuple[str, str, list[float | None]]]:
    """Give what was posted to a path: starts, durations and values."""
    return [
        (request.json["start"], request.json["duration"], request.json["values"])
        for request in home.server.requests_to("POST", path)
    ]


async def test_values_with_their_own_times(home: Home) -> None:
    """Each is of the interval that its time is in; neighbours go in one request."""
    await home.set_up()

    response = await home.call(
        "post_measurements",
        sensor=BATTERY_POWER,
        values=[
            at("10:15", 3),
            at("09:02", "1.5", "start"),
            at("2026-11-22T08:29:59Z", -2),
            at("08:00", 7),
        ],
        unit="kW",
        prior="2026-11-22 10:55:00",
    )

    assert posts(home, DATA) == [
        (
            "2026-11-22T08:00:00+01:00",
            "PT2H30M",
            # What is not known in between is left as it is.
            [7.0, None, None, None, 1.5, -2.0, None, None, None, 3.0],
        )
    ]
    assert last_json(home, DATA)["prior"] == "2026-11-22T09:55:00+00:00"
    assert response == {
        "status": "processed",
        "job": None,
        "sensor": BATTERY_POWER,
        "start": "2026-11-22T08:00:00+01:00",
        "duration": "PT2H30M",
        "values": [
            {"start": "2026-11-22T08:00:00+01:00", "value": 7.0},
            {"start": "2026-11-22T09:00:00+01:00", "value": 1.5},
            {"start": "2026-11-22T09:15:00+01:00", "value": -2.0},
            {"start": "2026-11-22T10:15:00+01:00", "value": 3.0},
        ],
        "unit": "kW",
    }


async def test_values_far_apart(home: Home) -> None:
    """A request is not blown up with what lies between them."""
    await home.set_up()

    response = await home.call(
        "post_measurements",
        sensor=CABIN_POWER,
        values=[at("2026-01-01T00:30:00Z", 1), at("10:00", 2), at("11:00", None)],
        unit="MW",
    )

    assert posts(home, f"/api/v3_0/sensors/{CABIN_POWER}/data") == [
        ("2026-01-01T01:00:00+01:00", "PT1H", [1.0]),
        ("2026-11-22T10:00:00+01:00", "PT2H", [2.0, None]),
    ]
    assert [each["value"] for each in response["values"]] == [1.0, 2.0]


async def test_days_with_their_own_times(home: Home) -> None:
    """The day on which clocks change is an hour longer: what comes after it is another run."""
    home.server.add_sensor(50, "daily cost", "EUR", "P1D")
    await home.set_up()

    await home.call(
        "post_measurements",
        sensor=50,
        values=[at(f"2026-10-{day}T12:00:00+01:00", day) for day in (24, 25, 26, 27)],
        unit="EUR",
    )

    assert posts(home, "/api/v3_0/sensors/50/data") == [
        ("2026-10-24T00:00:00+02:00", "PT48H", [24.0, 25.0]),
        ("2026-10-26T00:00:00+01:00", "PT48H", [26.0, 27.0]),
    ]


async def test_instants_with_their_own_times(home: Home) -> None:
    """Each stays where it is; evenly apart, they go in one request."""
    await home.set_up()

    response = await home.call(
        "post_measurements",
        sensor=BATTERY_SOC,
        values=[
            at("10:20", 5),
            at("10:00", 1),
            at("10:05", 2),
            at("10:10", None),
            at("10:15", 4),
            at("2026-11-22T10:03:27.25+01:00", 9),
            at("11:00", 6),
        ],
        unit="kWh",
    )

    assert posts(home, SOC_DATA) == [
        ("2026-11-22T10:00:00+01:00", "PT0S", [1.0]),
        ("2026-11-22T10:03:27.250000+01:00", "PT0S", [9.0]),
        ("2026-11-22T10:05:00+01:00", "PT20M", [2.0, None, 4.0, 5.0]),
        ("2026-11-22T11:00:00+01:00", "PT0S", [6.0]),
    ]
    assert response["start"] == "2026-11-22T10:00:00+01:00"
    assert response["duration"] == "PT1H"
    assert response["values"][1:3] == [
        {"start": "2026-11-22T10:03:27.250000+01:00", "value": 9.0},
        {"start": "2026-11-22T10:05:00+01:00", "value": 2.0},
    ]


@pytest.mark.parametrize(
    ("sensor", "times", "time"),
    [
        (BATTERY_POWER, ("10:02", "10:14"), "10:00"),
        (BATTERY_SOC, ("10:02", "2026-11-22T09:02:00Z"), "10:02"),
    ],
)
async def test_two_values_for_one_time(
    home: Home, sensor: int, times: tuple[str, str], time: str
) -> None:
    """None is dropped without a word, and no mean is made up."""
    await home.set_up()

    with pytest.raises(ServiceValidationError) as caught:
        await home.call(
            "post_measurements",
            sensor=sensor,
            values=[at(time, 1) for time in times],
            unit="kW",
        )

    assert caught.value.translation_key == "several_values_for_one_time"
    assert f"values: there are several values for {time}" in str(caught.value)
    assert posts(home, "/api/v3_0/sensors/*/data") == []


async def test_post_to_several_sensors(home: Home) -> None:
    """Each has its own values, unit and time, and is told of."""
    home.server.posting_is_queued = True
    await home.set_up()

    response = await home.call(
        "post_measurements",
        measurements=[
            {"sensor": BATTERY_POWER, "values": [1.5, 2], "unit": "kW"},
            {"sensor": BATTERY_SOC, "values": [at("10:00", 4)], "unit": "kWh"},
            {
                "sensor": str(CONSUMPTION),
                "values": 400,
                "unit": "W",
                "start": "2026-11-22 09:00:00",
                "duration": "PT1H",
                "prior": "2026-11-22 10:00:00",
            },
        ],
    )

    assert last_json(home, CONSUMPTION_DATA) == {
        "start": "2026-11-22T09:00:00+01:00",
        "duration": "PT1H",
        "values": [400.0],
        "unit": "W",
        "prior": "2026-11-22T09:00:00+00:00",
    }
    assert [
        (each["sensor"], each["status"], each["start"], each["values"])
        for each in response["measurements"]
    ] == [
        (BATTERY_POWER, "accepted", "2026-11-22T10:30:00+01:00", [1.5, 2.0]),
        (
            BATTERY_SOC,
            "accepted",
            "2026-11-22T10:00:00+01:00",
            [{"start": "2026-11-22T10:00:00+01:00", "value": 4.0}],
        ),
        (CONSUMPTION, "accepted", "2026-11-22T09:00:00+01:00", [400.0]),
    ]


SEVERAL = {
    "measurements": [
        {"sensor": BATTERY_POWER, "values": [1, 2], "unit": "kW"},
        {"sensor": BATTERY_SOC, "values": 4, "unit": "kWh"},
        {"sensor": CONSUMPTION, "values": [3, None], "unit": "kW"},
    ]
}
WRONG_UNIT = unprocessable(
    {"json": {"_schema": ["Required unit for this sensor is kWh"]}}
).json


async def test_one_sensor_refuses(home: Home) -> None:
    """The others get their values all the same, and the error says which those were."""
    await home.set_up()
    home.server.answer("POST", SOC_DATA, status=422, json=WRONG_UNIT)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("post_measurements", **SEVERAL)

    assert caught.value.translation_key == "not_all_posted"
    placeholders = caught.value.translation_placeholders
    assert placeholders
    assert placeholders["stored"] == f"{BATTERY_POWER} (2/2), {CONSUMPTION} (1/1)"
    assert placeholders["failed"].startswith(f"{BATTERY_SOC}: ")
    assert placeholders["failed"].endswith("Required unit for this sensor is kWh")


@pytest.mark.parametrize(
    ("path", "stored", "failed"),
    [
        (DATA, "-", (BATTERY_POWER, BATTERY_SOC, CONSUMPTION)),
        (SOC_DATA, f"{BATTERY_POWER} (2/2)", (BATTERY_SOC, CONSUMPTION)),
    ],
)
async def test_the_server_goes_away(
    home: Home, path: str, stored: str, failed: tuple[int, ...]
) -> None:
    """The rest is not tried, and is told of as well."""
    await home.set_up()
    home.server.answer("POST", path, exception=REFUSED)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("post_measurements", **SEVERAL)

    assert caught.value.translation_key == "not_all_posted"
    placeholders = caught.value.translation_placeholders
    assert placeholders
    assert placeholders["stored"] == stored
    reasons = placeholders["failed"].split("; ")
    assert [reason.split(": ")[0] for reason in reasons] == list(map(str, failed))
    assert all("(connection refused)" in reason for reason in reasons)
    assert posts(home, CONSUMPTION_DATA) == []


async def test_a_part_of_a_sensor_is_refused(home: Home) -> None:
    """How much was stored is told."""
    await home.set_up()
    home.server.answer(
        "POST", SOC_DATA, json={"status": "PROCESSED", "message": "?"}, times=1
    )
    home.server.answer("POST", SOC_DATA, status=422, json=WRONG_UNIT)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call(
            "post_measurements",
            sensor=BATTERY_SOC,
            values=[at("10:00", 1), at("10:05", 2), at("11:00", 3), at("11:15", None)],
            unit="kWh",
        )

    assert caught.value.translation_key == "not_all_posted"
    assert f"{BATTERY_SOC} (2/3)" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"sensor": UNKNOWN_SENSOR}, "No sensor found"),
        ({"sensor": NEIGHBOUR_POWER}, "cannot be authorized"),
        ({"values": [at("10:00", 1), at("10:01", 1)]}, "several values for"),
        ({"sensor": BATTERY_SOC, "values": [1, 2]}, "Give a duration"),
    ],
)
async def test_nothing_is_posted_of_a_wrong_call(
    home: Home, wrong: dict[str, Any], reason: str
) -> None:
    """All is looked at first; the sensor that is wrong is named."""
    await home.set_up()
    one = {**POST, **wrong}

    with pytest.raises(ServiceValidationError) as caught:
        await home.call("post_measurements", measurements=[POST, one])

    assert caught.value.translation_key == "error_of_sensor"
    assert f"FlexMeasures sensor {one['sensor']}: " in str(caught.value)
    assert reason in str(caught.value)
    assert posts(home, "/api/v3_0/sensors/*/data") == []


async def test_several_sensors_without_a_server(home: Home) -> None:
    """It is no wrong call."""
    await home.set_up()
    home.server.fail(REFUSED)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("post_measurements", measurements=[POST])

    assert not isinstance(caught.value, ServiceValidationError)
    assert "connection refused" in str(caught.value)


# --- get_measurements


async def test_get_measurements_of_several_sensors(home: Home) -> None:
    """Each with its own unit, in the order that was asked for."""
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT, QUARTER, [1.0])
    home.server.data[BATTERY_SOC] = StoredSchedule(SLOT, HOUR, [4.5], "kWh")
    await home.set_up()

    response = await home.call(
        "get_measurements",
        sensors=[BATTERY_SOC, str(BATTERY_POWER)],
        start=SLOT.isoformat(),
        end="2026-11-22 11:30:00",
    )

    soc, power = response["sensors"]
    assert (soc["sensor"], soc["unit"], soc["resolution"]) == (
        BATTERY_SOC,
        "kWh",
        "PT5M",
    )
    assert [slot["value"] for slot in soc["measurements"]] == [4.5] * 6
    assert power == {
        "sensor": BATTERY_POWER,
        "unit": "kW",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T11:15:00+01:00",
        "resolution": "PT15M",
        "measurements": [
            {
                "start": "2026-11-22T11:00:00+01:00",
                "end": "2026-11-22T11:15:00+01:00",
                "value": 1.0,
            }
        ],
    }


async def test_one_of_several_sensors_cannot_be_read(home: Home) -> None:
    """It is named."""
    await home.set_up()

    with pytest.raises(ServiceValidationError) as caught:
        await home.call(
            "get_measurements",
            sensors=[BATTERY_SOC, NEIGHBOUR_POWER],
            start=SLOT.isoformat(),
            duration="PT1H",
        )

    assert caught.value.translation_key == "error_of_sensor"
    assert f"FlexMeasures sensor {NEIGHBOUR_POWER}: " in str(caught.value)


@pytest.mark.parametrize(
    ("start", "end", "duration"),
    [
        ("2026-11-22 11:00:00", "2026-11-22 12:05:00", "PT1H15M"),
        ("2026-10-25 00:00:00", "2026-10-26 00:00:00", "PT25H"),
        ("2026-03-29 00:00:00", "2026-03-30 00:00:00", "PT23H"),
    ],
)
async def test_get_measurements_up_to_an_end(
    home: Home, start: str, end: str, duration: str
) -> None:
    """As with a duration; a local day is as long as it is."""
    await home.set_up()

    await home.call("get_measurements", sensor=BATTERY_POWER, start=start, end=end)

    assert last_query(home, DATA)["duration"] == duration


async def test_get_measurements(home: Home) -> None:
    """What users and devices posted comes first."""
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT, QUARTER, [1.0, None, 3.0])
    await home.set_up()

    response = await home.call("get_measurements", **GET)

    assert last_query(home, DATA) == {
        "start": "2026-11-22T10:00:00+00:00",
        "duration": "PT1H",
        "unit": "kW",
        "source-type": "user",
    }
    assert response == {
        "unit": "kW",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T11:45:00+01:00",
        "resolution": "PT15M",
        "measurements": [
            {
                "start": "2026-11-22T11:00:00+01:00",
                "end": "2026-11-22T11:15:00+01:00",
                "value": 1.0,
            },
            {
                "start": "2026-11-22T11:30:00+01:00",
                "end": "2026-11-22T11:45:00+01:00",
                "value": 3.0,
            },
        ],
    }


async def test_get_measurements_with_everything(home: Home) -> None:
    """Naive times are Home Assistant's."""
    entry = await home.set_up()
    home.server.forecasts[BATTERY_SOC] = StoredSchedule(
        SLOT + 2 * HOUR, QUARTER, [1.0], "kWh"
    )

    response = await home.call(
        "get_measurements",
        config_entry_id=entry.entry_id,
        sensor=BATTERY_SOC,
        start="2026-11-22 09:07:00",
        duration={"hours": 2},
        unit="MWh",
        resolution="PT1H",
        source_type="forecaster",
        prior="2026-11-22 10:00:00",
    )

    assert last_query(home, SOC_DATA) == {
        "start": "2026-11-22T08:00:00+00:00",
        "duration": "PT3H",
        "unit": "MWh",
        # As finely as there can be values; hours are made of them here.
        "resolution": "PT5M",
        "source-type": "forecaster",
        "prior": "2026-11-22T09:00:00+00:00",
    }
    assert response == {
        "unit": "MWh",
        "start": None,
        "end": None,
        "resolution": None,
        "measurements": [],
    }


NOBODY_POSTED = unprocessable(
    {
        "combined_sensor_data_description": {
            "source-type": [
                "No data source with source-type 'user' has recorded any data on this sensor."
            ]
        }
    }
).json


async def test_get_what_others_wrote(home: Home) -> None:
    """If no user ever posted anything, what schedulers and forecasters wrote is shown."""
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT, HOUR, [2.0])
    await home.set_up()
    home.server.answer("GET", DATA, status=422, json=NOBODY_POSTED, times=1)

    response = await home.call("get_measurements", **GET)

    assert "source-type" not in last_query(home, DATA)
    assert [slot["value"] for slot in response["measurements"]] == [2.0] * 4


async def test_get_what_a_source_never_wrote(home: Home) -> None:
    """Nobody else's values are shown for it."""
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT, HOUR, [2.0])
    await home.set_up()
    home.server.answer("GET", DATA, status=422, json=NOBODY_POSTED, times=1)

    response = await home.call("get_measurements", **GET, source_type="user")

    assert response["unit"] == "kW"
    assert response["measurements"] == []


async def test_get_instants(home: Home) -> None:
    """They are read on the grid that they are posted on."""
    await home.set_up()

    await home.call(
        "get_measurements", sensor=BATTERY_SOC, start=NOW.isoformat(), duration="PT15M"
    )

    query = last_query(home, SOC_DATA)
    assert query["start"] == "2026-11-22T10:05:00+00:00"
    assert query["duration"] == "PT20M"
    assert query["resolution"] == "PT5M"
    assert query["unit"] == "kWh"


@pytest.mark.parametrize(
    ("data", "start", "duration"),
    [
        ({"start": "2026-11-22 11:10:00"}, "2026-11-22T10:00:00+00:00", "PT1H15M"),
        ({"duration": "PT50M"}, "2026-11-22T10:00:00+00:00", "PT1H"),
    ],
)
async def test_the_period_is_read_whole(
    home: Home, data: dict[str, str], start: str, duration: str
) -> None:
    """All intervals that it touches, of which none is shortened."""
    home.server.data[BATTERY_POWER] = StoredSchedule(SLOT, HOUR, [2.0, 2.0])
    await home.set_up()

    response = await home.call("get_measurements", **{**GET, **data})

    assert last_query(home, DATA)["start"] == start
    assert last_query(home, DATA)["duration"] == duration
    assert response["resolution"] == "PT15M"


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)]
)
async def test_get_a_local_day(home: Home, day: str, hours: int) -> None:
    """Between two local midnights are as many hours as there are."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(TIME_ZONE))
    home.server.data[CABIN_POWER] = StoredSchedule(
        midnight.astimezone(UTC), HOUR, list(range(hours)), "MW"
    )
    await home.set_up()

    response = await home.call(
        "get_measurements",
        sensor=CABIN_POWER,
        start=f"{day} 00:00:00",
        duration={"hours": hours},
    )

    slots = response["measurements"]
    assert [slot["value"] for slot in slots] == list(range(hours))
    assert len({slot["start"] for slot in slots}) == hours
    assert slots[0]["start"].startswith(f"{day}T00:00:00")
    assert "T00:00:00" in slots[-1]["end"]


# --- what never reaches the server

NAN = float("nan")
INFINITY = float("inf")
BEGIN = "2026-11-22T18:00:00+01:00"
END = "2026-11-22T19:00:00+01:00"
TARGET = {"value": 9, "datetime": BEGIN}

WRONG_DURATIONS = [
    *("", "soon", "P", "P1M", "-PT1H", "-01:00", "PT9999999999999999H"),
    *(
        "P36526D",
        1e12,
        -900,
        True,
        NAN,
        INFINITY,
        None,
        [1],
        {"hours": -1},
        {"fortnights": 1},
    ),
]
WRONG_MOMENTS = ["", "yesterday", 5, True, None, ["2026-11-22"], "2026-13-01T00:00:00"]
WRONG_NUMBERS = ["", "much", True, False, NAN, INFINITY, "nan", None, [1], {"a": 1}]
WRONG_AMOUNTS = [*WRONG_NUMBERS, -1]
WRONG_SENSORS = [0, -1, "", "battery", 1.5, True, None, [1], NAN]

type Wrong = list[Any]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("duration", [*WRONG_DURATIONS, 0, "PT0S"]),
        ("start", WRONG_MOMENTS),
        ("soc_at_start", WRONG_AMOUNTS),
        ("soc_targets", [[{**TARGET, "value": value}] for value in WRONG_AMOUNTS]),
        ("soc_targets", [[{**TARGET, "datetime": value}] for value in WRONG_MOMENTS]),
        ("soc_targets", ["full", [9], {}, {"value": 9}, {"datetime": BEGIN}]),
        ("soc_targets", [{"value": 9, "start": BEGIN}, {"value": 9, "end": END}]),
        ("soc_targets", [{**TARGET, "start": BEGIN}, {**TARGET, "end": END}]),
        ("soc_targets", [{**TARGET, "start": BEGIN, "end": END}]),
        ("soc_targets", [{"value": 9, "start": END, "end": BEGIN}]),
        ("soc_targets", [{"value": 9, "start": BEGIN, "end": BEGIN}]),
        ("soc_targets", [{**TARGET, "unit": "kWh"}]),
        ("flex_model", ["soc-min", [{"soc-min": "1 kWh"}], {1: 2}, None]),
        ("flex_model", [{"sensor": 20}, {"asset": 5, "soc-min": "1 kWh"}]),
        ("flex_context", ["cheap", [], None]),
        ("force", ["perhaps", None]),
        ("wait", ["a while", None]),
        ("device_id", [[], [1], {"a": "b"}, None]),
        ("no_such_field", [1]),
    ],
)
async def test_wrong_trigger_schedule(home: Home, field: str, values: Wrong) -> None:
    await home.set_up()

    await refused(
        home, "trigger_schedule", {"device_id": home.device_id()}, field, values
    )


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("duration", [*WRONG_DURATIONS, 0]),
        ("resolution", [*WRONG_DURATIONS, 0, "PT59S"]),
        ("start", WRONG_MOMENTS),
        ("unit", ["kWh", "", None]),
        ("format", ["csv", "", None]),
        ("wait", [True]),
    ],
)
async def test_wrong_get_schedule(home: Home, field: str, values: Wrong) -> None:
    await home.set_up()

    await refused(home, "get_schedule", {"device_id": home.device_id()}, field, values)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("duration", WRONG_DURATIONS),
        ("start", WRONG_MOMENTS),
        ("prior", WRONG_MOMENTS),
        ("sensor", WRONG_SENSORS),
        ("values", [[value] for value in WRONG_NUMBERS if value is not None]),
        ("values", ["", [], None, True, NAN, {}, [1, "None"], [[None]]]),
        ("unit", [None, ["kW"]]),
        ("config_entry_id", [None]),
        ("source", ["me"]),
        (
            "values",
            [[at("10:00", value)] for value in WRONG_NUMBERS if value is not None],
        ),
        ("values", [[{"time": value, "value": 1}] for value in WRONG_MOMENTS]),
        ("values", [[{"start": value, "value": 1}] for value in WRONG_MOMENTS]),
        ("values", [{"value": 1}, {"time": BEGIN}, {"start": BEGIN}]),
        ("values", [{"time": BEGIN, "start": BEGIN, "value": 1}]),
        ("values", [{**at("10:00", 1), "unit": "kW"}]),
        ("values", [[1, at("10:00", 1)], [at("10:00", 1), None]]),
        ("measurements", [[POST], POST, [], None]),
    ],
)
async def test_wrong_post_measurements(home: Home, field: str, values: Wrong) -> None:
    await home.set_up()

    await refused(home, "post_measurements", POST, field, values)


@pytest.mark.parametrize(
    ("wrong", "place", "said"),
    [
        ({"values": [1, "much"]}, ["values", 1], "expected"),
        ({"values": [at("T", 1)]}, ["values", 0, "time"], "Invalid datetime"),
        ({"values": [{"value": 1}]}, ["values", 0], "either time or start"),
        ({"values": [at("10:00", 1), 2]}, ["values"], "a time for each value"),
        (
            {"values": [at("10:00", 1)], "duration": "PT1H"},
            ["duration"],
            "their own times",
        ),
        ({"values": [at("10:00", 1)], "start": BEGIN}, ["start"], "their own times"),
        ({"config_entry_id": "x"}, ["config_entry_id"], "not a valid option"),
    ],
)
async def test_what_is_wrong_is_named(
    home: Home, wrong: dict[str, Any], place: list[str | int], said: str
) -> None:
    """With its place in the list."""
    await home.set_up()

    with pytest.raises(vol.Invalid, match=said) as caught:
        await home.call("post_measurements", measurements=[POST, {**POST, **wrong}])

    assert caught.value.path == ["measurements", 1, *place]


async def test_one_sensor_and_several(home: Home) -> None:
    """A field beside the list would be for none of its items."""
    await home.set_up()

    with pytest.raises(vol.Invalid, match="in each item of measurements") as caught:
        await home.call("post_measurements", measurements=[POST], unit="kW")

    assert caught.value.path == ["unit"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("duration", [*WRONG_DURATIONS, 0]),
        ("resolution", [*WRONG_DURATIONS, 0, "PT59S"]),
        ("start", WRONG_MOMENTS),
        ("prior", WRONG_MOMENTS),
        ("sensor", WRONG_SENSORS),
        ("unit", [None]),
        ("source_type", ["", None]),
        ("horizon", ["PT1H"]),
        ("end", [END]),
        ("sensors", [[BATTERY_SOC], [], None]),
    ],
)
async def test_wrong_get_measurements(home: Home, field: str, values: Wrong) -> None:
    await home.set_up()

    await refused(home, "get_measurements", GET, field, values)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("end", [*WRONG_MOMENTS, SLOT.isoformat(), NOW.isoformat()]),
        ("sensors", [[wrong] for wrong in WRONG_SENSORS]),
        ("sensors", [[], [BATTERY_SOC, BATTERY_SOC], [BATTERY_SOC, "10.0", 10]]),
    ],
)
async def test_wrong_get_measurements_of_several(
    home: Home, field: str, values: Wrong
) -> None:
    await home.set_up()
    data = {"sensors": [BATTERY_SOC], "start": NOW.isoformat(), "end": END}

    await refused(home, "get_measurements", data, field, values)


async def refused(
    home: Home, action: str, data: dict[str, Any], field: str, values: Wrong
) -> None:
    """Check that the schema refuses values of a field, and the server never hears of it."""
    home.server.requests.clear()

    for value in values:
        with pytest.raises(vol.Invalid):
            await home.call(action, **{**data, field: value})

    assert home.server.requests == []


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("trigger_schedule", {"device_id": "x"}),
        ("get_schedule", {"device_id": "x"}),
        ("post_measurements", POST),
        ("get_measurements", GET),
    ],
)
async def test_missing_fields(home: Home, action: str, data: dict[str, Any]) -> None:
    await home.set_up()

    for missing in data:
        others = {key: value for key, value in data.items() if key != missing}
        with pytest.raises(
            vol.Invalid, match=r"required key not provided|expected (either|a target)"
        ):
            await home.call(action, **others)


# --- which account, which device


async def test_unknown_device(home: Home) -> None:
    await home.set_up()

    with pytest.raises(ServiceValidationError):
        await home.call("get_schedule", device_id="none-of-these")


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("trigger_schedule", {"soc_at_start": 4}),
        ("get_schedule", {}),
        ("override", {"power": 1, "duration": "PT1H"}),
        ("clear_override", {}),
    ],
)
async def test_list_of_one_device(
    home: Home, action: str, data: dict[str, Any]
) -> None:
    """So do targets and some templates give it."""
    await home.set_up()

    await home.hass.services.async_call(
        DOMAIN,
        action,
        {"device_id": [home.device_id()], **data},
        blocking=True,
        return_response=action == "get_schedule",
    )


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("change_control_type", {"control_type": "no_selection"}),
        ("send_instruction", {"operation_mode": "Charge"}),
    ],
)
async def test_list_of_one_device_with_s2(
    home: Home, action: str, data: dict[str, Any]
) -> None:
    """It is the device that is meant, which just has no S2."""
    await home.set_up()

    with pytest.raises(ServiceValidationError) as caught:
        await home.hass.services.async_call(
            DOMAIN, action, {"device_id": [home.device_id()], **data}, blocking=True
        )

    assert caught.value.translation_key == "s2_not_enabled"


async def test_device_of_another_integration(home: Home) -> None:
    await home.set_up()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home.hass)
    found = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}
    )

    with pytest.raises(ServiceValidationError):
        await home.call("trigger_schedule", device_id=found.id)


@pytest.mark.parametrize("action", ["trigger_schedule", "get_schedule"])
async def test_device_of_an_account_that_is_not_loaded(home: Home, action: str) -> None:
    entry = await home.set_up()
    device_id = home.device_id()
    await home.hass.config_entries.async_unload(entry.entry_id)

    with pytest.raises(ServiceValidationError):
        await home.call(action, device_id=device_id)


@pytest.mark.parametrize(
    ("action", "data"), [("post_measurements", POST), ("get_measurements", GET)]
)
async def test_account_that_is_not_loaded(
    home: Home, action: str, data: dict[str, Any]
) -> None:
    entry = await home.set_up()
    await home.hass.config_entries.async_unload(entry.entry_id)

    for account in ({}, {"config_entry_id": entry.entry_id}):
        with pytest.raises(ServiceValidationError):
            await home.call(action, **data, **account)


async def test_one_of_two_accounts(home: Home) -> None:
    """It has to be said which."""
    first = await home.set_up()
    second = await home.set_up(
        device(CABIN_POWER), username=NEIGHBOUR_EMAIL, password=PASSWORD
    )
    assert second.state is ConfigEntryState.SETUP_RETRY
    await home.hass.config_entries.async_remove(second.entry_id)
    home.server.users[NEIGHBOUR_EMAIL].account = 1
    second = await home.set_up(device(CABIN_POWER), username=NEIGHBOUR_EMAIL)

    for action, data in (("post_measurements", POST), ("get_measurements", GET)):
        with pytest.raises(ServiceValidationError) as caught:
            await home.call(action, **data)
        assert caught.value.translation_key == "several_accounts"
        assert "config_entry_id" in str(caught.value)
        for entry in (first, second):
            assert f"{entry.entry_id} ({entry.title})" in str(caught.value)

    for entry, user in ((first, 1), (second, 3)):
        await home.call("post_measurements", **POST, config_entry_id=entry.entry_id)
        token = home.server.requests[-1].headers["Authorization"]
        assert token.endswith(f"-of-{user}")


async def test_account_of_another_integration(home: Home) -> None:
    await home.set_up()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home.hass)

    with pytest.raises(ServiceValidationError):
        await home.call("get_measurements", **GET, config_entry_id=other.entry_id)


# --- what the server says


@pytest.mark.parametrize(
    ("status", "json", "key", "reason"),
    [
        pytest.param(
            422,
            {"message": {"json": {"flex-model": {"0": {"soc-targets": ["Bad."]}}}}},
            "rejected",
            "flex-model.0.soc-targets: Bad.",
            id="rejected",
        ),
        pytest.param(
            403,
            FORBIDDEN,
            "not_permitted",
            "You cannot be authorized for this content or functionality.",
            id="not permitted",
        ),
        pytest.param(
            404, {"message": "No such asset."}, "not_found", "No such asset.", id="gone"
        ),
    ],
)
async def test_refusals(
    home: Home, status: int, json: dict[str, Any], key: str, reason: str
) -> None:
    """What the caller can mend is told in the server's words."""
    await home.set_up()
    home.server.answer("POST", TRIGGER, status=status, json=json)

    with pytest.raises(ServiceValidationError) as caught:
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)

    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == key
    assert caught.value.translation_placeholders == {"reason": reason}
    assert reason in str(caught.value)
    assert str(status) not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "key", "placeholders"),
    [
        (
            {"status": 429, "json": RATE_LIMITED, "headers": {"Retry-After": "296"}},
            "rate_limited",
            {"seconds": "296"},
        ),
        (
            {"status": 500, "json": {"message": "'values'", "status": 500}},
            "server_error",
            {"reason": "'values'"},
        ),
        (
            {"exception": REFUSED},
            "cannot_connect",
            {"reason": "connection refused"},
        ),
        ({"text": HTML}, "not_flexmeasures", {"reason": "HTTP 200 without JSON"}),
    ],
)
async def test_failures(
    home: Home, answer: dict[str, Any], key: str, placeholders: dict[str, str]
) -> None:
    """What the caller cannot mend is an error, not a wrong call; the plan stays."""
    home.has_planned(1.0)
    await home.set_up()
    home.server.answer("POST", TRIGGER, **answer)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)

    assert not isinstance(caught.value, ServiceValidationError)
    assert caught.value.translation_key == key
    assert caught.value.translation_placeholders == placeholders
    assert home.state().state == "1.0"


@pytest.mark.parametrize(
    ("action", "sensor", "key"),
    [
        ("post_measurements", UNKNOWN_SENSOR, "not_found"),
        ("get_measurements", UNKNOWN_SENSOR, "not_found"),
        ("post_measurements", NEIGHBOUR_POWER, "not_permitted"),
        ("get_measurements", NEIGHBOUR_POWER, "not_permitted"),
    ],
)
async def test_unknown_and_foreign_sensors(
    home: Home, action: str, sensor: int, key: str
) -> None:
    await home.set_up()
    data = {"post_measurements": POST, "get_measurements": GET}[action]

    with pytest.raises(ServiceValidationError) as caught:
        await home.call(action, **{**data, "sensor": sensor})

    assert caught.value.translation_key == key


async def test_public_sensors_can_be_read_only(home: Home) -> None:
    await home.set_up()

    await home.call("get_measurements", **{**GET, "sensor": PRICE})
    with pytest.raises(ServiceValidationError) as caught:
        await home.call("post_measurements", sensor=PRICE, values=[1], unit="EUR/MWh")

    assert caught.value.translation_key == "not_permitted"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("trigger_schedule", {}),
        ("get_schedule", {}),
        ("post_measurements", POST),
        ("get_measurements", GET),
    ],
)
async def test_refused_login(
    home: Home, action: str, data: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The user is asked for the password, and the caller told why it failed."""
    caplog.set_level(logging.DEBUG)
    await home.set_up()
    target = {} if data else {"device_id": home.device_id()}
    home.server.tokens.clear()
    home.server.users[EMAIL].password = "another"

    with pytest.raises(HomeAssistantError) as caught:
        await home.call(action, **data, **target)
    await home.settle()

    assert caught.value.translation_key == "wrong_password"
    assert len(home.reauthentications) == 1
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(caught.value)


async def test_failed_job(home: Home) -> None:
    """The plan before stays in force."""
    home.has_planned(7.0)
    await home.set_up()
    home.server.answer("GET", JOB, status=422, json=failed_job("Prices unknown"))

    with pytest.raises(HomeAssistantError) as caught:
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)

    assert caught.value.translation_key == "job_failed"
    assert caught.value.translation_placeholders == {"reason": "Prices unknown"}
    assert home.state().state == "7.0"


async def test_cabin(home: Home) -> None:
    """Another device of the account is another asset of the server."""
    await home.set_up(device(BATTERY_POWER), device(CABIN_POWER))

    await home.call("trigger_schedule", device_id=home.device_id(CABIN_POWER))

    assert home.server.requests_to("POST", TRIGGER) == []
    model = last_json(home, f"/api/v3_0/assets/{CABIN}/schedules/trigger")["flex-model"]
    assert model == [{"sensor": CABIN_POWER}]
    assert home.state(BATTERY_POWER).state == STATE_UNKNOWN
