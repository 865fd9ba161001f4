"""The simulated devices do what devices do."""

from datetime import timedelta
from typing import Any

import pytest

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from sandbox.home_assistant.simulated_home.devices import Charger, Device, Inverter

from ..home import HOUR, MINUTE, NOW, Home
from .conftest import Simulate

SECOND = timedelta(seconds=1)
BATTERY = {"kind": "inverter", "name": "Battery", "capacity": 10, "level": 5}
CAR = {"kind": "charger", "name": "Car", "capacity": 60, "level": 20}
HEAT_PUMP = {"kind": "heat_pump", "name": "Heat", "capacity": 12, "level": 6}
BOILER = {"kind": "boiler", "name": "Boiler", "capacity": 12, "level": 6}


async def tell(home: Home, action: str, entity_id: str, **data: Any) -> None:
    """Write to an entity."""
    await home.hass.services.async_call(
        entity_id.split(".", maxsplit=1)[0],
        action,
        {"entity_id": entity_id, **data},
        blocking=True,
        context=Context(),
    )


async def set_power(home: Home, value: float) -> None:
    """Write to the inverter."""
    await tell(home, "set_value", "number.battery_inverter", value=value)


def shown(home: Home, entity_id: str) -> str:
    """What an entity says."""
    state = home.hass.states.get(entity_id)
    assert state
    return state.state


async def inverter(simulate: Simulate, **settings: Any) -> Inverter:
    """Have one."""
    devices: dict[str, Any] = await simulate({**BATTERY, **settings})
    found: Inverter = devices["Battery"]
    return found


async def test_battery(home: Home, simulate: Simulate) -> None:
    """Until it is full."""
    battery = await inverter(simulate, stored=0.9)

    await set_power(home, 2000)
    await home.go_to(NOW + HOUR)

    assert shown(home, "sensor.battery_power") == "2000.0"
    assert shown(home, "sensor.battery_energy") == "6.8"
    await home.go_to(NOW + 3 * HOUR)
    assert shown(home, "sensor.battery_power") == "0.0"
    assert battery.level == 10
    assert battery.consumed == pytest.approx(5 / 0.9, abs=0.04)


async def test_car(home: Home, simulate: Simulate) -> None:
    """Only while it is there, and not paused."""
    devices: Any = await simulate({**CAR, "current": 10})
    car: Charger = devices["Car"]

    assert car.power == 0
    await tell(home, "turn_on", "switch.car_charging")
    assert shown(home, "sensor.car_power") == "6900.0"
    await home.go_to(NOW + HOUR)
    car.async_plug(is_in=False, driven=10)
    await home.go_to(NOW + 2 * HOUR)
    assert shown(home, "binary_sensor.car_plug") == "off"
    assert car.level == pytest.approx(16.9)


async def test_heat(home: Home, simulate: Simulate) -> None:
    """By itself it keeps what is usual; it is asked for more, or to keep still."""
    devices: Any = await simulate({**HEAT_PUMP, "stored": 3.5}, BOILER)
    pump: Device = devices["Heat"]
    boiler: Device = devices["Boiler"]

    await tell(home, "turn_on", "switch.heat_contact_2")
    await home.go_to(NOW + HOUR)
    assert pump.level > 11.9
    await tell(home, "turn_off", "switch.heat_contact_2")
    await home.go_to(NOW + 9 * HOUR)
    assert 1.9 < pump.level < 3.5
    assert boiler.shown_level == pytest.approx(48, abs=2.1)
    await tell(home, "set_temperature", "water_heater.boiler", temperature=70)
    await home.go_to(NOW + 12 * HOUR)
    assert boiler.shown_level == pytest.approx(69, abs=1.1)


async def test_faults(home: Home, simulate: Simulate) -> None:
    """It is late, rounds, forgets, refuses, or does not listen at all."""
    setting = (await inverter(simulate)).setting
    faults = setting.faults

    faults.delay, faults.rounds_to = 5, 100
    await set_power(home, 1230)
    assert setting.value == 0
    await home.go_to(NOW + 5 * SECOND)
    assert shown(home, "number.battery_inverter") == "1200"
    faults.delay, faults.forgets_after = 0, 60
    await set_power(home, 2000)
    await home.go_to(NOW + 2 * MINUTE)
    assert setting.value == 1200
    faults.error = HomeAssistantError("no")
    with pytest.raises(HomeAssistantError):
        await set_power(home, 2000)
    faults.error, faults.is_deaf = None, True
    await set_power(home, 2000)
    assert setting.value == 1200
    assert [value for _, value in setting.writes] == [1230, 2000, 2000, 2000]


async def test_what_others_do(home: Home, simulate: Simulate) -> None:
    """It is moved at the device, away for a while, or has another range."""
    setting = (await inverter(simulate)).setting

    setting.async_move(500.0)
    assert shown(home, "number.battery_inverter") == "500.0"
    setting.async_be_available(is_available=False)
    assert shown(home, "number.battery_inverter") == "unavailable"
    await home.go_to(NOW + HOUR)
    assert shown(home, "sensor.battery_energy") == "5.5"
    setting.unit, setting.most = "kW", 5
    setting.async_be_available(is_available=True)
    state = home.hass.states.get("number.battery_inverter")
    assert state
    assert state.attributes["unit_of_measurement"] == "kW"
    assert state.attributes["max"] == 5
