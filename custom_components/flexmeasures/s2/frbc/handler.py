"""Fill Rate Based Control: a storage that is filled and emptied by operation modes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, override

from ..device_status import Readings
from ..handler import NotPlannableError
from ..instructions.instruction import Instruction
from ..messages.message import ControlType, Message
from ..operation_modes.actuators import Actuator
from ..operation_modes.choice import Command, Runner
from ..operation_modes.handler import ModeHandler
from ..operation_modes.profile import Profile, known_slots
from ..operation_modes.ranges import Range
from ..operation_modes.sequence import Follower
from ..operation_modes.validity import Announced, Announcements
from ..plan import Plan, Window
from .description import System, fill_levels
from .flex_model import StorageModel
from .status import storage_readings
from .storage import Leakage, Storage

_SYSTEM_DESCRIPTION = "FRBC.SystemDescription"


def _elements[T](
    body: Mapping[str, Any], value: Callable[[Mapping[str, Any]], T]
) -> Iterator[tuple[timedelta, T]]:
    return ((element["duration"], value(element)) for element in body["elements"])


class FrbcHandler(ModeHandler[System]):
    """A storage, its actuators, and what is expected of both."""

    control_type: ClassVar[ControlType] = ControlType.FILL_RATE
    prefix: ClassVar[str] = "FRBC"
    mode_field: ClassVar[str] = "operation_mode"
    message_types: ClassVar[frozenset[str]] = frozenset(
        {
            _SYSTEM_DESCRIPTION,
            "FRBC.StorageStatus",
            "FRBC.ActuatorStatus",
            "FRBC.TimerStatus",
            "FRBC.LeakageBehaviour",
            "FRBC.UsageForecast",
            "FRBC.FillLevelTargetProfile",
        }
    )
    is_storage: ClassVar[bool] = True
    replan_on: ClassVar[frozenset[str]] = frozenset(
        {
            _SYSTEM_DESCRIPTION,
            "FRBC.LeakageBehaviour",
            "FRBC.UsageForecast",
            "FRBC.FillLevelTargetProfile",
        }
    )
    follow_on: ClassVar[frozenset[str]] = frozenset(
        {_SYSTEM_DESCRIPTION, "FRBC.ActuatorStatus", "FRBC.TimerStatus"}
    )

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._leakages: Announcements[Leakage] = Announcements()
        self._usage: Profile[float] | None = None
        self._targets: Profile[Range] | None = None
        self._told_level: tuple[datetime, float] | None = None

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "FRBC.StorageStatus":
                self._told_level = (now, body["present_fill_level"])
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
                super().receive(message, now)

    @property
    @override
    def level_told_at(self) -> datetime | None:
        return self._told_level[0] if self._told_level else None

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
        return self._instructions(commands)

    @override
    def readings(self, now: datetime, *, capacity_kwh: float | None) -> Readings:
        level = self._told_level[1] if self._told_level else None
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

    @override
    def _read_system(self, body: Mapping[str, Any]) -> System:
        return System.from_wire(body)

    @override
    def _actuators_of(self, system: System) -> Sequence[Actuator]:
        return system.actuators

    @override
    def _level(self, system: System) -> float:
        return self._told_level[1] if self._told_level else system.levels.low

    def _storage(self, system: System, level: float, moment: datetime) -> Storage:
        return Storage(level, system.levels, self._leakages.at(moment), self._usage)

    def _level_at(
        self, system: System, moment: datetime, longest: timedelta
    ) -> float | None:
        """The fill level at a moment; None if the RM has not told any.

        For a short time after the RM has told it, it is taken to change as it did then.
        """
        if self._told_level is None:
            return None
        told_at, level = self._told_level
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
