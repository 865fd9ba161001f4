"""A schedule as a value: what power is planned for a device, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from .series import Series

_HOUR = timedelta(hours=1)


class Action(StrEnum):
    """What a power means for the device."""

    CHARGE = "charge"
    DISCHARGE = "discharge"
    IDLE = "idle"

    @classmethod
    def of(cls, power: float) -> Action:
        """Tell it by the sign: consumption is positive."""
        if power > 0:
            return cls.CHARGE
        return cls.DISCHARGE if power < 0 else cls.IDLE


@dataclass(frozen=True, slots=True)
class Block:
    """Slots that follow each other and have the same action."""

    start: datetime
    end: datetime
    action: Action
    energy: float
    """In kWh, never negative."""


class Slot(NamedTuple):
    """A slot of which the power is known."""

    start: datetime
    end: datetime
    power: float
    """In kW, consumption positive."""

    @property
    def energy(self) -> float:
        """In kWh, consumption positive."""
        return self.power * ((self.end - self.start) / _HOUR)


@dataclass(frozen=True, slots=True)
class Schedule(Series):
    """Planned power in kW, consumption positive."""

    def slots(self, start: datetime, end: datetime) -> Iterator[Slot]:
        """The slots with a known power in a period; at its ends, what lies within."""
        first = max(self.index_at(start), 0)
        slot_start = self.start + first * self.resolution
        for power in self.values[first:]:
            if slot_start >= end:
                return
            slot_end = slot_start + self.resolution
            if power is not None:
                yield Slot(max(slot_start, start), min(slot_end, end), power)
            slot_start = slot_end

    def energy(self, start: datetime, end: datetime) -> float | None:
        """What is planned in a period, in kWh, production subtracted; None if nothing is."""
        energies = [slot.energy for slot in self.slots(start, end)]
        return sum(energies) if energies else None

    def blocks(self) -> Iterator[Block]:
        """The times of charging and of discharging, in order."""
        for (action, _), group in groupby(
            enumerate(self.slots(self.start, self.end)), self._block_key
        ):
            slots = [slot for _, slot in group]
            if action is not Action.IDLE:
                yield Block(
                    start=slots[0].start,
                    end=slots[-1].end,
                    action=action,
                    energy=abs(sum(slot.energy for slot in slots)),
                )

    def next_charge(self, moment: datetime) -> Block | None:
        """The block of charging that runs at a moment, or the first one after it."""
        for block in self.blocks():
            if block.action is Action.CHARGE and block.end > moment:
                return block
        return None

    def _block_key(self, numbered: tuple[int, Slot]) -> tuple[Action, int]:
        """The same for slots of one block: a gap makes a position outrun its number."""
        number, slot = numbered
        return Action.of(slot.power), self.index_at(slot.start) - number
