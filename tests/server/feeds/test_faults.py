"""Days on which everything breaks: afterwards, the server has what a clean run gives it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from random import Random

import pytest

from .sending_home import AFTER, FIVE, HOUR, MINUTE, NOON, SECOND, SendingHome
from .test_stops import COUNTER, LEVEL, POWER, SWITCH, Sensors

_LOGGER = logging.getLogger(__name__)

STATUSES = ("429", "500", "502", "503")
TROUBLES = ("refuse", "timeout", "lost", *STATUSES)


class Chaos:
    """Breaks and mends what is between the house and its data, by the dice."""

    def __init__(self, home: SendingHome, dice: Random) -> None:
        """Begin with all in order."""
        self.home = home
        self.dice = dice
        self.counted = 100.0
        self._down: dict[str, datetime] = {}

    async def tick(self) -> None:
        """Let something happen, at some moments of the next five minutes."""
        home, dice = self.home, self.dice
        await self.mend()
        fate = dice.random()
        if fate < 0.06:
            self._break_network()
        elif fate < 0.12:
            await self._break_server(at_work=dice.random() < 0.7)
        elif fate < 0.165:
            await self._break_home()
        until = home.now + FIVE
        while home.now < until:
            home.freezer.tick(dice.randint(20, 200) * SECOND)
            self._measure()
        await home.pass_time(home.now + MINUTE, MINUTE)

    def _measure(self) -> None:
        home, dice = self.home, self.dice
        self.counted += dice.random()
        for entity, value in (
            (POWER, dice.randint(-3000, 6000)),
            (COUNTER, round(self.counted, 3)),
            (LEVEL, dice.randint(0, 100)),
            (SWITCH, dice.choice(("on", "off"))),
        ):
            if dice.random() < 0.4:
                home.say(entity, value if dice.random() < 0.95 else "unavailable")

    def _note(self, text: str) -> None:
        _LOGGER.info("%s %s", self.home.now, text)

    def _break_network(self) -> None:
        self.home.network.trouble = self.dice.choice(TROUBLES)
        self._down["network"] = self.home.now + self.dice.randint(3, 120) * MINUTE
        self._note(f"network: {self.home.network.trouble}")

    async def _break_server(self, *, at_work: bool) -> None:
        part = self.dice.choice(("web", "worker", "database"))
        if part in self._down:
            return
        self._note(f"{part} ends{' at work' if at_work else ''}")
        self._down[part] = self.home.now + self.dice.randint(2, 90) * MINUTE
        self._tell_home()
        stop: Callable[[], None] = getattr(self.home.server, f"stop_{part}")
        if at_work:
            next_slot = datetime.fromtimestamp(
                (self.home.now.timestamp() // 300 + 1) * 300, tz=self.home.now.tzinfo
            )
            await asyncio.gather(
                self.home.go_to(next_slot + AFTER), asyncio.to_thread(stop)
            )
        else:
            stop()

    def _tell_home(self) -> None:
        self.home.server_works = not self._down.keys() & {"worker", "database"}

    async def _break_home(self) -> None:
        home, dice = self.home, self.dice
        how = dice.choice(("stop", "kill", "kill at work", "kill", "reload"))
        self._note(how)
        if how == "reload":
            await home.hass.config_entries.async_reload("the_account")
            await home.settle()
            return
        if how == "kill at work":
            home.begin(home.now + AFTER)
            for _ in range(dice.randint(0, 60)):
                await asyncio.sleep(0)
        if how == "stop":
            await home.stop()
        else:
            await home.kill(in_mid_request=how == "kill at work")
        home.freezer.tick(dice.randint(5, 3000) * SECOND)
        home.shown[COUNTER] = (round(self.counted, 3), home.shown[COUNTER][1])
        await home.start()

    async def mend(self, *, all_of_it: bool = False) -> None:
        """Let what was down for long enough, or all of it, work again."""
        for part, until in list(self._down.items()):
            if all_of_it or until <= self.home.now:
                del self._down[part]
                self._note(f"{part} is back")
                if part == "network":
                    self.home.network.trouble = ""
                else:
                    getattr(self.home.server, f"start_{part}")()
                self._tell_home()

    async def end(self) -> None:
        """Let all be in order for more than a day."""
        await self.mend(all_of_it=True)
        for _ in range(14):
            await self.home.pass_time(self.home.now + 2 * HOUR, 2 * HOUR)
        await self.home.go_to(self.home.now + AFTER)


@pytest.mark.parametrize("seed", [1])
async def test_everything_breaks(sending: SendingHome, seed: int) -> None:
    """None missing, none doubled, none wrong, nothing for the time it was off."""
    sensors = Sensors(sending)
    await sensors.make()
    sending.freezer.move_to(NOON - 2 * MINUTE)
    await sending.start()
    chaos = Chaos(sending, Random(seed))  # noqa: S311
    try:
        while sending.now < NOON + timedelta(hours=24):
            await chaos.tick()
        await chaos.end()
    finally:
        await chaos.mend(all_of_it=True)

    sensors.check(NOON - HOUR)
    for sensor in (sensors.power, sensors.energy, sensors.level, sensors.share):
        assert sending.shows(sensor, "last_error").state == "none"
        assert sending.shows(sensor, "backlog").state == "0"
    assert not sending.issues()
