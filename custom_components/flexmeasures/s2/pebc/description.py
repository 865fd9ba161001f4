"""What limits an RM takes (``PEBC.PowerConstraints``), and those of a plan among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..instructions.limits import AllowedLimits, Limits, shares, total
from ..messages.message import InvalidContentError
from ..operation_modes.ranges import ELECTRIC_POWER, SYMMETRIC, Range


@dataclass(frozen=True, slots=True)
class PowerConstraints:
    """The limits that a device can be given, per electric quantity."""

    id: str
    valid_from: datetime
    valid_until: datetime | None
    is_lost: bool
    """Whether what a limit keeps from being consumed or produced is not made up for later."""
    quantities: Mapping[str, AllowedLimits]
    """Those that have limits of both kinds under normal conditions."""
    abnormal: Mapping[str, AllowedLimits]
    """Those that have them if what is for abnormal conditions only is counted too."""

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Self:
        """Read a message's body; raises InvalidContentError."""
        ranges = [
            allowed
            for allowed in body["allowed_limit_ranges"]
            if allowed["commodity_quantity"].startswith(ELECTRIC_POWER)
        ]
        quantities = _by_quantity(
            allowed for allowed in ranges if not allowed["abnormal_condition_only"]
        )
        if any(
            limits.widest.lower > limits.widest.upper for limits in quantities.values()
        ):
            raise InvalidContentError("lower limits above all upper limits")
        valid_until = body.get("valid_until")
        if valid_until is not None and valid_until <= body["valid_from"]:
            raise InvalidContentError("a validity that ends before it begins")
        return cls(
            body["id"],
            body["valid_from"],
            valid_until,
            body["consequence_type"] == "VANISH",
            quantities,
            _by_quantity(ranges),
        )

    @property
    def total(self) -> Limits:
        """The widest limits of all phases together."""
        return total(
            {quantity: limits.widest for quantity, limits in self.quantities.items()}
        )

    @property
    def consumption(self) -> float:
        """The most that the device may consume, in W."""
        return max(self.total.upper, 0.0)

    def consumption_of(self, quantity: str) -> float:
        """The part of that which a quantity can have, in W."""
        if (limits := self.quantities.get(quantity)) is not None:
            return max(limits.widest.upper, 0.0)
        return self.consumption if quantity == SYMMETRIC else self.consumption / 3

    @property
    def production(self) -> float:
        """The most that the device may produce, in W, as a positive number."""
        return max(-self.total.lower, 0.0)

    def nearest(self, wanted: Limits) -> dict[str, Limits]:
        """The limits of each quantity for those wanted of all phases together.

        Phases share them by what each can do. Restricts no more than wanted, unless
        only that is allowed.
        """
        widest = {
            quantity: limits.widest for quantity, limits in self.quantities.items()
        }
        lower = shares({quantity: each.lower for quantity, each in widest.items()})
        upper = shares({quantity: each.upper for quantity, each in widest.items()})
        return {
            quantity: limits.nearest(
                Limits(
                    wanted.lower * self._positive(lower[quantity]),
                    wanted.upper * self._positive(upper[quantity]),
                )
            )
            for quantity, limits in self.quantities.items()
        }

    def _positive(self, share: float) -> float:
        """A share that leaves a limit what it is: none, or one on its side of zero."""
        return share if share > 0 else 1 / len(self.quantities.keys() - {SYMMETRIC})


def _by_quantity(allowed: Iterable[Mapping[str, Any]]) -> dict[str, AllowedLimits]:
    ranges: dict[str, dict[str, list[Range]]] = {}
    for each in allowed:
        ranges.setdefault(each["commodity_quantity"], {}).setdefault(
            each["limit_type"], []
        ).append(Range.from_wire(each["range_boundary"]))
    return {
        quantity: AllowedLimits(
            tuple(found["LOWER_LIMIT"]), tuple(found["UPPER_LIMIT"])
        )
        for quantity, found in ranges.items()
        if len(found) == 2
    }
