"""Times, numbers and errors in the language of Home Assistant."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.flexmeasures.local_format import (
    day_and_time,
    short_number,
    short_time,
)
from custom_components.flexmeasures.texts import error_text

from .home import NOW, Home

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
async def in_language(home: Home, request: pytest.FixtureRequest) -> None:
    """Let Home Assistant have a language."""
    home.hass.config.language = request.param
    await home.set_up()


@pytest.mark.parametrize(
    ("in_language", "later", "shown"),
    [
        ("en", timedelta(hours=5, minutes=38), "16:45"),
        ("en", timedelta(hours=15, minutes=53), "tomorrow 03:00"),
        ("nl", timedelta(hours=15, minutes=53), "morgen 03:00"),
        ("fr", timedelta(hours=15, minutes=53), "demain 03:00"),
        ("es", timedelta(hours=15, minutes=53), "mañana 03:00"),
        ("en", timedelta(days=-1), "21 Nov 11:07"),
        ("de", timedelta(days=-1), "21.11. 11:07"),
        ("nl", timedelta(days=2), "24-11 11:07"),
        ("fr", timedelta(days=2), "24/11 11:07"),
        ("en", timedelta(days=60), "21 Jan 2027 11:07"),
        ("de", timedelta(days=60), "21.1.2027 11:07"),
        ("sv", timedelta(days=2), "24 Nov 11:07"),
    ],
    indirect=["in_language"],
)
async def test_times(in_language: None, later: timedelta, shown: str) -> None:
    assert short_time(NOW + later) == shown


async def test_times_are_local(home: Home) -> None:
    await home.set_up()

    assert short_time(datetime(2026, 11, 22, 23, 59, tzinfo=AMSTERDAM)) == "23:59"


@pytest.mark.parametrize(
    ("in_language", "shown"),
    [("en", "22 Nov 16:45"), ("de", "22.11. 16:45")],
    indirect=["in_language"],
)
async def test_times_that_are_read_later(in_language: None, shown: str) -> None:
    """They say the day, also of today."""
    assert day_and_time(NOW + timedelta(hours=5, minutes=38)) == shown


@pytest.mark.parametrize(
    ("in_language", "value", "shown"),
    [
        ("en", 0.3, "0.3"),
        ("de", 0.12345, "0,1235"),
        ("es", -5.0, "-5"),
        ("fr", 999.96, "1000"),
        ("nl", 12345.6, "12346"),
    ],
    indirect=["in_language"],
)
async def test_numbers(in_language: None, value: float, shown: str) -> None:
    assert short_number(value) == shown


async def test_error_of_another_version(home: Home) -> None:
    """What its text needs may not have been remembered; nor may there be a text."""
    await home.set_up()

    assert "{minutes}" in error_text("job_timeout", {})
    assert error_text("no_such_error", {}) == "no_such_error.message"


@pytest.mark.parametrize(
    ("in_language", "reason", "shown"),
    [
        ("en", "no answer in time", "no answer in time"),
        ("de", "no answer in time", "keine Antwort in angemessener Zeit"),
        ("fr", "self-signed certificate", "certificat auto-signé"),
        ("de", "Nobody knows.", "Nobody knows."),
    ],
    indirect=["in_language"],
)
async def test_reasons(in_language: None, reason: str, shown: str) -> None:
    """Those of ours are translated; the server's own words are not."""
    assert f"({shown})" in error_text("cannot_connect", {"reason": reason})
