"""What has to survive a restart, in one file per account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..api.errors import FlexMeasuresError
from ..const import DOMAIN
from ..plan.plan import Plan
from ..plan.targets import TargetReport
from ..s2.messages import ControlType
from .setpoint import Mode, Override

# 1 held the schedule alone.
_VERSION = 2
_SAVE_DELAY = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the last attempt to have a schedule computed gave none."""

    key: str
    """Of the translated text of the error."""
    placeholders: Mapping[str, str]
    moment: datetime
    in_a_row: int
    """How often it failed one after the other by itself, not counting outages."""

    @classmethod
    def of(cls, err: FlexMeasuresError, moment: datetime, in_a_row: int) -> Self:
        """Keep what is wrong, without the exception and all that hangs on it."""
        return cls(
            key=err.translation_key,
            placeholders=err.placeholders,
            moment=moment,
            in_a_row=in_a_row,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            key=data["key"],
            placeholders=data["placeholders"],
            moment=datetime.fromisoformat(data["moment"]),
            in_a_row=data["in_a_row"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "key": self.key,
            "placeholders": dict(self.placeholders),
            "moment": self.moment.isoformat(),
            "in_a_row": self.in_a_row,
        }


@dataclass(slots=True)
class ResourceMemory:
    """What is remembered of the S2 resource manager that speaks for a device."""

    token_hash: str | None = None
    """Of the token that the rest belongs to."""
    resource_id: str | None = None
    """What the RM says that it is; another one is not let in."""
    control_type: ControlType | None = None
    """What the user chose; None until then."""
    consumed_kwh: float = 0.0
    """Of the energy that the user's target is about, where it counts energy."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        control_type = data["control_type"]
        return cls(
            data["token_hash"],
            data["resource_id"],
            ControlType(control_type) if control_type else None,
            data["consumed_kwh"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "token_hash": self.token_hash,
            "resource_id": self.resource_id,
            "control_type": self.control_type,
            "consumed_kwh": self.consumed_kwh,
        }


@dataclass(slots=True)
class DeviceMemory:
    """What is remembered of one device."""

    plan: Plan = field(default_factory=Plan)
    planned_until: datetime | None = None
    """The end of the schedule that was last asked for."""
    job_durations: tuple[timedelta, ...] = ()
    """How long the last jobs took on the server."""
    last_schedule: datetime | None = None
    """When a schedule was last computed."""
    last_attempt: datetime | None = None
    """When one was last asked for."""
    failure: Failure | None = None
    targets: TargetReport | None = None
    """How the last schedule does at its targets; None if it had none."""
    mode: Mode = Mode.AUTOMATIC
    override: Override | None = None
    target_soc_kwh: float | None = None
    """Not in the unit of the settings, which may become another one."""
    ready_by: datetime | None = None
    passed_ready_by: datetime | None = None
    """The last `ready_by` that has passed."""
    settings: str | None = None
    """A digest of the settings that the last schedule was asked for with."""
    resource: ResourceMemory = field(default_factory=ResourceMemory)

    @property
    def is_failing(self) -> bool:
        """Whether scheduling by itself fails for a reason of the device's own."""
        return self.failure is not None and self.failure.in_a_row > 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        failure, override, targets = data["failure"], data["override"], data["targets"]
        return cls(
            plan=Plan.from_json(data["plan"]),
            planned_until=_moment(data["planned_until"]),
            job_durations=tuple(
                timedelta(seconds=seconds) for seconds in data["job_durations"]
            ),
            last_schedule=_moment(data["last_schedule"]),
            last_attempt=_moment(data["last_attempt"]),
            failure=Failure.from_json(failure) if failure else None,
            targets=TargetReport.from_json(targets) if targets else None,
            mode=Mode(data["mode"]),
            override=Override.from_json(override) if override else None,
            target_soc_kwh=data["target_soc_kwh"],
            ready_by=_moment(data["ready_by"]),
            passed_ready_by=_moment(data["passed_ready_by"]),
            settings=data["settings"],
            resource=ResourceMemory.from_json(data["resource"])
            if "resource" in data
            else ResourceMemory(),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "plan": self.plan.as_json(),
            "planned_until": _text(self.planned_until),
            "job_durations": [taken.total_seconds() for taken in self.job_durations],
            "last_schedule": _text(self.last_schedule),
            "last_attempt": _text(self.last_attempt),
            "failure": self.failure.as_json() if self.failure else None,
            "targets": self.targets.as_json() if self.targets else None,
            "mode": self.mode.value,
            "override": self.override.as_json() if self.override else None,
            "target_soc_kwh": self.target_soc_kwh,
            "ready_by": _text(self.ready_by),
            "passed_ready_by": _text(self.passed_ready_by),
            "settings": self.settings,
            "resource": self.resource.as_json(),
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

    @override
    async def _async_migrate_func(
        self,
        old_major_version: int,
        old_minor_version: int,
        old_data: dict[str, Any],
    ) -> dict[str, Any]:
        """Forget what is read again from the server anyway."""
        return {}

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


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
