"""What to tell actuators that meet a demand: with the power that is planned, as far as it goes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, override

from ..operation_modes.actuators import Actuator
from ..operation_modes.expected_actuator import Command, ExpectedActuator, equipped
from ..operation_modes.modes import OperationModeElement
from ..operation_modes.profile import Segment
from ..operation_modes.transitions import ModeState, Route
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
        return self.element.cost

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
            self.route.cost,
            self.element.rate.high,
            bool(self.route.hops),
            self.route.arrival.timestamp(),
        )


class SupplyingActuator(ExpectedActuator[DemandActuator]):
    """An actuator that is to supply a part of the demand."""

    factors_apart: ClassVar[float] = _NEARLY

    def options(self, now: datetime) -> list[Option]:
        """What it can be told now, each with the factor that it has."""
        return [
            Option(route, self.actuator.element(route.mode, 0.0), self.state.factor)
            for route in self.routes(now)
            if route.departure <= now
        ]

    def tell(self, option: Option, now: datetime) -> Iterator[Command]:
        """Let it do something else; nothing if that is what it does."""
        yield from self._take(option.route, option.factor, now)

    @override
    def _chances(self, now: datetime) -> Iterable[datetime]:
        if self.is_busy(now):
            return ()
        return (route.departure for route in self.routes(now))


class DemandSequence:
    """Goes through the demands the way the device would, and notes what to tell it."""

    def __init__(self) -> None:
        """Begin without actuators."""
        self._actuators: list[SupplyingActuator] = []

    def equip(
        self,
        actuators: Sequence[DemandActuator],
        state: Callable[[Actuator], ModeState],
    ) -> None:
        """Go on with these; one that there was before goes on as it is."""
        self._actuators = equipped(
            SupplyingActuator,
            sorted(actuators, key=lambda each: each.order),
            state,
            self._actuators,
        )

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
    ) -> list[tuple[SupplyingActuator, Option]]:
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
