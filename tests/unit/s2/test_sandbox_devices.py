"""The devices of the sandbox, which stand in for real ones, do what they say and what they are told."""

from collections.abc import Callable
from datetime import datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.control_types import make_handler
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.messages.codec import decode
from custom_components.flexmeasures.s2.messages.message import ControlType
from sandbox.s2.__main__ import DEVICES
from sandbox.s2.others import Charger, Heater, HybridHeatPump, WashingMachine

from .devices import NOW, QUARTER

DAY = Window(NOW, QUARTER, timedelta(days=1))
HOUR = timedelta(hours=1)


class Home:
    """One device that is controlled, whatever it is."""

    def __init__(self, device: Any) -> None:
        """Have it describe itself."""
        self.device = device
        self.handler: ControlTypeHandler = make_handler(
            ControlType(device.details["available_control_types"][0])
        )
        self.statuses: list[str] = []
        self.hear(device.begin(self.handler.control_type, NOW), NOW)

    def hear(self, messages: list[tuple[str, dict[str, Any]]], now: datetime) -> None:
        """Take in what it says, as it would come over the wire."""
        for number, (message_type, body) in enumerate(messages):
            text = {"message_type": message_type, "message_id": f"m-{number}", **body}
            message = decode(json.dumps(text))
            if message_type == "InstructionStatusUpdate":
                self.statuses.append(message.body["status_type"])
            elif message.type in self.handler.message_types:
                self.handler.receive(message, now)

    def follow(self, plan: Plan, until: datetime) -> None:
        """Let it do what is planned."""
        for instruction in self.handler.instructions(plan, NOW):
            body = {
                **instruction.body,
                "execution_time": instruction.execution_time.isoformat(),
            }
            wire = json.loads(json.dumps(body, default=_milliseconds))
            self.hear(self.device.instruct(instruction.message_type, wire, NOW), NOW)
        self.pass_to(until)

    def pass_to(self, until: datetime) -> None:
        """Let the time pass, a minute at a time."""
        moment = self.device._moment or NOW
        while moment < until:
            moment += timedelta(minutes=1)
            self.hear(self.device.pass_to(moment), moment)


def _milliseconds(value: timedelta) -> int:
    return value // timedelta(milliseconds=1)


def plan(*kilowatts: float, prices: tuple[float, ...] = ()) -> Plan:
    """A plan of hours."""
    return Plan(
        power=Schedule(NOW, HOUR, kilowatts),
        consumption_price=(
            Price("EUR", series=Series(NOW, HOUR, prices)) if prices else None
        ),
    )


@pytest.mark.parametrize("make", DEVICES.values(), ids=DEVICES)
def test_each_says_what_is_right(make: Callable[[], Any]) -> None:
    """There is one of each control type."""
    device = make()
    home = Home(device)
    assert home.handler.control_type == device.details["available_control_types"][0]
    home.hear(device.report(home.handler.control_type, NOW), NOW)
    assert device.begin("NOT_CONTROLABLE", NOW) == []


def test_there_is_one_of_each_control_type() -> None:
    offered = {
        make().details["available_control_types"][0] for make in DEVICES.values()
    }
    assert offered == {each for each in ControlType if each.endswith("_CONTROL")}


@pytest.mark.parametrize("make", [Charger, HybridHeatPump])
def test_can_be_planned_by_itself(make: Callable[[], Any]) -> None:
    home = Home(make())
    assert home.handler.flex_model(DAY, capacity_kwh=None)


def test_charger() -> None:
    """It gets no more than is planned, and all that it needs."""
    charger = Charger()
    Home(charger).follow(plan(0, 0, 8, 8, 4, 0, 0, 0), NOW + 2 * HOUR)
    assert charger.energy == pytest.approx(0, abs=0.5)

    charger = Charger()
    home = Home(charger)
    home.follow(plan(0, 0, 8, 8, 4, 0, 0, 0), NOW + 8 * HOUR)
    assert charger.energy == pytest.approx(charger.needed, rel=0.02)
    assert "STARTED" in home.statuses


def test_charger_that_nobody_controls_any_more() -> None:
    """It charges as it always did, and not for ever."""
    charger = Charger()
    home = Home(charger)
    home.follow(plan(0, 0, 8, 8, 4, 0, 0, 0), NOW + HOUR)
    charger.release(NOW + HOUR)
    home.pass_to(NOW + 6 * HOUR)
    assert charger.energy == pytest.approx(charger.needed, rel=0.02)


def test_heater() -> None:
    heater = Heater()
    home = Home(heater)
    home.follow(plan(2, 1, 0), NOW + 2 * HOUR)
    assert heater.energy == pytest.approx(3, rel=0.03)
    assert home.statuses[:2] == ["ACCEPTED", "ACCEPTED"] or "STARTED" in home.statuses


def test_heat_pump() -> None:
    """Electricity as planned; the boiler has the rest."""
    pump = HybridHeatPump()
    home = Home(pump)
    home.follow(plan(0.5, 0.5), NOW + HOUR)
    assert pump.energy == pytest.approx(0.5, rel=0.05)


def test_washing_machine() -> None:
    """It starts when that is cheapest, and only once."""
    machine = WashingMachine()
    home = Home(machine)
    prices = (0.3, 0.3, 0.3, 0.1, 0.1, 0.1, *[0.3] * 8)
    home.follow(plan(*[0.0] * 14, prices=prices), NOW + 2 * HOUR)
    assert machine.energy == 0
    home.pass_to(NOW + 8 * HOUR)
    assert machine.energy == pytest.approx(0.8, rel=0.03)
    refused = machine.instruct(
        "PPBC.ScheduleInstruction",
        {"id": "again", "power_sequence_id": "eco"},
        NOW + 8 * HOUR,
    )
    assert refused[0][1]["status_type"] == "REJECTED"


@pytest.mark.parametrize("make", DEVICES.values(), ids=DEVICES)
def test_what_they_cannot_do_they_refuse(make: Callable[[], Any]) -> None:
    device = make()
    Home(device)
    body = {
        "id": "do-it",
        "execution_time": NOW.isoformat(),
        "actuator_id": "unknown",
        "operation_mode": "unknown",
        "operation_mode_id": "unknown",
        "operation_mode_factor": 0,
        "power_constraints_id": "unknown",
    }
    (told,) = device.instruct("Instruction", body, NOW)
    assert told[1]["status_type"] == "REJECTED"


@pytest.mark.parametrize("make", [Charger, Heater, HybridHeatPump, WashingMachine])
def test_what_is_taken_back_is_not_done(make: Callable[[], Any]) -> None:
    device = make()
    home = Home(device)
    later = NOW + HOUR
    (instruction, *_) = home.handler.instructions(
        plan(1, 2, 0.2, prices=(0.1, 0.2, 0.3)), NOW
    )
    body = {**instruction.body, "execution_time": later.isoformat()}
    device.instruct(instruction.message_type, body, NOW)
    assert device.next_moment == later
    device.instruct("RevokeObject", {"object_id": instruction.body["id"]}, NOW)
    assert device.next_moment is None
