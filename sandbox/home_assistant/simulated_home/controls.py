"""What a simulated device can be told, and how well it listens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util


@dataclass
class Faults:
    """What is wrong with a control."""

    delay: float = 0.0
    """How many seconds later it does what it is told."""
    error: Exception | None = None
    """Is raised instead."""
    is_deaf: bool = False
    """It takes what it is told, and does nothing."""
    forgets_after: float | None = None
    """After so many seconds it does again what it did before."""
    rounds_to: float | None = None
    """It does the nearest multiple only."""


class Control[Value]:
    """One value of a device, which is written by Home Assistant or at the device."""

    def __init__(self, hass: HomeAssistant, name: str, value: Value) -> None:
        """Have a value, and no faults."""
        self.name = name
        self.value = value
        self.is_available = True
        self.faults = Faults()
        self.writes: list[tuple[datetime, Value]] = []
        """What Home Assistant has told it, whatever came of that."""
        self.before_change: CALLBACK_TYPE = lambda: None
        self.on_change: list[CALLBACK_TYPE] = []
        self._hass = hass
        self._forget: CALLBACK_TYPE | None = None

    async def async_tell(self, value: Value) -> None:
        """Take what Home Assistant says."""
        self.writes.append((dt_util.utcnow(), value))
        if self.faults.error:
            raise self.faults.error
        if self.faults.is_deaf:
            return
        if self.faults.delay:
            self._later(self.faults.delay, lambda: self._obey(value))
        else:
            self._obey(value)

    @callback
    def async_move(self, value: Value) -> None:
        """Have another value, as at the device's own buttons."""
        self.before_change()
        self.value = value
        self.async_show()

    @callback
    def async_be_available(self, *, is_available: bool) -> None:
        """Be reachable for Home Assistant, or not; the device goes on."""
        self.is_available = is_available
        self.async_show()

    @callback
    def async_show(self) -> None:
        """Let those see it who look at it."""
        for call in self.on_change:
            call()

    def _obey(self, value: Value) -> None:
        if self._forget:
            self._forget()
            self._forget = None
        before = self.value
        self.async_move(self.rounded(value))
        if self.faults.forgets_after is not None and self.value != before:
            self._forget = self._later(
                self.faults.forgets_after, lambda: self.async_move(before)
            )

    def rounded(self, value: Value) -> Value:
        """Return what it makes of a value."""
        return value

    def _later(self, seconds: float, action: Callable[[], None]) -> CALLBACK_TYPE:
        @callback
        def do(_now: datetime) -> None:
            action()

        return async_call_later(
            self._hass, seconds, HassJob(do, cancel_on_shutdown=True)
        )


class NumberControl(Control[float]):
    """A number, with the range that it takes."""

    def __init__(
        self,
        hass: HomeAssistant,
        name: str,
        value: float,
        *,
        unit: str,
        least: float,
        most: float,
        step: float = 1.0,
    ) -> None:
        """Have a range."""
        super().__init__(hass, name, value)
        self.unit, self.least, self.most, self.step = unit, least, most, step

    @override
    def rounded(self, value: float) -> float:
        step = self.faults.rounds_to
        return value if step is None else round(value / step) * step


class SwitchControl(Control[bool]):
    """On or off."""


class HeatControl(NumberControl):
    """The temperature of a water heater."""
