"""All that is known of a device's future: swapped as a whole, so that nobody sees half of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from .grid import local_midnight
from .prices import Price
from .schedule import Schedule
from .series import Series


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule, and what it was made from and leads to."""

    power: Schedule | None = None
    soc: Series | None = None
    """The state of charge expected at the start of each slot, in the unit of the settings."""
    consumption_price: Price | None = None
    production_price: Price | None = None
    fuel_prices: Mapping[str, Price] = field(default_factory=dict)
    """Of other commodities than electricity, by their names in the flex-context, like ``gas``."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        power, soc = data["power"], data["soc"]
        consumption, production = data["consumption_price"], data["production_price"]
        return cls(
            Schedule.from_json(power) if power else None,
            Series.from_json(soc) if soc else None,
            Price.from_json(consumption) if consumption else None,
            Price.from_json(production) if production else None,
            {
                commodity: Price.from_json(price)
                for commodity, price in data.get("fuel_prices", {}).items()
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        written: dict[str, Any] = {
            key: part.as_json() if part else None
            for key, part in (
                ("power", self.power),
                ("soc", self.soc),
                ("consumption_price", self.consumption_price),
                ("production_price", self.production_price),
            )
        }
        # Few have any.
        if self.fuel_prices:
            written["fuel_prices"] = {
                commodity: price.as_json()
                for commodity, price in self.fuel_prices.items()
            }
        return written

    def since_midnight(self, moment: datetime) -> Plan:
        """Forget the power of days before the one in which the running slot began."""
        if self.power is None:
            return self
        midnight = local_midnight(self.power.slot_start(moment))
        if self.power.slot_start(midnight) <= self.power.start:
            return self
        return replace(self, power=self.power.since(midnight))

    def power_at(self, moment: datetime) -> float | None:
        """Return the power planned for this moment, in kW; None when none is."""
        return self.power.value_at(moment) if self.power else None

    def moved(self, start: datetime, end: datetime) -> float:
        """Return how much energy is planned to go in and out in a time, in kWh."""
        return self.power.moved(start, end) if self.power else 0.0

    def next_boundary(self, moment: datetime) -> datetime | None:
        """Return when something next begins or ends; None after the end of all."""
        parts = (self.power, self.soc, self.consumption_price, self.production_price)
        boundaries = [part.next_boundary(moment) for part in parts if part]
        return min((boundary for boundary in boundaries if boundary), default=None)

    @property
    def selling_price(self) -> Price | None:
        """Of what is produced; None if it is paid in another currency than what is consumed.

        Where no price is set for production, the server takes the other one.
        """
        buying, selling = self.consumption_price, self.production_price
        if selling is None or buying is None:
            return buying
        return selling if selling.currency == buying.currency else None

    @property
    def currency(self) -> str | None:
        """Of the prices."""
        return self.consumption_price.currency if self.consumption_price else None
