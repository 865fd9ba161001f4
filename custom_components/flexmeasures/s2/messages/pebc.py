"""Power envelope based control."""

from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from .common import INSTRUCTION, NUMBER_RANGE, QUANTITY, profile_of
from .fields import boolean, identifier, list_of, number, object_of, one_of, timestamp

SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    "PEBC.PowerConstraints": object_of(
        {
            "id": identifier,
            "valid_from": timestamp,
            "consequence_type": one_of("VANISH", "DEFER"),
            "allowed_limit_ranges": list_of(
                object_of(
                    {
                        "commodity_quantity": QUANTITY,
                        "limit_type": one_of("UPPER_LIMIT", "LOWER_LIMIT"),
                        "range_boundary": NUMBER_RANGE,
                        "abnormal_condition_only": boolean,
                    }
                ),
                least=2,
                most=100,
            ),
        },
        {"valid_until": timestamp},
    ),
    "PEBC.EnergyConstraint": object_of(
        {
            "id": identifier,
            "valid_from": timestamp,
            "valid_until": timestamp,
            "upper_average_power": number,
            "lower_average_power": number,
            "commodity_quantity": QUANTITY,
        }
    ),
    "PEBC.Instruction": object_of(
        {
            **INSTRUCTION,
            "power_constraints_id": identifier,
            "power_envelopes": list_of(
                object_of(
                    {
                        "id": identifier,
                        "commodity_quantity": QUANTITY,
                        "power_envelope_elements": profile_of(
                            {"upper_limit": number, "lower_limit": number}
                        ),
                    }
                ),
                least=1,
                most=10,
            ),
        }
    ),
}
