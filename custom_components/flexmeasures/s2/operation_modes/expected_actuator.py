"""An actuator as it is expected to be, while it is told what to do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from ..instructions.instruction import HYSTERESIS
from .actuators import Actuator
from .transitions import Hop, ModeState, Route


class Command(NamedTuple):
    """An operation mode for an actuator, from a moment on."""

    moment: datetime
    actuator: str
    mode: str
    factor: float


class ExpectedActuator[ActuatorT: Actuator](ABC):
    """An actuator with its state, which changes as it is told what to do."""

    factors_apart: ClassVar[float] = HYSTERESIS
    """Factors of an operation mode that are no further apart are the same."""

    def __init__(self, actuator: ActuatorT, state: ModeState) -> None:
        """Start from what the RM has told."""
        self.actuator = actuator
        self.state = state
        self._hops: list[Hop] = []
        self._goal = 0.0
        """The factor once all hops are made."""
        self._told: tuple[str, float] | None = None
        self._found: tuple[datetime, ModeState, tuple[Route, ...]] | None = None

    def handed_over(self, actuator: ActuatorT) -> Self:
        """The same one, once another description of it is in force."""
        return type(self)(actuator, actuator.graph.taken_over(self.state))

    def is_busy(self, now: datetime) -> bool:
        """Whether it is on its way to an operation mode."""
        return bool(self._hops) or self.is_changing(now)

    def is_changing(self, now: datetime) -> bool:
        """Whether it is in a transition."""
        return self.state.ready is not None and self.state.ready > now

    def routes(self, now: datetime) -> Sequence[Route]:
        """The ways to all operation modes.

        Kept as long as nothing changes, as each search takes its time.
        """
        if self._found is None or self._found[:2] != (now, self.state):
            routes = tuple(self.actuator.graph.routes(self.state, now).values())
            self._found = (now, self.state, routes)
        return self._found[2]

    def advance(self, now: datetime) -> Iterator[Command]:
        """Begin the transitions whose time has come."""
        while self._hops and self._hops[0].departure <= now:
            hop = self._hops.pop(0)
            self.state = replace(self.state, mode=hop.mode, ready=hop.arrival)
            factor = self._goal
            if self._hops:
                # On the way it is to do as little as it can.
                factor = self.actuator.modes[hop.mode][0].power.factor_of(0.0)
            yield from self._tell(hop.departure, hop.mode, factor)

    def next_event(self, now: datetime) -> datetime | None:
        """When something changes by itself; None if nothing does."""
        events = (
            self.state.ready,
            *(hop.departure for hop in self._hops),
            *self._chances(now),
        )
        return min((event for event in events if event and event > now), default=None)

    @abstractmethod
    def _chances(self, now: datetime) -> Iterable[datetime]:
        """When it can be told something else."""

    def _take(
        self, route: Route, factor: float, now: datetime, apart: float | None = None
    ) -> Iterator[Command]:
        """Go to an operation mode; nothing if it is there, with a factor like this."""
        if route.hops:
            self.state = replace(self.state, timers=route.timers)
            self._hops = list(route.hops)
            self._goal = factor
            yield from self.advance(now)
        else:
            yield from self._tell(now, route.mode, factor, apart)

    def _tell(
        self, moment: datetime, mode: str, factor: float, apart: float | None = None
    ) -> Iterator[Command]:
        """Change the state, and say so unless it is what was told last, but for `apart`."""
        apart = self.factors_apart if apart is None else apart
        if (
            self._told
            and self._told[0] == mode
            and abs(factor - self._told[1]) <= apart
        ):
            return
        self._told = (mode, factor)
        self.state = replace(self.state, mode=mode, factor=factor)
        yield Command(moment, self.actuator.id, mode, factor)


def equipped[ActuatorT: Actuator, ExpectedT: ExpectedActuator[Any]](
    kind: Callable[[ActuatorT, ModeState], ExpectedT],
    actuators: Iterable[ActuatorT],
    state: Callable[[Actuator], ModeState],
    former: Iterable[ExpectedT],
) -> list[ExpectedT]:
    """Actuators as they are expected to be; one that there was before goes on as it is."""
    before = {expected.actuator.id: expected for expected in former}
    return [
        before[actuator.id].handed_over(actuator)
        if actuator.id in before
        else kind(actuator, state(actuator))
        for actuator in actuators
    ]
