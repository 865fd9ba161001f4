"""What a device is to do now: the setpoint within its limits, and who wants that."""

import math
from typing import Final

from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..device.limits import Span
from ..device.setpoint import Mode, Override
from ..plan.schedule import Action
from .memory import Why

# In kW.
_NOTICED: Final = 0.05


class Wish:
    """What the plan and the user want of a device."""

    def __init__(self, coordinator: ScheduleCoordinator, deadband: float) -> None:
        """Take what the user wants at first for known."""
        self._coordinator = coordinator
        self._deadband = deadband
        self._mode = coordinator.memory.mode
        self._override = self._present_override()

    def setpoint(self, before: float | None) -> float | None:
        """Return the power to follow (kW), which stays what it was `before` if it is nearly that."""
        setpoint = self._coordinator.setpoint
        if (
            setpoint is not None
            and before is not None
            and is_same_direction(setpoint, before)
            and abs(setpoint - before) < self._deadband
        ):
            setpoint = before
        return self.limited(setpoint)

    def limited(self, setpoint: float | None) -> float | None:
        """Return a setpoint that the device can have, as far as that is known."""
        if setpoint is None:
            return None
        limits = self._coordinator.power_limits
        least = -math.inf if limits.least is None else limits.least
        most = math.inf if limits.most is None else limits.most
        return min(max(setpoint, least), most)

    def beyond(self, span: Span) -> float | None:
        """Return the power (kW) of the plan that is furthest beyond a span, if one is."""
        plan = self._coordinator.data.power
        powers = [self.limited(power) for power in plan.values] if plan else []
        beyond = {
            power: max(
                power - (math.inf if span.most is None else span.most),
                (-math.inf if span.least is None else span.least) - power,
            )
            for power in powers
            if power is not None
        }
        if not beyond:
            return None
        furthest = max(beyond, key=lambda power: beyond[power])
        # What makes no difference is nothing to mend.
        least = max(self._deadband, _NOTICED)
        return furthest if beyond[furthest] > least else None

    def why(self, setpoint: float | None) -> Why:
        """Return who wants a setpoint."""
        if self._present_override():
            return Why.OVERRIDE
        match self._coordinator.memory.mode:
            case Mode.HOLD:
                return Why.HOLD
            case Mode.OFF:
                return Why.MODE_OFF
        return Why.NO_PLAN if setpoint is None else Why.PLAN

    def take_news(self) -> bool:
        """Return whether the user has set something since this was asked last."""
        mode, override = self._mode, self._override
        self._mode = self._coordinator.memory.mode
        self._override = self._present_override()
        if self._mode is not mode:
            return True
        if self._override is None:
            # What ends by itself is nothing that somebody wants now.
            return override is not None and override.holds_at(dt_util.utcnow())
        return self._override != override

    def _present_override(self) -> Override | None:
        override = self._coordinator.memory.override
        return override if override and override.holds_at(dt_util.utcnow()) else None


def is_same_direction(setpoint: float | None, other: float | None) -> bool:
    """Return whether a device does the same with two setpoints, but for how much."""
    if setpoint is None or other is None:
        return setpoint is other
    return Action.of(setpoint) is Action.of(other)
