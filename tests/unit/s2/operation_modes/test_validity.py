"""What an RM announces holds in its time, however much of it there is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.messages.message import InvalidContentError
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.operation_modes.profile import Profile
from custom_components.flexmeasures.s2.operation_modes.validity import (
    Announced,
    Announcements,
)

from ..devices import BATTERY, NOW, QUARTER, plan, power, tell

HOUR = timedelta(hours=1)


def announced(content: str, start: float, end: float | None = None) -> Announced[str]:
    """Make something that holds from one hour to another."""
    return Announced(
        content, NOW + start * HOUR, content, None if end is None else NOW + end * HOUR
    )


def told(*parts: Announced[str]) -> Announcements[str]:
    """Give what is known once all of this was told."""
    announcements: Announcements[str] = Announcements(100)
    for part in parts:
        announcements.add(part, NOW)
    return announcements


def course(announcements: Announcements[str]) -> list[tuple[float, float, str]]:
    """When what is in force in the next ten hours."""
    return [
        ((start - NOW) / HOUR, (end - NOW) / HOUR, content)
        for start, end, content in announcements.between(NOW, NOW + 10 * HOUR)
    ]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_all_that_follow_each_other_hold(order: tuple[int, ...]) -> None:
    hours = [announced(str(hour), hour, hour + 1) for hour in range(4)]
    assert course(told(*(hours[place] for place in order))) == [
        (hour, hour + 1, str(hour)) for hour in range(4)
    ]


def test_without_an_end_each_holds_until_the_next_one() -> None:
    assert course(told(announced("b", 2), announced("a", -1), announced("c", 5))) == [
        (0, 2, "a"),
        (2, 5, "b"),
        (5, 10, "c"),
    ]


def test_what_lasts_longer_is_in_force_again() -> None:
    announcements = told(announced("day", -1, 8), announced("noon", 1, 2))
    expected = [(0, 1, "day"), (1, 2, "noon"), (2, 8, "day")]
    assert course(announcements) == expected
    announcements.forget_past(NOW + 1.5 * HOUR)
    assert course(announcements)[-2:] == expected[-2:]
    announcements.forget_past(NOW + 3 * HOUR)
    assert list(announcements) == ["day"]
    announcements.forget_past(NOW + 9 * HOUR)
    assert list(announcements) == []
    assert announcements.at(NOW) is None


def test_what_has_no_end_is_replaced_for_good() -> None:
    announcements = told(announced("always", -1), announced("noon", 1, 2))
    assert course(announcements) == [(0, 1, "always"), (1, 2, "noon")]
    announcements.forget_past(NOW + 3 * HOUR)
    assert list(announcements) == []


def test_what_was_told_last_counts_of_what_holds_now() -> None:
    """Whichever of them is said to have begun first."""
    announcements = told(announced("old", -1), announced("new", -5, 3))
    assert course(announcements)[0] == (0, 3, "new")
    assert told(announced("old", 2), announced("new", 2)).at(NOW + 3 * HOUR) == "new"


def test_what_is_over_is_refused() -> None:
    with pytest.raises(InvalidContentError):
        told(announced("past", -2, -1))


def test_no_more_than_anyone_needs() -> None:
    """What is for the latest is the least urgent."""
    announcements = told(*(announced(str(hour), hour) for hour in range(101)))
    assert len(list(announcements)) == 101
    announcements.add(announced("one more", 0.5), NOW)
    assert list(announcements)[:2] == ["0", "one more"]
    assert len(list(announcements)) == 101


def test_no_more_that_holds_than_anyone_needs() -> None:
    """Each ends a bit earlier than the one before."""
    announcements = told(
        *(announced(str(number), -1, 1000 - number) for number in range(300))
    )
    assert len(list(announcements)) == 100
    assert announcements.at(NOW) == "299"


def test_profile_of_later_leaves_what_is_now() -> None:
    today = Profile.from_elements(NOW, [(HOUR, 1.0), (HOUR, 2.0), (HOUR, 3.0)])
    later = Profile.from_elements(NOW + 2 * HOUR, [(HOUR, 4.0)])
    both = later.preceded_by(today, NOW + HOUR)
    assert list(both.between(NOW, NOW + 9 * HOUR)) == [
        (NOW + HOUR, NOW + 2 * HOUR, 2.0),
        (NOW + 2 * HOUR, NOW + 3 * HOUR, 4.0),
    ]

    much_later = Profile.from_elements(NOW + 5 * HOUR, [(HOUR, 5.0)])
    gap = much_later.preceded_by(both, NOW)
    assert gap.at(NOW + 4 * HOUR) is None
    assert [each.value for each in gap.between(NOW, NOW + 9 * HOUR)] == [2, 4, 5]
    after = Profile.from_elements(NOW + 7 * HOUR, [(HOUR, 6.0)]).preceded_by(gap, NOW)
    assert [each.value for each in after.between(NOW, NOW + 9 * HOUR)] == [2, 4, 5, 6]
    assert later.preceded_by(None, NOW) is later


def test_profiles_are_bounded() -> None:
    profile = Profile.from_elements(NOW, [(HOUR, 0.0)])
    for number in range(5000):
        start = NOW + HOUR + number * timedelta(seconds=1)
        profile = Profile.from_elements(start, [(HOUR, 0.0)]).preceded_by(profile, NOW)
    assert len(profile.values) < 2500


@pytest.mark.parametrize(
    ("message_type", "field", "key"),
    [
        ("FRBC.UsageForecast", "usage_rate_expected", "soc-usage"),
        ("FRBC.FillLevelTargetProfile", "fill_level_range", "soc-minima"),
    ],
)
def test_tomorrow_takes_nothing_from_today(
    message_type: str, field: str, key: str
) -> None:
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **BATTERY)
    tell(handler, "FRBC.StorageStatus", present_fill_level=50.0)
    value: Callable[[float], Any] = (
        (lambda level: {"start_of_range": level, "end_of_range": 100.0})
        if field == "fill_level_range"
        else (lambda rate: rate / 1e5)
    )
    for start, amount in ((NOW, 60.0), (NOW + HOUR, 70.0)):
        tell(
            handler,
            message_type,
            start_time=start,
            elements=[{"duration": HOUR, field: value(amount)}],
        )
    model = handler.flex_model(Window(NOW, QUARTER, 8 * QUARTER), capacity_kwh=10)
    series = model[key][0] if key == "soc-usage" else model[key]
    assert [event["start"] for event in series] == [
        NOW.isoformat(),
        (NOW + HOUR).isoformat(),
    ]


def test_demand_of_tomorrow_takes_nothing_from_today() -> None:
    handler = DdbcHandler()
    for start in (NOW, NOW + HOUR):
        forecast = tell(
            handler,
            "DDBC.AverageDemandRateForecast",
            start_time=start,
            elements=[{"duration": HOUR, "demand_rate_expected": 1.0}],
        )
    assert handler._demand.mean(NOW, NOW + HOUR) == 1.0
    handler.revoke("DDBC.AverageDemandRateForecast", forecast, NOW)
    assert handler._demand.mean(NOW, NOW + HOUR) is None


def test_descriptions_of_all_hours_are_followed() -> None:
    """The power of the same mode doubles each hour."""
    handler = OmbcHandler()
    for hour in (0, 3, 1, 2):
        tell(
            handler,
            "OMBC.SystemDescription",
            valid_from=NOW + hour * HOUR,
            operation_modes=[
                {
                    "id": f"on-{hour}",
                    "power_ranges": [power(0, 1000 * (hour + 1))],
                    "abnormal_condition_only": False,
                }
            ],
            transitions=[],
            timers=[],
        )
    instructions = handler.instructions(plan(*(16 * [1.0])), NOW)
    assert [
        (each.execution_time, each.body["operation_mode_id"]) for each in instructions
    ] == [(NOW + hour * HOUR, f"on-{hour}") for hour in range(4)]
