"""What a flex-model wishes for, however it says when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.plan.wishes import Wish, asked_for, wishes_in

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WINDOW = Window(START, QUARTER, 8 * QUARTER)
TEN, ELEVEN = "2026-11-22T11:00:00+01:00", "2026-11-22T12:00:00+01:00"


@pytest.mark.parametrize(
    ("when", "start", "end"),
    [
        ({"datetime": ELEVEN}, 4, 4),
        ({"start": TEN, "end": ELEVEN}, 0, 4),
        ({"start": TEN, "duration": "PT30M"}, 0, 2),
        ({"end": ELEVEN, "duration": "PT30M"}, 2, 4),
    ],
)
def test_times(when: dict[str, str], start: int, end: int) -> None:
    model = {"soc-minima": [{"value": "9 kWh", **when}]}

    assert wishes_in(model) == [
        Wish("soc-minima", START + start * QUARTER, START + end * QUARTER, "9 kWh")
    ]


@pytest.mark.parametrize(
    "events",
    [
        {"sensor": 3},
        "9 kWh",
        ["9 kWh"],
        [{"value": "9 kWh"}],
        [{"value": "9 kWh", "datetime": "tomorrow"}],
        [{"value": "9 kWh", "start": TEN, "duration": "long"}],
        [{"value": "9 kWh", "start": TEN, "duration": "P9999999999D"}],
    ],
)
def test_what_only_the_server_may_be_able_to_read(events: Any) -> None:
    """It is left to it, and so is whether it is met."""
    assert wishes_in({"soc-targets": events}) == []


def test_wish_that_is_over_before_anything_is_planned() -> None:
    over = {"soc-minima": [{"value": "9 kWh", "start": TEN, "duration": "PT0S"}]}

    assert asked_for(over, over, WINDOW).planned == ()
