"""What Home Assistant knows of the things in a home, to fill in forms with."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
import re
from typing import Final

from homeassistant.components.number.const import ATTR_MAX
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    UnitOfPower,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.unit_conversion import PowerConverter

from ...api.numbers import number_in
from ...plan.energy_units import in_kwh
from ..feed.suggestions import words
from ..feed.suggestions.home_entities import HomeEntity, async_measuring
from ..feed.suggestions.roles import Part, Role
from ..feed.suggestions.suggestion import async_roles

_LEVELS: Final = frozenset({"battery", "energy_storage"})
_CAPACITY: Final = re.compile(r"capac|kapaz")
# What is in it now is in such names, too.
_LEFT: Final = re.compile(r"remain|avail|left|rest|verbleib|beschikb|verf(ue|u)gb")
_OTHER_POWER: Final = re.compile(
    r"grid|export|import|feed|solar|netz|house|(?<![a-z])(?:net|pv)(?![a-z])"
)
_POWER: Final = "power"
_PLUG: Final = "plug"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a form shows at first; None where nothing is clear."""

    entity_id: str | None = None
    """What measures how full the device is, or what it produces."""
    capacity_kwh: float | None = None
    power_kw: float | None = None
    plug_entity: str | None = None


async def async_known_battery(hass: HomeAssistant, taken: Collection[str]) -> Known:
    """Return what is known of the home's battery, the Energy dashboard's first.

    Not of one whose level is among `taken`: it is another device.
    """
    roles = [role for role in await async_roles(hass) if role.part is Part.BATTERY]
    others = {role.source for role in roles if role.entity_id in taken}
    roles = [role for role in roles if role.source not in others]
    entities = _but(async_measuring(hass), taken)
    # Of several batteries, all that is filled in is about one.
    shown = next((role for role in roles if role.is_level), None)
    if shown:
        roles = [role for role in roles if role.source == shown.source]
    level = (
        (shown.entity_id if shown else None)
        or _on_devices_of(hass, [role.entity_id for role in roles], entities)
        or _only(
            each
            for each in entities
            if _is_level(each)
            and words.BATTERY in each.about
            and words.CAR not in each.around
            and _has_power(hass, each, entities)
        )
    )
    capacity = next((role.capacity for role in roles if role.capacity), None)
    return _known(hass, level, capacity_kwh=capacity)


async def async_known_car(hass: HomeAssistant, taken: Collection[str]) -> Known:
    """Return what is known of the only car whose level is none of `taken`."""
    entities = _but(async_measuring(hass), taken)
    level = _only(
        each for each in entities if _is_level(each) and words.CAR in each.around
    )
    known = _known(hass, level)
    return Known(
        entity_id=known.entity_id,
        capacity_kwh=known.capacity_kwh,
        power_kw=known.power_kw,
        plug_entity=_plug(hass, level),
    )


async def async_known_panels(hass: HomeAssistant, taken: Collection[str]) -> Known:
    """Return what measures the solar panels, if there is one such entity."""
    roles = await async_solar_roles(hass)
    return Known(entity_id=roles[0].entity_id if len(roles) == 1 else None)


async def async_solar_roles(hass: HomeAssistant) -> list[Role]:
    """Return what the Energy dashboard says of solar panels: of each, where its power is.

    That may be the only power of the thing whose energy the dashboard shows.
    """
    found: dict[int, Role] = {}
    for role in await async_roles(hass):
        if role.part is not Part.SOLAR:
            continue
        powers = [
            state.entity_id
            for state in (
                hass.states.get(role.entity_id),
                *_siblings(hass, role.entity_id),
            )
            if state and state.attributes.get(ATTR_DEVICE_CLASS) == _POWER
        ]
        if role.entity_id in powers:
            found[role.source] = role
        elif len(powers) == 1:
            found.setdefault(role.source, replace(role, entity_id=powers[0]))
    return list(found.values())


async def async_household_role(hass: HomeAssistant) -> Role | None:
    """Return what the Energy dashboard says of all that the home uses, if it does."""
    found = [
        role
        for role in await async_roles(hass)
        if role.part is Part.HOUSEHOLD and hass.states.get(role.entity_id)
    ]
    # The power comes after the energy.
    return found[-1] if found else None


