"""What has to survive a restart, in one file per account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .schedule import Schedule

_VERSION = 1
_SAVE_DELAY = 10.0


@dataclass(slots=True)
class DeviceMemory:
    """What is remembered of one device."""

    schedule: Schedule | None = None
    planned_until: datetime | None = None
    """The end of the schedule that was last asked for."""
    job_durations: tuple[timedelta, ...] = ()
    """How long the last jobs took on the server."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            schedule=Schedule.from_json(data["schedule"]) if data["schedule"] else None,
            planned_until=(
                datetime.fromisoformat(data["planned_until"])
                if data["planned_until"]
                else None
            ),
            job_durations=tuple(
                timedelta(seconds=seconds) for seconds in data["job_durations"]
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "schedule": self.schedule.as_json() if self.schedule else None,
            "planned_until": self.planned_until.isoformat()
            if self.planned_until
            else None,
            "job_durations": [taken.total_seconds() for taken in self.job_durations],
        }


class AccountStore(Store[dict[str, Any]]):
    """The memory of an account's devices, by their power sensors.

    Not by their subentries: a device that is given another power sensor has another
    plan.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file after the config entry."""
        super().__init__(hass, _VERSION, f"{DOMAIN}.{entry_id}")
        self._memories: dict[str, DeviceMemory] = {}
        self._is_closed = False

    async def async_restore(self, power_sensors: Iterable[int]) -> None:
        """Read what is known of these devices; what belongs to others is dropped."""
        stored = await self.async_load() or {}
        self._memories = {
            key: DeviceMemory.from_json(stored[key])
            for key in map(str, power_sensors)
            if key in stored
        }

    def memory(self, power_sensor: int) -> DeviceMemory:
        """What is remembered of a device; change it and call `async_remember`."""
        return self._memories.setdefault(str(power_sensor), DeviceMemory())

    def async_remember(self) -> None:
        """Write soon, and at the latest when Home Assistant stops."""
        if not self._is_closed:
            self.async_delay_save(self._as_json, _SAVE_DELAY)

    async def async_close(self) -> None:
        """Write now and never again: the file is the next one's, or is removed."""
        self._is_closed = True
        await self.async_save(self._as_json())

    def _as_json(self) -> dict[str, Any]:
        return {key: memory.as_json() for key, memory in self._memories.items()}
