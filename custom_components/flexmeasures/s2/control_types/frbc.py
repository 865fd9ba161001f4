"""Fill Rate Based Control: a storage that is filled and emptied by operation modes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, override
from uuid import uuid4

from ...plan import Plan
from ..messages import ControlType, InvalidContentError, Message
from .actuators import Actuator
from .announcements import Announced, Announcements, Profile
from .base import ControlTypeHandler, Instruction, NotPlannableError, Window
from .follower import Follower, idle_commands
from .frbc_flex_model import StorageModel
from .frbc_readings import storage_readings
from .frbc_system import System, fill_levels
from .manual import InvalidOrderError, ManualOrder
from .mode_orders import described, ordered
from .modes import LOOK_AHEAD
from .observations import Observations
from .profiles import known_slots
from .ranges import Range
from .readings import Readings
from .runner import Command, Runner
from .storage import Leakage, Storage

SYSTEM_DESCRIPTION = "FRBC.SystemDescription"
INSTRUCTION = "FRBC.Instruction"


def _elements[T](
    body: Mapping[str, Any], value: Callable[[Mapping[str, Any]], T]
) -> Iterator[tuple[timedelta, T]]:
    return ((element["duration"], value(element)) for element in body["elements"])


class FrbcHandler(ControlTypeHandler):
    """A storage, its actuators, and what is expected of both."""

    control_type: ClassVar[ControlType] = ControlType.FILL_RATE
    message_types: ClassVar[frozenset[str]] = frozenset(
        {
            SYSTEM_DESCRIPTION,
            "FRBC.StorageStatus",
            "FRBC.ActuatorStatus",
            "FRBC.TimerStatus",
            "FRBC.LeakageBehaviour",
            "FRBC.UsageForecast",
            "FRBC.FillLevelTargetProfile",
        }
    )
    is_storage: ClassVar[bool] = True
    looks_ahead: ClassVar[timedelta | None] = LOOK_AHEAD
    replan_on: ClassVar[frozenset[str]] = frozenset(
        {
            SYSTEM_DESCRIPTION,
            "FRBC.LeakageBehaviour",
            "FRBC.UsageForecast",
            "FRBC.FillLevelTargetProfile",
        }
    )
    follow_on: ClassVar[frozenset[str]] = frozenset(
        {SYSTEM_DESCRIPTION, "FRBC.ActuatorStatus", "FRBC.TimerStatus"}
    )

    def __init__(self) -> None:
        """Start with nothing known."""
        self._systems: Announcements[System] = Announcements()
        self._leakages: Announcements[Leakage] = Announcements()
        self._observations = Observations()
        self._usage: Profile[float] | None = None
        self._targets: Profile[Range] | None = None
        self._level: tuple[datetime, float] | None = None

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "FRBC.SystemDescription":
                system = System.from_wire(body)
                self._systems.add(
                    Announced(message.id, body["valid_from"], system), now
                )
                self._observations.take_early(self._actuators() or [])
            case "FRBC.StorageStatus":
                self._level = (now, body["present_fill_level"])
            case "FRBC.ActuatorStatus":
                self._observations.take(
                    body["actuator_id"],
                    lambda graph, state: graph.observed(state, body, now),
                    self._actuators(),
                )
            case "FRBC.TimerStatus":
                self._observations.take(
                    body["actuator_id"],
                    lambda graph, state: graph.with_timer(
                        state, body["timer_id"], body["finished_at"]
                    ),
                    self._actuators(),
                )
            case "FRBC.LeakageBehaviour":
                leakage = Leakage.from_wire(body["elements"])
                self._leakages.add(
                    Announced(message.id, body["valid_from"], leakage), now
                )
            case "FRBC.UsageForecast":
                self._usage = Profile.from_elements(
                    body["start_time"],
                    _elements(body, lambda element: element["usage_rate_expected"]),
                )
            case "FRBC.FillLevelTargetProfile":
                self._targets = Profile.from_elements(
                    body["start_time"],
                    _elements(body, fill_levels),
                )
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str) -> None:
        if object_type != SYSTEM_DESCRIPTION or not self._systems.remove(object_id):
            raise InvalidContentError("an unknown object")

    @override
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        # What is valid from within the first slot on is there for most of the window.
        system = self._systems.at(window.start + window.resolution)
        if system is None:
            raise NotPlannableError("s2_no_description")
        level = self._level_at(system, window.start, window.resolution)
        if level is None:
            raise NotPlannableError("s2_no_fill_level")
        bands = [
            actuator.bands(self._observations.state(actuator), window.start)
            for actuator in system.actuators
        ]
        return StorageModel(
            system.effects,
            bands,
            system.levels,
            level,
            self._leakages.at(window.start),
            self._usage,
            self._targets,
        ).flex_model(window, capacity_kwh=capacity_kwh)

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        slots = list(known_slots(plan, now))
        system = self._systems.at(now)
        if not slots or system is None:
            return ()
        level = self._level_at(system, now, slots[-1].end - slots[-1].start)
        if level is None:
            return ()
        storage = self._storage(system, level, now)
        follower = Follower(storage)
        commands: list[Command] = []
        for start, end, content in self._systems.between(slots[0].start, slots[-1].end):
            storage.levels = content.levels
            follower.equip(content.actuators, self._observations.state)
            commands += follower.run(slots, start, end)
        return [_instruction(command) for command in commands]

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        system = self._systems.at(now)
        if system is None:
            return None
        level = self._level[1] if self._level else system.levels.low
        commands = idle_commands(system.actuators, self._observations.state, level, now)
        if commands is None:
            return None
        return [_instruction(command) for command in commands]

    @override
    def describe(self, instruction: Instruction) -> str:
        body = instruction.body
        return described(
            self._actuators() or [],
            body["actuator_id"],
            body["operation_mode"],
            body["operation_mode_factor"],
        )

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        system = self._systems.at(max(order.execution_time, now))
        if system is None:
            raise InvalidOrderError("s2_no_description")
        command = ordered(system.actuators, self._observations.state, order, now)
        return _instruction(command, abnormal=order.abnormal_condition)

    @override
    def readings(self, now: datetime, *, capacity_kwh: float | None) -> Readings:
        level = self._level[1] if self._level else None
        system = self._systems.at(now)
        leakage = self._leakages.at(now)
        return replace(
            storage_readings(
                system,
                self._observations.state,
                level,
                now,
                capacity_kwh=capacity_kwh,
            )
            if system
            else Readings(fill_level=level),
            leakage_rate=leakage.rate(level) if leakage and level is not None else None,
            usage_rate=self._usage.at(now) if self._usage else None,
        )

    def _actuators(self) -> list[Actuator] | None:
        """All that are described, those in force first; None if none ever were."""
        if not any(True for _ in self._systems):
            return None
        return [actuator for system in self._systems for actuator in system.actuators]

    def _storage(self, system: System, level: float, moment: datetime) -> Storage:
        return Storage(level, system.levels, self._leakages.at(moment), self._usage)

    def _level_at(
        self, system: System, moment: datetime, longest: timedelta
    ) -> float | None:
        """The fill level at a moment; None if the RM has not told any.

        For a short time after the RM has told it, it is taken to change as it did then.
        """
        if self._level is None:
            return None
        told_at, level = self._level
        age = moment - told_at
        if not timedelta(0) < age <= longest:
            return level
        rate = -self._storage(system, level, told_at).loss(told_at)
        for actuator in system.actuators:
            runner = Runner(actuator, self._observations.state(actuator))
            rate += runner.rate(level, told_at)
        return min(
            max(level + rate * age.total_seconds(), min(system.levels.low, level)),
            max(system.levels.high, level),
        )


def _instruction(command: Command, *, abnormal: bool = False) -> Instruction:
    return Instruction(
        INSTRUCTION,
        command.moment,
        {
            "id": str(uuid4()),
            "actuator_id": command.actuator,
            "operation_mode": command.mode,
            "operation_mode_factor": command.factor,
            "abnormal_condition": abnormal,
        },
    )
