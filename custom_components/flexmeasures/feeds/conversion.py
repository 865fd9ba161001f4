"""What makes the values of a source those of a FlexMeasures sensor."""

from dataclasses import dataclass, replace
from datetime import timedelta
import re
from typing import Final

from homeassistant.const import PERCENTAGE, UnitOfSpeed
from homeassistant.util.unit_conversion import (
    ApparentPowerConverter,
    AreaConverter,
    BaseUnitConverter,
    DataRateConverter,
    DistanceConverter,
    DurationConverter,
    ElectricCurrentConverter,
    ElectricPotentialConverter,
    EnergyConverter,
    FrequencyConverter,
    InformationConverter,
    MassConverter,
    PowerConverter,
    PressureConverter,
    ReactiveEnergyConverter,
    ReactivePowerConverter,
    SpeedConverter,
    TemperatureConverter,
    UnitlessRatioConverter,
    VolumeConverter,
    VolumeFlowRateConverter,
)

from ..api.models import Sensor
from ..plan.energy_units import TemperatureRange, is_temperature
from ..plan.units import Dimension, Measure, Money
from .errors import FeedSourceError
from .settings import Method

SHARE_UNIT: Final = "dimensionless"
"""Of what is 0 to 1, as the server spells it; no unit at all may be anything."""

_HOUR: Final = timedelta(hours=1)

# Each of these is a factor and an offset. What a gas weighs is left out, as is what is
# the inverse of another unit.
_CONVERTERS: Final[tuple[type[BaseUnitConverter], ...]] = (
    PowerConverter,
    EnergyConverter,
    TemperatureConverter,
    UnitlessRatioConverter,
    VolumeConverter,
    VolumeFlowRateConverter,
    ApparentPowerConverter,
    ReactivePowerConverter,
    ReactiveEnergyConverter,
    ElectricCurrentConverter,
    ElectricPotentialConverter,
    FrequencyConverter,
    SpeedConverter,
    PressureConverter,
    DistanceConverter,
    AreaConverter,
    MassConverter,
    DurationConverter,
    InformationConverter,
    DataRateConverter,
)
_NOT_LINEAR: Final = frozenset({UnitOfSpeed.BEAUFORT})

_SPELLINGS: Final = {
    "": None,
    SHARE_UNIT: None,
    "percent": "%",
    "degC": "°C",
    "celsius": "°C",
    "degree_Celsius": "°C",
    "degF": "°F",
    "fahrenheit": "°F",
    "degree_Fahrenheit": "°F",
    "kelvin": "K",
    "l": "L",
    "liter": "L",
    "l/h": "L/h",
    "l/min": "L/min",
    "l/s": "L/s",
    "mps": "m/s",
    "kph": "km/h",
}

# As in m3, m^3 and W/m^2.
_POWER: Final = re.compile(r"(?<=[a-z])\^?([23])(?![0-9a-z])")
_POWERS: Final = {"2": "²", "3": "³"}

_DOLLARS: Final = frozenset({"USD", "AUD", "CAD", "NZD", "HKD", "SGD"})
_KRONER: Final = frozenset({"DKK", "NOK", "SEK"})
_SIGNS: Final[dict[str, tuple[float, frozenset[str]]]] = {
    "€": (1.0, frozenset({"EUR"})),
    "£": (1.0, frozenset({"GBP"})),
    "p": (0.01, frozenset({"GBP"})),
    "$": (1.0, _DOLLARS),
    "kr": (1.0, _KRONER),
    "öre": (0.01, _KRONER),
    "øre": (0.01, _KRONER),
    "zł": (1.0, frozenset({"PLN"})),
    "Kč": (1.0, frozenset({"CZK"})),
    "Ft": (1.0, frozenset({"HUF"})),
    "¢": (0.01, _DOLLARS | {"EUR"}),
    "c": (0.01, _DOLLARS | {"EUR"}),
    "ct": (0.01, _DOLLARS | {"EUR"}),
    "cent": (0.01, _DOLLARS | {"EUR"}),
}
"""How money is written besides ISO 4217: how much of which currencies it can be."""

