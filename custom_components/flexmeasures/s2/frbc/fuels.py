"""Whether a storage is filled for less without electricity."""

from collections.abc import Iterable
from math import inf

from ..operation_modes.costs import PricesNow
from ..operation_modes.modes import OperationModeElement


def is_fuel_cheaper(
    elements: Iterable[OperationModeElement], prices: PricesNow | None
) -> bool:
    """Whether other commodities fill it for less than electricity; not if that is not known."""
    if prices is None:
        return False
    with_fuel = with_electricity = inf
    for element in elements:
        for factor in (0.0, 1.0):
            rate, power = element.rate.at(factor), element.power.at(factor)
            if rate <= 0 or (cost := prices.cost(element, factor)) is None:
                continue
            if element.burns:
                with_fuel = min(with_fuel, cost / rate)
            elif power > 0:
                with_electricity = min(with_electricity, cost / rate)
    return with_fuel < with_electricity


def most_without_electricity(elements: Iterable[OperationModeElement]) -> float:
    """The highest fill rate of an operation mode that only takes other commodities."""
    return max(
        (rate for element in elements if element.only_burns for rate in element.rate),
        default=0.0,
    )
