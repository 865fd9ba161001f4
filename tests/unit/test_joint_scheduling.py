"""Devices of one site that are scheduled in one request."""

from functools import partial
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    CABIN,
    CABIN_POWER,
    GARAGE,
    GARAGE_POWER,
    HOUSE,
    failed_job,
    unprocessable,
)
from .home import HOUR, MINUTE, NOW, Home, automatic, device

SOC = "sensor.garage_state_of_charge"
PLUG = "binary_sensor.plug"


def trigger_of(asset: int) -> str:
    """Give where schedules of an asset are asked for."""
    return f"/api/v3_0/assets/{asset}/schedules/trigger"


def sent(home: Home) -> list[tuple[str, list[int]]]:
    """Give which devices were asked for together, and where."""
    return [
        (request.path, sorted(model["sensor"] for model in request.json["flex-model"]))
        for request in home.triggers
    ]


@pytest.fixture
def site(home: Home) -> None:
    """Let both batteries of the house plan in quarters of an hour."""
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"


async def set_up(home: Home, *devices: Any) -> None:
    """Set up the account with joint scheduling."""
    home.add_account(*devices)
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()


# Makes a device that is scheduled by itself, six hours ahead.
six_hours = partial(automatic, schedule_duration=6 * 3600)
BOTH = (six_hours(BATTERY_POWER), six_hours(GARAGE_POWER))


async def test_one_request_for_a_site(home: Home, site: None) -> None:
    """Another site has its own."""
    home.server.planned_values = [1.0]
    await set_up(home, *BOTH, six_hours(CABIN_POWER))

    # The start found out which devices belong together.
    home.server.requests.clear()
    await home.go_to(NOW + HOUR)

    house, cabin = trigger_of(HOUSE), trigger_of(CABIN)
    assert sorted(sent(home)) == [
        (house, [BATTERY_POWER, GARAGE_POWER]),
        (cabin, [CABIN_POWER]),
    ]
    assert home.state(BATTERY_POWER).state == "1.0"
    # Stored in W, with production positive.
    assert home.state(GARAGE_POWER).state == "-0.001"


async def test_without_it_each_has_its_own(home: Home, site: None) -> None:
    await home.set_up(*BOTH)

    assert sorted(sent(home)) == [
        (trigger_of(BATTERY), [BATTERY_POWER]),
        (trigger_of(GARAGE), [GARAGE_POWER]),
    ]


async def test_action_for_one_schedules_all(home: Home, site: None) -> None:
    """What the action says is for its device, but for the window."""
    await set_up(home, *BOTH)
    home.server.requests.clear()

    response = await home.call(
        "trigger_schedule",
        device_id=home.device_id(GARAGE_POWER),
        soc_at_start=2,
        duration="PT1H",
    )

    (request,) = home.server.requests_to("POST", trigger_of(HOUSE))
    assert request.json["flex-model"] == [
        {"sensor": GARAGE_POWER, "soc-at-start": "2.0 kWh"},
        {"sensor": BATTERY_POWER},
    ]
    assert request.json["duration"] == "PT1H"
    assert len(response["schedule"]) == 4


async def test_action_without_waiting(home: Home, site: None) -> None:
    await set_up(home, *BOTH)
    home.server.planned_values = [2.0]

    await home.call(
        "trigger_schedule", device_id=home.device_id(GARAGE_POWER), wait=False
    )
    await home.settle()

    assert home.state(BATTERY_POWER).state == "2.0"


async def test_devices_that_do_not_fit_in_one_request(home: Home) -> None:
    """Here one plans in quarters of an hour, the other in five minutes."""
    await set_up(home, *BOTH)

    assert sorted(sent(home)) == [
        (trigger_of(BATTERY), [BATTERY_POWER]),
        (trigger_of(GARAGE), [GARAGE_POWER]),
    ]


async def test_device_that_is_not_scheduled_by_itself(home: Home, site: None) -> None:
    await set_up(home, six_hours(BATTERY_POWER), device(GARAGE_POWER))

    assert sent(home) == [(trigger_of(BATTERY), [BATTERY_POWER])]


# --- the failures of one


