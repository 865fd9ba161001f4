"""What an RM measures and expects, and what of it reaches the FlexMeasures sensors."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.cem.measurements import Measurements
from custom_components.flexmeasures.s2.device_status import DeviceStatus
from custom_components.flexmeasures.s2.messages.message import Message

from .fake_server import (
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN,
    CABIN_POWER,
    CABIN_SOC,
    FORBIDDEN,
    GARAGE_POWER,
    NEIGHBOUR_POWER,
    RATE_LIMITED,
    UNKNOWN_SENSOR,
    unprocessable,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

EXTRA = 50  # a sensor of the battery, which each test makes as it needs it
OTHER = 51

L1 = "ELECTRIC.POWER.L1"
L2 = "ELECTRIC.POWER.L2"
SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"

AWAY = ClientConnectionError("away")


class Rm:
    """An RM, as the one who owns its connection tells of it."""

    def __init__(self, home: Home, power_sensor: int = BATTERY_POWER) -> None:
        """Connect."""
        data = home.entry.runtime_data
        self.measurements = Measurements(
            home.hass,
            home.entry,
            data.coordinators[str(power_sensor)],
            data.api,
        )
        home.entry.async_on_unload(self.measurements.async_close)
        self._home = home
        self._status: DeviceStatus | None = None
        self._sent = 0

    async def sends(self, message_type: str, **body: Any) -> None:
        """Send a message, and let what follows from it come to its end."""
        self.sends_at(datetime.now(UTC), message_type, **body)
        await self._home.settle()

    def sends_at(self, now: datetime, message_type: str, **body: Any) -> None:
        """Send a message."""
        self._sent += 1
        self.measurements.async_receive(
            Message(message_type, f"m-{self._sent}", body), self._status, now
        )

    async def measures(self, power: float, *, at: datetime | None = None) -> None:
        """Send a measurement of the power."""
        await self.sends(
            "PowerMeasurement",
            measurement_timestamp=at or datetime.now(UTC),
            values=[{"commodity_quantity": L1, "value": power}],
        )

    async def tells(self, **status: Any) -> None:
        """Send something after which another status holds."""
        self._status = DeviceStatus(**status) if status else None
        await self.sends("FRBC.StorageStatus", present_fill_level=1.0)

    async def expects(self, start: datetime, *powers: tuple[timedelta, float]) -> None:
        """Send a forecast of the power."""
        await self.sends(
            "PowerForecast", start_time=start, elements=_power_elements(powers)
        )

    async def expects_usage(
        self, start: datetime, *usages: tuple[timedelta, float]
    ) -> None:
        """Send a forecast of the usage."""
        await self.sends(
            "FRBC.UsageForecast",
            start_time=start,
            elements=[
                {"duration": duration, "usage_rate_expected": usage}
                for duration, usage in usages
            ],
        )

    async def leaves(self) -> None:
        """Lose the connection."""
        self.measurements.async_interrupt(datetime.now(UTC))
        await self._home.settle()


def _power_elements(
    powers: Iterable[tuple[timedelta, float]],
) -> list[dict[str, Any]]:
    return [
        {
            "duration": duration,
            "power_values": [{"commodity_quantity": L1, "value_expected": power}],
        }
        for duration, power in powers
    ]


def add_sensor(
    home: Home,
    sensor_id: int = EXTRA,
    *,
    unit: str = "",
    resolution: str = "PT15M",
    **attributes: Any,
) -> None:
    """Let the battery have another sensor."""
    home.server.sensors[sensor_id] = home.server.sensors[BATTERY_POWER] | {
        "id": sensor_id,
        "unit": unit,
        "event_resolution": resolution,
        "attributes": attributes,
    }


async def connect(home: Home, **settings: Any) -> Rm:
    """Set up an account with a battery whose RM is there."""
    await home.set_up(device(**settings))
    return Rm(home)


def path(sensor_id: int) -> str:
    """Where values of a sensor are posted to."""
    return f"/api/v3_0/sensors/{sensor_id}/data"


def posted(home: Home, sensor_id: int = BATTERY_POWER) -> list[Any]:
    """Give what was posted to a sensor."""
    return [
        request.json for request in home.server.requests_to("POST", path(sensor_id))
    ]


def post(start: str, duration: str, *values: float, unit: str = "W") -> dict[str, Any]:
    """Give what should be posted, with the time of the day in Amsterdam."""
    return {
        "start": f"2026-11-22T{start}:00+01:00",
        "duration": duration,
        "values": list(values),
        "unit": unit,
    }


def problems(home: Home) -> list[str]:
    """Give what diagnostics say went wrong."""
    (coordinator,) = home.entry.runtime_data.coordinators.values()
    return [item.error for item in coordinator.recent_errors]


# --- power


@pytest.mark.s2_rule("power.phases")
async def test_phases_measured_one_by_one(home: Home) -> None:
    """Each has its last value, whatever the order in which they arrive."""
    await home.set_up()
    rm = Rm(home)
    for second, quantity, value, total in (
        (0, L1, 1000.0, 1000.0),
        (0, L2, 500.0, 1500.0),
        (10, L1, 1200.0, 1700.0),
        (5, L2, 700.0, 1900.0),
        (4, L2, 100.0, 1900.0),
        (20, SYMMETRIC, 3000.0, 3000.0),
        (30, L1, 900.0, 1600.0),
    ):
        moment = NOW - MINUTE + timedelta(seconds=second)
        rm.sends_at(
            NOW,
            "PowerMeasurement",
            measurement_timestamp=moment,
            values=[{"commodity_quantity": quantity, "value": value}],
        )
        assert rm.measurements.power == total


@pytest.mark.s2_rule("power.watts")
async def test_power(home: Home) -> None:
    """The mean of a slot is posted when it is over, in watts."""
    rm = await connect(home)
    assert rm.measurements.power is None
    await rm.measures(3000)
    await home.go_to(SLOT + 11 * MINUTE)
    await rm.measures(1000)
    assert rm.measurements.power == 1000
    assert posted(home) == []

    await home.go_to(SLOT + QUARTER)

    assert posted(home) == [post("11:00", "PT15M", 2000)]


async def test_bin_ends_without_a_message(home: Home) -> None:
    """A value holds for a quarter of an hour; a bin that is half known is posted."""
    rm = await connect(home)
    await rm.measures(3000)

    for minutes in (15, 30, 45, 60, 75):
        await home.go_to(SLOT + minutes * MINUTE)

    assert posted(home) == [post("11:00", "PT15M", 3000)]


@pytest.mark.s2_rule("power.sign")
async def test_power_in_the_sign_of_the_sensor(home: Home) -> None:
    """The garage's power is stored with production positive."""
    await home.set_up(device(GARAGE_POWER))
    rm = Rm(home, GARAGE_POWER)
    await rm.measures(1200)

    await home.go_to(SLOT + 10 * MINUTE)
    await rm.measures(0)
    await home.go_to(SLOT + 15 * MINUTE)

    assert posted(home, GARAGE_POWER) == [
        post("11:05", "PT5M", -1200),
        post("11:10", "PT5M", 0),
    ]
    assert str(posted(home, GARAGE_POWER)[1]["values"]) == "[0.0]"


