"""What is remembered of one device."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..api.errors import FlexMeasuresError
from ..plan.targets import TargetReport
from .job import JobUnderWay
from .setpoint import Mode, Override

type Target = tuple[float, datetime]
"""A state of charge in kWh, and by when it has to be reached."""


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
class DeviceMemory:
    """What is remembered of one device beside its plan."""

    planned_until: datetime | None = None
    """The end of the schedule that was last asked for."""
    last_schedule: datetime | None = None
    """When a schedule was last computed."""
    last_attempt: datetime | None = None
    """When one was last asked for."""
    job: JobUnderWay | None = None
    """The last one that was asked for, as long as it is waited for."""
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
    digest: str | None = None
    """Of the settings and the target that the last schedule was asked for with."""

    @property
    def is_failing(self) -> bool:
        """Whether scheduling by itself fails for a reason of the device's own."""
        return self.failure is not None and self.failure.in_a_row > 0

    @property
    def target(self) -> Target | None:
        """What has to be reached by when; None unless both are set."""
        if self.target_soc_kwh is None or self.ready_by is None:
            return None
        return self.target_soc_kwh, self.ready_by

    def next_end(self) -> datetime | None:
        """Return when something that the user set is over; None if nothing will be."""
        ends = (self.override and self.override.until, self.ready_by)
        return min((end for end in ends if end), default=None)

    def drop_passed(self, now: datetime) -> bool:
        """Drop what the user set for a time that is over; return whether there was such."""
        is_override_over = self.override and not self.override.holds_at(now)
        is_target_over = self.ready_by and self.ready_by <= now
        if is_override_over:
            self.override = None
        if is_target_over:
            self.passed_ready_by, self.ready_by = self.ready_by, None
        return bool(is_override_over or is_target_over)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        failure, override, targets = data["failure"], data["override"], data["targets"]
        # Other than the rest, it has not always been written.
        job = data.get("job")
        return cls(
            planned_until=_moment(data["planned_until"]),
            last_schedule=_moment(data["last_schedule"]),
            last_attempt=_moment(data["last_attempt"]),
            job=JobUnderWay.from_json(job) if job else None,
            failure=Failure.from_json(failure) if failure else None,
            targets=TargetReport.from_json(targets) if targets else None,
            mode=Mode(data["mode"]),
            override=Override.from_json(override) if override else None,
            target_soc_kwh=data["target_soc_kwh"],
            ready_by=_moment(data["ready_by"]),
            passed_ready_by=_moment(data["passed_ready_by"]),
            digest=data["settings"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "planned_until": _text(self.planned_until),
            "last_schedule": _text(self.last_schedule),
            "last_attempt": _text(self.last_attempt),
            "job": self.job.as_json() if self.job else None,
            "failure": self.failure.as_json() if self.failure else None,
            "targets": self.targets.as_json() if self.targets else None,
            "mode": self.mode.value,
            "override": self.override.as_json() if self.override else None,
            "target_soc_kwh": self.target_soc_kwh,
            "ready_by": _text(self.ready_by),
            "passed_ready_by": _text(self.passed_ready_by),
            "settings": self.digest,
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
