"""A home that feeds the real server, can be stopped and killed, and what must come of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import subprocess
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiohttp import ClientConnectionError, ClientSession, ServerDisconnectedError, web
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_FEED
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from sandbox.environments import program
from sandbox.flexmeasures.server import FlexMeasuresServer

from ..meters.metered_home import Owner

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FIVE = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)

AFTER = timedelta(seconds=10)
"""How long after the end of a slot its value has to be there."""
PULSE = "sensor.pulse"
"""What changes all the time, as something does in every home."""

W = {"unit_of_measurement": "W", "device_class": "power", "state_class": "measurement"}
KWH = {
    "unit_of_measurement": "kWh",
    "device_class": "energy",
    "state_class": "total_increasing",
}

QUERY = """
import json, sys, psycopg2
with psycopg2.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute(
        "select extract(epoch from event_start)::float8, event_value,"
        " extract(epoch from belief_horizon)::float8, s.user_id from timed_belief b"
        " join data_source s on s.id = b.source_id where sensor_id = %s",
        (int(sys.argv[2]),),
    )
    print(json.dumps(cursor.fetchall()))
"""


class RecorderContext(Protocol):
    """What the plugin starts a recorder with."""

    def __call__(self, hass: HomeAssistant, config: dict[str, Any]) -> Any:
        """Start one."""


@dataclass(frozen=True)
class Belief:
    """One row of the server's database."""

    value: float
    horizon: timedelta
    """How long before the end of its interval it was known."""
    user: int


