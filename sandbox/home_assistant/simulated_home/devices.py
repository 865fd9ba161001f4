"""The simulated devices: what power they have by what they are told, and what that does to what they store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import math
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .controls import Control, HeatControl, NumberControl, SwitchControl

_HOUR: Final = timedelta(hours=1)
# A step of what is stored: what is full is full half a minute too late.
_STEP: Final = timedelta(minutes=1)
# Of a measured power that is never quite steady.
_WOBBLE: Final = 0.015


class Device(ABC):
    """One that stores energy."""

    level_unit = "kWh"

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        name: str,
        capacity: float,
        level: float,
        stored: float = 1.0,
        taken: float = 1.0,
        wobbles: bool = False,
    ) -> None:
        """Begin with a level (kWh), of which `stored` comes with each kWh, and `taken` goes."""
        self.name = name
        self.capacity = capacity
        self.level = level
        self.consumed = self.produced = 0.0
        """In kWh, since the beginning."""
        self.on_power: Callable[[datetime, float], None] | None = None
        """Is called with the power that it has from a moment on, in kW."""
        self.sensors: list[Callable[[], None]] = []
        """Are called when there is something new to be shown."""
        self._hass = hass
        self._stored, self._taken = stored, taken
        self._wobbles = wobbles
        self._at = dt_util.utcnow()
        self.controls: Mapping[str, Control[float] | Control[bool]] = self._controls()
        for control in self.controls.values():
            control.before_change = self._go_to_now
            control.on_change.append(self.async_go_on)

    @abstractmethod
    def _controls(self) -> Mapping[str, Control[float] | Control[bool]]:
        """Return what it is told by."""

    @property
    @abstractmethod
    def wanted(self) -> float:
        """The power (kW, consumption positive) that it is to have."""

    @property
    def power(self) -> float:
        """The power that it has: none if it is full, or empty."""
        wanted = self.wanted
        if (wanted > 0 and self.level >= self.capacity) or (
            wanted < 0 and self.level <= 0
        ):
            return 0.0
        return wanted

    @property
    def measured(self) -> float:
        """The power that it says it has, in W."""
        wobble = _WOBBLE * math.sin(self._at.timestamp()) if self._wobbles else 0.0
        return round(1000 * self.power * (1 + wobble)) + 0.0

    @property
    def shown_level(self) -> float:
        """How full it is, in `level_unit`."""
        return round(self.level, 4)

    @callback
    def async_go_on(self) -> None:
        """Let the time pass until now, and show it."""
        self._go_to_now()
        for show in self.sensors:
            show()

    def _go_to_now(self) -> None:
        now = dt_util.utcnow()
        while self._at < now:
            step = min(_STEP, now - self._at)
            self._pass(step)
            self._at += step
        # A clock may be set back.
        self._at = now
        if self.on_power:
            self.on_power(now, self.power)

    def _pass(self, step: timedelta) -> None:
        hours, power = step / _HOUR, self.power
        if self.on_power:
            self.on_power(self._at, power)
        self.consumed += max(power, 0.0) * hours
        self.produced += max(-power, 0.0) * hours
        change = power * (self._stored if power > 0 else self._taken)
        level = self.level + (change - self._usage(self._at)) * hours
        self.level = min(max(level, 0.0), self.capacity)

    def _usage(self, moment: datetime) -> float:
        """Return what is taken out of it, in kW."""
        return 0.0


class Inverter(Device):
    """A battery that is told a power in W, positive to charge."""

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        power: float = 0.0,
        most: float = 5000.0,
        **settings: object,
    ) -> None:
        """Have a power at first, and one that is the most, both in W."""
        self._first, self._most = power, most
        super().__init__(hass, **settings)  # type: ignore[arg-type]

    @override
    def _controls(self) -> Mapping[str, Control[float] | Control[bool]]:
        self.setting = NumberControl(
            self._hass,
            f"{self.name} inverter",
            self._first,
            unit="W",
            least=-self._most,
            most=self._most,
            step=10,
        )
        return {"inverter": self.setting}

    @property
    @override
    def wanted(self) -> float:
        return min(max(self.setting.value, -self._most), self._most) / 1000


class Charger(Device):
    """A charger that is told a current (A), and paused by a switch, with a car that comes and goes."""

    PHASES: Final = 3
    VOLTAGE: Final = 230
    LEAST: Final = 6
    """What a car takes, in A."""

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        current: float = 16.0,
        is_on: bool = False,
        is_plugged_in: bool = True,
        **settings: object,
    ) -> None:
        """Have a current at first."""
        self._first, self._is_on_first = current, is_on
        self.is_plugged_in = is_plugged_in
        super().__init__(hass, **settings)  # type: ignore[arg-type]

    @override
    def _controls(self) -> Mapping[str, Control[float] | Control[bool]]:
        self.current = NumberControl(
            self._hass,
            f"{self.name} current",
            self._first,
            unit="A",
            least=self.LEAST,
            most=16,
        )
        self.switch = SwitchControl(
            self._hass, f"{self.name} charging", self._is_on_first
        )
        return {"current": self.current, "charging": self.switch}

    @property
    @override
    def wanted(self) -> float:
        if not self.is_plugged_in or not self.switch.value:
            return 0.0
        current = self.current.value
        return (
            0.0 if current < self.LEAST else current * self.PHASES * self.VOLTAGE / 1000
        )

    @callback
    def async_plug(self, *, is_in: bool, driven: float = 0.0) -> None:
        """Let the car come or go; it has used some kWh meanwhile."""
        self._go_to_now()
        self.is_plugged_in = is_in
        self.level = max(self.level - driven, 0.0)
        self.async_go_on()


class HeatPump(Device):
    """One that heats a buffer as it sees fit, unless its two contacts (SG Ready) say otherwise."""

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        power: float = 3.0,
        normal: float = 3.0,
        is_boosted: bool = False,
        **settings: object,
    ) -> None:
        """Have a compressor's power (kW), and what it keeps in the buffer (kWh) by itself."""
        self.compressor, self.normal = power, normal
        self._is_boosted_first = is_boosted
        self._heats = False
        super().__init__(hass, **settings)  # type: ignore[arg-type]

    @override
    def _controls(self) -> Mapping[str, Control[float] | Control[bool]]:
        self.lock = SwitchControl(self._hass, f"{self.name} contact 1", value=False)
        self.boost = SwitchControl(
            self._hass, f"{self.name} contact 2", self._is_boosted_first
        )
        return {"contact_1": self.lock, "contact_2": self.boost}

    @property
    def is_boosted(self) -> bool:
        """Whether it is asked to use more."""
        return self.boost.value

    @property
    @override
    def wanted(self) -> float:
        if self.boost.value:
            return self.compressor
        if self.lock.value:
            return 0.0
        return self.compressor if self._heats else 0.0

    @override
    def _pass(self, step: timedelta) -> None:
        if self.level < self.normal - 1:
            self._heats = True
        elif self.level > self.normal:
            self._heats = False
        super()._pass(step)

    @override
    def _usage(self, moment: datetime) -> float:
        """Return what the house takes at an hour; it is colder at night."""
        local = dt_util.as_local(moment)
        hour = local.hour + local.minute / 60
        return 2.2 + 0.8 * math.cos(hour / 24 * 2 * math.pi)


