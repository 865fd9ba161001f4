"""Who has prices or a forecast."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..bins import Step
from ..entities import async_entity_id
from ..errors import EntityGoneError


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Prices or a forecast, as they are known now."""

    steps: tuple[Step, ...]
    """In the order of time; the last one is None."""
    unit: str
    """Empty if nobody says what the values are in."""
    known_at: datetime
    """UTC."""


class Provider(ABC):
    """Has prices or a forecast."""

    @abstractmethod
    async def async_read(self) -> Foreseen:
        """Return what is known now, of today too; raises FeedSourceError."""

    @abstractmethod
    @callback
    def async_follow(self, changed: Callable[[], None]) -> CALLBACK_TYPE:
        """Call `changed` whenever there may be something new; return how to stop that."""


class FirstSeen:
    """Remembers since when something is known that does not say it."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._steps: tuple[Step, ...] = ()
        self._unit = ""
        self._known_at = dt_util.utcnow()

    def note(self, steps: tuple[Step, ...], unit: str) -> Foreseen:
        """Return what is known, since when it was first seen to be so."""
        if (steps, unit) != (self._steps, self._unit):
            self._steps, self._unit = steps, unit
            self._known_at = dt_util.utcnow()
        return Foreseen(steps, unit, self._known_at)


@callback
def entity_id_of(hass: HomeAssistant, entity: str) -> str:
    """Return the entity id that a source's entity has now; raises EntityGoneError."""
    if (entity_id := async_entity_id(hass, entity)) is None:
        raise EntityGoneError(entity)
    return entity_id
