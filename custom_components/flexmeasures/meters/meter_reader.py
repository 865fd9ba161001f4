"""Reads what a meter has counted in a period, from all of its sensors."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ..api.concurrency import together
from ..plan.grid import INSTANT_GRID
from ..plan.units import Money
from .intervals import Interval
from .metering import MeterSeries, Series, holds_readings, is_net
from .readings import SensorReader, Source, moment
from .settings import MeterSettings

# How far back to look for a meter's last reading: mostly the first is enough. Some are
# read once a year.
_LOOK_BACK: Final = (timedelta(days=1), timedelta(days=31), timedelta(days=400))


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
        """When the first value begins; None if there is none.

        A reading is of the time before it.
        """
        sources = self.consumption, self.production
        return min(
            (
                each.since if each.sensor.resolution else each.since - INSTANT_GRID
                for each in sources
                if each and each.since
            ),
            default=None,
        )

    @property
    def described(self) -> str:
        """What the server may change of them: then all that was counted is another."""
        sources = self.consumption, self.production, self.cost, self.compensation
        return repr(
            [
                (
                    each.sensor.unit,
                    each.sensor.resolution,
                    each.sensor.consumption_is_positive,
                    each.sensor.consumption_is_negative,
                )
                for each in sources
                if each
            ]
        )

    @property
    def step(self) -> timedelta:
        """The shortest resolution of all."""
        sources = self.consumption, self.production, self.cost, self.compensation
        return min(each.step for each in sources if each)

    @property
    def longest(self) -> timedelta:
        """How long an interval is at the most in which something is counted."""
        return max(
            each.sensor.resolution
            for each in (self.consumption, self.production)
            if each
        )


class MeterReader:
    """Reads one meter; every call may raise any FlexMeasuresError."""

    def __init__(self, reader: SensorReader, settings: MeterSettings) -> None:
        """Read for a meter with these settings."""
        self._reader = reader
        self._settings = settings
        self._latest: dict[int, Interval] = {}
        """The last reading of each sensor that was read, so as not to look for it again."""

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
        consumption, production = sources.consumption, sources.production
        known = (
            await self._async_before(
                consumption, start, before.consumption if before else None
            ),
            await self._async_before(
                production, start, before.production if before else None
            ),
        )
        # What overlaps the period, or was counted since the last reading, has to be
        # priced for all of its time.
        readings = [moment(each.end) for each in known if each]
        since = min([start - sources.longest, *readings])
        until = end + sources.longest

        async def amounts(source: Source, known: Interval | None) -> Series:
            shift = self._shift(source)
            values = [
                each
                for each in await self._reader.async_measured(
                    source, start + shift, end + shift
                )
                if _ended(source, each) <= now.timestamp()
            ]
            series = Series(source.sensor, values, known)
            self._note_latest(series, end + shift)
            return series

        return MeterSeries(
            *await _all(
                amounts(consumption, known[0]),
                amounts(production, known[1]) if production else None,
                self._async_money(sources.cost, since, until, now),
                self._async_money(sources.compensation, since, until, now),
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
        self,
        source: Source | None,
        start: datetime,
        end: datetime,
        now: datetime | None = None,
    ) -> Coroutine[Any, Any, Series] | None:
        """Read prices or costs; of what has ended by `now`."""

        async def money(source: Source) -> Series:
            values = await self._reader.async_measured(source, start, end)
            money = Money.of(source.sensor.unit)
            # A price is one for all of its time, a cost only known when that is over.
            if now and money and money.per is None:
                values = [each for each in values if each.end <= now.timestamp()]
            return Series(source.sensor, values)

        return money(source) if source else None

    async def _async_before(
        self, source: Source | None, start: datetime, last: Series | None
    ) -> Interval | None:
        """Return the last reading of a meter that was over when a period began."""
        if not source or not holds_readings(self._settings, source.sensor):
            return None
        until = start + self._shift(source)
        end = int(until.timestamp())
        if last is not None:
            return last.last_until(end)
        latest = self._latest.get(source.sensor.id)
        if latest and latest.end <= end:
            return latest
        for back in _LOOK_BACK:
            values = await self._reader.async_measured(source, start - back, until)
            if before := Series(source.sensor, values).last_until(end):
                return before
        return None

    def _note_latest(self, series: Series, end: datetime) -> None:
        """Keep the last reading of a period, unless a later one is known."""
        present = self._latest.get(series.sensor.id)
        is_later = present and present.end > end.timestamp()
        if not is_later and (latest := series.last_until(int(end.timestamp()))):
            self._latest[series.sensor.id] = latest

    def _shift(self, source: Source) -> timedelta:
        """Return how much later than a period to read what is of it.

        What a meter shows at the end of a period is of the time before.
        """
        is_instant = not source.sensor.resolution
        if is_instant and holds_readings(self._settings, source.sensor):
            return INSTANT_GRID
        return timedelta(0)


def _ended(source: Source, interval: Interval) -> int:
    """Return when a value is known: that of an instant at once."""
    return interval.end if source.sensor.resolution else interval.start


async def _all(*questions: Coroutine[Any, Any, Series] | None) -> list[Any]:
    """Return the answers; None to what is no question."""
    answers = iter(await together(*(each for each in questions if each)))
    return [next(answers) if each else None for each in questions]