async def test_sign_that_the_server_settles_later(home: Home) -> None:
    home.server.sensors[BATTERY_POWER]["attributes"] = {}
    rm = await connect(home)
    await rm.measures(1000)
    await home.go_to(SLOT + QUARTER)
    await rm.measures(1000)

    home.server.sensors[BATTERY_POWER]["attributes"] = {"consumption_is_positive": True}
    await home.call("trigger_schedule", device_id=home.device_id())
    await home.go_to(SLOT + 2 * QUARTER)

    assert [item["values"] for item in posted(home)] == [[-1000], [1000]]


@pytest.mark.s2_rule("power.phases")
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({L1: 1000.0, L2: 500.0, "HEAT.THERMAL_POWER": 7.0}, 1500),
        ({SYMMETRIC: -900.0}, -900),
    ],
)
async def test_power_of_all_phases(
    home: Home, values: dict[str, float], expected: float
) -> None:
    rm = await connect(home)

    await rm.sends(
        "PowerMeasurement",
        measurement_timestamp=NOW,
        values=[
            {"commodity_quantity": quantity, "value": value}
            for quantity, value in values.items()
        ],
    )
    await home.go_to(SLOT + QUARTER)

    assert rm.measurements.power == expected
    assert posted(home) == [post("11:00", "PT15M", expected)]


