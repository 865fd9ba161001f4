"""How feeds come and go, what is asked of them by hand, and how they share the server."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component

from ..fake_server import BATTERY_POWER, CONSUMPTION, HOUSE, PASSWORD, REFUSED
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT, device, meter
from .fed_home import METER, FedHome, feed

DATA = f"/api/v3_0/sensors/{CONSUMPTION}/data"
OTHER = "sensor.other"
OTHER_SENSOR = 78


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture
async def two(fed: FedHome) -> FedHome:
    """A home with two feeds, each of which has had values."""
    fed.server.add_sensor(OTHER_SENSOR, "other", "kW", "PT15M")
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.has_measured(100, 200, 300, 400, 50, entity_id=OTHER)
    await fed.home.set_up(feed(), feed(OTHER_SENSOR, "Other", entity=OTHER))
    return fed


async def test_a_feed_is_changed_alone(two: FedHome) -> None:
    """The other goes on. What was sent before with other settings is corrected."""
    before = len(two.posts)
    subentry = two.home.entry.subentries[f"feed_{CONSUMPTION}"]
    two.hass.config_entries.async_update_subentry(
        two.home.entry, subentry, data={**subentry.data, "invert": True}
    )
    await two.home.settle()
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert two.posted()[SLOT] == -0.5
    assert two.posted(OTHER_SENSOR)[SLOT] == -0.05
    assert len(two.posts) == before + 3
    assert two.posted()[SLOT - QUARTER] == -4.0


async def test_a_feed_to_another_sensor_begins_anew(two: FedHome) -> None:
    """What was sent to one is not at the other."""
    two.server.add_sensor(79, "new", "kW", "PT15M")
    subentry = two.home.entry.subentries[f"feed_{CONSUMPTION}"]
    two.hass.config_entries.async_update_subentry(
        two.home.entry, subentry, data={**subentry.data, "sensor": 79}
    )
    await two.home.settle()
    assert len(two.posted(79)) == 4


async def test_a_feed_that_is_removed_or_disabled_sends_nothing(two: FedHome) -> None:
    """The other does."""
    registry = dr.async_get(two.hass)
    registry.async_update_device(
        two.device_id(OTHER_SENSOR), disabled_by=dr.DeviceEntryDisabler.USER
    )
    await two.home.settle()
    with pytest.raises(ServiceValidationError, match="disabled"):
        await two.home.call("send_now", device_id=two.device_id(OTHER_SENSOR))
    two.hass.config_entries.async_remove_subentry(two.home.entry, f"feed_{CONSUMPTION}")
    await two.home.settle()
    before = len(two.posts)
    await two.home.go_to(NOW + 2 * HOUR)
    assert len(two.posts) == before
    registry.async_update_device(two.device_id(OTHER_SENSOR), disabled_by=None)
    await two.home.settle()
    assert len(two.posted(OTHER_SENSOR)) == 12


async def test_one_that_fails_does_not_hold_up_the_other(two: FedHome) -> None:
    """Whatever it fails of; it is tried again."""
    two.server.answer("POST", DATA, status=500, json={"message": "no", "status": 500})
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert SLOT in two.posted(OTHER_SENSOR)
    assert two.state("last_error").state == "not_connected"
    assert two.state("last_error", OTHER_SENSOR).state == "none"


async def test_what_nobody_has_foreseen(
    two: FedHome, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and nobody else's fault."""
    with patch(
        "custom_components.flexmeasures.feeds.measured.feed.measured_conversion",
        side_effect=[RuntimeError("what?"), *[None] * 99],
    ):
        await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert "Unexpected exception in House" in caplog.text
    caplog.clear()
    await two.home.go_to(SLOT + 2 * QUARTER + timedelta(seconds=6))
    assert SLOT in two.posted()
    assert SLOT in two.posted(OTHER_SENSOR)


