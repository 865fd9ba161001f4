"""Simulated devices of the other control types: no network, and no clock but the one that they are given."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from math import cos, pi
from typing import ClassVar, NamedTuple, override

from .wire import (
    SYMMETRIC,
    Body,
    Message,
    details,
    measurement,
    milliseconds,
    number_range,
    power_range,
    progress,
    text,
)

PEBC = "POWER_ENVELOPE_BASED_CONTROL"
PPBC = "POWER_PROFILE_BASED_CONTROL"
OMBC = "OPERATION_MODE_BASED_CONTROL"
DDBC = "DEMAND_DRIVEN_BASED_CONTROL"

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_JOULES_PER_KWH = 3.6e6


class _Order(NamedTuple):
    """What a device was told to do from a moment on."""

    moment: datetime
    body: Body


class SimulatedDevice(ABC):
    """Obeys instructions when their time comes, and says so."""

    name: ClassVar[str]
    role: ClassVar[str] = "ENERGY_CONSUMER"
    control_type: ClassVar[str]

    def __init__(self) -> None:
        """Do nothing at first."""
        self.energy = 0.0
        """What it has consumed, in kWh."""
        self._orders: list[_Order] = []
        self._under_way: dict[str, str] = {}
        """The instruction that each of its parts obeys."""
        self._moment: datetime | None = None

    @property
    def details(self) -> Body:
        """The body of its ResourceManagerDetails."""
        return details(self.name, self.role, self.control_type, "NOT_CONTROLABLE")

    @property
    def next_moment(self) -> datetime | None:
        """When it has something else to do; None if it was not told."""
        return min((order.moment for order in self._orders), default=None)

    def begin(self, control_type: str, now: datetime) -> list[Message]:
        """Describe itself, now that a control type is in force."""
        if control_type != self.control_type:
            return []
        return [*self._describe(now), *self.report(control_type, now)]

    def report(self, control_type: str, now: datetime) -> list[Message]:
        """Say how it is."""
        statuses = self._statuses(now) if control_type == self.control_type else ()
        return [measurement(self._power(now), now), *statuses]

    def instruct(self, message_type: str, body: Body, now: datetime) -> list[Message]:
        """Take an instruction, and say what is made of it; RevokeObject takes one back."""
        if message_type == "RevokeObject":
            taken_back = body["object_id"]
            self._orders = [
                order for order in self._orders if order.body["id"] != taken_back
            ]
            return [progress(taken_back, "REVOKED", now)]
        if not self._can(body):
            return [progress(body["id"], "REJECTED", now)]
        order = _Order(datetime.fromisoformat(body["execution_time"]), body)
        self._orders = sorted([*self._orders, order], key=lambda each: each.moment)
        return [progress(body["id"], "ACCEPTED", now)]

    def pass_to(self, now: datetime) -> list[Message]:
        """Let the time pass, and tell what has become of instructions."""
        news: list[Message] = []
        while self._orders and self._orders[0].moment <= now:
            order = self._orders.pop(0)
            moment = max(order.moment, self._moment or order.moment)
            self._go_on(moment)
            part = order.body.get("actuator_id", "")
            if before := self._under_way.get(part):
                news.append(progress(before, "SUCCEEDED", moment))
            self._under_way[part] = order.body["id"]
            news += [
                *self._obey(order.body, moment),
                measurement(self._power(moment), moment),
            ]
            news.append(progress(order.body["id"], "STARTED", moment))
        self._go_on(now)
        return news

    def release(self, now: datetime) -> None:
        """Do as it likes, as nobody controls it any more."""
        self._go_on(now)
        self._orders.clear()
        self._under_way.clear()

    def _go_on(self, now: datetime) -> None:
        """Do until a moment what it was told last."""
        before, self._moment = self._moment or now, now
        seconds = max((now - before).total_seconds(), 0.0)
        self.energy += self._power(before) * seconds / _JOULES_PER_KWH

    @abstractmethod
    def _describe(self, now: datetime) -> Iterable[Message]:
        """Say what it can do."""

    @abstractmethod
    def _statuses(self, now: datetime) -> Iterable[Message]:
        """Say how its parts are, under its control type."""

    @abstractmethod
    def _can(self, instruction: Body) -> bool:
        """Return whether it can obey an instruction."""

    @abstractmethod
    def _obey(self, instruction: Body, now: datetime) -> Iterable[Message]:
        """Begin with it, and say how it is."""

    @abstractmethod
    def _power(self, now: datetime) -> float:
        """Return what it consumes, in W."""


class Charger(SimulatedDevice):
    """A charger with a limit (PEBC): its car needs some energy within a few hours."""

    name = "Simulated charger"
    control_type = PEBC
    most = 11_000.0
    needed = 20.0
    """In kWh."""
    within = 8 * _HOUR

    def __init__(self) -> None:
        """Charge as fast as it can, until someone sets a limit."""
        super().__init__()
        self._limits: list[tuple[datetime, float]] = []
        """From which moment on which upper limit holds."""

    @override
    def _describe(self, now: datetime) -> Iterable[Message]:
        until = now + self.within
        yield (
            "PEBC.PowerConstraints",
            {
                "id": "limits",
                "valid_from": text(now),
                "valid_until": text(until),
                "consequence_type": "DEFER",
                "allowed_limit_ranges": [
                    {
                        "commodity_quantity": SYMMETRIC,
                        "limit_type": limit_type,
                        "range_boundary": number_range(0.0, most),
                        "abnormal_condition_only": False,
                    }
                    for limit_type, most in (
                        ("UPPER_LIMIT", self.most),
                        ("LOWER_LIMIT", 0.0),
                    )
                ],
            },
        )
        missing = max(self.needed - self.energy, 0.0) * _JOULES_PER_KWH
        yield (
            "PEBC.EnergyConstraint",
            {
                "id": "need",
                "valid_from": text(now),
                "valid_until": text(until),
                "upper_average_power": missing / self.within.total_seconds(),
                "lower_average_power": missing / self.within.total_seconds(),
                "commodity_quantity": SYMMETRIC,
            },
        )

    @override
    def _statuses(self, now: datetime) -> Iterable[Message]:
        return ()

    @override
    def _can(self, instruction: Body) -> bool:
        return bool(instruction["power_constraints_id"] == "limits")

    @override
    def _obey(self, instruction: Body, now: datetime) -> Iterable[Message]:
        (envelope,) = instruction["power_envelopes"]
        moment = datetime.fromisoformat(instruction["execution_time"])
        self._limits = []
        for each in envelope["power_envelope_elements"]:
            self._limits.append((moment, each["upper_limit"]))
            moment += timedelta(milliseconds=each["duration"])
        self._limits.append((moment, self.most))
        return ()

    @override
    def _power(self, now: datetime) -> float:
        if self.energy >= self.needed:
            return 0.0
        limits = [limit for moment, limit in self._limits if moment <= now]
        return min(limits[-1], self.most) if limits else self.most

    @override
    def _go_on(self, now: datetime) -> None:
        changes = [
            moment
            for moment, _ in self._limits
            if self._moment is not None and self._moment < moment < now
        ]
        for moment in (*changes, now):
            super()._go_on(moment)

    @override
    def release(self, now: datetime) -> None:
        """Have no limit any more."""
        super().release(now)
        self._limits = []


class Heater(SimulatedDevice):
    """A heater that is off, or on at one or two kilowatts (OMBC)."""

    name = "Simulated heater"
    control_type = OMBC
    powers: ClassVar[dict[str, float]] = {"off": 0.0, "half": 1000.0, "full": 2000.0}

    def __init__(self) -> None:
        """Be off."""
        super().__init__()
        self._mode = "off"

    @override
    def _statuses(self, now: datetime) -> Iterable[Message]:
        return [self._status()]

    @override
    def _describe(self, now: datetime) -> Iterable[Message]:
        yield (
            "OMBC.SystemDescription",
            {
                "valid_from": text(now),
                "operation_modes": [
                    {
                        "id": mode,
                        "diagnostic_label": mode.capitalize(),
                        "power_ranges": [power_range(power, power)],
                        "abnormal_condition_only": False,
                    }
                    for mode, power in self.powers.items()
                ],
                "transitions": [],
                "timers": [],
            },
        )

    @override
    def _can(self, instruction: Body) -> bool:
        return instruction["operation_mode_id"] in self.powers

    @override
    def _obey(self, instruction: Body, now: datetime) -> Iterable[Message]:
        self._mode = instruction["operation_mode_id"]
        return [self._status()]

    @override
    def _power(self, now: datetime) -> float:
        return self.powers[self._mode]

    @override
    def release(self, now: datetime) -> None:
        """Be off."""
        super().release(now)
        self._mode = "off"

    def _status(self) -> Message:
        return "OMBC.Status", {
            "active_operation_mode_id": self._mode,
            "operation_mode_factor": 0.0,
        }


class HybridHeatPump(SimulatedDevice):
    """A heat pump with a gas boiler beside it (DDBC): the house always gets its heat."""

    name = "Simulated hybrid heat pump"
    control_type = DDBC
    pump = number_range(0.0, 6000.0)
    """The heat that its parts can supply, in W."""
    boiler = number_range(0.0, 12_000.0)
    cop = 3.0

    def __init__(self) -> None:
        """Heat with gas."""
        super().__init__()
        self._doing: dict[str, tuple[str, float]] = {
            "pump": ("heat", 0.0),
            "boiler": ("burn", 0.3),
        }

    @override
    def _statuses(self, now: datetime) -> Iterable[Message]:
        return [self._status(part) for part in self._doing]

    @override
    def _describe(self, now: datetime) -> Iterable[Message]:
        yield (
            "DDBC.SystemDescription",
            {
                "valid_from": text(now),
                "actuators": [
                    self._part(
                        "pump",
                        "heat",
                        "ELECTRICITY",
                        self.pump,
                        power_range(0.0, 6000.0 / self.cop),
                    ),
                    self._part(
                        "boiler",
                        "burn",
                        "GAS",
                        self.boiler,
                        power_range(0.0, 0.4, "NATURAL_GAS.FLOW_RATE"),
                    ),
                ],
                "present_demand_rate": number_range(self.demand(now), self.demand(now)),
                "provides_average_demand_rate_forecast": True,
            },
        )
        hours = [now + hour * _HOUR for hour in range(49)]
        yield (
            "DDBC.AverageDemandRateForecast",
            {
                "start_time": text(now),
                "elements": [
                    {
                        "duration": milliseconds(end - start),
                        "demand_rate_expected": self.demand(start),
                    }
                    for start, end in pairwise(hours)
                ],
            },
        )

    @staticmethod
    def demand(now: datetime) -> float:
        """Return the heat that the house needs, in W: most at night."""
        hour = now.hour + now.minute / 60
        return 3500 + 1500 * cos(hour / 24 * 2 * pi)

    @staticmethod
    def _part(part: str, mode: str, commodity: str, supply: Body, power: Body) -> Body:
        return {
            "id": part,
            "diagnostic_label": part.capitalize(),
            "supported_commodites": [commodity],
            "operation_modes": [
                {
                    "Id": mode,
                    "diagnostic_label": mode.capitalize(),
                    "power_ranges": [power],
                    "supply_range": supply,
                    "abnormal_condition_only": False,
                }
            ],
            "transitions": [],
            "timers": [],
        }

    @override
    def _can(self, instruction: Body) -> bool:
        mode = self._doing.get(instruction["actuator_id"], ("", 0.0))[0]
        return bool(mode == instruction["operation_mode_id"])

    @override
    def _obey(self, instruction: Body, now: datetime) -> Iterable[Message]:
        part, mode = instruction["actuator_id"], instruction["operation_mode_id"]
        self._doing[part] = mode, instruction["operation_mode_factor"]
        return [self._status(part)]

    @override
    def _power(self, now: datetime) -> float:
        return self._doing["pump"][1] * 6000 / self.cop

    @override
    def release(self, now: datetime) -> None:
        """Heat with gas."""
        super().release(now)
        self._doing = {"pump": ("heat", 0.0), "boiler": ("burn", 0.3)}

    def _status(self, part: str) -> Message:
        mode, factor = self._doing[part]
        return "DDBC.ActuatorStatus", {
            "actuator_id": part,
            "active_operation_mode_id": mode,
            "operation_mode_factor": factor,
        }


class WashingMachine(SimulatedDevice):
    """A washing machine (PPBC): its program is to be done within half a day."""

    name = "Simulated washing machine"
    control_type = PPBC
    program = (
        (timedelta(minutes=15), 2000.0),
        (timedelta(minutes=40), 200.0),
        (timedelta(minutes=20), 500.0),
    )
    within = _DAY / 2

    def __init__(self) -> None:
        """Wait to be started."""
        super().__init__()
        self._started: datetime | None = None
        self._is_scheduled = False

    @override
    def _describe(self, now: datetime) -> Iterable[Message]:
        if self._started is not None:
            return
        yield (
            "PPBC.PowerProfileDefinition",
            {
                "id": "laundry",
                "start_time": text(now),
                "end_time": text(now + self.within),
                "power_sequences_containers": [
                    {
                        "id": "program",
                        "power_sequences": [
                            {
                                "id": "eco",
                                "elements": [
                                    {
                                        "duration": milliseconds(duration),
                                        "power_values": [
                                            {
                                                "commodity_quantity": SYMMETRIC,
                                                "value_expected": power,
                                            }
                                        ],
                                    }
                                    for duration, power in self.program
                                ],
                                "is_interruptible": False,
                                "abnormal_condition_only": False,
                            }
                        ],
                    }
                ],
            },
        )

    @override
    def _statuses(self, now: datetime) -> Iterable[Message]:
        return [self._status(now)]

    @override
    def instruct(self, message_type: str, body: Body, now: datetime) -> list[Message]:
        """Take an instruction, and say what is made of it."""
        if message_type != "RevokeObject":
            # The newest one is what holds.
            self._orders = []
        return super().instruct(message_type, body, now)

    @override
    def _can(self, instruction: Body) -> bool:
        return self._started is None and instruction.get("power_sequence_id") == "eco"

    @override
    def _obey(self, instruction: Body, now: datetime) -> Iterable[Message]:
        self._started = now
        return [self._status(now)]

    @override
    def _power(self, now: datetime) -> float:
        moment = self._started
        for duration, power in self.program:
            if moment is None or now < moment:
                return 0.0
            moment += duration
            if now < moment:
                return power
        return 0.0

    def _status(self, now: datetime) -> Message:
        length = sum((duration for duration, _ in self.program), timedelta(0))
        status: Body = {
            "power_profile_id": "laundry",
            "sequence_container_id": "program",
            "status": "SCHEDULED" if self._orders else "NOT_SCHEDULED",
        }
        if self._orders or self._started is not None:
            status["selected_sequence_id"] = "eco"
        if self._started is not None:
            is_over = now >= self._started + length
            status["status"] = "FINISHED" if is_over else "EXECUTING"
            status["progress"] = milliseconds(min(now - self._started, length))
        return "PPBC.PowerProfileStatus", {"sequence_container_status": [status]}
