"""When a job is looked at."""

from datetime import timedelta
from itertools import accumulate

import pytest

from custom_components.flexmeasures.api.polling import polling_waits


def looks(taken: float) -> list[float]:
    """Give the times at which a job that takes some seconds is looked at."""
    times: list[float] = []
    for time in accumulate(polling_waits(timedelta(hours=2))):
        times.append(time)
        if time >= taken:
            break
    return times


def late(taken: float) -> float:
    """Give the time from a job's end until it is seen."""
    return looks(taken)[-1] - taken


@pytest.mark.parametrize(
    "taken", [0.05, 0.11, 0.35, 0.55, 0.85, 1.05, 2.05, 5.05, 10.1, 20.1, 31.0]
)
def test_a_job_is_seen_soon_after_its_end(taken: float) -> None:
    """A tenth of its own time later at most, or of a second."""
    assert late(taken) <= max(taken * 0.1, 0.1)


@pytest.mark.parametrize(
    ("taken", "most"), [(0.1, 1), (1.0, 11), (3.0, 22), (10.0, 35), (30.0, 46)]
)
def test_a_job_takes_few_looks(taken: float, most: int) -> None:
    assert len(looks(taken)) <= most


def test_patience_ends() -> None:
    assert 60 <= sum(polling_waits(timedelta(minutes=1))) <= 66


def test_the_waits_grow_but_not_for_ever() -> None:
    """A job that nobody works on is looked at about twice a minute."""
    assert len(looks(300.0)) <= 70
    assert late(3600.0) <= 30.0
