"""Which devices of an account are loaded: each comes, changes and goes for itself."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .account import FlexMeasuresConfigEntry, enabled_subentries
from .const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_FOLLOWER,
    CONF_POWER_SENSOR,
    CONF_S2,
    CONF_SOLAR_FORECAST_SENSORS,
    DOMAIN,
    SUBENTRY_DEVICE,
    SUBENTRY_FEED,
    SUBENTRY_METER,
)
from .coordinator import ScheduleCoordinator
from .entity import async_remove_retired_entities, async_unload_entities
from .issues.server import ServerVersion
from .issues.trigger_limit import TriggerLimit
from .issues.watcher import DeviceIssues

# A set-up that failed is done again with what has changed; one that was undone is not.
_SET_UP: Final = (
    ConfigEntryState.LOADED,
    ConfigEntryState.SETUP_RETRY,
    ConfigEntryState.SETUP_ERROR,
)

# Who has the device do what is planned, and what that is.
_IN_CONTROL: Final = (CONF_FOLLOWER, CONF_POWER_SENSOR, CONF_S2)


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What a device is loaded with, but for its switch."""

    title: str
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, subentry: ConfigSubentry) -> Self:
        """Copy what the subentry says now."""
        return cls(subentry.title, {**subentry.data, CONF_AUTOMATIC_SCHEDULING: None})


@dataclass(frozen=True, slots=True)
class _LoadedDevice:
    """A device that is loaded."""

    configuration: _Configuration
    coordinator: ScheduleCoordinator
    issues: DeviceIssues


