"""Devices that speak S2, as messages describe them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.messages.message import Message

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WINDOW = Window(NOW, QUARTER, 8 * QUARTER)

SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"
L1 = "ELECTRIC.POWER.L1"

_numbers = count()


def message(message_type: str, **body: Any) -> Message:
    """Make a message with an id of its own."""
    return Message(message_type, f"message-{next(_numbers)}", body)


def tell(
    handler: ControlTypeHandler,
    message_type: str,
    now: datetime = NOW,
    **body: Any,
) -> str:
    """Have a handler receive a message, and give its id."""
    sent = message(message_type, **body)
    handler.receive(sent, now)
    return sent.id


def number_range(start: float, end: float) -> dict[str, float]:
    """Write a number range."""
    return {"start_of_range": start, "end_of_range": end}


def power(start: float, end: float, quantity: str = SYMMETRIC) -> dict[str, Any]:
    """Write a power range."""
    return {"commodity_quantity": quantity, **number_range(start, end)}


def element(
    levels: tuple[float, float],
    rate: tuple[float, float],
    *powers: Mapping[str, Any],
    cost: float | None = None,
) -> dict[str, Any]:
    """Write an element of an operation mode of FRBC."""
    found: dict[str, Any] = {
        "fill_level_range": number_range(*levels),
        "fill_rate": number_range(*rate),
        "power_ranges": list(powers),
    }
    return (
        found if cost is None else found | {"running_costs": number_range(cost, cost)}
    )


def mode(
    mode_id: str, *elements: Mapping[str, Any], abnormal: bool = False
) -> dict[str, Any]:
    """Write an operation mode of FRBC."""
    return {
        "id": mode_id,
        "elements": list(elements),
        "abnormal_condition_only": abnormal,
    }


def transition(
    source: str,
    target: str,
    *,
    starts: tuple[str, ...] = (),
    blocked_by: tuple[str, ...] = (),
    duration: timedelta | None = None,
    abnormal: bool = False,
    cost: float = 0,
) -> dict[str, Any]:
    """Write a transition."""
    found: dict[str, Any] = {
        "id": f"{source}-{target}",
        "from": source,
        "to": target,
        "start_timers": list(starts),
        "blocking_timers": list(blocked_by),
        "abnormal_condition_only": abnormal,
        "transition_costs": cost,
    }
    return found if duration is None else found | {"transition_duration": duration}


def timer(timer_id: str, duration: timedelta) -> dict[str, Any]:
    """Write a timer."""
    return {"id": timer_id, "duration": duration}


def actuator(
    *modes: Mapping[str, Any],
    actuator_id: str = "actuator",
    transitions: tuple[Mapping[str, Any], ...] = (),
    timers: tuple[Mapping[str, Any], ...] = (),
) -> dict[str, Any]:
    """Write an actuator of FRBC."""
    return {
        "id": actuator_id,
        "supported_commodities": ["ELECTRICITY"],
        "operation_modes": list(modes),
        "transitions": list(transitions),
        "timers": list(timers),
    }


def storage(
    levels: tuple[float, float], *actuators: Mapping[str, Any], at: datetime = NOW
) -> dict[str, Any]:
    """Write the body of an FRBC.SystemDescription."""
    return {
        "valid_from": at,
        "actuators": list(actuators),
        "storage": {
            "provides_leakage_behaviour": True,
            "provides_fill_level_target_profile": True,
            "provides_usage_forecast": True,
            "fill_level_range": number_range(*levels),
        },
    }


def frbc_status(
    mode_id: str, factor: float = 0.0, actuator_id: str = "actuator", **more: Any
) -> dict[str, Any]:
    """Write the body of an FRBC.ActuatorStatus."""
    return {
        "actuator_id": actuator_id,
        "active_operation_mode_id": mode_id,
        "operation_mode_factor": factor,
        **more,
    }


# 60 kWh in 100 %, 1.4 to 11 kW, nothing in between 0 and 1.4.
EV = storage(
    (0, 100),
    actuator(
        mode("off", element((0, 100), (0, 0), power(0, 0))),
        mode(
            "charge",
            element(
                (0, 100),
                (1400 * 0.9 / 2.16e6, 11000 * 0.9 / 2.16e6),
                power(1400, 11000),
            ),
        ),
    ),
)

# 10 kWh in 100 %; the ranges of discharging descend.
BATTERY = storage(
    (0, 100),
    actuator(
        mode("charge", element((0, 100), (0, 5000 * 0.95 / 3.6e5), power(0, 5000))),
        mode(
            "discharge", element((0, 100), (0, -5000 / 0.95 / 3.6e5), power(0, -5000))
        ),
    ),
)

# A buffer of 10 kWh from 30 to 50 °C, with a compressor that rests between runs.
_HEAT = 1 / (0.5 * 3.6e6)
HEAT_PUMP = storage(
    (30, 50),
    actuator(
        mode("off", element((20, 60), (0, 0), power(0, 0))),
        mode(
            "on",
            element((20, 40), (500 * 4 * _HEAT, 2000 * 3.5 * _HEAT), power(500, 2000)),
            element((40, 60), (500 * 3.5 * _HEAT, 2000 * 3 * _HEAT), power(500, 2000)),
        ),
        mode(
            "backup",
            element((20, 60), (_HEAT * 6000,) * 2, power(6000, 6000)),
            abnormal=True,
        ),
        transitions=(
            transition(
                "off",
                "on",
                starts=("run",),
                blocked_by=("rest",),
                duration=timedelta(seconds=30),
            ),
            transition("on", "off", starts=("rest",), blocked_by=("run",)),
            transition("off", "backup", abnormal=True),
        ),
        timers=(
            timer("run", timedelta(minutes=10)),
            timer("rest", timedelta(minutes=5)),
        ),
    ),
)


def plan(
    *kilowatts: float | None, start: datetime = NOW, slot: timedelta = QUARTER
) -> Plan:
    """Make a plan of powers that follow each other."""
    return Plan(power=Schedule(start, slot, kilowatts))


# Supplies heat with gas alone; the field names are misspelt in the specification.
GAS_BURNER: Mapping[str, Any] = {
    "valid_from": NOW,
    "actuators": [
        {
            "id": "burner",
            "supported_commodites": ["GAS"],
            "operation_modes": [
                {
                    "Id": "burn",
                    "power_ranges": [power(0, 1, "NATURAL_GAS.FLOW_RATE")],
                    "supply_range": number_range(0, 9),
                    "abnormal_condition_only": False,
                }
            ],
            "transitions": [],
            "timers": [],
        }
    ],
    "provides_average_demand_rate_forecast": False,
}
