"""The tariff that the user has told, for the days to come."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, override

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ...plan.grid import local_midnight
from ..entities import async_entity_id
from ..errors import EntityGoneError
from ..settings import TariffSource
from .actions import async_call
from .following import News, async_look_regularly, async_track_entities, stop_all
from .provider import FirstSeen, Foreseen, Provider, entity_id_of
from .tariff import read_rules, tariff_steps
from .units import price_unit

_DAYS: Final = 8
_DAY: Final = timedelta(days=1)

_SUNDAY: Final = 6
_WEEKEND: Final = frozenset({5, 6})


class TariffProvider(Provider):
    """Knows the prices of today and the week that follows."""

    def __init__(self, hass: HomeAssistant, source: TariffSource) -> None:
        """Keep the tariff; raises FeedSourceError."""
        self._hass = hass
        self._price = source.price
        self._rules = read_rules(source.rules)
        self._unit = price_unit(source.unit) or source.unit
        self._workday = source.workday_entity
        self._first_seen = FirstSeen()
        if self._workday is not None:
            entity_id_of(hass, self._workday)

    @override
    async def async_read(self) -> Foreseen:
        today = dt_util.now().date()
        # The night before belongs to yesterday.
        yesterday, *days = (today + day * _DAY for day in range(-1, _DAYS))
        weekdays = {day: await self._async_weekday(day) for day in (yesterday, *days)}
        steps = tariff_steps(
            self._price,
            self._rules,
            days,
            dt_util.get_default_time_zone(),
            weekdays.__getitem__,
        )
        return self._first_seen.note(steps, self._unit)

    @override
    @callback
    def async_follow(self, changed: Callable[[], None]) -> CALLBACK_TYPE:
        news = News(self._hass, changed)
        return stop_all(
            async_look_regularly(self._hass, _next_day, changed),
            async_track_entities(
                self._hass,
                self._entity_ids,
                lambda entity_ids: async_track_state_change_event(
                    self._hass, entity_ids, news.async_hint
                ),
                news.async_hint,
            ),
            news.async_stop,
        )

    async def _async_weekday(self, day: date) -> int:
        """Return as what a day counts: a holiday is a Sunday; raises FeedSourceError."""
        weekday = day.weekday()
        # Of a weekend it cannot be told, and on most tariffs it is one anyway.
        if self._workday is None or weekday in _WEEKEND:
            return weekday
        entity_id = entity_id_of(self._hass, self._workday)
        asked = {ATTR_ENTITY_ID: entity_id, "check_date": day.isoformat()}
        answer = await async_call(self._hass, entity_id, "workday.check_date", **asked)
        match answer.get(entity_id):
            case {"workday": bool(is_workday)}:
                return weekday if is_workday else _SUNDAY
        raise EntityGoneError(entity_id)

    @callback
    def _entity_ids(self) -> frozenset[str]:
        found = self._workday and async_entity_id(self._hass, self._workday)
        return frozenset({found}) if found else frozenset()


def _next_day(now: datetime) -> datetime:
    return local_midnight(now, days_later=1)
