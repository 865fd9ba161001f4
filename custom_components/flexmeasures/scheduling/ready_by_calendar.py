"""Reads from a calendar of Home Assistant when a device has to be ready."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..plan.calendar_events import NotATargetError, Reason, read_events
from ..plan.energy_units import from_kwh, in_kwh, readable
from ..plan.horizon import LONGEST_PLAN
from ..timer import Timer

_LOGGER = logging.getLogger(__name__)

# A calendar shows its next event only: that a later one has changed may not be seen.
_REGULARLY: Final = timedelta(minutes=15)

# What is changed together, or written all the time, is read once.
_SETTLING: Final = timedelta(seconds=5)

# Some calendars ask the internet.
_PATIENCE: Final = timedelta(minutes=1)

# Of what is converted from one unit to another and back.
_NOISE: Final = 1e-6


class ReadyByCalendar:
    """Takes over the events of a calendar, and what becomes of them."""

    def __init__(
        self, hass: HomeAssistant, coordinator: ScheduleCoordinator, entity_id: str
    ) -> None:
        """Wait to be started."""
        self._hass = hass
        self._coordinator = coordinator
        self._entity_id = entity_id
        self._timer = Timer(hass, self._look)
        # What is read later is newer.
        self._lock = asyncio.Lock()

    @callback
    def async_start(self) -> None:
        """Follow the calendar until the device is unloaded."""
        for stop in (
            async_track_state_change_event(self._hass, self._entity_id, self._note),
            async_track_state_report_event(self._hass, self._entity_id, self._note),
            # What the device can do may be known only now.
            self._coordinator.readings.async_add(lambda _is_of_job: self._look_soon()),
            self._timer.async_disarm,
        ):
            self._coordinator.lifetime.async_on_unload(stop)
        self._look(dt_util.utcnow())

    @callback
    def _note(self, _event: Event[Any]) -> None:
        self._look_soon()

    def _look_soon(self) -> None:
        """Read it in some seconds, unless that is about to be done."""
        moment = dt_util.utcnow() + _SETTLING
        if self._timer.moment is None or self._timer.moment > moment:
            self._timer.async_arm(moment)

    @callback
    def _look(self, now: datetime) -> None:
        self._timer.async_arm(now + _REGULARLY)
        self._coordinator.lifetime.async_create_background_task(
            self._read_in_turn(), f"{self._coordinator.name} calendar"
        )

    async def _read_in_turn(self) -> None:
        async with self._lock:
            await self._read()

    async def _read(self) -> None:
        """Take over what the calendar says; what it said last holds while it says nothing."""
        state = self._hass.states.get(self._entity_id)
        if state is None or state.state == STATE_UNAVAILABLE:
            return
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                answer: Any = await self._hass.services.async_call(
                    "calendar",
                    "get_events",
                    {ATTR_ENTITY_ID: self._entity_id, "duration": LONGEST_PLAN},
                    blocking=True,
                    return_response=True,
                )
        # Calendars let through whatever their libraries raise.
        except Exception as err:  # noqa: BLE001
            _LOGGER.debug("%s could not be read: %r", self._entity_id, err)
            return
        found = answer.get(self._entity_id, {}).get("events", ())
        self._coordinator.async_be_ready_for_events(
            read_events(found, dt_util.utcnow(), self._target)
        )

    def _target(self, amount: float, unit: str) -> float:
        """Return a target in kWh; raises NotATargetError."""
        full_kwh, limits = self._coordinator.full_kwh, self._coordinator.soc_limits
        kwh = in_kwh(amount, unit, full_kwh)
        if kwh is None:
            raise NotATargetError(Reason.CAPACITY_UNKNOWN)

        def limit(limit_kwh: float) -> str:
            """Return a limit in the unit that the event says."""
            amount = from_kwh(limit_kwh, unit, full_kwh)
            # There is a capacity, or else no share of it.
            assert amount is not None
            return readable(amount, unit)

        if limits.most is not None and kwh > limits.most + _NOISE:
            raise NotATargetError(Reason.ABOVE_MOST, limit(limits.most))
        if limits.least is not None and kwh < limits.least - _NOISE:
            raise NotATargetError(Reason.BELOW_LEAST, limit(limits.least))
        return kwh
