"""What the FlexMeasures sensors of a meter have to be."""

from datetime import timedelta
from typing import Final

from ...api.models import Sensor
from ...meters.settings import Commodity
from ...plan.units import Dimension, Measure, Money
from ..fields import FieldError

# The longest month: what lasts longer is on no single bill.
_LONGEST: Final = timedelta(days=31)


def checked_measure(sensor: Sensor, commodity: Commodity) -> Measure:
    """Return what a sensor measures; raises FieldError if that is no use of the commodity."""
    measure = Measure.of(sensor.unit)
    if commodity is Commodity.ELECTRICITY:
        if measure is None or measure.dimension is not Dimension.ENERGY:
            raise FieldError("not_an_electricity_sensor")
    # A power is one of electricity, whatever else could be meant.
    elif measure is None or (measure.dimension is Dimension.ENERGY and measure.is_rate):
        raise FieldError("not_a_gas_sensor")
    if measure.is_rate and not sensor.resolution:
        raise FieldError("instantaneous_rate")
    _check_length(sensor)
    return measure


def checked_money(sensor: Sensor, commodity: Commodity) -> Money:
    """Return what money a sensor tells of; raises FieldError if it is none for the commodity."""
    money = Money.of(sensor.unit)
    if commodity is Commodity.ELECTRICITY:
        if money is None or money.per is Dimension.VOLUME:
            raise FieldError("not_an_electricity_cost")
    elif money is None:
        raise FieldError("not_a_gas_cost")
    if not sensor.resolution:
        raise FieldError("instantaneous_cost")
    _check_length(sensor)
    return money


def _check_length(sensor: Sensor) -> None:
    if sensor.resolution > _LONGEST:
        raise FieldError("interval_too_long")