@callback
def async_area_of(hass: HomeAssistant, entity_id: str | None) -> str | None:
    """Return the area that an entity, or its device, is in."""
    entry = er.async_get(hass).async_get(entity_id or "")
    if entry is None:
        return None
    device = dr.async_get(hass).async_get(entry.device_id or "")
    return entry.area_id or (device.area_id if device else None)


@callback
def async_thing_of(hass: HomeAssistant, entity_id: str | None) -> str | None:
    """Return what the device of an entity is called."""
    if (device := _device_of(hass, entity_id)) is None:
        return None
    return device.name_by_user or device.name


def _but(entities: Iterable[HomeEntity], taken: Collection[str]) -> list[HomeEntity]:
    return [each for each in entities if each.entity_id not in taken]


def _known(
    hass: HomeAssistant, level: str | None, capacity_kwh: float | None = None
) -> Known:
    """Return what the device of a level says, too."""
    if level is None:
        return Known(capacity_kwh=capacity_kwh)
    siblings = _siblings(hass, level)
    return Known(
        entity_id=level,
        capacity_kwh=capacity_kwh or _capacity(siblings),
        power_kw=_power(siblings),
    )


def _capacity(states: Iterable[State]) -> float | None:
    """Return what the only entity says that is about what is in it when it is full."""
    found = [
        round(kwh, 3)
        for state in states
        if _CAPACITY.search(state.entity_id)
        and not _LEFT.search(state.entity_id)
        and (amount := number_in(state.state))
        and (
            kwh := in_kwh(amount, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), None)
        )
        and kwh > 0
    ]
    return found[0] if len(found) == 1 else None


def _power(states: Iterable[State]) -> float | None:
    """Return the most that settings of the battery's power allow, if they agree."""
    powers = {
        round(PowerConverter.convert(float(most), unit, UnitOfPower.KILO_WATT), 3)
        for state in states
        if state.domain == "number"
        and not _OTHER_POWER.search(state.entity_id)
        and (unit := state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
        in PowerConverter.VALID_UNITS
        and isinstance(most := state.attributes.get(ATTR_MAX), int | float)
        and most > 0
    }
    return powers.pop() if len(powers) == 1 else None


def _plug(hass: HomeAssistant, level: str | None) -> str | None:
    plugs = [
        state.entity_id
        for state in (_siblings(hass, level) if level else ())
        if state.domain == "binary_sensor"
        and state.attributes.get(ATTR_DEVICE_CLASS) == _PLUG
    ]
    return plugs[0] if len(plugs) == 1 else None


def _siblings(hass: HomeAssistant, entity_id: str) -> list[State]:
    """Return the states of all entities of the device that an entity belongs to."""
    registry = er.async_get(hass)
    if (device := _device_of(hass, entity_id)) is None:
        return []
    return [
        state
        for entry in er.async_entries_for_device(registry, device.id)
        if (state := hass.states.get(entry.entity_id))
    ]


def _device_of(
    hass: HomeAssistant, entity_id: str | None
) -> dr.DeviceEntry | dr.ChildDeviceEntry | None:
    entry = er.async_get(hass).async_get(entity_id or "")
    return dr.async_get(hass).async_get(entry.device_id or "") if entry else None


def _is_level(entity: HomeEntity) -> bool:
    """Return whether an entity says how full something is."""
    if entity.device_class is None:
        return entity.unit == PERCENTAGE and words.LEVEL in entity.about
    return entity.device_class in _LEVELS


def _has_power(
    hass: HomeAssistant, entity: HomeEntity, entities: Sequence[HomeEntity]
) -> bool:
    """Return whether what an entity belongs to has a power or an energy, as no remote control has."""
    siblings = {state.entity_id for state in _siblings(hass, entity.entity_id)}
    return any(
        each.entity_id in siblings and each.device_class in ("power", "energy")
        for each in entities
    )


def _on_devices_of(
    hass: HomeAssistant, entity_ids: Iterable[str], entities: Iterable[HomeEntity]
) -> str | None:
    """Return the only level on the devices of other entities."""
    siblings = {
        state.entity_id
        for entity_id in entity_ids
        for state in _siblings(hass, entity_id)
    }
    return _only(
        each for each in entities if each.entity_id in siblings and _is_level(each)
    )


def _only(entities: Iterable[HomeEntity]) -> str | None:
    found = [each.entity_id for each in entities]
    return found[0] if len(found) == 1 else None
