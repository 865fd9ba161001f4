"""Home Assistant is killed, or the power fails: nothing that the user set is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
import logging
from random import Random
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from aiohttp import ClientConnectionError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .disk import Disk
from .fake_server import (
    BATTERY_POWER,
    CABIN_POWER,
    GARAGE_POWER,
    INTERNAL_ERROR,
    RATE_LIMITED,
    failed_job,
    finished_job,
)
from .home import HOUR, MINUTE, NOW, Home, Json, automatic, device
from .s2_rm import FRBC, FakeRM, paired

CONFIG_ENTRIES = "core.config_entries"


@pytest.fixture
def disk(home: Home) -> Iterator[Disk]:
    """A disk that each write takes some time of."""
    disk = Disk(takes=lambda: 20)
    with disk.in_use():
        yield disk


async def kill(home: Home, disk: Disk) -> None:
    """Let nothing be written any more, and have Home Assistant start from what was."""
    disk.lose_power()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    disk.power_up()
    home.server.fail(ClientConnectionError("away since the power cut"))
    assert await home.start() is ConfigEntryState.LOADED


async def test_what_is_acknowledged_is_written(home: Home, disk: Disk) -> None:
    """When an action returns, no power cut undoes it."""
    home.has_planned(1.0, 2.0)
    await home.set_up()

    async def set_it(action: str, platform: str, key: str, **data: object) -> None:
        await home.hass.services.async_call(
            platform,
            action,
            {"entity_id": home.entity(platform, key), **data},
            blocking=True,
        )

    await set_it("select_option", "select", "mode", option="hold")
    assert home.stored[str(BATTERY_POWER)]["mode"] == "hold"
    await set_it("set_value", "number", "target_soc", value=8)
    assert home.stored[str(BATTERY_POWER)]["target_soc_kwh"] == 8
    await set_it("set_value", "datetime", "ready_by", datetime="2026-11-22 18:00:00")
    assert home.stored[str(BATTERY_POWER)]["ready_by"] == "2026-11-22T17:00:00+00:00"
    await home.override(power=2, duration={"hours": 1})
    assert home.stored[str(BATTERY_POWER)]["override"]["power"] == 2

    await kill(home, disk)
    assert home.value("select", "mode") == "hold"
    assert home.value("number", "target_soc") == "8.0"
    assert home.value("datetime", "ready_by") == "2026-11-22T17:00:00+00:00"
    assert home.value("sensor", "setpoint") == "2.0"

    await home.hass.services.async_call(
        DOMAIN, "clear_override", {"device_id": home.device_id()}, blocking=True
    )
    await kill(home, disk)
    assert home.value("sensor", "setpoint") == "0.0"


async def test_control_type_that_is_acknowledged_is_written(
    home: Home, disk: Disk, rm: FakeRM
) -> None:
    await home.set_up(paired())
    await rm.start(FRBC)

    await rm.select("fill_rate_based_control")

    assert home.stored[str(BATTERY_POWER)]["resource"]["control_type"] == FRBC


async def test_plan_that_was_just_made_is_followed(home: Home, disk: Disk) -> None:
    """After a power cut that the server does not survive, either."""
    await home.set_up()
    home.server.planned_values = [2.5]
    await home.compute()
    await home.until(
        lambda: home.is_stored and home.stored[str(BATTERY_POWER)]["last_schedule"]
    )

    await kill(home, disk)

    assert home.state().state == "2.5"
    assert home.value("sensor", "last_schedule") == NOW.isoformat()


# --- a whole day

BATTERY, CAR, HEATER = DEVICES = BATTERY_POWER, GARAGE_POWER, CABIN_POWER
"""The battery is scheduled by itself, the car has a target, the heater may speak S2."""
SOC_ENTITY = "sensor.battery_soc"
INTERVAL = HOUR
SECOND = timedelta(seconds=1)
TRIGGER = "/api/v3_0/assets/*/schedules/trigger"
JOB = "/api/v3_0/jobs/*"

type Plan = Callable[[datetime], str]
"""What the schedule sensor shows at a moment."""


def plan_of(slots: list[Json]) -> Plan:
    """Make a plan of what the schedule sensor shows besides."""

    def power_at(moment: datetime) -> str:
        for slot in slots:
            if _moment(slot["start"]) <= moment < _moment(slot["end"]):
                return str(slot["value"])
        return "unknown"

    return power_at


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


class Wishes:
    """What the user has set: what a power cut leaves of it may be one of these values.

    That is one, once it was acknowledged.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._values: dict[tuple[int, str], list[Any]] = {}

    def begin(self, device: int, kind: str, value: Any) -> None:
        """Take note of what is being set."""
        self._values[device, kind].append(value)

    def acknowledge(self, device: int, kind: str, value: Any) -> None:
        """Take note of what is set."""
        self._values[device, kind] = [value]

    def acknowledge_all(self, kinds: set[str], read: Callable[[int, str], Any]) -> None:
        """Take what is shown of some kinds for what is set."""
        for each, kind in self._values:
            if kind in kinds:
                self._values[each, kind] = [read(each, kind)]

    def check(self, now: datetime, read: Callable[[int, str], Any]) -> None:
        """Check that nothing is lost, and that nothing holds longer than was wished."""
        for (each, kind), values in self._values.items():
            wanted = [_still_holding(kind, value, now) for value in values]
            found = read(each, kind)
            assert found in wanted, (each, kind, found, wanted)
            self._values[each, kind] = [found]


