"""When to look for what the user can do something about."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import (
    CoreState,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.entity_registry import EventEntityRegistryUpdatedData
from homeassistant.helpers.event import (
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
)
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..cem.resource import ManagedResource
from ..coordinator import ScheduleCoordinator
from ..device.entity_references import async_entity_name, named_entities
from ..follower.follower import Follower
from ..timer import Timer
from .device import (
    failed_scheduling,
    failing_follower,
    gone_entities,
    gone_sensors,
    lasting_silence,
    narrow_follower,
    silent_level,
    unplannable_events,
)
from .registry import (
    ENTITY_GONE,
    LEVEL_SILENT,
    NOT_FOLLOWED,
    NOT_READY,
    OF_RESOURCES,
    SCHEDULING_FAILED,
    SENSOR_GONE,
    TOO_NARROW,
    Issues,
    async_publish,
)
from .resource_manager import not_plannable_at, resource_issues

# Entities without a registration go and come back while their integration reloads.
_PATIENCE: Final = timedelta(minutes=1)

# A car may be out of reach for a while, and a router be replaced.
_SILENCE: Final = timedelta(hours=1)


class DeviceIssues:
    """Watches one device, the entities that its settings name, and its S2 resource manager."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: ScheduleCoordinator,
        resource: ManagedResource | None,
        follower: Follower | None,
    ) -> None:
        """Wait to be started."""
        self._hass = hass
        self._coordinator = coordinator
        self._resource = resource
        self._follower = follower
        self._names: dict[str, str] = {}
        self._silent_since: datetime | None = None
        self._level_timer = Timer(hass, lambda _now: self.async_report())
        self._entities_timer = Timer(hass, lambda _now: self.async_report())
        self._resource_timer = Timer(hass, lambda _now: self._report_resource())
        # It may be armed by a report of a set-up that then fails.
        coordinator.lifetime.async_on_unload(self._level_timer.async_disarm)

    @callback
    def async_start(self) -> None:
        """Watch until the device is unloaded."""
        hass, coordinator = self._hass, self._coordinator
        entity_ids = named_entities(coordinator.subentry.data)
        # What was removed has no name any more.
        self._names = {each: async_entity_name(hass, each) for each in entity_ids}
        for stop in (
            coordinator.async_add_listener(self.async_report),
            coordinator.readings.async_add(lambda _is_of_job: self.async_report()),
            async_track_entity_registry_updated_event(
                hass, entity_ids, self._handle_registry
            ),
            async_track_state_change_event(hass, entity_ids, self._handle_state),
            async_at_started(hass, self._handle_started),
            self._entities_timer.async_disarm,
            self._resource_timer.async_disarm,
        ):
            coordinator.lifetime.async_on_unload(stop)
        if self._follower:
            coordinator.lifetime.async_on_unload(
                self._follower.async_add_listener(self.async_report)
            )
        if self._resource:
            coordinator.lifetime.async_on_unload(
                self._resource.async_add_listener(self._report_resource)
            )

    @callback
    def async_report(self) -> None:
        """Publish what is wrong now, and take back what is solved."""
        hass, coordinator = self._hass, self._coordinator
        kinds = [SENSOR_GONE, SCHEDULING_FAILED, NOT_READY]
        issues = {
            **gone_sensors(coordinator),
            **failed_scheduling(coordinator),
            **unplannable_events(coordinator),
        }
        # While Home Assistant starts or stops, entities come and go.
        if hass.state is CoreState.running:
            kinds += [ENTITY_GONE, LEVEL_SILENT, NOT_FOLLOWED, TOO_NARROW]
            issues |= gone_entities(hass, coordinator, self._name_of)
            issues |= failing_follower(coordinator, self._follower, self._name_of)
            issues |= narrow_follower(coordinator, self._follower, self._name_of)
            issues |= self._silent_level()
        async_publish(hass, coordinator, tuple(kinds), issues)
        self._report_resource()

    @callback
    def async_withdraw(self) -> None:
        """Take back all: the device is not loaded any more, and not to be mended."""
        kinds = (
            SENSOR_GONE,
            SCHEDULING_FAILED,
            NOT_READY,
            ENTITY_GONE,
            LEVEL_SILENT,
            NOT_FOLLOWED,
            TOO_NARROW,
            *OF_RESOURCES,
        )
        async_publish(self._hass, self._coordinator, kinds, {})

    def _silent_level(self) -> Issues:
        """Return what lasts too long; look again once it may."""
        if (problem := silent_level(self._coordinator)) is None:
            self._silent_since = None
            self._level_timer.async_disarm()
            return {}
        now = dt_util.utcnow()
        self._silent_since = self._silent_since or now
        if (moment := self._silent_since + _SILENCE) > now:
            self._level_timer.async_arm(moment)
            return {}
        return lasting_silence(self._hass, self._coordinator, problem)

    def _name_of(self, entity_id: str) -> str:
        """Return what an entity is called, or was called last."""
        name = async_entity_name(self._hass, entity_id)
        return self._names.get(entity_id, name) if name == entity_id else name

    @callback
    def _report_resource(self) -> None:
        """Do so for the resource manager; look again once something may last too long."""
        resource = self._resource
        issues = resource_issues(resource) if resource else {}
        async_publish(self._hass, self._coordinator, OF_RESOURCES, issues)
        moment = not_plannable_at(resource) if resource else None
        if moment and moment > dt_util.utcnow():
            self._resource_timer.async_arm(moment)
        else:
            self._resource_timer.async_disarm()

    @callback
    def _handle_started(self, hass: HomeAssistant) -> None:
        self.async_report()

    @callback
    def _handle_registry(self, event: Event[EventEntityRegistryUpdatedData]) -> None:
        self._look_later()

    @callback
    def _handle_state(self, event: Event[EventStateChangedData]) -> None:
        if new_state := event.data["new_state"]:
            self._names[new_state.entity_id] = new_state.name
        if new_state is None or event.data["old_state"] is None:
            self._look_later()

    def _look_later(self) -> None:
        self._entities_timer.async_arm(dt_util.utcnow() + _PATIENCE)
