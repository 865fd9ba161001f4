"""Counts what a device has consumed of the energy that the user wants it to."""

from datetime import datetime

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..device.memory import DeviceMemory
from ..device.store import AccountStore
from ..s2.energy import consumed_kwh
from .memory import ResourceMemory


class EnergyCount:
    """Counts from when a target is set, by what the RM measures."""

    def __init__(
        self, device: DeviceMemory, resource: ResourceMemory, store: AccountStore
    ) -> None:
        """Start with nothing measured; `device` has the target, `resource` the count."""
        self._device = device
        self._resource = resource
        self._store = store
        self._target: tuple[float | None, datetime | None] = (None, None)
        self._power: float | None = None
        self._since: datetime | None = None

    @callback
    def async_start(self) -> None:
        """Go on with the target that is set, unless the one that was counted for is over."""
        self._target = self._wanted()
        counted_for = self._resource.counted_for
        if counted_for is not None and counted_for != self._target[1]:
            self._begin_anew()

    @callback
    def async_follow_target(self) -> bool:
        """Begin anew if the target is another one; return whether it is."""
        target, self._target = self._target, self._wanted()
        if self._target == target:
            return False
        self._begin_anew()
        return True

    @callback
    def async_measured(self, power: float | None, now: datetime) -> None:
        """Count what was consumed at the former power; now it is this one (W), or not known."""
        if self._power is not None and self._since is not None and self._power > 0:
            self._resource.consumed_kwh += consumed_kwh(self._power, self._since, now)
            self._store.async_remember(is_patient=True)
        self._power, self._since = power, dt_util.utcnow()

    def _begin_anew(self) -> None:
        self._resource.consumed_kwh = 0.0
        self._resource.counted_for = self._target[1]
        self._store.async_remember()

    def _wanted(self) -> tuple[float | None, datetime | None]:
        upcoming = self._device.upcoming
        if upcoming is None:
            return self._device.ready_by.target_kwh, None
        return upcoming.target_kwh, upcoming.moment
