"""Has the server forecast what meters count, once a day, unless it does so by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.errors import CannotConnectError, FlexMeasuresError
from ..api.models import Sensor
from ..scheduling.budget import TriggerBudget
from ..scheduling.forecasts import async_forecast_in_turn, async_is_forecast_by_server

_INTERVAL: Final = timedelta(days=1)

_LOGGER: Final = logging.getLogger(__name__)


def is_due(last: datetime | None, now: datetime) -> bool:
    """Return whether it is time for the next forecast."""
    return last is None or now - last >= _INTERVAL


@dataclass(frozen=True, slots=True)
class DailyForecast:
    """Asks for the forecasts of an account's meters."""

    hass: HomeAssistant
    api: FlexMeasuresApi
    catalogue: AccountCatalogue
    budget: TriggerBudget

    async def async_refresh(self, sensor: Sensor) -> bool:
        """Have a sensor forecast when there is room for it; return whether to ask again soon.

        That is if the server cannot be asked. What it cannot forecast today it may
        tomorrow, when there is more to learn from.
        """
        try:
            if not await async_is_forecast_by_server(self.api, self.catalogue, sensor):
                await async_forecast_in_turn(self.hass, self.api, self.budget, sensor)
        except CannotConnectError:
            return True
        except FlexMeasuresError as err:
            _LOGGER.info("There is no forecast of %s: %s", sensor.name, err)
        return False
