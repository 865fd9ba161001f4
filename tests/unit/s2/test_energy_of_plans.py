"""The energy that devices receive by their plans, which are followed anew all the time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler

from .devices import (
    NOW,
    QUARTER,
    actuator,
    element,
    frbc_status,
    mode,
    plan,
    power,
    storage,
    tell,
)
from .simulated import STEP, SimulatedActuator, SimulatedDevice

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ombc(*modes: tuple[str, float, float]) -> dict[str, Any]:
    """Write an OMBC.SystemDescription of modes with their powers (W)."""
    return {
        "valid_from": NOW,
        "operation_modes": [
            {
                "id": name,
                "power_ranges": [power(low, high)],
                "abnormal_condition_only": False,
            }
            for name, low, high in modes
        ],
        "transitions": [],
        "timers": [],
    }


ON_OFF = ombc(("off", 0, 0), ("on", 2000, 2000))
CHARGER = ombc(("off", 0, 0), ("charge", 1400, 11000))

# Two elements of a boiler, each of 2 kW, in a tank that is never full.
_HEAT = (2000 / 3.6e6,) * 2
BOILER = storage(
    (0, 1000),
    *(
        actuator(
            mode("off", element((0, 1000), (0, 0), power(0, 0))),
            mode("on", element((0, 1000), _HEAT, power(2000, 2000))),
            actuator_id=name,
        )
        for name in ("upper", "lower")
    ),
)


def ombc_device(body: Mapping[str, Any]) -> tuple[OmbcHandler, SimulatedDevice]:
    """A device that is off, and the handler that was told so."""
    handler = OmbcHandler()
    tell(handler, "OMBC.SystemDescription", **body)
    tell(
        handler,
        "OMBC.Status",
        active_operation_mode_id="off",
        operation_mode_factor=0.0,
    )
    return handler, SimulatedDevice({"": SimulatedActuator(body, "off")})


def frbc_device(
    body: Mapping[str, Any], level: float = 0.0
) -> tuple[FrbcHandler, SimulatedDevice]:
    """A storage that does nothing, and the handler that was told so."""
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **body)
    tell(handler, "FRBC.StorageStatus", present_fill_level=level)
    actuators = {}
    for each in body["actuators"]:
        first = each["operation_modes"][0]["id"]
        tell(handler, "FRBC.ActuatorStatus", **frbc_status(first, 0.0, each["id"]))
        actuators[each["id"]] = SimulatedActuator(each, first)
    return handler, SimulatedDevice(actuators, level)


def report(handler: ControlTypeHandler, device: SimulatedDevice, now: datetime) -> None:
    """Have a device tell what it does."""
    for actuator_id, each in device.actuators.items():
        if isinstance(handler, OmbcHandler):
            tell(
                handler,
                "OMBC.Status",
                now,
                active_operation_mode_id=each.mode,
                operation_mode_factor=each.factor,
            )
        else:
            tell(
                handler,
                "FRBC.ActuatorStatus",
                now,
                **frbc_status(each.mode, each.factor, actuator_id),
            )
    if isinstance(handler, FrbcHandler):
        tell(handler, "FRBC.StorageStatus", now, present_fill_level=device.level)


def received(
    handler: ControlTypeHandler,
    device: SimulatedDevice,
    followed: Plan,
    *,
    length: timedelta,
    anew: timedelta = QUARTER,
    reports: bool = True,
) -> float:
    """Have a device follow a plan that is followed anew all the time; gives the kWh."""
    kwh = 0.0
    now = NOW
    while now < NOW + length:
        until = min(now + anew, NOW + length)
        told = handler.snapshot().instructions(followed, now)
        handler.following(followed, now)
        due: list[Instruction] = [each for each in told if each.execution_time < until]
        for each in due:
            handler.told(each)
        for _, _, watts in device.run(due, now, until):
            kwh += watts / 1000 * (STEP / HOUR)
        if reports:
            report(handler, device, until)
        now = until
    return kwh


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize("anew", [QUARTER, timedelta(minutes=7), timedelta(seconds=50)])
def test_two_actuators_of_less_than_a_planned_power_each(
    anew: timedelta,
    *,
    reports: bool,
) -> None:
    handler, device = frbc_device(BOILER)
    followed = plan(*[0.9] * 16)
    kwh = received(
        handler, device, followed, length=4 * HOUR, anew=anew, reports=reports
    )
    assert kwh == pytest.approx(3.6, abs=0.25)


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize("anew", [QUARTER, timedelta(minutes=7), timedelta(seconds=50)])
def test_less_than_the_least_power(anew: timedelta, *, reports: bool) -> None:
    handler, device = ombc_device(CHARGER)
    followed = plan(*[0.7] * 16)
    kwh = received(
        handler, device, followed, length=4 * HOUR, anew=anew, reports=reports
    )
    assert kwh == pytest.approx(2.8, abs=0.18)
