"""By when a car has to be charged each day, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Final, Self

import voluptuous as vol

from homeassistant.helpers.selector import TimeSelector

from ....coordinator import ScheduleCoordinator
from ....plan.ready_by import WeeklyRule

READY_BY: Final = "ready_by"

IN_THE_MORNING: Final = "07:00:00"

# As most makers advise for every day.
_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is wished of a device from the beginning."""

    time: time
    """Every day, where Home Assistant is."""
    target_kwh: float

    @classmethod
    def from_form(
        cls, user_input: Mapping[str, Any], capacity_kwh: float | None
    ) -> Self | None:
        """Read a form; None if nothing is wished, or it is not known what full is."""
        if not (at := user_input.get(READY_BY)) or not capacity_kwh:
            return None
        return cls(time.fromisoformat(at), round(_SHARE * capacity_kwh, 3))

    @property
    def placeholders(self) -> dict[str, str]:
        """What a text says of it."""
        return {"time": f"{self.time:%H:%M}", "share": f"{100 * _SHARE:g}"}

    async def async_apply(self, coordinator: ScheduleCoordinator) -> None:
        """Wish it of a new device."""
        await coordinator.async_set_target(self.target_kwh)
        await coordinator.async_be_ready_weekly(WeeklyRule(self.time))


def ready_by_field() -> dict[vol.Marker, TimeSelector]:
    """Return the field that asks for it."""
    return {vol.Optional(READY_BY): TimeSelector()}
