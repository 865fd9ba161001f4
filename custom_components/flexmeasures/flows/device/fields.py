"""The fields of the device's forms: what they show, and how they are read."""

from collections.abc import Collection, Iterable
from datetime import timedelta
import re
from typing import Any, override

from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import DurationSelector

from ...api.durations import parse_duration
from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_SCHEDULE_DURATION,
    CONF_SOC_MAX_AGE,
    CONF_UPDATE_INTERVAL,
    CONF_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE,
)
from ...plan.prices import PRICE_UNIT, currency_of
from ..fields import FieldError

ENERGY_UNITS = (
    UnitOfEnergy.KILO_WATT_HOUR,
    UnitOfEnergy.WATT_HOUR,
    UnitOfEnergy.MEGA_WATT_HOUR,
)
SOC_UNITS = (*ENERGY_UNITS, PERCENTAGE)

POWER = re.compile(r"[kM]?W")
ENERGY_PRICE = PRICE_UNIT
STATE_OF_CHARGE = re.compile(r"[kM]?Wh|%")
EFFICIENCY = re.compile(r"(%|dimensionless)?")
NO_PRICE = re.compile(r"(?![kM]?[A-Z]{3}/).*")


DURATIONS = (
    CONF_SCHEDULE_DURATION,
    CONF_UPDATE_INTERVAL,
    CONF_SOC_MAX_AGE,
    CONF_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE,
)
"""The settings that are durations."""


class LenientDurationSelector(DurationSelector):
    """A duration that may also come in ISO 8601; the form reports a text that is none."""

    @override
    def __call__(self, data: Any) -> Any:
        """Leave texts to the form."""
        return data if isinstance(data, str) else super().__call__(data)


def power_sensors(catalogue: Catalogue, taken: Collection[int]) -> list[Sensor]:
    """Return the account's own power sensors but for those that are `taken`."""
    return [
        sensor
        for sensor in catalogue.sensors.values()
        if POWER.fullmatch(sensor.unit)
        and sensor.id not in taken
        and (asset := catalogue.assets.get(sensor.asset_id))
        and not asset.is_public
    ]


def offered_power_sensors(catalogue: Catalogue, taken: Collection[int]) -> list[Sensor]:
    """Return those of them that the server can plan, and that a device can follow.

    Not what it only reads, like a heat demand, nor the power of a whole site.
    """
    sites = {asset.parent_id for asset in catalogue.assets.values()}
    return [
        sensor
        for sensor in power_sensors(catalogue, taken)
        if sensor.resolution
        and not catalogue.is_input(sensor)
        and (catalogue.is_device(sensor) or sensor.asset_id not in sites)
    ]


def currencies(prices: Iterable[Sensor | None]) -> set[str]:
    """Return the currencies of prices, of which some may not be known."""
    return {currency_of(price.unit) for price in prices if price is not None}


def duration_fields(duration: timedelta) -> dict[str, int]:
    """Return what a duration selector shows."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return {"hours": hours, "minutes": minutes, "seconds": seconds}


def read_duration(
    value: Any,
    minimum: timedelta,
    maximum: timedelta,
    *,
    too_short: str,
    too_long: str,
) -> timedelta:
    """Read a duration selector's value, or a text; raises FieldError."""
    try:
        duration = (
            parse_duration(value.strip())
            if isinstance(value, str)
            else cv.positive_time_period_dict(value)
        )
    except ValueError:
        raise FieldError("not_a_duration") from None
    if duration < minimum or not duration:
        raise FieldError(too_short)
    if duration > maximum:
        raise FieldError(too_long)
    return duration
