"""Makes a home on the server and in Home Assistant, up to the first plan."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count
from types import MappingProxyType
from typing import Final

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryData
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from ....account import FlexMeasuresConfigEntry, async_compute, device_signal
from ....api import polling
from ....api.client import FlexMeasuresApi
from ....api.errors import FlexMeasuresError
from ....api.models import Sensor
from ....const import CONF_AUTOMATIC_SCHEDULING, CONF_JOINT_SCHEDULING, CONF_S2, DOMAIN
from ....coordinator import ScheduleCoordinator
from ....device.lifetime import DeviceUnloadedError
from ....device.settings import DeviceSettings
from ....plan.grid import floor_to_grid
from ....scheduling.automations import SCHEDULING, async_is_automated
from ....scheduling.request import ScheduleRequest
from ...feed.feed_sensor import unique_id
from ..known import async_area_of
from .maker import async_make
from .order import HomeOrder
from .wanted import PresentDevice, WantedDevice, WantedHome

# The parts of the whole that are done: made on the server, and what is sent is there.
_MADE: Final = 0.4
_SENT: Final = 0.7

_SENDING: Final = timedelta(minutes=1)
_LOADING: Final = timedelta(minutes=1)

type Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was made."""

    subentry_id: str
    failure: FlexMeasuresError | None = None
    """Why there is no plan yet, though there should be one."""
    is_planned: bool = True
    """Whether there should be."""
    follows_server: bool = False
    """Whether the server makes the plans by itself."""


