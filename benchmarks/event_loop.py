"""How long an update of the coordinators keeps Home Assistant's event loop busy.

Every device follows a plan of 7 days at 5 minutes (2016 slots, and those of today that
have passed), with prices and an expected state of charge. All devices are updated at
once, as after an outage. Each callback of the event loop is timed, from the
answer's arrival to the entity's new state. Printed: the longest that a single callback
held the loop, and the sum of all callbacks per device.

usage: .environments/tests/bin/python -m benchmarks.event_loop [--rounds 20]
"""

import argparse
import asyncio
from asyncio import events
from collections.abc import Callable
from datetime import timedelta
import gc
from statistics import median
import threading
import time
from typing import Self

from .canned_server import canned_server
from .home import account, home

DEVICES = (1, 10, 50)
HORIZON = timedelta(days=7)
RESOLUTION = timedelta(minutes=5)


class Timing:
    """Times the event loop's callbacks, and apart from them Python's garbage collection.

    In milliseconds of the processor's time in this thread, so that what other threads
    and the machine do makes no difference. What is collected, and when, depends on all
    that Home Assistant holds.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.callbacks: list[float] = []
        self.collections: list[float] = []
        self._start = 0.0
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        """Begin to time."""
        self._run = events.Handle._run
        events.Handle._run = self._timed_run()  # type: ignore[method-assign, assignment]
        gc.callbacks.append(self._handle_collection)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        gc.callbacks.remove(self._handle_collection)
        events.Handle._run = self._run  # type: ignore[method-assign]

    def _timed_run(self) -> Callable[[events.Handle], None]:
        def timed_run(handle: events.Handle) -> None:
            start, collected = time.thread_time(), sum(self.collections)
            self._run(handle)
            collected = sum(self.collections) - collected
            self.callbacks.append((time.thread_time() - start) * 1000 - collected)

        return timed_run

    def _handle_collection(self, phase: str, _info: dict[str, int]) -> None:
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._start = time.thread_time()
        else:
            self.collections.append((time.thread_time() - self._start) * 1000)


async def measure(url: str, devices: int, rounds: int) -> None:
    """Update all devices of an account some times, and print the figures."""
    async with home() as hass:
        entry = account(url, devices, HORIZON)
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        coordinators = entry.runtime_data.coordinators.values()
        longest: list[float] = []
        sums: list[float] = []
        collected: list[float] = []
        for _ in range(rounds):
            with Timing() as timing:
                await asyncio.gather(
                    *(coordinator.async_refresh() for coordinator in coordinators)
                )
                await hass.async_block_till_done()
            longest.append(max(timing.callbacks))
            sums.append(sum(timing.callbacks) / devices)
            collected.append(sum(timing.collections) / devices)
        state = hass.states.get("sensor.device_1_schedule")
        # Beside what is ahead it holds what was planned for today.
        assert state
        assert len(state.attributes["schedule"]) >= HORIZON / RESOLUTION
        print(
            f"{devices:3} devices: longest callback {median(longest):5.2f} ms"
            f" (worst of {rounds} rounds {max(longest):5.2f} ms); per device:"
            f" all callbacks {median(sums):5.2f} ms,"
            f" garbage collection {median(collected):5.2f} ms"
        )
        await hass.config_entries.async_unload(entry.entry_id)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.event_loop", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with canned_server(RESOLUTION) as url:
        for devices in DEVICES:
            asyncio.run(measure(url, devices, arguments.rounds))


if __name__ == "__main__":
    main()
