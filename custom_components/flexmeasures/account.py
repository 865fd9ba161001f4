"""An account: what it holds while it is loaded."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from typing import Final, Self

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .api.catalogue import AccountCatalogue
from .api.client import FlexMeasuresApi
from .api.errors import NO_ANSWER, CannotConnectError
from .cem.resource import ManagedResource
from .cem.server.link import ResourceLink
from .const import CONF_FOLLOWER, CONF_SOLAR_FORECAST_SENSORS, DOMAIN, SUBENTRY_FEED
from .coordinator import OUTAGE_RETRY, ScheduleCoordinator
from .device.lifetime import DeviceUnloadedError
from .device.loaded import Loaded
from .device.prices import SharedPrices
from .device.store import AccountStore
from .feeds.dispatcher import FeedDispatcher
from .feeds.feed import Feed
from .follower.follower import Follower
from .follower.settings import FollowerSettings
from .meters.coordinator import MeterCoordinator
from .meters.readings import SensorReader
from .meters.solar_forecast import SolarForecast
from .plan.schedule import Schedule
from .results.power_source import PowerSource
from .results.results import DeviceResults
from .scheduling.automation import DeviceAutomation
from .scheduling.budget import TriggerBudget
from .scheduling.daily_forecast import DailyForecast
from .scheduling.jobs import AcceptedJob
from .scheduling.planned_here import PlannedHere
from .scheduling.queue import ScheduleQueue
from .scheduling.ready_by_calendar import ReadyByCalendar
from .scheduling.request import ScheduleRequest
from .scheduling.scheduler import AccountScheduler
from .texts import local_placeholders

_LOGGER = logging.getLogger(__name__)

# All of Home Assistant waits for a set-up; what follows a plan, or is to rest, hardly.
_SHORT_PATIENCE = timedelta(seconds=1)
_PATIENCE = timedelta(seconds=10)

type FlexMeasuresConfigEntry = ConfigEntry[Account]


def device_signal(subentry_id: str) -> str:
    """Return the dispatcher's signal that a device is loaded, or not any more.

    It comes with the device's ScheduleCoordinator, or with None.
    """
    return f"{DOMAIN}_device_{subentry_id}"


SIGNAL_DEVICE_STARTED: Final = f"{DOMAIN}_device_started"
"""The dispatcher's signal that a device of any account is loaded, and has its entities.

