"""What the demo's devices have done and were to do: from yesterday's midnight on, whenever the demo starts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sandbox.flexmeasures.past import QUARTER, steps_since_yesterday
from sandbox.flexmeasures.profiles import TIME_ZONE

_AHEAD = timedelta(minutes=30)


@pytest.mark.parametrize(
    "day",
    [
        datetime(2026, 11, 27, tzinfo=TIME_ZONE),
        pytest.param(datetime(2026, 3, 29, tzinfo=TIME_ZONE), id="of 23 hours"),
        pytest.param(datetime(2026, 10, 25, tzinfo=TIME_ZONE), id="of 25 hours"),
    ],
)
def test_begins_at_yesterdays_midnight(day: datetime) -> None:
    """What is planned ahead reaches over midnight, and takes nothing from yesterday."""
    yesterday = (day - timedelta(days=1)).astimezone(UTC)
    tomorrow = (day + timedelta(days=1)).astimezone(UTC)
    now = day.astimezone(UTC)
    while now < tomorrow:
        steps = list(steps_since_yesterday(now, QUARTER, ahead=_AHEAD))
        assert steps[0] == yesterday
        assert {later - step for step, later in pairwise(steps)} == {QUARTER}
        assert steps[-1] == now + _AHEAD - QUARTER
        now += QUARTER
