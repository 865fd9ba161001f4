"""Programs of machines (PPBC): told at once, by the newest prices, and in time."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from homeassistant.util import dt as dt_util

from .fake_server import PRICE
from .home import HOUR, MINUTE, NOW, Home
from .s2.devices import L1
from .s2_rm import PPBC, FakeRM, paired
from .test_s2_control import SECOND, choose, go_to, received

START = "PPBC.ScheduleInstruction"
TEN = NOW.replace(minute=0)


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


async def define(
    rm: FakeRM, end: datetime, *, duration: timedelta = HOUR, profile: str = "wash"
) -> None:
    """Announce a program that is to be done by a time."""
    await rm.tell(
        "PPBC.PowerProfileDefinition",
        id=profile,
        start_time=dt_util.utcnow(),
        end_time=end,
        power_sequences_containers=[
            {
                "id": "washing",
                "power_sequences": [
                    {
                        "id": "eco",
                        "elements": [
                            {
                                "duration": duration,
                                "power_values": [
                                    {"value_expected": 1000, "commodity_quantity": L1}
                                ],
                            }
                        ],
                        "is_interruptible": False,
                        "abnormal_condition_only": False,
                    }
                ],
            }
        ],
    )


def starts(rm: FakeRM) -> list[datetime]:
    """When the RM was told to start something, in the order in which it was told."""
    return [
        datetime.fromisoformat(message["execution_time"])
        for message in received(rm, START)
    ]


async def machine(home: Home, rm: FakeRM, *prices: float) -> None:
    """Connect one, with prices from ten o'clock on."""
    home.has_prices(*prices)
    await home.set_up(
        paired(
            consumption_price_sensor=PRICE,
            schedule_duration=8 * 3600,
            update_interval=86400,
        )
    )
    await rm.start(PPBC, instruction_processing_delay=0)
    await choose(rm, PPBC)


async def test_the_start_is_told_at_once(home: Home, rm: FakeRM) -> None:
    """So that the program runs also if Home Assistant is away by then."""
    await machine(home, rm, 300, 300, 300, 100, 300, 300, 300)
    await define(rm, TEN + 7 * HOUR)
    await go_to(rm, NOW + 2 * SECOND)
    assert starts(rm) == [TEN + 3 * HOUR]
    await go_to(rm, NOW + HOUR)
    assert len(starts(rm)) == 1
    await go_to(rm, TEN + 3 * HOUR + MINUTE)
    assert len(starts(rm)) == 1
    assert not received(rm, "RevokeObject")


async def test_newer_prices_choose_anew(home: Home, rm: FakeRM) -> None:
    """They are looked at also where there is no schedule to be made."""
    await machine(home, rm, 300, 300, 300, 100, 300, 300, 300)
    await define(rm, TEN + 7 * HOUR)
    await go_to(rm, NOW + 2 * SECOND)
    told = received(rm, START)[0]
    home.has_prices(300, 300, 300, 100, 300, 50, 300)
    for quarter in range(1, 4):
        await go_to(rm, NOW + quarter * 15 * MINUTE + 3 * SECOND)
    assert starts(rm) == [TEN + 3 * HOUR, TEN + 5 * HOUR]
    (revoked,) = received(rm, "RevokeObject")
    assert revoked["object_id"] == told["id"]
    # What was told first is not taken for what it does when that time comes.
    await go_to(rm, TEN + 3 * HOUR + 10 * MINUTE)
    home.has_prices(300, 300, 300, 300, 300, 300, 40)
    for quarter in range(1, 4):
        await go_to(rm, TEN + 3 * HOUR + (quarter * 15 + 11) * MINUTE)
    assert starts(rm)[2:] == [TEN + 6 * HOUR]


async def test_too_late(home: Home, rm: FakeRM) -> None:
    """It is told, and no more once the program is another one."""
    await machine(home, rm, *(12 * [300]))
    await define(rm, TEN + 2 * HOUR, duration=3 * HOUR)
    await go_to(rm, NOW + 2 * SECOND)
    assert starts(rm) == []
    assert home.value("sensor", "scheduling_status") == "s2_profile_late"
    await define(rm, TEN + 6 * HOUR, duration=3 * HOUR)
    await go_to(rm, NOW + 5 * SECOND)
    assert len(starts(rm)) == 1
    assert home.value("sensor", "scheduling_status") != "s2_profile_late"


async def test_programs_that_are_gone(home: Home, rm: FakeRM) -> None:
    """What was told for them is shown no more."""
    await machine(home, rm, *(12 * [300]))
    await define(rm, TEN + 3 * HOUR)
    await go_to(rm, NOW + 2 * SECOND)
    await go_to(rm, NOW + 9 * SECOND)
    assert home.value("sensor", "current_instruction") == "eco"
    await rm.tell(
        "RevokeObject", object_type="PPBC.PowerProfileDefinition", object_id="wash"
    )
    await go_to(rm, NOW + 20 * SECOND)
    assert home.value("sensor", "current_instruction") == "unknown"
