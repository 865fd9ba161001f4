"""How fast S2 messages are acknowledged while the server hangs, and what misuse does.

A real Home Assistant with its HTTP server on a port, and an account with paired devices
that follow a plan known from before, when FlexMeasures still answered; now it accepts
connections and answers nothing. 32 RMs in another process, with connections compressed
as s2-python's are, send 20 messages/s each at random moments: power, fill level and what
the actuator does, a usage forecast every 10 s and a description of 50 elements every
30 s. Then 31 of them go on while one goes wrong in several ways. Some of that once
more, with fewer RMs, while Python's allocations are traced.

The latency is the one that RMs see, from sending to reading the ReceptionStatus, so it
has in it what their own process and the machine add. Memory is what Home Assistant's
process has, in all and as traced by Python (tracemalloc), more than before.

usage: .environments/tests/bin/python -m benchmarks.s2 [--seconds 8]
"""

import argparse
import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
import gc
import multiprocessing
import os
from pathlib import Path
import socket
from statistics import quantiles
import tempfile
import time
import tracemalloc
from typing import Self

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.cem.resource import ManagedResource
from custom_components.flexmeasures.cem.server.pairing import hash_token
from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .canned_server import CannedServer, running_server
from .home import account, home
from .many_devices import resident_memory
from .s2_misdeeds import MISDEEDS, Misdeed, run_misdeed
from .s2_rms import HOST, Answer, Report, run_for, run_while, token_of

RMS = 32
# One more than may be connected.
DEVICES = RMS + 1
HORIZON = timedelta(hours=24)
RESOLUTION = timedelta(minutes=15)
MEGABYTE = 1e6
# Tracing makes everything several times slower.
OTHERS_TRACED = 4
TRACED = ("sends as fast as it can",)


@dataclass(frozen=True)
class Sample:
    """What the process had used by a moment."""

    moment: float
    process: float
    """Seconds of the processor, in all threads."""
    loop: float
    """Of them in the event loop's thread."""
    waited: float
    """Seconds that this thread was ready to go on, but others had the processors."""
    stolen: float
    """Seconds of all processors that went to other virtual machines."""
    resident: int


class Watch:
    """Samples what this process uses, from its event loop."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._samples: list[Sample] = []

    async def __aenter__(self) -> Self:
        """Begin to sample."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def between(self, began: float, ended: float) -> list[Sample]:
        """The samples of some time."""
        return [each for each in self._samples if began <= each.moment <= ended]

    async def _run(self) -> None:
        while True:
            self._samples.append(
                Sample(
                    time.perf_counter(),
                    time.process_time(),
                    time.thread_time(),
                    waited_for_processor(),
                    stolen_from_machine(),
                    resident_memory(),
                )
            )
            await asyncio.sleep(0.02)

    def waited_in(self, answer: Answer) -> float:
        """How long the machine made the event loop wait until this answer, in seconds."""
        return self._waited(answer.moment + answer.latency) - self._waited(
            answer.moment
        )

    def _waited(self, moment: float) -> float:
        after = bisect_left(self._samples, moment, 1, key=lambda each: each.moment)
        after = min(after, len(self._samples) - 1)
        one, other = self._samples[after - 1], self._samples[after]
        share = (moment - one.moment) / (other.moment - one.moment)
        return one.waited + min(max(share, 0), 1) * (other.waited - one.waited)