class Boiler(Device):
    """Hot water, with a thermostat that is told a temperature."""

    level_unit = "°C"
    _COLD: Final = 15.0
    _HYSTERESIS: Final = 2.0

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        power: float = 2.0,
        temperature: float = 50.0,
        **settings: object,
    ) -> None:
        """Have a heater's power (kW), and a temperature at first; its capacity is at 85 °C."""
        self.heater, self._first = power, temperature
        self._heats = False
        super().__init__(hass, **settings)  # type: ignore[arg-type]

    @override
    def _controls(self) -> Mapping[str, Control[float] | Control[bool]]:
        self.thermostat = HeatControl(
            self._hass, self.name, self._first, unit="°C", least=40, most=75, step=0.5
        )
        return {"thermostat": self.thermostat}

    @property
    def temperature(self) -> float:
        """Of the water, in °C."""
        return self._COLD + 70 * self.level / self.capacity

    @property
    @override
    def shown_level(self) -> float:
        return round(self.temperature, 1)

    @property
    @override
    def wanted(self) -> float:
        below = self.thermostat.value - self.temperature
        self._heats = below > (0 if self._heats else self._HYSTERESIS)
        return self.heater if self._heats else 0.0

    @override
    def _usage(self, moment: datetime) -> float:
        """Return what is drawn, and lost: most in the morning and in the evening."""
        return 1.5 if dt_util.as_local(moment).hour in (7, 19, 20) else 0.08


KINDS: Final[Mapping[str, type[Device]]] = {
    "inverter": Inverter,
    "charger": Charger,
    "heat_pump": HeatPump,
    "boiler": Boiler,
}
"""The devices, by what ``configuration.yaml`` calls them."""
