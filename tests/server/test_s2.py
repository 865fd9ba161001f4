"""Simulated devices that speak S2 are scheduled by a real server, and follow their plans."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, override

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.core import HomeAssistant
from sandbox.flexmeasures.profiles import TIME_ZONE, price
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.s2.devices import FRBC, PowerRange, Storage, Target
from sandbox.s2.wire import Message

from .conftest import AddDevice, add_another, call, powers
from .s2_home import HOUR, SECOND, Clock, Connected, OtherDevice, S2Home

QUARTER = HOUR / 4
MINUTE = HOUR / 60
FIVE_MINUTES = HOUR / 12
# Instructions are rounded, and the first is late by a second or two, in W.
TOLERANCE = 15.0
# Nothing else is asked of the server meanwhile.
S2 = {"s2_enabled": True, "update_interval": "PT24H"}
PEBC = "POWER_ENVELOPE_BASED_CONTROL"
OMBC = "OPERATION_MODE_BASED_CONTROL"


@pytest.fixture
async def home(
    hass: HomeAssistant,
    add_device: AddDevice,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[S2Home]:
    """Where devices connect to; they are gone at the end."""
    home = S2Home(hass, Clock(hass, monkeypatch), hass_client_no_auth)
    yield home
    for connection in home.connections:
        connection.cancel()
    await asyncio.gather(*home.connections, return_exceptions=True)


def battery(**changes: Any) -> Storage:
    """A battery of 8 kWh that charges and discharges with 0.2 to 3.7 kW, or does nothing."""
    settings: dict[str, Any] = {
        "capacity": 8.0,
        "level": 50.0,
        "charging": PowerRange(200, 3700),
        "discharging": PowerRange(200, 3700),
    }
    return Storage("Battery", **settings | changes)


def car(**changes: Any) -> Storage:
    """A car of 60 kWh that charges with 1.4 to 11 kW, or not."""
    settings: dict[str, Any] = {
        "capacity": 60.0,
        "level": 40.0,
        "charging": PowerRange(1400, 11000),
        "efficiency": 0.9,
    }
    return Storage("Car", **settings | changes)


@dataclass(frozen=True)
class Slot:
    """What was planned and what was done, in W."""

    start: datetime
    planned: float
    done: float

    @property
    def price(self) -> float:
        """What energy costs then."""
        local = self.start.astimezone(TIME_ZONE)
        return price(local.hour + local.minute / 60)


def slots_of(storage: Storage, schedule: list[Mapping[str, Any]]) -> list[Slot]:
    """Lay what a storage did beside its plan."""
    changes = storage.history
    found = []
    for slot in schedule:
        start, end = (datetime.fromisoformat(slot[key]) for key in ("start", "end"))
        joules = 0.0
        ends = [change.moment for change in changes[1:]] + [end]
        for change, until in zip(changes, ends, strict=True):
            seconds = (min(until, end) - max(change.moment, start)).total_seconds()
            joules += change.power * max(seconds, 0.0)
        done = joules / (end - start).total_seconds()
        found.append(Slot(start, slot["value"] * 1000, done))
    return found


def assert_followed(
    connected: Connected, storage: Storage, schedule: list[Mapping[str, Any]]
) -> list[Slot]:
    """See that a storage did what was planned, within what it can and may."""
    slots = slots_of(storage, schedule)
    for slot in slots:
        assert slot.done == pytest.approx(slot.planned, abs=TOLERANCE), slot
    for sample in storage.history:
        can = storage.charging if sample.power > 0 else storage.discharging
        assert not sample.power or (
            can and can.least - 1 <= abs(sample.power) <= can.most
        )
    # What it was told to do beyond full and empty.
    assert storage.prevented < 0.05
    assert not connected.rm.refused
    return slots


def mean_price(slots: list[Slot], sign: int) -> float:
    """What the energy cost that was charged (1) or discharged (-1)."""
    energies = [(max(sign * slot.done, 0.0), slot.price) for slot in slots]
    return sum(kwh * cost for kwh, cost in energies) / sum(kwh for kwh, _ in energies)


def end_of(response: Mapping[str, Any]) -> datetime:
    """When a schedule ends."""
    return datetime.fromisoformat(response["end"])


async def test_battery(home: S2Home, add_device: AddDevice) -> None:
    """It charges while energy is cheap and discharges while it is dear; of its asset the server knows nothing."""
    device = await add_device("s2_battery_power", **S2)
    storage = battery()
    connected = await home.connect(device, storage, FRBC)
    response = await connected.schedule(duration="PT12H")

    await connected.follow(end_of(response) - SECOND)

    slots = assert_followed(connected, storage, response["schedule"])
    assert mean_price(slots, 1) < 0.7 * mean_price(slots, -1)


async def test_another_device_is_added(
    home: S2Home, add_device: AddDevice, server: FlexMeasuresServer
) -> None:
    """The session and the plan of the first go on, as if nothing had happened."""
    device = await add_device("s2_battery_power", **S2)
    storage = battery()
    connected = await home.connect(device, storage, FRBC)
    resource = connected.resource
    response = await connected.schedule(duration="PT6H")
    await connected.follow(home.clock.now() + HOUR)

    await add_another(
        home.hass,
        device.entry,
        server.home.sensor("ev_power"),
        schedule_duration="PT3H",
        automatic_scheduling=False,
    )
    await connected.follow(end_of(response) - SECOND)

    assert len(device.entry.runtime_data.coordinators) == 2
    assert connected.resource is resource
    assert resource.traffic.connections == 1
    assert_followed(connected, storage, response["schedule"])


async def test_car(home: S2Home, add_device: AddDevice) -> None:
    """It has in time what it says that it needs, and no more."""
    device = await add_device("ev_power", **S2)
    storage = car(target=Target(80, home.clock.now() + 6 * HOUR))
    connected = await home.connect(device, storage, FRBC)
    response = await connected.schedule(duration="PT8H")

    await connected.follow(home.clock.now() + 6 * HOUR)

    assert storage.level == pytest.approx(80, abs=1)
    slots = assert_followed(connected, storage, response["schedule"][:23])
    unused = [slot.price for slot in slots if not slot.done]
    assert not unused or mean_price(slots, 1) < max(unused)


@pytest.mark.s2_rule("frbc.target")
@pytest.mark.parametrize(
    ("kwh", "expected"), [(54.0, 90), (30.0, 80)], ids=["more", "less"]
)
async def test_target_of_the_user_and_of_the_car(
    home: S2Home, add_device: AddDevice, kwh: float, expected: float
) -> None:
    """Both hold, at the same time too."""
    device = await add_device("ev_power", **S2, soc_unit="kWh", capacity=60)
    start = home.clock.now()
    storage = car(target=Target(80, start + 5 * HOUR))
    connected = await home.connect(device, storage, FRBC)
    await connected.set_target(kwh, start + 6 * HOUR)
    response = await connected.schedule(duration="PT8H")

    await connected.follow(start + 5 * HOUR)
    assert storage.level >= 79
    await connected.follow(start + 6 * HOUR)

    assert storage.level == pytest.approx(expected, abs=1)
    assert_followed(connected, storage, response["schedule"][:23])


async def test_targets_set_within_a_slot(home: S2Home, add_device: AddDevice) -> None:
    """The car gets what it needs, though the server plans the running slot as a whole.

    The first one is set while the car does nothing, the others while it charges.
    """
    device = await add_device(
        "ev_power",
        **S2,
        update_interval_charging="PT24H",
        automatic_scheduling=True,
        soc_unit="kWh",
        capacity=20,
    )
    start = home.clock.now()
    storage = car(capacity=20.0, level=20.0, charging=PowerRange(100, 11000))
    connected = await home.connect(device, storage, FRBC)

    async def follow(minutes: int) -> None:
        while home.clock.now() < start + minutes * MINUTE:
            # Between two instructions the device has 5 seconds to settle: what it does
            # in them is what may be missing in the end.
            await connected.follow(home.clock.now() + 6 * SECOND)
            await connected.follow(home.clock.now() + 54 * SECOND)

    for minutes, kwh in ((5, 8.0), (65, 12.0), (80, 14.0)):
        await follow(minutes)
        await connected.set_target(kwh, start + 3 * HOUR)
        await follow(minutes + 10)
        if kwh == 8:
            await follow(50)
            assert storage.history[-1].power == 0
            assert storage.level == pytest.approx(40, abs=0.4)
    await follow(150)

    assert storage.history[-1].power == 0
    assert storage.level == pytest.approx(70, abs=0.4)


async def test_limits_of_the_user(home: S2Home, add_device: AddDevice) -> None:
    """They hold, and where they do not hold at first they soon do."""
    device = await add_device(
        "s2_battery_power",
        **S2,
        soc_unit="kWh",
        capacity=8,
        soc_min=2,
        soc_max=6,
    )
    storage = battery(level=90.0)
    connected = await home.connect(device, storage, FRBC)
    response = await connected.schedule(duration="PT6H")

    await connected.follow(end_of(response) - SECOND)

    assert_followed(connected, storage, response["schedule"])
    levels = [*(sample.level for sample in storage.history), storage.level]
    back = next(index for index, level in enumerate(levels) if level < 75.5)
    assert (
        storage.history[back].moment <= datetime.fromisoformat(response["start"]) + HOUR
    )
    assert min(levels) == pytest.approx(25, abs=0.5)
    assert max(levels[back:]) < 75.5


async def test_stored_roundtrip_efficiency(home: S2Home, add_device: AddDevice) -> None:
    """What the device loses counts, not what the server holds; watts at five minutes with production positive."""
    device = await add_device("garage_battery_power", **S2, soc_unit="kWh", capacity=5)
    storage = battery(capacity=5.0, level=50.0, efficiency=0.8)
    connected = await home.connect(device, storage, FRBC)
    response = await connected.schedule(
        duration="PT3H",
        soc_targets=[
            {"value": 4, "datetime": (home.clock.now() + 2 * HOUR).isoformat()},
            {"value": 3, "datetime": (home.clock.now() + 3 * HOUR).isoformat()},
        ],
    )

    await connected.follow(home.clock.now().replace(second=0) + 2 * HOUR)
    assert storage.level == pytest.approx(80, abs=1)
    await connected.follow(end_of(response))

    assert storage.level == pytest.approx(60, abs=1)
    assert_followed(connected, storage, response["schedule"])


async def test_nothing_known_of_the_asset(
    home: S2Home, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """Megawatts at hours, without a flex-model and a flex-context on the server."""
    device = await add_device(
        "cabin_battery_power",
        **S2,
        consumption_price_sensor=server.home.sensor("price"),
    )
    storage = battery()
    connected = await home.connect(device, storage, FRBC)
    response = await connected.schedule(duration="PT4H")

    await connected.follow(end_of(response) - SECOND)

    assert_followed(connected, storage, response["schedule"])


async def stored(home: S2Home, count: float, **request: Any) -> dict[str, Any]:
    """Give what is in a sensor once it is all there: the server stores it a bit later."""
    async with asyncio.timeout(20):
        while True:
            response: dict[str, Any] = await call(
                home.hass, "get_measurements", source_type="user", **request
            )
            if len(response["measurements"]) == count:
                return response
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("name", "unit", "sign"),
    [("s2_battery", "kW", 1e-3), ("garage_battery", "W", -1.0)],
)
async def test_what_is_measured_arrives(
    home: S2Home,
    server: FlexMeasuresServer,
    add_device: AddDevice,
    name: str,
    unit: str,
    sign: float,
) -> None:
    """In the unit, the sign and the resolution of each sensor."""
    device = await add_device(f"{name}_power", **S2, capacity=8)
    start = home.clock.now()
    storage = battery()
    connected = await home.connect(device, storage, FRBC)
    await home.hass.services.async_call(
        "flexmeasures",
        "override",
        {"device_id": device.device_id, "power": -1.2, "duration": "01:00:00"},
        blocking=True,
    )
    await home.clock.go_to(start + 2 * SECOND)
    for minutes in range(5, 50, 5):
        await home.clock.go_to(start + timedelta(minutes=minutes) - SECOND)
        await connected.rm.report()
    await home.clock.go_to(start + timedelta(minutes=50))

    power = await stored(
        home,
        2 * QUARTER / (QUARTER if name == "s2_battery" else FIVE_MINUTES),
        sensor=server.home.sensor(f"{name}_power"),
        start=start + QUARTER,
        duration="PT30M",
    )
    soc = await stored(
        home,
        QUARTER / FIVE_MINUTES,
        sensor=server.home.sensor(f"{name}_soc"),
        start=start + QUARTER,
        duration="PT15M",
    )

    assert power["unit"] == unit
    for slot in power["measurements"]:
        assert slot["value"] == pytest.approx(-1200 * sign)
    assert soc["unit"] == "kWh"
    first = soc["measurements"][0]["value"]
    # A quarter of an hour at 1.2 kW, and the losses.
    assert first == pytest.approx(4.0 - 0.3 / 0.95, abs=0.01)


async def test_server_goes_away(
    home: S2Home, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """All is answered, the plan is followed to its end, and then nothing is done."""
    device = await add_device("s2_battery_power", **S2)
    storage = battery(level=90.0)
    connected = await home.connect(device, storage, FRBC)
    end = home.clock.now() + 2 * HOUR
    response = await connected.schedule(
        duration="PT2H",
        # Whatever the prices are, it discharges in the end.
        soc_targets=[
            {"value": 4.8, "datetime": (end - QUARTER).isoformat()},
            {"value": 4.2, "datetime": end.isoformat()},
        ],
    )
    assert end_of(response) == end
    server.stop_web()
    try:
        await connected.follow(end - SECOND)
        assert_followed(connected, storage, response["schedule"])
        power = storage.power
        assert power < 0
        await connected.follow(end)
        await connected.follow(end + QUARTER - SECOND)
        assert storage.power == power
        await connected.follow(end + QUARTER + SECOND)
        assert storage.power == 0
        assert not connected.rm.refused
        assert connected.resource.is_connected
    finally:
        server.start_web()


class EnvelopeCar(OtherDevice):
    """A car that charges as fast as it may until it has what it needs."""

    control_type = PEBC
    needs = 12.0
    """In kWh, within six hours."""

    @override
    def _descriptions(self, now: datetime) -> list[Message]:
        quantity = {"commodity_quantity": "ELECTRIC.POWER.L1"}
        ranges = [
            {
                **quantity,
                "limit_type": limit,
                "range_boundary": {"start_of_range": 0, "end_of_range": highest},
                "abnormal_condition_only": False,
            }
            for limit, highest in (("UPPER_LIMIT", 7000), ("LOWER_LIMIT", 0))
        ]
        mean = self.needs / 6 * 1000
        return [
            (
                "PEBC.PowerConstraints",
                {
                    "id": "limits",
                    "valid_from": now.isoformat(),
                    "consequence_type": "DEFER",
                    "allowed_limit_ranges": ranges,
                },
            ),
            (
                "PEBC.EnergyConstraint",
                {
                    **quantity,
                    "id": "need",
                    "valid_from": now.isoformat(),
                    "valid_until": (now + 6 * HOUR).isoformat(),
                    "upper_average_power": mean,
                    "lower_average_power": mean,
                },
            ),
        ]

    @override
    def _power(self, moment: datetime) -> float:
        if (order := self._order(moment)) is None or self.consumed >= self.needs:
            return 0.0
        end, body = order
        for element in body["power_envelopes"][0]["power_envelope_elements"]:
            end += timedelta(milliseconds=element["duration"])
            if moment < end:
                limit: float = element["upper_limit"]
                return limit
        return 0.0


async def test_envelopes(home: S2Home, add_device: AddDevice) -> None:
    """A car that is only limited gets what it needs, at the planned time."""
    device = await add_device("ev_power", **S2)
    start = home.clock.now()
    simulated = EnvelopeCar(start)
    connected = await home.connect(device, simulated, PEBC)
    response = await connected.schedule(duration="PT6H")
    assert sum(powers(response)) / 4 == pytest.approx(12, abs=0.1)

    await connected.follow(start + 6 * HOUR)

    assert simulated.consumed == pytest.approx(12, abs=0.2)
    assert max(simulated.powers) <= 7000
    assert not connected.rm.refused


class ThrottledCar(EnvelopeCar):
    """It may have less in the first three hours, and announces both at once."""

    @override
    def _descriptions(self, now: datetime) -> list[Message]:
        (constraints, body), need = super()._descriptions(now)
        upper, lower = body["allowed_limit_ranges"]
        upper = {**upper, "range_boundary": {"start_of_range": 0, "end_of_range": 1500}}
        change = (now + 3 * HOUR).isoformat()
        first = {**body, "allowed_limit_ranges": [upper, lower], "valid_until": change}
        later = {**body, "id": "later", "valid_from": change}
        return [(constraints, first), (constraints, later), need]


async def test_limits_that_change(home: S2Home, add_device: AddDevice) -> None:
    """They are planned with, and followed, each in its time."""
    device = await add_device("ev_power", **S2)
    start = home.clock.now()
    simulated = ThrottledCar(start)
    connected = await home.connect(device, simulated, PEBC)
    planned = powers(await connected.schedule(duration="PT6H"))
    assert sum(planned) / 4 == pytest.approx(12, abs=0.1)
    assert max(planned[:11]) <= 1.5

    await connected.follow(start + 6 * HOUR)

    assert simulated.consumed == pytest.approx(12, abs=0.3)
    assert not connected.rm.refused


class Heater(OtherDevice):
    """A heater that is on or off."""

    control_type = OMBC

    @override
    def _descriptions(self, now: datetime) -> list[Message]:
        modes = [
            {
                "id": mode,
                "power_ranges": [
                    {
                        "commodity_quantity": "ELECTRIC.POWER.L1",
                        "start_of_range": power,
                        "end_of_range": power,
                    }
                ],
                "abnormal_condition_only": False,
            }
            for mode, power in (("off", 0.0), ("on", 2000.0))
        ]
        return [
            (
                "OMBC.SystemDescription",
                {
                    "valid_from": now.isoformat(),
                    "operation_modes": modes,
                    "transitions": [],
                    "timers": [],
                },
            ),
            (
                "OMBC.Status",
                {"active_operation_mode_id": "off", "operation_mode_factor": 0},
            ),
        ]

    @override
    def _power(self, moment: datetime) -> float:
        order = self._order(moment)
        return 2000.0 if order and order[1]["operation_mode_id"] == "on" else 0.0


async def test_operation_modes(home: S2Home, add_device: AddDevice) -> None:
    """A heater that is only switched consumes what the user wants, in time."""
    device = await add_device("hp_power", **S2, soc_unit="kWh")
    start = home.clock.now()
    simulated = Heater(start)
    connected = await home.connect(device, simulated, OMBC)
    await connected.set_target(6.0, start + 6 * HOUR, "energy_to_use")
    await connected.schedule(duration="PT8H")

    await connected.follow(start + 6 * HOUR)

    assert simulated.consumed == pytest.approx(6, abs=0.1)
    assert simulated.powers == {0.0, 2000.0}
    assert not connected.rm.refused
