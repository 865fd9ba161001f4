"""What is to be posted to one FlexMeasures sensor each."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
import logging
from typing import override

from homeassistant.util import dt as dt_util

from ...api.client import FlexMeasuresApi
from ...api.errors import NotFoundError, NotPermittedError, RejectedError
from ...api.models import Sensor
from ...plan.grid import INSTANT_GRID
from ..bins import Bin, Bins, Levels, Means, Step, first_run, whole_bins
from .conversions import Conversion

_LOGGER = logging.getLogger(__name__)

# What the server will not take later either.
REFUSALS = (NotFoundError, NotPermittedError, RejectedError)

# Three weeks in quarters of an hour.
_MOST_KEPT = 2000

# The server takes milliseconds for each value.
_MOST_AT_ONCE = 500

_AT_ONCE = datetime.min.replace(tzinfo=UTC)


type Finder = Callable[[], Awaitable[Sensor | None]]
"""Gives the metadata of a sensor, None if there is none; may raise FlexMeasuresError."""
type Converter = Callable[[Sensor], Awaitable[Conversion | None]]
"""Gives None if nothing can be posted; may raise FlexMeasuresError."""


class Stream(ABC):
    """A sensor, and the bins that it has not got yet."""

    def __init__(self, name: str, find: Finder, convert: Converter) -> None:
        """Ask the server nothing yet; `name` is for the log."""
        self._name = name
        self._find = find
        self._convert = convert
        self._sensor: Sensor | None = None
        self._is_closed = False
        self._is_refusal_said = False
        self._backlog: deque[Bin] = deque(maxlen=_MOST_KEPT)

    @property
    def due(self) -> datetime | None:
        """When there is something to post or to ask the server; None if nothing waits."""
        return None if self._is_closed else self._due()

    @abstractmethod
    def _due(self) -> datetime | None: ...

    async def async_post(self, api: FlexMeasuresApi) -> None:
        """Post all that can be had by now; raises FlexMeasuresError.

        What was refused is dropped then, and the rest kept for another try.
        """
        try:
            await self._post(api)
        except REFUSALS as err:
            if self._sensor is None:
                self._is_closed = True
            self._drop()
            if not self._is_refusal_said:
                self._is_refusal_said = True
                _LOGGER.warning("Nothing can be posted to %s: %s", self._name, err)
            raise

    async def _post(self, api: FlexMeasuresApi) -> None:
        if self._sensor is None:
            self._sensor = await self._find()
        sensor = self._sensor
        conversion = await self._convert(sensor) if sensor else None
        if sensor is None or conversion is None:
            self._is_closed = True
            self._drop()
            return
        self._collect(sensor, dt_util.utcnow())
        grid = sensor.resolution or INSTANT_GRID
        while run := first_run(self._backlog, grid, _MOST_AT_ONCE):
            # The server knows the moment of a single value exactly.
            is_instant = len(run) == 1 and not sensor.resolution
            await api.post_data(
                sensor,
                start=run[0].start,
                duration=timedelta(0) if is_instant else grid * len(run),
                values=[_shortened(item.value * conversion.factor) for item in run],
                unit=conversion.unit,
            )
            # The oldest may have made room for new ones meanwhile.
            while self._backlog and self._backlog[0].start <= run[-1].start:
                self._backlog.popleft()

    @abstractmethod
    def _collect(self, sensor: Sensor, now: datetime) -> None:
        """Complete the backlog."""

    def _drop(self) -> None:
        """Forget what was to be posted."""
        self._backlog.clear()


class MeasuredStream(Stream):
    """What was measured."""

    def __init__(
        self, name: str, find: Finder, convert: Converter, *, is_level: bool
    ) -> None:
        """Start empty; `is_level`: the value at the beginning of an interval counts, else the mean."""
        super().__init__(name, find, convert)
        self._is_level = is_level
        self._is_loss_said = False
        self._bins: Bins | None = None
        # Before the sensor's resolution is known.
        self._steps: deque[Step] = deque(maxlen=_MOST_KEPT)

    @override
    def _due(self) -> datetime | None:
        if self._steps or self._backlog:
            return _AT_ONCE
        return self._bins.next if self._bins else None

    def put(self, value: float | None, moment: datetime) -> None:
        """Take a value that holds from a moment on; None: nothing does any more."""
        if self._is_closed:
            return
        if self._bins:
            self._keep(self._bins.put(value, moment))
        elif self._steps or value is not None:
            self._note_loss(len(self._steps) + 1)
            self._steps.append((moment, value))

    @override
    def _collect(self, sensor: Sensor, now: datetime) -> None:
        if self._bins is None:
            # A sensor of instants has no intervals for which there could be a mean.
            kind = Means if sensor.resolution and not self._is_level else Levels
            self._bins = kind(sensor.resolution or INSTANT_GRID, sensor.time_zone)
            for moment, value in self._steps:
                self._keep(self._bins.put(value, moment))
            self._steps.clear()
        self._keep(self._bins.advance(now))

    @override
    async def _post(self, api: FlexMeasuresApi) -> None:
        await super()._post(api)
        self._is_loss_said = False

    @override
    def _drop(self) -> None:
        super()._drop()
        self._steps.clear()

    def _keep(self, bins: Sequence[Bin]) -> None:
        self._note_loss(len(self._backlog) + len(bins))
        self._backlog.extend(bins)

    def _note_loss(self, count: int) -> None:
        """Say it if more is to be kept than is possible."""
        if count > _MOST_KEPT and not self._is_loss_said:
            self._is_loss_said = True
            _LOGGER.warning(
                "The server has not taken anything for so long that the oldest"
                " measurements for %s are lost",
                self._name,
            )


class ForecastStream(Stream):
    """What is expected: the newest forecast only."""

    _expected: tuple[Step, ...] = ()
    _posted: tuple[Step, ...] = ()

    @override
    def _due(self) -> datetime | None:
        return _AT_ONCE if self._expected is not self._posted else None

    def put(self, steps: tuple[Step, ...]) -> None:
        """Take a forecast, unless it is the one that is known."""
        if not self._is_closed and steps != self._expected:
            self._expected = steps

    @override
    async def _post(self, api: FlexMeasuresApi) -> None:
        expected = self._expected
        await super()._post(api)
        self._posted = expected

    @override
    def _collect(self, sensor: Sensor, now: datetime) -> None:
        self._backlog.clear()
        self._backlog.extend(
            whole_bins(
                self._expected,
                sensor.resolution or INSTANT_GRID,
                sensor.time_zone,
                now=now,
                most=_MOST_KEPT,
            )
        )

    @override
    def _drop(self) -> None:
        super()._drop()
        self._posted = self._expected


def _shortened(value: float) -> float:
    """Return the value without what is left of reckoning: no 999.9999999999999, no "-0.0"."""
    return float(f"{value:.12g}") + 0.0
