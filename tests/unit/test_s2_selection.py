"""The control type that is wanted is in force in the end, however the RM answers."""

import asyncio
from collections.abc import Callable

import pytest

from homeassistant.exceptions import HomeAssistantError

from .home import HOUR, MINUTE, NOW, Home
from .s2_rm import FRBC, PEBC, FakeRM, paired
from .test_s2_control import SECOND, choose, controlled, describe, go_to, received, told

SELECT = "SelectControlType"


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


def selected(rm: FakeRM) -> list[str]:
    """The control types that the RM was asked for, in order."""
    return [message["control_type"] for message in received(rm, SELECT)]


async def answer(rm: FakeRM, place: int, status: str = "OK") -> None:
    """Answer one of the requests for a control type."""
    await rm.send(
        {
            "message_type": "ReceptionStatus",
            "subject_message_id": received(rm, SELECT)[place]["message_id"],
            "status": status,
        }
    )
    await rm.tell("InstructionStatusUpdate", instruction_id="of-nobody")


async def test_handed_back_and_taken_back_before_the_rm_agrees(
    home: Home, rm: FakeRM
) -> None:
    await home.set_up(paired())
    await controlled(rm)
    before = len(selected(rm))
    rm.answers[SELECT] = None
    rm.resource.async_hand_back()
    rm.resource.async_take_back()
    await rm.expect(SELECT, control_type="NO_SELECTION")
    await rm.expect(SELECT, control_type=FRBC)
    assert selected(rm)[before:] == ["NO_SELECTION", FRBC]
    await answer(rm, before)
    assert rm.resource.control_type == "NO_SELECTION"
    await answer(rm, before + 1)
    assert rm.resource.control_type == FRBC


@pytest.mark.parametrize(
    ("status", "seconds"), [("TEMPORARY_ERROR", (0, 5, 15, 35)), (None, (0, 15, 35))]
)
async def test_asked_again(
    home: Home, rm: FakeRM, status: str | None, seconds: tuple[int, ...]
) -> None:
    """Of an RM that cannot now, and of one that does not answer: after a pause that grows."""
    await home.set_up(paired())
    await controlled(rm)
    await rm.leave()
    rm.answers[SELECT] = status
    before = len(selected(rm))
    await rm.start(FRBC, instruction_processing_delay=0)
    await rm.expect(SELECT, control_type=FRBC)
    found: list[int] = []
    for second in range(40):
        await go_to(rm, NOW + second * SECOND)
        if len(selected(rm)) > before + len(found):
            found.append(second)
    assert found == pytest.approx(seconds, abs=1)
    rm.answers.clear()
    await go_to(rm, NOW + 50 * SECOND)
    await go_to(rm, NOW + 90 * SECOND)
    await home.until(lambda: rm.resource.control_type == FRBC)
    asked = len(selected(rm))
    await go_to(rm, NOW + 5 * MINUTE)
    assert len(selected(rm)) == asked


async def test_refused_for_good_is_not_asked_again(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await controlled(rm)
    await rm.leave()
    rm.answers[SELECT] = "INVALID_CONTENT"
    before = len(selected(rm))
    await rm.start(FRBC, instruction_processing_delay=0)
    await rm.expect(SELECT, control_type=FRBC)
    await go_to(rm, NOW + HOUR)
    assert selected(rm)[before:] == [FRBC]


async def test_not_asked_again_once_it_is_gone(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await controlled(rm)
    rm.answers[SELECT] = "TEMPORARY_ERROR"
    rm.resource.async_hand_back()
    await rm.expect(SELECT, control_type="NO_SELECTION")
    await answer(rm, -1, "TEMPORARY_ERROR")
    await rm.leave()
    asked = len(selected(rm))
    await home.go_to(NOW + HOUR)
    assert len(selected(rm)) == asked


async def test_user_chooses_meanwhile(home: Home, rm: FakeRM) -> None:
    """Nothing else is asked for until the RM has answered."""
    await home.set_up(paired())
    await rm.start(FRBC, PEBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    rm.answers[SELECT] = "TEMPORARY_ERROR"
    rm.resource.async_hand_back()
    await rm.expect(SELECT, control_type="NO_SELECTION")
    await go_to(rm, NOW + SECOND)
    rm.answers[SELECT] = None
    # Else Home Assistant would wait for it whenever time passes.
    choice = asyncio.create_task(choose(rm, PEBC))
    await rm.expect(SELECT, control_type=PEBC)
    asked = len(selected(rm))
    await rm.pass_to(NOW + 8 * SECOND)
    await answer(rm, -1)
    assert len(selected(rm)) == asked
    await choice
    assert rm.resource.control_type == PEBC


async def test_choice_that_is_not_answered(home: Home, rm: FakeRM) -> None:
    """What was there before is asked for again: the RM may have left it."""
    home.has_planned(1.0, 1.0)
    await home.set_up(paired())
    await rm.start(FRBC, PEBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    await describe(rm)
    rm.answers[SELECT] = None
    choice = home.hass.async_create_task(choose(rm, PEBC))
    await rm.expect(SELECT, control_type=PEBC)
    rm.answers.clear()
    await go_to(rm, NOW + 11 * SECOND)
    with pytest.raises(HomeAssistantError) as raised:
        await choice
    assert raised.value.translation_key == "s2_unanswered"
    await rm.expect(SELECT, control_type=FRBC)
    await home.until(lambda: rm.resource.control_type == FRBC)
    await describe(rm)
    await go_to(rm, NOW + 20 * SECOND)
    assert told(rm)[-1] == ("charge", 0.2)
