"""A feed of what was measured: Home Assistant's recorder is its log."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...api.errors import FlexMeasuresError
from ...api.models import Sensor
from ..conversion import Conversion, LevelConversion, measured_conversion
from ..feed import REFUSALS, Feed, FeedPeers, Sent
from ..memory import Rejection
from ..periods import Period
from ..settings import MeasuredSource, Method
from ..slots import SlotGrid, Slots, async_post_slots, async_read_slots
from .history import (
    SlotHistory,
    async_is_recorded,
    async_long_term_values,
    slot_history,
)
from .order import MOST_AT_ONCE, SendingOrder

# Until what was measured in a slot is in the recorder's hands.
_SETTLING: Final = timedelta(seconds=5)

# The server's worker stores what was accepted shortly after.
_CHECK_AFTER_TROUBLE: Final = timedelta(minutes=2)
_CHECK_INTERVAL: Final = timedelta(days=1)

_DAY: Final = timedelta(days=1)


class MeasuredFeed(Feed):
    """Sends each slot once it has ended, and what is missing of the past.

    What was sent is compared with what the server has after each failure and restart, and
    once a day: it may accept what it then does not store.
    """

    _history: SlotHistory

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: ConfigEntry,
        subentry: ConfigSubentry,
        peers: FeedPeers,
    ) -> None:
        """Start from what was known before the restart."""
        super().__init__(hass, config_entry, subentry, peers)
        source = self.settings.source
        assert isinstance(source, MeasuredSource)
        self._source = source
        self._grid: SlotGrid | None = None
        self._order = SendingOrder(self.memory)
        self._check_at = self._began_at = dt_util.utcnow()

    @property
    @override
    def is_recorded(self) -> bool:
        return async_is_recorded(self._hass, self._source)

    @override
    def _start(self) -> None:
        self._history = slot_history(self._hass, self._source, name=self.subentry.title)
        self.lifetime.async_on_unload(self._history.async_close)
        self._check_soon()

    @callback
    @override
    def async_fail(self, failure: FlexMeasuresError) -> None:
        # What was sent before may not have arrived.
        self._check_soon()
        super().async_fail(failure)

    @override
    def backlog(self, now: datetime) -> int:
        memory, grid = self.memory, self._grid
        if grid is None or memory.sent_until is None:
            return 0
        start, end = memory.sent_until, self._end(grid, now)
        waiting = end - start - memory.ahead.within(start, end)
        for rejection in memory.set_aside:
            waiting += rejection.period.end - rejection.period.start
        return max(round(waiting / grid.length), 0)

    async def async_backfill(self, start: datetime, end: datetime) -> Sent:
        """Send what the server does not have of a period, or has otherwise.

        What is not recorded any more comes from the long-term statistics. Raises
        FlexMeasuresError.
        """
        return await self.lifetime.async_run(
            self._backfill(start, end), self.subentry.title
        )

    async def _backfill(self, start: datetime, end: datetime) -> Sent:
        sensor = await self._sensor()
        convert, grid = self._conversion(sensor), SlotGrid.of(sensor)
        position = grid.floor(start)
        end = min(end, self._end(grid, dt_util.utcnow()))
        oldest = await self._history.async_oldest()
        sent = unchanged = unknown = 0
        while position < end:
            part = _at_once(grid, position, end)
            position = part[-1]
            async with self._dispatcher.one_at_a_time:
                values = await self._best_values(part, oldest)
                slots = _converted(convert, part, values)
                missing = await self._missing(sensor, slots)
                count = await async_post_slots(self._api, sensor, missing)
            self._note_known(slots, dt_util.utcnow())
            self._succeed(count)
            self._show()
            nothing = slots.values.count(None)
            sent, unknown = sent + count, unknown + nothing
            unchanged += len(slots.values) - nothing - count
            await self._dispatcher.async_pace()
        return Sent(sent, unchanged, unknown)

    @override
    def _complete_until(self, now: datetime) -> datetime | None:
        return self._end(self._grid, now) if self._grid else None

    @override
    def _due(self) -> datetime | None:
        memory, grid = self.memory, self._grid
        if grid is None or memory.sent_until is None:
            # Not the time: it is later than that with which this is compared.
            return self._began_at
        # A level is known when its slot begins, anything else when it has ended.
        next_slot = memory.sent_until
        if not self._is_level:
            next_slot = grid.after(next_slot)
        due = next_slot + _SETTLING
        if waits_until := self._order.waits_until:
            due = max(due, waits_until)
        return min(due, self._check_at, *(each.retry_at for each in memory.set_aside))

    @property
    def _sent_as(self) -> str:
        """What values depend on."""
        settings = self.settings
        return repr(
            (self._source, settings.invert, settings.capacity, settings.temperatures)
        )

    @property
    def _is_level(self) -> bool:
        return self._source.method is Method.LEVEL

    def _end(self, grid: SlotGrid, now: datetime) -> datetime:
        """Return the end of the last slot that can be known by now."""
        end = grid.floor(now - _SETTLING)
        return grid.after(end) if self._is_level else end

    @override
    def _want_all(self) -> None:
        now = dt_util.utcnow()
        self._order.hurry()
        self._check_at = now
        self.memory.set_aside = [
            replace(each, retry_at=now) for each in self.memory.set_aside
        ]

    def _check_soon(self) -> None:
        self._check_at = dt_util.utcnow() + _CHECK_AFTER_TROUBLE

    @override
    async def _send_some(self, now: datetime) -> bool:
        sensor = await self._sensor()
        convert = self._conversion(sensor)
        grid = SlotGrid.of(sensor)
        memory = self.memory
        if self._grid != grid:
            self._grid = grid
            if memory.sent_until:
                # It may lie on no boundary of the sensor's new slots.
                memory.sent_until = grid.floor(memory.sent_until)
        if memory.sent_until is None:
            memory.since = memory.sent_until = await self._beginning(grid, now)
            memory.checked_until = memory.sent_until
        elif memory.sent_as != self._sent_as:
            # All that is recorded may have to be otherwise.
            memory.checked_until = memory.since
        memory.sent_as = self._sent_as
        await self._skip_lost(grid, now)
        if period := self._order.next_period(grid, self._end(grid, now), now):
            return await self._send(sensor, convert, grid, period, now)
        for rejection in memory.set_aside:
            if rejection.retry_at <= now:
                return await self._send_again(sensor, convert, grid, rejection, now)
        if self._check_at <= now:
            return await self._check(sensor, convert, grid, now)
        return False

    def _conversion(self, sensor: Sensor) -> Conversion | LevelConversion:
        return measured_conversion(
            self._source.unit,
            sensor,
            self._source.method,
            invert=self.settings.invert,
            capacity=self.settings.capacity,
            temperatures=self.settings.temperatures,
        )

    async def _beginning(self, grid: SlotGrid, now: datetime) -> datetime:
        """Return the first slot of which Home Assistant knows all."""
        end = self._end(grid, now)
        oldest = await self._history.async_oldest()
        if oldest is None:
            return end
        first = grid.floor(oldest)
        return min(first if first == oldest else grid.after(first), end)

    async def _skip_lost(self, grid: SlotGrid, now: datetime) -> None:
        """Give up what is not recorded any more, and keep which period that is."""
        start = self.memory.sent_until
        assert start is not None
        # For less than a day nothing is removed.
        if now - start < _DAY:
            return
        first = await self._beginning(grid, now)
        if first > start + grid.length:
            if self.is_recorded:
                before = self.memory.lost
                self.memory.lost = Period(before.start if before else start, first)
            self.memory.note_sent(Period(start, first), is_first=True)

    async def _send(
        self,
        sensor: Sensor,
        convert: Conversion | LevelConversion,
        grid: SlotGrid,
        period: Period,
        now: datetime,
    ) -> bool:
        """Send a period for the first time."""
        is_first = period.start == self.memory.sent_until
        slots = await self._slots(convert, grid, period)
        sent = Period(period.start, slots.boundaries[-1])
        if sent.end < period.end:
            self._order.note_unsettled(sent.end, now)
        if not slots.values:
            return False
        try:
            count = await async_post_slots(self._api, sensor, slots)
        except REFUSALS as err:
            self.memory.set_period_aside(sent, now, err.reason)
            self.memory.note_sent(sent, is_first=is_first)
            self._refuse(err)
            return True
        self.memory.note_sent(sent, is_first=is_first)
        if grid.count(*sent) > 1:
            # Until it is stored it would be taken for missing, and sent again.
            self._check_at = max(self._check_at, now + _CHECK_AFTER_TROUBLE)
        self._note_known(slots, now)
        self._succeed(count)
        return bool(count)

    async def _send_again(
        self,
        sensor: Sensor,
        convert: Conversion | LevelConversion,
        grid: SlotGrid,
        rejection: Rejection,
        now: datetime,
    ) -> bool:
        """Try what was set aside once more."""
        start, end = rejection.period
        part = _at_once(grid, grid.floor(start), end)
        slots = await self._slots(convert, grid, Period(part[0], part[-1]))
        try:
            count = await async_post_slots(self._api, sensor, slots)
        except REFUSALS as err:
            self.memory.set_aside.remove(rejection)
            self.memory.set_period_aside(
                rejection.period, now, err.reason, tries=rejection.tries
            )
            self._refuse(err)
            return True
        self.memory.set_aside.remove(rejection)
        if part[-1] < end:
            self.memory.set_aside.append(
                replace(rejection, period=Period(part[-1], end))
            )
        self._note_known(slots, now)
        self._succeed(count)
        return bool(count)

    async def _slots(
        self, convert: Conversion | LevelConversion, grid: SlotGrid, period: Period
    ) -> Slots:
        """Return what Home Assistant knows of a period, as far as that is settled."""
        boundaries = grid.boundaries(*period)
        known = await self._history.async_slot_values(boundaries)
        settled = known.settled
        return _converted(convert, boundaries[: settled + 1], known.values[:settled])

    async def _best_values(
        self, boundaries: Sequence[datetime], oldest: datetime | None
    ) -> list[float | None]:
        """Return what the recorder knows, and what only the statistics know of before."""
        slots = len(boundaries) - 1
        # So many of the first begin before anything is recorded.
        count = slots if oldest is None else bisect_left(boundaries, oldest, hi=slots)
        before: Sequence[float | None] = ()
        if count:
            before = await async_long_term_values(
                self._hass, self._source, boundaries[: count + 1]
            )
        recorded: Sequence[float | None] = ()
        if count < slots:
            recorded = (
                await self._history.async_slot_values(boundaries[count:])
            ).values
        return [*before, *recorded]

    async def _missing(self, sensor: Sensor, slots: Slots) -> Slots:
        """Return what the server does not have, or has otherwise."""
        source = await self._api.get_own_source()
        if source is None:
            return slots
        stored = await async_read_slots(self._api, sensor, slots.boundaries, source)
        return slots.other_than(stored)

    async def _check(
        self,
        sensor: Sensor,
        convert: Conversion | LevelConversion,
        grid: SlotGrid,
        now: datetime,
    ) -> bool:
        """Send what the server does not have, or has otherwise, of what was sent before."""
        memory = self.memory
        assert memory.sent_until
        self._check_at = now + _CHECK_INTERVAL
        most = MOST_AT_ONCE * grid.length
        # With the last part again: it may have been corrected since.
        start = (memory.checked_until or memory.sent_until) - min(_DAY, most / 2)
        start = max(grid.floor(start), await self._beginning(grid, now))
        end = min(memory.sent_until, start + most)
        if start >= end:
            return False
        slots = await self._slots(convert, grid, Period(start, end))
        missing = await self._missing(sensor, slots.without(memory.is_set_aside))
        count = await async_post_slots(self._api, sensor, missing)
        self._note_known(missing, now)
        memory.checked_until = end
        if end < memory.sent_until:
            self._check_at = now
        self._succeed(count)
        return True


def _at_once(grid: SlotGrid, start: datetime, end: datetime) -> list[datetime]:
    """Return the boundaries of as many slots of a period as one request may have."""
    return grid.boundaries(start, min(end, start + MOST_AT_ONCE * grid.length))


def _converted(
    convert: Conversion | LevelConversion,
    boundaries: Sequence[datetime],
    values: Sequence[float | None],
) -> Slots:
    """Return the values of a source as its FlexMeasures sensor stores them."""
    return Slots(
        boundaries,
        [
            None if value is None else convert.converted(value, end - start)
            for (start, end), value in zip(pairwise(boundaries), values, strict=True)
        ],
    )
