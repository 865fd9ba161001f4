"""Which devices with a profile are installed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from homeassistant.const import ATTR_TEMPERATURE
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .profile import Profile, load_profiles


@dataclass(frozen=True, slots=True)
class Installed:
    """A device that a profile is about."""

    name: str
    """For a list."""
    profile: Profile
    entities: Mapping[str, str]
    """Their ids, by setting."""

    @callback
    def async_entity_names(self, hass: HomeAssistant) -> list[str]:
        """Return how the entities are called beside the name of the device."""
        registry = er.async_get(hass)
        entries = [registry.async_get(each) for each in self.entities.values()]
        return [
            entry.name or entry.original_name or entry.entity_id
            for entry in entries
            if entry
        ]

    @callback
    def async_settings(self, hass: HomeAssistant) -> dict[str, Any]:
        """Return what to begin with, in the words of the form."""
        settings = {**self.profile.settings, **self.entities}
        for setting, (of, plus) in self.profile.present.items():
            value = _number(hass.states.get(self.entities[of]))
            if value is not None:
                settings[setting] = value + plus
        return settings


async def async_installed(
    hass: HomeAssistant, taken: AbstractSet[str]
) -> list[Installed]:
    """Return the devices of which no entity is taken by another one, by name."""
    profiles = await hass.async_add_executor_job(load_profiles)
    entries: dict[tuple[str, str], list[er.RegistryEntry]] = defaultdict(list)
    for entry in er.async_get(hass).entities.values():
        if entry.platform in profiles and entry.device_id and not entry.disabled:
            entries[entry.platform, entry.device_id].append(entry)
    found = [
        Installed(_name(hass, device_id, profile), profile, entities)
        for (platform, device_id), owned in entries.items()
        for profile, entities in _fitting(hass, profiles[platform], owned)
        if taken.isdisjoint(entities.values())
    ]
    return sorted(found, key=lambda each: each.name.casefold())


def _fitting(
    hass: HomeAssistant,
    profiles: tuple[Profile, ...],
    entries: list[er.RegistryEntry],
) -> Iterator[tuple[Profile, dict[str, str]]]:
    """Give the first profile that a device has all entities and words of."""
    for profile in profiles:
        fitting = {
            setting: [
                entry
                for entry in entries
                if pattern.fits(entry.domain, entry.translation_key, entry.unique_id)
            ]
            for setting, pattern in profile.entities.items()
        }
        # Where several would do, the user knows better.
        if any(len(each) != 1 for each in fitting.values()):
            continue
        if profile.words <= _options(hass, fitting[profile.chosen][0]):
            yield (
                profile,
                {setting: each[0].entity_id for setting, each in fitting.items()},
            )
            return


def _options(hass: HomeAssistant, entry: er.RegistryEntry) -> frozenset[str]:
    state = hass.states.get(entry.entity_id)
    known = state.attributes if state else {}
    return frozenset(
        known.get("options") or (entry.capabilities or {}).get("options", ())
    )


def _name(hass: HomeAssistant, device_id: str, profile: Profile) -> str:
    device = dr.async_get(hass).async_get(device_id)
    name = (device and (device.name_by_user or device.name)) or ""
    if profile.brand.casefold() in name.casefold():
        return name
    return f"{name} ({profile.brand})" if name else profile.brand


def _number(state: State | None) -> float | None:
    """Return what an entity has now."""
    try:
        return (
            float(state.attributes.get(ATTR_TEMPERATURE) or state.state)
            if state
            else None
        )
    except ValueError:
        return None
