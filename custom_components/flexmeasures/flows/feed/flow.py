"""The flow that adds a feed to an account, or changes one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult

from ...api.models import Sensor
from ...const import (
    CONF_ENTITY,
    CONF_KIND,
    CONF_PRICE,
    CONF_SENSOR,
    CONF_UNIT,
    SUBENTRY_FEED,
)
from ...feeds.conversion import is_price
from ...feeds.entities import async_entity_id
from ...feeds.errors import FeedSourceError
from ...feeds.foreseen.providers import Found, found_providers
from ...feeds.settings import FeedKind
from ...texts import async_texts
from ..doubts import Doubts, doubtful_price
from ..fields import FieldError, SensorSelector, shown
from ..subentry import AccountPartFlow
from ..wording import Wording
from .feed_sensor import async_read_feed_sensor, feed_sensor_selector, unique_id
from .foreseen_form import ForeseenForm, found_of, is_source_of
from .form import FeedForm
from .measured_form import MeasuredForm
from .schemas import (
    FEEDS,
    SOURCE,
    entity_schema,
    foreseen_schema,
    suggested_schema,
    tariff_schema,
)
from .suggestions.suggestion import Suggestion, async_suggestions
from .tariff_form import TariffForm


class FeedSubentryFlow(AccountPartFlow):
    """Add a feed to an account, or change one."""

    _form: FeedForm

    def __init__(self) -> None:
        """Start to add a feed."""
        super().__init__()
        self._suggestions: list[Suggestion] = []
        self._found: list[Found] = []
        self._doubts = Doubts()

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
        return self.async_show_menu(
            step_id="user", menu_options=[*suggested, "entity", "foreseen", "tariff"]
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to change a feed; what kind of source it has stays."""
        self._present = self._get_reconfigure_subentry()
        if not await self._async_connect():
            return self._abort()
        step = {
            FeedKind.MEASURED: self.async_step_entity,
            FeedKind.FORESEEN: self.async_step_foreseen,
            FeedKind.TARIFF: self.async_step_tariff,
        }[FeedKind(self._present.data[CONF_KIND])]
        return await step()

    async def async_step_suggested(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which of the suggested feeds to add."""
        if user_input is not None:
            chosen = {*user_input.get(FEEDS, ())}
            if feeds := [each for each in self._suggestions if each.key in chosen]:
                return self._add(feeds)
            self._errors = {FEEDS: "feed_none_chosen"}
        schema = suggested_schema(
            await async_texts(self.hass), self._catalogue, self._suggestions
        )
        values = user_input or {FEEDS: [each.key for each in self._suggestions]}
        return self._show("suggested", schema, values)

    async def async_step_entity(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the entity and the FlexMeasures sensor."""
        if user_input is not None:
            async with self._reported():
                if (sensor := await self._async_sensor(user_input)) is not None:
                    with self._field(CONF_ENTITY):
                        self._form = MeasuredForm(
                            self.hass,
                            self._catalogue,
                            sensor,
                            user_input[CONF_ENTITY],
                            others=self._others(),
                            present=self._present,
                        )
            if not self._errors:
                return await self.async_step_measured()
        values = user_input or self._present_values()
        if user_input is None and values:
            values[CONF_ENTITY] = async_entity_id(self.hass, values[CONF_ENTITY])
        return self._show("entity", entity_schema(self.hass, self._sensors()), values)

    async def async_step_foreseen(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the prices or the forecast, and the FlexMeasures sensor."""
        values = user_input or self._present_values()
        if user_input is None:
            self._found = await found_providers(self.hass)
            if values:
                values[SOURCE] = str(self._present_source())
            elif not self._found:
                return self.async_abort(reason="no_forecast")
        else:
            async with self._reported():
                if (sensor := await self._async_sensor(user_input)) is not None:
                    with self._field(SOURCE):
                        self._form = form = ForeseenForm(
                            self.hass,
                            self._catalogue,
                            sensor,
                            self._found[int(user_input[SOURCE])],
                            others=self._others(),
                            present=self._present,
                        )
                        await form.async_load()
            if not self._errors:
                return await self.async_step_measured()
        schema = foreseen_schema(self._found, self._sensors())
        return self._show("foreseen", schema, values)

    async def async_step_tariff(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the FlexMeasures sensor, and the price that mostly holds."""
        if user_input is not None:
            wording = await Wording.async_load(self.hass)
            async with self._reported():
                sensor = await self._async_sensor(user_input)
                if sensor is not None and not is_price(sensor.unit):
                    self._errors[CONF_SENSOR] = "feed_not_a_price_sensor"
                elif CONF_PRICE not in user_input:
                    self._errors[CONF_PRICE] = "feed_price_missing"
                elif sensor is not None:
                    with self._field(CONF_UNIT):
                        self._form = TariffForm(
                            self.hass,
                            self._catalogue,
                            sensor,
                            wording,
                            price=user_input[CONF_PRICE],
                            unit=user_input[CONF_UNIT],
                            others=self._others(),
                            present=self._present,
                        )
            if not self._errors:
                self._ask_back_price(wording, user_input)
            if not self._errors:
                return await self.async_step_measured()
        schema = tariff_schema(
            self.hass.config.currency,
            self._sensors(lambda sensor: is_price(sensor.unit)),
        )
        return self._show("tariff", schema, user_input or self._present_values())

    async def async_step_measured(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how a feed is to be sent, and show what would be.

        The form comes back until it is right, and what it makes has been seen.
        """
        form, preview, is_seen = self._form, "", False
        async with self._reported():
            if user_input is not None:
                await form.async_read(user_input)
                self._errors, self._placeholders = form.errors, form.placeholders
                is_seen = form.is_previewed
            preview = await form.async_preview()
        if is_seen and not self._errors:
            return self._save()
        return self._show(form.step_id, form.schema(), form.values(), preview=preview)

    # The same, with the fields and the texts of other sources.
    async_step_values = async_step_measured
    async_step_rules = async_step_measured

    def _ask_back_price(self, wording: Wording, user_input: Mapping[str, Any]) -> None:
        """Ask back a price that is likely in cents, unless it was so before."""
        price, unit = user_input[CONF_PRICE], user_input[CONF_UNIT]
        known = self._present.data if self._present else {}
        if (price, unit) == (known.get(CONF_PRICE), known.get(CONF_UNIT)):
            return
        doubt = doubtful_price(wording, price, unit)
        self._doubts.note(CONF_PRICE, doubt, self._errors, self._placeholders)

    async def _async_sensor(self, user_input: Mapping[str, Any]) -> Sensor | None:
        """Return the FlexMeasures sensor that was chosen; None, with an error, if it cannot be.

        Raises FlexMeasuresError.
        """
        with self._field(CONF_SENSOR):
            return await async_read_feed_sensor(
                self._api,
                self._catalogue,
                user_input.get(CONF_SENSOR, ""),
                self._others(),
            )
        return None

    @contextmanager
    def _field(self, key: str) -> Iterator[None]:
        """Take an error for that of a field."""
        try:
            yield
        except FieldError as err:
            self._errors[key] = err.key
        except FeedSourceError as err:
            self._errors[key] = err.translation_key
            self._placeholders = err.placeholders

    def _sensors(self, is_first: Callable[[Sensor], object] = bool) -> SensorSelector:
        return feed_sensor_selector(self._catalogue, self._others(), is_first=is_first)

    def _present_source(self) -> int:
        """Return where the source of the feed that is changed is in the list.

        It comes first if it was not found, as while its integration starts.
        """
        assert self._present is not None
        for index, found in enumerate(self._found):
            if is_source_of(found, self._present):
                return index
        self._found.insert(0, found_of(self._present))
        return 0

    def _present_values(self) -> dict[str, Any]:
        """Return what a feed has that is changed, as it is chosen; nothing of a new one."""
        if self._present is None:
            return {}
        values = dict(self._present.data)
        return {**values, CONF_SENSOR: shown(self._catalogue, values[CONF_SENSOR])}

    def _add(self, suggestions: list[Suggestion]) -> SubentryFlowResult:
        """Add the feeds that nobody has added meanwhile; the flow ends with one of them."""
        fed = {other.unique_id for other in self._others()}
        feeds = [
            ConfigSubentry(
                data=MappingProxyType(each.data),
                subentry_type=SUBENTRY_FEED,
                title=each.title,
                unique_id=feed_id,
            )
            for each in suggestions
            if (feed_id := unique_id(each.data[CONF_SENSOR])) not in fed
        ]
        if not feeds:
            return self.async_abort(reason="already_configured")
        *others, last = feeds
        for feed in others:
            self.hass.config_entries.async_add_subentry(self._get_entry(), feed)
        return self.async_create_entry(
            title=last.title, data=last.data, unique_id=last.unique_id
        )

    def _save(self) -> SubentryFlowResult:
        """Keep what the form made."""
        form = self._form
        return self._keep(form.title, form.data, unique_id(form.data[CONF_SENSOR]))
