"""What an RM has told in a session, and under which control type."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from ..handler import ControlTypeHandler
from ..instructions.instruction import Instruction
from ..messages.abnormal import under_abnormal_conditions
from ..messages.details import ResourceDetails
from ..messages.message import (
    ControlType,
    InstructionStatus,
    InvalidContentError,
    Message,
)
from ..messages.plausibility import check_plausibility
from .effects import (
    ControlTypeChanged,
    DetailsReceived,
    Effect,
    InstructionUpdated,
    ObjectRevoked,
)

_CONTROL_TYPES: Final = {
    "PEBC": ControlType.POWER_ENVELOPE,
    "PPBC": ControlType.POWER_PROFILE,
    "OMBC": ControlType.OPERATION_MODE,
    "FRBC": ControlType.FILL_RATE,
    "DDBC": ControlType.DEMAND_DRIVEN,
}
"""By what the types of their messages begin with."""


class ResourceManager:
    """An RM as it is known here: its details, its control type and all said under it."""

    def __init__(
        self,
        make_handler: Callable[[ControlType], ControlTypeHandler],
        highest_power: float,
    ) -> None:
        """Know nothing yet."""
        self._make_handler = make_handler
        self._highest_power = highest_power
        self.details: ResourceDetails | None = None
        self.control_type = ControlType.NO_SELECTION
        self.is_emergency = False
        """Whether what is for abnormal conditions only may be used."""
        self._handlers: tuple[ControlTypeHandler, ControlTypeHandler] | None = None
        """What is known normally, and what is in an emergency."""
        self._forecast: Message | None = None

    @property
    def handler(self) -> ControlTypeHandler | None:
        """None under a control type that controls nothing."""
        return self._handlers and self._handlers[self.is_emergency]

    def set_emergency(self, *, is_emergency: bool) -> list[Effect]:
        """Use what is for abnormal conditions only from now on, or no more."""
        if is_emergency is self.is_emergency:
            return []
        self.is_emergency = is_emergency
        return [ControlTypeChanged(self.control_type)] if self._handlers else []

    def told(self, instruction: Instruction) -> None:
        """Take note that an instruction was sent."""
        for handler in self._handlers or ():
            handler.told(instruction)

    def refused(self, instruction: Instruction) -> None:
        """Take note that the RM does not do what it was told."""
        for handler in self._handlers or ():
            handler.refused(instruction)

    def introduce(self, details: ResourceDetails, now: datetime) -> list[Effect]:
        """Take over what it is, wholly, for the first time or again.

        A control type that it does not offer any more is given up.
        """
        self.details = details
        effects: list[Effect] = [DetailsReceived(details)]
        if not details.offers(self.control_type):
            effects += self.activate(ControlType.NO_SELECTION, now)
        return effects

    def activate(self, control_type: ControlType, now: datetime) -> list[Effect]:
        """Begin with another control type, and forget what was said under the old.

        A forecast holds under any.
        """
        self.control_type = control_type
        self._handlers = (
            (self._make_handler(control_type), self._make_handler(control_type))
            if control_type in _CONTROL_TYPES.values()
            else None
        )
        if self._forecast:
            # It was right when it came.
            with suppress(InvalidContentError):
                self._hand_on(self._forecast, now)
        return [ControlTypeChanged(control_type)]

    def owns(self, object_type: str) -> bool:
        """Whether instructions or objects of a type belong to its control type."""
        prefix, _, _ = object_type.partition(".")
        return _CONTROL_TYPES.get(prefix) == self.control_type

    def take_in(self, message: Message, now: datetime) -> list[Effect]:
        """Take over what it says about its resource; raises InvalidContentError."""
        if self.details is None:
            raise InvalidContentError("no details yet")
        body = message.body
        check_plausibility(body, now, self._highest_power)
        match message.type:
            case "PowerMeasurement":
                quantities = {value["commodity_quantity"] for value in body["values"]}
                if not quantities <= self.details.measured_quantities:
                    raise InvalidContentError("commodity_quantity")
                self._hand_on(message, now)
                return []
            case "PowerForecast":
                self._hand_on(message, now)
                self._forecast = message
                return []
            case "InstructionStatusUpdate":
                # When and in what order they come is laid down nowhere.
                status = InstructionStatus(body["status_type"])
                return [InstructionUpdated(body["instruction_id"], status)]
            case "RevokeObject":
                return self._revoke(body["object_type"], body["object_id"], now)
        if self.handler is None or message.type not in self.handler.message_types:
            raise InvalidContentError("not of the control type that is selected")
        self._receive(message, now)
        return []

    def _receive(self, message: Message, now: datetime) -> None:
        """Let both handlers have it, if it is right."""
        if self._handlers is None:
            return
        normal, abnormal = self._handlers
        normal.receive(message, now)
        abnormal.receive(under_abnormal_conditions(message), now)

    def _hand_on(self, message: Message, now: datetime) -> None:
        """Let the control type have what may come under any."""
        if self.handler and message.type in self.handler.message_types:
            self._receive(message, now)

    def _revoke(self, object_type: str, object_id: str, now: datetime) -> list[Effect]:
        if self.handler is None or not self.owns(object_type):
            raise InvalidContentError("object_type")
        if object_type.endswith("Instruction"):
            return [InstructionUpdated(object_id, InstructionStatus.REVOKED)]
        for handler in self._handlers or ():
            handler.revoke(object_type, object_id, now)
        return [ObjectRevoked(object_type, object_id)]
