"""Turns a device's plan into instructions, and sees to what happens when it ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, Final, Protocol

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...coordinator import ScheduleCoordinator
from ...device.setpoint import Mode, Override, followed, setpoint
from ...plan.plan import Plan
from ...s2.handler import ControlTypeHandler
from ...s2.instructions.instruction import HYSTERESIS, Instruction
from ...s2.messages.message import Message
from ...s2.operation_modes.profile import known_slots
from ...scheduling.errors import S2NotPlannableError
from ...timer import Timer
from ..computing import Computing
from .instruction_sender import InstructedResource, InstructionSender
from .manual import ManualInstruction
from .news import content

_LOGGER = logging.getLogger(__name__)

_DEFAULT_SLOT: Final = timedelta(minutes=15)

# Between two times that instructions are made, and if only a status was reported.
_APART: Final = timedelta(seconds=1)
_STATUSES_APART: Final = timedelta(seconds=5)

# Instructions are made anew before what they are made of runs out.
_ANEW_AFTER: Final = timedelta(hours=1)

# After an instruction is to be executed, for the RM to report what it does then.
_SETTLE: Final = timedelta(seconds=5)

# Types of messages times actuators: more than any device has.
_MOST_LAST: Final = 100

# After control was handed back.
_RETAKE_AFTER: Final = timedelta(minutes=15)


class ControlledResource(InstructedResource, Protocol):
    """An RM whose control can be given up and asked for again."""

    @property
    def is_automatic(self) -> bool:
        """Whether its control was taken without the user's asking for it."""

    @callback
    def async_hand_back(self) -> None:
        """Let the device do as it would without a CEM."""

    @callback
    def async_take_back(self) -> None:
        """Ask for control again."""


