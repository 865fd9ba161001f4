"""The FlexMeasures sensors that a feed can be for."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...api.client import FlexMeasuresApi
from ...api.models import Catalogue, Sensor
from ...feeds.conversion import conversion, needs_temperatures
from ...feeds.errors import FeedSourceError
from ...feeds.settings import Method
from ...plan.units import Money
from ..fields import FieldError, SensorSelector, async_find_sensor, is_public

_UNITS: Final = (
    "W",
    "kW",
    "MW",
    "Wh",
    "kWh",
    "MWh",
    "MJ",
    "%",
    "°C",
    "°F",
    "K",
    "m³",
    "L",
    "ft³",
    "CCF",
    "m³/h",
    "L/min",
    "W/m²",
    "m/s",
    "km/h",
    "hPa",
    "V",
    "A",
)


def unique_id(sensor: int) -> str:
    """Return what no two feeds share: a FlexMeasures sensor has one of them."""
    return f"feed {sensor}"


def feed_sensor_selector(
    catalogue: Catalogue,
    others: Collection[ConfigSubentry],
    *,
    is_first: Callable[[Sensor], object],
) -> SensorSelector:
    """Return a choice of the sensors that may be written, and that no other feed has."""
    return SensorSelector(
        catalogue,
        [
            sensor
            for sensor in catalogue.sensors.values()
            if not is_public(catalogue, sensor) and not _is_fed(sensor, others)
        ],
        is_first=is_first,
    )


async def async_read_feed_sensor(
    api: FlexMeasuresApi,
    catalogue: Catalogue,
    choice: str,
    others: Collection[ConfigSubentry],
) -> Sensor:
    """Return the sensor that was chosen.

    Raises FieldError, or what else went wrong with the server.
    """
    sensor = await async_find_sensor(api, catalogue, choice)
    if is_public(catalogue, sensor):
        raise FieldError("feed_sensor_is_public")
    if _is_fed(sensor, others):
        raise FieldError("feed_sensor_in_use")
    return sensor


def _is_fed(sensor: Sensor, others: Collection[ConfigSubentry]) -> bool:
    return unique_id(sensor.id) in {other.unique_id for other in others}


def unit_selector(sensor: Sensor) -> SelectSelector:
    """Return a choice of what can become the sensor's unit, its own first; any can be typed."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[unit for unit in _offered(sensor.unit) if _converts(unit, sensor)],
            mode=SelectSelectorMode.DROPDOWN,
            custom_value=True,
        )
    )


def _offered(unit: str) -> Iterable[str]:
    """Return units that are told from each other by what they can become."""
    units = dict.fromkeys((unit, *_UNITS))
    if (money := Money.of(unit)) is not None:
        _, slash, amount = unit.partition("/")
        for per in (amount, "kWh", "MWh") if slash else ("",):
            for prefix in ("", "c"):
                units[f"{prefix}{money.currency}{slash}{per}"] = None
    return filter(None, units)


def _converts(unit: str, sensor: Sensor) -> bool:
    if needs_temperatures(unit, sensor):
        return True
    try:
        # With any capacity, which is asked for.
        conversion(unit, sensor, Method.MEAN, invert=False, capacity=1.0)
    except FeedSourceError:
        return False
    return True
