"""Feeds of other sources: what is not recorded, levels, counters, prices and forecasts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.helpers import issue_registry as ir

from ..fake_server import BATTERY_SOC, CONSUMPTION
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT
from .fed_home import ENERGY, METER, POWER, FedHome, feed

PRICES = "sensor.prices"
PRICE_SENSOR = 77
DATA = f"/api/v3_0/sensors/{PRICE_SENSOR}/data"
MIDNIGHT = datetime(2026, 11, 21, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


def price_feed(**settings: Any) -> Any:
    """Make a feed of the prices in an attribute."""
    found = feed(PRICE_SENSOR, "Prices")
    return found | {
        "data": {
            "kind": "foreseen",
            "sensor": PRICE_SENSOR,
            "provider": "attribute",
            "entity": PRICES,
            "attribute": "prices",
            "unit": "EUR/kWh",
            **settings,
        }
    }


def show_prices(fed: FedHome, *prices: float, start: datetime = MIDNIGHT) -> None:
    """Let the price entity show prices by the hour."""
    fed.hass.states.async_set(
        PRICES,
        str(prices[0]),
        {
            "unit_of_measurement": "EUR/kWh",
            "prices": [
                {
                    "start": (start + index * HOUR).isoformat(),
                    "end": (start + (index + 1) * HOUR).isoformat(),
                    "price": price,
                }
                for index, price in enumerate(prices)
            ],
        },
    )


@pytest.fixture
def priced(fed: FedHome) -> FedHome:
    """A home with a price sensor of its own, in hours."""
    fed.server.add_sensor(PRICE_SENSOR, "prices", "EUR/MWh", "PT1H")
    return fed


async def test_prices_are_sent_as_they_become_known(priced: FedHome) -> None:
    """Today's at once, tomorrow's when they come, and nothing twice."""
    show_prices(priced, *[0.1] * 24)
    await priced.home.set_up(price_feed())
    assert priced.posted(PRICE_SENSOR) == {
        MIDNIGHT + index * HOUR: 100.0 for index in range(24)
    }
    [post] = priced.posts
    assert post["prior"] == "2026-11-22T10:07:00+00:00"
    priced.home.pass_time(3 * HOUR)
    show_prices(priced, *[0.1] * 24, *[0.2] * 24)
    await priced.home.go_to(NOW + 3 * HOUR + timedelta(seconds=6))
    [_, post] = priced.posts
    assert post["values"] == [200.0] * 24
    assert post["prior"] == "2026-11-22T13:07:00+00:00"
    assert priced.state("last_sent", PRICE_SENSOR).state == "2026-11-22T13:07:06+00:00"
    assert priced.state("completeness", PRICE_SENSOR).state == "100.0"


async def test_only_what_has_changed_is_sent_after_a_restart(priced: FedHome) -> None:
    """What the server has is asked for."""
    show_prices(priced, *[0.1] * 24)
    await priced.home.set_up(price_feed())
    await priced.home.reload()
    assert len(priced.posts) == 1
    priced.home.pass_time(MINUTE)
    show_prices(priced, *[0.1] * 12, 0.15, *[0.1] * 11)
    await priced.home.go_to(NOW + 2 * MINUTE)
    assert priced.posts[-1]["values"] == [150.0]


async def test_prices_that_the_server_misses(priced: FedHome) -> None:
    """They come later, with when they became known."""
    priced.server.answer("POST", DATA, exception=TimeoutError())
    show_prices(priced, *[0.1] * 24)
    await priced.home.set_up(price_feed())
    assert priced.state("backlog", PRICE_SENSOR).state == "24"
    assert priced.state("last_error", PRICE_SENSOR).state == "not_connected"
    priced.server.recover()
    await priced.home.go_to(NOW + 2 * MINUTE)
    assert priced.posts[-1]["prior"] == "2026-11-22T10:07:00+00:00"
    assert priced.state("backlog", PRICE_SENSOR).state == "0"


async def test_prices_that_the_server_refuses(
    priced: FedHome, issue_registry: ir.IssueRegistry
) -> None:
    """They are tried again an hour later, or when others come; a repair tells why."""
    refusal = {"message": "Not yours.", "status": "INVALID_SENDER"}
    priced.server.answer("POST", DATA, status=403, json=refusal)
    show_prices(priced, *[0.1] * 24)
    await priced.home.set_up(price_feed())
    assert len(priced.posts) == 1
    assert priced.state("last_error", PRICE_SENSOR).state == "not_permitted"
    issue_id = f"feed_failed_feed_{PRICE_SENSOR}"
    assert issue_registry.async_get_issue("flexmeasures", issue_id)
    await priced.home.go_to(NOW + HOUR / 2)
    assert len(priced.posts) == 1
    priced.server.recover()
    await priced.home.go_to(NOW + HOUR + MINUTE)
    assert len(priced.posted(PRICE_SENSOR)) == 24
    assert not issue_registry.async_get_issue("flexmeasures", issue_id)


async def test_a_provider_that_is_not_there_yet(priced: FedHome) -> None:
    """It is looked for again; the owner is told."""
    await priced.home.set_up(price_feed())
    assert priced.state("last_error", PRICE_SENSOR).state == "no_values"
    show_prices(priced, *[0.1] * 24)
    await priced.home.go_to(NOW + 20 * MINUTE)
    assert len(priced.posted(PRICE_SENSOR)) == 24
    assert priced.state("last_error", PRICE_SENSOR).state == "none"


async def test_a_forecast_is_told_from_when_it_became_known_on(fed: FedHome) -> None:
    """What has passed by then is no forecast."""
    show_prices(fed, *[1000.0] * 24)
    await fed.home.set_up(
        feed() | {"data": price_feed(unit="W", sensor=CONSUMPTION)["data"]}
    )
    posted = fed.posted()
    assert min(posted) == SLOT
    assert max(posted) == MIDNIGHT + 24 * HOUR - QUARTER
    assert set(posted.values()) == {1.0}


async def test_a_tariff_is_renewed_each_day(priced: FedHome) -> None:
    """Eight days ahead."""
    data = {
        "kind": "tariff",
        "sensor": PRICE_SENSOR,
        "price": 0.3,
        "unit": "EUR/kWh",
    }
    await priced.home.set_up(price_feed() | {"data": data})
    posted = priced.posted(PRICE_SENSOR)
    assert len(posted) == 8 * 24
    assert set(posted.values()) == {300.0}
    await priced.home.go_to(MIDNIGHT + timedelta(days=1, minutes=1))
    assert len(posted) == 9 * 24


async def test_a_level_is_sent_when_its_slot_begins(fed: FedHome) -> None:
    """On the grid on which an instantaneous sensor is read."""
    await fed.has_measured(
        50, 60, start=SLOT - 2 * MINUTE, step=4 * MINUTE, unit_of_measurement="%"
    )
    await fed.home.set_up(
        feed(BATTERY_SOC, "Level", method="level", unit="%", capacity=10)
    )
    assert fed.posted(BATTERY_SOC) == {SLOT: 5.0, SLOT + 5 * MINUTE: 6.0}
    await fed.home.go_to(SLOT + 10 * MINUTE + timedelta(seconds=5))
    assert fed.posted(BATTERY_SOC)[SLOT + 10 * MINUTE] == 6.0
    assert fed.posts[-1]["duration"] == "PT0S"


async def test_a_fresh_fall_of_a_counter_waits(fed: FedHome) -> None:
    """It may be a glitch: what it is in is sent once that has turned out."""
    fed.server.add_sensor(78, "energy", "kWh", "PT5M")
    await fed.has_measured(
        *(100, 101, 102, 0),
        start=SLOT - 10 * MINUTE,
        step=5 * MINUTE,
        **ENERGY,
    )
    await fed.home.set_up(feed(78, "Energy", method="difference", unit="kWh"))
    assert fed.posted(78) == {SLOT - 10 * MINUTE: 1.0, SLOT - 5 * MINUTE: 1.0}
    await fed.recorded.states(METER, [(NOW, 103)], **ENERGY)
    await fed.home.go_to(NOW + 4 * MINUTE)
    assert fed.posted(78)[SLOT] == 0.0
    assert fed.posted(78)[SLOT + 5 * MINUTE] == 1.0


async def test_what_is_not_recorded_is_sent_live(fed: FedHome) -> None:
    """From now on; without a history there is nothing to lose."""
    instance = fed.hass.data["recorder_instance"]
    instance.entity_filter = lambda entity_id: entity_id != METER
    fed.hass.states.async_set(METER, "1000", POWER)
    await fed.home.set_up(feed())
    for minute in range(1, 41):
        await fed.home.go_to(NOW + minute * MINUTE)
    assert fed.posted() == {SLOT + QUARTER: 1.0, SLOT + 2 * QUARTER: 1.0}
    assert fed.state("last_error").state == "none"


async def test_an_entity_that_is_gone(
    fed: FedHome, issue_registry: ir.IssueRegistry
) -> None:
    """A repair tells, and opens the settings."""
    await fed.home.set_up(feed(entity="0123456789abcdef0123456789abcdef"))
    assert fed.state("last_error").state == "no_values"
    issue_id = f"feed_failed_feed_{CONSUMPTION}"
    assert issue_registry.async_get_issue("flexmeasures", issue_id)
