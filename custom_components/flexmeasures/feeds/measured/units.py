"""Values of one unit in another, by Home Assistant's converters."""

from collections.abc import Callable
from functools import lru_cache

from homeassistant.components.recorder.statistics import (
    STATISTIC_UNIT_TO_UNIT_CONVERTER,
    UNIT_CLASS_TO_UNIT_CONVERTER,
)
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.util.unit_conversion import BaseUnitConverter

type Converted = Callable[[float], float | None]


def state_converter(
    device_class: str | None, unit: str | None, wanted: str | None
) -> Converted | None:
    """Return what converts states of a unit; None if nothing does.

    The device class tells temperatures from their differences.
    """
    return _converter(
        (UNIT_CONVERTERS.get(device_class), STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)),
        unit,
        wanted,
    )


def statistic_converter(
    unit_class: str | None, unit: str | None, wanted: str | None
) -> Converted | None:
    """Return what converts a statistic of a unit; None if nothing does."""
    return _converter((UNIT_CLASS_TO_UNIT_CONVERTER.get(unit_class),), unit, wanted)


@lru_cache
def _converter(
    converters: tuple[type[BaseUnitConverter] | None, ...],
    unit: str | None,
    wanted: str | None,
) -> Converted | None:
    if unit == wanted:
        return _unchanged
    for converter in converters:
        if converter is not None and {unit, wanted} <= converter.VALID_UNITS:
            return converter.converter_factory_allow_none(unit, wanted)
    return None


def _unchanged(value: float) -> float:
    return value
