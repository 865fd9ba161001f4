"""A Home Assistant with feeds, and what they took.

As `statistics_home`, it runs in the environment of any version. What to do is read from
standard input as JSON, a `Task`; printed to standard output as JSON: what came of it.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
import gc
import json
import logging
import random
import sys
import time
from types import MappingProxyType
from typing import Any, Self

from sqlalchemy import insert, update

from custom_components.flexmeasures.account import Account
from custom_components.flexmeasures.device.store import AccountStore
from custom_components.flexmeasures.feeds.memory import FeedMemory
from custom_components.flexmeasures.feeds.slots import SlotGrid, async_read_slots
from homeassistant.components.http.config import async_get_and_load_store
from homeassistant.components.recorder.db_schema import (
    RecorderRuns,
    StateAttributes,
    States,
    StatesMeta,
    StatisticsRuns,
)
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigSubentryDataWithId,
)
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNAVAILABLE,
    __version__,
)
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.runner import create_event_loop
from homeassistant.util import dt as dt_util

from .simulated_time import simulated_time
from .statistics_home import Effort, Watch, home, resident
from .timing import Timing

ENTRY = "account"
WARM_UP = 600.0
PATIENCE = 300
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Task:
    """Which feeds to have, for how long."""

    url: str
    username: str
    password: str
    sensors: list[int]
    """Each of which has a feed, if there are any."""
    is_fed: bool
    step: float
    """In how many seconds each entity changes."""
    length: float = 0
    """How many seconds are measured in one piece."""
    pieces: int = 0
    outage: float = 0
    """For how many seconds nothing was sent before, instead of that."""


@dataclass(frozen=True)
class Piece:
    """What a part of the simulated time took; seconds, unless it says otherwise."""

    processor: float
    """Of all threads."""
    loop: float
    """Of the event loop's thread."""
    blocks: int
    """That Python has allocated at its end, without garbage."""
    memory: int
    """That is resident then, in bytes."""
    longest_hold: float
    """Of the event loop by one callback, in processor time."""


@dataclass(frozen=True)
class Simulated:
    """What came of time that was let pass."""

    version: str
    pieces: list[Piece]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what was printed."""
        data = json.loads(text)
        pieces = [Piece(**each) for each in data["pieces"]]
        return cls(**{**data, "pieces": pieces})


@dataclass(frozen=True)
class CaughtUp:
    """What it took to make up for an outage of the server."""

    version: str
    effort: Effort
    stored: int
    """How many values the server then has of it."""
    stored_after: float
    """When it had them all, after it took the last one, in seconds."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what was printed."""
        data = json.loads(text)
        return cls(**{**data, "effort": Effort(**data["effort"])})


class Meters:
    """Entities that go on changing."""

    def __init__(self, hass: HomeAssistant, task: Task) -> None:
        """Have one for each feed, whether there are feeds or not."""
        self._hass = hass
        self._step = task.step
        self._random = random.Random(1)  # noqa: S311
        now = hass.loop.time()
        for sensor in task.sensors:
            self._change(sensor, now + self._random.random() * task.step)

    def _change(self, sensor: int, moment: float) -> None:
        # Now and then a slot has no value.
        is_gone = self._random.random() < 0.01
        value = f"{self._random.uniform(0, 3000):.1f}"
        self._hass.states.async_set(
            entity_of(sensor),
            STATE_UNAVAILABLE if is_gone else value,
            attributes_of(sensor),
        )
        later = moment + self._step
        self._hass.loop.call_at(later, self._change, sensor, later)


def entity_of(sensor: int) -> str:
    """Name the entity whose values a sensor gets."""
    return f"sensor.meter_{sensor}"


def attributes_of(sensor: int) -> dict[str, Any]:
    """Return what its states say beside the value."""
    return {
        "device_class": "power",
        "friendly_name": f"Meter {sensor}",
        "state_class": "measurement",
        "unit_of_measurement": "W",
    }


