"""Why a plan does what it does: what it says is compared with plain arithmetic."""

from collections.abc import Sequence
from typing import Any

import pytest

from custom_components.flexmeasures.plan.reasons import ReasonCode

from .fake_server import BATTERY_SOC, FEED_IN, StoredSchedule
from .home import HOUR, NOW, SLOT, Home, device

# Hours of the day of NOW, in Amsterdam.
ELEVEN, NOON, ONE, THREE, FIVE, SEVEN = (
    f"2026-11-22T{hour}:00:00+01:00" for hour in (11, 12, 13, 15, 17, 19)
)


async def have(
    home: Home,
    power: Sequence[float | None],
    *,
    soc: Sequence[float] | None = None,
    prices: Sequence[float | None] | None = None,
    feed_in: Sequence[float] | None = None,
    **settings: Any,
) -> None:
    """Let the battery have a plan of hours; prices are per MWh."""
    home.has_planned(*power, resolution=HOUR)
    if soc:
        home.server.schedules[BATTERY_SOC] = StoredSchedule(
            SLOT, HOUR, list(soc), "kWh"
        )
    if prices:
        home.has_prices(*prices)
    if feed_in:
        home.server.data[FEED_IN] = StoredSchedule(SLOT, HOUR, list(feed_in), "EUR/MWh")
    await home.set_up(device(schedule_duration=8 * 3600, **settings))


async def wish(home: Home, level: float) -> None:
    """Wish for a state of charge at three."""
    data = {"device_id": home.device_id(), "target_soc": level, "datetime": THREE}
    await home.hass.services.async_call(
        "flexmeasures", "set_ready_by", data, blocking=True
    )


async def explained(home: Home) -> list[dict[str, Any]]:
    """Call the action."""
    answer = await home.call("explain", device_id=home.device_id())
    blocks: list[dict[str, Any]] = answer["blocks"]
    return blocks


async def reasons(home: Home) -> list[list[dict[str, Any]]]:
    """Give the reasons of each block, without their words."""
    return [
        [
            {key: value for key, value in reason.items() if key != "text"}
            for reason in block["reasons"]
        ]
        for block in await explained(home)
    ]


async def codes(home: Home) -> list[list[str]]:
    """Give what the reasons of each block are called."""
    return [[reason["code"] for reason in block] for block in await reasons(home)]


UNKNOWN = {"code": "unknown"}
# It charges 4 kWh, of which 3.8 are stored, and discharges 3.6 of 3.6.
POWER = [0, 0, 2, 2, -1.8, -1.8, 0, 0]
SOC = [2, 2, 2, 3.9, 5.8, 4.0, 2.2, 2.2]
PRICES = [200, 100, 50, 60, 300, 250, 120, 110]
DEAR = "In the 2 of the next 8 hours in which power is worth most."


async def test_day_of_a_battery(home: Home) -> None:
    """It waits, charges when that is cheap, and discharges when it is worth most."""
    await have(home, POWER, soc=SOC, prices=PRICES)

    assert await reasons(home) == [
        [{"code": "waits_for_cheaper", "at": ONE, "gain": 0.095}],
        [{"code": "cheapest_hours", "hours": 2, "horizon_hours": 8}],
        [
            {"code": "dearest_hours", "hours": 2, "horizon_hours": 8},
            {"code": "worth_more", "gain": round(0.275 - 0.055 / 0.95, 6)},
        ],
        [UNKNOWN],
    ]
    blocks = await explained(home)
    assert [(block["start"], block["action"], block["energy"]) for block in blocks] == [
        (ELEVEN, "idle", 0),
        (ONE, "charge", 4),
        (THREE, "discharge", 3.6),
        (FIVE, "idle", 0),
    ]
    assert [reason["text"] for block in blocks for reason in block["reasons"]] == [
        "From 22 Nov 13:00 it charges for 0.095 EUR/kWh less.",
        "In the cheapest 2 of the next 8 hours.",
        DEAR,
        "Worth 0.217 EUR/kWh more than when it charged, after losses.",
        "The plan does not show why.",
    ]


async def test_what_is_fed_in_has_a_price_of_its_own(home: Home) -> None:
    await have(
        home,
        [2, 0, -1.8],
        soc=[2, 4, 4, 2.2],
        prices=[100, 100, 100],
        feed_in=[50, 60, 90],
    )

    assert await reasons(home) == [
        # Any hour costs the same.
        [UNKNOWN],
        [{"code": "waits_for_dearer", "at": ONE, "gain": 0.03}],
        # It is worth less than what it was charged for.
        [{"code": "dearest_hours", "hours": 1, "horizon_hours": 3}],
    ]


async def test_running_block(home: Home) -> None:
    """What is over is not explained, and does not count among the hours ahead."""
    await have(home, POWER, soc=SOC, prices=PRICES)

    await home.go_to(NOW + 3 * HOUR)

    assert await reasons(home) == [
        [{"code": "cheapest_hours", "hours": 1, "horizon_hours": 5}],
        [
            {"code": "dearest_hours", "hours": 2, "horizon_hours": 5},
            {"code": "worth_more", "gain": round(0.275 - 0.06 / 0.95, 6)},
        ],
        [UNKNOWN],
    ]


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        pytest.param(None, "unknown", id="none"),
        pytest.param([100] * 4, "unknown", id="one price"),
        pytest.param([100, 90, 80, 70], "unknown", id="more than half are cheaper"),
        pytest.param([100, 110, 120, 130], "cheapest_hours", id="cheapest"),
        pytest.param([None, 110, 120, 130], "unknown", id="not known"),
        pytest.param([-10, 20, 20, 20], "paid_to_consume", id="negative"),
        pytest.param([0, 20, 20, 20], "cheapest_hours", id="free"),
    ],
)
async def test_price_of_charging(
    home: Home, prices: list[float | None] | None, expected: str
) -> None:
    await have(home, [2, 0, 0, 0], prices=prices)

    assert (await codes(home))[0] == [expected]


