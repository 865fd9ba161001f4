"""Prices of energy: what a flex-context refers to, as values in time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import re
from typing import Any, Self

from ..api.numbers import number_in
from .series import Series

CONSUMPTION_PRICE = "consumption-price"
PRODUCTION_PRICE = "production-price"

_QUANTITY = re.compile(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*(\S.*?)\s*")
PRICE_UNIT = re.compile(r"([kM]?)([A-Z]{3})/([kMGT]?)(Wh|J)")
"""The units of energy prices that the server's scheduler takes, like ``kEUR/MWh``."""
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_JOULES = {"Wh": 3600.0, "J": 1.0}
_JOULES_OF_A_KWH = 3.6e6


def _per_kwh(amount: float, unit: re.Match[str]) -> float:
    """Return a price as that of a kWh, in whole units of its currency."""
    money, _, prefix, energy = unit.groups()
    joules = _PREFIXES[prefix] * _JOULES[energy]
    # Divided once, by a number that is mostly whole: no digits of its own come in.
    return amount / (joules / (_PREFIXES[money] * _JOULES_OF_A_KWH))


def currency_of(price_unit: str) -> str:
    """Return the currency that a price is in, whatever its prefix: EUR for ``kEUR/MWh``."""
    return price_unit.partition("/")[0][-3:]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A fixed amount with its unit, like ``0.3 EUR/kWh``."""

    amount: float
    unit: str


def price_reference(value: Any) -> int | Quantity | None:
    """Return what a field of a flex-context refers to: a sensor, or a fixed price.

    None for a time series in the flex-context itself, and for anything unknown.
    """
    match value:
        case {"sensor": int(sensor)}:
            return sensor
        case str() if match := _QUANTITY.fullmatch(value):
            amount = number_in(match[1])
            return None if amount is None else Quantity(amount, match[2])
    return None


@dataclass(frozen=True, slots=True)
class Price:
    """What a kWh costs or earns."""

    currency: str
    """ISO 4217."""
    fixed: float | None = None
    series: Series | None = None

    @classmethod
    def from_quantity(cls, quantity: Quantity) -> Self | None:
        """Return one price for all times; None if the unit is not one of an energy price."""
        if (match := PRICE_UNIT.fullmatch(quantity.unit)) is None:
            return None
        return cls(match[2], fixed=_per_kwh(quantity.amount, match))

    @classmethod
    def from_series(cls, series: Series, unit: str) -> Self | None:
        """Return prices that change; None if the unit is not one of an energy price."""
        if (match := PRICE_UNIT.fullmatch(unit)) is None:
            return None
        values = tuple(
            None if value is None else _per_kwh(value, match) for value in series.values
        )
        return cls(match[2], series=Series(series.start, series.resolution, values))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            data["currency"],
            data["fixed"],
            Series.from_json(data["series"]) if data["series"] else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "currency": self.currency,
            "fixed": self.fixed,
            "series": self.series.as_json() if self.series else None,
        }

    def per_kwh_at(self, moment: datetime) -> float | None:
        """Return the price that holds at a moment; None if it is not known."""
        return self.series.value_at(moment) if self.series else self.fixed

    def next_boundary(self, moment: datetime) -> datetime | None:
        """Return when the price may next be another; None if it never is."""
        return self.series.next_boundary(moment) if self.series else None

    def within(self, start: datetime, end: datetime) -> Price:
        """Return the part of it that holds in a period."""
        if self.series is None:
            return self
        return replace(self, series=self.series.between(start, end))

    def mean(self, start: datetime, end: datetime) -> float | None:
        """Return the mean price of a period; None if a part of it is not known."""
        total, known = self.known(start, end)
        return total / known.total_seconds() if known == end - start else None

    def known(self, start: datetime, end: datetime) -> tuple[float, timedelta]:
        """Return the prices of a period times seconds, and of how much of it they are known."""
        total, known = 0.0, timedelta(0)
        moment = start
        while moment < end:
            until = min(self.next_boundary(moment) or end, end)
            if (price := self.per_kwh_at(moment)) is not None:
                total += price * (until - moment).total_seconds()
                known += until - moment
            moment = until
        return total, known

    def is_among_cheapest(
        self, moment: datetime, length: timedelta, *, start: datetime, end: datetime
    ) -> bool | None:
        """Return whether a moment is in the cheapest part of a period, of a total length.

        Of times that cost the same the earlier count first, so that it is that long, and
        never longer. None if the price of the moment is not known.
        """
        if (price := self.per_kwh_at(moment)) is None or not start <= moment < end:
            return None
        preferred = timedelta(0)
        begin = start
        while begin < end:
            until = min(self.next_boundary(begin) or end, end)
            other = self.per_kwh_at(begin)
            if other is not None and other < price:
                preferred += until - begin
            elif other == price and begin < moment:
                preferred += min(until, moment) - begin
            begin = until
        return preferred < length
