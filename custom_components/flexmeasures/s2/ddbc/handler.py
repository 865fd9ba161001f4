"""A demand that has to be met, and a choice of how."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, override

from ..instructions.instruction import Instruction
from ..messages.message import ControlType, Message
from ..operation_modes.actuators import Actuator
from ..operation_modes.balance import Behind
from ..operation_modes.expected_actuator import Command
from ..operation_modes.handler import OperationModeHandler
from ..operation_modes.profile import Segment
from ..plan import Prices, Window
from .demand import DemandRate
from .description import SystemDescription, read_description
from .flex_model import demand_flex_model
from .instructions import commands

_SYSTEM_DESCRIPTION = "DDBC.SystemDescription"


class DdbcHandler(OperationModeHandler[SystemDescription]):
    """The demand, and the actuators that can meet it, as of a hybrid heat pump.

    The flex-model is that of the electric actuators, which have to meet the demand as
    far as they can. Instructions follow the power that is planned for them, whoever has
    planned it, and leave the rest of the demand to the others.
    """

    control_type: ClassVar[ControlType] = ControlType.DEMAND_DRIVEN
    prefix: ClassVar[str] = "DDBC"
    message_types: ClassVar[frozenset[str]] = frozenset(
        {
            _SYSTEM_DESCRIPTION,
            "DDBC.ActuatorStatus",
            "DDBC.TimerStatus",
            "DDBC.AverageDemandRateForecast",
            "DDBC.PresentDemandStatus",
        }
    )
    replan_on: ClassVar[frozenset[str]] = frozenset(
        {_SYSTEM_DESCRIPTION, "DDBC.AverageDemandRateForecast"}
    )
    follow_on: ClassVar[frozenset[str]] = message_types

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._demand = DemandRate()

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "DDBC.PresentDemandStatus":
                self._demand.take_present(body, now)
            case "DDBC.AverageDemandRateForecast":
                self._demand.take_forecast(body, message.id, now)
            case _:
                super().receive(message, now)
                # A description may tell it too.
                self._demand.take_present(body, now)

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if (
            object_type != "DDBC.AverageDemandRateForecast"
            or not self._demand.drop_forecast(object_id)
        ):
            super().revoke(object_type, object_id, now)

    @override
    def flex_model(
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        description = self._described_for(window)
        return demand_flex_model(description, self._demand, window, prices)

    @override
    def _commands(
        self,
        slots: Sequence[Segment[float]],
        behind: Behind,
        prices: Prices,
        now: datetime,
    ) -> Iterable[Command]:
        return commands(slots, self._descriptions, self._statuses.state, self._demand)

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """Control is handed back: idle actuators would leave the demand unmet."""
        return None

    @override
    def _read_description(self, body: Mapping[str, Any]) -> SystemDescription:
        return read_description(body)

    @override
    def _actuators_of(self, description: SystemDescription) -> Sequence[Actuator]:
        return description
