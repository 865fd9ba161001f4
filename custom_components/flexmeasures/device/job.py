"""A schedule that the server is computing for a device."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUnderWay:
    """A job that the server has accepted, and whose result is waited for."""

    id: str
    since: datetime
    """When it was asked for."""
    digest: str
    """Of the settings and the target that it was asked for with."""
    is_unattended: bool
    """Whether nobody is there to whom a failure would be told."""
    request: Mapping[str, Any]
    """What was asked for, as scheduling has written it."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            id=data["id"],
            since=datetime.fromisoformat(data["since"]),
            digest=data["settings"],
            is_unattended=data["is_unattended"],
            request=data["request"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "id": self.id,
            "since": self.since.isoformat(),
            "settings": self.digest,
            "is_unattended": self.is_unattended,
            "request": dict(self.request),
        }
