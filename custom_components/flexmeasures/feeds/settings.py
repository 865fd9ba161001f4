"""What a feed is set up with."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from ..const import (
    CONF_ATTRIBUTE,
    CONF_CAPACITY,
    CONF_CONFIG_ENTRY,
    CONF_DAILY_FORECAST,
    CONF_EMPTY_TEMPERATURE,
    CONF_ENTITY,
    CONF_FULL_TEMPERATURE,
    CONF_INVERT,
    CONF_KIND,
    CONF_LEAST_SHARE,
    CONF_METHOD,
    CONF_PRICE,
    CONF_PROVIDER,
    CONF_RULES,
    CONF_SENSOR,
    CONF_UNIT,
    CONF_VALUE_KEY,
    CONF_WORKDAY_ENTITY,
)
from ..plan.energy_units import TemperatureRange

DEFAULT_LEAST_SHARE: Final = 80
"""Percent of an interval that has to be observed."""


class FeedKind(StrEnum):
    """Where the values of a feed come from."""

    MEASURED = "measured"
    """What an entity, or one of its attributes, has shown."""
    FORESEEN = "foreseen"
    """Prices or a forecast that Home Assistant has."""
    TARIFF = "tariff"
    """Prices that the user has told."""


class Method(StrEnum):
    """How the states of an interval become its value."""

    MEAN = "mean"
    """The time-weighted mean."""
    LEVEL = "level"
    """The value at the beginning."""
    DIFFERENCE = "difference"
    """By how much a counter has risen."""
    SHARE = "share"
    """The share of the time, 0 to 1, for which a binary state was on."""


@dataclass(frozen=True, slots=True)
class MeasuredSource:
    """An entity, or one of its attributes."""

    entity: str
    """The id of its entry in the entity registry; its entity id if it has none."""
    attribute: str | None
    method: Method
    unit: str | None
    """In which its values are counted, whatever unit it shows at a time."""
    least_share: float
    """The share, 0 to 1, of an interval that has to be observed; not of a difference's."""


@dataclass(frozen=True, slots=True)
class ForeseenSource:
    """Prices or a forecast that Home Assistant has."""

    provider: str
    """Who has them: a key of `foreseen.providers`."""
    entity: str | None
    """As that of a `MeasuredSource`; of a provider that keeps them in an attribute."""
    attribute: str | None
    config_entry: str | None
    """Of the provider's integration; of one that is asked by an action or an interface."""
    value_key: str | None
    """Which of several values that stand together is meant."""
    unit: str | None
    """What the values are in, where the provider does not say so."""


@dataclass(frozen=True, slots=True)
class TariffSource:
    """Prices that the user has told."""

    price: float
    """What holds when no rule does."""
    unit: str
    """Of all prices, like ``EUR/kWh``."""
    rules: tuple[Mapping[str, Any], ...]
    """As the form has them; the first one that fits holds."""
    workday_entity: str | None
    """Of Home Assistant's Workday integration: whether holidays count as Sundays."""


type FeedSource = MeasuredSource | ForeseenSource | TariffSource


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """One source in Home Assistant, and the FlexMeasures sensor that its values go to."""

    sensor: int
    source: FeedSource
    invert: bool
    """Whether the source counts in the other direction: of power, production is positive."""
    capacity: float | None
    """In kWh: what full is, where only one side is in energy."""
    temperatures: TemperatureRange | None
    """At which it is empty and full, where a temperature tells a level."""
    has_daily_forecast: bool
    """Whether the server is to forecast once a day what is sent."""

    @classmethod
    def from_subentry(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a feed subentry."""
        return cls(
            sensor=data[CONF_SENSOR],
            source=_source(data),
            invert=data.get(CONF_INVERT, False),
            capacity=data.get(CONF_CAPACITY),
            temperatures=TemperatureRange.of(
                data.get(CONF_EMPTY_TEMPERATURE), data.get(CONF_FULL_TEMPERATURE)
            ),
            has_daily_forecast=data.get(CONF_DAILY_FORECAST, False),
        )


def _source(data: Mapping[str, Any]) -> FeedSource:
    match FeedKind(data[CONF_KIND]):
        case FeedKind.MEASURED:
            return MeasuredSource(
                entity=data[CONF_ENTITY],
                attribute=data.get(CONF_ATTRIBUTE),
                method=Method(data[CONF_METHOD]),
                unit=data.get(CONF_UNIT),
                least_share=data.get(CONF_LEAST_SHARE, DEFAULT_LEAST_SHARE) / 100,
            )
        case FeedKind.FORESEEN:
            return ForeseenSource(
                provider=data[CONF_PROVIDER],
                entity=data.get(CONF_ENTITY),
                attribute=data.get(CONF_ATTRIBUTE),
                config_entry=data.get(CONF_CONFIG_ENTRY),
                value_key=data.get(CONF_VALUE_KEY),
                unit=data.get(CONF_UNIT),
            )
    return TariffSource(
        price=data[CONF_PRICE],
        unit=data[CONF_UNIT],
        rules=tuple(data.get(CONF_RULES, ())),
        workday_entity=data.get(CONF_WORKDAY_ENTITY),
    )
