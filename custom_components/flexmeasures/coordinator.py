"""One coordinator per device: holds its plan, keeps it current and follows it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Protocol, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import UnitOfPower
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api.catalogue import AccountCatalogue
from .api.client import FlexMeasuresApi
from .api.errors import (
    CannotConnectError,
    FlexMeasuresError,
    NotAuthenticatedError,
    NotFoundError,
    RateLimitedError,
)
from .api.models import SensorData
from .const import CONF_POWER_SENSOR, DOMAIN
from .device.flex_model_source import Controller
from .device.reader import PlanReader, Reading
from .device.recent_errors import RecentErrors
from .device.scheduling_event import Outcome, OutcomeKind
from .device.setpoint import Mode, Override, setpoint
from .device.settings import DeviceSettings
from .device.store import AccountStore
from .plan.grid import floor_to_grid, whole_slots
from .plan.outlook import Outlook
from .plan.plan import Plan
from .timer import Timer

if TYPE_CHECKING:
    from .account import FlexMeasuresConfigEntry

_LOGGER = logging.getLogger(__name__)

# An outage is looked at again well before the usual hour is over.
OUTAGE_RETRY = timedelta(minutes=1)


class ReadingListener(Protocol):
    """Is told what was read."""

    def __call__(self, reading: Reading, *, is_of_job: bool) -> None:
        """`is_of_job`: it was read because a job ended."""


class ScheduleCoordinator(DataUpdateCoordinator[Plan]):
    """The newest plan of one device, and what the user wants of it."""

    config_entry: FlexMeasuresConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: FlexMeasuresConfigEntry,
        subentry: ConfigSubentry,
        *,
        api: FlexMeasuresApi,
        catalogue: AccountCatalogue,
        store: AccountStore,
        errors: RecentErrors,
    ) -> None:
        """Start from what was known before the restart."""
        self.settings = DeviceSettings.from_subentry(subentry.data)
        super().__init__(
            hass,
            _LOGGER,
            config_entry=config_entry,
            name=f"schedule of {subentry.title}",
            update_interval=self.settings.update_interval,
            always_update=False,
        )
        self.subentry = subentry
        self.reader = PlanReader(api, catalogue, self.settings)
        self.memory = store.memory(self.settings.power_sensor)
        self.data = self.memory.plan
        self._outlook: Outlook | None = None
        self._prepared: Outlook | None = None
        self.reading: Reading | None = None
        """What the server last said; None before it first did."""
        self.read_at: datetime | None = None
        self.missing_sensors: dict[str, int] = {}
        """Sensors that the server no longer has, by their setting."""
        self.soc_problem: FlexMeasuresError | None = None
        self.controller: Controller | None = None
        """What speaks for the device, if anything does."""
        # One request in flight per device: a poll must not overwrite a newer plan.
        self.lock = asyncio.Lock()
        self._store = store
        self._errors = errors
        self._reading_listeners: list[ReadingListener] = []
        self._outcome_listeners: list[Callable[[Outcome], None]] = []
        self._untold: list[Outcome] = []
        self._wake_timer = Timer(hass, self._wake)

    @property
    def outlook(self) -> Outlook:
        """What follows from the plan."""
        if self._prepared and self._prepared.plan is self.data:
            self._outlook, self._prepared = self._prepared, None
        if self._outlook is None or self._outlook.plan is not self.data:
            self._outlook = _outlook(self.data)
        return self._outlook

    @property
    def covers_now(self) -> bool:
        """Whether there is a plan for this moment."""
        return self.data.power_at(dt_util.utcnow()) is not None

    @property
    def setpoint(self) -> float | None:
        """The power to follow now, in kW; None when there is none."""
        now = dt_util.utcnow()
        return setpoint(
            self.data.power_at(now), self.memory.mode, self.memory.override, now
        )

    @property
    def is_scheduled_by_itself(self) -> bool:
        """Whether new schedules are to be made, and can be."""
        return self.settings.automatic_scheduling and (
            self.controller is None or self.controller.is_plannable
        )

    @callback
    def async_follow(self) -> None:
        """Keep up with the plan and the server, whether or not an entity listens."""
        self.config_entry.async_on_unload(self.async_add_listener(self._arm_wake))
        self.config_entry.async_on_unload(self._wake_timer.async_disarm)
        self._arm_wake()
        if self._drop_passed(dt_util.utcnow()):
            self.async_update_listeners()
        if not self.last_update_success:
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{self.name} refresh after set-up"
            )

    @callback
    def async_add_reading_listener(self, listener: ReadingListener) -> CALLBACK_TYPE:
        """Be told what was read, before it takes effect; returns how to stop."""
        self._reading_listeners.append(listener)
        return lambda: self._reading_listeners.remove(listener)

    @callback
    def async_add_outcome_listener(
        self, listener: Callable[[Outcome], None]
    ) -> CALLBACK_TYPE:
        """Be told what becomes of scheduling; returns how to stop."""
        self._outcome_listeners.append(listener)
        return lambda: self._outcome_listeners.remove(listener)

    @callback
    def async_tell(self, outcome: Outcome) -> None:
        """Tell what became of scheduling, once the entities show it."""
        self._untold.append(outcome)

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Tell the entities, and then what happened to those who may look at them."""
        super().async_update_listeners()
        outcomes, self._untold = self._untold, []
        for outcome in outcomes:
            for listener in list(self._outcome_listeners):
                listener(outcome)

    @callback
    def async_note_error(self, err: FlexMeasuresError) -> None:
        """Keep what went wrong, for diagnostics."""
        self._errors.add(self.subentry.title, err)

    @callback
    def async_remember(self) -> None:
        """Keep the changed memory, and show it."""
        self._store.async_remember()
        self.async_update_listeners()

    async def async_read_after_job(self, *, since: datetime) -> Plan:
        """Read what a job has just planned; needs the lock.

        Raises FlexMeasuresError.
        """
        return await self._read(since, is_of_job=True)

    @callback
    def async_read_in(self, wait: timedelta) -> None:
        """Read again after a time, which may be none."""
        if wait:
            self.update_interval = wait
            self._schedule_refresh()
        else:
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{self.name} refresh"
            )

    @callback
    def async_take_over(self, plan: Plan) -> None:
        """Follow what was read."""
        self._store.async_remember()
        self.async_set_updated_data(plan)

    async def async_get(
        self,
        *,
        start: datetime | None,
        duration: timedelta | None,
        resolution: timedelta | None,
        unit: UnitOfPower,
    ) -> SensorData | None:
        """What the scheduler planned in a period, consumption positive; None if nothing ever.

        Default period: the running slot and what the settings plan ahead. Raises
        FlexMeasuresError.
        """
        sensor = await self.reader.sensor()
        own = sensor.slot_length
        wanted = resolution or own
        first, length = whole_slots(
            start or floor_to_grid(dt_util.utcnow(), wanted, sensor.time_zone),
            duration or self.settings.schedule_duration,
            wanted,
            sensor.time_zone,
        )
        own_first, own_length = whole_slots(first, length, own, sensor.time_zone)
        data = await self.reader.power(
            sensor, start=own_first, duration=own_length, resolution=own, unit=unit
        )
        return data.at_resolution(first, wanted) if data and wanted != own else data

    @callback
    def async_set_mode(self, mode: Mode) -> None:
        """Choose what the setpoint follows."""
        self.memory.mode = mode
        self.async_remember()

    @callback
    def async_set_override(self, override: Override | None) -> None:
        """Set a power that wins until it ends, or end it."""
        self.memory.override = override
        self.async_remember()

    @callback
    def async_set_target(
        self, *, target_soc_kwh: float | None, ready_by: datetime | None
    ) -> None:
        """Set how full the device has to be, and by when."""
        self.memory.target_soc_kwh = target_soc_kwh
        self.memory.ready_by = ready_by
        self.async_remember()

    @callback
    def async_set_soc_problem(self, problem: FlexMeasuresError | None) -> None:
        """Keep why the state of charge entity was not used, and say it when it is news."""
        if problem and str(problem) != str(self.soc_problem):
            _LOGGER.warning(
                "The state of charge of %s is not taken from its entity: %s",
                self.subentry.title,
                problem,
            )
        self.soc_problem = problem

    @callback
    def async_set_automatic(self, *, automatic: bool) -> None:
        """Take over the switch."""
        self.settings = replace(self.settings, automatic_scheduling=automatic)
        self.async_update_listeners()

    @override
    async def _async_update_data(self) -> Plan:
        try:
            async with self.lock:
                return await self._read(dt_util.utcnow(), is_of_job=False)
        except FlexMeasuresError as err:
            self.async_note_error(err)
            # It may have been a short one: the time that was left until this reading.
            self.update_interval = self.settings.update_interval
            raise translated(err) from err

    async def _read(self, since: datetime, *, is_of_job: bool) -> Plan:
        """Read the plan, remember it and tell those who act on it."""
        try:
            reading = await self.reader.read(
                planned_until=self.memory.planned_until, since=since
            )
        except NotFoundError:
            # The reader can do without any other sensor.
            self.missing_sensors = {CONF_POWER_SENSOR: self.settings.power_sensor}
            self.async_update_listeners()
            raise
        if reading.plan == self.data:
            reading = replace(reading, plan=self.data)
        else:
            # What takes long is done elsewhere, before the plan takes effect.
            self._prepared = await self.hass.async_add_executor_job(
                _outlook, reading.plan
            )
        self.missing_sensors = reading.missing_sensors
        self.read_at = now = dt_util.utcnow()
        if reading.plan != self.memory.plan:
            is_news = _ahead(reading.plan, now) != _ahead(self.memory.plan, now)
            self.memory.plan = reading.plan
            self._store.async_remember()
            if is_news:
                self.async_tell(Outcome(OutcomeKind.UPDATED))
        self.reading = reading
        for listener in list(self._reading_listeners):
            listener(reading, is_of_job=is_of_job)
        return reading.plan

    @callback
    def _arm_wake(self) -> None:
        """Wake up when the running slot ends, or what the user set."""
        now = dt_util.utcnow()
        moments = [
            self.data.next_boundary(now),
            self.memory.override.until if self.memory.override else None,
            self.memory.ready_by,
        ]
        if moment := min((moment for moment in moments if moment), default=None):
            self._wake_timer.async_arm(moment)
        else:
            self._wake_timer.async_disarm()

    @callback
    def _wake(self, now: datetime) -> None:
        """Drop what is over, and tell the entities, without asking the server."""
        self._drop_passed(now)
        self.data = self.data.since_midnight(now)
        self.async_update_listeners()

    def _drop_passed(self, now: datetime) -> bool:
        """Drop what the user set for a time that is over; returns whether there was something."""
        memory = self.memory
        is_override_over = memory.override and not memory.override.holds_at(now)
        is_target_over = memory.ready_by and memory.ready_by <= now
        if is_override_over:
            memory.override = None
        if is_target_over:
            _LOGGER.info(
                "The time by which %s had to be ready has passed", self.subentry.title
            )
            memory.passed_ready_by, memory.ready_by = memory.ready_by, None
        if is_override_over or is_target_over:
            self._store.async_remember()
            return True
        return False


def _outlook(plan: Plan) -> Outlook:
    """With local times."""
    return Outlook(plan, dt_util.utcnow(), dt_util.get_default_time_zone())


def _ahead(plan: Plan, now: datetime) -> object:
    """The part of a plan that matters to those who follow it."""
    return plan.power.since(now) if plan.power else None


def translated(err: FlexMeasuresError) -> HomeAssistantError:
    """The error as Home Assistant's coordinator takes it; its text is in English."""
    if isinstance(err, NotAuthenticatedError):
        return ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=err.placeholders,
        )
    retry_after: float | None = None
    if isinstance(err, RateLimitedError):
        # Not 0, which would mean nothing.
        retry_after = max(1.0, err.retry_after.total_seconds())
    elif isinstance(err, CannotConnectError):
        retry_after = OUTAGE_RETRY.total_seconds()
    return UpdateFailed(
        retry_after=retry_after,
        translation_domain=DOMAIN,
        translation_key=err.translation_key,
        translation_placeholders=err.placeholders,
    )
