"""Actions of the user's own follow: with which setpoint they are run, and what if they fail."""

from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.core import ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..fake_server import BATTERY_POWER
from ..flows import choose, start_change, submit
from ..home import MINUTE, NOW, QUARTER, SLOT, Home, Json, device

NOT_FOLLOWED: Final = f"not_followed_{BATTERY_POWER}"
FORCE: Final = {
    "if": "{{ setpoint is none }}",
    "then": {"action": "inverter.release"},
    "else": {
        "action": "inverter.force",
        "data": {"power": "{{ (setpoint * 1000) | int }}"},
    },
}
OWN: Final = {
    "id": "1",
    "kind": "actions",
    "actions": [FORCE],
    "deadband": 0.1,
    "pause": 30,
    "respect": 3600,
}


class Inverter:
    """One that only actions control."""

    def __init__(self, home: Home) -> None:
        """Have the actions."""
        self.told: list[Any] = []
        self.refuses = False
        for name in ("force", "release"):
            home.hass.services.async_register("inverter", name, self._take)

    @callback
    def _take(self, call: ServiceCall) -> None:
        self.told.append(call.data.get("power", call.service))
        if self.refuses:
            raise HomeAssistantError("busy")

    def take(self) -> list[Any]:
        """Give what it was told, and forget it."""
        taken, self.told = self.told, []
        return taken


@pytest.fixture
def inverter(home: Home) -> Inverter:
    """One that only actions control."""
    return Inverter(home)


async def follow(home: Home, *planned: float | None, **changes: Any) -> None:
    """Have a battery with a plan, and control handed over."""
    home.has_planned(*planned)
    await home.set_up(device(follower={**OWN, **changes}))
    await home.act("turn_on", "switch", "hand_over")
    await home.settle()


def decisions(home: Home) -> list[Json]:
    """What was decided, the newest first."""
    found: list[Json] = home.attributes("sensor", "follower")["decisions"]
    return found


async def test_setpoint(home: Home, inverter: Inverter) -> None:
    """They are run with each that is another one, and without one in the end."""
    await follow(home, 2.0, 2.0, -1.5)
    assert inverter.take() == [2000]
    assert decisions(home)[0]["calls"] == ["actions (setpoint: 2.0)"]

    await home.go_to(SLOT + QUARTER)
    assert inverter.take() == []

    await home.go_to(SLOT + 2 * QUARTER)
    assert inverter.take() == [-1500]
    assert home.value("sensor", "follower") == "following"

    await home.go_to(SLOT + 3 * QUARTER)
    assert inverter.take() == ["release"]
    assert home.value("sensor", "follower") == "resting"


async def test_pause(home: Home, inverter: Inverter) -> None:
    """They are not run more often than is wanted, unless the direction changes."""
    await follow(home, 2.0, 2.5, -1.5, pause=1200)
    inverter.take()

    await home.go_to(SLOT + QUARTER)
    assert inverter.take() == []

    await home.go_to(NOW + 20 * MINUTE)
    assert inverter.take() == [2500]

    await home.go_to(SLOT + 2 * QUARTER)
    assert inverter.take() == [-1500]


async def test_dry_run(home: Home, inverter: Inverter) -> None:
    """They are not run before control is handed over, and without a setpoint after it."""
    home.has_planned(2.0)
    await home.set_up(device(follower=OWN))
    await home.settle()
    assert decisions(home)[0]["calls"] == ["actions (setpoint: 2.0)"]
    assert inverter.take() == []

    await home.act("turn_on", "switch", "hand_over")
    await home.settle()
    await home.act("turn_off", "switch", "hand_over")
    await home.settle()

    assert inverter.take() == [2000, "release"]


async def test_unloading(home: Home, inverter: Inverter) -> None:
    """The device rests when nobody follows the plan any more."""
    await follow(home, 2.0)
    inverter.take()

    await home.hass.config_entries.async_unload(home.entry.entry_id)

    assert inverter.take() == ["release"]


