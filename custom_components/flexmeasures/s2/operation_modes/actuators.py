"""What an actuator can do: its operation modes, by fill level where there is one."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, NamedTuple, Self

from ..messages.message import InvalidContentError
from .ranges import ZERO, Range, electric_power
from .transitions import ModeGraph, ModeState


class Element(NamedTuple):
    """What an operation mode does at some fill levels."""

    levels: Range
    """Ascending."""
    rate: Range
    """Fill level per second, at factor 0 and 1."""
    power: Range
    """Electric, W, consumption positive."""
    cost: Range
    """Besides the energy, per second."""

    @classmethod
    def from_wire(cls, element: Mapping[str, Any]) -> Self:
        """Read an element of FRBC, or an operation mode of OMBC, which has no fill level."""
        levels = _range(element, "fill_level_range", Range(-inf, inf))
        return cls(
            Range(levels.low, levels.high),
            _range(element, "fill_rate", ZERO),
            electric_power(element["power_ranges"]),
            _range(element, "running_costs", ZERO),
        )

    def points(self) -> Iterator[tuple[float, float]]:
        """Fill rate and power at both ends."""
        return zip(self.rate, self.power, strict=True)

    def distance(self, level: float) -> float:
        """How far a fill level is from those of the element."""
        return max(self.levels.start - level, level - self.levels.end, 0.0)


def _in_order(elements: Sequence[Mapping[str, Any]]) -> tuple[Element, ...]:
    if not elements:
        raise InvalidContentError("an operation mode without elements")
    return tuple(
        sorted(
            map(Element.from_wire, elements), key=lambda element: element.levels.start
        )
    )


def _name(description: Mapping[str, Any], instead: str) -> str:
    return description.get("diagnostic_label", "").strip() or instead


def _range(element: Mapping[str, Any], key: str, default: Range) -> Range:
    return Range.from_wire(element[key]) if key in element else default


class WireMode(NamedTuple):
    """An operation mode in a message."""

    id: str
    elements: Sequence[Mapping[str, Any]]
    description: Mapping[str, Any]
    """Whatever else it has."""


@dataclass(frozen=True, slots=True)
class Actuator:
    """A part of a device that is instructed by itself."""

    id: str
    name: str
    """What the RM calls it; its id if it has no other name."""
    mode_names: Mapping[str, str]
    """The same of its operation modes, by their ids."""
    modes: Mapping[str, tuple[Element, ...]]
    """The elements of each operation mode, in order of fill levels."""
    starts: Mapping[str, Sequence[float]]
    """The fill levels at which these begin."""
    graph: ModeGraph

    @classmethod
    def from_wire(
        cls,
        actuator_id: str,
        modes: Sequence[WireMode],
        description: Mapping[str, Any],
    ) -> Self:
        """Read a description with its ``transitions`` and ``timers``.

        Raises InvalidContentError.
        """
        abnormal_only = {
            mode.id: mode.description["abnormal_condition_only"] for mode in modes
        }
        if len(abnormal_only) < len(modes):
            raise InvalidContentError("two operation modes of one id")
        graph = ModeGraph.from_wire(
            abnormal_only, description["transitions"], description["timers"]
        )
        elements = {mode.id: _in_order(mode.elements) for mode in modes}
        return cls(
            actuator_id,
            _name(description, actuator_id),
            {mode.id: _name(mode.description, mode.id) for mode in modes},
            elements,
            {
                mode: tuple(element.levels.start for element in parts)
                for mode, parts in elements.items()
            },
            graph,
        )

    def element(self, mode: str, level: float) -> Element:
        """What a mode does at a fill level, or at the nearest one that it knows."""
        elements = self.modes[mode]
        after = bisect_right(self.starts[mode], level)
        near = elements[max(after - 1, 0) : after + 1]
        if level <= near[0].levels.end:
            return near[0]
        return min(near, key=lambda element: element.distance(level))

    def normal_elements(self) -> Iterator[Element]:
        """All that it can do under normal conditions."""
        for mode in sorted(self.graph.normal):
            yield from self.modes[mode]

    @property
    def levels(self) -> set[float]:
        """The fill levels at which something changes."""
        return {
            boundary
            for elements in self.modes.values()
            for element in elements
            for boundary in element.levels
        }

    def bands(self, state: ModeState, moment: datetime) -> list[Range]:
        """The powers (W) that it can have, from the state that it is in."""
        modes = self.graph.routes(state, moment) or self.graph.normal
        return merged(element.power for mode in modes for element in self.modes[mode])


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same ranges without overlaps, ascending and in order."""
    found: list[Range] = []
    for low, high in sorted((each.low, each.high) for each in ranges):
        if found and low <= found[-1].end:
            found[-1] = Range(found[-1].start, max(found[-1].end, high))
        else:
            found.append(Range(low, high))
    return found
