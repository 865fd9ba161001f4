"""The form of a feed whose source is a tariff that the user tells."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, WEEKDAYS
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TimeSelector,
)

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_KIND,
    CONF_PRICE,
    CONF_RULES,
    CONF_SENSOR,
    CONF_UNIT,
    CONF_WORKDAY_ENTITY,
)
from ...feeds.conversion import conversion
from ...feeds.entities import async_entity_id, async_registry_key
from ...feeds.errors import FeedSourceError
from ...feeds.foreseen.providers import Foreseen
from ...feeds.foreseen.tariff import (
    MONTHS,
    RULE_FROM,
    RULE_MONTHS,
    RULE_PRICE,
    RULE_UNTIL,
    RULE_WEEKDAYS,
    TariffRule,
    read_rules,
)
from ...feeds.settings import FeedKind, FeedSettings, Method, TariffSource
from ...texts import Texts
from ..doubts import Doubts, doubtful_rule
from ..fields import FieldError
from ..wording import Wording
from .form import FeedForm
from .preview import async_foreseen, steps_table


class TariffForm(FeedForm):
    """Builds the form and reads it."""

    step_id = "rules"

    def __init__(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        sensor: Sensor,
        wording: Wording,
        *,
        price: float,
        unit: str,
        others: Collection[ConfigSubentry],
        present: ConfigSubentry | None,
    ) -> None:
        """Start with the FlexMeasures sensor, and what holds without rules.

        Raises FeedSourceError if that is no price of the sensor's kind.
        """
        super().__init__(hass, catalogue, sensor, others=others, present=present)
        self._wording = wording
        self._texts = wording.text
        self._doubts = Doubts()
        known = present.data if present else {}
        self._made = conversion(unit, sensor, Method.MEAN, invert=False, capacity=None)
        self.data = {
            CONF_KIND: str(FeedKind.TARIFF),
            CONF_SENSOR: sensor.id,
            CONF_PRICE: price,
            CONF_UNIT: unit,
            CONF_RULES: list(known.get(CONF_RULES, [])),
        }
        if workday := known.get(CONF_WORKDAY_ENTITY):
            self.data[CONF_WORKDAY_ENTITY] = workday
        self._known_rules = self.data[CONF_RULES]
        self._previewed: dict[str, Any] | None = None

    @property
    @override
    def is_previewed(self) -> bool:
        return self.data == self._previewed

    @override
    def schema(self) -> vol.Schema:
        return vol.Schema(
            {
                vol.Optional(CONF_RULES): rules_selector(self._texts),
                vol.Optional(CONF_WORKDAY_ENTITY): EntitySelector(
                    EntitySelectorConfig(
                        filter=EntityWithDeviceFilterSelectorConfig(
                            integration="workday", domain="binary_sensor"
                        )
                    )
                ),
                vol.Optional(CONF_NAME): TextSelector(),
            }
        )

    @override
    def values(self) -> dict[str, Any]:
        workday = self.data.get(CONF_WORKDAY_ENTITY)
        return {
            CONF_RULES: self.data[CONF_RULES],
            CONF_WORKDAY_ENTITY: workday and async_entity_id(self._hass, workday),
            CONF_NAME: self._name,
        }

    @override
    async def async_read(self, user_input: Mapping[str, Any]) -> None:
        self.errors, self.placeholders = {}, {}
        self.data = {**self.data, CONF_RULES: user_input.get(CONF_RULES, [])}
        self.data.pop(CONF_WORKDAY_ENTITY, None)
        if workday := user_input.get(CONF_WORKDAY_ENTITY):
            self.data[CONF_WORKDAY_ENTITY] = async_registry_key(self._hass, workday)
        field = CONF_RULES
        try:
            self._ask_back(read_rules(self.data[CONF_RULES]))
            # The rules are right: all else is about holidays.
            field = CONF_WORKDAY_ENTITY
            await self._async_foreseen()
        except FieldError as err:
            self.errors[field] = err.key
        except FeedSourceError as err:
            self._report(field, err)
        self._read_title(user_input, self._texts("feed_tariff"))

    def _ask_back(self, rules: Iterable[TariffRule]) -> None:
        """Ask back prices that are likely in cents, unless they were so before."""
        if self.data[CONF_RULES] == self._known_rules:
            return
        for number, rule in enumerate(rules, 1):
            doubt = doubtful_rule(self._wording, number, rule, self.data[CONF_UNIT])
            self._doubts.note(CONF_RULES, doubt, self.errors, self.placeholders)

    @override
    async def async_preview(self) -> str:
        try:
            foreseen = await self._async_foreseen()
        except FieldError, FeedSourceError:
            return ""
        lines = [
            self._texts("feed_tariff_prices"),
            steps_table(foreseen.steps, foreseen.unit, self._made),
        ]
        if self._previewed not in (None, self.data):
            lines.append(self._texts("feed_look_again"))
        self._previewed = self.data
        return "\n\n".join(lines)

    async def _async_foreseen(self) -> Foreseen:
        """Return the prices of the days to come; raises FieldError or FeedSourceError."""
        source = FeedSettings.from_subentry(self.data).source
        assert isinstance(source, TariffSource)
        return await async_foreseen(self._hass, source, self._sensor)


def rules_selector(texts: Texts) -> ObjectSelector:
    """Return a choice of prices with the times at which they hold."""
    time = TimeSelector()
    months = _choice({month: texts(f"month_{month}") for month in MONTHS})
    days = _choice({day: texts(f"weekday_{day}") for day in WEEKDAYS})
    price = NumberSelector(
        NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX)
    )
    return ObjectSelector(
        ObjectSelectorConfig(
            fields={
                # The frontend fills in a 0 for what is required.
                RULE_PRICE: ObjectSelectorField(selector=price),
                RULE_WEEKDAYS: ObjectSelectorField(selector=days),
                RULE_FROM: ObjectSelectorField(selector=time),
                RULE_UNTIL: ObjectSelectorField(selector=time),
                RULE_MONTHS: ObjectSelectorField(selector=months),
            },
            multiple=True,
            label_field=RULE_PRICE,
            description_field=RULE_FROM,
            translation_key="tariff_rule",
        )
    )


def _choice(options: Mapping[str, str]) -> SelectSelector:
    """Return a choice of several, by what they are called."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=value, label=label)
                for value, label in options.items()
            ],
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
