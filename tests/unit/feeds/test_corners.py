"""What happens to feeds rarely: long refusals, odd sensors, changes in the middle."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..fake_server import CONSUMPTION
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT
from .fed_home import ENERGY, METER, POWER, FedHome, feed

DATA = f"/api/v3_0/sensors/{CONSUMPTION}/data"
REFUSAL = {
    "message": {"json": {"values": ["Too much."]}},
    "status": "UNPROCESSABLE_ENTITY",
}
START = SLOT.replace(day=18)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture
async def by_minutes(fed: FedHome) -> FedHome:
    """A home with a sensor of minutes, and four days of what it is to get."""
    fed.server.sensors[CONSUMPTION]["event_resolution"] = "PT1M"
    await fed.has_measured(1000, start=START)
    return fed


def change(fed: FedHome, **settings: Any) -> None:
    """Change the settings of the feed, as its form does."""
    subentry = fed.home.entry.subentries[f"feed_{CONSUMPTION}"]
    fed.hass.config_entries.async_update_subentry(
        fed.home.entry, subentry, data={**subentry.data, **settings}
    )


async def test_what_was_refused_for_long(by_minutes: FedHome) -> None:
    """It is remembered over a restart, and sent in pieces once it is taken."""
    fed = by_minutes
    fed.server.answer("POST", DATA, status=422, json=REFUSAL)
    await fed.home.set_up(feed())
    assert fed.posted() == {}
    await fed.home.reload()
    minutes = (NOW - START) // MINUTE - 1
    assert fed.state("backlog").state == str(minutes)
    fed.server.recover()
    before = len(fed.posts)
    await fed.home.go_to(NOW + 2 * HOUR)
    assert len(fed.posted()) == minutes + 120
    counts = [len(post["values"]) for post in fed.posts[before:]]
    # What was measured meanwhile comes first.
    assert counts[0] == 120
    assert max(counts) == 2000
    assert sum(counts) == minutes + 120


async def test_other_settings_correct_all(by_minutes: FedHome) -> None:
    """As far as it is recorded, in pieces."""
    fed = by_minutes
    await fed.home.set_up(feed())
    change(fed, invert=True)
    await fed.home.settle()
    for minute in range(1, 8):
        await fed.home.go_to(NOW + minute * MINUTE)
    assert set(fed.posted().values()) == {-1.0}


async def test_a_login_that_has_never_posted(fed: FedHome) -> None:
    """All there is is sent: there is nothing to compare with."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    fed.server.answer("GET", "/api/v3_0/sources", json={"sources": []})
    await fed.home.set_up(feed())
    answer = await fed.home.call("backfill", start=SLOT - HOUR, end=SLOT)
    assert answer["feeds"]["House"] == {"sent": 4, "unchanged": 0, "unknown": 0}


async def test_an_entity_without_a_past(fed: FedHome) -> None:
    """It begins with the next slot that is wholly known."""
    await fed.home.set_up(feed())
    assert fed.posted() == {}
    await fed.recorded.states(METER, [(SLOT + 10 * MINUTE, 1000)], **POWER)
    await fed.home.go_to(SLOT + 2 * QUARTER + timedelta(seconds=6))
    assert fed.posted() == {SLOT + QUARTER: 1.0}


async def test_nothing_is_lost_of_what_is_live_only(
    fed: FedHome, issue_registry: ir.IssueRegistry
) -> None:
    """It never had a past."""
    instance = fed.hass.data["recorder_instance"]
    instance.entity_filter = lambda entity_id: entity_id != METER
    fed.hass.states.async_set(METER, "1000", POWER)
    await fed.home.set_up(feed())
    await fed.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    await fed.hass.config_entries.async_unload(fed.home.entry.entry_id)
    fed.home.pass_time(timedelta(days=3))
    await fed.home.start()
    for minute in range(1, 41, 5):
        await fed.home.go_to(NOW + timedelta(days=3) + minute * MINUTE)
    assert not issue_registry.issues
    assert fed.state("backlog").state == "0"