async def test_failing(home: Home, inverter: Inverter) -> None:
    """They are run again, a repair says so, and it goes once they work."""
    inverter.refuses = True
    await follow(home, 2.0)
    for seconds in (11, 22, 33):
        await home.go_to(NOW + seconds * MINUTE / 60)
    assert inverter.take() == [2000] * 3
    assert home.value("sensor", "follower") == "failing"
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, NOT_FOLLOWED)
    assert issue
    assert issue.translation_placeholders
    reason = issue.translation_placeholders["reason"]
    assert reason.startswith("The actions that follow it have failed")

    inverter.refuses = False
    await home.go_to(NOW + 6 * MINUTE)
    await home.go_to(NOW + 7 * MINUTE)

    assert inverter.take() == [2000]
    assert home.value("sensor", "follower") == "following"
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, NOT_FOLLOWED)


@pytest.mark.parametrize(
    "actions",
    [
        [{"action": "not.there"}],
        [{"action": "inverter.force", "data": {"power": "{{ setpoint / 0 }}"}}],
        [{"not": "known"}],
    ],
    ids=["gone", "template", "not understood"],
)
async def test_what_cannot_be_run(
    home: Home, inverter: Inverter, actions: list[Json]
) -> None:
    """It is said as well, whatever the reason."""
    await follow(home, 2.0, actions=actions)
    for seconds in (11, 22, 33):
        await home.go_to(NOW + seconds * MINUTE / 60)

    assert inverter.take() == []
    assert home.value("sensor", "follower") == "failing"


async def test_diagnostics(
    home: Home, inverter: Inverter, hass_client: ClientSessionGenerator
) -> None:
    """What actions are told may be a secret."""
    told = {"action": "inverter.force", "data": {"power": 1, "token": "secret"}}
    await follow(home, 2.0, actions=[told])

    found: Any = await get_diagnostics_for_config_entry(
        home.hass, hass_client, home.entry
    )

    assert found["devices"][0]["settings"]["follower"]["kind"] == "actions"
    assert "secret" not in str(found)


async def test_condition(home: Home, inverter: Inverter) -> None:
    """What ends at a condition is nothing that failed."""
    only_in_summer = {"condition": "template", "value_template": "{{ false }}"}
    await follow(home, 2.0, actions=[only_in_summer, FORCE])
    await home.go_to(NOW + MINUTE)

    assert inverter.take() == []
    assert home.value("sensor", "follower") == "following"


async def test_taking_too_long(
    home: Home,
    inverter: Inverter,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They do not go on behind newer ones."""
    monkeypatch.setattr(
        "custom_components.flexmeasures.follower.writer._CALL_SECONDS", 0.0
    )
    caplog.set_level("DEBUG")
    await follow(home, 2.0, actions=[{"delay": 3600}, FORCE])
    for seconds in (11, 22, 33):
        # What is being cancelled is not waited for.
        await home.until(lambda: "(setpoint: 2.0) was not taken" in caplog.text)
        caplog.clear()
        await home.go_to(NOW + seconds * MINUTE / 60)

    assert home.value("sensor", "follower") == "failing"
    await home.go_to(NOW + 70 * MINUTE)
    assert inverter.take() == []


async def test_other_actions(home: Home, inverter: Inverter) -> None:
    """They begin with a dry run, and what followed before rests."""
    await follow(home, 2.0)
    inverter.take()
    subentry = home.entry.subentries[str(BATTERY_POWER)]
    menu = await start_change(home.hass, home.entry, subentry)
    said = menu["description_placeholders"]["follower"]
    assert said == "Actions of yours, as the plan says."
    form = await choose(
        home.hass, await choose(home.hass, menu, "follower"), "follower_actions"
    )

    await submit(
        home.hass,
        form,
        {"actions": [{"action": "inverter.release"}], "deadband": 0.1, "pause": 30},
    )
    await home.settle()

    assert inverter.take() == ["release"]
    assert home.value("switch", "hand_over") == "off"