class AccountDevices:
    """Loads the devices of an account that are not disabled, and follows their changes."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FlexMeasuresConfigEntry,
        follow_others: Iterable[Callable[[], Coroutine[Any, Any, None]]],
    ) -> None:
        """Load all of them; they are not read yet.

        `follow_others` follow the changes of what is no device.
        """
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._follow_others = follow_others
        self._loaded_with = dict(entry.data)
        """The account is loaded anew for no other change: S2 connections would end."""
        self._is_replaced = False
        self._trigger_limit = TriggerLimit(hass, entry)
        self._loaded: dict[str, _LoadedDevice] = {}
        for subentry in self._wanted().values():
            self._load(subentry)

    async def async_read_first(self) -> None:
        """Read the plans and the server's version; raise ConfigEntryNotReady or -AuthFailed."""
        version = ServerVersion(self._hass, self._entry)
        try:
            await self._account.async_read_first()
        finally:
            # Before set-up fails: a sensor that is gone may be why.
            for device in self._loaded.values():
                device.issues.async_report()
            # Says it better than any other failure does.
            version.async_raise_if_too_old()

    @callback
    def async_start(self) -> None:
        """Keep the plans current, now that there are entities to show them."""
        for device in self._loaded.values():
            self._start(device)
        self._account.scheduler.async_resume()
        self._trigger_limit.async_start()

    @callback
    def async_follow_changes(self) -> None:
        """Follow changed settings, and devices that come, go, or are disabled or enabled."""
        entry = self._entry
        entry.async_on_unload(entry.add_update_listener(self._handle_change))
        entry.async_on_unload(
            self._hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._handle_registry
            )
        )

    async def _handle_change(
        self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry
    ) -> None:
        # A switch that waits would be shown as it was.
        for subentry_id, device in self._loaded.items():
            if subentry := entry.subentries.get(subentry_id):
                device.coordinator.async_set_automatic(
                    automatic=subentry.data.get(CONF_AUTOMATIC_SCHEDULING, False)
                )
        # Others that are made in the same go come first.
        await asyncio.sleep(0)
        # Neither during a set-up, nor while another change is followed.
        async with entry.setup_lock:
            is_present = getattr(entry, "runtime_data", None) is self._account
            if not is_present or self._is_replaced or entry.state not in _SET_UP:
                return
            is_loaded = entry.state is ConfigEntryState.LOADED
            if is_loaded and self._loaded_with == dict(entry.data):
                await self._follow()
                return
            # However many changes come at once, one reload is for all of them.
            self._is_replaced = True
        await hass.config_entries.async_reload(entry.entry_id)

    @callback
    def _handle_registry(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        data = event.data
        if data["action"] != "update" or "disabled_by" not in data["changes"]:
            return
        device = dr.async_get(self._hass).async_get(data["device_id"])
        if device and device.config_entry_id == self._entry.entry_id:
            self._hass.async_create_task(
                self._handle_change(self._hass, self._entry),
                f"{DOMAIN} devices of {self._entry.entry_id}",
            )

    async def _follow(self) -> None:
        """Unload and load what has changed; the others go on."""
        wanted = self._wanted()
        for subentry_id, device in list(self._loaded.items()):
            subentry = wanted.get(subentry_id)
            if subentry and device.configuration == _Configuration.of(subentry):
                continue
            await self._unload(subentry_id, device, subentry)
        self._account.solar_forecast.async_choose(
            self._entry.options.get(CONF_SOLAR_FORECAST_SENSORS, ())
        )
        for follow in self._follow_others:
            await follow()
        self._account.store.async_forget_others(stored_parts(self._entry))
        self._account.async_follow_power(self._hass)
        for subentry_id in self._loaded:
            async_remove_retired_entities(self._hass, self._entry, subentry_id)
        late = [
            self._load(subentry)
            for subentry_id, subentry in self._wanted().items()
            if subentry_id not in self._loaded
        ]
        self._account.async_abandon_links()
        if late:
            await self._begin(late)
        # One that is gone asks for nothing more.
        self._trigger_limit.async_report()

    async def _begin(self, late: Iterable[_LoadedDevice]) -> None:
        """Let devices join in that were loaded after the account."""
        await self._account.async_read_late(device.coordinator for device in late)
        for device in late:
            # What was removed meanwhile is unloaded next.
            subentry_id = device.coordinator.subentry.subentry_id
            if subentry_id in self._entry.subentries:
                device.issues.async_report()
                self._account.coordinators.async_announce(device.coordinator)
                if results := self._account.measured.get(subentry_id):
                    self._account.measured.async_announce(results)
                self._start(device)
        self._account.scheduler.async_resume()

    def _load(self, subentry: ConfigSubentry) -> _LoadedDevice:
        account, subentry_id = self._account, subentry.subentry_id
        coordinator = account.async_load_device(self._hass, subentry)
        self._loaded[subentry_id] = _LoadedDevice(
            _Configuration.of(subentry),
            coordinator,
            DeviceIssues(
                self._hass,
                coordinator,
                account.resources.get(subentry_id),
                account.followers.get(subentry_id),
            ),
        )
        return self._loaded[subentry_id]

    def _start(self, device: _LoadedDevice) -> None:
        subentry_id = device.coordinator.subentry.subentry_id
        self._account.async_start_device(self._hass, device.coordinator)
        device.issues.async_start()
        async_remove_retired_entities(self._hass, self._entry, subentry_id)

    async def _unload(
        self, subentry_id: str, device: _LoadedDevice, then: ConfigSubentry | None
    ) -> None:
        """Unload a device, and say what it is loaded with `then`, if it is."""
        before = device.configuration.settings
        await async_unload_entities(self._hass, self._entry, subentry_id)
        await self._account.async_unload_device(
            subentry_id,
            # A blink would be seen by the grid.
            goes_on=then is not None
            and all(before.get(key) == then.data.get(key) for key in _IN_CONTROL),
        )
        del self._loaded[subentry_id]
        if then is None:
            device.issues.async_withdraw()

    def _wanted(self) -> dict[str, ConfigSubentry]:
        """Return the devices that are configured and not disabled, by their ids."""
        return enabled_subentries(self._hass, self._entry, SUBENTRY_DEVICE)


def stored_parts(entry: FlexMeasuresConfigEntry) -> list[int | str]:
    """Return what is remembered of all parts of an account, disabled ones too."""
    return [
        *(
            device.data[CONF_POWER_SENSOR]
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        ),
        *(
            part.subentry_id
            for kind in (SUBENTRY_FEED, SUBENTRY_METER)
            for part in entry.get_subentries_of_type(kind)
        ),
    ]
