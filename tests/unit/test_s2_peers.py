"""Home Assistant and the RMs of s2-python, over real connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
import logging
import re
from typing import Any, Protocol

from aiohttp.test_utils import TestClient
import pytest

from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY_POWER, GARAGE_POWER
from .home import HOUR, MINUTE, QUARTER, SLOT, Home, Json
from .s2_peers import (
    BOILER,
    CHARGE,
    DISCHARGE,
    ECO,
    HEAT_PUMP,
    LIMITS,
    OFF,
    ON,
    WASH,
    WASHING,
    DemandDriven,
    FillRate,
    NotControllable,
    OperationMode,
    Peer,
    PowerEnvelope,
    PowerProfile,
    actuator_status,
    demand_description,
    measurement,
    storage_description,
    storage_status,
    until,
)
from .s2_rm import DDBC, FRBC, NOT_CONTROLABLE, OMBC, PEBC, PPBC, paired

TRIGGER = "/api/v3_0/assets/*/schedules/trigger"

CLASSES: dict[str, type[Any]] = {
    FRBC: FillRate,
    PEBC: PowerEnvelope,
    OMBC: OperationMode,
    DDBC: DemandDriven,
    PPBC: PowerProfile,
    NOT_CONTROLABLE: NotControllable,
}


class MakePeer(Protocol):
    """Makes RMs of one Home Assistant."""

    async def __call__(
        self,
        *control_types: Any,
        power_sensor: int = BATTERY_POWER,
        delay: timedelta = timedelta(0),
    ) -> Peer:
        """Make one that is not connected."""


@pytest.fixture
async def make_peer(
    home: Home,
    hass_client_no_auth: Callable[[], Awaitable[TestClient[Any, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[MakePeer]:
    """How to make RMs, once the account is set up; they are gone after the test."""
    monkeypatch.setenv("no_proxy", "*")
    clients: list[TestClient[Any, Any]] = []
    peers: list[Peer] = []

    async def make(*control_types: Any, **settings: Any) -> Peer:
        if not clients:
            clients.append(await hass_client_no_auth())
        peers.append(Peer(home, clients[0], *control_types, **settings))
        return peers[-1]

    yield make
    for peer in peers:
        await peer.disconnect()
    await home.settle()


async def _reload(home: Home, *peers: Peer) -> None:
    """Load the account again, which ends the connections."""
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await until(lambda: all(peer.is_stopped for peer in peers))


async def pass_until(peer: Peer, condition: Callable[[], object]) -> None:
    """Let a few seconds pass, again and again, until something is so."""
    for _ in range(40):
        # What a thread computes ends when it ends, however much time has passed here.
        for _ in range(2_000):
            if condition():
                return
            await asyncio.sleep(0)
        await peer.pass_time(timedelta(seconds=3))
    raise AssertionError("it never came to be")


def _time(instruction: Json) -> datetime:
    """When an instruction is to be executed."""
    return datetime.fromisoformat(instruction["execution_time"])


# --- each control type


@pytest.mark.s2_rule("message.schema", "select.give_back", "select.all")
@pytest.mark.parametrize("control_type", CLASSES)
async def test_each_control_type_is_selected_and_all_that_is_told_is_accepted(
    home: Home, make_peer: MakePeer, control_type: str
) -> None:
    await home.set_up(paired())
    chosen = CLASSES[control_type]()
    peer = await (await make_peer(chosen)).start()

    await peer.select(control_type)

    assert peer.resource.control_type == control_type
    assert set(chosen.answers) <= {"OK"}
    assert len(chosen.answers) == len(chosen.usual)
    assert peer.refusals == []
    assert not peer.is_stopped

    await peer.select_nothing()

    assert peer.resource.control_type == ControlType.NO_SELECTION
    assert not chosen.is_active


@pytest.mark.s2_rule("select.several")
async def test_a_control_type_gives_way_to_another_one(
    home: Home, make_peer: MakePeer
) -> None:
    await home.set_up(paired())
    fill_rate, envelope = FillRate(), PowerEnvelope()
    peer = await (await make_peer(fill_rate, envelope)).start()

    await peer.select(FRBC)
    await peer.select(PEBC)

    assert (fill_rate.is_active, envelope.is_active) == (False, True)
    assert peer.refusals == []


@pytest.mark.s2_rule("select.measure")
async def test_an_rm_is_only_measured_until_the_user_chooses(
    home: Home, make_peer: MakePeer
) -> None:
    await home.set_up(paired())
    measured, fill_rate = NotControllable(), FillRate()
    peer = await (await make_peer(fill_rate, measured)).start()
    await until(lambda: measured.is_active)

    assert await peer.send(measurement(1200)) == "OK"
    await peer.pass_time()

    assert not fill_rate.is_active
    assert peer.heard_of("FRBC.Instruction") == []


async def test_a_demand_as_s2_python_writes_it(home: Home, make_peer: MakePeer) -> None:
    await home.set_up(paired())
    demand = DemandDriven(demand_description)
    peer = await (await make_peer(demand)).start()

    await peer.select(DDBC)

    assert demand.answers == ["OK"]


# --- the plan becomes instructions


async def test_a_battery_follows_the_plan(home: Home, make_peer: MakePeer) -> None:
    home.has_planned(2.5, -1.0, 0.0)
    await home.set_up(paired())
    battery = FillRate()
    peer = await (await make_peer(battery)).start()
    await peer.select(FRBC)
    await until(lambda: battery.instructions)

    (charge,) = battery.instructions
    assert (charge["operation_mode"], charge["operation_mode_factor"]) == (CHARGE, 0.5)
    assert _time(charge) <= dt_util.utcnow()

    await peer.pass_to(SLOT + QUARTER)
    await until(lambda: len(battery.instructions) == 2)

    discharge = battery.instructions[1]
    # The range is from -5 kW to 0.
    assert discharge["operation_mode"] == DISCHARGE
    assert discharge["operation_mode_factor"] == pytest.approx(0.8)
    assert _time(discharge) == SLOT + QUARTER

    await peer.pass_to(SLOT + 2 * QUARTER)
    await until(lambda: len(battery.instructions) == 3)

    rest = battery.instructions[2]
    assert (rest["operation_mode"], rest["operation_mode_factor"]) in (
        (CHARGE, 0.0),
        (DISCHARGE, 1.0),
    )
    assert peer.refusals == []


@pytest.mark.s2_rule("select.delay")
async def test_an_rm_gets_its_instructions_as_early_as_it_needs_them(
    home: Home, make_peer: MakePeer
) -> None:
    home.has_planned(2.5, -1.0)
    await home.set_up(paired())
    battery = FillRate()
    peer = await (await make_peer(battery, delay=MINUTE)).start()
    await peer.select(FRBC)
    await until(lambda: battery.instructions)

    await peer.pass_to(SLOT + QUARTER - 2 * MINUTE)
    assert len(battery.instructions) == 1
    await peer.pass_to(SLOT + QUARTER - MINUTE)
    await until(lambda: len(battery.instructions) == 2)

    assert _time(battery.instructions[1]) == SLOT + QUARTER


@pytest.mark.s2_rule("pebc.constraints")
async def test_a_device_keeps_to_the_limits_of_the_plan(
    home: Home, make_peer: MakePeer
) -> None:
    home.has_planned(2.5, -1.0, 0.0)
    await home.set_up(paired())
    envelope = PowerEnvelope()
    peer = await (await make_peer(envelope)).start()
    await peer.select(PEBC)
    await until(lambda: envelope.instructions)

    instruction = envelope.instructions[0]
    assert instruction["power_constraints_id"] == LIMITS
    (told,) = instruction["power_envelopes"]
    limits = [
        (element["lower_limit"], element["upper_limit"])
        for element in told["power_envelope_elements"]
    ]
    assert limits[0] == (0, 2500)
    assert limits[1] == (-1000, 0)
    assert all(-5000 <= lower <= upper <= 5000 for lower, upper in limits)
    assert peer.refusals == []


@pytest.mark.s2_rule("ombc.power")
async def test_a_device_is_switched_as_planned(home: Home, make_peer: MakePeer) -> None:
    home.has_planned(2.0, 0.0, 0.0)
    await home.set_up(paired())
    switched = OperationMode()
    peer = await (await make_peer(switched)).start()
    await peer.select(OMBC)
    await until(lambda: switched.instructions)

    assert switched.instructions[0]["operation_mode_id"] == ON

    await peer.pass_to(SLOT + QUARTER)
    await until(lambda: len(switched.instructions) == 2)

    assert switched.instructions[1]["operation_mode_id"] == OFF
    assert peer.refusals == []


@pytest.mark.s2_rule("ddbc.supply")
async def test_a_demand_is_met_as_planned(home: Home, make_peer: MakePeer) -> None:
    home.has_planned(0.5, 1.0, 0.0)
    await home.set_up(paired())
    demand = DemandDriven()
    peer = await (await make_peer(demand)).start()
    await peer.select(DDBC)
    await until(lambda: len(demand.instructions) == 2)

    factors = {
        each["actuator_id"]: each["operation_mode_factor"]
        for each in demand.instructions
    }
    # 0.5 of 2 kW give 2 of the 4 kW of heat, the gas the rest of them: 2 of 16.
    assert factors == {
        HEAT_PUMP: pytest.approx(0.25, abs=0.002),
        BOILER: pytest.approx(0.125, abs=0.002),
    }
    assert peer.refusals == []


@pytest.mark.s2_rule("ppbc.ids")
async def test_a_wash_is_started(home: Home, make_peer: MakePeer) -> None:
    await home.set_up(paired())
    wash = PowerProfile()
    peer = await (await make_peer(wash)).start()
    await peer.select(PPBC)
    # It starts by itself then, also without Home Assistant.
    await until(lambda: wash.instructions)

    (instruction,) = wash.instructions
    # No prices are known, so it waits as long as it can.
    assert _time(instruction) == SLOT + 2 * HOUR + 5 * MINUTE
    assert instruction["power_profile_id"] == WASH
    assert instruction["sequence_container_id"] == WASHING
    assert instruction["power_sequence_id"] == ECO
    assert peer.refusals == []


async def test_what_an_rm_tells_is_scheduled_and_followed(
    home: Home, make_peer: MakePeer
) -> None:
    home.server.planned_values = [5.0]
    await home.set_up(paired(automatic_scheduling=True, capacity=10.0))
    battery = FillRate()
    peer = await (await make_peer(battery)).start()
    # What was scheduled before it came is no matter.
    home.server.requests.clear()
    await peer.select(FRBC)

    await pass_until(peer, lambda: home.server.requests_to("POST", TRIGGER))
    await pass_until(peer, lambda: battery.instructions)

    request = home.server.requests_to("POST", TRIGGER)[-1].json
    (model,) = request["flex-model"]
    assert model["sensor"] == BATTERY_POWER
    assert model["soc-at-start"] == "5.0 kWh"
    assert model["soc-max"] == "10.0 kWh"
    assert battery.instructions[-1]["operation_mode"] == CHARGE
    assert battery.instructions[-1]["operation_mode_factor"] == 1.0


# --- the order of what is said


ORDERS = [
    (storage_description, actuator_status, storage_status),
    (storage_status, storage_description, actuator_status),
]


@pytest.mark.parametrize("order", ORDERS, ids=["description first", "status first"])
async def test_a_battery_is_scheduled_in_whatever_order_it_tells(
    home: Home, make_peer: MakePeer, order: tuple[Callable[[], Any], ...]
) -> None:
    home.has_planned(5.0)
    await home.set_up(paired(automatic_scheduling=True, capacity=10.0))
    battery = FillRate(*order)
    peer = await (await make_peer(battery)).start()
    home.server.requests.clear()
    await peer.select(FRBC)
    await until(lambda: battery.instructions)

    assert battery.answers == ["OK", "OK", "OK"]
    assert peer.resource.device_status.fill_level == 50.0
    await pass_until(peer, lambda: home.server.requests_to("POST", TRIGGER))
    assert peer.resource.problem is None


@pytest.mark.s2_rule("connection.server", "handshake.cem")
async def test_home_assistant_speaks_first(home: Home, make_peer: MakePeer) -> None:
    await home.set_up(paired())
    peer = await (await make_peer(NotControllable())).start()

    first, *rest = peer.heard
    assert first["message_type"] == "Handshake"
    assert first["role"] == "CEM"
    # Its answer to the other's, then the version, then its answer to the details.
    assert [each["message_type"] for each in rest[:2]] == [
        "ReceptionStatus",
        "HandshakeResponse",
    ]
    assert rest[1]["selected_protocol_version"] == "0.0.2-beta"


# --- reconnects in the middle of everything


async def _until_connected(peer: Peer) -> None:
    """Nothing was said yet by it."""
    await peer.connect()


async def _until_handshake(peer: Peer) -> None:
    await peer.connect()
    await until(lambda: peer.heard_of("HandshakeResponse"))


async def _until_selected(peer: Peer) -> None:
    await peer.connect()
    await until(lambda: peer.heard_of("SelectControlType"))


async def _until_instructed(peer: Peer) -> None:
    battery = peer.control_type(FRBC)
    before = len(battery.instructions)
    battery.is_active = False
    await peer.connect()
    await until(lambda: battery.is_active)
    await peer.pass_time(timedelta(seconds=1))
    await until(lambda: len(battery.instructions) > before)


# aiohttp goes on with its heartbeat for a moment where a connection was lost.
@pytest.mark.s2_rule("connection.session")
@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("leaves_politely", [True, False])
@pytest.mark.parametrize(
    "stage", [_until_connected, _until_handshake, _until_selected, _until_instructed]
)
async def test_an_rm_that_comes_back_goes_on_as_before(
    home: Home,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
    stage: Callable[[Peer], Awaitable[None]],
    leaves_politely: bool,  # noqa: FBT001
) -> None:
    home.has_planned(2.5)
    await home.set_up(paired())
    battery = FillRate()
    peer = await (await make_peer(battery)).start()
    await peer.select(FRBC)
    await until(lambda: battery.instructions)
    await peer.vanish()

    await stage(peer)
    if leaves_politely:
        await peer.disconnect()
    else:
        await peer.vanish()
    battery.instructions.clear()
    battery.is_active = False
    await peer.start()

    await until(lambda: battery.is_active)
    await peer.pass_time(timedelta(seconds=1))
    await until(lambda: battery.instructions)
    assert peer.resource.control_type == FRBC
    assert battery.instructions[0]["operation_mode_factor"] == 0.5
    assert set(battery.answers) == {"OK"}
    assert not [
        each
        for each in caplog.records
        if each.levelno >= logging.ERROR and not each.name.startswith("s2python")
    ]


async def test_a_new_connection_takes_the_place_of_one_that_hangs(
    home: Home, make_peer: MakePeer
) -> None:
    home.has_planned(2.5)
    await home.set_up(paired())
    old = await (await make_peer(FillRate())).start()
    await old.select(FRBC)
    new = await (await make_peer(FillRate())).connect()

    await until(lambda: old.heard_of("SessionRequest"))
    assert old.heard_of("SessionRequest")[0]["request"] == "TERMINATE"
    battery = new.control_type(FRBC)
    await until(lambda: battery.is_active)
    await new.pass_time(timedelta(seconds=1))
    await until(lambda: battery.instructions)

    assert new.resource.control_type == FRBC
    # The old one does not close by itself.
    await new.pass_time(timedelta(seconds=2))
    await until(lambda: old.is_stopped)
    assert old.close_code == 1000
    assert not new.is_stopped


@pytest.mark.s2_rule("end.reconnect")
async def test_a_restart_ends_connections_and_control_is_taken_up_again(
    home: Home, make_peer: MakePeer
) -> None:
    home.has_planned(2.5)
    await home.set_up(paired())
    battery = FillRate()
    peer = await (await make_peer(battery)).start()
    await peer.select(FRBC)
    await until(lambda: battery.instructions)

    await _reload(home, peer)

    assert peer.heard_of("SessionRequest")[0]["request"] == "RECONNECT"
    assert peer.close_code == 1001
    battery.instructions.clear()
    battery.is_active = False
    await peer.start()
    await until(lambda: battery.is_active)
    await peer.pass_time(timedelta(seconds=1))
    await until(lambda: battery.instructions)
    assert peer.resource.control_type == FRBC


# --- two RMs


@pytest.mark.s2_rule("connection.many")
async def test_two_rms_do_not_mix(
    home: Home, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="custom_components.flexmeasures")
    home.has_planned(2.5, 0.0)
    home.has_planned(-1000.0, 0.0, power_sensor=GARAGE_POWER, unit="W")
    await home.set_up(paired(), paired(GARAGE_POWER))
    one, two = FillRate(), FillRate()
    first = await (await make_peer(one)).start()
    second = await (await make_peer(two, power_sensor=GARAGE_POWER)).start()
    await first.select(FRBC)
    assert second.resource.control_type != FRBC
    await second.select(FRBC)
    await until(lambda: one.instructions and two.instructions)

    # The garage's sensor counts production as positive.
    assert [each["operation_mode_factor"] for each in one.instructions] == [0.5]
    assert [each["operation_mode_factor"] for each in two.instructions] == [
        pytest.approx(0.2)
    ]
    await first.send(storage_status(10.0))
    await second.send(storage_status(90.0))
    await first.send(measurement(1000))
    await second.send(measurement(-300))
    assert first.resource.device_status.fill_level == 10.0
    assert second.resource.device_status.fill_level == 90.0
    assert first.resource.measurements.power == 1000
    assert second.resource.measurements.power == -300

    for moment in (SLOT + QUARTER, SLOT + QUARTER + MINUTE):
        await first.pass_to(moment)
        await second.pass_time(timedelta(0))
    await until(
        lambda: all(
            home.server.requests_to("POST", f"/api/v3_0/sensors/{sensor}/data")
            for sensor in (BATTERY_POWER, GARAGE_POWER)
        )
    )
    posted: dict[int, Json] = {
        sensor: home.server.requests_to("POST", f"/api/v3_0/sensors/{sensor}/data")[
            0
        ].json
        for sensor in (BATTERY_POWER, GARAGE_POWER)
    }
    for sensor, watts in ((BATTERY_POWER, 1000), (GARAGE_POWER, 300)):
        values = posted[sensor]["values"]
        assert values == [pytest.approx(_in(posted[sensor], watts))] * len(values)

    caplog.clear()
    await second.send_text('{"message_id":"odd-one","message_type":"Nonsense"}')
    await until(lambda: second.refusals)
    lines = [
        each.getMessage()
        for each in caplog.records
        if each.name.startswith("custom_components") and "odd-one" in each.getMessage()
    ]
    assert lines
    assert all("Garage battery" in line for line in lines)
    assert not any("Home battery" in line for line in lines)
    await second.disconnect()
    assert not first.is_stopped
    assert first.resource.control_type == FRBC


def _in(posted: Json, watts: float) -> float:
    """Convert to the unit that was posted."""
    return watts / {"W": 1, "kW": 1e3, "MW": 1e6}[posted["unit"]]


# --- a server that is slow or away


@pytest.fixture
def hanging() -> Iterator[asyncio.Event]:
    """What a server that is slow waits for; it is over after the test."""
    event = asyncio.Event()
    yield event
    event.set()


@pytest.mark.s2_rule("status.at_once")
@pytest.mark.parametrize("is_dead", [False, True], ids=["slow", "dead"])
async def test_all_is_answered_while_the_server_is_away(
    home: Home, make_peer: MakePeer, hanging: asyncio.Event, *, is_dead: bool
) -> None:
    home.has_planned(2.5, -1.0)
    await home.set_up(paired(automatic_scheduling=True, capacity=10.0))
    if is_dead:
        home.server.fail(TimeoutError())
    else:
        for method in ("GET", "POST"):
            home.server.answer(method, "/api/v3_0/*/*/data", wait_for=hanging)
            home.server.answer(method, "/api/v3_0/*/*", wait_for=hanging)
            home.server.answer(
                method, "/api/v3_0/*/*/schedules/trigger", wait_for=hanging
            )
    battery = FillRate()
    peer = await (await make_peer(battery)).start()
    await peer.select(FRBC)

    for number in range(20):
        assert await peer.send(storage_status(50 + number)) == "OK"
        assert await peer.send(measurement(100 * number)) == "OK"
        await peer.pass_time(MINUTE)

    assert not peer.is_stopped
    assert peer.refusals == []
    assert set(battery.answers) == {"OK"}
    # What was planned before is followed, as long as it lasts.
    assert [each["operation_mode"] for each in battery.instructions][:2] == [
        CHARGE,
        DISCHARGE,
    ]
    assert home.server.requests


async def test_the_logs_of_a_working_session_are_quiet(
    hass: HomeAssistant,
    home: Home,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    home.has_planned(2.5, -1.0)
    await home.set_up(paired())
    battery = FillRate()
    peer = await (await make_peer(battery)).start()
    await peer.select(FRBC)
    await until(lambda: battery.instructions)
    await peer.send(measurement(1))
    await peer.disconnect()
    await until(lambda: not peer.resource.is_connected)

    ours = re.compile(r"custom_components\.flexmeasures|homeassistant")
    assert not [
        each.getMessage()
        for each in caplog.records
        if each.levelno >= logging.WARNING
        and ours.match(each.name)
        # Home Assistant says so of every custom integration.
        and "not been tested by Home Assistant" not in each.getMessage()
    ]
