"""The forecasts that feeds have the server make once a day."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)

from homeassistant.setup import async_setup_component

from ..fake_server import CONSUMPTION, HOUSE, StoredSchedule
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT
from .fed_home import FedHome, feed

TRIGGER = f"/api/v3_0/sensors/{CONSUMPTION}/forecasts/trigger"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture
async def forecasting(fed: FedHome) -> FedHome:
    """A home whose server has values of two days."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    has_values_since(fed, NOW - 2 * DAY)
    return fed


def has_values_since(fed: FedHome, start: datetime) -> None:
    """Let the server have values from a moment until now."""
    count = (NOW - start) // QUARTER
    fed.server.data[CONSUMPTION] = StoredSchedule(
        SLOT - count * QUARTER, QUARTER, [0.5] * count
    )


def asked(fed: FedHome) -> int:
    """Give how many forecasts were asked for."""
    return len(fed.server.requests_to("POST", TRIGGER))


def last_forecast(fed: FedHome) -> Any:
    """Give when it was last forecast, as is shown."""
    return fed.state("last_sent").attributes["last_forecast"]


async def test_once_a_day(forecasting: FedHome) -> None:
    """It is asked for after what waited was sent, and each day from then on."""
    await forecasting.home.set_up(feed(daily_forecast=True))
    assert asked(forecasting) == 0
    assert last_forecast(forecasting) is None
    await forecasting.home.go_to(NOW + MINUTE)
    assert asked(forecasting) == 1
    assert last_forecast(forecasting) == "2026-11-22T11:08:00+01:00"
    await forecasting.home.go_to(NOW + 23 * HOUR)
    assert asked(forecasting) == 1
    await forecasting.home.go_to(NOW + DAY + 2 * MINUTE)
    assert asked(forecasting) == 2
    assert last_forecast(forecasting) == "2026-11-23T11:09:00+01:00"


async def test_switched_off(forecasting: FedHome) -> None:
    """By default nobody asks."""
    await forecasting.home.set_up(feed())
    await forecasting.home.go_to(NOW + HOUR)
    assert asked(forecasting) == 0
    assert "last_forecast" not in forecasting.state("last_sent").attributes