async def test_a_fall_in_the_very_slot(fed: FedHome) -> None:
    """Nothing is sent before it has turned out, unless that takes too long."""
    fed.server.add_sensor(78, "energy", "kWh", "PT5M")
    await fed.has_measured(100, start=SLOT - 5 * MINUTE, **ENERGY)
    await fed.home.set_up(feed(78, "Energy", method="difference", unit="kWh"))
    before = len(fed.posts)
    await fed.recorded.states(METER, [(SLOT + 9 * MINUTE, 3)], **ENERGY)
    await fed.home.go_to(SLOT + 10 * MINUTE + timedelta(seconds=6))
    assert len(fed.posts) == before
    await fed.home.call("send_now")
    assert len(fed.posts) == before
    for minute in range(11, 25):
        await fed.home.go_to(SLOT + minute * MINUTE + timedelta(seconds=6))
    assert fed.posted(78)[SLOT + 5 * MINUTE] == 3.0
    assert fed.posted(78)[SLOT + 10 * MINUTE] == 0.0


async def test_days(fed: FedHome) -> None:
    """As long as they are where the sensor is."""
    fed.server.add_sensor(78, "days", "kW", "P1D")
    await fed.has_measured(1000, start=datetime(2026, 11, 18, 22, tzinfo=UTC))
    await fed.home.set_up(feed(78, "Days", method="mean"))
    assert [post["start"] for post in fed.posts] == ["2026-11-19T00:00:00+01:00"]
    assert fed.posts[0]["duration"] == "PT72H"
    # What was posted as production is negative.
    assert fed.posts[0]["values"] == [-1.0, -1.0, -1.0]


@patch(
    "custom_components.flexmeasures.feeds.foreseen.following._LEAST_BETWEEN",
    timedelta(0),
)
async def test_prices_that_change_while_they_are_sent(fed: FedHome) -> None:
    """What is newer is sent afterwards; a list without prices is nothing to send."""
    fed.server.add_sensor(79, "prices", "EUR/kWh", "PT1H")

    def show(*prices: float) -> None:
        listed = [
            {"start": (SLOT + index * HOUR).isoformat(), "price": price}
            for index, price in enumerate(prices)
        ]
        fed.hass.states.async_set("sensor.prices", "1", {"prices": listed})

    show(0.1, 0.2)
    data = {
        "kind": "foreseen",
        "sensor": 79,
        "provider": "attribute",
        "entity": "sensor.prices",
        "attribute": "prices",
        "unit": "EUR/kWh",
    }
    await fed.home.set_up(feed(79, "Prices") | {"data": data})
    assert len(fed.posted(79)) == 2
    goes_on = asyncio.Event()
    path = "/api/v3_0/sensors/79/data"
    receipt = {"message": "", "status": "PROCESSED"}
    fed.server.answer("POST", path, json=receipt, wait_for=goes_on, times=1)
    show(0.1, 0.3)
    await fed.home.go_to(NOW + timedelta(seconds=6), is_settled=False)
    await fed.home.until(lambda: len(fed.posts) == 2)
    show(0.1, 0.4)
    # Before the request is given up.
    await fed.home.go_to(NOW + timedelta(seconds=12), is_settled=False)
    goes_on.set()
    await fed.home.settle()
    assert fed.posted(79)[SLOT + HOUR] == 0.4


@pytest.mark.parametrize(("age", "sent"), [(timedelta(days=7), 0), (HOUR, 2)])
async def test_who_has_never_posted(fed: FedHome, age: timedelta, sent: int) -> None:
    """All is sent; of a list of long ago nothing, which is nothing wrong."""
    fed.server.add_sensor(79, "prices", "EUR/kWh", "PT1H")
    fed.server.answer("GET", "/api/v3_0/sources", json={"sources": []})
    listed = [
        {"start": (SLOT - age + index * HOUR).isoformat(), "price": 0.1}
        for index in range(2)
    ]
    fed.hass.states.async_set("sensor.prices", "1", {"prices": listed})
    data = {
        "kind": "foreseen",
        "sensor": 79,
        "provider": "attribute",
        "entity": "sensor.prices",
        "attribute": "prices",
        "unit": "EUR/kWh",
    }
    await fed.home.set_up(feed(79, "Prices") | {"data": data})
    assert len(fed.posted(79)) == sent
    assert fed.state("last_error", 79).state == "none"


async def test_what_send_now_is_told(fed: FedHome) -> None:
    """Why the server refuses it."""
    await fed.has_measured(1000, 2000)
    fed.server.answer("POST", DATA, status=422, json=REFUSAL)
    await fed.home.set_up(feed())
    with pytest.raises(HomeAssistantError, match="Too much"):
        await fed.home.call("send_now")
