"""What to tell actuators that meet a demand: with the power that is planned, as far as it goes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ..operation_modes.actuators import Actuator
from ..operation_modes.choice import Command
from ..operation_modes.modes import OperationModeElement
from ..operation_modes.profile import Segment
from ..operation_modes.transitions import Hop, ModeState, Route
from ..operation_modes.validity import Announcements
from .demand import Demand, DemandRate
from .description import DemandActuator, SystemDescription

# A plan's power is rounded, and meets a demand only about: less than this share of it
# is not left to another actuator.
_TOLERANCE = 0.02

# What is less is none: of a factor, and of a demand.
_NEARLY = 1e-6


def commands(
    slots: Sequence[Segment[float]],
    descriptions: Announcements[SystemDescription],
    state: Callable[[Actuator], ModeState],
    demand: DemandRate,
) -> Iterator[Command]:
    """What follows from the powers (W) of slots, under each description while it is valid."""
    sequence = DemandSequence()
    demands = list(demand.in_slots(slots))
    for start, end, description in descriptions.between(slots[0].start, slots[-1].end):
        sequence.equip(description, state)
        for each in demands:
            first, last = max(each.start, start), min(each.end, end)
            if first < last:
                yield from sequence.meet(each._replace(start=first, end=last))


class Option(NamedTuple):
    """An operation mode that an actuator can be told now, and how."""

    route: Route
    element: OperationModeElement
    factor: float

    @property
    def supply(self) -> float:
        """What it will supply."""
        return self.element.rate.at(self.factor)

    @property
    def power(self) -> float:
        """The electric power that it will consume, in W."""
        return self.element.power.at(self.factor)

    @property
    def cost(self) -> float:
        """Per second, besides the energy."""
        return self.element.cost.at(self.factor)

    @property
    def at_once(self) -> float:
        """What it supplies already while it is changing: nothing, if that takes time."""
        return 0.0 if self.route.arrival > self.route.departure else self.supply

    def with_supply(self, rate: float) -> Option:
        """The factor that supplies this, or as near as it can."""
        return self._replace(factor=self.element.rate.factor_of(rate))

    def with_power(self, power: float) -> Option:
        """The factor that consumes this, or as near as it can."""
        return self._replace(factor=self.element.power.factor_of(power))

    def effort(self) -> tuple[float | bool, ...]:
        """Orders those that do the same: first what costs the least, and can do no more."""
        return (
            self.cost,
            self.element.rate.high,
            bool(self.route.hops),
            self.route.arrival.timestamp(),
        )


class ExpectedDemandActuator:
    """An actuator with its state, which changes as it is told what to do."""

    def __init__(self, actuator: DemandActuator, state: ModeState) -> None:
        """Start from what the RM has told."""
        self.actuator = actuator
        self._state = state
        self._hops: list[Hop] = []
        self._factor = 0.0
        self._told: tuple[str, float] | None = None
        self._found: tuple[datetime, ModeState, tuple[Route, ...]] | None = None

    def handed_over(self, actuator: DemandActuator) -> ExpectedDemandActuator:
        """The same one, once another description of it is in force."""
        return ExpectedDemandActuator(actuator, actuator.graph.taken_over(self._state))

    def is_busy(self, now: datetime) -> bool:
        """Whether it is on its way to an operation mode."""
        ready = self._state.ready
        return bool(self._hops) or (ready is not None and ready > now)

    def options(self, now: datetime) -> list[Option]:
        """What it can be told now, each with the factor that it has."""
        return [
            Option(route, self._element(route.mode), self._state.factor)
            for route in self._routes(now)
            if route.departure <= now
        ]

    def next_event(self, now: datetime) -> datetime | None:
        """When there is something else that it can be told; None if there never is."""
        events = [self._state.ready, *(hop.departure for hop in self._hops)]
        if not self.is_busy(now):
            events += [route.departure for route in self._routes(now)]
        return min((event for event in events if event and event > now), default=None)

    def tell(self, option: Option, now: datetime) -> Iterator[Command]:
        """Let it do something else; nothing if that is what it does."""
        if option.route.hops:
            self._state = replace(self._state, timers=option.route.timers)
            self._hops = list(option.route.hops)
            self._factor = option.factor
            yield from self.advance(now)
        else:
            yield from self._command(now, option.route.mode, option.factor)

    def advance(self, now: datetime) -> Iterator[Command]:
        """Begin the transitions whose time has come."""
        while self._hops and self._hops[0].departure <= now:
            hop = self._hops.pop(0)
            self._state = replace(self._state, mode=hop.mode, ready=hop.arrival)
            # On the way it is to do as little as it can.
            on_the_way = self._element(hop.mode).power.factor_of(0.0)
            factor = on_the_way if self._hops else self._factor
            yield from self._command(hop.departure, hop.mode, factor)

    def _command(self, now: datetime, mode: str, factor: float) -> Iterator[Command]:
        self._state = replace(self._state, factor=factor)
        told = self._told
        if told and told[0] == mode and abs(told[1] - factor) <= _NEARLY:
            return
        self._told = (mode, factor)
        yield Command(now, self.actuator.id, mode, factor)

    def _routes(self, now: datetime) -> Sequence[Route]:
        """All at a moment; kept, as each search takes its time."""
        if self._found is None or self._found[:2] != (now, self._state):
            graph = self.actuator.graph
            routes = tuple(graph.routes(self._state, now).values())
            self._found = (now, self._state, routes)
        return self._found[2]

    def _element(self, mode: str) -> OperationModeElement:
        return self.actuator.element(mode, 0.0)


class DemandSequence:
    """Goes through the demands the way the device would, and notes what to tell it."""

    def __init__(self) -> None:
        """Begin without actuators."""
        self._actuators: list[ExpectedDemandActuator] = []

    def equip(
        self,
        actuators: Sequence[DemandActuator],
        state: Callable[[Actuator], ModeState],
    ) -> None:
        """Go on with these; one that there was before goes on as it is."""
        former = {expected.actuator.id: expected for expected in self._actuators}
        self._actuators = [
            former[actuator.id].handed_over(actuator)
            if actuator.id in former
            else ExpectedDemandActuator(actuator, state(actuator))
            for actuator in sorted(actuators, key=lambda each: each.order)
        ]

    def meet(self, demand: Demand) -> Iterator[Command]:
        """What to tell the actuators for a demand."""
        now = demand.start
        while now < demand.end:
            for expected in self._actuators:
                yield from expected.advance(now)
            for expected, option in self._chosen(demand, now):
                yield from expected.tell(option, now)
            events = (
                expected.next_event(now) or demand.end for expected in self._actuators
            )
            now = min(demand.end, *events) if self._actuators else demand.end

    def _chosen(
        self, demand: Demand, now: datetime
    ) -> list[tuple[ExpectedDemandActuator, Option]]:
        free = [
            (expected, options)
            for expected in self._actuators
            if not expected.is_busy(now) and (options := expected.options(now))
        ]
        chosen: list[Option] = []
        power, missing = demand.power, demand.rate
        for expected, options in free:
            if expected.actuator.electric_modes:
                option = _planned(options, power, missing)
                power -= option.power
                short = missing - option.supply
                if 0 < short <= demand.rate * _TOLERANCE:
                    option = option.with_supply(missing)
            else:
                option = _covering(options, missing)
            chosen.append(option)
            missing -= option.at_once
        for place, (_, options) in enumerate(free):
            if missing <= _NEARLY * abs(demand.rate):
                break
            before = chosen[place]
            more = _covering(options, max(missing + before.at_once, before.supply))
            missing -= more.at_once - before.at_once
            chosen[place] = more
        return [
            (expected, option)
            for (expected, _), option in zip(free, chosen, strict=True)
        ]


def _planned(options: Sequence[Option], power: float, missing: float) -> Option:
    """What comes nearest to a planned power, without supplying more than is missing."""
    if missing <= 0:
        return _covering(options, missing)

    def fitting(option: Option) -> Option:
        planned, needed = option.with_power(power), option.with_supply(missing)
        is_as_near = abs(needed.power - power) <= abs(planned.power - power)
        return needed if is_as_near or planned.supply > missing else planned

    return min(
        map(fitting, options),
        key=lambda option: (
            round(abs(option.power - power)),
            -min(option.supply, missing),
            *option.effort(),
        ),
    )


def _covering(options: Sequence[Option], missing: float) -> Option:
    """What supplies what is missing with the least too much; else the most there is."""
    return min(
        (option.with_supply(max(missing, 0.0)) for option in options),
        key=lambda option: (
            max(missing - option.supply, 0.0),
            max(option.supply - missing, 0.0),
            *option.effort(),
        ),
    )
