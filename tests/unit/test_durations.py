"""Durations in ISO 8601, and as Home Assistant and people write them."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.api.durations import iso_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT15M", timedelta(minutes=15)),
        ("PT24H", timedelta(hours=24)),
        ("P1D", timedelta(days=1)),
        ("P1DT12H", timedelta(days=1, hours=12)),
        ("PT1H30M15S", timedelta(hours=1, minutes=30, seconds=15)),
        ("PT0.5H", timedelta(minutes=30)),
        ("P0D", timedelta()),
        ("PT0S", timedelta()),
        ("-PT1H", timedelta(hours=-1)),
        ("24:00:00", timedelta(hours=24)),
        ("01:30:15", timedelta(hours=1, minutes=30, seconds=15)),
        ("01:30", timedelta(hours=1, minutes=30)),
        ("24:00", timedelta(hours=24)),
        ("1 hour", timedelta(hours=1)),
        ("2 hours", timedelta(hours=2)),
        ("24h", timedelta(hours=24)),
        ("3 hrs", timedelta(hours=3)),
        ("30 minutes", timedelta(minutes=30)),
        ("1 minute", timedelta(minutes=1)),
        ("5min", timedelta(minutes=5)),
        ("5 mins", timedelta(minutes=5)),
        ("2 days", timedelta(days=2)),
        ("1 d", timedelta(days=1)),
        ("1 week", timedelta(weeks=1)),
        ("45 seconds", timedelta(seconds=45)),
        ("45 secs", timedelta(seconds=45)),
        ("1.5 hours", timedelta(minutes=90)),
        ("1 HOUR 30 Minutes", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1 day, 2 hours and 5 minutes", timedelta(hours=26, minutes=5)),
    ],
)
def test_parse_duration(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "P", "PT", "P1DT", "P1W", "P1M", "P1Y", "soon", "1:2:3:4"),
        *(",", "and", "hour", "5 ", "1h30", "1 month", "2 hoursminutes", "-1 hour"),
        *("30 minutes 1 hour", "1 hour 1 hour", "1e3 s", "1 hour soon", "inf days"),
        "9" * 30 + " weeks",
    ],
)
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(), "PT0S"),
        (timedelta(minutes=15), "PT15M"),
        (timedelta(hours=1, minutes=30), "PT1H30M"),
        (timedelta(hours=2, seconds=5), "PT2H5S"),
        (timedelta(days=1), "PT24H"),
        (timedelta(days=7), "PT168H"),
    ],
)
def test_iso_duration(duration: timedelta, expected: str) -> None:
    """No days, which the server takes for calendar days."""
    assert iso_duration(duration) == expected


@given(st.integers(0, 10**8))
def test_what_is_written_can_be_read(seconds: int) -> None:
    duration = timedelta(seconds=seconds)

    assert parse_duration(iso_duration(duration)) == duration
