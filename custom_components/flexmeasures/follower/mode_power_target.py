"""A target that is told what to do by a word, and how much of it by a number: most hybrid inverters."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, override

from ..device.limits import Span
from ..plan.schedule import Action
from .targets import (
    EntityFacts,
    EntityTarget,
    Write,
    amount_of,
    kw_of,
    option_of,
    rest_of,
    slack_of,
)


class Sign(StrEnum):
    """Of a number that takes the power of both directions."""

    NONE = "none"
    """The word says the direction."""
    CHARGING = "charging"
    """Positive is charging."""
    DISCHARGING = "discharging"


@dataclass(frozen=True, slots=True)
class ModePowerTarget(EntityTarget):
    """A choice of words, with one number for the power or one for each direction."""

    power: str
    discharge: str | None
    """Takes the power of discharging; without one, `power` takes both."""
    options: Mapping[Action, str]
    rest: str
    sign: Sign = Sign.NONE
    rest_power: float | None = None
    """What limits the device while it rests, in the unit of the numbers; None: nothing does."""

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            data["entity"],
            data["second_entity"],
            data.get("third_entity"),
            {action: data[action.value] for action in Action},
            data["rest_option"],
            Sign(data.get("sign", Sign.NONE)),
            data.get("rest_power"),
        )

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return (self.entity_id, *self._numbers)

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        known = facts[self.entity_id]
        if setpoint is None:
            mode = Write(self.entity_id, option_of(self.rest, known, self.entity_id))
            if self.rest_power is None:
                return (mode,)
            # With the former word, it would be done at once.
            return (
                mode,
                *[
                    Write(each, rest_of(self.rest_power, facts[each], each))
                    for each in self._numbers
                ],
            )
        option = self.options[Action.of(setpoint)]
        mode = Write(self.entity_id, option_of(option, known, self.entity_id))
        return (*self._powers(setpoint, facts), mode)

    @override
    def span(self, facts: Mapping[str, EntityFacts]) -> Span:
        known = facts[self.power]
        least, most = kw_of(known.least, known), kw_of(known.most, known)
        if self.discharge:
            known = facts[self.discharge]
            return _span(kw_of(known.most, known), most)
        match self.sign:
            case Sign.NONE:
                return _span(most, most)
            case Sign.CHARGING:
                return Span(least, most)
        return _span(most, None if least is None else -least)

    @property
    def _numbers(self) -> tuple[str, ...]:
        return (self.power, self.discharge) if self.discharge else (self.power,)

    def _powers(
        self, setpoint: float, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        """Return how much: before the word, which begins with what is there."""
        match Action.of(setpoint):
            case Action.CHARGE:
                return (self._power(self.power, setpoint, facts),)
            case Action.DISCHARGE:
                return (self._power(self.discharge or self.power, setpoint, facts),)
        idle = self.options[Action.IDLE]
        if idle not in (self.options[Action.CHARGE], self.options[Action.DISCHARGE]):
            # The word says it all.
            return ()
        return tuple(self._power(each, 0.0, facts) for each in self._numbers)

    def _power(
        self, entity_id: str, setpoint: float, facts: Mapping[str, EntityFacts]
    ) -> Write:
        if self.discharge or self.sign is Sign.NONE:
            power = abs(setpoint)
        else:
            power = -setpoint if self.sign is Sign.DISCHARGING else setpoint
        known = facts[entity_id]
        return Write(entity_id, amount_of(power, known, entity_id), slack_of(known))


def _span(discharging: float | None, charging: float | None) -> Span:
    """Return the powers between the most of each direction."""
    return Span(None if discharging is None else -discharging, charging)
