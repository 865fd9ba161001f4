"""Imports what a meter has counted, piece by piece: its statistics, and its days."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ...device.store import AccountStore
from ...plan.grid import local_midnight
from ..bills.bill import first_needed
from ..bills.day_book import Day, days_of
from ..intervals import HOUR
from ..memory import Import, MeterMemory
from ..meter_reader import MeterReader, MeterSources
from ..metering import MeterSeries, metered
from ..readings import moment
from ..settings import MeterSettings
from .meter_statistics import Kind, MeterStatistics, async_forget, hours_of
from .statistics import Hours

# How far back to look for corrections, and how often; else only what is new is read.
_CORRECTED_DAYS: Final = 30
_CORRECTIONS_INTERVAL: Final = timedelta(hours=12)
_NEW_DAYS: Final = 1

# Nothing was metered so before, and time zones had offsets with seconds.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

# More takes the server seconds, and the event loop too long.
_VALUES_AT_ONCE: Final = 8000


class MeterImporter:
    """Keeps in a meter's memory what it has imported, and what is still to do."""

    def __init__(
        self,
        hass: HomeAssistant,
        subentry: ConfigSubentry,
        settings: MeterSettings,
        *,
        memory: MeterMemory,
        reader: MeterReader,
        store: AccountStore,
        handle_progress: Callable[[], None],
    ) -> None:
        """Import for a meter; `handle_progress` is called after each piece."""
        self._hass = hass
        self._subentry = subentry
        self._settings = settings
        self._memory = memory
        self._reader = reader
        self._store = store
        self._handle_progress = handle_progress
        # One at a time: each goes on from what the one before has stored.
        self._lock = asyncio.Lock()

    @property
    def progress(self) -> float | None:
        """The share of the history that is imported; None while there is nothing."""
        memory, job = self._memory, self._memory.under_way
        if memory.since is None:
            return None
        if job is None or job.end - job.start < timedelta(days=_CORRECTED_DAYS + 2):
            return 1.0
        return job.progress

    async def async_update(self, sources: MeterSources) -> None:
        """Import what is new, or was corrected; raises FlexMeasuresError."""
        async with self._lock:
            now = dt_util.utcnow()
            if sources.since is None:
                return
            await self._forget_others(sources)
            start = self._start_of_update(sources.since, now)
            await self._import(sources, start, now)
            if now - start >= timedelta(days=_CORRECTED_DAYS):
                self._memory.refreshed_at = now

    async def async_reimport(
        self, sources: MeterSources, start: datetime, end: datetime
    ) -> None:
        """Import a period of whole days again; raises FlexMeasuresError."""
        async with self._lock:
            if sources.since is None:
                return
            await self._forget_others(sources)
            if self._memory.imported_until is None:
                # Before anything else the whole history.
                start = min(start, local_midnight(sources.since))
                end = dt_util.utcnow()
            await self._import(sources, max(start, _EARLIEST), max(end, _EARLIEST))

    def _start_of_update(self, since: datetime, now: datetime) -> datetime:
        """Return from when on to import, given when the first value begins."""
        memory = self._memory
        until = memory.imported_until
        if until is None or memory.since is None or since < memory.since:
            return local_midnight(since)
        is_due = (
            memory.refreshed_at is None
            or now - memory.refreshed_at >= _CORRECTIONS_INTERVAL
        )
        days = _CORRECTED_DAYS if is_due else _NEW_DAYS
        # Home Assistant may have been off for longer.
        return local_midnight(min(until, now), days_later=-days)

    async def _forget_others(self, sources: MeterSources) -> None:
        """Forget what was counted with other settings, or of sensors that were others."""
        memory = self._memory
        settings_as, sensors_as = self._settings.counted_as, sources.described
        if (memory.imported_as, memory.sensors_as) == (settings_as, sensors_as):
            return
        if memory.imported_as is not None:
            await async_forget(self._hass, self._subentry.subentry_id)
        memory.book.days = {}
        memory.book.measured_until = None
        memory.since = memory.imported_until = memory.under_way = None
        memory.imported_as, memory.sensors_as = settings_as, sensors_as

    async def _import(
        self, sources: MeterSources, start: datetime, end: datetime
    ) -> None:
        """Import a period, and what was not finished before, piece by piece."""
        memory, now = self._memory, dt_util.utcnow()
        statistics = await MeterStatistics.async_of(
            self._hass,
            self._settings,
            subentry_id=self._subentry.subentry_id,
            title=self._subentry.title,
            before_rewriting=self._store.async_write,
        )
        assert sources.since is not None
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
            self._handle_progress()
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
        counted = await self._hass.async_add_executor_job(
            _counted, self._settings, series, start, end
        )
        await statistics.async_write(counted.hours, start, end)
        book = self._memory.book
        today = dt_util.as_local(now).date()
        book.replace(counted.days, first=first_needed(self._settings.bills, today))
        until = book.measured_until
        if counted.until and (until is None or counted.until > until or end >= until):
            book.measured_until = counted.until
        return series


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
