"""Sends instructions just in time, and follows what becomes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...s2.instructions.instruction import Instruction, same_effect, slot
from ...s2.messages.message import InstructionStatus, ReceptionStatus
from ...timer import Timer

_SAME_TIME = timedelta(seconds=1)
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)


class Progress(StrEnum):
    """How far an instruction is."""

    SENT = "sent"
    RECEIVED = "received"
    NEW = "new"
    ACCEPTED = "accepted"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    """By the status of its reception, or later."""
    ABORTED = "aborted"
    REVOKED = "revoked"
    UNANSWERED = "unanswered"

    @property
    def is_failure(self) -> bool:
        """Whether the RM does not do what it was told."""
        return self in {self.REJECTED, self.ABORTED, self.REVOKED}


@dataclass(slots=True)
class SentInstruction:
    """An instruction that the RM was given."""

    instruction: Instruction
    sent_at: datetime
    progress: Progress = Progress.SENT


class InstructedResource(Protocol):
    """An RM that can be sent instructions."""

    @callback
    def async_send(self, instruction: Instruction) -> bool:
        """Send an instruction now; whether that could be done."""

    @callback
    def async_revoke(self, instruction: Instruction) -> None:
        """Take back an instruction, if it can be."""

    @callback
    def async_refused(self, instruction: Instruction) -> None:
        """Take note that the RM does not do what it was told."""

    @callback
    def async_notify(self) -> None:
        """Call who wants to know that something is new."""


class InstructionSender:
    """Holds what an RM is to be told, and tells it when its time comes.

    What the RM does already it is not told again; what it refuses it is told again
    after a pause, which grows with each refusal.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        resource: InstructedResource,
        *,
        retry: Callable[[], None],
    ) -> None:
        """Start with nothing to send.

        `retry` is called after the pause that follows on a refusal.
        """
        self._resource = resource
        self._retry = retry
        self.lead = timedelta(0)
        """How long before its time the RM needs an instruction."""
        self.sends_ahead = False
        """Whether it is sent everything at once, for whenever that is to be."""
        self._refusals: dict[str, int] = {}
        """In a row, by what they are for."""
        self._refused: dict[str, Instruction] = {}
        """What was refused last, by what it is for, if none was sent since."""
        self._held: list[Instruction] = []
        self._given: dict[str, list[SentInstruction]] = {}
        """By what they are for: the one in force, and what was sent ahead, in order of time."""
        self._paused_until: datetime | None = None
        self._timer = Timer(hass, self._handle_timer)

    @property
    def refusals_in_a_row(self) -> int:
        """How often the RM has refused what it was told last, of any of its actuators."""
        return max(self._refusals.values(), default=0)

    def current(self, now: datetime) -> list[SentInstruction]:
        """Return what the RM was told for this moment, the same actuators in the same order."""
        return [
            max(begun, key=lambda sent: sent.instruction.execution_time)
            for _, given in sorted(self._given.items())
            if (begun := [s for s in given if s.instruction.execution_time <= now])
        ]

    @property
    def last(self) -> SentInstruction | None:
        """What was sent last."""
        given = [sent for sents in self._given.values() for sent in sents]
        return max(given, key=_sent_at, default=None)

    def next(self, now: datetime) -> Instruction | None:
        """Return what the RM is to do after what it does now."""
        ahead = [
            sent.instruction
            for given in self._given.values()
            for sent in given
            if sent.instruction.execution_time > now and not sent.progress.is_failure
        ]
        return min(
            [*ahead, *self._held],
            key=lambda instruction: instruction.execution_time,
            default=None,
        )

    @callback
    def async_hold(self, instructions: Sequence[Instruction]) -> None:
        """Hold what is to be sent from now on, instead of what was held."""
        now = dt_util.utcnow()
        by_slot: dict[str, list[Instruction]] = {}
        for instruction in instructions:
            by_slot.setdefault(slot(instruction), []).append(instruction)
        held: list[Instruction] = []
        for key in by_slot.keys() | self._given.keys():
            held += self._news(key, by_slot.get(key, []), now)
        self._held = sorted(held, key=lambda each: each.execution_time)
        self._send_due(now)
        self._resource.async_notify()

    @callback
    def async_forget_unless(self, is_known: Callable[[Instruction], bool]) -> None:
        """Forget what was for something that is not there any more."""
        known: set[str] = set()
        for given in self._given.values():
            known.update(
                slot(sent.instruction) for sent in given if is_known(sent.instruction)
            )
        known.update(key for key, last in self._refused.items() if is_known(last))
        gone = self._given.keys() - known
        self._given = {key: self._given[key] for key in self._given if key in known}
        self._refused = {
            key: last for key, last in self._refused.items() if key in known
        }
        self._refusals = {
            key: count for key, count in self._refusals.items() if key in known
        }
        if gone:
            self._resource.async_notify()

    @callback
    def async_give(self, instruction: Instruction) -> bool:
        """Send one out of turn, at once, and hold no other for the same; whether it could be sent."""
        now = dt_util.utcnow()
        self._held = [held for held in self._held if slot(held) != slot(instruction)]
        self._paused_until = None
        is_sent = self._give(instruction, now)
        self._send_due(now)
        return is_sent

    @callback
    def async_forget(self) -> None:
        """Forget everything: the RM begins anew."""
        self._timer.async_disarm()
        self._held, self._given = [], {}
        self._paused_until = None
        self._refusals.clear()
        self._refused.clear()

    @callback
    def async_answered(
        self, instruction_id: str, status: ReceptionStatus | None
    ) -> None:
        """Take note of whether the RM has received an instruction; None: it never said so."""
        if status is None:
            self._progress(instruction_id, Progress.UNANSWERED)
        elif status is ReceptionStatus.OK:
            self._progress(instruction_id, Progress.RECEIVED)
        else:
            self._progress(instruction_id, Progress.REJECTED)

    @callback
    def async_updated(self, instruction_id: str, status: InstructionStatus) -> None:
        """Take note of what the RM makes of an instruction."""
        self._progress(instruction_id, Progress(status.lower()))

    def _news(
        self, key: str, wanted: list[Instruction], now: datetime
    ) -> list[Instruction]:
        """Return what of the instructions for one actuator it was not told yet.

        Takes back what was sent ahead and is not wanted any more.
        """
        # Of those that it is too late for only the last one matters.
        passed = [each for each in wanted if each.execution_time <= now]
        wanted = [*passed[-1:], *wanted[len(passed) :]]
        kept: list[SentInstruction] = []
        doing: Instruction | None = None
        for sent in self._given.get(key, []):
            if sent.progress.is_failure:
                continue
            if sent.instruction.execution_time <= now:
                doing = sent.instruction
                kept = [sent]
            elif any(_is_same(sent.instruction, each) for each in wanted):
                kept.append(sent)
            else:
                self._resource.async_revoke(sent.instruction)
        self._given[key] = kept
        ahead = [sent.instruction for sent in kept if sent.instruction is not doing]
        news: list[Instruction] = []
        before = doing
        for instruction in wanted:
            if told := next(
                (each for each in ahead if _is_same(each, instruction)), None
            ):
                before = told
            elif before is None or not same_effect(before, instruction):
                news.append(instruction)
                before = instruction
        return news

    def _send_due(self, now: datetime) -> None:
        """Send what it is time for, and wake up for the rest."""
        self._timer.async_disarm()
        if self._paused_until and now < self._paused_until:
            self._timer.async_arm(self._paused_until)
            return
        self._paused_until = None
        while self._held and self._due_at(self._held[0], now) <= now:
            if not self._give(self._held.pop(0), now):
                break
        if self._held:
            self._timer.async_arm(self._due_at(self._held[0], now))

    def _due_at(self, instruction: Instruction, now: datetime) -> datetime:
        return now if self.sends_ahead else instruction.execution_time - self.lead

    def _give(self, instruction: Instruction, now: datetime) -> bool:
        if not self._resource.async_send(instruction):
            return False
        key = slot(instruction)
        given = self._given.setdefault(key, [])
        if key not in self._refused:
            # It did what it was told last.
            self._refusals.pop(key, None)
        self._refused.pop(key, None)
        begun = [s for s in given if s.instruction.execution_time <= now]
        ahead = [s for s in given if s.instruction.execution_time > now]
        self._given[key] = sorted(
            [*begun[-1:], *ahead, SentInstruction(instruction, now)],
            key=lambda sent: sent.instruction.execution_time,
        )
        self._resource.async_notify()
        return True

    def _progress(self, instruction_id: str, progress: Progress) -> None:
        """Note how far an instruction is; of others than the last ones nothing is kept."""
        sent = next(
            (
                sent
                for given in self._given.values()
                for sent in given
                if sent.instruction.body["id"] == instruction_id
            ),
            None,
        )
        if sent is None:
            return
        now = dt_util.utcnow()
        was_failure, sent.progress = sent.progress.is_failure, progress
        # One that was replaced since may well be aborted.
        is_replaced = sent.instruction.execution_time <= now and sent not in (
            self.current(now)
        )
        if progress.is_failure and not was_failure and not is_replaced:
            self._resource.async_refused(sent.instruction)
            self._pause(sent.instruction, now)
        self._resource.async_notify()

    def _pause(self, refused: Instruction, now: datetime) -> None:
        """Send nothing for a while after a refusal, then try again."""
        key = slot(refused)
        refusals = self._refusals.get(key, 0)
        pause = min(_FIRST_PAUSE * 2 ** min(refusals, 10), _LONGEST_PAUSE)
        self._refusals[key] = refusals + 1
        self._refused[key] = refused
        self._paused_until = now + pause
        self._timer.async_arm(self._paused_until)

    @callback
    def _handle_timer(self, now: datetime) -> None:
        if self._paused_until:
            self._paused_until = None
            self._retry()
        else:
            self._send_due(now)
            self._resource.async_notify()


def _sent_at(sent: SentInstruction) -> datetime:
    return sent.sent_at


def _is_same(one: Instruction, other: Instruction) -> bool:
    return same_effect(one, other) and (
        abs(one.execution_time - other.execution_time) <= _SAME_TIME
    )
