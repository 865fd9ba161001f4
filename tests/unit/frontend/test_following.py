"""What a card is told of what follows its device: how that goes, and what was decided."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.flexmeasures.follower.memory import Why
from custom_components.flexmeasures.follower.state import FollowerState
from custom_components.flexmeasures.frontend import following
from homeassistant.core import Context
from homeassistant.setup import async_setup_component

from ..fake_server import BATTERY_POWER
from ..home import NOW, QUARTER, SLOT, Home, Json, device
from .viewer import Viewer

type Connect = Callable[..., Awaitable[Viewer]]

CARD_TEXTS = Path(following.__file__).parent / "www" / "texts" / "en-more.js"
INVERTER = "input_number.inverter"
NUMBER = {
    "id": "1",
    "kind": "power",
    "entity": INVERTER,
    "invert": False,
    "rest": 0.0,
    "deadband": 0.1,
    "pause": 30,
    "respect": 3600,
}
ENTITIES = {
    "power": INVERTER,
    "switch": "switch.relay",
    "mode": "input_select.mode",
    "script": "script.inverter",
}
SETTLED = timedelta(seconds=11)


def decision(moment: str, setpoint: float | None, why: str, **other: Any) -> Json:
    """Give what is told of one, in a dry run."""
    value = None if setpoint is None else setpoint * 1000
    return {
        "at": f"2026-11-22T{moment}:00+00:00",
        "setpoint": setpoint,
        "why": why,
        "writes": [{"entity": INVERTER, "value": value or 0.0}],
        "is_dry": True,
        **other,
    }


@pytest.fixture
async def inverter(home: Home) -> None:
    """One that takes any power."""
    helper = {"min": -5000, "max": 5000, "step": 1, "unit_of_measurement": "W"}
    helpers = {"inverter": {**helper, "name": "Inverter"}}
    assert await async_setup_component(
        home.hass, "input_number", {"input_number": helpers}
    )


@pytest.fixture
async def followed(home: Home, inverter: None) -> Home:
    """A battery with a plan that an inverter follows."""
    home.has_planned(2.0, -1.5)
    await home.set_up(device(follower=NUMBER))
    return home


async def hand_over(home: Home) -> None:
    """Press the switch, and let it be seen that it worked."""
    await home.act("turn_on", "switch", "hand_over")
    await home.settle()
    await home.go_to(NOW + SETTLED)


async def latest(viewer: Viewer) -> Json:
    """Give what is known of following after all that was pushed."""
    told: Json = (await viewer.news())[-1]["follower"]
    return told


async def test_dry_run(followed: Home, viewer: Viewer) -> None:
    """What would be written is pushed when it changes, and the day only to who asks for it."""
    card = await viewer.look_at(followed.device_id())
    assert card["follower"] == {
        "state": "dry_run",
        "is_in_control": False,
        "detail": None,
        "by_hand_until": None,
        "waits_for": [],
        "last": decision("10:07", 2.0, "plan"),
    }
    assert card["entities"]["follower"] == followed.entity("sensor", "follower")
    assert card["entities"]["hand_over"] == followed.entity("switch", "hand_over")
    assert "decisions" not in card
    opened = await viewer.look_at(followed.device_id(), decisions=True)
    assert opened["decisions"] == [decision("10:07", 2.0, "plan")]

    await followed.go_to(SLOT + QUARTER)

    of_card, of_list = (await viewer.news())[-2:]
    assert of_card["follower"]["last"] == decision("10:15", -1.5, "plan")
    assert of_list["decisions"] == [
        decision("10:15", -1.5, "plan"),
        decision("10:07", 2.0, "plan"),
    ]


async def test_handed_over(followed: Home, viewer: Viewer) -> None:
    """Until there is nothing to follow any more."""
    await viewer.look_at(followed.device_id())

    await hand_over(followed)
    told = await latest(viewer)
    assert told["state"] == "following"
    assert told["is_in_control"]
    assert told["last"] == decision("10:07", 2.0, "plan", is_dry=False)

    await followed.go_to(SLOT + 2 * QUARTER)
    resting = await latest(viewer)
    assert resting["state"] == "resting"
    assert resting["last"] == decision("10:30", None, "no_plan", is_dry=False)


async def test_by_hand(followed: Home, viewer: Viewer) -> None:
    """And until when that is left."""
    await hand_over(followed)
    await viewer.look_at(followed.device_id())
    user = MockUser(is_owner=True).add_to_hass(followed.hass)

    await followed.hass.services.async_call(
        "input_number",
        "set_value",
        {"entity_id": INVERTER, "value": 55},
        blocking=True,
        context=Context(user_id=user.id),
    )
    await followed.settle()

    told = await latest(viewer)
    assert told["state"] == "by_hand"
    assert told["by_hand_until"] == "2026-11-22T11:07:11+00:00"
    assert told["last"]["why"] == "by_hand"
    assert told["last"]["writes"] == []


async def test_waiting(followed: Home, viewer: Viewer) -> None:
    """For what is named."""
    await viewer.look_at(followed.device_id())

    followed.hass.states.async_set(INVERTER, "unavailable")
    await followed.settle()

    told = await latest(viewer)
    assert (told["state"], told["waits_for"]) == ("waiting", [INVERTER])


async def test_failing(followed: Home, viewer: Viewer) -> None:
    """It is said what to do about it."""
    await viewer.look_at(followed.device_id())

    followed.hass.states.async_set(
        INVERTER, "0", {"unit_of_measurement": "A", "friendly_name": "Inverter"}
    )
    await followed.go_to(SLOT + QUARTER)

    told = await latest(viewer)
    assert told["state"] == "failing"
    assert "Inverter" in told["detail"]
    assert "Choose another entity" in told["detail"]


async def test_nothing_follows(home: Home, viewer: Viewer) -> None:
    """Until something does; the same subscription goes on."""
    home.has_planned(2.0)
    await home.set_up()
    seen = await viewer.look_at(home.device_id(), decisions=True)
    assert (seen["follower"], seen["decisions"]) == (None, [])

    assert await async_setup_component(
        home.hass, "input_number", {"input_number": {"inverter": {"min": 0, "max": 9}}}
    )
    home.change_device(follower=NUMBER)
    await home.settle()
    assert (await latest(viewer))["state"] == "failing"

    subentry = home.entry.subentries[str(BATTERY_POWER)]
    data = {key: each for key, each in subentry.data.items() if key != "follower"}
    home.hass.config_entries.async_update_subentry(home.entry, subentry, data=data)
    await home.settle()
    assert await latest(viewer) is None


async def test_user_who_may_not_see_it(
    followed: Home, new_viewer: Connect, hass_admin_user: MockUser
) -> None:
    """The plan is another matter."""
    ids = [followed.entity("sensor", key) for key in ("setpoint", "follower")]
    hass_admin_user.groups = []
    viewer = await new_viewer()

    async def seen(*entity_ids: str) -> Json:
        may = {each: {"read": True} for each in entity_ids}
        hass_admin_user.mock_policy({"entities": {"entity_ids": may}})
        return await viewer.look_at(followed.device_id(), decisions=True)

    hidden = await seen(ids[0])
    assert (hidden["follower"], hidden["decisions"]) == (None, [])
    shown = await seen(*ids)
    assert shown["follower"]["state"] == "dry_run"
    assert len(shown["decisions"]) == 1


@pytest.mark.parametrize(
    "key",
    [f"follower_{state}" for state in FollowerState] + [f"why_{why}" for why in Why],
)
def test_card_has_words(key: str) -> None:
    """For all that there is; that the languages have the same ones, the card's own tests say."""
    assert re.search(rf"^  {key}: ", CARD_TEXTS.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("target", "value"),
    [
        (NUMBER, 2000.0),
        ({"kind": "switch", "threshold": 0.5, "on_at_rest": False}, "on"),
        (
            {
                "kind": "mode",
                "charge": "in",
                "discharge": "out",
                "idle": "off",
                "rest_option": "auto",
            },
            "in",
        ),
        ({"kind": "script"}, 2.0),
    ],
    ids=["number", "switch", "choice", "script"],
)
async def test_what_is_written(
    home: Home, viewer: Viewer, target: Json, value: object
) -> None:
    """Each kind of entity has its values."""
    entity_id = ENTITIES[target["kind"]]
    home.hass.states.async_set(
        entity_id,
        "off",
        {"options": ["in", "out", "off", "auto"], "unit_of_measurement": "W"},
    )
    home.has_planned(2.0)
    await home.set_up(device(follower={**NUMBER, **target, "entity": entity_id}))

    seen = await viewer.look_at(home.device_id(), decisions=True)

    assert seen["decisions"][0]["writes"] == [{"entity": entity_id, "value": value}]
