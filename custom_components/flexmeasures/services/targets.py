"""What a call of an action is for: devices, feeds and meters, chosen by themselves, by an entity, an area, a floor or a label."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import (
    ATTR_AREA_ID,
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    ATTR_FLOOR_ID,
    ATTR_LABEL_ID,
)
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from ..account import FlexMeasuresConfigEntry
from ..cem.resource import ManagedResource
from ..const import DOMAIN, SUBENTRY_FEED, SUBENTRY_METER
from ..coordinator import ScheduleCoordinator
from ..device.loaded import Loaded
from ..feeds.feed import Feed
from ..meters.coordinator import MeterCoordinator

_PLACES: Final = (ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)

_WITHOUT_SCHEDULE: Final = {
    SUBENTRY_FEED: "feed_has_no_schedule",
    SUBENTRY_METER: "meter_has_no_schedule",
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A device of Home Assistant's that stands for something of an account."""

    device_id: str
    is_disabled: bool
    entry: FlexMeasuresConfigEntry
    subentry: ConfigSubentry

    def error(self, key: str) -> ServiceValidationError:
        """Return why nothing can be done with it."""
        if self.is_disabled:
            key = "device_disabled"
        return ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"device": self.subentry.title},
        )


@dataclass(frozen=True, slots=True)
class Target[Part]:
    """Something that an action is for."""

    device_id: str
    entry: FlexMeasuresConfigEntry
    name: str
    part: Part


type _Find[Part] = Callable[[_Chosen], Part | None]
"""Returns what a device stands for; None for what an action is not for, or is not loaded."""


def devices_of(call: ServiceCall) -> list[Target[ScheduleCoordinator]]:
    """Return the devices that were chosen, which are loaded.

    Raises ServiceValidationError.
    """
    return _chosen_parts(call, _device, _no_device)


def resources_of(call: ServiceCall) -> list[Target[ManagedResource]]:
    """Return the devices with S2 that were chosen, which are loaded.

    Raises ServiceValidationError.
    """
    return _chosen_parts(call, _resource, _no_resource)


def meters_of(call: ServiceCall) -> list[Target[MeterCoordinator]]:
    """Return the meters that were chosen, which are loaded.

    Raises ServiceValidationError.
    """
    return _chosen_parts(call, _meter, lambda _: "not_a_meter")


def feeds_of(call: ServiceCall) -> list[Target[Feed]]:
    """Return the feeds that were chosen, which are loaded.

    Raises ServiceValidationError.
    """
    return _chosen_parts(call, _feed, lambda _: "not_a_feed")


def is_chosen(call: ServiceCall) -> bool:
    """Return whether a call says what it is for."""
    return any(field in call.data for field in cv.TARGET_SERVICE_FIELDS)


def for_each[Part](
    targets_of: Callable[[ServiceCall], list[Target[Part]]],
    handle: Callable[[ServiceCall, Target[Part]], Awaitable[ServiceResponse]],
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    """Return the handler of an action that is done with each target for itself.

    One is answered directly, several by the ids of their devices. What fails for one
    hinders none of the others; all are checked before anything is done.
    """

    async def handle_all(call: ServiceCall) -> ServiceResponse:
        targets = targets_of(call)
        if len(targets) == 1:
            return await handle(call, targets[0])
        failures: list[tuple[str, HomeAssistantError]] = []

        async def attempt(target: Target[Part]) -> ServiceResponse:
            try:
                return await handle(call, target)
            except HomeAssistantError as err:
                failures.append((target.name, err))
                return None

        responses = await asyncio.gather(*map(attempt, targets))
        if failures:
            raise _several_failed(failures)
        answered: dict[str, Any] = {
            target.device_id: response
            for target, response in zip(targets, responses, strict=True)
            if response
        }
        return {"devices": answered} if answered else None

    return handle_all


def _several_failed(
    failures: Sequence[tuple[str, HomeAssistantError]],
) -> HomeAssistantError:
    is_wrong_use = all(isinstance(err, ServiceValidationError) for _, err in failures)
    kind = ServiceValidationError if is_wrong_use else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key="not_done_for_all",
        translation_placeholders={
            "reasons": "; ".join(f"{name}: {err}" for name, err in failures)
        },
    )


