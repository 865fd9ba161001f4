"""Whatever an RM sends, and in whatever order."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import reduce
import json
import math
from operator import getitem
import re
from typing import Any

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.codec import (
    MalformedMessageError,
    decode,
    encode,
)
from custom_components.flexmeasures.s2.messages.message import (
    ControlType,
    Message,
    ReceptionStatus,
)
from custom_components.flexmeasures.s2.session.effects import (
    Close,
    Effect,
    Ended,
    MessageAccepted,
    MessageRefused,
    Send,
)
from custom_components.flexmeasures.s2.session.endings import EndReason
from custom_components.flexmeasures.s2.session.session import (
    NotOfferedError,
    NotReadyError,
    Session,
)

from ..conversation import Conversation, FakeHandler
from ..wire import NOW, TYPES, wire

NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([10**400, -1, 0, 1, 1e308, 5e-324, math.nan, math.inf, 2**63])
)
SCALARS = (
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(max_size=300)
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    | st.sampled_from(["some-id", "\ud800", "-" * 65, *ControlType, *TYPES])
)
VALUES = st.recursive(
    SCALARS,
    lambda children: (
        st.lists(children, max_size=5)
        | st.dictionaries(st.text(max_size=20), children, max_size=5)
    ),
    max_leaves=10,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the paths to all values in a message."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = [*value.items()]
    elif isinstance(value, list):
        items = [*enumerate(value)]
    return [
        found
        for key, child in items
        for found in ((*path, key), *places(child, (*path, key)))
    ]


def at(message: Any, path: Sequence[Any]) -> Any:
    """Give what is at a place in a message."""
    return reduce(getitem, path, message)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Change a few things in a message that was right."""
    message = wire(draw(st.sampled_from(TYPES)))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(places(message) or [("more",)]))
        container = at(message, path)
        match draw(st.sampled_from(["replace", "remove", "repeat", "add"])):
            case "remove" if isinstance(container, dict):
                container.pop(last, None)
            case "repeat" if isinstance(container, list):
                container *= draw(st.sampled_from([2, 30, 700]))
            case "add" if isinstance(container, dict):
                container[draw(st.text(max_size=5))] = draw(VALUES)
            case _:
                container[last] = draw(VALUES)
    return message


@st.composite
def miscalculated(draw: st.DrawFn) -> dict[str, Any]:
    """Change the numbers in a message that was right."""
    message = wire(draw(st.sampled_from(TYPES)))
    for *path, last in places(message):
        container = at(message, path)
        if type(container[last]) in {int, float} and draw(st.booleans()):
            container[last] = draw(NUMBERS)
    return message


texts = st.one_of(
    st.text(),
    st.binary(),
    VALUES.map(json.dumps),
    mutated().map(json.dumps),
    miscalculated().map(json.dumps),
    st.sampled_from(TYPES).map(wire).map(json.dumps),
)


def assert_sound(value: Any) -> None:
    """No value is one that cannot be reckoned with."""
    if isinstance(value, Mapping):
        for child in value.values():
            assert_sound(child)
    elif isinstance(value, list):
        for child in value:
            assert_sound(child)
    elif isinstance(value, float):
        assert abs(value) <= 1e15
    elif isinstance(value, timedelta):
        assert timedelta(0) <= value <= timedelta(days=366)
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0)
    elif isinstance(value, str):
        assert len(value) <= 256
        assert value.isprintable()
    else:
        assert isinstance(value, bool)


def read(text: str | bytes) -> Message | MalformedMessageError:
    """Decode a text; nothing else than this can come of it."""
    try:
        return decode(text)
    except MalformedMessageError as err:
        return err


def assert_sound_or_refused(text: str | bytes) -> None:
    """Decode a text, and look at what has come of it."""
    result = read(text)
    if isinstance(result, Message):
        assert_sound(result.body)
        assert decode(encode(result)) == result
        return
    assert result.status in {
        ReceptionStatus.INVALID_DATA,
        ReceptionStatus.INVALID_MESSAGE,
        ReceptionStatus.INVALID_CONTENT,
    }
    subject = result.subject_message_id
    assert subject is None or re.fullmatch(r"[A-Za-z0-9\-_:]{2,64}", subject)
    assert re.fullmatch(r"[A-Za-z0-9_.\[\] ]{1,100}", result.diagnostic)


