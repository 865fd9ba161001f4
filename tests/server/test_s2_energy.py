"""What simulated devices that speak S2 consume and produce, by plans of a real server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, override

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from homeassistant.core import HomeAssistant
from sandbox.flexmeasures.profiles import TIME_ZONE, price
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.s2.devices import FRBC
from sandbox.s2.wire import Message

from .conftest import AddDevice, powers
from .s2_home import HOUR, Clock, OtherDevice, S2Home

QUARTER = HOUR / 4
OMBC = "OPERATION_MODE_BASED_CONTROL"
PEBC = "POWER_ENVELOPE_BASED_CONTROL"
DDBC = "DEMAND_DRIVEN_BASED_CONTROL"
L1 = "ELECTRIC.POWER.L1"
GAS = "NATURAL_GAS.FLOW_RATE"
S2 = {"s2_enabled": True, "update_interval": "PT24H"}


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


def number_range(start: float, end: float) -> dict[str, float]:
    """Write a number range."""
    return {"start_of_range": start, "end_of_range": end}


def power(start: float, end: float, quantity: str = L1) -> dict[str, Any]:
    """Write a power range."""
    return {"commodity_quantity": quantity, **number_range(start, end)}


def price_at(moment: datetime) -> float:
    """What a kWh costs in an hour, in EUR."""
    return price(moment.astimezone(TIME_ZONE).hour) / 1000


class OnOff(OtherDevice):
    """A device of OMBC that is off, or has one power (W)."""

    control_type = OMBC

    def __init__(self, now: datetime, watts: float, cost: float = 0.0) -> None:
        """Be off; `cost` is that of an hour on."""
        super().__init__(now)
        self._watts = watts
        self._cost = cost

    @override
    def _descriptions(self, now: datetime) -> list[Message]:
        modes = [
            {
                "id": name,
                "power_ranges": [power(watts, watts)],
                "abnormal_condition_only": False,
                "running_costs": number_range(cost, cost),
            }
            for name, watts, cost in (
                ("off", 0.0, 0.0),
                ("on", self._watts, self._cost / 3600),
            )
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
        return self._watts if order and order[1]["operation_mode_id"] == "on" else 0.0


async def test_slot_that_crosses_the_target(
    home: S2Home, add_device: AddDevice
) -> None:
    """What is on or off for a quarter of an hour consumes a bit more, and meets its target."""
    device = await add_device("hp_power", **S2, soc_unit="kWh")
    start = home.clock.now()
    simulated = OnOff(start, 2000.0)
    connected = await home.connect(device, simulated, OMBC)
    await connected.set_target(5.2, start + 6 * HOUR, "energy_to_use")
    await connected.schedule(duration="PT8H")
    state = home.hass.states.get(connected.entity("binary_sensor", "targets_met"))
    assert state
    assert state.state == "on"

    await connected.follow(start + 6 * HOUR)

    assert simulated.consumed == pytest.approx(5.5, abs=0.05)
    assert not connected.rm.refused


async def test_generator(home: S2Home, add_device: AddDevice) -> None:
    """It runs while a kWh costs more than making it, and needs no target."""
    device = await add_device("hp_power", **S2)
    start = home.clock.now()
    simulated = OnOff(start, -2000.0, cost=0.2)
    connected = await home.connect(device, simulated, OMBC)
    response = await connected.schedule(duration="PT12H")
    planned = powers(response)
    worth = [
        price_at(datetime.fromisoformat(slot["start"])) > 0.1
        for slot in response["schedule"]
    ]
    assert True in worth
    assert False in worth
    assert planned == [pytest.approx(-2 if each else 0, abs=0.01) for each in worth]

    await connected.follow(start + 12 * HOUR)

    assert simulated.consumed == pytest.approx(-2 * sum(worth) / 4, abs=0.05)
    assert not connected.rm.refused


class Panels(OtherDevice):
    """Solar panels of PEBC that produce what they may, and have to produce something."""

    control_type = PEBC

    @override
    def _descriptions(self, now: datetime) -> Sequence[Message]:
        ranges = [
            {
                "commodity_quantity": L1,
                "limit_type": limit,
                "range_boundary": number_range(lowest, 0),
                "abnormal_condition_only": False,
            }
            for limit, lowest in (("UPPER_LIMIT", 0), ("LOWER_LIMIT", -4000))
        ]
        return [
            (
                "PEBC.PowerConstraints",
                {
                    "id": "limits",
                    "valid_from": now.isoformat(),
                    "consequence_type": "VANISH",
                    "allowed_limit_ranges": ranges,
                },
            ),
            (
                "PEBC.EnergyConstraint",
                {
                    "commodity_quantity": L1,
                    "id": "need",
                    "valid_from": now.isoformat(),
                    "valid_until": (now + 4 * HOUR).isoformat(),
                    "upper_average_power": -1000.0,
                    "lower_average_power": -1000.0,
                },
            ),
        ]

    @override
    def _power(self, moment: datetime) -> float:
        if (order := self._order(moment)) is None:
            return 0.0
        end, body = order
        for element in body["power_envelopes"][0]["power_envelope_elements"]:
            end += timedelta(milliseconds=element["duration"])
            if moment < end:
                limit: float = element["lower_limit"]
                return limit
        return 0.0


async def test_production_that_has_to_be(home: S2Home, add_device: AddDevice) -> None:
    """Though producing more than is used costs money all the time."""
    device = await add_device("hp_power", **S2)
    start = home.clock.now()
    simulated = Panels(start)
    connected = await home.connect(device, simulated, PEBC)
    response = await connected.schedule(
        duration="PT4H",
        flex_context={"production-price": "-0.2 EUR/kWh"},
    )
    assert sum(powers(response)) / 4 == pytest.approx(-4, abs=0.05)

    # It measures what it produces whenever that changes.
    for quarter in range(1, 17):
        await connected.follow(start + quarter * QUARTER)

    assert simulated.consumed == pytest.approx(-4, abs=0.1)
    assert not connected.rm.refused


@pytest.fixture
async def gas(server: FlexMeasuresServer, api: FlexMeasuresApi) -> AsyncIterator[float]:
    """The price of gas, in EUR/kWh, which is known until the end of the test."""
    asset = server.home.asset("heat_pump")
    found = 0.03
    await api.change_asset(
        asset,
        flex_context={
            "commodities": [
                {"commodity": "gas", "consumption-price": f"{found} EUR/kWh"}
            ]
        },
    )
    yield found
    await api.change_asset(asset, flex_context={})


def supplying(
    quantity: str, most: float, supply: tuple[str, float], name: str
) -> dict[str, Any]:
    """Write operation modes that are off, or supply something up to some rate."""
    field, rate = supply
    return {
        "id": name,
        "transitions": [],
        "timers": [],
        "operation_modes": [
            {
                "Id" if field == "supply_range" else "id": mode,
                "abnormal_condition_only": False,
            }
            | (
                {"power_ranges": ranges, field: number_range(0, supplied)}
                if field == "supply_range"
                else {
                    "elements": [
                        {
                            "fill_level_range": number_range(0, 90),
                            "fill_rate": number_range(0, supplied),
                            "power_ranges": ranges,
                        }
                    ]
                }
            )
            for mode, supplied, ranges in (
                ("off", 0.0, [power(0, 0, quantity)]),
                ("on", rate, [power(0, most, quantity)]),
            )
        ],
    }


class Hybrid(OtherDevice):
    """A heat pump of 2 kW with a COP of 3, and a boiler of 12 kW, for a demand or a buffer."""

    def __init__(self, now: datetime, control_type: str) -> None:
        """Do nothing."""
        super().__init__(now)
        self.control_type = control_type

    @property
    def told(self) -> set[str]:
        """The actuators that were instructed."""
        return {body["actuator_id"] for _, body in self._orders}

    @override
    def _descriptions(self, now: datetime) -> Sequence[Message]:
        start = now.isoformat()
        if self.control_type == DDBC:
            actuators = [
                supplying(L1, 2000, ("supply_range", 6000.0), "pump"),
                supplying(GAS, 1 / 3, ("supply_range", 12000.0), "boiler"),
            ]
            for each, commodity in zip(actuators, ("ELECTRICITY", "GAS"), strict=True):
                each["supported_commodites"] = [commodity]
            return [
                (
                    "DDBC.SystemDescription",
                    {
                        "valid_from": start,
                        "actuators": actuators,
                        "present_demand_rate": number_range(4500, 4500),
                        "provides_average_demand_rate_forecast": False,
                    },
                )
            ]
        # °C in a second of a W, in a buffer of 10 kWh from 30 to 50 °C.
        heat = 1 / (0.5 * 3.6e6)
        actuators = [
            supplying(L1, 2000, ("fill_rate", 6000 * heat), "pump"),
            supplying(GAS, 1 / 3, ("fill_rate", 12000 * heat), "boiler"),
        ]
        for each, commodity in zip(actuators, ("ELECTRICITY", "GAS"), strict=True):
            each["supported_commodities"] = [commodity]
        return [
            (
                "FRBC.SystemDescription",
                {
                    "valid_from": start,
                    "actuators": actuators,
                    "storage": {
                        "provides_leakage_behaviour": False,
                        "provides_fill_level_target_profile": False,
                        "provides_usage_forecast": True,
                        "fill_level_range": number_range(30, 50),
                    },
                },
            ),
            ("FRBC.StorageStatus", {"present_fill_level": 32}),
            (
                "FRBC.UsageForecast",
                {
                    "start_time": start,
                    "elements": [
                        {
                            "duration": 24 * 3600 * 1000,
                            "usage_rate_expected": 3000 * heat,
                        }
                    ],
                },
            ),
        ]

    @override
    def _power(self, moment: datetime) -> float:
        return 0.0


@pytest.mark.parametrize("control_type", [DDBC, FRBC])
async def test_cheaper_commodity_heats(
    home: S2Home, add_device: AddDevice, gas: float, control_type: str
) -> None:
    """Electricity is planned only where a kWh of heat costs less with it."""
    device = await add_device("hp_power", **S2)
    hybrid = Hybrid(home.clock.now(), control_type)
    connected = await home.connect(device, hybrid, control_type)
    response = await connected.schedule(duration="PT12H")
    cheap = [
        price_at(datetime.fromisoformat(slot["start"])) / 3 < gas
        for slot in response["schedule"]
    ]
    assert True in cheap
    assert False in cheap
    planned = powers(response)
    for kw, is_cheap in zip(planned, cheap, strict=True):
        if not is_cheap:
            assert kw == pytest.approx(0, abs=0.01)
        elif control_type == DDBC:
            assert kw == pytest.approx(1.5, abs=0.01)
    assert sum(planned) > 1
    assert hybrid.told == {"pump", "boiler"}
    assert not connected.rm.refused
