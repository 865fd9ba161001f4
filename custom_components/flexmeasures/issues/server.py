"""What the user can do something about with the server of an account."""

import logging
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import issue_registry as ir

from ..account import FlexMeasuresConfigEntry
from ..api.errors import FlexMeasuresError, ServerTooOldError
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from .registry import DOCUMENTATION, SERVER_TOO_OLD

_LOGGER: Final = logging.getLogger(__name__)


class ServerVersion:
    """Finds out whether the server is new enough, as soon as it answers."""

    def __init__(self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
        """Ask now, and again with each reading until it is known."""
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._too_old: ServerTooOldError | None = None
        self._is_asking = False
        self._async_ask()
        self._account.coordinators.async_for_each(self._follow)

    @callback
    def async_raise_if_too_old(self) -> None:
        """Raise ConfigEntryNotReady if the server has said so by now."""
        if err := self._too_old:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key=err.translation_key,
                translation_placeholders=err.placeholders,
            )

    @callback
    def _follow(self, coordinator: ScheduleCoordinator) -> None:
        coordinator.readings.async_add(lambda _is_of_job: self._async_ask())

    def _async_ask(self) -> None:
        if self._account.server_version is None and not self._is_asking:
            self._is_asking = True
            self._entry.async_create_background_task(
                self._hass, self._ask(), "FlexMeasures server version"
            )

    async def _ask(self) -> None:
        """Ask for the version; report it if it is too old."""
        issue_id = f"{SERVER_TOO_OLD}{self._entry.entry_id}"
        try:
            self._account.server_version = await self._account.api.get_version()
        except ServerTooOldError as err:
            self._too_old, self._account.server_version = err, err.version
            self._report(issue_id, err)
            if self._entry.state is ConfigEntryState.LOADED:
                # Which ends as this set-up would have, had the server answered.
                self._hass.config_entries.async_schedule_reload(self._entry.entry_id)
        except FlexMeasuresError as err:
            # The devices' plans tell whether that matters.
            _LOGGER.debug("The server's version is not known: %s", err)
        else:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        finally:
            self._is_asking = False

    def _report(self, issue_id: str, err: ServerTooOldError) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self._entry.entry_id},
            is_fixable=False,
            learn_more_url=f"{DOCUMENTATION}#the-server-is-too-old",
            severity=ir.IssueSeverity.ERROR,
            translation_key="server_too_old",
            translation_placeholders={
                "host": self._entry.data[CONF_HOST],
                **err.placeholders,
            },
        )
