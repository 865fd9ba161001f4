"""Prices that integrations of Home Assistant's core give by an action."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, override
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ...api.models import Sensor
from ...plan.grid import local_midnight
from ..bins import Step
from ..errors import FeedSourceError
from ..settings import ForeseenSource
from .actions import AskedProvider, async_call, entity_ids_of, entry_of
from .shapes import spans_of, steps_of
from .units import price_unit

# Markets publish tomorrow's prices in the early afternoon.
_NOON: Final = 12
_SOON: Final = timedelta(minutes=10)

# The days of a market may end some hours before those at home.
_SLACK: Final = timedelta(hours=3)

_NORDPOOL_ZONE: Final = ZoneInfo("Europe/Oslo")
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)

MARKET: Final = "market"
ALL_IN: Final = "all_in"
USAGE: Final = "usage"
INVOICE: Final = "invoice"
RETURN: Final = "return"


class PricesProvider(AskedProvider):
    """Has today's prices, and tomorrow's from the afternoon on."""

    domain: ClassVar[str]
    action: ClassVar[str]
    """What is asked; a custom integration of the same domain does not have it."""
    title: ClassVar[str]

    def __init__(
        self, hass: HomeAssistant, source: ForeseenSource, sensor: Sensor
    ) -> None:
        """Keep which prices are meant, and for which sensor; raises ProviderGoneError."""
        super().__init__(hass, self.title)
        self._entry = entry_of(hass, self.title, source.config_entry)
        self._key = source.value_key or ""
        self._unit = source.unit or self.unit_of(hass, self._entry)
        self._sensor = sensor
        self._until: datetime | None = None

    @classmethod
    @abstractmethod
    async def async_keys(cls, hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
        """Return the keys of the prices that a config entry has; raises FeedSourceError."""

    @classmethod
    @abstractmethod
    def unit_of(cls, hass: HomeAssistant, entry: ConfigEntry) -> str:
        """Return what the prices of a config entry are in."""

    @abstractmethod
    async def _async_prices(self, now: datetime) -> list[Any]:
        """Return the prices of today and, if they are there, tomorrow; raises FeedSourceError."""

    @override
    async def _async_ask(self) -> tuple[tuple[Step, ...], str]:
        entry_of(self._hass, self.title, self._entry.entry_id)
        prices = await self._async_prices(dt_util.utcnow())
        spans = spans_of(prices, dt_util.get_default_time_zone(), "price")
        steps = steps_of(spans)
        self._until = steps[-1][0]
        return steps, self._unit

    @override
    def _is_wanted(self, now: datetime) -> bool:
        """Return whether prices are missing that may be there: asking may reach the internet."""
        wanted = local_midnight(now, days_later=2 if _is_afternoon(now) else 1)
        return self._until is None or self._until < wanted - _SLACK

    @override
    def _next_look(self, now: datetime) -> datetime:
        return now + _SOON if self._is_wanted(now) else super()._next_look(now)

    @override
    @callback
    def _entity_ids(self) -> frozenset[str]:
        # Others may be written each second.
        return entity_ids_of(self._hass, self._entry, _shows_price)

    async def _async_answer(self, action: str, **data: Any) -> Mapping[str, Any]:
        return await async_call(
            self._hass, self.title, f"{self.domain}.{action}", **data
        )


class DailyPricesProvider(PricesProvider):
    """Is asked for each day."""

    @abstractmethod
    async def _async_day(self, day: date) -> Any:
        """Return the prices of a day; raises FeedSourceError."""

    def _today(self, now: datetime) -> date:
        return dt_util.as_local(now).date()

    @override
    async def _async_prices(self, now: datetime) -> list[Any]:
        today = self._today(now)
        prices = [await self._async_day(today)]
        # Some fail as long as there are none, where others give an empty list.
        with suppress(FeedSourceError):
            prices.append(await self._async_day(today + _DAY))
        return prices


class NordPool(DailyPricesProvider):
    """The day-ahead prices of an area, which is the key."""

    domain = "nordpool"
    action = "get_prices_for_date"
    title = "Nord Pool"

    @classmethod
    @override
    async def async_keys(cls, hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
        return [*entry.data["areas"]]

    @classmethod
    @override
    def unit_of(cls, hass: HomeAssistant, entry: ConfigEntry) -> str:
        return f"{entry.data['currency']}/MWh"

    @override
    def _today(self, now: datetime) -> date:
        return now.astimezone(_NORDPOOL_ZONE).date()

    @override
    async def _async_day(self, day: date) -> Any:
        answer = await self._async_answer(
            self.action,
            config_entry=self._entry.entry_id,
            date=day.isoformat(),
            areas=[self._key],
        )
        return answer.get(self._key)


class Tibber(PricesProvider):
    """What a home pays, all in; what it is called is the key."""

    domain = "tibber"
    action = "get_prices"
    title = "Tibber"

    @classmethod
    @override
    async def async_keys(cls, hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
        answer = await async_call(hass, cls.title, f"{cls.domain}.{cls.action}")
        return [*answer.get("prices", {})]

    @classmethod
    @override
    def unit_of(cls, hass: HomeAssistant, entry: ConfigEntry) -> str:
        units = (
            price_unit(entity.unit_of_measurement or "")
            for entity in er.async_entries_for_config_entry(
                er.async_get(hass), entry.entry_id
            )
        )
        return next(filter(None, units), f"{hass.config.currency}/kWh")

    @override
    async def _async_prices(self, now: datetime) -> list[Any]:
        answer = await self._async_answer(
            self.action,
            start=local_midnight(now).isoformat(),
            end=local_midnight(now, days_later=2).isoformat(),
        )
        return [answer.get("prices", {}).get(self._key)]


class _DutchPrices(DailyPricesProvider):
    """Has prices in euros."""

    @classmethod
    @override
    def unit_of(cls, hass: HomeAssistant, entry: ConfigEntry) -> str:
        return "EUR/kWh"


class EnergyZero(_DutchPrices):
    """What EnergyZero asks for electricity, VAT included."""

    domain = "energyzero"
    action = "get_energy_prices"
    title = "EnergyZero"

    @classmethod
    @override
    async def async_keys(cls, hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
        return [MARKET, ALL_IN]

    @override
    async def _async_day(self, day: date) -> Any:
        is_quarterly = (
            self._entry.options.get("electricity_price_interval") == "quarter_hourly"
        )
        return await self._async_answer(
            self.action,
            config_entry=self._entry.entry_id,
            start=day.isoformat(),
            end=day.isoformat(),
            incl_vat=True,
            price_type=self._key,
            interval="quarter" if is_quarterly else "hour",
        )


class EasyEnergy(_DutchPrices):
    """What easyEnergy asks for electricity, VAT included, and what it pays for it."""

    domain = "easyenergy"
    action = "get_energy_usage_prices"
    title = "easyEnergy"

    @classmethod
    @override
    async def async_keys(cls, hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
        return [USAGE, INVOICE, RETURN]

    @override
    async def _async_day(self, day: date) -> Any:
        asked: dict[str, Any] = {
            "config_entry": self._entry.entry_id,
            "start": day.isoformat(),
            "end": day.isoformat(),
            "granularity": "hour" if self._sensor.resolution >= _HOUR else "quarter",
        }
        if self._key == RETURN:
            return await self._async_answer("get_energy_return_prices", **asked)
        return await self._async_answer(
            self.action,
            **asked,
            incl_vat=True,
            price_type=INVOICE if self._key == INVOICE else MARKET,
        )


PRICES: Final = {
    each.domain: each for each in (NordPool, Tibber, EnergyZero, EasyEnergy)
}
"""By the keys that sources name them by."""


def _is_afternoon(now: datetime) -> bool:
    return dt_util.as_local(now).hour >= _NOON


def _shows_price(entity: er.RegistryEntry) -> bool:
    return price_unit(entity.unit_of_measurement or "") is not None
