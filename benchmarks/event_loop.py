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
from datetime import timedelta
from statistics import median

from .canned_server import canned_server
from .home import account, home
from .timing import Timing

DEVICES = (1, 10, 50)
HORIZON = timedelta(days=7)
RESOLUTION = timedelta(minutes=5)


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
        for coordinator in coordinators:
            # Beside what is ahead it holds what was planned for today.
            assert len(coordinator.outlook.schedule) >= HORIZON / RESOLUTION
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
