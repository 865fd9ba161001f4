"""One connection to an RM, from its handshake to its end; no transport and no clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from ..handler import ControlTypeHandler
from ..instructions.instruction import Instruction
from ..messages.codec import MalformedMessageError, decode, encode, new_id
from ..messages.details import ResourceDetails
from ..messages.message import (
    ControlType,
    InvalidContentError,
    Message,
    ReceptionStatus,
)
from ..messages.plausibility import HIGHEST_POWER
from ..messages.versions import VERSIONS, common_version
from .effects import (
    Close,
    Effect,
    Ended,
    ForeignResource,
    MessageAccepted,
    MessageRefused,
    Selection,
    SelectionEnded,
    Send,
)
from .endings import ENDINGS, EndReason
from .own_requests import OwnRequests
from .rate_limit import RateLimit
from .resource_manager import ResourceManager

_HANDSHAKE_TIMEOUT: Final = timedelta(seconds=10)
_DETAILS_TIMEOUT: Final = timedelta(seconds=30)


class NotReadyError(Exception):
    """The session is not at a point where this can be sent."""


class NotOfferedError(Exception):
    """The RM does not offer this control type."""


class Session:
    """What is said on one connection.

    Each method gives a list of effects, to be carried out in their order: frames to
    send, the connection to close, and news for whoever owns the session. `now` is UTC;
    `tick` has to be called at `next_deadline`.

    Each message of the RM leads to its ReceptionStatus first and to one MessageAccepted
    or MessageRefused; nothing is ever waited for. The control type that is wished for
    has to be selected once the details are received, in each session anew. Nothing
    follows on Ended.
    """

    def __init__(
        self,
        make_handler: Callable[[ControlType], ControlTypeHandler],
        now: datetime,
        *,
        resource_id: str | None = None,
        highest_power: float = HIGHEST_POWER,
    ) -> None:
        """Begin when the connection is made.

        `resource_id` is what this RM's token is bound to, None if to nothing yet;
        `highest_power` (W) is what no power of this device can exceed.
        """
        self.rm = ResourceManager(make_handler, highest_power)
        self.protocol_version: str | None = None
        """None before the handshake."""
        self.is_over = False
        self.resource_id = resource_id
        self._requests = OwnRequests()
        self._rate_limit = RateLimit(now)
        self._is_warned = False
        self._is_closing = False
        self._end_at: datetime | None = now + _HANDSHAKE_TIMEOUT
        self._end_reason = EndReason.NO_HANDSHAKE
        self._effects: list[Effect] = []

    @property
    def next_deadline(self) -> datetime | None:
        """When `tick` has something to do, unless something else happens before."""
        if self.is_over:
            return None
        moments = (self._end_at, self._requests.next_deadline)
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def expected_control_type(self) -> ControlType:
        """The one that is in force once the RM has agreed to what it was asked for."""
        return self._requests.wish or self.rm.control_type

    def connected(self) -> list[Effect]:
        """Speak first, at once."""
        self._send("Handshake", role="CEM", supported_protocol_versions=VERSIONS)
        return self._take_effects()

    def receive(self, text: str | bytes, now: datetime) -> list[Effect]:
        """Take in a frame, whatever is in it."""
        if self.is_over:
            return []
        is_admitted = self._rate_limit.admits(len(text), now)
        if self._is_warned and not is_admitted:
            self._finish(EndReason.TOO_MANY_MESSAGES)
            return self._take_effects()
        if not is_admitted or self._rate_limit.is_rested:
            self._is_warned = not is_admitted
        try:
            message = decode(text)
        except MalformedMessageError as err:
            if err.subject_message_id is not None:
                self._refuse(
                    err.message_type,
                    err.subject_message_id,
                    err.status if is_admitted else ReceptionStatus.TEMPORARY_ERROR,
                    reason=err.diagnostic,
                    diagnostic=err.diagnostic,
                )
            return self._take_effects()
        if message.type == "ReceptionStatus":
            self._receive_status(message, now)
        elif is_admitted:
            self._receive_message(message, now)
        else:
            self._refuse(
                message.type,
                message.id,
                ReceptionStatus.TEMPORARY_ERROR,
                reason="too many messages",
            )
        return self._take_effects()

    def tick(self, now: datetime) -> list[Effect]:
        """Do what is due."""
        if self.is_over:
            return []
        if self._end_at is not None and now >= self._end_at:
            self._finish(self._end_reason)
        else:
            self._effects += self._requests.expire(now)
        return self._take_effects()

    def select_control_type(
        self, control_type: ControlType, now: datetime
    ) -> list[Effect]:
        """Ask the RM to be controlled in some way; SelectionEnded says what came of it.

        The old one is in force until the RM agrees. Raises NotReadyError before the RM
        has told its details, and NotOfferedError.
        """
        if self.rm.details is None or self._is_closing or self.is_over:
            raise NotReadyError
        if not self.rm.details.offers(control_type):
            raise NotOfferedError
        if control_type is self.rm.control_type and self._requests.wish is None:
            self._effects.append(SelectionEnded(control_type, Selection.ACTIVATED))
        else:
            message_id = self._send("SelectControlType", control_type=control_type)
            self._effects += self._requests.select(message_id, control_type, now)
        return self._take_effects()

    def send_instruction(self, instruction: Instruction, now: datetime) -> list[Effect]:
        """Instruct the RM; InstructionAnswered and InstructionUpdated say the rest.

        Raises NotReadyError if it is none of the control type in force.
        """
        self._check_control_type(instruction.message_type)
        body = {**instruction.body, "execution_time": instruction.execution_time}
        if self.rm.is_emergency and "abnormal_condition" in body:
            body["abnormal_condition"] = True
        if (factor := body.get("operation_mode_factor")) is not None:
            body["operation_mode_factor"] = min(max(factor, 0), 1)
        # One id for both: some RMs name the message in what they say of the instruction.
        self._send_as(body["id"], instruction.message_type, body)
        self._requests.instruct(body["id"], now)
        return self._take_effects()

    def revoke(self, object_type: str, object_id: str) -> list[Effect]:
        """Take back an instruction; raises NotReadyError as `send_instruction` does."""
        self._check_control_type(object_type)
        self._send("RevokeObject", object_type=object_type, object_id=object_id)
        return self._take_effects()

    def close(self, reason: EndReason, now: datetime) -> list[Effect]:
        """End the session, now or after a short grace, unless it is ending already."""
        self._end(reason, now)
        return self._take_effects()

    def disconnected(self) -> list[Effect]:
        """End the session, if it has not ended: the connection is gone."""
        if not self.is_over:
            self._finish(
                self._end_reason if self._is_closing else EndReason.CONNECTION_LOST
            )
        return self._take_effects()

    def _receive_status(self, message: Message, now: datetime) -> None:
        """Take an answer; what it answers may be long forgotten, or never known."""
        status = ReceptionStatus(message.body["status"])
        subject = message.body["subject_message_id"]
        wished_for = self._requests.wished_for(subject)
        if (
            wished_for is not None
            and status is ReceptionStatus.OK
            and self.rm.details is not None
            and self.rm.details.offers(wished_for)
        ):
            # Also if it comes late, or something else is wished for by now: it is what
            # the RM does from now on.
            self._effects += self.rm.activate(wished_for, now)
        self._effects += self._requests.answer(subject, status)
        if status is ReceptionStatus.PERMANENT_ERROR:
            self._finish(EndReason.FAILED_AT_RM)

    def _receive_message(self, message: Message, now: datetime) -> None:
        try:
            self._take_in(message, now)
        except InvalidContentError as err:
            # What is said of it may hold what was sent, which does not go back.
            self._refuse(
                message.type,
                message.id,
                ReceptionStatus.INVALID_CONTENT,
                reason=str(err),
            )
        else:
            self._effects[:0] = [
                _status(message.id, ReceptionStatus.OK),
                MessageAccepted(message),
            ]

    def _take_in(self, message: Message, now: datetime) -> None:
        """Take over what a message says; raises InvalidContentError."""
        if message.type == "SessionRequest":
            self._end(EndReason.ENDED_BY_RM, now)
        elif self._is_closing:
            raise InvalidContentError("the session is being closed")
        elif message.type == "Handshake":
            self._shake_hands(message, now)
        elif self.protocol_version is None:
            raise InvalidContentError("no handshake yet")
        elif message.type == "ResourceManagerDetails":
            self._take_in_details(ResourceDetails.from_message(message), now)
        else:
            self._effects += self.rm.take_in(message, now)

    def _shake_hands(self, message: Message, now: datetime) -> None:
        if self.protocol_version is not None:
            raise InvalidContentError("a second handshake")
        if message.body["role"] != "RM":
            raise InvalidContentError("role")
        if (offered := message.body.get("supported_protocol_versions")) is None:
            raise InvalidContentError("supported_protocol_versions")
        if (common := common_version(offered)) is None:
            self._end(EndReason.NO_COMMON_VERSION, now)
            return
        self.protocol_version, spelling = common
        self._end_at = now + _DETAILS_TIMEOUT
        self._end_reason = EndReason.NO_DETAILS
        self._send("HandshakeResponse", selected_protocol_version=spelling)

    def _take_in_details(self, details: ResourceDetails, now: datetime) -> None:
        if self.resource_id not in (None, details.resource_id):
            self._effects.append(ForeignResource(details.resource_id))
            self._end(EndReason.OTHER_RESOURCE, now)
            raise InvalidContentError("resource_id")
        self.resource_id = details.resource_id
        self._end_at = None
        self._effects += self.rm.introduce(details, now)
        if (wish := self._requests.wish) is not None and not details.offers(wish):
            self._effects += self._requests.drop_wish(Selection.REFUSED)

    def _check_control_type(self, object_type: str) -> None:
        if self._is_closing or self.is_over or not self.rm.owns(object_type):
            raise NotReadyError

    def _end(self, reason: EndReason, now: datetime) -> None:
        if self.is_over or self._is_closing:
            return
        ending = ENDINGS[reason]
        if ending.request is not None:
            self._send("SessionRequest", request=ending.request)
        if ending.grace:
            self._is_closing = True
            self._end_at = now + ending.grace
            self._end_reason = reason
        else:
            self._finish(reason)

    def _finish(self, reason: EndReason) -> None:
        self.is_over = True
        self._effects.append(Close(ENDINGS[reason].code))
        self._effects += self._requests.drop_wish(Selection.DISCONNECTED)
        self._effects.append(Ended(reason))

    def _refuse(
        self,
        message_type: str | None,
        message_id: str,
        status: ReceptionStatus,
        *,
        reason: str,
        diagnostic: str | None = None,
    ) -> None:
        """Answer before anything else that follows from the message."""
        self._effects[:0] = [
            _status(message_id, status, diagnostic),
            MessageRefused(message_type, message_id, status, reason),
        ]

    def _send(self, message_type: str, **body: Any) -> str:
        message_id = new_id()
        self._send_as(message_id, message_type, body)
        return message_id

    def _send_as(
        self, message_id: str, message_type: str, body: dict[str, Any]
    ) -> None:
        text = encode(Message(message_type, message_id, body))
        self._effects.append(Send(text, message_type, message_id))

    def _take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects


def _status(
    message_id: str, status: ReceptionStatus, diagnostic: str | None = None
) -> Send:
    body = {"subject_message_id": message_id, "status": status}
    if diagnostic is not None:
        body["diagnostic_label"] = diagnostic
    text = encode(Message("ReceptionStatus", "", body))
    return Send(text, "ReceptionStatus", message_id)
