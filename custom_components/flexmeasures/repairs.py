"""How repair issues are fixed."""

from abc import abstractmethod
import asyncio
from typing import override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    FlowType,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations

from .account import FlexMeasuresConfigEntry, async_compute
from .action_errors import translated_errors
from .cem.resource import ManagedResource
from .const import DOMAIN
from .flows.yaml_import.issues import REMOVED, async_forget_yaml
from .issues.registry import (
    ATTR_SETTING,
    CONTESTED,
    FEED_LOST,
    OTHER_DEVICE,
    SCHEDULING_FAILED,
)
from .scheduling.request import ScheduleRequest


class DeviceRepairFlow(ConfirmRepairFlow):
    """Fixes an issue of one device."""

    def __init__(self, entry_id: str, subentry_id: str, setting: str | None) -> None:
        """Keep which device it is, and which of its settings is wrong, if that is known."""
        self._entry_id = entry_id
        self._subentry_id = subentry_id
        self._setting = setting

    def _is_loaded(self, entry: FlexMeasuresConfigEntry) -> bool:
        """Return whether the account is loaded, and the device is neither gone nor disabled."""
        return (
            entry.state is ConfigEntryState.LOADED
            and self._subentry_id in entry.runtime_data.coordinators
        )


class YamlRemovedFlow(DeviceRepairFlow):
    """Lets a device that has left ``configuration.yaml`` be one of the UI only."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        if user_input is not None:
            async_forget_yaml(self.hass, self._entry_id, self._subentry_id)
        return await super().async_step_confirm(user_input)


class FeedLostFlow(DeviceRepairFlow):
    """Lets the user take note of what a feed could not send."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        if user_input is not None:
            entry: FlexMeasuresConfigEntry = (
                self.hass.config_entries.async_get_known_entry(self._entry_id)
            )
            if entry.state is ConfigEntryState.LOADED and (
                feed := entry.runtime_data.feeds.get(self._subentry_id)
            ):
                feed.async_forget_lost()
        return await super().async_step_confirm(user_input)


class DeviceSettingsFlow(DeviceRepairFlow):
    """Says what is wrong, and goes on in the settings of the device, feed or meter."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        if user_input is not None:
            return await self.async_step_settings()
        return await super().async_step_confirm()

    async def async_step_settings(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Open the settings, where the wrong one is; it is solved only once that is changed."""
        entry = self.hass.config_entries.async_get_known_entry(self._entry_id)
        subentry_type = entry.subentries[self._subentry_id].subentry_type
        result = await self.hass.config_entries.subentries.async_init(
            (self._entry_id, subentry_type),
            context=SubentryFlowContext(
                source=SOURCE_RECONFIGURE, subentry_id=self._subentry_id
            ),
            data=None if self._setting is None else {ATTR_SETTING: self._setting},
        )
        if result["type"] is FlowResultType.ABORT:
            path = f"component.{DOMAIN}.config_subentries.{subentry_type}.abort"
            texts = async_get_cached_translations(
                self.hass, self.hass.config.language, "config_subentries", DOMAIN
            )
            reason = texts[f"{path}.{result['reason']}"].format(
                **(result["description_placeholders"] or {})
            )
            return self.async_abort(
                reason="settings_not_opened",
                description_placeholders={"reason": reason},
            )
        return self.async_abort(
            reason="settings_opened",
            next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, result["flow_id"]),
        )


class SchedulingFailedFlow(DeviceSettingsFlow):
    """Has a schedule computed, or opens the device's settings."""

    _attempt: asyncio.Task[None] | None = None
    _reason = ""

    @override
    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        return self.async_show_menu(menu_options=["try_again", "settings"])

    async def async_step_try_again(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Have a schedule computed, which may take the server some time."""
        if self._attempt is None:
            entry: FlexMeasuresConfigEntry = (
                self.hass.config_entries.async_get_known_entry(self._entry_id)
            )
            if not self._is_loaded(entry):
                return self.async_abort(reason="not_loaded")
            self._attempt = self.hass.async_create_task(
                self._async_compute(entry), f"{DOMAIN} repair {self._subentry_id}"
            )
        if not self._attempt.done():
            return self.async_show_progress(
                progress_action="computing", progress_task=self._attempt
            )
        attempt, self._attempt = self._attempt, None
        try:
            attempt.result()
        except HomeAssistantError as err:
            self._reason = str(err)
            return self.async_show_progress_done(next_step_id="failed_again")
        return self.async_show_progress_done(next_step_id="computed")

    async def async_step_failed_again(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say why, and begin again."""
        return self.async_show_menu(
            menu_options=["try_again", "settings"],
            description_placeholders={"reason": self._reason},
        )

    async def async_step_computed(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """End the flow."""
        return self.async_create_entry(data={})

    async def _async_compute(self, entry: FlexMeasuresConfigEntry) -> None:
        async with translated_errors(self.hass, entry):
            await async_compute(entry, self._subentry_id, ScheduleRequest())


class ResourceFlow(DeviceRepairFlow):
    """Does something about the S2 resource manager of a device."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        if user_input is not None:
            entry: FlexMeasuresConfigEntry = (
                self.hass.config_entries.async_get_known_entry(self._entry_id)
            )
            if not self._is_loaded(entry):
                return self.async_abort(reason="not_loaded")
            await self._async_solve(entry.runtime_data.resources[self._subentry_id])
        return await super().async_step_confirm(user_input)

    @abstractmethod
    async def _async_solve(self, resource: ManagedResource) -> None:
        """Do what the user has agreed to."""


class OtherDeviceFlow(ResourceFlow):
    """Lets another device take the place of the one that had the token first."""

    @override
    async def _async_solve(self, resource: ManagedResource) -> None:
        # The right one may be back by now.
        if resource.link.foreign_resource_id is not None:
            await resource.async_accept_device(resource.link.foreign_resource_id)


class ContestedFlow(ResourceFlow):
    """Hears that only one device has the token now."""

    @override
    async def _async_solve(self, resource: ManagedResource) -> None:
        resource.async_forget_contest()


_FLOWS: dict[str, type[DeviceRepairFlow]] = {
    REMOVED: YamlRemovedFlow,
    SCHEDULING_FAILED: SchedulingFailedFlow,
    OTHER_DEVICE: OtherDeviceFlow,
    CONTESTED: ContestedFlow,
    FEED_LOST: FeedLostFlow,
}
"""By how the ids of the issues begin that they fix."""


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Find the flow that fixes an issue; all of them are about a device."""
    assert data
    kind = next(
        (flow for prefix, flow in _FLOWS.items() if issue_id.startswith(prefix)),
        DeviceSettingsFlow,
    )
    setting = data.get(ATTR_SETTING)
    return kind(
        str(data["entry_id"]),
        str(data["subentry_id"]),
        None if setting is None else str(setting),
    )
