"""What a session wants done, and what it has to tell: see `Session`."""

from dataclasses import dataclass
from enum import StrEnum

from ..messages.details import ResourceDetails
from ..messages.message import ControlType, InstructionStatus, Message, ReceptionStatus
from .endings import EndReason


class Selection(StrEnum):
    """What became of the wish to select a control type."""

    ACTIVATED = "activated"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    SUPERSEDED = "superseded"
    """Another one was wished for before the RM answered."""
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Send:
    """A text frame is to be sent; its type and id are for a log."""

    text: str
    message_type: str
    message_id: str
    """Of a ReceptionStatus that of its subject."""


@dataclass(frozen=True, slots=True)
class Close:
    """The connection is to be closed, if it still is there: with this code of WebSocket."""

    code: int


@dataclass(frozen=True, slots=True)
class MessageAccepted:
    """A message was answered OK."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message was not answered OK; `reason` is for a log."""

    message_type: str | None
    """None if it is not one of S2's."""
    message_id: str
    status: ReceptionStatus
    reason: str


@dataclass(frozen=True, slots=True)
class DetailsReceived:
    """The RM has said what it is: for the first time, or again."""

    details: ResourceDetails


@dataclass(frozen=True, slots=True)
class ForeignResource:
    """The RM says to be another resource than the one that this token belongs to."""

    resource_id: str


@dataclass(frozen=True, slots=True)
class ControlTypeChanged:
    """Another control type is in force, or another handler of it, which may know nothing yet."""

    control_type: ControlType


@dataclass(frozen=True, slots=True)
class SelectionEnded:
    """What `Session.select_control_type` has led to."""

    control_type: ControlType
    outcome: Selection
    status: ReceptionStatus | None = None
    """The RM's answer, if it gave one."""


@dataclass(frozen=True, slots=True)
class InstructionAnswered:
    """The RM has received an instruction, or (None) never said so."""

    instruction_id: str
    status: ReceptionStatus | None


@dataclass(frozen=True, slots=True)
class InstructionUpdated:
    """The RM has told what became of an instruction; perhaps of none that we know."""

    instruction_id: str
    status: InstructionStatus


@dataclass(frozen=True, slots=True)
class ObjectRevoked:
    """The RM has taken back a description or a constraint; plans that used it are void."""

    object_type: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over."""

    reason: EndReason


type Effect = (
    Send
    | Close
    | MessageAccepted
    | MessageRefused
    | DetailsReceived
    | ForeignResource
    | ControlTypeChanged
    | SelectionEnded
    | InstructionAnswered
    | InstructionUpdated
    | ObjectRevoked
    | Ended
)
