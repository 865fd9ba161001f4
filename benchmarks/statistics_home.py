"""A Home Assistant that imports the history of one meter, and what that took.

Not in the tests' harness: Home Assistant's own classes with the recorder on a SQLite
file, so that it runs in the environment of any version. What to do is read from
standard input as JSON, a `Task`; printed to standard output as JSON: `Figures`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
import gc
import json
import logging
from pathlib import Path
import sys
import tempfile
import time
from types import MappingProxyType
from typing import Any, Self
from unittest.mock import patch

from aiohttp import ThreadedResolver

from custom_components.flexmeasures.account import Account
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.transport import Transport
from custom_components.flexmeasures.meters.coordinator import MeterCoordinator
from custom_components.flexmeasures.meters.history.meter_statistics import (
    Kind,
    statistic_ids,
)
from custom_components.flexmeasures.plan.grid import local_midnight
from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntries,
    ConfigEntry,
    ConfigSubentry,
)
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.runner import create_event_loop
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from sandbox.processes import free_port

from .timing import Timing

OWN = "custom_components.flexmeasures."
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Task:
    """Which meter to import, and how often to refresh it afterwards."""

    url: str
    username: str
    password: str
    consumption: int
    price: int
    refreshes: int


@dataclass(frozen=True)
class Effort:
    """What something took; seconds, unless it says otherwise."""

    total: float
    server: float
    """While at least one request was under way."""
    requests: int
    processor: float
    """Processor time of all threads, while no request was under way."""
    loop: float
    """Processor time of the event loop's thread: our callbacks and all others."""
    executor: float
    """Processor time of our functions in Home Assistant's other threads."""
    longest_hold: float
    """Of the event loop by one callback, in processor time."""
    longest_hold_by_clock: float
    longest_collection: float
    """Of garbage, in the event loop's thread."""

    @property
    def in_home(self) -> float:
        """The part in Home Assistant, by the clock."""
        return self.total - self.server

    @property
    def computing(self) -> float:
        """At the most what our own code has computed."""
        return self.loop + self.executor


@dataclass(frozen=True)
class Figures:
    """What one meter took in one Home Assistant."""

    version: str
    hours: int
    """That are stored of its consumption."""
    first: Effort
    peak: int
    """The most resident memory during it, more than before; in bytes."""
    unchanged: list[Effort]
    corrected: list[Effort]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what was printed."""
        data = json.loads(text)
        return cls(
            **{
                **data,
                "first": Effort(**data["first"]),
                "unchanged": [Effort(**each) for each in data["unchanged"]],
                "corrected": [Effort(**each) for each in data["corrected"]],
            }
        )


class Watch:
    """Measures what is done between two moments."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Measure in this Home Assistant."""
        self._hass = hass
        self._requests = 0
        self._under_way = 0
        self._asked_at = 0.0, 0.0
        self._server = 0.0
        self._processor_meanwhile = 0.0
        self._executor = 0.0
        self.effort: Effort

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Measure; afterwards there is an `effort`."""
        self._requests = 0
        self._server = self._processor_meanwhile = self._executor = 0.0
        gc.collect()
        with (
            patch.object(Transport, "request_once", self._timed_request()),
            patch.object(self._hass.loop, "run_in_executor", self._timed_executor()),
            Timing() as timing,
        ):
            start, processor = time.perf_counter(), time.process_time()
            yield
            total = time.perf_counter() - start
            processor = time.process_time() - processor
        self.effort = Effort(
            total=total,
            server=self._server,
            requests=self._requests,
            processor=processor - self._processor_meanwhile,
            loop=(sum(timing.callbacks) + sum(timing.collections)) / 1000,
            executor=self._executor,
            longest_hold=max(timing.callbacks) / 1000,
            longest_hold_by_clock=max(timing.callbacks_by_clock) / 1000,
            longest_collection=max(timing.collections, default=0.0) / 1000,
        )

    def _timed_request(self) -> Any:
        send = Transport.request_once

        async def timed(transport: Transport, *args: Any, **options: Any) -> Any:
            if not self._under_way:
                self._asked_at = time.perf_counter(), time.process_time()
            self._under_way += 1
            self._requests += 1
            try:
                return await send(transport, *args, **options)
            finally:
                self._under_way -= 1
                if not self._under_way:
                    asked_at, processor = self._asked_at
                    self._server += time.perf_counter() - asked_at
                    self._processor_meanwhile += time.process_time() - processor

        return timed

    def _timed_executor(self) -> Any:
        run = self._hass.loop.run_in_executor

        def timed_run(executor: Any, target: Callable[..., Any], *args: Any) -> Any:
            if not target.__module__.startswith(OWN):
                return run(executor, target, *args)

            def timed() -> Any:
                start = time.thread_time()
                try:
                    return target(*args)
                finally:
                    self._executor += time.thread_time() - start

            return run(executor, timed)

        return timed_run


class Resolver(ThreadedResolver):
    """In place of the one that wants Home Assistant's network integration."""

    async def real_close(self) -> None:
        """End, as Home Assistant asks for."""
        await self.close()


