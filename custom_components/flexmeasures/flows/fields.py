"""What forms share: how they are read, errors at fields, a choice of FlexMeasures sensors."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
import re
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.const import UnitOfTemperature
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..api.client import FlexMeasuresApi
from ..api.errors import NotFoundError, NotPermittedError
from ..api.models import Catalogue, Sensor
from ..api.numbers import believable
from ..plan.energy_units import COLDEST, HOTTEST

# An id that was typed, or a choice of the list that ends in its id.
_CHOICE = re.compile(r"(?:.*[ (]id )?(\d+)\)?")


FULL_NOT_ABOVE_EMPTY: Final = "full_temperature_not_above_empty"


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

    The options are what sensors are called, since the frontend shows the bare value of a
    choice that can also be typed.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        sensors: Iterable[Sensor],
        *,
        is_first: Callable[[Sensor], object],
    ) -> None:
        """Offer these sensors by what they are called; first those that `is_first` says.

        Of a list that is required, the frontend chooses the first one by itself.
        """
        called = labels(catalogue)

        def rank(sensor: Sensor) -> tuple[bool, str]:
            return not is_first(sensor), called[sensor.id].casefold()

        super().__init__(
            SelectSelectorConfig(
                options=[called[sensor.id] for sensor in sorted(sensors, key=rank)],
                mode=SelectSelectorMode.DROPDOWN,
                custom_value=True,
            )
        )

    @override
    def __call__(self, data: Any) -> Any:
        """Take an id as a number too."""
        return super().__call__(str(data) if isinstance(data, int) else data)


class AmountSelector(NumberSelector):
    """A number of which the form itself says, in the owner's language, that it cannot be."""

    def __init__(self, unit: str | None = None, *, lowest: float | None = 0) -> None:
        """Show the unit; the keys of the keyboard do not lead below `lowest`."""
        config = NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX)
        if lowest is not None:
            config["min"] = lowest
        if unit is not None:
            config["unit_of_measurement"] = unit
        super().__init__(config)

    @override
    def __call__(self, data: Any) -> float:
        """Leave the range to the form."""
        number: float = vol.Coerce(float)(data)
        if not believable(number):
            raise vol.Invalid("expected a number")
        return number


def temperature_selector() -> NumberSelector:
    """Return a temperature of a tank, in °C whatever Home Assistant shows."""
    return NumberSelector(
        NumberSelectorConfig(
            min=COLDEST,
            max=HOTTEST,
            step="any",
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=UnitOfTemperature.CELSIUS,
        )
    )


def labels(catalogue: Catalogue) -> dict[int, str]:
    """Return what the sensors are called: ``Home battery: battery power (kW)``, by their ids.

    The id is part of it where nothing else tells two of them apart.
    """
    called = {
        sensor.id: _label(catalogue, sensor, sensor.unit)
        for sensor in catalogue.sensors.values()
    }
    count = Counter(called.values())
    return {
        sensor_id: text
        if count[text] == 1
        else _label_with_id(catalogue, catalogue.sensors[sensor_id])
        for sensor_id, text in called.items()
    }


def label(catalogue: Catalogue, sensor: Sensor) -> str:
    """Return what a sensor is called, with its id if the account cannot see it."""
    found = labels(catalogue).get(sensor.id)
    return _label_with_id(catalogue, sensor) if found is None else found


def _label(catalogue: Catalogue, sensor: Sensor, *details: str) -> str:
    asset = catalogue.assets.get(sensor.asset_id)
    name = f"{asset.name}: {sensor.name}" if asset else sensor.name
    told = ", ".join(filter(None, details))
    return f"{name} ({told})" if told else name


def _label_with_id(catalogue: Catalogue, sensor: Sensor) -> str:
    return _label(catalogue, sensor, sensor.unit, f"id {sensor.id}")


def shown(catalogue: Catalogue, sensor_id: int) -> str:
    """Return a sensor as it is chosen; just its id if the account cannot see it."""
    sensor = catalogue.sensors.get(sensor_id)
    return label(catalogue, sensor) if sensor else str(sensor_id)


def is_public(catalogue: Catalogue, sensor: Sensor) -> bool:
    """Return whether a sensor is everybody's, so that only the server's host writes to it."""
    asset = catalogue.assets.get(sensor.asset_id)
    return asset is not None and asset.is_public


def read_sensor_id(choice: str | int) -> int | None:
    """Return an id that was typed, or that a choice of the list ends in."""
    match = _CHOICE.fullmatch(str(choice).strip())
    return int(match[1]) if match else None


def chosen_sensor_id(catalogue: Catalogue, choice: str | int) -> int | None:
    """Return the id of the sensor that is called so, or that was typed."""
    called = (
        sensor_id for sensor_id, text in labels(catalogue).items() if text == choice
    )
    return next(called, None) or read_sensor_id(choice)


async def async_find_sensor(
    api: FlexMeasuresApi, catalogue: Catalogue, choice: str | int
) -> Sensor:
    """Return a sensor by its id, which may be one that the list does not offer.

    Raises FieldError, or what else went wrong with the server.
    """
    if (sensor_id := chosen_sensor_id(catalogue, choice)) is None:
        raise FieldError("not_a_sensor_id")
    if (sensor := catalogue.sensors.get(sensor_id)) is not None:
        return sensor
    try:
        return await api.get_sensor(sensor_id)
    except NotFoundError:
        raise FieldError("sensor_not_found") from None
    except NotPermittedError:
        raise FieldError("sensor_of_another_account") from None
