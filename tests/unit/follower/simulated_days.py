"""A home of simulated devices that follow their plans for days, and what must hold all the time."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, override

from aiohttp import ClientConnectionError
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.flexmeasures.const import SUBENTRY_DEVICE
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import (
    Context,
    Event as HassEvent,
    EventStateChangedData,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
from sandbox.home_assistant.simulated_home.controls import Control, Faults
from sandbox.home_assistant.simulated_home.devices import Charger

from ..fake_server import BATTERY, BATTERY_POWER, CABIN, GARAGE
from ..home import HOUR, MINUTE, Home, Json

SECOND = timedelta(seconds=1)
RESPECT = HOUR
# Until what was written is read back, and written again if need be; with the latest of answers.
READ_BACK = 12 * SECOND
LATEST_ANSWER = 8
# The shortest time between two changes: that of direction would be seen to wait.
PAUSE = 20 * MINUTE
# Until what was refused is tried again.
RETRY = 6 * MINUTE
CAR_TARGET = 50.0


class Life(ABC):
    """One device, with what follows it, and what it has to do."""

    kind: str
    name: str
    sensor: int
    asset: int
    capacity = 60.0
    level = 30.0
    most: float
    """Of its power, in kW."""
    follower: Json

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self.device: Any
        self.excused_until: datetime | None = None
        """Until when it is known not to do what is planned."""
        self.hand: tuple[datetime, float | bool] | None = None
        """Until when the user's hand is to be left, and what was set."""
        self.setpoints: list[float | None] = []
        """Those since it was looked at last."""
        self.passed: list[tuple[datetime, float | None]] = []
        """Those of before, and until when."""
        self.changed_at = self.turned_at = datetime.min.replace(tzinfo=dt_util.UTC)
        self.seen: dict[str, int] = {}
        """How many of its writes were looked at."""
        self.planned_kwh = self.done_kwh = 0.0
        """Where nothing was wrong: by the setpoint, and by what was measured."""
        self.counted: tuple[datetime, float] | None = None
        """Until when that is, and what the device had measured by then."""

    @property
    def settings(self) -> Json:
        """What ``configuration.yaml`` says of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "capacity": self.capacity,
            "level": self.level,
        }

    @property
    def subentry(self) -> ConfigSubentryDataWithId:
        """What the account has of it."""
        return ConfigSubentryDataWithId(
            data={
                "power_sensor": self.sensor,
                "soc_unit": "kWh",
                "schedule_duration": 4 * 3600,
                "update_interval": 3600,
                "update_interval_charging": 3600,
                "automatic_scheduling": True,
                "soc_entity": f"sensor.{self.name.lower()}_energy"
                if self.kind != "boiler"
                else "sensor.boiler_kwh",
                "follower": {
                    "id": "1",
                    "deadband": 0.1,
                    "pause": PAUSE.total_seconds(),
                    "respect": RESPECT.total_seconds(),
                    **self.follower,
                },
            },
            subentry_id=str(self.sensor),
            subentry_type=SUBENTRY_DEVICE,
            title=self.name,
            unique_id=str(self.sensor),
        )

    @property
    def controls(self) -> list[Control[Any]]:
        """What it is told by."""
        return list(self.device.controls.values())

    @property
    @abstractmethod
    def main(self) -> Any:
        """That which is moved by hand."""

    @abstractmethod
    def plan(self, hour: float, level: float) -> float:
        """Return what is planned for a local hour at a level, in kW."""

    def limited(self, setpoint: float) -> float:
        """Return the power (kW) that it can have of a setpoint."""
        return min(setpoint, self.most)

    @abstractmethod
    def is_resting(self) -> bool:
        """Whether it does what it rests with."""

    @abstractmethod
    def does(self, setpoint: float) -> bool:
        """Whether it does what a setpoint asks for."""

    def is_opposite(self, _setpoint: float) -> bool:
        """Whether it does what has another direction."""
        return False

    @abstractmethod
    def may_be_told(self, control: Any, value: Any, setpoint: float | None) -> bool:
        """Whether a write is one that a setpoint asks for, within all limits."""

    @abstractmethod
    def by_hand(self, dice: Random) -> float | bool:
        """Return what somebody may set."""

    @abstractmethod
    def hand_call(self, value: Any) -> tuple[str, str, Json]:
        """Return the action that sets it."""


class BatteryLife(Life):
    """A power, in W or kW, within a range that may become narrower."""

    kind, name, sensor, asset = "inverter", "Battery", BATTERY_POWER, BATTERY
    capacity, level, most = 10.0, 5.0, 5.0
    follower: Json = {  # noqa: RUF012
        "kind": "power",
        "entity": "number.battery_inverter",
        "invert": False,
        "rest": 0.0,
    }

    @property
    @override
    def main(self) -> Any:
        return self.device.setting

    @property
    def factor(self) -> float:
        """How many of its units are a kW."""
        return 1.0 if self.device.setting.unit == "kW" else 1000.0

    @override
    def plan(self, hour: float, level: float) -> float:
        if hour < 5 or 12 <= hour < 15:
            return 2.5 if level < 9.5 else 0.0
        return -2.0 if 17 <= hour < 22 and level > 1.5 else 0.0

    @override
    def is_resting(self) -> bool:
        return not self.device.power

    @override
    def limited(self, setpoint: float) -> float:
        setting, most = self.device.setting, self.most
        low, high = setting.least / self.factor, setting.most / self.factor
        return float(min(max(setpoint, low, -most), high, most))

    @override
    def does(self, setpoint: float) -> bool:
        told = self.device.setting.value / self.factor
        return bool(abs(told - self.limited(setpoint)) <= 0.16)

    @override
    def is_opposite(self, _setpoint: float) -> bool:
        told, setpoint = self.device.setting.value, _setpoint
        return told * setpoint < 0 or (setpoint == 0 and told != 0)

    @override
    def may_be_told(self, control: Any, value: Any, setpoint: float | None) -> bool:
        if setpoint is None:
            return bool(value == 0)
        power = value / self.factor
        return bool(
            self.device.setting.least <= value <= self.device.setting.most
            and abs(power) <= self.most
            and power * setpoint >= 0
            and abs(power) <= abs(setpoint) + 0.1
        )

    @override
    def by_hand(self, dice: Random) -> float | bool:
        return dice.randint(-10, 10) * 100 * self.factor / 1000

    @override
    @override
    def hand_call(self, value: Any) -> tuple[str, str, Json]:
        return "number", "set_value", {**_of("number.battery_inverter"), "value": value}


class CarLife(Life):
    """A current, and a switch that pauses it."""

    kind, name, sensor, asset = "charger", "Car", 51, GARAGE
    most = 11.04
    follower: Json = {  # noqa: RUF012
        "kind": "current",
        "entity": "number.car_current",
        "second_entity": "switch.car_charging",
        "phases": "3",
        "voltage": 230,
        "least": 6,
        "rest": 0.0,
    }

    @property
    @override
    def main(self) -> Any:
        return self.device.switch

    @override
    def limited(self, setpoint: float) -> float:
        # Whole amperes, of which it takes no more than was planned.
        return int(min(setpoint, self.most) / 0.69 + 0.1) * 0.69

    @override
    def plan(self, hour: float, level: float) -> float:
        return 7.0 if (hour >= 22 or hour < 6.75) and level < CAR_TARGET else 0.0

    @override
    def is_resting(self) -> bool:
        return not self.device.switch.value

    def _current(self, setpoint: float) -> float:
        return min(max(setpoint, -self.most), self.most) / 0.69

    @override
    def does(self, setpoint: float) -> bool:
        current = min(self._current(setpoint), self.device.current.most)
        if not self.device.switch.value:
            return bool(current < max(6, self.device.current.least) + 0.2)
        return bool(abs(self.device.current.value - current) <= 1.2)

    @override
    def is_opposite(self, _setpoint: float) -> bool:
        return self.device.switch.value and _setpoint <= 0

    @override
    def may_be_told(self, control: Any, value: Any, setpoint: float | None) -> bool:
        if control is self.device.switch:
            return not value or (setpoint is not None and setpoint > 4)
        return (
            setpoint is not None
            and control is self.device.current
            and self.device.current.least <= value <= self.device.current.most
            and value <= self._current(setpoint) + 0.2
        )

    @override
    def by_hand(self, dice: Random) -> float | bool:
        return not self.device.switch.value

    @override
    @override
    def hand_call(self, value: Any) -> tuple[str, str, Json]:
        return "switch", "turn_on" if value else "turn_off", _of("switch.car_charging")


class HeatLife(Life):
    """Two contacts."""

    kind, name, sensor, asset = "heat_pump", "Heat", 52, CABIN
    capacity, level, most = 12.0, 6.0, 3.0
    follower: Json = {  # noqa: RUF012
        "kind": "sg_ready",
        "entity": "switch.heat_contact_1",
        "second_entity": "switch.heat_contact_2",
        "threshold": 0.1,
    }

    @property
    @override
    def main(self) -> Any:
        return self.device.boost

    @override
    def plan(self, hour: float, level: float) -> float:
        return 2.6 if hour % 4 < 1.5 and level < 11 else 0.0

    @override
    def is_resting(self) -> bool:
        return not self.device.boost.value and not self.device.lock.value

    @override
    def does(self, setpoint: float) -> bool:
        return self.device.boost.value is (setpoint > 0.1) and not (
            self.device.lock.value
        )

    @override
    def may_be_told(self, control: Any, value: Any, setpoint: float | None) -> bool:
        return not value or (
            control is self.device.boost and setpoint is not None and setpoint > 0
        )

    @override
    def by_hand(self, dice: Random) -> float | bool:
        return not self.device.boost.value

    @override
    @override
    def hand_call(self, value: Any) -> tuple[str, str, Json]:
        entity = _of("switch.heat_contact_2")
        return "switch", "turn_on" if value else "turn_off", entity


class BoilerLife(Life):
    """A temperature."""

    kind, name, sensor, asset = "boiler", "Boiler", 53, 70
    capacity, level, most = 12.0, 6.0, 2.0
    follower: Json = {  # noqa: RUF012
        "kind": "temperature",
        "entity": "water_heater.boiler",
        "low": 45.0,
        "high": 65.0,
        "rest": 50.0,
        "threshold": 0.1,
    }

    @property
    @override
    def main(self) -> Any:
        return self.device.thermostat

    @override
    def plan(self, hour: float, level: float) -> float:
        return 2.0 if 2 <= hour < 5 or 13 <= hour < 15 else 0.0

    @override
    def is_resting(self) -> bool:
        return bool(self.device.thermostat.value == 50)

    @override
    def does(self, setpoint: float) -> bool:
        wanted = 65 if setpoint > 0.1 else 45
        return bool(self.device.thermostat.value == wanted)

    @override
    def may_be_told(self, control: Any, value: Any, setpoint: float | None) -> bool:
        if setpoint is None:
            return bool(value == 50)
        return bool(value == (65 if setpoint > 0.1 else 45))

    @override
    def by_hand(self, dice: Random) -> float | bool:
        return dice.choice([42.0, 55.0, 60.0])

    @override
    @override
    def hand_call(self, value: Any) -> tuple[str, str, Json]:
        data = {**_of("water_heater.boiler"), "temperature": value}
        return "water_heater", "set_temperature", data


def _of(entity_id: str) -> Json:
    return {"entity_id": entity_id}


_LISTENS_BADLY: dict[str, Callable[[], Faults]] = {
    "refuse": lambda: Faults(error=HomeAssistantError("no")),
    "raise": lambda: Faults(error=RuntimeError("modbus")),
    "deaf": lambda: Faults(is_deaf=True),
    "forget": lambda: Faults(forgets_after=30),
}
# With these it does what is planned all the same.
_WITHIN_LIMITS = ("late", "round", "narrow", "kilowatt")


def _power(state: State | None) -> float | None:
    if state is None or state.state in ("unknown", "unavailable"):
        return None
    return float(state.state)


@dataclass
class Event:
    """Something that happens at a moment."""

    at: datetime
    do: Callable[[], Any]


@dataclass
class Figures:
    """What came of it."""

    days: float = 0.0
    happened: Counter[str] = field(default_factory=Counter)
    writes: dict[str, list[int]] = field(default_factory=dict)
    """Of each device, by day."""
    nights: list[float] = field(default_factory=list)
    """How full the car was in the morning, in kWh."""
    energies: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Of each device, in kWh: planned and done where nothing was wrong."""


