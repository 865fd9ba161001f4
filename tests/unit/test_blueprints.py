"""The blueprints do what they say: through whole plans, and when something is away.

Each is loaded by Home Assistant itself, and what it does to its device is compared with
the plan, slot for slot.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
import json
from pathlib import Path
import re
import shutil
from typing import Any
from unittest.mock import PropertyMock, patch
from urllib.parse import unquote

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.flexmeasures.const import PROJECT
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint.importer import fetch_blueprint_from_url
from homeassistant.components.blueprint.models import Blueprint, DomainBlueprints
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .fake_server import (
    BATTERY,
    BATTERY_SOC,
    HOUSE,
    REFUSED,
    StoredSchedule,
    finished_job,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "blueprints" / "automation" / "flexmeasures"
NAMES = sorted(file.stem for file in FOLDER.glob("*.yaml"))

SETPOINT = "sensor.home_battery_setpoint"
NUMBER = "number.inverter"
SWITCH = "switch.boiler"
SELECT = "input_select.inverter"
PLUG = "binary_sensor.plug"
SECOND = timedelta(seconds=1)

IN_W = {"unit_of_measurement": "W", "min": -5000, "max": 5000, "step": 1}
MODES = {"options": ["Auto", "Charge", "Discharge", "Standby"]}

type Automate = Callable[..., Awaitable[None]]


class Target:
    """An entity of another integration, which says what it was told, unless it is slow."""

    def __init__(
        self, hass: HomeAssistant, entity_id: str, state: str, **more: Any
    ) -> None:
        """Be there, in a state."""
        self._hass = hass
        self._entity_id = entity_id
        self._attributes = more
        self._told: list[Any] = []
        self.is_slow = False
        self.refuses = False
        self.hangs = False
        self.be(state)
        for action in ("set_value", "select_option", "turn_on", "turn_off"):
            hass.services.async_register(
                entity_id.partition(".")[0], action, self._handle
            )

    async def _handle(self, call: ServiceCall) -> None:
        assert call.data["entity_id"] == [self._entity_id]
        told = (
            call.service.removeprefix("turn_")
            if call.service.startswith("turn_")
            else call.data.get("value", call.data.get("option"))
        )
        if self.refuses:
            raise HomeAssistantError("It does not answer")
        if self.hangs:
            await asyncio.Event().wait()
        self._told.append(told)
        if not self.is_slow:
            self.be(str(told))

    def be(self, state: str) -> None:
        """Let it be in a state."""
        self._hass.states.async_set(self._entity_id, state, self._attributes)

    def told(self) -> list[Any]:
        """Give what it was told since the last look."""
        told, self._told = self._told, []
        return told


@pytest.fixture
async def automate(home: Home, tmp_path: Path) -> AsyncIterator[Automate]:
    """Make an automation of a blueprint, as its form does, from a copy of its file."""
    shutil.copytree(FOLDER, tmp_path / "flexmeasures")
    with patch.object(
        DomainBlueprints,
        "blueprint_folder",
        new_callable=PropertyMock,
        return_value=tmp_path,
    ):

        async def make(name: str, **inputs: Any) -> None:
            made = {
                "automation": {
                    "alias": "It",
                    "use_blueprint": {
                        "path": f"flexmeasures/{name}.yaml",
                        "input": {"setpoint": SETPOINT, **inputs},
                    },
                }
            }
            assert await async_setup_component(home.hass, "automation", made)
            await home.settle()
            state = home.hass.states.get("automation.it")
            assert state
            assert state.state == "on"

        yield make
        if home.hass.states.get("automation.it"):
            # Else its timers would be left over.
            await home.hass.services.async_call(
                "automation", "turn_off", {"entity_id": "automation.it"}, blocking=True
            )
            await home.settle()


def _is_refresh(task: asyncio.Task[Any]) -> bool:
    return task.get_name().endswith(" - refresh")


@pytest.fixture
def waits(home: Home) -> Iterator[None]:
    """Let automations wait for something while time passes, as Home Assistant does."""

    async def let_go_on(*, wait_background_tasks: bool = False) -> None:
        # What a thread reads for a refresh takes its time, not so many turns.
        await home.until(lambda: not any(map(_is_refresh, asyncio.all_tasks())))
        for _ in range(300):
            await asyncio.sleep(0)
        await home.until(lambda: not any(map(_is_refresh, asyncio.all_tasks())))

    with patch.object(home.hass, "async_block_till_done", let_go_on):
        yield


async def start(home: Home) -> None:
    """Let Home Assistant have started, once."""
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.settle()


async def stop(home: Home) -> None:
    """Let Home Assistant stop, as far as automations notice."""
    for each in home.hass._shutdown_jobs:
        home.hass.async_run_hass_job(each.job, *each.args)
    await home.settle()


async def save(home: Home) -> None:
    """Let automations have been changed in their editor."""
    home.hass.bus.async_fire("automation_reloaded")
    await home.settle()


# --- all of them


@pytest.mark.parametrize("name", NAMES)
async def test_blueprint_is_valid(hass: HomeAssistant, name: str) -> None:
    """For Home Assistant, and for people: all is named, described and comes from here."""
    assert await async_setup_component(hass, "automation", {})
    with patch.object(
        DomainBlueprints,
        "blueprint_folder",
        new_callable=PropertyMock,
        return_value=FOLDER,
    ):
        blueprint = await async_get_blueprints(hass).async_get_blueprint(f"{name}.yaml")

    assert isinstance(blueprint, Blueprint)
    assert not blueprint.validate()
    about = blueprint.metadata
    assert about["name"].startswith("FlexMeasures: ")
    assert len(about["description"]) > 100
    assert about["source_url"] == address(name)
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert about["homeassistant"]["min_version"] == hacs["homeassistant"]
    for field in blueprint.inputs.values():
        assert {"name", "description", "selector"} <= field.keys()
        # The frontend shows no field for it.
        assert field.get("default", "") is not None
    # Nothing that few need is asked first, and what is asked last has an answer.
    for key, field in about["input"].items():
        if "input" in field:
            assert (key, field["collapsed"]) == ("more", True)
            assert all("default" in each for each in field["input"].values())


def address(name: str) -> str:
    """Give where a blueprint is imported from."""
    return f"{PROJECT}/blueprints/automation/flexmeasures/{name}.yaml"


IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
BUTTON = re.compile(
    r"\[!\[[^]]+\]\(https://my\.home-assistant\.io/badges/blueprint_import\.svg\)\]"
    rf"\({re.escape(IMPORT)}([^)]+)\)"
)


@pytest.mark.parametrize("name", NAMES)
async def test_blueprint_is_imported_by_a_button(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, name: str
) -> None:
    """As Home Assistant does, from where this file will be."""
    guide = (ROOT / "docs" / "following.md").read_text(encoding="utf-8")
    (link,) = (unquote(link) for link in BUTTON.findall(guide) if name in link)
    raw = PROJECT.replace("github.com", "raw.githubusercontent.com")
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    aioclient_mock.get(
        f"{raw.replace('/blob/', '/')}/blueprints/automation/flexmeasures/{name}.yaml",
        text=text,
    )

    imported = await fetch_blueprint_from_url(hass, link)

    assert imported.suggested_filename == f"FlexMeasures/{name}"
    assert imported.blueprint.metadata["source_url"] == link == address(name)


def test_guide_has_no_other_buttons() -> None:
    """Nor others than those of what is there."""
    guide = (ROOT / "docs" / "following.md").read_text(encoding="utf-8")
    assert sorted(map(unquote, BUTTON.findall(guide))) == list(map(address, NAMES))


# --- follow_by_power


async def inverter(home: Home, state: str = "0", **more: Any) -> Target:
    """Make an inverter with a number in W, and a battery with a plan."""
    home.has_planned(2.0, -1.5, -1.5, 0.0, 1.0)
    await home.set_up()
    return Target(home.hass, NUMBER, state, **IN_W | more)


async def test_power_through_a_whole_plan(home: Home, automate: Automate) -> None:
    """Slot for slot, each power once; then the rest value, once."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    await start(home)
    told = [target.told()]

    moment = NOW.replace(second=30)
    while moment < SLOT + 2 * HOUR:
        moment += MINUTE / 2
        await home.go_to(moment)
        if moment - SLOT in {number * QUARTER for number in range(1, 8)}:
            told.append(target.told())

    assert told == [[2000], [-1500], [], [0], [1000], [0], [], []]
    assert target.told() == []


