"""How things are said to the owner, in Home Assistant's language."""

from datetime import timedelta
import re
from typing import Any, Self

from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, State

from ..api.numbers import number_in
from ..device.level_entity import level_text, level_unit
from ..local_format import with_local_mark
from ..texts import Texts, async_texts

_QUANTITY = re.compile(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*")
_NO_BREAK = "\N{NO-BREAK SPACE}"
# Of which people say a thousand otherwise.
_SMALL_UNITS = ("W", "Wh", "VA")


class Wording:
    """How things are said to the owner."""

    def __init__(self, texts: Texts, temperature_unit: str) -> None:
        """Start with the texts among ``common``, and the unit of thermostats."""
        self.text = texts
        self.temperature_unit = temperature_unit
        """The one that Home Assistant shows."""

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Self:
        """Return that of Home Assistant's language."""
        return cls(await async_texts(hass), hass.config.units.temperature_unit)

    def amount(self, value: float, unit: str | None) -> str:
        """Return a number with its unit, which stay on one line."""
        number = amount(value, None)
        return f"{number}{_NO_BREAK}{unit}" if unit else number

    def price(self, value: float, currency: str) -> str:
        """Return what a kWh costs."""
        return self.amount(round(value, 3), f"{currency}/kWh")

    def kwh(self, value: float) -> str:
        """Return an amount of energy in kWh."""
        return self.amount(value, UnitOfEnergy.KILO_WATT_HOUR)

    def duration(self, duration: timedelta) -> str:
        """Return how long something takes."""
        return length(duration).replace(" ", _NO_BREAK)

    def quantity(self, value: Any) -> str | None:
        """Return an amount as the server writes it, like ``5 kW`` or 10; None if it is none."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        match = _QUANTITY.fullmatch(str(value))
        if match is None or (number := number_in(match[1])) is None:
            return str(value)
        unit = match[2]
        if unit in _SMALL_UNITS and number >= 1000:
            return self.amount(number / 1000, f"k{unit}")
        return self.amount(number, unit)

    def level(self, entity: State) -> str:
        """Return what an entity shows of a state of charge, with its unit."""
        said = level_text(entity)
        number = number_in(said)
        if number is None:
            return said
        return self.amount(number, level_unit(entity, self.temperature_unit))


def amount(value: float, unit: str | None) -> str:
    """Return a number as people read it, with its unit."""
    # What is added makes 0 of -0.
    value = round(value, 6 if abs(value) < 1 else 3) + 0.0
    number = f"{value:.6f}"
    number = with_local_mark(number.rstrip("0").rstrip("."))
    return f"{number} {unit}" if unit else number


def length(duration: timedelta) -> str:
    """Return how long an interval is, by the signs that all languages share."""
    minutes = duration // timedelta(minutes=1)
    if minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
