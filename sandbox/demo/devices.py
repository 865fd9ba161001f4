"""The demo's devices: what they are on the server, and a simulation of them in Home Assistant."""

from dataclasses import dataclass
import json
from typing import Any

from ..s2.devices import PowerRange, Storage


@dataclass(frozen=True)
class DemoDevice:
    """A device of the sandbox's home that stores energy."""

    name: str
    power_sensor: str
    """Its name in the sandbox's home."""
    icon: str


@dataclass(frozen=True)
class FollowingDevice(DemoDevice):
    """One that an automation in Home Assistant has follow its setpoint."""

    stored: float
    """In kWh, when the demo starts."""
    capacity: float
    """In kWh."""
    gain: float = 1
    """What is stored of a kWh that is consumed."""
    usage: float = 0
    """What is taken out of it all the time, in kW."""

    @property
    def soc_entity(self) -> str:
        """The entity in Home Assistant that holds the stored energy, in kWh."""
        return f"input_number.{self._key}_energy"

    @property
    def _key(self) -> str:
        return self.name.lower().replace(" ", "_")

    def helper(self) -> dict[str, dict[str, Any]]:
        """Return the configuration of that entity."""
        return {
            f"{self._key}_energy": {
                "name": f"{self.name} energy",
                "icon": self.icon,
                "initial": self.stored,
                "min": 0,
                "max": self.capacity,
                "step": 0.001,
                "mode": "box",
                "unit_of_measurement": "kWh",
            }
        }

    def step(self) -> dict[str, Any]:
        """Return the action that lets a minute pass in which the device follows its setpoint."""
        power = f"states('sensor.{self._key}_setpoint') | float(0) * {self.gain}"
        stored = f"states('{self.soc_entity}') | float + ({power} - {self.usage}) / 60"
        within = f"[0, [{self.capacity}, {stored}] | min] | max"
        return {
            "action": "input_number.set_value",
            "target": {"entity_id": self.soc_entity},
            "data": {"value": f"{{{{ ({within}) | round(3) }}}}"},
        }


@dataclass(frozen=True)
class S2Device(DemoDevice):
    """One that is told what to do by S2, and tells how it is."""


BATTERY = FollowingDevice(
    "Home battery", "battery_power", "mdi:home-battery", stored=4, capacity=10
)
CAR = FollowingDevice(
    "EV charger", "ev_power", "mdi:ev-station", stored=21, capacity=60, gain=0.95
)
HEAT_PUMP = FollowingDevice(
    "Heat pump", "hp_power", "mdi:heat-pump", stored=6, capacity=12, gain=3.5, usage=2.2
)
S2_BATTERY = S2Device("S2 battery", "s2_battery_power", "mdi:battery-sync")
DEVICES: dict[str, DemoDevice] = {
    device.name: device for device in (BATTERY, CAR, HEAT_PUMP, S2_BATTERY)
}


def s2_battery() -> Storage:
    """Return what is behind that one: its own program, not Home Assistant, lets its time pass."""
    return Storage(
        S2_BATTERY.name,
        capacity=8,
        level=45,
        charging=PowerRange(200, 3700),
        discharging=PowerRange(200, 3700),
    )


def simulation() -> str:
    """Return what goes into configuration.yaml (of which JSON is a part)."""
    devices = [
        device for device in DEVICES.values() if isinstance(device, FollowingDevice)
    ]
    helpers = {
        key: helper for device in devices for key, helper in device.helper().items()
    }
    minute = {
        "id": "simulation",
        "alias": "Let a minute pass for the simulated devices",
        "triggers": [{"trigger": "time_pattern", "minutes": "/1"}],
        "actions": [device.step() for device in devices],
    }
    return f"input_number: {json.dumps(helpers)}\nautomation: {json.dumps([minute])}\n"