_COUNTERS: Final = frozenset({"total", "total_increasing"})
_COUNTED: Final = frozenset({"energy", "gas", "water"})
_LEVELS: Final = frozenset({"battery", "energy_storage"})


class FeedUnitMissingError(FeedSourceError):
    """A source has no unit, but the FlexMeasures sensor has one."""

    translation_key = "feed_unit_missing"

    def __init__(self, sensor_unit: str) -> None:
        """Keep the FlexMeasures sensor's unit."""
        super().__init__(sensor_unit=sensor_unit)


class FeedUnitError(FeedSourceError):
    """The unit of a source is none that can become the FlexMeasures sensor's."""

    translation_key = "feed_wrong_unit"

    def __init__(self, unit: str, sensor_unit: str) -> None:
        """Keep both units."""
        super().__init__(unit=unit, sensor_unit=sensor_unit)


class FeedCapacityMissingError(FeedSourceError):
    """Only one of a source and its FlexMeasures sensor is in energy, and full is not known."""

    translation_key = "feed_capacity_missing"

    def __init__(self, unit: str, sensor_unit: str) -> None:
        """Keep both units."""
        super().__init__(unit=unit, sensor_unit=sensor_unit)


class FeedTemperaturesMissingError(FeedSourceError):
    """A temperature is to tell a level, but not at which ones that is empty and full."""

    translation_key = "feed_temperatures_missing"

    def __init__(self, unit: str, sensor_unit: str) -> None:
        """Keep both units."""
        super().__init__(unit=unit, sensor_unit=sensor_unit)


class FeedCounterError(FeedSourceError):
    """A source counts what was used, but the FlexMeasures sensor holds power."""

    translation_key = "feed_counter_for_power"

    def __init__(self, sensor_unit: str) -> None:
        """Keep the FlexMeasures sensor's unit."""
        super().__init__(sensor_unit=sensor_unit)


class FeedCurrencyError(FeedSourceError):
    """A source and its FlexMeasures sensor are in different currencies."""

    translation_key = "feed_other_currency"

    def __init__(self, unit: str, sensor_unit: str) -> None:
        """Keep both units."""
        super().__init__(unit=unit, sensor_unit=sensor_unit)


@dataclass(frozen=True, slots=True)
class Conversion:
    """The unit in which values are posted, and what makes them so."""

    unit: str
    """The FlexMeasures sensor's own."""
    factor: float
    offset: float = 0.0
    lasts: timedelta | None = None
    """How long the factor takes a slot to be, where a rate becomes the amount of it."""

    def converted(self, value: float, length: timedelta | None = None) -> float:
        """Return a value of the source as the FlexMeasures sensor stores it.

        `length` is that of its slot, where it may be another than the resolution: days
        have 23 or 25 hours at times.
        """
        value = value * self.factor + self.offset
        return value * (length / self.lasts) if length and self.lasts else value


@dataclass(frozen=True, slots=True)
class LevelConversion:
    """What makes a temperature a level."""

    unit: str
    """The FlexMeasures sensor's own."""
    source_unit: str
    temperatures: TemperatureRange
    full: float
    """The level at the higher one."""

    def converted(self, value: float, length: timedelta | None = None) -> float | None:
        """Return a temperature as the FlexMeasures sensor stores it; None if it cannot be.

        It is the same whatever the `length` of its slot.
        """
        share = self.temperatures.share(value, self.source_unit)
        return None if share is None else share * self.full


