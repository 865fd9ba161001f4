"""What the user is told to repair about a device's resource manager, and how that goes."""

from collections.abc import Callable
from datetime import timedelta

from aiohttp import WSServerHandshakeError
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.cem.server.pairing import hash_token
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from .fake_server import BATTERY_POWER, GARAGE_POWER
from .flows import fields
from .home import HOUR, MINUTE, NOW, Home
from .s2_rm import BATTERY, FRBC, OMBC, FakeRM, paired, route_of, token_of
from .test_repairs import (
    Repairs,
    issues as all_issues,
    repairs,  # noqa: F401
    settings_form,
)

pytestmark = pytest.mark.usefixtures("no_secret_logged")

OTHER_DEVICE = f"s2_other_device_{BATTERY_POWER}"
EXPOSED = f"s2_token_exposed_{BATTERY_POWER}"
CLOCK = f"s2_wrong_clock_{BATTERY_POWER}"
CONTESTED = f"s2_contested_{BATTERY_POWER}"
REFUSED = f"s2_instructions_refused_{BATTERY_POWER}"
NOT_PLANNABLE = f"s2_not_plannable_{BATTERY_POWER}"

STRANGER = "the-id-of-a-stranger"


def issues(home: Home) -> dict[str, ir.IssueEntry]:
    """Give what is wrong; what is still to be set is another matter."""
    return {
        issue_id: issue
        for issue_id, issue in all_issues(home).items()
        if not issue_id.startswith("s2_to_be_set_")
    }


async def stranger_comes(home: Home, new_rm: Callable[..., FakeRM]) -> FakeRM:
    """Let the battery's RM come and go, and another one come with its token."""
    battery = new_rm()
    await battery.start()
    await battery.leave()
    stranger = new_rm()
    await stranger.connect()
    await stranger.shake_hands()
    await stranger.introduce(resource_id=STRANGER)
    await stranger.expect("SessionRequest", request="TERMINATE")
    return stranger


async def devices_fight(home: Home, new_rm: Callable[..., FakeRM]) -> None:
    """Let two devices push each other out until no more are let in."""
    for _ in range(6):
        await new_rm().start()
    with pytest.raises(WSServerHandshakeError, match="429"):
        await new_rm().connect()


async def without_fill_level(home: Home, rm: FakeRM) -> None:
    """Let the battery be controlled, though it does not tell how full it is."""
    await rm.start()
    await rm.select(FRBC)
    await rm.tell("FRBC.SystemDescription", **BATTERY)
    await rm.pass_to(NOW + timedelta(seconds=5))
    await home.until(lambda: rm.resource.problem)


# --- a token that others may know


async def test_exposed_token(
    home: Home,
    hass_client_no_auth: ClientSessionGenerator,
    repairs: Repairs,  # noqa: F811
) -> None:
    """The repair leads to where a new one is made."""
    await home.set_up(paired())
    client = await hass_client_no_auth()
    path = f"{route_of(BATTERY_POWER)}?token={token_of(BATTERY_POWER)}"
    await client.get(f"/api/flexmeasures/s2/{path}")

    issue = issues(home)[EXPOSED]
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.is_fixable
    flow = await repairs.submit(await repairs.open(EXPOSED))
    form = await settings_form(home, flow)

    assert form["step_id"] == "s2_pairing"
    assert "s2_new_token" in fields(form)


# --- a clock


@pytest.mark.parametrize(
    ("off_by", "kind", "minutes"),
    [(HOUR, "s2_clock_ahead", "60"), (-HOUR, "s2_clock_behind", "60")],
)
async def test_clock_that_is_an_hour_off(
    home: Home, rm: FakeRM, off_by: timedelta, kind: str, minutes: str
) -> None:
    await home.set_up(paired())
    await rm.start()
    for _ in range(2):
        await rm.tell("PowerMeasurement", measurement_timestamp=NOW + off_by)
    assert CLOCK not in issues(home)

    await rm.tell("InstructionStatusUpdate", timestamp=NOW + off_by)

    issue = issues(home)[CLOCK]
    assert issue.translation_key == kind
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "minutes": minutes,
    }
    await rm.tell("PowerMeasurement", measurement_timestamp=NOW)
    assert CLOCK not in issues(home)


@pytest.mark.parametrize("off_by", [4 * MINUTE, -29 * MINUTE])
async def test_clock_that_may_be_right(
    home: Home, rm: FakeRM, off_by: timedelta
) -> None:
    """What was measured may have been averaged for long."""
    await home.set_up(paired())
    await rm.start()
    for _ in range(9):
        await rm.tell("PowerMeasurement", measurement_timestamp=NOW + off_by)

    assert CLOCK not in issues(home)


