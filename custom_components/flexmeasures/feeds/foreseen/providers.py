"""Who has the prices or the forecast of a source."""

from homeassistant.core import HomeAssistant, callback

from ...api.models import Sensor
from ..settings import ForeseenSource, TariffSource
from .actions import entry_of
from .attributes import (
    ATTRIBUTE,
    SOLCAST,
    AttributeProvider,
    attribute_parts,
    octopus_parts,
    solcast_parts,
)
from .discovery import (
    OCTOPUS_KEY,
    OCTOPUS_UNIT,
    SOLCAST_ATTRIBUTE,
    SOLCAST_KEY,
    SOLCAST_UNIT,
    Found,
    async_forecast_attributes,
    found_providers,
)
from .errors import ProviderGoneError
from .own_tariff import TariffProvider
from .prices import PRICES
from .provider import Foreseen, Provider
from .solar import SOLAR, SolarProvider
from .temperature import WEATHER, WeatherProvider

__all__ = [
    "ATTRIBUTE",
    "Foreseen",
    "Found",
    "Provider",
    "async_forecast_attributes",
    "async_value_keys",
    "found_providers",
    "provider_of",
]


def provider_of(
    hass: HomeAssistant, source: ForeseenSource | TariffSource, sensor: Sensor
) -> Provider:
    """Return who has what a source is, for the FlexMeasures sensor that it is sent to.

    Raises FeedSourceError, if its integration or its entity is gone.
    """
    if isinstance(source, TariffSource):
        return TariffProvider(hass, source)
    if (provider := _attribute_provider(hass, source)) is not None:
        return provider
    if source.provider == SOLAR:
        return SolarProvider(hass, entry_of(hass, SOLAR, source.config_entry))
    if source.provider == WEATHER:
        return WeatherProvider(hass, source.entity or "")
    if source.provider in PRICES:
        return PRICES[source.provider](hass, source, sensor)
    raise ProviderGoneError(source.provider)


@callback
def async_value_keys(hass: HomeAssistant, source: ForeseenSource) -> tuple[str, ...]:
    """Return the values of which a source's `value_key` may be one, the likeliest first.

    Empty if there is nothing to choose. Raises FeedSourceError.
    """
    provider = _attribute_provider(hass, source)
    keys = () if provider is None else provider.value_keys()
    return keys if len(keys) > 1 else ()


def _attribute_provider(
    hass: HomeAssistant, source: ForeseenSource
) -> AttributeProvider | None:
    """Return who has what is in attributes; raises FeedSourceError."""
    entity, key, unit = source.entity or "", source.value_key, source.unit
    match source.provider:
        case "attribute":
            parts = attribute_parts(hass, entity, source.attribute or "")
        case "octopus_energy":
            parts = octopus_parts(hass, entity)
            key, unit = key or OCTOPUS_KEY, unit or OCTOPUS_UNIT
        case "solcast_solar":
            entry = entry_of(hass, SOLCAST, source.config_entry)
            parts = solcast_parts(hass, entry, source.attribute or SOLCAST_ATTRIBUTE)
            key, unit = key or SOLCAST_KEY, unit or SOLCAST_UNIT
        case _:
            return None
    return AttributeProvider(hass, parts, key=key, unit=unit)
