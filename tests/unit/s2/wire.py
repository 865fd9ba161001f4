"""Messages as they come over the wire: one that is right of each type."""

from copy import deepcopy
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_MOMENT = "2026-11-22T12:00:00Z"

_RANGE = {"start_of_range": 0, "end_of_range": 100}
_L1 = "ELECTRIC.POWER.L1"
_POWERS = [{"start_of_range": 0, "end_of_range": 3000, "commodity_quantity": _L1}]
_TRANSITIONS = [
    {
        "id": "start",
        "from": "off",
        "to": "on",
        "start_timers": ["rest"],
        "blocking_timers": [],
        "transition_costs": 0.5,
        "transition_duration": 3000,
        "abnormal_condition_only": False,
    }
]
_TIMERS = [{"id": "rest", "diagnostic_label": "At rest", "duration": 60000}]
_STATUS = {
    "active_operation_mode_id": "on",
    "operation_mode_factor": 0.5,
    "previous_operation_mode_id": "off",
    "transition_timestamp": _MOMENT,
}
_POWER_PROFILE = [
    {
        "duration": 900000,
        "power_values": [
            {"value_expected": 500, "value_upper_95PPR": 700, "commodity_quantity": _L1}
        ],
    }
]
_INSTRUCTION = {"id": "do-it", "execution_time": _MOMENT, "abnormal_condition": False}
_SEQUENCE_INSTRUCTION = {
    **_INSTRUCTION,
    "power_profile_id": "wash",
    "sequence_container_id": "heating",
    "power_sequence_id": "eco",
}
_MODE = {
    "diagnostic_label": "On",
    "power_ranges": _POWERS,
    "running_costs": _RANGE,
    "abnormal_condition_only": False,
}
_DEMAND_MODE = {**_MODE, "Id": "on", "supply_range": _RANGE}
_DEMAND_ACTUATOR = {
    "id": "pump",
    "diagnostic_label": "Pump",
    "supported_commodites": ["ELECTRICITY", "GAS"],
    "operation_modes": [_DEMAND_MODE],
    "transitions": _TRANSITIONS,
    "timers": _TIMERS,
}

