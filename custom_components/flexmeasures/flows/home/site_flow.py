"""The steps from one device to its first plan: its home, prices, a summary, and the work."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
import logging
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...api.models import Asset
from ...const import CONF_JOINT_SCHEDULING, CONF_POWER_SENSOR, SUBENTRY_DEVICE
from ...feeds.foreseen.providers import found_providers
from ...plan.prices import CONSUMPTION_PRICE
from ..device.pairing import NewPairing
from ..subentry import AccountPartFlow
from ..wording import Wording
from .existing import sites
from .making.devices import site_order
from .making.order import HomeOrder
from .making.setting_up import HomeSetUp, SetUp
from .making.wanted import PresentDevice, WantedDevice, WantedHome, external_id
from .measured import Measured, async_measured
from .outcome import outcome_in_words
from .prices_form import PricesForm, WantedPrices
from .summary import summary_in_words

SITE: Final = "site"
SEND_SOLAR: Final = "send_solar"
SEND_HOUSEHOLD: Final = "send_household"

_LOGGER = logging.getLogger(__name__)


async def _wait_for(task: asyncio.Task[SetUp]) -> None:
    await asyncio.wait([task])


@callback
def _log_failure(task: asyncio.Task[SetUp]) -> None:
    """Take note of a failure that nobody may be there any more to see."""
    if not task.cancelled() and (failure := task.exception()):
        _LOGGER.debug("A home could not be made: %s", failure)


class SiteSteps(AccountPartFlow):
    """What is asked of the home that a device is in, and what is done then."""

    _wording: Wording
    _instance: str
    _prices_form: PricesForm
    _outcome: SetUp
    _waiting: asyncio.Task[None]

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._site: Asset | None = None
        self._device: WantedDevice | PresentDevice | None = None
        self._is_planned_by_server = False
        self._prices = WantedPrices()
        self._solar, self._household = Measured(), Measured()
        self._may_add_sites = True
        self._sends: dict[str, Any] = {}
        self._setting_up: asyncio.Task[SetUp] | None = None

    @property
    @abstractmethod
    def _kind(self) -> str:
        """What owners call the device, as a key of texts."""

    @property
    @abstractmethod
    def _pairing(self) -> NewPairing | None:
        """What the device that was made connects with, if it speaks S2."""

    @abstractmethod
    async def async_step_pairing(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show once with what a device connects."""

    def _power_sensors(self) -> list[int]:
        """Return those of other devices."""
        return [
            device.data[CONF_POWER_SENSOR]
            for device in self._others()
            if device.subentry_type == SUBENTRY_DEVICE
        ]

    async def _async_after_facts(self) -> SubentryFlowResult:
        """Ask in which home it is, if that is not clear."""
        if isinstance(self._device, PresentDevice):
            site = self._catalogue.site(self._device.power_sensor)
            self._site = self._catalogue.assets.get(site)
            return await self._async_after_site()
        there = sites(self._catalogue)
        if len(there) > 1:
            return await self.async_step_site()
        self._site = there[0] if there else None
        return await self._async_after_site()

    async def async_step_site(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which of several homes it is."""
        if user_input is not None:
            self._site = self._catalogue.assets[int(user_input[SITE])]
            return await self._async_after_site()
        options = [
            SelectOptionDict(value=str(site.id), label=site.name)
            for site in sites(self._catalogue)
        ]
        selector = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
        )
        return self._show("site", vol.Schema({vol.Required(SITE): selector}), None)

    async def _async_after_site(self) -> SubentryFlowResult:
        """Ask for the prices, unless the home has them."""
        self._solar, self._household = await async_measured(
            self.hass, self._wording.text, self._instance, self._site
        )
        if CONSUMPTION_PRICE in self._flex_context:
            self._prices = WantedPrices()
            return await self._async_after_prices()
        self._prices_form = PricesForm(
            self.hass,
            self._catalogue,
            self._wording,
            await found_providers(self.hass),
        )
        return await self.async_step_prices()

    async def async_step_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask where the prices come from."""
        form = self._prices_form
        if user_input is not None:
            async with self._reported():
                await form.async_read(user_input)
                self._errors, self._placeholders = form.errors, form.placeholders
            if not self._errors:
                if form.asks_own:
                    return await self.async_step_own_prices()
                self._prices = form.wanted()
                return await self._async_after_prices()
        return self._show("prices", form.schema(), user_input or form.values())

    async def async_step_own_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the prices that only the owner knows."""
        form = self._prices_form
        if user_input is not None:
            form.read_own(user_input)
            self._errors, self._placeholders = form.errors, form.placeholders
            if not self._errors:
                self._prices = form.wanted()
                return await self._async_after_prices()
        return self._show("own_prices", form.own_schema(), user_input)

    async def _async_after_prices(self) -> SubentryFlowResult:
        """Show what will be made or changed, if anything is."""
        wanted = self._wanted()
        if wanted.order is None and not wanted.is_joint:
            return await self.async_step_set_up()
        return await self.async_step_summary()

    async def async_step_summary(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what will be made and sent."""
        if user_input is not None:
            self._sends = user_input
            return await self.async_step_set_up()
        return self._show_summary()

    async def async_step_set_up(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Make it all, and show how far that is."""
        if self._setting_up is None:
            entry = self._get_entry()
            if entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="account_not_loaded")
            set_up = HomeSetUp(self.hass, entry, self._api, self.async_update_progress)
            self._setting_up = self.hass.async_create_task(
                set_up.async_make(
                    self._wanted(), is_planned_by_server=self._is_planned_by_server
                ),
                "FlexMeasures home",
                eager_start=False,
            )
            self._setting_up.add_done_callback(_log_failure)
            # What has begun is done, also if the dialog is closed: that cancels this one.
            self._waiting = self.hass.async_create_task(
                _wait_for(self._setting_up), "FlexMeasures dialog", eager_start=False
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="set_up",
                progress_action="set_up",
                progress_task=self._waiting,
            )
        return self.async_show_progress_done(next_step_id="outcome")

    async def async_step_outcome(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the first plan; or what went wrong, to try it again."""
        making, self._setting_up = self._setting_up, None
        assert making
        async with self._reported():
            self._outcome = await making
        if self._errors:
            return self._show_summary()
        if self._pairing:
            return await self.async_step_pairing()
        return await self._async_end()

    async def _async_end(self) -> SubentryFlowResult:
        """End with the first plan, or why there is none."""
        reason, placeholders = outcome_in_words(
            self.hass, self._get_entry(), self._wording.text, self._outcome, self._kind
        )
        return self.async_abort(reason=reason, description_placeholders=placeholders)

    def _show_summary(self) -> SubentryFlowResult:
        fields = [
            key
            for key, measured in (
                (SEND_SOLAR, self._solar),
                (SEND_HOUSEHOLD, self._household),
            )
            if measured.feeds
        ]
        return self._show(
            "summary",
            vol.Schema({vol.Required(key): BooleanSelector() for key in fields}),
            self._sends or dict.fromkeys(fields, True),
            summary=summary_in_words(
                self._wording,
                self._wanted(),
                self._prices,
                home=self._home_name,
                there={
                    asset.external_id
                    for asset in self._catalogue.assets.values()
                    if asset.external_id
                },
                can_undo=self._may_add_sites,
            ),
        )

    @property
    def _flex_context(self) -> Mapping[str, Any]:
        """What the server knows of the home already."""
        if isinstance(self._device, PresentDevice):
            return self._catalogue.flex_context(self._device.power_sensor)
        return self._site.flex_context if self._site else {}

    @property
    def _is_joint(self) -> bool:
        """Whether it is time to plan all devices together: what the home's connection carries is for all."""
        return CONF_JOINT_SCHEDULING not in self._get_entry().options and any(
            sensor and self._site and self._catalogue.site(sensor) == self._site.id
            for sensor in map(self._catalogue.sensors.get, self._power_sensors())
        )

    @property
    def _home_name(self) -> str:
        return self._site.name if self._site else self.hass.config.location_name

    def _wanted(self) -> WantedHome:
        """Return all that was asked for."""
        assert self._device
        solar, household = (
            measured if self._sends.get(key, True) else Measured()
            for key, measured in (
                (SEND_SOLAR, self._solar),
                (SEND_HOUSEHOLD, self._household),
            )
        )
        site = (
            self._site.id
            if self._site
            else site_order(
                external_id(self._instance, "home"), self.hass.config.location_name
            )
        )
        order = HomeOrder(
            site,
            site_sensors={**self._prices.site_sensors, **household.site_sensors},
            flex_context={
                **self._prices.flex_context,
                **solar.flex_context,
                **household.flex_context,
            },
            assets=(
                *(
                    [self._device.asset]
                    if isinstance(self._device, WantedDevice)
                    else ()
                ),
                *solar.assets,
            ),
        )
        return WantedHome(
            device=self._device,
            order=order if order.assets or order.flex_context else None,
            feeds=(*self._prices.feeds, *solar.feeds, *household.feeds),
            prices=tuple(self._prices.site_sensors),
            is_joint=self._is_joint,
        )
