"""Simulated storages, and how they describe themselves in S2: no network, and no clock but the one that they are given."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from .wire import (
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

FRBC = "FILL_RATE_BASED_CONTROL"
FULL = 100.0
"""Fill levels are in %."""

_ACTUATOR = "converter"
_IDLE = "idle"
_JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class PowerRange:
    """The electric power that a mode can have, in W and without a sign."""

    least: float
    most: float


@dataclass(frozen=True)
class Target:
    """What the fill level (in %) has to be from a moment on."""

    level: float
    by: datetime


@dataclass(frozen=True)
class _Mode:
    """An operation mode: what it does at the factors 0 and 1."""

    power: tuple[float, float] = (0.0, 0.0)
    """In W, consumption positive."""
    rate: tuple[float, float] = (0.0, 0.0)
    """In % per second."""


@dataclass(frozen=True)
class _Order:
    """What the device was told to do from a moment on."""

    instruction_id: str
    moment: datetime
    mode: str
    factor: float


@dataclass(frozen=True)
class Sample:
    """What was done from a moment on."""

    moment: datetime
    power: float
    """In W, consumption positive."""
    level: float
    """In %, at that moment."""


@dataclass
class Storage:
    """A battery or a car: stores what it consumes, with losses, and obeys instructions when their time comes.

    Whatever it is told, it goes no further than full and empty: `prevented` counts the energy that it was told to move and could not.
    """

    name: str
    capacity: float
    """In kWh."""
    level: float
    """In %."""
    charging: PowerRange
    discharging: PowerRange | None = None
    efficiency: float = 0.95
    """Of each direction."""
    target: Target | None = None
    prevented: float = 0.0
    """In kWh, at its connection to the grid."""
    history: list[Sample] = field(default_factory=list)
    """Each change of its power."""

    control_types = (FRBC, "NOT_CONTROLABLE")

    def __post_init__(self) -> None:
        """Do nothing at first."""
        self._modes = {_IDLE: _Mode()} | dict(self._make_modes())
        self._doing: _Order | None = None
        self._orders: list[_Order] = []
        self._moment: datetime | None = None
        self._numbers = count()

    def _make_modes(self) -> Iterator[tuple[str, _Mode]]:
        per_watt = FULL / (self.capacity * _JOULES_PER_KWH)
        powers = (self.charging.least, self.charging.most)
        stored = self.efficiency * per_watt
        yield "charge", _Mode(powers, (powers[0] * stored, powers[1] * stored))
        if self.discharging:
            powers = (-self.discharging.least, -self.discharging.most)
            taken = per_watt / self.efficiency
            yield "discharge", _Mode(powers, (powers[0] * taken, powers[1] * taken))

    # --- What it does

    @property
    def power(self) -> float:
        """The electric power now, in W, consumption positive."""
        return self._told(self._mode.power) if self._room != 0 else 0.0

    @property
    def next_moment(self) -> datetime | None:
        """When it has something else to do; None if it was not told."""
        return min((order.moment for order in self._orders), default=None)

    def pass_to(self, now: datetime) -> list[Message]:
        """Let the time pass, and tell what has become of instructions."""
        news: list[Message] = []
        while self._orders and self._orders[0].moment <= now:
            news += self._begin(self._orders.pop(0))
        self._go_on(now)
        return news

    @property
    def _mode(self) -> _Mode:
        return self._modes[self._doing.mode if self._doing else _IDLE]

    def _told(self, values: tuple[float, float]) -> float:
        factor = self._doing.factor if self._doing else 0.0
        return values[0] + factor * (values[1] - values[0])

    @property
    def _room(self) -> float:
        """How far the level can go in the direction that it was told, in %."""
        rate = self._told(self._mode.rate)
        return FULL - self.level if rate > 0 else -self.level if rate < 0 else 0.0

    def _go_on(self, now: datetime) -> None:
        """Do until a moment what it was told last."""
        before, self._moment = self._moment or now, now
        seconds = (now - before).total_seconds()
        rate = self._told(self._mode.rate)
        if seconds <= 0 or not rate:
            return
        possible = min(seconds, self._room / rate)
        prevented = abs(self._told(self._mode.power)) * (seconds - possible)
        self.prevented += prevented / _JOULES_PER_KWH
        self.level += rate * possible
        if possible < seconds:
            self.level = FULL if rate > 0 else 0.0

    def _begin(self, order: _Order) -> Iterator[Message]:
        moment = max(order.moment, self._moment or order.moment)
        self._go_on(moment)
        before, self._doing = self._doing, order
        self.history.append(Sample(moment, self.power, self.level))
        yield "FRBC.ActuatorStatus", self._actuator_status()
        yield measurement(self.power, moment)
        if before:
            yield progress(before.instruction_id, "SUCCEEDED", moment)
        yield progress(order.instruction_id, "STARTED", moment)

    # --- What it says

    @property
    def details(self) -> Body:
        """The body of its ResourceManagerDetails."""
        return details(self.name, "ENERGY_STORAGE", *self.control_types)

    def begin(self, control_type: str, now: datetime) -> list[Message]:
        """Describe itself, now that a control type is in force."""
        if control_type != FRBC:
            return []
        messages: list[Message] = [
            ("FRBC.SystemDescription", self._description(now)),
            ("FRBC.ActuatorStatus", self._actuator_status()),
            *self.report(control_type, now),
        ]
        if self.target:
            messages.append(("FRBC.FillLevelTargetProfile", _profile(self.target, now)))
        return messages

    def report(self, control_type: str, now: datetime) -> list[Message]:
        """Say how it is."""
        messages = [measurement(self.power, now)]
        if control_type == FRBC:
            messages.append(("FRBC.StorageStatus", {"present_fill_level": self.level}))
        return messages

    def instruct(self, message_type: str, body: Body, now: datetime) -> list[Message]:
        """Take an instruction, and say what is made of it; RevokeObject takes one back."""
        if message_type == "RevokeObject":
            taken_back = body["object_id"]
            self._orders = [
                order for order in self._orders if order.instruction_id != taken_back
            ]
            return [progress(taken_back, "REVOKED", now)]
        order = _Order(
            body["id"],
            datetime.fromisoformat(body["execution_time"]),
            body["operation_mode"],
            body["operation_mode_factor"],
        )
        if order.mode not in self._modes or body["actuator_id"] != _ACTUATOR:
            return [progress(order.instruction_id, "REJECTED", now)]
        self._orders = sorted([*self._orders, order], key=lambda each: each.moment)
        return [progress(order.instruction_id, "ACCEPTED", now)]

    def release(self, now: datetime) -> None:
        """Do nothing, and nothing that it was told, as nobody controls it any more."""
        self._orders.clear()
        self._go_on(now)
        self._doing = None
        self.history.append(Sample(now, 0.0, self.level))

    def _description(self, now: datetime) -> Body:
        modes = [
            {
                "id": mode_id,
                "diagnostic_label": mode_id.capitalize(),
                "elements": [
                    {
                        "fill_level_range": number_range(0.0, FULL),
                        "fill_rate": number_range(*mode.rate),
                        "power_ranges": [power_range(*mode.power)],
                    }
                ],
                "abnormal_condition_only": False,
            }
            for mode_id, mode in self._modes.items()
        ]
        return {
            "valid_from": text(now),
            "actuators": [
                {
                    "id": _ACTUATOR,
                    "supported_commodities": ["ELECTRICITY"],
                    "operation_modes": modes,
                    "transitions": [],
                    "timers": [],
                }
            ],
            "storage": {
                "fill_level_label": "%",
                "provides_leakage_behaviour": False,
                "provides_fill_level_target_profile": self.target is not None,
                "provides_usage_forecast": False,
                "fill_level_range": number_range(0.0, FULL),
            },
        }

    def _actuator_status(self) -> Body:
        return {
            "actuator_id": _ACTUATOR,
            "active_operation_mode_id": self._doing.mode if self._doing else _IDLE,
            "operation_mode_factor": self._doing.factor if self._doing else 0.0,
        }


def _profile(target: Target, now: datetime) -> Body:
    """Any level until the target's moment, and a day of at least its level."""
    spans = (
        (max(target.by - now, timedelta(0)), 0.0),
        (timedelta(days=1), target.level),
    )
    return {
        "start_time": text(now),
        "elements": [
            {
                "duration": milliseconds(duration),
                "fill_level_range": number_range(least, FULL),
            }
            for duration, least in spans
        ],
    }
