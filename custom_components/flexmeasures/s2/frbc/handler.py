"""A storage that is filled and emptied by operation modes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, override

from ..device_status import DeviceStatus
from ..handler import NotPlannableError
from ..instructions.instruction import Instruction
from ..messages.message import ControlType, Message
from ..operation_modes.actuators import Actuator
from ..operation_modes.balance import Behind
from ..operation_modes.choice import PoweredActuator
from ..operation_modes.costs import PricesNow
from ..operation_modes.expected_actuator import Command
from ..operation_modes.handler import OperationModeHandler
from ..operation_modes.profile import Profile, Segment, window_slots
from ..operation_modes.ranges import Range
from ..operation_modes.validity import Announced, Announcements
from ..plan import Prices, Window
from .description import SystemDescription, fill_levels
from .flex_model import StorageModel
from .fuels import is_fuel_cheaper, most_without_electricity
from .instructions import commands
from .status import storage_status
from .storage import Leakage, Storage

_SYSTEM_DESCRIPTION = "FRBC.SystemDescription"


def _elements[T](
    body: Mapping[str, Any], value: Callable[[Mapping[str, Any]], T]
) -> Iterator[tuple[timedelta, T]]:
    return ((element["duration"], value(element)) for element in body["elements"])


class FrbcHandler(OperationModeHandler[SystemDescription]):
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
        self._usage_id: str | None = None
        self._targets: Profile[Range] | None = None
        self._targets_id: str | None = None
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
                ).preceded_by(self._usage, now)
                self._usage_id = message.id
            case "FRBC.FillLevelTargetProfile":
                self._targets = Profile.from_elements(
                    body["start_time"],
                    _elements(body, fill_levels),
                ).preceded_by(self._targets, now)
                self._targets_id = message.id
            case _:
                super().receive(message, now)

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        match object_type:
            case "FRBC.LeakageBehaviour" if self._leakages.remove(object_id, now):
                pass
            case "FRBC.UsageForecast" if object_id == self._usage_id:
                self._usage = self._usage_id = None
            case "FRBC.FillLevelTargetProfile" if object_id == self._targets_id:
                self._targets = self._targets_id = None
            case _:
                super().revoke(object_type, object_id, now)

    @property
    @override
    def level_told_at(self) -> datetime | None:
        return self._told_level[0] if self._told_level else None

    @override
    def flex_model(
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        description = self._described_for(window)
        level = self._level_at(description, window.start, window.resolution)
        if level is None:
            raise NotPlannableError("s2_no_fill_level")
        bands = [
            actuator.bands(self._statuses.state(actuator), window.start)
            for actuator in description.actuators
        ]
        return StorageModel(
            description.effects,
            bands,
            description.levels,
            level,
            self._leakages.at(window.start),
            self._usage,
            self._targets,
            [
                is_fuel_cheaper(description.elements, PricesNow.at(prices, start))
                for start, _ in window_slots(window)
            ],
            most_without_electricity(description.elements),
        ).flex_model(window, capacity_kwh=capacity_kwh)

    @override
    def _commands(
        self,
        slots: Sequence[Segment[float]],
        behind: Behind,
        prices: Prices,
        now: datetime,
    ) -> Iterable[Command]:
        description = self._descriptions.at(now)
        if description is None:
            return ()
        level = self._level_at(description, now, slots[-1].end - slots[-1].start)
        if level is None:
            return ()
        return commands(
            slots,
            self._descriptions,
            self._statuses.state,
            replace(
                self._storage(description, level, now),
                targets=self._targets,
                holds=lambda moment: is_fuel_cheaper(
                    description.elements, PricesNow.at(prices, moment)
                ),
            ),
            behind,
        )

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """Control is handed back where idle burners would leave the storage empty."""
        description = self._descriptions.at(now)
        if description and any(element.burns for element in description.elements):
            return None
        return super().idle_instructions(now)

    @override
    def status(self, now: datetime, *, capacity_kwh: float | None) -> DeviceStatus:
        level = self._told_level[1] if self._told_level else None
        description = self._descriptions.at(now)
        leakage = self._leakages.at(now)
        return replace(
            storage_status(
                description,
                self._statuses.state,
                level,
                now,
                capacity_kwh=capacity_kwh,
            )
            if description
            else DeviceStatus(fill_level=level),
            leakage_rate=leakage.rate(level) if leakage and level is not None else None,
            usage_rate=self._usage.at(now) if self._usage else None,
        )

    @override
    def _read_description(self, body: Mapping[str, Any]) -> SystemDescription:
        return SystemDescription.from_wire(body)

    @override
    def _actuators_of(self, description: SystemDescription) -> Sequence[Actuator]:
        return description.actuators

    @override
    def _level(self, description: SystemDescription) -> float:
        return self._told_level[1] if self._told_level else description.levels.low

    def _storage(
        self, description: SystemDescription, level: float, moment: datetime
    ) -> Storage:
        return Storage(
            level, description.levels, self._leakages.at(moment), self._usage
        )

    def _level_at(
        self, description: SystemDescription, moment: datetime, longest: timedelta
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
        rate = -self._storage(description, level, told_at).loss(told_at)
        for actuator in description.actuators:
            expected = PoweredActuator(actuator, self._statuses.state(actuator))
            rate += expected.rate(level, told_at)
        return min(
            max(level + rate * age.total_seconds(), min(description.levels.low, level)),
            max(description.levels.high, level),
        )