class SimulatedDays:
    """Lets days pass, and things happen that the dice know in advance."""

    def __init__(self, home: Home, storage: Json, dice: Random) -> None:
        """Have nothing yet; call `begin`."""
        self.home, self.hass, self.dice = home, home.hass, dice
        self.lives: list[Life] = [BatteryLife(), CarLife(), HeatLife(), BoilerLife()]
        self.figures = Figures()
        self._storage = storage
        self._events: list[Event] = []
        self._is_up = True
        self._up_at = dt_util.utcnow()
        self._ids: dict[int, str] = {}
        self._counted = Counter[str]()

    # --- its course

    async def begin(self, devices: dict[str, Any]) -> None:
        """Set the account up, and hand control over."""
        server = self.home.server
        server.assets[70] = {**deepcopy(server.assets[CABIN]), "id": 70}
        server.planner = self._plan
        for life in self.lives:
            life.device = devices[life.name]
            if life.sensor != BATTERY_POWER:
                server.add_sensor(
                    life.sensor,
                    f"{life.name} power",
                    "kW",
                    "PT15M",
                    life.asset,
                    consumption_is_positive=True,
                )
            server.set_flex_model(life.asset, power_capacity=f"{life.most} kW")
            life.device.on_power = None
        self._show_boiler()
        await self.home.set_up(*(life.subentry for life in self.lives))
        registry = er.async_get(self.hass)
        for life in self.lives:
            switch, setpoint = (
                registry.async_get_entity_id(
                    platform, "flexmeasures", f"{life.sensor}_{key}"
                )
                for platform, key in (("switch", "hand_over"), ("sensor", "setpoint"))
            )
            assert switch
            assert setpoint
            self._ids[life.sensor] = setpoint
            async_track_state_change_event(
                self.hass, setpoint, self._setpoint_handler(life)
            )
            await self.hass.services.async_call(
                "switch", "turn_on", {"entity_id": switch}, blocking=True
            )
        await self.home.settle()
        self._up_at = dt_util.utcnow()

    def _setpoint_handler(
        self, life: Life
    ) -> Callable[[HassEvent[EventStateChangedData]], None]:
        @callback
        def note(event: HassEvent[EventStateChangedData]) -> None:
            life.setpoints.append(_power(event.data["new_state"]))
            before = dt_util.utcnow(), _power(event.data["old_state"])
            life.passed = [*life.passed[-9:], before]

        return note

    async def live(self, time: timedelta) -> None:
        """Let time pass, from one thing that is due to the next."""
        start = dt_util.utcnow()
        self._foresee(start, start + time)
        midnight = start + timedelta(days=1)
        while (now := dt_util.utcnow()) < start + time:
            moment = min(
                now + max(self._next_timer(), SECOND),
                self._events[0].at if self._events else start + time,
                start + time,
            )
            await self.home.go_to(max(moment, now))
            # By the range that they were written in.
            for life in self.lives:
                self._check_writes(life)
            await self._happen()
            self._check()
            if dt_util.utcnow() >= midnight:
                midnight += timedelta(days=1)
                self._count_writes()
        self.figures.days += time / timedelta(days=1)
        for life in self.lives:
            self.figures.energies[life.name] = life.planned_kwh, life.done_kwh

    def _next_timer(self) -> timedelta:
        """Return when Home Assistant has something to do next."""
        loop: Any = self.hass.loop
        due = min(
            (each.when() for each in loop._scheduled if not each.cancelled()),
            default=loop.time() + 60,
        )
        return timedelta(seconds=due - loop.time())

    async def _happen(self) -> None:
        while self._events and self._events[0].at <= dt_util.utcnow():
            done = self._events.pop(0).do()
            if done is not None:
                await done
            await self.home.settle()

    def _at(self, moment: datetime, do: Callable[[], Any]) -> None:
        self._events.append(Event(moment, do))
        self._events.sort(key=lambda event: event.at)

    # --- what the server plans

    def _plan(self, model: Json, start: datetime, slots: int) -> list[float | None]:
        life = next(each for each in self.lives if each.sensor == model["sensor"])
        level = float(model.get("soc-at-start", "5 kWh").split()[0])
        planned: list[float | None] = []
        for slot in range(slots):
            local = dt_util.as_local(start + slot * 15 * MINUTE)
            power = life.plan(local.hour + local.minute / 60, level)
            if power:
                # Never quite the same: often by less than is written for.
                power += self.dice.choice([0, 0.04, -0.04, 0.3])
            level += power / 4
            planned.append(round(power, 3))
        return planned

    def _show_boiler(self) -> None:
        self.hass.states.async_set(
            "sensor.boiler_kwh", "6", {"unit_of_measurement": "kWh"}
        )

    # --- what happens

    def _foresee(self, start: datetime, end: datetime) -> None:
        """Let everything be decided in advance."""
        moment = start + HOUR
        while moment < end - HOUR:
            self._at(moment, self._something())
            moment += (
                self.dice.choice([40, 70, 110]) * MINUTE
                + self.dice.randint(0, 900) * SECOND
            )
        day = dt_util.as_local(start).replace(hour=7, minute=0, second=0)
        for number in range(1 + (end - start) // timedelta(days=1)):
            morning = dt_util.as_utc(day + timedelta(days=number))
            if start < morning < end:
                self._at(morning, self._drive)
                self._at(morning + 10 * HOUR, self._come_home)

    def _something(self) -> Callable[[], Any]:
        life = self.dice.choice(self.lives)
        return self.dice.choice(
            [
                lambda: self._break(life),
                lambda: self._break(life),
                lambda: self._break(life),
                lambda: self._move(life),
                lambda: self._set_mode(life),
                self._outage,
                self._restart,
                self._kill,
            ]
        )

    def _break(self, life: Life) -> None:
        """Let something be wrong with a device for a while."""
        now = dt_util.utcnow()
        if self._is_excused(life, now) or life.hand:
            return
        lasts = self.dice.choice([3, 20, 50]) * MINUTE
        control: Any = self.dice.choice(life.controls)
        kinds = [*_LISTENS_BADLY, "late", "away", "gone"]
        if life.kind == "inverter":
            kinds += ["round", "narrow", "kilowatt", "percent"]
        kind = self.dice.choice(kinds)
        self.figures.happened[kind] += 1
        if kind in _LISTENS_BADLY:
            control.faults = _LISTENS_BADLY[kind]()
        else:
            self._change(life, control, kind)
        if kind not in _WITHIN_LIMITS:
            life.excused_until = now + lasts + RETRY
        self._at(now + lasts, lambda: self._mend(life, control, kind))

    def _change(self, life: Life, control: Any, kind: str) -> None:
        """Let a control be another one than it was."""
        match kind:
            case "late":
                control.faults.delay = self.dice.randint(2, LATEST_ANSWER)
            case "round":
                control.faults.rounds_to = 100
            case "away":
                control.async_be_available(is_available=False)
            case "gone":
                self.hass.states.async_remove(life.follower["entity"])
            case "narrow":
                control.least, control.most = -1500, 1000
                control.async_show()
            case "kilowatt":
                self._scale(control, "kW", 0.001)
            case "percent":
                control.unit = "%"
                control.async_show()
        life.changed_at = dt_util.utcnow()

    def _scale(self, control: Any, unit: str, factor: float) -> None:
        control.unit = unit
        for key in ("least", "most", "step", "value"):
            setattr(control, key, round(getattr(control, key) * factor, 6))
        control.async_show()

    def _mend(self, life: Life, control: Any, kind: str) -> None:
        control.faults = Faults()
        match kind:
            case "narrow":
                control.least, control.most = -5000, 5000
            case "kilowatt":
                self._scale(control, "W", 1000)
            case "percent":
                control.unit = "W"
        life.changed_at = dt_util.utcnow()
        control.async_be_available(is_available=True)
        for each in life.controls:
            each.async_show()

    async def _move(self, life: Life) -> None:
        """Let somebody set something, in Home Assistant or at the device."""
        now = dt_util.utcnow()
        told_at = max(
            [moment for each in life.controls for moment, _ in each.writes[-1:]],
            default=self._up_at,
        )
        is_steady = now - max(told_at, self._up_at) > MINUTE
        if not self._is_up or self._is_excused(life, now) or not is_steady or life.hand:
            return
        value, before = life.by_hand(self.dice), life.main.value
        is_panel = self.dice.random() < 0.5
        if value == before or life.main.faults != Faults():
            return
        # What the plan has next may be just that.
        if is_panel:
            life.main.async_move(value)
        else:
            domain, action, data = life.hand_call(value)
            user = MockUser(is_owner=True).add_to_hass(self.hass).id
            await self.hass.services.async_call(
                domain, action, data, blocking=True, context=Context(user_id=user)
            )
            life.main.writes.pop()
        self.figures.happened["panel" if is_panel else "user"] += 1
        life.hand = now + RESPECT, value

    async def _set_mode(self, life: Life) -> None:
        """Let the user hold it or switch it off for a while."""
        if not self._is_up:
            return
        mode = self.dice.choice(["hold", "off"])
        self.figures.happened[mode] += 1
        await self._choose(life, mode)
        self._at(
            dt_util.utcnow() + 45 * MINUTE, lambda: self._choose(life, "automatic")
        )

    async def _choose(self, life: Life, mode: str) -> None:
        if not self._is_up:
            self._at(dt_util.utcnow() + MINUTE, lambda: self._choose(life, mode))
            return
        entity_id = er.async_get(self.hass).async_get_entity_id(
            "select", "flexmeasures", f"{life.sensor}_mode"
        )
        state = self.hass.states.get(entity_id or "")
        if state is None or state.state in (mode, "unavailable"):
            return
        if life.hand:
            life.hand, life.changed_at = None, dt_util.utcnow()
        await self.hass.services.async_call(
            "select",
            "select_option",
            {"entity_id": entity_id, "option": mode},
            blocking=True,
        )

    def _outage(self) -> None:
        """Let the server be away, often for longer than the plan lasts."""
        self.figures.happened["outage"] += 1
        self.home.server.recover()
        self.home.server.fail(ClientConnectionError("away"))
        lasts = self.dice.choice([20 * MINUTE, 2 * HOUR, 6 * HOUR])
        self._at(dt_util.utcnow() + lasts, self.home.server.recover)

    async def _restart(self) -> None:
        """Let the integration be reloaded, as with Home Assistant, which is away for a minute."""
        if not self._is_up:
            return
        self.figures.happened["restart"] += 1
        await self.hass.config_entries.async_unload(self.home.entry.entry_id)
        await self.home.settle()
        now, self._is_up = dt_util.utcnow(), False
        for life in self.lives:
            is_late = any(each.faults.delay for each in life.controls)
            if not life.hand and not self._is_excused(life, now) and not is_late:
                assert life.is_resting(), life.name
        self._at(now + MINUTE, self._start)

    async def _kill(self) -> None:
        """Let the power of Home Assistant fail: nothing is written any more, nowhere."""
        if not self._is_up:
            return
        self.figures.happened["kill"] += 1
        stored = deepcopy(self._storage)
        controls = [each for life in self.lives for each in life.controls]
        faults = [each.faults for each in controls]
        counts = [len(each.writes) for each in controls]
        for each in controls:
            each.faults = Faults(is_deaf=True)
        await self.hass.config_entries.async_unload(self.home.entry.entry_id)
        await self.home.settle()
        for each, fault, count in zip(controls, faults, counts, strict=True):
            each.faults = fault
            del each.writes[count:]
        self._storage.clear()
        self._storage.update(stored)
        self._is_up = False
        after = self.dice.choice([MINUTE, 20 * MINUTE, 5 * HOUR])
        self._at(dt_util.utcnow() + after, self._start)

    async def _start(self) -> None:
        self.home.server.tokens.clear()
        assert await self.home.start() is ConfigEntryState.LOADED
        self._is_up, self._up_at = True, dt_util.utcnow()

    def _drive(self) -> None:
        """Let the car leave, as full as it has become."""
        car = next(life for life in self.lives if life.kind == "charger")
        self.figures.nights.append(car.device.level)
        charger: Charger = car.device
        charger.async_plug(is_in=False, driven=20)

    def _come_home(self) -> None:
        car = next(life for life in self.lives if life.kind == "charger")
        car.device.async_plug(is_in=True)

    # --- what must hold

    def _is_excused(self, life: Life, now: datetime) -> bool:
        return life.excused_until is not None and now < life.excused_until

    def _setpoint(self, life: Life) -> float | None:
        return _power(self.hass.states.get(self._ids[life.sensor]))

    def _check(self) -> None:
        now = dt_util.utcnow()
        for life in self.lives:
            if self._is_up:
                self._check_device(life, now)
            elif life.hand and now >= life.hand[0]:
                life.hand = None

    def _check_device(self, life: Life, now: datetime) -> None:
        setpoint = self._setpoint(life)
        self._count_energy(life, now)
        before = life.setpoints[0] if life.setpoints else None
        if {*life.setpoints} != {setpoint}:
            life.changed_at = now
            is_turned = None in (setpoint, before) or setpoint * before <= 0  # type: ignore[operator]
            life.turned_at = now if is_turned else life.turned_at
        self._check_writes(life)
        life.setpoints = [setpoint]
        if life.hand:
            until, value = life.hand
            if now < until:
                assert life.main.value == value, (life.name, now, "hand")
                return
            life.hand, life.changed_at, life.turned_at = None, now, now
        if self._is_excused(life, now):
            return
        late = max(each.faults.delay for each in life.controls) * SECOND
        since, turned = (
            now - max(moment, self._up_at, life.excused_until or moment)
            for moment in (life.changed_at, life.turned_at)
        )
        where = life.name, dt_util.as_local(now).isoformat(), setpoint
        told = [each.value for each in life.controls]
        if setpoint is None:
            if turned > READ_BACK + 2 * late:
                assert life.is_resting(), (*where, told)
        else:
            if turned > SECOND + late:
                assert not life.is_opposite(setpoint), (*where, told)
            if since > PAUSE + READ_BACK + 2 * late:
                assert life.does(setpoint), (*where, told)

    def _count_energy(self, life: Life, now: datetime) -> None:
        life.device.async_go_on()
        measured = life.device.consumed - life.device.produced
        before, life.counted = life.counted, (now, measured)
        if before is None or life.hand or self._is_excused(life, now):
            return
        since, was_measured = before
        is_full = life.device.power != life.device.wanted
        if (
            not is_full
            and life.setpoints
            and since >= max(self._up_at, life.excused_until or since)
        ):
            power = life.limited(life.setpoints[0] or 0.0)
            life.planned_kwh += abs(power) * ((now - since) / HOUR)
            life.done_kwh += abs(measured - was_measured)

    def _check_writes(self, life: Life) -> None:
        for key, control in life.device.controls.items():
            new = control.writes[life.seen.get(key, 0) :]
            life.seen[key] = len(control.writes)
            for moment, value in new:
                self._counted[life.name] += 1
                asked = [*life.setpoints, self._setpoint(life), None]
                # What waits for its time leaves what was before, in the same direction.
                asked += [
                    power
                    for until, power in life.passed
                    if power
                    and moment - until <= PAUSE
                    and any(each and each * power > 0 for each in asked)
                ]
                assert any(life.may_be_told(control, value, each) for each in asked), (
                    life.name,
                    moment,
                    value,
                    asked,
                )

    def _count_writes(self) -> None:
        for life in self.lives:
            self.figures.writes.setdefault(life.name, []).append(
                self._counted[life.name]
            )
        self._counted.clear()
