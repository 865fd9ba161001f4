"""How much a unit of a server's is, and what it costs in another."""

import pytest

from custom_components.flexmeasures.meters.units import Output
from custom_components.flexmeasures.plan.units import Dimension, Measure, Money

# One foot is 0.3048 m.
FT3 = 0.3048 * 0.3048 * 0.3048
THERM_KWH = 105_480_400 / 3_600_000
"""In the law of the US, and as Home Assistant has it: 105,480,400 J."""


@pytest.mark.parametrize(
    ("unit", "kwh"),
    [
        ("kWh", 1),
        ("Wh", 0.001),
        ("MWh", 1000),
        ("GWh", 1e6),
        ("TWh", 1e9),
        ("J", 1 / 3_600_000),
        ("kJ", 1 / 3600),
        ("MJ", 1 / 3.6),
        ("GJ", 1000 / 3.6),
        ("TJ", 1e6 / 3.6),
        ("kcal", 4184 / 3_600_000),
        ("BTU", 1055.056 / 3_600_000),
        ("Btu", 1055.056 / 3_600_000),
        ("therm", THERM_KWH),
        ("thm", THERM_KWH),
    ],
)
def test_energy(unit: str, kwh: float) -> None:
    """An amount of energy is so many kWh, and no gas without a calorific value."""
    measure = Measure.of(unit)
    assert measure
    assert not measure.is_rate
    assert Output("kWh").amount(measure) == pytest.approx(kwh, rel=1e-9)
    assert Output("m³").amount(measure) is None


@pytest.mark.parametrize(
    ("unit", "cubic_metres"),
    [
        ("m³", 1),
        ("m^3", 1),
        ("m**3", 1),
        ("dm³", 0.001),
        ("dm^3", 0.001),
        ("L", 0.001),
        ("l", 0.001),
        ("liter", 0.001),
        ("ft³", FT3),
        ("ft^3", FT3),
        ("ft**3", FT3),
        ("cubic_foot", FT3),
        ("cu_ft", FT3),
        ("CCF", 100 * FT3),
    ],
)
def test_gas(unit: str, cubic_metres: float) -> None:
    """An amount of gas is so many m³, and no energy without a calorific value."""
    measure = Measure.of(unit)
    assert measure
    assert not measure.is_rate
    assert Output("m³").amount(measure) == pytest.approx(cubic_metres, rel=1e-12)
    assert Output("kWh").amount(measure) is None


@pytest.mark.parametrize(
    ("unit", "per_hour", "shown"),
    [
        ("W", 0.001, "kWh"),
        ("kW", 1, "kWh"),
        ("MW", 1000, "kWh"),
        ("GW", 1e6, "kWh"),
        ("kWh/h", 1, "kWh"),
        ("Wh / s", 3.6, "kWh"),
        ("kWh/d", 1 / 24, "kWh"),
        ("kWh/day", 1 / 24, "kWh"),
        ("MJ/h", 1 / 3.6, "kWh"),
        ("m³/h", 1, "m³"),
        ("L/min", 0.06, "m³"),
        ("l/s", 3.6, "m³"),
        ("ft³/h", FT3, "m³"),
    ],
)
def test_rates(unit: str, per_hour: float, shown: str) -> None:
    """A power or a flow is so much in an hour."""
    measure = Measure.of(unit)
    assert measure
    assert measure.is_rate
    assert Output(shown).amount(measure) == pytest.approx(per_hour, rel=1e-12)


@pytest.mark.parametrize(
    "unit",
    ["", "%", "EUR", "EUR/kWh", "°C", "A", "kWh/", "/h", "kW/h", "kWh/m³", "kVA"],
)
def test_neither_energy_nor_gas(unit: str) -> None:
    """What cannot be counted is told apart."""
    assert Measure.of(unit) is None


@pytest.mark.parametrize("unit", ["kW·h", "kW h", "k W h"])
def test_spelling(unit: str) -> None:
    """A dot or a space within a unit means nothing."""
    assert Measure.of(unit) == Measure.of("kWh")


