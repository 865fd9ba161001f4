"""What follows a device, and what was decided for it, as JSON."""

from datetime import UTC
from typing import Any, Final

from homeassistant.const import STATE_OFF, STATE_ON, Platform
from homeassistant.core import HomeAssistant, callback

from ..device.entity_references import async_entity_name
from ..follower.entities import can_be_written
from ..follower.follower import Follower
from ..follower.memory import Decision
from ..follower.state import FollowerState
from ..follower.targets import Write
from ..texts import error_text

FOLLOWER: Final = (Platform.SENSOR, "follower")
"""Who may read it may see what is written where."""


@callback
def async_following(hass: HomeAssistant, follower: Follower) -> dict[str, Any]:
    """Return how following goes, why it cannot be, and what was decided last."""
    memory, problem, state = follower.memory, follower.problem, follower.state
    until = memory.by_hand_until if state is FollowerState.BY_HAND else None
    entity_ids = follower.settings.target.entity_ids
    return {
        "state": state.value,
        "is_in_control": memory.is_in_control,
        "detail": problem
        and error_text(
            problem.key, {"entity": async_entity_name(hass, problem.entity_id)}
        ),
        "by_hand_until": until and until.astimezone(UTC).isoformat(),
        "waits_for": [
            each for each in entity_ids if not can_be_written(hass.states.get(each))
        ]
        if state is FollowerState.WAITING
        else [],
        "last": _decision(memory.decisions[-1]) if memory.decisions else None,
    }


def decisions_of(follower: Follower) -> list[dict[str, Any]]:
    """Return what was decided in the last day, the newest first."""
    return [_decision(each) for each in reversed(follower.memory.decisions)]


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "at": decision.moment.astimezone(UTC).isoformat(),
        "setpoint": decision.setpoint,
        "why": decision.why.value,
        "writes": [_write(each) for each in decision.writes],
        "is_dry": decision.is_dry,
    }


def _write(write: Write) -> dict[str, Any]:
    """Return which entity gets which value: a number, a word, on or off, or nothing."""
    value = write.value
    if isinstance(value, bool):
        value = STATE_ON if value else STATE_OFF
    return {"entity": write.entity_id, "value": value}
