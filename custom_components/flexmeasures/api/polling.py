"""When to ask whether a job has ended: soon after it has, with few requests."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

# The wait after the first look, and how much longer each next one is. Without
# knowledge: 10 looks in 30 s. A job that takes as long as earlier ones is seen
# within one step of its end.
_FIRST_STEP = 0.12
_GROWTH = 1.65
_GROWTH_AFTER_EXPECTED_END = 1.4
_LONGEST_STEP = 30.0
# Looks from this share, and at most this many seconds, before the earliest end seen
# so far catch a slightly faster job, and up to that end they are this close.
_EARLIER = 0.08
_EARLIEST = 2.0
_CLOSE = 0.3
_REMEMBERED = 5


def polling_waits(earlier_jobs: Iterable[timedelta]) -> Iterator[float]:
    """Yield for ever the seconds to wait before each look at a job.

    `earlier_jobs` are the times that this device's last jobs took: the first look
    comes just before the fastest of them would have ended, the next ones around
    that time are close together, and then farther and farther apart.
    """
    expected = min((taken.total_seconds() for taken in earlier_jobs), default=0.0)
    first = expected - min(expected * _EARLIER, _EARLIEST)
    step, growth, elapsed = _FIRST_STEP, _GROWTH, 0.0
    if first > step:
        yield first
        growth, elapsed = _GROWTH_AFTER_EXPECTED_END, first
    while True:
        if elapsed < expected:
            step = min(step, _CLOSE)
        yield step
        elapsed += step
        step = min(step * growth, _LONGEST_STEP)


def remember(
    earlier_jobs: Iterable[timedelta], taken: timedelta
) -> tuple[timedelta, ...]:
    """The times to keep for the next job: the last few."""
    return (*earlier_jobs, taken)[-_REMEMBERED:]