@pytest.mark.parametrize(
    ("unit", "shown", "amount"),
    [
        # 100 cubic feet are 2.8316846592 m³.
        ("CCF", "ft³", 100),
        ("CCF", "CCF", 1),
        ("CCF", "m³", 2.8316846592),
        ("ft³", "CCF", 0.01),
        ("m³", "ft³", 35.31466672148859),
        ("m³", "CCF", 0.3531466672148859),
        ("L", "ft³", 0.03531466672148859),
    ],
)
def test_volumes(unit: str, shown: str, amount: float) -> None:
    """One CCF is 100 cubic feet exactly."""
    measure = Measure.of(unit)
    assert measure
    assert Output(shown).amount(measure) == pytest.approx(amount, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "shown", "amount"),
    [
        ("m³", "kWh", 9.77),
        ("L", "kWh", 0.00977),
        ("CCF", "kWh", 2.8316846592 * 9.77),
        ("ft³", "kWh", 0.028316846592 * 9.77),
        ("kWh", "m³", 1 / 9.77),
        ("MJ", "m³", 1 / 3.6 / 9.77),
        ("kWh", "CCF", 1 / 9.77 / 2.8316846592),
        ("therm", "CCF", THERM_KWH / 9.77 / 2.8316846592),
        ("therm", "ft³", THERM_KWH / 9.77 / 0.028316846592),
        # Nothing to convert.
        ("kWh", "kWh", 1),
        ("CCF", "CCF", 1),
    ],
)
def test_calorific_value(unit: str, shown: str, amount: float) -> None:
    """Gas of 9.77 kWh/m³ is energy, and energy is gas."""
    measure = Measure.of(unit)
    assert measure
    assert Output(shown, 9.77).amount(measure) == pytest.approx(amount, rel=1e-9)


def test_no_therm_for_a_ccf() -> None:
    """A therm is no CCF, but where gas has just so much energy."""
    therm = Measure.of("therm")
    assert therm
    assert Output("CCF").amount(therm) is None
    assert Output("CCF", 11.0).amount(therm) == pytest.approx(0.9407, abs=1e-4)


@pytest.mark.parametrize(
    ("shown", "dimension"),
    [
        ("kWh", Dimension.ENERGY),
        ("m³", Dimension.VOLUME),
        ("ft³", Dimension.VOLUME),
        ("CCF", Dimension.VOLUME),
    ],
)
def test_dimension(shown: str, dimension: Dimension) -> None:
    """What is shown is energy or a volume."""
    assert Output(shown).dimension is dimension


@pytest.mark.parametrize(
    ("unit", "shown", "price"),
    [
        ("EUR/kWh", "kWh", 1),
        ("EUR/MWh", "kWh", 0.001),
        ("kEUR/MWh", "kWh", 1),
        ("MEUR/MWh", "kWh", 1000),
        ("cEUR/kWh", "kWh", 0.01),
        ("mEUR/Wh", "kWh", 1),
        ("EUR/MJ", "kWh", 3.6),
        ("EUR / kWh", "kWh", 1),
        ("USD/therm", "kWh", 1 / THERM_KWH),
        ("EUR/m³", "m³", 1),
        ("EUR/m³", "CCF", 2.8316846592),
        ("EUR/m³", "ft³", 0.028316846592),
        ("USD/CCF", "CCF", 1),
        ("USD/ft³", "CCF", 100),
        ("USD/CCF", "ft³", 0.01),
    ],
)
def test_prices(unit: str, shown: str, price: float) -> None:
    """A price of 1 is so much for one of the unit that is shown."""
    money = Money.of(unit)
    assert money
    assert money.currency == unit.replace(" ", "").partition("/")[0][-3:]
    assert Output(shown).price(money) == pytest.approx(price, rel=1e-9)


@pytest.mark.parametrize(
    ("unit", "shown", "price"),
    [
        ("EUR/kWh", "m³", 10.55),
        ("EUR/kWh", "CCF", 10.55 * 2.8316846592),
        ("EUR/m³", "kWh", 1 / 10.55),
        ("USD/therm", "CCF", 10.55 * 2.8316846592 / THERM_KWH),
    ],
)
def test_prices_of_the_other_kind(unit: str, shown: str, price: float) -> None:
    """A price per kWh is one per m³ where gas has 10.55 kWh/m³; else it is unknown."""
    money = Money.of(unit)
    assert money
    assert Output(shown, 10.55).price(money) == pytest.approx(price, rel=1e-9)
    assert Output(shown).price(money) is None


@pytest.mark.parametrize(
    ("unit", "currency", "factor"),
    [("EUR", "EUR", 1), ("cEUR", "EUR", 0.01), ("kUSD", "USD", 1000)],
)
def test_money(unit: str, currency: str, factor: float) -> None:
    """An amount of money is no price."""
    assert Money.of(unit) == Money(currency, factor)
    assert Output("kWh").price(Money(currency, factor)) is None


@pytest.mark.parametrize(
    "unit", ["", "kWh", "€/kWh", "EUR/", "EUR/kW", "EUR/h", "EURO/kWh", "eur/kWh", "%"]
)
def test_no_money(unit: str) -> None:
    """What is neither money nor a price of energy or gas is told apart."""
    assert Money.of(unit) is None
