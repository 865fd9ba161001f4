"""What a ``DDBC.SystemDescription`` says: the actuators that can meet a demand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Self

from ..messages.message import InvalidContentError
from ..operation_modes.actuators import Actuator
from ..operation_modes.costs import PricesNow
from ..operation_modes.modes import OperationModeElement, WireMode


@dataclass(frozen=True, slots=True)
class DemandActuator(Actuator):
    """An actuator; the rates of its elements are what it supplies."""

    electric_modes: frozenset[str]
    """The operation modes that supply something with electricity alone."""

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Self:
        """Read a ``DDBC.ActuatorDescription``; raises InvalidContentError."""
        modes = description["operation_modes"]
        actuator = Actuator.from_wire(
            description["id"],
            [
                WireMode(
                    mode["Id"], [{**mode, "fill_rate": mode["supply_range"]}], mode
                )
                for mode in modes
            ],
            description,
        )
        electric = (
            mode["Id"]
            for mode in modes
            if actuator.element(mode["Id"], 0.0).power.high > 0
            and actuator.element(mode["Id"], 0.0).rate.high > 0
            and not actuator.element(mode["Id"], 0.0).burns
        )
        return cls(
            actuator.id,
            actuator.name,
            actuator.mode_names,
            actuator.modes,
            actuator.starts,
            actuator.graph,
            actuator.graph.normal.intersection(electric),
        )

    @property
    def most_power(self) -> float:
        """The most that it consumes, in W, where it uses electricity alone."""
        return max((each.power.high for each in self._electric_elements), default=0.0)

    def electric(self, rate: float) -> tuple[float, float]:
        """What it supplies of a rate with electricity alone, and the power in W for that.

        Where it cannot supply so little, it is what it can that counts.
        """
        if rate <= 0:
            return 0.0, 0.0
        points = (
            (each.rate.at(factor), each.power.at(factor))
            for each in self._electric_elements
            for factor in (each.rate.factor_of(rate),)
        )
        return min(
            points,
            key=lambda point: (max(rate - point[0], 0.0), point[1]),
            default=(0.0, 0.0),
        )

    def cost(self, prices: PricesNow) -> float | None:
        """What a unit of what it supplies costs; None if a price is not known.

        With electricity alone, if it can.
        """
        elements = (
            self._electric_elements if self.electric_modes else self.normal_elements()
        )
        costs = (
            cost / element.rate.high
            for element in elements
            if element.rate.high > 0
            and (
                cost := prices.cost(element, element.rate.factor_of(element.rate.high))
            )
            is not None
        )
        return min(costs, default=None)

    @property
    def most(self) -> float:
        """The most that it supplies."""
        return max((each.rate.high for each in self.normal_elements()), default=0.0)

    @property
    def order(self) -> tuple[bool, float]:
        """The electric ones come first, and of each kind those that need the least."""
        if self.electric_modes:
            most = max(each.rate.high for each in self._electric_elements)
            supplied, power = self.electric(most)
            return False, power / supplied if supplied else inf
        return True, min(
            (
                element.cost / element.rate.high
                for element in self.normal_elements()
                if element.rate.high > 0
            ),
            default=inf,
        )

    @property
    def _electric_elements(self) -> Iterator[OperationModeElement]:
        return (self.element(mode, 0.0) for mode in self.electric_modes)


type SystemDescription = tuple[DemandActuator, ...]


def read_description(body: Mapping[str, Any]) -> SystemDescription:
    """Read a message; raises InvalidContentError if it contradicts itself."""
    actuators = tuple(map(DemandActuator.from_description, body["actuators"]))
    if len({actuator.id for actuator in actuators}) < len(actuators):
        raise InvalidContentError("two actuators of one id")
    return actuators
