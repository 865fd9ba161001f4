"""What the tests of meters are made of: moments, intervals, sensors and settings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.flexmeasures.api.models import Sensor
from custom_components.flexmeasures.meters.intervals import Interval
from custom_components.flexmeasures.meters.metering import Series
from custom_components.flexmeasures.meters.settings import MeterSettings

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KOLKATA = ZoneInfo("Asia/Kolkata")

MINUTE = 60
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(text: str, zone: ZoneInfo = AMSTERDAM) -> int:
    """Give a local time in seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def near(value: float) -> Any:
    """Give what equals a value, but for the noise of floating-point numbers."""
    return pytest.approx(value)


def utc(seconds: int) -> datetime:
    """Give a moment as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def row(start: int, step: int, *values: float | None) -> list[Interval]:
    """Give values that follow each other; None is a gap."""
    return [
        Interval(start + index * step, start + (index + 1) * step, value)
        for index, value in enumerate(values)
        if value is not None
    ]


def days_of_zone(
    first: str, count: int, zone: ZoneInfo, value: float
) -> list[Interval]:
    """Give the same value on each of some days of a time zone."""
    day = datetime.fromisoformat(first).replace(tzinfo=zone)
    # Arithmetic in one time zone is that of a wall clock.
    starts = [int((day + timedelta(days=n)).timestamp()) for n in range(count + 1)]
    return [Interval(starts[n], starts[n + 1], value) for n in range(count)]


def sensor(unit: str, step: int = HOUR, *, is_positive: bool = False) -> Sensor:
    """Give a FlexMeasures sensor."""
    return Sensor(
        id=1,
        name=f"in {unit}",
        unit=unit,
        resolution=timedelta(seconds=step),
        time_zone=AMSTERDAM,
        asset_id=1,
        consumption_is_positive=is_positive,
    )


def series(
    unit: str,
    values: Sequence[Interval],
    step: int = HOUR,
    *,
    before: Interval | None = None,
    is_positive: bool = False,
) -> Series:
    """Give what a sensor holds."""
    return Series(sensor(unit, step, is_positive=is_positive), values, before)


def settings(**data: Any) -> MeterSettings:
    """Give the settings of a meter, as its flow makes them."""
    return MeterSettings.from_subentry(
        {
            "commodity": "electricity",
            "consumption_sensor": 1,
            "bill_start": "2026-01-01",
            "bill_months": 1,
            **data,
        }
    )
