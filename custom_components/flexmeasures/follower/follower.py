"""Follows the setpoint of one device: decides what is written, and when."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

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
from ..device.store import AccountStore
from ..timer import Timer
from .decided import Decided
from .entities import TargetEntities, can_be_written, facts_of
from .hand_back import HandBack
from .memory import RESTING, Decision, FollowerMemory, Why
from .settings import FollowerSettings
from .state import FollowerState
from .targets import CannotFollowError, EntityFacts, Write
from .wish import Wish
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
        self.memory = FollowerMemory.restored(store, power_sensor, settings.id)
        coordinator.lifetime.async_on_unload(
            store.async_keep(power_sensor, lambda: {"follower": self.memory.as_json()})
        )
        self._listeners: Listeners[[]] = Listeners()
        self._decided = Decided()
        self._wish = Wish(coordinator, settings.deadband)
        self._cannot: CannotFollowError | None = None
        self._is_waiting = False
        self._is_over = False
        self._follow_timer = Timer(hass, lambda _now: self.async_follow())
        self._writer = Writer(
            hass,
            coordinator.lifetime,
            coordinator.subentry.title,
            self._handle_checked,
        )
        self._rests_meanwhile = False
        """Whether those that are there rest, while others are not."""
        self._entities = TargetEntities(hass, settings.target)
        self._hand_back = HandBack(self._entities, self._writer, self.memory, store)

    @property
    def problem(self) -> CannotFollowError | None:
        """Why it cannot be followed, if so."""
        return self._cannot or self._writer.problem

    @property
    def beyond_range(self) -> float | None:
        """The power (kW) of the plan that is furthest beyond what the entities take, if one is."""
        facts = self._entities.facts()
        if not self._entities.are_all(facts):
            return None
        return self._wish.beyond(self.settings.target.span(facts))

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
            FollowerState.RESTING
            if self._decided.setpoint is None
            else FollowerState.FOLLOWING
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
            self._coordinator.setpoints.async_add(self.async_follow)
        )
        # Limits may be others, with a plan that is the same.
        lifetime.async_on_unload(
            self._coordinator.readings.async_add(lambda _is_of_job: self.async_follow())
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
        memory, self._is_over = self.memory, True
        self._follow_timer.async_disarm()
        if not memory.owes_rest and (not memory.is_in_control or self.is_by_hand):
            return
        facts = self._entities.facts()
        if writes := self._entities.resting(facts):
            self._note(dt_util.utcnow(), None, Why.STOPPED, writes)
            is_written = await self._writer.async_write_last(writes)
            memory.owes_rest &= not is_written or not self._entities.are_all(facts)

    async def async_hand_over(self, *, is_in_control: bool) -> None:
        """Write from now on, or let the device rest and only say what would be written."""
        memory = self.memory
        if memory.is_in_control is is_in_control:
            return
        memory.owes_rest = not is_in_control and not self.is_by_hand
        self._forget_wanted()
        memory.is_in_control, memory.by_hand_until = is_in_control, None
        memory.in_control_of = self.settings.id
        self._store.async_remember(at_once=True)
        self._hand_back.async_begin_again()
        if memory.owes_rest:
            writes = self._entities.resting(self._entities.facts())
            self._note(dt_util.utcnow(), None, Why.HANDED_BACK, writes)
            if writing := self._hand_back.async_go_on():
                await asyncio.wait([writing])
        self.async_follow()

    # --- deciding

    @callback
    def async_follow(self) -> None:
        """Decide what is to be written now, and write it."""
        if self._is_over:
            # What rests by now is not to be woken by a last update.
            return
        now, memory = dt_util.utcnow(), self.memory
        if self._wish.take_news():
            # That is newer than what was done by hand.
            memory.by_hand_until = None
        memory.end_hand_by(now + self.settings.respect)
        if self.is_by_hand:
            assert memory.by_hand_until
            self._follow_timer.async_arm(memory.by_hand_until)
        else:
            if memory.by_hand_until:
                memory.by_hand_until = None
                self._forget_wanted()
            self._decide(now)
        self._hand_back.async_go_on()
        self._listeners.async_call()

    def _decide(self, now: datetime) -> None:
        decided = self._decided
        setpoint = self._wish.setpoint(decided.setpoint if decided.writes else None)
        facts = self._entities.facts()
        self._is_waiting = not self._entities.are_all(facts)
        self._cannot = None
        if self._is_waiting:
            self._wait(now, setpoint, facts)
            return
        self._rests_meanwhile = False
        try:
            writes = self.settings.target.writes(setpoint, facts)
        except CannotFollowError as err:
            self._cannot = err
            # What was written before may mean something else by now.
            self._forget_wanted()
            return
        if writes == decided.writes:
            return
        pause = self.settings.pause
        if until := decided.holds_until(now, pause, setpoint, self._wish, facts):
            self._follow_timer.async_arm(until)
            return
        self._want(now, setpoint, writes)

    def _wait(
        self, now: datetime, setpoint: float | None, facts: Mapping[str, EntityFacts]
    ) -> None:
        """Let those that are there rest once what was wanted is over.

        Whatever they do once all are back, they are told anew.
        """
        self._rests_meanwhile |= self._decided.is_turned_by(setpoint)
        writes = self._entities.resting(facts) if self._rests_meanwhile else ()
        if writes == self._decided.writes:
            return
        self._forget_wanted()
        if writes:
            self._want(now, None, writes)

    def _want(
        self, now: datetime, setpoint: float | None, writes: tuple[Write, ...]
    ) -> None:
        why = self._wish.why(setpoint)
        self._decided = Decided(writes, setpoint, why, now)
        self._note(now, setpoint, why, writes)
        if self.memory.is_in_control:
            self._writer.async_write(writes)

    def _note(
        self,
        now: datetime,
        setpoint: float | None,
        why: Why,
        writes: tuple[Write, ...] = (),
    ) -> None:
        is_dry = not self.memory.is_in_control and why not in RESTING
        self.memory.note(Decision(now, setpoint, why, writes, is_dry))
        self._store.async_remember()

    def _forget_wanted(self) -> None:
        """Decide anew, whatever was wanted before."""
        self._decided = self._decided.forgotten()
        if self.memory.is_in_control:
            self._writer.async_forget()

    @callback
    def _handle_checked(self) -> None:
        self._hand_back.async_end_if_settled()
        self._listeners.async_call()

    # --- what others do

    @callback
    def _handle_state(self, event: Event[EventStateChangedData]) -> None:
        if self._is_over:
            return
        new, old = event.data["new_state"], event.data["old_state"]
        if not new or not old or not can_be_written(new) or not can_be_written(old):
            # It went, or it is back.
            self._hand_back.async_begin_again()
            self.async_follow()
            return
        facts, before = facts_of(new), facts_of(old)
        if facts != before:
            if facts.unit != before.unit:
                # What was written means something else.
                self._forget_wanted()
            self.async_follow()
        elif self._writer.async_is_hand(new, event.context):
            if self.memory.is_in_control:
                self._respect_hand(dt_util.utcnow())
            else:
                self._hand_back.async_leave()

    def _respect_hand(self, now: datetime) -> None:
        """Leave what somebody else has written."""
        self.memory.by_hand_until = now + self.settings.respect
        self._note(now, self._decided.setpoint, Why.BY_HAND)
        self._store.async_remember(at_once=True)
        self._forget_wanted()
        self.async_follow()
