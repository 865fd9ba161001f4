"""The entity in Home Assistant that shows what power a device has."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfPower
from homeassistant.core import State
from homeassistant.util.unit_conversion import PowerConverter

from ..api.numbers import number_in
from ..const import CONF_SENSOR
from ..feeds.settings import FeedSettings, MeasuredSource, Method


@dataclass(frozen=True, slots=True)
class PowerSource:
    """What a feed sends to the device's power sensor."""

    entity: str
    """As that of a `MeasuredSource`."""
    is_inverted: bool
    """Whether production is positive there."""

    @classmethod
    def among(cls, feeds: Iterable[ConfigSubentry], power_sensor: int) -> Self | None:
        """Return the one whose values go to a power sensor; None if none shows a power."""
        for feed in feeds:
            if feed.data[CONF_SENSOR] != power_sensor:
                continue
            settings = FeedSettings.from_subentry(feed.data)
            match settings.source:
                # Counters and switches show no power.
                case MeasuredSource(
                    entity=entity, attribute=None, method=Method.MEAN | Method.LEVEL
                ):
                    return cls(entity, settings.invert)
        return None

    def power_kw(self, state: State | None) -> float | None:
        """Return what a state of the entity says, consumption positive; None if nothing."""
        amount = number_in(state.state) if state else None
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
        if amount is None or unit not in PowerConverter.VALID_UNITS:
            return None
        power = PowerConverter.convert(amount, unit, UnitOfPower.KILO_WATT)
        return -power if self.is_inverted else power
