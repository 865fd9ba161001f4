"""A device that is switched between operation modes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, override

from ..messages.message import ControlType
from ..operation_modes.actuators import Actuator
from ..operation_modes.balance import Behind
from ..operation_modes.expected_actuator import Command
from ..operation_modes.handler import OperationModeHandler
from ..operation_modes.profile import Segment
from ..operation_modes.ranges import Range
from ..plan import Prices, Window
from .description import read_description
from .flex_model import device_flex_model, generator_flex_model, whole_slots_kwh
from .generator import is_worth_producing
from .instructions import commands

_SYSTEM_DESCRIPTION = "OMBC.SystemDescription"


class OmbcHandler(OperationModeHandler[Actuator]):
    """A device that is switched between operation modes.

    Its flex-model has a virtual storage, empty when the schedule begins, that holds
    what the device has consumed since. How much of that is needed by when is for the
    user to say (soc-minima that are added to it): without it the device runs only while
    consuming earns money. What only produces, like a generator, empties a full one.
    """

    control_type: ClassVar[ControlType] = ControlType.OPERATION_MODE
    prefix: ClassVar[str] = "OMBC"
    message_types: ClassVar[frozenset[str]] = frozenset(
        {_SYSTEM_DESCRIPTION, "OMBC.Status", "OMBC.TimerStatus"}
    )
    replan_on: ClassVar[frozenset[str]] = frozenset({_SYSTEM_DESCRIPTION})
    follow_on: ClassVar[frozenset[str]] = message_types

    @override
    def flex_model(
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        bands = self._bands(window)
        if not bands or bands[-1].high > 0 or bands[0].low >= 0:
            return device_flex_model(bands, window, capacity_kwh=capacity_kwh)
        elements = list(self._described_for(window).normal_elements())
        return generator_flex_model(
            bands,
            window,
            capacity_kwh=capacity_kwh,
            is_worth_it=lambda moment: is_worth_producing(elements, prices, moment),
        )

    @property
    @override
    def counts_energy(self) -> bool:
        powers = [
            element.power
            for device in self._descriptions
            for element in device.normal_elements()
        ]
        return not powers or max(power.high for power in powers) > 0

    @override
    def whole_slots_kwh(self, least: float, window: Window) -> float:
        return whole_slots_kwh(least, self._bands(window), window)

    def _bands(self, window: Window) -> Sequence[Range]:
        """The powers (W) that the device can have."""
        device = self._described_for(window)
        return device.bands(self._statuses.state(device), window.start)

    @override
    def _commands(
        self,
        slots: Sequence[Segment[float]],
        behind: Behind,
        prices: Prices,
        now: datetime,
    ) -> Iterable[Command]:
        return commands(slots, self._descriptions, self._statuses.state, behind)

    @override
    def _read_description(self, body: Mapping[str, Any]) -> Actuator:
        return read_description(body)

    @override
    def _actuators_of(self, description: Actuator) -> Sequence[Actuator]:
        return [description]
