"""Power profile based control: a task with a fixed course, of which the time is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, override

from ..handler import ControlTypeHandler, NotPlannableError
from ..instructions.instruction import Instruction
from ..instructions.orders import SEQUENCE_FIELDS, ManualOrder
from ..instructions.sequence_orders import ordered_start
from ..messages.message import ControlType, InvalidContentError, Message
from ..plan import Plan, Window
from .description import Task

_MOST_TASKS = 10


class PpbcHandler(ControlTypeHandler):
    """The tasks that an RM has announced, and how far they are.

    FlexMeasures does not schedule them, as it only knows blocks of constant power: the
    best starts are found here, from the prices of the plan.
    """

    control_type = ControlType.POWER_PROFILE
    order_fields: ClassVar[frozenset[str]] = SEQUENCE_FIELDS
    message_types: ClassVar = frozenset(
        {"PPBC.PowerProfileDefinition", "PPBC.PowerProfileStatus"}
    )
    needs_schedule: ClassVar = False
    follow_on: ClassVar[frozenset[str]] = message_types

    def __init__(self) -> None:
        """Start with nothing announced."""
        self._tasks: dict[str, Task] = {}
        self._early: Sequence[Mapping[str, Any]] = ()
        """What was said before the task was announced."""

    @override
    def receive(self, message: Message, now: datetime) -> None:
        match message.type:
            case "PPBC.PowerProfileDefinition":
                self._define(Task.from_wire(message.body), now)
            case "PPBC.PowerProfileStatus":
                self._report(message.body["sequence_container_status"], now)
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if object_type != "PPBC.PowerProfileDefinition" or object_id not in self._tasks:
            raise InvalidContentError("an unknown object")
        self._tasks = {
            task_id: task
            for task_id, task in self._tasks.items()
            if task_id != object_id
        }

    @override
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        """Not asked for: see `needs_schedule`."""
        raise NotPlannableError("s2_planned_here")

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        """One for each container that has not begun; an empty plan is one without prices."""
        return sorted(
            (
                instruction
                for task in self._tasks.values()
                for instruction in task.plan(plan, now)
            ),
            key=lambda instruction: instruction.execution_time,
        )

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """None is needed: a task that was started ends by itself."""
        return ()

    @override
    def describe(self, instruction: Instruction) -> str:
        return str(instruction.body["power_sequence_id"])

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        return ordered_start(list(self._tasks.values()), order, now)

    @override
    def told(self, instruction: Instruction) -> None:
        """Remember the start: what was told is not decided anew."""
        task = self._tasks.get(instruction.body["power_profile_id"])
        if task:
            self._tasks = {**self._tasks, task.id: task.told(instruction)}

    @override
    def refused(self, instruction: Instruction) -> None:
        """Decide anew about what does not start."""
        task = self._tasks.get(instruction.body["power_profile_id"])
        if task:
            self._tasks = {**self._tasks, task.id: task.refused(instruction)}

    def _define(self, task: Task, now: datetime) -> None:
        if task.end <= now:
            raise InvalidContentError("a power profile that is over")
        tasks = {
            task_id: other
            for task_id, other in self._tasks.items()
            if other.end > now and task_id != task.id
        }
        if len(tasks) >= _MOST_TASKS:
            raise InvalidContentError("too many power profiles")
        if known := self._tasks.get(task.id):
            task = replace(task, progress=known.progress, chosen=known.chosen)
        early, self._early = self._early, ()
        known_early = [
            status
            for status in early
            if status["power_profile_id"] == task.id
            and status["sequence_container_id"] in task.containers
        ]
        self._tasks = {**tasks, task.id: task.reported(known_early, now)}

    def _report(self, statuses: Sequence[Mapping[str, Any]], now: datetime) -> None:
        if not self._tasks:
            self._early = statuses
            return
        by_task: dict[str, list[Mapping[str, Any]]] = {}
        for status in statuses:
            if (task := self._tasks.get(status["power_profile_id"])) is None:
                raise InvalidContentError("an unknown power profile")
            task.check(status)
            by_task.setdefault(task.id, []).append(status)
        self._tasks = self._tasks | {
            task_id: self._tasks[task_id].reported(own, now)
            for task_id, own in by_task.items()
        }
