"""When there may be something new."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ...timer import Timer

# Integrations write their entities one after the other.
_SETTLING: Final = timedelta(seconds=5)
# For what is written all the time.
_LEAST_BETWEEN: Final = timedelta(seconds=30)


class News:
    """Says that there may be something new: once for what comes together, and not all the time."""

    def __init__(self, hass: HomeAssistant, say: Callable[[], None]) -> None:
        """Wait for a hint."""
        self._say = say
        self._timer = Timer(hass, self._go_off)
        self._earliest: datetime | None = None

    @callback
    def async_hint(self, _event: Event[Any] | None = None) -> None:
        """Say it some seconds later, if that is not about to be done."""
        if self._timer.moment is None:
            moment = dt_util.utcnow() + _SETTLING
            self._timer.async_arm(max(moment, self._earliest or moment))

    @callback
    def async_stop(self) -> None:
        """Say no more."""
        self._timer.async_disarm()

    @callback
    def _go_off(self, _moment: datetime) -> None:
        self._earliest = dt_util.utcnow() + _LEAST_BETWEEN
        self._say()


@callback
def async_look_regularly(
    hass: HomeAssistant,
    next_look: Callable[[datetime], datetime],
    look: Callable[[], None],
) -> CALLBACK_TYPE:
    """Call `look` at the moment that `next_look` gives, again and again; return how to stop."""

    @callback
    def go_off(_moment: datetime) -> None:
        arm()
        look()

    @callback
    def arm() -> None:
        # Not counted from the moment that was meant: the machine may have slept.
        timer.async_arm(next_look(dt_util.utcnow()))

    timer = Timer(hass, go_off)
    arm()
    return timer.async_disarm


@callback
def async_track_entities(
    hass: HomeAssistant,
    entity_ids: Callable[[], frozenset[str]],
    track: Callable[[frozenset[str]], CALLBACK_TYPE],
    moved: Callable[[], None],
) -> CALLBACK_TYPE:
    """Track entities, also those that come later or get another id; return how to stop.

    `entity_ids` gives those that there are, `track` begins to track some. `moved` is
    called when there are others, or fewer.
    """
    tracked = entity_ids()
    stop = track(tracked)

    @callback
    def retrack(_event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        nonlocal tracked, stop
        if (present := entity_ids()) != tracked:
            stop()
            tracked, stop = present, track(present)
            moved()

    stop_listening = hass.bus.async_listen(
        er.EVENT_ENTITY_REGISTRY_UPDATED, retrack, event_filter=_is_about_ids
    )

    @callback
    def stop_tracking() -> None:
        stop()

    return stop_all(stop_listening, stop_tracking)


def stop_all(*stops: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Return what stops several things."""

    @callback
    def stop() -> None:
        for each in stops:
            each()

    return stop


@callback
def _is_about_ids(data: er.EventEntityRegistryUpdatedData) -> bool:
    return data["action"] != "update" or "entity_id" in data["changes"]