@pytest.mark.s2_rule("power.commodities")
async def test_measurement_without_electric_power(home: Home) -> None:
    """What it says of heat changes nothing about electricity."""
    rm = await connect(home)
    await rm.measures(1000)

    await rm.sends(
        "PowerMeasurement",
        measurement_timestamp=NOW,
        values=[{"commodity_quantity": "HEAT.THERMAL_POWER", "value": 7.0}],
    )

    assert rm.measurements.power == 1000


async def test_only_heat_is_measured(home: Home) -> None:
    rm = await connect(home)

    await rm.sends(
        "PowerMeasurement",
        measurement_timestamp=NOW,
        values=[{"commodity_quantity": "HEAT.THERMAL_POWER", "value": 7.0}],
    )

    assert rm.measurements.power is None


@pytest.mark.s2_rule("power.sign")
async def test_discharged_power(home: Home) -> None:
    """Positive while the device produces, and zero while it consumes."""
    add_sensor(home, unit="kW")
    rm = await connect(home, rm_discharge_sensor=EXTRA)
    await rm.measures(-600)
    await home.go_to(SLOT + 11 * MINUTE)
    await rm.measures(3000)
    await home.go_to(SLOT + QUARTER)

    assert posted(home) == [post("11:00", "PT15M", 1200)]
    assert posted(home, EXTRA) == [post("11:00", "PT15M", 300)]


@pytest.mark.s2_rule("power.time")
async def test_times_of_measurements(home: Home) -> None:
    """They count from when they were measured, as far as that can be believed."""
    rm = await connect(home)
    await rm.measures(1500, at=SLOT)
    await rm.measures(9000, at=SLOT - MINUTE)
    assert rm.measurements.power == 1500
    # By a clock that is two hours ahead, and one that is an hour behind.
    await rm.measures(3000, at=NOW + 2 * HOUR)
    await home.go_to(SLOT + 11 * MINUTE)
    await rm.measures(0, at=SLOT - HOUR)
    assert rm.measurements.power == 0

    await home.go_to(SLOT + QUARTER)

    # 7 minutes of 1500 W, 4 of 3000 W and 4 of nothing.
    assert posted(home) == [post("11:00", "PT15M", 1500)]


async def test_hourly_sensor_of_another_time_zone(home: Home) -> None:
    """Its hours begin at half past; the server floors the start in its own offset."""
    home.server.sensors[CABIN_POWER]["timezone"] = "Asia/Kolkata"
    await home.set_up(device(CABIN_POWER))
    rm = Rm(home, CABIN_POWER)
    await home.go_to(SLOT + HOUR / 2)
    await rm.measures(-2000)
    await home.go_to(SLOT + 3 * HOUR / 2)

    assert posted(home, CABIN_POWER) == [
        {
            "start": "2026-11-22T16:00:00+05:30",
            "duration": "PT1H",
            "values": [2000],
            "unit": "W",
        }
    ]


async def test_sensor_of_instants(home: Home) -> None:
    """The power at each five minutes, since there are no intervals."""
    home.server.sensors[BATTERY_POWER]["event_resolution"] = "P0D"
    rm = await connect(home)
    await rm.measures(1000)

    await home.go_to(SLOT + 10 * MINUTE)
    await home.go_to(SLOT + 15 * MINUTE)

    assert posted(home) == [
        post("11:10", "PT0S", 1000),
        post("11:15", "PT0S", 1000),
    ]


async def test_fine_sensor_is_posted_to_once_a_minute(home: Home) -> None:
    home.server.sensors[BATTERY_POWER]["event_resolution"] = "PT10S"
    rm = await connect(home)
    await rm.measures(1000)

    for seconds in range(10, 130, 10):
        await home.go_to(NOW + timedelta(seconds=seconds))

    assert posted(home) == [
        post("11:07", "PT1M", *[1000] * 6),
        post("11:08", "PT1M", *[1000] * 6),
    ]


# --- gaps