def _still_holding(kind: str, value: Any, now: datetime) -> Any:
    """Give what is left of a wish at a later moment."""
    if kind == "override" and value and datetime.fromisoformat(value[1]) <= now:
        return None
    if kind == "ready_by" and value != "unknown":
        return value if datetime.fromisoformat(value) > now else "unknown"
    return value


# Home Assistant itself writes these a second later, whoever changes them.
OF_CONFIG_ENTRY = {"automatic", "duration", "name"}


class Day:
    """A home's day with power cuts, of which the dice know everything in advance."""

    def __init__(
        self,
        home: Home,
        disk: Disk,
        dice: Random,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Have nothing set yet; call `begin`."""
        self.home = home
        self.hass: HomeAssistant = home.hass
        self.disk = disk
        self.dice = dice
        self.wishes = Wishes()
        self.power_cuts = 0
        self._caplog = caplog
        self._storage: Json
        self._plans: dict[int, list[Plan]] = {}
        """By device: that which is followed now, or those which may be."""
        self._unanswered: list[asyncio.Event] = []
        self._is_server_there = True
        self._calls: list[asyncio.Task[Any]] = []

    # --- its course

    async def begin(self, storage: Json) -> None:
        """Set up three devices."""
        self._storage = storage
        self._measure()
        self.home.has_planned(2.0, -1.0, 0.0, 1.5, power_sensor=CAR)
        self.home.add_account(
            automatic(BATTERY, soc_entity=SOC_ENTITY), device(CAR), paired(HEATER)
        )
        await self.home.start()
        # Home Assistant writes an account that it made itself; this one is the test's.
        self.hass.config_entries.async_update_entry(self.home.entry, title="At home")
        await self.pass_time(5 * SECOND)
        await self._until_loaded()
        for each in DEVICES:
            for kind in ("mode", "override", "automatic", *OF_CONFIG_ENTRY):
                self.wishes.acknowledge(each, kind, self.read(each, kind))
        self.wishes.acknowledge(CAR, "target", "unknown")
        self.wishes.acknowledge(CAR, "ready_by", "unknown")

    async def live(self) -> None:
        """Let things happen, and the power fail in the midst of one of them."""
        for _ in range(self.dice.randint(2, 8)):
            await self._something()
            await self.pass_time(self.dice.choice([SECOND, 20 * SECOND, 7 * MINUTE]))
        self._calls.append(asyncio.create_task(self._something()))
        await self._let_turns_pass()
        await self.cut_power()

    async def _let_turns_pass(self) -> None:
        """Let things get somewhere."""
        for _ in range(self.dice.choice([1, 2, 3, 5, 10, 20, 40, 100, 400])):
            await asyncio.sleep(0)

    async def _something(self) -> None:
        """Let one of those things happen that happen in a home."""
        await self.dice.choice([self._user_acts, self._user_acts, self._others_act])()

    async def cut_power(self) -> None:
        """End it all, with nothing written any more but what was."""
        self._check_log()
        for each in DEVICES:
            # What came last may have been written or not, and shown or not.
            self._plans[each].append(self._plan_of_server(each))
            if self.home.entry.state is ConfigEntryState.LOADED:
                self._plans[each].append(self._shown(each))
        self.disk.lose_power()
        self.power_cuts += 1
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._calls.clear()
        self._leave_server()
        self.home.server.fail(ClientConnectionError("nobody asks"))
        busy = ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.UNLOAD_IN_PROGRESS
        await self.home.until(lambda: self.home.entry.state not in busy)
        await self.hass.config_entries.async_unload(self.home.entry.entry_id)
        await self.calm_down()
        self._caplog.clear()

    async def start_again(self) -> None:
        """Start from what is on the disk, perhaps much later; check that it is all there."""
        self.home.pass_time(self.dice.choice([SECOND, MINUTE, 10 * MINUTE, 2 * HOUR]))
        self.disk.power_up()
        self._take_entry_from_disk()
        self._choose_server_behaviour()
        now, plans = dt_util.utcnow(), {**self._plans}
        starting = asyncio.create_task(
            self.hass.config_entries.async_setup(self.home.entry.entry_id)
        )
        if self.dice.random() < 0.3:
            await self._let_turns_pass()
            await self.cut_power()
            await starting
            await self.start_again()
            return
        await self.calm_down()
        # A server that hangs is not waited for where there is a plan.
        for patience in (1, 10):
            if not starting.done():
                await self.pass_time(patience * SECOND)
        await starting
        if any(
            all(plan(now) != "unknown" for plan in possible)
            for possible in plans.values()
        ):
            assert self.home.entry.state is ConfigEntryState.LOADED
        if self.home.entry.state is ConfigEntryState.LOADED:
            self._check_plans(plans)
        await self.let_server_be_fine()
        while self.home.entry.state is ConfigEntryState.SETUP_RETRY:
            await self.pass_time(MINUTE)
        await self._until_loaded()
        await self.calm_down()
        self.wishes.check(dt_util.utcnow(), self.read)
        self._check_log()

    async def check_that_scheduling_goes_on(self) -> None:
        """Within an interval a schedule is asked for if the user wants that."""
        before = len(self.home.triggers)
        for _ in range(INTERVAL // (10 * MINUTE) + 1):
            await self.pass_time(10 * MINUTE)
        for each in DEVICES:
            is_asked_for = any(
                model["sensor"] == each
                for wish in self.home.wishes[before:]
                for model in wish["flex-model"]
            )
            if self.read(each, "automatic") == "on" and self._is_plannable(each):
                assert is_asked_for, each

    def _is_plannable(self, device: int) -> bool:
        """Whether it tells what a schedule can be made of; the RM tells nothing."""
        return device != HEATER

    def _check_plans(self, plans: dict[int, list[Plan]]) -> None:
        """Check that what was planned is followed, or what the server has since."""
        now = dt_util.utcnow()
        for each, possible in plans.items():
            wanted = {plan(now) for plan in possible}
            if self._is_server_there:
                wanted.add(self._plan_of_server(each)(now))
            assert self.home.state(each).state in wanted, (each, wanted)

    def _plan_of_server(self, device: int) -> Plan:
        stored = self.home.server.schedules.get(device)
        # Of the others, what they produce is positive.
        sign = 1 if device == BATTERY else -1

        def power_at(moment: datetime) -> str:
            power = stored.at(moment, "kW") if stored else None
            return "unknown" if power is None else str(round(sign * power, 9) + 0.0)

        return power_at

    def _check_log(self) -> None:
        """Check that nothing went wrong of which nobody knows why."""
        for record in self._caplog.records:
            if record.levelno < logging.ERROR or record.name == "aiohttp.access":
                continue
            # As Home Assistant says it of every server that is away.
            assert record.getMessage().startswith("Error fetching "), record

    def _take_entry_from_disk(self) -> None:
        (stored,) = self._storage[CONFIG_ENTRIES]["data"]["entries"]
        # Not removed, with which it would be forgotten.
        del self.hass.config_entries._entries[stored["entry_id"]]
        self.home.entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=stored["entry_id"],
            title=stored["title"],
            unique_id=stored["unique_id"],
            data=stored["data"],
            options=stored["options"],
            subentries_data=stored["subentries"],
        )
        self.home.entry.add_to_hass(self.hass)

    # --- what is seen of it

    def read(self, device: int, kind: str) -> Any:
        """Give what the user sees of a wish."""
        subentry = self.home.entry.subentries[str(device)]
        match kind:
            case "override":
                setpoint = self.home.state_of("sensor", "setpoint", device)
                until = setpoint.attributes.get("override_until")
                return until and (setpoint.state, _moment(until).isoformat())
            case "duration":
                return subentry.data["schedule_duration"]
            case "name":
                return subentry.title
        platform, key = {
            "mode": ("select", "mode"),
            "target": ("number", "target_soc"),
            "ready_by": ("datetime", "ready_by"),
            "automatic": ("switch", "automatic_scheduling"),
        }[kind]
        return self.home.value(platform, key, device)

    def _shown(self, device: int) -> Plan:
        return plan_of(self.home.state(device).attributes.get("schedule", []))

    # --- what happens

    async def pass_time(self, time: timedelta) -> None:
        """Let the time be later, and do what is due."""
        self.home.pass_time(time)
        async_fire_time_changed(self.hass)
        await self.calm_down()
        is_loaded = self.home.entry.state is ConfigEntryState.LOADED
        if time > SECOND and is_loaded:
            self.wishes.acknowledge_all(OF_CONFIG_ENTRY, self.read)

    async def calm_down(self) -> None:
        """Let everything go on as far as it can without time, and without the server."""
        for _ in range(300):
            await asyncio.sleep(0)
        await self.home.until(lambda: not self.disk.writing)
        if self.home.entry.state is ConfigEntryState.LOADED:
            self._plans = {each: [self._shown(each)] for each in DEVICES}

    async def _others_act(self) -> None:
        """Let the server behave in another way, or something be measured."""
        if self.dice.random() < 0.5:
            self._choose_server_behaviour()
        else:
            self._measure()

    async def _until_loaded(self) -> None:
        await self.home.until(lambda: self.home.entry.state is ConfigEntryState.LOADED)

    def _measure(self) -> None:
        self.hass.states.async_set(
            SOC_ENTITY, str(self.dice.randint(2, 9)), {"unit_of_measurement": "kWh"}
        )

    def _leave_server(self) -> None:
        """Let it behave in no way of its own."""
        self.home.server.recover()
        for event in self._unanswered:
            event.set()
        self._unanswered.clear()
        self._is_server_there = True

    def _choose_server_behaviour(self) -> None:
        self._leave_server()
        server = self.home.server
        server.planned_values = [self.dice.randint(-30, 30) / 10 for _ in range(7)]
        match self.dice.randrange(7):
            case 0:
                server.fail(ClientConnectionError("away"))
                self._is_server_there = False
            case 1:
                self._unanswered.append(server.hang())
                self._is_server_there = False
            case 2:
                server.answer("POST", TRIGGER, status=500, json=INTERNAL_ERROR)
            case 3:
                server.answer("POST", TRIGGER, status=429, json=RATE_LIMITED)
            case 4:
                server.answer("GET", JOB, json=failed_job("infeasible", "str"))
            case 5:
                ends = asyncio.Event()
                server.answer("GET", JOB, json=finished_job(), wait_for=ends)
                self._unanswered.append(ends)

    async def let_server_be_fine(self) -> None:
        """Let it answer everything."""
        self._leave_server()
        await self.calm_down()

    async def _user_acts(self) -> None:
        """Let the user set something, or ask for a schedule."""
        if self.home.entry.state is not ConfigEntryState.LOADED:
            return
        act = self.dice.choice(
            [
                self._set_mode,
                self._override,
                self._clear_override,
                self._set_target,
                self._set_ready_by,
                self._switch,
                self._change_settings,
                self._rename,
                self._ask_for_schedule,
            ]
        )
        await act(self.dice.choice(DEVICES))

    async def _set(
        self, device: int, kind: str, value: Any, call: Awaitable[Any]
    ) -> None:
        """Set something; it is acknowledged once the call has returned."""
        self.wishes.begin(device, kind, value)
        await call
        assert self.read(device, kind) == value
        if kind not in OF_CONFIG_ENTRY:
            self.wishes.acknowledge(device, kind, value)

    def _entity(
        self, device: int, action: str, platform: str, key: str, **data: Any
    ) -> Awaitable[Any]:
        entity_id = self.home.entity(platform, key, device)
        return self.hass.services.async_call(
            platform, action, {"entity_id": entity_id, **data}, blocking=True
        )

    def _action(self, device: int, action: str, **data: Any) -> Awaitable[Any]:
        return self.hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": self.home.device_id(device), **data},
            blocking=True,
        )

    async def _set_mode(self, device: int) -> None:
        mode = self.dice.choice(["automatic", "hold", "off"])
        call = self._entity(device, "select_option", "select", "mode", option=mode)
        await self._set(device, "mode", mode, call)

    async def _override(self, device: int) -> None:
        power = self.dice.randint(-2, 2)
        until = dt_util.utcnow() + self.dice.choice([MINUTE, HOUR, 5 * HOUR])
        wish = str(float(power)), dt_util.as_local(until).isoformat()
        call = self._action(device, "override", power=power, until=until)
        await self._set(device, "override", wish, call)

    async def _clear_override(self, device: int) -> None:
        await self._set(
            device, "override", None, self._action(device, "clear_override")
        )

    async def _set_target(self, _device: int) -> None:
        target = float(self.dice.randint(1, 4))
        call = self._entity(CAR, "set_value", "number", "target_soc", value=target)
        await self._set(CAR, "target", str(target), call)

    async def _set_ready_by(self, _device: int) -> None:
        ready_by = dt_util.utcnow().replace(microsecond=0) + self.dice.choice(
            [2 * MINUTE, HOUR, 9 * HOUR]
        )
        call = self._entity(
            CAR, "set_value", "datetime", "ready_by", datetime=ready_by.isoformat()
        )
        await self._set(CAR, "ready_by", ready_by.isoformat(), call)

    async def _switch(self, device: int) -> None:
        to = self.dice.choice(["on", "on", "off"])
        call = self._entity(device, f"turn_{to}", "switch", "automatic_scheduling")
        await self._set(device, "automatic", to, call)

    async def _change_settings(self, device: int) -> None:
        hours = self.dice.randint(2, 12)
        await self._update(device, "duration", hours * 3600)

    async def _rename(self, device: int) -> None:
        await self._update(device, "name", f"Name {self.dice.randrange(100)}")

    async def _update(self, device: int, kind: str, value: Any) -> None:
        """Change what the device's form does."""
        subentry = self.home.entry.subentries[str(device)]
        self.wishes.begin(device, kind, value)
        self.hass.config_entries.async_update_subentry(
            self.home.entry,
            subentry,
            **(
                {"title": value}
                if kind == "name"
                else {"data": {**subentry.data, "schedule_duration": value}}
            ),
        )
        # A reload, in which a server that hangs is given a second if there is a plan.
        await self.calm_down()

    async def _ask_for_schedule(self, device: int) -> None:
        """Press the button, or trigger without waiting; whatever comes of it."""
        is_button = self.dice.random() < 0.5

        async def ask() -> None:
            with suppress(HomeAssistantError):
                if is_button:
                    await self._entity(device, "press", "button", "compute_schedule")
                    return
                await self.home.call(
                    "trigger_schedule",
                    device_id=self.home.device_id(device),
                    soc_at_start=3,
                    wait=False,
                )

        self._calls.append(asyncio.create_task(ask()))
        await self.calm_down()


@pytest.fixture
def executor_at_once() -> Iterator[None]:
    """Let what is done in other threads take no time, and always come in one order."""

    def run(
        hass: HomeAssistant, target: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = hass.loop.create_future()
        future.set_result(target(*args))
        return future

    async def get_time_zone(name: str) -> tzinfo | None:
        return ZoneInfo(name)

    with (
        patch.object(HomeAssistant, "async_add_executor_job", run),
        patch.object(dt_util, "async_get_time_zone", get_time_zone),
    ):
        yield


@pytest.mark.parametrize("seed", range(4))
async def test_a_day_with_power_cuts(
    home: Home,
    hass_storage: Json,
    caplog: pytest.LogCaptureFixture,
    executor_at_once: None,
    seed: int,
) -> None:
    """Whatever happens, and whenever the power fails."""
    dice = Random(seed)  # noqa: S311
    turns = Random(seed)  # noqa: S311
    disk = Disk(takes=lambda: turns.randrange(40))
    # It would look at the stack at each of very many turns.
    home.hass.loop.set_debug(False)
    with disk.in_use():
        day = Day(home, disk, dice, caplog)
        await day.begin(hass_storage)
        while dt_util.utcnow() < NOW + 24 * HOUR:
            await day.live()
            await day.start_again()
            await day.check_that_scheduling_goes_on()
        assert day.power_cuts > 5
        await day.cut_power()
