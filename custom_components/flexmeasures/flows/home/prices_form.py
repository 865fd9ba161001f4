"""Where the prices of a home come from, and how much its connection can carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
import re
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ...api.models import Catalogue, Sensor
from ...const import CONF_KIND, CONF_PRICE, CONF_RULES, CONF_UNIT
from ...feeds.errors import FeedSourceError
from ...feeds.foreseen.providers import Found
from ...feeds.foreseen.tariff import read_rules
from ...feeds.settings import FeedKind
from ...local_format import short_number
from ...plan.prices import CONSUMPTION_PRICE, PRICE_UNIT, PRODUCTION_PRICE, currency_of
from ..doubts import Doubts, doubtful_connection, doubtful_price, doubtful_rule
from ..feed.foreseen_form import ForeseenForm
from ..feed.tariff_form import rules_selector
from ..fields import AmountSelector, FieldError, is_public
from ..wording import Wording
from .making.order import SensorOrder
from .making.wanted import WantedFeed, prospective

CONSUMPTION: Final = "consumption_price"
PRODUCTION: Final = "production_price"
CONNECTION: Final = "connection"
PRICE: Final = "price"
RULES: Final = "rules"
FEED_IN: Final = "feed_in_price"

_FIXED: Final = "fixed"
_TIME_OF_USE: Final = "time_of_use"
_SAME: Final = "same"
_NOTHING: Final = "nothing"
_ON_SERVER: Final = "sensor "
_FOUND: Final = "found "

_SLOT: Final = timedelta(minutes=15)
_DAY_AHEAD: Final = re.compile(r"day.?ahead", re.IGNORECASE)
_OF_FEEDING_IN: Final = re.compile(
    r"feed|production|export|injection|einspeis|terug|vertido", re.IGNORECASE
)
# The country in the name of a price zone, like ``NL transmission zone``.
_ZONE: Final = re.compile(r"\b[A-Z]{2}\b")
_VOLTS: Final = 230
_POWER: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:kW|kVA)", re.IGNORECASE)
_FUSES: Final = re.compile(
    r"([13])\s*[x*\u00d7]\s*(\d+(?:[.,]\d+)?)\s*A?", re.IGNORECASE
)
_FUSE: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*A", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WantedPrices:
    """What the site is to say of prices and its connection."""

    flex_context: Mapping[str, Any] = field(default_factory=dict)
    site_sensors: Mapping[str, SensorOrder] = field(default_factory=dict)
    feeds: tuple[WantedFeed, ...] = ()
    may_contradict: bool = False
    """Whether feeding in may at times pay more than buying costs."""
    described: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """As sentences: keys of texts, with their placeholders."""


class PricesForm:
    """Asks where the prices come from, and for those that only the owner knows."""

    def __init__(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        wording: Wording,
        found: Sequence[Found],
    ) -> None:
        """Offer what the server has, and what was `found` in Home Assistant."""
        self._hass = hass
        self._wording = wording
        self._texts = wording.text
        self._doubts = Doubts()
        self._catalogue = catalogue
        self._currency = hass.config.currency
        self._found = [
            each
            for each in found
            if each.is_price and each.unit and currency_of(each.unit) == self._currency
        ]
        self._sensors = sorted(
            (
                sensor
                for sensor in catalogue.sensors.values()
                if PRICE_UNIT.fullmatch(sensor.unit)
                and currency_of(sensor.unit) == self._currency
            ),
            # The account's own first.
            key=lambda sensor: (is_public(catalogue, sensor), self._name_of(sensor)),
        )
        self._choice: dict[str, Any] = {}
        self._own: dict[str, Any] = {}
        self._feeds: dict[str, WantedFeed] = {}
        self._connection_kw: float | None = None
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}
        """Of the errors."""

    @property
    def asks_own(self) -> bool:
        """Whether there are prices that only the owner knows."""
        return bool(self.own_schema().schema)

    def schema(self) -> vol.Schema:
        """Return the form that asks where the prices come from."""
        return vol.Schema(
            {
                vol.Required(CONSUMPTION): self._selector(
                    self._found_options() | self._sensor_options(for_feeding_in=False),
                    _FIXED,
                    _TIME_OF_USE,
                ),
                vol.Required(PRODUCTION): self._selector(
                    self._found_options() | self._sensor_options(for_feeding_in=True),
                    _SAME,
                    _FIXED,
                    _NOTHING,
                ),
                vol.Optional(CONNECTION): TextSelector(),
            }
        )

    def values(self) -> dict[str, Any]:
        """Return what it shows at first."""
        likely = next(iter(self._found_options()), None) or self._market_price()
        if likely:
            return {CONSUMPTION: likely, PRODUCTION: _SAME}
        is_open = bool(self._sensor_options(for_feeding_in=False))
        return (
            {PRODUCTION: _SAME} if is_open else {CONSUMPTION: _FIXED, PRODUCTION: _SAME}
        )

    async def async_read(self, user_input: Mapping[str, Any]) -> None:
        """Read it; `errors` says what is wrong."""
        self.errors, self.placeholders = {}, {}
        self._choice = dict(user_input)
        self._feeds = {}
        for key in (CONSUMPTION, PRODUCTION):
            if user_input[key].startswith(_FOUND):
                await self._async_read_found(key, user_input[key])
        self._connection_kw = None
        if text := user_input.get(CONNECTION, "").strip():
            self._connection_kw = connection_kw(text)
            if self._connection_kw is None:
                self.errors[CONNECTION] = "connection_not_understood"
            else:
                doubt = doubtful_connection(self._wording, self._connection_kw)
                self._doubts.note(CONNECTION, doubt, self.errors, self.placeholders)

    def own_schema(self) -> vol.Schema:
        """Return the form for prices that only the owner knows."""
        price = AmountSelector(self._unit, lowest=None)
        fields: dict[vol.Marker, Any] = {}
        # The frontend fills in a 0 for what is required.
        if self._choice[CONSUMPTION] in (_FIXED, _TIME_OF_USE):
            fields[vol.Optional(PRICE)] = price
        if self._choice[CONSUMPTION] == _TIME_OF_USE:
            fields[vol.Optional(RULES)] = rules_selector(self._texts)
        if self._choice[PRODUCTION] == _FIXED:
            fields[vol.Optional(FEED_IN)] = price
        return vol.Schema(fields)

    def read_own(self, user_input: Mapping[str, Any]) -> None:
        """Read it; `errors` says what is wrong."""
        self.errors, self.placeholders = {}, {}
        self._own = dict(user_input)
        asked = self.own_schema().schema
        for key in (PRICE, FEED_IN):
            if key in asked and user_input.get(key) is None:
                self.errors[key] = "price_missing"
        if self.errors:
            return
        # One at a time: who mends a price will look at the others too.
        for key in (PRICE, FEED_IN):
            if key in asked and not self.errors:
                doubt = doubtful_price(self._wording, user_input[key], self._unit)
                self._doubts.note(key, doubt, self.errors, self.placeholders)
        if RULES in asked and not self.errors:
            self._read_rules(user_input.get(RULES, []))

    def _read_rules(self, entered: Sequence[Mapping[str, Any]]) -> None:
        try:
            rules = read_rules(entered)
        except FeedSourceError as err:
            self.errors[RULES] = err.translation_key
            self.placeholders = err.placeholders
            return
        for number, rule in enumerate(rules, 1):
            doubt = doubtful_rule(self._wording, number, rule, self._unit)
            self._doubts.note(RULES, doubt, self.errors, self.placeholders)

    def wanted(self) -> WantedPrices:
        """Return what was chosen, once both forms were read."""
        context: dict[str, Any] = {}
        sensors: dict[str, SensorOrder] = {}
        feeds: list[WantedFeed] = []
        described: list[tuple[str, Mapping[str, str]]] = []
        for key, name in (
            (CONSUMPTION, CONSUMPTION_PRICE),
            (PRODUCTION, PRODUCTION_PRICE),
        ):
            choice = self._choice[key]
            if choice.startswith(_ON_SERVER):
                sensor_id = int(choice.removeprefix(_ON_SERVER))
                context[name] = {"sensor": sensor_id}
                label = self._name_of(self._catalogue.sensors[sensor_id])
                described.append((f"{key}_from", {"source": label}))
                continue
            if choice == _SAME:
                described.append(("production_price_same", {}))
                continue
            sensors[key] = self._order(key)
            context[name] = {"sensor": key}
            if (feed := self._feeds.get(key)) is None:
                feed = self._tariff(key)
                source = self._told(key)
            else:
                source = feed.titles[0]
            feeds.append(feed)
            described.append((f"{key}_from", {"source": source}))
        if self._choice[CONSUMPTION] == _FIXED:
            described.append(("price_is_flat", {}))
        if self._choice[PRODUCTION] == _SAME and CONSUMPTION_PRICE in context:
            # The server takes it for both, unless the site says something else.
            context[PRODUCTION_PRICE] = context[CONSUMPTION_PRICE]
        if self._connection_kw is not None:
            context["site-power-capacity"] = f"{self._connection_kw:g} kW"
            described.append(
                ("connection_of", {"power": f"{short_number(self._connection_kw)} kW"})
            )
        return WantedPrices(
            context, sensors, tuple(feeds), self._may_contradict(), tuple(described)
        )

    def _may_contradict(self) -> bool:
        consumption, production = self._choice[CONSUMPTION], self._choice[PRODUCTION]
        if production in (_SAME, consumption):
            return False
        if consumption not in (_FIXED, _TIME_OF_USE) or production not in (
            _FIXED,
            _NOTHING,
        ):
            return True
        return float(self._own.get(FEED_IN, 0.0)) > self._least()

    def _least(self) -> float:
        """Return the lowest price that the owner has told."""
        prices = [rule.price for rule in read_rules(self._own.get(RULES, []))]
        return min([float(self._own[PRICE]), *prices])

    async def _async_read_found(self, key: str, choice: str) -> None:
        """Make the feed of prices that Home Assistant has."""
        found = self._found[int(choice.removeprefix(_FOUND))]
        try:
            form = ForeseenForm(
                self._hass,
                self._catalogue,
                prospective(self._order(key)),
                found,
                others=(),
                present=None,
            )
            await form.async_load()
            await form.async_read({})
        except FieldError, FeedSourceError:
            self.errors[key] = "prices_not_readable"
            return
        if form.errors:
            self.errors[key] = "prices_not_readable"
            return
        titles = (found.name, f"{self._texts(f'{key}_feed')}: {found.name}")
        self._feeds[key] = WantedFeed(key, titles, form.data)

    def _told(self, key: str) -> str:
        """Return the prices that the owner has told."""
        if self._choice[key] == _NOTHING:
            return self._texts("price_nothing")
        price = self._own[PRICE if key == CONSUMPTION else FEED_IN]
        told = f"{short_number(price)} {self._unit}"
        if self._choice[key] == _TIME_OF_USE:
            return self._texts("price_mostly", price=told)
        return told

    def _tariff(self, key: str) -> WantedFeed:
        """Return the feed of prices that the owner has told."""
        if key == CONSUMPTION:
            price, rules = self._own[PRICE], self._own.get(RULES, [])
        else:
            price, rules = self._own.get(FEED_IN, 0.0), []
        return WantedFeed(
            key,
            (self._texts(f"{key}_feed"), f"{self._texts(f'{key}_feed')} 2"),
            {
                CONF_KIND: str(FeedKind.TARIFF),
                CONF_PRICE: price,
                CONF_UNIT: self._unit,
                CONF_RULES: list(rules),
            },
        )

    def _order(self, key: str) -> SensorOrder:
        # In English, like all that is shown on the server.
        return SensorOrder(key.replace("_", " "), self._unit, _SLOT)

    @property
    def _unit(self) -> str:
        return f"{self._currency}/kWh"

    def _found_options(self) -> dict[str, str]:
        """Return what Home Assistant has, with the names of it."""
        return {f"{_FOUND}{index}": each.name for index, each in enumerate(self._found)}

    def _sensor_options(self, *, for_feeding_in: bool) -> dict[str, str]:
        """Return what the server has, with the names of it.

        Not a price of feeding in as one of buying.
        """
        return {
            f"{_ON_SERVER}{sensor.id}": self._name_of(sensor)
            for sensor in self._sensors
            if for_feeding_in or not _OF_FEEDING_IN.search(sensor.name)
        }

    def _market_price(self) -> str | None:
        """Return the public day-ahead price of where the home is, if that is clear."""
        of_assets: dict[int, list[Sensor]] = {}
        for sensor in self._sensors:
            if is_public(self._catalogue, sensor) and _DAY_AHEAD.search(sensor.name):
                of_assets.setdefault(sensor.asset_id, []).append(sensor)
        country = self._hass.config.country
        here = {
            asset_id: sensors
            for asset_id, sensors in of_assets.items()
            if not (zones := _ZONE.findall(self._catalogue.assets[asset_id].name))
            or country in zones
        }
        if len(here) != 1:
            return None
        # What has more to its name is for something special.
        (sensors,) = here.values()
        return f"{_ON_SERVER}{min(sensors, key=lambda sensor: len(sensor.name)).id}"

    def _name_of(self, sensor: Sensor) -> str:
        asset = self._catalogue.assets.get(sensor.asset_id)
        return f"{asset.name}: {sensor.name}" if asset else sensor.name

    def _selector(self, known: Mapping[str, str], *others: str) -> SelectSelector:
        """Return a choice of what is known and of others."""
        options = {
            **known,
            **{other: self._texts(f"price_{other}") for other in others},
        }
        return SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=value, label=label)
                    for value, label in options.items()
                ],
                mode=SelectSelectorMode.DROPDOWN,
            )
        )


def connection_kw(text: str) -> float | None:
    """Read how much a connection carries: ``17 kW``, ``3 x 25 A``; None for anything else."""
    if match := _FUSES.fullmatch(text):
        kilowatts = int(match[1]) * _number(match[2]) * _VOLTS / 1000
    elif match := _FUSE.fullmatch(text):
        kilowatts = _number(match[1]) * _VOLTS / 1000
    elif match := _POWER.fullmatch(text):
        kilowatts = _number(match[1])
    else:
        return None
    return round(kilowatts, 3) or None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
