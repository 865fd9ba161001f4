"""What an RM does not describe any more is neither shown nor remembered."""

from collections.abc import Callable

import pytest

from .home import NOW, Home
from .s2 import devices
from .s2.devices import actuator, element, mode, power, storage
from .s2_rm import FRBC, FakeRM, paired
from .test_repairs import issues
from .test_s2_control import INSTRUCTION, SECOND, choose, go_to, received


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


async def describe(rm: FakeRM, *names: str) -> None:
    """Say that it has these actuators, each with one operation mode of its name."""
    await rm.tell(
        "FRBC.SystemDescription",
        **storage(
            (0, 100),
            *(
                actuator(
                    mode(name, element((0, 100), (0, 0.01), power(0, 2000))),
                    actuator_id=name,
                )
                for name in names
            ),
            at=NOW,
        ),
    )
    await rm.tell("FRBC.StorageStatus", present_fill_level=5)
    for name in names:
        await rm.tell(
            "FRBC.ActuatorStatus", **devices.frbc_status(name, actuator_id=name)
        )


async def test_actuator_that_is_gone(home: Home, rm: FakeRM) -> None:
    home.has_planned(*(12 * [3.0]))
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    await describe(rm, "left", "right")
    await go_to(rm, NOW + 2 * SECOND)
    shown = home.value("sensor", "current_instruction")
    assert "left" in shown
    assert "right" in shown
    await describe(rm, "left")
    await go_to(rm, NOW + 20 * SECOND)
    shown = home.value("sensor", "current_instruction")
    assert "left" in shown
    assert "right" not in shown


async def test_refusals_are_remembered_whatever_is_followed_meanwhile(
    home: Home, rm: FakeRM
) -> None:
    """The pauses grow, and there is a repair."""
    home.has_planned(*(12 * [1.0]))
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    rm.answers[INSTRUCTION] = "INVALID_CONTENT"
    await describe(rm, "left", "right")
    for second in range(0, 300, 5):
        await go_to(rm, NOW + second * SECOND)
        await rm.tell(
            "FRBC.ActuatorStatus",
            **devices.frbc_status("left", 0.1 + second % 10 / 50, actuator_id="left"),
        )
    # At once, and after 30, 60 and 120 s more.
    times = {each["execution_time"] for each in received(rm, INSTRUCTION)}
    assert len(times) == 4
    assert rm.resource.sender.refusals_in_a_row >= 3
    await home.until(
        lambda: any("s2_instructions_refused" in each for each in issues(home))
    )


async def test_new_names_all_the_time(home: Home, rm: FakeRM) -> None:
    """Also of actuators that refuse what they are told."""
    home.has_planned(*(12 * [1.0]))
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    for step in range(30):
        await describe(rm, f"one-{step}", f"other-{step}")
        await go_to(rm, NOW + (step + 1) * 20 * SECOND)
        if step % 5 == 0 and (sent := received(rm, INSTRUCTION)):
            await rm.update(sent[-1], "REJECTED")
    sender = rm.resource.sender
    assert len(sender._given) <= 2
    assert len(sender._refusals) <= 2
    assert len(rm.resource.follower._last) <= 100
