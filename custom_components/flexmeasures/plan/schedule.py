"""A schedule as a value: what power is planned for a device, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

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


@dataclass(frozen=True, slots=True)
class Schedule(Series):
    """Planned power in kW, consumption positive."""

    def energies(self) -> Iterator[float | None]:
        """Return the energy of each slot in kWh, None where nothing is planned."""
        hours = self.resolution / _HOUR
        return (None if power is None else power * hours for power in self.values)

    def action_end(self, moment: datetime) -> datetime | None:
        """Return when the action of a moment that has one ends; None if it outlasts the schedule."""
        running = self.index_at(moment)
        action = _action(self.values[running])
        for index, power in enumerate(self.values[running:], running):
            if _action(power) is not action:
                return self.start + index * self.resolution
        return None

    def moved(self, start: datetime, end: datetime) -> float:
        """Return the energy that goes in and out between two moments, in kWh."""
        first = max(self.index_at(start), 0)
        moved = 0.0
        for index, power in enumerate(self.values[first:], first):
            slot = self.start + index * self.resolution
            if slot >= end:
                break
            held = min(slot + self.resolution, end) - max(slot, start)
            moved += abs(power or 0.0) * (held / _HOUR)
        return moved

    def blocks(self) -> Iterator[Block]:
        """Return the times of charging and of discharging, in order."""
        first = 0
        for action, group in groupby(self.energies(), _action):
            energies = list(group)
            start = self.start + first * self.resolution
            first += len(energies)
            if action in (Action.CHARGE, Action.DISCHARGE):
                yield Block(
                    start=start,
                    end=self.start + first * self.resolution,
                    action=action,
                    energy=abs(sum(energy or 0.0 for energy in energies)),
                )


def _action(amount: float | None) -> Action | None:
    return None if amount is None else Action.of(amount)
