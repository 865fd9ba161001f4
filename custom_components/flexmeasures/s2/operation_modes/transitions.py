"""Operation modes: how a device may go from one to another.

What FRBC, OMBC and DDBC have in common.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, NamedTuple, Self

from ..messages.message import InvalidContentError
from .profile import FOREVER

# Between two instructions, so that a device does not take the last one for the only one.
_APART = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one operation mode to another."""

    target: str
    start_timers: frozenset[str]
    blocking_timers: frozenset[str]
    duration: timedelta
    """From when it begins until the device behaves as the target says."""
    cost: float
    """Besides the energy."""
    abnormal_only: bool


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
    cost: float = 0.0
    """Of all transitions, besides the energy."""

    @property
    def departure(self) -> datetime:
        """When it begins."""
        return self.hops[0].departure if self.hops else self.arrival


class _Step(NamedTuple):
    """A way on from the end of a route."""

    route: Route
    transition: Transition
    departure: datetime


@dataclass(frozen=True, slots=True)
class ModeGraph:
    """Which operation modes there are, and how they are reached."""

    modes: frozenset[str]
    """All, also those that are only for abnormal conditions."""
    normal: frozenset[str]
    transitions: Mapping[str, tuple[Transition, ...]]
    """By the operation modes from which they lead."""
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
        ways: dict[str, list[Transition]] = {}
        for transition in transitions:
            ends = {transition["from"], transition["to"]}
            started = frozenset(transition["start_timers"])
            blocking = frozenset(transition["blocking_timers"])
            if not ends <= abnormal_only.keys():
                raise InvalidContentError("a transition of an unknown operation mode")
            if not started | blocking <= durations.keys():
                raise InvalidContentError("a transition with an unknown timer")
            duration = transition.get("transition_duration", timedelta(0))
            ways.setdefault(transition["from"], []).append(
                Transition(
                    transition["to"],
                    started,
                    blocking,
                    min(duration, FOREVER),
                    transition.get("transition_costs", 0.0),
                    transition["abnormal_condition_only"],
                )
            )
        return cls(
            frozenset(abnormal_only),
            frozenset(mode for mode, abnormal in abnormal_only.items() if not abnormal),
            {source: tuple(found) for source, found in ways.items()},
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
        begin = Route(state.mode, (), state.timers, start)
        found = {state.mode: begin}
        order = count()
        queue = [
            (arrival, next(order), step) for arrival, step in self._steps(begin, found)
        ]
        heapify(queue)
        while queue:
            _, _, step = heappop(queue)
            if step.transition.target in found:
                continue
            route = self._onward(step)
            found[route.mode] = route
            for arrival, onward in self._steps(route, found):
                heappush(queue, (arrival, next(order), onward))
        return {mode: route for mode, route in found.items() if mode in self.normal}

    def may_follow(
        self, state: ModeState, mode: str, moment: datetime, *, abnormal: bool
    ) -> bool:
        """Whether an operation mode can be the next one, at once.

        Transitions for abnormal conditions count only if it is for those.
        """
        if self.is_free or mode == state.mode:
            return True
        if state.mode is None or (state.ready and state.ready > moment):
            return False
        return any(
            transition.target == mode
            and (abnormal or not transition.abnormal_only)
            and all(
                state.timers.get(timer, moment) <= moment
                for timer in transition.blocking_timers
            )
            for transition in self.transitions.get(state.mode, ())
        )

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

    def _steps(
        self, route: Route, found: Container[str]
    ) -> Iterator[tuple[datetime, _Step]]:
        """How it may go on to what is not found yet, and when that is reached."""
        earliest = route.arrival
        if route.hops:
            earliest = max(earliest, route.hops[-1].departure + _APART)
        for transition in self.transitions.get(route.mode, ()):
            if (
                transition.target in found
                or transition.target not in self.normal
                or transition.abnormal_only
            ):
                continue
            departure = earliest
            for timer in transition.blocking_timers:
                departure = max(departure, route.timers.get(timer, departure))
            yield (
                departure + transition.duration,
                _Step(route, transition, departure),
            )

    def _onward(self, step: _Step) -> Route:
        route, transition, departure = step
        arrival = departure + transition.duration
        started = {
            timer: departure + self.timers[timer] for timer in transition.start_timers
        }
        return Route(
            transition.target,
            (*route.hops, Hop(departure, transition.target, arrival)),
            {**route.timers, **started},
            arrival,
            route.cost + transition.cost,
        )

    def _transition(self, source: str | None, target: str) -> Transition | None:
        onward = self.transitions.get(source, ()) if source else ()
        return next((each for each in onward if each.target == target), None)
