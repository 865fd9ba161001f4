"""The flow that adds a device to an account, or changes one."""

from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult

from ...device.entity_references import named_entities
from ...issues.registry import ATTR_SETTING
from ..hacs_defaults import async_former_devices
from ..home.flow import HomeSteps
from ..wording import Wording
from .follower_flow import FollowerSteps
from .form import DeviceForm
from .level_feed import LevelFeeds
from .settings_flow import SettingsSteps


class DeviceSubentryFlow(FollowerSteps, SettingsSteps, HomeSteps):
    """Add a device to an account, or change one."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to add a device."""
        if not await self._async_connect():
            return self._abort()
        self._form = self._new_form()
        if self._form.has_former:
            return await self.async_step_device()
        return await self.async_step_home()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to change a device; what the flow starts with may name a setting."""
        self._present = self._get_reconfigure_subentry()
        if not await self._async_connect():
            return self._abort()
        self._form = self._new_form()
        return await self._async_start_settings((user_input or {}).get(ATTR_SETTING))

    async def async_step_device(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the power sensor."""
        if not self._form.has_choice:
            return self.async_abort(reason="no_power_sensors")
        if user_input is not None:
            async with self._reported():
                self._errors = await self._form.async_read_device(user_input)
            if not self._errors:
                return await self.async_step_facts()
        return self._show(
            "former_device" if self._form.has_former else "device",
            self._form.device_schema(),
            user_input or self._form.device_values(),
        )

    # The same, with a text about the values of the former integration.
    async_step_former_device = async_step_device

    @override
    async def async_step_pairing(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the address and the token for the device, which nothing shows again."""
        if user_input is not None:
            return await self._async_end() if self._pairing else self._finish()
        pairing = self._pairing or self._form.new_pairing
        assert pairing is not None
        address = pairing.address(self.hass)
        return self._show(
            "pairing" if address.startswith("wss:") else "pairing_unencrypted",
            vol.Schema({}),
            None,
            address=address,
            token=pairing.token,
            control_types=(await Wording.async_load(self.hass)).text(
                "s2_control_types"
            ),
        )

    # The same, with a warning.
    async_step_pairing_unencrypted = async_step_pairing

    def _new_form(self) -> DeviceForm:
        """Return the forms for a new device, or for the one that is changed."""
        entry, present = self._get_entry(), self._present
        settings = present.data if present else {}
        return DeviceForm(
            self.hass,
            self._api,
            self._catalogue,
            taken=self._power_sensors(),
            settings=present.data if present else None,
            named_before=named_entities(settings),
            level_feeds=LevelFeeds.async_of(
                self.hass, self._catalogue, entry, settings
            ),
            former=None
            if present
            else async_former_devices(
                self.hass, entry.data, self._catalogue, self._power_sensors()
            ),
        )
