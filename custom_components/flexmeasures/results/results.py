"""Counts what one device does, beside what was planned for it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..device import kinds
from ..device.listeners import Listeners
from ..device.store import AccountStore
from ..feeds.entities import async_entity_id
from ..plan.grid import local_midnight
from ..scheduling.soc_entity import StateOfChargeEntityError, present_level
from ..timer import Timer
from .charge import Charge
from .day import Day, Piece, Saved, pieces
from .memory import ResultsMemory
from .plug import async_is_plugged, async_plug_among
from .power_source import PowerSource
from .skill import Measured, Skill

_HOUR: Final = timedelta(hours=1)
_QUARTER: Final = timedelta(minutes=15)
_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)

# With less of an hour measured, its mean is not known.
_LEAST_OF_HOUR: Final = 0.9


class MeasuringResource(Protocol):
    """What measures a device that speaks S2."""

    @property
    def power_kw(self) -> float | None:
        """What is measured now, consumption positive; None if nothing is."""

    @property
    def level_kwh(self) -> float | None:
        """How much is stored now; None if that is not known."""

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call it when something else is measured; return how to stop."""


class DeviceResults:
    """What came of a device's plans: today's sums, and how well plans were kept.

    What is measured is counted as it comes, and shown every quarter of an hour. While
    Home Assistant does not run nothing is known.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: ScheduleCoordinator,
        store: AccountStore,
        *,
        resource: MeasuringResource | None,
        source: PowerSource | None,
    ) -> None:
        """Go on with what was counted before the restart."""
        self.coordinator = coordinator
        self.source = source
        self._hass = hass
        self._store = store
        self._resource = resource
        settings = coordinator.settings
        self.memory = ResultsMemory.kept_in(
            store, settings.power_sensor, coordinator.lifetime
        )
        self._listeners: Listeners[[]] = Listeners()
        self._timer = Timer(hass, self._handle_timer)
        self._entity_id: str | None = None
        self._stop_watching: CALLBACK_TYPE | None = None
        self._plan = coordinator.data
        self._power: float | None = None
        self._level: float | None = None
        self._counted_until: datetime | None = None
        self._was_plugged: bool | None = None
        """When that was last known."""
        self._hour = _full_hour(dt_util.utcnow())
        """The last that has ended."""
        self._hour_energy = self._hour_measured = 0.0

    # --- what is known

    @property
    def has_power(self) -> bool:
        """Whether something measures the device's power."""
        return self._resource is not None or self.source is not None

    @property
    def has_level(self) -> bool:
        """Whether something measures the device's state of charge."""
        return (
            self._resource is not None
            or self.coordinator.settings.soc_entity is not None
        )

    @property
    def is_counting(self) -> bool:
        """Whether there is anything to count."""
        return self.has_power or self.has_level

    @property
    def can_be_judged(self) -> bool:
        """Whether it may be known what the device saves.

        A battery against doing nothing, a car against charging once it is plugged in.
        """
        match self.coordinator.metadata.kind:
            case kinds.BATTERY:
                return self.has_power and self.has_level
            case kinds.CAR:
                return self.has_power and self._plug is not None
            case None:
                return self.has_power
        return False

    @property
    def day(self) -> Day:
        """What was counted of today."""
        today, day = local_midnight(dt_util.utcnow()), self.memory.day
        return day if day and day.start == today else Day(today)

    @property
    def saved_today(self) -> Saved | None:
        """How much less today cost than it would have else, as far as that is known."""
        match self.coordinator.metadata.kind:
            case kinds.BATTERY:
                now = dt_util.utcnow()
                return self.day.saved_by_battery(
                    self.coordinator.data, now, local_midnight(now, days_later=1)
                )
            case kinds.CAR:
                return self.day.saved_by_car
        return None

    @property
    def skill(self) -> Skill:
        """How well plans were kept of late."""
        return self.memory.skill

    @property
    def _is_car(self) -> bool:
        return self.coordinator.metadata.kind == kinds.CAR

    @property
    def _plug(self) -> str | None:
        """What shows whether the car is plugged in, among what asks for new schedules."""
        return async_plug_among(self._hass, self.coordinator.settings.trigger_entities)

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call it when there is something new to show; return how to stop."""
        return self._listeners.async_add(listener)

    # --- from set-up to unloading

    @callback
    def async_start(self) -> None:
        """Count until the device is unloaded."""
        coordinator, lifetime = self.coordinator, self.coordinator.lifetime
        lifetime.async_on_unload(self._timer.async_disarm)
        lifetime.async_on_unload(self._unwatch)
        if self._resource:
            lifetime.async_on_unload(self._resource.async_add_listener(self._count))
        lifetime.async_on_unload(coordinator.async_add_listener(self._count))
        if triggers := coordinator.settings.trigger_entities:
            lifetime.async_on_unload(
                async_track_state_change_event(self._hass, triggers, self._handle_state)
            )
        charge = self.memory.charge
        if charge and dt_util.utcnow() - charge.followed_until > _QUARTER:
            # It may have been away.
            self.memory.charge = None
        # The last that is stored.
        lifetime.async_on_unload(self._count)
        lifetime.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._handle_stop)
        )
        self._begin()

    @callback
    def async_measure_by(self, source: PowerSource | None) -> None:
        """Let something else show the power from now on, or nothing."""
        self._count()
        self.source = source
        self._begin()

    def _begin(self) -> None:
        """Begin to count what is measured, if anything is."""
        self._watch()
        self._count()
        if self.is_counting:
            self._arm(dt_util.utcnow())
        else:
            self._timer.async_disarm()

    def _watch(self) -> None:
        """Follow the entity, whatever it is called by now."""
        entity_id = (
            async_entity_id(self._hass, self.source.entity) if self.source else None
        )
        if entity_id == self._entity_id:
            return
        self._unwatch()
        self._entity_id = entity_id
        if entity_id:
            self._stop_watching = async_track_state_change_event(
                self._hass, entity_id, self._handle_state
            )

    @callback
    def _unwatch(self) -> None:
        if self._stop_watching:
            self._stop_watching()
        self._stop_watching = self._entity_id = None

    @callback
    def _handle_state(self, _event: Event[EventStateChangedData]) -> None:
        self._count()

    @callback
    def _handle_stop(self, _event: Event) -> None:
        """Have it stored what was counted since that last was."""
        self._count()
        if self.is_counting:
            self._store.async_remember(is_patient=True)

    # --- counting

    @callback
    def _count(self) -> None:
        """Count up to now with what held until now, and take note of what holds from now on."""
        now, since = dt_util.utcnow(), self._counted_until
        level = self._present_level()
        if since is not None and since < now and self.is_counting:
            self._add(since, now, level)
        self._counted_until = now
        self._plan = self.coordinator.data
        self._power, self._level = self._present_power(), level
        self._follow_plug(now)

    def _follow_plug(self, now: datetime) -> None:
        """Take note that a car was plugged in or out; what says nothing changes nothing."""
        plug = self._plug if self._is_car else None
        is_plugged = async_is_plugged(self._hass, plug) if plug else None
        if is_plugged is None:
            return
        if not is_plugged:
            self.memory.charge = None
        elif self._was_plugged is False:
            self.memory.charge = Charge(now)
        self._was_plugged = is_plugged

    def _add(self, start: datetime, end: datetime, level: float | None) -> None:
        """Add a time to the days that it is part of."""
        if self._power is not None:
            held = (end - start).total_seconds()
            self._hour_energy += self._power * held / _HOUR.total_seconds()
            self._hour_measured += held
        while start < end:
            midnight = local_midnight(start)
            until = min(end, local_midnight(start, days_later=1))
            day = self.memory.day
            if day is None or day.start != midnight:
                day = Day(midnight)
            parts = tuple(pieces(self._plan, self._power, start, until))
            if self._is_car:
                self._catch_up(start)
            for part in parts:
                day = day.with_piece(part)
                if self._is_car:
                    day = self._with_charge(day, part)
            is_battery = self.coordinator.metadata.kind == kinds.BATTERY
            if is_battery and self._level is not None and level is not None:
                day = day.with_level(parts, level - self._level)
                # All that it has risen by was in what came first.
                self._level = level
            self.memory.day = day
            start = until

    def _catch_up(self, now: datetime) -> None:
        """Go through what was not followed, for the prices of that time."""
        charge = self.memory.charge
        if charge and charge.followed_until < now - _SECOND:
            missed = pieces(self._plan, None, charge.followed_until, now)
            self.memory.charge = charge.through(missed)

    def _with_charge(self, day: Day, part: Piece) -> Day:
        """Return a day with what a car would have cost in a part of it."""
        if self.memory.charge is None:
            # One that is not plugged in charges nothing.
            return day.with_charge(part, None if part.energy else 0.0)
        charge, at_once = self.memory.charge.after(
            part, self.coordinator.power_limits.most
        )
        self.memory.charge = None if charge.is_too_long else charge
        return day.with_charge(part, at_once)

    def _present_power(self) -> float | None:
        if self._resource:
            return self._resource.power_kw
        if self.source is None or self._entity_id is None:
            return None
        return self.source.power_kw(self._hass.states.get(self._entity_id))

    def _present_level(self) -> float | None:
        """Return how much is stored, in kWh; None if nothing tells it now."""
        if self._resource and (level := self._resource.level_kwh) is not None:
            return level
        if self.coordinator.settings.soc_entity is None:
            return None
        try:
            return present_level(self.coordinator)
        except StateOfChargeEntityError:
            return None

    # --- the passing of time

    @callback
    def _handle_timer(self, _now: datetime) -> None:
        """Show what was counted."""
        self._watch()
        self._count()
        now = dt_util.utcnow()
        if (hour := _full_hour(now)) > self._hour:
            self._end_hour(hour)
            # Not each time: memory cards wear out.
            self._store.async_remember(is_patient=True)
        self._listeners.async_call()
        self._arm(now)

    def _end_hour(self, end: datetime) -> None:
        """Compare the hour that has ended with what plans said of it."""
        hours = self._hour_measured / _HOUR.total_seconds()
        is_known = _LEAST_OF_HOUR <= hours <= 1 / _LEAST_OF_HOUR
        self.memory.skill = self.memory.skill.after_hour(
            end,
            Measured(
                self._hour_energy / hours if is_known else None,
                self.coordinator.settings.in_soc_unit(self._level),
            ),
            self._plan,
            dt_util.as_local(end - _SECOND).date(),
        )
        self._hour = end
        self._hour_energy = self._hour_measured = 0.0

    def _arm(self, now: datetime) -> None:
        """Show it next when a quarter of an hour ends, and just before the day does.

        What is shown of a day last is what statistics take for all of it. What is the
        first to be known of it does not take so long.
        """
        quarter = _full_hour(now)
        while quarter <= now:
            quarter += _QUARTER
        moments = [quarter]
        before_midnight = local_midnight(now, days_later=1) - _SECOND
        if before_midnight > now:
            moments.append(before_midnight)
        if self._power is not None and not self.day.measured:
            moments.append(now + _MINUTE)
        self._timer.async_arm(min(moments))


def _full_hour(moment: datetime) -> datetime:
    """Return when the hour began that a moment is in, in UTC."""
    return moment.replace(minute=0, second=0, microsecond=0)
