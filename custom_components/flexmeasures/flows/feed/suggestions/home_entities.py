"""The entities of Home Assistant that may be measurements, as suggestions see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_RESTORED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.util import dt as dt_util

from ....const import DOMAIN
from ....device.level_entity import level_unit
from ....feeds.entities import async_registry_key
from . import words

_ATTR_STATE_CLASS: Final = "state_class"

_LONG: Final = timedelta(days=1)
# What the server told, and the levels of phones.
_NEVER: Final = frozenset({DOMAIN, "mobile_app"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeEntity:
    """An entity."""

    entity_id: str
    key: str
    """What it is kept by."""
    name: str
    unit: str | None
    """Of its state, or of the temperature that a thermostat measures."""
    device_class: str | None
    state_class: str | None
    about: frozenset[str]
    """What its name says."""
    around: frozenset[str]
    """The same, with those of its device and its area."""

    @property
    def domain(self) -> str:
        """The first part of its id."""
        return self.entity_id.partition(".")[0]


@callback
def async_read_entity(hass: HomeAssistant, entity_id: str) -> HomeEntity | None:
    """Return an entity that somebody has named; None if it is ours, or not there."""
    entry = er.async_get(hass).async_get(entity_id)
    state = hass.states.get(entity_id)
    if state is None or ATTR_RESTORED in state.attributes:
        return None
    if entry and entry.platform == DOMAIN:
        return None
    return _read(hass, state, entry)


@callback
def async_measuring(hass: HomeAssistant) -> list[HomeEntity]:
    """Return the sensors that measure something in the home, in the order of their ids."""
    registry = er.async_get(hass)
    now = dt_util.utcnow()
    found: list[HomeEntity] = []
    for state in sorted(
        hass.states.async_all("sensor"), key=lambda state: state.entity_id
    ):
        entry = registry.async_get(state.entity_id)
        if entry and (entry.entity_category or entry.platform in _NEVER):
            continue
        is_silent = state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)
        if ATTR_RESTORED in state.attributes or (
            is_silent and now - state.last_changed >= _LONG
        ):
            continue
        found.append(_read(hass, state, entry))
    return found


def _read(
    hass: HomeAssistant, state: State, entry: er.RegistryEntry | None
) -> HomeEntity:
    about = words.concepts(state.name)
    return HomeEntity(
        entity_id=state.entity_id,
        key=async_registry_key(hass, state.entity_id),
        name=state.name,
        unit=level_unit(state, hass.config.units.temperature_unit),
        device_class=state.attributes.get(ATTR_DEVICE_CLASS),
        state_class=state.attributes.get(_ATTR_STATE_CLASS),
        about=about,
        around=about | words.concepts(*(_places(hass, entry) if entry else ())),
    )


def _places(hass: HomeAssistant, entry: er.RegistryEntry) -> Iterator[str | None]:
    """Return the names of the device and the area that an entity is in."""
    area_id = entry.area_id
    if device := dr.async_get(hass).async_get(entry.device_id or ""):
        yield device.name_by_user or device.name
        area_id = area_id or device.area_id
    if area_id and (area := ar.async_get(hass).async_get_area(area_id)):
        yield area.name
