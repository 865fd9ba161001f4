"""The fields of the device's forms: what they show, and how they are read."""

from collections.abc import Collection, Iterable
from datetime import timedelta
import re
from typing import Any, override

from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    DurationSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...api.durations import parse_duration
from ...api.models import Catalogue, Sensor
from ...plan.prices import PRICE_UNIT, currency_of

POWER = re.compile(r"[kM]?W")
ENERGY_PRICE = PRICE_UNIT
STATE_OF_CHARGE = re.compile(r"[kM]?Wh|%")
EFFICIENCY = re.compile(r"(%|dimensionless)?")
NO_PRICE = re.compile(r"(?![kM]?[A-Z]{3}/).*")

# A choice of the list, which ends in its id, or an id that was typed.
_CHOICE = re.compile(r"(?:.*[ (]id )?(\d+)\)?")


class FieldError(Exception):
    """What is wrong with a field; the key of a translated text."""

    def __init__(self, key: str) -> None:
        """Keep the key."""
        super().__init__(key)
        self.key = key


class SensorSelector(SelectSelector):
    """A choice of FlexMeasures sensors; any id can be typed.

    The options are texts that hold the id, since the frontend shows the bare value
    of a choice that can also be typed.
    """

    def __init__(self, catalogue: Catalogue, sensors: Iterable[Sensor]) -> None:
        """Offer these sensors by asset, name, unit and id; first those of devices.

        Of a list that is required, the frontend chooses the first one by itself.
        """

        def rank(sensor: Sensor) -> tuple[bool, str]:
            return (
                not catalogue.flex_model(sensor),
                label(catalogue, sensor).casefold(),
            )

        super().__init__(
            SelectSelectorConfig(
                options=[
                    label(catalogue, sensor) for sensor in sorted(sensors, key=rank)
                ],
                mode=SelectSelectorMode.DROPDOWN,
                custom_value=True,
            )
        )

    @override
    def __call__(self, data: Any) -> Any:
        """Take an id as a number too."""
        return super().__call__(str(data) if isinstance(data, int) else data)


class LenientDurationSelector(DurationSelector):
    """A duration that may also come in ISO 8601; the form reports a text that is none."""

    @override
    def __call__(self, data: Any) -> Any:
        """Leave texts to the form."""
        return data if isinstance(data, str) else super().__call__(data)


def label(catalogue: Catalogue, sensor: Sensor) -> str:
    """Return how a sensor is offered: ``Home battery: battery power (kW, id 10)``."""
    asset = catalogue.assets.get(sensor.asset_id)
    name = f"{asset.name}: {sensor.name}" if asset else sensor.name
    unit = f"{sensor.unit}, " if sensor.unit else ""
    return f"{name} ({unit}id {sensor.id})"


def shown(catalogue: Catalogue, sensor_id: int) -> str:
    """Return a sensor as it is chosen; just its id if the account cannot see it."""
    sensor = catalogue.sensors.get(sensor_id)
    return label(catalogue, sensor) if sensor else str(sensor_id)


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


def is_public(catalogue: Catalogue, sensor: Sensor) -> bool:
    """Return whether a sensor is everybody's, so that only the server's host writes to it."""
    asset = catalogue.assets.get(sensor.asset_id)
    return asset is not None and asset.is_public


def currencies(prices: Iterable[Sensor | None]) -> set[str]:
    """Return the currencies of prices, of which some may not be known."""
    return {currency_of(price.unit) for price in prices if price is not None}


def read_sensor_id(choice: str | int) -> int | None:
    """Return the id in a choice of the list, or one that was typed."""
    match = _CHOICE.fullmatch(str(choice).strip())
    return int(match[1]) if match else None


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
