"""When a device has to be ready, by the events of a calendar."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any, override

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.calendar.const import DATA_COMPONENT
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY, BATTERY_POWER
from .home import HOUR, MINUTE, NOW, Home, automatic, device
from .test_ready_by import ready_by, set_ready_by, wished

SECONDS = timedelta(seconds=6)
"""After which what has changed is read."""
FAMILY = "calendar.family"
CAR: dict[str, Any] = {"ready_by_calendar": FAMILY}


class FamilyCalendar(CalendarEntity):
    """A calendar, as any integration may have it."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self.entity_id = FAMILY
        self.events: list[CalendarEvent] = []
        self.error: Exception | None = None
        self.is_available = True

    @property
    @override
    def available(self) -> bool:
        return self.is_available

    @property
    @override
    def event(self) -> CalendarEvent | None:
        return min(
            (each for each in self.events if each.end_datetime_local > dt_util.now()),
            key=lambda each: each.start_datetime_local,
            default=None,
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        if self.error:
            raise self.error
        return [
            each
            for each in self.events
            if each.start_datetime_local < end_date
            and each.end_datetime_local > start_date
        ]

    async def plan(self, home: Home, *events: CalendarEvent) -> None:
        """Have other events, and let that be noticed."""
        self.events = list(events)
        self.async_write_ha_state()
        await home.settle()
        await home.go_to(dt_util.utcnow() + SECONDS)


def event(start: str, summary: str, description: str | None = None) -> CalendarEvent:
    """Make an event of an hour in Amsterdam, or of a day."""
    if "T" not in start:
        day = date.fromisoformat(start)
        return CalendarEvent(day, day + timedelta(days=1), summary, description)
    moment = datetime.fromisoformat(start).replace(tzinfo=dt_util.DEFAULT_TIME_ZONE)
    return CalendarEvent(moment, moment + HOUR, summary, description)


@pytest.fixture
async def calendar(home: Home) -> AsyncIterator[FamilyCalendar]:
    """The calendar of the family."""
    assert await async_setup_component(home.hass, "calendar", {})
    made = FamilyCalendar()
    await home.hass.data[DATA_COMPONENT].async_add_entities([made])
    yield made
    # It has timers of its own.
    await made.async_remove()


def told(home: Home) -> dict[str, dict[str, str] | None]:
    """Give what is said of events that cannot be planned for."""
    return {
        issue.translation_key or "": issue.translation_placeholders
        for (domain, _), issue in ir.async_get(home.hass).issues.items()
        if domain == DOMAIN
    }


async def test_events(home: Home, calendar: FamilyCalendar) -> None:
    """Each is a time to be ready by, as full as it says."""
    calendar.events = [
        event("2026-11-24T05:30", "Airport", "Car at 100 %, please"),
        event("2026-11-23T08:00", "Commute 80%"),
        event("2026-11-22T10:30", "This one goes on 90 %"),
    ]
    await home.set_up(device(schedule_duration=3 * 86400, **CAR))

    assert ready_by(home) == "Mon 23 08:00"
    assert home.attributes("datetime", "ready_by")["target"] == 8.0
    assert await wished(home) == [("23 07:00", "8.0 kWh"), ("24 04:30", "10.0 kWh")]
    assert told(home) == {}

    await home.go_to(NOW + 21 * HOUR)
    assert ready_by(home) == "Tue 24 05:30"


@pytest.mark.parametrize(
    ("summary", "target"),
    [
        ("80 %", 8.0),
        ("80%", 8.0),
        ("Trip, 7.5 kWh", 7.5),
        ("7,5 KWH", 7.5),
        ("6500Wh", 6.5),
        ("0.009 MWh", 9.0),
        ("(70 %)", 7.0),
        # Neither is an amount.
        ("Room 4 %s", 5.0),
        ("Flight KL80%20", 5.0),
        ("10 kWhite chairs", 5.0),
        ("", 5.0),
    ],
)
async def test_amounts(
    home: Home, calendar: FamilyCalendar, summary: str, target: float
) -> None:
    """What says none has the target state of charge of the device."""
    calendar.events = [event("2026-11-23T08:00", summary)]
    await home.set_up(device(**CAR))
    await home.act("set_value", "number", "target_soc", value=5)

    assert home.attributes("datetime", "ready_by")["target"] == target


async def test_events_of_a_whole_day(home: Home, calendar: FamilyCalendar) -> None:
    """They count from its start, but only if they say how full."""
    calendar.events = [
        event("2026-11-23", "Birthday of Anna"),
        event("2026-11-24", "Holidays 90 %"),
        event("2026-11-22", "It has begun 90 %"),
    ]
    await home.set_up(device(**CAR))
    await home.act("set_value", "number", "target_soc", value=5)

    assert ready_by(home) == "Tue 24 00:00"


async def test_an_event_changes(home: Home, calendar: FamilyCalendar) -> None:
    """One that vanishes takes its wish with it."""
    await home.set_up(device(**CAR))
    assert ready_by(home) == STATE_UNKNOWN

    await calendar.plan(home, event("2026-11-23T08:00", "80 %"))
    assert ready_by(home) == "Mon 23 08:00"
    await calendar.plan(home, event("2026-11-23T09:00", "80 %"))
    assert ready_by(home) == "Mon 23 09:00"
    await calendar.plan(home)
    assert ready_by(home) == STATE_UNKNOWN
    assert await wished(home) == []


async def test_a_later_event_changes(home: Home, calendar: FamilyCalendar) -> None:
    """The calendar does not show it: it is read now and then."""
    calendar.events = [event("2026-11-23T08:00", "80 %")]
    await home.set_up(device(schedule_duration=3 * 86400, **CAR))

    calendar.events.append(event("2026-11-24T08:00", "90 %"))
    await home.go_to(NOW + 16 * MINUTE)

    assert await wished(home) == [("23 07:00", "8.0 kWh"), ("24 07:00", "9.0 kWh")]


async def test_a_new_schedule(home: Home, calendar: FamilyCalendar) -> None:
    """It is made for what is new in the calendar, and for nothing else."""
    home.server.planned_values = [1.0]
    await home.set_up(automatic(update_interval=7 * 86400, **CAR))
    before = len(home.wishes)
    await home.act("set_value", "number", "target_soc", value=5)

    await calendar.plan(home, event("2026-11-23T08:00", "80 %"))
    await home.go_to(NOW + MINUTE)
    assert len(home.wishes) == before + 1
    await calendar.plan(home, event("2026-11-23T08:00", "Trip 80 %"))
    await home.go_to(NOW + 2 * MINUTE)

    assert len(home.wishes) == before + 1


async def test_beside_a_rule(home: Home, calendar: FamilyCalendar) -> None:
    """Both hold; what is set once by hand wins over both."""
    calendar.events = [
        event("2026-11-23T05:00", "100 %"),
        event("2026-11-24T08:00", "90 %"),
    ]
    await home.set_up(device(schedule_duration=2 * 86400, **CAR))
    await set_ready_by(home, time="07:00", target_soc=8)

    assert await wished(home) == [
        ("23 04:00", "10.0 kWh"),
        ("23 06:00", "8.0 kWh"),
        ("24 06:00", "8.0 kWh"),
        ("24 07:00", "9.0 kWh"),
    ]

    await set_ready_by(home, datetime="2026-11-24T07:30:00", target_soc=6)
    assert await wished(home) == [("24 06:30", "6.0 kWh"), ("24 07:00", "9.0 kWh")]


@pytest.mark.parametrize("is_away", [True, False])
async def test_a_calendar_that_says_nothing(
    home: Home, calendar: FamilyCalendar, *, is_away: bool
) -> None:
    """What it said last holds, also after a restart."""
    calendar.events = [event("2026-11-23T08:00", "80 %")]
    await home.set_up(device(**CAR))

    calendar.is_available = not is_away
    calendar.error = HomeAssistantError("no internet") if not is_away else None
    await calendar.plan(home)
    await home.go_to(NOW + HOUR)
    assert ready_by(home) == "Mon 23 08:00"
    await home.reload()
    assert ready_by(home) == "Mon 23 08:00"

    calendar.is_available, calendar.error = True, None
    await calendar.plan(home)
    assert ready_by(home) == STATE_UNKNOWN


async def test_a_calendar_that_comes_late(home: Home) -> None:
    await home.set_up(device(**CAR))

    made = FamilyCalendar()
    made.events = [event("2026-11-23T08:00", "80 %")]
    await home.hass.data[DATA_COMPONENT].async_add_entities([made])
    await home.settle()
    await home.go_to(NOW + SECONDS)

    assert ready_by(home) == "Mon 23 08:00"
    await made.async_remove()


async def test_no_calendar_any_more(home: Home, calendar: FamilyCalendar) -> None:
    calendar.events = [event("2026-11-23T08:00", "80 %")]
    entry = await home.set_up(device(**CAR))
    assert ready_by(home) == "Mon 23 08:00"

    subentry = entry.subentries[str(BATTERY_POWER)]
    home.hass.config_entries.async_update_subentry(
        entry, subentry, data={**device()["data"]}
    )
    await home.settle()

    assert ready_by(home) == STATE_UNKNOWN


# --- what cannot be planned


@pytest.mark.parametrize(
    ("summary", "settings", "key", "limit"),
    [
        ("95 kWh", {}, "above_most", "10 kWh"),
        ("180 %", {}, "above_most", "100 %"),
        ("95 %", {"capacity": 10, "soc_max": 9}, "above_most", "90 %"),
        ("5 %", {}, "below_least", "10 %"),
        ("500 Wh", {}, "below_least", "1000 Wh"),
        ("Trip", {}, "no_target", ""),
    ],
)
async def test_what_cannot_be_planned(
    home: Home,
    calendar: FamilyCalendar,
    summary: str,
    settings: dict[str, Any],
    key: str,
    limit: str,
) -> None:
    """It is told, until the event is corrected or over."""
    await home.set_up(device(**CAR, **settings))
    await calendar.plan(
        home, event("2026-11-22T12:00", summary), event("2026-11-23T08:00", "80 %")
    )

    assert told(home) == {
        f"not_ready_{key}": {
            "device": "Home battery",
            "event": summary,
            "time": "22 Nov 12:00",
            "limit": limit,
        }
    }
    # Nothing is lost of what can.
    assert ("23 07:00", "8.0 kWh") in await wished(home, duration="PT48H")

    await calendar.plan(
        home, event("2026-11-22T12:00", "70 %"), event("2026-11-23T08:00", "80 %")
    )
    assert told(home) == {}


async def test_a_share_of_what_nobody_knows(
    home: Home, calendar: FamilyCalendar
) -> None:
    home.server.set_flex_model(BATTERY, soc_max={"sensor": 3})
    calendar.events = [event("2026-11-23T08:00", "80 %")]

    await home.set_up(device(**CAR))

    assert told(home).keys() == {"not_ready_capacity_unknown"}
    assert ready_by(home) == STATE_UNKNOWN


async def test_what_is_told_is_over(home: Home, calendar: FamilyCalendar) -> None:
    """With the event, with the device, and once there is a target."""
    calendar.events = [
        event("2026-11-22T11:30", "95 kWh"),
        event("2026-11-22T12:00", "Trip"),
    ]
    await home.set_up(device(**CAR))
    assert told(home).keys() == {"not_ready_above_most"}

    await home.go_to(NOW + 30 * MINUTE)
    assert told(home).keys() == {"not_ready_no_target"}

    await home.act("set_value", "number", "target_soc", value=5)
    assert told(home) == {}

    await calendar.plan(home, event("2026-11-23T08:00", "95 kWh"))
    assert told(home)
    home.remove_device()
    await home.settle()
    assert told(home) == {}


async def test_limits_that_are_known_later(
    home: Home, calendar: FamilyCalendar
) -> None:
    """While the server has not said what the device holds, nothing is refused."""
    calendar.events = [event("2026-11-23T08:00", "95 kWh")]
    home.add_account(device(**CAR))
    home.remembers(*[1.0] * 8)
    home.server.fail(ConnectionError())
    await home.start()
    assert ready_by(home) == "Mon 23 08:00"

    home.server.recover()
    await home.go_to(NOW + 2 * MINUTE)
    await home.go_to(NOW + 3 * MINUTE)

    assert ready_by(home) == STATE_UNKNOWN
    assert told(home).keys() == {"not_ready_above_most"}


async def test_a_renamed_calendar(home: Home) -> None:
    """The settings follow."""
    registry = er.async_get(home.hass)
    known = registry.async_get_or_create(
        "calendar", "test", "1", suggested_object_id="family"
    )
    home.hass.states.async_set(FAMILY, STATE_UNAVAILABLE)
    entry = await home.set_up(device(**CAR))

    registry.async_update_entity(known.entity_id, new_entity_id="calendar.home")
    await home.settle()

    data = entry.subentries[str(BATTERY_POWER)].data
    assert data["ready_by_calendar"] == "calendar.home"
