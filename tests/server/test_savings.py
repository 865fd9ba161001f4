"""What is said of savings is what the server's own values add up to."""

from datetime import datetime, timedelta
from statistics import fmean

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.flexmeasures.stored_values import server_session, stored_values

from .conftest import AddDevice, Device, call
from .test_by_itself import entity

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
MOST_OF_CAR = 11.0


async def planned_savings(hass: HomeAssistant, device: Device) -> float:
    """Give what the sensor says."""
    return float(entity(hass, device.entry, "planned_savings").state)


class Stored:
    """What the server has stored for the time of a schedule, by the quarter of an hour."""

    def __init__(self, response: dict[str, list[dict[str, object]]]) -> None:
        """Begin with the schedule that it has answered with."""
        slots = response["schedule"]
        self.powers = [float(str(slot["value"])) for slot in slots]
        self.start = dt_util.as_utc(datetime.fromisoformat(str(slots[0]["start"])))
        self.end = dt_util.as_utc(datetime.fromisoformat(str(slots[-1]["end"])))
        self.buying: list[float] = []
        self.selling: list[float] = []
        self.levels: list[float] = []

    async def read(self, server: FlexMeasuresServer, soc: str | None = None) -> None:
        """Ask the server itself, beside the integration."""
        hour = self.start.replace(minute=0)
        skip = (self.start - hour) // QUARTER
        async with server_session(server) as session:
            for name, values in (("price", self.buying), ("feed_in", self.selling)):
                hourly = await stored_values(
                    session, server, name, hour, self.end + HOUR, unit="EUR/kWh"
                )
                quarters = [value for value in hourly for _ in range(4)]
                wanted = quarters[skip : skip + len(self.powers)]
                values.extend(value for value in wanted if value is not None)
            if soc:
                levels = await stored_values(
                    session,
                    server,
                    soc,
                    self.start,
                    self.end + QUARTER,
                    unit="kWh",
                    resolution=QUARTER,
                    source_type="scheduler",
                )
                self.levels.extend(level for level in levels if level is not None)

    @property
    def cost(self) -> float:
        """What the plan costs, what it earns subtracted."""
        return sum(
            power / 4 * (buying if power > 0 else selling)
            for power, buying, selling in zip(
                self.powers, self.buying, self.selling, strict=True
            )
        )


async def test_a_battery(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """Against doing nothing; what is left counts at what it can be sold for."""
    battery = await add_device(
        "battery_power", schedule_duration="PT12H", automatic_scheduling=False
    )
    stored = Stored(
        await call(
            hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=4
        )
    )
    await stored.read(server, "battery_soc")
    assert len(stored.levels) == len(stored.powers) + 1

    rise = stored.levels[-1] - stored.levels[0]
    worth = fmean(stored.buying if rise < 0 else stored.selling)
    expected = rise * worth - stored.cost
    assert await planned_savings(hass, battery) == pytest.approx(expected, abs=1e-5)


async def test_a_car(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """Against charging at once, at full power, until the same energy is in."""
    car = await add_device(
        "ev_power", schedule_duration="PT12H", automatic_scheduling=False
    )
    stored = Stored(
        await call(
            hass,
            "trigger_schedule",
            device_id=car.device_id,
            soc_at_start=20,
            soc_targets=[
                {
                    "value": 40,
                    "datetime": (dt_util.utcnow() + 8 * HOUR)
                    .replace(minute=0, second=0, microsecond=0)
                    .isoformat(),
                }
            ],
        )
    )
    await stored.read(server)

    left = energy = sum(stored.powers) / 4
    at_once = 0.0
    for price in stored.buying:
        charged = min(left, MOST_OF_CAR / 4)
        at_once += charged * price
        left -= charged
    assert energy > 10
    assert await planned_savings(hass, car) == pytest.approx(
        at_once - stored.cost, abs=1e-5
    )
