"""The form of a feed whose source is prices or a forecast that Home Assistant has."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_ATTRIBUTE,
    CONF_CONFIG_ENTRY,
    CONF_ENTITY,
    CONF_INVERT,
    CONF_KIND,
    CONF_PROVIDER,
    CONF_SENSOR,
    CONF_UNIT,
    CONF_VALUE_KEY,
)
from ...feeds.conversion import (
    Conversion,
    FeedUnitMissingError,
    conversion,
    has_direction,
)
from ...feeds.errors import FeedSourceError
from ...feeds.foreseen.providers import Foreseen, Found, async_value_keys
from ...feeds.settings import FeedKind, FeedSettings, ForeseenSource, Method
from ...texts import async_texts
from ..fields import FieldError
from .feed_sensor import unit_selector
from .form import FeedForm
from .preview import async_foreseen, direction_text, steps_table, steps_text


@dataclass(frozen=True, slots=True)
class _Choice:
    """What changes what is sent."""

    value_key: str | None
    unit: str | None
    """As it was told, of what does not say so itself."""
    invert: bool


class ForeseenForm(FeedForm):
    """Builds the form and reads it, once the source was read."""

    step_id = "values"

    def __init__(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        sensor: Sensor,
        found: Found,
        *,
        others: Collection[ConfigSubentry],
        present: ConfigSubentry | None,
    ) -> None:
        """Start with the FlexMeasures sensor and the source; raises FeedSourceError."""
        super().__init__(hass, catalogue, sensor, others=others, present=present)
        self._found = found
        source = found.source
        self._keys = () if source.value_key else async_value_keys(hass, source)
        known = present.data if present and is_source_of(found, present) else {}
        key = known.get(CONF_VALUE_KEY, source.value_key)
        if self._keys and key not in self._keys:
            key = self._keys[0]
        is_production = found.is_production or self._is_of_producer
        self._choice = _Choice(
            key, known.get(CONF_UNIT), known.get(CONF_INVERT, is_production)
        )
        self._previewed: _Choice | None = None
        self._foreseen: Foreseen
        self._loaded_key: str | None = None

    async def async_load(self) -> None:
        """Read the source; raises FieldError or FeedSourceError."""
        source = replace(self._found.source, value_key=self._choice.value_key)
        self._foreseen = await async_foreseen(self._hass, source, self._sensor)
        self._loaded_key = source.value_key
        # The form asks for it.
        with suppress(FeedUnitMissingError):
            self._conversion()

    @property
    @override
    def is_previewed(self) -> bool:
        return self._choice == self._previewed

    @override
    def schema(self) -> vol.Schema:
        fields: dict[vol.Marker, Any] = {}
        if self._keys:
            fields[vol.Required(CONF_VALUE_KEY)] = SelectSelector(
                SelectSelectorConfig(
                    options=[*self._keys], mode=SelectSelectorMode.DROPDOWN
                )
            )
        if not self._foreseen.unit:
            fields[vol.Optional(CONF_UNIT)] = unit_selector(self._sensor)
        if has_direction(self._sensor, Method.MEAN):
            fields[vol.Required(CONF_INVERT)] = BooleanSelector()
        fields[vol.Optional(CONF_NAME)] = TextSelector()
        return vol.Schema(fields)

    @override
    def values(self) -> dict[str, Any]:
        return {
            CONF_VALUE_KEY: self._choice.value_key,
            CONF_UNIT: self._choice.unit,
            CONF_INVERT: self._choice.invert,
            CONF_NAME: self._name,
        }

    @override
    async def async_read(self, user_input: Mapping[str, Any]) -> None:
        self.errors, self.placeholders = {}, {}
        asked = self.schema().schema
        before = self._choice
        self._choice = _Choice(
            user_input.get(CONF_VALUE_KEY, before.value_key),
            user_input.get(CONF_UNIT) if CONF_UNIT in asked else before.unit,
            user_input.get(CONF_INVERT, before.invert),
        )
        field = CONF_UNIT if CONF_UNIT in asked else CONF_VALUE_KEY
        try:
            if not self._is_loaded:
                field = CONF_VALUE_KEY
                await self.async_load()
            self._conversion()
        except FieldError as err:
            self.errors[field] = err.key
        except FeedSourceError as err:
            self._report(field, err)
        self.data = self._data()
        self._read_title(user_input, self._found.name)

    @override
    async def async_preview(self) -> str:
        if not self._is_loaded:
            return ""
        texts = await async_texts(self._hass)
        steps = self._foreseen.steps
        lines = [f"**{self._found.name}**: {steps_text(texts, steps)}"]
        try:
            made = self._conversion()
        except FeedSourceError:
            return lines[0]
        lines.append(steps_table(steps, self._unit, made))
        if has_direction(self._sensor, Method.MEAN):
            lines.append(direction_text(texts, invert=self._choice.invert))
        if self._previewed not in (None, self._choice):
            lines.append(texts("feed_look_again"))
        self._previewed = self._choice
        return "\n\n".join(lines)

    @property
    def _is_loaded(self) -> bool:
        """Whether what was read is what is chosen."""
        return self._loaded_key == self._choice.value_key

    @property
    def _unit(self) -> str:
        return self._foreseen.unit or self._choice.unit or ""

    def _conversion(self) -> Conversion:
        return conversion(
            self._unit or None,
            self._sensor,
            Method.MEAN,
            invert=self._choice.invert,
            capacity=None,
        )

    def _data(self) -> dict[str, Any]:
        source = self._found.source
        data = {
            CONF_KIND: str(FeedKind.FORESEEN),
            CONF_SENSOR: self._sensor.id,
            CONF_PROVIDER: source.provider,
            CONF_ENTITY: source.entity,
            CONF_ATTRIBUTE: source.attribute,
            CONF_CONFIG_ENTRY: source.config_entry,
            CONF_VALUE_KEY: self._choice.value_key,
            CONF_UNIT: None if self._foreseen.unit else self._choice.unit,
            CONF_INVERT: self._choice.invert,
        }
        return {key: value for key, value in data.items() if value is not None}


def is_source_of(found: Found, feed: ConfigSubentry) -> bool:
    """Return whether a feed has a source."""
    source = found.source
    wanted = {
        CONF_PROVIDER: source.provider,
        CONF_ENTITY: source.entity,
        CONF_ATTRIBUTE: source.attribute,
        CONF_CONFIG_ENTRY: source.config_entry,
        CONF_VALUE_KEY: source.value_key or feed.data.get(CONF_VALUE_KEY),
    }
    return all(feed.data.get(key) == value for key, value in wanted.items())


def found_of(feed: ConfigSubentry) -> Found:
    """Return the source that a feed has, by the name of the feed."""
    source = FeedSettings.from_subentry(feed.data).source
    assert isinstance(source, ForeseenSource)
    return Found(replace(source, unit=None), feed.title, is_price=False, unit=None)
