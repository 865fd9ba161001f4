"""Schedules asked for within a slot: the server plans all of it, from its start on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from .fake_server import BATTERY, BATTERY_POWER
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, automatic, device

SOC = "sensor.battery_state_of_charge"
SECOND = timedelta(seconds=1)
WINDOW = {"start": "2026-11-22T10:00:00+00:00", "end": "2026-11-22T12:00:00+00:00"}


@pytest.fixture
def soc(home: Home) -> Callable[[float], None]:
    """Set what the battery's own entity says, in kWh; the server knows of no losses."""
    home.server.set_flex_model(BATTERY)

    def report(kwh: float) -> None:
        home.hass.states.async_set(SOC, str(kwh), {"unit_of_measurement": "kWh"})

    return report


def sent(home: Home) -> dict[str, Any]:
    """Give the flex-model that was last sent."""
    (model,) = home.wishes[-1]["flex-model"]
    return dict(model)


async def after_restart(
    home: Home, power: float, *, since: datetime = SLOT, **settings: Any
) -> None:
    """Set up a battery with an entity, which has followed a plan since a moment."""
    home.add_account(device(**{"soc_entity": SOC, **settings}))
    home.remembers(*[power] * 12, last_schedule=since.isoformat())
    home.has_planned(*[power] * 12)
    await home.start()


# --- the level that is sent


@pytest.mark.parametrize(
    ("power", "flex_model", "expected"),
    [
        pytest.param(3.0, {}, "4.65 kWh", id="charged"),
        pytest.param(-3.0, {}, "5.35 kWh", id="discharged"),
        pytest.param(0.0, {}, "5.0 kWh", id="idle"),
        pytest.param(
            3.0, {"charging_efficiency": "50 %"}, "4.825 kWh", id="charging loses"
        ),
        pytest.param(
            3.0, {"charging_efficiency": "350%"}, "3.775 kWh", id="a heat pump"
        ),
        pytest.param(
            -3.0, {"discharging_efficiency": "50%"}, "5.7 kWh", id="discharging loses"
        ),
        pytest.param(
            3.0, {"roundtrip_efficiency": 0.64}, "4.72 kWh", id="charging loses half"
        ),
        pytest.param(
            -3.0, {"roundtrip_efficiency": "64%"}, "5.4375 kWh", id="and discharging"
        ),
        pytest.param(
            3.0, {"charging_efficiency": {"sensor": 3}}, "4.65 kWh", id="not known here"
        ),
        pytest.param(3.0, {"roundtrip_efficiency": "0%"}, "4.65 kWh", id="nonsense"),
        pytest.param(3.0, {"soc_usage": ["1.2 kW"]}, "4.79 kWh", id="used"),
        pytest.param(3.0, {"soc_gain": ["600 W"]}, "4.58 kWh", id="gained"),
        pytest.param(
            3.0,
            {
                "soc_usage": [
                    [
                        {"value": "1.2 kW", **WINDOW},
                        {"value": "9 kW", "start": WINDOW["end"], "duration": "PT1H"},
                    ]
                ]
            },
            "4.79 kWh",
            id="used at times",
        ),
        pytest.param(3.0, {"soc_usage": [{"sensor": 3}]}, "5.0 kWh", id="used unknown"),
        pytest.param(3.0, {"soc_gain": ["much kW"]}, "5.0 kWh", id="gained unknown"),
    ],
)
async def test_what_flowed_since_the_slot_began_is_taken_back(
    home: Home, soc: Any, power: float, flex_model: Any, expected: str
) -> None:
    """In seven minutes, with what is lost, gained and used as far as it is known."""
    home.server.set_flex_model(BATTERY, **flex_model)
    soc(5)
    await after_restart(home, power)

    await home.press_compute()

    assert sent(home)["soc-at-start"] == expected


async def test_what_is_not_known_is_not_taken_back(home: Home, soc: Any) -> None:
    """The plan is followed since four minutes, and whether one was before is not known."""
    soc(5)
    await after_restart(home, 3.0, since=NOW - 4 * MINUTE)

    await home.press_compute()

    assert sent(home)["soc-at-start"] == "4.8 kWh"


async def test_what_the_user_commanded(home: Home, soc: Any) -> None:
    """Three minutes as planned, two at rest, one overridden, one without setpoint."""
    await after_restart(home, 3.0)
    await home.go_to(SLOT + QUARTER + 3 * MINUTE)
    await home.act("select_option", "select", "mode", option="hold")
    await home.go_to(SLOT + QUARTER + 5 * MINUTE)
    await home.override(power=-6, duration={"minutes": 1})
    await home.go_to(SLOT + QUARTER + 6 * MINUTE)
    await home.act("select_option", "select", "mode", option="off")
    await home.go_to(SLOT + QUARTER + 7 * MINUTE)
    soc(5)

    await home.press_compute()

    assert sent(home)["soc-at-start"] == "4.95 kWh"


async def test_measured_before_now(home: Home, soc: Any) -> None:
    """Only what flowed until then is in it, or nothing of it."""
    await after_restart(home, 3.0)
    await home.go_to(SLOT + QUARTER - MINUTE)
    soc(5)
    await home.go_to(SLOT + QUARTER + 8 * MINUTE)
    await home.press_compute()
    assert sent(home)["soc-at-start"] == "5.0 kWh"

    soc(5.3)
    await home.go_to(SLOT + QUARTER + 12 * MINUTE)
    await home.press_compute()

    assert sent(home)["soc-at-start"] == "4.9 kWh"


