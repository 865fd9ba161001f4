"""What an RM tells of its actuators: the operation modes that they are in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Self

from ..device_status import DeviceStatus
from ..messages.message import InvalidContentError
from .actuators import Actuator
from .transitions import ModeGraph, ModeState

type Update = Callable[[ModeGraph, ModeState], ModeState]
"""Takes over a status; raises InvalidContentError if it has something unknown."""

# A status may come before the description that it belongs to; a few hundred are more
# than any device has to tell.
_MOST_EARLY = 500

# In W; less is none.
_NOTHING = 1.0


class ActuatorStatuses:
    """The states of all actuators; a shallow copy stays as it is."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._states: Mapping[str, ModeState] = {}
        self._early: tuple[tuple[str, Update], ...] = ()

    def state(self, actuator: Actuator) -> ModeState:
        """What is known of an actuator, as far as its description has that."""
        return actuator.graph.taken_over(self._states.get(actuator.id, ModeState()))

    def take(
        self, actuator_id: str, update: Update, actuators: Sequence[Actuator] | None
    ) -> None:
        """Take over a status; `actuators` are all that were described, if any were.

        Raises InvalidContentError.
        """
        if actuators is None:
            self._early = (*self._early, (actuator_id, update))[-_MOST_EARLY:]
            return
        for actuator in actuators:
            if actuator.id == actuator_id:
                try:
                    state = update(
                        actuator.graph, self._states.get(actuator_id, ModeState())
                    )
                except InvalidContentError:
                    continue
                self._states = {**self._states, actuator_id: state}
                return
        raise InvalidContentError("a status of something unknown")

    def forget_others(self, actuators: Sequence[Actuator]) -> None:
        """Forget the actuators and timers that are not described any more."""
        timers: dict[str, set[str]] = {}
        for actuator in actuators:
            timers.setdefault(actuator.id, set()).update(actuator.graph.timers)
        if self._states.keys() <= timers.keys() and all(
            state.timers.keys() <= timers[actuator_id]
            for actuator_id, state in self._states.items()
        ):
            return
        self._states = {
            actuator_id: replace(
                state,
                timers={
                    timer: finished
                    for timer, finished in state.timers.items()
                    if timer in timers[actuator_id]
                },
            )
            for actuator_id, state in self._states.items()
            if actuator_id in timers
        }

    def take_early(self, actuators: Sequence[Actuator]) -> None:
        """Take over what came before the first description; what does not fit is dropped."""
        early, self._early = self._early, ()
        for actuator_id, update in early:
            with suppress(InvalidContentError):
                self.take(actuator_id, update, actuators)


class ActiveMode(NamedTuple):
    """An actuator in the operation mode that it was last said to be in."""

    name: str
    """Of the operation mode."""
    factor: float
    rate: float | None
    """Fill level, or what is supplied, per second; None while it is changing."""
    power: float | None
    """Electric, W, consumption positive."""

    @classmethod
    def of(
        cls,
        actuator: Actuator,
        state: ModeState,
        level: float | None,
        now: datetime,
    ) -> Self | None:
        """Look at one; None if the RM has not told its operation mode."""
        if state.mode is None:
            return None
        name = actuator.mode_names[state.mode]
        if level is None or (state.ready and state.ready > now):
            return cls(name, state.factor, None, None)
        element = actuator.element(state.mode, level)
        rate, power = element.rate.at(state.factor), element.power.at(state.factor)
        return cls(name, state.factor, rate, power)

    @property
    def is_active(self) -> bool:
        """Whether it is known to do something."""
        return bool(self.rate) or abs(self.power or 0.0) >= _NOTHING


def active_modes(
    actuators: Sequence[Actuator],
    state: Callable[[Actuator], ModeState],
    level: float | None,
    now: datetime,
) -> list[ActiveMode | None]:
    """Look at all actuators of a device."""
    return [
        ActiveMode.of(actuator, state(actuator), level, now) for actuator in actuators
    ]


def _is_known(observed: ActiveMode | None) -> bool:
    return observed is not None and observed.power is not None


def actuators_status(observed: Sequence[ActiveMode | None]) -> DeviceStatus:
    """The operation modes, and who is active; the factor is that of the active one."""
    active = next(
        (place for place, each in enumerate(observed, 1) if each and each.is_active),
        None,
    )
    if active is None and observed and all(map(_is_known, observed)):
        active = 0
    known = [each for each in observed if each]
    first = observed[active - 1] if active else next(iter(known), None)
    return DeviceStatus(
        active_actuator=active,
        operation_mode=", ".join(each.name for each in known) or None,
        operation_mode_factor=first.factor if first else None,
    )
