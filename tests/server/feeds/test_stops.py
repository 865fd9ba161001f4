"""Home Assistant is stopped, or killed, and starts again: time that it was off is a gap."""

from datetime import datetime, timedelta

import pytest

from .sending_home import (
    AFTER,
    FIVE,
    HOUR,
    KWH,
    MINUTE,
    NOON,
    QUARTER,
    SECOND,
    SendingHome,
    W,
    check,
    feed,
    levels,
    means,
    rises,
    slots,
)

POWER, COUNTER, LEVEL, SWITCH = (
    "sensor.power",
    "sensor.counter",
    "sensor.soc",
    "binary_sensor.on",
)


class Sensors:
    """One of each kind."""

    def __init__(self, home: SendingHome) -> None:
        """Belong to a home."""
        self.home = home

    async def make(self) -> None:
        """Make the FlexMeasures sensors, and their feeds."""
        new = self.home.owner.sensor
        self.power = await new("kW", "PT15M", consumption_is_positive=True)
        self.energy = await new("kWh", "PT15M")
        self.level = await new("kWh", "PT0M")
        self.share = await new("%", "PT15M")
        self.home.feeds = [
            feed(self.power, POWER),
            feed(self.energy, COUNTER, method="difference", unit="kWh"),
            feed(self.level, LEVEL, method="level", unit="%", capacity=10),
            feed(self.share, SWITCH, method="share", unit=None),
        ]
        self.home.shown = {
            POWER: (1000, W),
            COUNTER: (100.0, KWH),
            LEVEL: (50, {"unit_of_measurement": "%", "device_class": "battery"}),
            SWITCH: ("on", {}),
        }

    def check(self, start: datetime) -> None:
        """Check what the server has since a moment, which has to be all that it has."""
        home = self.home
        end = home.now - AFTER
        quarters = slots(start, end, QUARTER)
        said = home.history
        check(home.server, self.power, means(said[POWER], quarters, QUARTER, 1 / 1000))
        check(home.server, self.energy, rises(said[COUNTER], quarters, QUARTER))
        check(
            home.server,
            self.level,
            levels(said[LEVEL], slots(start, end + FIVE, FIVE), 0.1),
        )
        check(
            home.server,
            self.share,
            means(said[SWITCH], quarters, QUARTER, 100),
        )


@pytest.fixture
async def sensors(sending: SendingHome) -> Sensors:
    """A home with a feed of each kind."""
    sensors = Sensors(sending)
    await sensors.make()
    return sensors


@pytest.mark.parametrize(("is_killed", "commit_interval"), [(False, 0), (True, 5)])
async def test_off(
    sending: SendingHome, sensors: Sensors, *, is_killed: bool, commit_interval: int
) -> None:
    """For some minutes, for hours, and across the end of a slot."""
    sending.commit_interval = commit_interval
    sending.freezer.move_to(NOON - 2 * MINUTE)
    await sending.start()
    number = 0
    for minutes_on, minutes_off in (
        (23, 2),
        (31, 1.5),
        (44, 9),
        (3, 3),
        (130, 200),
        (14, 0.2),
        (95, 0),
    ):
        until = sending.now + timedelta(minutes=minutes_on)
        while sending.now < until:
            number += 1
            await sending.pass_time(min(until, sending.now + 7 * MINUTE))
            sending.say(POWER, number * 7919 % 3001)
            sending.say(COUNTER, 100 + number / 8)
            sending.say(LEVEL, number * 31 % 100)
            sending.say(SWITCH, "on" if number % 3 else "off")
        if not minutes_off:
            break
        # The recorder has written what was said so far.
        await sending.go_to(sending.now + 6 * SECOND)
        await (sending.kill() if is_killed else sending.stop())
        sending.freezer.tick(timedelta(minutes=minutes_off))
        await sending.start()
    await sending.pass_time(sending.now + 2 * HOUR, QUARTER)
    await sending.go_to(sending.now + AFTER)

    sensors.check(NOON - HOUR)
    assert not sending.issues()


async def test_nothing_is_sent_again(sending: SendingHome, sensors: Sensors) -> None:
    """After a clean stop, a kill and a reload: what was sent was sent."""
    sending.freezer.move_to(NOON - 2 * MINUTE)
    await sending.start()
    await sending.pass_time(NOON + 2 * HOUR + MINUTE, QUARTER)
    before = sending.network.posts
    await sending.stop()
    await sending.start()
    await sending.kill()
    await sending.start()
    await sending.hass.config_entries.async_reload("the_account")
    await sending.settle()
    assert sending.network.posts == before
    await sending.pass_time(NOON + 3 * HOUR + MINUTE)
    sensors.check(NOON - HOUR)


async def test_an_account_that_comes_later(
    sending: SendingHome, sensors: Sensors
) -> None:
    """A feed that is new begins with what the recorder has, gaps left out."""
    sending.freezer.move_to(NOON - 2 * MINUTE)
    await sending.start(with_account=False)
    for kill in (False, True, False):
        for step in range(20):
            await sending.pass_time(sending.now + 4 * MINUTE)
            sending.say(POWER, step * 7919 % 3001)
            sending.say(COUNTER, 100 + step / 8)
        await (sending.kill() if kill else sending.stop())
        sending.freezer.tick(23 * MINUTE)
        await sending.start(with_account=False)
    await sending.pass_time(sending.now + 40 * MINUTE)
    assert sending.network.posts == 0
    await sending.add_account()
    await sending.go_to(sending.now + MINUTE)

    sensors.check(NOON - HOUR)


async def test_a_kill_in_a_quiet_home(sending: SendingHome) -> None:
    """What was sent before stays as it was, though nobody knows when the power went."""
    sensor = await sending.owner.sensor("kW", "PT15M", consumption_is_positive=True)
    sending.feeds = [feed(sensor, POWER)]
    sending.shown = {POWER: (1000, W)}
    sending.freezer.move_to(NOON - 2 * MINUTE)
    await sending.start()
    sending.at(NOON + 10 * MINUTE, POWER, 4000)
    await sending.go_to(NOON + QUARTER + 10 * SECOND)
    check(sending.server, sensor, {NOON: 2.0})
    await sending.kill()
    sending.freezer.tick(2 * HOUR)
    await sending.start()
    await sending.pass_time(sending.now + 26 * HOUR, HOUR)

    check(
        sending.server,
        sensor,
        {NOON: 2.0}
        | dict.fromkeys(
            slots(
                NOON + 2 * HOUR + QUARTER,
                sending.now - timedelta(minutes=sending.now.minute % 15),
                QUARTER,
            ),
            4.0,
        ),
    )