class PlanFollower:
    """Has the RM follow the plan of its device while it is under a control type.

    Where there is no plan the RM goes on with what it does for one slot more, then it
    is told to do nothing; if it cannot be, control is handed back for a while.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: ScheduleCoordinator,
        resource: ControlledResource,
        *,
        computing: Computing,
        is_plan_void: Callable[[], bool],
    ) -> None:
        """Wait for an RM.

        `is_plan_void` returns whether the RM has reported what makes the present
        plan one not to be followed any more.
        """
        self._coordinator = coordinator
        self._resource = resource
        self._computing = computing
        self._is_plan_void = is_plan_void
        self.sender = InstructionSender(hass, resource, retry=self.async_follow)
        self._handler: ControlTypeHandler | None = None
        self._is_handed_back = False
        self._had_setpoint = False
        self._manual: ManualInstruction | None = None
        self._idle_after: datetime | None = None
        self._followed_at: datetime | None = None
        self._followed: tuple[object, ...] = ()
        """What decides on the instructions, beside what the RM reports."""
        self._last: dict[tuple[str, str | None], Mapping[str, Any]] = {}
        """What was reported last, by type and actuator."""
        self.problem: S2NotPlannableError | None = None
        """Why the plan is not followed, though there is one."""
        self.problem_since: datetime | None = None
        self._is_following = False
        self._is_wanted = False
        self._follow_timer = Timer(hass, self._start)
        self._end_timer = Timer(hass, self._start)
        self._manual_timer = Timer(hass, self._start)
        self._retake_timer = Timer(hass, self._retake)

    @callback
    def async_begin(self, handler: ControlTypeHandler | None) -> None:
        """Go on under another control type; None: the RM is not controlled."""
        self._handler = handler
        self.sender.async_forget()
        self.sender.sends_ahead = handler is not None and handler.tells_ahead
        for timer in (self._follow_timer, self._end_timer, self._manual_timer):
            timer.async_disarm()
        self._manual = self._idle_after = None
        self._last = {}
        # Whoever begins it tells the listeners, once all is in place.
        self.problem = self.problem_since = None
        if handler is not None:
            self._is_handed_back = False
            self._retake_timer.async_disarm()
            self.async_follow()

    @callback
    def async_stop(self) -> None:
        """Do nothing more."""
        self._handler = None
        self.sender.async_forget()
        for timer in (
            self._follow_timer,
            self._end_timer,
            self._manual_timer,
            self._retake_timer,
        ):
            timer.async_disarm()

    @callback
    def async_forget_hand_back(self) -> None:
        """Ask for control no more: the user decides on it, or the RM is gone."""
        self._is_handed_back = False
        self._retake_timer.async_disarm()

    @callback
    def async_received(self, message: Message) -> None:
        """Make the instructions anew if what the handler has taken in calls for it."""
        handler = self._handler
        if handler is None or message.type not in handler.follow_on | handler.replan_on:
            return
        if self._is_as_told(message.body):
            return
        key = message.type, message.body.get("actuator_id")
        if len(self._last) > _MOST_LAST:
            self._last = {}
        told = content(message, dt_util.utcnow())
        before, self._last[key] = self._last.get(key), told
        # Statuses come all the time, whether or not there is news in them.
        if before != told:
            is_status = message.type.endswith("Status")
            self.async_follow(_STATUSES_APART if is_status else _APART)

    def _is_as_told(self, body: Mapping[str, Any]) -> bool:
        """Return whether a status says that an actuator does what it was told."""
        if (mode := body.get("active_operation_mode_id")) is None:
            return False
        for sent in self.sender.current(dt_util.utcnow()):
            told = sent.instruction.body
            if told.get("actuator_id") == body.get("actuator_id"):
                told_mode = told.get("operation_mode", told.get("operation_mode_id"))
                off = told["operation_mode_factor"] - body["operation_mode_factor"]
                return bool(told_mode == mode and abs(off) <= HYSTERESIS)
        return False

    @callback
    def async_follow_plan(self) -> None:
        """Make the instructions anew if there is anything new to follow."""
        data = self._coordinator.data
        followed_now = (
            data.power,
            data.consumption_price,
            data.production_price,
            data.fuel_prices,
            *self._wishes(),
            self._is_plan_void(),
            self._coordinator.setpoint is None,
        )
        if followed_now != self._followed:
            self._followed = followed_now
            self.async_follow()

    @callback
    def async_follow(self, apart: timedelta = _APART) -> None:
        """Make the instructions anew, so long after the last time."""
        now = dt_util.utcnow()
        has_setpoint = self._coordinator.setpoint is not None
        if self._is_handed_back and has_setpoint and not self._had_setpoint:
            self._retake_timer.async_disarm()
            self._retake(now)
        if self._handler is None:
            return
        moment = self._earliest(now, apart)
        if moment <= now:
            self._start(now)
        elif self._follow_timer.moment is None or moment < self._follow_timer.moment:
            self._follow_timer.async_arm(moment)

    @callback
    def async_give(self, instruction: Instruction) -> bool:
        """Send what the user wants; whether that could be done.

        Until its time has come the plan is followed, and again when its next slot begins.
        """
        if not self.sender.async_give(instruction):
            return False
        now = dt_util.utcnow()
        until = self.manual_until(max(instruction.execution_time, now))
        self._manual = ManualInstruction(instruction, until, self._wishes())
        self._manual_timer.async_arm(until)
        if instruction.execution_time > now:
            self._start(now)
        else:
            self._idle_after = None
        return True

    def manual_until(self, start: datetime) -> datetime:
        """Return when the plan goes on after what a user orders from a moment on."""
        return _next_slot(self._coordinator.data, start)

    def _earliest(self, now: datetime, apart: timedelta) -> datetime:
        """Return when instructions may be made next."""
        changes = [
            sent.instruction.execution_time + _SETTLE
            for sent in self.sender.current(now)
            if not sent.progress.is_failure
        ]
        if self._followed_at is not None:
            changes.append(self._followed_at + apart)
        return max(changes, default=now)

    @callback
    def _start(self, now: datetime) -> None:
        if self._is_following:
            self._is_wanted = True
            return
        self._is_following = True
        self._coordinator.lifetime.async_create_background_task(
            self._follow_all(), f"{self._coordinator.name} S2 instructions"
        )

    async def _follow_all(self) -> None:
        """Make the instructions, once more if that is wanted meanwhile."""
        try:
            while True:
                self._is_wanted = False
                await self._follow_or_idle(dt_util.utcnow())
                if not self._is_wanted:
                    return
        finally:
            self._is_following = False

    async def _follow_or_idle(self, now: datetime) -> None:
        try:
            await self._follow(now)
        except Exception:
            # A defect of ours: nobody knows what the device does of what it was told.
            if self.problem is None:
                _LOGGER.exception(
                    "Unexpected exception in following the plan of %s",
                    self._coordinator.name,
                )
            self._set_problem(S2NotPlannableError("s2_defect"))
            if self._handler is not None:
                self._idle(self._handler, (), now)

    async def _follow(self, now: datetime) -> None:
        handler = self._handler
        self._followed_at = now
        if self._manual and not self._manual.holds(now, self._wishes()):
            self._manual = None
        manual = self._manual
        if handler is None or (manual and manual.instruction.execution_time <= now):
            return
        planned = self._coordinator.data
        if is_void := handler.needs_schedule and self._is_plan_void():
            planned = replace(planned, power=None)
        plan = followed(planned, *self._wishes(), now)
        is_ordered = setpoint(None, *self._wishes(), now) is not None
        instructions, trouble = await self._computing.async_run(
            partial(
                _instructions,
                handler.snapshot(),
                _ahead(plan, now, handler.looks_ahead),
                now,
                is_ordered=is_ordered,
            )
        )
        if handler is not self._handler or manual is not self._manual:
            self._is_wanted = True
            return
        self.sender.async_forget_unless(handler.knows)
        self._set_problem(S2NotPlannableError(trouble) if trouble else None)
        handler.following(plan, now)
        if manual:
            instructions = manual.among(
                instructions, replaces_all=not handler.needs_schedule
            )
        # What is ordered may be something that the RM has not told enough for.
        is_to_follow = plan.power_at(now) is not None and (instructions or not is_void)
        if is_to_follow or not handler.needs_schedule:
            self._idle_after = None
            slots = list(known_slots(plan, now))
            if slots:
                self._end_timer.async_arm(min(slots[-1].end, now + _ANEW_AFTER))
            self.sender.async_hold(instructions)
        else:
            self._go_without(handler, instructions, now)

    def _wishes(self) -> tuple[Mode, Override | None]:
        """Return what the user wants instead of the plan."""
        memory = self._coordinator.memory
        return memory.mode, memory.override

    def _go_without(
        self, handler: ControlTypeHandler, later: Sequence[Instruction], now: datetime
    ) -> None:
        """Have the RM do nothing, once it is clear that there is no plan for now."""
        coordinator = self._coordinator
        if (
            self._resource.is_automatic
            and coordinator.data.power is None
            and coordinator.memory.mode is not Mode.OFF
            and not self.sender.current(now)
        ):
            # Nobody has asked for anything so far: it goes on as it always did.
            return
        if self._idle_after is None:
            self._idle_after = now
            # Nothing is what the user wants where it is switched off.
            if coordinator.memory.mode is not Mode.OFF:
                self._idle_after += _slot_length(coordinator.data)
        if now < self._idle_after:
            self._end_timer.async_arm(self._idle_after)
            return
        self._idle(handler, later, now)

    def _idle(
        self, handler: ControlTypeHandler, later: Sequence[Instruction], now: datetime
    ) -> None:
        """Have the RM do nothing, or as it wants for a while if it cannot be idle."""
        idle: Sequence[Instruction] | None = None
        try:
            idle = handler.idle_instructions(now)
        except Exception:
            _LOGGER.debug(
                "No way for %s to idle", self._coordinator.name, exc_info=True
            )
        if idle is not None:
            self.sender.async_hold([*idle, *later])
            return
        self._is_handed_back = True
        self._had_setpoint = self._coordinator.setpoint is not None
        self._retake_timer.async_arm(now + _RETAKE_AFTER)
        self._resource.async_hand_back()

    def _set_problem(self, problem: S2NotPlannableError | None) -> None:
        is_news = str(self.problem) != str(problem)
        self.problem = problem
        if is_news:
            self.problem_since = dt_util.utcnow() if problem else None
            self._coordinator.async_update_listeners()

    @callback
    def _retake(self, now: datetime) -> None:
        """Ask for control again: what a plan is made of, the RM only reports then."""
        if self._coordinator.memory.mode is Mode.OFF:
            self._retake_timer.async_arm(now + _RETAKE_AFTER)
        else:
            self._is_handed_back = False
            self._resource.async_take_back()


def _instructions(
    handler: ControlTypeHandler, plan: Plan, now: datetime, *, is_ordered: bool
) -> tuple[Sequence[Instruction], str | None]:
    """Return what to tell an RM, and the key of a text on what it cannot do in time."""
    follow = handler.ordered_instructions if is_ordered else handler.instructions
    return follow(plan, now), handler.trouble(now)


def _slot_length(plan: Plan) -> timedelta:
    return plan.power.resolution if plan.power else _DEFAULT_SLOT


def _next_slot(plan: Plan, moment: datetime) -> datetime:
    """Return when the slot ends that a moment is in."""
    start = plan.power.slot_start(moment) if plan.power else moment
    return start + _slot_length(plan)


def _ahead(plan: Plan, now: datetime, length: timedelta | None) -> Plan:
    """Return the part of a plan that instructions are made of; all of it without a length."""
    if plan.power is None or length is None:
        return plan
    # Up to the end of a slot, and with the next one, whatever their length.
    end = now + length + 2 * plan.power.resolution
    return replace(plan, power=plan.power.between(plan.power.slot_start(now), end))