async def test_clock_of_another_connection(home: Home, rm: FakeRM) -> None:
    """It may have been set."""
    await home.set_up(paired())
    await rm.start()
    for _ in range(3):
        await rm.tell("PowerMeasurement", measurement_timestamp=NOW + HOUR)
    assert CLOCK in issues(home)

    await rm.leave()

    assert CLOCK not in issues(home)


# --- another device


async def test_other_device(home: Home, new_rm: Callable[..., FakeRM]) -> None:
    """Who it is is not told."""
    await home.set_up(paired())

    await stranger_comes(home, new_rm)

    issue = issues(home)[OTHER_DEVICE]
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.is_fixable
    assert issue.translation_placeholders == {"device": "Home battery"}
    assert STRANGER not in str(issue)


async def test_other_device_is_accepted(
    home: Home,
    new_rm: Callable[..., FakeRM],
    repairs: Repairs,  # noqa: F811
) -> None:
    """It can connect from then on, and the former one no longer."""
    await home.set_up(paired())
    stranger = await stranger_comes(home, new_rm)
    await stranger.close()

    form = await repairs.open(OTHER_DEVICE)
    assert form["type"] == FlowResultType.FORM
    assert STRANGER not in str(form)
    done = await repairs.submit(form)

    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert issues(home) == {}
    await stranger.start(resource_id=STRANGER)
    assert stranger.resource.is_connected
    await stranger.leave()
    await new_rm().start()
    assert OTHER_DEVICE in issues(home)


async def test_right_device_is_back(home: Home, new_rm: Callable[..., FakeRM]) -> None:
    """That someone else knows the token is told for a day all the same."""
    await home.set_up(paired())
    await stranger_comes(home, new_rm)

    await new_rm().start()

    assert set(issues(home)) == {OTHER_DEVICE}
    await home.go_to(NOW + timedelta(days=1))
    assert issues(home) == {}


async def test_right_device_is_back_while_it_is_repaired(
    home: Home,
    new_rm: Callable[..., FakeRM],
    repairs: Repairs,  # noqa: F811
) -> None:
    """The user has the last word."""
    await home.set_up(paired())
    stranger = await stranger_comes(home, new_rm)
    await stranger.close()
    form = await repairs.open(OTHER_DEVICE)
    right = new_rm()
    await right.start()

    await repairs.submit(form, is_settled=False)

    assert not right.resource.is_connected
    assert right.resource.memory.resource_id == STRANGER


async def test_other_device_is_long_gone(
    home: Home,
    new_rm: Callable[..., FakeRM],
    repairs: Repairs,  # noqa: F811
) -> None:
    """Whom to accept is not known any more."""
    await home.set_up(paired())
    stranger = await stranger_comes(home, new_rm)
    form = await repairs.open(OTHER_DEVICE)
    await stranger.close()
    await home.reload()
    await repairs.submit(form)
    assert stranger.resource.memory.resource_id != STRANGER