def _chosen_parts[Part](
    call: ServiceCall, find: _Find[Part], refusal: Callable[[_Chosen], str]
) -> list[Target[Part]]:
    """Return what was chosen, each once.

    What was named, itself or by one of its entities, has to be what the action is for;
    of an area, a floor or a label only that counts.
    """
    hass = call.hass
    found: dict[str, Target[Part]] = {}
    for device_id in _named(call):
        chosen = _of_device(hass, device_id)
        part = None if chosen.is_disabled else find(chosen)
        if part is None:
            raise chosen.error(refusal(chosen))
        found[device_id] = _target(chosen, part)
    for chosen in _in_places(call):
        if (part := find(chosen)) is not None:
            found.setdefault(chosen.device_id, _target(chosen, part))
    if not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_in_target"
        )
    return list(found.values())


def _target[Part](chosen: _Chosen, part: Part) -> Target[Part]:
    return Target(chosen.device_id, chosen.entry, chosen.subentry.title, part)


def _named(call: ServiceCall) -> list[str]:
    """Return the ids of the devices that were named, or whose entities were."""
    selection = TargetSelection(
        {ATTR_ENTITY_ID: call.data.get(ATTR_ENTITY_ID)}  # also groups of them
    )
    entities = async_extract_referenced_entity_ids(call.hass, selection).referenced
    named = TargetSelection({ATTR_DEVICE_ID: call.data.get(ATTR_DEVICE_ID)}).device_ids
    of_entities = {_device_of_entity(call.hass, entity) for entity in entities}
    return sorted(named | of_entities)


def _device_of_entity(hass: HomeAssistant, entity_id: str) -> str:
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None or entry.platform != DOMAIN or entry.device_id is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_our_entity",
            translation_placeholders={"entity": entity_id},
        )
    return entry.device_id


def _of_device(hass: HomeAssistant, device_id: str) -> _Chosen:
    """Return what a device of Home Assistant's stands for.

    Raises ServiceValidationError if that is nothing of an account that is loaded.
    """
    entry: FlexMeasuresConfigEntry
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    assert device.config_subentry_id
    subentry = entry.subentries[device.config_subentry_id]
    return _Chosen(device_id, device.disabled, entry, subentry)


def _in_places(call: ServiceCall) -> list[_Chosen]:
    """Return what is in the areas and floors, and has the labels, that were chosen."""
    hass = call.hass
    selection = TargetSelection({key: call.data.get(key) for key in _PLACES})
    if not selection.has_any_target:
        return []
    selected = async_extract_referenced_entity_ids(hass, selection)
    entities = er.async_get(hass)
    ids = selected.referenced_devices | {
        entry.device_id
        for entity_id in selected.indirectly_referenced
        if (entry := entities.async_get(entity_id)) and entry.device_id
    }
    registry = dr.async_get(hass)
    return [
        _of_device(hass, device.id)
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if device.id in ids and not device.disabled
    ]


def _loaded[Part](parts: Loaded[Part], chosen: _Chosen) -> Part | None:
    return parts.get(chosen.subentry.subentry_id)


def _device(chosen: _Chosen) -> ScheduleCoordinator | None:
    return _loaded(chosen.entry.runtime_data.coordinators, chosen)


def _meter(chosen: _Chosen) -> MeterCoordinator | None:
    return _loaded(chosen.entry.runtime_data.meters, chosen)


def _feed(chosen: _Chosen) -> Feed | None:
    return _loaded(chosen.entry.runtime_data.feeds, chosen)


def _resource(chosen: _Chosen) -> ManagedResource | None:
    return chosen.entry.runtime_data.resources.get(chosen.subentry.subentry_id)


def _no_device(chosen: _Chosen) -> str:
    return _WITHOUT_SCHEDULE.get(chosen.subentry.subentry_type, "device_not_loaded")


def _no_resource(chosen: _Chosen) -> str:
    return "s2_not_enabled" if _device(chosen) else _no_device(chosen)
