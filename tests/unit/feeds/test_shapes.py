"""Lists of times and values, in the shapes that integrations give them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.feeds.bins import Step
from custom_components.flexmeasures.feeds.foreseen.errors import (
    NoTimesAndValuesError,
    SeveralValuesError,
)
from custom_components.flexmeasures.feeds.foreseen.shapes import (
    spans_of,
    steps_of,
    value_keys,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)

# Ten o'clock in Amsterdam.
TEN = datetime(2026, 11, 22, 9, tzinfo=UTC)
ELEVEN = TEN + HOUR
TWELVE = ELEVEN + HOUR

TWO_HOURS: tuple[Step, ...] = ((TEN, 0.1), (ELEVEN, 0.2), (TWELVE, None))


def read(*data: Any, key: str | None = None) -> tuple[Step, ...]:
    """Read data as they are in Amsterdam."""
    return steps_of(spans_of(data, AMSTERDAM, key))


def items(start: str, value: str, *, end: str = "") -> list[dict[str, Any]]:
    """Make a list of two hours."""
    return [
        {
            start: moment.isoformat(),
            value: number,
            **({end: (moment + HOUR).isoformat()} if end else {}),
        }
        for moment, number in ((TEN, 0.1), (ELEVEN, 0.2))
    ]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(items("start", "value", end="end"), id="Nord Pool (HACS), evcc"),
        pytest.param(items("start", "price", end="end"), id="Nord Pool"),
        pytest.param(items("start_time", "price"), id="Tibber"),
        pytest.param(items("startsAt", "total"), id="Tibber (HACS)"),
        pytest.param(items("time", "price"), id="ENTSO-e"),
        pytest.param(items("start", "value_inc_vat", end="end"), id="Octopus Energy"),
        pytest.param(items("from", "price", end="till"), id="Frank Energie"),
        pytest.param(items("hour", "price"), id="Energi Data Service"),
        pytest.param(items("datetime", "temperature"), id="weather"),
        pytest.param(items("period_start", "pv_estimate"), id="Solcast"),
        pytest.param(items("start_time", "per_kwh", end="end_time"), id="Amber"),
        pytest.param(
            items("start_time", "price_per_kwh", end="end_time"), id="EPEX Spot"
        ),
        pytest.param(items("date", "p_pv_forecast"), id="EMHASS"),
        pytest.param({"data": items("time_start", "value")}, id="batcontrol"),
        pytest.param({"prices": {"Home": items("start_time", "price")}}, id="deeper"),
        pytest.param(
            {
                "today": items("time", "total")[:1],
                "tomorrow": items("time", "total")[1:],
            },
            id="by days",
        ),
        pytest.param({TEN.isoformat(): 0.1, ELEVEN.isoformat(): 0.2}, id="by time"),
        pytest.param({TEN: 0.1, ELEVEN: 0.2}, id="by datetime"),
        pytest.param(
            {TEN.isoformat(): {"price": 0.1}, ELEVEN.isoformat(): {"price": 0.2}},
            id="items by time",
        ),
        pytest.param(
            [[TEN.timestamp() * 1000, 0.1], [ELEVEN.timestamp() * 1000, 0.2]],
            id="pairs in milliseconds",
        ),
        pytest.param(
            [[str(int(TEN.timestamp())), "0.1"], [int(ELEVEN.timestamp()), 0.2]],
            id="pairs in seconds",
        ),
        pytest.param(
            [(TEN, ELEVEN, 0.1), (ELEVEN, TWELVE, 0.2)], id="start, end and value"
        ),
        pytest.param(
            {
                "time": [TEN.isoformat(), "soon", ELEVEN.isoformat()],
                "price": [0.1, 0.3, 0.2],
            },
            id="lists side by side",
        ),
        pytest.param(
            {
                "start": [TEN.isoformat(), ELEVEN.isoformat()],
                "end": [ELEVEN.isoformat()],
                "price": [0.1, 0.2],
            },
            id="lists side by side, with ends",
        ),
        pytest.param(
            [
                {"start": "2026-11-22T11:00:00", "value": "0.2"},
                {"start": "2026-11-22 10:00:00", "value": " 0.1 "},
            ],
            id="local times, unsorted, numbers as text",
        ),
        pytest.param(
            [
                {"start": TEN.astimezone(AMSTERDAM), "value": 0.1},
                {"start": ELEVEN.astimezone(AMSTERDAM), "value": 0.2},
            ],
            id="datetimes",
        ),
        pytest.param(
            [{"start": "2026-11-22T09:00:00Z", "value": 7}, *items("start", "value")],
            id="listed twice: the last holds",
        ),
        pytest.param(
            [
                "soon",
                None,
                {"start": "soon", "value": 3},
                {"value": 3},
                *items("start", "value"),
            ],
            id="with garbage in between",
        ),
    ],
)
def test_shapes(data: Any) -> None:
    assert read(data) == TWO_HOURS


def test_parts_are_one_list() -> None:
    today, tomorrow = ([item] for item in items("start", "value"))

    assert read(today, tomorrow) == TWO_HOURS
    assert read(today + tomorrow, []) == TWO_HOURS
    assert read(today, None, tomorrow) == TWO_HOURS


def test_days_without_time_begin_at_midnight() -> None:
    steps = read(
        [{"date": date(2026, 11, 22), "value": 1}, {"date": "2026-11-23", "value": 2}]
    )

    assert steps == (
        (datetime(2026, 11, 21, 23, tzinfo=UTC), 1),
        (datetime(2026, 11, 22, 23, tzinfo=UTC), 2),
        (datetime(2026, 11, 23, 23, tzinfo=UTC), None),
    )


def test_between_an_end_and_the_next_start_nothing_is_known() -> None:
    steps = read(
        [
            {"start": TEN, "end": ELEVEN, "value": 1},
            {"start": TWELVE, "end": TWELVE + HOUR, "value": 2},
        ]
    )

    assert steps == (
        (TEN, 1),
        (ELEVEN, None),
        (TWELVE, 2),
        (TWELVE + HOUR, None),
    )


def test_what_has_no_end_holds_until_the_next() -> None:
    """The last as long as the one before, whose end may be told."""
    steps = read([[TEN, 1], [ELEVEN, 2], [ELEVEN + 2 * HOUR, 3]])
    assert steps[-1] == (ELEVEN + 4 * HOUR, None)

    steps = read(
        [
            {"start": TEN, "end": TEN + HOUR / 4, "value": 1},
            {"start": TWELVE, "value": 2},
        ]
    )
    assert steps[-1] == (TWELVE + HOUR / 4, None)


@pytest.mark.parametrize("end", [TEN.isoformat(), TWELVE.isoformat(), "later", 5, True])
def test_an_end_that_cannot_be_is_none(end: Any) -> None:
    """Nor one after the next start."""
    data = items("start", "value")
    data[0]["end"] = end

    assert read(data) == TWO_HOURS


@pytest.mark.parametrize(
    "value", [None, "", "unknown", "nan", float("nan"), float("inf"), 10**400, True, []]
)
def test_what_is_no_number_is_not_known(value: Any) -> None:
    data = items("start", "value")
    data[0]["value"] = value

    assert read(data) == ((TEN, None), (ELEVEN, 0.2), (TWELVE, None))


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        "2026-11-22T10:00:00",
        b"prices",
        [],
        {},
        [0.1, 0.2, 0.3],
        [[1, 2], [3, 4], [5, 6, 7], [8]],
        {"prices": [0.1, 0.2]},
        {"time": ["soon"], "price": [0.1]},
        [{"value": 1}],
        [{"start": "soon", "value": 1}],
        [{"start": TEN.isoformat(), "value": None}],
        [{"start": TEN.isoformat(), "name": "high"}],
        [{"start": TEN.isoformat(), "value": 1}],
        [{"start": 25, "value": 1}],
        [
            {"start": "0001-01-01T00:00:00", "value": 1},
            {"start": "9999-12-31", "value": 1},
        ],
        {"a": {"b": {"c": {"d": {"e": items("start", "value")}}}}},
    ],
)
def test_garbage_is_told(data: Any) -> None:
    """Also where nobody knows for how long the only value holds."""
    with pytest.raises(NoTimesAndValuesError):
        read(data)


def test_several_values_that_stand_together() -> None:
    """One that is usually meant is taken, the others by their key."""
    data = [
        {
            "period_start": moment.isoformat(),
            "pv_estimate10": 1.0,
            "pv_estimate": 2.0,
            "confidence": "high",
        }
        for moment in (TEN, ELEVEN)
    ]

    assert value_keys([data], AMSTERDAM) == ("pv_estimate", "pv_estimate10")
    assert read(data)[0] == (TEN, 2.0)
    assert read(data, key="pv_estimate10")[0] == (TEN, 1.0)
    with pytest.raises(SeveralValuesError, match="pv_estimate, pv_estimate10"):
        read(data, key="pv_estimate90")


def test_several_values_of_which_none_is_usual() -> None:
    data = [
        {"start": moment.isoformat(), "buy": 0.3, "sell": 0.1}
        for moment in (TEN, ELEVEN)
    ]

    with pytest.raises(SeveralValuesError, match="buy, sell"):
        read(data)


def test_several_lists() -> None:
    data = {
        "usage": items("timestamp", "price"),
        "return": items("timestamp", "price"),
        "watts": {TEN.isoformat(): 5, ELEVEN.isoformat(): 7},
    }

    assert set(value_keys([data], AMSTERDAM)) == {
        "usage.price",
        "return.price",
        "watts",
    }
    assert read(data, key="return.price") == TWO_HOURS
    with pytest.raises(SeveralValuesError):
        read({"usage": data["usage"], "return": data["return"]})


def naive(moments: Iterable[datetime]) -> list[str]:
    """Write times as a clock in Amsterdam shows them, without an offset."""
    return [
        moment.astimezone(AMSTERDAM).replace(tzinfo=None).isoformat()
        for moment in moments
    ]


@pytest.mark.parametrize("length", [HOUR, HOUR / 2, HOUR / 4])
@pytest.mark.parametrize(
    ("midnight", "hours"),
    [
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
    ],
)
@pytest.mark.parametrize("has_ends", [True, False])
def test_nights_in_which_the_clock_is_changed(
    midnight: datetime, hours: int, length: timedelta, *, has_ends: bool
) -> None:
    """Also from times of a clock, the second of two is the later one."""
    count = hours * HOUR // length
    moments = [midnight + index * length for index in range(count + 1)]
    data = [
        {"start": start, "value": index, **({"end": end} if has_ends else {})}
        for index, (start, end) in enumerate(pairwise(naive(moments)))
    ]
    expected = (
        *zip(moments[:-1], map(float, range(count)), strict=True),
        (moments[-1], None),
    )

    assert read(data) == expected
    aware = [
        {
            "start": moment.astimezone(AMSTERDAM),
            "end": end.astimezone(AMSTERDAM),
            "value": index,
        }
        for index, (moment, end) in enumerate(pairwise(moments))
    ]
    assert read(aware) == expected


# How long an example takes depends on what else the machine does.
@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=12)
        | st.datetimes()
        | st.sampled_from(["2026-11-22T10:00:00", "1764201600", "0.25", TEN]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["start", "end", "value", "time", "prices", "x", "1764201600"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_anything_is_read_or_told(data: Any) -> None:
    """What comes back is in order, and ends."""
    try:
        steps = read(data)
    except NoTimesAndValuesError, SeveralValuesError:
        return
    moments = [moment for moment, _ in steps]
    assert moments == sorted(set(moments))
    assert steps[-1][1] is None
    assert any(value is not None for _, value in steps)
