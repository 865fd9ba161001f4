"""What power a device had of late."""

from collections import deque
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

# Slots are rarely longer; of a longer one, the last part is known.
_KEPT: Final = timedelta(hours=1)
_HOUR: Final = timedelta(hours=1)


class Energy(NamedTuple):
    """What went through a device's connection, in kWh; neither is negative."""

    consumed: float
    produced: float

    @property
    def net(self) -> float:
        """What was consumed less what was produced."""
        return self.consumed - self.produced


class RecentPower:
    """The power of one device in kW, consumption positive: as measured, else as commanded."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._commanded: float | None = None
        self._measured: float | None = None
        self._steps: deque[tuple[datetime, float | None]] = deque()

    def command(self, power: float | None, since: datetime) -> None:
        """Take note of what the device is to have from a moment on; None: nothing."""
        self._commanded = power
        self._note(since)

    def measure(self, power: float | None, since: datetime) -> None:
        """Take note of what it has from a moment on; None: nobody measures it."""
        self._measured = power
        self._note(since)

    def energy(self, start: datetime, end: datetime) -> Energy:
        """Return what flowed in a time; nothing where that is not known."""
        consumed = produced = 0.0
        for (since, power), (until, _) in pairwise([*self._steps, (end, None)]):
            hours = (min(until, end) - max(since, start)) / _HOUR
            if power is not None and hours > 0:
                consumed += max(power, 0.0) * hours
                produced += max(-power, 0.0) * hours
        return Energy(consumed, produced)

    @property
    def known_since(self) -> datetime | None:
        """Since when it is known what the device had; None if it is not at all."""
        return self._steps[0][0] if self._steps else None

    def _note(self, since: datetime) -> None:
        power = self._commanded if self._measured is None else self._measured
        if self._steps and self._steps[-1][1] == power:
            return
        self._steps.append((since, power))
        while len(self._steps) > 1 and self._steps[1][0] <= since - _KEPT:
            self._steps.popleft()
