"""How much energy a device will consume in a time (``PEBC.EnergyConstraint``)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from ..messages.message import InvalidContentError
from ..operation_modes.ranges import SYMMETRIC
from ..plan import Window

_HOUR = timedelta(hours=1)
_LIMIT = 20


@dataclass(frozen=True, slots=True)
class EnergyNeed:
    """An energy that has to be consumed between two moments."""

    quantity: str
    start: datetime
    end: datetime
    least: float
    """In kWh."""
    most: float
    """In kWh; what limits have to leave room for."""
    consumed: float = 0.0
    """In kWh, as far as it was measured."""

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Self:
        """Read a message's body; raises InvalidContentError."""
        start, end = body["valid_from"], body["valid_until"]
        lower, upper = body["lower_average_power"], body["upper_average_power"]
        if end <= start or lower > upper:
            raise InvalidContentError("an energy constraint that contradicts itself")
        kilo_hours = (end - start) / _HOUR / 1000
        return cls(
            body["commodity_quantity"],
            start,
            end,
            max(lower, 0.0) * kilo_hours,
            max(upper, 0.0) * kilo_hours,
        )

    @property
    def least_left(self) -> float:
        """The least energy that is still to be consumed, in kWh."""
        return max(self.least - self.consumed, 0.0)

    @property
    def most_left(self) -> float:
        """The most energy that may still be consumed, in kWh."""
        return max(self.most - self.consumed, 0.0)

    def counted(
        self, powers: Mapping[str, float], start: datetime, end: datetime
    ) -> Self:
        """The same after a time in which these powers (W) were consumed."""
        hours = max((min(end, self.end) - max(start, self.start)) / _HOUR, 0.0)
        kwh = hours * max(self.power_of(powers), 0.0) / 1000
        return replace(self, consumed=self.consumed + kwh)

    def power_of(self, powers: Mapping[str, float]) -> float:
        """What of the measured powers counts, in W; 0 if nothing does."""
        if self.quantity in powers:
            return powers[self.quantity]
        if self.quantity == SYMMETRIC:
            return sum(powers.values())
        return powers.get(SYMMETRIC, 0.0) / 3


class EnergyNeeds:
    """All that an RM has announced, and what was consumed of it.

    A shallow copy stays as it is.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._needs: Mapping[str, EnergyNeed] = {}
        self._measured_at: datetime | None = None
        self._powers: Mapping[str, float] = {}

    def __bool__(self) -> bool:
        """Whether anything was announced, even if its time is over."""
        return bool(self._needs)

    def add(self, need_id: str, need: EnergyNeed, now: datetime) -> None:
        """Take one over; raises InvalidContentError if it is over, or one too many."""
        kept = {
            other_id: other
            for other_id, other in self._needs.items()
            if other.end > now and other_id != need_id
        }
        if need.end <= now or len(kept) >= _LIMIT:
            raise InvalidContentError("an energy constraint that is over, or too many")
        self._needs = {**kept, need_id: need}

    def remove(self, need_id: str) -> None:
        """Forget one; raises InvalidContentError if there is none with this id."""
        if need_id not in self._needs:
            raise InvalidContentError("an unknown object")
        self._needs = {
            other_id: need
            for other_id, need in self._needs.items()
            if other_id != need_id
        }

    def measured(self, moment: datetime, powers: Mapping[str, float]) -> None:
        """Count what was consumed since the last measurement, which held until now."""
        since = self._measured_at
        if since is not None and moment <= since:
            return
        if since is not None:
            self._needs = {
                need_id: need.counted(self._powers, since, moment)
                for need_id, need in self._needs.items()
            }
        self._measured_at, self._powers = moment, powers

    def within(self, start: datetime, end: datetime) -> list[EnergyNeed]:
        """Those that a period touches, in the order in which they end."""
        return sorted(
            (
                need
                for need in self._needs.values()
                if need.start < end and need.end > start and need.most > 0
            ),
            key=lambda need: need.end,
        )


def storage_fields(
    needs: Iterable[EnergyNeed], window: Window, capacity: Callable[[str], float]
) -> dict[str, Any]:
    """The needs as a store that is filled with what is consumed.

    What is to be consumed after the window may be, as far as the `capacity` allows: the
    power (kW) that a quantity can have.
    """
    needs = list(needs)
    level = sum(need.consumed for need in needs)
    full = sum(max(need.most, need.consumed) for need in needs)
    return {
        "soc-at-start": _kwh(level),
        "soc-min": "0 kWh",
        "soc-max": _kwh(full),
        "soc-minima": list(_minima(needs, window, level, capacity)),
        "soc-maxima": list(_maxima(needs, window, full)),
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
    }


def _minima(
    needs: Iterable[EnergyNeed],
    window: Window,
    level: float,
    capacity: Callable[[str], float],
) -> Iterator[dict[str, str]]:
    """What is due by when, as `needs` are in the order of their ends."""
    left: dict[str, float] = {}
    due: dict[str, float] = {}
    for need in needs:
        quantity = need.quantity
        left[quantity] = left.get(quantity, 0.0) + need.least_left
        hours_after = max(need.end - window.end, timedelta(0)) / _HOUR
        later = hours_after * capacity(quantity)
        due[quantity] = max(due.get(quantity, 0.0), left[quantity] - later)
        yield {
            "datetime": min(need.end, window.end).isoformat(),
            "value": _kwh(level + sum(due.values())),
        }


def _maxima(
    needs: Iterable[EnergyNeed], window: Window, full: float
) -> Iterator[dict[str, str]]:
    """Nothing is consumed for a need before its time."""
    begin = window.start
    to_come = sorted(
        (need for need in needs if need.start > window.start),
        key=lambda need: need.start,
    )
    room = full - sum(need.most for need in to_come)
    for need in to_come:
        if need.start > begin:
            yield {
                "start": begin.isoformat(),
                "end": need.start.isoformat(),
                "value": _kwh(room),
            }
        begin = need.start
        room += need.most


def _kwh(energy: float) -> str:
    return f"{round(energy, 6)} kWh"
