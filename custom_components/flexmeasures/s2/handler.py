"""What all control types have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from .device_status import DeviceStatus
from .instructions.instruction import Instruction
from .instructions.orders import ManualOrder
from .messages.message import ControlType, Message
from .operation_modes.ranges import Range
from .plan import Plan, Prices, Window


class NotPlannableError(Exception):
    """No schedule can be made from what the RM has said so far."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the key of a translated text, and what it needs."""
        super().__init__(key)
        self.key = key
        self.placeholders = placeholders


class ControlTypeHandler(ABC):
    """Everything an RM has said under one control type; knows neither HA nor a network.

    Power is in W for S2 and in kW for FlexMeasures; both count consumption positive.
    """

    control_type: ClassVar[ControlType]
    message_types: ClassVar[frozenset[str]]
    """What the RM may send under it (InstructionStatusUpdate and RevokeObject aside)."""
    needs_schedule: ClassVar[bool] = True
    """Whether FlexMeasures schedules it; else only the prices of a plan matter here."""
    is_storage: ClassVar[bool] = False
    """Whether the flex-model's state of charge is that of a real storage."""
    order_fields: ClassVar[frozenset[str]]
    """The parts of a `ManualOrder` that are for it."""
    looks_ahead: ClassVar[timedelta | None] = None
    """As much of a plan as instructions are made of at a time; None for all of it."""
    tells_ahead: ClassVar[bool] = False
    """Whether the RM is told at once what it is to do later, and keeps it until then."""
    replan_on: ClassVar[frozenset[str]] = frozenset()
    """The types of messages after which another schedule is worth asking for."""
    follow_on: ClassVar[frozenset[str]] = frozenset()
    """Those after which other instructions may follow from the same schedule."""

    @abstractmethod
    def receive(self, message: Message, now: datetime) -> None:
        """Take over a message; raises InvalidContentError, and then keeps what it had."""

    @abstractmethod
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        """Drop what the RM takes back; unknown objects raise InvalidContentError."""

    @abstractmethod
    def flex_model(
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        """The flex-model of a schedule, without its ``sensor``; raises NotPlannableError.

        `capacity_kwh` is what the user says that the storage holds, `prices` what is
        known of prices so far.
        """

    @abstractmethod
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        """What follows from a plan, in order of time, from the running slot on.

        Only changes, and nothing from the first slot on whose power is not known: a
        missing value never becomes power. Asking has no effect: see `told`.
        """

    def ordered_instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        """The same for a power that the user wants, whatever was planned."""
        return self.instructions(plan, now)

    @abstractmethod
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """What ends a plan that has run out; None if control has to be handed back."""

    @abstractmethod
    def describe(self, instruction: Instruction) -> str:
        """A short text that needs no translation: names, numbers and units."""

    @abstractmethod
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        """What a user wants the RM to do; raises InvalidOrderError if it cannot."""

    def whole_slots_kwh(self, least: float, window: Window) -> float:
        """The least energy (kWh), no less than this, that slots can be planned to consume."""
        return least

    def power_range(self, now: datetime) -> Range | None:
        """The power in W that the device can have, or none; None if that is not known."""
        return None

    @property
    def counts_energy(self) -> bool:
        """Whether the flex-model's state of charge counts the energy that is consumed."""
        return False

    @property
    def level_told_at(self) -> datetime | None:
        """When a storage's RM told its level; None if it did not, or there is none."""
        return None

    @abstractmethod
    def knows(self, instruction: Instruction) -> bool:
        """Whether what an instruction is for is still there."""

    def trouble(self, now: datetime) -> str | None:
        """The key of a text on what the device cannot do in time; None if there is nothing."""
        return None

    def following(self, plan: Plan, now: datetime) -> None:  # noqa: B027
        """Take note that a plan is followed from now on."""

    def told(self, instruction: Instruction) -> None:  # noqa: B027
        """Take note that an instruction was sent."""

    def refused(self, instruction: Instruction) -> None:  # noqa: B027
        """Take note that the RM does not do what it was told, or is not to any more."""

    def status(self, now: datetime, *, capacity_kwh: float | None) -> DeviceStatus:
        """What is known of the device now; `capacity_kwh` as for `flex_model`."""
        return DeviceStatus()

    def snapshot(self) -> Self:
        """A copy for another thread to ask, while this goes on receiving.

        What a handler consists of is either replaced as a whole or has parts that are:
        so this copies these two levels, and shares what is below.
        """
        twin = copy(self)
        for name, part in vars(self).items():
            setattr(twin, name, copy(part))
        return twin