_BODIES: dict[str, dict[str, Any]] = {
    "Handshake": {"role": "RM", "supported_protocol_versions": ["0.0.2-beta"]},
    "HandshakeResponse": {"selected_protocol_version": "0.0.2-beta"},
    "ReceptionStatus": {"subject_message_id": "some-id", "status": "OK"},
    "ResourceManagerDetails": {
        "resource_id": "victron-rm-1",
        "name": "Battery",
        "roles": [{"role": "ENERGY_STORAGE", "commodity": "ELECTRICITY"}],
        "manufacturer": "ACME",
        "model": "B-100",
        "serial_number": "123",
        "firmware_version": "1.0",
        "instruction_processing_delay": 1500,
        "available_control_types": [
            "FILL_RATE_BASED_CONTROL",
            "POWER_ENVELOPE_BASED_CONTROL",
            "NOT_CONTROLABLE",
        ],
        "currency": "DKK",
        "provides_forecast": True,
        "provides_power_measurement_types": [_L1],
    },
    "SelectControlType": {"control_type": "FILL_RATE_BASED_CONTROL"},
    "SessionRequest": {"request": "TERMINATE", "diagnostic_label": "Good night"},
    "RevokeObject": {"object_type": "FRBC.SystemDescription", "object_id": "some-id"},
    "InstructionStatusUpdate": {
        "instruction_id": "do-it",
        "status_type": "STARTED",
        "timestamp": _MOMENT,
    },
    "PowerMeasurement": {
        "measurement_timestamp": _MOMENT,
        "values": [{"commodity_quantity": _L1, "value": -1200.5}],
    },
    "PowerForecast": {"start_time": _MOMENT, "elements": _POWER_PROFILE},
    "PEBC.PowerConstraints": {
        "id": "limits",
        "valid_from": _MOMENT,
        "valid_until": "9999-12-31T23:59:59Z",
        "consequence_type": "DEFER",
        "allowed_limit_ranges": [
            {
                "commodity_quantity": _L1,
                "limit_type": limit_type,
                "range_boundary": _RANGE,
                "abnormal_condition_only": False,
            }
            for limit_type in ("UPPER_LIMIT", "LOWER_LIMIT")
        ],
    },
    "PEBC.EnergyConstraint": {
        "id": "need",
        "valid_from": _MOMENT,
        "valid_until": "2026-11-23T12:00:00Z",
        "upper_average_power": 3000,
        "lower_average_power": 1000,
        "commodity_quantity": _L1,
    },
    "PEBC.Instruction": {
        **_INSTRUCTION,
        "power_constraints_id": "limits",
        "power_envelopes": [
            {
                "id": "envelope",
                "commodity_quantity": _L1,
                "power_envelope_elements": [
                    {"duration": 900000, "upper_limit": 100, "lower_limit": 0}
                ],
            }
        ],
    },
    "PPBC.PowerProfileDefinition": {
        "id": "wash",
        "start_time": _MOMENT,
        "end_time": "2026-11-22T18:00:00Z",
        "power_sequences_containers": [
            {
                "id": "heating",
                "power_sequences": [
                    {
                        "id": "eco",
                        "elements": _POWER_PROFILE,
                        "is_interruptible": False,
                        "max_pause_before": 3600000,
                        "abnormal_condition_only": False,
                    }
                ],
            }
        ],
    },
    "PPBC.PowerProfileStatus": {
        "sequence_container_status": [
            {
                "power_profile_id": "wash",
                "sequence_container_id": "heating",
                "selected_sequence_id": "eco",
                "progress": 60000,
                "status": "EXECUTING",
            }
        ]
    },
    "PPBC.ScheduleInstruction": _SEQUENCE_INSTRUCTION,
    "PPBC.StartInterruptionInstruction": _SEQUENCE_INSTRUCTION,
    "PPBC.EndInterruptionInstruction": _SEQUENCE_INSTRUCTION,
    "OMBC.SystemDescription": {
        "valid_from": _MOMENT,
        "operation_modes": [{**_MODE, "id": "on"}],
        "transitions": _TRANSITIONS,
        "timers": _TIMERS,
    },
    "OMBC.Status": _STATUS,
    "OMBC.TimerStatus": {"timer_id": "rest", "finished_at": "0001-01-01T00:00:00Z"},
    "OMBC.Instruction": {
        **_INSTRUCTION,
        "operation_mode_id": "on",
        "operation_mode_factor": 1,
    },
    "FRBC.SystemDescription": {
        "valid_from": _MOMENT,
        "actuators": [
            {
                "id": "inverter",
                "diagnostic_label": "Inverter",
                "supported_commodities": ["ELECTRICITY"],
                "operation_modes": [
                    {
                        "id": "on",
                        "diagnostic_label": "On",
                        "elements": [
                            {
                                "fill_level_range": _RANGE,
                                "fill_rate": {
                                    "start_of_range": 0,
                                    "end_of_range": 0.01,
                                },
                                "power_ranges": _POWERS,
                                "running_costs": _RANGE,
                            }
                        ],
                        "abnormal_condition_only": False,
                    }
                ],
                "transitions": _TRANSITIONS,
                "timers": _TIMERS,
            }
        ],
        "storage": {
            "diagnostic_label": "Cells",
            "fill_level_label": "%",
            "provides_leakage_behaviour": True,
            "provides_fill_level_target_profile": True,
            "provides_usage_forecast": True,
            "fill_level_range": _RANGE,
        },
    },
    "FRBC.StorageStatus": {"present_fill_level": 42},
    "FRBC.ActuatorStatus": {"actuator_id": "inverter", **_STATUS},
    "FRBC.TimerStatus": {
        "timer_id": "rest",
        "actuator_id": "inverter",
        "finished_at": _MOMENT,
    },
    "FRBC.LeakageBehaviour": {
        "valid_from": _MOMENT,
        "elements": [{"fill_level_range": _RANGE, "leakage_rate": 0.00005}],
    },
    "FRBC.UsageForecast": {
        "start_time": _MOMENT,
        "elements": [
            {
                "duration": 900000,
                "usage_rate_expected": 0.001,
                "usage_rate_lower_limit": 0,
            }
        ],
    },
    "FRBC.FillLevelTargetProfile": {
        "start_time": _MOMENT,
        "elements": [{"duration": 900000, "fill_level_range": _RANGE}],
    },
    "FRBC.Instruction": {
        **_INSTRUCTION,
        "actuator_id": "inverter",
        "operation_mode": "on",
        "operation_mode_factor": 0.25,
    },
    "DDBC.SystemDescription": {
        "valid_from": _MOMENT,
        "actuators": [_DEMAND_ACTUATOR],
        "present_demand_rate": _RANGE,
        "provides_average_demand_rate_forecast": True,
    },
    "DDBC.PresentDemandStatus": {"present_demand_rate": _RANGE},
    "DDBC.ActuatorStatus": {"actuator_id": "pump", **_STATUS},
    "DDBC.TimerStatus": {
        "timer_id": "rest",
        "actuator_id": "pump",
        "finished_at": _MOMENT,
    },
    "DDBC.AverageDemandRateForecast": {
        "start_time": _MOMENT,
        "elements": [
            {
                "duration": 900000,
                "demand_rate_expected": 2,
                "demand_rate_upper_68PPR": 3,
            }
        ],
    },
    "DDBC.Instruction": {
        **_INSTRUCTION,
        "actuator_id": "pump",
        "operation_mode_id": "on",
        "operation_mode_factor": 0,
    },
}

TYPES = tuple(_BODIES)


def wire(
    message_type: str, message_id: Any = "some-id", **changes: Any
) -> dict[str, Any]:
    """Make a message that is right, with some fields of its body changed."""
    head: dict[str, Any] = {"message_type": message_type}
    if message_type != "ReceptionStatus":
        head["message_id"] = message_id
    return {**head, **deepcopy(_BODIES[message_type]), **changes}


def official_examples(*names: str) -> list[dict[str, Any]]:
    """Read messages of the official documentation."""
    folder = Path(__file__).parent / "examples"
    return [
        message
        for name in names
        for message in json.loads((folder / f"{name}.json").read_text("utf-8"))
    ]
