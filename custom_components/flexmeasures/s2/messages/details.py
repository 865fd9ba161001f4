"""What an RM says about its resource."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from .message import ControlType, Message


@dataclass(frozen=True, slots=True)
class ResourceDetails:
    """The ResourceManagerDetails of an RM."""

    resource_id: str
    control_types: frozenset[ControlType]
    """What it offers; none at all if it pauses being controlled."""
    measured_quantities: frozenset[str]
    instruction_processing_delay: timedelta
    provides_forecast: bool
    name: str | None
    manufacturer: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    currency: str | None

    @classmethod
    def from_message(cls, message: Message) -> Self:
        """Read them from a message of their type."""
        body = message.body
        return cls(
            resource_id=body["resource_id"],
            control_types=frozenset(map(ControlType, body["available_control_types"])),
            measured_quantities=frozenset(body["provides_power_measurement_types"]),
            instruction_processing_delay=body["instruction_processing_delay"],
            provides_forecast=body["provides_forecast"],
            name=body.get("name"),
            manufacturer=body.get("manufacturer"),
            model=body.get("model"),
            serial_number=body.get("serial_number"),
            firmware_version=body.get("firmware_version"),
            currency=body.get("currency"),
        )

    def offers(self, control_type: ControlType) -> bool:
        """Whether it can be selected; giving back the control always can."""
        return (
            control_type is ControlType.NO_SELECTION
            or control_type in self.control_types
        )
