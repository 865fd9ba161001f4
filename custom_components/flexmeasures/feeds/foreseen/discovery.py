"""Which prices and forecasts Home Assistant has."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from homeassistant.components.energy.websocket_api import async_get_energy_platforms
from homeassistant.components.weather.const import (
    ATTR_WEATHER_TEMPERATURE_UNIT,
    WeatherEntityFeature,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_SUPPORTED_FEATURES, UnitOfPower
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ..entities import async_registry_key
from ..errors import FeedSourceError
from ..settings import ForeseenSource
from .attributes import (
    ATTRIBUTE,
    OCTOPUS,
    RATES,
    SOLCAST,
    attribute_unit,
    following_day,
    is_octopus_meter,
    solcast_parts,
)
from .errors import NoTimesAndValuesError
from .prices import PRICES
from .shapes import spans_of, steps_of, value_keys
from .solar import SOLAR
from .temperature import TEMPERATURE, WEATHER
from .units import price_unit

OCTOPUS_KEY: Final = "value_inc_vat"
OCTOPUS_UNIT: Final = "GBP/kWh"
SOLCAST_ATTRIBUTE: Final = "detailedForecast"
SOLCAST_KEY: Final = "pv_estimate"
SOLCAST_UNIT: Final = UnitOfPower.KILO_WATT

# What comes from here would go round in circles; of the others, the list is spread over
# several entities.
_NOT_ALONE: Final = frozenset({DOMAIN, OCTOPUS, SOLCAST})


@dataclass(frozen=True, slots=True)
class Found:
    """Prices or a forecast that can be offered."""

    source: ForeseenSource
    name: str
    """For a list."""
    is_price: bool
    unit: str | None
    is_production: bool = False
    """Whether it is power that is produced."""


async def found_providers(hass: HomeAssistant) -> list[Found]:
    """Return the prices and forecasts that Home Assistant has, prices first, by name."""
    found = [
        *[each async for each in _prices(hass)],
        *_octopus(hass),
        *_solcast(hass),
        *[each async for each in _solar(hass)],
        *_weather(hass),
        *_attributes(hass),
    ]
    return sorted(found, key=lambda each: (not each.is_price, each.name.casefold()))


@callback
def async_forecast_attributes(hass: HomeAssistant, entity_id: str) -> tuple[str, ...]:
    """Return those attributes of an entity that have times to come, with values."""
    state = hass.states.get(entity_id)
    if state is None:
        return ()
    return tuple(attribute for attribute, _ in _forecasts(state))


async def _prices(hass: HomeAssistant) -> AsyncIterator[Found]:
    for domain, provider in PRICES.items():
        if not hass.services.has_service(domain, provider.action):
            continue
        for entry in hass.config_entries.async_loaded_entries(domain):
            unit = provider.unit_of(hass, entry)
            try:
                keys = await provider.async_keys(hass, entry)
            except FeedSourceError:
                continue  # It does not work now.
            for key in keys:
                yield Found(
                    _source(domain, config_entry=entry.entry_id, value_key=key),
                    f"{provider.title}: {key}",
                    is_price=True,
                    unit=unit,
                )


def _octopus(hass: HomeAssistant) -> Iterator[Found]:
    for entry in er.async_get(hass).entities.values():
        state = hass.states.get(entry.entity_id)
        if is_octopus_meter(entry) and state is not None:
            yield Found(
                _source(
                    OCTOPUS,
                    entity=entry.id,
                    attribute=RATES,
                    value_key=OCTOPUS_KEY,
                ),
                state.name,
                is_price=True,
                unit=OCTOPUS_UNIT,
            )


def _solcast(hass: HomeAssistant) -> Iterator[Found]:
    for entry in hass.config_entries.async_loaded_entries(SOLCAST):
        if not _has_solcast(hass, entry):
            continue
        yield Found(
            _source(
                SOLCAST,
                config_entry=entry.entry_id,
                attribute=SOLCAST_ATTRIBUTE,
                value_key=SOLCAST_KEY,
            ),
            f"{entry.title}: {SOLCAST_ATTRIBUTE}",
            is_price=False,
            unit=SOLCAST_UNIT,
            is_production=True,
        )


def _has_solcast(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether the forecast of a config entry is in attributes, as its options say."""
    try:
        parts = solcast_parts(hass, entry, SOLCAST_ATTRIBUTE)()
    except FeedSourceError:
        return False
    states = (hass.states.get(part.entity_id) for part in parts)
    return any(state and SOLCAST_ATTRIBUTE in state.attributes for state in states)


async def _solar(hass: HomeAssistant) -> AsyncIterator[Found]:
    for domain in await async_get_energy_platforms(hass):
        integration = await async_get_integration(hass, domain)
        for entry in hass.config_entries.async_loaded_entries(domain):
            if domain != DOMAIN:
                yield Found(
                    _source(SOLAR, config_entry=entry.entry_id),
                    f"{integration.name}: {entry.title}",
                    is_price=False,
                    unit=UnitOfPower.WATT,
                    is_production=True,
                )


def _weather(hass: HomeAssistant) -> Iterator[Found]:
    for state in hass.states.async_all(WEATHER):
        features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
        if features & WeatherEntityFeature.FORECAST_HOURLY:
            yield Found(
                _source(WEATHER, entity=async_registry_key(hass, state.entity_id)),
                f"{state.name}: {TEMPERATURE}",
                is_price=False,
                unit=state.attributes.get(ATTR_WEATHER_TEMPERATURE_UNIT),
            )


def _attributes(hass: HomeAssistant) -> Iterator[Found]:
    registry = er.async_get(hass)
    for state in hass.states.async_all():
        entry = registry.async_get(state.entity_id)
        if entry is not None and entry.platform in _NOT_ALONE:
            continue
        for attribute, key in _forecasts(state):
            unit = attribute_unit(state, attribute, key)
            yield Found(
                _source(
                    ATTRIBUTE,
                    entity=async_registry_key(hass, state.entity_id),
                    attribute=attribute,
                ),
                f"{state.name}: {attribute}",
                is_price=price_unit(unit) is not None,
                unit=unit or None,
            )


def _forecasts(state: State) -> Iterator[tuple[str, str]]:
    """Give the attributes that have times to come, one for several days, and what is in them."""
    zone = dt_util.get_default_time_zone()
    followers = {following_day(attribute) for attribute in state.attributes}
    for attribute, listed in state.attributes.items():
        if attribute in followers:
            continue
        data = [listed, state.attributes.get(following_day(attribute) or "")]
        for key in value_keys(data, zone)[:1]:
            if _goes_on(data, zone, key):
                yield attribute, key


def _goes_on(data: Sequence[Any], time_zone: tzinfo, key: str) -> bool:
    """Return whether some of the values are of times to come."""
    try:
        end, _ = steps_of(spans_of(data, time_zone, key))[-1]
    except NoTimesAndValuesError:
        return False
    return end > dt_util.utcnow()


def _source(
    provider: str,
    *,
    entity: str | None = None,
    attribute: str | None = None,
    config_entry: str | None = None,
    value_key: str | None = None,
) -> ForeseenSource:
    return ForeseenSource(provider, entity, attribute, config_entry, value_key, None)
