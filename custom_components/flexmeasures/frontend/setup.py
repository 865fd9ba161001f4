"""Gives the frontend the card: its files, and what it asks."""

from pathlib import Path
from typing import Final

from homeassistant.components.frontend import (
    DATA_EXTRA_MODULE_URL,
    add_extra_js_url,
    remove_extra_js_url,
)
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.loader import async_get_integration

from ..const import DOMAIN
from .commands import async_register_commands

_FILES: Final = Path(__file__).parent / "www"
_ENTRY: Final = "flexmeasures.js"


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the card's files, have pages load it, and answer what it asks.

    The version is part of their path: those that import each other are always of one.
    """
    async_register_commands(hass)
    integration = await async_get_integration(hass, DOMAIN)
    folder = f"/{DOMAIN}/frontend/{integration.version}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(folder, str(_FILES), cache_headers=True)]
    )
    # Home Assistant can do without a frontend.
    if DATA_EXTRA_MODULE_URL in hass.data:
        _async_offer_card(hass, f"{folder}/{_ENTRY}")


@callback
def _async_offer_card(hass: HomeAssistant, url: str) -> None:
    """Have pages load the card while there is an account that is not disabled.

    Also one that cannot be set up: a card that is unknown would not say what is wrong.
    """

    @callback
    def offer() -> None:
        is_wanted = hass.config_entries.async_has_entries(
            DOMAIN, include_disabled=False
        )
        if is_wanted is not (url in hass.data[DATA_EXTRA_MODULE_URL].urls):
            (add_extra_js_url if is_wanted else remove_extra_js_url)(hass, url)

    @callback
    def handle_change(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            offer()

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, handle_change)
    offer()
