"""Has the server forecast what is measured, once a day, unless it does so by itself."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.errors import CannotConnectError, FlexMeasuresError, NotAuthenticatedError
from .budget import TriggerBudget
from .forecasts import (
    NoHistoryError,
    async_forecast_in_turn,
    async_is_forecast_by_server,
)

INTERVAL: Final = timedelta(days=1)

_LOGGER: Final = logging.getLogger(__name__)


class Refreshed(Enum):
    """What came of having a sensor forecast."""

    FORECAST = auto()
    BY_SERVER = auto()
    """The server forecasts it by itself."""
    REFUSED = auto()
    """Tomorrow it may be otherwise."""
    NOT_YET = auto()
    """To be asked again soon: the server is away, or has no values of a day yet."""


@dataclass(frozen=True, slots=True)
class DailyForecast:
    """Asks for the forecasts of what an account's meters count and its feeds send."""

    hass: HomeAssistant
    api: FlexMeasuresApi
    catalogue: AccountCatalogue
    budget: TriggerBudget

    async def async_refresh(self, sensor_id: int) -> Refreshed:
        """Have a sensor forecast when the server's limit has room for it."""
        try:
            sensor = await self.catalogue.async_sensor(sensor_id)
            if await async_is_forecast_by_server(self.api, self.catalogue, sensor):
                return Refreshed.BY_SERVER
            await async_forecast_in_turn(self.hass, self.api, self.budget, sensor)
        except CannotConnectError, NotAuthenticatedError, NoHistoryError:
            return Refreshed.NOT_YET
        except FlexMeasuresError as err:
            _LOGGER.info("There is no forecast of sensor %s: %s", sensor_id, err)
            return Refreshed.REFUSED
        return Refreshed.FORECAST
