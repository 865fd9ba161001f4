"""The flow that imports an account of ``configuration.yaml``."""

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_USERNAME

from ..account import AccountFlow
from .devices import (
    ImportedDevice,
    async_keep_devices,
    async_read_devices,
    new_subentries,
)
from .settings import YamlAccount


class ImportFlow(AccountFlow):
    """The step for it, beside those for users."""

    async def async_step_import(self, account: YamlAccount) -> ConfigFlowResult:
        """Import an account; end with why it failed."""
        self._is_waited_for = False
        devices: list[ImportedDevice] = []
        if await self._async_log_in(account.login):
            async with self._reported(goes_on=True):
                devices = await async_read_devices(
                    self.hass, self._api, account, self._configured_entry()
                )
        if self._errors:
            return self.async_abort(
                reason=next(iter(self._errors.values())),
                description_placeholders=self._placeholders,
            )
        entry = self._configured_entry()
        if entry is None and devices:
            return self.async_create_entry(
                title=self._account[CONF_USERNAME],
                data=self._account,
                subentries=new_subentries(devices),
            )
        result = self.async_abort(reason="already_configured")
        if entry is not None:
            if self._account != entry.data:
                result = self._update_and_abort(entry)
            async_keep_devices(self.hass, entry, devices)
        return result