async def test_feeds_take_turns(fed: FedHome) -> None:
    """A feed with a long backlog does not keep another from its newest slot."""
    fed.server.add_sensor(OTHER_SENSOR, "other", "kW", "PT1M")
    await fed.has_measured(100, entity_id=OTHER, start=SLOT.replace(day=19))
    await fed.has_measured(1000)
    await fed.home.set_up(feed(OTHER_SENSOR, "Other", entity=OTHER), feed())
    order = [
        request.path.split("/")[-2]
        for request in fed.server.requests
        if request.method == "POST" and request.path.endswith("/data")
    ]
    assert order[:3] == [str(OTHER_SENSOR), str(CONSUMPTION), str(OTHER_SENSOR)]


async def test_the_server_is_not_asked_too_often(fed: FedHome) -> None:
    """After a burst, four times a second."""
    sensors = range(100, 230)
    for sensor in sensors:
        fed.server.add_sensor(sensor, f"sensor {sensor}", "kW", "PT15M")
    await fed.has_measured(1000, 2000)
    waits: list[float] = []

    async def sleep(seconds: float, *_: Any) -> None:
        waits.append(seconds)

    with patch("custom_components.flexmeasures.feeds.dispatcher.asyncio.sleep", sleep):
        await fed.home.set_up(*(feed(sensor, f"Feed {sensor}") for sensor in sensors))
    assert len(fed.posts) == 130
    assert 20 <= len([wait for wait in waits if wait]) <= 30


async def test_a_login_that_is_refused(two: FedHome) -> None:
    """The owner is asked for another, and nothing is lost."""
    two.server.tokens.clear()
    two.server.users["demo@example.com"].password = "another"
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert two.state("last_error").state == "not_authenticated"
    assert [
        flow["context"]["source"]
        for flow in two.hass.config_entries.flow.async_progress()
    ] == ["reauth"]
    two.server.users["demo@example.com"].password = PASSWORD
    await two.home.go_to(SLOT + 2 * QUARTER + timedelta(seconds=6))
    assert SLOT in two.posted()


async def test_send_now(two: FedHome) -> None:
    """What has ended is sent at once; what was wrong is said."""
    two.server.fail(REFUSED)
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    with pytest.raises(HomeAssistantError):
        await two.home.call("send_now", device_id=[two.device_id()])
    two.server.recover()
    two.server.answer("POST", DATA, status=403, json={"message": "no"}, times=1)
    with pytest.raises(HomeAssistantError, match="House: "):
        await two.home.call("send_now")
    # The other one all the same.
    assert SLOT in two.posted(OTHER_SENSOR)
    del two.posted(OTHER_SENSOR)[SLOT]
    answer = await two.home.call("send_now", device_id=[two.device_id()])
    assert answer == {
        "feeds": {
            "House": {
                "sent": True,
                "last_sent": "2026-11-22T11:15:06+01:00",
                "backlog": 0,
            }
        }
    }
    assert SLOT in two.posted()
    assert SLOT not in two.posted(OTHER_SENSOR)
    answer = await two.home.call("send_now")
    assert set(answer["feeds"]) == {"House", "Other"}
    assert SLOT in two.posted(OTHER_SENSOR)


async def test_backfill(two: FedHome) -> None:
    """Only what the server does not have, or has otherwise."""
    two.posted()[SLOT - QUARTER] = 99.0
    del two.posted()[SLOT - 2 * QUARTER]
    answer = await two.home.call(
        "backfill", start=SLOT - HOUR, end=SLOT, device_id=two.device_id()
    )
    assert answer == {"feeds": {"House": {"sent": 2, "unchanged": 2, "unknown": 0}}}
    assert two.posted() == {
        SLOT - HOUR: 1.0,
        SLOT - 3 * QUARTER: 2.0,
        SLOT - 2 * QUARTER: 3.0,
        SLOT - QUARTER: 4.0,
    }


