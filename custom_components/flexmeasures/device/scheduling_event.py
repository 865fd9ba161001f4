"""What an automation may want to know of scheduling a device."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class SchedulingEventType(StrEnum):
    """The types of the event entity."""

    UPDATED = "updated"
    """There is another plan than before."""
    FAILED = "failed"
    TARGETS_UNMET = "targets_unmet"


@dataclass(frozen=True, slots=True)
class SchedulingEvent:
    """Something that happened."""

    type: SchedulingEventType
    details: Mapping[str, Any] = field(default_factory=dict)
