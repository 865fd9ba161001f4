"""The data of a feed that sends what an entity measures."""

from typing import Any

from ...api.models import Sensor
from ...const import (
    CONF_CAPACITY,
    CONF_ENTITY,
    CONF_INVERT,
    CONF_KIND,
    CONF_METHOD,
    CONF_SENSOR,
    CONF_UNIT,
)
from ...feeds.conversion import conversion, needs_capacity
from ...feeds.settings import FeedKind, Method
from ...plan.units import Dimension, Measure


def measured_data(
    sensor: Sensor,
    *,
    entity: str,
    unit: str | None,
    method: Method,
    is_production: bool,
    capacity: float | None,
) -> dict[str, Any]:
    """Return the data of the subentry; raises FeedSourceError.

    `entity` is what the entity is kept by; `is_production`: its positive values are.
    """
    stored = conversion(unit, sensor, method, invert=False, capacity=capacity).factor
    is_negative = _is_stored_negative(sensor, method, is_production=is_production)
    data: dict[str, Any] = {
        CONF_KIND: str(FeedKind.MEASURED),
        CONF_SENSOR: sensor.id,
        CONF_ENTITY: entity,
        CONF_METHOD: str(method),
        CONF_INVERT: (stored < 0) is not is_negative,
    }
    if unit is not None:
        data[CONF_UNIT] = unit
    if needs_capacity(unit, sensor):
        data[CONF_CAPACITY] = capacity
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
