"""Which entity is the measurement that a FlexMeasures sensor waits for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.const import PERCENTAGE

from ....device.level_entity import level_attribute
from ....feeds.conversion import measured_method
from ....feeds.errors import FeedSourceError
from ....feeds.settings import Method
from ....plan.energy_units import TemperatureRange
from ....plan.units import Measure
from ..measured_data import measured_data
from . import words
from .home_entities import HomeEntity
from .roles import Flow, Role, flow_of
from .targets import Device, Target

_LEVELS: Final = frozenset({"battery", "energy_storage"})
# Of anything.
_SHARES: Final = frozenset({"", "dimensionless", PERCENTAGE})


@dataclass(frozen=True, slots=True)
class Match:
    """A sensor, and the entity that it is fed with."""

    target: Target
    entity: HomeEntity
    data: dict[str, Any]
    """Of the feed subentry."""
    reason: str
    """The key of a text that says why."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    score: tuple[int, ...] = ()
    """Higher if it is more likely, among those for the same sensor or of the same entity."""


def of_devices(
    devices: Iterable[Device],
    targets: Iterable[Target],
    entities: Mapping[str, HomeEntity],
) -> list[Match]:
    """Return what the settings of devices say that is measured of them."""
    by_sensor = {target.sensor.id: target for target in targets}
    found: dict[int, Match] = {}
    for device in devices:
        settings = device.settings
        for sensor, entity_id, reason, temperatures in (
            (
                device.soc_sensor,
                settings.soc_entity,
                "feed_reason_level",
                settings.temperatures,
            ),
            (
                settings.power_sensor,
                settings.charging_entity,
                "feed_reason_power",
                None,
            ),
        ):
            target = by_sensor.get(sensor or 0)
            entity = entities.get(entity_id or "")
            # A charging indicator need not be a power.
            if (
                target
                and entity
                and (data := _data(target, entity, temperatures=temperatures))
            ):
                match = Match(target, entity, data, reason, {"device": device.title})
                found.setdefault(target.sensor.id, match)
    return list(found.values())


def of_roles(
    roles: Sequence[Role],
    targets: Sequence[Target],
    entities: Mapping[str, HomeEntity],
) -> list[Match]:
    """Return what has a place in the Energy dashboard.

    The level of a battery is that of the one whose power or energy is found.
    """
    flows = _of_roles(
        [role for role in roles if not role.is_level], targets, entities, {}
    )
    assets = {
        role.source: match.target.sensor.asset_id
        for match in flows
        for role in roles
        if entities.get(role.entity_id) is match.entity
    }
    levels = [role for role in roles if role.is_level]
    return flows + _of_roles(levels, targets, entities, assets)


def _of_roles(
    roles: Iterable[Role],
    targets: Sequence[Target],
    entities: Mapping[str, HomeEntity],
    assets: Mapping[int, int],
) -> list[Match]:
    """Return the clear ones; `assets` are those that are known, by the roles' sources."""
    return _only_best(
        [
            match
            for role in roles
            if (entity := entities.get(role.entity_id))
            for target in targets
            if role.part is target.part and _fits(role, target)
            if assets.get(role.source, target.sensor.asset_id) == target.sensor.asset_id
            if (match := _of_role(role, entity, target))
        ]
    )


def of_names(entities: Sequence[HomeEntity], targets: Iterable[Target]) -> list[Match]:
    """Return what is called like the sensors, and measures the same."""
    return _only_best(
        [
            Match(
                target,
                entity,
                data,
                "feed_reason_name",
                score=(
                    _is_alike(entity, target),
                    len(target.required & entity.about),
                    -len(_surplus(entity, target)),
                ),
            )
            for target in targets
            for entity in entities
            if _is_called_like(entity, target)
            if (data := _data_by_name(entity, target))
        ]
    )


def _only_best(matches: Sequence[Match]) -> list[Match]:
    """Return the matches that are better than all others of their sensor and their entity."""
    return [
        match
        for match in matches
        if all(
            match.score > other.score
            for other in matches
            if other is not match
            and (other.target is match.target or other.entity is match.entity)
        )
    ]