async def test_what_is_hardly_worth_speaking_of(home: Home) -> None:
    """A trickle in a dear hour does not make a block dear."""
    await have(home, [2, 0.05, 0, 0, 0], prices=[50, 300, 100, 100, 100])

    assert (await reasons(home))[0] == [
        {"code": "cheapest_hours", "hours": 1, "horizon_hours": 5}
    ]


@pytest.mark.parametrize(
    ("soc", "is_for_target"),
    [
        pytest.param([2, 4, 6, 6, 6], True, id="just reached"),
        pytest.param([2, 4, 5, 5, 5], True, id="missed"),
        pytest.param([4, 6, 8, 8, 8], False, id="more than enough"),
        pytest.param(None, False, id="not known"),
    ],
)
async def test_target(
    home: Home, soc: list[float] | None, *, is_for_target: bool
) -> None:
    """Without what it charges, the target would be missed."""
    await have(home, [2, 2, 0, 0], soc=soc)
    await wish(home, 6)

    charge, idle = await reasons(home)
    target = {"at": THREE, "level": 6}
    assert charge == [{"code": "for_target", **target} if is_for_target else UNKNOWN]
    keeps = bool(soc) and soc is not None and soc[-1] == 6
    assert idle == [{"code": "holds_for_target", **target} if keeps else UNKNOWN]


async def test_target_after_a_discharge(home: Home) -> None:
    """It could have discharged less: the charge before is not what it takes."""
    await have(home, [2, -1, 1, 0], soc=[5, 7, 6, 7, 7])
    await wish(home, 7)

    assert await codes(home) == [
        ["unknown"],
        ["unknown"],
        ["for_target"],
        ["holds_for_target"],
    ]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (10, [{"code": "full", "level": 10}]),
        (9.9, [{"code": "full", "level": 10}]),
        (1.1, [{"code": "empty", "level": 1}]),
        (5, [UNKNOWN]),
    ],
)
async def test_limits(home: Home, level: float, expected: list[Any]) -> None:
    """Nothing can be done when it is full, or empty."""
    await have(home, [0, 0], soc=[level] * 3)

    assert await reasons(home) == [expected]


@pytest.mark.parametrize(
    ("power", "prices"),
    [
        pytest.param([0, 2], [50, 300], id="charges when it is dearer"),
        pytest.param([0, -2], [300, 50], id="discharges when it is worth less"),
        pytest.param([0, 2], [None, 50], id="price not known now"),
        pytest.param([0, -2], [50, None], id="price not known then"),
        pytest.param([0, None, 0], [300, 200, 100], id="nothing later"),
    ],
)
async def test_nothing_to_wait_for(
    home: Home, power: list[float | None], prices: list[float | None]
) -> None:
    await have(home, power, prices=prices)

    assert (await reasons(home))[0] == [UNKNOWN]


async def test_waits_over_a_gap(home: Home) -> None:
    await have(home, [0, None, 0, 2], prices=[300, 300, 300, 100])

    waits = {"code": "waits_for_cheaper", "at": "2026-11-22T14:00:00+01:00"}
    assert (await reasons(home))[:2] == [[{**waits, "gain": 0.2}]] * 2


async def test_gap(home: Home) -> None:
    """What is not planned is not explained."""
    await have(home, [2, None, -2], prices=[50, 100, 300])

    assert [block["start"] for block in await explained(home)] == [ELEVEN, ONE]


async def test_heat_has_no_round_trip(home: Home) -> None:
    """More comes out than went in: the plan does not show what it costs."""
    await have(home, [1, 0, -3], soc=[2, 6, 6, 3], prices=[50, 100, 300])

    assert (await codes(home))[-1] == ["dearest_hours"]


async def test_without_a_plan(home: Home) -> None:
    await home.set_up(device())

    assert await explained(home) == []


async def test_level_in_percent(home: Home) -> None:
    """Levels are in the unit of the settings."""
    await have(home, [0, 0], soc=[10, 10, 10], soc_unit="%", capacity=10)

    assert await reasons(home) == [[{"code": "full", "level": 100}]]


async def test_where_it_is_told(home: Home) -> None:
    """In the calendar, where somebody looks at a block that is to come."""
    await have(home, POWER, soc=SOC, prices=PRICES)
    entity_id = home.entity("calendar", "plan")

    response: Any = await home.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": entity_id,
            "start_date_time": SLOT,
            "end_date_time": SLOT + 8 * HOUR,
        },
        blocking=True,
        return_response=True,
    )

    described = [
        event["description"].split("\n") for event in response[entity_id]["events"]
    ]
    assert [lines[1:] for lines in described] == [
        ["In the cheapest 2 of the next 8 hours."],
        [f"{DEAR} Worth 0.217 EUR/kWh more than when it charged, after losses."],
    ]


def test_codes_stay() -> None:
    """Automations go by them."""
    assert [code.value for code in ReasonCode] == [
        "paid_to_consume",
        "cheapest_hours",
        "dearest_hours",
        "worth_more",
        "for_target",
        "holds_for_target",
        "full",
        "empty",
        "waits_for_cheaper",
        "waits_for_dearer",
        "unknown",
    ]