class HomeSetUp:
    """Makes one home; what is there already is found, so that it can be done again."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FlexMeasuresConfigEntry,
        api: FlexMeasuresApi,
        progress: Progress,
    ) -> None:
        """Start with nothing made; `progress` is told the part that is done."""
        self._hass = hass
        self._entry = entry
        self._api = api
        self._progress = progress

    async def async_make(
        self, wanted: WantedHome, *, is_planned_by_server: bool
    ) -> SetUp:
        """Make everything; raises FlexMeasuresError if the server could not be asked.

        `is_planned_by_server`: Home Assistant only follows the plans of the device.
        """
        sensors = await self._async_made(wanted.order) if wanted.order else {}
        if wanted.is_joint:
            self._hass.config_entries.async_update_entry(
                self._entry,
                options={**self._entry.options, CONF_JOINT_SCHEDULING: True},
            )
        for feed in wanted.feeds:
            self._add(feed.subentry(sensors[feed.sensor], self._titles()))
        device = wanted.device
        if isinstance(device, WantedDevice):
            device = device.made(sensors, self._titles())
            is_planned_by_server = await self._async_is_automated(device.power_sensor)
        for part in device.feeds:
            self._add(part)
        subentry_id = self._add_device(device.subentry)
        for key in wanted.prices:
            await self._async_send(sensors[key])
        self._progress(_SENT)
        await self._async_load(subentry_id, device)
        if CONF_S2 in device.settings:
            # It tells what it can do once it has connected.
            return SetUp(subentry_id, is_planned=False)
        if is_planned_by_server:
            return SetUp(subentry_id, follows_server=True)
        return await self._async_plan(subentry_id)

    async def _async_made(self, order: HomeOrder) -> Mapping[str, Sensor]:
        """Return the sensors that were ordered, by their keys."""
        config = self._hass.config
        made = await async_make(
            self._api,
            order,
            latitude=config.latitude,
            longitude=config.longitude,
            time_zone=config.time_zone,
            progress=lambda share: self._progress(_MADE * share),
        )
        self._entry.runtime_data.catalogue.async_forget()
        return made.sensors

    async def _async_is_automated(self, power: Sensor) -> bool:
        """Return whether the server plans what was made, perhaps long before."""
        catalogue = await self._entry.runtime_data.catalogue.async_get()
        lineage = list(catalogue.lineage(power))
        return await async_is_automated(self._api, lineage, power, SCHEDULING)

    async def _async_load(self, subentry_id: str, device: PresentDevice) -> None:
        """Wait until a device is loaded, and tell it what is known of it from the beginning."""
        coordinator = await self._async_loaded(subentry_id)
        self._move(subentry_id, async_area_of(self._hass, device.entity_id))
        if device.readiness:
            await device.readiness.async_apply(coordinator)

    async def _async_loaded(self, subentry_id: str) -> ScheduleCoordinator:
        """Return a device once it is loaded as it is configured.

        Raises DeviceUnloadedError if it is not, or its account is not.
        """
        subentry = self._entry.subentries[subentry_id]
        settings = DeviceSettings.from_subentry(subentry.data)
        changed = asyncio.Event()

        @callback
        def note(_coordinator: ScheduleCoordinator | None) -> None:
            changed.set()

        stop = async_dispatcher_connect(self._hass, device_signal(subentry_id), note)
        try:
            async with asyncio.timeout(_LOADING.total_seconds()):
                while True:
                    loaded = self._entry.runtime_data.coordinators
                    coordinator = loaded.get(subentry_id)
                    if (
                        coordinator
                        and coordinator.is_followed
                        and coordinator.settings == settings
                    ):
                        return coordinator
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise DeviceUnloadedError(subentry.title) from None
        finally:
            stop()

    async def _async_plan(self, subentry_id: str) -> SetUp:
        """Have the first plan of a device computed, and the next ones automatically."""
        try:
            await async_compute(self._entry, subentry_id, ScheduleRequest())
        except FlexMeasuresError as err:
            return SetUp(subentry_id, failure=err)
        finally:
            # Not before: two plans would be asked for. And whatever has become of this one.
            self._schedule_automatically(subentry_id)
        self._progress(1.0)
        return SetUp(subentry_id)

    @callback
    def _schedule_automatically(self, subentry_id: str) -> None:
        if subentry := self._entry.subentries.get(subentry_id):
            self._hass.config_entries.async_update_subentry(
                self._entry,
                subentry,
                data={**subentry.data, CONF_AUTOMATIC_SCHEDULING: True},
            )

    @callback
    def _add_device(self, wanted: ConfigSubentryData) -> str:
        return self._add({**wanted, "title": self._free_title(wanted["title"])})

    @callback
    def _add(self, wanted: ConfigSubentryData) -> str:
        """Add a part to the account, or let the one that is there be as wanted; return its id."""
        for subentry in self._entry.subentries.values():
            if subentry.unique_id == wanted["unique_id"]:
                self._hass.config_entries.async_update_subentry(
                    self._entry, subentry, data={**subentry.data, **wanted["data"]}
                )
                self._enable(subentry.subentry_id)
                return subentry.subentry_id
        subentry = ConfigSubentry(
            data=MappingProxyType(dict(wanted["data"])),
            subentry_type=wanted["subentry_type"],
            title=wanted["title"],
            unique_id=wanted["unique_id"],
        )
        self._hass.config_entries.async_add_subentry(self._entry, subentry)
        return subentry.subentry_id

    @callback
    def _enable(self, subentry_id: str) -> None:
        """Enable what was disabled: it is wanted again."""
        registry = dr.async_get(self._hass)
        device = registry.async_get_device_by_identifier(
            (DOMAIN, subentry_id), self._entry.entry_id
        )
        if device and device.disabled:
            registry.async_update_device(device.id, disabled_by=None)

    def _titles(self) -> set[str]:
        return {subentry.title for subentry in self._entry.subentries.values()}

    def _free_title(self, name: str) -> str:
        """Return a name, with a number if another part of the account has it."""
        taken = self._titles()
        names = (f"{name} {number}" for number in count(2))
        return next(each for each in chain((name,), names) if each not in taken)

    async def _async_send(self, sensor: Sensor) -> None:
        """Send what a feed has for a sensor, and wait until the server has stored it.

        What fails shows at the feed, and as the reason why there is no plan.
        """
        feeds = self._entry.runtime_data.feeds
        subentry_id = next(
            subentry.subentry_id
            for subentry in self._entry.subentries.values()
            if subentry.unique_id == unique_id(sensor.id)
        )
        with suppress(FlexMeasuresError, TimeoutError):
            # Of an account that is loaded anew meanwhile, it never arrives.
            async with asyncio.timeout(_LOADING.total_seconds()):
                feed = await feeds.async_get(subentry_id)
            await feed.async_send_now()
            # What the server has accepted it stores a moment later.
            for wait in polling.polling_waits(_SENDING):
                if await self._is_stored(sensor):
                    return
                await asyncio.sleep(wait)

    async def _is_stored(self, sensor: Sensor) -> bool:
        """Return whether the server has a value of a sensor for now."""
        slot = sensor.slot_length
        data = await self._api.get_data(
            sensor.id,
            start=floor_to_grid(dt_util.utcnow(), slot, sensor.time_zone),
            duration=slot,
            unit=sensor.unit,
        )
        return data is not None and data.values[:1] != (None,)

    @callback
    def _move(self, subentry_id: str, area_id: str | None) -> None:
        """Put a device where the thing is that it stands for, unless it has a place."""
        registry = dr.async_get(self._hass)
        device = registry.async_get_device_by_identifier(
            (DOMAIN, subentry_id), self._entry.entry_id
        )
        if device and area_id and device.area_id is None:
            registry.async_update_device(device.id, area_id=area_id)
