"""In which order what was measured is sent."""

from datetime import datetime, timedelta
from typing import Final

from ..memory import FeedMemory
from ..periods import Period
from ..slots import SlotGrid

MOST_AT_ONCE: Final = 2000
"""Slots of one request: a week of 5 minutes, which the server stores in 0.2 s."""

# What may still turn out otherwise is looked at again.
_UNSETTLED_WAIT: Final = timedelta(minutes=1)


class SendingOrder:
    """The newest slots first, then the oldest, and so on; all at once if that is possible.

    So a long absence is made up for beside what goes on.
    """

    def __init__(self, memory: FeedMemory) -> None:
        """Go on from what is remembered."""
        self._memory = memory
        self._was_newest = False
        self._unsettled_from: datetime | None = None
        self._look_again_at: datetime | None = None

    @property
    def waits_until(self) -> datetime | None:
        """When the next slots are looked at again, if these may turn out otherwise."""
        start, sent_until = self._unsettled_from, self._memory.sent_until
        if start is None or sent_until is None or start > sent_until:
            return None
        return self._look_again_at

    def hurry(self) -> None:
        """Look at what was not settled now."""
        self._unsettled_from = None

    def note_unsettled(self, start: datetime, now: datetime) -> None:
        """Take note that what is known from a moment on may turn out otherwise."""
        self._unsettled_from, self._look_again_at = start, now + _UNSETTLED_WAIT

    def next_period(
        self, grid: SlotGrid, end: datetime, now: datetime
    ) -> Period | None:
        """Return what to send next of all that is known until `end`; None if that was sent."""
        start = self._memory.sent_until
        assert start is not None
        if self._unsettled_from and self._look_again_at and self._look_again_at > now:
            end = min(end, self._unsettled_from)
        if start >= end:
            return None
        ahead = self._memory.ahead
        if grid.count(start, end) > MOST_AT_ONCE:
            newest = grid.floor(max(ahead.end or start, end - grid.length))
            if newest < end and not self._was_newest:
                self._was_newest = True
                return Period(newest, end)
        self._was_newest = False
        until = min(ahead.first.start, end) if ahead else end
        if grid.count(start, until) > MOST_AT_ONCE:
            until = grid.boundaries(start, start + MOST_AT_ONCE * grid.length)[-1]
        return Period(start, until)
