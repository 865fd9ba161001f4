"""Prices that several devices have in common, asked for once."""

from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.concurrency import Shared
from ..plan.grid import reading_step, whole_slots
from ..plan.prices import Price
from ..plan.series import Series

# Devices are read at the same time, or soon after one another.
_MAX_AGE = timedelta(minutes=1)

type _Period = tuple[int, datetime, timedelta]
"""Of a sensor by its id."""


class SharedPrices:
    """The prices that an account's devices have asked for within the last minute."""

    def __init__(self, api: FlexMeasuresApi, catalogue: AccountCatalogue) -> None:
        """Start with nothing known."""
        self._api = api
        self._catalogue = catalogue
        self._prices: dict[_Period, tuple[datetime, Price]] = {}
        self._reading: Shared[_Period, Price | None] = Shared()

    async def async_price(
        self, sensor_id: int, start: datetime, duration: timedelta
    ) -> Price | None:
        """Return the prices of a sensor in a period; None if there are none.

        Raises FlexMeasuresError.
        """
        period = (sensor_id, start, duration)
        now = dt_util.utcnow()
        self._prices = {
            key: (read_at, price)
            for key, (read_at, price) in self._prices.items()
            if now - read_at < _MAX_AGE
        }
        if period in self._prices:
            return self._prices[period][1]
        price = await self._reading.async_get(period, lambda: self._read(*period))
        if price is not None:
            # Whereas what is not there yet may come at any moment.
            self._prices[period] = now, price
        return price

    async def _read(
        self, sensor_id: int, start: datetime, duration: timedelta
    ) -> Price | None:
        sensor = await self._catalogue.async_sensor(sensor_id)
        resolution, zone = sensor.slot_length, sensor.time_zone
        first, length = whole_slots(start, duration, resolution, zone)
        step = reading_step(first, length, resolution, zone)
        data = await self._api.get_data(
            sensor_id,
            start=first,
            duration=length,
            # For its own resolution the server need not resample.
            resolution=None if step == sensor.resolution else step,
            unit=sensor.unit,
        )
        series = Series.from_data(data) if data else None
        return Price.from_series(series, sensor.unit) if series else None
