"""What simulated devices have to say in S2, as JSON has it."""

from datetime import UTC, datetime, timedelta
from typing import Any

SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"

type Body = dict[str, Any]
type Message = tuple[str, Body]
"""The type and the body of an S2 message."""


def details(name: str, role: str, *control_types: str) -> Body:
    """Return the body of a device's ResourceManagerDetails."""
    return {
        "resource_id": f"simulated-{name.lower().replace(' ', '-')}",
        "name": name,
        "roles": [{"role": role, "commodity": "ELECTRICITY"}],
        "manufacturer": "Sandbox",
        "instruction_processing_delay": 500,
        "available_control_types": list(control_types),
        "provides_forecast": False,
        "provides_power_measurement_types": [SYMMETRIC],
    }


def measurement(power: float, moment: datetime) -> Message:
    """Say how much a device consumes, in W."""
    return "PowerMeasurement", {
        "measurement_timestamp": text(moment),
        "values": [{"commodity_quantity": SYMMETRIC, "value": power}],
    }


def progress(instruction_id: str, status: str, moment: datetime) -> Message:
    """Say what has become of an instruction."""
    return "InstructionStatusUpdate", {
        "instruction_id": instruction_id,
        "status_type": status,
        "timestamp": text(moment),
    }


def number_range(start: float, end: float) -> Body:
    """Write a range of numbers."""
    return {"start_of_range": start, "end_of_range": end}


def power_range(start: float, end: float, quantity: str = SYMMETRIC) -> Body:
    """Write a range of power, or of what else is consumed."""
    return number_range(start, end) | {"commodity_quantity": quantity}


def milliseconds(duration: timedelta) -> int:
    """Write a duration."""
    return duration // timedelta(milliseconds=1)


def text(moment: datetime) -> str:
    """Write a moment."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
