"""The assets and sensors of an account, asked for once for all who want to know."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .client import FlexMeasuresApi
from .concurrency import Shared
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
        self._reading: Shared[None, Catalogue] = Shared()
        self._calls: list[Callable[[], None]] = []

    @property
    def known(self) -> Catalogue | None:
        """What was read last, however long ago; None if nothing was."""
        return self._catalogue

    @callback
    def async_on_read(self, call: Callable[[], None]) -> None:
        """Call it each time that the catalogue was read, for as long as the account is loaded."""
        self._calls.append(call)

    async def async_get(self) -> Catalogue:
        """Return the catalogue; raises FlexMeasuresError."""
        if (
            self._catalogue is not None
            and self._read_at is not None
            and dt_util.utcnow() - self._read_at < _MAX_AGE
        ):
            return self._catalogue
        return await self._reading.async_get(None, self._read)

    async def _read(self) -> Catalogue:
        now = dt_util.utcnow()
        self._catalogue, self._read_at = await self._api.get_catalogue(), now
        for call in self._calls:
            call()
        return self._catalogue

    def async_forget(self) -> None:
        """Ask anew the next time: something was made on the server."""
        self._read_at = None

    async def async_sensor(self, sensor_id: int) -> Sensor:
        """Return a sensor that the account can see; raises FlexMeasuresError."""
        catalogue = await self.async_get()
        if (sensor := catalogue.sensors.get(sensor_id)) is not None:
            return sensor
        # Of another account, or new.
        return await self.async_renew_sensor(sensor_id)

    async def async_renew_sensor(self, sensor_id: int) -> Sensor:
        """Return a sensor as it is now, and know it from then on."""
        catalogue = await self.async_get()
        sensor = catalogue.signed(await self._api.get_sensor(sensor_id))
        catalogue.sensors[sensor_id] = sensor
        return sensor
