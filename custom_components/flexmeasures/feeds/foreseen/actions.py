"""What other integrations answer when they are asked."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util

from ..bins import Step
from .errors import ProviderFailedError, ProviderGoneError
from .following import News, async_look_regularly, async_track_entities, stop_all
from .provider import FirstSeen, Foreseen, Provider

# Some ask the internet, and never give up.
_PATIENCE: Final = timedelta(minutes=1)

_USUALLY: Final = timedelta(hours=1)


async def async_ask[T](name: str, question: Awaitable[T]) -> T:
    """Return what another integration answers; raises ProviderFailedError.

    `name` is what it is called.
    """
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await question
    # They let through whatever their libraries raise.
    except Exception as err:
        raise ProviderFailedError(name, str(err) or type(err).__name__) from err


async def async_call(
    hass: HomeAssistant, name: str, action: str, **data: Any
) -> dict[str, Any]:
    """Call an action like ``nordpool.get_prices_for_date``, and return what it answers.

    Raises ProviderFailedError.
    """
    domain, _, service = action.partition(".")
    answer = await async_ask(
        name,
        hass.services.async_call(
            domain, service, data, blocking=True, return_response=True
        ),
    )
    return answer if isinstance(answer, dict) else {}


class AskedProvider(Provider):
    """Is asked, and does not say when it has something new: its entities show that."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Keep what it is called."""
        self._hass = hass
        self._name = name
        self._first_seen = FirstSeen()

    @abstractmethod
    async def _async_ask(self) -> tuple[tuple[Step, ...], str]:
        """Return what it has, and the unit; raises FeedSourceError."""

    @abstractmethod
    @callback
    def _entity_ids(self) -> frozenset[str]:
        """Return the entities that are written when there is something new."""

    def _next_look(self, now: datetime) -> datetime:
        """Return when to look without a sign of something new."""
        return now + _USUALLY

    def _is_wanted(self, now: datetime) -> bool:
        """Return whether a sign of something new is a reason to ask."""
        return True

    @override
    async def async_read(self) -> Foreseen:
        steps, unit = await self._async_ask()
        return self._first_seen.note(steps, unit)

    @override
    @callback
    def async_follow(self, changed: Callable[[], None]) -> CALLBACK_TYPE:
        news = News(self._hass, changed)

        @callback
        def note(event: Any) -> None:
            if self._is_wanted(dt_util.utcnow()):
                news.async_hint()

        @callback
        def track(entity_ids: frozenset[str]) -> CALLBACK_TYPE:
            # The price of this hour may well be the same.
            return stop_all(
                async_track_state_change_event(self._hass, entity_ids, note),
                async_track_state_report_event(self._hass, entity_ids, note),
            )

        return stop_all(
            async_track_entities(self._hass, self._entity_ids, track, news.async_hint),
            async_look_regularly(self._hass, self._next_look, changed),
            news.async_stop,
        )


def entry_of(hass: HomeAssistant, name: str, config_entry: str | None) -> ConfigEntry:
    """Return a config entry of what is called so; raises ProviderGoneError."""
    entry = hass.config_entries.async_get_entry(config_entry or "")
    if entry is None:
        raise ProviderGoneError(name)
    return entry


@callback
def entity_ids_of(
    hass: HomeAssistant,
    entry: ConfigEntry,
    is_meant: Callable[[er.RegistryEntry], bool] = lambda _: True,
) -> frozenset[str]:
    """Return the entities of a config entry that are meant."""
    registry = er.async_get(hass)
    return frozenset(
        each.entity_id
        for each in er.async_entries_for_config_entry(registry, entry.entry_id)
        if is_meant(each)
    )
