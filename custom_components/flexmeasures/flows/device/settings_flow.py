"""The steps that ask for the settings of a device: what is needed first, or one topic."""

from abc import abstractmethod
from functools import partialmethod
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult

from ...const import CONF_FOLLOWER
from ..subentry import AccountPartFlow
from ..wording import Wording
from .form import DeviceForm
from .level_feed import async_keep_level_feed
from .overview import Overview, async_loaded_device
from .ready_by_form import ReadyByForm
from .settings_form import (
    INTERVALS,
    LEVEL,
    LIMITS,
    OTHER_SENSOR,
    PAIRING,
    PRICES,
    READY_BY,
    RESCHEDULING,
    S2_SENSORS,
    screen_of,
)


class SettingsSteps(AccountPartFlow):
    """Asks for the settings of a device that `_form` knows."""

    _form: DeviceForm

    async def _async_start_settings(self, setting: str | None) -> SubentryFlowResult:
        """Show what there is to change, or where one setting is changed.

        What is wrong with the power sensor comes first: everything depends on it.
        """
        async with self._reported():
            self._errors = await self._form.async_read_device(
                self._form.device_values()
            )
        if self._errors and not self._form.has_choice:
            return self.async_abort(reason="no_power_sensors")
        if self._errors:
            return self._show_power_sensor(None)
        if setting == CONF_FOLLOWER:
            return await self.async_step_present_follower()
        screen = screen_of(setting) if setting else None
        if screen == READY_BY:
            return await self.async_step_ready_by()
        if screen is not None:
            return await self._async_step_screen(screen)
        return await self.async_step_settings()

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what is set, by topic."""
        assert self._present is not None
        wording = await Wording.async_load(self.hass)
        overview = Overview(self.hass, self._catalogue, self._form, wording).sentences(
            async_loaded_device(self._get_entry(), self._present)
        )
        return self.async_show_menu(
            step_id="settings",
            menu_options=[*overview],
            description_placeholders={
                "device": self._present.title,
                "known": self._form.server.described(wording),
                **overview,
            },
        )

    async def async_step_facts(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what has to be known of a new device, or of one with another power sensor."""
        form = self._form
        if user_input is not None:
            async with self._reported():
                self._errors = await form.async_read_facts(user_input)
                self._placeholders = {**form.placeholders}
            if not self._errors:
                return self._finish()
        values = form.facts_values() if user_input is None else user_input
        return self._show(
            "facts",
            form.facts_schema(values),
            values,
            device=form.title(),
            known=form.server.described(await Wording.async_load(self.hass)),
        )

    async def async_step_power_sensor(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for another power sensor, with which the device starts over."""
        if user_input is not None:
            async with self._reported():
                self._errors = await self._form.async_read_device(user_input)
            if not self._errors:
                if self._form.is_same_sensor:
                    return self._keep_unchanged()
                return await self.async_step_facts()
        return self._show_power_sensor(user_input)

    async def _async_step_screen(
        self, screen: str, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the settings of one topic."""
        form = self._form
        if user_input is not None:
            async with self._reported():
                self._errors = await form.async_read_screen(screen, user_input)
                self._placeholders = {**form.placeholders}
            if not self._errors:
                return await self._async_pair_or_finish()
        values = form.settings_values() if user_input is None else user_input
        wording = await Wording.async_load(self.hass)
        return self._show(
            screen,
            form.screen_schema(screen, values),
            values,
            known=form.server.described(wording),
            level_feed=form.described_level_feed(wording),
            price_feeds=form.described_price_feeds(wording),
        )

    async_step_level = partialmethod(_async_step_screen, LEVEL)
    async_step_limits = partialmethod(_async_step_screen, LIMITS)
    async_step_price_sensors = partialmethod(_async_step_screen, PRICES)
    async_step_rescheduling = partialmethod(_async_step_screen, RESCHEDULING)
    async_step_intervals = partialmethod(_async_step_screen, INTERVALS)
    async_step_s2_pairing = partialmethod(_async_step_screen, PAIRING)
    async_step_s2_sensors = partialmethod(_async_step_screen, S2_SENSORS)

    async def async_step_ready_by(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask by when the device has to be ready: what repeats is no setting, a calendar is."""
        assert self._present is not None
        wording = await Wording.async_load(self.hass)
        loaded = async_loaded_device(self._get_entry(), self._present)
        wishes = ReadyByForm(loaded, wording) if loaded else None
        form = self._form
        fields = wishes.fields() if wishes else {}
        if user_input is not None:
            settings = {key: user_input[key] for key in user_input if key not in fields}
            async with self._reported():
                self._errors = await form.async_read_screen(READY_BY, settings)
                self._placeholders = {**form.placeholders}
            if wishes:
                wishes.read(user_input)
                self._errors |= wishes.errors
                self._placeholders |= wishes.placeholders
            if not self._errors:
                if wishes:
                    await wishes.async_apply()
                return self._finish()
        values = form.settings_values()
        schema = form.screen_schema(READY_BY, values)
        if user_input is None:
            user_input = {**values, **(wishes.values() if wishes else {})}
        return self._show(READY_BY, vol.Schema({**fields, **schema.schema}), user_input)

    async def _async_pair_or_finish(self) -> SubentryFlowResult:
        """Keep what the form made, after a new token was shown."""
        if self._form.new_pairing:
            return await self.async_step_pairing()
        return self._finish()

    @abstractmethod
    async def async_step_follower(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what follows the device."""

    @abstractmethod
    async def async_step_present_follower(self) -> SubentryFlowResult:
        """Ask for what follows the device by now."""

    @abstractmethod
    async def async_step_pairing(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show once with what a device connects."""

    def _show_power_sensor(
        self, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        return self._show(
            OTHER_SENSOR,
            self._form.device_schema(),
            user_input or self._form.device_values(),
        )

    def _keep_unchanged(self) -> SubentryFlowResult:
        present = self._present
        assert present is not None
        return self.async_update_and_abort(self._get_entry(), present)

    def _finish(self) -> SubentryFlowResult:
        """Keep what the form made."""
        form, present = self._form, self._present
        unique_id = str(form.sensor.id)
        title = form.title([other.title for other in self._others()])
        if present and unique_id == present.unique_id:
            # The user's own, maybe; with another sensor it is another device's.
            title = present.title
        if form.has_level_feed_changed:
            async_keep_level_feed(
                self.hass, self._get_entry(), form.level_feeds, form.level_feed
            )
        return self._keep(title, form.data, unique_id)
