"""One coordinator per device: holds its plan, keeps it current and follows it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api.catalogue import AccountCatalogue
from .api.client import FlexMeasuresApi
from .api.errors import (
    CannotConnectError,
    EmptyScheduleError,
    FlexMeasuresError,
    NotAuthenticatedError,
    NotFoundError,
    RateLimitedError,
)
from .const import CONF_POWER_SENSOR, DOMAIN
from .device.flex_model_source import FlexModelSource
from .device.job import JobUnderWay
from .device.kinds import BATTERY, CAR
from .device.lifetime import DeviceUnloadedError, Lifetime
from .device.limits import ServerLimits, Span, soc_limits
from .device.listeners import Listeners
from .device.memory import DeviceMemory, Failure
from .device.metadata import DeviceMetadata
from .device.prices import SharedPrices
from .device.reader import DeviceFacts, PlanReader
from .device.recent_errors import RecentErrors
from .device.recent_power import RecentPower
from .device.result import ScheduleResult
from .device.scheduling_event import SchedulingEvent, SchedulingEventType
from .device.setpoint import Mode, Override, setpoint
from .device.settings import DeviceSettings
from .device.store import AccountStore
from .plan.calendar_events import CalendarEvents, UnplannableEvent
from .plan.energy_units import from_kwh
from .plan.outlook import Outlook
from .plan.plan import Plan
from .plan.ready_by import Occasion, WeeklyRule
from .plan.savings import Savings, savings_of_battery, savings_of_car
from .plan.schedule import Schedule
from .texts import local_placeholders
from .timer import Timer

_LOGGER = logging.getLogger(__name__)

# An outage is looked at again well before the usual hour is over.
OUTAGE_RETRY = timedelta(minutes=1)


class ScheduleCoordinator(DataUpdateCoordinator[Plan]):
    """The newest plan of one device, and what the user wants of it.

    What is remembered of the device, but for what others remember in parts of their
    own, is written here and nowhere else.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: ConfigEntry,
        subentry: ConfigSubentry,
        *,
        api: FlexMeasuresApi,
        catalogue: AccountCatalogue,
        prices: SharedPrices,
        store: AccountStore,
    ) -> None:
        """Start from what was known before the restart."""
        self.lifetime = Lifetime(hass)
        """What belongs to the device ends with it."""
        self.subentry = subentry
        self.settings = DeviceSettings.from_subentry(subentry.data)
        power_sensor = self.settings.power_sensor
        self.memory = store.restored(
            power_sensor, DeviceMemory.from_json, DeviceMemory()
        )
        if self.settings.ready_by_calendar is None:
            self.memory.ready_by = replace(self.memory.ready_by, calendar=())
        self.memory.look_ahead(dt_util.utcnow())
        self.metadata = DeviceMetadata(catalogue, self.settings)
        self.reader = PlanReader(api, self.metadata, prices, self.settings)
        super().__init__(
            hass,
            _LOGGER,
            config_entry=config_entry,
            name=f"schedule of {subentry.title}",
            update_interval=self.settings.update_interval,
            always_update=False,
        )
        self.data = store.restored(
            power_sensor, lambda stored: Plan.from_json(stored["plan"]), Plan()
        )
        self.lifetime.async_on_unload(store.async_keep(power_sensor, self._as_json))
        self.facts: DeviceFacts | None = None
        """What the server last said of the device; None before it first did."""
        self.read_at: datetime | None = None
        self.missing_sensors: dict[str, int] = {}
        """Sensors that the server no longer has, by their setting."""
        self.soc_problem: FlexMeasuresError | None = None
        """Why the state of charge entity was not used."""
        self.unplannable_events: tuple[UnplannableEvent, ...] = ()
        """Of the calendar that says when the device has to be ready."""
        self.recent_errors = RecentErrors()
        self.recent_power = RecentPower()
        self.flex_model_source: FlexModelSource | None = None
        """What knows better than the settings how to schedule the device, if anything does."""
        # One reading at a time per device: an older one must not overwrite a newer plan.
        self._lock = asyncio.Lock()
        self._newest_job = self.memory.job and self.memory.job.id
        self._store = store
        self._outlook: Outlook | None = None
        self._savings: Savings | None = None
        self._savings_for: object = None
        self.readings: Listeners[bool] = Listeners()
        """Are called at each reading, before entities show it: whether it was of a job."""
        self.setpoints: Listeners[[]] = Listeners()
        """Are called whenever the setpoint may be another one, once entities show it."""
        self.events: Listeners[SchedulingEvent] = Listeners()
        """Are called with what happens, once entities show it."""
        self._unannounced: list[SchedulingEvent] = []
        self._has_entities = False
        self._wake_timer = Timer(hass, self._wake)
        self._go_on_commanding(dt_util.utcnow())

    # --- the plan, and what follows from it now

    @property
    def outlook(self) -> Outlook:
        """What follows from the plan, found once: it takes long."""
        if self._outlook is None or self._outlook.plan is not self.data:
            self._outlook = _outlook(self.data)
        return self._outlook

    @property
    def is_followed(self) -> bool:
        """Whether it has its entities, and its plan is kept current."""
        return self._has_entities

    @property
    def covers_now(self) -> bool:
        """Whether there is a plan for this moment."""
        return self.data.power_at(dt_util.utcnow()) is not None

    @property
    def is_out_of_date(self) -> bool:
        """Whether the plan is not what it should be: none, not read, or not renewed."""
        # What only failed when the user asked for it makes no plan older.
        is_missed = self.settings.automatic_scheduling and self.memory.is_failing
        return not self.covers_now or not self.last_update_success or is_missed

    @property
    def setpoint(self) -> float | None:
        """The power to follow now, in kW; None when there is none."""
        now, memory = dt_util.utcnow(), self.memory
        return setpoint(self.data.power_at(now), memory.mode, memory.override, now)

    @property
    def may_have_level(self) -> bool:
        """Whether the device stores something, as far as that is known by now."""
        source, facts = self.flex_model_source, self.facts
        if source is not None and not source.may_have_level:
            return False
        return self.settings.has_level or facts is None or facts.has_level

    def moved_since(self, moment: datetime) -> float:
        """Return how much energy went in and out since a moment, in kWh, as far as is known.

        As measured, else as commanded; before that is known, as planned.
        """
        now, recent = dt_util.utcnow(), self.recent_power
        flowed = recent.energy(moment, now)
        known_since = recent.known_since or now
        planned = self.data.moved(moment, known_since)
        return flowed.consumed + flowed.produced + planned

    def deviates(self, soc_kwh: float) -> bool:
        """Return whether a state of charge is off the plan by more than the settings allow."""
        settings, planned = self.settings, self.data.soc
        if settings.soc_deviation is None or planned is None:
            return False
        expected = planned.interpolated_at(dt_util.utcnow())
        present = from_kwh(soc_kwh, settings.soc_unit, settings.capacity)
        return (
            expected is not None
            and present is not None
            and abs(present - expected) > settings.soc_deviation
        )

    @property
    def savings(self) -> Savings | None:
        """What the plan saves from the running slot on, as far as that can be said."""
        if (power := self.data.power) is None:
            return None
        start = max(power.slot_start(dt_util.utcnow()), power.start)
        kind, most = self.metadata.kind, self.power_limits.most
        found_for = (self.outlook, start, kind, most)
        if self._savings_for != found_for:
            self._savings, self._savings_for = None, found_for
            if kind == BATTERY:
                self._savings = savings_of_battery(
                    self.outlook, start, self.settings.in_kwh
                )
            elif kind == CAR:
                self._savings = savings_of_car(self.outlook, start, most)
        return self._savings

    @property
    def power_limits(self) -> Span:
        """What power the device can have, in kW, as far as is known."""
        reported = self.flex_model_source and self.flex_model_source.power_limits
        return self._server_limits.power_kw.narrowed(reported or Span())

    @property
    def soc_limits(self) -> Span:
        """What state of charge can be its target, in kWh, as far as is known."""
        return soc_limits(self.settings, self._server_limits)

    @property
    def full_kwh(self) -> float | None:
        """How much it holds, as far as is known."""
        return self.settings.full_kwh(self._server_limits.soc_kwh.most)

    @property
    def _server_limits(self) -> ServerLimits:
        return self.facts.limits if self.facts else ServerLimits()

    @property
    def digest(self) -> str:
        """Return what tells apart settings and targets that lead to different schedules."""
        wanted = self.settings.digest, self.memory.ready_by.plannable
        return sha256(repr(wanted).encode()).hexdigest()

    @property
    def is_scheduled_by_itself(self) -> bool:
        """Whether new schedules are to be made, and can be."""
        return self.settings.automatic_scheduling and (
            self.flex_model_source is None or self.flex_model_source.is_plannable
        )

    # --- from set-up to unloading

    @callback
    def async_follow(self) -> None:
        """Keep up with the plan and the server, whether or not an entity listens."""
        self.lifetime.async_on_unload(self.setpoints.async_add(self._arm_wake))
        self.lifetime.async_on_unload(self._wake_timer.async_disarm)
        self.lifetime.async_on_unload(
            self.hass.bus.async_listen(
                EVENT_CORE_CONFIG_UPDATE, self._handle_home_changed
            )
        )
        self._arm_wake()
        self._has_entities = True
        if self._drop_passed(dt_util.utcnow()) or self._unannounced:
            self.async_update_listeners()
        if not self.last_update_success:
            self._read_soon("refresh after set-up")

    def check_loaded(self) -> None:
        """Raise DeviceUnloadedError if nothing is to be done for the device any more."""
        if self.lifetime.is_over:
            raise DeviceUnloadedError(self.subentry.title)

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Call the entities, and then with what happened those who may look at them."""
        self.recent_power.command(self.setpoint, dt_util.utcnow())
        try:
            super().async_update_listeners()
        finally:
            # An entity that cannot be written stops nothing that has to go on.
            self.setpoints.async_call()
        if not self._has_entities:
            return
        events, self._unannounced = self._unannounced, []
        for event in events:
            self.events.async_call(event)

    # --- what scheduling hands in

    @callback
    def async_begin_job(self, job: JobUnderWay) -> None:
        """Keep that the server computes a schedule, over a restart as well."""
        self._newest_job = job.id
        self.memory.job = job
        self.memory.last_attempt = job.since
        self._store.async_remember(at_once=True)
        self.async_update_listeners()

    @callback
    def async_end_job(self, job_id: str) -> None:
        """Keep that a job is waited for no more."""
        if self.memory.job and self.memory.job.id == job_id:
            self.memory.job = None
            self.async_remember()

    async def async_apply(self, result: ScheduleResult) -> Schedule:
        """Read what a job has planned and follow it.

        Return the window that was asked for. Raises FlexMeasuresError.
        """
        window = result.window
        # Of several jobs the last one counts, whichever ends last.
        is_newest = result.job_id == self._newest_job
        async with self._lock:
            if is_newest:
                self.memory.planned_until = window.end
            plan = await self._read(window.start, is_of_job=is_newest)
        self.check_loaded()
        schedule = plan.power and plan.power.between(window.start, window.end)
        if schedule is None:
            raise EmptyScheduleError
        if is_newest:
            self._keep(result)
        self.async_set_updated_data(plan)
        return schedule

    def _keep(self, result: ScheduleResult) -> None:
        """Keep what a job gave beside the plan."""
        memory = self.memory
        memory.job = None
        memory.last_schedule = dt_util.utcnow()
        memory.failure = None
        memory.digest = result.digest
        missed = memory.targets.unresolved if memory.targets else ()
        memory.targets = result.targets
        if memory.targets and not memory.targets.misses_the_same(missed):
            self._announce(
                SchedulingEventType.TARGETS_UNMET, **memory.targets.as_json()
            )
        self._store.async_remember()

    @callback
    def async_note_failure(
        self, err: FlexMeasuresError, *, since: datetime, is_automatic: bool
    ) -> None:
        """Keep why there is no new schedule, and show it.

        `since` is when the attempt began: what was wished for later is not answered. What
        passes was no attempt. `is_automatic`: nobody is there to whom the error is shown.
        """
        if self.lifetime.is_over:
            return
        self.recent_errors.add(err)
        now = dt_util.utcnow()
        if self.memory.job and self.memory.job.since == since:
            self.memory.job = None
        if not err.passes:
            self.memory.last_attempt = since
        before = self.memory.failure
        in_a_row = before.in_a_row if before else 0
        self.memory.failure = Failure.of(
            err, now, in_a_row + (is_automatic and not err.passes)
        )
        is_news = before is None or before.key != err.translation_key
        if is_news and is_automatic:
            _LOGGER.warning(
                "The %s could not be computed: %s", self.name, translated(err)
            )
        # An outage is tried again every minute, which is nothing new each time.
        if is_news or not isinstance(err, CannotConnectError):
            self._announce(SchedulingEventType.FAILED, reason=err.translation_key)
        self.async_remember()

    @callback
    def async_note_soc_problem(self, problem: FlexMeasuresError | None) -> None:
        """Keep why the state of charge entity was not used, and say it when it is news."""
        if problem and str(problem) != str(self.soc_problem):
            _LOGGER.warning(
                "The state of charge of %s is not taken from its entity: %s",
                self.subentry.title,
                problem,
            )
        self.soc_problem = problem

    @callback
    def async_read_in(self, wait: timedelta) -> None:
        """Read again after a time, which may be none."""
        if wait:
            self.update_interval = wait
            self._schedule_refresh()
        else:
            self._read_soon("refresh")

    # --- what the user sets

    async def async_set_mode(self, mode: Mode) -> None:
        """Choose what the setpoint follows."""
        self.memory.mode = mode
        await self.async_write()

    async def async_set_override(self, override: Override | None) -> None:
        """Set a power that wins until it ends, or end it."""
        self.memory.override = override
        await self.async_write()

    async def async_set_target(self, target_kwh: float) -> None:
        """Set how full the device has to be wherever nothing else is said."""
        self._change_ready_by(target_kwh=target_kwh)
        await self.async_write()

    async def async_be_ready_once(self, occasion: Occasion) -> None:
        """Set by when the device has to be ready this time, whatever repeats."""
        self._change_ready_by(once=occasion)
        await self.async_write()

    async def async_be_ready_weekly(self, rule: WeeklyRule | None) -> None:
        """Set when the device has to be ready from now on; None: at no time set by hand."""
        self._change_ready_by(once=None, rule=rule)
        await self.async_write()

    @callback
    def async_be_ready_for_events(self, events: CalendarEvents) -> None:
        """Take over from a calendar when the device has to be ready."""
        present = (self.memory.ready_by.calendar, self.unplannable_events)
        if present == (events.occasions, events.unplannable):
            return
        self.unplannable_events = events.unplannable
        self._change_ready_by(calendar=events.occasions)
        self.async_remember()

    def _change_ready_by(self, **changes: Any) -> None:
        self.memory.ready_by = replace(self.memory.ready_by, **changes)
        self.memory.look_ahead(dt_util.utcnow())

    @callback
    def async_set_automatic(self, *, automatic: bool) -> None:
        """Schedule automatically, or not."""
        if automatic == self.settings.automatic_scheduling:
            return
        self.settings = replace(self.settings, automatic_scheduling=automatic)
        self.async_update_listeners()

    async def async_write(self) -> None:
        """Show what the user has changed, and return once no power cut can undo it."""
        self.async_update_listeners()
        await self._store.async_write()

    @callback
    def async_remember(self) -> None:
        """Keep what has changed, and show it."""
        self._store.async_remember()
        self.async_update_listeners()

    def _go_on_commanding(self, now: datetime) -> None:
        """Take a restart for short: what was commanded before it went on."""
        if self.data.power and (since := self.memory.last_schedule):
            since = max(since, self.data.power.slot_start(now))
            self.recent_power.command(self.setpoint, since)

    def _as_json(self) -> dict[str, Any]:
        """Return what is to be stored."""
        return {"plan": self.data.as_json(), **self.memory.as_json()}

    # --- reading

    @override
    async def _async_update_data(self) -> Plan:
        try:
            async with self._lock:
                return await self._read(dt_util.utcnow(), is_of_job=False)
        except FlexMeasuresError as err:
            self.recent_errors.add(err)
            # It may have been a short one: the time that was left until this reading.
            self.update_interval = self.settings.update_interval
            raise translated(err) from err

    async def _read(self, since: datetime, *, is_of_job: bool) -> Plan:
        """Read the plan and make it the present one; the caller updates the entities."""
        try:
            reading = await self.reader.read(
                planned_until=self.memory.planned_until,
                since=since,
                is_of_job=is_of_job,
            )
        except NotFoundError:
            self.missing_sensors = {CONF_POWER_SENSOR: self.settings.power_sensor}
            self.async_update_listeners()
            raise
        if reading.plan != self.data:
            # What takes long is done elsewhere, before the plan takes effect.
            outlook = await self.hass.async_add_executor_job(_outlook, reading.plan)
            self._replace_plan(outlook)
        self.missing_sensors = reading.missing_sensors
        self.facts = reading.facts
        self.read_at = dt_util.utcnow()
        self.readings.async_call(is_of_job)
        return self.data

    def _replace_plan(self, outlook: Outlook) -> None:
        """Make another plan the present one with what follows from it, in one step."""
        before, now = self.data, dt_util.utcnow()
        self.data, self._outlook = outlook.plan, outlook
        # After a power cut the server may be away, too.
        self._store.async_remember(at_once=True)
        if _ahead(self.data, now) != _ahead(before, now):
            self._announce(SchedulingEventType.UPDATED)

    def _read_soon(self, why: str) -> None:
        self.lifetime.async_create_background_task(
            self.async_refresh(), f"{self.name} {why}"
        )

    def _announce(self, kind: SchedulingEventType, **details: Any) -> None:
        """Call the listeners for events once the entities show what happened."""
        self._unannounced.append(SchedulingEvent(kind, details))

    # --- the passing of time

    @callback
    def _arm_wake(self) -> None:
        """Wake up when the running slot ends, or what the user set."""
        moments = (self.data.next_boundary(dt_util.utcnow()), self.memory.next_end())
        if moment := min((moment for moment in moments if moment), default=None):
            self._wake_timer.async_arm(moment)
        else:
            self._wake_timer.async_disarm()

    @callback
    def _wake(self, now: datetime) -> None:
        """Drop what is over and update the entities, without asking the server."""
        self._drop_passed(now)
        self.data = self.data.since_midnight(now)
        self.async_update_listeners()

    @callback
    def _handle_home_changed(self, _event: Event) -> None:
        """Find the next time anew: it may be another one in another time zone."""
        now = dt_util.utcnow()
        self._drop_passed(now)
        self.memory.look_ahead(now)
        self.async_update_listeners()

    def _drop_passed(self, now: datetime) -> bool:
        """Drop what the user set for a time that is over; return whether there was such."""
        passed = self.memory.passed_ready_by
        is_as_scheduled = self.memory.digest == self.digest
        if not self.memory.drop_passed(now):
            return False
        if is_as_scheduled:
            # A target that is over is no reason for another schedule.
            self.memory.digest = self.digest
        if self.memory.passed_ready_by != passed:
            _LOGGER.info(
                "The time by which %s had to be ready has passed", self.subentry.title
            )
        self._store.async_remember()
        return True


def _outlook(plan: Plan) -> Outlook:
    """Find what follows from a plan, with local times."""
    return Outlook(plan, dt_util.utcnow(), dt_util.get_default_time_zone())


def _ahead(plan: Plan, now: datetime) -> object:
    """Return the part of a plan that matters to those who follow it."""
    return plan.power.since(now) if plan.power else None


def translated(err: FlexMeasuresError) -> HomeAssistantError:
    """Return the error as Home Assistant's coordinator takes it; its text is in English."""
    if isinstance(err, NotAuthenticatedError):
        return ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=local_placeholders(err.placeholders),
        )
    retry_after: float | None = None
    if isinstance(err, RateLimitedError):
        retry_after = err.retry_after.total_seconds()
    elif isinstance(err, CannotConnectError):
        retry_after = OUTAGE_RETRY.total_seconds()
    return UpdateFailed(
        retry_after=retry_after,
        translation_domain=DOMAIN,
        translation_key=err.translation_key,
        translation_placeholders=local_placeholders(err.placeholders),
    )
