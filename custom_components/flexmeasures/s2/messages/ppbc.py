"""Power profile based control."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .common import INSTRUCTION, POWER_PROFILE
from .fields import boolean, duration, identifier, list_of, object_of, one_of, timestamp
from .message import SequenceStatus

_SEQUENCE: Final = object_of(
    {
        "id": identifier,
        "elements": POWER_PROFILE,
        "is_interruptible": boolean,
        "abnormal_condition_only": boolean,
    },
    {"max_pause_before": duration},
)
_CONTAINER: Final = object_of(
    {"id": identifier, "power_sequences": list_of(_SEQUENCE, least=1, most=288)}
)
_INSTRUCTION: Final = object_of(
    {
        **INSTRUCTION,
        "power_profile_id": identifier,
        "sequence_container_id": identifier,
        "power_sequence_id": identifier,
    }
)

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "PPBC.PowerProfileDefinition": object_of(
        {
            "id": identifier,
            "start_time": timestamp,
            "end_time": timestamp,
            "power_sequences_containers": list_of(_CONTAINER, least=1, most=1000),
        }
    ),
    "PPBC.PowerProfileStatus": object_of(
        {
            "sequence_container_status": list_of(
                object_of(
                    {
                        "power_profile_id": identifier,
                        "sequence_container_id": identifier,
                        "status": one_of(*SequenceStatus),
                    },
                    {"selected_sequence_id": identifier, "progress": duration},
                ),
                least=1,
                most=1000,
            )
        }
    ),
    "PPBC.ScheduleInstruction": _INSTRUCTION,
    "PPBC.StartInterruptionInstruction": _INSTRUCTION,
    "PPBC.EndInterruptionInstruction": _INSTRUCTION,
}
