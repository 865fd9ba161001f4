"""The steps that ask what follows a device."""

from collections.abc import Mapping
from functools import partialmethod
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult

from ...const import CONF_FOLLOWER, SUBENTRY_DEVICE
from ...device.entity_references import named_entities
from ...follower.installed import Installed, async_installed
from ...follower.targets import Kind
from ..subentry import AccountPartFlow
from .follower_form import FollowerForm

_STEP: Final = "follower_"
_FOUND: Final = "follower_found_"
_NOBODY: Final = "follower_nobody"
# So many have a step of their own.
_MOST_FOUND: Final = 6


class FollowerSteps(AccountPartFlow):
    """Asks what follows a device that is there."""

    _found: list[Installed]
    """What is offered by its name."""

    async def async_step_follower(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the kind of what follows it."""
        assert self._present is not None
        found = await async_installed(self.hass, self._taken())
        self._found = found[:_MOST_FOUND]
        choices = [
            *[f"{_FOUND}{number}" for number, _ in enumerate(self._found, 1)],
            *[f"{_STEP}{kind.value}" for kind in Kind],
        ]
        if CONF_FOLLOWER in self._present.data:
            choices.append(_NOBODY)
        return self.async_show_menu(
            step_id="follower",
            menu_options=choices,
            description_placeholders={
                "device": self._present.title,
                **self._found_placeholders(),
            },
        )

    async def _async_step_found(
        self, number: int, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what is left to ask of a device that has a profile."""
        found = self._found[number - 1]
        return await self._async_step_kind(
            found.profile.kind, proposed=found.async_settings(self.hass)
        )

    async def async_step_present_follower(self) -> SubentryFlowResult:
        """Ask for what follows it by now, and say what is wrong with that."""
        assert self._present is not None
        if (follower := self._present.data.get(CONF_FOLLOWER)) is None:
            return await self.async_step_follower()
        return await self._async_step_kind(Kind(follower["kind"]))

    async def _async_step_kind(
        self,
        kind: Kind,
        user_input: dict[str, Any] | None = None,
        *,
        proposed: Mapping[str, Any] | None = None,
    ) -> SubentryFlowResult:
        """Ask what a kind of target needs to know."""
        present = self._present
        assert present is not None
        form = FollowerForm(
            self.hass, kind, present.data.get(CONF_FOLLOWER, {}), self._taken()
        )
        values = form.values(proposed) if user_input is None else user_input
        if user_input is None and proposed is None and form.is_present:
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
    async_step_follower_mode_power = partialmethod(_async_step_kind, Kind.MODE_POWER)
    async_step_follower_sg_ready = partialmethod(_async_step_kind, Kind.SG_READY)
    async_step_follower_temperature = partialmethod(_async_step_kind, Kind.TEMPERATURE)
    async_step_follower_script = partialmethod(_async_step_kind, Kind.SCRIPT)
    async_step_follower_actions = partialmethod(_async_step_kind, Kind.ACTIONS)
    async_step_follower_found_1 = partialmethod(_async_step_found, 1)
    async_step_follower_found_2 = partialmethod(_async_step_found, 2)
    async_step_follower_found_3 = partialmethod(_async_step_found, 3)
    async_step_follower_found_4 = partialmethod(_async_step_found, 4)
    async_step_follower_found_5 = partialmethod(_async_step_found, 5)
    async_step_follower_found_6 = partialmethod(_async_step_found, 6)

    async def async_step_follower_nobody(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Let nothing follow it."""
        present = self._present
        assert present is not None
        data = {key: present.data[key] for key in present.data if key != CONF_FOLLOWER}
        return self._keep(present.title, data, present.unique_id or "")

    def _taken(self) -> set[str]:
        """Return the entities that other devices are followed by."""
        return {
            entity_id
            for other in self._others()
            if other.subentry_type == SUBENTRY_DEVICE
            for entity_id, setting in named_entities(other.data).items()
            if setting == CONF_FOLLOWER
        }

    def _found_placeholders(self) -> dict[str, str]:
        placeholders = {}
        for number, found in enumerate(self._found, 1):
            names = ", ".join(found.async_entity_names(self.hass))
            placeholders[f"found_{number}"] = found.name
            placeholders[f"found_{number}_entities"] = names
        return placeholders