@pytest.mark.parametrize("has_states", [True, False])
async def test_backfill_from_statistics(fed: FedHome, *, has_states: bool) -> None:
    """Where there are no states any more, or none at all: the mean of the hour."""
    if has_states:
        await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(feed())
    first = SLOT.replace(day=1, hour=0)
    async_import_statistics(
        fed.hass,
        {
            "has_sum": False,
            "mean_type": StatisticMeanType.ARITHMETIC,
            "name": None,
            "source": "recorder",
            "statistic_id": METER,
            "unit_class": "power",
            "unit_of_measurement": "W",
        },
        [{"start": first + hour * HOUR, "mean": 100.0 * hour} for hour in range(3)],
    )
    await async_wait_recording_done(fed.hass)
    answer = await fed.home.call("backfill", start=first, end=SLOT)
    # The first hour was not observed from its beginning on.
    assert answer["feeds"]["House"]["sent"] == 8
    assert first not in fed.posted()
    assert fed.posted()[first + HOUR] == 0.1
    assert fed.posted()[first + 3 * HOUR - QUARTER] == 0.2


async def test_backfill_of_what_cannot_be(two: FedHome) -> None:
    """Each wrong call is told what is wrong."""
    with pytest.raises(ServiceValidationError, match="period is empty"):
        await two.home.call("backfill", start=SLOT, end=SLOT)
    with pytest.raises(ServiceValidationError, match="period is empty"):
        await two.home.call("backfill", start=NOW + HOUR)
    two.server.fail(REFUSED)
    with pytest.raises(HomeAssistantError):
        await two.home.call("backfill", start=SLOT - HOUR)


async def test_actions_are_for_feeds(fed: FedHome) -> None:
    """A device or a meter is none, and a feed is neither; a forecast has no history."""
    fed.server.add_sensor(79, "prices", "EUR/kWh", "PT1H")
    tariff = feed(79, "Tariff") | {
        "data": {"kind": "tariff", "sensor": 79, "price": 0.3, "unit": "EUR/kWh"}
    }
    await fed.home.set_up(device(), meter(), tariff)
    with pytest.raises(ServiceValidationError, match="is not a feed"):
        await fed.home.call("send_now", device_id=fed.home.device_id())
    with pytest.raises(ServiceValidationError, match="is a feed, which has no"):
        await fed.home.call("get_schedule", device_id=fed.device_id(79))
    with pytest.raises(ServiceValidationError, match="of which there is no history"):
        await fed.home.call("backfill", start=SLOT, device_id=fed.device_id(79))
    assert await fed.home.call("backfill", start=SLOT) == {"feeds": {}}
    assert (await fed.home.call("send_now"))["feeds"]["Tariff"]["backlog"] == 0


async def test_a_sensor_that_changes_on_the_server(two: FedHome) -> None:
    """Its unit, sign and resolution are those that it has then."""
    two.server.sensors[CONSUMPTION] |= {"unit": "W", "event_resolution": "PT5M"}
    # What is known of sensors holds for ten minutes.
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    assert two.posts[-1]["unit"] in ("W", "kW")
    await two.home.go_to(SLOT + 2 * QUARTER + timedelta(seconds=6))
    assert two.posted()[SLOT + 25 * MINUTE] == 500.0


async def test_a_sensor_that_is_gone(
    two: FedHome, issue_registry: ir.IssueRegistry
) -> None:
    """A repair tells, which goes with the feed."""
    del two.server.sensors[CONSUMPTION]
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6))
    issue_id = f"feed_failed_feed_{CONSUMPTION}"
    assert issue_registry.async_get_issue(DOMAIN, issue_id)
    assert two.state("last_error").state in ("not_found", "rejected")
    two.hass.config_entries.async_remove_subentry(two.home.entry, f"feed_{CONSUMPTION}")
    await two.home.settle()
    assert not issue_registry.async_get_issue(DOMAIN, issue_id)


async def test_unloading_ends_what_goes_on(two: FedHome) -> None:
    """Also a request that hangs; it is made up for later."""
    ends = two.server.hang()
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6), is_settled=False)
    await two.hass.config_entries.async_unload(two.home.entry.entry_id)
    ends.set()
    two.server.recover()
    await two.home.start()
    assert SLOT in two.posted()
    assert SLOT in two.posted(OTHER_SENSOR)