async def test_less_than_a_day(fed: FedHome) -> None:
    """Nothing is forecast of it; that of a day is at once."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    has_values_since(fed, NOW - 23 * HOUR)
    await fed.home.set_up(feed(daily_forecast=True))
    for quarter in range(5):
        await fed.home.go_to(NOW + MINUTE + quarter * QUARTER)
    assert asked(fed) == 0
    await fed.home.go_to(NOW + MINUTE + 5 * QUARTER)
    assert asked(fed) == 1


async def test_restart(forecasting: FedHome) -> None:
    """When it was last asked for is remembered."""
    await forecasting.home.set_up(feed(daily_forecast=True))
    await forecasting.home.go_to(NOW + MINUTE)
    await forecasting.home.go_to(NOW + HOUR)
    await forecasting.home.reload()
    assert last_forecast(forecasting) == "2026-11-22T11:08:00+01:00"
    await forecasting.home.go_to(NOW + 23 * HOUR)
    assert asked(forecasting) == 1
    await forecasting.home.go_to(NOW + DAY + 2 * MINUTE)
    assert asked(forecasting) == 2


async def test_switched_on_later(forecasting: FedHome) -> None:
    """A feed that is changed begins with it."""
    await forecasting.home.set_up(feed())
    await forecasting.home.go_to(NOW + HOUR)
    subentry = forecasting.home.entry.subentries[f"feed_{CONSUMPTION}"]
    forecasting.hass.config_entries.async_update_subentry(
        forecasting.home.entry, subentry, data={**subentry.data, "daily_forecast": True}
    )
    await forecasting.home.settle()
    before = len(forecasting.posts)
    await forecasting.home.go_to(NOW + HOUR + MINUTE)
    assert asked(forecasting) == 1
    assert len(forecasting.posts) == before


async def test_server_that_does_so_by_itself(forecasting: FedHome) -> None:
    """It is left to do so."""
    forecasting.server.version = "1.1.0"
    forecasting.server.automations[HOUSE] = [
        {
            "id": 7,
            "type": "forecasting",
            "active": True,
            "output-sensors": [{"id": CONSUMPTION, "name": "consumption"}],
        }
    ]
    await forecasting.home.set_up(feed(daily_forecast=True))
    await forecasting.home.go_to(NOW + MINUTE)
    assert asked(forecasting) == 0
    assert last_forecast(forecasting) is None


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (TRIGGER, {"status": 403, "json": {"message": "no"}}),
        (TRIGGER, {"status": 422, "json": {"message": "no"}}),
        ("/api/v3_0/jobs/*", {"json": {"status": "FAILED", "message": "no"}}),
    ],
)
async def test_server_that_cannot(
    forecasting: FedHome,
    caplog: pytest.LogCaptureFixture,
    path: str,
    answer: dict[str, Any],
) -> None:
    """It is no failure of the feed, and not repeated before the next day."""
    forecasting.server.answer("POST" if path == TRIGGER else "GET", path, **answer)
    await forecasting.home.set_up(feed(daily_forecast=True))
    await forecasting.home.go_to(NOW + MINUTE)
    await forecasting.home.go_to(NOW + 2 * HOUR)
    assert asked(forecasting) == 1
    assert last_forecast(forecasting) is None
    assert forecasting.posted()[SLOT] == 0.5
    assert forecasting.state("last_error").state == "none"
    assert not [each for each in caplog.records if each.levelname == "ERROR"]

    forecasting.server.recover()
    await forecasting.home.go_to(NOW + DAY + 2 * MINUTE)
    assert last_forecast(forecasting) == "2026-11-23T11:09:00+01:00"


async def test_server_away(forecasting: FedHome) -> None:
    """It is asked again when it may be back."""
    forecasting.server.answer("POST", TRIGGER, exception=ClientConnectionError("away"))
    await forecasting.home.set_up(feed(daily_forecast=True))
    await forecasting.home.go_to(NOW + MINUTE)
    assert asked(forecasting) == 1
    await forecasting.home.go_to(NOW + MINUTE + QUARTER)
    assert asked(forecasting) == 2
    assert forecasting.state("last_error").state == "none"

    forecasting.server.recover()
    await forecasting.home.go_to(NOW + MINUTE + 2 * QUARTER)
    assert last_forecast(forecasting) == "2026-11-22T11:38:00+01:00"


async def test_other_triggers_come_first(forecasting: FedHome) -> None:
    """It waits for what the server's limit leaves."""
    await forecasting.home.set_up(feed(daily_forecast=True))
    budget = forecasting.home.entry.runtime_data.scheduler.budget
    for _ in range(budget.limit.amount):
        budget.take(NOW + MINUTE)
    for minute in range(1, 6):
        await forecasting.home.go_to(NOW + minute * MINUTE, is_settled=False)
    assert asked(forecasting) == 0
    await forecasting.home.go_to(NOW + 6 * MINUTE)
    assert asked(forecasting) == 1


async def test_sending_goes_on(forecasting: FedHome) -> None:
    """However long a forecast takes."""
    is_done = asyncio.Event()
    forecasting.server.answer("POST", TRIGGER, wait_for=is_done)
    await forecasting.home.set_up(feed(daily_forecast=True))
    await forecasting.home.go_to(NOW + MINUTE, is_settled=False)
    await forecasting.home.until(lambda: asked(forecasting))
    await forecasting.home.go_to(
        SLOT + QUARTER + timedelta(seconds=6), is_settled=False
    )
    await forecasting.home.until(lambda: SLOT in forecasting.posted())
    assert last_forecast(forecasting) is None
    is_done.set()
    await forecasting.home.settle()


async def test_diagnostics(forecasting: FedHome, hass_client: Any) -> None:
    """They tell when it was asked for."""
    await forecasting.home.set_up(feed(daily_forecast=True))
    await forecasting.home.go_to(NOW + MINUTE)
    assert await async_setup_component(forecasting.hass, "diagnostics", {})
    found: Any = await get_diagnostics_for_config_entry(
        forecasting.hass, hass_client, forecasting.home.entry
    )
    [told] = found["feeds"]
    assert told["memory"]["forecast_asked_at"] == (NOW + MINUTE).isoformat()
    assert told["memory"]["forecast_at"] == (NOW + MINUTE).isoformat()
