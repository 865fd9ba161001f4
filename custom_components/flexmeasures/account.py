"""An account: what it holds while it is loaded."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady

from .api.catalogue import AccountCatalogue
from .api.client import FlexMeasuresApi
from .api.errors import CannotConnectError, JobLostError
from .cem.resource import ManagedResource
from .const import CONF_AUTOMATIC_SCHEDULING, DOMAIN, SUBENTRY_DEVICE
from .coordinator import OUTAGE_RETRY, ScheduleCoordinator
from .device.prices import SharedPrices
from .device.store import AccountStore
from .plan.schedule import Schedule
from .scheduling.automation import DeviceAutomation
from .scheduling.jobs import AcceptedJob
from .scheduling.queue import ScheduleQueue
from .scheduling.request import ScheduleRequest
from .scheduling.scheduler import AccountScheduler

_LOGGER = logging.getLogger(__name__)

# All of Home Assistant waits for a set-up: with something to follow, hardly.
_PATIENCE_WITH_PLAN = timedelta(seconds=1)
_PATIENCE = timedelta(seconds=10)

type FlexMeasuresConfigEntry = ConfigEntry[Account]

type _Configuration = tuple[
    Mapping[str, Any], Mapping[str, Any], str, Mapping[str, Any]
]
"""Login, options, title, and title and settings of each device by its subentry id."""


@dataclass(slots=True)
class Account:
    """The parts of an account, which know each other only as far as they are handed in."""

    api: FlexMeasuresApi
    coordinators: dict[str, ScheduleCoordinator]
    """By the device's subentry id."""
    scheduler: AccountScheduler
    queue: ScheduleQueue
    resources: dict[str, ManagedResource]
    """By the subentry id of the devices that have S2."""
    configuration: _Configuration
    """What it was set up with, but for the switches."""
    is_replaced: bool = False
    """Whether a reload is under way, with which another one begins."""
    server_version: str | None = None
    """None while the server has not told it."""

    @classmethod
    @callback
    def async_create(
        cls, hass: HomeAssistant, entry: ConfigEntry, store: AccountStore
    ) -> Self:
        """Make the parts of an account and connect them."""
        api = FlexMeasuresApi.from_login(hass, entry.data)
        catalogue = AccountCatalogue(api)
        prices = SharedPrices(api, catalogue)
        coordinators = {
            subentry.subentry_id: ScheduleCoordinator(
                hass,
                entry,
                subentry,
                api=api,
                catalogue=catalogue,
                prices=prices,
                store=store,
            )
            for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        }
        scheduler = AccountScheduler(hass, entry, api, coordinators)
        queue = ScheduleQueue(hass, entry, scheduler)
        resources = {
            subentry_id: ManagedResource(
                hass, entry, coordinator, api=api, queue=queue, store=store
            )
            for subentry_id, coordinator in coordinators.items()
            if coordinator.settings.s2
        }
        for subentry_id, resource in resources.items():
            coordinators[subentry_id].flex_model_source = resource
        account = cls(
            api=api,
            coordinators=coordinators,
            scheduler=scheduler,
            queue=queue,
            resources=resources,
            configuration=_configuration(entry),
        )
        entry.async_on_unload(account.async_unload)
        return account

    async def async_read_first(self) -> None:
        """Read every device's plan; fail only if that leaves nothing to follow.

        Where there is a plan for this moment from before the restart, a server that
        does not answer at once is not waited for. Raises ConfigEntryNotReady or
        ConfigEntryAuthFailed; what is still asked then is given up with the set-up.
        """
        coordinators = list(self.coordinators.values())
        if not coordinators:
            return
        readings = [
            each.lifetime.async_create_background_task(
                _read_first(each), f"{each.name} first reading"
            )
            for each in coordinators
        ]
        has_plan = any(each.covers_now for each in coordinators)
        patience = _PATIENCE_WITH_PLAN if has_plan else _PATIENCE
        done, pending = await asyncio.wait(readings, timeout=patience.total_seconds())
        failures = {
            coordinator: failure
            for coordinator, reading in zip(coordinators, readings, strict=True)
            if reading in done and (failure := reading.result())
        }
        if has_plan or len(failures) + len(pending) < len(coordinators):
            for coordinator, failure in failures.items():
                _log(coordinator, failure)
            return
        for failure in failures.values():
            raise failure
        no_answer = CannotConnectError(
            f"no answer within {patience.total_seconds():g} seconds"
        )
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=no_answer.translation_key,
            translation_placeholders=no_answer.placeholders,
        )

    @callback
    def async_start(self, hass: HomeAssistant) -> None:
        """Keep the devices' plans current until the account is unloaded."""
        for coordinator in self.coordinators.values():
            coordinator.async_follow()
            DeviceAutomation(hass, coordinator, self.queue).async_start()
        for resource in self.resources.values():
            resource.async_start()
        self.scheduler.async_resume()

    async def async_unload(self) -> None:
        """Stop all that goes on for the devices, before anything is waited for."""
        for coordinator in self.coordinators.values():
            coordinator.lifetime.async_end()
        for coordinator in self.coordinators.values():
            await coordinator.lifetime.async_ended()

    @callback
    def async_take_switches(self, entry: ConfigEntry) -> bool:
        """Follow switches that were turned; return False if more than that has changed."""
        if self.configuration != _configuration(entry):
            return False
        for subentry_id, coordinator in self.coordinators.items():
            settings = entry.subentries[subentry_id].data
            coordinator.async_set_automatic(
                automatic=settings.get(CONF_AUTOMATIC_SCHEDULING, False)
            )
        return True