async def test_nothing_holds_once_the_rm_is_gone(home: Home) -> None:
    """Less than half of the second slot is known; the third one is again."""
    rm = await connect(home)
    await rm.measures(1000)
    await home.go_to(SLOT + QUARTER + 5 * MINUTE)
    await rm.leaves()
    assert rm.measurements.power is None
    await home.go_to(SLOT + 2 * QUARTER)
    await rm.measures(2000)
    await home.go_to(SLOT + 3 * QUARTER)

    assert posted(home) == [
        post("11:00", "PT15M", 1000),
        post("11:30", "PT15M", 2000),
    ]


async def test_rm_that_comes_back(home: Home) -> None:
    """It may tell what it measured before, in any order of connections."""
    rm = await connect(home)
    await rm.measures(3000)
    await rm.leaves()
    await rm.measures(1000, at=NOW - MINUTE)
    await home.go_to(SLOT + QUARTER)

    assert posted(home) == [post("11:00", "PT15M", 1000)]


async def test_gap_between_what_is_posted(home: Home) -> None:
    """What lies apart is posted by itself."""
    rm = await connect(home)
    home.server.fail(AWAY)
    for quarter in (1, 2, 3, 5, 6):
        await home.go_to(SLOT + quarter * QUARTER)
        await rm.measures(quarter * 100)
        if quarter == 3:
            await rm.leaves()
    await home.go_to(SLOT + 7 * QUARTER)
    home.server.recover()
    await home.go_to(SLOT + 8 * QUARTER)

    assert posted(home)[-2:] == [
        post("11:15", "PT30M", 100, 200),
        post("12:15", "PT30M", 500, 600),
    ]


# --- what follows from all messages


async def test_state_of_charge(home: Home) -> None:
    """It goes to the sensor that the asset names, at the points where it is read."""
    rm = await connect(home)
    await rm.tells(soc_kwh=4.5)
    await home.go_to(SLOT + 9 * MINUTE)
    await rm.tells(soc_kwh=4.6)
    await home.go_to(SLOT + 10 * MINUTE)
    await rm.tells(soc_kwh=None, fill_level=70.0)
    await home.go_to(SLOT + 15 * MINUTE)

    assert posted(home, BATTERY_SOC) == [post("11:10", "PT0S", 4.6, unit="kWh")]
    assert posted(home) == []


@pytest.mark.parametrize(
    ("unit", "settings", "expected"),
    [
        ("Wh", {}, [4500]),
        ("MWh", {}, [0.0045]),
        ("%", {"capacity": 9.0}, [50]),
        # Of the asset's soc-max, which is 10 kWh.
        ("%", {}, [45]),
        ("kW", {}, None),
    ],
)
async def test_units_of_the_state_of_charge(
    home: Home, unit: str, settings: dict[str, Any], expected: list[float] | None
) -> None:
    add_sensor(home, unit=unit, resolution="P0D")
    rm = await connect(home, soc_sensor=EXTRA, **settings)
    await rm.tells(soc_kwh=4.5)
    await home.go_to(SLOT + 10 * MINUTE)

    values = [item["values"] for item in posted(home, EXTRA)]
    assert values == ([] if expected is None else [expected])
    assert posted(home, BATTERY_SOC) == []


@pytest.mark.parametrize("soc_sensor", [{}, {"soc_sensor": CABIN_SOC}])
async def test_state_of_charge_that_cannot_be_told(
    home: Home, soc_sensor: dict[str, int]
) -> None:
    """There is no sensor, or it is in % of nobody knows what; that is no error."""
    await home.set_up(device(CABIN_POWER, **soc_sensor))
    rm = Rm(home, CABIN_POWER)
    for minutes in (10, 15, 20):
        await rm.tells(soc_kwh=4.5)
        await home.go_to(SLOT + minutes * MINUTE)

    assert home.server.requests_to("POST", path(CABIN_SOC)) == []
    assert problems(home) == []


