"""The steps that ask what follows a device."""

from functools import partialmethod
from typing import Any

from homeassistant.config_entries import SubentryFlowResult

from ...const import CONF_FOLLOWER, SUBENTRY_DEVICE
from ...follower.targets import Kind
from ..subentry import AccountPartFlow
from .follower_form import FollowerForm

_STEP = "follower_"
_NOBODY = "follower_nobody"


class FollowerSteps(AccountPartFlow):
    """Asks what follows a device that is there."""

    async def async_step_follower(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the kind of what follows it."""
        assert self._present is not None
        kinds = [f"{_STEP}{kind.value}" for kind in Kind]
        if CONF_FOLLOWER in self._present.data:
            kinds.append(_NOBODY)
        return self.async_show_menu(
            step_id="follower",
            menu_options=kinds,
            description_placeholders={"device": self._present.title},
        )

    async def async_step_present_follower(self) -> SubentryFlowResult:
        """Ask for what follows it by now, and say what is wrong with that."""
        assert self._present is not None
        if (follower := self._present.data.get(CONF_FOLLOWER)) is None:
            return await self.async_step_follower()
        return await self._async_step_kind(Kind(follower["kind"]))

    async def _async_step_kind(
        self, kind: Kind, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what a kind of target needs to know."""
        present = self._present
        assert present is not None
        form = FollowerForm(
            self.hass,
            kind,
            present.data.get(CONF_FOLLOWER, {}),
            [
                other.data
                for other in self._others()
                if other.subentry_type == SUBENTRY_DEVICE
            ],
        )
        values = form.values() if user_input is None else user_input
        if user_input is None and form.is_present:
            form.read(values)
        if user_input is not None and form.read(user_input):
            return self._keep(
                present.title,
                {**present.data, CONF_FOLLOWER: form.data},
                present.unique_id or "",
            )
        self._errors, self._placeholders = form.errors, form.placeholders
        return self._show(f"{_STEP}{kind.value}", form.schema(values), values)

    async_step_follower_power = partialmethod(_async_step_kind, Kind.POWER)
    async_step_follower_two_powers = partialmethod(_async_step_kind, Kind.TWO_POWERS)
    async_step_follower_current = partialmethod(_async_step_kind, Kind.CURRENT)
    async_step_follower_switch = partialmethod(_async_step_kind, Kind.SWITCH)
    async_step_follower_mode = partialmethod(_async_step_kind, Kind.MODE)
    async_step_follower_sg_ready = partialmethod(_async_step_kind, Kind.SG_READY)
    async_step_follower_temperature = partialmethod(_async_step_kind, Kind.TEMPERATURE)
    async_step_follower_script = partialmethod(_async_step_kind, Kind.SCRIPT)

    async def async_step_follower_nobody(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Let nothing follow it."""
        present = self._present
        assert present is not None
        data = {key: present.data[key] for key in present.data if key != CONF_FOLLOWER}
        return self._keep(present.title, data, present.unique_id or "")