async def add_account(hass: HomeAssistant, task: Task) -> Account:
    """Set up an account with its feeds."""
    entry = ConfigEntry(
        data={"host": task.url, "username": task.username, "password": task.password},
        discovery_keys=MappingProxyType({}),
        domain="flexmeasures",
        entry_id=ENTRY,
        minor_version=1,
        options={},
        source=SOURCE_USER,
        subentries_data=[
            ConfigSubentryDataWithId(
                data={
                    "kind": "measured",
                    "sensor": sensor,
                    "entity": entity_of(sensor),
                    "method": "mean",
                    "unit": "W",
                },
                subentry_id=f"feed_{sensor}",
                subentry_type="feed",
                title=f"Meter {sensor}",
                unique_id=f"feed {sensor}",
            )
            for sensor in task.sensors
            if task.is_fed
        ],
        title="Account",
        unique_id="account",
        version=1,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    account: Account = entry.runtime_data
    return account


async def pass_time(hass: HomeAssistant, task: Task, seconds: float) -> None:
    """Wait, and let the recorder keep up."""
    until = hass.loop.time() + seconds
    while (rest := until - hass.loop.time()) > 0:
        await asyncio.sleep(min(rest, 5 * task.step))
        await get_instance(hass).async_block_till_done()


async def simulate(hass: HomeAssistant, task: Task) -> Simulated:
    """Let feeds send what is measured, while time passes as fast as it can."""
    Meters(hass, task)
    await add_account(hass, task)
    # All that the start brings with it.
    await pass_time(hass, task, WARM_UP)
    pieces: list[Piece] = []
    for _ in range(task.pieces):
        with Timing() as timing:
            processor, loop = time.process_time(), time.thread_time()
            await pass_time(hass, task, task.length)
            processor = time.process_time() - processor
            loop = time.thread_time() - loop
        longest_hold = max(timing.callbacks) / 1000
        del timing
        gc.collect()
        pieces.append(
            Piece(
                processor=processor,
                loop=loop,
                blocks=sys.getallocatedblocks(),
                memory=resident("VmRSS"),
                longest_hold=longest_hold,
            )
        )
    return Simulated(__version__, pieces)


async def record(hass: HomeAssistant, task: Task, start: datetime) -> None:
    """Let the recorder have run since a moment, with all that entities have shown."""
    rng = random.Random(1)  # noqa: S311
    count = int(task.outage / task.step)

    def write(sensor: int) -> None:
        with session_scope(hass=hass) as session:
            meta = StatesMeta(entity_id=entity_of(sensor))
            text = json.dumps(attributes_of(sensor))
            shared = StateAttributes(shared_attrs=text, hash=hash(text))
            session.add_all((meta, shared))
            session.flush()
            for first in range(0, count, ROWS_AT_ONCE):
                session.execute(
                    insert(States),
                    [
                        {
                            "state": f"{rng.uniform(0, 3000):.1f}",
                            "last_updated_ts": start.timestamp() + index * task.step,
                            "metadata_id": meta.metadata_id,
                            "attributes_id": shared.attributes_id,
                        }
                        for index in range(first, min(first + ROWS_AT_ONCE, count))
                    ],
                )

    def begin() -> None:
        with session_scope(hass=hass) as session:
            session.execute(
                update(RecorderRuns)
                .where(RecorderRuns.end.is_(None))
                .values(start=start)
            )
            # Else the recorder is busy with those of all that was not recorded by it.
            session.add(StatisticsRuns(start=dt_util.utcnow()))

    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    await recorder.async_add_executor_job(begin)
    for sensor in task.sensors:
        await recorder.async_add_executor_job(write, sensor)


async def remember(hass: HomeAssistant, task: Task, moment: datetime) -> None:
    """Let feeds have sent what was before a moment, and nothing since."""
    await AccountStore(hass, ENTRY).async_save(
        {
            f"feed_{sensor}": {
                "feed": FeedMemory(
                    sensor, since=moment, sent_until=moment, checked_until=moment
                ).as_json()
            }
            for sensor in task.sensors
        }
    )


async def catch_up(hass: HomeAssistant, task: Task) -> CaughtUp:
    """Let feeds make up for an outage of the server."""
    now = dt_util.utcnow()
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(
        seconds=task.outage
    )
    await record(hass, task, start)
    await remember(hass, task, start)
    # As at a restart: feeds begin when Home Assistant has added all entities.
    hass.set_state(CoreState.starting)
    account = await add_account(hass, task)
    feeds = account.feeds.values()
    watch = Watch(hass)
    with watch.measuring():
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        while any(
            not feed.memory.last_sent or feed.backlog(dt_util.utcnow())
            for feed in feeds
        ):
            assert not any(feed.trouble_message for feed in feeds)
            await asyncio.sleep(0.1)
    sent_at = time.perf_counter()
    async with asyncio.timeout(PATIENCE):
        # The server's worker tells nobody when it is done.
        while None in (values := await stored_values(account, start)):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    return CaughtUp(
        version=__version__,
        effort=watch.effort,
        stored=len(values),
        stored_after=time.perf_counter() - sent_at,
    )


async def stored_values(account: Account, start: datetime) -> list[float | None]:
    """Return what the server has of all slots since a moment."""
    source = await account.api.get_own_source()
    assert source is not None
    values: list[float | None] = []
    for feed in account.feeds.values():
        assert feed.memory.sent_until
        sensor = await account.catalogue.async_sensor(feed.settings.sensor)
        boundaries = SlotGrid.of(sensor).boundaries(start, feed.memory.sent_until)
        values += await async_read_slots(account.api, sensor, boundaries, source)
    return values


async def measure(task: Task) -> Simulated | CaughtUp:
    """Do what is asked for."""
    async with home() as hass:
        await get_instance(hass).async_block_till_done()
        # Else Home Assistant would begin anew without it after five minutes.
        await (await async_get_and_load_store(hass)).async_promote_pending()
        if task.outage:
            return await catch_up(hass, task)
        with simulated_time(hass.loop):
            return await simulate(hass, task)


def main() -> None:
    """Do the task."""
    logging.basicConfig(level=logging.WARNING)
    loop = create_event_loop()
    figures = loop.run_until_complete(measure(Task(**json.load(sys.stdin))))
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
