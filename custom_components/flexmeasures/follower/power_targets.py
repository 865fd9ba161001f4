"""Targets that take a power, or a current."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, override

from ..device.limits import Span
from .targets import (
    EntityFacts,
    EntityTarget,
    Target,
    Write,
    amount_of,
    kw_of,
    option_of,
    possible,
    rest_of,
    slack_of,
)

_W_PER_KW: Final = 1e3
_SLACK_A: Final = 0.5
_NOTHING_A: Final = 0.1


@dataclass(frozen=True, slots=True)
class PowerTarget(EntityTarget):
    """A number that takes the power, in its own unit."""

    is_inverted: bool = False
    """Whether positive is production there."""
    rest: float = 0.0
    """In the unit of the entity."""

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["entity"], data["invert"], data["rest"])

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        known = facts[self.entity_id]
        sign = -1 if self.is_inverted else 1
        if setpoint is None:
            value = rest_of(self.rest, known, self.entity_id)
        else:
            value = amount_of(sign * setpoint, known, self.entity_id)
        return (Write(self.entity_id, value, slack_of(known)),)

    @override
    def span(self, facts: Mapping[str, EntityFacts]) -> Span:
        known = facts[self.entity_id]
        least, most = kw_of(known.least, known), kw_of(known.most, known)
        if self.is_inverted:
            return Span(
                None if most is None else -most, None if least is None else -least
            )
        return Span(least, most)


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
            Write(
                entity_id,
                amount_of(power, facts[entity_id], entity_id),
                slack_of(facts[entity_id]),
            )
            for entity_id, power in sorted(wanted.items(), key=lambda each: each[1])
        )

    @override
    def span(self, facts: Mapping[str, EntityFacts]) -> Span:
        least = kw_of(facts[self.discharge].most, facts[self.discharge])
        most = kw_of(facts[self.charge].most, facts[self.charge])
        return Span(None if least is None else -least, most)


@dataclass(frozen=True, slots=True)
class CurrentTarget(EntityTarget):
    """A charger that takes a current (A), and is paused below the least that a car takes."""

    switch: str | None = None
    """Pauses it; without one, the current is 0 then."""
    go: bool | str = True
    """What it has while it charges: on or off, or the word of a choice."""
    pause: bool | str = False
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
            *_go_and_pause(data),
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
            # One that is said to have 11 kW has three times 16 A, which are a little more.
            if 0 < (nearest := round(current)) - current <= _NOTHING_A:
                current = float(nearest)
        known = facts[self.entity_id]
        if current >= max(self.least, known.least or 0.0):
            charging = Write(self.entity_id, possible(current, known), _SLACK_A)
            return (charging, *self._switched(facts, charges=True))
        if self.switch:
            return self._switched(facts, charges=False)
        pause = rest_of(0.0, known, self.entity_id)
        return (Write(self.entity_id, pause),)

    @override
    def span(self, facts: Mapping[str, EntityFacts]) -> Span:
        most = facts[self.entity_id].most
        per_ampere = self.voltage * self.phases / _W_PER_KW
        return Span(0.0, None if most is None else most * per_ampere)

    def _switched(
        self, facts: Mapping[str, EntityFacts], *, charges: bool
    ) -> tuple[Write, ...]:
        if self.switch is None:
            return ()
        value = self.go if charges else self.pause
        if isinstance(value, str):
            value = option_of(value, facts[self.switch], self.switch)
        return (Write(self.switch, value),)


def _go_and_pause(data: Mapping[str, Any]) -> tuple[bool | str, bool | str]:
    """Return what lets a charger charge, and what pauses it."""
    if "charge" in data:
        return data["charge"], data["idle"]
    is_on_while_paused = data.get("invert", False)
    return not is_on_while_paused, is_on_while_paused
