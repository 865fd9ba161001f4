"""Demand Driven Based Control: a demand that has to be met, and a choice of how."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar, override

from ..handler import NotPlannableError
from ..instructions.instruction import Instruction
from ..messages.message import ControlType, InvalidContentError, Message
from ..operation_modes.actuators import Actuator
from ..operation_modes.choice import Command
from ..operation_modes.handler import ModeHandler
from ..operation_modes.profile import Profile, Segment, known_slots, mean, read_profile
from ..operation_modes.ranges import Range
from ..plan import Plan, Window
from .description import Supplier
from .instructions import Demand, Supply

_SYSTEM_DESCRIPTION = "DDBC.SystemDescription"


type _System = tuple[Supplier, ...]


def _electric_power(system: _System, rate: float) -> float:
    """The power in W that a demand takes, the most efficient actuator first."""
    power = 0.0
    for supplier in sorted(system, key=lambda each: each.order):
        supplied, needed = supplier.electric(rate)
        rate -= supplied
        power += needed
    return power


class DdbcHandler(ModeHandler[_System]):
    """The demand, and the actuators that can meet it, as of a hybrid heat pump.

    The flex-model is that of the electric actuators, which have to meet the demand as
    far as they can. Instructions follow the power that is planned for them, whoever has
    planned it, and leave the rest of the demand to the others.
    """

    control_type: ClassVar[ControlType] = ControlType.DEMAND_DRIVEN
    prefix: ClassVar[str] = "DDBC"
    message_types: ClassVar[frozenset[str]] = frozenset(
        {
            _SYSTEM_DESCRIPTION,
            "DDBC.ActuatorStatus",
            "DDBC.TimerStatus",
            "DDBC.AverageDemandRateForecast",
            "DDBC.PresentDemandStatus",
        }
    )
    replan_on: ClassVar[frozenset[str]] = frozenset(
        {_SYSTEM_DESCRIPTION, "DDBC.AverageDemandRateForecast"}
    )
    follow_on: ClassVar[frozenset[str]] = message_types

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._present: tuple[datetime, Range] | None = None
        """The demand, and when the RM told it."""
        self._is_forecast_newer = False
        self._forecast: Profile[float] | None = None

    @override
    def receive(self, message: Message, now: datetime) -> None:
        body = message.body
        match message.type:
            case "DDBC.PresentDemandStatus":
                self._take_present(body, now)
            case "DDBC.AverageDemandRateForecast":
                self._forecast = read_profile(
                    body["start_time"],
                    body["elements"],
                    lambda element: float(element["demand_rate_expected"]),
                )
                self._is_forecast_newer = True
            case _:
                super().receive(message, now)
                # A description may tell it too.
                self._take_present(body, now)

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
        demands = list(self._demands(slots))
        for start, end, system in self._systems.between(slots[0].start, slots[-1].end):
            supply.equip(system, self._observations.state)
            for demand in demands:
                first, last = max(demand.start, start), min(demand.end, end)
                if first < last:
                    commands += supply.meet(demand._replace(start=first, end=last))
        return self._instructions(commands)

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """Control is handed back: idle actuators would leave the demand unmet."""
        return None

    @override
    def _read_system(self, body: Mapping[str, Any]) -> _System:
        suppliers = tuple(map(Supplier.from_wire, body["actuators"]))
        if len({supplier.actuator.id for supplier in suppliers}) < len(suppliers):
            raise InvalidContentError("two actuators of one id")
        return suppliers

    @override
    def _actuators_of(self, system: _System) -> Sequence[Actuator]:
        return [supplier.actuator for supplier in system]

    def _take_present(self, body: Mapping[str, Any], now: datetime) -> None:
        if (present := body.get("present_demand_rate")) is not None:
            self._present = (now, Range.from_wire(present))
            self._is_forecast_newer = False

    def _mean_demand(self, start: datetime, end: datetime) -> float | None:
        """What is expected in a time; what there is now, where nothing is."""
        expected = mean(self._forecast, start, end) if self._forecast else None
        if expected is None and self._present:
            return self._present[1].high
        return expected

    def _present_until(self) -> datetime | None:
        """Until when there is what the RM told, whatever was expected; None if not now.

        Until something else is expected: it is told again only where it is measured.
        """
        if self._present is None or self._forecast is None or self._is_forecast_newer:
            return None
        told_at, _ = self._present
        return next(
            (each for each in self._forecast.boundaries if each > told_at), None
        )

    def _demands(self, slots: Sequence[Segment[float]]) -> Iterator[Demand]:
        """The demand of each slot, in parts where it changes.

        Ends where nothing is known.
        """
        changes = self._forecast.boundaries if self._forecast else ()
        present_until = min(self._present_until() or slots[0].start, slots[0].end)
        for slot in slots:
            within = [each for each in changes if slot.start < each < slot.end]
            for start, end in pairwise([slot.start, *within, slot.end]):
                expected = (
                    self._present[1].high
                    if self._present and start < present_until
                    else self._mean_demand(start, end)
                )
                if expected is None:
                    return
                yield Demand(start, end, expected, slot.value)
