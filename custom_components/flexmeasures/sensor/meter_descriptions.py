"""The sensors of a meter, and where they have their values from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from homeassistant.components.sensor import SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory

from ..entity import local_time
from ..meters.bills.bill import Bill
from ..meters.bills.expectation import Expected
from ..meters.coordinator import MeterCoordinator, MeterState

# Sums of floating-point numbers are not more exact.
_DIGITS: Final = 6


class Quantity(Enum):
    """What a sensor tells, and so its unit."""

    AMOUNT = auto()
    MONEY = auto()
    SHARE = auto()


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """One value of a meter; the names of amounts and money are those of the commodity."""

    quantity: Quantity
    value_fn: Callable[[MeterCoordinator], float | None]
    attributes_fn: Callable[[MeterState], Mapping[str, Any]] = lambda _: {}
    is_forecast: bool = False


def _typical_cost(meter: MeterCoordinator) -> float | None:
    cost = _monthly(meter, meter.data.bill.typical.cost)
    return None if cost is None else cost + meter.settings.standing_charge


METER_SENSORS: Final = (
    MeterSensorDescription(
        key="usage_to_date",
        quantity=Quantity.AMOUNT,
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda meter: meter.data.bill.usage,
        attributes_fn=lambda state: _bill(state.bill),
    ),
    MeterSensorDescription(
        key="forecasted_usage",
        quantity=Quantity.AMOUNT,
        is_forecast=True,
        value_fn=lambda meter: _total(_expected_usage(meter.data)),
        attributes_fn=lambda state: _parts(_expected_usage(state)),
    ),
    MeterSensorDescription(
        key="typical_usage",
        quantity=Quantity.AMOUNT,
        value_fn=lambda meter: _monthly(meter, meter.data.bill.typical.usage),
        attributes_fn=lambda state: _typical(state.bill),
    ),
    MeterSensorDescription(
        key="cost_to_date",
        quantity=Quantity.MONEY,
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda meter: meter.data.bill.cost,
        attributes_fn=lambda state: _cost(state.bill),
    ),
    MeterSensorDescription(
        key="forecasted_cost",
        quantity=Quantity.MONEY,
        is_forecast=True,
        value_fn=lambda meter: _total(_expected_cost(meter.data)),
        attributes_fn=lambda state: _cost_parts(_expected_cost(state)),
    ),
    MeterSensorDescription(
        key="typical_cost",
        quantity=Quantity.MONEY,
        value_fn=_typical_cost,
        attributes_fn=lambda state: _typical(state.bill),
    ),
    MeterSensorDescription(
        key="completeness",
        translation_key="completeness",
        quantity=Quantity.SHARE,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda meter: _percent(meter.data.bill.completeness),
        attributes_fn=lambda state: _measured(state.bill),
    ),
    MeterSensorDescription(
        key="history_import",
        translation_key="history_import",
        quantity=Quantity.SHARE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda meter: _percent(meter.progress),
    ),
)
"""All that a meter shows; money only if it is known what it costs."""


def _expected_usage(state: MeterState) -> Expected | None:
    return state.expectation.usage if state.expectation else None


def _expected_cost(state: MeterState) -> Expected | None:
    return state.expectation.cost if state.expectation else None


def _monthly(meter: MeterCoordinator, amount: float | None) -> float | None:
    """Return the share of a month in what is of a bill."""
    return None if amount is None else amount / meter.settings.bills.months


def _total(expected: Expected | None) -> float | None:
    return expected.total if expected else None


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _bill(bill: Bill) -> dict[str, Any]:
    """Return which days a bill is of, and what was fed in on them."""
    return {
        "bill_start": bill.period.start.isoformat(),
        "bill_end": bill.period.end.isoformat(),
        "production": rounded(bill.counted.production.known_amount),
        **_measured(bill),
    }


def _measured(bill: Bill) -> dict[str, Any]:
    until = bill.measured_until
    return {"measured_until": until and local_time(until)}


def _cost(bill: Bill) -> dict[str, Any]:
    """Return what a cost is made of."""
    return {
        "consumption": rounded(bill.counted.consumption.known_money),
        "compensation": rounded(bill.counted.production.known_money),
        "standing_charge": rounded(bill.standing_charge),
        "priced": rounded(_percent(bill.priced)),
    }


def _parts(expected: Expected | None) -> dict[str, Any]:
    """Return how much is measured, forecast by the server, and typical for the rest."""
    if expected is None:
        return {}
    return {
        "measured": rounded(expected.measured),
        "forecast": rounded(expected.forecast),
        "typical": rounded(expected.typical),
    }


def _cost_parts(expected: Expected | None) -> dict[str, Any]:
    if expected is None:
        return {}
    return _parts(expected) | {"standing_charge": rounded(expected.standing_charge)}


def _typical(bill: Bill) -> dict[str, Any]:
    """Return of which bills it is the mean."""
    bills = bill.typical.bills
    return {
        "bills": len(bills),
        "since": bills[-1].start.isoformat() if bills else None,
    }


def rounded(amount: float | None) -> float | None:
    """Return an amount without noise, and without the sign of a negative zero."""
    return None if amount is None else round(amount, _DIGITS) + 0.0
