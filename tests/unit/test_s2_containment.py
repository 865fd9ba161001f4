"""A defect, or an end in the middle of something, stays with the device that it is about."""

from collections.abc import Callable
from threading import Event
from typing import Any
from unittest.mock import patch

from aiohttp.web import WebSocketResponse
import pytest

from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.session.endings import EndReason
from homeassistant.exceptions import HomeAssistantError

from .fake_server import BATTERY_POWER, GARAGE_POWER
from .home import MINUTE, NOW, QUARTER, SLOT, Home, automatic
from .s2_rm import FRBC, FakeRM, paired
from .test_repairs import issues
from .test_s2_control import FAST, SECOND, controlled, go_to, told


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


async def test_error_while_a_plan_is_followed(
    home: Home, rm: FakeRM, caplog: pytest.LogCaptureFixture
) -> None:
    """The device does nothing, the user is told, and it goes on once that is over."""
    home.has_planned(*(12 * [1.0]))
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    with patch.object(FrbcHandler, "instructions", side_effect=ZeroDivisionError):
        for power in (2, 3):
            await home.override(power=power, duration="00:10:00")
            await go_to(rm, NOW + power * 10 * SECOND)
        assert told(rm) == [("charge", 0.2), ("charge", 0.0)]
        assert home.value("sensor", "scheduling_status") == "s2_defect"
        assert caplog.text.count("Unexpected exception in following") == 1
        await go_to(rm, NOW + 6 * MINUTE)
        assert f"s2_not_plannable_{BATTERY_POWER}" in issues(home)
    await home.override(power=4, duration="00:10:00")
    await go_to(rm, NOW + 7 * MINUTE)
    assert told(rm)[-1] == ("charge", 0.8)
    assert home.value("sensor", "scheduling_status") == "planned_elsewhere"


async def test_error_after_the_rm_has_left(home: Home, rm: FakeRM) -> None:
    """There is nothing left to be idle."""
    home.has_planned(*(12 * [1.0]))
    await home.set_up(paired())
    begun, go_on = Event(), Event()

    def fail(*_: Any) -> None:
        begun.set()
        assert go_on.wait(60)
        raise ZeroDivisionError

    with patch.object(FrbcHandler, "instructions", fail):
        await controlled(rm)
        await home.go_to(NOW + 2 * SECOND, is_settled=False)
        await home.until(begun.is_set)
        await rm.leave()
        go_on.set()
        await home.settle()
    assert not rm.resource.is_connected
    await rm.start(FRBC, instruction_processing_delay=0)
    assert rm.resource.problem is None


@pytest.mark.parametrize("idle", [None, RuntimeError()])
async def test_error_of_a_device_that_cannot_be_idle(
    home: Home, rm: FakeRM, idle: Exception | None
) -> None:
    """It gets its control back for a while."""
    home.has_planned(*(12 * [3.0]))
    await home.set_up(paired())
    with (
        patch.object(FrbcHandler, "instructions", side_effect=ZeroDivisionError),
        patch.object(
            FrbcHandler, "idle_instructions", side_effect=idle, return_value=None
        ),
    ):
        await controlled(rm, FAST, mode="fast")
        await go_to(rm, NOW + 2 * SECOND)
        await rm.expect("SelectControlType", control_type="NO_SELECTION")
    await go_to(rm, NOW + QUARTER + 10 * SECOND)
    await rm.expect("SelectControlType", control_type=FRBC)


async def test_error_of_one_leaves_the_others_their_schedule(
    home: Home, rm: FakeRM, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where a site is planned together."""
    home.server.sensors[GARAGE_POWER]["event_resolution"] = "PT15M"
    home.server.planned_values = [1.0]
    home.add_account(
        paired(automatic_scheduling=True, schedule_duration=6 * 3600),
        automatic(GARAGE_POWER, schedule_duration=6 * 3600),
    )
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.start()
    await controlled(rm)
    home.server.requests.clear()
    with patch.object(FrbcHandler, "flex_model", side_effect=ZeroDivisionError):
        await home.call("trigger_schedule", device_id=home.device_id(GARAGE_POWER))
        (request,) = home.triggers
        assert [each["sensor"] for each in request.json["flex-model"]] == [GARAGE_POWER]
        with pytest.raises(HomeAssistantError) as raised:
            await home.call("trigger_schedule", device_id=home.device_id())
    assert raised.value.translation_key == "s2_defect"
    assert "Unexpected exception in planning" in caplog.text


async def test_gone_while_it_is_let_in(
    home: Home, rm: FakeRM, caplog: pytest.LogCaptureFixture
) -> None:
    await home.set_up(paired())
    prepare = WebSocketResponse.prepare

    async def lost(socket: WebSocketResponse, request: Any) -> Any:
        prepared = await prepare(socket, request)
        request.transport.abort()
        await home.until(lambda: request.transport is None)
        return prepared

    with patch.object(WebSocketResponse, "prepare", lost):
        await rm.connect()
        await home.until(lambda: not rm.is_open)
    assert "AssertionError" not in caplog.text
    assert not rm.resource.is_connected
    await rm.start(FRBC)
    assert rm.resource.is_connected


async def test_session_ends_in_the_middle_of_an_instruction(
    home: Home, rm: FakeRM
) -> None:
    """Nothing more is sent, and nothing is a defect."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await controlled(rm, instruction_processing_delay=60000)
    await go_to(rm, NOW + 2 * SECOND)
    await go_to(rm, SLOT + QUARTER - 30 * SECOND)
    resource = rm.resource
    sent = resource.sender.last
    assert sent is not None
    # Whoever is told of the end first may ask for something.
    asked: list[object] = []

    def ask() -> None:
        if resource.link.connection is None and not asked:
            asked.append(resource.async_send(sent.instruction))
            asked.append(resource.async_revoke(sent.instruction))
            asked.append(resource.async_refused(sent.instruction))
            asked.append(resource.describe(sent.instruction))

    resource.async_add_listener(ask)
    resource.link.async_end(EndReason.REPLACED)
    assert asked == [False, None, None, None]
    assert not rm.resource.is_connected
