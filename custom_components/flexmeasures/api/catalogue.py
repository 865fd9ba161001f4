"""What all devices of an account would ask the server for, asked for once."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from ..plan.grid import whole_slots
from ..plan.prices import Price
from ..plan.series import Series
from .client import FlexMeasuresApi
from .models import Catalogue, Sensor

# What the assets say rarely changes.
_CATALOGUE_MAX_AGE = timedelta(minutes=10)
# Devices are read at the same time, or soon after one another.
_PRICE_MAX_AGE = timedelta(minutes=1)

type _Window = tuple[int, datetime, timedelta]


class AccountCatalogue:
    """An account's assets and sensors, and the prices that its devices share."""

    def __init__(self, api: FlexMeasuresApi) -> None:
        """Start with nothing known."""
        self._api = api
        self._catalogue: Catalogue | None = None
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()
        self._prices: dict[_Window, tuple[datetime, Price | None]] = {}
        self._reading_price: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def async_get(self) -> Catalogue:
        """The catalogue of the last few minutes; raises FlexMeasuresError."""
        async with self._reading:
            now = dt_util.utcnow()
            if (
                self._catalogue is None
                or self._read_at is None
                or now - self._read_at >= _CATALOGUE_MAX_AGE
            ):
                self._catalogue = await self._api.get_catalogue()
                self._read_at = now
            return self._catalogue

    async def async_sensor(self, sensor_id: int) -> Sensor:
        """A sensor that the account can see; raises FlexMeasuresError."""
        catalogue = await self.async_get()
        return catalogue.sensors.get(sensor_id) or await self._api.get_sensor(sensor_id)

    async def async_price(
        self, sensor_id: int, start: datetime, duration: timedelta
    ) -> Price | None:
        """The prices of a sensor in a period, of the last minute; None if there are none.

        Raises FlexMeasuresError.
        """
        window = (sensor_id, start, duration)
        async with self._reading_price[sensor_id]:
            now = dt_util.utcnow()
            self._prices = {
                key: (read_at, price)
                for key, (read_at, price) in self._prices.items()
                if now - read_at < _PRICE_MAX_AGE
            }
            if window not in self._prices:
                self._prices[window] = now, await self._read_price(*window)
            return self._prices[window][1]

    async def _read_price(
        self, sensor_id: int, start: datetime, duration: timedelta
    ) -> Price | None:
        sensor = await self.async_sensor(sensor_id)
        first, length = whole_slots(
            start, duration, sensor.slot_length, sensor.time_zone
        )
        data = await self._api.get_data(
            sensor_id, start=first, duration=length, unit=sensor.unit
        )
        series = data and Series.from_values(data.start, data.resolution, data.values)
        return Price.from_series(series, sensor.unit) if series else None
