"""Which operation mode of an actuator fits best to the power that is planned, and when it can be."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import inf
from typing import NamedTuple, override

from .actuators import Actuator
from .expected_actuator import Command, ExpectedActuator
from .modes import OperationModeElement, charging_points, discharging_points
from .ranges import Range
from .transitions import ModeState, Route

# In W; less is none.
_NOTHING = 1.0


class PowerShare(NamedTuple):
    """What an actuator is to do."""

    whole: float
    """In W, of all actuators."""
    is_shared: bool
    """Whether there are others."""
    power: float
    """In W, of it and of all others that are told after it."""
    others: Range
    """The powers that these others can have."""
    rates: Range
    """The fill rates that keep the storage within its limits."""
    needed: float
    """The fill rate that the storage needs, of it and of all others that are told after it."""
    level: float
    now: datetime
    until: datetime
    """How long the share stays the same."""

    def miss(self, power: float) -> float:
        """The power that is missing, or too much, whatever the others do."""
        rest = self.power - power
        return max(rest - self.others.high, self.others.low - rest, 0.0)

    def aim(self) -> float:
        """The power to come near to, so that the others have the least to do."""
        return self.power - min(max(0.0, self.others.low), self.others.high)

    def undoes(self, power: float) -> bool:
        """Whether a power is the opposite of what all are to do together.

        One would charge and another one discharge.
        """
        return self.is_shared and abs(power) >= _NOTHING and power * self.whole <= 0


class _Choice(NamedTuple):
    rank: tuple[float, ...]
    mode: str
    factor: float
    route: Route


def _rank(choice: _Choice) -> tuple[float, ...]:
    return choice.rank


class PoweredActuator(ExpectedActuator[Actuator]):
    """An actuator that is to have a share of the power that is planned."""

    def __init__(self, actuator: Actuator, state: ModeState) -> None:
        """Start from what the RM has told."""
        super().__init__(actuator, state)
        self._wake: datetime | None = None
        elements = list(actuator.normal_elements())
        self.best_charging = max(
            (rate / power for rate, power in charging_points(elements)), default=0.0
        )
        self.best_discharging = min(
            (rate / power for rate, power in discharging_points(elements)), default=inf
        )
        self.can_burn = any(element.burns for element in elements)
        self._fastest = max(
            (abs(rate) for element in elements for rate in element.rate), default=0.0
        )

    def power(self, level: float, now: datetime) -> float:
        """What it consumes, in W; nothing while that is not known."""
        element = self._element(level, now)
        return element.power.at(self.state.factor) if element else 0.0

    def rate(self, level: float, now: datetime) -> float:
        """How fast it fills the storage."""
        element = self._element(level, now)
        return element.rate.at(self.state.factor) if element else 0.0

    def burns(self, level: float, now: datetime) -> bool:
        """Whether it fills the storage with something that is not electricity."""
        element = self._element(level, now)
        return element is not None and element.burns

    def powers(self, level: float, now: datetime, until: datetime) -> Range:
        """The lowest and the highest power that it can have in time."""
        present = self.power(level, now)
        if self.is_busy(now):
            return Range(present, present)
        found = [
            power
            for route in self._routes_before(now, until, level)
            for power in self.actuator.element(route.mode, level).power
        ] or [present]
        return Range(min(found), max(found))

    def choose(self, share: PowerShare) -> Iterator[Command]:
        """Do what fits the share best; nothing if there is nothing that it may do."""
        self._wake = None
        choices = [
            self._choice(route, share)
            for route in self._routes_before(share.now, share.until, share.level)
        ]
        best = min(choices, key=_rank, default=None)
        if best and best.route.departure > share.now:
            self._wake = best.route.departure
            # Until then it goes on as it is, if the storage permits.
            staying = [choice for choice in choices if not choice.route.hops]
            at_once = [
                choice for choice in choices if choice.route.departure <= share.now
            ]
            best = min(
                at_once if any(choice.rank[0] for choice in staying) else staying,
                key=_rank,
                default=None,
            )
        if best is None:
            return
        # What the storage does not permit any more is changed, however little it is.
        rate = self.rate(share.level, share.now)
        is_permitted = share.rates.low <= rate <= share.rates.high
        yield from self._take(
            best.route, best.factor, share.now, None if is_permitted else 0.0
        )

    def stop(self, level: float, now: datetime) -> list[Command] | None:
        """Go where it neither consumes nor produces; None if it cannot get there."""
        ways = []
        for route in self.routes(now):
            if not self.actuator.can_be_in(route.mode, level):
                continue
            element = self.actuator.element(route.mode, level)
            factor = element.power.factor_of(0.0)
            power, rate = element.power.at(factor), element.rate.at(factor)
            if abs(power) < _NOTHING:
                effort = (self._waste(power, rate), element.cost, route.cost)
                ways.append((effort, route.arrival, route.mode, factor, route))
        if not ways:
            return None
        *_, mode, factor, route = min(ways, key=lambda way: way[:3])
        self._hops = list(route.hops)
        self._goal = factor
        return [
            *self.advance(route.arrival),
            *self._tell(now, mode, factor),
        ]

    @override
    def _chances(self, now: datetime) -> Iterable[datetime]:
        return () if self._wake is None else (self._wake,)

    def _routes_before(
        self, now: datetime, until: datetime, level: float
    ) -> Iterator[Route]:
        """The ways to operation modes that are reached before the share changes."""
        return (
            route
            for route in self.routes(now)
            if (not route.hops or route.arrival < until)
            and self.actuator.can_be_in(route.mode, level)
        )

    def _element(self, level: float, now: datetime) -> OperationModeElement | None:
        if self.state.mode is None or self.is_changing(now):
            return None
        return self.actuator.element(self.state.mode, level)

    def _choice(self, route: Route, share: PowerShare) -> _Choice:
        element = self.actuator.element(route.mode, share.level)
        factor, excess = _factor(element, share)
        power, rate = element.power.at(factor), element.rate.at(factor)
        if element.only_burns:
            # It is not what is planned.
            power = 0.0
        rank = (
            round(excess / self._fastest, 3) if excess else 0.0,
            share.undoes(power),
            round(self._mean_miss(route, power, share), 0),
            round(abs(power - share.aim()), 0),
            self._shortfall(rate, share),
            _mean_cost(route, element, share),
            self._waste(power, rate),
            bool(route.hops),
            (route.arrival - share.now).total_seconds(),
        )
        return _Choice(rank, route.mode, factor, route)

    def _shortfall(self, rate: float, share: PowerShare) -> float:
        """The fill rate that is missing, for what can do something about it without power."""
        if not self.can_burn or not self._fastest:
            return 0.0
        return round(max(share.needed - rate, 0.0) / self._fastest, 3)

    def _mean_miss(self, route: Route, power: float, share: PowerShare) -> float:
        """The mean power that is missing while the share stays the same.

        On its way an actuator is taken to do nothing.
        """
        if not route.hops:
            return share.miss(power)
        present = self.power(share.level, share.now)
        parts = (
            (share.miss(present), route.departure - share.now),
            (share.miss(0.0), route.arrival - route.departure),
            (share.miss(power), share.until - route.arrival),
        )
        return sum(miss * (part / (share.until - share.now)) for miss, part in parts)

    def _waste(self, power: float, rate: float) -> float:
        """Orders operation modes of the same power by what they do to the storage."""
        if abs(power) < _NOTHING:
            return round(abs(rate) / self._fastest, 2) if rate else 0.0
        if power > 0:
            return -_relative(rate / power, self.best_charging)
        return _relative(rate / power, self.best_discharging)


def _relative(ratio: float, best: float) -> float:
    """How good a ratio is; all are alike if there is no best one."""
    return round(ratio / best, 2) if 0 < best < inf else 0.0


def _mean_cost(route: Route, element: OperationModeElement, share: PowerShare) -> float:
    """What it costs per second to get to an operation mode and to be in it."""
    if not route.cost:
        return element.cost
    return element.cost + route.cost / (share.until - share.now).total_seconds()


def _factor(element: OperationModeElement, share: PowerShare) -> tuple[float, float]:
    """The best factor that the storage permits, and by how much its rate is too high."""
    wanted = (
        element.rate.factor_of(max(share.needed, 0.0))
        if element.only_burns
        else element.power.factor_of(share.aim())
    )
    rate = element.rate.at(wanted)
    permitted = min(max(rate, share.rates.low), share.rates.high)
    if rate == permitted:
        return wanted, 0.0
    factor = element.rate.factor_of(permitted)
    return factor, abs(element.rate.at(factor) - permitted)
