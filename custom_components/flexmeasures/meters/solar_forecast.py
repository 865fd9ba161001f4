"""What PV is expected to produce, per hour: the solar forecast of the Energy dashboard."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
import logging
from typing import Final

from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..api.concurrency import Shared
from ..api.errors import FlexMeasuresError
from ..api.models import Sensor
from ..plan.grid import local_midnight
from ..plan.units import Dimension, Measure
from .intervals import HOUR, Interval
from .metering import Series, counted
from .readings import SensorReader, moment
from .units import Output

# The dashboard asks each time that somebody looks at it.
_MAX_AGE: Final = timedelta(minutes=10)

# Today, and as far as the server forecasts.
_DAYS: Final = 8

_LONGEST_RESOLUTION: Final = timedelta(days=1)

_KWH: Final = Output(UnitOfEnergy.KILO_WATT_HOUR)
_WH: Final = 1000.0
"""Of a kWh."""

# As fine as any inverter measures.
_DIGITS: Final = 3

_LOGGER: Final = logging.getLogger(__name__)


def holds_production(sensor: Sensor) -> bool:
    """Return whether a sensor can hold what PV produces: power, or energy per interval."""
    measure = Measure.of(sensor.unit)
    is_energy_or_power = measure and measure.dimension is Dimension.ENERGY
    return bool(
        is_energy_or_power and timedelta(0) < sensor.resolution <= _LONGEST_RESOLUTION
    )


class SolarForecast:
    """The forecast of an account's PV sensors together, not older than 10 minutes."""

    def __init__(self, reader: SensorReader, sensors: Sequence[int]) -> None:
        """Start with nothing known."""
        self._reader = reader
        self._sensors = sensors
        self._wh_hours: Mapping[str, float] = {}
        self._read_at: datetime | None = None
        self._known: dict[int, list[Interval]] = {}
        """What each sensor said last."""
        self._failing: set[int] = set()
        self._reading: Shared[None, Mapping[str, float]] = Shared()

    @callback
    def async_choose(self, sensors: Sequence[int]) -> None:
        """Go on with other sensors, if they are others."""
        if tuple(sensors) != tuple(self._sensors):
            self._sensors = sensors
            self._read_at = None

    async def async_wh_hours(self) -> Mapping[str, float] | None:
        """Return Wh by the local hours of today and later, in ISO; None without sensors.

        A sensor that cannot be read counts with what it said last.
        """
        if not self._sensors:
            return None
        now = dt_util.utcnow()
        if self._read_at is not None and abs(now - self._read_at) < _MAX_AGE:
            return self._wh_hours
        return await self._reading.async_get(None, self._read)

    async def _read(self) -> Mapping[str, float]:
        now = dt_util.utcnow()
        start, end = local_midnight(now), local_midnight(now, days_later=_DAYS)
        await asyncio.gather(
            *(self._try_to_read(sensor, start, end) for sensor in self._sensors)
        )
        known = [
            production
            for sensor in self._sensors
            for production in self._known.get(sensor, ())
        ]
        self._wh_hours = _by_hour(known, start, dt_util.get_default_time_zone())
        self._read_at = now
        return self._wh_hours

    async def _try_to_read(
        self, sensor_id: int, start: datetime, end: datetime
    ) -> None:
        """Learn what a sensor says; one that fails does not take the others away."""
        try:
            sensor = await self._reader.catalogue.async_sensor(sensor_id)
            production = await self._production(sensor, start, end)
        except FlexMeasuresError as err:
            if sensor_id not in self._failing:
                self._failing.add(sensor_id)
                _LOGGER.warning(
                    "The solar forecast of FlexMeasures sensor %s cannot be read: %s",
                    sensor_id,
                    err,
                )
            return
        self._failing.discard(sensor_id)
        self._known[sensor_id] = production

    async def _production(
        self, sensor: Sensor, start: datetime, end: datetime
    ) -> list[Interval]:
        """Return what a sensor says of a period, in kWh; raises FlexMeasuresError."""
        if not holds_production(sensor):
            return []
        values = await self._reader.async_expected(sensor, start, end)
        # The server stores consumption as positive where the sensor says so.
        sign = -1 if sensor.consumption_is_positive else 1
        return [
            each._replace(value=max(each.value * sign, 0.0))
            for each in counted(_KWH, Series(sensor, values))
        ]


def _by_hour(
    production: Iterable[Interval], start: datetime, time_zone: tzinfo
) -> dict[str, float]:
    """Return Wh by the hours of a time zone from a moment on, in order."""
    hours: defaultdict[str, float] = defaultdict(float)
    for part in (part for each in production for part in _parts(each, time_zone)):
        if (begin := moment(part.start)) >= start:
            hour = begin.astimezone(time_zone).replace(minute=0)
            hours[hour.isoformat()] += part.value * _WH
    return {
        hour: round(hours[hour], _DIGITS)
        for hour in sorted(hours, key=datetime.fromisoformat)
    }


def _parts(production: Interval, time_zone: tzinfo) -> Iterator[Interval]:
    """Divide an amount at the full hours of a time zone."""
    length = production.end - production.start
    at = production.start
    while at < production.end:
        full = at + HOUR - moment(at).astimezone(time_zone).minute * 60
        until = min(full, production.end)
        yield Interval(at, until, production.value * ((until - at) / length))
        at = until
