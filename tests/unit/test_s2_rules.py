"""Rules of the standard that belong to no single part of Home Assistant's side."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import WSMsgType
from aiohttp.test_utils import TestClient
import pytest

from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY_POWER
from .home import HOUR, MINUTE, NOW, Home
from .s2_rm import FRBC, FakeRM, paired, route_of, token_of

# aiohttp goes on with its heartbeat for a moment where a connection was lost.
pytestmark = pytest.mark.parametrize("expected_lingering_timers", [True])

SECOND = timedelta(seconds=1)

type ClientMaker = Callable[[], Awaitable[TestClient[Any, Any]]]


async def open_socket(make_client: ClientMaker, **options: Any) -> Any:
    """Connect as the battery's RM."""
    return await (await make_client()).ws_connect(
        f"/api/flexmeasures/s2/{route_of(BATTERY_POWER)}",
        headers={"Authorization": f"Bearer {token_of(BATTERY_POWER)}"},
        **options,
    )


def selections(rm: FakeRM) -> list[str]:
    """Give the control types that the RM was asked to take up."""
    return [
        each["control_type"]
        for each in rm.received
        if each["message_type"] == "SelectControlType"
    ]


@pytest.mark.s2_rule("connection.compression")
async def test_messages_are_compressed_if_the_rm_can(
    home: Home, hass_client_no_auth: ClientMaker
) -> None:
    await home.set_up(paired())
    for able, window in ((True, 15), (False, 0)):
        socket = await open_socket(hass_client_no_auth, compress=15 * able)

        assert socket.compress == window
        assert (await socket.receive_json())["message_type"] == "Handshake"
        await socket.close()


@pytest.mark.s2_rule("connection.keepalive")
async def test_a_connection_is_kept_alive(
    home: Home, hass_client_no_auth: ClientMaker
) -> None:
    """Nor is an RM waited for that is not there any more."""
    await home.set_up(paired())
    socket = await open_socket(hass_client_no_auth, autoping=False)
    assert (await socket.receive_json())["message_type"] == "Handshake"

    await home.go_to(NOW + MINUTE, is_settled=False)
    assert (await socket.receive()).type is WSMsgType.PING

    await home.go_to(NOW + 2 * MINUTE, is_settled=False)
    while not socket.closed:
        await socket.receive()


@pytest.mark.s2_rule("select.in_time")
async def test_control_is_taken_up_at_once(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start(FRBC)
    await rm.select(FRBC)
    await rm.leave()
    rm.received.clear()

    await rm.start(FRBC)

    assert selections(rm) == [FRBC]
    assert dt_util.utcnow() - NOW < 5 * SECOND


@pytest.mark.s2_rule("status.again")
@pytest.mark.parametrize(("answer", "silence"), [("TEMPORARY_ERROR", 0), (None, 10)])
async def test_control_is_asked_for_again(
    home: Home,
    rm: FakeRM,
    answer: str | None,
    silence: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After pauses that grow, until the RM takes it up."""
    await home.set_up(paired())
    await rm.start(FRBC)
    await rm.select(FRBC)
    await rm.leave()
    rm.received.clear()
    rm.answers["SelectControlType"] = answer

    await rm.start(FRBC)
    moment = NOW
    for attempt, pause in enumerate((5, 10), start=1):
        await rm.expect("SelectControlType", control_type=FRBC)
        moment += silence * SECOND
        await rm.pass_to(moment)
        await home.until(lambda: caplog.text.count("did not take up") == attempt)  # noqa: B023
        await rm.pass_to(moment + (pause - 2) * SECOND)
        assert selections(rm) == attempt * [FRBC]
        if attempt == 2:
            rm.answers.clear()
        moment += (pause + 1) * SECOND
        await rm.pass_to(moment)

    await home.until(lambda: rm.resource.control_type is ControlType.FILL_RATE)
    assert selections(rm) == 3 * [FRBC]
    warnings = [each for each in caplog.records if "did not take up" in each.message]
    assert [each.levelname for each in warnings] == ["WARNING", "DEBUG"]
    await rm.pass_to(moment + HOUR)
    assert selections(rm) == 3 * [FRBC]


@pytest.mark.s2_rule("select.withdrawn")
async def test_control_that_is_refused_is_not_asked_for_again(
    home: Home, rm: FakeRM
) -> None:
    """Unless the RM asks for it."""
    await home.set_up(paired())
    await rm.start(FRBC)
    await rm.select(FRBC)
    await rm.leave()
    rm.received.clear()
    rm.answers["SelectControlType"] = "INVALID_CONTENT"

    await rm.start(FRBC)
    await rm.expect("SelectControlType", control_type=FRBC)
    await rm.pass_to(NOW + HOUR)
    assert selections(rm) == [FRBC]
