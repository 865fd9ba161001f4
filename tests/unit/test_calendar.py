"""The calendar of the plan."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.core import ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from .fake_server import FEED_IN, StoredSchedule
from .home import HOUR, NOW, QUARTER, SLOT, Home, device


@pytest.fixture
async def blocks(home: Home) -> Home:
    """A device that charges, rests, discharges, and then charges twice."""
    home.has_planned(4.0, 2.0, 0.0, -3.0, 1.0, None, 1.0)
    await home.set_up()
    return home


async def test_hour_that_comes_twice(home: Home) -> None:
    """A block that ends earlier by the clock than it starts stops nothing."""
    midnight = datetime(2026, 10, 25, tzinfo=UTC)
    await home.go_to(midnight - QUARTER)
    home.has_planned(1.0, 0.0, 2.0, 2.0, 2.0, 0.0, 3.0, start=midnight)
    await home.set_up()

    for slot in range(7):
        await home.go_to(midnight + slot * QUARTER)
        assert home.state().state == str([1.0, 0.0, 2.0, 2.0, 2.0, 0.0, 3.0][slot])

    _, found, _ = await events(home, midnight, 3 * HOUR)
    assert found["start"] == "2026-10-25T02:30:00+02:00"
    assert found["end"] == "2026-10-25T02:30:00+01:00"


async def events(home: Home, start: datetime, length: timedelta) -> list[Any]:
    """Give the events of a period."""
    entity_id = home.entity("calendar", "plan")
    response = await home.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": entity_id,
            "start_date_time": start,
            "end_date_time": start + length,
        },
        blocking=True,
        return_response=True,
    )
    found: Any = response
    return list(found[entity_id]["events"])


def event(start: str, end: str, summary: str, description: str) -> dict[str, str]:
    """Make an event of the morning of NOW."""
    return {
        "start": f"2026-11-22T{start}:00+01:00",
        "end": f"2026-11-22T{end}:00+01:00",
        "summary": summary,
        "description": f"{description}\nThe plan does not show why.",
    }


def told(events: list[Any]) -> list[str]:
    """Give what is said of events, without why they are planned."""
    return [event["description"].partition("\n")[0] for event in events]


async def test_events(blocks: Home) -> None:
    """Of equal direction, with the energy and the mean power."""
    assert await events(blocks, SLOT, 2 * HOUR) == [
        event("11:00", "11:30", "Home battery: charge 1.5 kWh", "3.00 kW"),
        event("11:45", "12:00", "Home battery: discharge 0.8 kWh", "3.00 kW"),
        event("12:00", "12:15", "Home battery: charge 0.2 kWh", "1.00 kW"),
        event("12:30", "12:45", "Home battery: charge 0.2 kWh", "1.00 kW"),
    ]


@pytest.mark.parametrize(
    ("start", "length", "summaries"),
    [
        pytest.param(
            SLOT + QUARTER,
            3 * QUARTER,
            ["Home battery: charge 1.5 kWh", "Home battery: discharge 0.8 kWh"],
            id="parts of blocks",
        ),
        pytest.param(SLOT + 2 * QUARTER, QUARTER, [], id="between blocks"),
        pytest.param(SLOT - HOUR, HOUR, [], id="before"),
        pytest.param(SLOT + 7 * QUARTER, HOUR, [], id="after"),
    ],
)
async def test_events_of_a_period(
    blocks: Home, start: datetime, length: timedelta, summaries: list[str]
) -> None:
    found = await events(blocks, start, length)

    assert [event["summary"] for event in found] == summaries


async def test_state(blocks: Home) -> None:
    """On while the device charges or discharges; else off, with the next event."""

    def shown() -> tuple[str, str, str]:
        attributes = blocks.attributes("calendar", "plan")
        return (
            blocks.value("calendar", "plan"),
            attributes["message"],
            attributes["start_time"].removeprefix("2026-11-22 "),
        )

    assert shown() == ("on", "Home battery: charge 1.5 kWh", "11:00:00")
    await blocks.go_to(SLOT + 2 * QUARTER)
    assert shown() == ("off", "Home battery: discharge 0.8 kWh", "11:45:00")
    await blocks.go_to(SLOT + 3 * QUARTER)
    assert shown() == ("on", "Home battery: discharge 0.8 kWh", "11:45:00")
    await blocks.go_to(SLOT + 4 * QUARTER)
    assert shown() == ("on", "Home battery: charge 0.2 kWh", "12:00:00")
    await blocks.go_to(SLOT + 5 * QUARTER)
    assert shown() == ("off", "Home battery: charge 0.2 kWh", "12:30:00")
    await blocks.go_to(SLOT + 7 * QUARTER)
    assert blocks.value("calendar", "plan") == "off"
    assert "message" not in blocks.attributes("calendar", "plan")


async def test_without_a_plan(home: Home) -> None:
    await home.set_up()

    assert home.value("calendar", "plan") == "off"
    assert await events(home, SLOT, HOUR) == []


@pytest.mark.parametrize(
    ("language", "charge", "discharge"),
    [
        ("de", "Home battery: 1,5 kWh laden", "Home battery: 0,8 kWh entladen"),
        ("es", "Home battery: cargar 1,5 kWh", "Home battery: descargar 0,8 kWh"),
        ("fr", "Home battery : charger 1,5 kWh", "Home battery : décharger 0,8 kWh"),
        ("nl", "Home battery: 1,5 kWh laden", "Home battery: 0,8 kWh ontladen"),
    ],
)
async def test_language(home: Home, language: str, charge: str, discharge: str) -> None:
    home.hass.config.language = language
    home.has_planned(4.0, 2.0, 0.0, -3.0)
    await home.set_up()

    found = await events(home, SLOT, HOUR)

    assert [event["summary"] for event in found] == [charge, discharge]


async def test_prices(home: Home) -> None:
    """What a block costs or earns, with the mean price."""
    home.has_prices(200.0, 100.0, -80.0)
    home.server.data[FEED_IN] = StoredSchedule(
        SLOT, HOUR, [0.05, 0.08, -0.08], "EUR/kWh"
    )
    home.has_planned(
        *[0.0, 0.0, 3.0, 3.0], *[1.0, 0.0, -2.0, -2.0], *[2.0, 0.0, -1.0, 0.0]
    )
    await home.set_up(device(schedule_duration=3 * 3600))

    found = await events(home, SLOT, 3 * HOUR)

    assert told(found) == [
        "2.33 kW at 0.186 EUR/kWh, costs 0.33 EUR",
        "2.00 kW at 0.080 EUR/kWh, earns 0.08 EUR",
        "2.00 kW at -0.080 EUR/kWh, earns 0.04 EUR",
        "1.00 kW at -0.080 EUR/kWh, costs 0.02 EUR",
    ]


async def test_prices_in_another_language(home: Home) -> None:
    home.hass.config.language = "de"
    home.has_prices(200.0)
    home.has_planned(3.0, 0.0)
    await home.set_up()

    found = await events(home, SLOT, HOUR)

    assert told(found) == ["3,00 kW zu 0,200 EUR/kWh, kostet 0,15 EUR"]


async def test_missing_price(home: Home) -> None:
    """A cost of which a part is not known is not told."""
    home.has_prices(200.0)
    home.has_planned(*[0.0] * 3, 2.0, 2.0)
    await home.set_up()

    found = await events(home, SLOT, 2 * HOUR)

    assert told(found) == ["2.00 kW"]


async def test_renamed_device(blocks: Home) -> None:
    """Its entries have the name that the owner gave it."""
    dr.async_get(blocks.hass).async_update_device(
        blocks.device_id(), name_by_user="Cellar"
    )
    await blocks.settle()

    attributes = blocks.attributes("calendar", "plan")
    assert attributes["message"] == "Cellar: charge 1.5 kWh"


async def test_trigger(blocks: Home, service_calls: list[ServiceCall]) -> None:
    """An automation runs when the device is to start charging."""
    assert await async_setup_component(
        blocks.hass,
        "automation",
        {
            "automation": {
                "alias": "Charging",
                "triggers": {
                    "trigger": "calendar",
                    "entity_id": blocks.entity("calendar", "plan"),
                    "event": "start",
                },
                "actions": {
                    "action": "test.automation",
                    "data": {"summary": "{{ trigger.calendar_event.summary }}"},
                },
            }
        },
    )
    await blocks.settle()

    ran: list[str] = []
    for quarter in range(1, 8):
        await blocks.go_to(SLOT + quarter * QUARTER)
        await blocks.go_to(NOW + quarter * QUARTER)
        ran += [
            f"{quarter}: {call.data['summary']}"
            for call in service_calls
            if call.domain == "test"
        ]
        service_calls.clear()

    await blocks.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.charging"}, blocking=True
    )
    assert ran == [
        "3: Home battery: discharge 0.8 kWh",
        "4: Home battery: charge 0.2 kWh",
        "6: Home battery: charge 0.2 kWh",
    ]


async def test_subscription(blocks: Home, hass_ws_client: WebSocketGenerator) -> None:
    """A dashboard is told when there is another plan."""
    client = await hass_ws_client(blocks.hass)
    await client.send_json_auto_id(
        {
            "type": "calendar/event/subscribe",
            "entity_id": blocks.entity("calendar", "plan"),
            "start": SLOT.isoformat(),
            "end": (SLOT + 2 * HOUR).isoformat(),
        }
    )
    assert (await client.receive_json())["success"]
    first = (await client.receive_json())["event"]["events"]
    assert len(first) == 4

    await blocks.call("trigger_schedule", device_id=blocks.device_id(), soc_at_start=4)

    told = (await client.receive_json())["event"]["events"]
    assert [event["summary"] for event in told][:2] == [
        "Home battery: charge 0.8 kWh",
        "Home battery: discharge 0.5 kWh",
    ]
