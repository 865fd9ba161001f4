"""The first forms of a feed: what is sent, and to which FlexMeasures sensor."""

from collections.abc import Iterable, Sequence
from typing import Final

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...api.models import Catalogue
from ...const import CONF_ENTITY, CONF_PRICE, CONF_SENSOR, CONF_UNIT, DOMAIN
from ...feeds.foreseen.providers import Found
from ...texts import Texts
from ..fields import AmountSelector, SensorSelector, shown
from .shown import DOMAINS
from .suggestions.suggestion import Suggestion

FEEDS: Final = "feeds"
SOURCE: Final = "source"


def entity_schema(hass: HomeAssistant, sensors: SensorSelector) -> vol.Schema:
    """Return the form for an entity; what shows what the server has is not offered."""
    own = [
        entity.entity_id
        for entity in er.async_get(hass).entities.values()
        if entity.platform == DOMAIN
    ]
    return vol.Schema(
        {
            vol.Required(CONF_ENTITY): EntitySelector(
                EntitySelectorConfig(domain=[*DOMAINS], exclude_entities=own)
            ),
            vol.Optional(CONF_SENSOR): sensors,
        }
    )


def foreseen_schema(found: Sequence[Found], sensors: SensorSelector) -> vol.Schema:
    """Return the form for what was found, which is chosen by its place in the list."""
    return vol.Schema(
        {
            vol.Required(SOURCE): _select(
                (str(index), f"{each.name} ({each.unit})" if each.unit else each.name)
                for index, each in enumerate(found)
            ),
            vol.Optional(CONF_SENSOR): sensors,
        }
    )


def tariff_schema(currency: str, sensors: SensorSelector) -> vol.Schema:
    """Return the form for a tariff, which is usually in the home's currency."""
    units = [f"{currency}/kWh", f"c{currency}/kWh", f"{currency}/MWh"]
    return vol.Schema(
        {
            vol.Optional(CONF_SENSOR): sensors,
            # The frontend fills in a 0 for what is required.
            vol.Optional(CONF_PRICE): AmountSelector(lowest=None),
            vol.Required(CONF_UNIT, default=units[0]): SelectSelector(
                SelectSelectorConfig(
                    options=units,
                    mode=SelectSelectorMode.DROPDOWN,
                    custom_value=True,
                )
            ),
        }
    )


def suggested_schema(
    texts: Texts, catalogue: Catalogue, suggestions: Iterable[Suggestion]
) -> vol.Schema:
    """Return the form for suggestions, each with its reason."""
    options = [
        SelectOptionDict(
            value=each.key,
            label=texts(
                "feed_suggestion",
                source=each.source,
                sensor=shown(catalogue, each.data[CONF_SENSOR]),
                reason=texts(each.reason, **each.placeholders),
            ),
        )
        for each in suggestions
    ]
    return vol.Schema(
        {
            vol.Optional(FEEDS): SelectSelector(
                SelectSelectorConfig(
                    options=options, multiple=True, mode=SelectSelectorMode.LIST
                )
            )
        }
    )


def _select(options: Iterable[tuple[str, str]]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=value, label=label) for value, label in options
            ],
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
