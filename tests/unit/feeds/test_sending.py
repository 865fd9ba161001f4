"""When feeds send what, and what comes of a server that does not take it."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..fake_server import CONSUMPTION, RATE_LIMITED
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT
from .fed_home import METER, FedHome, feed

DATA = f"/api/v3_0/sensors/{CONSUMPTION}/data"
REFUSAL = {
    "message": {"json": {"values": ["Too much."]}},
    "status": "UNPROCESSABLE_ENTITY",
}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


def slots(first: datetime, *values: float | None) -> dict[datetime, float]:
    """Give values by the start of their quarters of an hour."""
    return {
        first + index * QUARTER: value
        for index, value in enumerate(values)
        if value is not None
    }


async def test_what_was_recorded_is_sent(fed: FedHome) -> None:
    """A new feed begins with what the recorder has, in one request."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    assert fed.posted() == slots(SLOT - HOUR, 1, 2, 3, 4)
    assert len(fed.posts) == 1
    assert fed.posts[0]["unit"] == "kW"


async def test_a_clock_that_goes_on_is_no_hindrance(
    fed: FedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at it is later than the last one."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    microseconds = count()
    monkeypatch.setattr(
        dt_util, "utcnow", lambda: NOW + timedelta(microseconds=next(microseconds))
    )
    await fed.home.set_up(feed())
    assert fed.posted() == slots(SLOT - HOUR, 1, 2, 3, 4)


async def test_each_slot_is_sent_once_it_has_ended(fed: FedHome) -> None:
    """One request per slot."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    await fed.home.go_to(NOW + 5 * MINUTE)
    assert len(fed.posts) == 1
    await fed.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert fed.posted()[SLOT] == 0.5
    assert len(fed.posts) == 2
    assert fed.state("last_sent").state == "2026-11-22T10:15:06+00:00"
    assert fed.state("backlog").state == "0"
    assert fed.state("last_error").state == "none"


async def test_a_restart_goes_on_from_where_it_was(fed: FedHome) -> None:
    """Nothing is sent twice, and what passed meanwhile is sent."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    await fed.home.hass.config_entries.async_unload(fed.home.entry.entry_id)
    fed.home.pass_time(HOUR)
    await fed.home.start()
    assert fed.posted() == slots(SLOT - HOUR, 1, 2, 3, 4, 0.5, 0.5, 0.5, 0.5)
    assert len(fed.posts) == 2
    # What the server has is looked at once, and is right.
    await fed.home.go_to(NOW + HOUR + 3 * MINUTE)
    assert len(fed.posts) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "json": {"message": "no", "status": 500}},
        {"status": 502, "text": "<html></html>"},
        {"status": 429, "json": RATE_LIMITED},
        {"exception": TimeoutError()},
    ],
)
async def test_what_the_server_misses_is_made_up_for(
    fed: FedHome, answer: dict[str, Any]
) -> None:
    """In one request, as soon as it takes something again."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    fed.server.answer("POST", DATA, **answer)
    for minute in range(1, 181):
        await fed.home.go_to(NOW + minute * MINUTE)
    assert fed.state("backlog").state == "12"
    assert fed.state("last_error").state in ("not_connected", "too_many_requests")
    assert len(fed.posted()) == 4
    before = len(fed.posts)
    fed.server.recover()
    for minute in range(181, 200):
        await fed.home.go_to(NOW + minute * MINUTE)
    assert fed.posted() == slots(SLOT - HOUR, 1, 2, 3, 4, *[0.5] * 13)
    assert len(fed.posts) <= before + 2
    assert fed.state("backlog").state == "0"
    assert fed.state("last_error").state == "none"


async def test_what_is_made_up_for_is_given_time_to_be_stored(fed: FedHome) -> None:
    """The server stores it a little later: until then, it is not missing."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    fed.server.answer("POST", DATA, exception=TimeoutError())
    for minute in range(1, 181):
        await fed.home.go_to(NOW + minute * MINUTE)
    fed.server.recover()
    fed.server.posting_is_queued = fed.server.loses_posts = True
    before = len(fed.posts)
    await fed.home.go_to(NOW + 200 * MINUTE)
    assert len(fed.posts) == before + 1
    await fed.home.go_to(NOW + 201 * MINUTE)
    assert len(fed.posts) == before + 1
    # It was lost indeed.
    fed.server.loses_posts = False
    await fed.home.go_to(NOW + 203 * MINUTE)
    assert len(fed.posts) == before + 2
    assert fed.posted() == slots(SLOT - HOUR, 1, 2, 3, 4, *[0.5] * 13)


async def test_a_server_that_is_away_is_not_asked_all_the_time(fed: FedHome) -> None:
    """Ever more rarely, at last each quarter of an hour."""
    await fed.has_measured(1000, 2000)
    await fed.home.set_up(feed())
    fed.server.fail(TimeoutError())
    before = len(fed.server.requests)
    for minute in range(1, 181):
        await fed.home.go_to(NOW + minute * MINUTE)
    posts = [
        request
        for request in fed.server.requests[before:]
        if request.path.endswith(f"{CONSUMPTION}/data")
    ]
    assert len(posts) <= 18


