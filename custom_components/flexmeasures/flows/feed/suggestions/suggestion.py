"""Feeds that Home Assistant can think of, by what it and the server know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ....api.models import Catalogue
from ....const import CONF_SENSOR, SUBENTRY_DEVICE, SUBENTRY_FEED
from ...fields import label
from .home_entities import async_measuring, async_read_entity
from .matching import Match, of_devices, of_names, of_roles
from .roles import Role, dashboard_roles
from .targets import Device, Target, feed_targets


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A feed that is suggested."""

    key: str
    """What no two suggestions share."""
    source: str
    """What the entity is called."""
    title: str
    """Of the subentry."""
    data: dict[str, Any]
    """Of the subentry."""
    reason: str
    """The key of a translated text, one of ``common``."""
    placeholders: Mapping[str, str]
    """Of the reason."""


async def async_suggestions(
    hass: HomeAssistant, entry: ConfigEntry, catalogue: Catalogue
) -> list[Suggestion]:
    """Return feeds for sensors that have none, at most one for each.

    First those of devices, then those of the Energy dashboard, then those by name.
    """
    devices = [
        Device.read(device.title, device.data, catalogue)
        for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
    ]
    fed = [
        feed.data[CONF_SENSOR] for feed in entry.get_subentries_of_type(SUBENTRY_FEED)
    ]
    roles = await async_roles(hass)
    named = {
        *(role.entity_id for role in roles),
        *(device.settings.soc_entity for device in devices),
        *(device.settings.charging_entity for device in devices),
    }
    entities = {
        entity_id: entity
        for entity_id in named
        if entity_id and (entity := async_read_entity(hass, entity_id))
    }
    targets = feed_targets(catalogue, devices, fed)
    matches = of_devices(devices, targets, entities)
    matches += of_roles(roles, _others(targets, matches), entities)
    free = [each for each in async_measuring(hass) if each.entity_id not in named]
    matches += of_names(free, _others(targets, matches))
    titles = {subentry.title for subentry in entry.subentries.values()}
    return [_suggestion(match, catalogue, titles) for match in matches]


async def async_roles(hass: HomeAssistant) -> list[Role]:
    """Return what the Energy dashboard says; nothing without one."""
    if "energy" not in hass.config.components:
        return []
    manager = await async_get_manager(hass)
    return dashboard_roles(manager.data["energy_sources"] if manager.data else ())


def _others(targets: Iterable[Target], matches: Iterable[Match]) -> list[Target]:
    """Return the targets that have no match."""
    matched = {match.target.sensor.id for match in matches}
    return [target for target in targets if target.sensor.id not in matched]


def _suggestion(match: Match, catalogue: Catalogue, titles: set[str]) -> Suggestion:
    """Return a match as a feed, whose title is added to `titles`, which are taken."""
    sensor, name = match.target.sensor, match.entity.name
    title = name if name not in titles else f"{name}: {label(catalogue, sensor)}"
    titles.add(title)
    return Suggestion(
        key=str(sensor.id),
        source=name,
        title=title,
        data=match.data,
        reason=match.reason,
        placeholders=match.placeholders,
    )
