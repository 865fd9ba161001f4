"""What a job says about the targets of a device."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.flexmeasures.plan.targets import TargetReport
from homeassistant.util import dt as dt_util

SEVEN = "2026-11-23T07:00:00+01:00"
EIGHT = "2026-11-23T08:00:00+01:00"


@pytest.fixture
def amsterdam() -> Iterator[None]:
    """Let Home Assistant be in Amsterdam."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(ZoneInfo("Europe/Amsterdam"))
    yield
    dt_util.set_default_time_zone(before)


def wish(moment: str, **amount: str) -> dict[str, Any]:
    """Give one target as the server tells of it."""
    return {"datetime": moment, **amount}


def report(**result: Any) -> TargetReport | None:
    """Read a job's result for the device of asset 4 and power sensor 10."""
    return TargetReport.from_job(result, asset=4, sensor=10)


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({}, id="an older server"),
        pytest.param({"resolved": [], "unresolved": []}, id="no targets"),
        pytest.param(
            {"unresolved": [{"asset": 5, "soc-minima": [wish(SEVEN)]}]},
            id="those of another device",
        ),
        pytest.param({"unresolved": None}, id="nothing said"),
    ],
)
def test_no_report(result: dict[str, Any]) -> None:
    assert report(**result) is None


@pytest.mark.usefixtures("amsterdam")
@pytest.mark.parametrize("device", [{"asset": 4}, {"sensor": 10}])
def test_missed_and_met(device: dict[str, int]) -> None:
    """With local times, for people."""
    found = report(
        unresolved=[{**device, "soc-minima": [wish(SEVEN, violation="4.257 kWh")]}],
        resolved=[{**device, "soc-targets": [wish(EIGHT, margin="5.5 kWh")]}],
    )

    assert found
    assert not found.are_met
    assert found.as_json() == {
        "unresolved": [
            {"constraint": "soc-minima", "datetime": SEVEN, "amount": "4.257 kWh"}
        ],
        "resolved": [
            {"constraint": "soc-targets", "datetime": EIGHT, "amount": "5.5 kWh"}
        ],
    }
    assert TargetReport.from_json(found.as_json()) == found


@pytest.mark.parametrize(
    ("violation", "are_met"),
    [
        ("0.0 kWh", True),
        ("0.0004 kWh", True),
        ("4e-7 MWh", True),
        ("0.4 Wh", True),
        ("0.01 kWh", False),
        ("0.1 kWh", False),
        ("0.001 MWh", False),
        ("much", False),
        ("", False),
    ],
)
def test_missed_by_nothing(violation: str, are_met: bool) -> None:  # noqa: FBT001
    """The solver's noise is told as a violation too."""
    found = report(
        unresolved=[{"asset": 4, "soc-minima": [wish(SEVEN, violation=violation)]}]
    )

    assert found
    assert found.are_met is are_met


def test_the_same_targets_missed_again() -> None:
    """By how much does not matter, another moment does."""

    def missed(*moments: str, by: str = "1 kWh") -> TargetReport:
        found = report(
            unresolved=[
                {
                    "asset": 4,
                    "soc-minima": [wish(moment, violation=by) for moment in moments],
                }
            ]
        )
        assert found
        return found

    before = missed(SEVEN)
    assert missed(SEVEN, by="2 kWh").misses_the_same(before.unresolved)
    assert not missed(EIGHT).misses_the_same(before.unresolved)
    assert not missed(SEVEN, EIGHT).misses_the_same(before.unresolved)
    assert not missed(SEVEN).misses_the_same(())
