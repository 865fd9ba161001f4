"""A hybrid inverter follows: its mode and its powers are written in the right order."""

from datetime import timedelta
from typing import Any, Final

import pytest

from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import Event, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from ..fake_server import BATTERY_POWER
from ..home import NOW, QUARTER, SLOT, Home, device

MODE: Final = "input_select.mode"
CHARGE: Final = "input_number.charge"
DISCHARGE: Final = "input_number.discharge"
HYBRID: Final = {
    "id": "1",
    "kind": "mode_power",
    "entity": MODE,
    "second_entity": CHARGE,
    "third_entity": DISCHARGE,
    "charge": "in",
    "discharge": "out",
    "idle": "hold",
    "rest_option": "auto",
    "deadband": 0.1,
    "pause": 30,
    "respect": 3600,
}

type Written = list[tuple[str, Any]]


@pytest.fixture
async def written(home: Home) -> Written:
    """An inverter, and what it was told in turn."""
    number = {"min": 0, "max": 5000, "step": 1, "unit_of_measurement": "W"}
    for domain, helpers in (
        (
            "input_number",
            {
                "charge": {**number, "initial": 4000},
                "discharge": {**number, "initial": 4000},
            },
        ),
        (
            "input_select",
            {"mode": {"options": ["auto", "in", "out", "hold"], "initial": "auto"}},
        ),
    ):
        assert await async_setup_component(home.hass, domain, {domain: helpers})
    found: Written = []

    @callback
    def note(event: Event[Any]) -> None:
        data = event.data["service_data"]
        if event.data["domain"] in ("input_number", "input_select"):
            found.append((data["entity_id"], data.get("value", data.get("option"))))

    home.hass.bus.async_listen(EVENT_CALL_SERVICE, note)
    return found


def take(written: Written) -> Written:
    """Give what was written, and forget it."""
    taken = list(written)
    written.clear()
    return taken


async def follow(home: Home, *planned: float | None, **changes: Any) -> None:
    """Have a battery with a plan, and control handed over."""
    home.has_planned(*planned)
    await home.set_up(device(follower={**HYBRID, **changes}))
    await home.act("turn_on", "switch", "hand_over")
    await home.settle()


async def test_order(home: Home, written: Written) -> None:
    """The power comes before the mode that uses it; a mode is enough to stop and to rest."""
    await follow(home, 2.0, 2.5, -1.5, 0.0)
    assert take(written) == [(CHARGE, 2000), (MODE, "in")]

    await home.go_to(SLOT + QUARTER)
    assert take(written) == [(CHARGE, 2500)]

    await home.go_to(SLOT + 2 * QUARTER)
    assert take(written) == [(DISCHARGE, 1500), (MODE, "out")]

    await home.go_to(SLOT + 3 * QUARTER)
    assert take(written) == [(MODE, "hold")]

    # The plan has ended.
    await home.go_to(SLOT + 4 * QUARTER)
    assert take(written) == [(MODE, "auto")]
    assert home.value("sensor", "follower") == "resting"


async def test_limits_at_rest(home: Home, written: Written) -> None:
    """What limits it while it decides for itself is raised after that has begun."""
    await follow(home, 2.0, rest_power=4000.0)
    assert take(written) == [(CHARGE, 2000), (MODE, "in")]

    await home.act("turn_off", "switch", "hand_over")
    await home.settle()

    assert take(written) == [(MODE, "auto"), (CHARGE, 4000)]


async def test_set_by_hand(home: Home, written: Written) -> None:
    """A mode that somebody chooses is left, and so are the powers."""
    await follow(home, 2.0, 1.0)
    # Within the first minute it may be the inverter that falls back.
    await home.go_to(NOW + timedelta(minutes=2))
    written.clear()

    await home.hass.services.async_call(
        "input_select", "select_option", {"entity_id": MODE, "option": "auto"}
    )
    await home.settle()

    assert home.value("sensor", "follower") == "by_hand"
    await home.go_to(SLOT + QUARTER)
    assert written == [(MODE, "auto")]


async def test_mode_that_is_gone(home: Home, written: Written) -> None:
    """A word that the inverter does not know any more is said, and nothing is written."""
    await follow(home, 2.0, 1.0, charge="charge")

    assert written == []
    assert home.value("sensor", "follower") == "failing"
    assert "option" in home.attributes("sensor", "follower")["reason"]


async def test_renamed_entity(home: Home, written: Written) -> None:
    """Each is followed by its new name, the third one too."""
    registry = er.async_get(home.hass)
    known = registry.async_get_or_create("number", "inverter", "1")
    home.hass.states.async_set(
        known.entity_id, "0", {"min": 0, "max": 5000, "unit_of_measurement": "W"}
    )
    await follow(home, 2.0, third_entity=known.entity_id)

    registry.async_update_entity(known.entity_id, new_entity_id="number.other")
    await home.settle()

    found = home.entry.subentries[str(BATTERY_POWER)].data["follower"]
    assert found["third_entity"] == "number.other"
    assert written
