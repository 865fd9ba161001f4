"""One coordinator per meter: brings its statistics up to date, and makes its bill."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..api.errors import FlexMeasuresError
from ..coordinator import translated
from ..device.lifetime import DeviceUnloadedError, Lifetime
from ..device.store import AccountStore
from ..plan.grid import local_midnight
from ..timer import Timer
from .bill import Bill, Terms, first_needed, present_bill
from .daily_forecast import DailyForecast, is_due
from .day_book import Day, DayBook, days_of
from .expectation import Expectation, expectation
from .intervals import HOUR, Metered
from .memory import Import, MeterMemory
from .meter_reader import MeterReader, MeterSources
from .meter_statistics import Kind, MeterStatistics, hours_of
from .metering import MeterSeries, holds_readings, metered
from .readings import SensorReader, moment
from .settings import MeterSettings
from .statistics import Hours

_LOGGER = logging.getLogger(__name__)

_UPDATE_INTERVAL: Final = timedelta(hours=1)

# How far back to look for corrections, and how often; else only what is new is read.
_CORRECTED_DAYS: Final = 30
_CORRECTIONS_INTERVAL: Final = timedelta(hours=12)
_NEW_DAYS: Final = 1

# More takes the server seconds, and the event loop too long.
_VALUES_AT_ONCE: Final = 8000

_LONGEST_FORECAST: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class MeterState:
    """What a meter shows."""

    bill: Bill
    expectation: Expectation | None
    """None while the server has not forecast the consumption."""


class MeterCoordinator(DataUpdateCoordinator[MeterState]):
    """What one meter has counted; writes its statistics, and what is remembered of it."""

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: ConfigEntry,
        subentry: ConfigSubentry,
        *,
        reader: SensorReader,
        daily_forecast: DailyForecast,
        store: AccountStore,
    ) -> None:
        """Start from what was known before the restart."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=config_entry,
            name=f"meter {subentry.title}",
            update_interval=_UPDATE_INTERVAL,
        )
        self.lifetime = Lifetime(hass)
        """What belongs to the meter ends with it."""
        self.subentry = subentry
        self.settings = MeterSettings.from_subentry(subentry.data)
        self.memory = store.restored(
            subentry.subentry_id,
            lambda stored: MeterMemory.from_json(stored["meter"]),
            MeterMemory(),
        )
        if self.memory.imported_as != self._imported_as:
            # What is known was counted in another way.
            self.memory = MeterMemory(imported_as=self.memory.imported_as)
        if self.memory.booked_as != self._booked_as:
            # What is stored may stay, but other days are needed.
            self.memory.book = DayBook()
            self.memory.booked_as = self._booked_as
            self.memory.imported_until = None
        self.lifetime.async_on_unload(
            store.async_keep(
                subentry.subentry_id, lambda: {"meter": self.memory.as_json()}
            )
        )
        self.failure: FlexMeasuresError | None = None
        """Why the last update failed."""
        self._store = store
        self._reader = MeterReader(reader, self.settings)
        self._daily_forecast = daily_forecast
        self._forecasting: asyncio.Task[None] | None = None
        self._forecast: Metered | None = None
        # One import at a time: each goes on from what the one before has stored.
        self._lock = asyncio.Lock()
        self._next_bill = Timer(hass, self._handle_next_bill)
        self.data = self._state()

    @property
    def progress(self) -> float | None:
        """The share of the history that is imported; None while there is nothing."""
        memory = self.memory
        job = memory.under_way
        if memory.imported_as != self._imported_as or memory.since is None:
            return None
        if job is None or job.end - job.start < timedelta(days=_CORRECTED_DAYS + 2):
            return 1.0
        return job.progress

    @callback
    def async_follow(self) -> None:
        """Keep up with the server, whether or not an entity listens."""
        self.lifetime.async_on_unload(self.async_add_listener(self._arm))
        self.lifetime.async_on_unload(self._next_bill.async_disarm)
        self._refresh_soon("first refresh")

    async def async_reimport(
        self, start: datetime, end: datetime
    ) -> tuple[datetime, datetime]:
        """Read the days of a period again, and return from when to when they are.

        Raises FlexMeasuresError.
        """
        first = local_midnight(start)
        last = min(local_midnight(end, days_later=1), dt_util.utcnow())
        await self._run(self._reimport(first, last))
        self.async_set_updated_data(self._state())
        return first, last

    async def _reimport(self, start: datetime, end: datetime) -> None:
        async with self._lock:
            await self._import(await self._reader.async_sources(), start, end)

    @override
    async def _async_update_data(self) -> MeterState:
        try:
            await self._run(self._update())
        except FlexMeasuresError as err:
            self.failure = err
            raise translated(err) from err
        self.failure = None
        return self._state()

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that ends with the meter: another may follow that writes the same.

        Raises FlexMeasuresError, DeviceUnloadedError among them.
        """
        task = self.lifetime.async_create_background_task(work, f"{self.name} import")
        try:
            await task
        except asyncio.CancelledError:
            if self.lifetime.is_over:
                raise DeviceUnloadedError(self.subentry.title) from None
            raise

    async def _update(self) -> None:
        """Import what is new, or was corrected, and read the forecast."""
        async with self._lock:
            sources = await self._reader.async_sources()
            now = dt_util.utcnow()
            memory = self.memory
            memory.resolution = int(sources.consumption.step.total_seconds())
            if sources.since is not None:
                start = self._start_of_update(sources.since, now)
                await self._import(sources, start, now)
                if now - start >= timedelta(days=_CORRECTED_DAYS):
                    memory.refreshed_at = now
            await self._read_forecast(sources)
            self._forecast_soon(sources, now)

    def _start_of_update(self, since: datetime, now: datetime) -> datetime:
        """Return from when on to import, given when the first value begins."""
        memory = self.memory
        until = memory.imported_until
        if until is None or memory.since is None or since < memory.since:
            return local_midnight(since)
        is_due = (
            memory.refreshed_at is None
            or now - memory.refreshed_at >= _CORRECTIONS_INTERVAL
        )
        days = _CORRECTED_DAYS if is_due else _NEW_DAYS
        # Home Assistant may have been off for longer.
        return min(
            local_midnight(now, days_later=-days),
            local_midnight(until, days_later=-_NEW_DAYS),
        )

    async def _import(
        self, sources: MeterSources, start: datetime, end: datetime
    ) -> None:
        """Import a period, and what was not finished before, piece by piece."""
        memory, now = self.memory, dt_util.utcnow()
        statistics = await MeterStatistics.async_of(
            self.hass,
            self.settings,
            subentry_id=self.subentry.subentry_id,
            title=self.subentry.title,
            before_rewriting=self._store.async_write,
        )
        if memory.imported_as != self._imported_as:
            if memory.imported_as is not None:
                await statistics.async_clear()
            memory.imported_as = self._imported_as
        if sources.since is not None:
            memory.since = min(memory.since or sources.since, sources.since)
        job = memory.under_way
        job = job.with_more(start, end) if job else Import.of(start, end)
        memory.under_way = job
        await statistics.async_begin(job.reached)
        days = max(1, _VALUES_AT_ONCE * sources.step // timedelta(days=1))
        before: MeterSeries | None = None
        while job.reached < job.end:
            piece = (
                job.reached,
                min(local_midnight(job.reached, days_later=days), job.end),
            )
            before = await self._import_piece(sources, statistics, piece, now, before)
            job = memory.under_way = replace(job, reached=piece[1])
            self._store.async_remember()
            self.data = self._state()
            self.async_update_listeners()
        await statistics.async_finish(job.end)
        memory.under_way = None
        memory.imported_until = max(memory.imported_until or job.end, job.end)
        self._store.async_remember()

    async def _import_piece(
        self,
        sources: MeterSources,
        statistics: MeterStatistics,
        piece: tuple[datetime, datetime],
        now: datetime,
        before: MeterSeries | None,
    ) -> MeterSeries:
        """Import the days of a piece, of which the last may not be over."""
        start, end = piece
        series = await self._reader.async_measured(
            # Where days do not start at a full hour, the hour is a part of both.
            sources,
            moment(int(start.timestamp()) // HOUR * HOUR),
            end,
            now=now,
            before=before,
        )
        counted = await self.hass.async_add_executor_job(
            _counted, self.settings, series, start, end
        )
        await statistics.async_write(counted.hours, start, end)
        book = self.memory.book
        today = dt_util.as_local(now).date()
        book.replace(counted.days, first=first_needed(self.settings.bills, today))
        until = book.measured_until
        if counted.until and (until is None or counted.until > until or end >= until):
            book.measured_until = counted.until
        return series

    async def _read_forecast(self, sources: MeterSources) -> None:
        """Read what the server forecasts for the rest of the bill."""
        if holds_readings(self.settings, sources.consumption.sensor):
            return
        bill, now = self._state().bill, dt_util.utcnow()
        start = min(max(bill.start, bill.measured_until or bill.start), now)
        end = min(bill.end, now + _LONGEST_FORECAST)
        series = await self._reader.async_forecast(sources, start, end)
        forecast = await self.hass.async_add_executor_job(
            metered, self.settings, series
        )
        # A value that is stored while its interval runs is no forecast.
        amounts = forecast.consumption.amounts
        if any(each.start >= now.timestamp() for each in amounts):
            self.memory.has_forecast = True
        self._forecast = forecast

    def _forecast_soon(self, sources: MeterSources, now: datetime) -> None:
        """Have the server forecast the consumption, if it is time for that."""
        if (
            not self.settings.has_daily_forecast
            or holds_readings(self.settings, sources.consumption.sensor)
            or not is_due(self.memory.forecast_at, now)
            or (self._forecasting and not self._forecasting.done())
        ):
            return
        # It may have to wait for its turn.
        self._forecasting = self.lifetime.async_create_background_task(
            self._forecast_daily(sources), f"{self.name} forecast"
        )

    async def _forecast_daily(self, sources: MeterSources) -> None:
        if await self._daily_forecast.async_refresh(sources.consumption.sensor):
            return
        self.memory.forecast_at = dt_util.utcnow()
        self._store.async_remember()
        await self.async_refresh()

    def _state(self) -> MeterState:
        terms = Terms(
            self.settings.bills,
            self.settings.standing_charge,
            dt_util.get_default_time_zone(),
        )
        memory = self.memory
        bill = present_bill(terms, memory.book, dt_util.utcnow(), memory.resolution)
        has_forecast = self._forecast is not None and memory.has_forecast
        return MeterState(
            bill,
            expectation(bill, terms, self._forecast)
            if has_forecast and self._forecast
            else None,
        )

    @property
    def _imported_as(self) -> str:
        """What statistics depend on: with other settings they have to be made anew."""
        settings = self.settings
        return repr(
            (
                settings.consumption,
                settings.production,
                settings.cost,
                settings.compensation,
                settings.is_cumulative,
                settings.output.unit,
                settings.output.calorific_value,
            )
        )

    @property
    def _booked_as(self) -> str:
        """What days are kept for: with other settings other days are needed."""
        bills = self.settings.bills
        return repr((bills.start, bills.months, self.hass.config.time_zone))

    @callback
    def _arm(self) -> None:
        """Begin a new bill in time."""
        self._next_bill.async_arm(self.data.bill.end)

    @callback
    def _handle_next_bill(self, now: datetime) -> None:
        self.data = self._state()
        self.async_update_listeners()
        self._refresh_soon("next bill")

    def _refresh_soon(self, why: str) -> None:
        self.lifetime.async_create_background_task(
            self.async_refresh(), f"{self.name} {why}"
        )


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was counted in a piece of time."""

    hours: Mapping[Kind, Hours]
    days: Mapping[date, Day]
    until: datetime | None
    """When the last interval ended of which the consumption is known."""


def _counted(
    settings: MeterSettings, series: MeterSeries, start: datetime, end: datetime
) -> _Counted:
    """Return what was counted between two moments."""
    counted = metered(settings, series)
    last = dt_util.as_local(end - timedelta(seconds=1)).date()
    amounts = counted.consumption.amounts
    return _Counted(
        hours=hours_of(settings, series, counted),
        days=days_of(
            counted,
            dt_util.as_local(start).date(),
            last + timedelta(days=1),
            dt_util.get_default_time_zone(),
        ),
        until=moment(amounts[-1].end) if amounts else None,
    )