def waited_for_processor() -> float:
    """How long this thread was ready to go on, but others had the processors (Linux)."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def stolen_from_machine() -> float:
    """How long other virtual machines had this one's processors (Linux)."""
    line, _, _ = Path("/proc/stat").read_text().partition("\n")
    return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def pair(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Switch S2 on for all devices."""
    for subentry in list(entry.subentries.values()):
        number = subentry.data["power_sensor"]
        pairing = {
            "id": f"route-{number}",
            "token_hash": hash_token(token_of(number)),
        }
        hass.config_entries.async_update_subentry(
            entry,
            subentry,
            data={**subentry.data, "automatic_scheduling": True, "s2": pairing},
        )


async def choose_frbc(entry: MockConfigEntry) -> None:
    """Choose the control type for all RMs, as soon as they are there."""
    await asyncio.gather(
        *(
            choose_frbc_of(resource)
            for resource in list(entry.runtime_data.resources.values())[:RMS]
        )
    )


async def choose_frbc_of(resource: ManagedResource) -> None:
    """Choose it for one."""
    connected = asyncio.Event()
    stop = resource.async_add_listener(connected.set)
    while not resource.is_connected:
        await connected.wait()
        connected.clear()
    stop()
    await resource.async_change_control_type(ControlType.FILL_RATE)


class Benchmark:
    """Has RMs in other processes do something, and prints what comes of it."""

    def __init__(
        self, entry: MockConfigEntry, port: int, rms: ProcessPoolExecutor, watch: Watch
    ) -> None:
        """Use processes for RMs, and one more for one that goes wrong."""
        self._entry = entry
        self._port = port
        self._rms = rms
        self._watch = watch
        gc.collect()
        self._resident = resident_memory()

    async def run_ordinary(self, seconds: float) -> None:
        """Measure 32 RMs that do nothing wrong."""
        running = asyncio.get_running_loop().run_in_executor(
            self._rms, run_for, self._port, range(1, RMS + 1), seconds
        )
        await choose_frbc(self._entry)
        report = await running
        print("32 RMs that connect at once, and tell what they are")
        self._print_answers(
            report, [a for a in report.answers if a.moment < report.began]
        )
        print(f"32 RMs that send 20 messages/s each, for {seconds:g} s")
        answers = [a for a in report.answers if a.moment >= report.began]
        self._print_answers(report, answers)
        for kind in sorted({answer.message_type for answer in answers}):
            of_kind = [each for each in answers if each.message_type == kind]
            print(f"  {kind:23} {_latencies(of_kind)} ({len(of_kind)})")
        samples = self._watch.between(report.began, report.ended)
        first, last = samples[0], samples[-1]
        per_message = 1000 / len(answers)
        print(
            "  processor time per message "
            f"{(last.process - first.process) * per_message:.2f} ms, of that in the"
            f" event loop {(last.loop - first.loop) * per_message:.2f} ms;"
            f" {(last.process - first.process) / (last.moment - first.moment):.0%}"
            " of a processor"
        )
        print(
            f"  the machine made the event loop wait {last.waited - first.waited:.1f} s"
            f" of {last.moment - first.moment:.1f} s, and"
            f" {last.stolen - first.stolen:.1f} s of processors were stolen from it"
        )

    async def run_misdeeds(self, names: Iterable[str], others: int) -> None:
        """Measure other RMs while one goes wrong in several ways."""
        with tempfile.TemporaryDirectory() as folder:
            end = Path(folder)
            running = asyncio.get_running_loop().run_in_executor(
                self._rms, run_while, self._port, range(1, others + 1), end
            )
            misdeeds = await self._run_each(names)
        report = await running
        print(f"{others} RMs that send 20 messages/s each, and one that")
        for misdeed in misdeeds:
            answers = [
                answer
                for answer in report.answers
                if misdeed.began <= answer.moment <= misdeed.ended
            ]
            samples = self._watch.between(misdeed.began, misdeed.ended + 0.5)
            peak = max(each.resident for each in samples) - self._resident
            print(f"  {misdeed.name}: {misdeed.outcome}")
            print(
                f"    the others' {_latencies(answers)};"
                f" memory up to {peak / MEGABYTE:+.1f} MB"
            )
        print("  all in all")
        self._print_answers(
            report, [a for a in report.answers if a.moment >= report.began]
        )

    async def _run_each(self, names: Iterable[str]) -> list[Misdeed]:
        # The others begin meanwhile.
        await asyncio.sleep(5)
        resource = list(self._entry.runtime_data.resources.values())[RMS - 1]
        misdeeds: list[Misdeed] = []
        for name in names:
            misdeed = await asyncio.get_running_loop().run_in_executor(
                self._rms, run_misdeed, self._port, RMS, name
            )
            await asyncio.sleep(0.5)
            misdeed.outcome += (
                f"; for Home Assistant it was {resource.traffic.last_end}"
            )
            # The next one is not to be refused for this one.
            resource.link._refused_until = None
            misdeeds.append(misdeed)
        return misdeeds

    def print_memory(self, name: str) -> None:
        """Tell how much more memory there is than at the beginning."""
        gc.collect()
        more = resident_memory() - self._resident
        traced, peak = tracemalloc.get_traced_memory()
        print(
            f"Memory {name}: {more / MEGABYTE:+.1f} MB"
            + (
                f"; allocated since it is traced {traced / MEGABYTE:+.1f} MB,"
                f" at most {peak / MEGABYTE:+.1f} MB"
                if tracemalloc.is_tracing()
                else ""
            )
        )

    def _print_answers(self, report: Report, answers: Sequence[Answer]) -> None:
        counts = Counter(answer.status for answer in answers)
        statuses = ", ".join(f"{count} {status}" for status, count in counts.items())
        alone = [
            replace(answer, latency=answer.latency - self._watch.waited_in(answer))
            for answer in answers
        ]
        print(f"  {_latencies(answers)}")
        print(f"  less what the machine made the event loop wait: {_latencies(alone)}")
        print(
            f"  {statuses}, {report.unanswered} unanswered; {report.instructions}"
            f" instructions; connections lost: {dict(report.lost) or 'none'}"
        )


def _latencies(answers: Sequence[Answer]) -> str:
    times = sorted(answer.latency * 1000 for answer in answers)
    if len(times) < 2:
        return "-"
    percentiles = quantiles(times, n=100)
    return (
        f"p50 {percentiles[49]:.1f} ms, p99 {percentiles[98]:.1f} ms,"
        f" max {times[-1]:.1f} ms"
    )


async def measure(server: CannedServer, seconds: float) -> None:
    """Do all of it in one Home Assistant."""
    async with home() as hass:
        port = free_port()
        config = {"http": {"server_host": HOST, "server_port": port}}
        assert await async_setup_component(hass, "http", config)
        entry = account(server.url, DEVICES, HORIZON)
        entry.add_to_hass(hass)
        pair(hass, entry)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        await hass.http.start()
        assert hass.http._server
        for listening in hass.http._server.sockets:
            # An RM that does not read is noticed in seconds and not in minutes.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        data = entry.runtime_data
        assert all(device.covers_now for device in data.coordinators.values())
        server.hang()
        async with Watch() as watch:
            with ProcessPoolExecutor(
                max_workers=2, mp_context=multiprocessing.get_context("spawn")
            ) as rms:
                benchmark = Benchmark(entry, port, rms, watch)
                await benchmark.run_ordinary(seconds)
                benchmark.print_memory("after that")
                await benchmark.run_misdeeds(MISDEEDS, RMS - 1)
                benchmark.print_memory("after that")
                tracemalloc.start()
                await benchmark.run_misdeeds(TRACED, OTHERS_TRACED)
                benchmark.print_memory("after that")
                tracemalloc.stop()
        await hass.config_entries.async_unload(entry.entry_id)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.s2", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=8)
    seconds: float = parser.parse_args().seconds
    with running_server(RESOLUTION) as server:
        asyncio.run(measure(server, seconds))


if __name__ == "__main__":
    main()
