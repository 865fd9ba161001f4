"""Long-term statistics that are not of an entity, hour by hour, in Home Assistant's recorder."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import Final

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
    statistics_during_period,
)
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import get_instance

from ...const import DOMAIN
from ..intervals import DAY, HOUR, rise

CAN_CLEAR_HOURS: Final = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)
"""Whether Home Assistant can clear some hours of a statistic."""

# The recorder takes what it is given in one go, and holds up everything meanwhile.
_HOURS_AT_ONCE: Final = 500

# How far to look back for the last hour before others, before all of them are looked at.
_NEAR: Final = 40 * DAY
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)

# How much of what is stored after some hours is looked at in one go.
_PIECE: Final = 366 * DAY

# Relative: floating point computes the same sum a little differently.
_PRECISION: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Row:
    """What is stored of an hour."""

    state: float | None
    """What was counted in it, or what the meter showed at its end."""
    sum: float

    def as_data(self, hour: int) -> StatisticData:
        """Return how the recorder takes it."""
        data = StatisticData(start=datetime.fromtimestamp(hour, UTC), sum=self.sum)
        if self.state is not None:
            data["state"] = self.state
        return data

    def equals(self, other: Row | None) -> bool:
        """Return whether it would be no news."""
        return (
            other is not None
            and _equal(self.sum, other.sum)
            and (self.state is None) == (other.state is None)
            and _equal(self.state or 0.0, other.state or 0.0)
        )


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= _PRECISION * max(abs(one), abs(other), 1.0)


@dataclass(frozen=True, slots=True)
class Hours:
    """Values by the hours in which they were counted."""

    values: Mapping[int, float]
    holds_readings: bool = False
    """Whether each is what a meter showed at the end of the hour.

    Then the sum is that too, counted from the first reading on: no sum that goes on for
    years can be more exact.
    """

    def within(self, start: int, end: int) -> Hours:
        """Return those of a period."""
        return Hours(
            {hour: value for hour, value in self.values.items() if start <= hour < end},
            self.holds_readings,
        )

    def after(self, last: Row | None, value: float) -> Row:
        """Return the row of a value after the last one."""
        if not self.holds_readings:
            return Row(value, (last.sum if last else 0.0) + value)
        if last is None or last.state is None:
            return Row(value, last.sum if last else 0.0)
        return Row(value, last.sum + rise(last.state, value))

    def without(self, last: Row | None) -> Row:
        """Return the row of an hour in which nothing is known to have been counted."""
        if last is None:
            return Row(None, 0.0)
        return Row(last.state if self.holds_readings else None, last.sum)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What has to be written, and cleared, for some hours to be as they should."""

    rows: Mapping[int, Row]
    vanished: Sequence[int]
    is_rewriting: bool
    last: Row | None
    """Of the last hour, which the next ones go on from."""


