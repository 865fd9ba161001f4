"""One coordinator per device: keeps its schedule current and asks for new ones."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import UnitOfPower
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api import FlexMeasuresApi
from .api.errors import (
    CannotConnectError,
    EmptyScheduleError,
    FlexMeasuresError,
    InfeasibleError,
    InfeasiblePricesError,
    NotAuthenticatedError,
    RateLimitedError,
)
from .api.models import Sensor, SensorData
from .api.polling import remember
from .const import DOMAIN
from .device import DeviceSettings
from .prices import find_contradiction
from .schedule import Schedule
from .slots import ceil_to_slots, floor_to_grid, whole_slots
from .store import AccountStore

_LOGGER = logging.getLogger(__name__)

# An outage is looked at again well before the usual hour is over.
OUTAGE_RETRY = timedelta(minutes=1)

# Planned power is exact enough to the milliwatt.
_MILLIWATTS = {
    UnitOfPower.WATT: 1e3,
    UnitOfPower.KILO_WATT: 1e6,
    UnitOfPower.MEGA_WATT: 1e9,
}

# The server's scheduler takes 15 minutes for a power sensor without a resolution.
_FALLBACK_RESOLUTION = timedelta(minutes=15)


@dataclass(slots=True)
class FlexMeasuresData:
    """What an account holds while it is loaded."""

    api: FlexMeasuresApi
    coordinators: dict[str, ScheduleCoordinator]
    """By the device's subentry id."""


type FlexMeasuresConfigEntry = ConfigEntry[FlexMeasuresData]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """A wish for a schedule; what is left out comes from the device's settings."""

    start: datetime | None = None
    duration: timedelta | None = None
    flex_model: Mapping[str, Any] = field(default_factory=dict)
    flex_context: Mapping[str, Any] = field(default_factory=dict)
    force: bool = True


@dataclass(frozen=True, slots=True)
class _RunningJob:
    """A job on the server, and what it was asked for."""

    id: str
    start: datetime
    duration: timedelta
    flex_context: Mapping[str, Any]


