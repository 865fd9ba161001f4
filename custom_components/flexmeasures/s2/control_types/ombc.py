"""Operation Mode Based Control: a device with operation modes, of which no storage is known."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, override
from uuid import uuid4

from ...energy_units import energy_quantity
from ...plan import Plan
from ..messages import ControlType, InvalidContentError, Message
from .actuators import Actuator, WireMode
from .announcements import Announced, Announcements
from .base import ControlTypeHandler, Instruction, NotPlannableError, Window
from .capacities import capacities
from .follower import Follower, idle_commands
from .manual import InvalidOrderError, ManualOrder
from .mode_orders import described, ordered
from .mode_readings import mode_readings, observe
from .modes import LOOK_AHEAD
from .observations import Observations
from .profiles import known_slots
from .readings import Readings
from .runner import Command

SYSTEM_DESCRIPTION = "OMBC.SystemDescription"
INSTRUCTION = "OMBC.Instruction"

# The device is its own only actuator.
_DEVICE = ""


class OmbcHandler(ControlTypeHandler):
    """A device that is switched between operation modes.

    Its flex-model has a virtual storage, empty when the schedule begins, that holds
    what the device has consumed since. How much of that is needed by when is for the
    user to say (soc-minima that are added to it): without it the device runs only while
    consuming earns money.
    """

    control_type: ClassVar[ControlType] = ControlType.OPERATION_MODE
    message_types: ClassVar[frozenset[str]] = frozenset(
        {SYSTEM_DESCRIPTION, "OMBC.Status", "OMBC.TimerStatus"}
    )
    counts_energy: ClassVar[bool] = True
    looks_ahead: ClassVar[timedelta | None] = LOOK_AHEAD
    replan_on: ClassVar[frozenset[str]] = frozenset({SYSTEM_DESCRIPTION})
    follow_on: ClassVar[frozenset[str]] = message_types

    def __init__(self) -> None:
        """Start with nothing known."""
        self._devices: Announcements[Actuator] = Announcements()
        self._observations = Observations()

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "OMBC.SystemDescription":
                modes = [
                    WireMode(mode["id"], [mode], mode)
                    for mode in body["operation_modes"]
                ]
                device = Actuator.from_wire(_DEVICE, modes, body)
                self._devices.add(
                    Announced(message.id, body["valid_from"], device), now
                )
                self._observations.take_early(list(self._devices))
            case "OMBC.Status":
                self._observations.take(
                    _DEVICE,
                    lambda graph, state: graph.observed(state, body, now),
                    list(self._devices) or None,
                )
            case "OMBC.TimerStatus":
                self._observations.take(
                    _DEVICE,
                    lambda graph, state: graph.with_timer(
                        state, body["timer_id"], body["finished_at"]
                    ),
                    list(self._devices) or None,
                )
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str) -> None:
        if object_type != SYSTEM_DESCRIPTION or not self._devices.remove(object_id):
            raise InvalidContentError("an unknown object")

    @override
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        device = self._devices.at(window.start + window.resolution)
        if device is None:
            raise NotPlannableError("s2_no_description")
        bands = device.bands(self._observations.state(device), window.start)
        if not bands or bands[0].low < 0 or bands[-1].high <= 0:
            # Nobody knows how much it can produce.
            raise NotPlannableError("s2_no_consumption")
        hours = window.duration / timedelta(hours=1)
        return {
            "soc-at-start": energy_quantity(0.0),
            "soc-min": energy_quantity(0.0),
            "soc-max": energy_quantity(
                bands[-1].high / 1000 * hours if capacity_kwh is None else capacity_kwh
            ),
            **capacities([bands]),
            # It is no real storage: what the server may know of one does not hold.
            "charging-efficiency": "100 %",
            "storage-efficiency": "100 %",
            "soc-usage": ["0 kW"],
            "soc-gain": ["0 kW"],
        }

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        slots = list(known_slots(plan, now))
        if not slots:
            return ()
        follower = Follower()
        commands: list[Command] = []
        for start, end, device in self._devices.between(slots[0].start, slots[-1].end):
            follower.equip([device], self._observations.state)
            commands += follower.run(slots, start, end)
        return [_instruction(command) for command in commands]

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        device = self._devices.at(now)
        if device is None:
            return None
        commands = idle_commands([device], self._observations.state, 0.0, now)
        if commands is None:
            return None
        return [_instruction(command) for command in commands]

    @override
    def describe(self, instruction: Instruction) -> str:
        body = instruction.body
        return described(
            self._devices,
            _DEVICE,
            body["operation_mode_id"],
            body["operation_mode_factor"],
        )

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        device = self._devices.at(max(order.execution_time, now))
        if device is None:
            raise InvalidOrderError("s2_no_description")
        command = ordered([device], self._observations.state, order, now)
        return _instruction(command, abnormal=order.abnormal_condition)

    @override
    def readings(self, now: datetime, *, capacity_kwh: float | None) -> Readings:
        device = self._devices.at(now)
        devices = [device] if device else []
        return mode_readings(observe(devices, self._observations.state, 0.0, now))


def _instruction(command: Command, *, abnormal: bool = False) -> Instruction:
    return Instruction(
        INSTRUCTION,
        command.moment,
        {
            "id": str(uuid4()),
            "operation_mode_id": command.mode,
            "operation_mode_factor": command.factor,
            "abnormal_condition": abnormal,
        },
    )
