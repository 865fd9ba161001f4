"""One coordinator per meter: brings its statistics up to date, and makes its bill."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..api.errors import FlexMeasuresError
from ..coordinator import translated
from ..device.lifetime import DeviceUnloadedError, Lifetime
from ..device.store import AccountStore
from ..scheduling.daily_forecast import INTERVAL, DailyForecast, Refreshed
from ..timer import Timer
from .bills.bill import Bill, Terms, present_bill
from .bills.day_book import DayBook
from .bills.expectation import Expectation, expectation
from .history.importer import MeterImporter
from .intervals import Metered
from .memory import MeterMemory
from .meter_reader import MeterReader, MeterSources
from .metering import holds_readings, metered
from .readings import SensorReader
from .settings import MeterSettings

_LOGGER = logging.getLogger(__name__)

_UPDATE_INTERVAL: Final = timedelta(hours=1)

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
        if self.memory.imported_as != self.settings.counted_as:
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
        self._importer = MeterImporter(
            hass,
            subentry,
            self.settings,
            memory=self.memory,
            reader=self._reader,
            store=store,
            handle_progress=self._show,
        )
        self._next_bill = Timer(hass, self._handle_next_bill)
        self.data = self._state()

    @property
    def progress(self) -> float | None:
        """The share of the history that is imported; None while there is nothing."""
        return self._importer.progress

    @callback
    def async_follow(self) -> None:
        """Keep up with the server, whether or not an entity listens."""
        self.lifetime.async_on_unload(self.async_add_listener(self._arm))
        self.lifetime.async_on_unload(self._next_bill.async_disarm)
        self._refresh_soon("first refresh")

    async def async_reimport(self, start: datetime, end: datetime) -> None:
        """Read a period of whole days again; raises FlexMeasuresError."""
        await self.lifetime.async_run(self._reimport(start, end), self.subentry.title)
        self.async_set_updated_data(self._state())

    async def _reimport(self, start: datetime, end: datetime) -> None:
        sources = await self._reader.async_sources()
        await self._importer.async_reimport(sources, start, end)

    @override
    async def _async_update_data(self) -> MeterState:
        try:
            await self.lifetime.async_run(self._update(), self.subentry.title)
        except DeviceUnloadedError:
            # Nobody looks any more.
            return self.data
        except FlexMeasuresError as err:
            self.failure = err
            raise translated(err) from err
        self.failure = None
        return self._state()

    async def _update(self) -> None:
        """Import what is new, or was corrected, and read the forecast."""
        sources = await self._reader.async_sources()
        step = sources.consumption.step
        self.memory.resolution = int(step.total_seconds())
        await self._importer.async_update(sources)
        await self._read_forecast(sources)
        self._forecast_soon(sources, dt_util.utcnow())

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
            or not (
                self.memory.forecast_at is None
                or now - self.memory.forecast_at >= INTERVAL
            )
            or (self._forecasting and not self._forecasting.done())
        ):
            return
        # It may have to wait for its turn.
        self._forecasting = self.lifetime.async_create_background_task(
            self._forecast_daily(sources), f"{self.name} forecast"
        )

    async def _forecast_daily(self, sources: MeterSources) -> None:
        sensor = sources.consumption.sensor
        refreshed = await self._daily_forecast.async_refresh(sensor.id)
        if refreshed is Refreshed.NOT_YET:
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
        self._show()
        self._refresh_soon("next bill")

    @callback
    def _show(self) -> None:
        """Show what the meter has counted by now."""
        self.data = self._state()
        self.async_update_listeners()

    def _refresh_soon(self, why: str) -> None:
        self.lifetime.async_create_background_task(
            self.async_refresh(), f"{self.name} {why}"
        )
