"""Reads what a meter has counted in a period, from all of its sensors."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant

from ..api.concurrency import together
from .intervals import Interval
from .metering import MeterSeries, Series, holds_readings, is_net
from .readings import SensorReader, Source
from .settings import MeterSettings

# How far back to look for a meter's last reading: mostly the first is enough.
_LOOK_BACK: Final = (timedelta(days=1), timedelta(days=31))


@dataclass(frozen=True, slots=True)
class MeterSources:
    """A meter's sensors, and who has measured them."""

    consumption: Source
    production: Source | None
    """None if there is none, or it is the consumption's."""
    cost: Source | None
    compensation: Source | None

    @property
    def since(self) -> datetime | None:
        """When the first value begins; None if there is none."""
        sources = self.consumption, self.production
        return min(
            (each.since for each in sources if each and each.since), default=None
        )

    @property
    def step(self) -> timedelta:
        """The shortest resolution of all."""
        sources = self.consumption, self.production, self.cost, self.compensation
        return min(each.step for each in sources if each)


class MeterReader:
    """Reads one meter; every call may raise any FlexMeasuresError."""

    def __init__(
        self, hass: HomeAssistant, reader: SensorReader, settings: MeterSettings
    ) -> None:
        """Read for a meter with these settings."""
        self._hass = hass
        self._reader = reader
        self._settings = settings

    async def async_sources(self) -> MeterSources:
        """Return the sensors as they are now."""
        settings = self._settings
        production = None if is_net(settings) else settings.production
        wanted = settings.consumption, production, settings.cost, settings.compensation
        ids = {each for each in wanted if each is not None}
        found = dict(
            zip(ids, await together(*map(self._reader.async_source, ids)), strict=True)
        )
        return MeterSources(
            found[settings.consumption],
            *(None if each is None else found[each] for each in wanted[1:]),
        )

    async def async_measured(
        self,
        sources: MeterSources,
        start: datetime,
        end: datetime,
        *,
        now: datetime,
        before: MeterSeries | None = None,
    ) -> MeterSeries:
        """Return what was measured in a period; `before` is what was read before it."""

        async def amounts(source: Source, last: Series | None) -> Series:
            known = await self._async_before(source, start, last)
            values = [
                each
                for each in await self._reader.async_measured(source, start, end)
                if _ended(source, each) <= now.timestamp()
                and (known is None or each.start > known.start)
            ]
            return Series(source.sensor, values, known)

        return MeterSeries(
            *await _all(
                amounts(sources.consumption, before.consumption if before else None),
                amounts(sources.production, before.production if before else None)
                if sources.production
                else None,
                self._async_money(sources.cost, start, end),
                self._async_money(sources.compensation, start, end),
            )
        )

    async def async_forecast(
        self, sources: MeterSources, start: datetime, end: datetime
    ) -> MeterSeries:
        """Return what the server forecasts of a period, with the prices that it knows."""

        async def amounts(source: Source) -> Series:
            values = await self._reader.async_forecast(source, start, end)
            return Series(source.sensor, values)

        return MeterSeries(
            *await _all(
                amounts(sources.consumption),
                amounts(sources.production) if sources.production else None,
                self._async_money(sources.cost, start, end),
                self._async_money(sources.compensation, start, end),
            )
        )

    def _async_money(
        self, source: Source | None, start: datetime, end: datetime
    ) -> Coroutine[Any, Any, Series] | None:
        async def money(source: Source) -> Series:
            values = await self._reader.async_measured(source, start, end)
            return Series(source.sensor, values)

        return money(source) if source else None

    async def _async_before(
        self, source: Source, start: datetime, last: Series | None
    ) -> Interval | None:
        """Return a meter's last reading before a period."""
        if not holds_readings(self._settings, source.sensor):
            return None
        if last is not None:
            return last.last
        for back in _LOOK_BACK:
            values = await self._reader.async_measured(source, start - back, start)
            before = [each for each in values if each.start < start.timestamp()]
            if before:
                return before[-1]
        return None


def _ended(source: Source, interval: Interval) -> int:
    """Return when a value is known: that of an instant at once."""
    return interval.end if source.sensor.resolution else interval.start


async def _all(*questions: Coroutine[Any, Any, Series] | None) -> list[Any]:
    """Return the answers; None to what is no question."""
    answers = iter(await together(*(each for each in questions if each)))
    return [next(answers) if each else None for each in questions]
