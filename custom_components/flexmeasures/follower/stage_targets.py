"""Targets that know stages only: on and off, words, two temperatures, or what a script makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, override

from ..plan.schedule import Action
from .targets import EntityFacts, EntityTarget, Target, Write, option_of, possible


@dataclass(frozen=True, slots=True)
class SwitchTarget(EntityTarget):
    """On while more than `threshold` kW is to be consumed."""

    threshold: float = 0.0
    is_on_at_rest: bool = False

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"], data["threshold"], data["on_at_rest"])

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        is_on = self.is_on_at_rest if setpoint is None else setpoint > self.threshold
        return (Write(self.entity_id, is_on),)


@dataclass(frozen=True, slots=True)
class ModeTarget(EntityTarget):
    """One that decides for itself how much, and is told what to do."""

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

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        option = self.rest if setpoint is None else self.options[Action.of(setpoint)]
        known = facts[self.entity_id]
        return (Write(self.entity_id, option_of(option, known, self.entity_id)),)


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
class TemperatureTarget(EntityTarget):
    """A thermostat or water heater: between two comforts, as the plan has it."""

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

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        if setpoint is None:
            value = self.rest
        else:
            value = self.high if setpoint > self.threshold else self.low
        return (Write(self.entity_id, possible(value, facts[self.entity_id])),)


@dataclass(frozen=True, slots=True)
class ScriptTarget(EntityTarget):
    """A script, which is run with each setpoint that is another one."""

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"])

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        return (Write(self.entity_id, setpoint),)
