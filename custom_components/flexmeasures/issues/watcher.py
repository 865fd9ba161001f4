"""When to look for what the user can do something about."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.entity_registry import EventEntityRegistryUpdatedData
from homeassistant.helpers.event import (
    async_call_later,
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
)
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..device.entity_references import named_entities
from ..device.reader import Reading
from ..timer import Timer
from .report import async_report, async_report_resource
from .resource import not_plannable_at

if TYPE_CHECKING:
    from ..cem.resource import ManagedResource

# Entities without a registration go and come back while their integration reloads.
_PATIENCE = timedelta(minutes=1)


class DeviceIssues:
    """Watches one device, and the entities that its settings name."""

    def __init__(self, hass: HomeAssistant, device: ScheduleCoordinator) -> None:
        """Wait to be started."""
        self._hass = hass
        self._device = device
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._resource_timer = Timer(hass, lambda _now: self._report_resource())

    @callback
    def async_start(self) -> None:
        """Watch until the account is unloaded."""
        hass, device = self._hass, self._device
        entity_ids = named_entities(device.subentry.data)
        for stop in (
            device.async_add_listener(self._report),
            device.async_add_reading_listener(self._handle_reading),
            async_track_entity_registry_updated_event(
                hass, entity_ids, self._handle_registry
            ),
            async_track_state_change_event(hass, entity_ids, self._handle_state),
            async_at_started(hass, self._handle_started),
            self._disarm,
            self._resource_timer.async_disarm,
        ):
            device.config_entry.async_on_unload(stop)
        if resource := self._resource:
            device.config_entry.async_on_unload(
                resource.async_add_listener(self._report_resource)
            )

    @property
    def _resource(self) -> ManagedResource | None:
        data = self._device.config_entry.runtime_data
        return data.resources.get(self._device.subentry.subentry_id)

    @callback
    def _report(self) -> None:
        async_report(self._hass, self._device)
        self._arm_for_resource()

    @callback
    def _report_resource(self) -> None:
        async_report_resource(self._hass, self._device)
        self._arm_for_resource()

    def _arm_for_resource(self) -> None:
        """Look again once something may have lasted too long."""
        moment = not_plannable_at(self._resource) if self._resource else None
        if moment and moment > dt_util.utcnow():
            self._resource_timer.async_arm(moment)
        else:
            self._resource_timer.async_disarm()

    @callback
    def _handle_started(self, hass: HomeAssistant) -> None:
        self._report()

    @callback
    def _handle_reading(self, reading: Reading, *, is_of_job: bool) -> None:
        self._report()

    @callback
    def _handle_registry(self, event: Event[EventEntityRegistryUpdatedData]) -> None:
        self._arm()

    @callback
    def _handle_state(self, event: Event[EventStateChangedData]) -> None:
        if event.data["new_state"] is None or event.data["old_state"] is None:
            self._arm()

    @callback
    def _arm(self) -> None:
        """Look after a while."""
        self._disarm()
        self._cancel_timer = async_call_later(self._hass, _PATIENCE, self._handle_timer)

    @callback
    def _handle_timer(self, now: datetime) -> None:
        self._cancel_timer = None
        self._report()

    @callback
    def _disarm(self) -> None:
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None
