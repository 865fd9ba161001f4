"""When a device wants a new schedule, and how often it is looked at."""

from collections import deque
from datetime import datetime, timedelta

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import (
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..plan.plan import Plan
from ..plan.prices import Price
from ..plan.ready_by import Occasion, ReadyBy
from .pace import update_interval
from .queue import ScheduleQueue, Urgency
from .soc_entity import StateOfChargeEntityError, present_level, present_problem

# What happens together shall make one schedule.
DEBOUNCE = timedelta(seconds=10)

# Between two schedules, whatever a device says of itself.
_APART = timedelta(seconds=30)

# However often the state of charge leaves the plan, or prices change.
_QUIET = timedelta(minutes=5)

# Prices of the next day arrive once; an hour later would be late.
_PRICE_CHECK = timedelta(minutes=15)

_SHORTEST_WAIT = timedelta(minutes=1)

# So many changes of entities within ten minutes are no news each.
_RESTLESS = 4


type _Prices = tuple[Price | None, Price | None]


class DeviceAutomation:
    """Watches one device's entities and plan."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: ScheduleCoordinator,
        queue: ScheduleQueue,
    ) -> None:
        """Wait to be started."""
        self._hass = hass
        self._coordinator = coordinator
        self._queue = queue
        self._was_on = self._was_by_prices = False
        self._has_begun = False
        self._interval: timedelta | None = None
        self._ready_by = ReadyBy()
        self._upcoming: Occasion | None = None
        self._planned_prices: _Prices = (None, None)
        self._last_states: dict[str, str] = {}
        self._changes: deque[datetime] = deque(maxlen=_RESTLESS)
        self._soc_problem: StateOfChargeEntityError | None = None

    @callback
    def async_start(self) -> None:
        """Watch until the device is unloaded."""
        coordinator, settings = self._coordinator, self._coordinator.settings
        self._ready_by = coordinator.memory.ready_by
        self._upcoming = coordinator.memory.upcoming
        self._soc_problem = present_problem(coordinator)
        self._planned_prices = _prices(coordinator.data)
        stops = [
            coordinator.readings.async_add(self._handle_reading),
            coordinator.async_add_listener(self._handle_update),
        ]
        for entity_ids, handler in (
            ((settings.charging_entity, settings.climate_entity), self._handle_pace),
            ((settings.soc_entity,), self._handle_soc),
            (settings.trigger_entities, self._handle_trigger),
        ):
            if chosen := [entity_id for entity_id in entity_ids if entity_id]:
                stops.append(
                    async_track_state_change_event(self._hass, chosen, handler)
                )
        if settings.soc_entity:
            # A level that is the same again is news where the last one was too old.
            stops.append(
                async_track_state_report_event(
                    self._hass, [settings.soc_entity], self._handle_soc
                )
            )
        for entity_id in settings.trigger_entities:
            self._note_state(self._hass.states.get(entity_id))
        for stop in stops:
            coordinator.lifetime.async_on_unload(stop)
        self._handle_update()

    @callback
    def _handle_update(self) -> None:
        """Notice what the user changed, and when another slot begins."""
        coordinator = self._coordinator
        is_on = coordinator.is_scheduled_by_itself
        if not is_on:
            self._has_begun = False
        elif not self._has_begun and coordinator.memory.job is None:
            # One that was under way already may be what there is to wish for.
            self._has_begun = True
            self._begin()
        if self._was_on and not is_on:
            self._queue.async_drop(coordinator)
        by_prices = self._follows_prices
        is_switched = (is_on, by_prices) != (self._was_on, self._was_by_prices)
        self._was_on, self._was_by_prices = is_on, by_prices

        if self._is_other_target() and is_on:
            self._queue.async_wish(
                coordinator, Urgency.SETTINGS_CHANGED, delay=DEBOUNCE
            )
        if self._rule() != self._interval or is_switched:
            self._rearm()

    def _is_other_target(self) -> bool:
        """Return whether the device has to be ready as no schedule was asked for yet.

        That a time passes is no reason for another one, if the next is planned.
        """
        memory, now = self._coordinator.memory, dt_util.utcnow()
        before, self._ready_by = self._ready_by, memory.ready_by
        former, self._upcoming = self._upcoming, memory.upcoming
        if before.since(now).plannable != memory.ready_by.since(now).plannable:
            return True
        upcoming = memory.upcoming
        return (
            upcoming is not None
            and upcoming != former
            and upcoming.target_kwh is not None
            and upcoming.moment > (memory.planned_until or now)
        )

    def _begin(self) -> None:
        """Ask for a schedule if there is none to go on with."""
        memory = self._coordinator.memory
        if not self._coordinator.covers_now:
            self._queue.async_wish(self._coordinator, Urgency.NO_PLAN)
        elif memory.digest != self._coordinator.digest:
            self._queue.async_wish(
                self._coordinator, Urgency.SETTINGS_CHANGED, delay=self._apart()
            )
        elif self._due_in() <= timedelta(0):
            self._queue.async_wish(self._coordinator, Urgency.INTERVAL)

    @callback
    def _handle_reading(self, is_of_job: bool) -> None:  # noqa: FBT001
        """Set when to look again; ask for a schedule that is due, or that prices call for."""
        coordinator = self._coordinator
        prices = _prices(coordinator.data)
        if is_of_job:
            self._planned_prices = prices
            self._drop_second_look()
        elif coordinator.is_scheduled_by_itself and coordinator.memory.job is None:
            if not coordinator.covers_now:
                self._queue.async_wish(
                    coordinator, Urgency.NO_PLAN, delay=self._quiet()
                )
            elif self._due_in() <= timedelta(0):
                self._queue.async_wish(coordinator, Urgency.INTERVAL)
            elif self._are_news(prices):
                self._queue.async_wish(
                    coordinator, Urgency.NEW_PRICES, delay=self._quiet()
                )
        self._interval = self._rule()
        coordinator.update_interval = self._wait()

    def _drop_second_look(self) -> None:
        """Leave as it is what came after the schedule that was to be looked at again."""
        waiting = self._queue.async_waiting(self._coordinator)
        if waiting and waiting[0] is Urgency.SLOT_END:
            self._queue.async_drop(self._coordinator)

    @callback
    def _handle_pace(self, _event: Event[EventStateChangedData]) -> None:
        """Look more often while the device is running."""
        if self._rule() != self._interval:
            self._rearm()

    @callback
    def _handle_soc(
        self, event: Event[EventStateChangedData] | Event[EventStateReportedData]
    ) -> None:
        """Show what is wrong with it; ask for a schedule when the plan is, or can be again."""
        coordinator = self._coordinator
        before, self._soc_problem = self._soc_problem, present_problem(coordinator)
        if type(before) is not type(self._soc_problem):
            coordinator.async_update_listeners()
        if self._soc_problem or not coordinator.is_scheduled_by_itself:
            return
        soc_kwh = present_level(coordinator)
        if coordinator.soc_problem or coordinator.deviates(soc_kwh):
            self._queue.async_wish(
                coordinator, Urgency.STATE_OF_CHARGE, delay=self._quiet()
            )

    @callback
    def _handle_trigger(self, event: Event[EventStateChangedData]) -> None:
        """Ask for a schedule when something happened that it should know."""
        if (
            self._note_state(event.data["new_state"])
            and self._coordinator.is_scheduled_by_itself
        ):
            self._queue.async_wish(
                self._coordinator, Urgency.ENTITY_CHANGED, delay=self._after_change()
            )

    def _after_change(self) -> timedelta:
        """Return how long to wait after an entity has changed.

        What changes all the time is not news each time.
        """
        now = dt_util.utcnow()
        self._changes.append(now)
        is_restless = (
            len(self._changes) == _RESTLESS and now - self._changes[0] < 2 * _QUIET
        )
        return self._quiet() if is_restless else DEBOUNCE

    def _note_state(self, state: State | None) -> bool:
        """Return whether it is another one than the last that was known."""
        if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            return False
        before = self._last_states.get(state.entity_id)
        self._last_states[state.entity_id] = state.state
        return before is not None and before != state.state

    def _are_news(self, prices: _Prices) -> bool:
        """Return whether prices are known, or others, in the time that was planned."""
        now = dt_util.utcnow()
        until = self._coordinator.memory.planned_until or now
        return any(
            price is not None
            and price.within(now, until) != (planned and planned.within(now, until))
            for price, planned in zip(prices, self._planned_prices, strict=True)
        )

    def _apart(self) -> timedelta:
        """Return how long to wait after the last attempt where the device itself speaks."""
        last_attempt = self._coordinator.memory.last_attempt
        if last_attempt is None or self._coordinator.flex_model_source is None:
            return timedelta(0)
        return max(timedelta(0), last_attempt + _APART - dt_util.utcnow())

    def _quiet(self) -> timedelta:
        """Return how long to wait after the last attempt with what can happen all the time."""
        last_attempt = self._coordinator.memory.last_attempt
        if last_attempt is None:
            return DEBOUNCE
        return max(DEBOUNCE, last_attempt + _QUIET - dt_util.utcnow())

    @property
    def _follows_prices(self) -> bool:
        source = self._coordinator.flex_model_source
        return source is not None and source.follows_prices

    def _rule(self) -> timedelta:
        """Return the interval that rules now."""
        coordinator = self._coordinator
        is_measured = coordinator.facts is not None and coordinator.facts.is_running
        return update_interval(
            coordinator.settings,
            self._hass.states.get,
            is_running=is_measured or bool(coordinator.data.power_at(dt_util.utcnow())),
        )

    def _due_in(self) -> timedelta:
        """Return how long until a schedule is due, by the interval."""
        last_attempt = self._coordinator.memory.last_attempt
        if last_attempt is None:
            return timedelta(0)
        return last_attempt + self._rule() - dt_util.utcnow()

    def _wait(self) -> timedelta:
        """Return how long after a reading to read again."""
        if not self._coordinator.is_scheduled_by_itself:
            by_prices = self._follows_prices
            return min(self._rule(), _PRICE_CHECK) if by_prices else self._rule()
        return min(self._rule(), _PRICE_CHECK, max(self._due_in(), _SHORTEST_WAIT))

    def _rearm(self) -> None:
        """Count the interval that rules now from the last reading on."""
        self._interval = self._rule()
        if (read_at := self._coordinator.read_at) is None:
            # The server is away, and is looked at again soon.
            return
        remaining = read_at + self._wait() - dt_util.utcnow()
        self._coordinator.async_read_in(max(remaining, timedelta(0)))


def _prices(plan: Plan) -> _Prices:
    return plan.consumption_price, plan.production_price
