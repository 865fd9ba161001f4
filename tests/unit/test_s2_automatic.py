"""The best control type is found by itself, unless the user chooses one."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import STATE_UNKNOWN

from .fake_server import BATTERY_POWER
from .home import MINUTE, NOW, QUARTER, Home, Json
from .s2_rm import (
    BATTERY,
    DDBC,
    EV,
    FRBC,
    NOT_CONTROLABLE,
    OMBC,
    PEBC,
    PPBC,
    FakeRM,
    paired,
)

pytestmark = pytest.mark.usefixtures("no_secret_logged")

NO_SELECTION = "NO_SELECTION"


def automatic(**settings: Any) -> ConfigSubentryDataWithId:
    """A device that was paired as they are now."""
    device = paired(**settings)
    pairing = {**device["data"]["s2"], "automatic": True}
    device["data"] = {**device["data"], "s2": pairing}
    return device


def shown(home: Home) -> tuple[str, str | None]:
    """What the entity shows, and what it says to be in force."""
    in_force = home.attributes("select", "control_type")["in_force"]
    return home.value("select", "control_type"), in_force


async def connect(rm: FakeRM, *offered: str) -> Json:
    """Connect, and give what it is asked for."""
    await rm.connect()
    await rm.shake_hands()
    await rm.introduce(*offered)
    return await rm.expect("SelectControlType")


@pytest.mark.parametrize(
    ("offered", "best"),
    [
        ((NOT_CONTROLABLE, PEBC, OMBC, DDBC, PPBC, FRBC), FRBC),
        ((NOT_CONTROLABLE, PEBC, OMBC, PPBC), PPBC),
        ((OMBC, PEBC, DDBC), DDBC),
        ((OMBC, PEBC), PEBC),
        ((NOT_CONTROLABLE, OMBC), OMBC),
        ((NOT_CONTROLABLE,), NOT_CONTROLABLE),
    ],
)
async def test_best_that_is_offered(
    home: Home, rm: FakeRM, offered: tuple[str, ...], best: str
) -> None:
    await home.set_up(automatic())
    assert shown(home) == ("automatic", None)

    asked = await connect(rm, *offered)

    assert asked["control_type"] == best
    await home.until(lambda: rm.resource.control_type == best)
    option = {NOT_CONTROLABLE: "not_controllable"}.get(best, best.lower())
    assert shown(home) == ("automatic", option)


async def test_another_set_is_offered(home: Home, rm: FakeRM) -> None:
    """It is followed, whether better or worse, also while it pauses altogether."""
    await home.set_up(automatic())
    await connect(rm, NOT_CONTROLABLE, PEBC)

    await rm.introduce(NOT_CONTROLABLE, PEBC, FRBC)
    await rm.expect("SelectControlType", control_type=FRBC)
    await home.until(lambda: rm.resource.control_type == FRBC)
    await rm.tell("ResourceManagerDetails", available_control_types=[])
    assert shown(home) == ("automatic", "no_selection")
    await rm.introduce(NOT_CONTROLABLE, PEBC)

    await rm.expect("SelectControlType", control_type=PEBC)


async def test_refused(home: Home, rm: FakeRM) -> None:
    """The next one is taken, and none is asked for again and again."""
    await home.set_up(automatic())
    rm.answers["SelectControlType"] = "INVALID_CONTENT"

    await connect(rm, NOT_CONTROLABLE, FRBC, PEBC)
    await rm.expect("SelectControlType", control_type=PEBC)
    await rm.expect("SelectControlType", control_type=NOT_CONTROLABLE)
    await rm.introduce(NOT_CONTROLABLE, FRBC, PEBC)

    asked = [
        each for each in rm.received if each["message_type"] == "SelectControlType"
    ]
    assert len(asked) == 3
    assert shown(home) == ("automatic", "no_selection")
    rm.answers.clear()
    await rm.introduce(NOT_CONTROLABLE, FRBC)
    await home.until(lambda: rm.resource.control_type == FRBC)


async def test_nothing_can_be_planned_under_it(home: Home, rm: FakeRM) -> None:
    """A battery that nothing charges: the next one is tried at once."""
    await home.set_up(automatic(automatic_scheduling=True))
    await connect(rm, FRBC, PEBC)
    idle = BATTERY["actuators"][0]
    useless = BATTERY | {
        "storage": BATTERY["storage"],
        "actuators": [_without_effect(idle)],
    }
    await rm.tell("FRBC.SystemDescription", **useless)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)

    await rm.pass_to(NOW + timedelta(seconds=5))

    await rm.expect("SelectControlType", control_type=PEBC)


def _without_effect(actuator: Json) -> Json:
    """The same actuator, whose modes neither fill nor empty anything."""
    still = {"start_of_range": 0, "end_of_range": 0}
    modes = [
        mode | {"elements": [each | {"fill_rate": still} for each in mode["elements"]]}
        for mode in actuator["operation_modes"]
    ]
    return actuator | {"operation_modes": modes}


async def test_something_is_missing(home: Home, rm: FakeRM) -> None:
    """It is waited for, but not for ever where something else is offered."""
    await home.set_up(automatic(automatic_scheduling=True))
    await connect(rm, FRBC, PEBC)
    await rm.tell("FRBC.SystemDescription", **BATTERY)
    await rm.pass_to(NOW + timedelta(seconds=5))
    await home.until(lambda: rm.resource.problem)
    await rm.pass_to(NOW + 4 * MINUTE)
    assert rm.resource.control_type == FRBC

    await rm.pass_to(NOW + 6 * MINUTE)

    await rm.expect("SelectControlType", control_type=PEBC)


async def test_nothing_better_is_offered(home: Home, rm: FakeRM) -> None:
    """It stays, so that the user is told what is missing."""
    await home.set_up(automatic(automatic_scheduling=True))
    await connect(rm, FRBC, NOT_CONTROLABLE)
    await rm.tell("FRBC.SystemDescription", **BATTERY)

    await rm.pass_to(NOW + timedelta(seconds=5))
    await home.until(lambda: rm.resource.problem)
    await rm.pass_to(NOW + 6 * MINUTE)

    assert shown(home) == ("automatic", "fill_rate_based_control")
    assert rm.resource.problem


async def choose(home: Home, option: str) -> None:
    """Choose with the action."""
    await home.hass.services.async_call(
        DOMAIN,
        "change_control_type",
        {"device_id": home.device_id(BATTERY_POWER), "control_type": option},
        blocking=True,
    )


async def test_user_chooses(home: Home, rm: FakeRM) -> None:
    """That holds, also after a restart, until it is automatic again."""
    await home.set_up(automatic())
    await connect(rm, FRBC, PEBC)

    await choose(home, "power_envelope_based_control")
    assert shown(home) == (
        "power_envelope_based_control",
        "power_envelope_based_control",
    )
    await rm.introduce(FRBC, PEBC, NOT_CONTROLABLE)
    assert rm.resource.control_type == PEBC
    await rm.leave()
    await home.reload()
    assert shown(home) == ("power_envelope_based_control", None)

    # It needs no connection.
    await choose(home, "Automatic")
    assert shown(home) == ("automatic", None)
    await connect(rm, FRBC, PEBC)
    await home.until(lambda: rm.resource.control_type == FRBC)


async def test_chosen_again_while_it_is_connected(home: Home, rm: FakeRM) -> None:
    await home.set_up(automatic())
    await connect(rm, FRBC, PEBC)
    await choose(home, "no_selection")
    assert shown(home) == ("no_selection", "no_selection")

    await home.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": home.entity("select", "control_type"), "option": "automatic"},
        blocking=True,
    )

    await home.until(lambda: rm.resource.control_type == FRBC)
    assert shown(home) == ("automatic", "fill_rate_based_control")


async def test_paired_before(home: Home, rm: FakeRM) -> None:
    """What was only measured until the user chose is still that."""
    await home.set_up(paired())
    assert shown(home) == (STATE_UNKNOWN, None)

    await rm.start()

    assert shown(home) == ("not_controllable", "not_controllable")
    assert "automatic" in home.attributes("select", "control_type")["options"]


async def test_nothing_was_ever_planned(home: Home, rm: FakeRM) -> None:
    """The device goes on as it always did: nobody has asked for anything."""
    home.server.schedules.clear()
    await home.set_up(automatic())
    await connect(rm, FRBC)
    await rm.tell("FRBC.SystemDescription", **EV)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)

    for quarters in range(1, 5):
        await rm.pass_to(NOW + quarters * QUARTER)

    assert all(each["message_type"] != "FRBC.Instruction" for each in rm.received)
    assert rm.resource.control_type == FRBC
