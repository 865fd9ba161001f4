"""Follows the setpoint of one device: decides what is written, and when."""

from datetime import datetime
import math
from typing import Any

from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HassJob,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..device.listeners import Listeners
from ..device.setpoint import Mode
from ..device.store import AccountStore
from ..plan.schedule import Action
from ..timer import Timer
from .entities import can_be_written, facts_of, shown
from .memory import Decision, FollowerMemory, Why
from .settings import FollowerSettings
from .state import FollowerState
from .targets import CannotFollowError, Write
from .writer import Writer


class Follower:
    """What follows one device."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: ScheduleCoordinator,
        settings: FollowerSettings,
        store: AccountStore,
    ) -> None:
        """Go on as it was decided before the restart."""
        self.settings = settings
        self._hass = hass
        self._coordinator = coordinator
        self._store = store
        power_sensor = coordinator.settings.power_sensor
        self.memory = store.restored(
            power_sensor,
            lambda stored: (
                FollowerMemory.from_json(stored["follower"])
                if "follower" in stored
                else FollowerMemory()
            ),
            FollowerMemory(),
        )
        if self.memory.in_control_of != settings.id:
            # Whatever else was chosen is looked at first.
            self.memory.is_in_control = False
        coordinator.lifetime.async_on_unload(
            store.async_keep(power_sensor, lambda: {"follower": self.memory.as_json()})
        )
        self._listeners: Listeners[[]] = Listeners()
        self._wanted: tuple[Write, ...] = ()
        self._setpoint: float | None = None
        self._decided_at: datetime | None = None
        self._will = self._present_will()
        self._cannot: CannotFollowError | None = None
        self._is_waiting = False
        self._is_over = False
        self._follow_timer = Timer(hass, lambda _now: self.async_follow())
        self._writer = Writer(
            hass,
            coordinator.lifetime,
            coordinator.subentry.title,
            self._listeners.async_call,
        )

    @property
    def problem(self) -> CannotFollowError | None:
        """Why it cannot be followed, if so."""
        return self._cannot or self._writer.problem

    @property
    def state(self) -> FollowerState:
        """How it goes."""
        if self.is_by_hand:
            return FollowerState.BY_HAND
        if self.problem:
            return FollowerState.FAILING
        if self._is_waiting:
            return FollowerState.WAITING
        if not self.memory.is_in_control:
            return FollowerState.DRY_RUN
        return (
            FollowerState.RESTING if self._setpoint is None else FollowerState.FOLLOWING
        )

    @property
    def is_by_hand(self) -> bool:
        """Whether what the user did is left for now."""
        until = self.memory.by_hand_until
        return (
            self.memory.is_in_control and until is not None and dt_util.utcnow() < until
        )

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call it when something is new; return how to stop."""
        return self._listeners.async_add(listener)

    # --- from set-up to unloading

    @callback
    def async_start(self) -> None:
        """Follow until the device is unloaded."""
        lifetime = self._coordinator.lifetime
        lifetime.async_on_unload(
            self._coordinator.async_add_listener(self.async_follow)
        )
        lifetime.async_on_unload(
            async_track_state_change_event(
                self._hass, self.settings.target.entity_ids, self._handle_state
            )
        )
        lifetime.async_on_unload(self._follow_timer.async_disarm)
        lifetime.async_on_unload(
            self._hass.async_add_shutdown_job(
                HassJob(self.async_stop, cancel_on_shutdown=False)
            )
        )
        self.async_follow()

    async def async_stop(self) -> None:
        """Let the device rest: nobody follows the plan until it is taken up again."""
        self._is_over = True
        self._follow_timer.async_disarm()
        if self.memory.is_in_control and not self.is_by_hand:
            await self._rest(Why.STOPPED)

    async def async_hand_over(self, *, is_in_control: bool) -> None:
        """Write from now on, or let the device rest and only say what would be written."""
        memory = self.memory
        if memory.is_in_control is is_in_control:
            return
        if not is_in_control and not self.is_by_hand:
            await self._rest(Why.HANDED_BACK)
        memory.is_in_control, memory.by_hand_until = is_in_control, None
        memory.in_control_of = self.settings.id
        self._forget_wanted()
        self._store.async_remember(at_once=True)
        self.async_follow()

    # --- deciding

    @callback
    def async_follow(self) -> None:
        """Decide what is to be written now, and write it."""
        if self._is_over:
            # What rests by now is not to be woken by a last update.
            return
        now, memory = dt_util.utcnow(), self.memory
        will, self._will = self._will, self._present_will()
        if will != self._will:
            # What the user wants of the plan is newer than what was done by hand.
            memory.by_hand_until = None
        if self.is_by_hand:
            assert memory.by_hand_until
            self._follow_timer.async_arm(memory.by_hand_until)
        else:
            if memory.by_hand_until:
                memory.by_hand_until = None
                self._forget_wanted()
            self._decide(now)
        self._listeners.async_call()

    def _decide(self, now: datetime) -> None:
        setpoint = self._steady(self._limited(self._coordinator.setpoint))
        writes = self._writes(setpoint)
        if writes is None or writes == self._wanted:
            return
        is_urgent = (
            self._decided_at is None
            or _direction(setpoint) is not _direction(self._setpoint)
            or self._why(setpoint) is not Why.PLAN
        )
        if not is_urgent:
            assert self._decided_at
            earliest = self._decided_at + self.settings.pause
            if now < earliest:
                self._follow_timer.async_arm(earliest)
                return
        self._wanted, self._setpoint, self._decided_at = writes, setpoint, now
        self._note(now, setpoint, self._why(setpoint), writes)
        if self.memory.is_in_control:
            self._writer.async_write(writes)

    def _steady(self, setpoint: float | None) -> float | None:
        """Return what was followed before, where that is nearly the same."""
        before = self._setpoint
        if (
            setpoint is None
            or before is None
            or not self._wanted
            or _direction(setpoint) is not _direction(before)
            or abs(setpoint - before) >= self.settings.deadband
        ):
            return setpoint
        return before

    def _limited(self, setpoint: float | None) -> float | None:
        """Return a setpoint that the device can have, as far as that is known."""
        if setpoint is None:
            return None
        limits = self._coordinator.power_limits
        least = -math.inf if limits.least is None else limits.least
        most = math.inf if limits.most is None else limits.most
        return min(max(setpoint, least), most)

    def _writes(self, setpoint: float | None) -> tuple[Write, ...] | None:
        """Return what a setpoint means; None where that cannot be said now."""
        target = self.settings.target
        states = {each: self._hass.states.get(each) for each in target.entity_ids}
        self._cannot = None
        self._is_waiting = not all(map(can_be_written, states.values()))
        if self._is_waiting:
            # Whatever it does once it is back, it is told anew.
            self._forget_wanted()
            return None
        try:
            return target.writes(
                setpoint,
                {each: facts_of(state) for each, state in states.items() if state},
            )
        except CannotFollowError as err:
            self._cannot = err
            # What was written before may mean something else by now.
            self._forget_wanted()
            return None

    def _why(self, setpoint: float | None) -> Why:
        memory = self._coordinator.memory
        if memory.override and memory.override.holds_at(dt_util.utcnow()):
            return Why.OVERRIDE
        match memory.mode:
            case Mode.HOLD:
                return Why.HOLD
            case Mode.OFF:
                return Why.MODE_OFF
        return Why.NO_PLAN if setpoint is None else Why.PLAN

    def _present_will(self) -> tuple[Any, ...]:
        """Return what the user has set that is not the plan's."""
        memory = self._coordinator.memory
        return memory.mode, memory.override

    def _note(
        self,
        now: datetime,
        setpoint: float | None,
        why: Why,
        writes: tuple[Write, ...] = (),
    ) -> None:
        is_dry = not self.memory.is_in_control
        texts = tuple(map(shown, writes))
        self.memory.note(Decision(now, setpoint, why, texts, is_dry))
        self._store.async_remember()

    def _forget_wanted(self) -> None:
        """Decide anew, whatever was wanted before."""
        self._wanted, self._decided_at = (), None
        self._writer.async_forget()

    async def _rest(self, why: Why) -> None:
        """Write what the target rests with."""
        writes = self._writes(None)
        if writes is None:
            return
        self._forget_wanted()
        self._note(dt_util.utcnow(), None, why, writes)
        await self._writer.async_write_last(writes)

    # --- what others do

    @callback
    def _handle_state(self, event: Event[EventStateChangedData]) -> None:
        if self._is_over:
            return
        new, old = event.data["new_state"], event.data["old_state"]
        if new is None or not can_be_written(new) or not can_be_written(old):
            # It went, or it is back.
            self.async_follow()
            return
        if self.memory.is_in_control and self._writer.is_of_another(event):
            self._respect_hand(dt_util.utcnow())

    def _respect_hand(self, now: datetime) -> None:
        """Leave what somebody else has written."""
        self.memory.by_hand_until = now + self.settings.respect
        self._note(now, self._setpoint, Why.BY_HAND)
        self._store.async_remember(at_once=True)
        self._forget_wanted()
        self.async_follow()


def _direction(setpoint: float | None) -> Action | None:
    return None if setpoint is None else Action.of(setpoint)
