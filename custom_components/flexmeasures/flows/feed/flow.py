"""The flow that adds a feed to an account, or changes one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...api.client import FlexMeasuresApi
from ...api.models import Catalogue, Sensor
from ...const import CONF_ENTITY, CONF_SENSOR, DOMAIN, SUBENTRY_FEED
from ...feeds.entities import async_entity_id
from ...feeds.errors import FeedSourceError
from ..fields import FieldError, SensorSelector, shown
from ..reporting import ReportingFlow
from .feed_sensor import async_read_feed_sensor, feed_sensor_selector, unique_id
from .form import FeedForm
from .measured_form import MeasuredForm
from .shown import DOMAINS
from .suggestions import Suggestion, async_suggestions
from .texts import async_texts

_FEEDS: Final = "feeds"


class FeedSubentryFlow(
    ReportingFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]],
    ConfigSubentryFlow,
):
    """Add a feed to an account, or change one."""

    def __init__(self) -> None:
        """Start to add a feed."""
        super().__init__()
        self._present: ConfigSubentry | None = None
        self._suggestions: list[Suggestion] = []
        self._api: FlexMeasuresApi
        self._catalogue: Catalogue
        self._form: FeedForm

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask where the values come from."""
        if not await self._async_connect():
            return self._abort()
        self._suggestions = await async_suggestions(
            self.hass, self._get_entry(), self._catalogue
        )
        suggested = ["suggested"] if self._suggestions else []
        return self.async_show_menu(step_id="user", menu_options=[*suggested, "entity"])

    async def async_step_suggested(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which of the suggested feeds to add."""
        if user_input is not None:
            chosen = {*user_input.get(_FEEDS, ())}
            fed = {other.unique_id for other in self._others()}
            feeds = [
                ConfigSubentry(
                    data=MappingProxyType(each.data),
                    subentry_type=SUBENTRY_FEED,
                    title=each.title,
                    unique_id=unique_id(each.data[CONF_SENSOR]),
                )
                for each in self._suggestions
                if each.key in chosen
            ]
            self._errors = {} if feeds else {_FEEDS: "feed_none_chosen"}
            if feeds:
                return self._add([each for each in feeds if each.unique_id not in fed])
        texts = await async_texts(self.hass)
        options = [
            SelectOptionDict(
                value=each.key,
                label=texts(
                    "feed_suggestion",
                    source=each.title,
                    sensor=shown(self._catalogue, each.data[CONF_SENSOR]),
                    reason=texts(each.reason, **each.placeholders),
                ),
            )
            for each in self._suggestions
        ]
        schema = vol.Schema(
            {
                vol.Optional(_FEEDS): SelectSelector(
                    SelectSelectorConfig(
                        options=options, multiple=True, mode=SelectSelectorMode.LIST
                    )
                )
            }
        )
        values = user_input or {_FEEDS: [each.key for each in self._suggestions]}
        return self._show("suggested", schema, values)

    def _add(self, feeds: list[ConfigSubentry]) -> SubentryFlowResult:
        """Add feeds, if there are any; the flow can only end with one of them."""
        if not feeds:
            return self.async_abort(reason="already_configured")
        *others, last = feeds
        for feed in others:
            self.hass.config_entries.async_add_subentry(self._get_entry(), feed)
        return self.async_create_entry(
            title=last.title, data=last.data, unique_id=last.unique_id
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to change a feed; where its values come from stays."""
        self._present = self._get_reconfigure_subentry()
        if not await self._async_connect():
            return self._abort()
        return await self.async_step_entity()

    async def async_step_entity(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the entity and the FlexMeasures sensor."""
        if user_input is not None:
            async with self._reported():
                if (sensor := await self._async_sensor(user_input)) is not None:
                    self._read_entity(user_input[CONF_ENTITY], sensor)
            if not self._errors:
                return await self._async_ask()
        schema = vol.Schema(
            {
                vol.Required(CONF_ENTITY): EntitySelector(
                    EntitySelectorConfig(
                        domain=[*DOMAINS], exclude_entities=self._own_entities()
                    )
                ),
                vol.Optional(CONF_SENSOR): self._sensor_selector(lambda _: True),
            }
        )
        return self._show("entity", schema, user_input or self._present_values())

    async def async_step_measured(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how a feed is to be sent, and show what would be.

        The form comes back until it is right, and what it makes has been seen.
        """
        form, preview = self._form, ""
        async with self._reported():
            if user_input is not None:
                await form.async_read(user_input)
                self._errors, self._placeholders = form.errors, form.placeholders
            is_seen = form.is_previewed
            preview = await form.async_preview()
        if user_input is not None and is_seen and not self._errors:
            return self._save()
        return self._show(form.step_id, form.schema(), form.values(), preview=preview)

    async def _async_ask(self) -> SubentryFlowResult:
        return await self.async_step_measured()

    async def _async_sensor(self, user_input: Mapping[str, Any]) -> Sensor | None:
        """Return the FlexMeasures sensor that was chosen; None, and an error, if it cannot be.

        Raises FlexMeasuresError.
        """
        try:
            return await async_read_feed_sensor(
                self._api,
                self._catalogue,
                user_input.get(CONF_SENSOR, ""),
                self._others(),
            )
        except FieldError as err:
            self._errors[CONF_SENSOR] = err.key
            return None

    def _read_entity(self, entity_id: str, sensor: Sensor) -> None:
        """Start the next form with an entity, if it can be sent to a sensor."""
        try:
            self._form = MeasuredForm(
                self.hass,
                self._catalogue,
                sensor,
                entity_id,
                others=self._others(),
                present=self._present,
            )
        except FieldError as err:
            self._errors[CONF_ENTITY] = err.key
        except FeedSourceError as err:
            self._errors[CONF_ENTITY] = err.translation_key
            self._placeholders = err.placeholders

    def _sensor_selector(self, is_first: Callable[[Sensor], object]) -> SensorSelector:
        return feed_sensor_selector(self._catalogue, self._others(), is_first=is_first)

    def _own_entities(self) -> list[str]:
        """Return entities that show what the server has."""
        return [
            entity.entity_id
            for entity in er.async_get(self.hass).entities.values()
            if entity.platform == DOMAIN
        ]

    def _present_values(self) -> dict[str, Any] | None:
        """Return what the first form shows of a feed that is changed."""
        if self._present is None:
            return None
        data = self._present.data
        return {
            CONF_ENTITY: async_entity_id(self.hass, data[CONF_ENTITY]),
            CONF_SENSOR: shown(self._catalogue, data[CONF_SENSOR]),
        }

    def _save(self) -> SubentryFlowResult:
        """Keep what the form made."""
        form = self._form
        feed_id = unique_id(form.data[CONF_SENSOR])
        if self._present is None:
            return self.async_create_entry(
                title=form.title, data=form.data, unique_id=feed_id
            )
        return self.async_update_and_abort(
            self._get_entry(),
            self._present,
            data=form.data,
            unique_id=feed_id,
            title=form.title,
        )

    async def _async_connect(self) -> bool:
        """Ask the server what there is to choose from; return whether it answered."""
        # Not the loaded account's, which may start over meanwhile.
        self._api = FlexMeasuresApi.from_login(self.hass, self._get_entry().data)
        async with self._reported():
            self._catalogue = await self._api.get_catalogue()
        return not self._errors

    def _others(self) -> list[ConfigSubentry]:
        """Return all subentries but the one that is changed."""
        return [
            subentry
            for subentry in self._get_entry().subentries.values()
            if self._present is None
            or subentry.subentry_id != self._present.subentry_id
        ]
