"""Which flex-models call for another schedule."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.cem.control.news import ReportedModel
from custom_components.flexmeasures.plan.window import Window

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def model(start: int = 0, hours: int = 10, **fields: Any) -> ReportedModel:
    """A model for some hours from a number of hours after noon on."""
    return ReportedModel(Window(NOON + start * HOUR, HOUR, hours * HOUR), fields)


def during(first: int, last: int, value: str) -> dict[str, str]:
    """A value from one hour after noon to another."""
    return {
        "start": (NOON + first * HOUR).isoformat(),
        "end": (NOON + last * HOUR).isoformat(),
        "value": value,
    }


def by(hour: int, value: str) -> dict[str, str]:
    """A value at one hour after noon."""
    return {"datetime": (NOON + hour * HOUR).isoformat(), "value": value}


def usage(*parts: dict[str, str]) -> list[list[dict[str, str]]]:
    """Write it as a flex-model does."""
    return [list(parts)]


SAME = [
    ({"a": "1 kW"}, 0, {"a": "1 kW"}),
    # How full it is changes all the time.
    ({"soc-at-start": "1 kWh"}, 0, {"soc-at-start": "2 kWh"}),
    # What is over, or not known to both, makes no difference.
    (
        {"u": usage(during(0, 1, "5 kW"), during(1, 10, "1 kW"))},
        1,
        {"u": usage(during(1, 11, "1 kW"))},
    ),
    ({"u": usage(during(0, 10, "10 kW"))}, 0, {"u": usage(during(0, 10, "9.6 kW"))}),
    ({"m": [by(5, "2 kWh")]}, 1, {"m": [by(5, "2.0 kWh")]}),
    ({"m": [by(5, "2 kWh"), by(1, "1 kWh")]}, 1, {"m": [by(5, "2 kWh")]}),
]
NEWS = [
    ({"a": "1 kW"}, 0, {"a": "2 kW"}),
    ({"a": "1 kW"}, 0, {"b": "1 kW"}),
    ({"a": "1 kW"}, 0, {"a": [during(0, 10, "1 kW")]}),
    ({"u": usage(during(0, 10, "10 kW"))}, 0, {"u": usage(during(0, 10, "9 kW"))}),
    ({"m": [by(5, "2 kWh")]}, 0, {"m": [by(6, "2 kWh")]}),
    ({"m": [by(5, "2 kWh")]}, 0, {"m": [by(5, "3 kWh")]}),
    # Most of it is later than what was known.
    ({"a": "1 kW"}, 6, {"a": "1 kW"}),
]


@pytest.mark.parametrize(("former", "start", "fields"), SAME)
def test_the_same(former: dict[str, Any], start: int, fields: dict[str, Any]) -> None:
    assert not model(start, **fields).differs(model(**former))


@pytest.mark.parametrize(("former", "start", "fields"), NEWS)
def test_news(former: dict[str, Any], start: int, fields: dict[str, Any]) -> None:
    assert model(start, **fields).differs(model(**former))


def test_other_slots_or_none_before() -> None:
    quarters = ReportedModel(Window(NOON, HOUR / 4, 10 * HOUR), {"a": "1 kW"})
    assert quarters.differs(model(a="1 kW"))
    assert quarters.differs(None)