async def test_capacity_that_is_not_known_any_more(home: Home) -> None:
    """Nothing more is posted, and nothing is asked again and again."""
    home.server.set_flex_model(CABIN, soc_max="10 kWh")
    await home.set_up(device(CABIN_POWER, soc_sensor=CABIN_SOC))
    rm = Rm(home, CABIN_POWER)
    await rm.tells(soc_kwh=4.5)
    await home.go_to(SLOT + 10 * MINUTE)
    home.server.set_flex_model(CABIN)
    for minutes in (25, 30, 35):
        await rm.tells(soc_kwh=4.5)
        await home.go_to(SLOT + minutes * MINUTE)

    assert posted(home, CABIN_SOC) == [post("11:10", "PT0S", 45, unit="%")]


@pytest.mark.parametrize(
    ("setting", "reading", "unit", "expected"),
    [
        ("fill_level_sensor", "fill_level", "°C", 3.0),
        ("fill_rate_sensor", "fill_rate", "%/s", 2.0),
        ("leakage_sensor", "leakage_rate", "", 2.0),
        ("efficiency_sensor", "efficiency", "%", 200.0),
        ("efficiency_sensor", "efficiency", "", 2.0),
        ("active_actuator_sensor", "active_actuator", "", 3.0),
    ],
)
async def test_device_status(
    home: Home, setting: str, reading: str, unit: str, expected: float
) -> None:
    """Levels count as they are at the beginning, the rest as means."""
    add_sensor(home, unit=unit)
    rm = await connect(home, **{setting: EXTRA})
    await home.go_to(SLOT + QUARTER)
    await rm.tells(**{reading: 3})
    await home.go_to(SLOT + QUARTER + 5 * MINUTE)
    await rm.tells(**{reading: 1.5})
    await home.go_to(SLOT + 2 * QUARTER)
    await rm.tells()
    await home.go_to(SLOT + 3 * QUARTER)

    assert posted(home, EXTRA)[:1] == [post("11:15", "PT15M", expected, unit=unit)]


async def test_sensor_that_is_not_set(home: Home) -> None:
    """A device without one does not post it; a forecast neither."""
    rm = await connect(home)
    await rm.tells(fill_level=1.0, fill_rate=0.1, efficiency=0.9)
    await rm.expects(SLOT, (HOUR, 100.0))
    await home.go_to(SLOT + QUARTER)

    assert home.server.requests_to("POST", path(0).replace("0", "*")) == []


# --- forecasts


@pytest.mark.s2_rule("power.forecast")
async def test_power_forecast(home: Home) -> None:
    """In the slots of the sensor, from the running one on, as far as it reaches."""
    add_sensor(home, unit="MW", consumption_is_positive=True)
    rm = await connect(home, power_forecast_sensor=EXTRA)

    await rm.expects(
        SLOT - QUARTER, (QUARTER + 20 * MINUTE, 600.0), (20 * MINUTE, 3000.0)
    )

    assert posted(home, EXTRA) == [post("11:00", "PT30M", 600, 2200)]


async def test_power_forecast_in_the_sign_of_the_sensor(home: Home) -> None:
    """What a PV system will produce is positive where production is."""
    add_sensor(home, unit="kW")
    rm = await connect(home, power_forecast_sensor=EXTRA)

    await rm.sends(
        "PowerForecast",
        start_time=SLOT,
        elements=[
            {
                "duration": HOUR,
                "power_values": [
                    {"commodity_quantity": SYMMETRIC, "value_expected": -900.0}
                ],
            },
            {
                "duration": HOUR,
                "power_values": [
                    {"commodity_quantity": "HEAT.FLOW_RATE", "value_expected": 1.0}
                ],
            },
        ],
    )

    assert posted(home, EXTRA) == [post("11:00", "PT1H", 900, 900, 900, 900)]


async def test_usage_forecast(home: Home) -> None:
    """In fill level per second, as S2 has it; at the instants of a sensor without slots."""
    add_sensor(home, unit="%/s", resolution="P0D")
    rm = await connect(home, usage_forecast_sensor=EXTRA)

    await rm.expects_usage(SLOT, (15 * MINUTE, 0.002))

    assert posted(home, EXTRA) == [post("11:05", "PT10M", 0.002, 0.002, unit="%/s")]