It comes with the device's ScheduleCoordinator, and its ManagedResource or None.
"""


@dataclass(slots=True)
class Account:
    """The parts of an account, which know each other only as far as they are handed in."""

    entry: ConfigEntry
    api: FlexMeasuresApi
    catalogue: AccountCatalogue
    prices: SharedPrices
    store: AccountStore
    coordinators: Loaded[ScheduleCoordinator]
    """Of devices."""
    scheduler: AccountScheduler
    queue: ScheduleQueue
    reader: SensorReader
    solar_forecast: SolarForecast
    daily_forecast: DailyForecast
    feeds: Loaded[Feed]
    feed_dispatcher: FeedDispatcher
    resources: dict[str, ManagedResource] = field(default_factory=dict)
    """Of those of them that have S2, likewise by their subentry ids."""
    links: dict[str, ResourceLink] = field(default_factory=dict)
    """Of those whose RM stays connected while they are loaded again."""
    followers: dict[str, Follower] = field(default_factory=dict)
    """Of those that something in Home Assistant follows, likewise."""
    results: dict[str, DeviceResults] = field(default_factory=dict)
    """Of what came of their plans, likewise."""
    measured: Loaded[DeviceResults] = field(default_factory=Loaded)
    """Those of them whose power something measures."""
    meters: Loaded[MeterCoordinator] = field(default_factory=Loaded)
    server_version: str | None = None
    """None while the server has not told it."""

    @classmethod
    @callback
    def async_create(
        cls, hass: HomeAssistant, entry: ConfigEntry, store: AccountStore
    ) -> Self:
        """Make the parts that all devices share."""
        api = FlexMeasuresApi.from_login(hass, entry.data)
        catalogue = AccountCatalogue(api)
        coordinators: Loaded[ScheduleCoordinator] = Loaded()
        budget = TriggerBudget(store)
        prices = SharedPrices(api, catalogue)
        scheduler = AccountScheduler(
            hass,
            entry,
            api,
            coordinators,
            budget=budget,
            prices=prices,
            planned_here=PlannedHere(store),
        )
        reader = SensorReader(hass, api, catalogue)
        feeds: Loaded[Feed] = Loaded()
        account = cls(
            entry=entry,
            api=api,
            catalogue=catalogue,
            reader=reader,
            prices=prices,
            store=store,
            coordinators=coordinators,
            scheduler=scheduler,
            queue=ScheduleQueue(hass, entry, scheduler),
            daily_forecast=DailyForecast(hass, api, catalogue, budget),
            feeds=feeds,
            feed_dispatcher=FeedDispatcher(hass, entry, feeds),
            solar_forecast=SolarForecast(
                reader, entry.options.get(CONF_SOLAR_FORECAST_SENSORS, ())
            ),
        )
        entry.async_on_unload(account.async_unload)
        return account

    @callback
    def async_load_device(
        self, hass: HomeAssistant, subentry: ConfigSubentry
    ) -> ScheduleCoordinator:
        """Make the parts of a device and connect them."""
        coordinator = ScheduleCoordinator(
            hass,
            self.entry,
            subentry,
            api=self.api,
            catalogue=self.catalogue,
            prices=self.prices,
            store=self.store,
        )
        self.coordinators[subentry.subentry_id] = coordinator
        if coordinator.settings.s2:
            resource = ManagedResource(
                hass,
                self.entry,
                coordinator,
                api=self.api,
                queue=self.queue,
                store=self.store,
                link=self.links.pop(subentry.subentry_id, None),
            )
            self.resources[subentry.subentry_id] = resource
            coordinator.flex_model_source = resource
        elif follower := subentry.data.get(CONF_FOLLOWER):
            self.followers[subentry.subentry_id] = Follower(
                hass, coordinator, FollowerSettings.from_settings(follower), self.store
            )
        results = DeviceResults(
            hass,
            coordinator,
            self.store,
            resource=self.resources.get(subentry.subentry_id),
            source=self._power_source(hass, coordinator),
        )
        self.results[subentry.subentry_id] = results
        if results.has_power:
            self.measured[subentry.subentry_id] = results
        return coordinator

    def _power_source(
        self, hass: HomeAssistant, coordinator: ScheduleCoordinator
    ) -> PowerSource | None:
        """Return what shows the power of a device that does not speak S2."""
        if coordinator.settings.s2:
            return None
        feeds = enabled_subentries(hass, self.entry, SUBENTRY_FEED)
        return PowerSource.among(feeds.values(), coordinator.settings.power_sensor)

    @callback
    def async_follow_power(self, hass: HomeAssistant) -> None:
        """Measure by what shows the power of devices by now: a feed may have come or gone."""
        for subentry_id, results in self.results.items():
            source = self._power_source(hass, results.coordinator)
            if source == results.source:
                continue
            results.async_measure_by(source)
            if not results.has_power:
                del self.measured[subentry_id]
            elif subentry_id not in self.measured:
                self.measured[subentry_id] = results
                self.measured.async_announce(results)

    @callback
    def async_start_device(
        self, hass: HomeAssistant, coordinator: ScheduleCoordinator
    ) -> None:
        """Keep a device's plan current until it is unloaded."""
        coordinator.async_follow()
        subentry_id = coordinator.subentry.subentry_id
        DeviceAutomation(hass, coordinator, self.queue).async_start()
        if calendar := coordinator.settings.ready_by_calendar:
            ReadyByCalendar(hass, coordinator, calendar).async_start()
        resource = self.resources.get(subentry_id)
        if resource:
            resource.async_start()
        if follower := self.followers.get(subentry_id):
            follower.async_start()
        self.results[subentry_id].async_start()
        async_dispatcher_send(hass, device_signal(subentry_id), coordinator)
        async_dispatcher_send(hass, SIGNAL_DEVICE_STARTED, coordinator, resource)
        coordinator.lifetime.async_on_unload(
            lambda: async_dispatcher_send(hass, device_signal(subentry_id), None)
        )

    async def async_unload_device(self, subentry_id: str, *, goes_on: bool) -> None:
        """Stop all that goes on for a device; what is stored of it stays.

        If it `goes_on` in a moment, what follows it need not rest, and its RM stays
        connected.
        """
        follower = self.followers.pop(subentry_id, None)
        if follower and not goes_on:
            await follower.async_stop()
        coordinator = self.coordinators.pop(subentry_id)
        resource = self.resources.pop(subentry_id, None)
        if resource and goes_on:
            self.links[subentry_id] = resource.async_release()
        del self.results[subentry_id]
        self.measured.pop(subentry_id, None)
        coordinator.lifetime.async_end()
        self.queue.async_drop(coordinator)
        await coordinator.async_shutdown()
        await coordinator.lifetime.async_ended()

    @callback
    def async_abandon_links(self) -> None:
        """End the connections that nobody has taken over: a device may be gone by now."""
        for link in self.links.values():
            link.async_abandon()
        self.links.clear()

    async def async_rest(self) -> None:
        """Let the devices rest that something follows: nobody does from now on."""
        await asyncio.gather(
            *(follower.async_stop() for follower in self.followers.values())
        )

    async def async_unload(self) -> None:
        """Stop all that goes on for devices, feeds and meters, before anything is waited for."""
        self.feed_dispatcher.async_close()
        self.async_abandon_links()
        lifetimes = [
            *(coordinator.lifetime for coordinator in self.coordinators.values()),
            *(feed.lifetime for feed in self.feeds.values()),
            *(meter.lifetime for meter in self.meters.values()),
        ]
        for lifetime in lifetimes:
            lifetime.async_end()
        for lifetime in lifetimes:
            await lifetime.async_ended()

    async def async_read_first(self) -> None:
        """Read every device's plan; fail only if that leaves nothing to do.

        Where there is a plan for this moment from before the restart, or something that
        is to rest without one, a server that does not answer at once is not waited for.
        Raises ConfigEntryNotReady or ConfigEntryAuthFailed; what is still asked then is
        given up with the set-up.
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
        is_needed = any(each.covers_now for each in coordinators) or any(
            each.memory.is_in_control for each in self.followers.values()
        )
        patience = _SHORT_PATIENCE if is_needed else _PATIENCE
        done, pending = await asyncio.wait(readings, timeout=patience.total_seconds())
        failures = {
            coordinator: failure
            for coordinator, reading in zip(coordinators, readings, strict=True)
            if reading in done and (failure := reading.result())
        }
        if is_needed or len(failures) + len(pending) < len(coordinators):
            for coordinator, failure in failures.items():
                _log(coordinator, failure)
            return
        for failure in failures.values():
            raise failure
        no_answer = CannotConnectError(NO_ANSWER)
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=no_answer.translation_key,
            translation_placeholders=local_placeholders(no_answer.placeholders),
        )

    async def async_read_late(
        self, coordinators: Iterable[ScheduleCoordinator]
    ) -> None:
        """Read the plans of devices that were loaded after their account.

        Their entities show what fails, and it is tried again: it is no failure of the
        account. A server that does not answer is not waited for any longer than there.
        """
        late = list(coordinators)
        has_plans = all(each.covers_now for each in late)
        patience = _SHORT_PATIENCE if has_plans else _PATIENCE
        readings = [
            each.lifetime.async_create_background_task(
                each.async_refresh(), f"{each.name} first reading"
            )
            for each in late
        ]
        await asyncio.wait(readings, timeout=patience.total_seconds())


@callback
def enabled_subentries(
    hass: HomeAssistant, entry: ConfigEntry, subentry_type: str
) -> dict[str, ConfigSubentry]:
    """Return the subentries of a type whose devices are not disabled, by their ids."""
    registry = dr.async_get(hass)
    disabled = {
        device.config_subentry_id
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if device.disabled
    }
    return {
        subentry.subentry_id: subentry
        for subentry in entry.get_subentries_of_type(subentry_type)
        if subentry.subentry_id not in disabled
    }


async def async_compute(
    entry: FlexMeasuresConfigEntry, subentry_id: str, request: ScheduleRequest
) -> Schedule:
    """Have a schedule of a device computed, and return the window that was asked for.

    It is followed when this returns, also by a device that was reloaded meanwhile, alone
    or with its account.
    Raises FlexMeasuresError.
    """
    name = entry.runtime_data.coordinators[subentry_id].subentry.title
    job = await async_trigger(entry, subentry_id, request)
    while True:
        scheduler = entry.runtime_data.scheduler
        schedule = await scheduler.async_result(job, subentry_id)
        if schedule is not None:
            return schedule
        if not await _async_is_back(entry, subentry_id):
            raise DeviceUnloadedError(name)


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
    if account.scheduler.is_closed and await _async_is_back(entry, subentry_id):
        entry.runtime_data.scheduler.async_follow(job)
    return job


async def _async_is_back(entry: FlexMeasuresConfigEntry, subentry_id: str) -> bool:
    """Return whether a device that was unloaded is loaded again, once that is settled."""
    async with entry.setup_lock:
        return (
            entry.state is ConfigEntryState.LOADED
            and subentry_id in entry.runtime_data.coordinators
        )


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
