"""The sensor of what follows a device."""

from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)

from ..device.entity_references import async_entity_name
from ..entity import FollowerEntity, local_time
from ..follower.entities import shown
from ..follower.memory import Decision
from ..follower.state import FollowerState
from ..texts import error_text

FOLLOWER = SensorEntityDescription(
    key="follower",
    translation_key="follower",
    device_class=SensorDeviceClass.ENUM,
    options=list(FollowerState),
)


class FollowerSensor(FollowerEntity, SensorEntity):
    """How following goes, and what was decided in the last day."""

    _unrecorded_attributes = frozenset({"decisions"})

    @property
    @override
    def native_value(self) -> FollowerState:
        return self.follower.state

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What is wrong, until when the user's hand is left, and the newest decisions first."""
        follower = self.follower
        problem, until = follower.problem, follower.memory.by_hand_until
        return {
            "reason": problem
            and error_text(
                problem.key,
                {"entity": async_entity_name(self.hass, problem.entity_id)},
            ),
            "by_hand_until": local_time(until)
            if until and follower.is_by_hand
            else None,
            "decisions": [
                _shown(decision) for decision in reversed(follower.memory.decisions)
            ],
        }


def _shown(decision: Decision) -> dict[str, Any]:
    return {
        "time": local_time(decision.moment),
        "setpoint": decision.setpoint,
        "why": decision.why.value,
        "calls": [shown(write) for write in decision.writes],
        "written": bool(decision.writes) and not decision.is_dry,
    }
