"""What FRBC, OMBC and DDBC have in common: actuators that are switched between operation modes."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, override
from uuid import uuid4

from ..device_status import DeviceStatus
from ..handler import ControlTypeHandler, NotPlannableError
from ..instructions.instruction import Instruction
from ..instructions.mode_orders import described, ordered
from ..instructions.orders import MODE_FIELDS, InvalidOrderError, ManualOrder
from ..messages.message import InvalidContentError, Message
from ..plan import Plan, Prices, Window
from .actuators import DEVICE, Actuator
from .balance import Behind, EnergyBalance
from .expected_actuator import Command
from .profile import Segment, known_slots
from .ranges import ZERO, Range
from .sequence import idle_commands
from .status import ActuatorStatuses, active_modes, actuators_status
from .validity import Announced, Announcements

# Stepping through a whole plan takes long, and by then the RM has told something else.
_LOOK_AHEAD = timedelta(hours=2)


class OperationModeHandler[DescriptionT](ControlTypeHandler):
    """A device that is described as a whole, and tells what its actuators do.

    `DescriptionT` is what its description is read as.
    """

    prefix: ClassVar[str]
    """Of the types of its messages."""
    mode_field: ClassVar[str] = "operation_mode_id"
    """Of an instruction."""
    order_fields: ClassVar[frozenset[str]] = MODE_FIELDS
    looks_ahead: ClassVar[timedelta | None] = _LOOK_AHEAD

    def __init__(self) -> None:
        """Start with nothing known."""
        self._descriptions: Announcements[DescriptionT] = Announcements()
        self._statuses = ActuatorStatuses()
        self._balance = EnergyBalance()

    @abstractmethod
    def _read_description(self, body: Mapping[str, Any]) -> DescriptionT:
        """Read a description; raises InvalidContentError if it contradicts itself."""

    @abstractmethod
    def _actuators_of(self, description: DescriptionT) -> Sequence[Actuator]:
        """What is told to do something."""

    @abstractmethod
    def _commands(
        self,
        slots: Sequence[Segment[float]],
        behind: Behind,
        prices: Prices,
        now: datetime,
    ) -> Iterable[Command]:
        """What follows from the powers (W) of slots, of which there is one at least.

        `behind` is what the device owes the slots before.
        """

    def _described_for(self, window: Window) -> DescriptionT:
        """What is valid for most of a window; raises NotPlannableError if nothing is."""
        # From within the first slot on is soon enough.
        description = self._descriptions.at(window.start + window.resolution)
        if description is None:
            raise NotPlannableError("s2_no_description")
        return description

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        slots = list(known_slots(plan, now))
        if not slots:
            return ()
        behind = self._counted(now).following(plan, now).behind(now)
        return self._instructions(self._commands(slots, behind, plan, now))

    @override
    def power_range(self, now: datetime) -> Range | None:
        description = self._descriptions.at(now)
        if description is None:
            return None
        powers = [
            [ZERO, *(element.power for element in actuator.normal_elements())]
            for actuator in self._actuators_of(description)
        ]
        return Range(
            sum(min(each.low for each in own) for own in powers),
            sum(max(each.high for each in own) for own in powers),
        )

    def _level(self, description: DescriptionT) -> float:
        """The fill level, which does not matter where there is no storage."""
        return 0.0

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        actuator_id = body.get("actuator_id", DEVICE)
        self._descriptions.forget_past(now)
        match message.type.removeprefix(f"{self.prefix}."):
            case "SystemDescription":
                description = self._read_description(body)
                # What was done until now was done under what is known until now.
                self._balance = self._counted(now)
                self._descriptions.add(
                    Announced(message.id, body["valid_from"], description), now
                )
                described = self._actuators() or []
                self._statuses.take_early(described)
                self._statuses.forget_others(described)
                self._balance = self._balance.among(described)
            case "ActuatorStatus" | "Status":
                self._statuses.take(
                    actuator_id,
                    lambda graph, state: graph.observed(state, body, now),
                    self._actuators(),
                )
            case "TimerStatus":
                self._statuses.take(
                    actuator_id,
                    lambda graph, state: graph.with_timer(
                        state, body["timer_id"], body["finished_at"]
                    ),
                    self._actuators(),
                )
            case _:
                raise InvalidContentError("no message of this control type")
        self._note_states(actuator_id if message.type.endswith("Status") else None, now)

    def _note_states(self, told_of: str | None, now: datetime) -> None:
        """Take note of what an actuator is said to do, and others of which nothing is known.

        Of these it may be known what they were told since they were reported.
        """
        for actuator in self._described(now):
            known = self._balance.states.get(actuator.id)
            if known is not None and actuator.id != told_of:
                continue
            state = self._statuses.state(actuator)
            if state != known or self._balance.orders:
                self._balance = self._counted(now).reported(actuator, state)

    @override
    def following(self, plan: Plan, now: datetime) -> None:
        self._balance = self._counted(now).following(plan, now)

    @override
    def told(self, instruction: Instruction) -> None:
        body = instruction.body
        command = Command(
            instruction.execution_time,
            body.get("actuator_id", DEVICE),
            body[self.mode_field],
            body["operation_mode_factor"],
        )
        self._balance = self._balance.ordered(body["id"], command)

    @override
    def refused(self, instruction: Instruction) -> None:
        self._balance = self._balance.refused(instruction.body["id"])

    def _counted(self, now: datetime) -> EnergyBalance:
        description = self._descriptions.at(now)
        level = 0.0 if description is None else self._level(description)
        return self._balance.counted(now, self._described, level)

    def _described(self, moment: datetime) -> Sequence[Actuator]:
        description = self._descriptions.at(moment)
        return () if description is None else self._actuators_of(description)

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if (
            object_type != f"{self.prefix}.SystemDescription"
            or not self._descriptions.remove(object_id, now)
        ):
            raise InvalidContentError("an unknown object")

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        found = self._descriptions.first_from(now)
        if found is None:
            return None
        moment, description = found
        commands = idle_commands(
            self._actuators_of(description),
            self._statuses.state,
            self._level(description),
            moment,
        )
        return None if commands is None else self._instructions(commands)

    @override
    def describe(self, instruction: Instruction) -> str:
        body = instruction.body
        return described(
            self._actuators() or [],
            body.get("actuator_id", DEVICE),
            body[self.mode_field],
            body["operation_mode_factor"],
        )

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        wanted = max(order.execution_time, now)
        found = self._descriptions.first_from(wanted)
        if found is None or found[0] > wanted:
            raise InvalidOrderError("s2_no_description")
        _, description = found
        command = ordered(
            self._actuators_of(description), self._statuses.state, order, now
        )
        return self._instruction(command, abnormal=order.abnormal_condition)

    @override
    def status(self, now: datetime, *, capacity_kwh: float | None) -> DeviceStatus:
        description = self._descriptions.at(now)
        actuators = [] if description is None else self._actuators_of(description)
        return actuators_status(active_modes(actuators, self._statuses.state, 0.0, now))

    @override
    def knows(self, instruction: Instruction) -> bool:
        body = instruction.body
        return any(
            actuator.id == body.get("actuator_id", DEVICE)
            and body[self.mode_field] in actuator.modes
            for actuator in self._actuators() or ()
        )

    def _actuators(self) -> list[Actuator] | None:
        """All that are described, those in force first; None if nothing ever was."""
        descriptions = list(self._descriptions)
        if not descriptions:
            return None
        return [
            each
            for description in descriptions
            for each in self._actuators_of(description)
        ]

    def _instructions(self, commands: Iterable[Command]) -> list[Instruction]:
        # An actuator that arrives where it was to go may be told another factor at once.
        last = {
            (command.moment, command.actuator, command.mode): command
            for command in commands
        }
        return [self._instruction(command) for command in last.values()]

    def _instruction(self, command: Command, *, abnormal: bool = False) -> Instruction:
        body = {
            "id": str(uuid4()),
            self.mode_field: command.mode,
            "operation_mode_factor": command.factor,
            "abnormal_condition": abnormal,
        }
        if command.actuator != DEVICE:
            body["actuator_id"] = command.actuator
        return Instruction(f"{self.prefix}.Instruction", command.moment, body)
