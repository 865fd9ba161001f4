"""A copy that another thread works with, while messages go on coming."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.handler import (
    ControlTypeHandler,
    NotPlannableError,
)
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler
from custom_components.flexmeasures.s2.ppbc.handler import PpbcHandler

from .devices import (
    EV,
    HEAT_PUMP,
    L1,
    NOW,
    SYMMETRIC,
    WINDOW,
    frbc_status,
    message,
    number_range,
    plan,
    power,
    tell,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PLAN = Plan(plan(1.0, 2.0, 0.0, 2.0).power, consumption_price=Price("EUR", fixed=0.3))

type Told = tuple[type[ControlTypeHandler], list[tuple[str, dict[str, Any]]]]


def on_off(*modes: str) -> dict[str, Any]:
    return {
        "valid_from": NOW,
        "operation_modes": [
            {
                "id": mode,
                "power_ranges": [power(place * 1000, place * 1000)],
                "abnormal_condition_only": False,
            }
            for place, mode in enumerate(modes)
        ],
        "transitions": [],
        "timers": [],
    }


def burner(supply: float) -> dict[str, Any]:
    return {
        "valid_from": NOW,
        "actuators": [
            {
                "id": "actuator",
                "supported_commodites": ["ELECTRICITY"],
                "operation_modes": [
                    {
                        "Id": "heat",
                        "power_ranges": [power(0, 2000)],
                        "supply_range": number_range(0, supply),
                        "abnormal_condition_only": False,
                    }
                ],
                "transitions": [],
                "timers": [],
            }
        ],
        "provides_average_demand_rate_forecast": True,
        "present_demand_rate": number_range(1, 1),
    }


def constraints(most: float) -> dict[str, Any]:
    return {
        "id": "constraints",
        "valid_from": NOW,
        "consequence_type": "VANISH",
        "allowed_limit_ranges": [
            {
                "commodity_quantity": SYMMETRIC,
                "limit_type": f"{kind}_LIMIT",
                "range_boundary": number_range(0, high),
                "abnormal_condition_only": False,
            }
            for kind, high in (("LOWER", 0), ("UPPER", most))
        ],
    }


def need(need_id: str, watts: float) -> dict[str, Any]:
    return {
        "id": need_id,
        "valid_from": NOW,
        "valid_until": NOW + HOUR,
        "upper_average_power": watts,
        "lower_average_power": watts,
        "commodity_quantity": SYMMETRIC,
    }


def measured(minutes: int) -> dict[str, Any]:
    return {
        "measurement_timestamp": NOW + minutes * MINUTE,
        "values": [{"commodity_quantity": SYMMETRIC, "value": 5000.0}],
    }


def task(profile: str) -> dict[str, Any]:
    return {
        "id": profile,
        "start_time": NOW,
        "end_time": NOW + 12 * HOUR,
        "power_sequences_containers": [
            {
                "id": "c0",
                "power_sequences": [
                    {
                        "id": "run",
                        "elements": [
                            {
                                "duration": HOUR,
                                "power_values": [
                                    {"value_expected": 9.0, "commodity_quantity": L1}
                                ],
                            }
                        ],
                        "is_interruptible": False,
                        "abnormal_condition_only": False,
                    }
                ],
            }
        ],
    }


def state(profile: str, status: str) -> dict[str, Any]:
    return {
        "sequence_container_status": [
            {
                "power_profile_id": profile,
                "sequence_container_id": "c0",
                "status": status,
            }
        ]
    }


def rates(key: str, *values: float) -> dict[str, Any]:
    elements = [{"duration": HOUR, key: value} for value in values]
    return {"start_time": NOW, "elements": elements}


FRBC: Told = (
    FrbcHandler,
    [
        ("FRBC.ActuatorStatus", frbc_status("off")),
        ("FRBC.SystemDescription", HEAT_PUMP),
        ("FRBC.StorageStatus", {"present_fill_level": 35.0}),
        ("FRBC.ActuatorStatus", frbc_status("on", 0.5)),
        (
            "FRBC.TimerStatus",
            {"actuator_id": "actuator", "timer_id": "run", "finished_at": NOW + HOUR},
        ),
        (
            "FRBC.LeakageBehaviour",
            {
                "valid_from": NOW,
                "elements": [
                    {"fill_level_range": number_range(0, 90), "leakage_rate": 1e-4}
                ],
            },
        ),
        ("FRBC.UsageForecast", rates("usage_rate_expected", 1e-4)),
        ("FRBC.SystemDescription", EV),
        ("FRBC.ActuatorStatus", frbc_status("charge", 0.5)),
    ],
)
OMBC: Told = (
    OmbcHandler,
    [
        ("OMBC.SystemDescription", on_off("off", "on")),
        (
            "OMBC.Status",
            {"active_operation_mode_id": "on", "operation_mode_factor": 0.0},
        ),
        ("OMBC.SystemDescription", on_off("idle", "half", "full")),
    ],
)
DDBC: Told = (
    DdbcHandler,
    [
        ("DDBC.SystemDescription", burner(9)),
        ("DDBC.ActuatorStatus", frbc_status("heat", 0.5)),
        ("DDBC.PresentDemandStatus", {"present_demand_rate": number_range(3, 3)}),
        ("DDBC.AverageDemandRateForecast", rates("demand_rate_expected", 2.0, 4.0)),
        ("DDBC.SystemDescription", burner(5)),
    ],
)
PEBC: Told = (
    PebcHandler,
    [
        ("PEBC.PowerConstraints", constraints(9000)),
        ("PEBC.EnergyConstraint", need("need", 3000)),
        ("PowerMeasurement", measured(0)),
        ("PowerMeasurement", measured(10)),
        ("PEBC.EnergyConstraint", need("more", 2000)),
        ("PEBC.PowerConstraints", constraints(7000)),
    ],
)
PPBC: Told = (
    PpbcHandler,
    [
        ("PPBC.PowerProfileStatus", state("p", "SCHEDULED")),
        ("PPBC.PowerProfileDefinition", task("p")),
        ("PPBC.PowerProfileDefinition", task("q")),
        ("PPBC.PowerProfileStatus", state("p", "EXECUTING")),
        ("PPBC.PowerProfileStatus", state("p", "FINISHED")),
    ],
)


def conclusions(handler: ControlTypeHandler) -> list[Any]:
    """All that follows from what a handler knows."""

    def plain(instructions: Any) -> Any:
        return instructions and [
            (each.execution_time, _without_ids(each)) for each in instructions
        ]

    try:
        model: Any = handler.flex_model(WINDOW, capacity_kwh=None)
    except NotPlannableError as err:
        model = err.key
    return [
        model,
        plain(handler.instructions(PLAN, NOW)),
        plain(handler.idle_instructions(NOW)),
        handler.status(NOW, capacity_kwh=10),
    ]


def _without_ids(instruction: Instruction) -> dict[str, Any]:
    body = deepcopy(dict(instruction.body))
    del body["id"]
    for envelope in body.get("power_envelopes", ()):
        del envelope["id"]
    return body


@pytest.mark.parametrize("told", [FRBC, OMBC, DDBC, PEBC, PPBC])
def test_a_snapshot_knows_what_was_known_then(told: Told) -> None:
    kind, messages = told
    handler = kind()
    taken: list[tuple[ControlTypeHandler, list[Any]]] = []
    for message_type, body in messages:
        before = conclusions(handler)
        # Neither asking nor copying changes anything.
        assert conclusions(handler) == before == conclusions(handler.snapshot())
        taken.append((handler.snapshot(), before))
        tell(handler, message_type, **body)
    assert all(conclusions(snapshot) == then for snapshot, then in taken)
    assert any(then != conclusions(handler) for _, then in taken)


@pytest.mark.parametrize(
    ("told", "change"),
    [
        (
            FRBC,
            lambda handler, ids: handler.revoke("FRBC.SystemDescription", ids[-2], NOW),
        ),
        (
            OMBC,
            lambda handler, ids: handler.revoke("OMBC.SystemDescription", ids[-1], NOW),
        ),
        (
            DDBC,
            lambda handler, ids: handler.revoke("DDBC.SystemDescription", ids[-1], NOW),
        ),
        (PEBC, lambda handler, _: handler.revoke("PEBC.EnergyConstraint", "need", NOW)),
        (
            PEBC,
            lambda handler, _: handler.revoke(
                "PEBC.PowerConstraints", "constraints", NOW
            ),
        ),
        (
            PPBC,
            lambda handler, _: handler.revoke("PPBC.PowerProfileDefinition", "q", NOW),
        ),
        (PPBC, lambda handler, _: handler.told(handler.instructions(PLAN, NOW)[0])),
    ],
)
def test_a_snapshot_keeps_what_is_taken_back(
    told: Told, change: Callable[[Any, list[str]], None]
) -> None:
    kind, messages = told
    handler = kind()
    ids = []
    for message_type, body in messages:
        sent = message(message_type, **body)
        handler.receive(sent, NOW)
        ids.append(sent.id)
    before = conclusions(handler)
    snapshot = handler.snapshot()
    change(handler, ids)
    assert conclusions(snapshot) == before
    assert conclusions(handler) != before
