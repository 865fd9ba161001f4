"""What a meter has counted, from what its sensors hold."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from custom_components.flexmeasures.meters.intervals import Interval, by_hour
from custom_components.flexmeasures.meters.metering import (
    MeterSeries,
    Series,
    WrongUnitError,
    holds_readings,
    is_net,
    metered,
    readings,
)

from .values import (
    AMSTERDAM,
    DAY,
    HOUR,
    MINUTE,
    QUARTER,
    at,
    days_of_zone,
    near,
    row,
    sensor,
    series,
    settings,
)

START = at("2026-06-01")
METER = settings()
CUMULATIVE = settings(cumulative=True)
NET = settings(production_sensor=1)
BOTH = settings(production_sensor=2)


def values(intervals: Sequence[Interval] | None) -> list[float]:
    """Give the values alone."""
    assert intervals is not None
    return [each.value for each in intervals]


@pytest.mark.parametrize(
    ("unit", "step", "is_cumulative", "holds"),
    [
        ("kWh", HOUR, False, False),
        ("kWh", HOUR, True, True),
        # An amount at an instant can only be what a meter shows.
        ("kWh", 0, False, True),
        ("m³", 0, True, True),
        # A power never is.
        ("kW", QUARTER, True, False),
        ("kW", 0, False, False),
    ],
)
def test_readings_are_told_apart(
    unit: str, step: int, *, is_cumulative: bool, holds: bool
) -> None:
    """By the setting, or since there is no interval in which it could have been counted."""
    meter = settings(cumulative=is_cumulative)
    assert holds_readings(meter, sensor(unit, step)) is holds


def test_net_is_told_apart() -> None:
    """One sensor for both is net."""
    assert is_net(NET)
    assert not is_net(BOTH)
    assert not is_net(METER)


@pytest.mark.parametrize(
    ("unit", "step", "value", "kwh"),
    [
        ("kW", QUARTER, 2.0, 0.5),
        ("W", 5 * MINUTE, 600.0, 0.05),
        ("MW", HOUR, 0.001, 1.0),
        ("kWh/h", DAY, 1.0, 24.0),
        ("kWh", QUARTER, 0.5, 0.5),
        ("Wh", HOUR, 500.0, 0.5),
        ("MJ", DAY, 36.0, 10.0),
    ],
)
def test_electricity(unit: str, step: int, value: float, kwh: float) -> None:
    """A power or an energy is so many kWh; a gap is none; a negative one stays."""
    held = series(unit, row(START, step, value, None, -value), step)
    counted = metered(METER, MeterSeries(held))
    assert counted.consumption.amounts == [
        Interval(START, START + step, near(kwh)),
        Interval(START + 2 * step, START + 3 * step, near(-kwh)),
    ]
    assert counted.consumption.money is None
    assert counted.production is None


@pytest.mark.parametrize(
    ("unit", "shown", "calorific_value", "value", "amount"),
    [
        ("m³", "m³", None, 2.0, 2.0),
        ("L", "m³", None, 2000.0, 2.0),
        ("ft³", "CCF", None, 250.0, 2.5),
        ("m³", "CCF", None, 2.8316846592, 1.0),
        ("m³", "ft³", None, 0.028316846592, 1.0),
        ("m³", "kWh", 9.77, 2.0, 19.54),
        ("kWh", "m³", 9.77, 19.54, 2.0),
        ("MJ", "m³", 10.0, 72.0, 2.0),
        ("therm", "kWh", None, 1.0, 29.300111),
        ("therm", "CCF", 10.35, 1.0, 29.300111 / 10.35 / 2.8316846592),
        ("m³/h", "m³", None, 2.0, 2.0),
    ],
)
def test_gas(
    unit: str, shown: str, calorific_value: float | None, value: float, amount: float
) -> None:
    """Gas is shown in the unit that was chosen."""
    meter = settings(commodity="gas", gas_unit=shown, calorific_value=calorific_value)
    counted = metered(meter, MeterSeries(series(unit, row(START, HOUR, value))))
    assert values(counted.consumption.amounts) == pytest.approx([amount])


@pytest.mark.parametrize(
    ("price_unit", "price", "amount_unit", "shown", "cost"),
    [
        ("EUR/m³", 1.2, "m³", "m³", 2.4),
        ("EUR/kWh", 0.1, "m³", "m³", 2.0),
        ("EUR/MWh", 100, "m³", "CCF", 2.0),
        ("EUR/m³", 1.2, "m³", "kWh", 2.4),
        ("cEUR/m³", 120, "L", "CCF", 0.0024),
    ],
)
def test_gas_costs_what_it_does(
    price_unit: str, price: float, amount_unit: str, shown: str, cost: float
) -> None:
    """Whatever it is shown in: 2 m³ of 10 kWh each."""
    meter = settings(commodity="gas", gas_unit=shown, calorific_value=10.0)
    counted = metered(
        meter,
        MeterSeries(
            series(amount_unit, row(START, HOUR, 2.0)),
            cost=series(price_unit, row(START, HOUR, price)),
        ),
    )
    assert values(counted.consumption.money) == pytest.approx([cost])


class TestNet:
    """One sensor holds both directions."""

    @pytest.mark.parametrize("is_positive", [True, False])
    def test_both_signs(self, *, is_positive: bool) -> None:
        """Which sign consumption has is the server's to say."""
        sign = 1 if is_positive else -1
        held = series(
            "kW",
            row(START, HOUR, 2.0 * sign, -3.0 * sign, 0.0),
            is_positive=is_positive,
        )
        counted = metered(NET, MeterSeries(held))
        assert counted.consumption.amounts == row(START, HOUR, 2, 0, 0)
        assert counted.production
        assert counted.production.amounts == row(START, HOUR, 0, 3, 0)

    def test_costs_and_compensation(self) -> None:
        """Each direction has its own price, which only what flows that way is at."""
        counted = metered(
            settings(production_sensor=1, cost_sensor=3, compensation_sensor=4),
            MeterSeries(
                series("kWh", row(START, HOUR, 2.0, -3.0), is_positive=True),
                cost=series("EUR/kWh", row(START, HOUR, 0.3, 0.3)),
                compensation=series("EUR/kWh", row(START, HOUR, 0.1, -0.1)),
            ),
        )
        assert counted.production
        assert values(counted.consumption.money) == pytest.approx([0.6, 0])
        assert values(counted.production.money) == pytest.approx([0, -0.3])

    def test_readings_of_a_meter_that_turns_back(self) -> None:
        """A disc that turns back is what was fed in."""
        held = series("kWh", row(START, HOUR, 5000.0, 5002.0, 4999.0), is_positive=True)
        counted = metered(
            settings(production_sensor=1, cumulative=True), MeterSeries(held)
        )
        assert counted.production
        assert values(counted.consumption.amounts) == pytest.approx([2, 0])
        assert values(counted.production.amounts) == pytest.approx([0, 3])


