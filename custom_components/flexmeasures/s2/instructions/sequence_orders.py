"""A power sequence that a user starts by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ..ppbc.description import Task
from ..ppbc.price_curve import to_ms
from ..ppbc.start_times import PowerSequence, Start
from .instruction import Instruction
from .orders import InvalidOrderError, ManualOrder, listed


class _Candidate(NamedTuple):
    task: Task
    container: str
    sequence: PowerSequence

    @property
    def text(self) -> str:
        return f"{self.sequence.id} ({self.task.id}, {self.container})"

    def fits(self, order: ManualOrder) -> bool:
        """Whether an order may mean it."""
        return (
            order.power_profile in {None, self.task.id}
            and order.sequence_container in {None, self.container}
            and order.power_sequence in {None, self.sequence.id}
        )

    def times(self, now: int) -> tuple[int, int]:
        """When it can be started first and last (ms), so that all others fit in too."""
        after, pending = self.task.rest(now)
        place = pending.index(self.container)
        shortest = [
            min(each.duration for each in self.task.containers[container].values())
            for container in pending
        ]
        first = max(to_ms(self.task.start), now, after or 0) + sum(shortest[:place])
        last = to_ms(self.task.end) - self.sequence.duration
        last -= sum(shortest[place + 1 :])
        pause = self.sequence.most_pause
        if place == 0 and after is not None and pause is not None:
            last = min(last, max(after, now) + pause)
        return first, last


def ordered_start(
    tasks: Sequence[Task], order: ManualOrder, now: datetime
) -> Instruction:
    """What a user wants to start; raises InvalidOrderError if it cannot be then."""
    time = to_ms(now)
    candidates = [
        _Candidate(task, container, sequence)
        for task in tasks
        for container in task.rest(time)[1]
        for sequence in task.containers[container].values()
    ]
    if not candidates:
        raise InvalidOrderError("s2_no_description")
    fitting = [each for each in candidates if each.fits(order)]
    if order.power_sequence is None or len(fitting) > 1:
        raise InvalidOrderError(
            "s2_sequence_required",
            sequences=listed(each.text for each in fitting or candidates),
        )
    if not fitting:
        raise InvalidOrderError(
            "s2_unknown_sequence",
            sequence=order.power_sequence,
            sequences=listed(each.text for each in candidates),
        )
    (chosen,) = fitting
    if not chosen.sequence.is_normal and not order.abnormal_condition:
        raise InvalidOrderError("s2_mode_abnormal_only", mode=chosen.sequence.id)
    first, last = chosen.times(time)
    start = max(to_ms(order.execution_time), time)
    if not first <= start <= last:
        raise InvalidOrderError(
            "s2_sequence_time", earliest=_text(first), latest=_text(last)
        )
    return chosen.task.instruction(
        chosen.container,
        Start(chosen.sequence, start),
        abnormal=order.abnormal_condition,
    )


def _text(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="seconds")
