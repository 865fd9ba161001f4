"""What the flows share that add a part to an account, or change it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.core import callback

from ..api.client import FlexMeasuresApi
from ..api.models import Catalogue
from .reporting import ReportingFlow


class AccountPartFlow(
    ReportingFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]],
    ConfigSubentryFlow,
):
    """Adds a part to an account, or changes one."""

    _api: FlexMeasuresApi
    _catalogue: Catalogue

    def __init__(self) -> None:
        """Start to add one."""
        super().__init__()
        self._present: ConfigSubentry | None = None
        """The one that is changed."""

    async def _async_connect(self) -> bool:
        """Ask the server what there is to choose from; return whether it answered."""
        # Not the loaded account's, which may start over meanwhile.
        self._api = FlexMeasuresApi.from_login(self.hass, self._get_entry().data)
        async with self._reported():
            self._catalogue = await self._api.get_catalogue()
        return not self._errors

    @callback
    def _others(self) -> list[ConfigSubentry]:
        """Return all parts of the account but the one that is changed."""
        return [
            subentry
            for subentry in self._get_entry().subentries.values()
            if self._present is None
            or subentry.subentry_id != self._present.subentry_id
        ]

    @callback
    def _keep(
        self, title: str, data: Mapping[str, Any], unique_id: str
    ) -> SubentryFlowResult:
        """End the flow with what its form made."""
        if self._present is None:
            return self.async_create_entry(title=title, data=data, unique_id=unique_id)
        return self.async_update_and_abort(
            self._get_entry(),
            self._present,
            data=data,
            unique_id=unique_id,
            title=title,
        )
