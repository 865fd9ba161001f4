"""What happens to devices that automations may want to know, whichever entities there are."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .account import SIGNAL_DEVICE_STARTED
from .cem.resource import ManagedResource
from .coordinator import ScheduleCoordinator
from .device.scheduling_event import SchedulingEvent
from .device_target import async_followed_devices


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is so of a device at one moment."""

    setpoint: float | None
    """In kW; None when there is none."""
    price: float | None
    """The last one known of a kWh that is consumed; None while there never was one."""
    has_plan: bool
    """For the moment."""
    is_overridden: bool
    is_connected: bool
    """Whether it has S2, and its resource manager is there."""

    @classmethod
    def of(
        cls,
        coordinator: ScheduleCoordinator,
        resource: ManagedResource | None,
        before: Self | None,
    ) -> Self:
        """Look at a device of which `before` was so."""
        now, prices = dt_util.utcnow(), coordinator.data.consumption_price
        price = prices.per_kwh_at(now) if prices else None
        override = coordinator.memory.override
        return cls(
            setpoint=coordinator.setpoint,
            price=before.price if price is None and before else price,
            has_plan=coordinator.covers_now,
            is_overridden=override is not None and override.holds_at(now),
            is_connected=resource is not None and resource.is_connected,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """Something is another than before."""

    coordinator: ScheduleCoordinator
    before: DeviceState
    after: DeviceState


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Scheduling has come to something."""

    coordinator: ScheduleCoordinator
    event: SchedulingEvent


@dataclass(frozen=True, slots=True)
class Refused:
    """An S2 device does not do what it was told."""

    coordinator: ScheduleCoordinator
    instruction: str
    """In words."""


type Happening = Change | Scheduled | Refused


class DeviceWatch:
    """Tells what happens to the devices of all accounts, those that come later too.

    Being loaded is nothing that happens: what a device is like then is compared with
    what it was like when it was last loaded.
    """

    def __init__(self, hass: HomeAssistant, tell: Callable[[Happening], None]) -> None:
        """Know of nothing yet."""
        self._hass = hass
        self._tell = tell
        self._known: dict[str, DeviceState] = {}
        self._stops: dict[str, list[CALLBACK_TYPE]] = {}

    @callback
    def async_start(self) -> None:
        """Watch until `async_stop`."""
        self._stops[""] = [
            async_dispatcher_connect(self._hass, SIGNAL_DEVICE_STARTED, self._follow)
        ]
        for coordinator, resource in async_followed_devices(self._hass):
            self._follow(coordinator, resource)

    @callback
    def async_stop(self) -> None:
        """Tell nothing any more."""
        for stops in self._stops.values():
            for stop in stops:
                stop()
        self._stops.clear()

    @callback
    def _follow(
        self, coordinator: ScheduleCoordinator, resource: ManagedResource | None
    ) -> None:
        look = partial(self._look, coordinator, resource)
        # Those of when it was loaded before have ended with it.
        stops = self._stops[coordinator.subentry.subentry_id] = [
            coordinator.async_add_listener(look),
            coordinator.events.async_add(
                lambda event: self._tell(Scheduled(coordinator, event))
            ),
        ]
        if resource:
            stops += [
                resource.async_add_listener(look),
                resource.refusals.async_add(
                    lambda instruction: self._tell(Refused(coordinator, instruction))
                ),
            ]
        look()

    @callback
    def _look(
        self, coordinator: ScheduleCoordinator, resource: ManagedResource | None
    ) -> None:
        # That a device is unloaded is no change of it.
        if coordinator.lifetime.is_over:
            return
        subentry_id = coordinator.subentry.subentry_id
        before = self._known.get(subentry_id)
        after = DeviceState.of(coordinator, resource, before)
        self._known[subentry_id] = after
        if before is not None and after != before:
            self._tell(Change(coordinator, before, after))
