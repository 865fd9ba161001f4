"""What the Energy dashboard says of its entities: what they measure, and of what."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from homeassistant.core import valid_entity_id

from . import words


class Part(StrEnum):
    """What energy, gas or water flows through."""

    SOLAR = words.SOLAR
    BATTERY = words.BATTERY
    GAS = words.GAS
    WATER = words.WATER
    HOUSEHOLD = words.HOUSEHOLD
    GRID = words.GRID


class Flow(StrEnum):
    """Which direction is measured."""

    CONSUMPTION = words.CONSUMPTION
    PRODUCTION = words.PRODUCTION
    BOTH = "both"
    """Either, told apart by the sign, or not said."""


@dataclass(frozen=True, slots=True)
class Role:
    """What an entity measures."""

    part: Part
    flow: Flow
    entity_id: str
    is_production: bool = False
    """Whether its positive values are production."""
    is_level: bool = False
    """Whether it is how full something is, rather than what flows."""
    capacity: float | None = None
    """In kWh: what 100 % are."""
    name: str | None = None
    """What the dashboard calls it."""
    source: int = 0
    """Roles with the same number are of one thing."""


def flow_of(about: Collection[str]) -> Flow:
    """Return the direction that a name is about."""
    match words.CONSUMPTION in about, words.PRODUCTION in about:
        case True, False:
            return Flow.CONSUMPTION
        case False, True:
            return Flow.PRODUCTION
    return Flow.BOTH


def dashboard_roles(sources: Iterable[Mapping[str, Any]]) -> list[Role]:
    """Return the roles of the entities in the dashboard's sources.

    Statistics that belong to no entity have none.
    """
    return [
        replace(role, name=source.get("name"), source=number)
        for number, source in enumerate(sources)
        for role in _roles(source)
        if valid_entity_id(role.entity_id)
    ]


def _roles(source: Mapping[str, Any]) -> Iterator[Role]:
    # As the dashboard sees it, a battery is drawn from like the grid.
    drawn, returned = source.get("stat_energy_from"), source.get("stat_energy_to")
    rate = source.get("stat_rate")
    match source["type"]:
        case "grid":
            imported = Flow.CONSUMPTION if returned else Flow.BOTH
            yield from _one_way(Part.GRID, imported, drawn)
            yield from _one_way(Part.GRID, Flow.PRODUCTION, returned)
            yield from _net_power(source, Part.GRID, is_production=False)
        case "solar":
            yield from _one_way(Part.SOLAR, Flow.PRODUCTION, drawn, rate)
        case "battery":
            yield from _one_way(Part.BATTERY, Flow.PRODUCTION, drawn)
            yield from _one_way(Part.BATTERY, Flow.CONSUMPTION, returned)
            yield from _net_power(source, Part.BATTERY, is_production=True)
            if level := source.get("stat_soc"):
                yield Role(
                    Part.BATTERY,
                    Flow.BOTH,
                    level,
                    is_level=True,
                    capacity=source.get("capacity"),
                )
        case "gas" | "water" as part:
            yield from _one_way(Part(part), Flow.CONSUMPTION, drawn, rate)
        case "home":
            yield from _one_way(Part.HOUSEHOLD, Flow.CONSUMPTION, returned, rate)


def _one_way(part: Part, flow: Flow, *statistics: str | None) -> Iterator[Role]:
    for statistic in filter(None, statistics):
        yield Role(part, flow, statistic, is_production=flow is Flow.PRODUCTION)


def _net_power(
    source: Mapping[str, Any], part: Part, *, is_production: bool
) -> Iterator[Role]:
    """Return the power in both directions; `is_production`: positive values usually are."""
    config = source.get("power_config") or {}
    # Better than the entity that the dashboard makes of it, which goes with its settings.
    if inverted := config.get("stat_rate_inverted"):
        yield Role(part, Flow.BOTH, inverted, is_production=not is_production)
    elif rate := source.get("stat_rate"):
        yield Role(part, Flow.BOTH, rate, is_production=is_production)