class ScheduleCoordinator(DataUpdateCoordinator[Schedule | None]):
    """The newest schedule of one device; None where the server has none."""

    config_entry: FlexMeasuresConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: FlexMeasuresConfigEntry,
        subentry: ConfigSubentry,
        api: FlexMeasuresApi,
        store: AccountStore,
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
        self._api = api
        self._store = store
        self._memory = store.memory(self.settings.power_sensor)
        self.data = self._memory.schedule
        self._sensor: Sensor | None = None
        self._sensor_may_differ = False
        # One request in flight per device: a poll must not overwrite a newer plan.
        self._lock = asyncio.Lock()
        self._cancel_boundary: CALLBACK_TYPE | None = None
        self._is_following = False

    @property
    def covers_now(self) -> bool:
        """Whether there is a plan for this moment."""
        return self.data is not None and self.data.covers(dt_util.utcnow())

    @callback
    def async_follow(self) -> None:
        """Keep up with the plan and the server, whether or not an entity listens."""
        self._is_following = True
        self.config_entry.async_on_unload(self.async_add_listener(self._arm_boundary))
        self.config_entry.async_on_unload(self._disarm_boundary)
        self._arm_boundary()
        if self.settings.automatic_scheduling or not self.last_update_success:
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{self.name} refresh after set-up"
            )

    async def async_compute(self, request: ScheduleRequest) -> Schedule:
        """Have the server compute a schedule, wait for it and follow it.

        Returns the window that was asked for. Raises FlexMeasuresError.
        """
        async with self._lock:
            job = await self._trigger(request)
            return await self._finish(job)

    async def async_trigger(self, request: ScheduleRequest) -> str:
        """Have the server compute a schedule, and follow it once it is there.

        Returns the job's id as soon as the server has accepted it. Raises
        FlexMeasuresError; a later failure shows in the coordinator.
        """
        async with self._lock:
            job = await self._trigger(request)
        self.config_entry.async_create_background_task(
            self.hass, self._finish_later(job), f"{self.name} job {job.id}"
        )
        return job.id

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
        sensor = await self._get_sensor()
        own = _resolution(sensor)
        wanted = resolution or own
        first, length = whole_slots(
            start or floor_to_grid(dt_util.utcnow(), wanted, sensor.time_zone),
            duration or self.settings.schedule_duration,
            wanted,
            sensor.time_zone,
        )
        own_first, own_length = whole_slots(first, length, own, sensor.time_zone)
        data = await self._read(
            sensor, start=own_first, duration=own_length, resolution=own, unit=unit
        )
        return data.at_resolution(first, wanted) if data and wanted != own else data

    @override
    async def _async_update_data(self) -> Schedule | None:
        try:
            async with self._lock:
                # Set-up must not wait for a computation: `async_follow` starts it.
                if self.settings.automatic_scheduling and self._is_following:
                    job = await self._trigger(ScheduleRequest())
                    await self._wait(job)
                return await self._read_ahead()
        except FlexMeasuresError as err:
            raise _update_error(err) from err

    async def _trigger(self, request: ScheduleRequest) -> _RunningJob:
        """Send the request, on the grid and with what the server does not know itself."""
        sensor = await self._get_sensor()
        asset = await self._api.get_asset(sensor.asset_id)
        resolution = _resolution(sensor)
        start = floor_to_grid(
            request.start or dt_util.utcnow(), resolution, sensor.time_zone
        )
        duration = ceil_to_slots(
            request.duration or self.settings.schedule_duration, resolution
        )
        flex_context = self.settings.flex_context(request.flex_context)
        job_id = await self._api.trigger_schedule(
            sensor.asset_id,
            start=start,
            duration=duration,
            flex_model=[self.settings.flex_model(asset.flex_model, request.flex_model)],
            flex_context=flex_context,
            force=request.force,
        )
        return _RunningJob(job_id, start, duration, flex_context)

    async def _wait(self, job: _RunningJob) -> None:
        """Wait for the job's success, learning how long such jobs take."""
        try:
            ended = await self._api.wait_for_job(
                job.id, earlier_jobs=self._memory.job_durations
            )
        except InfeasibleError as err:
            raise await self._explained(err, job) from err
        if ended.time_taken is not None:
            self._memory.job_durations = remember(
                self._memory.job_durations, ended.time_taken
            )
        self._memory.planned_until = job.start + job.duration
        self._store.async_remember()
        # The first schedule may have made the server settle the sensor's sign.
        self._sensor_may_differ = True

    async def _finish(self, job: _RunningJob) -> Schedule:
        """Wait for the job and take over its schedule."""
        await self._wait(job)
        schedule = await self._read_ahead(since=job.start)
        self.async_set_updated_data(schedule)
        asked_for = schedule and schedule.between(job.start, job.start + job.duration)
        if asked_for is None:
            raise EmptyScheduleError
        return asked_for

    async def _finish_later(self, job: _RunningJob) -> None:
        """Finish a job for which nobody waits."""
        try:
            async with self._lock:
                await self._finish(job)
        except FlexMeasuresError as err:
            if isinstance(err, NotAuthenticatedError):
                self.config_entry.async_start_reauth(self.hass)
            self.async_set_update_error(_update_error(err))

    async def _explained(
        self, error: InfeasibleError, job: _RunningJob
    ) -> InfeasibleError:
        """Name the prices if they are why no schedule is possible."""
        sensor = await self._get_sensor()
        try:
            catalogue = await self._api.get_catalogue()
            contradiction = await find_contradiction(
                self._api,
                {**catalogue.flex_context(sensor), **job.flex_context},
                start=job.start,
                duration=job.duration,
                resolution=_resolution(sensor),
            )
        except FlexMeasuresError as err:
            _LOGGER.debug("Prices could not be compared: %s", err)
            return error
        if contradiction is None:
            return error
        return InfeasiblePricesError(
            error.reason,
            moment=dt_util.as_local(contradiction.moment),
            production=contradiction.production,
            consumption=contradiction.consumption,
            unit=contradiction.unit,
        )

    async def _read_ahead(self, since: datetime | None = None) -> Schedule | None:
        """The plan from the running slot on, or from an earlier `since`."""
        sensor = await self._get_sensor()
        resolution = _resolution(sensor)
        start = floor_to_grid(dt_util.utcnow(), resolution, sensor.time_zone)
        end = start + ceil_to_slots(self.settings.schedule_duration, resolution)
        if planned_until := self._memory.planned_until:
            end = max(end, planned_until)
        start = min(start, since or start)
        data = await self._read(
            sensor,
            start=start,
            duration=end - start,
            resolution=resolution,
            unit=UnitOfPower.KILO_WATT,
        )
        schedule = (
            None
            if data is None
            else Schedule.from_values(data.start, data.resolution, data.values)
        )
        if schedule != self._memory.schedule:
            self._memory.schedule = schedule
            self._store.async_remember()
        return schedule

    async def _read(
        self,
        sensor: Sensor,
        *,
        start: datetime,
        duration: timedelta,
        resolution: timedelta,
        unit: UnitOfPower,
    ) -> SensorData | None:
        """What the scheduler planned, consumption positive; None if it never did."""
        data, sensor = await asyncio.gather(
            self._api.get_data(
                sensor.id,
                start=start,
                duration=duration,
                # For its own resolution the server need not resample.
                resolution=None if resolution == sensor.resolution else resolution,
                unit=unit,
                source_type="scheduler",
            ),
            self._get_sensor(current=True),
        )
        if data is None:
            return None
        milliwatts = _MILLIWATTS[unit]
        signed = milliwatts if sensor.consumption_is_positive else -milliwatts
        # The solver's values are off by 1e-10, and no state should read "-0.0".
        return replace(
            data,
            values=tuple(
                None if value is None else round(value * signed) / milliwatts
                for value in data.values
            ),
        )

    async def _get_sensor(self, *, current: bool = False) -> Sensor:
        """The power sensor's metadata: of before the last job, or `current`."""
        if self._sensor is None or (current and self._sensor_may_differ):
            self._sensor = await self._api.get_sensor(self.settings.power_sensor)
            self._sensor_may_differ = False
        return self._sensor

    @callback
    def _arm_boundary(self) -> None:
        """Wake up when the running slot ends."""
        self._disarm_boundary()
        if self.data and (boundary := self.data.next_boundary(dt_util.utcnow())):
            self._cancel_boundary = async_track_point_in_utc_time(
                self.hass, self._handle_boundary, boundary
            )

    @callback
    def _disarm_boundary(self) -> None:
        if self._cancel_boundary:
            self._cancel_boundary()
            self._cancel_boundary = None

    @callback
    def _handle_boundary(self, _now: datetime) -> None:
        """Tell the entities that another slot is running, without asking the server."""
        self._cancel_boundary = None
        self.async_update_listeners()


