"""The fields of the device's forms: what they show, and how they are read."""

from collections.abc import Collection, Iterable
from datetime import timedelta
import re
from typing import Any, override

from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import DurationSelector

from ...api.durations import parse_duration
from ...api.models import Catalogue, Sensor
from ...plan.prices import PRICE_UNIT, currency_of
from ..fields import FieldError

POWER = re.compile(r"[kM]?W")
ENERGY_PRICE = PRICE_UNIT
STATE_OF_CHARGE = re.compile(r"[kM]?Wh|%")
EFFICIENCY = re.compile(r"(%|dimensionless)?")
NO_PRICE = re.compile(r"(?![kM]?[A-Z]{3}/).*")


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


def currencies(prices: Iterable[Sensor | None]) -> set[str]:
    """Return the currencies of prices, of which some may not be known."""
    return {currency_of(price.unit) for price in prices if price is not None}


def duration_fields(duration: timedelta) -> dict[str, int]:
    """Return what a duration selector shows."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}


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
