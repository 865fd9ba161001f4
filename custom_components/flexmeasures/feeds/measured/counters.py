"""By how much counters rise in each slot, through all in which they are not exact."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf
from typing import Final, override

from .resamplers import Counter, Period, Resampler, Sample, SlotValues

GLITCH: Final = 600.0
"""For how many seconds a counter may show too little without having begun anew."""

# As Home Assistant tells it: what falls by less was corrected.
_RESET_BELOW: Final = 0.9


class DifferenceResampler(Resampler):
    """The differences of a counter over slots at both of whose ends it is known.

    What happens between the ends does no harm. A counter that only rises and falls by
    more than a tenth has begun anew at 0, unless it shows as much as before within
    `GLITCH`: then what it showed meanwhile was a mistake. Resampler after a fall that may
    turn out to be one are not settled.
    """

    def __init__(self, boundaries: Sequence[float], observed: Iterable[Period]) -> None:
        """Start with nothing counted."""
        super().__init__(boundaries, observed)
        # What the counter stands at by each boundary, as if it had never begun anew.
        self._totals: list[float | None] = []
        self._before = 0.0
        self._last: float | None = None
        self._last_reset: float | None = None
        self._is_known = False
        self._unsettled_from = inf
        # A sample is counted when all that comes within `GLITCH` of it is known: these
        # wait, and these of them are greater than all after them.
        self._waiting: deque[Sample] = deque()
        self._peaks: deque[tuple[float, float]] = deque()

    @override
    def _step(self, moment: float, value: float | None, counter: Counter) -> None:
        while self._waiting and self._waiting[0][0] + GLITCH < moment:
            self._count(*self._waiting.popleft(), known_until=moment)
        if value is not None and counter.only_rises and value < 0:
            value = None
        if value is not None:
            while self._peaks and self._peaks[-1][1] <= value:
                self._peaks.pop()
            self._peaks.append((moment, value))
        self._waiting.append((moment, value, counter))

    @override
    def _finished(self, until: float) -> SlotValues:
        while self._waiting:
            self._count(*self._waiting.popleft(), known_until=until)
        self._pass(inf)
        return SlotValues(
            values=tuple(
                None if start is None or end is None else end - start
                for start, end in pairwise(self._totals)
            ),
            settled=bisect_left(self._boundaries, self._unsettled_from, lo=1) - 1,
        )

    def _count(
        self,
        moment: float,
        value: float | None,
        counter: Counter,
        *,
        known_until: float,
    ) -> None:
        """Count a sample, given until when those after it are known."""
        self._pass(moment)
        while self._peaks and self._peaks[0][0] <= moment:
            self._peaks.popleft()
        self._is_known = value is not None
        if value is None:
            return
        if self._last is not None and counter.only_rises and value < self._last:
            if self._peaks and self._peaks[0][1] >= self._last:
                return
            if known_until < moment + GLITCH:
                self._unsettled_from = min(self._unsettled_from, moment)
        if self._last is not None and self._begins_anew(self._last, value, counter):
            self._before += self._last
        self._last = value
        if counter.last_reset is not None:
            self._last_reset = counter.last_reset

    def _begins_anew(self, last: float, value: float, counter: Counter) -> bool:
        if counter.only_rises:
            return value < _RESET_BELOW * last
        return (
            counter.last_reset is not None
            and self._last_reset is not None
            and counter.last_reset != self._last_reset
        )

    def _pass(self, moment: float) -> None:
        """Note what the counter stands at by each boundary before a moment."""
        while (index := len(self._totals)) < len(self._boundaries) and self._boundaries[
            index
        ] < moment:
            total = None if self._last is None else self._before + self._last
            self._totals.append(total if self._is_known else None)
