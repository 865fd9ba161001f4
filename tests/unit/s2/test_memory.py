"""What is gone is forgotten: nothing grows with the time that an RM is connected."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
import pickle
from typing import Any

import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.s2.control_types import make_handler
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.messages.message import ControlType

from .devices import (
    L1,
    NOW,
    actuator,
    element,
    frbc_status,
    mode,
    number_range,
    plan,
    power,
    storage,
    tell,
    timer,
    transition,
)

HOUR = timedelta(hours=1)
WEEK = 7 * 24

type Body = dict[str, Any]


def switched(name: str, **more: Any) -> Body:
    """An actuator with a transition that starts a timer, all with names of their own."""
    on, off = (
        mode(f"{each}-{name}", element((0, 100), (0, rate), power(0, watts)))
        for each, rate, watts in (("on", 0.01, 1000), ("off", 0, 0))
    )
    return actuator(
        on,
        off,
        actuator_id=f"actuator-{name}",
        transitions=(
            transition(on["id"], off["id"], starts=(f"rest-{name}",)),
            transition(off["id"], on["id"], blocked_by=(f"rest-{name}",)),
        ),
        timers=(timer(f"rest-{name}", 48 * HOUR),),
    )


def status(name: str, now: datetime) -> Body:
    """It has just been switched off."""
    return frbc_status(
        f"off-{name}",
        actuator_id=f"actuator-{name}",
        previous_operation_mode_id=f"on-{name}",
        transition_timestamp=now,
    )


def frbc(name: str, now: datetime) -> Iterator[tuple[str, Body]]:
    yield "FRBC.SystemDescription", storage((0, 100), switched(name), at=now)
    yield "FRBC.StorageStatus", {"present_fill_level": 50.0}
    yield "FRBC.ActuatorStatus", status(name, now)
    yield (
        "FRBC.TimerStatus",
        {
            "actuator_id": f"actuator-{name}",
            "timer_id": f"rest-{name}",
            "finished_at": now + HOUR,
        },
    )
    yield (
        "FRBC.UsageForecast",
        {
            "start_time": now + HOUR / 2,
            "elements": [{"duration": HOUR, "usage_rate_expected": 1e-4}] * 24,
        },
    )


def ombc(name: str, now: datetime) -> Iterator[tuple[str, Body]]:
    described = switched(name)
    yield (
        "OMBC.SystemDescription",
        {
            "valid_from": now,
            "operation_modes": [
                {
                    "id": each["id"],
                    "power_ranges": each["elements"][0]["power_ranges"],
                    "abnormal_condition_only": False,
                }
                for each in described["operation_modes"]
            ],
            "transitions": described["transitions"],
            "timers": described["timers"],
        },
    )
    own = status(name, now)
    del own["actuator_id"]
    yield "OMBC.Status", own
    yield (
        "OMBC.TimerStatus",
        {"timer_id": f"rest-{name}", "finished_at": now + HOUR},
    )


def pebc(name: str, now: datetime) -> Iterator[tuple[str, Body]]:
    yield (
        "PEBC.PowerConstraints",
        {
            "id": name,
            "valid_from": now,
            "valid_until": now + 3 * HOUR,
            "consequence_type": "DEFER",
            "allowed_limit_ranges": [
                {
                    "commodity_quantity": L1,
                    "limit_type": f"{kind}_LIMIT",
                    "range_boundary": number_range(0, watts),
                    "abnormal_condition_only": False,
                }
                for kind, watts in (("UPPER", 3000), ("LOWER", 0))
            ],
        },
    )
    yield (
        "PEBC.EnergyConstraint",
        {
            "id": name,
            "valid_from": now,
            "valid_until": now + HOUR,
            "upper_average_power": 2000.0,
            "lower_average_power": 1000.0,
            "commodity_quantity": L1,
        },
    )


def ppbc(name: str, now: datetime) -> Iterator[tuple[str, Body]]:
    """The same program again, each time of containers with other names."""
    yield (
        "PPBC.PowerProfileDefinition",
        {
            "id": "program",
            "start_time": now,
            "end_time": now + 3 * HOUR,
            "power_sequences_containers": [
                {
                    "id": f"container-{name}",
                    "power_sequences": [
                        {
                            "id": "eco",
                            "elements": [{"duration": HOUR, "power_values": []}],
                            "abnormal_condition_only": False,
                        }
                    ],
                }
            ],
        },
    )
    yield (
        "PPBC.PowerProfileStatus",
        {
            "sequence_container_status": [
                {
                    "power_profile_id": "program",
                    "sequence_container_id": f"container-{name}",
                    "status": "SCHEDULED",
                }
            ]
        },
    )


@pytest.mark.parametrize(
    ("control_type", "messages"),
    [
        (ControlType.FILL_RATE, frbc),
        (ControlType.OPERATION_MODE, ombc),
        (ControlType.POWER_ENVELOPE, pebc),
        (ControlType.POWER_PROFILE, ppbc),
    ],
)
def test_a_week_of_new_names(
    control_type: ControlType,
    messages: Callable[[str, datetime], Iterator[tuple[str, Body]]],
) -> None:
    handler = make_handler(control_type)
    first, last = _sizes(handler, messages)
    assert last <= 1.02 * first


def _sizes(
    handler: ControlTypeHandler,
    messages: Callable[[str, datetime], Iterator[tuple[str, Body]]],
) -> tuple[int, int]:
    """What a handler holds after two days, and after a week of twelve times an hour."""
    first = last = 0
    for step in range(WEEK * 12):
        now = NOW + step * HOUR / 12
        for message_type, body in messages(f"{step:06}", now):
            tell(handler, message_type, now, **body)
        if step % 12 == 0:
            for instruction in handler.instructions(_plan(now), now):
                handler.told(instruction)
        last = len(pickle.dumps(handler))
        if step == 48 * 12:
            first = last
    return first, last


def _plan(now: datetime) -> Plan:
    return plan(1.0, 1.0, start=now)