async def async_compute(
    entry: FlexMeasuresConfigEntry, subentry_id: str, request: ScheduleRequest
) -> Schedule:
    """Have a schedule of a device computed, and return the window that was asked for.

    It is followed when this returns, also by an account that was reloaded meanwhile.
    Raises FlexMeasuresError.
    """
    job = await async_trigger(entry, subentry_id, request)
    while True:
        scheduler = entry.runtime_data.scheduler
        schedule = await scheduler.async_result(job, subentry_id)
        if schedule is not None:
            return schedule
        await _async_reloaded(entry)


async def async_trigger(
    entry: FlexMeasuresConfigEntry,
    subentry_id: str,
    request: ScheduleRequest,
    *,
    is_awaited: bool = True,
) -> AcceptedJob:
    """Have a schedule of a device computed; return the job that the server has accepted.

    Raises FlexMeasuresError.
    """
    account = entry.runtime_data
    job = await account.scheduler.async_trigger(
        account.coordinators[subentry_id], request, is_awaited=is_awaited
    )
    if account.scheduler.is_closed:
        await _async_reloaded(entry)
        entry.runtime_data.scheduler.async_follow(job)
    return job


async def _async_reloaded(entry: FlexMeasuresConfigEntry) -> None:
    """Wait until an account that was unloaded is loaded again; raise JobLostError if it isn't."""
    async with entry.setup_lock:
        if entry.state is not ConfigEntryState.LOADED:
            raise JobLostError


async def _read_first(
    coordinator: ScheduleCoordinator,
) -> ConfigEntryNotReady | ConfigEntryAuthFailed | None:
    """Read a device's plan; return why that failed, if it did."""
    try:
        await coordinator.async_config_entry_first_refresh()
    except (ConfigEntryNotReady, ConfigEntryAuthFailed) as err:
        if isinstance(err, ConfigEntryAuthFailed):
            coordinator.config_entry.async_start_reauth(coordinator.hass)
        # Else the set-up, or what follows on it, says so and reads again.
        if coordinator.config_entry.state is ConfigEntryState.LOADED:
            _log(coordinator, err)
            coordinator.async_read_in(OUTAGE_RETRY)
        return err
    return None


def _log(coordinator: ScheduleCoordinator, failure: Exception) -> None:
    _LOGGER.warning("The %s could not be read: %s", coordinator.name, failure)


def _configuration(entry: ConfigEntry) -> _Configuration:
    """Return all that an account is set up with, but for the switches."""
    return (
        dict(entry.data),
        dict(entry.options),
        entry.title,
        {
            subentry.subentry_id: (
                subentry.title,
                {**subentry.data, CONF_AUTOMATIC_SCHEDULING: None},
            )
            for subentry in entry.subentries.values()
        },
    )