@given(texts)
@settings(max_examples=300)
def test_a_text_is_a_sound_message_or_is_refused(text: str | bytes) -> None:
    assert_sound_or_refused(text)


@given(mutated() | miscalculated())
@settings(max_examples=500)
def test_a_message_that_is_nearly_right(message: dict[str, Any]) -> None:
    assert_sound_or_refused(json.dumps(message))


goes_on = precondition(lambda self: not self.is_over)


class AnyConversation(RuleBasedStateMachine):
    """A session whose RM and whose owner do what they like, when they like."""

    def __init__(self) -> None:
        """Connect."""
        super().__init__()
        self.now = NOW
        self.connect()

    def connect(self) -> None:
        """Begin a session."""
        self.session = Session(FakeHandler, self.now)
        self.own_ids: list[str] = []
        self.is_over = False
        self.take(self.session.connected())

    def take(self, effects: list[Effect]) -> None:
        """Look at what every call may lead to."""
        assert not (self.is_over and effects)
        for effect in effects:
            if isinstance(effect, Send):
                decode(effect.text)
                if effect.message_type != "ReceptionStatus":
                    self.own_ids.append(effect.message_id)
        self.is_over = any(isinstance(effect, Ended) for effect in effects) or (
            self.is_over
        )
        closings = [effect for effect in effects if isinstance(effect, Close)]
        endings = [effect for effect in effects if isinstance(effect, Ended)]
        assert len(closings) == len(endings) <= 1
        assert self.session.is_over == self.is_over
        if endings:
            assert effects[-1] == endings[0]

    def hear(self, text: str | bytes) -> None:
        """Let the session hear something, and look at its answers."""
        was_over = self.is_over
        effects = self.session.receive(text, self.now)
        self.take(effects)
        statuses = [
            effect
            for effect in effects
            if isinstance(effect, Send) and effect.message_type == "ReceptionStatus"
        ]
        fates = [
            effect
            for effect in effects
            if isinstance(effect, (MessageAccepted, MessageRefused))
        ]
        wants_answer = (
            not was_over and Ended(EndReason.TOO_MANY_MESSAGES) not in effects
        )
        result = read(text)
        subject = (
            result.id if isinstance(result, Message) else result.subject_message_id
        )
        if not subject or not wants_answer:
            assert not statuses
            assert not fates
        else:
            assert effects[:2] == [*statuses, *fates]
            assert statuses[0].message_id == subject

    @rule(is_introduced=st.booleans())
    @precondition(lambda self: self.is_over)
    def reconnect(self, *, is_introduced: bool) -> None:
        """Leave a session that is really over, and begin another."""
        self.say("PowerMeasurement")
        self.take(self.session.tick(self.now))
        self.take(self.session.close(EndReason.REMOVED, self.now))
        self.take(self.session.disconnected())
        self.select(ControlType.NO_SELECTION)
        self.connect()
        if is_introduced:
            self.introduce()

    @initialize()
    def introduce(self) -> None:
        """Go straight on to the control type."""
        self.now = NOW
        self.say("Handshake")
        self.say("ResourceManagerDetails")
        self.select(ControlType.FILL_RATE)
        self.acknowledge(-1, "OK")

    @rule(text=texts)
    @goes_on
    def rm_sends_anything(self, text: str | bytes) -> None:
        """Hear any text."""
        self.hear(text)

    @rule(message_type=st.sampled_from(TYPES))
    @goes_on
    def say(self, message_type: str) -> None:
        """Hear a message that is right, be it in its place or not."""
        self.hear(json.dumps(wire(message_type)))

    @rule(
        control_types=st.lists(st.sampled_from([*ControlType]), max_size=7),
        resource_id=st.sampled_from(["victron-rm-1"] * 9 + ["other-thing"]),
    )
    @goes_on
    def rm_tells_its_details(
        self, control_types: list[ControlType], resource_id: str
    ) -> None:
        """Hear details."""
        self.hear(
            json.dumps(
                wire(
                    "ResourceManagerDetails",
                    available_control_types=control_types,
                    resource_id=resource_id,
                )
            )
        )

    @rule(
        which=st.integers(-3, -1),
        status=st.sampled_from([*ReceptionStatus] + [ReceptionStatus.OK] * 20),
    )
    @goes_on
    def acknowledge(self, which: int, status: str) -> None:
        """Hear the answer to one of the last things said."""
        subject = self.own_ids[max(which, -len(self.own_ids))]
        self.hear(
            json.dumps(
                wire("ReceptionStatus", subject_message_id=subject, status=status)
            )
        )

    @rule(count=st.sampled_from([10, 150]))
    @goes_on
    def rm_floods(self, count: int) -> None:
        """Hear the same over and over."""
        for _ in range(count):
            self.say("PowerMeasurement")

    @rule(seconds=st.sampled_from([-60, 0, 0.5, 1, 2, 5, 10, 31]))
    @goes_on
    def time_passes(self, seconds: float) -> None:
        """Tick, wherever the clock may stand."""
        self.now += timedelta(seconds=seconds)
        self.take(self.session.tick(self.now))

    @rule(control_type=st.sampled_from(ControlType))
    @goes_on
    def select(self, control_type: ControlType) -> None:
        """Wish for a control type."""
        self.attempt(lambda: self.session.select_control_type(control_type, self.now))

    @rule(
        message_type=st.sampled_from([t for t in TYPES if t.endswith("Instruction")]),
        factor=st.floats(allow_nan=False),
    )
    @goes_on
    def instruct(self, message_type: str, factor: float) -> None:
        """Send an instruction, and take it back."""
        body = dict(decode(json.dumps(wire(message_type))).body)
        if "operation_mode_factor" in body:
            body["operation_mode_factor"] = factor
        instruction = Instruction(message_type, self.now, body)
        self.attempt(lambda: self.session.send_instruction(instruction, self.now))
        self.attempt(lambda: self.session.revoke(message_type, body["id"]))

    def attempt(self, call: Callable[[], list[Effect]]) -> None:
        """Do what may not be possible at the moment."""
        with suppress(NotReadyError, NotOfferedError):
            self.take(call())

    @rule(
        reason=st.sampled_from(
            [EndReason.REPLACED, EndReason.UNLOADED, EndReason.CONNECTION_LOST]
        )
    )
    @goes_on
    def end(self, reason: EndReason) -> None:
        """End the session, or lose it."""
        if reason is EndReason.CONNECTION_LOST:
            self.take(self.session.disconnected())
        else:
            self.take(self.session.close(reason, self.now))

    @invariant()
    def nothing_is_in_force_that_is_not_offered(self) -> None:
        """The control type is one that the RM offers."""
        rm = self.session.rm
        assert (rm.handler is not None) == (
            rm.control_type
            not in {ControlType.NO_SELECTION, ControlType.NOT_CONTROLABLE}
        )
        if rm.details is None:
            assert rm.control_type is ControlType.NO_SELECTION
        else:
            assert rm.details.offers(rm.control_type)

    @invariant()
    def there_is_an_end_to_waiting(self) -> None:
        """Nobody is waited for without a deadline."""
        deadline = self.session.next_deadline
        if self.is_over:
            assert deadline is None
        elif self.session.rm.details is None:
            assert deadline is not None
        # Until something is due there is nothing to do.
        if deadline is not None and deadline > self.now:
            assert self.session.tick(self.now) == []


AnyConversation.TestCase.settings = settings(max_examples=100, stateful_step_count=50)
TestAnyConversation = AnyConversation.TestCase


# Longer ones come to more than the rate limit allows, which does end something.
@given(st.lists(texts.filter(lambda text: len(text) < 2**14), max_size=30))
@settings(max_examples=100)
def test_a_session_stays_usable(noise: list[str | bytes]) -> None:
    """Noise that ends nothing changes nothing either."""
    rm = Conversation()
    for text in noise:
        if not ends_or_begins_something(text):
            rm.hear(text)
    rm.introduce()
    rm.select(ControlType.FILL_RATE)
    rm.acknowledge()
    for text in noise:
        if not ends_or_begins_something(text):
            rm.hear(text)
    rm.say("FRBC.ActuatorStatus")
    assert rm.answer == "OK"
    assert rm.session.rm.control_type is ControlType.FILL_RATE
    assert not rm.session.is_over


def ends_or_begins_something(text: str | bytes) -> bool:
    """Whether a text is one that may rightly change how the session stands."""
    result = read(text)
    return isinstance(result, Message) and (
        result.type in {"Handshake", "ResourceManagerDetails", "SessionRequest"}
        or result.body.get("status") == "PERMANENT_ERROR"
    )
