"""What a device did on one day of Home Assistant's time zone, what that cost and saved.

Sums over times of which all is known that they are made of: what is not known is left
out of a sum, and of the time that is said beside it, rather than counted as nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from ..plan.plan import Plan

_HOUR: Final = 3600.0
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A time in which nothing changes."""

    seconds: float
    power: float | None
    """As measured, in kW, consumption positive."""
    planned: float | None
    buying: float | None
    """What a kWh costs that is consumed."""
    selling: float | None
    """What a kWh earns that is produced."""
    currency: str | None
    ends_slot: bool
    """Whether a slot of the plan ends with it."""

    @property
    def energy(self) -> float | None:
        """What was consumed less what was produced, in kWh."""
        return None if self.power is None else self.power * self.seconds / _HOUR

    @property
    def cost(self) -> float | None:
        """What it cost, what it earned subtracted."""
        return self._cost(self.power)

    @property
    def planned_cost(self) -> float | None:
        """What it was to cost."""
        return self._cost(self.planned)

    def _cost(self, power: float | None) -> float | None:
        if power is None or self.currency is None:
            return None
        if not power:
            return 0.0
        price = self.buying if power > 0 else self.selling
        return None if price is None else power * self.seconds / _HOUR * price


@dataclass(frozen=True, slots=True)
class Saved:
    """How much less a day cost than it would have else."""

    amount: float
    stored: float | None = None
    """Of a battery: how much more there is in it, in kWh."""
    stored_at: float | None = None
    """What a kWh of that counts at."""


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted since a day began; energies in kWh, times in seconds."""

    start: datetime
    measured: float = 0.0
    """For how long it is known what power the device had."""
    consumed: float = 0.0
    produced: float = 0.0
    compared: float = 0.0
    """For how long that is known, and what was planned."""
    off: float = 0.0
    """By how much the energy of slots was off the plan, up or down."""
    slot_off: float = 0.0
    """By how much that of the running slot is; negative if it is less."""
    currency: str | None = None
    priced: float = 0.0
    """For how long it is known what the energy cost."""
    cost: float = 0.0
    cost_compared: float = 0.0
    """For how long that is known, and what it was to cost."""
    cost_off: float = 0.0
    """By how much it cost more than planned."""
    judged: float = 0.0
    """For how long it is known what it saved."""
    judged_cost: float = 0.0
    stored: float = 0.0
    """By how much the level rose in that time."""
    buying: float = 0.0
    """What a kWh cost then, times seconds."""
    selling: float = 0.0
    at_once: float = 0.0
    """What the energy would have cost then, had it been charged at once."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(**{**data, "start": datetime.fromisoformat(data["start"])})

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            key: round(value, _DIGITS) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        } | {"start": self.start.isoformat()}

    # --- what is shown

    @property
    def known_cost(self) -> float | None:
        """None if nothing is known of it."""
        return self.cost if self.priced else None

    @property
    def known_cost_off(self) -> float | None:
        """None if nothing is known of it."""
        return self.cost_off if self.cost_compared else None

    @property
    def known_off(self) -> float | None:
        """The energy off the plan so far; None if nothing is known of it."""
        return self.off + abs(self.slot_off) if self.compared else None

    @property
    def saved_by_car(self) -> Saved | None:
        """How much less it cost than charging at once; None if that is not known."""
        return Saved(self.at_once - self.judged_cost) if self.judged else None

    def saved_by_battery(
        self, plan: Plan, now: datetime, end: datetime
    ) -> Saved | None:
        """Return how much less it cost than doing nothing; None if that is not known.

        What is stored more than at first counts at what it can be sold for, in the mean
        of the day until its `end`, as far as that is known; what is stored less, at what
        it costs to buy.
        """
        if not self.judged:
            return None
        is_less = self.stored < 0
        market = plan.consumption_price if is_less else plan.selling_price
        ahead, known = market.known(now, end) if market else (0.0, timedelta(0))
        worth = (self.buying if is_less else self.selling) + ahead
        price = worth / (self.judged + known.total_seconds())
        return Saved(self.stored * price - self.judged_cost, self.stored, price)

    def share(self, seconds: float, now: datetime) -> float | None:
        """Return how much of the day so far a time is, in %; None when it has just begun."""
        passed = (now - self.start).total_seconds()
        return min(round(100 * seconds / passed, 1), 100.0) if passed > 0 else None

    # --- what is added

    def with_piece(self, piece: Piece) -> Self:
        """Return it with what happened in a piece of time."""
        if (energy := piece.energy) is None:
            return self.after_slot() if piece.ends_slot else self
        day, seconds = self._in_currency(piece.currency), piece.seconds
        day = replace(
            day,
            measured=day.measured + seconds,
            consumed=day.consumed + max(energy, 0.0),
            produced=day.produced - min(energy, 0.0),
        )
        if piece.planned is not None:
            planned = piece.planned * seconds / _HOUR
            day = replace(
                day,
                compared=day.compared + seconds,
                slot_off=day.slot_off + energy - planned,
            )
        if (cost := piece.cost) is not None:
            day = replace(day, priced=day.priced + seconds, cost=day.cost + cost)
            if (planned_cost := piece.planned_cost) is not None:
                day = replace(
                    day,
                    cost_compared=day.cost_compared + seconds,
                    cost_off=day.cost_off + cost - planned_cost,
                )
        return day.after_slot() if piece.ends_slot else day

    def with_level(self, pieces: Iterable[Piece], rise: float) -> Self:
        """Return it with by how much the level rose in pieces of time, in kWh.

        Nothing of it counts unless all is known: energy that nobody counted would seem
        to have been saved.
        """
        day = self
        for piece in pieces:
            cost, buying, selling = piece.cost, piece.buying, piece.selling
            if cost is None or buying is None or selling is None:
                return self
            day = replace(
                day,
                judged=day.judged + piece.seconds,
                judged_cost=day.judged_cost + cost,
                buying=day.buying + buying * piece.seconds,
                selling=day.selling + selling * piece.seconds,
            )
        return replace(day, stored=day.stored + rise)

    def with_charge(self, piece: Piece, at_once: float | None) -> Self:
        """Return it with what a piece of time's energy would have cost at once."""
        cost = piece.cost
        if cost is None or at_once is None:
            return self
        return replace(
            self,
            judged=self.judged + piece.seconds,
            judged_cost=self.judged_cost + cost,
            at_once=self.at_once + at_once,
        )

    def after_slot(self) -> Self:
        """Return it when a slot of the plan has ended."""
        return replace(self, off=self.off + abs(self.slot_off), slot_off=0.0)

    def _in_currency(self, currency: str | None) -> Self:
        """Return it with money of one currency: that of another is not known any more."""
        if currency is None or currency == self.currency:
            return self
        fresh = Day(self.start)
        return replace(
            self,
            currency=currency,
            **{field: getattr(fresh, field) for field in _OF_MONEY},
        )


_OF_MONEY: Final = (
    "priced",
    "cost",
    "cost_compared",
    "cost_off",
    "judged",
    "judged_cost",
    "stored",
    "buying",
    "selling",
    "at_once",
)


def pieces(
    plan: Plan, power: float | None, start: datetime, end: datetime
) -> Iterator[Piece]:
    """Divide a time of one power at the boundaries of what was planned, and of prices."""
    moment = start
    while moment < end:
        until = min(plan.next_boundary(moment) or end, end)
        buying, selling = plan.consumption_price, plan.selling_price
        yield Piece(
            seconds=(until - moment).total_seconds(),
            power=power,
            planned=plan.power_at(moment),
            buying=buying.per_kwh_at(moment) if buying else None,
            selling=selling.per_kwh_at(moment) if selling else None,
            currency=plan.currency,
            ends_slot=plan.power is not None and plan.power.slot_start(until) == until,
        )
        moment = until
