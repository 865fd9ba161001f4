"""The steps that ask what there is to schedule; adding a device begins with them."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from functools import partialmethod
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import instance_id

from ...const import CONF_POWER_SENSOR, CONF_S2, CONF_SOC_ENTITY, SUBENTRY_DEVICE
from ..device.level_feed import LevelFeeds
from ..device.pairing import NewPairing
from ..wording import Wording
from .existing import Schedulable, schedulables, sites
from .facts.existing_form import ExistingForm, async_is_planned_by_server
from .facts.facts_form import FactsForm
from .facts.panels_form import PanelsForm
from .facts.s2_form import S2Form
from .facts.sized_forms import BatteryForm, CarForm, OtherForm
from .facts.tank_forms import ElementForm, HeatForm
from .known import Known, async_known_battery, async_known_car, async_known_panels
from .making.wanted import WantedDevice
from .site_flow import SiteSteps

# As many as fit on a screen; the others can be found by their sensors.
_MOST_ASSETS: Final = 6

type KnowsOf = Callable[[HomeAssistant, Collection[str]], Awaitable[Known]]
"""Is told what measures how full other devices are."""


async def _nothing(hass: HomeAssistant, taken: Collection[str]) -> Known:
    return Known()


class HomeSteps(SiteSteps):
    """What is asked of a device before anything is asked of its home."""

    _existing: ExistingForm
    _facts: FactsForm

    def __init__(self) -> None:
        """Start with nothing chosen."""
        super().__init__()
        self._schedulables: Sequence[Schedulable] = ()

    async def async_step_home(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what there is to schedule."""
        self._wording = await Wording.async_load(self.hass)
        self._instance = await instance_id.async_get(self.hass)
        found = schedulables(self._catalogue, self._power_sensors())
        self._schedulables = found[:_MOST_ASSETS]
        more = self._wording.text("home_more") if len(found) > _MOST_ASSETS else ""
        placeholders = {"more": more and f"\n\n{more}"}
        for number, each in enumerate(self._schedulables, 1):
            placeholders[f"asset_{number}"] = each.asset.name
            placeholders[f"facts_{number}"] = each.described(
                self._wording, self._catalogue
            )
        return self.async_show_menu(
            step_id="home",
            menu_options=[
                *(f"asset_{number + 1}" for number in range(len(self._schedulables))),
                "battery",
                "car",
                "heat",
                "solar",
                "other",
                "s2",
                "device",
            ],
            description_placeholders=placeholders,
        )

    async def _async_step_asset(
        self, index: int, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Schedule what the server has already."""
        entry = self._get_entry()
        self._existing = ExistingForm(
            self.hass,
            self._wording,
            self._catalogue,
            self._schedulables[index],
            LevelFeeds.async_of(self.hass, self._catalogue, entry, {}),
        )
        return await self.async_step_asset()

    async_step_asset_1 = partialmethod(_async_step_asset, 0)
    async_step_asset_2 = partialmethod(_async_step_asset, 1)
    async_step_asset_3 = partialmethod(_async_step_asset, 2)
    async_step_asset_4 = partialmethod(_async_step_asset, 3)
    async_step_asset_5 = partialmethod(_async_step_asset, 4)
    async_step_asset_6 = partialmethod(_async_step_asset, 5)

    def _levels(self) -> set[str]:
        """Return what measures how full other devices are."""
        return {
            device.data[CONF_SOC_ENTITY]
            for device in self._others()
            if CONF_SOC_ENTITY in device.data
        }

    def _present_devices(self) -> Iterator[tuple[str, str]]:
        """Give the keys of the assets that have a device already, each with its name.

        Not of one that speaks S2 and is not connected: it may need a token again.
        """
        entry = self._get_entry()
        is_loaded = entry.state is ConfigEntryState.LOADED
        resources = entry.runtime_data.resources if is_loaded else {}
        for device in self._others():
            if device.subentry_type != SUBENTRY_DEVICE:
                continue
            resource = resources.get(device.subentry_id)
            if CONF_S2 in device.data and not (resource and resource.details):
                continue
            sensor = self._catalogue.sensors.get(device.data[CONF_POWER_SENSOR])
            asset = sensor and self._catalogue.assets.get(sensor.asset_id)
            if asset and asset.external_id:
                yield asset.external_id, device.title

    async def async_step_asset(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what is not known of it."""
        form = self._existing
        if user_input is not None:
            if self._get_entry().state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="account_not_loaded")
            self._device = form.read(user_input)
            self._errors, self._placeholders = form.errors, form.placeholders
            if self._device:
                async with self._reported():
                    rights = await self._api.get_rights()
                    self._may_add_sites = rights.may_add_sites
                    self._is_planned_by_server = await async_is_planned_by_server(
                        self._api,
                        self._catalogue,
                        form.schedulable,
                        self._get_entry().runtime_data.scheduler.planned_here,
                    )
            if not self._errors:
                return await self._async_after_facts()
        return self._show(
            "asset",
            form.schema(),
            form.values() if user_input is None else user_input,
            asset=form.schedulable.asset.name,
            facts=form.schedulable.described(self._wording, self._catalogue),
        )

    async def async_step_heat(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what heats the water."""
        return self.async_show_menu(
            step_id="heat", menu_options=["heat_pump", "heat_element"]
        )

    async def _async_step_facts(
        self,
        form: type[FactsForm],
        known: KnowsOf,
        user_input: dict[str, Any] | None = None,
    ) -> SubentryFlowResult:
        """Ask for the facts of one kind of device."""
        if user_input is None:
            async with self._reported():
                rights = await self._api.get_rights()
            if self._errors:
                return self._abort()
            self._may_add_sites = rights.may_add_sites
            if not sites(self._catalogue) and not self._may_add_sites:
                login = self._get_entry().data
                return self.async_abort(
                    reason="ask_administrator",
                    description_placeholders={
                        "username": login[CONF_USERNAME],
                        "server": login[CONF_HOST],
                        "home": self.hass.config.location_name,
                    },
                )
            self._facts = form(
                self.hass,
                self._wording,
                self._instance,
                await known(self.hass, self._levels()),
                dict(self._present_devices()),
            )
        else:
            self._device = self._facts.read(user_input)
            self._errors = self._facts.errors
            self._placeholders = self._facts.placeholders
            if self._device:
                return await self._async_after_facts()
        if user_input is None:
            user_input = {
                key: value
                for key, value in self._facts.values().items()
                if value is not None
            }
        return self._show(form.step_id, self._facts.schema(), user_input)

    async_step_battery = partialmethod(
        _async_step_facts, BatteryForm, async_known_battery
    )
    async_step_car = partialmethod(_async_step_facts, CarForm, async_known_car)
    async_step_heat_pump = partialmethod(_async_step_facts, HeatForm, _nothing)
    async_step_heat_element = partialmethod(_async_step_facts, ElementForm, _nothing)
    async_step_solar = partialmethod(_async_step_facts, PanelsForm, async_known_panels)
    async_step_other = partialmethod(_async_step_facts, OtherForm, _nothing)
    async_step_s2 = partialmethod(_async_step_facts, S2Form, _nothing)

    @property
    @override
    def _pairing(self) -> NewPairing | None:
        return self._facts.pairing if isinstance(self._device, WantedDevice) else None

    @property
    @override
    def _kind(self) -> str:
        if isinstance(self._device, WantedDevice):
            return self._facts.kind
        return self._existing.schedulable.kind
