"""Operation modes and what they do, by fill level where there is one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from ..messages.message import InvalidContentError
from .ranges import ZERO, Range, electric_power, fuel_powers

# What a burner's fan and pump may consume of what it burns.
_AUXILIARY = 0.05


class WireMode(NamedTuple):
    """An operation mode in a message."""

    id: str
    elements: Sequence[Mapping[str, Any]]
    description: Mapping[str, Any]
    """Whatever else it has."""


class OperationModeElement(NamedTuple):
    """What an operation mode does at some fill levels."""

    levels: Range
    """Ascending."""
    rate: Range
    """Fill level per second, at factor 0 and 1."""
    power: Range
    """Electric, W, consumption positive."""
    cost: float
    """Besides the energy, per second, as far as it is known."""
    fuels: Mapping[str, Range] = MappingProxyType({})
    """What it consumes of other commodities, in kW, by their names."""

    @classmethod
    def from_wire(cls, element: Mapping[str, Any]) -> Self:
        """Read an element of FRBC, or an operation mode of OMBC, which has no fill level."""
        levels = _range(element, "fill_level_range", Range(-inf, inf))
        # Its ends say how uncertain it is, and have nothing to do with the factor.
        costs = _range(element, "running_costs", ZERO)
        return cls(
            Range(levels.low, levels.high),
            _range(element, "fill_rate", ZERO),
            electric_power(element["power_ranges"]),
            (costs.low + costs.high) / 2,
            fuel_powers(element["power_ranges"]),
        )

    @property
    def burns(self) -> bool:
        """Whether it consumes anything that is not electricity."""
        return any(power.high > 0 for power in self.fuels.values())

    @property
    def only_burns(self) -> bool:
        """Whether what it consumes of electricity is not worth mentioning beside that."""
        most = sum(max(power.high, 0.0) for power in self.fuels.values())
        return max(map(abs, self.power)) / 1000 <= most * _AUXILIARY and self.burns

    def fuel_cost(self, factor: float, prices: Mapping[str, float]) -> float | None:
        """What that costs per second, at prices per kWh; None if one is not known."""
        burnt = {fuel: power for fuel, power in self.fuels.items() if power.high > 0}
        if not burnt.keys() <= prices.keys():
            return None
        return (
            sum(power.at(factor) * prices[fuel] for fuel, power in burnt.items()) / 3600
        )

    def distance(self, level: float) -> float:
        """How far a fill level is from those of the element."""
        return max(self.levels.start - level, level - self.levels.end, 0.0)


def read_elements(
    elements: Sequence[Mapping[str, Any]],
) -> tuple[OperationModeElement, ...]:
    """Read the elements of an operation mode, in order of fill levels.

    Raises InvalidContentError.
    """
    if not elements:
        raise InvalidContentError("an operation mode without elements")
    return tuple(
        sorted(
            map(OperationModeElement.from_wire, elements),
            key=lambda element: element.levels.start,
        )
    )


def _range(element: Mapping[str, Any], key: str, default: Range) -> Range:
    return Range.from_wire(element[key]) if key in element else default


def charging_points(
    elements: Iterable[OperationModeElement],
) -> list[tuple[float, float]]:
    """The fill rates and powers at which consumption fills the storage."""
    return [
        (rate, power) for rate, power in _points(elements) if rate > 0 and power > 0
    ]


def discharging_points(
    elements: Iterable[OperationModeElement],
) -> list[tuple[float, float]]:
    """The fill rates and powers at which production empties the storage."""
    return [
        (rate, power) for rate, power in _points(elements) if rate < 0 and power < 0
    ]


def _points(elements: Iterable[OperationModeElement]) -> Iterator[tuple[float, float]]:
    """The fill rates and powers at both ends of each element.

    What burns something else says nothing of what electricity does.
    """
    for element in elements:
        if not element.only_burns:
            yield from zip(element.rate, element.power, strict=True)
