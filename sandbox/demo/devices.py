"""The demo's devices: what they are on the server, and a simulation of them in Home Assistant."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, override

from ..flexmeasures.past import HABITS, Habit
from ..s2.devices import PowerRange, Storage

# How often the simulated devices do a step, and tell how they are.
STEP_SECONDS = 10
_STEPS_OF_HOUR = 3600 // STEP_SECONDS
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
    """One that is simulated in Home Assistant, and follows its setpoint."""

    icon: str
    usage: str = "0"
    """What is taken out of it all the time, in kW: a template's expression."""

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

    def sensors(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Yield the template sensors that let it do a step."""
        habit = self.habit
        # Before there is a plan it goes on with what it has done so far.
        power = f"states('sensor.{_slug(self.name)}_setpoint') | float({habit.planned(now)})"
        stored = f"states('{self.level_entity}') | float({habit.measured_level(now)})"
        yield {
            "name": self.power_name,
            "unique_id": f"{self.key}_power",
            "icon": self.icon,
            **POWER,
            "state": f"{{% set kw, kwh = {power}, {stored} %}}"
            f"{{% set is_over = kwh <= 0 if kw < 0 else kwh >= {habit.capacity} %}}"
            "{{ 0 if is_over else (kw * (985 + range(31) | random)) | round | int }}",
        }
        change = f"kw * ({habit.stored} if kw > 0 else {habit.taken}) - ({self.usage})"
        yield {
            "name": self.level_name,
            "unique_id": f"{self.key}_energy",
            "icon": self.icon,
            **_ENERGY,
            "state": f"{{% set kw = states('{self.power_entity}') | float(0) / 1000 %}}"
            f"{{% set kwh = {stored} + ({change}) / {_STEPS_OF_HOUR} %}}"
            f"{{{{ [0, [{habit.capacity}, kwh] | min] | max | round(4) }}}}",
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


BATTERY = FollowingDevice("Home battery", "battery", "mdi:home-battery")
CAR = FollowingDevice("EV charger", "ev", "mdi:ev-station")
HEAT_PUMP = FollowingDevice(
    "Heat pump",
    "hp",
    "mdi:heat-pump",
    usage="2.2 + 0.8 * cos((now().hour + now().minute / 60) * pi / 12)",
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