async def async_first_refreshes(entry: FlexMeasuresConfigEntry) -> None:
    """Read every device's plan; fail only if that leaves nothing to follow.

    A server that is away, or a login that is refused, stops no device that has a
    plan for this moment from before the restart. Raises ConfigEntryNotReady or
    ConfigEntryAuthFailed.
    """
    coordinators = list(entry.runtime_data.coordinators.values())
    # Wait for every refresh, so that none outlives a set-up that failed.
    results = await asyncio.gather(
        *(
            coordinator.async_config_entry_first_refresh()
            for coordinator in coordinators
        ),
        return_exceptions=True,
    )
    failures = {
        coordinator: result
        for coordinator, result in zip(coordinators, results, strict=True)
        if isinstance(result, BaseException)
    }
    if len(failures) == len(coordinators) and not any(
        coordinator.covers_now for coordinator in coordinators
    ):
        for failure in failures.values():
            raise failure
    for coordinator, failure in failures.items():
        _LOGGER.warning("The %s could not be read: %s", coordinator.name, failure)


def _update_error(err: FlexMeasuresError) -> HomeAssistantError:
    """Translate for Home Assistant's coordinator."""
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


def _resolution(sensor: Sensor) -> timedelta:
    """The length of a slot."""
    return sensor.resolution or _FALLBACK_RESOLUTION