async def test_power_of_a_plan_that_begins_now(home: Home, automate: Automate) -> None:
    """It need not be waited for until the next slot."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    await save(home)
    assert target.told() == [2000]

    await save(home)
    assert target.told() == []


@pytest.mark.parametrize(
    ("more", "attributes", "expected"),
    [
        pytest.param({}, {"unit_of_measurement": "kW", "step": 0.1}, 2.0, id="kW"),
        pytest.param({}, {"unit_of_measurement": "MW", "step": 0.001}, 0.002, id="MW"),
        pytest.param({"is_inverted": True}, {}, -2000, id="positive discharges"),
        pytest.param({"factor": 0.5}, {}, 1000, id="half of it"),
        pytest.param({}, {"max": 1200}, 1200, id="not above its maximum"),
        pytest.param(
            {"is_inverted": True}, {"min": -700}, -700, id="not below its minimum"
        ),
        pytest.param({}, {"step": 300}, 2100, id="by its step"),
        pytest.param(
            {"unit": "kW", "factor": 4.35},
            {"unit_of_measurement": "A", "max": 16, "min": 0, "step": 0.1},
            8.7,
            id="ampere",
        ),
        pytest.param(
            {"unit": "W"}, {"unit_of_measurement": None}, 2000, id="without a unit"
        ),
    ],
)
async def test_power_in_what_the_number_has(
    home: Home,
    automate: Automate,
    more: dict[str, Any],
    attributes: dict[str, Any],
    expected: float,
) -> None:
    target = await inverter(home, "0", **attributes)
    await automate("follow_by_power", number=NUMBER, **more)
    await start(home)
    assert target.told() == [pytest.approx(expected)]


async def test_power_in_another_unit_of_the_setpoint(
    home: Home, automate: Automate
) -> None:
    """The owner may have it shown in W."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    home.hass.states.async_set(SETPOINT, "900", {"unit_of_measurement": "W"})
    await home.settle()
    assert target.told() == [900]


