"""Moments as whole milliseconds: what is exact enough for S2, and quick to reckon with."""

from datetime import UTC, datetime


def to_ms(moment: datetime) -> int:
    """A moment as milliseconds."""
    return round(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The moment, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
