"""The steps that set up a device, and the flow that adds one or changes it."""

from abc import abstractmethod
import logging
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.data_entry_flow import FlowContext, FlowResult

from ...api.client import FlexMeasuresApi
from ...const import CONF_POWER_SENSOR, SUBENTRY_DEVICE
from ...device.entity_references import named_entities
from ..hacs_defaults import async_former_devices
from ..reporting import ReportingFlow
from .form import DeviceForm
from .level_feed import LevelFeeds, async_keep_level_feed
from .settings_form import in_sections, section_errors, without_sections

_LOGGER = logging.getLogger(__name__)


class DeviceFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    ReportingFlow[ContextT, ResultT, HandlerT]
):
    """The steps that set up a device."""

    _form: DeviceForm

    async def async_step_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Ask for the power sensor."""
        if user_input is not None:
            async with self._reported():
                self._errors = await self._form.async_read_device(user_input)
            if not self._errors:
                return await self.async_step_settings()
        return self._show(
            "former_device" if self._form.has_former else "device",
            self._form.device_schema(),
            user_input or self._form.device_values(),
        )

    # The same, with a text about the values of the former integration.
    async_step_former_device = async_step_device

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Ask for the settings."""
        if user_input is not None:
            values = without_sections(user_input)
            async with self._reported():
                self._errors = section_errors(
                    await self._form.async_read_settings(values)
                )
                self._placeholders = {**self._form.gone_entities}
            if not self._errors:
                if self._form.new_pairing:
                    return await self.async_step_pairing()
                return self._finish_device()
        return self._show(
            "settings",
            self._form.settings_schema(self._errors),
            user_input or in_sections(self._form.settings_values()),
            server_settings=await self._form.async_server_settings(),
            level_feed=await self._form.async_described_level_feed(),
        )

    async def async_step_pairing(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Show the address and the token for the device, which nothing shows again."""
        if user_input is not None:
            return self._finish_device()
        pairing = self._form.new_pairing
        assert pairing is not None
        address = pairing.address(self.hass)
        return self._show(
            "pairing" if address.startswith("wss:") else "pairing_unencrypted",
            vol.Schema({}),
            None,
            address=address,
            token=pairing.token,
        )

    # The same, with a warning.
    async_step_pairing_unencrypted = async_step_pairing

    @abstractmethod
    def _finish_device(self) -> ResultT:
        """Keep what the form made."""


class DeviceSubentryFlow(
    DeviceFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]],
    ConfigSubentryFlow,
):
    """Add a device to an account, or change one."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to add a device."""
        entry = self._get_entry()
        present = self._present()
        taken = [
            device.data[CONF_POWER_SENSOR]
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
            if present is None or device.subentry_id != present.subentry_id
        ]
        # Not the loaded account's, which starts over with each device that is added.
        api = FlexMeasuresApi.from_login(self.hass, entry.data)
        async with self._reported():
            catalogue = await api.get_catalogue()
            self._form = DeviceForm(
                self.hass,
                api,
                catalogue,
                taken=taken,
                settings=present.data if present else None,
                named_before=named_entities(present.data) if present else (),
                level_feeds=LevelFeeds.async_of(
                    self.hass, catalogue, entry, present.data if present else {}
                ),
                former=None
                if present
                else async_former_devices(self.hass, entry.data, catalogue, taken),
            )
        if self._errors:
            return self._abort()
        if not self._form.has_choice:
            return self.async_abort(reason="no_power_sensors")
        return await self.async_step_device()

    async_step_reconfigure = async_step_user

    @override
    def _finish_device(self) -> SubentryFlowResult:
        unique_id = str(self._form.sensor.id)
        present = self._present()
        title = self._form.title(
            [
                device.title
                for device in self._get_entry().subentries.values()
                if device is not present
            ]
        )
        async_keep_level_feed(
            self.hass,
            self._get_entry(),
            self._form.level_feeds,
            self._form.level_feed,
        )
        if present is None:
            return self.async_create_entry(
                title=title, data=self._form.data, unique_id=unique_id
            )
        return self.async_update_and_abort(
            self._get_entry(),
            present,
            data=self._form.data,
            unique_id=unique_id,
            # The former name may be the user's own, but it is that of another device.
            title=present.title if unique_id == present.unique_id else title,
        )

    def _present(self) -> ConfigSubentry | None:
        """Return the device that is being changed."""
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_subentry()
        return None
