"""What a setpoint means for what follows it: values for entities, no I/O.

Setpoints are in kW, consumption positive; None is that there is none: then each target
has what it rests with.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Any, Final, Self, override

from ..plan.schedule import Action

_PER_KW: Final = {"mW": 1e6, "W": 1e3, "kW": 1.0, "MW": 1e-3}
_W_PER_KW: Final = 1e3


class Kind(StrEnum):
    """Of targets."""

    POWER = "power"
    """A number: the signed power."""
    TWO_POWERS = "two_powers"
    """Two numbers: one for charging, one for discharging."""
    CURRENT = "current"
    """A number: the current of a car's charger, with a switch that pauses it."""
    SWITCH = "switch"
    """On while the setpoint is above a threshold."""
    MODE = "mode"
    """A choice of words."""
    SG_READY = "sg_ready"
    """Two switches, of which the second one asks a heat pump to use more."""
    TEMPERATURE = "temperature"
    """A thermostat: warmer while the setpoint is above a threshold."""
    SCRIPT = "script"
    """The user's own, with the setpoint as a variable."""


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """What can be written to an entity."""

    unit: str | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """A value that an entity is to have."""

    entity_id: str
    value: float | str | bool | None
    """A number, an option, on or off; for a script its setpoint."""


class CannotFollowError(Exception):
    """An entity cannot have what it is to have."""

    def __init__(self, key: str, entity_id: str) -> None:
        """Keep the key of the text that says why, and which entity it is."""
        super().__init__(key)
        self.key = key
        self.entity_id = entity_id


class Target(ABC):
    """What follows a setpoint."""

    @classmethod
    @abstractmethod
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        """Read what the form has made."""

    @property
    @abstractmethod
    def entity_ids(self) -> tuple[str, ...]:
        """What is written to."""

    @abstractmethod
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        """Return what to write, in this order; raises CannotFollowError."""


@dataclass(frozen=True, slots=True)
class PowerTarget(Target):
    """A number that takes the power, in its own unit."""

    entity_id: str
    is_inverted: bool = False
    """Whether positive is production there."""
    rest: float = 0.0
    """In the unit of the entity."""

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"], data["invert"], data["rest"])

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id,)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        known = facts[self.entity_id]
        sign = -1 if self.is_inverted else 1
        if setpoint is None:
            value = _rest(self.rest, known, self.entity_id)
        else:
            power = sign * setpoint * _per_kw(known, self.entity_id)
            value = _possible(power, known)
        return (Write(self.entity_id, value),)


@dataclass(frozen=True, slots=True)
class TwoPowersTarget(Target):
    """A number for charging and one for discharging, never both above 0."""

    charge: str
    discharge: str

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"], data["second_entity"])

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.charge, self.discharge)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        wanted = {
            self.charge: max(setpoint or 0.0, 0.0),
            self.discharge: max(-(setpoint or 0.0), 0.0),
        }
        # What ends, ends before the other begins.
        return tuple(
            Write(entity_id, _amount(power, facts[entity_id], entity_id))
            for entity_id, power in sorted(wanted.items(), key=lambda each: each[1])
        )


@dataclass(frozen=True, slots=True)
class CurrentTarget(Target):
    """A charger that takes a current (A), and is paused below the least that a car takes."""

    entity_id: str
    switch: str | None = None
    """Pauses it; without one, the current is 0 then."""
    phases: int = 3
    voltage: float = 230.0
    """Between a phase and neutral."""
    least: float = 6.0
    rest: float = 0.0
    """In A; below `least` it is paused."""

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            data["entity"],
            data.get("second_entity"),
            int(data["phases"]),
            data["voltage"],
            data["least"],
            data["rest"],
        )

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id, self.switch) if self.switch else (self.entity_id,)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        current = self.rest
        if setpoint is not None:
            current = setpoint * _W_PER_KW / (self.voltage * self.phases)
        if current >= self.least:
            value = _possible(current, facts[self.entity_id])
            on = (Write(self.switch, value=True),) if self.switch else ()
            return (Write(self.entity_id, value), *on)
        if self.switch:
            return (Write(self.switch, value=False),)
        pause = _rest(0.0, facts[self.entity_id], self.entity_id)
        return (Write(self.entity_id, pause),)


