"""What a meter has counted, made of what its sensors hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import override

from ..api.errors import FlexMeasuresError
from ..api.models import Sensor
from ..plan.units import Measure, Money
from .intervals import (
    DAY,
    Interval,
    Metered,
    Stream,
    amounts_between,
    amounts_of_rates,
    costs,
    scaled,
    split,
)
from .settings import MeterSettings
from .units import Output


class WrongUnitError(FlexMeasuresError):
    """A sensor's unit is, or has become, one that a meter cannot count in."""

    translation_key = "wrong_meter_unit"

    def __init__(self, sensor: str, unit: str) -> None:
        """Keep the sensor's name, and its unit."""
        super().__init__(sensor, unit)
        self._sensor, self._unit = sensor, unit

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"sensor": self._sensor, "unit": self._unit}


@dataclass(frozen=True, slots=True)
class Series:
    """The values of a sensor."""

    sensor: Sensor
    values: Sequence[Interval]
    """In its own unit, in the order of time."""
    before: Interval | None = None
    """The last reading before them, of a sensor that holds what a meter shows."""

    def last_until(self, end: int) -> Interval | None:
        """Return the last value whose interval has ended at a moment."""
        ended = [each for each in self.values if each.end <= end]
        return ended[-1] if ended else self.before


@dataclass(frozen=True, slots=True)
class MeterSeries:
    """What a meter's sensors hold of a period; production may be of the same sensor."""

    consumption: Series
    production: Series | None = None
    cost: Series | None = None
    compensation: Series | None = None


def holds_readings(settings: MeterSettings, sensor: Sensor) -> bool:
    """Return whether values are what a meter shows, rather than how much or how fast."""
    is_rate = _measure(sensor).is_rate
    return not is_rate and (settings.is_cumulative or not sensor.resolution)


def is_net(settings: MeterSettings) -> bool:
    """Return whether one sensor holds both directions."""
    return settings.consumption == settings.production


def metered(settings: MeterSettings, series: MeterSeries) -> Metered:
    """Return what was counted; raises WrongUnitError."""
    consumed = _amounts(settings, series.consumption)
    produced: Sequence[Interval] | None = None
    sensor = series.consumption.sensor
    if is_net(settings):
        consumed, produced = split(
            scaled(consumed, 1 if sensor.consumption_is_positive else -1)
        )
    # What a sensor was chosen for is positive, unless the server says otherwise. What a
    # meter shows rises either way.
    elif sensor.consumption_is_negative and not holds_readings(settings, sensor):
        consumed = scaled(consumed, -1)
    if series.production:
        sensor = series.production.sensor
        produced = _amounts(settings, series.production)
        if sensor.consumption_is_positive and not holds_readings(settings, sensor):
            produced = scaled(produced, -1)
    output = settings.output
    return Metered(
        Stream(consumed, _money(output, series.cost, consumed)),
        None
        if produced is None
        else Stream(produced, _money(output, series.compensation, produced)),
    )


def readings(settings: MeterSettings, series: Series) -> list[Interval]:
    """Return what a meter shows, at the ends of the intervals."""
    return scaled(
        _at_their_ends(series.sensor, series.values),
        _factor(settings.output, series.sensor),
    )


def counted(output: Output, series: Series) -> list[Interval]:
    """Return what flowed in each interval, by rates or amounts; raises WrongUnitError."""
    factor = _factor(output, series.sensor)
    if _measure(series.sensor).is_rate:
        return amounts_of_rates(series.values, factor)
    return scaled(_shares(series), factor)


def _amounts(settings: MeterSettings, series: Series) -> list[Interval]:
    if not holds_readings(settings, series.sensor):
        return counted(settings.output, series)
    before = [series.before] if series.before else []
    known = _at_their_ends(series.sensor, [*before, *series.values])
    return amounts_between(scaled(known, _factor(settings.output, series.sensor)))


def _money(
    output: Output, series: Series | None, amounts: Sequence[Interval]
) -> list[Interval] | None:
    """Return what amounts cost, by a price or as it was stored; None without a sensor."""
    if series is None:
        return None
    money = Money.of(series.sensor.unit)
    if money is None:
        raise _wrong_unit(series.sensor)
    if money.per is None:
        return scaled(_shares(series), money.factor)
    if (factor := output.price(money)) is None:
        raise _wrong_unit(series.sensor)
    return costs(amounts, series.values, factor)


def _at_their_ends(sensor: Sensor, values: Sequence[Interval]) -> Sequence[Interval]:
    """Return readings at the ends of their intervals; an instant ends what was before."""
    if sensor.resolution:
        return values
    return [Interval(each.start - 1, each.start, each.value) for each in values]


def _shares(series: Series) -> Sequence[Interval]:
    """Return amounts of intervals that may be read more finely than they are stored.

    The server then repeats what it has of the whole one.
    """
    own = int(series.sensor.resolution.total_seconds())
    if own % DAY == 0:
        return series.values  # The day may have 23 hours.
    return [
        each._replace(value=each.value * ((each.end - each.start) / own))
        for each in series.values
    ]


def _measure(sensor: Sensor) -> Measure:
    if (measure := Measure.of(sensor.unit)) is None:
        raise _wrong_unit(sensor)
    return measure


def _factor(output: Output, sensor: Sensor) -> float:
    if (factor := output.amount(_measure(sensor))) is None:
        raise _wrong_unit(sensor)
    return factor


def _wrong_unit(sensor: Sensor) -> WrongUnitError:
    return WrongUnitError(sensor.name, sensor.unit)
