"""The data of a feed that sends what an entity measures."""

from typing import Any

from ...api.models import Sensor
from ...const import (
    CONF_ATTRIBUTE,
    CONF_CAPACITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_ENTITY,
    CONF_FULL_TEMPERATURE,
    CONF_INVERT,
    CONF_KIND,
    CONF_METHOD,
    CONF_SENSOR,
    CONF_UNIT,
)
from ...feeds.conversion import (
    Conversion,
    measured_conversion,
    needs_capacity,
    needs_temperatures,
)
from ...feeds.settings import FeedKind, Method
from ...plan.energy_units import TemperatureRange
from ...plan.units import Dimension, Measure


def measured_data(
    sensor: Sensor,
    *,
    entity: str,
    attribute: str | None = None,
    unit: str | None,
    method: Method,
    is_production: bool,
    capacity: float | None,
    temperatures: TemperatureRange | None = None,
) -> dict[str, Any]:
    """Return the data of the subentry; raises FeedSourceError.

    `entity` is what the entity is kept by; `is_production`: its positive values are.
    """
    made = measured_conversion(
        unit,
        sensor,
        method,
        invert=False,
        capacity=capacity,
        temperatures=temperatures,
    )
    is_turned = isinstance(made, Conversion) and made.factor < 0
    is_negative = _is_stored_negative(sensor, method, is_production=is_production)
    data: dict[str, Any] = {
        CONF_KIND: str(FeedKind.MEASURED),
        CONF_SENSOR: sensor.id,
        CONF_ENTITY: entity,
        CONF_METHOD: str(method),
        CONF_INVERT: is_turned is not is_negative,
    }
    if attribute is not None:
        data[CONF_ATTRIBUTE] = attribute
    if unit is not None:
        data[CONF_UNIT] = unit
    if needs_capacity(unit, sensor):
        data[CONF_CAPACITY] = capacity
    if temperatures and needs_temperatures(unit, sensor):
        data[CONF_EMPTY_TEMPERATURE] = temperatures.empty
        data[CONF_FULL_TEMPERATURE] = temperatures.full
    return data


def _is_stored_negative(sensor: Sensor, method: Method, *, is_production: bool) -> bool:
    """Return whether a sensor has what is positive at its source as negative values."""
    measure = Measure.of(sensor.unit)
    # A reading rises whatever is read.
    if measure is None or method is Method.LEVEL:
        return False
    if is_production:
        return sensor.consumption_is_positive
    # Without a word about it, power is stored as production, and the rest as it is.
    if measure.is_rate and measure.dimension is Dimension.ENERGY:
        return not sensor.consumption_is_positive
    return sensor.consumption_is_negative
