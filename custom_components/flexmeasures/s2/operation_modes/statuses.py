"""What an RM tells of the operation modes that its actuators are in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ..messages.message import InvalidContentError
from .actuators import Actuator
from .transitions import ModeGraph, ModeState

type Update = Callable[[ModeGraph, ModeState], ModeState]
"""Takes over a status; raises InvalidContentError if it has something unknown."""

# A status may come before the description that it belongs to; a few hundred are more
# than any device has to tell.
_MOST_EARLY = 500


class Observations:
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

    def take_early(self, actuators: Sequence[Actuator]) -> None:
        """Take over what came before the first description; what does not fit is dropped."""
        early, self._early = self._early, ()
        for actuator_id, update in early:
            with suppress(InvalidContentError):
                self.take(actuator_id, update, actuators)
