"""The account's assets and sensors on the server, asked for once for all devices."""

import asyncio
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .api import FlexMeasuresApi
from .api.models import Catalogue

# What the assets say rarely changes, and each device would ask for the same.
_MAX_AGE = timedelta(minutes=10)


class AccountCatalogue:
    """The newest catalogue of an account."""

    def __init__(self, api: FlexMeasuresApi) -> None:
        """Start with nothing known."""
        self._api = api
        self._catalogue: Catalogue | None = None
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def async_get(self) -> Catalogue:
        """The catalogue of the last few minutes; raises FlexMeasuresError."""
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
