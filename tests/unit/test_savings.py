"""What plans save, by arithmetic that anybody can do again."""

from datetime import UTC, timedelta

import pytest

from custom_components.flexmeasures.plan.outlook import Outlook
from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.savings import (
    Against,
    Savings,
    savings_of_battery,
    savings_of_car,
)
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series

from .quarters import START

HOUR = timedelta(hours=1)

BUYING = (0.10, 0.20, 0.30, 0.40)
SELLING = (0.05, 0.10, 0.15, 0.30)


def prices(*values: float | None, currency: str = "EUR") -> Price:
    """Give prices by the hour."""
    return Price(currency, series=Series(START, HOUR, values))


def outlook(
    *powers: float | None,
    soc: tuple[float, ...] | None = None,
    buying: Price | None = None,
    selling: Price | None = None,
) -> Outlook:
    """Give what follows from a plan by the hour."""
    return Outlook(
        Plan(
            Schedule(START, HOUR, powers),
            Series(START, HOUR, soc) if soc else None,
            buying or prices(*BUYING),
            selling,
        ),
        START,
        UTC,
    )


def kwh(amount: float) -> float:
    """Give what is in kWh already."""
    return amount


def rounded(savings: Savings | None) -> Savings | None:
    """Give it without noise."""
    if savings is None:
        return None
    stored_at = savings.stored_at
    return Savings(
        savings.against,
        round(savings.amount, 9),
        None if stored_at is None else round(stored_at, 9),
    )


def of_battery(of: Outlook) -> Savings | None:
    """Give what a battery saves whose levels are in kWh."""
    return rounded(savings_of_battery(of, START, kwh))


def test_example_of_the_docs() -> None:
    """A battery buys 2 kWh, sells 1 kWh, and holds 0.7 kWh more in the end.

    docs/savings.md has these numbers.
    """
    plan = outlook(
        2.0, 0.0, 0.0, -1.0, soc=(4.0, 5.8, 5.8, 5.8, 4.7), selling=prices(*SELLING)
    )

    cost = 2 * 0.10 - 1 * 0.30
    stored = (4.7 - 4.0) * (0.05 + 0.10 + 0.15 + 0.30) / 4
    assert of_battery(plan) == Savings(
        Against.NOTHING, round(stored - cost, 9), round(0.15, 9)
    )
    assert round(stored - cost, 3) == 0.205


def test_car_of_the_docs() -> None:
    """It charges 6 kWh in the cheapest hours; at once it would take the first two.

    docs/savings.md has these numbers.
    """
    plan = outlook(0.0, 0.0, 3.0, 3.0, buying=prices(0.40, 0.30, 0.10, 0.20))

    at_once = 4 * 0.40 + 2 * 0.30
    planned = 3 * 0.10 + 3 * 0.20
    savings = rounded(savings_of_car(plan, START, 4.0))
    assert savings == Savings(Against.AT_ONCE, round(at_once - planned, 9))
    assert round(at_once - planned, 2) == 1.30


def test_what_is_less_has_to_be_bought_again() -> None:
    plan = outlook(0.0, -2.0, soc=(4.0, 4.0, 2.0), selling=prices(*SELLING))

    assert of_battery(plan) == Savings(
        Against.NOTHING, round(2 * 0.10 - 2 * 0.15, 9), 0.15
    )


def test_from_a_later_slot_on() -> None:
    plan = outlook(2.0, 0.0, 0.0, -1.0, soc=(4.0, 6.0, 6.0, 6.0, 5.0))

    savings = rounded(savings_of_battery(plan, START + HOUR, kwh))

    # Where nothing says what is paid for production, it is what consumption costs.
    assert savings == Savings(Against.NOTHING, round(0.40 - 1 * 0.30, 9), 0.3)


def test_only_as_far_as_the_level_is_known() -> None:
    """What the last slot leads to may not be."""
    plan = outlook(2.0, -1.0, soc=(4.0, 6.0))

    assert of_battery(plan) == Savings(Against.NOTHING, round(2 * 0.1 - 0.2, 9), 0.1)


@pytest.mark.parametrize(
    "plan",
    [
        outlook(2.0, soc=None),
        outlook(2.0, soc=(4.0,)),
        outlook(2.0, 0.0, soc=(4.0, 6.0, 6.0), buying=prices(None, 0.2)),
        outlook(0.0, -2.0, soc=(4.0, 4.0, 2.0), selling=prices(0.1)),
        outlook(0.0, -2.0, soc=(4.0, 4.0, 2.0), selling=prices(1, 1, currency="USD")),
        Outlook(Plan(), START, UTC),
    ],
    ids=["no level", "one level", "no price", "no worth", "two currencies", "no plan"],
)
def test_nothing_is_said_of_what_is_not_known(plan: Outlook) -> None:
    assert of_battery(plan) is None


def test_a_level_without_a_unit_has_no_worth() -> None:
    plan = outlook(2.0, 0.0, soc=(40.0, 60.0, 60.0))

    assert savings_of_battery(plan, START, lambda _percent: None) is None


@pytest.mark.parametrize(
    ("plan", "most"),
    [
        (outlook(3.0, 3.0), None),
        (outlook(0.0, 0.0), 4.0),
        (outlook(-1.0, 0.5), 4.0),
        (outlook(0.0, 3.0, buying=prices(None, 0.2)), 4.0),
        (Outlook(Plan(), START, UTC), 4.0),
    ],
    ids=["no limit", "nothing to do", "only given back", "no price", "no plan"],
)
def test_nothing_is_said_of_a_car(plan: Outlook, most: float | None) -> None:
    assert savings_of_car(plan, START, most) is None


def test_what_a_car_gives_back_is_less_in_it() -> None:
    """It is compared with what is in it in the end."""
    plan = outlook(3.0, -1.0, 0.0, 2.0)

    savings = rounded(savings_of_car(plan, START, 4.0))

    cost = 3 * 0.10 - 1 * 0.20 + 2 * 0.40
    assert savings == Savings(Against.AT_ONCE, round(4 * 0.10 - cost, 9))
