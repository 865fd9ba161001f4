"""One who looks at a device's plan, for however often it and its account are loaded anew."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..account import FlexMeasuresConfigEntry, device_signal
from ..coordinator import ScheduleCoordinator
from ..follower.follower import Follower
from ..results.results import DeviceResults
from .following import FOLLOWER, async_following, decisions_of
from .known_entities import async_known_entities, async_registered
from .picture import Json, picture

_UNLOADED: Final = {"unloaded": True}
_DEVICE_CHANGES: Final = frozenset({"disabled_by", "name_by_user"})
"""What a picture depends on: of the device its name, of feeds whether there are any."""


class PlanSubscription:
    """Sends the picture of a device at once, and again whenever it is another one."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FlexMeasuresConfigEntry,
        subentry_id: str,
        device_id: str,
        send: Callable[[Json], None],
        *,
        may_read: Callable[[str | None], bool],
        with_decisions: bool,
    ) -> None:
        """Follow nothing yet; `may_read` says whether the user may see an entity."""
        self._hass = hass
        self._entry = entry
        self._subentry_id = subentry_id
        self._device_id = device_id
        self._send = send
        self._may_read = may_read
        self._with_decisions = with_decisions
        self._sent: Json | None = None
        self._followed: tuple[ScheduleCoordinator, DeviceResults] | None = None
        self._follower: Follower | None = None
        self._stop_following: list[CALLBACK_TYPE] = []
        self._stop_waiting: list[CALLBACK_TYPE] = []

    @callback
    def async_start(self) -> None:
        """Send what is known now, and from now on what changes."""
        hass = self._hass
        self._stop_waiting = [
            async_dispatcher_connect(
                hass, device_signal(self._subentry_id), self._follow
            ),
            async_dispatcher_connect(
                hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._handle_entry
            ),
            hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED,
                self._handle_registry,
                event_filter=_may_change_picture,
            ),
            hass.bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED,
                self._handle_registry,
                event_filter=self._is_of_picture,
            ),
        ]
        is_loaded = self._entry.state is ConfigEntryState.LOADED
        self._follow(
            self._entry.runtime_data.coordinators.get(self._subentry_id)
            if is_loaded
            else None
        )

    @callback
    def async_stop(self) -> None:
        """Send nothing more."""
        for stop in self._stop_waiting:
            stop()
        self._unfollow()

    @callback
    def _follow(self, coordinator: ScheduleCoordinator | None) -> None:
        """Follow the device as it is loaded now, if it is."""
        self._unfollow()
        self._followed = self._follower = None
        if coordinator:
            account = self._entry.runtime_data
            results = account.results[self._subentry_id]
            self._followed = coordinator, results
            self._stop_following = [
                coordinator.async_add_listener(self._update),
                results.async_add_listener(self._update),
            ]
            if follower := account.followers.get(self._subentry_id):
                self._follower = follower
                self._stop_following.append(follower.async_add_listener(self._update))
        self._update()

    def _unfollow(self) -> None:
        for stop in self._stop_following:
            stop()
        self._stop_following = []

    @callback
    def _handle_entry(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        # A feed that comes, changes or goes.
        if entry is self._entry:
            self._update()

    @callback
    def _handle_registry(self, _event: Event[Any]) -> None:
        self._update()

    @callback
    def _is_of_picture(self, data: Mapping[str, Any]) -> bool:
        """Return whether it may be an entity of the picture that is changed."""
        entity = er.async_get(self._hass).async_get(data["entity_id"])
        return (
            entity is None
            or entity.config_subentry_id == self._subentry_id
            or "old_entity_id" in data
        )

    @callback
    def _update(self) -> None:
        """Send what is known, if it is something else than before."""
        event: Json = _UNLOADED
        if self._followed:
            coordinator, results = self._followed
            device = dr.async_get(self._hass).async_get(self._device_id)
            named = device and device.name_by_user
            event = {
                "device_id": self._device_id,
                "name": named or coordinator.subentry.title,
                **picture(coordinator, results),
                **async_known_entities(self._hass, coordinator),
                **self._following(),
            }
        if event != self._sent:
            self._sent = event
            self._send(event)

    def _following(self) -> Json:
        """Return what follows the device, if the user may see that."""
        follower = self._follower
        if follower and not self._may_read(
            async_registered(self._hass, self._subentry_id, *FOLLOWER)
        ):
            follower = None
        following = follower and async_following(self._hass, follower)
        if not self._with_decisions:
            return {"follower": following}
        decisions = decisions_of(follower) if follower else []
        return {"follower": following, "decisions": decisions}


@callback
def _may_change_picture(data: Mapping[str, Any]) -> bool:
    return not _DEVICE_CHANGES.isdisjoint(data.get("changes", ()))