def measured_method(
    unit: str | None,
    device_class: str | None,
    state_class: str | None,
    domain: str,
    sensor: Sensor,
) -> Method:
    """Return how the states of an entity become values; raises FeedSourceError."""
    if domain == "binary_sensor":
        return Method.SHARE if sensor.resolution else Method.LEVEL
    # Of money, Home Assistant has totals only: prices too are such.
    is_counter = not is_price(sensor.unit) and (
        state_class in _COUNTERS or (device_class in _COUNTED and state_class is None)
    )
    if is_counter and _is_rate(sensor.unit):
        raise FeedCounterError(sensor.unit)
    is_level = needs_capacity(unit, sensor) or needs_temperatures(unit, sensor)
    if not sensor.resolution or device_class in _LEVELS or is_level:
        return Method.LEVEL
    return Method.DIFFERENCE if is_counter else Method.MEAN


def conversion(
    unit: str | None,
    sensor: Sensor,
    method: Method,
    *,
    invert: bool,
    capacity: float | None,
) -> Conversion:
    """Return what makes a source's values the sensor's, unit and sign.

    `unit` is the source's, `capacity` (kWh) what 100 % are. Power, and the energy of
    intervals, count as consumption unless `invert` says that they are production. Raises
    FeedSourceError.
    """
    factor, offset = _linear(unit, sensor, method, capacity)
    sign = -1 if invert else 1
    if _is_power(sensor.unit):
        sign *= 1 if sensor.consumption_is_positive else -1
    elif has_direction(sensor, method) and sensor.consumption_is_negative:
        sign = -sign
    # -0.0 becomes 0.0 when 0.0 is added, but not -0.0.
    lasts = sensor.resolution if _is_summed_up(unit, sensor) else None
    return Conversion(sensor.unit, sign * factor, sign * offset or 0.0, lasts)


def measured_conversion(
    unit: str | None,
    sensor: Sensor,
    method: Method,
    *,
    invert: bool,
    capacity: float | None,
    temperatures: TemperatureRange | None,
) -> Conversion | LevelConversion:
    """Return the same of what is measured, of which a temperature may tell a level.

    Raises FeedSourceError.
    """
    if not needs_temperatures(unit, sensor):
        return conversion(unit, sensor, method, invert=invert, capacity=capacity)
    spelled = _spelled(unit)
    assert spelled
    energy = _energy(sensor.unit)
    if energy and not capacity:
        raise FeedCapacityMissingError(spelled, sensor.unit)
    if temperatures is None:
        raise FeedTemperaturesMissingError(spelled, sensor.unit)
    full = capacity / energy.factor if energy and capacity else 100.0
    return LevelConversion(sensor.unit, spelled, temperatures, full)


def has_direction(sensor: Sensor, method: Method) -> bool:
    """Return whether what the sensor stores is either consumed or produced."""
    return _is_power(sensor.unit) or (
        _energy(sensor.unit) is not None and method is not Method.LEVEL
    )


def needs_capacity(unit: str | None, sensor: Sensor) -> bool:
    """Return whether one of both is an energy, and the other in % or a temperature."""
    return _is_share(unit, sensor) or (
        needs_temperatures(unit, sensor) and _energy(sensor.unit) is not None
    )


def needs_temperatures(unit: str | None, sensor: Sensor) -> bool:
    """Return whether a temperature is to become an energy or a share of it."""
    is_level = _spelled(sensor.unit) == PERCENTAGE or _energy(sensor.unit) is not None
    return is_level and is_temperature(_spelled(unit))


def is_price(unit: str) -> bool:
    """Return whether the unit of a FlexMeasures sensor is that of a price."""
    return (money := Money.of(unit)) is not None and money.per is not None


def _linear(
    unit: str | None, sensor: Sensor, method: Method, capacity: float | None
) -> tuple[float, float]:
    """Return the factor and the offset between both units; raises FeedSourceError."""
    source, target = _spelled(unit), _spelled(sensor.unit)
    if source == target:
        return 1.0, 0.0
    if unit is None and method is not Method.SHARE:
        raise FeedUnitMissingError(sensor.unit)
    if _is_share(unit, sensor):
        if not capacity:
            raise FeedCapacityMissingError(str(unit), sensor.unit)
        return _of_capacity(source, target, capacity), 0.0
    found = _by_converter(source, target)
    if found is None and source is not None and target is not None:
        found = _by_measure(source, target, sensor, method) or _by_money(source, target)
    if found is None:
        raise FeedUnitError(unit or SHARE_UNIT, sensor.unit or SHARE_UNIT)
    return found


