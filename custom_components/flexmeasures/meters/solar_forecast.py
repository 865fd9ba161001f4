"""What PV is expected to produce, per hour: the solar forecast of the Energy dashboard."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
import logging
import re
from typing import Final

from homeassistant.const import UnitOfEnergy
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.concurrency import Shared, together
from ..api.errors import FlexMeasuresError
from ..api.models import Sensor
from ..plan.grid import (
    even_runs,
    local_midnight,
    reading_step,
    slot_starts,
    whole_slots,
)

# The dashboard asks each time that somebody looks at it.
_MAX_AGE: Final = timedelta(minutes=10)

# Today, and as far as the server forecasts.
_DAYS: Final = 8

_HOUR: Final = timedelta(hours=1)
_LONGEST_RESOLUTION: Final = timedelta(days=1)
_FORECASTER: Final = "forecaster"

# As fine as any inverter measures.
_DIGITS: Final = 3

_POWER: Final = re.compile(r"[kM]?W")
_ENERGY: Final = re.compile(r"[kM]?Wh")

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Production:
    """Energy that is produced evenly in some time."""

    start: datetime
    end: datetime
    wh: float


def holds_production(sensor: Sensor) -> bool:
    """Return whether a sensor can hold what PV produces: power, or energy per interval."""
    is_energy_or_power = _POWER.fullmatch(sensor.unit) or _ENERGY.fullmatch(sensor.unit)
    return bool(
        is_energy_or_power and timedelta(0) < sensor.resolution <= _LONGEST_RESOLUTION
    )


class SolarForecast:
    """The forecast of an account's PV sensors together, not older than 10 minutes."""

    def __init__(
        self, api: FlexMeasuresApi, catalogue: AccountCatalogue, sensors: Sequence[int]
    ) -> None:
        """Start with nothing known."""
        self._api = api
        self._catalogue = catalogue
        self._sensors = sensors
        self._wh_hours: Mapping[str, float] = {}
        self._read_at: datetime | None = None
        self._known: dict[int, list[_Production]] = {}
        """What each sensor said last."""
        self._failing: set[int] = set()
        self._reading: Shared[None, Mapping[str, float]] = Shared()

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
            sensor = await self._catalogue.async_sensor(sensor_id)
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
    ) -> list[_Production]:
        """Return what a sensor says of a period; raises FlexMeasuresError."""
        if not holds_production(sensor):
            return []
        resolution, zone = sensor.resolution, sensor.time_zone
        first, length = whole_slots(start, end - start, resolution, zone)
        step = reading_step(first, length, resolution, zone)
        forecast, newest = await together(
            self._values(sensor, first, length, step, _FORECASTER),
            self._values(sensor, first, length, step, None),
        )
        values = [
            other if value is None else value
            for value, other in zip(forecast, newest, strict=True)
        ]
        moments = slot_starts(first, len(values) + 1, step, zone)
        return [
            _Production(begin, until, max(_wh(sensor, value, until - begin, step), 0.0))
            for (begin, until), value in zip(pairwise(moments), values, strict=True)
            if value is not None
        ]

    async def _values(
        self,
        sensor: Sensor,
        start: datetime,
        length: timedelta,
        step: timedelta,
        source_type: str | None,
    ) -> list[float | None]:
        """Return a value for each step."""
        values: list[float | None] = []
        for moment, count in even_runs(start, length // step, step, sensor.time_zone):
            data = await self._api.get_data(
                sensor.id,
                start=moment,
                duration=step * count,
                unit=sensor.unit,
                # For its own resolution the server need not resample.
                resolution=None if step == sensor.resolution else step,
                source_type=source_type,
            )
            values += data.values if data else [None] * count
        return values


def _wh(sensor: Sensor, value: float, time: timedelta, step: timedelta) -> float:
    """Return the energy that a value means, of which a part may have been read.

    The server stores consumption as positive where the sensor says so.
    """
    if _POWER.fullmatch(sensor.unit):
        unit, share = f"{sensor.unit}h", time / _HOUR
    else:
        # Read in parts, the server gives each the energy of the whole interval.
        unit, share = sensor.unit, step / sensor.resolution
    wh = EnergyConverter.convert(value, unit, UnitOfEnergy.WATT_HOUR) * share
    return -wh if sensor.consumption_is_positive else wh


def _by_hour(
    productions: Iterable[_Production], start: datetime, time_zone: tzinfo
) -> dict[str, float]:
    """Add energies up by the hours of a time zone from a moment on, in order."""
    hours: defaultdict[str, float] = defaultdict(float)
    for production in productions:
        for moment, wh in _parts(production, time_zone):
            if moment >= start:
                hour = moment.astimezone(time_zone).replace(
                    minute=0, second=0, microsecond=0
                )
                hours[hour.isoformat()] += wh
    return {
        hour: round(hours[hour], _DIGITS)
        for hour in sorted(hours, key=datetime.fromisoformat)
    }


def _parts(
    production: _Production, time_zone: tzinfo
) -> Iterator[tuple[datetime, float]]:
    """Divide an energy at the full hours of a time zone."""
    moment = production.start
    while moment < production.end:
        local = moment.astimezone(time_zone)
        passed = timedelta(minutes=local.minute, seconds=local.second)
        end = min(moment + _HOUR - passed, production.end)
        yield (
            moment,
            production.wh * ((end - moment) / (production.end - production.start)),
        )
        moment = end
