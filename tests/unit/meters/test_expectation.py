"""What the present bill is expected to be in the end."""

from collections.abc import Sequence
from datetime import date

import pytest

from custom_components.flexmeasures.meters.bills.bill import Bill, Terms, Typical
from custom_components.flexmeasures.meters.bills.cycle import BillCycle, BillPeriod
from custom_components.flexmeasures.meters.bills.day_book import Day, Total
from custom_components.flexmeasures.meters.bills.expectation import (
    Expectation,
    Expected,
    expectation,
)
from custom_components.flexmeasures.meters.intervals import Interval, Metered, Stream

from .values import AMSTERDAM, DAY, HOUR, at, row, utc

# A bill of thirty days, of which ten have passed.
TERMS = Terms(BillCycle(date(2026, 6, 1)), 6.0, AMSTERDAM)
START, END = at("2026-06-01"), at("2026-07-01")
MEASURED = START + 10 * DAY
NOTHING = Total()
MONTH = 30 * DAY

# 100 kWh so far, at 0.25 EUR/kWh; typically 360 kWh at 0.20.
SO_FAR = Total(100, 10 * DAY, 25, 10 * DAY)
USUAL = Total(360, MONTH, 72, MONTH)


def bill(
    consumed: Total = SO_FAR,
    usual: Total = USUAL,
    *,
    produced: Total = NOTHING,
    usually_produced: Total = NOTHING,
    measured_until: int | None = MEASURED,
) -> Bill:
    """Give a bill on its eleventh day."""
    period = BillPeriod(date(2026, 6, 1), date(2026, 7, 1))
    earlier = BillPeriod(date(2026, 5, 1), date(2026, 6, 1))
    return Bill(
        period=period,
        start=utc(START),
        end=utc(END),
        counted=Day(consumed, produced),
        standing_charge=2.0,
        completeness=1.0,
        priced=1.0,
        measured_until=None if measured_until is None else utc(measured_until),
        typical=Typical((earlier,) if usual.known else (), usual, usually_produced),
    )


def days(first: int, count: int, value: float) -> list[Interval]:
    """Give the same amount in each hour of some days of the bill."""
    return row(START + first * DAY, HOUR, *[value / 24] * (24 * count))


def expected(
    known: Bill,
    amounts: Sequence[Interval],
    money: Sequence[Interval] | None = None,
    production: Stream | None = None,
) -> Expectation:
    """Give what is expected with a forecast of these."""
    return expectation(known, TERMS, Metered(Stream(amounts, money), production))


def parts(whole: Expected | None) -> tuple[float, float, float, float]:
    """Give what is measured, forecast, typical, and the standing charge."""
    assert whole
    assert whole.total == pytest.approx(
        whole.measured + whole.forecast + whole.typical + whole.standing_charge
    )
    return whole.measured, whole.forecast, whole.typical, whole.standing_charge


class TestUsage:
    """Measured so far, forecast by the server, and typical for the rest."""

    def test_forecast_to_the_end(self) -> None:
        """Nothing is left to what is typical, which need not be known."""
        for usual in (USUAL, NOTHING):
            found = expected(bill(usual=usual), days(10, 20, 9.0)).usage
            assert parts(found) == pytest.approx((100, 180, 0, 0))

    def test_forecast_for_a_while(self) -> None:
        """Two days of 9 kWh, and 18 of 30 days as is typical."""
        found = expected(bill(), days(10, 2, 9.0)).usage
        assert parts(found) == pytest.approx((100, 18, 360 * 18 / 30, 0))
        assert found
        assert found.total == pytest.approx(334)

    def test_nothing_typical(self) -> None:
        """Without a forecast to the end it is not known."""
        assert expected(bill(usual=NOTHING), days(10, 19, 9.0)).usage is None

    def test_forecast_with_gaps(self) -> None:
        """They are as is typical."""
        forecast = [*days(11, 3, 9.0), *days(20, 10, 9.0)]
        found = expected(bill(), forecast).usage
        assert parts(found) == pytest.approx((100, 13 * 9, 360 * 7 / 30, 0))

    def test_forecast_of_more(self) -> None:
        """What is already measured, and what is of the next bill, does not count."""
        found = expected(bill(), days(8, 40, 9.0)).usage
        assert parts(found) == pytest.approx((100, 180, 0, 0))

    def test_forecast_in_the_middle_of_an_hour(self) -> None:
        """The part of an hour that is measured is not forecast once more."""
        until = MEASURED + HOUR // 4
        found = expected(bill(measured_until=until), days(10, 20, 24.0)).usage
        share = (3 / 4 + 1 / 4) / (30 * 24)
        assert parts(found) == pytest.approx((100, 20 * 24 - 1, 360 * share, 0))

    def test_gaps_in_what_was_measured(self) -> None:
        """They are as is typical too: the bill will have them."""
        known = Total(70, 7 * DAY, 17.5, 7 * DAY)
        found = expected(bill(known), days(10, 20, 9.0))
        assert parts(found.usage) == pytest.approx((70, 180, 360 * 3 / 30, 0))

    def test_gaps_with_nothing_typical(self) -> None:
        """Then they are left out, for a missing hour must not hide what is known."""
        known = Total(70, 7 * DAY, 17.5, 7 * DAY)
        found = expected(bill(known, NOTHING), days(10, 20, 9.0))
        assert parts(found.usage) == pytest.approx((70, 180, 0, 0))

    @pytest.mark.parametrize("measured_until", [None, START - 3 * DAY])
    def test_nothing_measured(self, measured_until: int | None) -> None:
        """On the first day all is forecast, or as is typical."""
        first = bill(NOTHING, measured_until=measured_until)
        found = expected(first, days(0, 3, 9.0)).usage
        assert parts(found) == pytest.approx((0, 27, 360 * 27 / 30, 0))

    def test_all_measured(self) -> None:
        """In the end it is what was measured."""
        whole = Total(310, MONTH, 70, MONTH)
        for until in (END, END + DAY):
            found = expected(bill(whole, measured_until=until), days(10, 30, 9.0))
            assert parts(found.usage) == pytest.approx((310, 0, 0, 0))
            assert parts(found.cost) == pytest.approx((70, 0, 0, 6))