class TestProduction:
    """A sensor of its own holds what is produced."""

    @pytest.mark.parametrize("is_positive", [True, False])
    def test_its_sign(self, *, is_positive: bool) -> None:
        """Production is positive, but where the server says that consumption is."""
        sign = -1 if is_positive else 1
        counted = metered(
            BOTH,
            MeterSeries(
                series("kWh", row(START, HOUR, 1.0)),
                series("kWh", row(START, HOUR, 4.0 * sign), is_positive=is_positive),
            ),
        )
        assert counted.production
        assert values(counted.production.amounts) == [4]
        assert counted.production.money is None

    @pytest.mark.parametrize("is_positive", [True, False])
    def test_readings_rise(self, *, is_positive: bool) -> None:
        """What a meter shows rises, whatever sign the server has power in."""
        counted = metered(
            settings(production_sensor=2, cumulative=True),
            MeterSeries(
                series("kWh", row(START, HOUR, 100.0, 101.0)),
                series("kWh", row(START, HOUR, 700.0, 704.0), is_positive=is_positive),
            ),
        )
        assert counted.production
        assert values(counted.production.amounts) == [4]


class TestMoney:
    """What it costs is stored by the server, or is made of a price."""

    def test_stored_costs(self) -> None:
        """They are taken as they are, where there is no amount too, and in whole euros."""
        counted = metered(
            METER,
            MeterSeries(
                series("kWh", row(START, HOUR, 1.0)),
                cost=series("cEUR", row(START, HOUR, 25.0, -5.0)),
            ),
        )
        assert counted.consumption.money == row(START, HOUR, 0.25, near(-0.05))

    @pytest.mark.parametrize("unit", ["EUR", "kWh"])
    def test_values_read_more_finely(self, unit: str) -> None:
        """The server repeats the hour's value in each of its halves, which have half of it."""
        held = series(unit, row(START, HOUR // 2, 3.0, 3.0, 5.0, 5.0))
        kwh = series("kWh", row(START, HOUR, 1.0, 1.0))
        is_money = unit == "EUR"
        counted = metered(
            METER,
            MeterSeries(kwh, cost=held) if is_money else MeterSeries(held),
        ).consumption
        found = counted.money if is_money else counted.amounts
        assert values(found) == [1.5, 1.5, 2.5, 2.5]

    def test_values_of_days(self) -> None:
        """A day of 23 or 25 hours has all of its value."""
        spring = days_of_zone("2026-03-28", 3, AMSTERDAM, 8.0)
        counted = metered(METER, MeterSeries(series("kWh", spring, DAY)))
        assert values(counted.consumption.amounts) == [8, 8, 8]

    def test_prices_that_end_early(self) -> None:
        """What has no price has no cost."""
        counted = metered(
            METER,
            MeterSeries(
                series("kWh", row(START, HOUR, 1.0, 1.0, 1.0)),
                cost=series("EUR/kWh", row(START, HOUR, 0.1, 0.2)),
            ),
        )
        assert values(counted.consumption.money) == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    "held",
    [
        MeterSeries(series("°C", row(START, HOUR, 1.0))),
        MeterSeries(series("m³", row(START, HOUR, 1.0))),
        MeterSeries(
            series("kWh", row(START, HOUR, 1.0)),
            cost=series("%", row(START, HOUR, 1.0)),
        ),
        MeterSeries(
            series("kWh", row(START, HOUR, 1.0)),
            cost=series("EUR/m³", row(START, HOUR, 1.0)),
        ),
    ],
)
def test_wrong_units(held: MeterSeries) -> None:
    """A unit that cannot be counted in is named, with the sensor that has it."""
    with pytest.raises(WrongUnitError) as failure:
        metered(METER, held)
    wrong = held.cost or held.consumption
    assert failure.value.placeholders == {
        "sensor": wrong.sensor.name,
        "unit": wrong.sensor.unit,
    }


class TestReadings:
    """A sensor holds what a meter shows."""

    def test_of_intervals(self) -> None:
        """They are those at the ends, and go on from the last one before."""
        held = series(
            "Wh",
            row(START, HOUR, 101_000.0, None, None, 104_000.0, 500.0),
            before=Interval(START - HOUR, START, 100_000.0),
        )
        counted = metered(CUMULATIVE, MeterSeries(held)).consumption.amounts
        assert [each[:3] for each in counted] == [
            (START, START + HOUR, 1),
            (START + HOUR, START + 4 * HOUR, 3),
            (START + 4 * HOUR, START + 5 * HOUR, 0.5),
        ]
        assert readings(CUMULATIVE, held) == row(START, HOUR, 101, None, None, 104, 0.5)

    def test_of_instants(self) -> None:
        """They are of the moment at which they were read, and so of the time before."""
        held = series(
            "m³",
            [
                # As the server gives an instant: on a grid of five minutes.
                *row(START + HOUR, 5 * MINUTE, 50.5),
                *row(START + 3 * HOUR, 5 * MINUTE, 52.0),
            ],
            0,
            before=Interval(START, START + 5 * MINUTE, 50.0),
        )
        gas = settings(commodity="gas", gas_unit="m³")
        counted = metered(gas, MeterSeries(held)).consumption.amounts
        assert [each[:3] for each in counted] == [
            (START, START + HOUR, 0.5),
            (START + HOUR, START + 3 * HOUR, 1.5),
        ]
        assert by_hour(counted) == {START: 0.5, START + 2 * HOUR: 1.5}
        assert by_hour(readings(gas, held)) == {START: 50.5, START + 2 * HOUR: 52.0}

    def test_what_was_shown_last(self) -> None:
        """What follows goes on from the last reading that was over by then."""
        before = Interval(START - DAY, START - DAY + HOUR, 1.0)
        held = series("kWh", row(START, HOUR, 2.0, 3.0, 4.0), before=before)
        assert held.last_until(START + 2 * HOUR) == Interval(
            START + HOUR, START + 2 * HOUR, 3.0
        )
        assert held.last_until(START + 2 * HOUR - 1) == Interval(
            START, START + HOUR, 2.0
        )
        assert held.last_until(START) == before
        assert series("kWh", row(START, HOUR, 2.0)).last_until(START) is None

    def test_costs_over_a_gap(self) -> None:
        """What was counted unseen flowed evenly, at the prices of that time."""
        held = series("kWh", row(START, HOUR, 10.0, None, None, None, 18.0))
        counted = metered(
            CUMULATIVE,
            MeterSeries(
                held, cost=series("EUR/kWh", row(START, HOUR, 9, 0.1, 0.2, 0.3, 0.6))
            ),
        )
        assert counted.consumption.money
        # 2 kWh in each hour; known when it was read, and so in that hour's statistic.
        assert by_hour(counted.consumption.money) == {
            START + 4 * HOUR: pytest.approx(2 * (0.1 + 0.2 + 0.3 + 0.6))
        }


def test_consumption_that_the_server_holds_as_negative() -> None:
    """It is counted all the same; what a meter shows rises either way."""
    negative = replace(sensor("kWh"), consumption_is_negative=True)
    values = row(0, HOUR, -1.0, -2.0)
    counted = metered(METER, MeterSeries(Series(negative, values)))
    assert [each.value for each in counted.consumption.amounts] == [1.0, 2.0]
    shown = row(0, HOUR, 5.0, 7.0)
    meter = settings(cumulative=True)
    counted = metered(meter, MeterSeries(Series(negative, shown)))
    assert [each.value for each in counted.consumption.amounts] == [2.0]
