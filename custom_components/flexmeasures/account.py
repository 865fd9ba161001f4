"""An account: what it holds while it is loaded."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import logging
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .api.catalogue import AccountCatalogue
from .api.client import FlexMeasuresApi
from .cem.resource import ManagedResource
from .const import CONF_AUTOMATIC_SCHEDULING, SUBENTRY_DEVICE
from .coordinator import ScheduleCoordinator
from .device.prices import SharedPrices
from .device.store import AccountStore
from .scheduling.automation import DeviceAutomation
from .scheduling.queue import ScheduleQueue
from .scheduling.scheduler import AccountScheduler

_LOGGER = logging.getLogger(__name__)

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
        return cls(
            api=api,
            coordinators=coordinators,
            scheduler=scheduler,
            queue=queue,
            resources=resources,
            configuration=_configuration(entry),
        )

    async def async_first_refreshes(self) -> None:
        """Read every device's plan; fail only if that leaves nothing to follow.

        A server that is away, or a login that is refused, stops no device that has a
        plan for this moment from before the restart. Raises ConfigEntryNotReady or
        ConfigEntryAuthFailed.
        """
        coordinators = list(self.coordinators.values())
        # Wait for every refresh, so that none outlives a set-up that failed.
        results = await asyncio.gather(
            *(each.async_config_entry_first_refresh() for each in coordinators),
            return_exceptions=True,
        )
        failures = {
            coordinator: result
            for coordinator, result in zip(coordinators, results, strict=True)
            if isinstance(result, BaseException)
        }
        if len(failures) == len(coordinators) and not any(
            coordinator.covers_now for coordinator in coordinators
        ):
            for failure in failures.values():
                raise failure
        for coordinator, failure in failures.items():
            _LOGGER.warning("The %s could not be read: %s", coordinator.name, failure)

    @callback
    def async_start(self, hass: HomeAssistant) -> None:
        """Keep the devices' plans current until the account is unloaded."""
        for coordinator in self.coordinators.values():
            coordinator.async_follow()
            DeviceAutomation(hass, coordinator, self.queue).async_start()
        for resource in self.resources.values():
            resource.async_start()

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