class TestCost:
    """The same of money, with the standing charge."""

    def test_known_prices(self) -> None:
        """The forecast has its own prices; the whole charge is part of it."""
        amounts, money = days(10, 20, 9.0), days(10, 20, 2.7)
        found = expected(bill(), amounts, money).cost
        assert parts(found) == pytest.approx((25, 54, 0, 6))

    def test_no_prices_yet(self) -> None:
        """What is forecast costs as much as what was measured, in the mean."""
        found = expected(bill(), days(10, 2, 9.0), []).cost
        assert parts(found) == pytest.approx((25, 18 * 0.25, 72 * 18 / 30, 6))

    def test_prices_for_a_while(self) -> None:
        """The first day has its price, the second the mean."""
        found = expected(bill(), days(10, 2, 9.0), days(10, 1, 2.7)).cost
        assert parts(found) == pytest.approx((25, 2.7 + 9 * 0.25, 72 * 18 / 30, 6))

    def test_daily_costs(self) -> None:
        """What the server says that a day costs is not added to that of its hours."""
        money = row(START + 10 * DAY, DAY, *[2.7] * 20)
        found = expected(bill(), days(10, 20, 9.0), money).cost
        assert parts(found) == pytest.approx((25, 54, 0, 6))

    def test_typical_prices(self) -> None:
        """While nothing is measured, the mean price is that of the bills before."""
        first = bill(NOTHING, measured_until=None)
        found = expected(first, days(0, 3, 9.0), []).cost
        assert parts(found) == pytest.approx((0, 27 * 0.2, 72 * 27 / 30, 6))

    def test_partly_priced(self) -> None:
        """The mean price is that of what is priced; what is not is as is typical."""
        # Half of the time is priced: 12.5 EUR for 50 of the 100 kWh.
        known = Total(100, 10 * DAY, 12.5, 5 * DAY)
        found = expected(bill(known), days(10, 20, 9.0), []).cost
        assert parts(found) == pytest.approx((12.5, 180 * 0.25, 72 * 5 / 30, 6))

    def test_negative_prices(self) -> None:
        """What is paid for using energy makes a bill lower."""
        found = expected(bill(), days(10, 20, 9.0), days(10, 20, -1.0)).cost
        assert parts(found) == pytest.approx((25, -20, 0, 6))

    @pytest.mark.parametrize(
        ("known", "usual", "until"),
        [
            # Nobody knows what anything costs.
            (Total(100, 10 * DAY), Total(360, MONTH), 30),
            (Total(100, 10 * DAY), NOTHING, 30),
            # Not what the rest typically costs.
            (SO_FAR, Total(360, MONTH), 29),
            # Nothing has been used yet, and nothing was before.
            (Total(0, 10 * DAY, 0, 10 * DAY), NOTHING, 30),
        ],
    )
    def test_unknown(self, known: Total, usual: Total, until: int) -> None:
        """It is not known, rather than a part of it."""
        forecast = days(10, until - 10, 9.0)
        assert expected(bill(known, usual), forecast, []).cost is None


class TestProduction:
    """What is earned is taken off."""

    def test_forecast(self) -> None:
        """Of each part, its own."""
        known = bill(
            produced=Total(50, 10 * DAY, 5, 10 * DAY),
            usually_produced=Total(90, MONTH, 9, MONTH),
        )
        found = expected(
            known,
            days(10, 20, 9.0),
            days(10, 20, 2.7),
            Stream(days(10, 5, 6.0), days(10, 5, 0.6)),
        )
        # The usage is what was consumed.
        assert parts(found.usage) == pytest.approx((100, 180, 0, 0))
        assert parts(found.cost) == pytest.approx((25 - 5, 54 - 3, -9 * 15 / 30, 6))

    def test_at_the_start_of_a_bill(self) -> None:
        """What is typically earned counts before anything is."""
        known = bill(
            NOTHING,
            usually_produced=Total(90, MONTH, 9, MONTH),
            measured_until=START,
        )
        found = expected(known, days(0, 30, 9.0), days(0, 30, 2.7), Stream([], [])).cost
        assert parts(found) == pytest.approx((0, 81, -9, 6))

    @pytest.mark.parametrize(
        "production",
        [
            # Nobody pays for it.
            Stream(days(10, 20, 6.0)),
            # There is none, as far as anyone knows.
            Stream([], []),
        ],
    )
    def test_nothing_earned(self, production: Stream) -> None:
        """Then it costs what is consumed."""
        found = expected(bill(), days(10, 20, 9.0), days(10, 20, 2.7), production).cost
        assert parts(found) == pytest.approx((25, 54, 0, 6))

    def test_unknown(self) -> None:
        """Where it is forecast, but not to the end, and nothing is typical, nor is the cost."""
        production = Stream(days(10, 5, 6.0), days(10, 5, 0.6))
        known = bill(produced=Total(50, 10 * DAY, 5, 10 * DAY))
        assert expected(known, days(10, 20, 9.0), [], production).cost is None