class HourlyStatistic:
    """A statistic whose sum goes on from hour to hour; times are seconds since 1970."""

    def __init__(
        self,
        hass: HomeAssistant,
        statistic_id: str,
        name: str,
        *,
        unit: str,
        unit_class: str | None,
    ) -> None:
        """Name it."""
        self._hass = hass
        self._recorder = get_instance(hass)
        self.id = statistic_id
        self._metadata = StatisticMetaData(
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            name=name,
            source=DOMAIN,
            statistic_id=statistic_id,
            unit_class=unit_class,
            unit_of_measurement=unit,
        )

    @callback
    def async_rename(self) -> None:
        """Give it its present name; there has to be something stored of it."""
        async_add_external_statistics(self._hass, self._metadata, [])

    async def async_before(self, start: int) -> Row | None:
        """Return the last hour that is stored strictly before one."""
        near = await self._async_stored(start - _NEAR, start)
        rows = near or await self._async_stored(0, start)
        return rows[max(rows)] if rows else None

    async def async_write(
        self,
        hours: Hours,
        start: int,
        end: int,
        *,
        before: Row | None,
        before_rewriting: Callable[[], Awaitable[None]],
    ) -> Row | None:
        """Make the hours of a period what they should be, going on from `before`.

        Return the last of them. `before_rewriting` is awaited if what is stored after
        them would not go on from them if this were cut off.
        """
        stored = await self._async_stored(start, end)
        changes = await self._hass.async_add_executor_job(
            _changes, hours, stored, before
        )
        if changes.is_rewriting:
            await before_rewriting()
        for rows in batched(changes.rows.items(), _HOURS_AT_ONCE, strict=False):
            async_add_external_statistics(
                self._hass,
                self._metadata,
                [row.as_data(hour) for hour, row in rows],
            )
            await self._async_written()
        if changes.vanished:
            for first, last in _runs(changes.vanished):
                # Types are checked with 2026.10, which cannot.
                self._recorder.async_clear_statistics(
                    [self.id],
                    start_time=datetime.fromtimestamp(first, UTC),  # type: ignore[call-arg]
                    end_time=datetime.fromtimestamp(last + HOUR, UTC),
                )
            await self._async_written()
        return changes.last

    async def async_go_on(
        self, end: int, *, before: Row | None, holds_readings: bool
    ) -> None:
        """Let what is stored from a moment on go on from the hours before it."""
        latest = await self._recorder.async_add_executor_job(
            get_last_statistics, self._hass, 1, self.id, True, {"sum"}
        )
        last = int(latest[self.id][0]["start"]) if latest else 0
        for start in range(end, last + 1, _PIECE):
            stored = await self._async_stored(start, start + _PIECE)
            states = {
                hour: row.state for hour, row in stored.items() if row.state is not None
            }
            before = await self.async_write(
                Hours(states, holds_readings),
                start,
                start + _PIECE,
                before=before,
                before_rewriting=_nothing,
            )

    async def _async_written(self) -> None:
        """Wait until the recorder has done all that it was given: it works in order."""
        done = _Done()
        self._recorder.async_update_statistics_metadata(
            self.id,
            new_unit_class=self._metadata["unit_class"],
            new_unit_of_measurement=self._metadata["unit_of_measurement"],
            on_done=done,
        )
        await done.wait()

    async def _async_stored(self, start: int, end: int) -> dict[int, Row]:
        """Return what is stored of the hours of a period."""
        return await self._recorder.async_add_executor_job(
            _stored, self._hass, self.id, start, end
        )


def _stored(
    hass: HomeAssistant, statistic_id: str, start: int, end: int
) -> dict[int, Row]:
    """Return what is stored of the hours of a period."""
    found = statistics_during_period(
        hass,
        datetime.fromtimestamp(start, UTC),
        datetime.fromtimestamp(end, UTC),
        {statistic_id},
        "hour",
        None,
        {"state", "sum"},
    )
    return {
        int(row["start"]): Row(row.get("state"), row.get("sum") or 0.0)
        for row in found.get(statistic_id, ())
    }


def _changes(hours: Hours, stored: Mapping[int, Row], before: Row | None) -> _Changes:
    """Return what makes the stored hours those that they should be."""
    rows: dict[int, Row] = {}
    vanished: list[int] = []
    last = before
    for hour in sorted(hours.values.keys() | stored.keys()):
        if (value := hours.values.get(hour)) is not None:
            last = row = hours.after(last, value)
        elif CAN_CLEAR_HOURS:
            vanished.append(hour)
            continue
        else:
            row = hours.without(last)
        if not row.equals(stored.get(hour)):
            rows[hour] = row
    return _Changes(
        rows,
        vanished,
        is_rewriting=bool(vanished) or not rows.keys().isdisjoint(stored),
        last=last,
    )


async def async_clear(hass: HomeAssistant, statistic_ids: list[str]) -> None:
    """Forget all hours of some statistics, whether or not there are any."""
    done = _Done()
    get_instance(hass).async_clear_statistics(statistic_ids, on_done=done)
    await done.wait()


class _Done:
    """Is called in the recorder's thread, and waited for in the event loop."""

    def __init__(self) -> None:
        """Wait to be called."""
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def __call__(self) -> None:
        """Let who waits go on."""
        self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        """Wait for it."""
        await self._event.wait()


def _runs(hours: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of hours that follow each other."""
    first = last = hours[0]
    for hour in hours[1:]:
        if hour != last + HOUR:
            yield first, last
            first = hour
        last = hour
    yield first, last


async def _nothing() -> None:
    """Wait for nothing."""
