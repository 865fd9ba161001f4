"""One thing to be done at one moment, which may be put off or given up."""

from collections.abc import Callable
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time


class Timer:
    """Calls an action when its moment has come."""

    def __init__(self, hass: HomeAssistant, action: Callable[[datetime], None]) -> None:
        """Wait to be armed; `action` is a callback, and is told the time."""
        self._hass = hass
        self._action = action
        self._cancel: CALLBACK_TYPE | None = None
        self.moment: datetime | None = None
        """When it goes off; None if it is not armed."""

    @callback
    def async_arm(self, moment: datetime) -> None:
        """Go off at a moment (UTC), instead of whenever it was to before."""
        if moment == self.moment:
            return
        self.async_disarm()
        self.moment = moment
        self._cancel = async_track_point_in_utc_time(self._hass, self._go_off, moment)

    @callback
    def async_disarm(self) -> None:
        """Do not go off."""
        if self._cancel:
            self._cancel()
        self._cancel = self.moment = None

    @callback
    def _go_off(self, now: datetime) -> None:
        self._cancel = self.moment = None
        self._action(now)
