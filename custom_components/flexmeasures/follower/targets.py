"""What follows a setpoint: what all targets share, no I/O.

Setpoints are in kW, consumption positive; None is that there is none: then each target
has what it rests with.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Any, Final, Self, override

from ..device.limits import Span

_SLACK_KW: Final = 0.05
_PER_KW: Final = {"mW": 1e6, "W": 1e3, "kW": 1.0, "MW": 1e-3}


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
    MODE_POWER = "mode_power"
    """A choice of words, and how much."""
    SG_READY = "sg_ready"
    """Two switches, of which the second one asks a heat pump to use more."""
    TEMPERATURE = "temperature"
    """A thermostat: warmer while the setpoint is above a threshold."""
    SCRIPT = "script"
    """The user's own, with the setpoint as a variable."""
    ACTIONS = "actions"
    """The same without a script."""


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """What can be written to an entity."""

    unit: str | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None
    options: tuple[str, ...] = ()

    def takes(self, value: object) -> bool:
        """Return whether a value is within the range, if it has one."""
        return not isinstance(value, float) or (
            (self.least is None or self.least <= value)
            and (self.most is None or value <= self.most)
        )


@dataclass(frozen=True, slots=True)
class Write:
    """A value that an entity is to have."""

    entity_id: str
    """Empty where the user's own actions are run."""
    value: float | str | bool | None
    """A number, an option, on or off; for a script its setpoint."""
    slack: float = 0.0
    """By how much the device may be off, as it rounds by itself."""


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

    def span(self, facts: Mapping[str, EntityFacts]) -> Span:
        """Return which powers (kW) the entities take, as far as that is known."""
        return Span()

    def resting(self, facts: Mapping[str, EntityFacts]) -> tuple[Write, ...]:
        """Return what those entities rest with that are known; raises CannotFollowError."""
        everything = dict.fromkeys(self.entity_ids, EntityFacts()) | dict(facts)
        writes = self.writes(None, everything)
        return tuple(each for each in writes if each.entity_id in facts)


@dataclass(frozen=True, slots=True)
class EntityTarget(Target):
    """One whose value goes to a single entity."""

    entity_id: str

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id,)


def per_kw(facts: EntityFacts, entity_id: str) -> float:
    """Return how many of the entity's units are a kW."""
    if (factor := _PER_KW.get(facts.unit or "")) is None:
        raise CannotFollowError("follower_unit", entity_id)
    return factor


def slack_of(facts: EntityFacts) -> float:
    """Return by how much a device may round a power, in the entity's unit."""
    return _SLACK_KW * _PER_KW.get(facts.unit or "", 0.0)


def amount_of(power: float, facts: EntityFacts, entity_id: str) -> float:
    """Return a power (kW) in the unit of an entity; 0 has to be possible."""
    if not power:
        return rest_of(0.0, facts, entity_id)
    asked = power * per_kw(facts, entity_id)
    amount = possible(asked, facts)
    if abs(amount) > abs(asked) + 1e-6:
        # It takes no less than that.
        return rest_of(0.0, facts, entity_id)
    return amount


def option_of(option: str, facts: EntityFacts, entity_id: str) -> str:
    """Return an option; raises CannotFollowError if the entity does not have it."""
    if option not in facts.options:
        raise CannotFollowError("follower_option_gone", entity_id)
    return option


def rest_of(value: float, facts: EntityFacts, entity_id: str) -> float:
    """Return what an entity rests with; raises CannotFollowError if that is not possible."""
    nearest = possible(value, facts)
    if not math.isclose(nearest, value, abs_tol=facts.step or 0.0):
        raise CannotFollowError("follower_no_rest", entity_id)
    return nearest


def possible(value: float, facts: EntityFacts) -> float:
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


def kw_of(amount: float | None, facts: EntityFacts) -> float | None:
    """Return an amount of the entity's unit in kW, if both are known."""
    factor = _PER_KW.get(facts.unit or "")
    return None if amount is None or factor is None else amount / factor