@asynccontextmanager
async def home() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant with its recorder and this repository's integration."""
    with (
        patch(
            "homeassistant.helpers.aiohttp_client._async_make_resolver",
            lambda _: Resolver(),
        ),
        tempfile.TemporaryDirectory() as folder,
    ):
        hass = HomeAssistant(folder)
        hass.config.skip_pip = True
        loader.async_setup(hass)
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        assert await bootstrap.async_load_base_functionality(hass)
        await hass.config.async_set_time_zone("Europe/Amsterdam")
        hass.auth = await auth_manager_from_config(
            hass, [{"type": "homeassistant"}], []
        )
        async_initialize_recorder(hass)
        http = {"server_host": "127.0.0.1", "server_port": free_port()}
        for component, settings in (
            ("homeassistant", {}),
            ("http", http),
            ("recorder", {}),
            ("sensor", {}),
            ("flexmeasures", {}),
        ):
            assert await async_setup_component(
                hass, component, {component: settings} if settings else {}
            )
        await hass.async_start()
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


async def add_account(hass: HomeAssistant, task: Task) -> ConfigEntry:
    """Set up an account without a meter."""
    entry = ConfigEntry(
        data={"host": task.url, "username": task.username, "password": task.password},
        discovery_keys=MappingProxyType({}),
        domain="flexmeasures",
        minor_version=1,
        options={},
        source=SOURCE_USER,
        subentries_data=(),
        title="Account",
        unique_id="account",
        version=1,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    return entry


async def add_meter(
    hass: HomeAssistant, entry: ConfigEntry, task: Task
) -> MeterCoordinator:
    """Add a meter as its flow does, and wait until all is imported."""
    subentry = ConfigSubentry(
        data=MappingProxyType(
            {
                "commodity": "electricity",
                "consumption_sensor": task.consumption,
                "cost_sensor": task.price,
                "bill_start": "2026-01-01",
                "bill_months": 1,
            }
        ),
        subentry_type="meter",
        title="Home",
        unique_id="electricity",
    )
    done = asyncio.Event()

    def follow(meter: MeterCoordinator) -> None:
        def look() -> None:
            if meter.memory.refreshed_at or not meter.last_update_success:
                done.set()

        meter.async_add_listener(look)

    account: Account = entry.runtime_data
    account.meters.async_for_each(follow)
    hass.config_entries.async_add_subentry(entry, subentry)
    await done.wait()
    meter = account.meters[subentry.subentry_id]
    assert meter.last_update_success, meter.last_exception
    return meter


async def refresh(meter: MeterCoordinator) -> None:
    """Look for corrections, as twice a day."""
    meter.memory.refreshed_at = None
    await meter.async_refresh()
    assert meter.last_update_success, meter.last_exception


async def correct(hass: HomeAssistant, task: Task, value: float) -> None:
    """Correct the first hour that is looked at, so that all sums after it change."""
    api = FlexMeasuresApi.from_login(
        hass, {"host": task.url, "username": task.username, "password": task.password}
    )
    posted = await api.post_data(
        await api.get_sensor(task.consumption),
        start=local_midnight(dt_util.utcnow(), days_later=-30),
        duration=HOUR,
        values=[value],
        unit="kWh",
    )
    if posted.job:
        await api.wait_for_job(posted.job)


async def measure(task: Task) -> Figures:
    """Import a meter, and refresh it."""
    async with home() as hass:
        entry = await add_account(hass, task)
        watch = Watch(hass)
        before = forget_peak()
        with watch.measuring():
            meter = await add_meter(hass, entry, task)
        first, peak = watch.effort, resident("VmHWM") - before
        unchanged: list[Effort] = []
        corrected: list[Effort] = []
        for number in range(task.refreshes):
            with watch.measuring():
                await refresh(meter)
            unchanged.append(watch.effort)
            await correct(hass, task, 1 + number / 10)
            with watch.measuring():
                await refresh(meter)
            corrected.append(watch.effort)
        return Figures(
            version=__version__,
            hours=await get_instance(hass).async_add_executor_job(
                stored_hours,
                hass,
                statistic_ids(meter.settings, meter.subentry.subentry_id)[
                    Kind.CONSUMPTION
                ],
            ),
            first=first,
            peak=peak,
            unchanged=unchanged,
            corrected=corrected,
        )


def stored_hours(hass: HomeAssistant, statistic_id: str) -> int:
    """Count the hours that are stored of a statistic."""
    found = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {statistic_id},
        "hour",
        None,
        {"sum"},
    )
    return len(found[statistic_id])


def forget_peak() -> int:
    """Let the most memory that is known be that of now, and return it (Linux)."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")


def resident(what: str) -> int:
    """Return how much memory this process has, or has had, in bytes (Linux)."""
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(f"{what}:")
    )
    return int(line.split()[1]) * 1024


def main() -> None:
    """Do the task."""
    logging.basicConfig(level=logging.WARNING)
    loop = create_event_loop()
    figures = loop.run_until_complete(measure(Task(**json.load(sys.stdin))))
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
