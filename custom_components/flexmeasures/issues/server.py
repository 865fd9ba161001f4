"""What the user can do something about with the server of an account."""

import logging
from typing import Final

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import issue_registry as ir

from ..account import FlexMeasuresConfigEntry
from ..api.errors import FlexMeasuresError, ServerTooOldError
from ..const import DOMAIN
from .registry import DOCUMENTATION, SERVER_TOO_OLD

_LOGGER: Final = logging.getLogger(__name__)


async def async_check_version(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> None:
    """Ask for the server's version; report it and raise ConfigEntryNotReady if it is too old."""
    account = entry.runtime_data
    issue_id = f"{SERVER_TOO_OLD}{entry.entry_id}"
    try:
        account.server_version = await account.api.get_version()
    except ServerTooOldError as err:
        account.server_version = err.version
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id},
            is_fixable=False,
            learn_more_url=f"{DOCUMENTATION}#the-server-is-too-old",
            severity=ir.IssueSeverity.ERROR,
            translation_key="server_too_old",
            translation_placeholders={
                "host": entry.data[CONF_HOST],
                **err.placeholders,
            },
        )
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=err.placeholders,
        ) from err
    except FlexMeasuresError as err:
        # The devices' plans tell whether that matters.
        _LOGGER.debug("The server's version is not known: %s", err)
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