def _of_role(role: Role, entity: HomeEntity, target: Target) -> Match | None:
    data = _data(
        target,
        entity,
        is_production=role.is_production,
        capacity=role.capacity,
    )
    if data is None:
        return None
    about = entity.around | words.concepts(role.name)
    return Match(
        target,
        entity,
        data,
        f"feed_reason_{role.part}{'_level' if role.is_level else ''}",
        score=(
            target.is_device_power,
            _is_alike(entity, target),
            len(target.required & about),
        ),
    )


def _is_alike(entity: HomeEntity, target: Target) -> bool:
    """Return whether no amount would have to be made of a power."""
    return _is_rate(entity.unit) is _is_rate(target.sensor.unit)


def _is_rate(unit: str | None) -> bool:
    measure = Measure.of(unit or "")
    return measure is not None and measure.is_rate


def _fits(role: Role, target: Target) -> bool:
    """Return whether a role measures in the direction that a sensor is for."""
    if role.is_level or target.is_level:
        return role.is_level and target.is_level
    if role.flow is target.flow:
        return True
    if role.flow is Flow.BOTH:
        # The sign tells what is produced, which then has no place of its own.
        return target.flow is Flow.CONSUMPTION and not target.has_counterpart
    return target.flow is Flow.BOTH and not target.goes_both_ways


def _is_called_like(entity: HomeEntity, target: Target) -> bool:
    """Return whether all of a sensor's name is in an entity's, and hardly more."""
    return (
        bool(target.required)
        and target.required <= entity.around
        and words.UNMEASURED not in entity.about
        and len(_surplus(entity, target)) < len(target.required)
    )


def _surplus(entity: HomeEntity, target: Target) -> frozenset[str]:
    """Return what tells an entity apart, and has nothing to do with a sensor."""
    return words.things(entity.about) - target.about


def _data_by_name(entity: HomeEntity, target: Target) -> dict[str, Any] | None:
    """Return the data of a feed; None if the entity measures something else, or may do so."""
    unit = target.sensor.unit
    is_level = entity.device_class in _LEVELS or (
        entity.device_class is None and words.LEVEL in entity.about
    )
    if target.is_level or is_level:
        return _data(target, entity) if target.is_level and is_level else None
    if Measure.of(unit) is not None:
        is_production = _is_production(entity, target)
        if is_production is None:
            return None
        return _data(target, entity, is_production=is_production)
    measured = words.measures(entity.about | words.concepts(entity.device_class))
    if unit in _SHARES and not measured & target.about:
        return None
    return _data(target, entity)


def _is_production(entity: HomeEntity, target: Target) -> bool | None:
    """Return whether an entity's positive values are production.

    None if it measures another direction than the sensor, or nobody says which.
    """
    flow = flow_of(entity.about)
    wanted = target.flow
    if not target.goes_both_ways:
        usual = Flow.PRODUCTION if target.produces else Flow.CONSUMPTION
        flow = usual if flow is Flow.BOTH else flow
        wanted = usual if wanted is Flow.BOTH else wanted
    if flow is Flow.BOTH or flow is not wanted:
        return None
    return flow is Flow.PRODUCTION


def _data(
    target: Target,
    entity: HomeEntity,
    *,
    is_production: bool = False,
    capacity: float | None = None,
    temperatures: TemperatureRange | None = None,
) -> dict[str, Any] | None:
    """Return the data of a feed; None if nothing can be made of the entity.

    `is_production`: its positive values are. `capacity` (kWh) counts where the settings
    of a device do not say it. A temperature tells a level by `temperatures`.
    """
    sensor = target.sensor
    try:
        return measured_data(
            sensor,
            entity=entity.key,
            attribute=level_attribute(entity.entity_id),
            unit=entity.unit,
            method=Method.LEVEL
            if target.is_level
            else measured_method(
                entity.unit,
                entity.device_class,
                entity.state_class,
                entity.domain,
                sensor,
            ),
            is_production=is_production,
            capacity=target.device_capacity or capacity or target.server_capacity,
            temperatures=temperatures,
        )
    except FeedSourceError:
        return None
