"""What was made is scheduled, as the integration asks for it and by the server alone."""

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.flows.home.making.devices import (
    Battery,
    Car,
    Device,
    Heat,
    Other,
    S2Device,
    Solar,
)

from .made_home import DURATION, HALF, SLOTS, MadeHome, Planned, home_of, make

HOURS = 0.25


async def home_with(api: FlexMeasuresApi, device: Device) -> MadeHome:
    return MadeHome(api, await make(api, home_of(device)))


def energy(planned: Planned, first: int = 0, end: int = SLOTS) -> float:
    """Give what is consumed in some slots, in kWh."""
    return sum(planned.power[first:end]) * HOURS


@pytest.mark.parametrize(
    ("device", "lowest", "efficiency"),
    [
        (
            Battery(key="device", name="Battery", capacity_kwh=10, power_kw=8),
            1,
            0.9**0.5,
        ),
        (
            Car(key="device", name="Car", capacity_kwh=10, power_kw=8, discharges=True),
            2,
            0.9,
        ),
        (
            Other(key="it", name="Other", capacity_kwh=10, power_kw=8, discharges=True),
            0,
            1,
        ),
    ],
    ids=["battery", "car", "other"],
)
async def test_what_discharges(
    newcomer: FlexMeasuresApi, device: Device, lowest: float, efficiency: float
) -> None:
    """It is filled while that is cheap and emptied while it pays, whatever it began with."""
    home = await home_with(newcomer, device)
    await home.prices((0.1, 0.4), (0.05, 0.35))

    for planned, level in (
        (await home.plan(soc_at_start="5 kWh"), 5),
        (await home.plan(soc_at_start="7 kWh"), 7),
        (await _alone(home, 4), 4),
    ):
        bought, sold = energy(planned, 0, HALF), -energy(planned, HALF)
        assert planned.level[0] == pytest.approx(level)
        assert bought * efficiency == pytest.approx(10 - level, abs=0.02)
        assert sold / efficiency == pytest.approx(10 - lowest, abs=0.02)
        assert all(-8.01 < power < 8.01 for power in planned.power)


async def _alone(home: MadeHome, level: float) -> Planned:
    """Have the server plan with nothing but a level that was measured."""
    await home.post("level", [level])
    return await home.plan_alone()


@pytest.mark.parametrize(
    "device",
    [
        Car(key="device", name="Car", capacity_kwh=40, power_kw=11),
        Other(key="device", name="Other", capacity_kwh=40, power_kw=11),
    ],
    ids=lambda device: device.kind,
)
async def test_what_only_charges(newcomer: FlexMeasuresApi, device: Device) -> None:
    """It is charged by its target where that is cheapest, or for being paid for it."""
    home = await home_with(newcomer, device)
    await home.prices((0.4, 0.1), (0.05, 0.05))
    by = (home.start + DURATION).isoformat()
    minima = [{"value": "20 kWh", "datetime": by}]

    for level in (15.0, 18.0):
        planned = await home.plan(soc_at_start=f"{level} kWh", soc_minima=minima)

        assert energy(planned, 0, HALF) == pytest.approx(0, abs=0.01)
        assert min(planned.power) >= 0
        assert planned.level[0] == pytest.approx(level)
        efficiency = 0.9 if isinstance(device, Car) else 1
        assert energy(planned) * efficiency == pytest.approx(20 - level, abs=0.05)

    await home.prices((0.4, -0.1), (0.05, -0.2))
    planned = await _alone(home, 38)

    assert energy(planned, 0, HALF) == pytest.approx(0, abs=0.01)
    assert energy(planned, HALF) * efficiency == pytest.approx(2, abs=0.05)


async def test_tank(newcomer: FlexMeasuresApi) -> None:
    """It is kept warm with as little dear electricity as will do."""
    tank = Heat(
        key="tank",
        name="Tank",
        capacity_kwh=8,
        power_kw=1,
        daily_use_kwh=24,
        daily_loss=0.1,
    )
    home = await home_with(newcomer, tank)
    await home.prices((0.4, 0.1), (0.05, 0.05))

    for planned, level in (
        (await home.plan(soc_at_start="1 kWh"), 1),
        (await home.plan(soc_at_start="0.5 kWh"), 0.5),
        (await _alone(home, 0.8), 0.8),
    ):
        assert all(-0.001 <= power <= 1.001 for power in planned.power)
        assert min(planned.level) >= -0.001
        assert planned.level[0] == pytest.approx(level)
        # An hour and a half at 1 kW is used in each half, with a third of it to buy.
        assert energy(planned, 0, HALF) * 3 == pytest.approx(1.5 - level, abs=0.05)
        assert energy(planned, HALF) * 3 == pytest.approx(1.5, abs=0.05)


async def test_solar_panels(newcomer: FlexMeasuresApi) -> None:
    """They produce what they can, unless that would cost money; unknown is nothing."""
    home = await home_with(newcomer, Solar(key="roof", name="Roof", peak_kw=4))
    await home.prices((0.3, 0.3), (0.1, -0.1))

    assert (await home.plan()).power == [0] * SLOTS
    for could, plan in ((2.0, home.plan), (1.5, home.plan_alone)):
        await home.post("production", [could] * SLOTS)
        planned = await plan()
        assert planned.power == pytest.approx([-could] * HALF + [0] * HALF)


async def test_s2_device(newcomer: FlexMeasuresApi) -> None:
    """What it told last decides; by itself the server plans nothing for it."""
    home = await home_with(newcomer, S2Device(key="s2", name="S2 battery"))
    await home.prices((0.1, 0.4), (0.05, 0.35))
    can = {
        "soc_min": "1 kWh",
        "soc_max": "9 kWh",
        "consumption_capacity": "8000.0 W",
        "production_capacity": "8000.0 W",
    }

    for level in (5, 6):
        planned = await home.plan(soc_at_start=f"{level} kWh", **can)

        assert energy(planned, 0, HALF) == pytest.approx(9 - level, abs=0.01)
        assert energy(planned, HALF) == pytest.approx(-8, abs=0.01)
    assert (await _alone(home, 5)).power == [0] * SLOTS
    for key, sensor in home.made.sensors.items():
        await home.post(key, [0.5] * SLOTS if sensor.resolution else [0.5])