def _is_share(unit: str | None, sensor: Sensor) -> bool:
    """Return whether one of both is in %, and the other is an energy."""
    source, target = _spelled(unit), _spelled(sensor.unit)
    return (source == PERCENTAGE and _energy(target) is not None) or (
        target == PERCENTAGE and _energy(source) is not None
    )


def _of_capacity(source: str | None, target: str | None, capacity: float) -> float:
    """Return what 1 % is in a unit of energy, or the other way round."""
    if (wanted := _energy(target)) is not None:
        return capacity / 100 / wanted.factor
    own = _energy(source)
    assert own is not None
    return own.factor / capacity * 100


def _by_converter(source: str | None, target: str | None) -> tuple[float, float] | None:
    """Convert as Home Assistant does."""
    for converter in _CONVERTERS:
        if {source, target} <= converter.VALID_UNITS - _NOT_LINEAR:
            convert = converter.converter_factory(source, target)
            return convert(1) - convert(0), convert(0)
    return None


def _by_measure(
    source: str, target: str, sensor: Sensor, method: Method
) -> tuple[float, float] | None:
    """Convert amounts and rates, and the mean of a rate to the amount of an interval."""
    own, wanted = Measure.of(source), Measure.of(target)
    if own is None or wanted is None or own.dimension is not wanted.dimension:
        return None
    factor = own.factor / wanted.factor
    if own.is_rate is wanted.is_rate:
        return factor, 0.0
    if own.is_rate and sensor.resolution and method is Method.MEAN:
        return factor * (sensor.resolution / _HOUR), 0.0
    return None


def _by_money(source: str, target: str) -> tuple[float, float] | None:
    """Convert money and prices; raises FeedCurrencyError."""
    if (wanted := Money.of(target)) is None:
        return None
    if (own := _money(source, wanted.currency)) is None or own.per is not wanted.per:
        return None
    if own.currency != wanted.currency:
        raise FeedCurrencyError(source, target)
    return own.factor / wanted.factor, 0.0


def _money(unit: str, expected: str) -> Money | None:
    """Read a unit of money, of the expected currency where its sign may be that of several."""
    money, slash, amount = unit.partition("/")
    if money not in _SIGNS:
        return Money.of(unit)
    factor, currencies = _SIGNS[money]
    currency = expected if expected in currencies else min(currencies)
    known = Money.of(f"{currency}{slash}{amount}")
    return replace(known, factor=factor * known.factor) if known else None


def _spelled(unit: str | None) -> str | None:
    """Return a unit as Home Assistant spells it; None for what has none."""
    if unit is None:
        return None
    unit = unit.replace(" ", "").replace("**", "^")
    return _SPELLINGS.get(unit, _POWER.sub(lambda match: _POWERS[match[1]], unit))


def _is_summed_up(unit: str | None, sensor: Sensor) -> bool:
    """Return whether a rate becomes an amount."""
    own, wanted = Measure.of(unit or ""), Measure.of(sensor.unit)
    return bool(own and wanted and own.is_rate and not wanted.is_rate)


def _is_rate(unit: str) -> bool:
    return (measure := Measure.of(unit)) is not None and measure.is_rate


def _is_power(unit: str) -> bool:
    measure = Measure.of(unit)
    return (
        measure is not None
        and measure.is_rate
        and measure.dimension is Dimension.ENERGY
    )


def _energy(unit: str | None) -> Measure | None:
    """Return what a unit of an amount of energy measures; None for any other unit."""
    measure = Measure.of(unit) if unit else None
    if measure is None or measure.is_rate or measure.dimension is Dimension.VOLUME:
        return None
    return measure
