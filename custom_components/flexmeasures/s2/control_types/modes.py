"""Operation modes: their ranges, and how a device may go from one to another.

What FRBC, OMBC and DDBC have in common.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple, Self

from ..messages import InvalidContentError

ELECTRIC_POWER = "ELECTRIC.POWER."
SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"

# Longer than any plan, and short enough to be added to any moment.
FOREVER = timedelta(days=365)

# Between two instructions, so that a device does not take the last one for the only one.
_APART = timedelta(seconds=1)


class Range(NamedTuple):
    """A number range of S2, which may descend: `start` belongs to factor 0, `end` to 1."""

    start: float
    end: float

    @classmethod
    def from_wire(cls, number_range: Mapping[str, float]) -> Self:
        """Read it as messages have it."""
        return cls(number_range["start_of_range"], number_range["end_of_range"])

    @property
    def low(self) -> float:
        """The lower of both ends."""
        return min(self)

    @property
    def high(self) -> float:
        """The higher of both ends."""
        return max(self)

    def at(self, factor: float) -> float:
        """The value at an operation mode factor."""
        return self.start + factor * (self.end - self.start)

    def factor_of(self, value: float) -> float:
        """The factor, from 0 to 1, that comes nearest to a value; 0 if all are alike."""
        width = self.end - self.start
        return min(max(0.0, (value - self.start) / width), 1.0) if width else 0.0


ZERO = Range(0.0, 0.0)


def electric_power(power_ranges: Iterable[Mapping[str, Any]]) -> Range:
    """The electric power in W of all phases together; zero for other commodities.

    The symmetric quantity is already the sum of three phases.
    """
    ranges: dict[str, Range] = {}
    for power_range in power_ranges:
        quantity = power_range["commodity_quantity"]
        if quantity in ranges:
            raise InvalidContentError("two power ranges of one quantity")
        ranges[quantity] = Range.from_wire(power_range)
    if SYMMETRIC in ranges:
        return ranges[SYMMETRIC]
    electric = [
        found
        for quantity, found in ranges.items()
        if quantity.startswith(ELECTRIC_POWER)
    ]
    return Range(
        sum(found.start for found in electric), sum(found.end for found in electric)
    )


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one operation mode to another."""

    source: str
    target: str
    start_timers: frozenset[str]
    blocking_timers: frozenset[str]
    duration: timedelta
    """From when it begins until the device behaves as the target says."""


@dataclass(frozen=True, slots=True)
class ModeState:
    """The operation mode that a device is in."""

    mode: str | None = None
    """None until the RM has told."""
    factor: float = 0.0
    timers: Mapping[str, datetime] = field(default_factory=dict)
    """When each timer that was started is finished."""
    ready: datetime | None = None
    """When the transition ends that the device is in; None if it is in none."""


class Hop(NamedTuple):
    """An instruction on the way to an operation mode."""

    departure: datetime
    mode: str
    arrival: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """The quickest way to an operation mode; without hops for the one that is active."""

    mode: str
    hops: tuple[Hop, ...]
    timers: Mapping[str, datetime]
    """When they are finished once all hops are begun."""
    arrival: datetime

    @property
    def departure(self) -> datetime:
        """When it begins."""
        return self.hops[0].departure if self.hops else self.arrival