async def test_state_of_charge_of_one_is_not_known(home: Home, site: None) -> None:
    """It is left out, and shows why; the other one is scheduled."""
    home.hass.states.async_set(SOC, "3", {"unit_of_measurement": "kWh"})
    home.server.set_flex_model(GARAGE, soc_max="5 kWh")
    await set_up(
        home, six_hours(BATTERY_POWER), six_hours(GARAGE_POWER, soc_entity=SOC)
    )
    assert sent(home) == [(trigger_of(HOUSE), [BATTERY_POWER, GARAGE_POWER])]

    home.hass.states.async_set(SOC, STATE_UNAVAILABLE)
    home.server.requests.clear()
    home.server.planned_values = [2.0]
    await home.go_to(NOW + HOUR)

    assert sent(home) == [(trigger_of(BATTERY), [BATTERY_POWER])]
    assert home.state(BATTERY_POWER).state == "2.0"


async def test_feeding_in_pays_more_than_buying_costs(home: Home, site: None) -> None:
    """It is reckoned with less up to the end of the longest plan."""
    home.server.set_flex_context(
        HOUSE, consumption_price="0.1 EUR/kWh", production_price="0.3 EUR/kWh"
    )
    await set_up(
        home, six_hours(BATTERY_POWER), automatic(GARAGE_POWER, schedule_duration=28800)
    )

    (wish,) = home.wishes
    assert wish["duration"] == "PT8H"
    assert wish["flex-context"]["production-price"] == [
        {
            "value": "0.1 EUR/kWh",
            "start": NOW.replace(minute=0).isoformat(),
            "end": (NOW.replace(minute=0) + 8 * HOUR).isoformat(),
        }
    ]


async def test_server_goes_away_while_a_joint_request_is_prepared(
    home: Home, site: None
) -> None:
    """That is nobody's fault: both are scheduled together once it is back."""
    await set_up(home, *BOTH)
    home.server.requests.clear()
    gone = ClientConnectionError("gone")
    home.server.answer("GET", "/api/v3_0/assets", exception=gone)

    await home.go_to(NOW + HOUR)
    assert sent(home) == []
    home.server.recover()
    await home.go_to(NOW + HOUR + MINUTE)

    assert sent(home) == [(trigger_of(HOUSE), [BATTERY_POWER, GARAGE_POWER])]


async def test_action_while_the_server_goes_away(home: Home, site: None) -> None:
    """What fails for another device first fails for all."""
    await set_up(home, *BOTH)
    gone = ClientConnectionError("gone")
    home.server.answer("GET", "/api/v3_0/assets", exception=gone)
    # What the assets say is known for 10 minutes.
    home.pass_time(11 * MINUTE)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call(
            "trigger_schedule", device_id=home.device_id(BATTERY_POWER), soc_at_start=4
        )

    assert caught.value.translation_key == "cannot_connect"


async def test_action_that_does_not_wait_and_is_refused_alone(home: Home) -> None:
    await set_up(home, six_hours(BATTERY_POWER))
    home.server.answer("POST", trigger_of(BATTERY), status=422, json={"message": "No."})

    with pytest.raises(HomeAssistantError) as caught:
        await home.call(
            "trigger_schedule", device_id=home.device_id(BATTERY_POWER), wait=False
        )

    assert caught.value.translation_key == "rejected"


@pytest.mark.parametrize("is_refused", [False, True], ids=["job fails", "refused"])
async def test_joint_request_fails(
    home: Home,
    site: None,
    caplog: pytest.LogCaptureFixture,
    is_refused: bool,  # noqa: FBT001
) -> None:
    """Each one is tried alone, which shows whose fault it is; it then stays alone."""
    home.server.planned_values = [1.0]
    await set_up(home, *BOTH)
    home.server.requests.clear()
    home.server.planned_values = [2.0]
    if is_refused:
        refusal = unprocessable({"json": {"soc-foo": ["Unknown field."]}})
        for asset in (HOUSE, GARAGE):
            home.server.answer(
                "POST", trigger_of(asset), status=422, json=refusal.json, times=1
            )
    else:
        failed = failed_job("infeasible", "str")
        home.server.answer("GET", "/api/v3_0/jobs/*", status=422, json=failed, times=1)
        home.server.answer(
            "POST", trigger_of(GARAGE), status=422, json={"message": "No."}, times=1
        )

    await home.go_to(NOW + HOUR)

    together, *alone = sent(home)
    assert together == (trigger_of(HOUSE), [BATTERY_POWER, GARAGE_POWER])
    assert sorted(alone) == [
        (trigger_of(BATTERY), [BATTERY_POWER]),
        (trigger_of(GARAGE), [GARAGE_POWER]),
    ]
    assert home.state(BATTERY_POWER).state == "2.0"
    assert "The schedule of Garage battery could not be computed" in caplog.text
    assert "The schedule of Home battery" not in caplog.text

    home.server.requests.clear()
    await home.go_to(NOW + 2 * HOUR)
    assert sorted(sent(home)) == [
        (trigger_of(BATTERY), [BATTERY_POWER]),
        (trigger_of(GARAGE), [GARAGE_POWER]),
    ]

    home.server.requests.clear()
    await home.go_to(NOW + 3 * HOUR)
    assert sent(home) == [(trigger_of(HOUSE), [BATTERY_POWER, GARAGE_POWER])]


