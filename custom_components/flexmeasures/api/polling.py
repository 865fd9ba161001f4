"""When to ask whether a job has ended: soon after it has, with few requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

from .errors import CannotConnectError, JobTimeoutError, RateLimitedError

# Seconds from one look to the next: never shorter, never longer.
_SHORTEST_WAIT = 0.1
_LONGEST_WAIT = 30.0

# Of the time that the job has taken so far.
_SHARE = 0.1


def polling_waits(patience: timedelta) -> Iterator[float]:
    """Yield the seconds to wait before each look at a job, until patience ends.

    The longer it has taken, the longer it may go on unseen after its end: a tenth of
    its time at most.
    """
    elapsed = 0.0
    while True:
        wait = min(max(elapsed * _SHARE, _SHORTEST_WAIT), _LONGEST_WAIT)
        yield wait
        elapsed += wait
        if elapsed >= patience.total_seconds():
            return


async def ask_patiently[Answer](
    ask: Callable[[], Awaitable[Answer]], patience: timedelta
) -> Answer:
    """Return the first answer to a question that is asked again and again.

    What passes by itself is waited out until patience ends: a server that is away or
    has too much to do, and a job that has not ended (JobTimeoutError). Raises what
    `ask` raises otherwise, or raised last.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience.total_seconds()
    waits = polling_waits(patience)
    while True:
        try:
            return await ask()
        except CannotConnectError, JobTimeoutError, RateLimitedError:
            wait = next(waits, None)
            # Asking takes time as well, most of all where nobody answers.
            if wait is None or loop.time() > deadline:
                raise
        await asyncio.sleep(wait)
