"""The shapes in which others take a plan."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol

from .home import HOUR, QUARTER, SLOT, Home, Json

MIDNIGHT = datetime(2026, 11, 21, 23, tzinfo=UTC)
ELEVEN, QUARTER_PAST, HALF_PAST, QUARTER_TO = (
    f"2026-11-22T11:{minute:02}:00+01:00" for minute in (0, 15, 30, 45)
)


async def get(home: Home, shape: str, **data: Any) -> Json:
    """Get the battery's schedule in some shape."""
    answer: Json = await home.call(
        "get_schedule", device_id=home.device_id(), format=shape, **data
    )
    return answer


async def test_list(home: Home) -> None:
    """It is what comes unless another shape is asked for."""
    home.has_planned(3.0, None, -1.5)
    await home.set_up()

    assert await get(home, "list") == await home.call(
        "get_schedule", device_id=home.device_id()
    )


@pytest.mark.parametrize(
    ("shape", "unit", "expected"),
    [
        (
            "forecast",
            "kW",
            {
                "forecast": [
                    {"time": ELEVEN, "value": 3.0},
                    {"time": HALF_PAST, "value": -1.5},
                ]
            },
        ),
        (
            "emhass",
            "W",
            {
                "load_power_forecast": [3000.0, None, 0.0],
                "pv_power_forecast": [0.0, None, 1500.0],
            },
        ),
        ("watts", "W", {"watts": {ELEVEN: 3000.0, HALF_PAST: -1500.0}}),
    ],
)
async def test_shapes(home: Home, shape: str, unit: str, expected: Json) -> None:
    """Beside what else is said of a schedule."""
    home.has_planned(3.0, None, -1.5)
    await home.set_up()

    answer = await get(home, shape)

    assert answer == {
        "unit": unit,
        "start": ELEVEN,
        "end": QUARTER_TO,
        "resolution": "PT15M",
        **expected,
    }


async def test_solcast(home: Home) -> None:
    """What is produced, in half hours unless others are asked for."""
    home.has_planned(-3.0, -1.5, 2.0, 2.0, 0.0)
    await home.set_up()

    answer = await get(home, "solcast", duration=timedelta(hours=1))

    assert answer["unit"] == "kW"
    assert answer["detailedForecast"] == [
        {"period_start": ELEVEN, "pv_estimate": 2.25},
        {"period_start": HALF_PAST, "pv_estimate": -2.0},
    ]

    answer = await get(home, "solcast", resolution=QUARTER)
    assert [each["pv_estimate"] for each in answer["detailedForecast"]] == [
        3.0,
        1.5,
        -2.0,
        -2.0,
        0.0,
    ]
    assert "-0.0" not in str(answer)


async def test_nordpool(home: Home) -> None:
    """Today from midnight on, and tomorrow, whenever it is and however far is planned."""
    home.has_planned(*range(40), start=MIDNIGHT, resolution=HOUR)
    await home.set_up()

    answer = await get(home, "nordpool", resolution=HOUR)

    assert answer["unit"] == "kW"
    assert answer["raw_today"][0] == {
        "start": "2026-11-22T00:00:00+01:00",
        "end": "2026-11-22T01:00:00+01:00",
        "value": 0.0,
    }
    assert [slot["value"] for slot in answer["raw_today"]] == [*range(24)]
    assert [slot["value"] for slot in answer["raw_tomorrow"]] == [*range(24, 40)]
    assert not answer["tomorrow_valid"]
    assert "schedule" not in answer


@pytest.mark.parametrize(
    ("today", "lengths"),
    [
        pytest.param(datetime(2026, 10, 24, 10, tzinfo=UTC), (24, 25), id="autumn"),
        pytest.param(datetime(2026, 10, 25, 10, tzinfo=UTC), (25, 24), id="that day"),
        pytest.param(datetime(2027, 3, 27, 10, tzinfo=UTC), (24, 23), id="spring"),
    ],
)
async def test_days_on_which_clocks_change(
    home: Home, today: datetime, lengths: tuple[int, int]
) -> None:
    await home.go_to(today)
    home.has_planned(
        *[1.0] * 96, start=today - timedelta(days=1), resolution=HOUR, unit="MW"
    )
    await home.set_up()

    answer = await get(home, "nordpool", resolution=HOUR, unit="MW")

    assert (len(answer["raw_today"]), len(answer["raw_tomorrow"])) == lengths
    assert answer["tomorrow_valid"]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("forecast", {"forecast": []}),
        ("nordpool", {"raw_today": [], "raw_tomorrow": [], "tomorrow_valid": False}),
        ("solcast", {"detailedForecast": []}),
        ("emhass", {"load_power_forecast": [], "pv_power_forecast": []}),
        ("watts", {"watts": {}}),
    ],
)
async def test_nothing_planned(home: Home, shape: str, expected: Json) -> None:
    await home.set_up()

    answer = await get(home, shape)

    assert expected.items() <= answer.items()
    assert answer["start"] is None


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("solcast", {"unit": "W"}),
        ("emhass", {"unit": "kW"}),
        ("watts", {"unit": "MW"}),
        ("nordpool", {"start": SLOT.isoformat()}),
        ("nordpool", {"duration": "PT1H"}),
    ],
)
async def test_what_a_shape_cannot_have(home: Home, shape: str, data: Json) -> None:
    await home.set_up()
    home.server.requests.clear()

    with pytest.raises(vol.Invalid, match="format"):
        await get(home, shape, **data)

    assert home.server.requests == []


@pytest.mark.parametrize(("shape", "unit"), [("solcast", "kW"), ("watts", "W")])
async def test_unit_that_it_has_anyway(home: Home, shape: str, unit: str) -> None:
    home.has_planned(3.0)
    await home.set_up()

    assert await get(home, shape, unit=unit) == await get(home, shape)
