"""The demo's devices: what they are on the server, and a simulation of them in Home Assistant."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, override

from ..flexmeasures.past import HABITS, Habit
from ..s2.devices import PowerRange, Storage

# How often the home tells how it is; the devices do so as often.
STEP_SECONDS = 10
# Of three phases.
_KW_PER_AMPERE = 0.69
POWER = {
    "device_class": "power",
    "state_class": "measurement",
    "unit_of_measurement": "W",
}
_ENERGY = {
    "device_class": "energy_storage",
    "state_class": "measurement",
    "unit_of_measurement": "kWh",
}


@dataclass(frozen=True)
class DemoDevice(ABC):
    """A device of the sandbox's home that stores energy."""

    name: str
    key: str
    """Of its habits, and of its sensors, in the sandbox's home."""

    @property
    def power_sensor(self) -> str:
        """The name in the sandbox's home of its FlexMeasures sensor of power."""
        return f"{self.key}_power"

    @property
    def habit(self) -> Habit:
        """What it has done before the demo."""
        return HABITS[self.key]

    @property
    @abstractmethod
    def power_name(self) -> str:
        """The name of the entity in Home Assistant that measures its power, in W."""

    @property
    @abstractmethod
    def level_name(self) -> str:
        """The name of the entity in Home Assistant that says how full it is."""

    @property
    @abstractmethod
    def level_attributes(self) -> Mapping[str, str]:
        """The attributes of that entity."""

    @property
    def level_factor(self) -> float:
        """What that entity shows of a kWh."""
        return 1

    @property
    def power_entity(self) -> str:
        """The entity that measures its power."""
        return f"sensor.{_slug(self.power_name)}"

    @property
    def level_entity(self) -> str:
        """The entity that says how full it is."""
        return f"sensor.{_slug(self.level_name)}"


@dataclass(frozen=True)
class FollowingDevice(DemoDevice):
    """One of the simulated home in Home Assistant, which does what it is told there."""

    simulated: str
    """Its kind in the simulated home."""
    kind: str
    """Of what follows it."""
    follower: Mapping[str, Any] = field(hash=False)
    """What its form is filled in with."""
    first: Callable[[float], Mapping[str, Any]]
    """How it is told at first what it has done so far, by the power (kW)."""
    told: Callable[[float], float | None]
    """The power (kW) that it has by a setpoint; None if it decides for itself."""

    @property
    @override
    def power_name(self) -> str:
        return f"{self.name} power"

    @property
    @override
    def level_name(self) -> str:
        return f"{self.name} energy"

    @property
    @override
    def level_attributes(self) -> Mapping[str, str]:
        return _ENERGY

    def configuration(self, now: datetime) -> dict[str, Any]:
        """Return what the simulated home has of it, so that it goes on with what it has done."""
        habit = self.habit
        return {
            "kind": self.simulated,
            "name": self.name,
            "capacity": habit.capacity,
            "level": round(habit.measured_level(now), 4),
            "stored": habit.stored,
            "taken": habit.taken,
            "wobbles": True,
            **self.first(habit.planned(now)),
        }


@dataclass(frozen=True)
class S2Device(DemoDevice):
    """One that is told what to do by S2, and tells how it is to the integration, whose entities these are."""

    @property
    @override
    def power_name(self) -> str:
        return f"{self.name} Measured power"

    @property
    @override
    def level_name(self) -> str:
        return f"{self.name} Fill level"

    @property
    @override
    def level_attributes(self) -> Mapping[str, str]:
        return {"state_class": "measurement"}

    @property
    @override
    def level_factor(self) -> float:
        """It is full at 100."""
        return 100 / self.habit.capacity


def _charged(setpoint: float) -> float:
    """Return what a car gets: whole amperes, and none below what it takes."""
    amperes = int(setpoint / _KW_PER_AMPERE + 0.1)
    return min(amperes, 16) * _KW_PER_AMPERE if amperes >= 6 else 0.0


BATTERY = FollowingDevice(
    "Home battery",
    "battery",
    "inverter",
    "power",
    {"entity": "number.home_battery_inverter", "rest": 0},
    first=lambda power: {"power": 1000 * power},
    told=lambda setpoint: setpoint,
)
CAR = FollowingDevice(
    "EV charger",
    "ev",
    "charger",
    "current",
    {
        "entity": "number.ev_charger_current",
        "second_entity": "switch.ev_charger_charging",
    },
    first=lambda power: {
        "current": min(max(power // _KW_PER_AMPERE, 6), 16),
        "is_on": power > 0,
    },
    told=_charged,
)
HEAT_PUMP = FollowingDevice(
    "Heat pump",
    "hp",
    "heat_pump",
    "sg_ready",
    {
        "entity": "switch.heat_pump_contact_1",
        "second_entity": "switch.heat_pump_contact_2",
    },
    first=lambda power: {"is_boosted": power > 0, "normal": 1.0},
    told=lambda setpoint: 3.0 if setpoint > 0.1 else None,
)
S2_BATTERY = S2Device("S2 battery", "s2_battery")
DEVICES: dict[str, DemoDevice] = {
    device.name: device for device in (BATTERY, CAR, HEAT_PUMP, S2_BATTERY)
}


def s2_battery() -> Storage:
    """Return what is behind that one: its own program, not Home Assistant, lets its time pass."""
    habit = S2_BATTERY.habit
    return Storage(
        S2_BATTERY.name,
        capacity=habit.capacity,
        level=S2_BATTERY.level_factor * habit.measured_level(datetime.now(UTC)),
        charging=PowerRange(200, 3700),
        discharging=PowerRange(200, 3700),
    )


def _slug(name: str) -> str:
    """Return what Home Assistant makes of a name."""
    return name.lower().replace(" ", "_")
