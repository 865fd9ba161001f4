"""What the energy of a car would have cost, had it been charged at once.

As it is charged, so it would have been from when it was plugged in on: at full power,
at the prices of that time. Each kWh takes that other charge further, which can never
come past the present.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from .day import Piece

_HOUR: Final = 3600.0
_DIGITS: Final = 6

_MOST_PRICES: Final = 200
"""Two days of quarters of an hour. A car that was plugged in longer ago is not judged."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A car that is plugged in; times in seconds from then on."""

    since: datetime
    until: float = 0.0
    """Up to when it was followed."""
    reached: float = 0.0
    """When it would have had what it has by now."""
    prices: tuple[tuple[float, float | None], ...] = ()
    """From when on they held: from the one that did when `reached`."""
    given: float = 0.0
    """What it gave back, and has not taken again, in kWh."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            datetime.fromisoformat(data["since"]),
            data["until"],
            data["reached"],
            tuple((start, price) for start, price in data["prices"]),
            data["given"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "since": self.since.isoformat(),
            "until": round(self.until, 1),
            "reached": round(self.reached, 1),
            "prices": [
                [round(start, 1), None if price is None else round(price, _DIGITS)]
                for start, price in self.prices
            ],
            "given": round(self.given, _DIGITS),
        }

    @property
    def is_too_long(self) -> bool:
        """Whether more would have to be remembered than it is worth."""
        return len(self.prices) > _MOST_PRICES

    def after(self, piece: Piece, most_kw: float | None) -> tuple[Self, float | None]:
        """Return it after a piece of time, and what that time's energy would have cost.

        None if a price is not known, or the power at which it would have been charged.
        """
        charge = self._with_price(piece)
        if (energy := piece.energy) is None:
            return charge, None
        if energy <= 0:
            return replace(charge, given=charge.given - energy), 0.0
        if not most_kw:
            return charge, None
        # What is taken again would never have been given.
        again = min(energy, charge.given)
        seconds = (energy - again) / most_kw * _HOUR
        return replace(charge, given=charge.given - again).reach(seconds, most_kw)

    def through(self, pieces: Iterable[Piece]) -> Self:
        """Return it after a time in which nobody knows what was charged; prices may be known."""
        charge = self
        for piece in pieces:
            charge, _ = charge.after(piece, None)
        return charge

    @property
    def followed_until(self) -> datetime:
        """Up to when it was followed."""
        return self.since + timedelta(seconds=self.until)

    def _with_price(self, piece: Piece) -> Self:
        prices = self.prices
        if not prices or prices[-1][1] != piece.buying:
            prices = (*prices, (self.until, piece.buying))
        return replace(self, prices=prices, until=self.until + piece.seconds)

    def reach(self, seconds: float, power: float) -> tuple[Self, float | None]:
        """Return it charged further by a time at a power, and what that would have cost."""
        end = self.reached + seconds
        cost: float | None = 0.0
        ends = (*(start for start, _ in self.prices[1:]), max(end, self.until))
        for (start, price), until in zip(self.prices, ends, strict=True):
            held = min(until, end) - max(start, self.reached)
            if held > 0:
                cost = (
                    None
                    if cost is None or price is None
                    else cost + price * power * held / _HOUR
                )
        reached = min(end, self.until)
        first = max(
            index for index, (start, _) in enumerate(self.prices) if start <= reached
        )
        return replace(self, reached=reached, prices=self.prices[first:]), cost
