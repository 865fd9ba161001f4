"""What the recorder has of an entity, as values of slots."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from math import inf, isfinite, nextafter
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.session import Session

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util

from ..entities import async_entity_id
from ..errors import EntityGoneError
from ..settings import MeasuredSource, Method
from .counters import GLITCH
from .errors import HistoryUnavailableError
from .resamplers import Resampler, SlotValues
from .resampling import resampler_of
from .sampling import Sampler
from .tables import (
    first_state,
    kept_as,
    last_states_before,
    observed_since,
    states_between,
)

# How many seconds, and about how many states, are read at once: the executor of the
# recorder has few threads, and others wait for them.
_FIRST_PIECE: Final = 3600.0
_LONGEST_PIECE: Final = 24 * 3600.0
_STATES_AT_ONCE: Final = 5000

# For how long the recorder may be busy, in seconds; it also waits for the start of Home
# Assistant.
_PATIENCE: Final = 300.0


class RecorderHistory:
    """Reads what the recorder has of a source, each time anew."""

    def __init__(
        self, hass: HomeAssistant, source: MeasuredSource, *, name: str
    ) -> None:
        """Read a source; `name` is what the feed is called in errors."""
        self._hass = hass
        self._source = source
        self._name = name

    async def async_slot_values(self, boundaries: Sequence[datetime]) -> SlotValues:
        """Return the values of slots that have ended; raises FeedSourceError.

        Waits until the recorder has written what it was told, which it begins to do
        when Home Assistant has started.
        """
        # What is written while it is waited for may only be known in part.
        now = dt_util.utcnow().timestamp()
        entity_id = await self._async_written()
        reading = _Reading(
            self._hass,
            self._source,
            entity_id,
            [boundary.timestamp() for boundary in boundaries],
            now=now,
            name=self._name,
        )
        while (values := await self._async_job(reading.read_piece)) is None:
            pass
        return values

    async def async_oldest(self) -> datetime | None:
        """Return since when the entity has states; raises FeedSourceError."""
        entity_id = self._entity_id()

        def oldest() -> float | None:
            with session_scope(hass=self._hass, read_only=True) as session:
                return first_state(session, kept_as(session, entity_id))

        moment = await self._async_job(oldest)
        # The recorder forgets what has not changed for long, too.
        if moment is None and (shown := self._hass.states.get(entity_id)):
            return shown.last_updated
        return None if moment is None else dt_util.utc_from_timestamp(moment)

    @callback
    def async_close(self) -> None:
        """Do nothing: between two readings nothing goes on."""

    @callback
    def _entity_id(self) -> str:
        if (entity_id := async_entity_id(self._hass, self._source.entity)) is None:
            raise EntityGoneError(self._name)
        return entity_id

    async def _async_written(self) -> str:
        """Wait for the recorder, and return the id that it knows the entity by then."""
        entity_id = None
        try:
            async with asyncio.timeout(_PATIENCE):
                # It may be given another one meanwhile.
                while entity_id != (entity_id := self._entity_id()):
                    await get_instance(self._hass).async_block_till_done()
        except TimeoutError as err:
            raise HistoryUnavailableError(self._name) from err
        return entity_id

    async def _async_job[Result](self, job: Callable[[], Result]) -> Result:
        try:
            return await get_instance(self._hass).async_add_executor_job(job)
        except SQLAlchemyError as err:
            raise HistoryUnavailableError(self._name) from err


class _Reading:
    """Reads what one question is about, piece by piece."""

    def __init__(
        self,
        hass: HomeAssistant,
        source: MeasuredSource,
        entity_id: str,
        boundaries: Sequence[float],
        *,
        now: float,
        name: str,
    ) -> None:
        """Prepare to read; to be called in the event loop."""
        self._hass = hass
        self._source = source
        self._entity_id = entity_id
        self._boundaries = boundaries
        self._name = name
        self._sampler = Sampler.of(hass, source, entity_id)
        self._is_counted = source.method is Method.DIFFERENCE
        self._position, self._until = boundaries[0], boundaries[-1]
        if self._is_counted:
            # A fall before may be a glitch that goes on, and one at the end may be one.
            self._position -= GLITCH
            self._until = min(self._until + GLITCH, now)
        self._shown = hass.states.get(entity_id)
        self._length = _FIRST_PIECE
        self._kept_as = 0
        self._slots: Resampler | None = None

    def read_piece(self) -> SlotValues | None:
        """Read the next piece, in the executor; return the values after the last one."""
        with session_scope(hass=self._hass, read_only=True) as session:
            if self._slots is None:
                self._slots = self._begin(session)
            end = min(self._position + self._length, self._until)
            is_last = end == self._until
            # What a counter shows at the very end counts.
            past_end = nextafter(end, inf) if is_last and self._is_counted else end
            count = self._put(self._slots, session, self._position, past_end)
        if is_last:
            return self._slots.finish(self._until)
        self._position = end
        self._length = min(
            _LONGEST_PIECE,
            2 * self._length,
            self._length * _STATES_AT_ONCE / max(count, 1),
        )
        return None

    def _begin(self, session: Session) -> Resampler:
        """Learn when was recorded, and what held before the first piece."""
        self._kept_as = kept_as(session, self._entity_id)
        before = last_states_before(
            session, self._kept_as, self._position, counted=self._is_counted
        )
        observed = observed_since(session, min([*before, self._position]))
        if not observed or isfinite(observed[-1][1]):
            raise HistoryUnavailableError(self._name)
        slots = resampler_of(self._source, self._boundaries, observed)
        for moment in before:
            self._put(slots, session, moment, nextafter(moment, inf))
        if not before and (shown := self._shown):
            # The recorder forgets what has not changed for long, too.
            moment = shown.last_updated_timestamp
            if moment < self._position:
                slots.put([self._sampler.of_state(moment, shown)])
        return slots

    def _put(self, slots: Resampler, session: Session, start: float, end: float) -> int:
        """Put the states that began in a period, and return how many there are."""
        rows = states_between(
            session,
            self._kept_as,
            start,
            end,
            attributes=self._sampler.needs_attributes,
        )
        return slots.put(self._sampler.of_rows(rows))
