"""What an actuator can do: its operation modes, by fill level where there is one."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..messages.message import InvalidContentError
from .modes import OperationModeElement, WireMode, read_elements
from .ranges import Range, merged
from .transitions import ModeGraph, ModeState

# The actuator of a device that does not speak of actuators.
DEVICE = ""


def _name(description: Mapping[str, Any], instead: str) -> str:
    return description.get("diagnostic_label", "").strip() or instead


@dataclass(frozen=True, slots=True)
class Actuator:
    """A part of a device that is instructed by itself."""

    id: str
    name: str
    """What the RM calls it; its id if it has no other name."""
    mode_names: Mapping[str, str]
    """The same of its operation modes, by their ids."""
    modes: Mapping[str, tuple[OperationModeElement, ...]]
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
        elements = {mode.id: read_elements(mode.elements) for mode in modes}
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

    def element(self, mode: str, level: float) -> OperationModeElement:
        """What a mode does at a fill level, or at the nearest one that it knows."""
        elements = self.modes[mode]
        after = bisect_right(self.starts[mode], level)
        near = elements[max(after - 1, 0) : after + 1]
        if level <= near[0].levels.end:
            return near[0]
        return min(near, key=lambda element: element.distance(level))

    def can_be_in(self, mode: str, level: float) -> bool:
        """Whether it may be in a mode at a fill level.

        At a level that is in none of them, which can be a bit beyond what the storage
        may have, any may be what leads back.
        """
        return self._knows(mode, level) or not any(
            self._knows(other, level) for other in self.modes
        )

    def _knows(self, mode: str, level: float) -> bool:
        return self.element(mode, level).distance(level) <= 0

    def elements_at(self, level: float) -> Iterator[OperationModeElement]:
        """What it can do at a fill level under normal conditions."""
        for mode in sorted(self.graph.normal):
            if self.can_be_in(mode, level):
                yield self.element(mode, level)

    def normal_elements(self) -> Iterator[OperationModeElement]:
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
