"""A power sequence that a user starts by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..times import from_ms, to_ms
from .orders import InvalidOrderError, ManualOrder, listed


class StartableSequence(NamedTuple):
    """A power sequence that can be started, and when (ms)."""

    profile: str
    container: str
    sequence: str
    is_normal: bool
    """Whether it is not for abnormal conditions only."""
    first: int
    last: int

    @property
    def text(self) -> str:
        """What it is called among others."""
        return f"{self.sequence} ({self.profile}, {self.container})"

    def fits(self, order: ManualOrder) -> bool:
        """Whether an order may mean it."""
        return (
            order.power_profile in {None, self.profile}
            and order.sequence_container in {None, self.container}
            and order.power_sequence in {None, self.sequence}
        )


def ordered_sequence(
    startable: Sequence[StartableSequence], order: ManualOrder, now: datetime
) -> tuple[StartableSequence, int]:
    """What a user wants to start, and when (ms); raises InvalidOrderError if it cannot be."""
    if not startable:
        raise InvalidOrderError("s2_no_description")
    fitting = [each for each in startable if each.fits(order)]
    if order.power_sequence is None or len(fitting) > 1:
        raise InvalidOrderError(
            "s2_sequence_required",
            sequences=listed(each.text for each in fitting or startable),
        )
    if not fitting:
        raise InvalidOrderError(
            "s2_unknown_sequence",
            sequence=order.power_sequence,
            sequences=listed(each.text for each in startable),
        )
    (chosen,) = fitting
    if not chosen.is_normal and not order.abnormal_condition:
        raise InvalidOrderError("s2_mode_abnormal_only", mode=chosen.sequence)
    start = max(to_ms(order.execution_time), to_ms(now))
    if not chosen.first <= start <= chosen.last:
        raise InvalidOrderError(
            "s2_sequence_time", earliest=_text(chosen.first), latest=_text(chosen.last)
        )
    return chosen, start


def _text(time: int) -> str:
    return from_ms(time).isoformat(timespec="seconds")
