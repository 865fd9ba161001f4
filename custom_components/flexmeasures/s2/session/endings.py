"""Why sessions end, and how."""

from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

_GRACE: Final = timedelta(seconds=1)


class EndReason(StrEnum):
    """Why a session is over."""

    CONNECTION_LOST = "connection_lost"
    NO_HANDSHAKE = "no_handshake"
    NO_DETAILS = "no_details"
    NO_COMMON_VERSION = "no_common_version"
    EXPOSED = "exposed"
    """Its token can be read in logs."""
    OTHER_RESOURCE = "other_resource"
    """Another device uses the token of this one."""
    TOO_MANY_MESSAGES = "too_many_messages"
    TOO_SLOW = "too_slow"
    """It does not read what is sent to it."""
    BINARY_FRAME = "binary_frame"
    UNREADABLE_FRAME = "unreadable_frame"
    """Too long, or no text in UTF-8."""
    INTERNAL_ERROR = "internal_error"
    """A defect of ours."""
    ENDED_BY_RM = "ended_by_rm"
    FAILED_AT_RM = "failed_at_rm"
    """It said PERMANENT_ERROR."""
    REPLACED = "replaced"
    """A newer connection has taken its place."""
    UNLOADED = "unloaded"
    """Home Assistant stops, loads the device again, or has it disabled."""
    REMOVED = "removed"


class Ending(NamedTuple):
    """How a connection is closed."""

    code: int
    """Of WebSocket."""
    request: str | None = None
    """A SessionRequest that tells the RM beforehand."""
    grace: timedelta = timedelta(0)
    """Time for what is still said, for not all RMs close the connection themselves."""


ENDINGS: Final = {
    EndReason.CONNECTION_LOST: Ending(1006),
    EndReason.NO_HANDSHAKE: Ending(1008),
    EndReason.NO_DETAILS: Ending(1008),
    EndReason.NO_COMMON_VERSION: Ending(1002, "TERMINATE", _GRACE),
    EndReason.EXPOSED: Ending(1008, "TERMINATE", _GRACE),
    EndReason.OTHER_RESOURCE: Ending(1008, "TERMINATE", _GRACE),
    EndReason.TOO_MANY_MESSAGES: Ending(1008),
    EndReason.TOO_SLOW: Ending(1013),
    EndReason.BINARY_FRAME: Ending(1003),
    EndReason.UNREADABLE_FRAME: Ending(1009),
    EndReason.INTERNAL_ERROR: Ending(1011),
    EndReason.ENDED_BY_RM: Ending(1000, grace=_GRACE),
    EndReason.FAILED_AT_RM: Ending(1000),
    EndReason.REPLACED: Ending(1000, "TERMINATE", _GRACE),
    EndReason.UNLOADED: Ending(1001, "RECONNECT"),
    EndReason.REMOVED: Ending(1000, "TERMINATE", _GRACE),
}