async def test_account_is_not_loaded(
    home: Home,
    new_rm: Callable[..., FakeRM],
    repairs: Repairs,  # noqa: F811
) -> None:
    await home.set_up(paired())
    await (await stranger_comes(home, new_rm)).close()
    form = await repairs.open(OTHER_DEVICE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    done = await repairs.submit(form)

    assert done["type"] == FlowResultType.ABORT
    assert done["reason"] == "not_loaded"


# --- devices that fight


async def test_contested(
    home: Home,
    new_rm: Callable[..., FakeRM],
    repairs: Repairs,  # noqa: F811
) -> None:
    """It is over when the user says so."""
    await home.set_up(paired())
    await devices_fight(home, new_rm)
    issue = issues(home)[CONTESTED]
    assert issue.severity is ir.IssueSeverity.ERROR

    form = await repairs.open(CONTESTED)
    done = await repairs.submit(form, is_settled=False)

    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert issues(home) == {}


# --- refusals


async def test_instructions_refused(home: Home, rm: FakeRM) -> None:
    """Three in a row, until it does what it is told again."""
    home.has_planned(*[1.0] * 8)
    await home.set_up(paired())
    rm.answers["FRBC.Instruction"] = "INVALID_CONTENT"
    await rm.start()
    await rm.select(FRBC)
    await rm.tell("FRBC.SystemDescription", **BATTERY)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    moment = NOW
    for refusals in (1, 2, 3):
        assert REFUSED not in issues(home)
        moment += 3 * MINUTE
        await rm.pass_to(moment)
        await rm.expect("FRBC.Instruction")
        sender = rm.resource.sender
        await home.until(lambda: sender.refusals_in_a_row == refusals)  # noqa: B023

    issue = issues(home)[REFUSED]
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_fixable
    assert issue.learn_more_url

    del rm.answers["FRBC.Instruction"]
    await rm.pass_to(moment + 3 * MINUTE)
    await rm.expect("FRBC.Instruction", operation_mode_factor=0.2)
    await home.until(lambda: home.value("sensor", "instruction_status") == "received")
    home.has_planned(*[1.0] * 3, *[2.0] * 5)
    await rm.leave()
    assert issues(home) == {}


# --- no schedule


async def test_not_plannable(home: Home, rm: FakeRM) -> None:
    """It is told after five minutes, and taken back when nothing is missing any more."""
    await home.set_up(paired(automatic_scheduling=True))
    await without_fill_level(home, rm)
    since = rm.resource.replanning.problem_since
    assert since
    await rm.pass_to(since + 5 * MINUTE - timedelta(seconds=1))
    assert issues(home) == {}

    await rm.pass_to(since + 5 * MINUTE)

    issue = issues(home)[NOT_PLANNABLE]
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_fixable
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "reason": "The device has not reported its fill level yet. Wait until it has, "
        "or see whether the device works.",
    }
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await rm.pass_to(since + 6 * MINUTE)
    await home.until(lambda: not issues(home))


async def test_not_plannable_for_a_short_time(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired(automatic_scheduling=True))
    await without_fill_level(home, rm)

    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await rm.pass_to(NOW + MINUTE)
    await home.until(lambda: not rm.resource.problem)
    await rm.pass_to(NOW + 10 * MINUTE)

    assert issues(home) == {}


async def test_not_plannable_is_no_failure(home: Home, rm: FakeRM) -> None:
    """However often a schedule is asked for by hand."""
    await home.set_up(paired())
    await without_fill_level(home, rm)

    for _ in range(4):
        with pytest.raises(Exception, match="fill level"):
            await home.call("trigger_schedule", device_id=home.device_id())

    assert issues(home) == {}
    assert home.value("sensor", "scheduling_status") == "s2_no_fill_level"


# --- nothing is left behind


@pytest.fixture
async def in_trouble(home: Home, new_rm: Callable[..., FakeRM]) -> FakeRM:
    """A battery with issues of which none ends by itself, and a garage battery."""
    await home.set_up(paired(), paired(GARAGE_POWER))
    stranger = await stranger_comes(home, new_rm)
    await stranger.close()
    assert set(issues(home)) == {OTHER_DEVICE}
    return stranger


@pytest.mark.usefixtures("in_trouble")
async def test_device_is_removed(home: Home) -> None:
    home.hass.config_entries.async_remove_subentry(home.entry, str(BATTERY_POWER))
    await home.settle()

    assert issues(home) == {}


@pytest.mark.usefixtures("in_trouble")
async def test_account_is_disabled(home: Home) -> None:
    await home.hass.config_entries.async_set_disabled_by(
        home.entry.entry_id, ConfigEntryDisabler.USER
    )
    await home.settle()

    assert issues(home) == {}


@pytest.mark.usefixtures("in_trouble")
async def test_s2_is_switched_off(home: Home) -> None:
    entry = home.entry
    subentry = entry.subentries[str(BATTERY_POWER)]
    without = {key: value for key, value in subentry.data.items() if key != "s2"}
    home.hass.config_entries.async_update_subentry(entry, subentry, data=without)
    await home.settle()

    assert issues(home) == {}


@pytest.mark.usefixtures("in_trouble")
async def test_new_token(home: Home) -> None:
    """Whoever had the former one is not let in any more."""
    entry = home.entry
    subentry = entry.subentries[str(BATTERY_POWER)]
    renewed = {
        **subentry.data,
        "s2": {**subentry.data["s2"], "token_hash": hash_token("another")},
    }
    home.hass.config_entries.async_update_subentry(entry, subentry, data=renewed)
    await home.settle()

    assert issues(home) == {}


@pytest.mark.usefixtures("in_trouble")
async def test_of_the_right_device(home: Home, new_rm: Callable[..., FakeRM]) -> None:
    """What another device does changes nothing."""
    await new_rm(GARAGE_POWER).start(OMBC)
    await home.go_to(NOW + HOUR, is_settled=False)

    assert set(issues(home)) == {OTHER_DEVICE}