def beliefs(server: FlexMeasuresServer, sensor: int) -> dict[datetime, list[Belief]]:
    """Give all that the database has of a sensor, by when its intervals start."""
    server.finish_jobs()
    answer = subprocess.run(
        [program("flexmeasures"), "-c", QUERY, server.database_uri, str(sensor)],
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[datetime, list[Belief]] = {}
    for start, value, horizon, user in json.loads(answer.stdout):
        moment = datetime.fromtimestamp(start, UTC)
        found.setdefault(moment, []).append(
            Belief(value, timedelta(seconds=horizon), user)
        )
    return found


def check(
    server: FlexMeasuresServer,
    sensor: int,
    expected: Mapping[datetime, float],
    *,
    user: str = "demo",
) -> None:
    """Compare what the server has: none missing, none more, none twice, none wrong."""
    found = beliefs(server, sensor)
    missing = sorted(expected.keys() - found.keys())
    more = sorted(found.keys() - expected.keys())
    twice = {
        moment.isoformat(): [(each.value, str(each.horizon)) for each in rows]
        for moment, rows in sorted(found.items())
        if len(rows) > 1
    }
    wrong = {
        moment.isoformat(): (rows[-1].value, expected[moment])
        for moment, rows in sorted(found.items())
        if moment in expected
        and rows[-1].value != pytest.approx(expected[moment], abs=1e-6)
    }
    is_right = not (missing or more or twice or wrong)
    assert is_right, (
        f"{len(expected)} expected, {len(found)} found; "
        f"{len(missing)} missing: {[str(each) for each in missing[:5]]}; "
        f"{len(more)} more: {[str(each) for each in more[:5]]}; "
        f"{len(twice)} twice: {dict(list(twice.items())[:5])}; "
        f"{len(wrong)} wrong (got, expected): {dict(list(wrong.items())[:5])}"
    )
    assert {row.user for rows in found.values() for row in rows} <= {
        server.home.user(user).id
    }


def feed(sensor: int, entity: str, **settings: Any) -> ConfigSubentryDataWithId:
    """Give a feed of what an entity measures as its flow makes it."""
    return feed_of(
        sensor,
        {
            "kind": "measured",
            "entity": entity,
            "method": "mean",
            "unit": "W",
            "least_share": 80,
            **settings,
        },
    )


def feed_of(sensor: int, data: dict[str, Any]) -> ConfigSubentryDataWithId:
    """Give any feed."""
    return ConfigSubentryDataWithId(
        data={"sensor": sensor, **data},
        subentry_id=f"feed_{sensor}",
        subentry_type=SUBENTRY_FEED,
        title=f"Feed {sensor}",
        unique_id=f"feed {sensor}",
    )


class Network:
    """What is between Home Assistant and the server."""

    def __init__(self, server: FlexMeasuresServer) -> None:
        """Work."""
        self.trouble = ""
        """Nothing, ``refuse``, ``timeout``, ``lost`` (what was asked was done), or a status."""
        self.requests: list[tuple[str, str]] = []
        self._server = server
        self._grumpy = ""

    @property
    def posts(self) -> int:
        """How often values were posted."""
        return sum(
            method == "POST" and path.endswith("/data")
            for method, path in self.requests
        )

    @asynccontextmanager
    async def in_use(self, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        """Let all requests to the server's full address go through here."""
        request: Any = ClientSession._request

        async def through(
            session: ClientSession, method: str, url: Any, **options: Any
        ) -> Any:
            address = str(url)
            if not address.startswith(self._server.url):
                return await request(session, method, url, **options)
            path = address.removeprefix(self._server.url).split("?")[0]
            self.requests.append((method, path))
            match self.trouble:
                case "":
                    return await request(session, method, url, **options)
                case "refuse":
                    raise ClientConnectionError("refused")
                case "timeout":
                    raise TimeoutError
                case "lost":
                    answer = await request(session, method, url, **options)
                    await answer.read()
                    raise ServerDisconnectedError
                case status:
                    return await request(
                        session, method, f"{self._grumpy}/{status}", **options
                    )

        async def refuse(asked: web.Request) -> web.Response:
            status = int(asked.match_info["status"])
            if status == 502:
                return web.Response(
                    status=status, text="<html></html>", content_type="text/html"
                )
            words = {429: "TOO_MANY_REQUESTS"}.get(status, status)
            return web.json_response(
                {"message": "Not now.", "status": words},
                status=status,
                headers={"Retry-After": "7"},
            )

        app = web.Application()
        app.router.add_route("*", "/{status}", refuse)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert runner.addresses
        self._grumpy = f"http://127.0.0.1:{runner.addresses[0][1]}"
        patch.setattr(ClientSession, "_request", through)
        try:
            yield
        finally:
            patch.setattr(ClientSession, "_request", request)
            await runner.cleanup()


@dataclass
class SendingHome:
    """Home Assistant with its recorder and its files, which outlive it."""

    server: FlexMeasuresServer
    owner: Owner
    network: Network
    freezer: FrozenDateTimeFactory
    recorder: RecorderContext
    database: Path
    storage: dict[str, Any]
    feeds: list[ConfigSubentryDataWithId] = field(default_factory=list)
    shown: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    """What entities show when Home Assistant has started."""
    history: dict[str, list[tuple[datetime, Any]]] = field(default_factory=dict)
    """What each entity has shown from when on; None from when Home Assistant was off."""
    time_zone: str = AMSTERDAM.key
    commit_interval: int = 0
    server_works: bool = True
    """Whether its worker stores what is posted."""
    user: str = "demo"
    _posts: int = 0
    _stack: AsyncExitStack | None = None
    _hass: HomeAssistant | None = None

    @property
    def hass(self) -> HomeAssistant:
        """Home Assistant, which runs."""
        assert self._hass
        return self._hass

    @property
    def now(self) -> datetime:
        """The time."""
        return dt_util.utcnow()

    @property
    def is_on(self) -> bool:
        """Whether Home Assistant runs."""
        return self._hass is not None

    async def start(self, *, with_account: bool = True) -> None:
        """Start Home Assistant."""
        self._stack = AsyncExitStack()
        hass = await self._stack.enter_async_context(async_test_home_assistant())
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_set_time_zone(self.time_zone)
        hass.config.currency = "EUR"
        await self._stack.enter_async_context(
            self.recorder(
                hass,
                {
                    "db_url": f"sqlite:///{self.database}",
                    "commit_interval": self.commit_interval,
                },
            )
        )
        self._hass = hass
        self.freezer.tick(2)
        for entity, (value, attributes) in self.shown.items():
            self.say(entity, value, **attributes)
        if with_account:
            await self.add_account()

    async def add_account(self) -> None:
        """Set the account up, with its feeds."""
        user = self.server.home.user(self.user)
        entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id="the_account",
            title="Demo",
            unique_id=f"{self.server.url}#{user.id}",
            data={
                "host": self.server.url,
                "username": user.email,
                "password": user.password,
            },
            subentries_data=self.feeds,
        )
        entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(entry.entry_id)
        await self.settle()

    async def stop(self) -> None:
        """Shut Home Assistant down as its user does."""
        assert self._stack
        await self.settle()
        self._note_off()
        await self._end()

    async def _end(self) -> None:
        assert self._stack
        await self.hass.async_stop(force=True)
        await self._stack.aclose()
        self._stack = self._hass = None
        # What would have ended with the process.
        for timer in get_scheduled_timer_handles(asyncio.get_running_loop()):
            of = getattr(getattr(timer, "_callback", None), "__module__", "")
            if of.startswith(("homeassistant", "custom_components")):
                timer.cancel()

    async def kill(self, *, in_mid_request: bool = False) -> None:
        """Have all end at once: what its files are by then is what they stay."""
        assert self._stack
        if not in_mid_request:
            await self.settle()
        else:
            await async_wait_recording_done(self.hass)
        self._note_off()
        files = {
            file: file.read_bytes()
            for file in self.database.parent.glob(self.database.name + "*")
        }
        storage = json.loads(json.dumps(self.storage))
        trouble, self.network.trouble = self.network.trouble, "refuse"
        await self._end()
        self.network.trouble = trouble
        for file in self.database.parent.glob(self.database.name + "*"):
            file.unlink()
        for file, content in files.items():
            file.write_bytes(content)
        self.storage.clear()
        self.storage.update(storage)

    def _note_off(self) -> None:
        for said in self.history.values():
            said.append((self.now, None))

    async def settle(self) -> None:
        """Wait until all is done that is to be done now."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        await async_wait_recording_done(self.hass)
        if self.server_works and self.network.posts > self._posts:
            self._posts = self.network.posts
            # To the server, hours do not pass in seconds.
            await asyncio.to_thread(self.server.finish_jobs)

    def say(self, entity: str, value: Any, **attributes: Any) -> None:
        """Let an entity show a value now; only how it differs in attributes."""
        more = attributes or self.shown.get(entity, (None, {}))[1]
        self.shown[entity] = (value, more)
        self.history.setdefault(entity, []).append((self.now, value))
        if self._hass:
            self._hass.states.async_set(entity, str(value), more)

    def at(self, moment: datetime, entity: str, value: Any, **attributes: Any) -> None:
        """Let it show a value at a moment, before anything else happens."""
        assert moment >= self.now
        self.freezer.move_to(moment)
        self.say(entity, value, **attributes)

    def begin(self, moment: datetime) -> None:
        """Let time pass, and what is due then begin."""
        self.freezer.move_to(moment)
        self.say(PULSE, moment.timestamp())
        async_fire_time_changed(self.hass, moment)

    async def go_to(self, moment: datetime) -> None:
        """Let time pass, and what is due then be done."""
        self.begin(moment)
        await self.settle()

    async def pass_time(self, until: datetime, step: timedelta = FIVE) -> None:
        """Let time pass in steps, each of which ends a little after the time."""
        while self.now < until:
            origin = datetime(2026, 1, 1, tzinfo=UTC)
            next_one = origin + ((self.now - AFTER - origin) // step + 1) * step
            await self.go_to(min(next_one + AFTER, until))

    def entry(self) -> MockConfigEntry:
        """The account."""
        entry: MockConfigEntry | Any = self.hass.config_entries.async_get_entry(
            "the_account"
        )
        assert entry.state is ConfigEntryState.LOADED
        return entry

    def shows(self, sensor: int, key: str) -> State:
        """Give the state of one of a feed's sensors."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            "sensor", DOMAIN, f"feed_{sensor}_{key}"
        )
        assert entity_id, key
        state = self.hass.states.get(entity_id)
        assert state, key
        return state

    def device_id(self, sensor: int) -> str:
        """Give the id of a feed's device."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, f"feed_{sensor}"), "the_account"
        )
        assert device
        return device.id

    def issues(self) -> dict[str, ir.IssueEntry]:
        """Give what the owner is told to mend."""
        return {
            key: issue
            for (domain, key), issue in ir.async_get(self.hass).issues.items()
            if domain == DOMAIN
        }


# --- what is expected, in the most obvious way


def slots(start: datetime, end: datetime, length: timedelta) -> list[datetime]:
    """Give the starts of slots of absolute time."""
    return [start + index * length for index in range((end - start) // length)]


def numbers(said: Iterable[tuple[datetime, Any]]) -> list[tuple[datetime, Any]]:
    """Make numbers of what was said; None of what is none."""

    def number(value: Any) -> float | None:
        try:
            return float(value)
        except TypeError, ValueError:
            return {"on": 1.0, "off": 0.0}.get(value)

    return [(moment, number(value)) for moment, value in said]


def mean(
    said: list[tuple[datetime, Any]],
    start: datetime,
    end: datetime,
    least_share: float = 0.8,
) -> float | None:
    """Weigh values by the time that they held; None if that is too short."""
    total = seconds = 0.0
    for (moment, value), (until, _) in zip(
        said, [*said[1:], (datetime.max.replace(tzinfo=UTC), None)], strict=True
    ):
        held = (min(until, end) - max(moment, start)).total_seconds()
        if value is not None and held > 0:
            total += held * value
            seconds += held
    if seconds < least_share * (end - start).total_seconds() - 1e-3 or not seconds:
        return None
    return total / seconds


def value_at(said: list[tuple[datetime, Any]], moment: datetime) -> float | None:
    """Give what was said last by a moment."""
    last = None
    for when, value in said:
        if when <= moment:
            last = value
    return last


def means(
    said: list[tuple[datetime, Any]],
    starts: Iterable[datetime],
    length: timedelta,
    factor: float = 1.0,
) -> dict[datetime, float]:
    """Give the means of slots, where there are any."""
    values = numbers(said)
    found = {start: mean(values, start, start + length) for start in starts}
    return {key: factor * value for key, value in found.items() if value is not None}


def rises(
    said: list[tuple[datetime, Any]], starts: Iterable[datetime], length: timedelta
) -> dict[datetime, float]:
    """Give by how much a counter that only rises rose in slots."""
    values = numbers(said)
    found = {}
    for start in starts:
        first, last = value_at(values, start), value_at(values, start + length)
        if first is not None and last is not None:
            found[start] = last - first
    return found


def levels(
    said: list[tuple[datetime, Any]], moments: Iterable[datetime], factor: float = 1.0
) -> dict[datetime, float]:
    """Give the values at moments."""
    values = numbers(said)
    found = {moment: value_at(values, moment) for moment in moments}
    return {key: factor * value for key, value in found.items() if value is not None}
