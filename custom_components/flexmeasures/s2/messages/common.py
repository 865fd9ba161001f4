"""The messages that belong to no control type, and what the control types share."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .fields import (
    Validator,
    boolean,
    duration,
    identifier,
    label,
    list_of,
    number,
    object_of,
    one_of,
    timestamp,
)
from .message import ControlType, InstructionStatus, ReceptionStatus

LONGEST_PROFILE: Final = 288

COMMODITY: Final = one_of("ELECTRICITY", "GAS", "HEAT", "OIL")
QUANTITY: Final = one_of(
    "ELECTRIC.POWER.L1",
    "ELECTRIC.POWER.L2",
    "ELECTRIC.POWER.L3",
    "ELECTRIC.POWER.3_PHASE_SYMMETRIC",
    "NATURAL_GAS.FLOW_RATE",
    "HYDROGEN.FLOW_RATE",
    "HEAT.TEMPERATURE",
    "HEAT.FLOW_RATE",
    "HEAT.THERMAL_POWER",
    "OIL.FLOW_RATE",
)
REVOCABLE: Final = one_of(
    "PEBC.PowerConstraints",
    "PEBC.EnergyConstraint",
    "PEBC.Instruction",
    "PPBC.PowerProfileDefinition",
    "PPBC.ScheduleInstruction",
    "PPBC.StartInterruptionInstruction",
    "PPBC.EndInterruptionInstruction",
    "OMBC.SystemDescription",
    "OMBC.Instruction",
    "FRBC.SystemDescription",
    "FRBC.Instruction",
    "DDBC.SystemDescription",
    "DDBC.Instruction",
    # In the official model reference, though not in the schema.
    "FRBC.LeakageBehaviour",
    "FRBC.UsageForecast",
    "FRBC.FillLevelTargetProfile",
    "DDBC.AverageDemandRateForecast",
)

NUMBER_RANGE: Final = object_of({"start_of_range": number, "end_of_range": number})
INSTRUCTION: Final[Mapping[str, Validator]] = {
    "id": identifier,
    "execution_time": timestamp,
    "abnormal_condition": boolean,
}


def limits(prefix: str) -> dict[str, Validator]:
    """Give the optional bounds of a forecast, e.g. ``usage_rate_upper_95PPR``."""
    return {
        f"{prefix}_{side}_{width}": number
        for side in ("upper", "lower")
        for width in ("limit", "95PPR", "68PPR")
    }


def profile_of(required: Mapping[str, Validator], prefix: str = "") -> Validator:
    """Take the elements of a profile, each of which lasts for some time."""
    return list_of(
        object_of(
            {"duration": duration, **required}, limits(prefix) if prefix else None
        ),
        least=1,
        most=LONGEST_PROFILE,
    )


POWER_PROFILE: Final = profile_of(
    {
        "power_values": list_of(
            object_of(
                {"value_expected": number, "commodity_quantity": QUANTITY},
                limits("value"),
            ),
            least=1,
            most=10,
        )
    }
)

# What an RM cannot do at the moment, it may announce with an empty list.
_DETAILS: Final = object_of(
    {
        "resource_id": identifier,
        "roles": list_of(
            object_of(
                {
                    "role": one_of(
                        "ENERGY_PRODUCER", "ENERGY_CONSUMER", "ENERGY_STORAGE"
                    ),
                    "commodity": COMMODITY,
                }
            ),
            least=0,
            most=3,
        ),
        "instruction_processing_delay": duration,
        "available_control_types": list_of(one_of(*ControlType), least=0, most=5),
        "provides_forecast": boolean,
        "provides_power_measurement_types": list_of(QUANTITY, least=0, most=10),
    },
    {
        "name": label,
        "manufacturer": label,
        "model": label,
        "serial_number": label,
        "firmware_version": label,
        # The specification's own list lacks the currencies of half the world.
        "currency": vol.All(str, vol.Match(r"[A-Z]{3}\Z")),
    },
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "Handshake": object_of(
        {"role": one_of("CEM", "RM")},
        {"supported_protocol_versions": list_of(label, least=1, most=50)},
    ),
    "HandshakeResponse": object_of({"selected_protocol_version": label}),
    "ReceptionStatus": object_of(
        {"subject_message_id": identifier, "status": one_of(*ReceptionStatus)},
        {"diagnostic_label": label},
    ),
    "ResourceManagerDetails": _DETAILS,
    "SelectControlType": object_of({"control_type": one_of(*ControlType)}),
    "SessionRequest": object_of(
        {"request": one_of("RECONNECT", "TERMINATE")}, {"diagnostic_label": label}
    ),
    "RevokeObject": object_of({"object_type": REVOCABLE, "object_id": identifier}),
    "InstructionStatusUpdate": object_of(
        {
            "instruction_id": identifier,
            "status_type": one_of(*InstructionStatus),
            "timestamp": timestamp,
        }
    ),
    "PowerMeasurement": object_of(
        {
            "measurement_timestamp": timestamp,
            "values": list_of(
                object_of({"commodity_quantity": QUANTITY, "value": number}),
                least=1,
                most=10,
            ),
        }
    ),
    "PowerForecast": object_of({"start_time": timestamp, "elements": POWER_PROFILE}),
}
