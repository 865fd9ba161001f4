"""Prices and forecasts that entities have as attributes."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
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

from ...device.entity_references import async_entity_name
from ..errors import FeedSourceError
from .errors import AttributeMissingError, ProviderGoneError
from .following import News, async_track_entities, stop_all
from .provider import Foreseen, Provider, entity_id_of
from .shapes import spans_of, steps_of, value_keys
from .units import price_unit, unit_by_name

ATTRIBUTE: Final = "attribute"
"""Any attribute of any entity."""
OCTOPUS: Final = "octopus_energy"
SOLCAST: Final = "solcast_solar"
"""Integrations that spread one list over several entities."""

RATES: Final = "rates"
"""Of Octopus Energy's events."""
_CURRENT: Final = "_current_day_rates"
_NEXT: Final = "_next_day_rates"


class Part(NamedTuple):
    """An attribute that has all of a list, or a part of it."""

    entity_id: str
    attribute: str


type Parts = Callable[[], tuple[Part, ...]]
"""The parts of a list, at least one; raises FeedSourceError if its entity is gone."""


class AttributeProvider(Provider):
    """The attributes that a list is in."""

    def __init__(
        self, hass: HomeAssistant, parts: Parts, *, key: str | None, unit: str | None
    ) -> None:
        """Keep where it is; `unit` is that of the first entity if None."""
        self._hass = hass
        self._parts = parts
        self._key = key
        self._unit = unit

    @override
    async def async_read(self) -> Foreseen:
        found = self._found()
        zone = dt_util.get_default_time_zone()
        spans = spans_of((data for _, data in found), zone, self._key)
        keys = (self._key,) if self._key else self.value_keys()[:1]
        unit = self._unit or attribute_unit(
            found[0][0], self._parts()[0].attribute, *keys
        )
        return Foreseen(
            steps_of(spans),
            unit,
            max(state.last_updated for state, _ in found),
        )

    @callback
    def value_keys(self) -> tuple[str, ...]:
        """Return what the values are called that stand together; raises FeedSourceError."""
        data = (data for _, data in self._found())
        return value_keys(data, dt_util.get_default_time_zone())

    @override
    @callback
    def async_follow(self, changed: Callable[[], None]) -> CALLBACK_TYPE:
        news = News(self._hass, changed)

        @callback
        def note(event: Event[EventStateChangedData]) -> None:
            entity_id = event.data["entity_id"]
            old, new = event.data["old_state"], event.data["new_state"]
            if any(
                _of(old, part) != _of(new, part)
                for part in self._present()
                if part.entity_id == entity_id
            ):
                news.async_hint()

        stop = async_track_entities(
            self._hass,
            lambda: frozenset(part.entity_id for part in self._present()),
            lambda entity_ids: async_track_state_change_event(
                self._hass, entity_ids, note
            ),
            news.async_hint,
        )
        return stop_all(stop, news.async_stop)

    def _found(self) -> list[tuple[State, Any]]:
        """Return the parts that are there, with their states; raises FeedSourceError."""
        parts = self._parts()
        found = [
            (state, data)
            for part in parts
            if (state := self._hass.states.get(part.entity_id)) is not None
            and (data := _of(state, part)) is not None
        ]
        if not found:
            entity_id, attribute = parts[0]
            raise AttributeMissingError(
                async_entity_name(self._hass, entity_id), attribute
            )
        return found

    def _present(self) -> tuple[Part, ...]:
        try:
            return self._parts()
        except FeedSourceError:
            return ()


def _of(state: State | None, part: Part) -> Any:
    return None if state is None else state.attributes.get(part.attribute)


def attribute_parts(hass: HomeAssistant, entity: str, attribute: str) -> Parts:
    """Return where a list is that one attribute has; tomorrow's if there is one for each day.

    Raises EntityGoneError, as what is returned does.
    """
    following = following_day(attribute)
    names = (attribute, following) if following else (attribute,)

    def parts() -> tuple[Part, ...]:
        entity_id = entity_id_of(hass, entity)
        return tuple(Part(entity_id, name) for name in names)

    parts()
    return parts


def attribute_unit(state: State, *names: str) -> str:
    """Return what the values in an attribute are in; empty if nobody says so.

    `names` are that of the attribute, and of the values in it.
    """
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) or ""
    return unit_by_name(*names) or price_unit(unit) or unit


def following_day(attribute: str) -> str | None:
    """Return what the attribute for tomorrow is called beside one for today; None for others."""
    head, today, tail = attribute.rpartition("today")
    return f"{head}tomorrow{tail}" if today else None


def octopus_parts(hass: HomeAssistant, entity: str) -> Parts:
    """Return where the rates of a meter at Octopus Energy are, by the event of the current day.

    Raises EntityGoneError, as what is returned does.
    """

    def parts() -> tuple[Part, ...]:
        entity_id = entity_id_of(hass, entity)
        registry = er.async_get(hass)
        entry = registry.async_get(entity_id)
        following = entry and registry.async_get_entity_id(
            entry.domain, entry.platform, entry.unique_id.replace(_CURRENT, _NEXT)
        )
        entity_ids = dict.fromkeys((entity_id, following or entity_id))
        return tuple(Part(each, RATES) for each in entity_ids)

    parts()
    return parts


def is_octopus_meter(entry: er.RegistryEntry) -> bool:
    """Return whether an entity has the rates of a meter at Octopus Energy for the current day."""
    return entry.platform == OCTOPUS and entry.unique_id.endswith(_CURRENT)


def solcast_parts(hass: HomeAssistant, entry: ConfigEntry, attribute: str) -> Parts:
    """Return where Solcast's forecast is, in one entity for each day."""

    def parts() -> tuple[Part, ...]:
        registry = er.async_get(hass)
        entries = er.async_entries_for_config_entry(registry, entry.entry_id)
        if not entries:
            raise ProviderGoneError(entry.title)
        return tuple(Part(each.entity_id, attribute) for each in entries)

    return parts
