"""The flow that adds a meter to an account, or changes one."""

from typing import Any

from homeassistant.config_entries import SubentryFlowResult

from ...const import CONF_COMMODITY
from ...meters.settings import Commodity
from ..subentry import AccountPartFlow
from .form import MeterForm
from .schema import COMMODITY_SCHEMA


class MeterSubentryFlow(AccountPartFlow):
    """Add a meter to an account, or change one."""

    _form: MeterForm

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what is metered."""
        if user_input is not None:
            return await self._async_ask(Commodity(user_input[CONF_COMMODITY]))
        if not await self._async_connect():
            return self._abort()
        return self._show("user", COMMODITY_SCHEMA, None)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to change a meter; what it meters stays."""
        self._present = self._get_reconfigure_subentry()
        if not await self._async_connect():
            return self._abort()
        return await self._async_ask(Commodity(self._present.data[CONF_COMMODITY]))

    async def async_step_electricity(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for everything else."""
        if user_input is not None:
            async with self._reported():
                self._errors = await self._form.async_read(user_input, self._others())
                self._placeholders = self._form.placeholders
            if not self._errors:
                form = self._form
                return self._keep(form.title, form.data, form.unique_id)
        return self._show(
            self._form.commodity,
            self._form.schema(),
            user_input or self._form.values(),
        )

    # The same, with the fields and the texts of gas.
    async_step_gas = async_step_electricity

    async def _async_ask(self, commodity: Commodity) -> SubentryFlowResult:
        self._form = MeterForm(
            self.hass, self._api, self._catalogue, commodity, self._present
        )
        return await self.async_step_electricity()
