"""When a job is looked at."""

from datetime import timedelta
from itertools import accumulate

import pytest

from custom_components.flexmeasures.api.polling import polling_waits, remember


def looks(taken: float, *earlier_jobs: float) -> list[float]:
    """Give the times at which a job that takes some seconds is looked at."""
    times: list[float] = []
    for time in accumulate(
        polling_waits([timedelta(seconds=seconds) for seconds in earlier_jobs])
    ):
        times.append(time)
        if time >= taken:
            break
    return times


def late(taken: float, *earlier_jobs: float) -> float:
    """Give the time from a job's end until it is seen."""
    return looks(taken, *earlier_jobs)[-1] - taken


@pytest.mark.parametrize("taken", [0.1, 1.0, 30.0])
def test_about_ten_looks_without_knowledge(taken: float) -> None:
    assert len(looks(taken)) <= 11


@pytest.mark.parametrize("taken", [0.1, 1.0, 3.0, 10.0, 30.0])
@pytest.mark.parametrize("ratio", [0.95, 1.0, 1.05])
def test_about_ten_looks_with_earlier_jobs(taken: float, ratio: float) -> None:
    assert len(looks(taken * ratio, taken)) <= 13


@pytest.mark.parametrize("taken", [0.1, 0.3, 0.5, 0.8, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0])
def test_a_job_like_earlier_ones_is_seen_at_once(taken: float) -> None:
    assert late(taken, taken) <= 0.3
    assert late(taken, taken, taken * 1.3, taken * 2) <= 0.3


@pytest.mark.parametrize("taken", [0.1, 0.3, 0.5, 1.0])
def test_a_short_job_is_seen_soon_without_knowledge(taken: float) -> None:
    assert late(taken) <= 0.3


def test_the_waits_grow_but_not_for_ever() -> None:
    """A job that nobody works on is looked at about twice a minute."""
    assert len(looks(300.0)) <= 21
    assert late(3600.0) <= 30.0


def test_the_last_few_jobs_are_remembered() -> None:
    jobs: tuple[timedelta, ...] = ()

    for seconds in range(7):
        jobs = remember(jobs, timedelta(seconds=seconds))

    assert jobs == tuple(timedelta(seconds=seconds) for seconds in range(2, 7))
