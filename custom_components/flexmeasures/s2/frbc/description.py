"""What an ``FRBC.SystemDescription`` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..messages.message import InvalidContentError
from ..operation_modes.actuators import Actuator
from ..operation_modes.modes import OperationModeElement, WireMode
from ..operation_modes.ranges import Range
from .scale import Effects


@dataclass(frozen=True, slots=True)
class SystemDescription:
    """A storage and its actuators."""

    levels: Range
    level_label: str | None
    actuators: tuple[Actuator, ...]
    elements: tuple[OperationModeElement, ...]
    """All that the actuators can do under normal conditions."""
    effects: Effects
    """Of that."""

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Self:
        """Read a message; raises InvalidContentError if it contradicts itself."""
        actuators = tuple(_actuator(actuator) for actuator in body["actuators"])
        if len({actuator.id for actuator in actuators}) < len(actuators):
            raise InvalidContentError("two actuators of one id")
        elements = tuple(
            element for actuator in actuators for element in actuator.normal_elements()
        )
        storage = body["storage"]
        return cls(
            fill_levels(storage),
            storage.get("fill_level_label", "").strip() or None,
            actuators,
            elements,
            Effects.of(elements),
        )


def fill_levels(part: Mapping[str, Any]) -> Range:
    """A range of fill levels, which ascends."""
    levels = Range.from_wire(part["fill_level_range"])
    return Range(levels.low, levels.high)


def _actuator(description: Mapping[str, Any]) -> Actuator:
    return Actuator.from_wire(
        description["id"],
        [
            WireMode(mode["id"], mode["elements"], mode)
            for mode in description["operation_modes"]
        ],
        description,
    )