async def test_one_that_is_changed_while_it_sends(two: FedHome) -> None:
    """The request is given up; the other goes on."""
    ends = two.server.hang()
    await two.home.go_to(SLOT + QUARTER + timedelta(seconds=6), is_settled=False)
    two.server.recover()
    for title in ("House 2", "Other 2"):
        sensor = CONSUMPTION if title.startswith("House") else OTHER_SENSOR
        two.hass.config_entries.async_update_subentry(
            two.home.entry,
            two.home.entry.subentries[f"feed_{sensor}"],
            title=title,
        )
    await two.home.settle()
    ends.set()
    await two.home.settle()
    assert SLOT in two.posted()
    assert SLOT in two.posted(OTHER_SENSOR)


async def test_feeds_are_in_the_diagnostics(two: FedHome, hass_client: Any) -> None:
    """With what they have to do."""
    assert await async_setup_component(two.hass, "diagnostics", {})
    found: Any = await get_diagnostics_for_config_entry(
        two.hass, hass_client, two.home.entry
    )
    house = found["feeds"][0]
    assert house["title"] == "House"
    assert house["backlog"] == 0
    assert house["trouble"] == "none"
    assert house["memory"]["sent_until"] == SLOT.isoformat()
    await two.hass.config_entries.async_unload(two.home.entry.entry_id)
    dr.async_get(two.hass).async_update_device(
        two.device_id(), disabled_by=dr.DeviceEntryDisabler.USER
    )
    await two.home.start()
    found = await get_diagnostics_for_config_entry(
        two.hass, hass_client, two.home.entry
    )
    assert set(found["feeds"][0]) == {"title", "settings"}


async def test_a_tariff_in_the_diagnostics(fed: FedHome, hass_client: Any) -> None:
    """It needs no history."""
    fed.server.add_sensor(79, "prices", "EUR/kWh", "PT1H")
    tariff = feed(79, "Tariff") | {
        "data": {"kind": "tariff", "sensor": 79, "price": 0.3, "unit": "EUR/kWh"}
    }
    await fed.home.set_up(tariff)
    assert await async_setup_component(fed.hass, "diagnostics", {})
    found: Any = await get_diagnostics_for_config_entry(
        fed.hass, hass_client, fed.home.entry
    )
    [facts] = found["feeds"]
    assert facts["is_recorded"]
    assert facts["backlog"] == 0


async def test_a_device_and_its_feed(fed: FedHome) -> None:
    """The power that a battery has is sent to the sensor that its plan is of."""
    await fed.has_measured(1000, 2000, 3000, 4000, 500)
    await fed.home.set_up(device(), feed(BATTERY_POWER, "Battery power"))
    assert len(fed.posted(BATTERY_POWER)) == 4


@pytest.mark.parametrize(
    ("field", "sign"), [("inflexible_consumption", 1), ("inflexible_production", -1)]
)
async def test_the_sign_of_what_a_site_lists(
    fed: FedHome, field: str, sign: int
) -> None:
    """It is the one that the scheduler reads it with, whatever the sensor says itself."""
    fed.server.add_sensor(79, "load", "kW", "PT15M", consumption_is_positive=sign < 0)
    fed.server.set_flex_context(HOUSE, **{field: [{"sensor": 79}]})
    await fed.has_measured(1000, 2000)
    await fed.home.set_up(feed(79, "Load"))
    assert fed.posted(79)[SLOT - HOUR] == sign


async def test_who_does_not_ask_says_nothing_of_the_server(fed: FedHome) -> None:
    """Between feeds whose source is gone, a server that is out of order is spared, too."""
    await fed.has_measured(1000, 2000)
    for sensor in range(100, 107):
        fed.server.add_sensor(sensor, f"sensor {sensor}", "kW", "PT15M")
    fed.server.answer(
        "POST",
        "/api/v3_0/sensors/*/data",
        status=500,
        json={"message": "no", "status": 500},
    )
    gone = {"entity": "0123456789abcdef0123456789abcdef"}
    await fed.home.set_up(
        *(
            feed(sensor, f"Feed {sensor}", **(gone if sensor % 2 else {}))
            for sensor in range(100, 107)
        )
    )
    asked = {
        request.path.split("/")[-2]
        for request in fed.server.requests
        if request.method == "POST" and request.path.endswith("/data")
    }
    assert asked == {"100", "102", "104"}
