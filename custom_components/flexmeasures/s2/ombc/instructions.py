"""What to tell a device, so that its operation modes have the power that is planned."""

from collections.abc import Callable, Iterator, Sequence

from ..operation_modes.actuators import Actuator
from ..operation_modes.balance import Behind
from ..operation_modes.expected_actuator import Command
from ..operation_modes.profile import Segment
from ..operation_modes.sequence import ModeSequence
from ..operation_modes.transitions import ModeState
from ..operation_modes.validity import Announcements


def commands(
    slots: Sequence[Segment[float]],
    descriptions: Announcements[Actuator],
    state: Callable[[Actuator], ModeState],
    behind: Behind,
) -> Iterator[Command]:
    """What follows from the powers (W) of slots, under each description while it is valid."""
    sequence = ModeSequence(behind=behind)
    for start, end, device in descriptions.between(slots[0].start, slots[-1].end):
        sequence.equip([device], state)
        yield from sequence.run(slots, start, end)
