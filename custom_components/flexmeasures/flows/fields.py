"""What forms share: how they are read, errors at fields, a choice of FlexMeasures sensors."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
import re
from typing import Any, override

from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..api.client import FlexMeasuresApi
from ..api.errors import NotFoundError, NotPermittedError
from ..api.models import Catalogue, Sensor

# A choice of the list, which ends in its id, or an id that was typed.
_CHOICE = re.compile(r"(?:.*[ (]id )?(\d+)\)?")


class FieldError(Exception):
    """What is wrong with a field; the key of a translated text."""

    def __init__(self, key: str) -> None:
        """Keep the key."""
        super().__init__(key)
        self.key = key


class FormReading:
    """What a form makes, and what is wrong with it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Start to read values, which have no sections."""
        self._values = values
        self.data: dict[str, Any] = {}
        """As the subentry has them."""
        self.errors: dict[str, str] = {}
        """By field."""

    @contextmanager
    def field(self, key: str) -> Iterator[None]:
        """Take a FieldError for the error of a field."""
        try:
            yield
        except FieldError as err:
            self.errors[key] = err.key


class SensorSelector(SelectSelector):
    """A choice of FlexMeasures sensors; any id can be typed.

    The options are texts that hold the id, since the frontend shows the bare value
    of a choice that can also be typed.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        sensors: Iterable[Sensor],
        *,
        is_first: Callable[[Sensor], object],
    ) -> None:
        """Offer these sensors by asset, name, unit and id; first those that `is_first` says.

        Of a list that is required, the frontend chooses the first one by itself.
        """

        def rank(sensor: Sensor) -> tuple[bool, str]:
            return not is_first(sensor), label(catalogue, sensor).casefold()

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


def is_public(catalogue: Catalogue, sensor: Sensor) -> bool:
    """Return whether a sensor is everybody's, so that only the server's host writes to it."""
    asset = catalogue.assets.get(sensor.asset_id)
    return asset is not None and asset.is_public


def read_sensor_id(choice: str | int) -> int | None:
    """Return the id in a choice of the list, or one that was typed."""
    match = _CHOICE.fullmatch(str(choice).strip())
    return int(match[1]) if match else None


async def async_find_sensor(
    api: FlexMeasuresApi, catalogue: Catalogue, choice: str | int
) -> Sensor:
    """Return a sensor by its id, which may be one that the list does not offer.

    Raises FieldError, or what else went wrong with the server.
    """
    if (sensor_id := read_sensor_id(choice)) is None:
        raise FieldError("not_a_sensor_id")
    if (sensor := catalogue.sensors.get(sensor_id)) is not None:
        return sensor
    try:
        return await api.get_sensor(sensor_id)
    except NotFoundError:
        raise FieldError("sensor_not_found") from None
    except NotPermittedError:
        raise FieldError("sensor_of_another_account") from None
