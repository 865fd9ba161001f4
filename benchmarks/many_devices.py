"""What 50 devices add to Home Assistant's start, and how much memory they take.

Each device plans 24 hours at 15 minutes, with prices and an expected state of charge.
Home Assistant and the platforms that it loads by itself are there before the clock
starts. Then three set-ups are timed, each from its start until every plan has been read
and every entity has its state: of an account without devices, which imports the
integration and all that it requires; of one with 50 new devices; and of the same one
again, when its devices and entities are known, as at every later start. The server
answers at once, from a process of its own.

The memory is what the devices add, after collecting garbage: by the system (resident
memory) and, in other runs because it takes time and memory itself, by Python
(tracemalloc).

usage: .environments/tests/bin/python -m benchmarks.many_devices [--runs 5]
"""

import argparse
import asyncio
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
import gc
import multiprocessing
from pathlib import Path
import resource
from statistics import median
import time
import tracemalloc

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .canned_server import canned_server
from .home import account, home

DEVICES = 50
HORIZON = timedelta(hours=24)
RESOLUTION = timedelta(minutes=15)
# Home Assistant has these, or gets them with the first integration of any kind.
PLATFORMS = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.DATETIME,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
)
KILOBYTE = 1000


@dataclass(frozen=True)
class Seconds:
    """How long something took."""

    wall: float
    processor: float
    """Of all threads."""


@dataclass(frozen=True)
class Run:
    """The three set-ups in one process, and the memory that its devices take, in bytes."""

    without: Seconds
    first: Seconds
    again: Seconds
    resident: int
    traced: int
    """0 if it was not asked for, as the next one."""
    traced_of_integration: int


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> Seconds:
    """Set an account up, and time it."""
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


async def measure(url: str, *, is_traced: bool) -> Run:
    """Do the three set-ups."""
    async with home() as hass:
        for platform in PLATFORMS:
            await async_setup_component(hass, platform, {})
        empty = account(url, 0, HORIZON)
        empty.add_to_hass(hass)
        without = await set_up(hass, empty)

        entry = account(url, DEVICES, HORIZON)
        entry.add_to_hass(hass)
        gc.collect()
        before = resident_memory()
        if is_traced:
            tracemalloc.start()
        first = await set_up(hass, entry)
        gc.collect()
        resident = resident_memory() - before
        traced, of_integration = traced_memory() if is_traced else (0, 0)
        tracemalloc.stop()
        coordinators = entry.runtime_data.coordinators.values()
        assert sum(coordinator.covers_now for coordinator in coordinators) == DEVICES

        await hass.config_entries.async_unload(entry.entry_id)
        again = await set_up(hass, entry)
        for loaded in (empty, entry):
            await hass.config_entries.async_unload(loaded.entry_id)
        return Run(without, first, again, resident, traced, of_integration)


def resident_memory() -> int:
    """What this process has in memory, in bytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def traced_memory() -> tuple[int, int]:
    """What Python has allocated, and of that by the integration's own lines, in bytes."""
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)]
    )
    own = snapshot.filter_traces(
        [
            tracemalloc.Filter(
                inclusive=True, filename_pattern="*/custom_components/flexmeasures/*"
            )
        ]
    )
    total, integration = (
        sum(trace.size for trace in traces.traces) for traces in (snapshot, own)
    )
    return total, integration


def run(url: str, is_traced: bool) -> Run:  # noqa: FBT001
    """Measure in this process."""
    return asyncio.run(measure(url, is_traced=is_traced))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many_devices", description=__doc__
    )
    parser.add_argument("--runs", type=int, default=5)
    count: int = parser.parse_args().runs
    with (
        canned_server(RESOLUTION) as url,
        # In a process of its own each: imports and memory are of the first time only.
        ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            max_tasks_per_child=1,
        ) as process,
    ):
        runs = [process.submit(run, url, False).result() for _ in range(count)]
        traced = process.submit(run, url, True).result()

    print(
        f"Medians of {count} runs; processor time, and in brackets the time by the clock"
    )
    for name, part in (
        ("an account without devices", "without"),
        (f"{DEVICES} new devices", "first"),
        (f"{DEVICES} known devices", "again"),
    ):
        times: list[Seconds] = [getattr(run, part) for run in runs]
        processor = median(seconds.processor for seconds in times)
        wall = median(seconds.wall for seconds in times)
        print(f"{name:27} {processor:5.2f} s ({wall:.2f} s)")
    for name, size in (
        ("resident memory", median(run.resident for run in runs)),
        ("allocated by Python", traced.traced),
        ("  of that in our own code", traced.traced_of_integration),
    ):
        print(f"{name:27} {size / DEVICES / KILOBYTE:5.0f} kB per device")


if __name__ == "__main__":
    main()
