"""Where the values of a measured source are found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeassistant.components.recorder.entity_options import is_entity_recorded
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import DATA_INSTANCE

from ..entities import async_entity_id
from ..settings import MeasuredSource
from .live_log import LiveLog
from .long_term import async_long_term_values
from .recorded import RecorderHistory
from .resamplers import SlotValues

__all__ = [
    "SlotHistory",
    "SlotValues",
    "async_is_recorded",
    "async_long_term_values",
    "slot_history",
]


class SlotHistory(Protocol):
    """What a source has shown, as values of slots."""

    async def async_slot_values(self, boundaries: Sequence[datetime]) -> SlotValues:
        """Return the values of the slots between boundaries; raises FeedSourceError.

        All slots have ended. Of a level it is the value at the start of each.
        """

    async def async_oldest(self) -> datetime | None:
        """Return since when anything is known; raises FeedSourceError."""

    @callback
    def async_close(self) -> None:
        """Let go of the entity."""


@callback
def slot_history(
    hass: HomeAssistant, source: MeasuredSource, *, name: str
) -> SlotHistory:
    """Return what the recorder has of a source; `name` is what the feed is called in errors.

    If the recorder leaves it out, or there is none, it is what is seen from now on.
    """
    if source.attribute and _has_recorder_of(hass, source):
        return _AttributeHistory(hass, source, name=name)
    if _has_recorder_of(hass, source):
        return RecorderHistory(hass, source, name=name)
    return LiveLog(hass, source, name=name)


@callback
def async_is_recorded(hass: HomeAssistant, source: MeasuredSource) -> bool:
    """Return whether the recorder keeps a source, as far as its entity tells now."""
    return _has_recorder_of(hass, source) and not _is_left_out(hass, source)


def _has_recorder_of(hass: HomeAssistant, source: MeasuredSource) -> bool:
    entity_id = async_entity_id(hass, source.entity)
    return DATA_INSTANCE in hass.data and (
        entity_id is None or is_entity_recorded(hass, entity_id)
    )


def _is_left_out(hass: HomeAssistant, source: MeasuredSource) -> bool:
    """Return whether it is an attribute that the entity has the recorder leave out."""
    entity_id = async_entity_id(hass, source.entity)
    state = hass.states.get(entity_id) if entity_id else None
    if source.attribute is None or state is None or state.state_info is None:
        return False
    left_out = state.state_info["unrecorded_attributes"]
    return source.attribute in left_out or MATCH_ALL in left_out


class _AttributeHistory:
    """What the recorder has of an attribute, or what is seen from now on.

    Only the entity tells whether the recorder leaves it out, once it has a state: that
    may be long after the start of Home Assistant.
    """

    def __init__(
        self, hass: HomeAssistant, source: MeasuredSource, *, name: str
    ) -> None:
        self._hass = hass
        self._source = source
        self._recorded = RecorderHistory(hass, source, name=name)
        self._seen = LiveLog(hass, source, name=name)

    async def async_slot_values(self, boundaries: Sequence[datetime]) -> SlotValues:
        return await self._history.async_slot_values(boundaries)

    async def async_oldest(self) -> datetime | None:
        return await self._history.async_oldest()

    @callback
    def async_close(self) -> None:
        self._seen.async_close()

    @property
    def _history(self) -> SlotHistory:
        is_left_out = _is_left_out(self._hass, self._source)
        return self._seen if is_left_out else self._recorded
