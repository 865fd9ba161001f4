"""What to tell the actuators of a storage, so that they have the power that is planned."""

from collections.abc import Callable, Iterator, Sequence

from ..operation_modes.actuators import Actuator
from ..operation_modes.balance import Behind
from ..operation_modes.expected_actuator import Command
from ..operation_modes.profile import Segment
from ..operation_modes.sequence import ModeSequence
from ..operation_modes.transitions import ModeState
from ..operation_modes.validity import Announcements
from .description import SystemDescription
from .storage import Storage


def commands(
    slots: Sequence[Segment[float]],
    descriptions: Announcements[SystemDescription],
    state: Callable[[Actuator], ModeState],
    storage: Storage,
    behind: Behind,
) -> Iterator[Command]:
    """What follows from the powers (W) of slots, under each description while it is valid.

    The storage goes through it too, from the fill level that it has.
    """
    sequence = ModeSequence(storage, behind)
    for start, end, description in descriptions.between(slots[0].start, slots[-1].end):
        storage.levels = description.levels
        sequence.equip(description.actuators, state)
        yield from sequence.run(slots, start, end)
