"""Demand Driven Based Control: a demand that has to be met, and a choice of how."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar, override
from uuid import uuid4

from ...plan import Plan
from ..messages import ControlType, InvalidContentError, Message
from .actuators import Actuator
from .announcements import Announced, Announcements, Profile, Segment
from .base import ControlTypeHandler, Instruction, NotPlannableError, Window
from .manual import InvalidOrderError, ManualOrder
from .mode_orders import described, ordered
from .mode_readings import mode_readings, observe
from .modes import LOOK_AHEAD
from .observations import Observations
from .profiles import known_slots, mean, read_profile
from .ranges import Range
from .readings import Readings
from .runner import Command
from .suppliers import Supplier
from .supply import Demand, Supply

_SYSTEM_DESCRIPTION = "DDBC.SystemDescription"


type _System = tuple[Supplier, ...]


def _system(body: Mapping[str, Any]) -> _System:
    suppliers = tuple(map(Supplier.from_wire, body["actuators"]))
    if len({supplier.actuator.id for supplier in suppliers}) < len(suppliers):
        raise InvalidContentError("two actuators of one id")
    return suppliers


def _electric_power(system: _System, rate: float) -> float:
    """The power in W that a demand takes, the most efficient actuator first."""
    power = 0.0
    for supplier in sorted(system, key=lambda each: each.order):
        supplied, needed = supplier.electric(rate)
        rate -= supplied
        power += needed
    return power


class DdbcHandler(ControlTypeHandler):
    """The demand, and the actuators that can meet it, as of a hybrid heat pump.

    The flex-model is that of the electric actuators, which have to meet the demand as
    far as they can. Instructions follow the power that is planned for them, whoever has
    planned it, and leave the rest of the demand to the others.
    """

    control_type: ClassVar[ControlType] = ControlType.DEMAND_DRIVEN
    message_types: ClassVar[frozenset[str]] = frozenset(
        {
            _SYSTEM_DESCRIPTION,
            "DDBC.ActuatorStatus",
            "DDBC.TimerStatus",
            "DDBC.AverageDemandRateForecast",
            "DDBC.PresentDemandStatus",
        }
    )
    looks_ahead: ClassVar[timedelta | None] = LOOK_AHEAD
    replan_on: ClassVar[frozenset[str]] = frozenset(
        {_SYSTEM_DESCRIPTION, "DDBC.AverageDemandRateForecast"}
    )
    follow_on: ClassVar[frozenset[str]] = message_types

    def __init__(self) -> None:
        """Start with nothing known."""
        self._systems: Announcements[_System] = Announcements()
        self._observations = Observations()
        self._present: Range | None = None
        self._forecast: Profile[float] | None = None

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "DDBC.SystemDescription":
                system = _system(body)
                self._systems.add(
                    Announced(message.id, body["valid_from"], system), now
                )
                self._observations.take_early(self._actuators() or [])
                self._take_present(body)
            case "DDBC.PresentDemandStatus":
                self._take_present(body)
            case "DDBC.ActuatorStatus":
                self._observations.take(
                    body["actuator_id"],
                    lambda graph, state: graph.observed(state, body, now),
                    self._actuators(),
                )
            case "DDBC.TimerStatus":
                self._observations.take(
                    body["actuator_id"],
                    lambda graph, state: graph.with_timer(
                        state, body["timer_id"], body["finished_at"]
                    ),
                    self._actuators(),
                )
            case "DDBC.AverageDemandRateForecast":
                self._forecast = read_profile(
                    body["start_time"],
                    body["elements"],
                    lambda element: float(element["demand_rate_expected"]),
                )
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str) -> None:
        if object_type != _SYSTEM_DESCRIPTION or not self._systems.remove(object_id):
            raise InvalidContentError("an unknown object")

    @override
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        """A storage without any room, from which electricity is taken as it comes.

        What is taken is what the electric actuators need for the demand, as far as
        they can meet it.
        """
        system = self._systems.at(window.start + window.resolution)
        if system is None:
            raise NotPlannableError("s2_no_description")
        capacity = sum(supplier.most_power for supplier in system)
        if capacity <= 0:
            raise NotPlannableError("s2_no_consumption")
        usage: list[dict[str, str]] = []
        start = window.start
        while start < window.end:
            end = start + window.resolution
            rate = self._mean_demand(start, end)
            if rate is None:
                raise NotPlannableError("s2_no_demand")
            usage.append(
                {
                    "start": start.isoformat(),
                    "end": end.isoformat(),
                    "value": f"{round(_electric_power(system, rate), 3)} W",
                }
            )
            start = end
        return {
            "soc-at-start": "0 kWh",
            "soc-min": "0 kWh",
            "soc-max": "0 kWh",
            "soc-usage": [usage],
            "charging-efficiency": "100 %",
            "storage-efficiency": "100 %",
            "consumption-capacity": f"{round(capacity, 3)} W",
            "production-capacity": "0 W",
        }

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        slots = list(known_slots(plan, now))
        if not slots:
            return ()
        supply = Supply()
        commands: list[Command] = []
        demands = list(self._demands(slots, now))
        for start, end, system in self._systems.between(slots[0].start, slots[-1].end):
            supply.equip(system, self._observations.state)
            for demand in demands:
                first, last = max(demand.start, start), min(demand.end, end)
                if first < last:
                    commands += supply.meet(demand._replace(start=first, end=last))
        return [_instruction(command) for command in commands]

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """Control is handed back: idle actuators would leave the demand unmet."""
        return None

    @override
    def describe(self, instruction: Instruction) -> str:
        body = instruction.body
        return described(
            self._actuators() or [],
            body["actuator_id"],
            body["operation_mode_id"],
            body["operation_mode_factor"],
        )

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        system = self._systems.at(max(order.execution_time, now))
        if system is None:
            raise InvalidOrderError("s2_no_description")
        actuators = [supplier.actuator for supplier in system]
        command = ordered(actuators, self._observations.state, order, now)
        return _instruction(command, abnormal=order.abnormal_condition)

    @override
    def readings(self, now: datetime, *, capacity_kwh: float | None) -> Readings:
        actuators = [supplier.actuator for supplier in self._systems.at(now) or ()]
        return mode_readings(observe(actuators, self._observations.state, 0.0, now))

    def _take_present(self, body: Mapping[str, Any]) -> None:
        if (present := body.get("present_demand_rate")) is not None:
            self._present = Range.from_wire(present)

    def _actuators(self) -> list[Actuator] | None:
        """All that are described, those in force first; None if none ever were."""
        actuators = [each.actuator for system in self._systems for each in system]
        return actuators or None

    def _mean_demand(self, start: datetime, end: datetime) -> float | None:
        """What is expected in a time; what there is now, where nothing is."""
        expected = mean(self._forecast, start, end) if self._forecast else None
        if expected is None and self._present:
            return self._present.high
        return expected

    def _demands(
        self, slots: Sequence[Segment[float]], now: datetime
    ) -> Iterator[Demand]:
        """The demand of each slot, in parts where it changes.

        What there is now counts for the running slot, whatever was expected. Ends where
        nothing is known.
        """
        for slot in slots:
            runs = slot.start <= now and self._present is not None
            changes = () if runs or not self._forecast else self._forecast.boundaries
            within = [each for each in changes if slot.start < each < slot.end]
            for start, end in pairwise([slot.start, *within, slot.end]):
                expected = (
                    self._present.high
                    if runs and self._present
                    else self._mean_demand(start, end)
                )
                if expected is None:
                    return
                yield Demand(start, end, expected, slot.value)


def _instruction(command: Command, *, abnormal: bool = False) -> Instruction:
    return Instruction(
        "DDBC.Instruction",
        command.moment,
        {
            "id": str(uuid4()),
            "actuator_id": command.actuator,
            "operation_mode_id": command.mode,
            "operation_mode_factor": command.factor,
            "abnormal_condition": abnormal,
        },
    )