async def test_limit_has_no_room_for_each_alone(home: Home, site: None) -> None:
    """The second one is not sent against the limit, but once there is room again."""
    home.hass.states.async_set(PLUG, "off")
    await set_up(
        home,
        six_hours(BATTERY_POWER, trigger_entities=[PLUG]),
        six_hours(GARAGE_POWER),
    )
    await home.go_to(NOW + 30 * MINUTE)
    for _ in range(7):
        await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    home.server.requests.clear()
    failed = failed_job("infeasible", "str")
    home.server.answer("GET", "/api/v3_0/jobs/*", status=422, json=failed, times=1)

    home.hass.states.async_set(PLUG, "on")
    await home.go_to(NOW + 31 * MINUTE)
    together = (trigger_of(HOUSE), [BATTERY_POWER, GARAGE_POWER])
    assert sent(home) == [together, (trigger_of(BATTERY), [BATTERY_POWER])]

    await home.go_to(NOW + 36 * MINUTE)
    assert sent(home)[2:] == [together]


async def test_action_whose_joint_request_fails(home: Home, site: None) -> None:
    """It says what is wrong with its own device, and only that."""
    await set_up(home, *BOTH)
    failed = failed_job("infeasible", "str")
    home.server.answer("GET", "/api/v3_0/jobs/*", status=422, json=failed)

    with pytest.raises(HomeAssistantError) as caught:
        await home.call(
            "trigger_schedule", device_id=home.device_id(GARAGE_POWER), soc_at_start=4
        )

    assert caught.value.translation_key == "infeasible"


async def test_action_that_does_not_wait_and_is_refused(home: Home, site: None) -> None:
    """Its own device is tried alone."""
    await set_up(home, *BOTH)
    home.server.answer("POST", trigger_of(HOUSE), status=422, json={"message": "No."})
    home.server.requests.clear()

    await home.call(
        "trigger_schedule", device_id=home.device_id(GARAGE_POWER), wait=False
    )
    await home.settle()

    assert sent(home) == [
        (trigger_of(HOUSE), [BATTERY_POWER, GARAGE_POWER]),
        (trigger_of(GARAGE), [GARAGE_POWER]),
    ]


async def test_action_that_does_not_wait_and_fails(home: Home, site: None) -> None:
    await set_up(home, *BOTH)
    failed = failed_job("infeasible", "str")
    home.server.answer("GET", "/api/v3_0/jobs/*", status=422, json=failed, times=1)
    home.server.planned_values = [2.0]
    home.server.requests.clear()

    await home.call(
        "trigger_schedule", device_id=home.device_id(GARAGE_POWER), wait=False
    )
    await home.settle()

    assert [path for path, _ in sent(home)] == [
        trigger_of(HOUSE),
        trigger_of(GARAGE),
        trigger_of(BATTERY),
    ]
    assert home.state(BATTERY_POWER).state == "2.0"


async def test_one_of_them_was_planned_nothing(
    home: Home, site: None, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(home, *BOTH)
    home.server.schedules.pop(GARAGE_POWER)
    path = f"/api/v3_0/sensors/{GARAGE_POWER}/data"
    empty = {
        "values": [None],
        "start": NOW.isoformat(),
        "duration": "PT15M",
        "unit": "kW",
    }
    home.server.answer("GET", path, json=empty)

    await home.go_to(NOW + HOUR + MINUTE)

    assert "planned nothing for this device" in caplog.text
    assert "The schedule of Home battery" not in caplog.text
