"""What is remembered of a meter over a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from .bills.day_book import DayBook


@dataclass(frozen=True, slots=True)
class Import:
    """A period that is being read from the server, day by day."""

    start: datetime
    end: datetime
    reached: datetime
    """Up to when it is done."""

    @classmethod
    def of(cls, start: datetime, end: datetime) -> Self:
        """Begin one."""
        return cls(start, end, start)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            *(
                datetime.fromisoformat(data[name])
                for name in ("start", "end", "reached")
            )
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "reached": self.reached.isoformat(),
        }

    def with_more(self, start: datetime, end: datetime) -> Import:
        """Return one that does another period as well."""
        if start >= self.reached:
            return Import(self.start, max(self.end, end), self.reached)
        return Import.of(start, max(self.end, end))

    @property
    def progress(self) -> float:
        """The share that is done."""
        return (self.reached - self.start) / (self.end - self.start)


@dataclass(slots=True)
class MeterMemory:
    """Written by the meter's coordinator and nobody else."""

    book: DayBook = field(default_factory=DayBook)
    resolution: int = 3600
    """Of the consumption, in seconds."""
    imported_as: str | None = None
    """The settings that the statistics were made with; None if there are none yet."""
    sensors_as: str | None = None
    """What the sensors were then."""
    booked_as: str | None = None
    """Those that days were kept for, and the time zone that they are of."""
    since: datetime | None = None
    """When the first value begins that was imported."""
    imported_until: datetime | None = None
    """Up to when everything was."""
    under_way: Import | None = None
    """What has to be gone on with."""
    refreshed_at: datetime | None = None
    """When corrections were last looked for."""
    has_forecast: bool = False
    """Whether the server has ever forecast the consumption."""
    forecast_at: datetime | None = None
    """When a forecast was last asked for."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        under_way = data["under_way"]
        return cls(
            book=DayBook.from_json(data["book"]),
            resolution=data["resolution"],
            imported_as=data["imported_as"],
            sensors_as=data["sensors_as"],
            booked_as=data["booked_as"],
            since=_moment(data["since"]),
            imported_until=_moment(data["imported_until"]),
            under_way=Import.from_json(under_way) if under_way else None,
            refreshed_at=_moment(data["refreshed_at"]),
            has_forecast=data["has_forecast"],
            forecast_at=_moment(data["forecast_at"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "book": self.book.as_json(),
            "resolution": self.resolution,
            "imported_as": self.imported_as,
            "sensors_as": self.sensors_as,
            "booked_as": self.booked_as,
            "since": _text(self.since),
            "imported_until": _text(self.imported_until),
            "under_way": self.under_way.as_json() if self.under_way else None,
            "refreshed_at": _text(self.refreshed_at),
            "has_forecast": self.has_forecast,
            "forecast_at": _text(self.forecast_at),
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
