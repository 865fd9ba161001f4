"""The assets and sensors of an account, asked for once for all who want to know."""

import asyncio
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .client import FlexMeasuresApi
from .models import Catalogue, Sensor

# What the assets say rarely changes.
_MAX_AGE = timedelta(minutes=10)


class AccountCatalogue:
    """What the account can see on its server, not older than 10 minutes."""

    def __init__(self, api: FlexMeasuresApi) -> None:
        """Start with nothing known."""
        self._api = api
        self._catalogue: Catalogue | None = None
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def async_get(self) -> Catalogue:
        """Return the catalogue; raises FlexMeasuresError."""
        async with self._reading:
            now = dt_util.utcnow()
            if (
                self._catalogue is None
                or self._read_at is None
                or now - self._read_at >= _MAX_AGE
            ):
                self._catalogue = await self._api.get_catalogue()
                self._read_at = now
            return self._catalogue

    async def async_sensor(self, sensor_id: int) -> Sensor:
        """Return a sensor that the account can see; raises FlexMeasuresError."""
        catalogue = await self.async_get()
        return catalogue.sensors.get(sensor_id) or await self._api.get_sensor(sensor_id)
