"""Gives the frontend the card: its files, and what it asks."""

from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, add_extra_js_url
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.loader import async_get_integration

from ..const import DOMAIN
from .commands import async_register_commands

_FILES: Final = Path(__file__).parent / "www"
# What is below /api/, the frontend's service worker keeps no copies of.
_FOLDER: Final = f"/api/{DOMAIN}/frontend"
_NOT_KEPT: Final = {hdrs.CACHE_CONTROL: "no-store"}


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the card's files, have pages load it, and answer what it asks.

    The version is part of their path: those that import each other are always of one.
    Pages load it also without an account: a saved dashboard then says what is missing.
    """
    async_register_commands(hass)
    integration = await async_get_integration(hass, DOMAIN)
    folder = f"{_FOLDER}/{integration.version}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(folder, str(_FILES), cache_headers=True)]
    )
    hass.http.register_view(EntryView(folder))
    hass.http.register_view(OtherVersionView(folder))
    # Home Assistant can do without a frontend.
    if DATA_EXTRA_MODULE_URL in hass.data:
        add_extra_js_url(hass, EntryView.url)


class _View(HomeAssistantView):
    """Leads to the files of the version that is installed, and is never kept by browsers."""

    requires_auth = False

    def __init__(self, folder: str) -> None:
        """Lead to a folder."""
        self._folder = folder


class EntryView(_View):
    """What pages load first.

    It names no version, as browsers may show a copy of the page from before an update.
    """

    url = f"{_FOLDER}.js"
    name = f"api:{DOMAIN}:frontend"

    async def get(self, request: web.Request) -> web.Response:
        """Return a module that imports the card's own."""
        return web.Response(
            text=f'import "{self._folder}/flexmeasures.js";',
            content_type="text/javascript",
            headers=_NOT_KEPT,
        )


class OtherVersionView(_View):
    """What pages from before an update have not loaded yet."""

    url = f"{_FOLDER}/{{version}}/{{file:.+}}"
    name = f"api:{DOMAIN}:frontend:file"

    async def get(self, request: web.Request, version: str, file: str) -> web.Response:
        """Lead to the file that there is now."""
        raise web.HTTPFound(f"{self._folder}/{file}", headers=_NOT_KEPT)
