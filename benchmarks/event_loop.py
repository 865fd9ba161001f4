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
from collections.abc import Callable
import gc
import logging
from statistics import median
import tempfile
import time
from typing import Self
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


class Timing:
    """Times the event loop's callbacks, and apart from them Python's garbage collection.

    In milliseconds of the processor's time, so that what else the machine does makes
    no difference. What is collected, and when, depends on all that Home Assistant holds.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.callbacks: list[float] = []
        self.collections: list[float] = []
        self._start = 0.0

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
        if phase == "start":
            self._start = time.thread_time()
        else:
            self.collections.append((time.thread_time() - self._start) * 1000)


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
            (state,) = hass.states.async_all("sensor")[:1]
            assert len(state.attributes["schedule"]) == 2016
            print(
                f"{devices:3} devices: longest callback {median(longest):5.2f} ms"
                f" (worst of {rounds} rounds {max(longest):5.2f} ms); per device:"
                f" all callbacks {median(sums):5.2f} ms,"
                f" garbage collection {median(collected):5.2f} ms"
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
