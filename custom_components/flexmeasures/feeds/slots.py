"""The slots of a FlexMeasures sensor, and how their values get there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from math import isclose
from typing import Final, Self

from ..api.client import FlexMeasuresApi
from ..api.models import Sensor
from ..plan.grid import INSTANT_GRID, floor_to_grid, slot_starts

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NONE: Final = timedelta(0)

# Slots without a value in the middle of a request: more of them are worth another one.
_LONGEST_GAP: Final = 100


@dataclass(frozen=True, slots=True)
class SlotGrid:
    """Where the slots of a sensor lie: those of an instantaneous one, where it is read."""

    length: timedelta
    time_zone: tzinfo

    @classmethod
    def of(cls, sensor: Sensor) -> Self:
        """Return the grid of a sensor."""
        return cls(sensor.resolution or INSTANT_GRID, sensor.time_zone)

    def floor(self, moment: datetime) -> datetime:
        """Return the start of the slot that holds a moment."""
        return floor_to_grid(moment, self.length, self.time_zone)

    def after(self, start: datetime) -> datetime:
        """Return the start of the next slot; the last one before midnight may be shorter."""
        # A day may have 25 hours.
        slack = _DAY / 2 if self.length >= _DAY else _NONE
        return self.floor(start + self.length + slack)

    def boundaries(self, start: datetime, end: datetime) -> list[datetime]:
        """Return where slots begin and end, from one that begins at `start` on."""
        if not _HOUR % self.length:
            return slot_starts(
                start, -((start - end) // self.length) + 1, self.length, self.time_zone
            )
        boundaries = [start]
        while boundaries[-1] < end:
            boundaries.append(self.after(boundaries[-1]))
        return boundaries

    def count(self, start: datetime, end: datetime) -> int:
        """Return about how many slots a period has."""
        return max(round((end - start) / self.length), 0)


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots that follow each other, each with a value if that is known."""

    boundaries: Sequence[datetime]
    """One more than there are values."""
    values: Sequence[float | None]

    def known(self) -> Iterator[tuple[datetime, datetime]]:
        """Go through the slots that have a value."""
        for period, value in zip(pairwise(self.boundaries), self.values, strict=True):
            if value is not None:
                yield period

    def runs(self, length: timedelta) -> Iterator[tuple[datetime, list[float | None]]]:
        """Divide them into what one request can be about, each from a value to a value.

        The server counts on from the start by the `length` of a slot, and so misses a
        day that begins 23 or 25 hours after the last one.
        """
        run: list[float | None] = []
        start = last = self.boundaries[0]
        gap = 0
        for moment, value in zip(self.boundaries, self.values, strict=False):
            if run and (moment - last != length or gap > _LONGEST_GAP):
                yield start, run[: len(run) - gap]
                run, gap = [], 0
            last = moment
            if value is not None:
                if not run:
                    start = moment
                gap = 0
            elif run:
                gap += 1
            else:
                continue
            run.append(value)
        if run:
            yield start, run[: len(run) - gap]

    def without(self, is_left_out: Callable[[datetime], bool]) -> Slots:
        """Return them without the values of some slots, told by their start."""
        return Slots(
            self.boundaries,
            [
                None if is_left_out(start) else value
                for start, value in zip(self.boundaries, self.values, strict=False)
            ],
        )

    def other_than(self, others: Sequence[float | None]) -> Slots:
        """Return them without the values that another reading of the same slots has, too."""
        return Slots(
            self.boundaries,
            [
                None
                if value is None or (other is not None and _is_same(value, other))
                else value
                for value, other in zip(self.values, others, strict=True)
            ],
        )


async def async_post_slots(
    api: FlexMeasuresApi,
    sensor: Sensor,
    slots: Slots,
    *,
    prior: datetime | None = None,
) -> int:
    """Post all values, in the sensor's unit; return how many. Mostly one request.

    `prior` is when they became known (default: now). Raises FlexMeasuresError.
    """
    length = sensor.resolution or INSTANT_GRID
    count = 0
    for start, values in slots.runs(length):
        # The server knows the moment of a single value exactly.
        is_instant = len(values) == 1 and not sensor.resolution
        await api.post_data(
            sensor,
            start=start,
            duration=_NONE if is_instant else length * len(values),
            values=[None if value is None else _shortened(value) for value in values],
            unit=sensor.unit,
            prior=prior,
        )
        count += len(values) - values.count(None)
    return count


async def async_read_slots(
    api: FlexMeasuresApi, sensor: Sensor, boundaries: Sequence[datetime], source: int
) -> list[float | None]:
    """Return what a data source has stored of some slots, in the sensor's unit.

    Raises FlexMeasuresError.
    """
    length = sensor.resolution or INSTANT_GRID
    read: list[float | None] = []
    # Anything but None makes one run of what can be read at once.
    everything = Slots(boundaries, [0.0] * (len(boundaries) - 1))
    for start, slots in everything.runs(length):
        data = await api.get_data(
            sensor.id,
            start=start.astimezone(sensor.time_zone),
            duration=length * len(slots),
            unit=sensor.unit,
            source=source,
        )
        values = data.values if data else ()
        read += [*values, *[None] * len(slots)][: len(slots)]
    return read


def _is_same(value: float, other: float) -> bool:
    return isclose(value, other, rel_tol=1e-9, abs_tol=1e-9)


def _shortened(value: float) -> float:
    """Return the value without what is left of reckoning: no 999.9999999999999, no "-0.0"."""
    return float(f"{value:.12g}") + 0.0