@dataclass(frozen=True, slots=True)
class SwitchTarget(Target):
    """On while more than `threshold` kW is to be consumed."""

    entity_id: str
    threshold: float = 0.0
    is_on_at_rest: bool = False

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"], data["threshold"], data["on_at_rest"])

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id,)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        is_on = self.is_on_at_rest if setpoint is None else setpoint > self.threshold
        return (Write(self.entity_id, is_on),)


@dataclass(frozen=True, slots=True)
class ModeTarget(Target):
    """One that decides for itself how much, and is told what to do."""

    entity_id: str
    options: Mapping[Action, str]
    rest: str

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            data["entity"],
            {action: data[action.value] for action in Action},
            data["rest_option"],
        )

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id,)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        option = self.rest if setpoint is None else self.options[Action.of(setpoint)]
        if option not in facts[self.entity_id].options:
            raise CannotFollowError("follower_option_gone", self.entity_id)
        return (Write(self.entity_id, option),)


@dataclass(frozen=True, slots=True)
class SgReadyTarget(Target):
    """A heat pump with two contacts: 0:1 asks it to use more, 0:0 is as usual."""

    first: str
    second: str
    threshold: float = 0.0

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"], data["second_entity"], data["threshold"])

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.first, self.second)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        is_more = setpoint is not None and setpoint > self.threshold
        # The first one alone would lock it.
        return (Write(self.first, value=False), Write(self.second, is_more))


@dataclass(frozen=True, slots=True)
class TemperatureTarget(Target):
    """A thermostat or water heater: between two comforts, as the plan has it."""

    entity_id: str
    low: float
    high: float
    rest: float
    threshold: float = 0.0

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            data["entity"],
            data["low"],
            data["high"],
            data["rest"],
            data["threshold"],
        )

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id,)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        if setpoint is None:
            value = self.rest
        else:
            value = self.high if setpoint > self.threshold else self.low
        return (Write(self.entity_id, _possible(value, facts[self.entity_id])),)


@dataclass(frozen=True, slots=True)
class ScriptTarget(Target):
    """A script, which is run with each setpoint that is another one."""

    entity_id: str

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"])

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id,)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        return (Write(self.entity_id, setpoint),)


TARGETS: Final[Mapping[Kind, type[Target]]] = {
    Kind.POWER: PowerTarget,
    Kind.TWO_POWERS: TwoPowersTarget,
    Kind.CURRENT: CurrentTarget,
    Kind.SWITCH: SwitchTarget,
    Kind.MODE: ModeTarget,
    Kind.SG_READY: SgReadyTarget,
    Kind.TEMPERATURE: TemperatureTarget,
    Kind.SCRIPT: ScriptTarget,
}
"""By their kinds."""


def target_from(data: Mapping[str, Any]) -> Target:
    """Return the target that a device's settings say; raises KeyError and ValueError."""
    return TARGETS[Kind(data["kind"])].from_settings(data)


def _per_kw(facts: EntityFacts, entity_id: str) -> float:
    """Return how many of the entity's units are a kW."""
    if (factor := _PER_KW.get(facts.unit or "")) is None:
        raise CannotFollowError("follower_unit", entity_id)
    return factor


def _amount(power: float, facts: EntityFacts, entity_id: str) -> float:
    """Return a power (kW) in the unit of an entity; 0 has to be possible."""
    if not power:
        return _rest(0.0, facts, entity_id)
    return _possible(power * _per_kw(facts, entity_id), facts)


def _rest(value: float, facts: EntityFacts, entity_id: str) -> float:
    """Return what an entity rests with; raises CannotFollowError if that is not possible."""
    possible = _possible(value, facts)
    if not math.isclose(possible, value, abs_tol=facts.step or 0.0):
        raise CannotFollowError("follower_no_rest", entity_id)
    return possible


def _possible(value: float, facts: EntityFacts) -> float:
    """Return the nearest value that the entity takes, no further from 0 than it was."""
    if facts.step:
        steps = value / facts.step
        # What is a whole number but for noise stays one.
        whole = round(steps)
        value = (
            whole if math.isclose(steps, whole, abs_tol=1e-9) else math.trunc(steps)
        ) * facts.step
    if facts.least is not None:
        value = max(value, facts.least)
    if facts.most is not None:
        value = min(value, facts.most)
    return round(value, 6) + 0.0
