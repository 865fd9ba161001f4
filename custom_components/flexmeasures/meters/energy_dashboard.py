"""Meters as sources of Home Assistant's Energy dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .history.meter_statistics import Kind
from .settings import Commodity

type Source = dict[str, Any]
"""Of the Energy dashboard's preferences, which holds statistics by their ids."""

# Where the dashboard has what it shows of a grid connection, or of gas.
_GRID = {
    Kind.CONSUMPTION: "stat_energy_from",
    Kind.PRODUCTION: "stat_energy_to",
    Kind.COST: "stat_cost",
    Kind.COMPENSATION: "stat_compensation",
}
_GAS = {Kind.CONSUMPTION: "stat_energy_from", Kind.COST: "stat_cost"}

# What money is for, and what else may say how much it is.
_MONEY = {
    "stat_cost": (
        "stat_energy_from",
        ("entity_energy_price", "number_energy_price"),
    ),
    "stat_compensation": (
        "stat_energy_to",
        ("entity_energy_price_export", "number_energy_price_export"),
    ),
}

# What else a source has. A price is none of it: Home Assistant takes costs of its own
# making only for its own entities.
_NEW_GRID: Mapping[str, Any] = {
    "type": "grid",
    **dict.fromkeys(_GRID.values()),
    "entity_energy_price": None,
    "number_energy_price": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
}
_NEW_GAS: Mapping[str, Any] = {
    "type": "gas",
    **dict.fromkeys(_GAS.values()),
    "entity_energy_price": None,
    "number_energy_price": None,
}


@dataclass(frozen=True, slots=True)
class DashboardMeter:
    """What the dashboard can show of a meter."""

    name: str
    commodity: Commodity
    statistics: Mapping[Kind, str]
    """Their ids; at least the consumption's."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is done for a meter."""

    meter: str
    is_new: bool
    """Whether a source is added, rather than one of the meter's made complete."""
    statistics: Mapping[str, str]
    """Those that are set, by their place in the source."""


def with_meters(
    sources: Sequence[Mapping[str, Any]], meters: Sequence[DashboardMeter]
) -> tuple[list[Source], list[Change]]:
    """Return the sources of a dashboard that shows some meters too, and what that changes.

    What has been chosen stays as it is: only what is empty is filled in.
    """
    wanted = [dict(source) for source in sources]
    changes: list[Change] = []
    for meter in meters:
        is_gas = meter.commodity is Commodity.GAS
        places, new = (_GAS, _NEW_GAS) if is_gas else (_GRID, _NEW_GRID)
        used = {
            value
            for source in wanted
            for value in source.values()
            if isinstance(value, str)
        }
        own = meter.statistics[Kind.CONSUMPTION]
        present = next(
            (
                source
                for source in wanted
                if source["type"] == new["type"]
                and source.get("stat_energy_from") == own
            ),
            None,
        )
        if present is None and not used.isdisjoint(meter.statistics.values()):
            # As solar panels, or in another way that is the user's own.
            continue
        source = present if present is not None else {**new, "name": meter.name}
        statistics = {
            place: statistic
            for kind, place in places.items()
            if (statistic := meter.statistics.get(kind))
            and statistic not in used
            and not source.get(place)
        }
        for money, (counted, prices) in _MONEY.items():
            # What is counted elsewhere, or has a price, has its own costs.
            is_own = (source | statistics).get(counted) in meter.statistics.values()
            if not is_own or any(source.get(price) is not None for price in prices):
                statistics.pop(money, None)
        if not statistics:
            continue
        source |= statistics
        if present is None:
            wanted.append(source)
        changes.append(Change(meter.name, present is None, statistics))
    return wanted, changes
