"""What an entity that the recorder leaves out has shown since Home Assistant looks at it."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from math import inf
from typing import Final

from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..entities import async_entity_id
from ..errors import EntityGoneError
from ..settings import MeasuredSource
from .resamplers import Sample, SlotValues
from .resampling import resampler_of
from .sampling import Sampler

# About a megabyte: hours of an entity that changes each second, weeks of most.
_SAMPLES: Final = 10_000


class LiveLog:
    """Keeps the last samples of a source in memory."""

    def __init__(
        self, hass: HomeAssistant, source: MeasuredSource, *, name: str
    ) -> None:
        """Log a source from now on; `name` is what the feed is called in errors."""
        self._hass = hass
        self._source = source
        self._name = name
        self._since = dt_util.utcnow().timestamp()
        self._samples: deque[Sample] = deque(maxlen=_SAMPLES)
        self._unfollow: CALLBACK_TYPE | None = None
        self._follow()
        self._stop_following_renames = hass.bus.async_listen(
            er.EVENT_ENTITY_REGISTRY_UPDATED,
            self._follow_rename,
            event_filter=self._is_rename,
        )

    async def async_slot_values(self, boundaries: Sequence[datetime]) -> SlotValues:
        """Return the values of slots that have ended; raises FeedSourceError."""
        if async_entity_id(self._hass, self._source.entity) is None:
            raise EntityGoneError(self._name)
        slots = resampler_of(
            self._source,
            [boundary.timestamp() for boundary in boundaries],
            [(self._since, inf)],
        )
        samples, now = tuple(self._samples), dt_util.utcnow().timestamp()

        def values() -> SlotValues:
            slots.put(samples)
            return slots.finish(now)

        return await self._hass.async_add_executor_job(values)

    async def async_oldest(self) -> datetime | None:
        """Return since when all samples are there."""
        return dt_util.utc_from_timestamp(self._since)

    @callback
    def async_close(self) -> None:
        """Log no more."""
        self._stop_following_renames()
        self._unfollow_entity()

    @callback
    def _follow(self) -> None:
        """Log the entity by the id that it has now."""
        entity_id = async_entity_id(self._hass, self._source.entity)
        if entity_id is None:
            return
        self._sampler = Sampler.of(self._hass, self._source, entity_id)
        self._unfollow = async_track_state_change_event(
            self._hass, entity_id, self._log_change
        )
        if state := self._hass.states.get(entity_id):
            self._log(dt_util.utcnow().timestamp(), state)

    @callback
    def _unfollow_entity(self) -> None:
        if self._unfollow:
            self._unfollow()
            self._unfollow = None

    @callback
    def _is_rename(self, data: er.EventEntityRegistryUpdatedData) -> bool:
        return "old_entity_id" in data and data["entity_id"] == async_entity_id(
            self._hass, self._source.entity
        )

    @callback
    def _follow_rename(self, _event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        self._unfollow_entity()
        self._follow()

    @callback
    def _log_change(self, event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        self._log(event.time_fired_timestamp, state)

    @callback
    def _log(self, moment: float, state: State | None) -> None:
        sample = self._sampler.of_state(moment, state)
        if self._samples and self._samples[-1][1:] == sample[1:]:
            return
        self._samples.append(sample)
        if len(self._samples) == self._samples.maxlen:
            self._since = max(self._since, self._samples[0][0])
