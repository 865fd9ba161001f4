"""Tariffs that the user has told: rules of weekdays, hours and seasons."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.feeds.foreseen.errors import (
    TariffRuleDayError,
    TariffRulePriceError,
    TariffRuleTimeError,
)
from custom_components.flexmeasures.feeds.foreseen.tariff import (
    TariffRule,
    read_rules,
    tariff_steps,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

SUNDAY = date(2026, 11, 22)
SUMMER_TIME_BEGINS = date(2026, 3, 29)
SUMMER_TIME_ENDS = date(2026, 10, 25)


def local(
    day: date, *rules: Mapping[str, Any], days: int = 1, zone: ZoneInfo = AMSTERDAM
) -> list[tuple[str, float | None]]:
    """Return the prices of days with local times; without a rule it is 0.3."""
    steps = tariff_steps(
        0.3, read_rules(rules), [day + each * DAY for each in range(days)], zone
    )
    return [
        (moment.astimezone(zone).strftime("%a %H:%M %z"), value)
        for moment, value in steps
    ]


def test_one_price_for_all_times() -> None:
    assert local(SUNDAY, days=2) == [
        ("Sun 00:00 +0100", 0.3),
        ("Tue 00:00 +0100", None),
    ]


def test_hours_of_the_day() -> None:
    assert local(SUNDAY, {"price": 0.2, "from": "07:00:00", "until": "21:30:00"}) == [
        ("Sun 00:00 +0100", 0.3),
        ("Sun 07:00 +0100", 0.2),
        ("Sun 21:30 +0100", 0.3),
        ("Mon 00:00 +0100", None),
    ]


@pytest.mark.parametrize(
    ("times", "changes"),
    [
        ({"from": "18:00:00"}, ["00:00", "18:00", "00:00"]),
        ({"until": "18:00:00"}, ["00:00", "18:00", "00:00"]),
        ({"from": "00:00:00", "until": "00:00:00"}, ["00:00", "00:00"]),
        ({"from": None, "until": ""}, ["00:00", "00:00"]),
    ],
)
def test_a_time_that_is_left_out_is_midnight(
    times: dict[str, Any], changes: list[str]
) -> None:
    steps = local(SUNDAY, {"price": 0.2, **times})

    assert [moment.split()[1] for moment, _ in steps] == changes


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """A rule of Sunday holds until Monday morning, one of November into December."""
    night = {"price": 0.1, "from": "22:00:00", "until": "06:00:00"}

    assert local(SUNDAY, {**night, "weekdays": ["sun"]}, days=2) == [
        ("Sun 00:00 +0100", 0.3),
        ("Sun 22:00 +0100", 0.1),
        ("Mon 06:00 +0100", 0.3),
        ("Tue 00:00 +0100", None),
    ]
    assert local(date(2026, 12, 1), {**night, "months": ["11"]}) == [
        ("Tue 00:00 +0100", 0.1),
        ("Tue 06:00 +0100", 0.3),
        ("Wed 00:00 +0100", None),
    ]


def test_the_first_rule_that_fits_holds() -> None:
    assert local(
        SUNDAY,
        {"price": 0.1, "from": "10:00", "until": "12:00", "weekdays": ["sat", "sun"]},
        {"price": "0.2", "months": [10, 11], "weekdays": []},
        {"price": 0.15},
        days=10,
    ) == [
        ("Sun 00:00 +0100", 0.2),
        ("Sun 10:00 +0100", 0.1),
        ("Sun 12:00 +0100", 0.2),
        ("Sat 10:00 +0100", 0.1),
        ("Sat 12:00 +0100", 0.2),
        ("Sun 10:00 +0100", 0.1),
        ("Sun 12:00 +0100", 0.2),
        ("Tue 00:00 +0100", 0.15),
        ("Wed 00:00 +0100", None),
    ]


def test_the_night_in_which_summer_time_begins() -> None:
    """What is to begin at half past two does when clocks go on to three."""
    assert local(
        SUMMER_TIME_BEGINS, {"price": 0.1, "from": "02:30", "until": "05:00"}
    ) == [
        ("Sun 00:00 +0100", 0.3),
        ("Sun 03:00 +0200", 0.1),
        ("Sun 05:00 +0200", 0.3),
        ("Mon 00:00 +0200", None),
    ]


def test_the_night_in_which_summer_time_ends() -> None:
    """What ends at half past two does so twice."""
    assert local(SUMMER_TIME_ENDS, {"price": 0.1, "until": "02:30"}) == [
        ("Sun 00:00 +0200", 0.1),
        ("Sun 02:30 +0200", 0.3),
        ("Sun 02:00 +0100", 0.1),
        ("Sun 02:30 +0100", 0.3),
        ("Mon 00:00 +0100", None),
    ]


TIMES = st.sampled_from(
    [time(), time(1, 45), time(2), time(2, 10), time(3), time(6), time(23, 59)]
)
RULES = st.builds(
    TariffRule,
    st.sampled_from([0.1, 0.2]),
    TIMES,
    TIMES,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(st.sampled_from([3, 4, 10, 11]), min_size=1),
)


def slow_price(rules: list[TariffRule], moment: datetime, zone: ZoneInfo) -> float:
    """Return the price at a moment, by looking through the minutes of two days."""
    clock = moment.astimezone(zone).replace(tzinfo=None)
    for rule in rules:
        for day in (clock.date(), clock.date() - DAY):
            start = datetime.combine(day, rule.start)
            end = datetime.combine(day, rule.end)
            if end <= start:
                end += DAY
            if (
                start <= clock < end
                and day.weekday() in rule.weekdays
                and day.month in rule.months
            ):
                return rule.price
    return 0.3


# How long an example takes depends on what else the machine does.
@settings(deadline=None)
@given(
    st.lists(RULES, max_size=3),
    st.sampled_from(
        [
            (AMSTERDAM, SUMMER_TIME_BEGINS),
            (AMSTERDAM, SUMMER_TIME_ENDS),
            (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5)),
            (ZoneInfo("Africa/Cairo"), date(2026, 4, 24)),
            (ZoneInfo("Asia/Kathmandu"), date(2026, 3, 31)),
        ]
    ),
)
def test_each_moment_has_the_price_that_the_clock_says(
    rules: list[TariffRule], where: tuple[ZoneInfo, date]
) -> None:
    zone, day = where
    steps = tariff_steps(0.3, rules, [day, day + DAY], zone)

    for (start, value), (end, following) in pairwise(steps):
        assert value != following
        moment = start
        while moment < end:
            assert slow_price(rules, moment, zone) == value
            moment += 5 * MINUTE
    assert steps[0][0] == datetime.combine(day, time(), zone).astimezone(UTC)
    assert steps[-1] == (
        datetime.combine(day + 2 * DAY, time(), zone).astimezone(UTC),
        None,
    )


def test_days_that_count_as_others() -> None:
    """As holidays do."""
    as_sunday: Callable[[date], int] = lambda _: 6  # noqa: E731
    rules = read_rules([{"price": 0.1, "weekdays": ["sun"]}])

    steps = tariff_steps(0.3, rules, [date(2026, 12, 25)], AMSTERDAM, as_sunday)

    assert [value for _, value in steps] == [0.1, None]


@pytest.mark.parametrize("price", [None, "", "cheap", "nan", True, [0.2]])
def test_a_rule_without_a_price(price: Any) -> None:
    with pytest.raises(TariffRulePriceError) as raised:
        read_rules([{"price": 0.2}, {"price": price}])
    assert raised.value.placeholders == {"rule": "2"}


@pytest.mark.parametrize("field", ["from", "until"])
@pytest.mark.parametrize("value", ["25:00:00", "noon", 7, ["07:00"]])
def test_a_rule_with_what_is_no_time(field: str, value: Any) -> None:
    with pytest.raises(TariffRuleTimeError) as raised:
        read_rules([{"price": 0.2, field: value}])
    assert raised.value.placeholders == {"rule": "1", "value": str(value)}


@pytest.mark.parametrize(
    ("field", "values", "told"),
    [
        ("weekdays", ["mon", "funday"], "funday"),
        ("weekdays", [1], "1"),
        ("months", ["12", "13"], "13"),
        ("months", [None], "None"),
    ],
)
def test_a_rule_with_what_is_no_day(field: str, values: list[Any], told: str) -> None:
    with pytest.raises(TariffRuleDayError) as raised:
        read_rules([{"price": 0.2, field: values}])
    assert raised.value.placeholders == {"rule": "1", "value": told}
