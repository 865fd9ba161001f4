"""How long an update of the coordinators keeps Home Assistant's event loop busy.

Every device follows a plan of 7 days at 5 minutes (2016 slots), and all devices are
updated at once, as after an outage. Each callback of the event loop is timed, from the
answer's arrival to the entity's new state. Printed: the longest that a single callback
held the loop, and the sum of all callbacks per device.

usage: .environments/tests/bin/python -m benchmarks.event_loop [--rounds 20]
"""

import argparse
import asyncio
from asyncio import events
from collections.abc import Iterator
from contextlib import contextmanager
import logging
from statistics import median
import tempfile
import time
from unittest.mock import patch

from aiohttp import ThreadedResolver
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import ConfigSubentryData

from .canned_server import canned_server

DEVICES = (1, 10, 50)
WEEK_SECONDS = 7 * 24 * 3600


@contextmanager
def timed_callbacks() -> Iterator[list[float]]:
    """Collect the time that each callback of the event loop takes, in milliseconds."""
    taken: list[float] = []
    run = events.Handle._run

    def timed_run(handle: events.Handle) -> None:
        start = time.perf_counter()
        run(handle)
        taken.append((time.perf_counter() - start) * 1000)

    events.Handle._run = timed_run  # type: ignore[method-assign]
    try:
        yield taken
    finally:
        events.Handle._run = run  # type: ignore[method-assign]


def account(url: str, devices: int) -> MockConfigEntry:
    """Make a config entry with some devices."""
    return MockConfigEntry(
        domain=DOMAIN,
        data={"host": url, "username": "user@example.com", "password": "password"},
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title=f"Device {number}",
                unique_id=str(number),
                data={
                    "power_sensor": number,
                    "soc_unit": "kWh",
                    "schedule_duration": WEEK_SECONDS,
                    "update_interval": 3600,
                    "automatic_scheduling": False,
                },
            )
            for number in range(1, devices + 1)
        ],
    )


async def measure(url: str, devices: int, rounds: int) -> None:
    """Update all devices of an account some times, and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop("custom_components", None)
            entry = account(url, devices)
            entry.add_to_hass(hass)
            await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done()
            coordinators = entry.runtime_data.coordinators.values()
            longest: list[float] = []
            sums: list[float] = []
            for _ in range(rounds):
                with timed_callbacks() as taken:
                    await asyncio.gather(
                        *(coordinator.async_refresh() for coordinator in coordinators)
                    )
                    await hass.async_block_till_done()
                longest.append(max(taken))
                sums.append(sum(taken) / devices)
            (state,) = hass.states.async_all("sensor")[:1]
            assert len(state.attributes["schedule"]) == 2016
            print(
                f"{devices:3} devices: longest callback {median(longest):5.2f} ms"
                f" (worst of {rounds} rounds {max(longest):5.2f} ms),"
                f" all callbacks {median(sums):5.2f} ms per device"
            )
            await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_stop(force=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.event_loop", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with (
        # The usual one wants Home Assistant's network integration.
        patch(
            "homeassistant.helpers.aiohttp_client._async_make_resolver",
            lambda _: ThreadedResolver(),
        ),
        canned_server() as url,
    ):
        for devices in DEVICES:
            asyncio.run(measure(url, devices, arguments.rounds))


if __name__ == "__main__":
    main()
