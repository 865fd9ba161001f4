"""What devices of all control types receive in a day, while their plans are followed anew.

Every quarter of an hour there is another plan, of which a part is made into instructions,
and the device has told what it does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, override

import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler
from custom_components.flexmeasures.s2.ppbc.handler import PpbcHandler

from .devices import (
    BATTERY,
    EV,
    HEAT_PUMP,
    NOW,
    QUARTER,
    actuator,
    element,
    frbc_status,
    mode,
    number_range,
    plan,
    power,
    storage,
    tell,
    timer,
    transition,
)
from .simulated import STEP, SimulatedActuator, SimulatedDevice

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SLOTS = DAY // QUARTER
# Of what is planned.
LEAST, MOST = 0.98, 1.02


class FollowingDevice(ABC):
    """A device that is told what to do, and the handler that it tells what it does."""

    handler: ControlTypeHandler

    @abstractmethod
    def run(
        self, instructions: Sequence[Instruction], start: datetime, end: datetime
    ) -> float:
        """Follow instructions; gives what is consumed, in kWh."""

    @abstractmethod
    def report(self, now: datetime) -> None:
        """Tell what it does."""

    def follow(
        self,
        powers: Sequence[float],
        *,
        prices: Sequence[float] = (0.2,),
        anew: timedelta = QUARTER,
        reports: bool = True,
    ) -> float:
        """Follow planned powers (kW of quarters of an hour); gives what is consumed, in kWh."""
        schedule = Schedule(NOW, QUARTER, tuple(powers))
        price = Price("EUR", series=Series(NOW, HOUR, tuple(prices)))
        kwh = 0.0
        now = NOW
        while now < schedule.end:
            until = min(now + anew, schedule.end)
            ahead = now + (self.handler.looks_ahead or DAY) + 2 * QUARTER
            followed = Plan(
                power=schedule.between(schedule.slot_start(now), ahead),
                consumption_price=price,
            )
            told = self.handler.snapshot().instructions(followed, now)
            self.handler.following(followed, now)
            due = [each for each in told if each.execution_time < until]
            for each in due:
                self.handler.told(each)
            kwh += self.run(due, now, until)
            if reports:
                self.report(until)
            now = until
        return kwh


class Switched(FollowingDevice):
    """A device of FRBC, OMBC or DDBC."""

    def __init__(
        self,
        handler: ControlTypeHandler,
        actuators: Mapping[str, Mapping[str, Any]],
        first: str,
        *,
        level: float = 0.0,
        loss: float = 0.0,
    ) -> None:
        """Begin in an operation mode, at a fill level."""
        self.handler = handler
        self._device = SimulatedDevice(
            {name: SimulatedActuator(each, first) for name, each in actuators.items()},
            level,
            loss=lambda _moment, _level: loss,
        )
        self.report(NOW)

    @property
    def level(self) -> float:
        """The fill level."""
        return self._device.level

    @override
    def run(
        self, instructions: Sequence[Instruction], start: datetime, end: datetime
    ) -> float:
        steps = self._device.run(instructions, start, end)
        return sum(watts for _, _, watts in steps) / 1000 * (STEP / HOUR)

    @override
    def report(self, now: datetime) -> None:
        for actuator_id, each in self._device.actuators.items():
            status: dict[str, Any] = {
                "active_operation_mode_id": each.mode,
                "operation_mode_factor": each.factor,
            }
            match self.handler:
                case OmbcHandler():
                    tell(self.handler, "OMBC.Status", now, **status)
                case DdbcHandler():
                    status["actuator_id"] = actuator_id
                    tell(self.handler, "DDBC.ActuatorStatus", now, **status)
                case _:
                    status = frbc_status(each.mode, each.factor, actuator_id)
                    tell(self.handler, "FRBC.ActuatorStatus", now, **status)
        if isinstance(self.handler, FrbcHandler):
            level = self._device.level
            tell(self.handler, "FRBC.StorageStatus", now, present_fill_level=level)


def stored_in(
    body: Mapping[str, Any], first: str, level: float, *, used: float = 0.0
) -> Switched:
    """A device of FRBC, from which so much of the fill level is used per second."""
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **body)
    if used:
        usage = {"duration": DAY, "usage_rate_expected": used}
        tell(handler, "FRBC.UsageForecast", start_time=NOW, elements=[usage])
    actuators = {each["id"]: each for each in body["actuators"]}
    return Switched(handler, actuators, first, level=level, loss=used)


def switched(*modes: tuple[str, float, float], **more: Any) -> Switched:
    """A device of OMBC with modes and their powers (W)."""
    handler = OmbcHandler()
    body: dict[str, Any] = {
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
    } | more
    tell(handler, "OMBC.SystemDescription", **body)
    return Switched(handler, {"": body}, "off")


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


def boiler() -> Switched:
    return stored_in(BOILER, "off", 0.0)


def car() -> Switched:
    return stored_in(EV, "off", 5.0)


def battery() -> Switched:
    return stored_in(BATTERY, "charge", 50.0)


def heat_pump() -> Switched:
    """Its house takes as much as is planned, at a bit less than the best efficiency."""
    return stored_in(HEAT_PUMP, "off", 40.0, used=1000 * 3.4 / (0.5 * 3.6e6))


def heater() -> Switched:
    return switched(("off", 0, 0), ("on", 2000, 2000))


def charger() -> Switched:
    return switched(("off", 0, 0), ("charge", 1400, 11000))


def generator() -> Switched:
    return switched(
        ("off", 0, 0),
        ("on", -1000, -3000),
        transitions=[
            transition("off", "on", starts=("warm",)),
            transition("on", "off", blocked_by=("warm",)),
        ],
        timers=[timer("warm", 10 * MINUTE)],
    )


@pytest.mark.parametrize(
    ("anew", "reports"),
    [(QUARTER, True), (QUARTER, False), (7 * MINUTE, True), (MINUTE, False)],
)
@pytest.mark.parametrize(
    ("device", "kilowatts", "one_slot"), [(boiler, 0.9, 0.5), (charger, 0.7, 0.35)]
)
def test_less_than_the_least_power(
    device: Callable[[], Switched],
    kilowatts: float,
    one_slot: float,
    anew: timedelta,
    *,
    reports: bool,
) -> None:
    """However often the plan is followed anew, and whether or not the RM tells anything."""
    kwh = device().follow([kilowatts] * 8, anew=anew, reports=reports)
    assert kwh == pytest.approx(kilowatts * 2, abs=one_slot / 2 + 0.01)


def test_a_slot_is_the_same_however_often_it_is_looked_at() -> None:
    """What is behind does not grow with the time that the slot goes on."""
    often, once = heater(), heater()
    for device, anew in ((often, MINUTE), (once, QUARTER)):
        handler = device.handler
        assert isinstance(handler, OmbcHandler)
        device.follow([0.9] * 3, anew=anew)
    assert often.level == once.level
    ends = [
        device.handler.instructions(plan(*[0.9] * 4), NOW + 3 * QUARTER)[0].body[
            "operation_mode_id"
        ]
        for device in (often, once)
    ]
    assert ends[0] == ends[1]


def test_what_the_rm_refused_is_still_owed() -> None:
    device = heater()
    handler = device.handler
    followed = plan(*[0.9] * 4)
    handler.following(followed, NOW)
    second = NOW + QUARTER
    (told, *_) = handler.instructions(followed, second)
    assert told.body["operation_mode_id"] == "on"
    handler.following(followed, second)
    handler.told(told)
    handler.refused(told)
    third = second + QUARTER
    (again, *_) = handler.instructions(followed, third)
    assert again.body["operation_mode_id"] == "on"


def test_a_plan_that_ends_leaves_nothing_behind() -> None:
    device = heater()
    handler = device.handler
    handler.following(plan(*[0.9] * 4), NOW)
    second = NOW + QUARTER
    handler.following(Plan(), second)
    third = second + QUARTER
    (told, *_) = handler.instructions(plan(*[0.9] * 4), third)
    assert told.body["operation_mode_id"] == "off"


# What is planned repeats, with powers that the devices have and some that they have not.
_DAYS: dict[str, tuple[Callable[[], Switched], Sequence[float]]] = {
    "FRBC boiler": (boiler, (0.9, 1.7, 0.3, 2.6, 3.9, 0.0)),
    "FRBC car": (car, (0.7, 0.7, 2.4, 4.5, 0.0, 1.0, 1.4, 0.0)),
    "FRBC battery": (battery, (3.0, 2.0, 0.5, -0.2, -3.0, -1.8)),
    "FRBC heat pump": (heat_pump, (1.0, 0.9, 1.8, 1.2, 0.8, 0.3)),
    "OMBC heater": (heater, (0.9, 0.3, 2.0, 0.0, 1.3)),
    "OMBC charger": (charger, (0.7, 3.0, 1.1, 0.0, 7.4, 0.2)),
    "OMBC generator": (generator, (-0.5, -3.0, -1.2, 0.0, -0.8)),
}


@pytest.mark.parametrize("name", _DAYS)
def test_a_day_of_operation_modes(name: str) -> None:
    make, pattern = _DAYS[name]
    powers = [pattern[slot % len(pattern)] for slot in range(SLOTS)]
    device = make()
    planned = sum(powers) / 4
    received = device.follow(powers)
    # What goes in and comes out again of a battery counts both ways.
    throughput = sum(map(abs, powers)) / 4
    assert abs(received - planned) < (MOST - 1) * throughput


def hybrid() -> tuple[dict[str, Any], dict[str, Any]]:
    """A heat pump of 0.5 to 2 kW, and a burner."""
    pump = {
        "id": "pump",
        "supported_commodites": ["ELECTRICITY"],
        "operation_modes": [
            {
                "Id": "off",
                "power_ranges": [power(0, 0)],
                "supply_range": number_range(0, 0),
                "abnormal_condition_only": False,
            },
            {
                "Id": "on",
                "power_ranges": [power(500, 2000)],
                "supply_range": number_range(1500, 7000),
                "abnormal_condition_only": False,
            },
        ],
        "transitions": [],
        "timers": [],
    }
    burner = {
        "id": "burner",
        "supported_commodites": ["GAS"],
        "operation_modes": [
            {
                "Id": name,
                "power_ranges": [
                    power(low / 36000, high / 36000, "NATURAL_GAS.FLOW_RATE")
                ],
                "supply_range": number_range(low, high),
                "abnormal_condition_only": False,
            }
            for name, low, high in (("off", 0, 0), ("burn", 1000, 20000))
        ],
        "transitions": [],
        "timers": [],
    }
    return pump, burner


def as_simulated(described: Mapping[str, Any]) -> dict[str, Any]:
    """What a simulated actuator knows of DDBC: electric power, and supply as its rate."""
    return {
        **described,
        "operation_modes": [
            {
                "id": each["Id"],
                "power_ranges": [
                    found
                    for found in each["power_ranges"]
                    if found["commodity_quantity"].startswith("ELECTRIC")
                ],
                "fill_rate": each["supply_range"],
                "abnormal_condition_only": False,
            }
            for each in described["operation_modes"]
        ],
    }


def test_a_day_of_demand() -> None:
    """What the server takes for the demand is consumed, and the demand is met."""
    rates = (2000.0, 4000.0, 7000.0, 9000.0, 1500.0, 0.0)
    described = hybrid()
    handler = DdbcHandler()
    tell(
        handler,
        "DDBC.SystemDescription",
        valid_from=NOW,
        actuators=list(described),
        provides_average_demand_rate_forecast=True,
    )
    tell(
        handler,
        "DDBC.AverageDemandRateForecast",
        start_time=NOW,
        elements=[
            {"duration": HOUR, "demand_rate_expected": rates[hour % len(rates)]}
            for hour in range(26)
        ],
    )
    device = Switched(
        handler, {each["id"]: as_simulated(each) for each in described}, "off"
    )
    model = handler.flex_model(Window(NOW, QUARTER, DAY), capacity_kwh=None)
    # The server has no other choice than to plan what is taken.
    powers = [
        float(event["value"].removesuffix(" W")) / 1000
        for event in model["soc-usage"][0]
    ]
    received = device.follow(powers)
    assert LEAST < received / (sum(powers) / 4) < MOST
    demand = sum(rates) * 4 * 3600
    assert demand * 0.999 < device.level < demand * MOST


class Limited(FollowingDevice):
    """A car of PEBC that takes all that it may until it is full, and measures each phase by itself."""

    def __init__(self, needed: float) -> None:
        """Need so many kWh in a day."""
        self.handler = PebcHandler()
        self._left = needed
        self._instruction: Instruction | None = None
        quantities = [f"ELECTRIC.POWER.L{phase}" for phase in (1, 2, 3)]
        tell(
            self.handler,
            "PEBC.PowerConstraints",
            id="limits",
            valid_from=NOW,
            consequence_type="DEFER",
            allowed_limit_ranges=[
                {
                    "commodity_quantity": quantity,
                    "limit_type": limit,
                    "range_boundary": number_range(0, most),
                    "abnormal_condition_only": False,
                }
                for quantity in quantities
                for limit, most in (("UPPER_LIMIT", 3680), ("LOWER_LIMIT", 0))
            ],
        )
        tell(
            self.handler,
            "PEBC.EnergyConstraint",
            id="need",
            valid_from=NOW,
            valid_until=NOW + DAY,
            upper_average_power=needed / 24 * 1000,
            lower_average_power=needed / 24 * 1000,
            commodity_quantity="ELECTRIC.POWER.3_PHASE_SYMMETRIC",
        )
        self._quantities = quantities
        self.report(NOW)

    @override
    def run(
        self, instructions: Sequence[Instruction], start: datetime, end: datetime
    ) -> float:
        kwh = 0.0
        now = start
        while now < end:
            for each in instructions:
                if each.execution_time <= now:
                    self._instruction = each
            kwh += min(self._power(now) * (STEP / HOUR), self._left - kwh)
            now += STEP
        self._left -= kwh
        self._mean = kwh / ((end - start) / HOUR)
        return kwh

    _mean = 0.0

    @override
    def report(self, now: datetime) -> None:
        # What it took until now, one phase after the other.
        for quantity in self._quantities:
            tell(
                self.handler,
                "PowerMeasurement",
                now,
                measurement_timestamp=max(now - QUARTER, NOW),
                values=[
                    {"commodity_quantity": quantity, "value": self._mean / 3 * 1000}
                ],
            )

    def _power(self, moment: datetime) -> float:
        """The limits of a moment, in kW."""
        if self._instruction is None:
            return 0.0
        total = 0.0
        for envelope in self._instruction.body["power_envelopes"]:
            end = self._instruction.execution_time
            for part in envelope["power_envelope_elements"]:
                end += part["duration"]
                if moment < end:
                    total += part["upper_limit"]
                    break
        return total / 1000


def test_a_day_of_limits() -> None:
    pattern = (0.0, 0.0, 3.3, 7.4, 1.2)
    powers = [pattern[slot % len(pattern)] for slot in range(SLOTS)]
    planned = sum(powers) / 4
    received = Limited(planned).follow(powers)
    assert LEAST < received / planned < MOST


class Washing(FollowingDevice):
    """A washing machine of PPBC."""

    elements = ((30 * MINUTE, 2000.0), (HOUR, 200.0), (15 * MINUTE, 500.0))

    def __init__(self) -> None:
        """Be loaded."""
        self.handler = PpbcHandler()
        self._started: datetime | None = None
        quantity = {"commodity_quantity": "ELECTRIC.POWER.L1"}
        sequence = {
            "id": "wash",
            "elements": [
                {
                    "duration": duration,
                    "power_values": [{**quantity, "value_expected": watts}],
                }
                for duration, watts in self.elements
            ],
            "is_interruptible": False,
            "abnormal_condition_only": False,
        }
        tell(
            self.handler,
            "PPBC.PowerProfileDefinition",
            id="profile",
            start_time=NOW,
            end_time=NOW + DAY,
            power_sequences_containers=[{"id": "c", "power_sequences": [sequence]}],
        )

    @override
    def run(
        self, instructions: Sequence[Instruction], start: datetime, end: datetime
    ) -> float:
        kwh = 0.0
        now = start
        while now < end:
            for each in instructions:
                if each.execution_time <= now and self._started is None:
                    self._started = each.execution_time
            kwh += self._power(now) / 1000 * (STEP / HOUR)
            now += STEP
        return kwh

    @override
    def report(self, now: datetime) -> None:
        begun = self._started is not None
        status = {
            "power_profile_id": "profile",
            "sequence_container_id": "c",
            "status": "EXECUTING" if begun else "SCHEDULED",
        } | ({"selected_sequence_id": "wash"} if begun else {})
        tell(
            self.handler,
            "PPBC.PowerProfileStatus",
            now,
            sequence_container_status=[status],
        )

    def _power(self, moment: datetime) -> float:
        end = self._started
        if end is None:
            return 0.0
        for duration, watts in self.elements:
            end += duration
            if moment < end:
                return watts
        return 0.0


def test_a_day_of_profiles() -> None:
    prices = [0.3] * 24
    prices[13:15] = 0.1, 0.1
    machine = Washing()
    assert machine.follow([0.0] * SLOTS, prices=prices) == pytest.approx(1.325)
    assert machine._started == NOW + 13 * HOUR
