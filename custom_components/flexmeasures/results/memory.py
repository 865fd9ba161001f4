"""What is remembered of what came of a device's plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from ..device.lifetime import Lifetime
from ..device.store import AccountStore
from .charge import Charge
from .day import Day
from .skill import Skill

# Where it is among what is stored of the device.
_NAME: Final = "results"


@dataclass(slots=True)
class ResultsMemory:
    """Is stored with the device; call the store's `async_remember` after a change."""

    day: Day | None = None
    """The last on which something was counted."""
    charge: Charge | None = None
    """Of a car that is plugged in, if it is known since when."""
    skill: Skill = field(default_factory=Skill)

    @classmethod
    def kept_in(
        cls, store: AccountStore, power_sensor: int, lifetime: Lifetime
    ) -> Self:
        """Return what is stored of a device; store its changes while that is loaded."""
        memory = store.restored(
            power_sensor,
            lambda stored: cls.from_json(stored[_NAME]) if _NAME in stored else cls(),
            cls(),
        )
        lifetime.async_on_unload(
            store.async_keep(power_sensor, lambda: {_NAME: memory.as_json()})
        )
        return memory

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        day, charge = data["day"], data["charge"]
        return cls(
            Day.from_json(day) if day else None,
            Charge.from_json(charge) if charge else None,
            Skill.from_json(data["skill"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "day": self.day.as_json() if self.day else None,
            "charge": self.charge.as_json() if self.charge else None,
            "skill": self.skill.as_json(),
        }