async def test_what_a_user_says_is_meant_for_the_start(home: Home, soc: Any) -> None:
    """And what is measured now is not of another slot."""
    soc(5)
    await after_restart(home, 3.0)

    await home.compute()
    assert sent(home)["soc-at-start"] == "4.0 kWh"

    for start in (SLOT + QUARTER, SLOT - QUARTER):
        await home.call(
            "trigger_schedule", device_id=home.device_id(), start=start.isoformat()
        )
        assert sent(home)["soc-at-start"] == "5.0 kWh"

    await home.call(
        "trigger_schedule", device_id=home.device_id(), start=NOW.isoformat()
    )
    assert sent(home)["soc-at-start"] == "4.65 kWh"


@pytest.mark.parametrize(
    ("power", "measured", "expected"),
    [
        pytest.param(3.0, 0.2, "0.0 kWh", id="not less than nothing"),
        pytest.param(-3.0, 9.9, "10 kWh", id="not more than full"),
    ],
)
async def test_a_level_that_can_be(
    home: Home, soc: Any, power: float, measured: float, expected: str
) -> None:
    soc(measured)
    await after_restart(home, power, capacity=10)

    await home.press_compute()

    assert sent(home)["soc-at-start"] == expected


async def test_a_level_beyond_a_limit(home: Home, soc: Any) -> None:
    """It was below, and the server plans from there."""
    soc(2.1)
    await after_restart(home, 3.0, soc_min=2, soc_max=8)

    await home.press_compute()

    assert sent(home) == {
        "sensor": BATTERY_POWER,
        "soc-at-start": "1.75 kWh",
        "soc-min": "1.75 kWh",
        "soc-max": "8 kWh",
        "soc-minima": [{**WINDOW, "value": "2.0 kWh"}],
    }


# --- the second look


async def asks_again(home: Home, until: datetime) -> list[datetime]:
    """Give when schedules are asked for until a moment, to a few seconds."""
    asked: list[datetime] = []
    before = len(home.wishes)
    moment = NOW
    while moment < until:
        moment += 5 * SECOND
        await home.go_to(moment)
        asked += [moment] * (len(home.wishes) - before - len(asked))
    return asked


async def test_second_look_at_the_end_of_the_slot(home: Home, soc: Any) -> None:
    """Nothing is known to have flowed in seven minutes for which 3 kW are planned."""
    home.server.planned_values = [3.0]
    soc(5)
    await home.set_up(automatic(soc_entity=SOC))
    assert len(home.wishes) == 1

    assert await asks_again(home, SLOT + 2 * QUARTER) == [SLOT + QUARTER]
    # From then on, schedules are made when slots begin.
    assert home.wishes[-1]["start"] == "2026-11-22T10:15:00+00:00"
    await home.go_to(SLOT + QUARTER + HOUR)
    assert len(home.wishes) == 3
    await home.go_to(SLOT + 2 * QUARTER + HOUR)
    assert len(home.wishes) == 3


async def test_second_look_that_comes_late_leads_to_no_third(
    home: Home, soc: Any
) -> None:
    home.server.planned_values = [3.0, 0.0]
    soc(5)
    await home.set_up(automatic(soc_entity=SOC))

    home.server.planned_values = [-3.0]
    await home.go_to(SLOT + QUARTER + 5 * MINUTE)
    assert len(home.wishes) == 2

    await home.go_to(SLOT + 2 * QUARTER + MINUTE)
    assert len(home.wishes) == 2


async def test_second_look_apart_from_the_first(home: Home, soc: Any) -> None:
    home.server.planned_values = [3.0]
    home.pass_time(QUARTER - 7 * MINUTE - 10 * SECOND)
    soc(5)
    await home.set_up(automatic(soc_entity=SOC))

    await home.go_to(SLOT + QUARTER + 19 * SECOND)
    assert len(home.wishes) == 1
    await home.go_to(SLOT + QUARTER + 20 * SECOND)
    assert len(home.wishes) == 2


@pytest.mark.parametrize(
    ("planned", "settings"),
    [
        pytest.param(3.0, {}, id="the same flowed"),
        pytest.param(3.5, {"capacity": 10}, id="almost the same, by what it holds"),
        pytest.param(3.05, {}, id="almost the same, by the slot's energy"),
        pytest.param(-3.0, {"soc_entity": None}, id="no level is known"),
        pytest.param(-3.0, {"automatic_scheduling": False}, id="nobody asks for it"),
    ],
)
async def test_no_second_look(
    home: Home, soc: Any, planned: float, settings: Any
) -> None:
    """Where it would change nothing."""
    home.server.planned_values = [planned]
    soc(5)
    automatically = {"automatic_scheduling": True, "soc_deviation": 9}
    await after_restart(home, 3.0, **(automatically | settings))
    home.server.requests.clear()

    await home.go_to(SLOT + QUARTER)
    await home.go_to(SLOT + QUARTER + MINUTE)

    assert home.wishes == []


async def test_no_second_look_at_what_is_not_followed(home: Home, soc: Any) -> None:
    home.server.planned_values = [-3.0]
    soc(5)
    home.add_account(automatic(soc_entity=SOC))
    home.remembers(*[3.0] * 12, mode="off")
    home.has_planned(*[3.0] * 12)
    await home.start()
    assert len(home.wishes) == 1

    await home.go_to(SLOT + QUARTER + MINUTE)

    assert len(home.wishes) == 1


async def test_a_later_schedule_needs_no_second_look(home: Home, soc: Any) -> None:
    """What the user has had planned meanwhile is left as it is."""
    home.server.planned_values = [3.0]
    soc(5)
    await home.set_up(automatic(soc_entity=SOC))
    await home.go_to(NOW + 3 * MINUTE)
    await home.compute()
    assert len(home.wishes) == 2

    await home.go_to(SLOT + QUARTER + MINUTE)

    assert len(home.wishes) == 2