async def test_repeated_forecast(home: Home) -> None:
    """The same one is not posted again; another one is, at most once a minute."""
    add_sensor(home)
    rm = await connect(home, usage_forecast_sensor=EXTRA)
    await rm.expects_usage(SLOT, (HOUR, 1.0))
    await home.go_to(NOW + 2 * MINUTE)
    await rm.expects_usage(SLOT, (HOUR, 1.0))
    assert len(posted(home, EXTRA)) == 1

    await rm.expects_usage(SLOT, (HOUR, 2.0))
    await rm.expects_usage(SLOT, (HOUR, 3.0))
    await rm.expects_usage(SLOT, (HOUR, 4.0))
    await home.go_to(NOW + 3 * MINUTE)
    await home.go_to(NOW + 4 * MINUTE)

    assert [item["values"][0] for item in posted(home, EXTRA)] == [1, 2, 4]


async def test_forecast_that_covers_no_slot(home: Home) -> None:
    add_sensor(home)
    rm = await connect(home, usage_forecast_sensor=EXTRA)

    await rm.expects_usage(SLOT, (MINUTE, 1.0))

    assert posted(home, EXTRA) == []


async def test_forecast_while_the_server_is_away(home: Home) -> None:
    """What has passed by the time that it is posted is left out."""
    add_sensor(home)
    rm = await connect(home, usage_forecast_sensor=EXTRA)
    home.server.fail(AWAY)
    await rm.expects_usage(SLOT, (2 * HOUR, 1.0))
    await home.go_to(SLOT + HOUR + QUARTER)
    home.server.recover()
    home.server.requests.clear()
    await home.go_to(SLOT + HOUR + 2 * QUARTER)

    assert posted(home, EXTRA) == [post("12:30", "PT30M", 1, 1, unit="")]


async def test_forecast_that_is_refused(home: Home) -> None:
    """It is not posted again, but a new one is."""
    add_sensor(home)
    rm = await connect(home, usage_forecast_sensor=EXTRA)
    home.server.answer("POST", path(EXTRA), status=403, json=FORBIDDEN, times=1)
    await rm.expects_usage(SLOT, (HOUR, 1.0))
    await home.go_to(NOW + HOUR / 4)
    assert len(posted(home, EXTRA)) == 1

    await rm.expects_usage(SLOT, (HOUR, 2.0))

    assert len(posted(home, EXTRA)) == 2


# --- what the server makes difficult