@dataclass(frozen=True, slots=True)
class ModeGraph:
    """Which operation modes there are, and how they are reached in normal conditions."""

    modes: frozenset[str]
    """All, also those that are only for abnormal conditions."""
    normal: frozenset[str]
    transitions: tuple[Transition, ...]
    """But those that are only for abnormal conditions."""
    timers: Mapping[str, timedelta]
    is_free: bool
    """Whether there are no transitions at all, so that every mode follows every other."""

    @classmethod
    def from_wire(
        cls,
        abnormal_only: Mapping[str, bool],
        transitions: Sequence[Mapping[str, Any]],
        timers: Iterable[Mapping[str, Any]],
    ) -> Self:
        """Read an actuator's lists; `abnormal_only` has all modes by their id.

        Raises InvalidContentError if a transition refers to something unknown.
        """
        durations = {timer["id"]: min(timer["duration"], FOREVER) for timer in timers}
        usable: list[Transition] = []
        for transition in transitions:
            ends = {transition["from"], transition["to"]}
            started = frozenset(transition["start_timers"])
            blocking = frozenset(transition["blocking_timers"])
            if not ends <= abnormal_only.keys():
                raise InvalidContentError("a transition of an unknown operation mode")
            if not started | blocking <= durations.keys():
                raise InvalidContentError("a transition with an unknown timer")
            if not transition["abnormal_condition_only"]:
                duration = transition.get("transition_duration", timedelta(0))
                usable.append(
                    Transition(
                        transition["from"],
                        transition["to"],
                        started,
                        blocking,
                        min(duration, FOREVER),
                    )
                )
        return cls(
            frozenset(abnormal_only),
            frozenset(mode for mode, abnormal in abnormal_only.items() if not abnormal),
            tuple(usable),
            durations,
            is_free=not transitions,
        )

    def observed(
        self, state: ModeState, status: Mapping[str, Any], now: datetime
    ) -> ModeState:
        """The state after a status message (``FRBC.ActuatorStatus`` and the like).

        The previous mode may be one of a former description. Raises
        InvalidContentError for an unknown mode.
        """
        mode, factor = (
            status["active_operation_mode_id"],
            status["operation_mode_factor"],
        )
        previous = status.get("previous_operation_mode_id")
        if mode not in self.modes:
            raise InvalidContentError("an unknown operation mode")
        if not 0 <= factor <= 1:
            raise InvalidContentError("an operation mode factor outside 0 to 1")
        begun = status.get("transition_timestamp")
        transition = self._transition(previous, mode)
        if begun is None or transition is None:
            return ModeState(mode, factor, state.timers)
        begun = min(begun, now)
        timers = dict(state.timers)
        for timer in transition.start_timers:
            finished = begun + self.timers[timer]
            timers[timer] = max(timers.get(timer, finished), finished)
        ready = begun + transition.duration
        return ModeState(mode, factor, timers, ready if ready > now else None)

    def with_timer(
        self, state: ModeState, timer: str, finished_at: datetime
    ) -> ModeState:
        """The state after a timer status; raises InvalidContentError if it is unknown."""
        if timer not in self.timers:
            raise InvalidContentError("an unknown timer")
        timers = {**state.timers, timer: finished_at}
        return replace(state, timers=timers)

    def routes(self, state: ModeState, now: datetime) -> dict[str, Route]:
        """The quickest way to each normal operation mode that can be reached.

        Where the present mode is not known, nor does it matter, every mode can be
        reached at once.
        """
        start = max(now, state.ready or now)
        if self.is_free:
            return {
                mode: Route(
                    mode,
                    () if mode == state.mode else (Hop(start, mode, start),),
                    state.timers,
                    start,
                )
                for mode in sorted(self.normal)
            }
        if state.mode is None:
            return {}
        found: dict[str, Route] = {}
        order = count()
        queue = [(start, next(order), Route(state.mode, (), state.timers, start))]
        while queue:
            _, _, route = heappop(queue)
            if route.mode in found:
                continue
            found[route.mode] = route
            for transition in self.transitions:
                if transition.source == route.mode and transition.target in self.normal:
                    onward = self._onward(route, transition)
                    heappush(queue, (onward.arrival, next(order), onward))
        return {mode: route for mode, route in found.items() if mode in self.normal}

    def taken_over(self, state: ModeState) -> ModeState:
        """The state of a device whose former description had other modes or timers."""
        timers = {
            timer: finished
            for timer, finished in state.timers.items()
            if timer in self.timers
        }
        if state.mode not in self.modes:
            return ModeState(timers=timers)
        return replace(state, timers=timers)

    def _onward(self, route: Route, transition: Transition) -> Route:
        finished = (
            route.timers[timer]
            for timer in transition.blocking_timers & route.timers.keys()
        )
        begun = (hop.departure + _APART for hop in route.hops)
        departure = max([route.arrival, *begun, *finished])
        arrival = departure + transition.duration
        started = {
            timer: departure + self.timers[timer] for timer in transition.start_timers
        }
        return Route(
            transition.target,
            (*route.hops, Hop(departure, transition.target, arrival)),
            {**route.timers, **started},
            arrival,
        )

    def _transition(self, source: str | None, target: str) -> Transition | None:
        return next(
            (
                transition
                for transition in self.transitions
                if (transition.source, transition.target) == (source, target)
            ),
            None,
        )
