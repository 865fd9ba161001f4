"""What is remembered of one device."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from ..api.errors import FlexMeasuresError
from ..plan.ready_by import Occasion, ReadyBy
from ..plan.targets import TargetReport
from .job import JobUnderWay
from .setpoint import Mode, Override


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
    ready_by: ReadyBy = field(default_factory=ReadyBy)
    """Not in the unit of the settings, which may become another one."""
    upcoming: Occasion | None = None
    """The next by which the device has to be ready; not stored."""
    passed_ready_by: datetime | None = None
    """The last that has passed."""
    digest: str | None = None
    """Of the settings and the target that the last schedule was asked for with."""

    @property
    def is_failing(self) -> bool:
        """Whether scheduling by itself fails for a reason of the device's own."""
        return self.failure is not None and self.failure.in_a_row > 0

    def next_end(self) -> datetime | None:
        """Return when something that the user set is over; None if nothing will be."""
        ends = (
            self.override and self.override.until,
            self.upcoming and self.upcoming.moment,
        )
        return min((end for end in ends if end), default=None)

    def look_ahead(self, now: datetime) -> None:
        """Find the next by which the device has to be ready."""
        self.upcoming = self.ready_by.next_after(now)

    def drop_passed(self, now: datetime) -> bool:
        """Drop what the user set for a time that is over; return whether there was such."""
        is_override_over = self.override and not self.override.holds_at(now)
        if is_override_over:
            self.override = None
        wished = (self.ready_by.once, *self.ready_by.calendar, self.upcoming)
        passed = [each.moment for each in wished if each and each.moment <= now]
        if passed:
            self.passed_ready_by = max(passed)
            self.ready_by = self.ready_by.since(now)
            self.look_ahead(now)
        return bool(is_override_over or passed)

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
            ready_by=ReadyBy.from_json(data),
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
            **self.ready_by.as_json(),
            "passed_ready_by": _text(self.passed_ready_by),
            "settings": self.digest,
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
