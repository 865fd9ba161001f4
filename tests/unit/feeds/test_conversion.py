"""What makes the values of a source those of a FlexMeasures sensor."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.api.models import Sensor
from custom_components.flexmeasures.feeds.conversion import (
    SHARE_UNIT,
    FeedCapacityMissingError,
    FeedCounterError,
    FeedCurrencyError,
    FeedUnitError,
    FeedUnitMissingError,
    conversion,
    measured_method,
)
from custom_components.flexmeasures.feeds.settings import Method
from homeassistant.util import dt as dt_util

QUARTER = timedelta(minutes=15)
INSTANT = timedelta(0)


def sensor(unit: str, resolution: timedelta = QUARTER, **more: Any) -> Sensor:
    """Give a FlexMeasures sensor, by default with consumption positive."""
    return Sensor(
        **{
            "id": 1,
            "name": "test",
            "unit": unit,
            "resolution": resolution,
            "time_zone": dt_util.UTC,
            "asset_id": 1,
            "consumption_is_positive": True,
            **more,
        }
    )


def converted(
    value: float,
    unit: str | None,
    to: Sensor,
    method: Method = Method.MEAN,
    *,
    invert: bool = False,
    capacity: float | None = None,
) -> float:
    """Give a value as the sensor stores it."""
    made = conversion(unit, to, method, invert=invert, capacity=capacity)
    assert made.unit == to.unit
    return made.converted(value)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (1234, "W", "kW", 1.234),
        (1234, "W", "MW", 0.001234),
        (3, "kWh/h", "kW", 3),
        (1500, "Wh", "kWh", 1.5),
        (1, "kWh", "MJ", 3.6),
        (1, "therm", "kWh", 105_480_400 / 3_600_000),
        (68, "°F", "°C", 20),
        (20, "°C", "K", 293.15),
        (-40, "degF", "°C", -40),
        (21, "°C", "celsius", 21),
        (5, "%", "%", 5),
        (5, "%", "percent", 5),
        (50, "%", "dimensionless", 0.5),
        (50, "%", "", 0.5),
        (1, "m³", "m3", 1),
        (1, "m³", "m^3", 1),
        (1, "m³", "m**3", 1),
        (1500, "L", "m³", 1.5),
        (1500, "l", "m³", 1.5),
        (1.5, "m³", "l", 1500),
        (60, "L/min", "m³/h", 3.6),
        (36, "km/h", "m/s", 10),
        (400, "W/m²", "W/m^2", 400),
        (1013, "hPa", "Pa", 101_300),
        (0.25, "EUR/kWh", "EUR/MWh", 250),
        (250, "EUR/MWh", "EUR/kWh", 0.25),
        (0.25, "€/kWh", "EUR/MWh", 250),
        (25, "ct/kWh", "EUR/kWh", 0.25),
        (25, "cEUR/kWh", "EUR/kWh", 0.25),
        (25, "¢/kWh", "USD/kWh", 0.25),
        (0.25, "$/kWh", "AUD/MWh", 250),
        (25, "p/kWh", "GBP/kWh", 0.25),
        (80, "öre/kWh", "SEK/kWh", 0.8),
        (0.8, "NOK/kWh", "kNOK/MWh", 0.8),
        (1, "EUR/m³", "EUR/m3", 1),
        (3, "EUR", "cEUR", 300),
        (3, "parrots", "parrots", 3),
    ],
)
def test_units(value: float, unit: str, to: str, expected: float) -> None:
    """What a source counts in becomes what the FlexMeasures sensor is in."""
    assert converted(value, unit, sensor(to)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("°C", "kW"),
        ("kWh", "kW"),
        ("kW", "m³"),
        ("m/s", "W"),
        ("A", "kW"),
        ("parrots", "kW"),
        ("EUR/m³", "EUR/kWh"),
        ("EUR", "EUR/kWh"),
        ("ct/parrot", "EUR/kWh"),
        ("kW", "EUR/kWh"),
        ("Beaufort", "m/s"),
        (SHARE_UNIT, "kW"),
        ("kW", ""),
    ],
)
def test_wrong_units(unit: str, to: str) -> None:
    """What cannot be converted is refused, with both units."""
    with pytest.raises(FeedUnitError) as raised:
        converted(1, unit, sensor(to))

    assert raised.value.placeholders == {
        "unit": unit,
        "sensor_unit": to or "dimensionless",
    }


@pytest.mark.parametrize(
    ("unit", "to"), [("€/kWh", "USD/kWh"), ("ct/kWh", "SEK/MWh"), ("EUR", "GBP")]
)
def test_other_currency(unit: str, to: str) -> None:
    """Money is not changed."""
    with pytest.raises(FeedCurrencyError) as raised:
        converted(1, unit, sensor(to))

    assert raised.value.placeholders == {"unit": unit, "sensor_unit": to}


def test_no_unit() -> None:
    """A number without a unit may be anything, but for a sensor that has none either."""
    with pytest.raises(FeedUnitMissingError) as raised:
        converted(1, None, sensor("%"))

    assert raised.value.placeholders == {"sensor_unit": "%"}
    assert converted(3, None, sensor("")) == 3
    assert converted(3, None, sensor("dimensionless")) == 3


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (50, "%", "kWh", 5),
        (50, "%", "MWh", 0.005),
        (5, "kWh", "%", 50),
        (5000, "Wh", "%", 50),
    ],
)
def test_capacity(value: float, unit: str, to: str, expected: float) -> None:
    """A share of the capacity is an energy, and the other way round."""
    at = sensor(to, INSTANT)

    assert converted(value, unit, at, Method.LEVEL, capacity=10) == pytest.approx(
        expected
    )
    with pytest.raises(FeedCapacityMissingError) as raised:
        converted(value, unit, at, Method.LEVEL)
    assert raised.value.placeholders == {"unit": unit, "sensor_unit": to}


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (timedelta(minutes=5), 0.1),
        (QUARTER, 0.3),
        (timedelta(hours=1), 1.2),
        (timedelta(days=1), 28.8),
    ],
)
def test_power_becomes_the_energy_of_intervals(
    resolution: timedelta, expected: float
) -> None:
    """The mean power of an interval is so much energy."""
    assert converted(1200, "W", sensor("kWh", resolution)) == pytest.approx(expected)


def test_power_is_no_level_of_energy() -> None:
    """An instant has no length, and a level is no mean."""
    for at, method in (
        (sensor("kWh", INSTANT), Method.LEVEL),
        (sensor("kWh", INSTANT), Method.MEAN),
        (sensor("kWh"), Method.LEVEL),
    ):
        with pytest.raises(FeedUnitError):
            converted(1, "kW", at, method)


def test_shares() -> None:
    """The share of the time is in %, or has no unit."""
    assert converted(0.25, None, sensor("%"), Method.SHARE) == 25
    assert converted(0.25, None, sensor("dimensionless"), Method.SHARE) == 0.25
    assert converted(1, SHARE_UNIT, sensor("%", INSTANT), Method.LEVEL) == 100
    with pytest.raises(FeedUnitError):
        converted(1, None, sensor("kW"), Method.SHARE)


@pytest.mark.parametrize(
    ("is_positive", "says_negative", "invert", "power", "energy"),
    [
        (True, False, False, 1, 1),
        (True, False, True, -1, -1),
        (False, True, False, -1, -1),
        (False, True, True, 1, 1),
        (False, False, False, -1, 1),
        (False, False, True, 1, -1),
    ],
)
def test_signs(
    *,
    is_positive: bool,
    says_negative: bool,
    invert: bool,
    power: float,
    energy: float,
) -> None:
    """Consumption has the sign that the FlexMeasures sensor stores it with."""
    says: dict[str, Any] = {
        "consumption_is_positive": is_positive,
        "consumption_is_negative": says_negative,
    }

    assert converted(1, "kW", sensor("kW", **says), invert=invert) == power
    assert (
        converted(1, "kW", sensor("kW", INSTANT, **says), Method.LEVEL, invert=invert)
        == power
    )
    assert (
        converted(1, "kWh", sensor("kWh", **says), Method.DIFFERENCE, invert=invert)
        == energy
    )
    # What is there has no direction.
    level = converted(
        1, "kWh", sensor("kWh", INSTANT, **says), Method.LEVEL, invert=invert
    )
    assert level == (-1 if invert else 1)


def test_nothing_has_no_sign() -> None:
    """What is sent of 0 is 0, and not -0."""
    at = sensor("kW", consumption_is_positive=False)

    assert str(converted(0.0, "W", at)) == "0.0"


def test_other_values_are_only_reversed_on_request() -> None:
    """A temperature knows neither consumption nor production."""
    at = sensor("°C", consumption_is_positive=False, consumption_is_negative=True)

    assert converted(68, "°F", at) == pytest.approx(20)
    assert converted(68, "°F", at, invert=True) == pytest.approx(-20)


@pytest.mark.parametrize(
    ("unit", "device_class", "state_class", "domain", "to", "expected"),
    [
        ("W", "power", "measurement", "sensor", sensor("kW"), Method.MEAN),
        ("W", None, None, "input_number", sensor("kW"), Method.MEAN),
        ("W", "power", "measurement", "sensor", sensor("kW", INSTANT), Method.LEVEL),
        ("W", "power", "measurement", "sensor", sensor("kWh"), Method.MEAN),
        ("°C", "temperature", "measurement", "sensor", sensor("°C"), Method.MEAN),
        ("kWh", "energy", "total", "sensor", sensor("kWh"), Method.DIFFERENCE),
        (
            "kWh",
            "energy",
            "total_increasing",
            "sensor",
            sensor("Wh"),
            Method.DIFFERENCE,
        ),
        ("kWh", "energy", None, "sensor", sensor("kWh"), Method.DIFFERENCE),
        ("m³", "gas", "total_increasing", "sensor", sensor("m³"), Method.DIFFERENCE),
        ("kWh", "energy", "total", "sensor", sensor("kWh", INSTANT), Method.LEVEL),
        ("kWh", "energy_storage", "measurement", "sensor", sensor("kWh"), Method.LEVEL),
        ("%", "battery", "measurement", "sensor", sensor("%"), Method.LEVEL),
        ("%", None, "measurement", "sensor", sensor("kWh"), Method.LEVEL),
        ("%", None, "measurement", "sensor", sensor("%"), Method.MEAN),
        ("EUR/kWh", "monetary", "total", "sensor", sensor("EUR/kWh"), Method.MEAN),
        ("EUR", "monetary", "total", "sensor", sensor("EUR"), Method.DIFFERENCE),
        (None, "heat", None, "binary_sensor", sensor("%"), Method.SHARE),
        (None, "heat", None, "binary_sensor", sensor("%", INSTANT), Method.LEVEL),
    ],
)
def test_methods(
    unit: str | None,
    device_class: str | None,
    state_class: str | None,
    domain: str,
    to: Sensor,
    expected: Method,
) -> None:
    """What is measured decides how states become values."""
    assert measured_method(unit, device_class, state_class, domain, to) is expected


@pytest.mark.parametrize("state_class", ["total", "total_increasing", None])
@pytest.mark.parametrize("resolution", [QUARTER, INSTANT])
def test_counters_are_no_power(state_class: str | None, resolution: timedelta) -> None:
    """How much a counter has counted says nothing of the power at any time."""
    with pytest.raises(FeedCounterError) as raised:
        measured_method(
            "kWh", "energy", state_class, "sensor", sensor("kW", resolution)
        )

    assert raised.value.placeholders == {"sensor_unit": "kW"}


def test_a_day_has_as_many_hours_as_it_has() -> None:
    """Where power becomes the energy of days; nowhere else."""
    day = sensor("kWh", timedelta(days=1), consumption_is_positive=True)
    made = conversion("W", day, Method.MEAN, invert=False, capacity=None)
    assert made.converted(1000) == 24
    assert made.converted(1000, timedelta(hours=25)) == 25
    assert made.converted(1000, timedelta(hours=23)) == 23
    made = conversion("kWh", day, Method.DIFFERENCE, invert=False, capacity=None)
    assert made.converted(7, timedelta(hours=25)) == 7