async def test_outage(home: Home) -> None:
    """Everything is caught up with in one request; the tries become rarer."""
    rm = await connect(home)
    await rm.measures(0)
    await home.go_to(SLOT + QUARTER)
    home.server.requests.clear()
    home.server.answer("POST", path(BATTERY_POWER), exception=AWAY)
    for minutes in range(15, 75):
        await home.go_to(SLOT + minutes * MINUTE)
        await rm.measures(minutes // 15 * 100)

    # At the end of the slot, and 1, 2, 4, 8 and 15 minutes after each other.
    assert [len(item["values"]) for item in posted(home)] == [1, 1, 1, 1, 2, 3]
    assert problems(home) == ["cannot_connect"]

    home.server.recover()
    home.server.requests.clear()
    for minutes in range(75, 92):
        await home.go_to(SLOT + minutes * MINUTE)
        await rm.measures(500)

    assert posted(home) == [
        post("11:15", "PT1H", 100, 200, 300, 400),
        post("12:15", "PT15M", 500),
    ]


async def test_waits_begin_anew(home: Home) -> None:
    """After an outage is over, the next one is looked at a minute later again."""
    rm = await connect(home)
    for quarter in (1, 2):
        await rm.measures(100)
        home.server.answer("POST", path(BATTERY_POWER), exception=AWAY, times=2)
        home.server.requests.clear()
        for minutes in (0, 1, 2, 3, 4):
            await home.go_to(SLOT + quarter * QUARTER + minutes * MINUTE)
            await rm.measures(100)

        assert len(posted(home)) == 3


async def test_limit_of_requests(home: Home) -> None:
    """The server says when it may be asked again."""
    rm = await connect(home)
    home.server.answer(
        "POST",
        path(BATTERY_POWER),
        status=429,
        json=RATE_LIMITED,
        headers={"Retry-After": "180"},
        times=1,
    )
    await rm.measures(1000)
    await home.go_to(SLOT + QUARTER)
    await home.go_to(SLOT + QUARTER + 2 * MINUTE)
    assert len(posted(home)) == 1
    assert problems(home) == ["rate_limited"]

    await home.go_to(SLOT + QUARTER + 3 * MINUTE)

    assert posted(home) == [post("11:00", "PT15M", 1000)] * 2


@pytest.mark.parametrize(
    ("status", "json", "problem"),
    [
        (403, FORBIDDEN, "not_permitted"),
        (404, {"message": "No sensor found.", "status": "NOT_FOUND"}, "not_found"),
        (422, unprocessable({"json": {"unit": ["Wrong."]}}).json, "rejected"),
    ],
)
async def test_refusal(
    home: Home,
    caplog: pytest.LogCaptureFixture,
    status: int,
    json: Any,
    problem: str,
) -> None:
    """It is not tried again, and said once; what comes later may be taken."""
    rm = await connect(home)
    home.server.answer("POST", path(BATTERY_POWER), status=status, json=json, times=2)
    for quarter in (1, 2, 3):
        await rm.measures(quarter * 100)
        await home.go_to(SLOT + quarter * QUARTER - 5 * MINUTE)
        await home.go_to(SLOT + quarter * QUARTER)

    assert [item["values"] for item in posted(home)] == [[100], [200], [300]]
    assert problems(home) == [problem]
    assert caplog.text.count("Nothing can be posted to the power_sensor of") == 1


@pytest.mark.parametrize("sensor_id", [UNKNOWN_SENSOR, NEIGHBOUR_POWER])
async def test_sensor_that_cannot_be_seen(
    home: Home, caplog: pytest.LogCaptureFixture, sensor_id: int
) -> None:
    """It is asked for once, and the other sensors go on."""
    rm = await connect(
        home, fill_level_sensor=sensor_id, usage_forecast_sensor=sensor_id
    )
    home.server.requests.clear()
    for minutes in range(8, 16):
        await rm.measures(1000)
        await rm.tells(fill_level=1.0)
        await rm.expects_usage(SLOT, (minutes * MINUTE, 1.0))
        await home.go_to(SLOT + minutes * MINUTE)

    assert len(home.server.requests_to("GET", f"/api/v3_0/sensors/{sensor_id}")) == 2
    assert posted(home, sensor_id) == []
    assert posted(home) == [post("11:00", "PT15M", 1000)]
    assert caplog.text.count("Nothing can be posted to the fill_level_sensor of") == 1


async def test_sensor_at_which_the_server_fails(home: Home) -> None:
    """It does not keep the others from what is theirs."""
    rm = await connect(home)
    home.server.answer(
        "POST", path(BATTERY_POWER), status=500, json={"message": "'values'"}
    )
    await rm.measures(1000)
    await rm.tells(soc_kwh=4.5)
    await home.go_to(SLOT + QUARTER)

    assert posted(home) == [post("11:00", "PT15M", 1000)]
    assert posted(home, BATTERY_SOC) == [post("11:10", "PT10M", 4.5, 4.5, unit="kWh")]
    assert problems(home) == ["server_error"]


async def test_login_that_is_refused(home: Home) -> None:
    rm = await connect(home)
    await rm.measures(1000)
    home.server.tokens.clear()
    home.server.users.clear()
    await home.go_to(SLOT + QUARTER)

    assert len(home.reauthentications) == 1
    assert problems(home) == ["unknown_user"]


async def test_server_that_is_away_from_the_beginning(home: Home) -> None:
    """What is measured before the sensor is known is posted once it is."""
    rm = await connect(home, fill_level_sensor=EXTRA)
    add_sensor(home)
    home.server.fail(AWAY)
    for minutes in range(14, 50, 5):
        await home.go_to(SLOT + minutes * MINUTE)
        await rm.tells(fill_level=minutes)
    home.server.recover()
    await home.go_to(SLOT + 55 * MINUTE)

    assert posted(home, EXTRA) == [post("11:15", "PT45M", 14, 29, 44, unit="")]


async def test_what_is_lost_is_said_once(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The newest 2000 values are kept, and posted in requests of 500."""
    home.server.sensors[BATTERY_POWER]["event_resolution"] = "PT1S"
    rm = await connect(home)
    await rm.measures(0)
    home.server.fail(AWAY)
    for minutes in range(15, 75, 15):
        await home.go_to(NOW + minutes * MINUTE)
        await rm.measures(minutes)
    assert caplog.text.count("the oldest measurements for the power_sensor") == 1

    home.server.recover()
    home.server.requests.clear()
    await home.go_to(NOW + 75 * MINUTE)

    assert [len(item["values"]) for item in posted(home)] == [500, 500, 500, 500]
    assert caplog.text.count("the oldest measurements for the power_sensor") == 1


async def test_what_is_lost_before_the_sensor_is_known(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    rm = await connect(home, fill_level_sensor=EXTRA)
    add_sensor(home, resolution="P0D")
    home.server.answer("GET", f"/api/v3_0/sensors/{EXTRA}", exception=AWAY)
    await rm.tells(fill_level=1.0)
    for second in range(2001):
        rm.sends_at(NOW + timedelta(seconds=second / 10), "FRBC.ActuatorStatus")

    assert caplog.text.count("the oldest measurements for the fill_level_sensor") == 1


async def test_values_that_come_while_others_are_posted(home: Home) -> None:
    """They are posted when the server has answered, in order, one request at a time."""
    answered = asyncio.Event()
    rm = await connect(home)
    home.server.answer(
        "POST",
        path(BATTERY_POWER),
        json={"status": "PROCESSED"},
        wait_for=answered,
        times=1,
    )
    await rm.measures(1000)
    await home.go_to(SLOT + QUARTER, is_settled=False)
    await home.until(lambda: posted(home))
    for quarter in (1, 2):
        rm.sends_at(
            SLOT + quarter * QUARTER,
            "PowerMeasurement",
            measurement_timestamp=SLOT + quarter * QUARTER,
            values=[{"commodity_quantity": L1, "value": 2000.0}],
        )
    assert len(posted(home)) == 1

    answered.set()
    await home.settle()

    assert posted(home) == [
        post("11:00", "PT15M", 1000),
        post("11:15", "PT15M", 2000),
    ]


async def test_devices_do_not_mix(home: Home) -> None:
    await home.set_up(device(), device(GARAGE_POWER))
    battery, garage = Rm(home), Rm(home, GARAGE_POWER)
    await battery.measures(1000)
    await garage.measures(-500)
    await garage.leaves()
    await garage.measures(-700)

    await home.go_to(SLOT + 10 * MINUTE)
    await home.go_to(SLOT + QUARTER)

    assert battery.measurements.power == 1000
    assert garage.measurements.power == -700
    assert posted(home) == [post("11:00", "PT15M", 1000)]
    assert posted(home, GARAGE_POWER) == [
        post("11:05", "PT5M", 700),
        post("11:10", "PT5M", 700),
    ]


# --- the end


async def test_unloading(home: Home) -> None:
    """Nothing more is posted, even if the RM's connection ends after that."""
    rm = await connect(home)
    await rm.measures(1000)

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await rm.leaves()
    await home.go_to(SLOT + QUARTER)

    assert posted(home) == []


async def test_closing_while_something_is_posted(home: Home) -> None:
    rm = await connect(home)
    home.server.answer("POST", path(BATTERY_POWER), wait_for=asyncio.Event())
    await rm.measures(1000)
    await home.go_to(SLOT + QUARTER, is_settled=False)
    await home.until(lambda: posted(home))

    rm.measurements.async_close()
    await home.settle()
    await home.go_to(SLOT + HOUR)

    assert len(posted(home)) == 1


async def test_nothing_left_to_wait_for(home: Home) -> None:
    """What has become unknown meanwhile is not waited for any more."""
    rm = await connect(home)
    await rm.tells(soc_kwh=4.5)
    await rm.leaves()
    home.pass_time(HOUR)
    await rm.tells()

    await home.go_to(NOW + 2 * HOUR)

    assert posted(home, BATTERY_SOC) == []


async def test_rm_that_is_gone_at_once(home: Home) -> None:
    """Too little is known for there to be anything to post."""
    rm = await connect(home)
    await rm.tells(soc_kwh=5.0)
    await rm.measures(1000)
    await rm.leaves()
    await home.go_to(NOW + HOUR)
    assert posted(home) == []
