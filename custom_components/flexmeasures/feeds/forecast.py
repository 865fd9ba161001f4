"""Has the server forecast what a feed sends, once a day, beside the sending."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..device.lifetime import Lifetime
from ..scheduling.daily_forecast import INTERVAL, DailyForecast, Refreshed
from ..timer import Timer
from .memory import FeedMemory

# What waited for the start of Home Assistant is sent first.
_AFTER_START: Final = timedelta(minutes=1)
_AGAIN: Final = timedelta(minutes=15)


class FeedForecast:
    """Asks for the forecasts of one sensor, and remembers when that was."""

    def __init__(
        self,
        hass: HomeAssistant,
        daily_forecast: DailyForecast,
        lifetime: Lifetime,
        memory: FeedMemory,
        *,
        handle_asked: Callable[[], None],
    ) -> None:
        """Wait to be started; `memory` is to be kept whenever `handle_asked` is called."""
        self._daily_forecast = daily_forecast
        self._lifetime = lifetime
        self._memory = memory
        self._handle_asked = handle_asked
        self._timer = Timer(hass, self._handle_time)

    @callback
    def async_start(self) -> None:
        """Ask until the feed is unloaded."""
        self._lifetime.async_on_unload(self._timer.async_disarm)
        first = dt_util.utcnow() + _AFTER_START
        asked_at = self._memory.forecast_asked_at
        self._timer.async_arm(max(first, asked_at + INTERVAL) if asked_at else first)

    @callback
    def _handle_time(self, now: datetime) -> None:
        # It may have to wait for its turn.
        self._lifetime.async_create_background_task(
            self._refresh(), f"forecast of sensor {self._memory.sensor}"
        )

    async def _refresh(self) -> None:
        memory = self._memory
        refreshed = await self._daily_forecast.async_refresh(memory.sensor)
        now = dt_util.utcnow()
        if refreshed is Refreshed.NOT_YET:
            self._timer.async_arm(now + _AGAIN)
            return
        memory.forecast_asked_at = now
        if refreshed is Refreshed.FORECAST:
            memory.forecast_at = now
        self._timer.async_arm(now + INTERVAL)
        self._handle_asked()
