"""When to ask whether a job has ended: soon after it has, with few requests."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

# Seconds from one look to the next: never shorter, never longer.
_SHORTEST_STEP = 0.12
_LONGEST_STEP = 30.0

# Looks that are spread over the time in which earlier jobs ended.
_LOOKS = 10
# How much earlier jobs that all took the same may be off.
_SPREAD = 0.02
# How fast the looks come apart when nothing is known, or no longer.
_GROWTH = 1.6
# The first step after all earlier jobs would have ended, as a share of the time so far.
_OVERDUE = 0.1

_REMEMBERED = 5


def polling_waits(earlier_jobs: Iterable[timedelta]) -> Iterator[float]:
    """Yield for ever the seconds to wait before each look at a job.

    `earlier_jobs` are the times that this device's last jobs took. Looks begin when
    the fastest of them had just not ended, are evenly spread until the slowest one
    had, and then come farther and farther apart: about six for a usual job, and up to
    twenty for one that takes many times as long.
    """
    step = _SHORTEST_STEP
    if taken := [duration.total_seconds() for duration in earlier_jobs]:
        fastest, slowest = min(taken), max(taken)
        step = max(step, slowest * _SPREAD, (slowest - fastest) / _LOOKS)
        elapsed = max(fastest - step, step)
        yield elapsed
        while elapsed < slowest + step:
            yield step
            elapsed += step
        step = max(step, elapsed * _OVERDUE)
    while True:
        yield step
        step = min(step * _GROWTH, _LONGEST_STEP)


def remember(
    earlier_jobs: Iterable[timedelta], taken: timedelta
) -> tuple[timedelta, ...]:
    """The times to keep for the next job: the last few."""
    return (*earlier_jobs, taken)[-_REMEMBERED:]
