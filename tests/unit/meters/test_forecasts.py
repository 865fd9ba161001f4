"""The forecast that a meter has the server make once a day."""

from datetime import timedelta

from aiohttp import ClientConnectionError
import pytest

from ..fake_server import HOUSE
from ..home import HOUR, NOW, SLOT, Home
from .test_sensors import METER, measure, meter, metered, number, state  # noqa: F401

TRIGGER = f"/api/v3_0/sensors/{METER}/forecasts/trigger"


def triggers(home: Home) -> int:
    """Give how many forecasts were asked for."""
    return len(home.server.requests_to("POST", TRIGGER))


async def test_once_a_day(home: Home) -> None:
    """It is asked for at once, and a day later again; the bill is expected by it."""
    measure(home, METER, 0.5)
    await home.set_up(meter(daily_forecast=True))
    assert triggers(home) == 1
    assert number(home, "forecasted_usage") > 0
    await home.go_to(NOW + 23 * HOUR)
    assert triggers(home) == 1
    await home.go_to(NOW + timedelta(days=1, minutes=1))
    assert triggers(home) == 2


async def test_unless_the_owner_does_not_want_it(home: Home) -> None:
    """Without the setting nothing is asked for; nor of what a meter shows."""
    measure(home, METER, 0.5)
    await home.set_up(meter(daily_forecast=False))
    home.change_device(METER, daily_forecast=True, cumulative=True)
    await home.settle()
    assert triggers(home) == 0


async def test_server_with_an_automation(home: Home) -> None:
    """A server that forecasts the sensor by itself is left to do so."""
    measure(home, METER, 0.5)
    home.server.version = "1.1.0"
    home.server.automations[HOUSE] = [
        {
            "id": 7,
            "type": "forecasting",
            "active": True,
            "output-sensors": [{"id": METER, "name": "meter"}],
        }
    ]
    await home.set_up(meter(daily_forecast=True))
    assert triggers(home) == 0


async def test_server_that_cannot(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is no failure of the meter, and is not repeated before the next day."""
    measure(home, METER, 0.5)
    home.server.answer("POST", TRIGGER, status=403, json={"message": "no"})
    await home.set_up(meter(daily_forecast=True))
    assert number(home, "usage_to_date") > 0
    await home.go_to(NOW + 2 * HOUR)
    assert triggers(home) == 1
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_server_away_for_a_moment(home: Home) -> None:
    """One that could not be asked is asked again with the next update."""
    measure(home, METER, 0.5)
    home.server.answer(
        "POST", TRIGGER, exception=ClientConnectionError("away"), times=1
    )
    await home.set_up(meter(daily_forecast=True))
    assert triggers(home) == 1
    await home.go_to(NOW + HOUR + timedelta(minutes=1))
    assert triggers(home) == 2
    assert number(home, "forecasted_usage") > 0


async def test_less_than_a_day(home: Home) -> None:
    """Nothing is forecast of it; that of a day is with the next update."""
    measure(home, METER, 0.5, start=SLOT - 23 * HOUR)
    await home.set_up(meter(daily_forecast=True))
    assert triggers(home) == 0
    await home.go_to(NOW + 2 * HOUR)
    assert triggers(home) == 1
