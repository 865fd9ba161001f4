"""What all control types have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ...plan import Plan
from ..messages import ControlType, Message


class NotPlannableError(Exception):
    """No schedule can be made from what the RM has said so far."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the key of a translated text, and what it needs."""
        super().__init__(key)
        self.key = key
        self.placeholders = placeholders


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a schedule is asked for, on the grid of the power sensor."""

    start: datetime
    resolution: timedelta
    duration: timedelta

    @property
    def end(self) -> datetime:
        """From when on nothing is asked for."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Instruction:
    """What an RM is told to do, and when."""

    message_type: str
    """E.g. ``FRBC.Instruction``."""
    execution_time: datetime
    body: Mapping[str, Any]
    """As in `Message`, with its own ``id``; without the times that hold for all."""


class ControlTypeHandler(ABC):
    """Everything an RM has said under one control type; knows neither HA nor a network.

    Power is in W for S2 and in kW for FlexMeasures; both count consumption positive.
    """

    control_type: ClassVar[ControlType]
    message_types: ClassVar[frozenset[str]]
    """What the RM may send under it (InstructionStatusUpdate and RevokeObject aside)."""
    needs_schedule: ClassVar[bool] = True
    """Whether FlexMeasures schedules it; else only the prices of a plan matter here."""

    @abstractmethod
    def receive(self, message: Message, now: datetime) -> None:
        """Take over a message; raises InvalidContentError, and then keeps what it had."""

    @abstractmethod
    def revoke(self, object_type: str, object_id: str) -> None:
        """Drop what the RM takes back; unknown objects raise InvalidContentError."""

    @abstractmethod
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        """The flex-model of a schedule, without its ``sensor``; raises NotPlannableError.

        `capacity_kwh` is what the user says that the storage holds.
        """

    @abstractmethod
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        """What follows from a plan, in order of time, from the running slot on.

        Only changes, and nothing from the first slot on whose power is not known: a
        missing value never becomes power.
        """

    @abstractmethod
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """What ends a plan that has run out; None if control has to be handed back."""
