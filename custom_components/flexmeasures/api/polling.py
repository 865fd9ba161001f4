"""When to ask whether a job has ended: soon after it has, with few requests."""

from collections.abc import Iterator

# Seconds from one look to the next: never shorter, never longer.
_SHORTEST_WAIT = 0.1
_LONGEST_WAIT = 30.0

# Of the time that the job has taken so far.
_SHARE = 0.1


def polling_waits() -> Iterator[float]:
    """Yield for ever the seconds to wait before each look at a job.

    The longer it has taken, the longer it may go on unseen after its end: a tenth of
    its time at most.
    """
    elapsed = 0.0
    while True:
        wait = min(max(elapsed * _SHARE, _SHORTEST_WAIT), _LONGEST_WAIT)
        yield wait
        elapsed += wait
