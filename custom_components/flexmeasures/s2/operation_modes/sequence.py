"""Turns planned power into what each actuator of a device is to do, and when."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from .actuators import Actuator
from .balance import Behind
from .bands import gaps_around, kept_within, towards
from .choice import PoweredActuator, PowerShare
from .expected_actuator import Command, equipped
from .profile import Segment
from .ranges import Range
from .transitions import ModeState

# A storage is looked at again after this time: what the operation modes do, and
# whether they are permitted, depends on the fill level.
_STEP = timedelta(seconds=60)

_UNLIMITED = Range(float("-inf"), float("inf"))


class Storage(Protocol):
    """A storage that the actuators fill and empty."""

    level: float

    def loss(self, moment: datetime) -> float:
        """How fast it empties, in fill level per second, if nothing is done."""

    def needed(self, moment: datetime, until: datetime) -> float:
        """The fill rate that is to be had until a moment, if need be without electricity."""

    def permitted(self, loss: float, seconds: float) -> Range:
        """The fill rates that keep it within its limits, or take it no further out."""


def idle_commands(
    actuators: Sequence[Actuator],
    state: Callable[[Actuator], ModeState],
    level: float,
    now: datetime,
) -> list[Command] | None:
    """What lets all actuators do nothing; None if one of them cannot."""
    commands: list[Command] = []
    for actuator in actuators:
        own = PoweredActuator(actuator, state(actuator)).stop(level, now)
        if own is None:
            return None
        commands += own
    return sorted(commands, key=lambda command: command.moment) or None


class ModeSequence:
    """Goes through a plan the way the device would, and notes what to tell it.

    Where no operation mode has the power that is planned, it takes the nearest one, and
    carries the energy that is missing or too much over to the next slot like that.

    Each actuator is told something at the beginning, also to stay as it is: it may have
    been told something else that it does not show yet.
    """

    def __init__(
        self, storage: Storage | None = None, behind: Behind | None = None
    ) -> None:
        """Begin with a storage, if the device has one, and what it is behind already."""
        self._storage = storage
        self._actuators: list[PoweredActuator] = []
        self._levels: list[float] = []
        self._behind = behind or Behind()
        """Of the slot that is running, or comes next."""

    def equip(
        self, actuators: Sequence[Actuator], state: Callable[[Actuator], ModeState]
    ) -> None:
        """Go on with these actuators; one that there was before goes on as it is."""
        self._actuators = equipped(PoweredActuator, actuators, state, self._actuators)
        self._levels = sorted({level for found in actuators for level in found.levels})

    def run(
        self, slots: Iterable[Segment[float]], start: datetime, end: datetime
    ) -> Iterator[Command]:
        """Follow the powers (W) of slots, as far as they lie between `start` and `end`."""
        parts = [
            Segment(max(slot.start, start), min(slot.end, end), slot.value)
            for slot in slots
            if slot.start < end and start < slot.end
        ]
        changes = [
            before.end
            for before, after in pairwise(parts)
            if before.value != after.value
        ]
        for slot in parts:
            wanted = slot.value
            seconds = (slot.end - slot.start).total_seconds()
            whole = seconds + self._behind.begun.total_seconds()
            before, within = self._behind.before, self._behind.within
            gaps = gaps_around(
                wanted, (each.actuator for each in self._actuators), self._level
            )
            if not gaps:
                self._behind = Behind(before)
                change = bisect_right(changes, slot.start)
                until = changes[change] if change < len(changes) else parts[-1].end
                yield from self._follow(wanted, slot.start, slot.end, until)
                continue
            given = yield from self._follow(
                wanted + before / whole, slot.start, slot.end, slot.end
            )
            missing = before + within + wanted * seconds - given
            self._behind = Behind(kept_within(missing, gaps, whole))

    def _follow(
        self, power: float, start: datetime, end: datetime, until: datetime
    ) -> Generator[Command, None, float]:
        """Have a power from `start` to `end`, and return the energy in Ws.

        `until` is when another power will be wanted.
        """
        given = 0.0
        now, is_due = start, True
        while now < end:
            for actuator in self._actuators:
                yield from actuator.advance(now)
            if is_due or self._leaves_limits(now) or self._burns_for_nothing(now, end):
                yield from self._instruct(power, now, until, end)
            events = [actuator.next_event(now) or end for actuator in self._actuators]
            event = min([*events, end])
            later = min(event, now + _STEP) if self._storage else event
            zone = self._zone()
            given += self._pass(now, later)
            is_due = later == event or self._zone() != zone
            now = later
        return given

    def _instruct(
        self, power: float, now: datetime, until: datetime, end: datetime
    ) -> Iterator[Command]:
        """Divide a power among the actuators, the one that makes the most of it first.

        What the storage needs until the slot's end and electricity does not give, comes
        from other commodities.
        """
        order = sorted(
            self._actuators,
            key=lambda actuator: (
                -actuator.best_charging if power >= 0 else actuator.best_discharging
            ),
        )
        powers = [
            towards(actuator.powers(self._level, now, until), power)
            for actuator in order
        ]
        rates = self._permitted(now)
        needed = self._needed(now, end)
        rest, is_shared = power, len(order) > 1
        for place, actuator in enumerate(order, 1):
            others = Range(
                sum(power.low for power in powers[place:]),
                sum(power.high for power in powers[place:]),
            )
            if not actuator.is_busy(now):
                limits = Range(min(rates.low, 0.0), max(rates.high, 0.0))
                yield from actuator.choose(
                    PowerShare(
                        power,
                        is_shared,
                        rest,
                        others,
                        limits,
                        needed,
                        self._level,
                        now,
                        until,
                    )
                )
            rest -= actuator.power(self._level, now)
            rate = actuator.rate(self._level, now)
            rates = Range(rates.low - rate, rates.high - rate)
            needed -= rate

    def _pass(self, now: datetime, later: datetime) -> float:
        """Let time pass, and return the energy in Ws."""
        seconds = (later - now).total_seconds()
        power = sum(actuator.power(self._level, now) for actuator in self._actuators)
        if self._storage:
            rate = self._rate(now) - self._storage.loss(now)
            self._storage.level += rate * seconds
        return power * seconds

    @property
    def _level(self) -> float:
        """The fill level; it does not matter where there is no storage."""
        return self._storage.level if self._storage else 0.0

    def _zone(self) -> int:
        """The fill levels at which all operation modes stay the same, as a number."""
        return bisect_left(self._levels, self._level)

    def _rate(self, now: datetime) -> float:
        return sum(actuator.rate(self._level, now) for actuator in self._actuators)

    def _permitted(self, now: datetime) -> Range:
        """The fill rates that keep the storage within its limits for a step."""
        if self._storage is None:
            return _UNLIMITED
        return self._storage.permitted(self._storage.loss(now), _STEP.total_seconds())

    def _needed(self, now: datetime, end: datetime) -> float:
        """The fill rate that all actuators are to have together until the slot ends."""
        if self._storage is None or not any(
            actuator.can_burn for actuator in self._actuators
        ):
            return 0.0
        return self._storage.needed(now, max(end, now + _STEP))

    def _burns_for_nothing(self, now: datetime, end: datetime) -> bool:
        """Whether something burns though there is enough without it."""
        burnt = sum(
            actuator.rate(self._level, now)
            for actuator in self._actuators
            if actuator.burns(self._level, now)
        )
        if burnt <= 0:
            return False
        without = self._rate(now) - burnt
        return self._needed(now, end) - without <= burnt * 1e-6

    def _leaves_limits(self, now: datetime) -> bool:
        rate, permitted = self._rate(now), self._permitted(now)
        margin = abs(rate) * 1e-6
        return not permitted.low - margin <= rate <= permitted.high + margin