async def test_power_of_a_number_without_a_unit(
    home: Home, automate: Automate, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows what 2 would mean: it rests."""
    target = await inverter(home, "300", unit_of_measurement="%")
    await automate("follow_by_power", number=NUMBER)
    await start(home)
    assert target.told() == [0]
    assert "The number has no unit of power" in caplog.text


@pytest.mark.parametrize("rest", [0, -300])
async def test_power_rests_when_the_mode_is_off(
    home: Home, automate: Automate, rest: int
) -> None:
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER, rest=rest, deadband=5000)
    await start(home)
    target.told()

    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == [rest]

    await home.act("select_option", "select", "mode", option="automatic")
    assert target.told() == [2000]

    await home.act("select_option", "select", "mode", option="hold")
    assert target.told() == [0]


async def test_power_of_an_override(home: Home, automate: Automate) -> None:
    """It is told at once, and ends by itself."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    await home.override(power=-3, duration={"minutes": 20})
    await home.settle()
    assert target.told() == [-3000]

    await home.go_to(SLOT + QUARTER)
    assert target.told() == []
    await home.go_to(NOW + 20 * MINUTE)
    assert target.told() == [-1500]


async def test_power_rests_while_the_integration_is_away(
    home: Home, automate: Automate
) -> None:
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    await start(home)
    target.told()

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    assert target.told() == [0]

    await home.start()
    assert target.told() == [2000]


async def test_power_over_a_restart(home: Home, automate: Automate) -> None:
    """Nothing goes on while Home Assistant is away; it is taken up again."""
    target = await inverter(home, "2000")
    await automate("follow_by_power", number=NUMBER)
    await stop(home)
    assert target.told() == [0]

    await start(home)
    assert target.told() == [2000]


async def test_power_after_a_restart_without_a_plan(
    home: Home, automate: Automate
) -> None:
    """What was told before is not left there."""
    await home.set_up()
    target = Target(home.hass, NUMBER, "2000", **IN_W)
    await automate("follow_by_power", number=NUMBER)
    await start(home)
    assert target.told() == [0]


@pytest.mark.parametrize(
    "meanwhile", [pytest.param(-1500, id="as wanted"), pytest.param(0, id="other")]
)
async def test_power_when_the_number_comes_back(
    home: Home, automate: Automate, meanwhile: int
) -> None:
    """Nothing is told while it is away; then what holds by now, whatever it says."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    target.be(STATE_UNAVAILABLE)
    await home.go_to(SLOT + QUARTER)
    await start(home)
    assert target.told() == []

    target.be(str(meanwhile))
    await home.settle()
    assert target.told() == [-1500]


async def test_power_of_a_number_that_shows_late(
    home: Home, automate: Automate
) -> None:
    """What it was told counts, not what it still shows."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER, keep=False)
    await start(home)
    assert target.told() == [2000]

    target.is_slow = True
    target.be("0")
    await home.go_to(SLOT + QUARTER)
    await home.act("select_option", "select", "mode", option="hold")
    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == [-1500, 0, 0]


async def test_power_rests_at_a_stop_whatever_the_number_shows(
    home: Home, automate: Automate
) -> None:
    target = await inverter(home)
    target.is_slow = True
    await automate("follow_by_power", number=NUMBER)
    await save(home)
    assert target.told() == [2000]
    await stop(home)
    assert target.told() == [0]


async def test_power_of_a_number_that_shows_nothing(
    home: Home, automate: Automate
) -> None:
    """It is told what is new, and nothing twice."""
    target = await inverter(home, STATE_UNKNOWN)
    target.is_slow = True
    await automate("follow_by_power", number=NUMBER)
    await save(home)
    assert target.told() == [2000]
    await home.go_to(SLOT + 10 * MINUTE + MINUTE / 2)
    assert target.told() == []
    await home.go_to(SLOT + QUARTER)
    assert target.told() == [-1500]


async def test_power_is_told_again_if_it_was_refused(
    home: Home, automate: Automate
) -> None:
    """Else a battery would discharge on for the length of a slot, or for ever."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    await start(home)
    target.refuses = True
    await home.go_to(SLOT + QUARTER)
    target.refuses = False
    await home.go_to(SLOT + QUARTER + MINUTE / 2)
    target.told()

    await home.go_to(SLOT + QUARTER + 5 * MINUTE + MINUTE / 2)
    assert target.told() == [-1500]
    await home.go_to(SLOT + QUARTER + 10 * MINUTE + MINUTE / 2)
    assert target.told() == []


async def test_power_of_an_inverter_that_does_not_answer(
    home: Home, waits: None, automate: Automate
) -> None:
    """What is waited for in vain does not keep it from being told to rest."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    target.hangs = True
    await start(home)
    target.hangs = False
    assert target.told() == []

    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == [0]


async def test_power_of_two_numbers_without_a_sign(
    home: Home, automate: Automate
) -> None:
    """One to charge and one to discharge: each is told its own, and else 0."""
    target = await inverter(home, "700", min=0)
    await automate("follow_by_power", number=NUMBER, is_inverted=True)
    await start(home)
    told = [target.told()]
    for number in range(1, 5):
        await home.go_to(SLOT + number * QUARTER)
        told.append(target.told())

    assert told == [[0], [1500], [], [0], []]


async def test_power_that_the_inverter_rounds(home: Home, automate: Automate) -> None:
    """It is not told so again and again."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER)
    await start(home)
    target.told()
    target.be("1950")
    await home.go_to(SLOT + 10 * MINUTE + MINUTE / 2)
    assert target.told() == []

    await home.go_to(SLOT + QUARTER)
    target.told()
    target.be("-700")
    await home.go_to(SLOT + 20 * MINUTE + MINUTE / 2)
    assert target.told() == [-1500]


async def test_power_is_left_alone_if_wanted(home: Home, automate: Automate) -> None:
    """By hand until the plan says something else."""
    target = await inverter(home)
    await automate("follow_by_power", number=NUMBER, keep=False)
    await start(home)
    target.told()
    target.be("700")
    await home.go_to(SLOT + 10 * MINUTE + MINUTE / 2)
    assert target.told() == []

    await home.go_to(SLOT + QUARTER)
    assert target.told() == [-1500]


async def test_power_with_a_smallest_change(home: Home, automate: Automate) -> None:
    """Small changes are left out, until they add up; a change of direction never is."""
    home.has_planned(1.0, 1.2, 1.4, 0.1, 0.0, -0.1, -0.2)
    await home.set_up()
    target = Target(home.hass, NUMBER, "0", **IN_W)
    await automate("follow_by_power", number=NUMBER, deadband=300)
    await start(home)
    told = [target.told()]
    for number in range(1, 8):
        await home.go_to(SLOT + number * QUARTER)
        told.append(target.told())

    assert told == [[1000], [], [1400], [100], [0], [-100], [], [0]]


async def test_power_of_a_helper(home: Home, automate: Automate) -> None:
    """A real input number, within its limits."""
    home.has_planned(2.0, -1.5)
    await home.set_up()
    made = {"it": {"min": -1000, "max": 3000, "unit_of_measurement": "W"}}
    assert await async_setup_component(
        home.hass, "input_number", {"input_number": made}
    )
    await automate("follow_by_power", number="input_number.it")
    await start(home)
    for number, expected in enumerate(("2000.0", "-1000.0", "0.0")):
        await home.go_to(max(NOW, SLOT + number * QUARTER))
        assert home.hass.states.is_state("input_number.it", expected)


# --- follow_by_switch


async def boiler(home: Home, *powers: float, state: str = "off") -> Target:
    """Make a switch, and a plan."""
    home.has_planned(*powers)
    await home.set_up()
    return Target(home.hass, SWITCH, state)


async def test_switch_through_a_whole_plan(home: Home, automate: Automate) -> None:
    """On above the threshold; off, at last."""
    target = await boiler(home, 2.0, 0.9, 1.0, 1.1, -1.0, 1.5)
    await automate("follow_by_switch", switch=SWITCH, threshold=1)
    await start(home)
    told = [target.told()]
    for number in range(1, 7):
        await home.go_to(SLOT + number * QUARTER)
        told.append(target.told())

    assert told == [["on"], ["off"], [], ["on"], ["off"], ["on"], ["off"]]


@pytest.mark.parametrize("rest", ["on", "off"])
async def test_switch_without_a_plan(home: Home, automate: Automate, rest: str) -> None:
    """Whatever it is that takes the plan away."""
    other = {"on": "off", "off": "on"}[rest]
    power = {"on": 1.0, "off": 0.0}[other]
    target = await boiler(home, power, power, state=other)
    await automate("follow_by_switch", switch=SWITCH, rest=rest)
    await save(home)
    assert target.told() == []

    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == [rest]
    await home.act("select_option", "select", "mode", option="automatic")
    assert target.told() == [other]

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    assert target.told() == [rest]
    await home.start()
    assert target.told() == [other]

    await stop(home)
    assert target.told() == [rest]
    await start(home)
    assert target.told() == [other]

    target.be(STATE_UNAVAILABLE)
    await home.go_to(SLOT + 2 * QUARTER)
    assert target.told() == []
    target.be(other)
    await home.settle()
    assert target.told() == [rest]


async def test_switch_that_shows_late(home: Home, automate: Automate) -> None:
    """What it was told counts, not what it still shows."""
    target = await boiler(home, 1.0, 1.0)
    target.is_slow = True
    await automate("follow_by_switch", switch=SWITCH)
    await save(home)
    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == ["on", "off"]


async def test_switch_at_a_stop(home: Home, automate: Automate) -> None:
    """At once: nobody would be there to do it later."""
    target = await boiler(home, 1.0, 1.0)
    await automate("follow_by_switch", switch=SWITCH, shortest_on=60)
    await save(home)
    await stop(home)
    assert target.told() == ["on", "off"]


async def test_switch_for_a_shortest_time(
    home: Home, waits: None, automate: Automate
) -> None:
    """It stays on, and off, as long as it has to; what holds by then is done."""
    target = await boiler(home, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0)
    await automate("follow_by_switch", switch=SWITCH, shortest_on=20, shortest_off=30)
    await start(home)
    told: list[tuple[int, str]] = []
    for minute in range(8, 111):
        await home.go_to(SLOT + minute * MINUTE)
        told += [(minute, word) for word in target.told()]

    # It is off from 7 on. The plan has it on from 15 to 45, and from 75 to 90.
    assert told == [(37, "on"), (57, "off"), (87, "on"), (107, "off")]


async def test_switch_after_a_plan_whose_shortest_time_goes_on(
    home: Home, waits: None, automate: Automate
) -> None:
    """Off all the same, a little later, although the plan ended meanwhile."""
    target = await boiler(home, 0.0, 1.0)
    await automate("follow_by_switch", switch=SWITCH, shortest_on=20)
    await start(home)
    told: list[tuple[int, str]] = []
    for minute in range(8, 60):
        await home.go_to(SLOT + minute * MINUTE)
        await home.go_to(SLOT + minute * MINUTE + MINUTE / 2)
        told += [(minute, word) for word in target.told()]

    assert told == [(15, "on"), (35, "off")]


async def test_switch_is_switched_again(home: Home, automate: Automate) -> None:
    """If it did not work."""
    target = await boiler(home, 1.0, 0.0, 0.0)
    await automate("follow_by_switch", switch=SWITCH)
    await start(home)
    assert target.told() == ["on"]
    target.refuses = True
    await home.go_to(SLOT + QUARTER)
    target.refuses = False

    await home.go_to(SLOT + QUARTER + 5 * MINUTE + MINUTE / 2)
    assert target.told() == ["off"]


async def test_switch_of_a_helper(home: Home, automate: Automate) -> None:
    home.has_planned(2.0, -1.5)
    await home.set_up()
    assert await async_setup_component(
        home.hass, "input_boolean", {"input_boolean": {"it": {}}}
    )
    await automate("follow_by_switch", switch="input_boolean.it")
    await save(home)
    assert home.hass.states.is_state("input_boolean.it", "on")
    await home.go_to(SLOT + QUARTER)
    assert home.hass.states.is_state("input_boolean.it", "off")


# --- follow_by_mode

WORDS = {
    "select": SELECT,
    "rest": "Auto",
    "charge": "Charge",
    "discharge": "Discharge",
    "idle": "Standby",
}


async def moded(
    home: Home, *powers: float, state: str = "Auto", entity_id: str = SELECT
) -> Target:
    """Make an inverter with modes, and a plan."""
    home.has_planned(*powers)
    await home.set_up()
    return Target(home.hass, entity_id, state, **MODES)


@pytest.mark.parametrize("entity_id", [SELECT, "select.inverter"])
async def test_mode_through_a_whole_plan(
    home: Home, automate: Automate, entity_id: str
) -> None:
    target = await moded(home, 2.0, 1.0, 0.0, -1.0, 0.1, -0.1, entity_id=entity_id)
    words = {**WORDS, "select": entity_id}
    await automate("follow_by_mode", **words, threshold=0.1)
    await start(home)
    told = [target.told()]
    for number in range(1, 7):
        await home.go_to(SLOT + number * QUARTER)
        told.append(target.told())

    assert told == [
        ["Charge"],
        [],
        ["Standby"],
        ["Discharge"],
        ["Standby"],
        [],
        ["Auto"],
    ]


async def test_mode_without_a_plan(home: Home, automate: Automate) -> None:
    """Whatever it is that takes the plan away."""
    target = await moded(home, 1.0, 1.0, state="Charge")
    await automate("follow_by_mode", **WORDS)
    await save(home)
    assert target.told() == []

    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == ["Auto"]
    await home.act("select_option", "select", "mode", option="automatic")
    assert target.told() == ["Charge"]

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    assert target.told() == ["Auto"]
    await home.start()
    assert target.told() == ["Charge"]

    await stop(home)
    assert target.told() == ["Auto"]
    await start(home)
    assert target.told() == ["Charge"]

    target.be(STATE_UNAVAILABLE)
    await home.go_to(SLOT + 2 * QUARTER)
    assert target.told() == []
    target.be("Charge")
    await home.settle()
    assert target.told() == ["Auto"]


async def test_mode_that_shows_late(home: Home, automate: Automate) -> None:
    """What it was told counts, not what it still shows."""
    target = await moded(home, 1.0, 1.0)
    target.is_slow = True
    await automate("follow_by_mode", **WORDS)
    await save(home)
    await home.act("select_option", "select", "mode", option="off")
    assert target.told() == ["Charge", "Auto"]


async def test_mode_that_is_not_needed(home: Home, automate: Automate) -> None:
    """What is left empty is the one without a plan."""
    target = await moded(home, 1.0, -1.0, 0.0)
    words = {key: WORDS[key] for key in ("select", "rest", "charge")}
    await automate("follow_by_mode", **words)
    await save(home)
    told = [target.told()]
    for number in (1, 2):
        await home.go_to(SLOT + number * QUARTER)
        told.append(target.told())

    assert told == [["Charge"], ["Auto"], []]


async def test_mode_that_is_not_offered(
    home: Home, automate: Automate, caplog: pytest.LogCaptureFixture
) -> None:
    """The inverter decides for itself, and the trace says what is wrong."""
    target = await moded(home, 1.0, -1.0)
    await automate("follow_by_mode", **{**WORDS, "discharge": "discharge"})
    await save(home)
    await home.go_to(SLOT + QUARTER)
    assert target.told() == ["Charge", "Auto"]
    assert "does not offer the mode" in caplog.text


async def test_mode_with_a_number_as_its_name(home: Home, automate: Automate) -> None:
    """As a helper has it."""
    home.has_planned(2.0, -1.5)
    await home.set_up()
    made = {"input_select": {"it": {"options": ["0", "1", "2"]}}}
    assert await async_setup_component(home.hass, "input_select", made)
    words = {"rest": "0", "charge": "1", "discharge": "2"}
    await automate("follow_by_mode", select="input_select.it", **words)
    await save(home)
    for number, expected in enumerate("120"):
        await home.go_to(max(NOW, SLOT + number * QUARTER))
        assert home.hass.states.is_state("input_select.it", expected)


# --- notify_problem


@pytest.fixture
def messages(home: Home) -> list[ServiceCall]:
    """Give a list that each message to the user is added to."""
    return async_mock_service(home.hass, "persistent_notification", "create")


def read(messages: list[ServiceCall]) -> list[str]:
    """Give what the user was told since the last look."""
    assert all(message.data["title"] == "Home battery" for message in messages)
    told = [message.data["message"] for message in messages]
    messages.clear()
    return told


AGAIN = ["There is a plan again."]


async def test_tell_that_there_is_no_plan(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """Once, after a while, and again when it is over."""
    home.has_planned(2.0)
    await home.set_up()
    await automate("notify_problem")
    await home.go_to(SLOT + QUARTER)
    await home.go_to(SLOT + 2 * QUARTER - SECOND)
    assert read(messages) == []

    await home.go_to(SLOT + 2 * QUARTER)
    assert len(read(messages)) == 1
    for number in range(3, 8):
        await home.go_to(SLOT + number * QUARTER)
    assert read(messages) == []

    home.has_planned(*[1.0] * 20)
    await home.press_compute()
    assert read(messages) == AGAIN
    await home.go_to(SLOT + 4 * HOUR)
    assert read(messages) == []


async def test_tell_why_there_is_no_plan(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """In the words of the status."""
    home.has_planned(2.0)
    await home.set_up()
    await automate("notify_problem", patience=60, tells_end=False)
    home.server.fail(REFUSED)
    await home.go_to(SLOT + QUARTER)
    await home.go_to(NOW + HOUR)
    await home.go_to(SLOT + QUARTER + HOUR)
    (message,) = read(messages)
    reason = home.attributes("sensor", "scheduling_status")["reason"]
    assert "does not answer" in reason
    assert message == f"There is no plan to follow. {reason}"


async def test_tell_that_the_plan_has_ended(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """Of a device that nobody has schedules computed for, nothing has gone wrong."""
    home.has_planned(2.0)
    await home.set_up()
    await home.press_compute()
    await automate("notify_problem", patience=1)
    await home.go_to(SLOT + 2 * HOUR)
    await home.go_to(SLOT + 2 * HOUR + MINUTE)
    assert read(messages) == ["There is no plan to follow. The last one has ended."]


async def test_tell_nothing_when_the_mode_is_off(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """It is meant to be so; nor when it was switched off meanwhile."""
    home.has_planned(2.0)
    await home.set_up()
    await automate("notify_problem", patience=5)
    await home.act("select_option", "select", "mode", option="off")
    for number in range(1, 5):
        await home.go_to(SLOT + number * QUARTER)
    assert read(messages) == []

    await home.act("select_option", "select", "mode", option="automatic")
    await home.go_to(SLOT + 5 * QUARTER)
    assert len(read(messages)) == 1
    await home.act("select_option", "select", "mode", option="off")
    assert read(messages) == []


async def test_tell_nothing_of_a_reload(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    home.has_planned(*[2.0] * 9)
    await home.set_up()
    await automate("notify_problem")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    await home.go_to(SLOT + HOUR)
    assert read(messages) == []

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.go_to(SLOT + HOUR + QUARTER)
    assert read(messages) == ["There is no plan to follow. FlexMeasures is not loaded."]


async def test_tell_after_a_restart_that_there_is_no_plan(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """What came meanwhile is not overlooked; what comes soon is not told."""
    await home.set_up()
    await automate("notify_problem")
    await start(home)
    await home.go_to(NOW + QUARTER - SECOND)
    assert read(messages) == []
    await home.go_to(NOW + QUARTER)
    assert len(read(messages)) == 1

    home.has_planned(*[1.0] * 20)
    await home.press_compute()
    assert read(messages) == AGAIN


TWO = "2026-11-22T14:00:00+01:00"
MISSED = ["4.257 kWh will be missing at 14:00 on 22 November."]
REACHED = ["It will be as full as you want it after all."]


async def judged(home: Home, lacks: str | None, *, knows: bool = True) -> None:
    """Have a schedule that misses a target by something, or meets it, or has none."""
    job = finished_job()
    missed = {"datetime": TWO, "violation": lacks}
    met = {"datetime": TWO, "margin": "1 kWh"}
    if lacks:
        job["result"]["unresolved"] = [{"asset": BATTERY, "soc-minima": [missed]}]
    elif knows:
        job["result"]["resolved"] = [{"asset": BATTERY, "soc-minima": [met]}]
    home.server.answer("GET", "/api/v3_0/jobs/*", json=job)
    await home.press_compute()


async def test_tell_that_a_target_will_be_missed(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """Once, however often it is planned; and again when it is reached after all."""
    home.has_planned(*[2.0] * 20)
    await home.set_up()
    await automate("notify_problem")
    await judged(home, "4.257 kWh")
    assert read(messages) == MISSED

    await judged(home, "5 kWh")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    await home.go_to(NOW + HOUR)
    assert read(messages) == []

    await judged(home, None)
    assert read(messages) == REACHED
    await judged(home, "4.257 kWh")
    assert read(messages) == MISSED


@pytest.mark.usefixtures("new_home")
async def test_tell_of_a_target_as_entities_are_at_first(
    hass: HomeAssistant,
    new_home: Home,
) -> None:
    """By when it is, although nobody has enabled what says how much is missing."""
    met = "datetime.home_battery_ready_by"
    new_home.has_planned(*[2.0] * 20)
    await new_home.set_up()
    await judged(new_home, "4.257 kWh")
    state = hass.states.get(met)
    assert state
    assert state.attributes["targets_met"] is False


async def test_tell_no_end_of_a_target_that_has_passed(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """It was not reached."""
    home.has_planned(*[2.0] * 20)
    await home.set_up()
    await automate("notify_problem")
    await judged(home, "4.257 kWh")
    read(messages)
    await judged(home, None, knows=False)
    assert read(messages) == []


async def test_tell_no_target_again_after_a_restart(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """But that it is reached after all."""
    home.has_planned(*[2.0] * 20)
    await home.set_up()
    await judged(home, "4.257 kWh")
    await automate("notify_problem")
    await start(home)
    assert read(messages) == []

    await judged(home, None)
    assert read(messages) == REACHED


async def test_tell_nothing_of_targets(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    home.has_planned(*[2.0] * 20)
    await home.set_up()
    await automate("notify_problem", tells_targets=False)
    await judged(home, "4.257 kWh")
    assert read(messages) == []


async def test_tell_in_another_way(home: Home, waits: None, automate: Automate) -> None:
    """By any actions, which know what it is about."""
    home.has_planned(*[2.0] * 20)
    await home.set_up()
    calls = async_mock_service(home.hass, "notify", "notify")
    told = "{{ device }} {{ problem }} {{ is_over }}: {{ message }}"
    actions = [{"action": "notify.notify", "data": {"message": told}}]
    await automate("notify_problem", actions=actions)
    await judged(home, "4.257 kWh")
    await judged(home, None)
    assert [call.data["message"] for call in calls] == [
        f"Home battery target False: {MISSED[0]}",
        f"Home battery target True: {REACHED[0]}",
    ]


# --- plan_when_plugged_in

AT_SEVEN = "2026-11-23T06:00:00+00:00"


async def car(home: Home, plug: str = "off", **settings: Any) -> None:
    """Make a car that is at home."""
    home.server.data[BATTERY_SOC] = StoredSchedule(NOW, 5 * MINUTE, [4.5], "kWh")
    home.hass.states.async_set(PLUG, plug)
    home.hass.states.async_set("sensor.level", "3", {"unit_of_measurement": "kWh"})
    await home.set_up(device(soc_entity="sensor.level", **settings))


async def plugged(home: Home, state: str) -> None:
    """Let the plug say something, and some time pass."""
    home.hass.states.async_set(PLUG, state)
    await home.settle()
    home.pass_time(MINUTE / 2)
    await home.go_to(dt_util.utcnow())


async def test_plan_when_plugged_in(
    home: Home, waits: None, automate: Automate
) -> None:
    """At once, for the next time that it is seven."""
    await car(home)
    await automate("plan_when_plugged_in", plug=PLUG, target=8)
    await plugged(home, "on")

    assert home.value("datetime", "ready_by") == AT_SEVEN
    (wish,) = home.wishes
    (model,) = wish["flex-model"]
    assert model["soc-at-start"] == "3.0 kWh"
    assert "8.0 kWh" in str(model)

    await plugged(home, "off")
    assert len(home.wishes) == 1
    assert home.value("datetime", "ready_by") == AT_SEVEN


async def test_plan_for_later_today(
    home: Home, waits: None, automate: Automate
) -> None:
    await car(home)
    await automate("plan_when_plugged_in", plug=PLUG, target=8, departure="14:30:00")
    await plugged(home, "on")
    assert home.value("datetime", "ready_by") == "2026-11-22T13:30:00+00:00"


async def test_plan_up_to_the_own_target(
    home: Home, waits: None, automate: Automate
) -> None:
    """That of the device, as it is set."""
    await car(home)
    await home.act("set_value", "number", "target_soc", value=6)
    await automate("plan_when_plugged_in", plug=PLUG)
    await plugged(home, "on")
    assert home.attributes("datetime", "ready_by")["target"] == 6
    assert len(home.wishes) == 1


async def test_plan_by_the_word_of_a_charger(
    home: Home, waits: None, automate: Automate
) -> None:
    """Only when the car has come, not at each of them."""
    await car(home, "disconnected")
    await automate(
        "plan_when_plugged_in",
        plug=PLUG,
        target=8,
        plugged_states=["connected", "charging"],
    )
    home.hass.states.async_set(PLUG, "connected")
    await home.settle()
    await plugged(home, "charging")
    assert len(home.wishes) == 1
    for state in ("charging", "connected", "charging"):
        await plugged(home, state)
    assert len(home.wishes) == 1
    for state in ("disconnected", "charging"):
        await plugged(home, state)
    assert len(home.wishes) == 2


async def test_plan_nothing_for_a_loose_contact(
    home: Home, waits: None, automate: Automate
) -> None:
    await car(home)
    await automate("plan_when_plugged_in", plug=PLUG, target=8)
    for state in ("on", "off"):
        home.hass.states.async_set(PLUG, state)
        await home.settle()
    await home.go_to(NOW + HOUR)
    assert home.wishes == []


async def test_plan_what_was_set_over_a_restart(
    home: Home, waits: None, automate: Automate
) -> None:
    """What was changed for this car stays, when the charger comes back, too."""
    await car(home)
    await automate("plan_when_plugged_in", plug=PLUG, target=8)
    await plugged(home, "on")
    later = "2026-11-24T06:00:00+00:00"
    await home.act("set_value", "datetime", "ready_by", datetime=later)

    await start(home)
    for state in (STATE_UNAVAILABLE, "on"):
        await plugged(home, state)
    assert home.value("datetime", "ready_by") == later
    assert len(home.wishes) == 1


@pytest.mark.parametrize("state", [STATE_UNAVAILABLE, "on"])
async def test_plan_for_a_car_that_came_meanwhile(
    home: Home, waits: None, automate: Automate, state: str
) -> None:
    """While the charger, or Home Assistant, was away."""
    await car(home, state)
    await automate("plan_when_plugged_in", plug=PLUG, target=8)
    await start(home)
    await plugged(home, "on")
    assert home.value("datetime", "ready_by") == AT_SEVEN
    assert len(home.wishes) == 1


async def test_plan_when_the_server_is_back(
    home: Home, waits: None, automate: Automate
) -> None:
    """It is tried again, for some minutes."""
    await car(home)
    home.server.fail(REFUSED)
    await automate("plan_when_plugged_in", plug=PLUG, target=8)
    await plugged(home, "on")
    home.server.recover()
    tried = len(home.wishes)

    # Nobody knows whether a charger that is away has its car.
    home.hass.states.async_set(PLUG, STATE_UNAVAILABLE)
    await home.go_to(dt_util.utcnow() + MINUTE)
    assert len(home.wishes) == tried + 1
    await home.go_to(dt_util.utcnow() + MINUTE)
    assert len(home.wishes) == tried + 1


async def test_plan_no_more_for_a_car_that_is_gone(
    home: Home, waits: None, automate: Automate
) -> None:
    await car(home)
    home.server.fail(REFUSED)
    await automate("plan_when_plugged_in", plug=PLUG, target=8)
    await plugged(home, "on")
    await plugged(home, "off")
    home.server.recover()
    tried = len(home.wishes)
    for _ in range(5):
        await home.go_to(dt_util.utcnow() + MINUTE)
    assert len(home.wishes) == tried


# --- announce_cheap_hours

PRICES = [300, 200, 110, 400, -50, 100, 80, 90, 500, 500, 500, 500, 500, 500]
"""From 11:00 on, in EUR/MWh."""


async def priced(home: Home, *values: float | None, **settings: Any) -> None:
    """Make a device that looks a day ahead, with prices."""
    home.has_prices(*values)
    await home.set_up(device(schedule_duration=86400, **settings))


async def announced(
    home: Home, automate: Automate, messages: list[ServiceCall], **inputs: Any
) -> list[str]:
    """Give what is announced at noon."""
    await automate("announce_cheap_hours", time="12:00:00", **inputs)
    await home.go_to(SLOT + HOUR)
    return [message.data["message"] for message in messages]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param(
            {"hours": 2},
            "Energy is cheapest 15:00 to 17:00: 0.025 EUR/kWh on average.",
            id="in one piece",
        ),
        pytest.param(
            {"hours": 2.5},
            "Energy is cheapest 15:00 to 17:30: 0.036 EUR/kWh on average.",
            id="with a part of an hour",
        ),
        pytest.param(
            {"hours": 4},
            "Energy is cheapest 15:00 to 19:00: 0.055 EUR/kWh on average.",
            id="across several",
        ),
        pytest.param(
            {"hours": 4.5, "in_one_piece": False},
            "Energy is cheapest 13:00 to 13:30, 15:00 to 19:00: "
            "0.0611 EUR/kWh on average.",
            id="wherever they are",
        ),
        pytest.param(
            {"hours": 1, "ahead": 2, "known": 0},
            "Energy is cheapest 13:00 to 14:00: 0.11 EUR/kWh on average.",
            id="not far ahead",
        ),
    ],
)
async def test_announce(
    home: Home,
    automate: Automate,
    messages: list[ServiceCall],
    inputs: dict[str, Any],
    message: str,
) -> None:
    """In local times."""
    await priced(home, *PRICES)
    assert await announced(home, automate, messages, **inputs) == [message]
    await home.go_to(SLOT + 2 * HOUR)
    assert len(messages) == 1


async def test_announce_tomorrow(
    home: Home, automate: Automate, messages: list[ServiceCall]
) -> None:
    """The day is named."""
    await priced(home, *[200.0] * 16, 10.0, 20.0, *[200.0] * 6)
    assert await announced(home, automate, messages) == [
        "Energy is cheapest tomorrow 03:00 to 05:00: 0.015 EUR/kWh on average."
    ]


async def test_announce_for_automations(home: Home, automate: Automate) -> None:
    """By any actions, with the times as data."""
    calls = async_mock_service(home.hass, "notify", "notify")
    await priced(home, *PRICES)
    data = {"message": "{{ mean }} {{ unit }}", "data": {"cheapest": "{{ cheapest }}"}}
    actions = [{"action": "notify.notify", "data": data}]
    await announced(home, automate, [], hours=4.5, in_one_piece=False, actions=actions)
    (call,) = calls
    assert call.data["message"] == "0.0611 EUR/kWh"
    assert call.data["data"]["cheapest"] == [
        {
            "start": "2026-11-22T13:00:00+01:00",
            "end": "2026-11-22T13:30:00+01:00",
            "price": 0.11,
        },
        {
            "start": "2026-11-22T15:00:00+01:00",
            "end": "2026-11-22T19:00:00+01:00",
            "price": 0.055,
        },
    ]


async def test_announce_when_the_prices_of_tomorrow_are_there(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """It is waited for them."""
    await priced(home, *PRICES[:6])
    assert await announced(home, automate, messages) == []
    home.has_prices(*PRICES)
    for number in range(1, 6):
        await home.go_to(NOW + HOUR + number * QUARTER)
    (message,) = messages
    assert "cheapest 15:00 to 17:00" in message.data["message"]


async def test_announce_what_is_known_at_last(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """After six hours, whether that is enough or not."""
    await priced(home)
    assert await announced(home, automate, messages) == []
    for number in range(1, 25):
        await home.go_to(SLOT + HOUR + number * QUARTER)
    (message,) = messages
    assert message.data["message"] == "The prices of the coming hours are not known."


async def test_announce_that_the_price_is_always_the_same(
    home: Home, automate: Automate, messages: list[ServiceCall]
) -> None:
    home.server.assets[HOUSE]["flex_context"] = {"consumption-price": "0.3 EUR/kWh"}
    await priced(home)
    assert await announced(home, automate, messages) == [
        "Energy always costs 0.3 EUR/kWh."
    ]


async def test_announce_in_any_account(
    home: Home, waits: None, automate: Automate, messages: list[ServiceCall]
) -> None:
    """Also when FlexMeasures is loaded a little later."""
    await priced(home, *PRICES)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert await announced(home, automate, messages) == []
    await home.start()
    await home.go_to(SLOT + HOUR + QUARTER)
    (message,) = messages
    assert "cheapest 15:00 to 17:00" in message.data["message"]
