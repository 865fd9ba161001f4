"""Actions of the user's own, which follow a setpoint."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self, override

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import Script, async_validate_actions_config

from ..const import DOMAIN
from .targets import EntityFacts, Target, Write

type Actions = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ActionsWrite(Write):
    """Actions that are run with a setpoint as their variable, and no entity to look at."""

    actions: Actions = ()


@dataclass(frozen=True, slots=True)
class ActionsTarget(Target):
    """Actions, which are run with each setpoint that is another one."""

    actions: Actions

    @classmethod
    @override
    def from_settings(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["actions"])

    @property
    @override
    def entity_ids(self) -> tuple[str, ...]:
        return ()

    @override
    def writes(
        self, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> tuple[Write, ...]:
        return (ActionsWrite("", setpoint, actions=self.actions),)

    @override
    def resting(self, facts: Mapping[str, EntityFacts]) -> tuple[Write, ...]:
        return self.writes(None, facts)


def checked(actions: Actions) -> list[dict[str, Any]]:
    """Return actions as they can be run; raises vol.Invalid."""
    # What is checked is changed by it.
    found: list[dict[str, Any]] = cv.SCRIPT_SCHEMA(deepcopy(list(actions)))
    return found


async def async_run(
    hass: HomeAssistant, write: ActionsWrite, name: str, context: Context
) -> None:
    """Run actions to their end; raises what they do."""
    actions = await async_validate_actions_config(hass, checked(write.actions))
    script = Script(hass, actions, name, DOMAIN)
    try:
        await script.async_run({"setpoint": write.value}, context)
    finally:
        await script.async_unload()