async def test_after_a_long_absence_the_newest_comes_first(fed: FedHome) -> None:
    """Then the oldest, and so on, in blocks of a week of five minutes."""
    fed.server.sensors[CONSUMPTION]["event_resolution"] = "PT1M"
    start = SLOT.replace(day=18)
    await fed.has_measured(1000, start=start)
    await fed.home.set_up(feed())
    counts = [len(post["values"]) for post in fed.posts]
    starts = [datetime.fromisoformat(post["start"]) for post in fed.posts]
    minutes = (SLOT - start) // MINUTE
    assert starts[0] == NOW - 2 * MINUTE
    assert starts[1] == start
    assert max(counts) == 2000
    assert sum(counts) == minutes + 6
    assert fed.posted() == {
        start + minute * MINUTE: 1.0 for minute in range(minutes + 6)
    }


async def test_what_the_server_refuses_holds_up_nothing(fed: FedHome) -> None:
    """It is set aside, counted and shown, and tried again an hour later."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    fed.server.answer("POST", DATA, status=422, json=REFUSAL, times=1)
    await fed.home.set_up(feed())
    assert fed.posted() == {}
    shown = fed.state("last_error")
    assert shown.state == "rejected"
    assert "Too much." in shown.attributes["message"]
    assert fed.state("backlog").state == "4"
    await fed.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert fed.posted() == {SLOT: 0.5}
    shown = fed.state("last_error")
    assert shown.state == "rejected"
    assert shown.attributes["rejected"] == 1
    [aside] = shown.attributes["set_aside"]
    assert aside["start"] == "2026-11-22T10:00:00+01:00"
    assert aside["end"] == "2026-11-22T11:00:00+01:00"
    assert "Too much." in aside["reason"]
    await fed.home.go_to(NOW + HOUR + MINUTE)
    assert fed.posted() == slots(SLOT - HOUR, 1, 2, 3, 4, 0.5, 0.5, 0.5, 0.5)
    assert fed.state("last_error").state == "none"
    assert fed.state("backlog").state == "0"


async def test_what_is_refused_again_and_again_becomes_a_repair(fed: FedHome) -> None:
    """Which goes once the server takes it."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    fed.server.answer("POST", DATA, status=422, json=REFUSAL)
    await fed.home.set_up(feed())
    issues = ir.async_get(fed.hass).issues
    issue = ("flexmeasures", f"feed_failed_feed_{CONSUMPTION}")
    assert issue not in issues
    for hour in range(1, 9):
        await fed.home.go_to(NOW + hour * HOUR)
    assert issue in issues
    assert "Too much." in (issues[issue].translation_placeholders or {})["reason"]
    fed.server.recover()
    await fed.home.call("send_now")
    assert issue not in issues
    assert len(fed.posted()) == 4 + 8 * 4


async def test_what_was_accepted_and_then_lost_is_sent_again(fed: FedHome) -> None:
    """Only that, at the next look at what the server has."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    fed.server.posting_is_queued = True
    await fed.home.set_up(feed())
    await fed.home.go_to(NOW + 3 * MINUTE)
    fed.server.loses_posts = True
    await fed.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    fed.server.loses_posts = False
    await fed.home.go_to(SLOT + 2 * QUARTER + timedelta(seconds=6))
    assert SLOT not in fed.posted()
    await fed.home.go_to(NOW + timedelta(days=1, minutes=4))
    await fed.home.go_to(NOW + timedelta(days=1, minutes=7))
    assert SLOT in fed.posted()
    assert fed.posts[-1]["values"] == [0.5]


async def test_unknown_is_no_value(fed: FedHome) -> None:
    """Nor is a slot that was observed for too short a time; neither is ever 0."""
    await fed.has_measured(
        *(1000, 2000, "unavailable", "unknown", 500),
        start=SLOT - HOUR + 4 * MINUTE,
    )
    await fed.home.set_up(feed())
    assert fed.posted() == slots(SLOT - 3 * QUARTER, 1.73333333333)
    await fed.home.go_to(NOW + HOUR)
    assert list(fed.posted())[1:] == [SLOT + index * QUARTER for index in (1, 2, 3)]
    assert fed.state("completeness").state == "57.1"


async def test_a_lost_period_is_told_once(
    fed: FedHome, hass_client: Any, issue_registry: ir.IssueRegistry
) -> None:
    """With when it was, until somebody has seen it; all that is there is sent."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    await fed.hass.config_entries.async_unload(fed.home.entry.entry_id)
    await fed.recorded.forget(METER)
    later = SLOT + timedelta(days=12)
    await fed.recorded.runs_since(later - timedelta(days=10))
    await fed.has_measured(700, start=later - timedelta(days=10))
    fed.home.pass_time(timedelta(days=12))
    await fed.home.start()
    issue_id = f"feed_lost_feed_{CONSUMPTION}"
    issue = issue_registry.async_get_issue("flexmeasures", issue_id)
    assert issue
    assert issue.translation_placeholders == {
        "feed": "House",
        "start": "22 Nov 11:00",
        "end": "24 Nov 11:00",
    }
    assert len(fed.posted()) == 4 + 10 * 24 * 4
