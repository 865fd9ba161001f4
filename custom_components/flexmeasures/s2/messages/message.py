"""S2 messages as values, and the words that the protocol uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ControlType(StrEnum):
    """How a CEM can control a resource (the wire spells NOT_CONTROLABLE with one L)."""

    POWER_ENVELOPE = "POWER_ENVELOPE_BASED_CONTROL"
    POWER_PROFILE = "POWER_PROFILE_BASED_CONTROL"
    OPERATION_MODE = "OPERATION_MODE_BASED_CONTROL"
    FILL_RATE = "FILL_RATE_BASED_CONTROL"
    DEMAND_DRIVEN = "DEMAND_DRIVEN_BASED_CONTROL"
    NOT_CONTROLABLE = "NOT_CONTROLABLE"
    NO_SELECTION = "NO_SELECTION"


class ReceptionStatus(StrEnum):
    """How a message was received."""

    OK = "OK"
    INVALID_DATA = "INVALID_DATA"
    """No JSON object with an id."""
    INVALID_MESSAGE = "INVALID_MESSAGE"
    """Not as the schema of its type, or of no known type."""
    INVALID_CONTENT = "INVALID_CONTENT"
    """Right by its schema, but not now."""
    TEMPORARY_ERROR = "TEMPORARY_ERROR"
    """To be sent again."""
    PERMANENT_ERROR = "PERMANENT_ERROR"
    """The session is over."""


class InstructionStatus(StrEnum):
    """What the RM made of an instruction."""

    NEW = "NEW"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    REVOKED = "REVOKED"
    STARTED = "STARTED"
    SUCCEEDED = "SUCCEEDED"
    ABORTED = "ABORTED"


class SequenceStatus(StrEnum):
    """How far a container of sequences is."""

    NOT_SCHEDULED = "NOT_SCHEDULED"
    SCHEDULED = "SCHEDULED"
    EXECUTING = "EXECUTING"
    INTERRUPTED = "INTERRUPTED"
    FINISHED = "FINISHED"
    ABORTED = "ABORTED"

    @property
    def is_open(self) -> bool:
        """Whether it can still be decided when it starts."""
        return self in {self.NOT_SCHEDULED, self.SCHEDULED}


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is right by its schema.

    The body has the wire's keys without ``message_type`` and ``message_id``, and no
    nulls. Numbers are float, S2's durations (ms) timedelta, time stamps datetime in
    UTC; number ranges stay ``{"start_of_range": ..., "end_of_range": ...}``.
    """

    type: str
    id: str
    body: Mapping[str, Any]


class InvalidContentError(Exception):
    """A message says something that cannot be at this moment; answered INVALID_CONTENT."""
