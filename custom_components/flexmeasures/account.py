"""An account: the way to its server, and what it holds while it is loaded."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
import logging
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .api.address import ServerAddress
from .api.catalogue import AccountCatalogue
from .api.client import FlexMeasuresApi
from .api.errors import FlexMeasuresError, ServerTooOldError
from .cem.resource import ManagedResource
from .const import CONF_AUTOMATIC_SCHEDULING, DOMAIN, SUBENTRY_DEVICE
from .coordinator import ScheduleCoordinator
from .device.recent_errors import RecentErrors
from .device.store import AccountStore
from .issues.report import (
    async_report,
    async_report_server_too_old,
    async_withdraw_server_too_old,
)
from .issues.watcher import DeviceIssues
from .scheduling.automation import DeviceAutomation
from .scheduling.queue import ScheduleQueue
from .scheduling.scheduler import AccountScheduler

_LOGGER = logging.getLogger(__name__)

type FlexMeasuresConfigEntry = ConfigEntry[FlexMeasuresData]


@dataclass(slots=True)
class FlexMeasuresData:
    """What an account holds while it is loaded."""

    api: FlexMeasuresApi
    coordinators: dict[str, ScheduleCoordinator]
    """By the device's subentry id."""
    scheduler: AccountScheduler
    queue: ScheduleQueue
    resources: dict[str, ManagedResource]
    """By the subentry id of the devices that have S2."""
    errors: RecentErrors
    settings: object = field(repr=False)
    """What it was set up with, but for the switches."""
    server_version: str | None = None
    """None while the server has not told it."""

    @classmethod
    @callback
    def async_create(
        cls, hass: HomeAssistant, entry: FlexMeasuresConfigEntry, store: AccountStore
    ) -> Self:
        """Make the parts of an account and connect them."""
        api = async_account_api(hass, entry.data)
        catalogue = AccountCatalogue(api)
        errors = RecentErrors()
        scheduler = AccountScheduler(hass, entry, api)
        queue = ScheduleQueue(hass, entry, scheduler)
        coordinators = {
            device.subentry_id: ScheduleCoordinator(
                hass,
                entry,
                device,
                api=api,
                catalogue=catalogue,
                store=store,
                errors=errors,
            )
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        }
        resources = {
            subentry_id: ManagedResource(
                hass, entry, coordinator, api=api, queue=queue, store=store
            )
            for subentry_id, coordinator in coordinators.items()
            if coordinator.settings.s2
        }
        for subentry_id, resource in resources.items():
            coordinators[subentry_id].controller = resource
        return cls(
            api=api,
            coordinators=coordinators,
            scheduler=scheduler,
            queue=queue,
            resources=resources,
            errors=errors,
            settings=_settings(entry),
        )

    @callback
    def async_start(self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
        """Keep the devices' plans current until the account is unloaded."""
        for coordinator in self.coordinators.values():
            coordinator.async_follow()
            DeviceAutomation(hass, coordinator, self.queue).async_start()
            DeviceIssues(hass, coordinator).async_start()
        for resource in self.resources.values():
            resource.async_start()

    @callback
    def async_take_over(self, entry: FlexMeasuresConfigEntry) -> bool:
        """Take over switches that were turned; False if more than that has changed."""
        if self.settings != _settings(entry):
            return False
        for subentry_id, coordinator in self.coordinators.items():
            settings = entry.subentries[subentry_id].data
            coordinator.async_set_automatic(
                automatic=settings[CONF_AUTOMATIC_SCHEDULING]
            )
        return True


@callback
def async_account_api(hass: HomeAssistant, data: Mapping[str, Any]) -> FlexMeasuresApi:
    """The server as the login of a config entry's data sees it."""
    return FlexMeasuresApi(
        async_get_clientsession(hass),
        ServerAddress.parse(data[CONF_HOST]),
        data[CONF_USERNAME],
        data[CONF_PASSWORD],
    )


async def async_first_refreshes(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Read every device's plan; fail only if that leaves nothing to follow.

    A server that is away, or a login that is refused, stops no device that has a
    plan for this moment from before the restart; one that is too old stops all.
    Raises ConfigEntryNotReady or ConfigEntryAuthFailed.
    """
    coordinators = list(entry.runtime_data.coordinators.values())
    # Wait for every refresh, so that none outlives a set-up that failed.
    too_old, *results = await asyncio.gather(
        _async_check_version(hass, entry),
        *(
            coordinator.async_config_entry_first_refresh()
            for coordinator in coordinators
        ),
        return_exceptions=True,
    )
    # Before set-up fails: a sensor that is gone may be why.
    for coordinator in coordinators:
        async_report(hass, coordinator)
    if isinstance(too_old, BaseException):
        raise too_old
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


async def _async_check_version(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Ask for the server's version; raises ConfigEntryNotReady if it is too old."""
    data = entry.runtime_data
    try:
        data.server_version = await data.api.get_version()
    except ServerTooOldError as err:
        data.server_version = err.version
        async_report_server_too_old(hass, entry, err)
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=err.placeholders,
        ) from err
    except FlexMeasuresError as err:
        # The devices' plans tell whether that matters.
        _LOGGER.debug("The server's version is not known: %s", err)
    else:
        async_withdraw_server_too_old(hass, entry)


def _settings(entry: ConfigEntry) -> object:
    """All that an account is set up with, but for the switches."""
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
