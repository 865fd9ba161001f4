"""Which target each kind is."""

from collections.abc import Mapping
from typing import Any, Final

from .mode_power_target import ModePowerTarget
from .own_actions import ActionsTarget
from .power_targets import CurrentTarget, PowerTarget, TwoPowersTarget
from .stage_targets import (
    ModeTarget,
    ScriptTarget,
    SgReadyTarget,
    SwitchTarget,
    TemperatureTarget,
)
from .targets import Kind, Target

TARGETS: Final[Mapping[Kind, type[Target]]] = {
    Kind.POWER: PowerTarget,
    Kind.TWO_POWERS: TwoPowersTarget,
    Kind.CURRENT: CurrentTarget,
    Kind.SWITCH: SwitchTarget,
    Kind.MODE: ModeTarget,
    Kind.MODE_POWER: ModePowerTarget,
    Kind.SG_READY: SgReadyTarget,
    Kind.TEMPERATURE: TemperatureTarget,
    Kind.SCRIPT: ScriptTarget,
    Kind.ACTIONS: ActionsTarget,
}
"""By their kinds."""


def target_from(data: Mapping[str, Any]) -> Target:
    """Return the target that a device's settings say; raises KeyError and ValueError."""
    return TARGETS[Kind(data["kind"])].from_settings(data)
