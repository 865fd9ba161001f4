"""Samples of an entity, made into one value for each slot.

All moments are seconds since 1970.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple, override

type Period = tuple[float, float]
"""From when until when; the end does not belong to it."""


class Counter(NamedTuple):
    """How a value counts, if it is that of a counter."""

    only_rises: bool
    """Whether it falls only where it begins anew, or for a moment by mistake."""
    last_reset: float | None
    """When it began, of one that says so."""


RISING: Final = Counter(only_rises=True, last_reset=None)

type Sample = tuple[float, float | None, Counter]
"""A value that holds from a moment on, until the next sample; None: nothing is known."""


@dataclass(frozen=True, slots=True)
class SlotValues:
    """What is known of slots that follow each other."""

    values: tuple[float | None, ...]
    """One for each slot, in the unit of the source; None: not known."""
    settled: int
    """So many of the first ones are final; later ones may still change."""


_NEVER: Final = (inf, inf)

# Moments are floats: a slot that is wholly observed may be so but for rounding.
_ROUNDING: Final = 1e-6


class Resampler(ABC):
    """Gives a value to each slot, of samples that come in the order of time.

    A sample holds only within the period of observation that it is in: what was shown
    before a gap says nothing about the time after it.
    """

    def __init__(self, boundaries: Sequence[float], observed: Iterable[Period]) -> None:
        """Start with no sample; of n + 1 boundaries n slots are made.

        The periods are in the order of time, and have nothing in common.
        """
        self._boundaries = boundaries
        self._later = iter(observed)
        self._start, self._end = next(self._later, _NEVER)

    def put(self, samples: Iterable[Sample]) -> int:
        """Take samples that are later than all before, and return how many they are.

        Those of no period do not count for any slot.
        """
        count = 0
        for moment, value, counter in samples:
            count += 1
            if moment >= self._end:
                self._end_periods(moment)
            if moment >= self._start:
                self._step(moment, value, counter)
        return count

    def finish(self, until: float) -> SlotValues:
        """Return the values, given until when all samples are known."""
        self._end_periods(until)
        return self._finished(until)

    def _end_periods(self, moment: float) -> None:
        while moment >= self._end:
            self._step(self._end, None, RISING)
            self._start, self._end = next(self._later, _NEVER)

    @abstractmethod
    def _step(self, moment: float, value: float | None, counter: Counter) -> None:
        """Let a value hold from a moment on; None: nothing is known from then on."""

    @abstractmethod
    def _finished(self, until: float) -> SlotValues:
        """Return the values, given until when the last value holds."""


class MeanResampler(Resampler):
    """The time-weighted means of slots of which enough was observed."""

    def __init__(
        self,
        boundaries: Sequence[float],
        observed: Iterable[Period],
        *,
        least_share: float,
    ) -> None:
        """Leave out the slots of which a smaller share, 0 to 1, was observed."""
        super().__init__(boundaries, observed)
        self._least_share = least_share
        self._values: list[float | None] = []
        self._since = -inf
        self._value: float | None = None
        self._known = 0.0
        self._mean = 0.0

    @override
    def _step(self, moment: float, value: float | None, counter: Counter) -> None:
        if self._value is not None:
            self._count(self._value, moment)
        self._since, self._value = moment, value

    @override
    def _finished(self, until: float) -> SlotValues:
        self._step(until, None, RISING)
        count = len(self._boundaries) - 1
        while len(self._values) < count:
            self._close()
        return SlotValues(tuple(self._values), count)

    def _count(self, value: float, moment: float) -> None:
        """Count what held until a moment, and close the slots that end by it."""
        while (index := len(self._values)) < len(self._boundaries) - 1:
            end = self._boundaries[index + 1]
            part = min(moment, end) - max(self._since, self._boundaries[index])
            if part > 0:
                self._known += part
                # Exact for a value that does not change, unlike a sum.
                self._mean += (value - self._mean) * (part / self._known)
            if moment < end:
                return
            self._close()

    def _close(self) -> None:
        index = len(self._values)
        length = self._boundaries[index + 1] - self._boundaries[index]
        is_enough = self._known >= length * self._least_share - _ROUNDING
        self._values.append(self._mean if self._known and is_enough else None)
        self._known = self._mean = 0.0


class LevelResampler(Resampler):
    """The values that hold when the slots start."""

    def __init__(self, boundaries: Sequence[float], observed: Iterable[Period]) -> None:
        """Start with no sample."""
        super().__init__(boundaries, observed)
        self._values: list[float | None] = []
        self._value: float | None = None

    @override
    def _step(self, moment: float, value: float | None, counter: Counter) -> None:
        while (index := len(self._values)) < len(
            self._boundaries
        ) - 1 and self._boundaries[index] < moment:
            self._values.append(self._value)
        self._value = value

    @override
    def _finished(self, until: float) -> SlotValues:
        self._step(inf, None, RISING)
        return SlotValues(tuple(self._values), len(self._values))
