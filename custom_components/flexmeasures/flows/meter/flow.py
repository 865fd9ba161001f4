"""The flow that adds a meter to an account, or changes one."""

from typing import Any

from homeassistant.config_entries import (
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)

from ...api.client import FlexMeasuresApi
from ...api.models import Catalogue
from ...const import CONF_COMMODITY
from ...meters.settings import Commodity
from ..reporting import ReportingFlow
from .form import MeterForm
from .schema import COMMODITY_SCHEMA


class MeterSubentryFlow(
    ReportingFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]],
    ConfigSubentryFlow,
):
    """Add a meter to an account, or change one."""

    def __init__(self) -> None:
        """Start to add a meter."""
        super().__init__()
        self._present: ConfigSubentry | None = None
        self._api: FlexMeasuresApi
        self._catalogue: Catalogue
        self._form: MeterForm

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
            others = [
                subentry
                for subentry in self._get_entry().subentries.values()
                if self._present is None
                or subentry.subentry_id != self._present.subentry_id
            ]
            async with self._reported():
                self._errors = await self._form.async_read(user_input, others)
                self._placeholders = self._form.placeholders
            if not self._errors:
                return self._finish()
        return self._show(
            self._form.commodity,
            self._form.schema(),
            user_input or self._form.values(),
        )

    # The same, with the fields and the texts of gas.
    async_step_gas = async_step_electricity

    async def _async_connect(self) -> bool:
        """Ask the server what there is to choose from; return whether it answered."""
        # Not the loaded account's, which may start over meanwhile.
        self._api = FlexMeasuresApi.from_login(self.hass, self._get_entry().data)
        async with self._reported():
            self._catalogue = await self._api.get_catalogue()
        return not self._errors

    async def _async_ask(self, commodity: Commodity) -> SubentryFlowResult:
        self._form = MeterForm(
            self.hass, self._api, self._catalogue, commodity, self._present
        )
        return await self.async_step_electricity()

    def _finish(self) -> SubentryFlowResult:
        """Keep what the form made."""
        form = self._form
        if self._present is None:
            return self.async_create_entry(
                title=form.title, data=form.data, unique_id=form.unique_id
            )
        return self.async_update_and_abort(
            self._get_entry(),
            self._present,
            data=form.data,
            unique_id=form.unique_id,
            title=form.title,
        )
