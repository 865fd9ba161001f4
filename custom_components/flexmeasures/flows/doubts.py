"""What forms ask back: numbers that were likely thought of in another unit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.const import UnitOfEnergy, UnitOfPower, UnitOfVolume

from ..feeds.foreseen.tariff import TariffRule
from ..plan.energy_units import in_kwh
from ..plan.mistyped import (
    fastest_kw,
    is_dear,
    is_large_energy,
    is_large_power,
    is_large_tank,
)
from .wording import Wording

_KILO: Final = 1000
_CENTS: Final = 100
_TOO_LARGE: Final = "larger_than_a_home"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A number that can hardly be meant; with the text that asks it back."""

    value: float
    error: str
    placeholders: Mapping[str, str]


class Doubts:
    """Asks each number back once: whoever submits it again means it.

    So a site that is larger than a home can be told of, too.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._told: set[tuple[str, float]] = set()

    def note(
        self,
        field: str,
        doubt: Doubt | None,
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> None:
        """Add an error at a field, unless it has one, or this was asked before."""
        if doubt is None or field in errors or (field, doubt.value) in self._told:
            return
        self._told.add((field, doubt.value))
        errors[field] = doubt.error
        placeholders.update(doubt.placeholders)


def doubtful_power(
    wording: Wording, kilowatts: float, capacity_kwh: float | None = None
) -> Doubt | None:
    """Return a doubt in a power that no home has, or nothing that holds so much."""
    power = wording.amount(kilowatts, UnitOfPower.KILO_WATT)
    if is_large_power(kilowatts):
        meant = wording.amount(
            _believed(kilowatts, is_large_power, _KILO), UnitOfPower.KILO_WATT
        )
        return Doubt(kilowatts, "power_large", {"power": power, "meant_power": meant})
    if capacity_kwh is not None and kilowatts > fastest_kw(capacity_kwh):
        held = wording.kwh(capacity_kwh)
        return Doubt(kilowatts, "power_above_capacity", {"power": power, "held": held})
    return None


def doubtful_connection(wording: Wording, kilowatts: float) -> Doubt | None:
    """Return a doubt in a connection that no home has."""
    if not is_large_power(kilowatts):
        return None
    power = wording.amount(kilowatts, UnitOfPower.KILO_WATT)
    return Doubt(kilowatts, _TOO_LARGE, {"amount": power})


def doubtful_water(wording: Wording, litres: float) -> Doubt | None:
    """Return a doubt in more water than a home has."""
    if not is_large_tank(litres):
        return None
    amount = wording.amount(litres, UnitOfVolume.LITERS)
    return Doubt(litres, _TOO_LARGE, {"amount": amount})


def doubtful_energy(
    wording: Wording, amount: float, unit: str = UnitOfEnergy.KILO_WATT_HOUR
) -> Doubt | None:
    """Return a doubt in what nothing at home holds."""

    def is_large(amount: float) -> bool:
        return is_large_energy(in_kwh(amount, unit, None) or 0.0)

    if not is_large(amount):
        return None
    meant = wording.amount(_believed(amount, is_large, _KILO), unit)
    return Doubt(
        amount,
        "energy_large",
        {"energy": wording.amount(amount, unit), "meant_energy": meant},
    )


def doubtful_price(wording: Wording, price: float, unit: str) -> Doubt | None:
    """Return a doubt in a price that no energy has."""

    def is_too_dear(price: float) -> bool:
        return is_dear(price, unit)

    if not is_too_dear(price):
        return None
    meant = wording.amount(_believed(price, is_too_dear, _CENTS), unit)
    return Doubt(
        price,
        "price_in_cents",
        {"price": wording.amount(price, unit), "meant_price": meant},
    )


def doubtful_rule(
    wording: Wording, number: int, rule: TariffRule, unit: str
) -> Doubt | None:
    """Return a doubt in the price of a tariff's rule, of which people count the number."""
    if (doubt := doubtful_price(wording, rule.price, unit)) is None:
        return None
    return Doubt(
        rule.price, "rule_in_cents", {**doubt.placeholders, "rule": str(number)}
    )


def _believed(value: float, is_doubtful: Callable[[float], bool], factor: int) -> float:
    """Return what may be meant by a value: that many times less, or even less."""
    while is_doubtful(value):
        value /= factor
    return value
