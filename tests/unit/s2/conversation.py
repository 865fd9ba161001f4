"""An RM that talks with a session, at a time that stands still."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
import json
from typing import Any, override

from custom_components.flexmeasures.s2.handler import ControlTypeHandler
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.instructions.orders import ManualOrder
from custom_components.flexmeasures.s2.messages.message import (
    ControlType,
    InvalidContentError,
    Message,
)
from custom_components.flexmeasures.s2.plan import Plan, Prices, Window
from custom_components.flexmeasures.s2.session.effects import (
    Effect,
    MessageAccepted,
    MessageRefused,
    Send,
)
from custom_components.flexmeasures.s2.session.endings import EndReason
from custom_components.flexmeasures.s2.session.session import Session

from .wire import NOW, wire


class FakeHandler(ControlTypeHandler):
    """Of whatever control type: takes in some messages, but for what is unknown to it."""

    message_types = frozenset(
        {
            "FRBC.SystemDescription",
            "FRBC.ActuatorStatus",
            "PEBC.PowerConstraints",
            "PowerForecast",
        }
    )

    def __init__(self, control_type: ControlType) -> None:
        """Begin with nothing heard."""
        self.selected_as = control_type
        self.heard: list[tuple[str, datetime]] = []
        self.revoked: list[tuple[str, str]] = []

    @override
    def receive(self, message: Message, now: datetime) -> None:
        if message.body.get("actuator_id") == "unknown":
            raise InvalidContentError("actuator unknown")
        self.heard.append((message.type, now))

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if object_id == "unknown":
            raise InvalidContentError("nothing like unknown")
        self.revoked.append((object_type, object_id))

    @override
    def flex_model(
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        raise NotImplementedError

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        raise NotImplementedError

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        raise NotImplementedError

    @override
    def knows(self, instruction: Instruction) -> bool:
        raise NotImplementedError

    @override
    def describe(self, instruction: Instruction) -> str:
        raise NotImplementedError

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        raise NotImplementedError


class Conversation:
    """A session, and what its RM gets to hear from it."""

    def __init__(self, **options: Any) -> None:
        """Connect."""
        self.now = NOW
        self.session = Session(FakeHandler, NOW, **options)
        self.sent: list[Mapping[str, Any]] = []
        self.news: list[Effect] = []
        self.answer = ""
        """How what was said last was received."""
        self._ids = (f"rm-{number}" for number in count())
        self.take(self.session.connected())

    def take(self, effects: list[Effect]) -> list[Effect]:
        """Carry out the effects of a call, and give what is not a frame."""
        for effect in effects:
            if isinstance(effect, Send):
                frame = json.loads(effect.text)
                assert frame["message_type"] == effect.message_type
                key = (
                    "subject_message_id"
                    if effect.message_type == "ReceptionStatus"
                    else "message_id"
                )
                assert frame[key] == effect.message_id
                self.sent.append(frame)
        news: list[Effect] = [
            effect for effect in effects if not isinstance(effect, Send)
        ]
        self.news += news
        return news

    def wait(self, seconds: float) -> list[Effect]:
        """Let time pass, with a tick whenever one is asked for."""
        until = self.now + timedelta(seconds=seconds)
        news: list[Effect] = []
        while (
            deadline := self.session.next_deadline
        ) is not None and deadline <= until:
            self.now = deadline
            news += self.take(self.session.tick(deadline))
        self.now = until
        return news

    def say(self, message_type: str, **changes: Any) -> list[Effect]:
        """Send a message; gives the news that follow from it, but for its fate."""
        message = wire(message_type, next(self._ids), **changes)
        answered = len(self.sent)
        news = self.hear(json.dumps(message))
        if message_type == "ReceptionStatus":
            return news
        # The status comes first, whatever else follows.
        status = self.sent[answered]
        assert status["message_type"] == "ReceptionStatus"
        assert status["subject_message_id"] == message["message_id"]
        fate, *others = news
        if status["status"] == "OK":
            assert isinstance(fate, MessageAccepted)
            assert fate.message.type == message_type
        else:
            assert isinstance(fate, MessageRefused)
            assert fate.message_id == message["message_id"]
            assert fate.status == status["status"]
        self.answer = status["status"]
        return others

    def hear(self, text: str | bytes) -> list[Effect]:
        """Send a frame."""
        return self.take(self.session.receive(text, self.now))

    def acknowledge(self, status: str = "OK") -> list[Effect]:
        """Answer what was sent last by the CEM."""
        subject = next(
            frame["message_id"] for frame in self.sent[::-1] if "message_id" in frame
        )
        return self.say("ReceptionStatus", subject_message_id=subject, status=status)

    def select(self, control_type: ControlType) -> list[Effect]:
        """Let the user wish for a control type."""
        return self.take(self.session.select_control_type(control_type, self.now))

    def close(self, reason: EndReason) -> list[Effect]:
        """Let the owner end the session."""
        return self.take(self.session.close(reason, self.now))

    def introduce(self, **details: Any) -> list[Effect]:
        """Go as far as the details."""
        self.say("Handshake")
        return self.say("ResourceManagerDetails", **details)

    @property
    def last(self) -> Mapping[str, Any]:
        """The frame that was sent last."""
        return self.sent[-1]

    @property
    def sent_types(self) -> list[str]:
        """The types of all that was sent."""
        return [frame["message_type"] for frame in self.sent]


def controlled(**options: Any) -> Conversation:
    """Give a conversation in which FRBC is in force."""
    rm = Conversation(**options)
    rm.introduce()
    rm.select(ControlType.FILL_RATE)
    rm.acknowledge()
    return rm
