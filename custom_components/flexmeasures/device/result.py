"""What a job on the server has done for one device."""

from dataclasses import dataclass

from ..plan.targets import TargetReport
from ..plan.window import Window


@dataclass(frozen=True, slots=True)
class ScheduleResult:
    """A schedule that was computed; its values are read as those of any other."""

    job_id: str
    window: Window
    """What was asked for."""
    digest: str
    """Of the settings and the target that it was asked for with."""
    targets: TargetReport | None
    """How it does at its targets; None if it had none."""
